//! What goes wrong between us and a real database, and is every fen in its place afterwards?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hongbao_engine::command::Command;
use hongbao_engine::outcome::{ClaimRejection, Claimed, Outcome, SendOutcome};
use hongbao_engine::packet::Decline;
use hongbao_engine::rows::{Changes, KeySet};
use hongbao_store::clock::ManualClock;
use hongbao_store::{CallError, ClaimRange, CommitError, LaneBounds, Store, Writer};
use hongbao_store_postgres::{OpenOptions, rig};
use hongbao_types::{PacketId, Timestamp};
use tokio::task::JoinSet;

use crate::node::{EACH, Node, bill, database_name, merchant_id, send};
use crate::proxy::{Cut, Proxy};

/// What was answered to whoever sent.
#[derive(Default)]
struct Ledger {
    sent: BTreeMap<u32, PacketId>,
    refused: Vec<u32>,
}

impl Ledger {
    fn take(&mut self, number: u32, answer: Result<hongbao_engine::outcome::Accepted, CallError>) {
        match answer {
            Ok(accepted) => assert_eq!(self.sent.insert(number, accepted.packet), None),
            Err(CallError::Unavailable) => self.refused.push(number),
            Err(other) => panic!("{number}: {other}"),
        }
    }

    /// What was said is true: sent is there, under the id that was given; refused is not.
    async fn assert_true(&self, node: &Node) {
        for (number, id) in &self.sent {
            let found = node.store.packet_by_bill(&bill(*number)).await.unwrap();
            assert_eq!(found.map(|view| view.packet.id).as_ref(), Some(id), "{number}");
        }
        for number in &self.refused {
            assert_eq!(
                node.store.packet_by_bill(&bill(*number)).await.unwrap(),
                None,
                "{number} was refused for certain"
            );
        }
        node.assert_books(self.sent.len()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_connection_is_cut_is_settled_and_nothing_is_sent_twice() {
    let (url, port) = (rig::shared().database(), rig::shared().port());
    let direct = Node::start(&url).await;
    direct.fund().await;
    let proxy = Proxy::start(port).await;
    let node = Node::start(&proxy.url(&url, port)).await;
    proxy.plan([Cut::BeforeCommit]);
    assert!(!node.send(send(1, 1)).await.unwrap().is_replay, "it had not been written");
    proxy.plan([Cut::AfterCommit]);
    assert!(!node.send(send(1, 2)).await.unwrap().is_replay, "it had been written, and whose it was is told so");
    assert!(proxy.to_come() == 0);

    let mut ledger = Ledger::default();
    let numbers = 3..203;
    proxy.plan([Cut::AfterCommit, Cut::BeforeCommit, Cut::BeforeCommit, Cut::AfterCommit, Cut::AfterCommit]);
    let mut calls = JoinSet::new();
    for number in numbers.clone() {
        let node = node.clone();
        calls.spawn(async move { (number, node.send(send(1, number)).await) });
    }
    while let Some(answer) = calls.join_next().await {
        let (number, answer) = answer.unwrap();
        ledger.take(number, answer);
    }
    assert_eq!(proxy.to_come(), 0);
    assert_eq!(ledger.refused.len(), 0, "what is in doubt is never given up");
    for number in [1, 2] {
        ledger.take(number, direct.send(send(2, number)).await);
    }
    ledger.assert_true(&direct).await;
}

/// A primary that was replaced behaves so: it still takes everything, and answers no commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_falls_silent_is_left_for_the_next_one() {
    let (url, port) = (rig::shared().database(), rig::shared().port());
    let direct = Node::start(&url).await;
    direct.fund().await;
    let proxy = Proxy::start(port).await;
    let hosts = format!("{},127.0.0.1:{port}", proxy.host());
    let url = format!("{}&target_session_attrs=read-write", url.replace(&format!("127.0.0.1:{port}"), &hosts));
    let options = OpenOptions { patience: Duration::from_millis(500), ..OpenOptions::default() };
    let node = Node::start_with(&url, options).await;
    node.store.now().await.unwrap();
    assert_eq!(proxy.open(), 1, "it reads this way");
    proxy.plan([Cut::Silence]);
    assert!(!node.send(send(1, 1)).await.unwrap().is_replay, "it had been written, and whose it was is told so");
    node.store.now().await.unwrap();
    let closed = async {
        while proxy.open() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), closed).await.expect("nothing is read there any more");
    proxy.plan([Cut::Silence]);
    assert!(!node.send(send(1, 2)).await.unwrap().is_replay);
    assert_eq!(proxy.to_come(), 1, "nothing goes that way any more");
    direct.assert_books(2).await;
}

/// What such a host says is not the truth any more, and so it does not call itself ready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_where_nothing_can_be_committed_does_not_say_what_time_it_is() {
    let (url, port) = (rig::shared().database(), rig::shared().port());
    let proxy = Proxy::start(port).await;
    let options = OpenOptions { patience: Duration::from_millis(500), ..OpenOptions::default() };
    let node = Node::start_with(&proxy.url(&url, port), options).await;
    node.store.real_now().await.unwrap();
    proxy.plan([Cut::Silence]);
    assert!(node.store.real_now().await.is_err());
    node.store.real_now().await.unwrap();
}

/// A primary that was replaced and does not know it has no standby any more. What it does not know of may be on the one
/// that came after it, and so it must not be the one to say that it is not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_waits_for_the_standby_as_any_other_answer_does() {
    let cluster = rig::Cluster::start();
    let url = cluster.database();
    let node = Node::start(&url).await;
    let packet: PacketId = "1000000000000000000000000001".parse().unwrap();
    let refused = |outcome: Outcome| assert!(matches!(outcome, Outcome::Claim(Err(ClaimRejection::NoSuchPacket))));
    refused(node.claim(&packet, 1).await);
    let standby = |name: &str| {
        cluster.sql("postgres", &format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'"));
        cluster.sql("postgres", "SELECT pg_reload_conf()");
    };
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    standby("nobody");
    // Until the last of them finds that there is none.
    let claiming = tokio::spawn({
        let (node, packet) = (node.clone(), packet.clone());
        async move {
            loop {
                node.claim(&packet, 1).await;
            }
        }
    });
    until(|| cluster.sql("postgres", waiting) == "1\n").await;
    claiming.abort();
    standby("");
    refused(node.claim(&packet, 1).await);
}

/// As PostgreSQL's relatives say it, and PostgreSQL itself at a stricter level: here the tables are made to say it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_can_t_be_serialised_is_tried_again() {
    let url = rig::shared().database();
    let node = Node::start(&url).await;
    node.fund().await;
    let sql = |sql: &str| rig::shared().sql(database_name(&url), sql);
    sql("CREATE SEQUENCE times");
    sql("CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN
             IF nextval('times') <= 3 THEN RAISE EXCEPTION 'restart' USING ERRCODE = '40001'; END IF;
             RETURN NEW;
         END $$ LANGUAGE plpgsql");
    sql("CREATE TRIGGER refuse BEFORE INSERT ON packet FOR EACH ROW EXECUTE FUNCTION refuse()");
    assert!(!node.send(send(1, 1)).await.unwrap().is_replay);
    assert_eq!(sql("SELECT last_value FROM times"), "4\n", "three tries, and one that went well");
    node.assert_books(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_wait_for_each_other_the_batch_gives_way_and_is_loaded_again() {
    let url = rig::shared().database();
    let node = Node::start(&url).await;
    node.fund().await;
    let other = connect(&url).await;
    // Only the lane looks whether there is a circle.
    let begin = "SET deadlock_timeout = '10min'; BEGIN; SELECT * FROM account WHERE kind = 'merchant_funds' FOR UPDATE";
    other.batch_execute(begin).await.unwrap();
    let sending = tokio::spawn({
        let node = node.clone();
        async move { node.send(send(1, 1)).await }
    });
    // It has the merchant's row, and waits for the funds.
    wait_until(&url, "wait_event_type = 'Lock'").await;
    other.batch_execute("UPDATE merchant SET name = 'deadlock'").await.unwrap();
    let deadlocks = format!("SELECT deadlocks FROM pg_stat_database WHERE datname = '{}'", database_name(&url));
    other.batch_execute("COMMIT").await.unwrap();
    assert!(!sending.await.unwrap().unwrap().is_replay);
    until(|| rig::shared().sql("postgres", &deadlocks) == "1\n").await;
    let name = node.store.merchant(&merchant_id()).await.unwrap().unwrap().name;
    assert_eq!(name, "deadlock", "the other one was not the one to give way");
    node.assert_books(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_ended_in_the_middle_of_a_batch_has_written_nothing() {
    let url = rig::shared().database();
    let node = Node::start(&url).await;
    let mut writer = node.store.writer().unwrap();
    writer.load(&KeySet::default()).await.unwrap();
    let others = "datname = current_database() AND pid <> pg_backend_pid()";
    let end = format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {others}");
    rig::shared().sql(database_name(&url), &end);
    let changes = Changes { codes_over_before: Some(hongbao_types::Timestamp::default()), ..Changes::default() };
    assert!(matches!(writer.commit(&changes).await, Err(CommitError::NotWritten(_))));
    writer.load(&KeySet::default()).await.unwrap();
    writer.commit(&changes).await.unwrap();

    node.fund().await;
    let mut ledger = Ledger::default();
    let mut number = 0;
    for _ in 0..20 {
        let mut calls = JoinSet::new();
        for _ in 0..50 {
            number += 1;
            let (node, number) = (node.clone(), number);
            calls.spawn(async move { (number, node.send(send(1, number)).await) });
        }
        rig::shared().sql(database_name(&url), &end);
        while let Some(answer) = calls.join_next().await {
            let (number, answer) = answer.unwrap();
            ledger.take(number, answer);
        }
    }
    ledger.assert_true(&node).await;
    assert!(!ledger.sent.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_database_is_stopped_at_once_under_load() {
    let cluster = rig::Cluster::start();
    let url = cluster.database();
    let nodes = [Node::start(&url).await, Node::start(&url).await];
    nodes[0].fund().await;
    let mut ledger = Ledger::default();
    let mut number = 0;
    let stops = stops();
    for _ in 0..stops {
        let mut calls = JoinSet::new();
        for _ in 0..100 {
            number += 1;
            let (at, number) = (number % 2, number);
            let node = nodes[usize::try_from(at).unwrap()].clone();
            calls.spawn(async move { (number, node.send(send(at, number)).await) });
        }
        // Some are answered, the others are on their way.
        for _ in 0..10 {
            let (number, answer) = calls.join_next().await.unwrap().unwrap();
            ledger.take(number, answer);
        }
        tokio::task::block_in_place(|| {
            cluster.stop_at_once();
            cluster.run_again();
        });
        while let Some(answer) = calls.join_next().await {
            let (number, answer) = answer.unwrap();
            ledger.take(number, answer);
        }
    }
    assert!(ledger.sent.len() >= stops * 10);
    ledger.assert_true(&nodes[0]).await;
    println!("{stops} stops: {} sends acknowledged, {} refused; none lost", ledger.sent.len(), ledger.refused.len());
}

/// How often the database is stopped: enough to see whether it works, or as often as is asked for.
fn stops() -> usize {
    std::env::var("HONGBAO_STOPS").map_or(20, |stops| stops.parse().expect("HONGBAO_STOPS is a number"))
}

/// PostgreSQL's texts have no NUL. Who sends one is told that it failed; nobody who is in the same batch is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_can_t_be_kept_fails_alone() {
    let node = Node::start(&rig::shared().database()).await;
    node.fund().await;
    let mut calls = JoinSet::new();
    for number in 0..20 {
        let node = node.clone();
        let mut command = send(1, number);
        if number == 7 {
            command.texts.greeting = "a\0b".to_owned();
        }
        calls.spawn(async move { (number, node.send(command).await) });
    }
    for (number, answer) in calls.join_all().await {
        assert_eq!(answer.err(), (number == 7).then_some(CallError::SystemError), "{number}");
    }
    node.assert_books(19).await;
}

/// Each is asked at the same instant for the same: one packet and one share come of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_make_one_packet_of_one_number_and_one_share_of_one_claim() {
    let url = rig::shared().database();
    let nodes = [Node::start(&url).await, Node::start(&url).await];
    nodes[0].fund().await;
    for number in 1..=30 {
        let [one, two] = [0, 1].map(|at| nodes[at as usize].send(send(at, number)));
        let (one, two) = tokio::join!(one, two);
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.packet, two.packet);
        assert!(one.is_replay != two.is_replay, "{one:?} {two:?}");
        let (first, second) = tokio::join!(nodes[0].claim(&one.packet, number), nodes[1].claim(&one.packet, number));
        let claims = [first, second].map(|outcome| {
            let Outcome::Claim(Ok(Claimed { claim, is_replay, .. })) = outcome else { panic!("{outcome:?}") };
            (claim, is_replay)
        });
        assert_eq!(claims[0].0, claims[1].0);
        assert!(claims[0].1 != claims[1].1, "{claims:?}");
        let view = nodes[1].store.packet(&one.packet, ClaimRange::ALL).await.unwrap().unwrap();
        assert_eq!((view.claims.len(), view.packet.claimed_count), (1, 1));
    }
    let report = nodes[0].store.audit().await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.packets, report.claims, report.wallets, report.escrow), (30, 30, 3000, 0));
}

/// Batches of few, so that many meet at the one balance.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_write_one_balance_lose_nothing() {
    let url = rig::shared().database();
    let first = Node::start(&url).await;
    first.fund().await;
    let bounds = LaneBounds { batch: 2, ..LaneBounds::default() };
    let nodes = [0, 1].map(|_| Node::over(first.store.clone(), bounds));
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let at = number % 2;
        let node = nodes[usize::try_from(at).unwrap()].clone();
        calls.spawn(async move { node.send(send(at, number)).await });
    }
    calls.join_all().await.into_iter().for_each(|sent| assert!(sent.is_ok(), "{sent:?}"));
    first.assert_books(200).await;
}

/// Two nodes that both see room for one more packet of the day: there is room for one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_is_exact_over_all_nodes() {
    let url = rig::shared().database();
    // One day, whenever this runs.
    let noon = Timestamp::from_millis(1_760_000_000_000);
    let options = || OpenOptions { clock: Some(Arc::new(ManualClock::new(noon))), ..OpenOptions::default() };
    let first = Node::start_with(&url, options()).await;
    first.fund_up_to(10).await;
    let second = Node::start_with(&url, options()).await;
    let mut calls = JoinSet::new();
    for number in 0..60 {
        let (at, node) = (number % 2, if number % 2 == 0 { first.clone() } else { second.clone() });
        calls.spawn(async move { node.call(Command::SendPacket(Box::new(send(at, number)))).await.unwrap() });
    }
    let outcomes = calls.join_all().await;
    let is_sent = |outcome: &&Outcome| matches!(outcome, Outcome::Send(SendOutcome::Accepted(_)));
    let is_over = |outcome: &&Outcome| **outcome == Outcome::Send(SendOutcome::Declined(Decline::PacketsPerDay));
    assert_eq!((outcomes.iter().filter(is_sent).count(), outcomes.iter().filter(is_over).count()), (10, 50));
    let report = first.store.audit().await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.escrow, 10 * i128::from(EACH));
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Returns when a session of this database is as `condition` says.
async fn wait_until(url: &str, condition: &str) {
    let name = database_name(url);
    let asked = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND {condition}");
    until(|| rig::shared().sql("postgres", &asked) == "1\n").await;
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let so = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), so).await.unwrap();
}

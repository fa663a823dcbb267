//! A store moves from its file into a database: does the platform go on there, and what if the move is killed?

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hongbao_engine::command::{Command, PutMerchant, SendPacket, TopUp};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::Merchant;
use hongbao_engine::limits::Limits;
use hongbao_engine::outcome::{Outcome, SendOutcome};
use hongbao_engine::packet::{BillKey, Family, Product, Texts};
use hongbao_store::clock::SystemClock;
use hongbao_store::{Currency, Lane, LaneBounds, StoreInfo, StoreKind};
use hongbao_store_postgres::rig;
use hongbao_store_sqlite::SqliteStore;
use hongbao_types::{Fen, MerchantId};
use serde_json::Value;

use crate::running::{Dev, Serve, Started, field, folder, run, until};

const PACKETS: u32 = 3000;

fn database_name(url: &str) -> &str {
    url.rsplit('/').next().and_then(|rest| rest.split('?').next()).unwrap()
}

/// A migration into the database whose URL is in a file of the folder.
const MIGRATE: [&str; 5] = ["migrate-store", "--from", "hongbao.db", "--to-file", "url.txt"];

fn audit(folder: &Path, store: &str) -> Value {
    serde_json::from_str(&run(folder, &["audit", "--store", store, "--json"]).succeeded()).unwrap()
}

fn migrated(folder: &Path) -> Value {
    serde_json::from_str(&run(folder, &[&MIGRATE[..], &["--json"]].concat()).succeeded()).unwrap()
}

#[test]
fn a_platform_moves_into_a_database_and_goes_on_there() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let (folder, url) = (dev.path(""), rig::shared().database());
    std::fs::write(folder.join("url.txt"), format!("{url}\n")).unwrap();
    let [first, second] = ["B1", "B2"].map(|bill_no| field(&dev.ok(&["send", "--bill-no", bill_no]), "send_listid"));
    dev.ok(&["send", "--bill-no", "B3"]);
    dev.ok(&["claim", &second]);
    let ran = run(&folder, &MIGRATE);
    assert_eq!(
        ran.transcript(),
        "exit 1\n--- stderr\nerror: the store is in use by a running server: hongbao.db\n\n\
         hint: stop that server: nothing may change while the store is moved\n"
    );
    let profile = std::fs::read_to_string(dev.path("profile.toml")).unwrap();
    dev.stop();
    let before = audit(&folder, "hongbao.db");

    let output = run(&folder, &MIGRATE).succeeded();
    assert_eq!(field(&output, "from"), "hongbao.db");
    let place = format!("database {} on 127.0.0.1:{}", database_name(&url), rig::shared().port());
    assert_eq!(field(&output, "to"), place);
    assert!(field(&output, "rows").starts_with("merchant 1, app 1, person 1, packet 3, due 2, claim 1, "), "{output}");
    assert_eq!(field(&output, "audit"), "equal on both sides: every fen is in its place");
    assert_eq!((audit(&folder, "hongbao.db"), audit(&folder, &url)), (before.clone(), before.clone()));
    let again = migrated(&folder);
    // Nobody says that a database is equal that may have gone on since.
    assert_eq!((&again["audit"], &again["to"], &again["is_equal"]), (&before, &place.as_str().into(), &Value::Null));
    assert_eq!((&again["rows"]["packet"], &again["rows"]["binding"]), (&3.into(), &0.into()));

    // The file is served no more, and says where the store is.
    let config = |store: &str| {
        let doors = "[plain]\nlisten = \"127.0.0.1:0\"\n[admin]\nsocket = \"admin.sock\"\n";
        std::fs::write(folder.join("hongbao.toml"), format!("store = {store:?}\nkind = \"sandbox\"\n{doors}")).unwrap();
    };
    config("hongbao.db");
    let moved = format!(
        "exit 1\n--- stderr\nerror: the store was moved to {place}: hongbao.db\n\n\
         hint: name that database instead: store = \"postgres://…\" in the configuration\n"
    );
    assert_eq!(run(&folder, &["serve"]).transcript(), moved);
    let ran = run(&folder, &[&MIGRATE[..], &["--abandon"]].concat());
    assert!(ran.stderr.starts_with("error: the migration into it is complete\n\nhint: "), "{}", ran.stderr);

    config(&url);
    let node = Serve::start(&folder);
    let address = format!("base_url = \"http://{}\"", node.ready["plain"].as_str().unwrap());
    let lines = profile.lines().map(|line| if line.starts_with("base_url") { address.as_str() } else { line });
    std::fs::write(folder.join("profile.toml"), lines.collect::<Vec<_>>().join("\n")).unwrap();
    let ok = |arguments: &[&str]| run(&folder, &[arguments, &["--profile", "profile.toml"]].concat()).succeeded();
    assert_eq!(field(&ok(&["send", "--bill-no", "B1"]), "send_listid"), first, "the first answer");
    assert_eq!(field(&ok(&["query", "B2"]), "status"), "RECEIVED");
    assert_eq!(field(&ok(&["claim", &first]), "amount"), "1000 fen");
    ok(&["send", "--bill-no", "B4"]);
    assert_eq!(field(&ok(&["sandbox", "clock", "+25h"]), "expired"), "2 refunded, 0 failed");
    assert_eq!(field(&ok(&["query", "B3"]), "status"), "REFUND");
    assert_eq!(field(&ok(&["audit"]), "audit"), "every fen is in its place");
}

/// A store with many packets, each for a person of its own.
async fn fill(folder: &Path) {
    let info = StoreInfo { kind: StoreKind::Live, currency: Currency::renminbi() };
    let store = SqliteStore::open_or_create(&folder.join("filled.db"), &info, Arc::new(SystemClock)).unwrap();
    let bounds = LaneBounds { queue: PACKETS as usize, ..LaneBounds::default() };
    let (lane, thread) = Lane::start(&store, Policy::default(), bounds).unwrap();
    let id: MerchantId = "10000098".parse().unwrap();
    let mut merchant = Merchant::new(id.clone(), "天虹百货");
    merchant.limits.packets_per_second = Limits::NO_COUNT;
    merchant.limits.packets_per_minute = Limits::NO_COUNT;
    let top_up = TopUp { reference: "T1".parse().unwrap(), merchant: id.clone(), amount: Fen::new(100 * PACKETS) };
    let patience = Duration::from_mins(1);
    let put = Box::new(PutMerchant { merchant, instead_of: None });
    for command in [Command::PutMerchant(put), Command::TopUp(top_up)] {
        lane.call(command, patience).await.unwrap();
    }
    let commands = (0..PACKETS).map(|number| {
        let bill_no = format!("B{number}").parse().unwrap();
        let bill = BillKey { merchant: id.clone(), family: Family::Packets, bill_no };
        Command::SendPacket(Box::new(SendPacket {
            packet_id: format!("1000{number:09}{:03}", bill.shard()).parse().unwrap(),
            bill,
            product: Product::Ordinary,
            payer: id.clone(),
            on_behalf_of: None,
            app: "wx8888888888888888".parse().unwrap(),
            recipient: Some(format!("oPerson{number:021}").parse().unwrap()),
            total: Fen::new(100),
            share_count: 1,
            texts: Texts::default(),
            pre_order: None,
        }))
    });
    let mut calls = tokio::task::JoinSet::new();
    for command in commands {
        let lane = lane.clone();
        calls.spawn(async move { lane.call(command, patience).await });
    }
    for answer in calls.join_all().await {
        assert!(matches!(answer, Ok(Outcome::Send(SendOutcome::Accepted(_)))), "{answer:?}");
    }
    lane.stop(thread).await;
    drop(store);
    // A process that another test starts just now may have the first one's lock for a moment.
    std::fs::copy(folder.join("filled.db"), folder.join("hongbao.db")).unwrap();
}

#[test]
fn a_migration_that_is_killed_again_and_again_goes_on_where_it_was() {
    let home = folder();
    let (folder, url) = (home.path(), rig::shared().database());
    tokio::runtime::Runtime::new().unwrap().block_on(fill(folder));
    std::fs::write(folder.join("url.txt"), &url).unwrap();
    let before = audit(folder, "hongbao.db");
    assert_eq!(before["packets"], PACKETS);

    // What is written counts before it is there: some die within a transaction.
    let size = "SELECT COALESCE(sum(pg_relation_size(c.oid)), 0) FROM pg_class AS c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'";
    let written = || rig::shared().sql(database_name(&url), size).trim().parse::<u64>().unwrap();
    let mut killed = 0;
    for _ in 0..6 {
        let so_far = written();
        let mut migration = Started::new(folder, &MIGRATE);
        let has_ended = until("it has gone on", || {
            if migration.has_ended() { Some(true) } else { (written() > so_far).then_some(false) }
        });
        if has_ended {
            break;
        }
        migration.kill();
        killed += 1;
        let ran = run(folder, &["audit", "--store", &url]);
        assert!(
            ran.code == Some(0) || ran.stderr.contains("a migration into it is unfinished"),
            "{}",
            ran.transcript()
        );
        assert_eq!(audit(folder, "hongbao.db"), before);
    }
    assert!(killed > 1, "killed {killed} times");
    let after = migrated(folder);
    assert_eq!((&after["rows"]["packet"], &after["audit"]), (&PACKETS.into(), &before));
    assert_eq!(audit(folder, &url), before);
}

#[test]
fn a_migration_that_is_given_up_leaves_the_file_as_it_was() {
    let home = folder();
    let (folder, url) = (home.path(), rig::shared().database());
    tokio::runtime::Runtime::new().unwrap().block_on(fill(folder));
    std::fs::write(folder.join("url.txt"), &url).unwrap();
    let before = audit(folder, "hongbao.db");
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
    let has_tables = || rig::shared().sql(database_name(&url), tables) != "0\n";
    let mut migration = Started::new(folder, &MIGRATE);
    until("it has begun", || (has_tables() || migration.has_ended()).then_some(()));
    migration.kill();
    let ran = run(folder, &[&MIGRATE[..], &["--abandon", "--json"]].concat());
    let abandoned: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &abandoned["is_abandoned"]), (Some(0), &true.into()), "{}", ran.transcript());
    assert!(!has_tables());
    assert_eq!(audit(folder, "hongbao.db"), before);
    let config = "store = \"hongbao.db\"\nkind = \"live\"\n[admin]\nsocket = \"admin.sock\"\n";
    std::fs::write(folder.join("hongbao.toml"), config).unwrap();
    drop(Serve::start(folder));
}

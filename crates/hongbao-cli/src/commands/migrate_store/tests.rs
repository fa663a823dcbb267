//! Does everything arrive as it was, wherever the move is killed? Every history of the stores' conformance suite is moved,
//! two rows at a time.

use std::path::PathBuf;
use std::time::Duration;

use hongbao_engine::command::{ClaimShare, ClaimWay, Command, ExpirePacket, PutMerchant, SendPacket, TopUp};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::{Merchant, PersonId};
use hongbao_engine::ledger::LedgerAccount;
use hongbao_engine::outcome::{Accepted, Expired, Outcome, SendOutcome};
use hongbao_engine::packet::{BillKey, Family, Product, Texts};
use hongbao_engine::rows::{Change, Changes, ClaimKey, KeySet};
use hongbao_store::clock::{Clock, ManualClock};
use hongbao_store::{ClaimRange, Currency, Lane, LaneBounds, StoreInfo, StoreKind, Writer, conformance};
use hongbao_store_postgres::{OpenError as DatabaseError, OpenOptions, PostgresStore, rig};
use hongbao_types::{Fen, OpenId, PacketId, Timestamp};

use super::*;

/// 2014-11-14 12:00:00 in Beijing: later than whatever the histories' clocks say, so that much is due.
const LATER: Timestamp = Timestamp::from_millis(1_415_937_600_000);
const FEW: usize = 2;

fn info() -> StoreInfo {
    StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() }
}

/// Where a store may be made, and where it may go.
struct Places {
    folder: tempfile::TempDir,
    url: String,
}

impl Places {
    fn new() -> Places {
        Places { folder: tempfile::tempdir().unwrap(), url: rig::shared().database() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hongbao.db")
    }

    fn create(&self, info: &StoreInfo, clock: &Arc<dyn Clock>) -> SqliteStore {
        self.once_free(|| SqliteStore::open_or_create(&self.path(), info, clock.clone())).unwrap()
    }

    fn serve(&self) -> std::result::Result<SqliteStore, OpenError> {
        self.once_free(|| SqliteStore::open_or_create(&self.path(), &info(), Arc::new(SystemClock)))
    }

    fn source(&self) -> SqliteSource {
        self.once_free(|| SqliteSource::open(&self.path(), Arc::new(ManualClock::new(LATER)))).unwrap()
    }

    /// Opens it once nobody has it any more: a lane lets go of it in its own thread, and a process that another test
    /// starts has for a moment all that this one has.
    fn once_free<T>(&self, open: impl Fn() -> std::result::Result<T, OpenError>) -> std::result::Result<T, OpenError> {
        loop {
            match open() {
                Err(OpenError::InUse(_)) => {
                    std::fs::File::open(self.path().with_extension("db.lock")).unwrap().lock().unwrap();
                }
                opened => return opened,
            }
        }
    }

    async fn target(&self) -> PostgresImport {
        PostgresImport::connect(&self.url).await.unwrap()
    }

    /// Moves on until this many steps are done, and is killed then.
    async fn move_on(&self, steps: usize) -> Result<Arrived> {
        let mut left = steps;
        let (mut source, mut target) = (self.source(), self.target().await);
        let mut watch = |_| {
            left = left.checked_sub(1).ok_or_else(|| Failure::new("killed"))?;
            Ok(())
        };
        migrate(&mut source, &mut target, FEW, &mut watch).await
    }

    async fn arrive(&self) -> Arrived {
        self.move_on(usize::MAX).await.unwrap()
    }

    async fn open(&self) -> std::result::Result<PostgresStore, DatabaseError> {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(LATER));
        let options = OpenOptions { clock: Some(clock), ..OpenOptions::default() };
        PostgresStore::open_or_create(&self.url, &info(), options).await
    }

    fn read(&self) -> SqliteStore {
        SqliteStore::open_read_only(&self.path(), Arc::new(ManualClock::new(LATER))).unwrap()
    }

    fn tables(&self) -> String {
        sql(&self.url, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'").trim().to_owned()
    }
}

fn sql(url: &str, sql: &str) -> String {
    rig::shared().sql(url.rsplit('/').next().and_then(|rest| rest.split('?').next()).unwrap(), sql)
}

/// All rows of the file, page by page as they are moved.
fn everything(source: &SqliteSource) -> Vec<Changes> {
    let (mut at, mut pages) = (Position::START, Vec::new());
    while let Some(page) = source.page(&at, FEW).unwrap() {
        assert!(page.count() <= FEW as u64 && page.count() > 0);
        at = page.position;
        pages.push(page.rows);
    }
    pages
}

/// Every kind of read gives the same on both sides, for every key that there is.
async fn assert_same(one: &SqliteStore, other: &PostgresStore, pages: &[Changes]) {
    macro_rules! same {
        ($read:ident($($argument:expr),*)) => {
            assert_eq!(one.$read($($argument),*).await.unwrap(), other.$read($($argument),*).await.unwrap());
        };
    }
    assert_eq!((one.info(), one.person_key(), one.draw_keys()), (other.info(), other.person_key(), other.draw_keys()));
    same!(now());
    same!(audit());
    // Each store has an order of its own.
    let mut due = [one.due(0, None, 1000).await.unwrap(), other.due(0, None, 1000).await.unwrap()];
    due[0].sort();
    due[1].sort();
    assert_eq!(due[0], due[1]);
    let mut keys = KeySet { clock: true, ..KeySet::default() };
    let mut people = std::collections::BTreeSet::new();
    for rows in pages {
        for merchant in rows.merchants.iter().map(Change::after) {
            same!(merchant(&merchant.id));
            keys.merchants.insert(merchant.id.clone());
        }
        for app in rows.apps.iter().map(Change::after) {
            same!(app(&app.id));
            for origin in &app.origins {
                same!(has_origin(origin));
            }
            keys.apps.insert(app.id.clone());
        }
        for person in rows.people.iter().map(Change::after) {
            same!(person(&person.id));
            same!(people(&person.id.app, 1000));
            people.insert(person.id.clone());
        }
        for lottery in rows.lotteries.iter().map(Change::after) {
            same!(lottery(&lottery.id));
            same!(prizes(&lottery.id, None, 1000));
            same!(lottery_sums(&lottery.id));
            same!(bindings(&lottery.id, None, 1000));
            keys.lotteries.insert(lottery.id.clone());
        }
        for packet in rows.packets.iter().map(Change::after) {
            same!(packet(&packet.id, ClaimRange::ALL));
            same!(packet_by_bill(&packet.bill));
            keys.packets.insert(packet.id.clone());
            keys.bills.insert(packet.bill.clone());
            let recipient = packet.recipient.clone();
            people.extend(recipient.map(|openid| PersonId { app: packet.app.clone(), openid }));
        }
        for claim in rows.claims.iter().map(Change::after) {
            let key = ClaimKey { packet: claim.packet.clone(), openid: claim.openid.clone() };
            same!(claim(&key));
            people.insert(PersonId { app: claim.app.clone(), openid: claim.openid.clone() });
            keys.claims.insert(key);
        }
        for binding in rows.bindings.iter().map(Change::after) {
            same!(binding(&binding.key));
            keys.bindings.insert(binding.key.clone());
        }
        for (id, _) in &rows.accounts {
            same!(account(id));
            keys.accounts.insert(id.clone());
        }
        for withdrawal in rows.withdrawals.iter().map(Change::after) {
            same!(withdrawal(&withdrawal.key));
            keys.withdrawals.insert(withdrawal.key.clone());
        }
        keys.counters.extend(rows.counters.iter().map(|(key, _)| key.clone()));
        keys.transfers.extend(rows.transfers.iter().map(|change| change.after().key.clone()));
        keys.codes.extend(rows.codes.iter().map(|change| change.after().key));
    }
    for person in &people {
        same!(withdrawals(person, None, 1000));
        same!(wallet_entries(person, None, 1000));
        same!(packets_to(person, None, 1000));
    }
    assert_same_rows(&keys, pages, other).await;
}

/// What a batch would be decided over: there are rows that no reader asks for.
async fn assert_same_rows(keys: &KeySet, pages: &[Changes], other: &PostgresStore) {
    let mut writer = other.writer().unwrap();
    let found = writer.load(keys).await.unwrap().rows;
    for rows in pages {
        if let Some(clock) = &rows.clock {
            assert_eq!(found.clock.get(&()), Some(clock));
        }
        for (key, change) in &rows.counters {
            assert_eq!(found.counters.get(key), Some(change.after()));
        }
        for transfer in rows.transfers.iter().map(Change::after) {
            assert_eq!(found.transfers.get(&transfer.key), Some(transfer));
        }
        for code in rows.codes.iter().map(Change::after) {
            assert_eq!(found.codes.get(&code.key), Some(code));
        }
        for packet in rows.packets.iter().map(Change::after) {
            assert_eq!(found.packet(&packet.id), Some(packet));
        }
        for withdrawal in rows.withdrawals.iter().map(Change::after) {
            assert_eq!(found.withdrawals.get(&withdrawal.key), Some(withdrawal));
        }
        for (key, change) in &rows.accounts {
            assert_eq!(found.accounts.get(key), Some(change.after()));
        }
    }
    writer.release().await;
}

/// Moves it, killed again and again: before each commit, after it, and at the end between all that is done there. As long
/// as it is under way, neither side can be opened.
async fn is_moved_whatever_happens(places: &Places, tables: &[Table]) {
    let pages = everything(&places.source());
    for table in tables {
        assert!(places.source().count(*table).unwrap() > 0, "there is no {}", table.name());
    }
    let before = in_order(places.read().audit().await.unwrap());
    let mut kills: usize = 0;
    let arrived = loop {
        // One step more, one less: so a kill after a commit follows one before it.
        let ended = places.move_on(kills % 3).await;
        kills += 1;
        match ended {
            Ok(arrived) => break arrived,
            Err(failure) => assert_eq!(failure.message, "killed", "after {kills} kills"),
        }
        assert!(kills < 1000, "it goes on where it was");
        let file = places.serve();
        assert!(matches!(file, Err(OpenError::Moving { .. })), "{file:?}");
        let opened =
            if kills.is_multiple_of(3) { PostgresStore::open_existing(&places.url).await.map(drop) } else { continue };
        match places.source().mark().unwrap().map(|mark| mark.id) {
            // The file can't be given back any more.
            Some(id) if places.target().await.progress(Some(&id)).await.unwrap() == Progress::Complete => {
                opened.unwrap();
            }
            _ => assert!(matches!(opened, Err(DatabaseError::Unfinished | DatabaseError::Missing)), "{opened:?}"),
        }
    };
    assert!(kills > pages.len(), "{kills} kills and {} pages", pages.len());
    assert_eq!(arrived.report, before);
    let file = places.serve();
    assert!(matches!(file, Err(OpenError::Moved { .. })), "{file:?}");
    assert_same(&places.read(), &places.open().await.unwrap(), &pages).await;
    // Once more is as good as once.
    assert_eq!(places.arrive().await.report, before);
}

macro_rules! histories {
    ($($name:ident: $($table:ident),*;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let places = Places::new();
                conformance::$name(|info, clock| (places.create(&info, &clock), ())).await;
                is_moved_whatever_happens(&places, &[$(Table::$table),*]).await;
            }
        )*

        /// There is a history for each of them: what nobody tries to move may be forgotten.
        #[test]
        fn every_table_is_tried() {
            let tried: std::collections::BTreeSet<Table> = [$($(Table::$table),*),*].into_iter().collect();
            assert_eq!(tried.into_iter().collect::<Vec<_>>(), Table::ALL);
        }
    };
}

histories! {
    what_is_committed_is_read_back: Merchants, Apps, People, Packets, Claims, Accounts, Counters, Transfers;
    what_other_products_have_is_read_back: Packets, Due, Counters;
    shares_of_one_packet_are_claimed_in_turn: Claims, Counters;
    a_campaign_s_packets_find_their_people: Lotteries, Bindings, Packets, Due;
    a_decline_is_stored_and_completed_later: Packets;
    what_lands_and_stays_fails_for_good: Packets;
    what_nobody_claims_goes_back_once: Packets, Accounts;
    the_sandbox_clock_only_goes_forward: Clock;
    people_are_listed_app_by_app: People;
    a_code_is_redeemed_once: Codes;
    a_withdrawal_is_held_and_settled_once: Withdrawals, Accounts;
    a_person_s_history_is_read_page_by_page: Withdrawals, Claims, Packets, Due;
    who_is_erased_is_nowhere_and_may_come_again: Counters, Claims, Withdrawals, Packets;
}

fn bill(number: u32) -> BillKey {
    let merchant = "10000098".parse().unwrap();
    BillKey { merchant, family: Family::Packets, bill_no: format!("B{number}").parse().unwrap() }
}

fn openid() -> OpenId {
    "oxTWIuGaIt6gTKsQRLau2M0yL16E".parse().unwrap()
}

fn packet_id(number: u32) -> PacketId {
    format!("1000{number:09}{:03}", bill(number).shard()).parse().unwrap()
}

fn send(number: u32) -> SendPacket {
    SendPacket {
        packet_id: packet_id(number),
        bill: bill(number),
        product: Product::Ordinary,
        payer: "10000098".parse().unwrap(),
        on_behalf_of: None,
        app: "wx1".parse().unwrap(),
        recipient: Some(openid()),
        total: Fen::new(100),
        share_count: 1,
        texts: Texts::default(),
        pre_order: None,
    }
}

async fn call(lane: &Lane, command: Command) -> Outcome {
    lane.call(command, Duration::from_mins(1)).await.unwrap()
}

async fn sent(lane: &Lane, command: SendPacket) -> Accepted {
    let ended = call(lane, Command::SendPacket(Box::new(command))).await;
    let Outcome::Send(SendOutcome::Accepted(accepted)) = ended else { panic!("a send ended as {ended:?}") };
    accepted
}

/// A merchant with 1000 fen, and three packets.
async fn small(places: &Places, change: impl FnOnce(SendPacket) -> SendPacket) {
    let store = places.create(&info(), &(Arc::new(ManualClock::new(LATER)) as Arc<dyn Clock>));
    let (lane, thread) = Lane::start(&store, Policy::default(), LaneBounds::default()).unwrap();
    let merchant = Merchant::new("10000098".parse().unwrap(), "");
    call(&lane, Command::PutMerchant(Box::new(PutMerchant { merchant: merchant.clone(), instead_of: None }))).await;
    let (reference, amount) = ("T1".parse().unwrap(), Fen::new(1000));
    call(&lane, Command::TopUp(TopUp { reference, merchant: merchant.id, amount })).await;
    sent(&lane, send(1)).await;
    sent(&lane, send(2)).await;
    sent(&lane, change(send(3))).await;
    lane.stop(thread).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_goes_on_where_the_other_one_was() {
    let places = Places::new();
    small(&places, |send| send).await;
    places.arrive().await;

    let clock = ManualClock::new(LATER.plus_millis(1000));
    let options = OpenOptions { clock: Some(Arc::new(clock.clone())), ..OpenOptions::default() };
    let store = PostgresStore::open_or_create(&places.url, &info(), options).await.unwrap();
    let (lane, _) = Lane::start(&store, Policy::default(), LaneBounds::default()).unwrap();
    let again = sent(&lane, SendPacket { packet_id: packet_id(9), ..send(1) }).await;
    assert_eq!(again, Accepted { packet: packet_id(1), sent_at: LATER, is_replay: true });
    let (packet, app) = (packet_id(1), "wx1".parse().unwrap());
    let claim = ClaimShare { packet, app, openid: openid(), way: ClaimWay::Message, registered_only: false };
    assert!(matches!(call(&lane, Command::ClaimShare(claim)).await, Outcome::Claim(Ok(_))));
    assert!(!sent(&lane, send(4)).await.is_replay);
    let person = PersonId { app: "wx1".parse().unwrap(), openid: openid() };
    let history = store.packets_to(&person, None, 9).await.unwrap().rows;
    assert_eq!(history.iter().map(|sent| sent.packet.id.clone()).collect::<Vec<_>>(), [4, 3, 2, 1].map(packet_id));
    clock.set(LATER.plus_millis(24 * 3_600_000));
    let due = store.due(0, None, 9).await.unwrap();
    assert_eq!(due.len(), 2);
    for due in due {
        let expired = call(&lane, Command::ExpirePacket(ExpirePacket { due })).await;
        assert_eq!(expired, Outcome::Expire(Expired::Refunded(Fen::new(100))));
    }
    let funds = store.account(&LedgerAccount::MerchantFunds("10000098".parse().unwrap())).await.unwrap();
    assert_eq!(funds.balance(), Some(Fen::new(800)));
    let report = store.audit().await.unwrap();
    assert!(report.is_clean() && report.packets == 4, "{report:?}");
}

/// What is refused changes neither side.
async fn assert_refused(places: &Places, what: &str) {
    let state = || {
        let source = places.source();
        (source.mark().unwrap(), everything(&source), places.tables())
    };
    let before = state();
    let failure = places.move_on(usize::MAX).await.unwrap_err();
    assert!(failure.message.starts_with(what), "{failure:?}");
    assert!(failure.hint.is_some());
    assert_eq!(state(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_this_store_s_is_left_alone() {
    let places = Places::new();
    small(&places, |send| send).await;
    sql(&places.url, "CREATE TABLE notes (line TEXT)");
    assert_refused(&places, "not a Hongbao store").await;
    sql(&places.url, "DROP TABLE notes");

    drop(places.open().await.unwrap());
    assert_refused(&places, "there is a store already").await;

    // Another file's, unfinished and finished.
    let other = Places::new();
    small(&other, |send| send).await;
    other.move_on(3).await.unwrap_err();
    let here = Places { folder: places.folder, url: other.url.clone() };
    assert_refused(&here, "another store's migration into it is unfinished").await;
    other.arrive().await;
    assert_refused(&here, "there is a store already").await;

    // This one is on its way to somewhere else, and then there.
    let (other, elsewhere) = (Places { url: rig::shared().database(), ..other }, Places::new());
    assert_refused(&other, "the store was moved to database test_").await;
    let here = Places { url: elsewhere.url.clone(), ..here };
    here.move_on(1).await.unwrap_err();
    let here = Places { url: rig::shared().database(), ..here };
    assert_refused(&here, "the store is being moved to database test_").await;
    let failure = abandon(&mut here.source(), &mut here.target().await).await.unwrap_err();
    assert!(failure.message.starts_with("the store is being moved to"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_outside_its_shard_is_found_before_anything_is_marked() {
    let places = Places::new();
    let elsewhere = format!("77{:03}", (bill(3).shard() + 1) % 1000).parse().unwrap();
    small(&places, |send| SendPacket { packet_id: elsewhere, ..send }).await;
    assert_refused(&places, "the id of packet 77").await;
    assert_eq!((places.source().mark().unwrap(), places.tables().as_str()), (None, "0"));
}

/// Wherever it is given up, the file is served again, and the database is empty; unless it is a store by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_up_leaves_no_trace() {
    let places = Places::new();
    small(&places, |send| send).await;
    let pages = everything(&places.source());
    let failure = abandon(&mut places.source(), &mut places.target().await).await.unwrap_err();
    assert_eq!(failure.message, "the store is not being moved");
    for steps in 0.. {
        assert_eq!(places.move_on(steps).await.unwrap_err().message, "killed");
        let (mut source, mut target) = (places.source(), places.target().await);
        let mark = source.mark().unwrap().unwrap();
        if target.progress(Some(&mark.id)).await.unwrap() == Progress::Complete {
            let failure = abandon(&mut source, &mut target).await.unwrap_err();
            assert_eq!(failure.message, "the migration into it is complete");
            assert_eq!(source.mark().unwrap(), Some(mark));
            break;
        }
        if steps % 2 == 1 && places.tables() != "0" {
            // It is killed between the two sides.
            target.abandon(&mark.id).await.unwrap();
        }
        abandon(&mut source, &mut target).await.unwrap();
        drop(source);
        assert_eq!((places.tables().as_str(), everything(&places.source())), ("0", pages.clone()));
        places.serve().unwrap();
    }
    places.arrive().await;
    let failure = abandon(&mut places.source(), &mut places.target().await).await.unwrap_err();
    assert_eq!(failure.message, "the migration into it is complete");
}

/// Whoever may make no tables in the database is told so, and the file is as free as it was. Who finds that somebody else
/// took the place gives it up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_can_t_be_begun_with_does_not_hold_the_file() {
    let places = Places::new();
    small(&places, |send| send).await;
    sql(&places.url, "CREATE ROLE guest LOGIN PASSWORD 'hongbao-test'");
    let places = Places { url: places.url.replace("//hongbao:", "//guest:"), ..places };
    assert_refused(&places, "its tables could not be made: permission denied for schema public").await;
    assert_eq!(places.source().mark().unwrap(), None);

    let places = Places { url: places.url.replace("//guest:", "//hongbao:"), ..places };
    places.move_on(0).await.unwrap_err();
    drop(places.open().await.unwrap());
    assert_refused(&places, "there is a store already").await;
    abandon(&mut places.source(), &mut places.target().await).await.unwrap();
    places.serve().unwrap();
    assert!(places.open().await.is_ok(), "that one is left alone");
}

/// A row that is not what it was is told, and the database is no store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_differs_is_never_served() {
    let places = Places::new();
    small(&places, |send| send).await;
    let pages = everything(&places.source()).len();
    // All that is copied, and not yet compared.
    places.move_on(2 + 2 * pages).await.unwrap_err();
    sql(&places.url, "UPDATE packet SET total_fen = total_fen + 1 WHERE bill_no = 'B2'");
    let failure = places.move_on(usize::MAX).await.unwrap_err();
    assert_eq!(failure.message, "the two sides differ: their audits are not equal");
    sql(&places.url, "DELETE FROM merchant");
    let failure = places.move_on(usize::MAX).await.unwrap_err();
    assert_eq!(
        failure.message,
        "the two sides differ: the table merchant has 1 rows in the file and 0 in the database"
    );
    assert!(matches!(places.open().await, Err(DatabaseError::Unfinished)));
    abandon(&mut places.source(), &mut places.target().await).await.unwrap();
    places.serve().unwrap();
}

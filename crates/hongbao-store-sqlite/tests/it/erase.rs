//! Whoever is erased: is their name still anywhere in the file?

use std::sync::Arc;
use std::time::Duration;

use hongbao_engine::command::{
    ClaimShare, ClaimWay, Command, ErasePerson, ErasureStep, HoldWithdrawal, PutMerchant, PutPerson, SendPacket,
    SettleWithdrawal, TopUp,
};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::{Merchant, Person, PersonId};
use hongbao_engine::outcome::Outcome;
use hongbao_engine::packet::{BillKey, Product, Texts};
use hongbao_engine::wallet::{Settlement, WithdrawalKey};
use hongbao_store::clock::SystemClock;
use hongbao_store::lists::next_step;
use hongbao_store::{Currency, Lane, LaneBounds, Store, StoreInfo, StoreKind};
use hongbao_store_sqlite::SqliteStore;
use hongbao_types::{Fen, MerchantId, OpenId};
use rusqlite::Connection;

const OPENID: &str = "oCanaryOfSomebodyWhoIsErased";
const NAME: &str = "王小王";

fn send(number: u32, product: Product) -> Command {
    let merchant: MerchantId = "10000098".parse().unwrap();
    let bill_no = format!("B{number}").parse().unwrap();
    Command::SendPacket(Box::new(SendPacket {
        packet_id: format!("{}", 1000 + number).parse().unwrap(),
        bill: BillKey { merchant: merchant.clone(), family: product.family(), bill_no },
        product,
        payer: merchant,
        on_behalf_of: None,
        app: "wx1".parse().unwrap(),
        recipient: Some(OPENID.parse().unwrap()),
        total: Fen::new(100),
        share_count: 1,
        texts: Texts { recipient_name: Some(NAME.to_owned()), ..Texts::default() },
        pre_order: None,
    }))
}

#[tokio::test]
async fn a_name_that_was_erased_is_nowhere_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hongbao.db");
    let info = StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() };
    let store = SqliteStore::open_or_create(&path, &info, Arc::new(SystemClock)).unwrap();
    let (lane, thread) = Lane::start(&store, Policy::default(), LaneBounds::default()).unwrap();
    let call = async |command| lane.call(command, Duration::from_mins(1)).await.unwrap();
    let person = PersonId { app: "wx1".parse().unwrap(), openid: OPENID.parse().unwrap() };
    let merchant = Merchant::new("10000098".parse().unwrap(), "");
    call(Command::PutMerchant(Box::new(PutMerchant { merchant: merchant.clone(), instead_of: None }))).await;
    let (reference, amount) = ("T1".parse().unwrap(), Fen::new(100_000));
    call(Command::TopUp(TopUp { reference, merchant: merchant.id, amount })).await;
    call(Command::PutPerson(PutPerson { person: Person { id: person.clone(), is_blocked: false } })).await;
    for number in 0..8 {
        call(send(number, Product::Ordinary)).await;
        call(send(100 + number, Product::Transfer)).await;
        let packet = (1000 + number).to_string().parse().unwrap();
        let (app, openid) = (person.app.clone(), person.openid.clone());
        call(Command::ClaimShare(ClaimShare { packet, app, openid, way: ClaimWay::Message, registered_only: false }))
            .await;
        let key = WithdrawalKey { app: person.app.clone(), reference: format!("W{number}").parse().unwrap() };
        let openid = person.openid.clone();
        call(Command::HoldWithdrawal(HoldWithdrawal { key: key.clone(), openid, amount: Fen::new(200) })).await;
        let (openid, operator_reference) = (person.openid.clone(), "P".parse().unwrap());
        let settle = SettleWithdrawal { key, openid, how: Settlement::Confirm, operator_reference };
        call(Command::SettleWithdrawal(settle)).await;
    }
    let holds = |what: &str| {
        let connection = Connection::open(&path).unwrap();
        // What is no longer a row may still stand in the free space of a page.
        connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
        std::fs::read(&path).unwrap().windows(what.len()).any(|bytes| bytes == what.as_bytes())
    };
    assert!(holds(OPENID) && holds(NAME));

    let forget = async |pseudonym: &str| {
        let pseudonym: OpenId = pseudonym.parse().unwrap();
        let mut step = ErasureStep::Begin;
        loop {
            let is_last = step == ErasureStep::Finish;
            let erase = ErasePerson { person: person.clone(), pseudonym: pseudonym.clone(), step };
            let ended = call(Command::ErasePerson(Box::new(erase))).await;
            assert_eq!(ended, Outcome::Erase(Ok(pseudonym.clone())));
            if is_last {
                break;
            }
            let withdrawals = store.withdrawals(&person, None, 3).await.unwrap();
            let entries = store.wallet_entries(&person, None, 3).await.unwrap();
            step = next_step(&withdrawals, &entries, &store.packets_to(&person, None, 3).await.unwrap());
        }
    };
    forget("xPseudonym").await;
    assert!(!holds(OPENID) && !holds(NAME));
    assert!(holds("xPseudonym"), "the postings stay");
    let report = store.audit().await.unwrap();
    assert!(report.is_clean(), "{:?}", report.differences);
    assert_eq!((report.packets, report.claims, report.withdrawals), (16, 8, 8));

    // Whoever comes again may be forgotten again.
    call(send(49, Product::Ordinary)).await;
    forget("xAnother").await;
    assert!(!holds(OPENID));

    // Whoever comes again is found again, after a restart as well; and so is the merchant's own counter.
    call(send(50, Product::Ordinary)).await;
    lane.stop(thread).await;
    drop(store);
    let store = SqliteStore::open_or_create(&path, &info, Arc::new(SystemClock)).unwrap();
    let (lane, _) = Lane::start(&store, Policy::default(), LaneBounds::default()).unwrap();
    lane.call(send(51, Product::Ordinary), Duration::from_mins(1)).await.unwrap();
    let sent = store.packets_to(&person, None, 9).await.unwrap().rows;
    assert_eq!(sent.iter().map(|sent| sent.packet.id.as_str()).collect::<Vec<_>>(), ["1051", "1050"]);
    let connection = Connection::open(&path).unwrap();
    let of_merchant = "SELECT packets FROM counter WHERE merchant_id <> '' AND openid = '' AND family = 'packets'";
    assert_eq!(connection.query_row(of_merchant, [], |row| row.get::<_, i64>(0)), Ok(11));
}

//! A store that an earlier version wrote: is everything still there, in its place, and found?

use std::path::Path;
use std::sync::Arc;

use hongbao_engine::command::{Command, SendPacket};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::PersonId;
use hongbao_engine::outcome::{Outcome, SendOutcome};
use hongbao_engine::packet::{BillKey, Decline, Family, Product, Texts};
use hongbao_store::clock::ManualClock;
use hongbao_store::{Currency, Lane, LaneBounds, Store, StoreInfo, StoreKind};
use hongbao_store_sqlite::SqliteStore;
use hongbao_types::{Fen, Timestamp};
use rusqlite::Connection;

/// 2014-11-11 12:00:00 in Beijing.
const NOON: i64 = 1_415_678_400_000;

/// As the first version wrote it: one merchant with 5000 fen, one packet of 1000 fen under way, two that were opened, one
/// that landed, and a person who has had as many packets today as he may.
fn write_version_1(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute_batch(include_str!("../../migrations/0001_books.sql")).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection.pragma_update(None, "application_id", 0x4842_3031).unwrap();
    let rows = format!(
        "INSERT INTO store VALUES (1, 'sandbox', 'CNY', '¥', 2, zeroblob(32));
         INSERT INTO merchant VALUES ('10000098', '', 'compatible', NULL, 0, 1, 20000, 1, 20000, 1800, 10, 99999, 99999);
         INSERT INTO merchant_product VALUES ('10000098', 0, 'ordinary');
         INSERT INTO account VALUES ('settlement', '', '', 7000, 0), ('merchant_funds', '10000098', '', 2000, 7000);
         INSERT INTO transfer VALUES ('top_up', 'T1', '10000098', 7000, {NOON});
         INSERT INTO packet VALUES ('100', '10000098', 'packets', 'B1', 'ordinary', '10000098', 'wx1', 'o1', 1000, 1,
             's', 'w', 'a', 'r', NULL, 'open', NULL, {NOON}, {NOON}, {NOON} + 86400000, 0, 0, 0, NULL, {NOON});
         INSERT INTO packet SELECT '101', merchant_id, family, 'B0', product, payer_id, app_id, recipient, 700, 1, sender_name,
             greeting, activity, remark, NULL, 'exhausted', NULL, {NOON} - 9, {NOON} - 9, deadline, 700, 1, 0, NULL, {NOON}
             FROM packet;
         INSERT INTO packet SELECT '102', merchant_id, family, 'B9', product, payer_id, app_id, 'o9', 9000, 1, sender_name,
             greeting, activity, remark, NULL, 'landed', 'insufficient_funds', {NOON}, {NOON}, deadline, 0, 0, 0, NULL, {NOON}
             FROM packet WHERE packet_id = '100';
         INSERT INTO packet SELECT '103', merchant_id, family, 'B7', product, payer_id, app_id, recipient, 300, 1, sender_name,
             greeting, activity, remark, NULL, 'exhausted', NULL, {NOON} - 5, {NOON} - 5, deadline, 300, 1, 0, NULL, {NOON}
             FROM packet WHERE packet_id = '100';
         INSERT INTO claim VALUES ('101', 'o1', 'wx1', 0, 700, {NOON} - 7), ('103', 'o1', 'wx1', 0, 300, {NOON} - 3);
         INSERT INTO account VALUES ('recipient_wallet', 'wx1', 'o1', 0, 1000);
         INSERT INTO due VALUES ({NOON} + 86400000, '100', '10000098'), ({NOON} + 86400000, '102', '10000098');
         INSERT INTO counter VALUES ('10000098', '', '', {day}, 11, 2000, {minute}, 11),
             ('10000098', 'wx1', 'o1', {day}, 10, 1000, 0, 0), ('10000098', 'wx1', 'o0', {day}, 9, 900, 0, 0);",
        day = Timestamp::from_millis(NOON).beijing_day().0,
        minute = NOON / 60_000,
    );
    connection.execute_batch(&rows).unwrap();
}

fn send(bill_no: &str, recipient: &str) -> Command {
    let merchant: hongbao_types::MerchantId = "10000098".parse().unwrap();
    let bill = BillKey { merchant: merchant.clone(), family: Family::Packets, bill_no: bill_no.parse().unwrap() };
    let texts = ["s", "w", "a", "r"].map(str::to_owned);
    let [sender_name, greeting, activity, remark] = texts;
    Command::SendPacket(Box::new(SendPacket {
        packet_id: format!("200{}", bill_no.trim_start_matches('B')).parse().unwrap(),
        bill,
        product: Product::Ordinary,
        payer: merchant,
        app: "wx1".parse().unwrap(),
        on_behalf_of: None,
        recipient: Some(recipient.parse().unwrap()),
        total: Fen::new(1000),
        share_count: 1,
        texts: Texts { sender_name, greeting, activity, remark, ..Texts::default() },
        pre_order: None,
    }))
}

#[tokio::test]
async fn a_store_of_the_first_version_keeps_its_books_its_numbers_and_its_limits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hongbao.db");
    write_version_1(&path);
    let info = StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() };
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(NOON)));
    let store = SqliteStore::open_or_create(&path, &info, clock).unwrap();
    let (lane, thread) = Lane::start(&store, Policy::default(), LaneBounds::default()).unwrap();
    let answer = async |command| {
        let outcome = lane.call(command, std::time::Duration::from_mins(1)).await.unwrap();
        let Outcome::Send(outcome) = outcome else { panic!("a send ended as {outcome:?}") };
        outcome
    };

    let SendOutcome::Accepted(again) = answer(send("B1", "o1")).await else { panic!("a replay is accepted") };
    assert_eq!((again.packet.as_str(), again.is_replay), ("100", true));
    assert_eq!(answer(send("B2", "o1")).await, SendOutcome::Declined(Decline::RecipientPacketsPerDay));
    assert!(matches!(answer(send("B3", "o0")).await, SendOutcome::Accepted(_)), "one more may go to him");
    assert_eq!(answer(send("B4", "o0")).await, SendOutcome::Declined(Decline::RecipientPacketsPerDay));
    assert!(matches!(answer(send("B5", "o2")).await, SendOutcome::Accepted(_)), "and to somebody new");
    let report = store.audit().await.unwrap();
    assert!(report.is_clean(), "{:?}", report.differences);
    assert_eq!(report.packets, 8);

    // Nobody's history is missing, nor what only landed.
    let person = |openid: &str| PersonId { app: "wx1".parse().unwrap(), openid: openid.parse().unwrap() };
    let ids = |rows: Vec<hongbao_types::PacketId>| rows.iter().map(ToString::to_string).collect::<Vec<_>>();
    let entries = store.wallet_entries(&person("o1"), None, 9).await.unwrap();
    assert_eq!(ids(entries.rows.iter().map(|entry| entry.packet().clone()).collect()), ["103", "101"]);
    for (openid, expected) in [("o1", &["2002", "100", "103", "101"][..]), ("o9", &["102"]), ("o2", &["2005"])] {
        let sent = store.packets_to(&person(openid), None, 9).await.unwrap();
        assert_eq!(ids(sent.rows.into_iter().map(|sent| sent.packet.id).collect()), expected, "{openid}");
    }

    // What this version counted is known after a restart as well.
    lane.stop(thread).await;
    drop(store);
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(NOON)));
    let store = SqliteStore::open_or_create(&path, &info, clock).unwrap();
    let (lane, _) = Lane::start(&store, Policy::default(), LaneBounds::default()).unwrap();
    let again = lane.call(send("B6", "o0"), std::time::Duration::from_mins(1)).await.unwrap();
    assert_eq!(again, Outcome::Send(SendOutcome::Declined(Decline::RecipientPacketsPerDay)));
    let connection = Connection::open(&path).unwrap();
    let twice = "SELECT count(*) FROM (SELECT 1 FROM counter GROUP BY merchant_id, app_id, openid HAVING count(*) > 1)";
    assert_eq!(connection.query_row(twice, [], |row| row.get::<_, i64>(0)), Ok(0));
}

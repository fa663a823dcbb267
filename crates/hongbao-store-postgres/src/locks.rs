//! What is locked for a batch, and where does each row that was found belong? Statements in the order of locks.

use hongbao_engine::ledger::LedgerAccount;
use hongbao_engine::limits::CounterKey;
use hongbao_engine::packet::BillKey;
use hongbao_engine::rows::{ClaimKey, KeySet, Rows, SandboxClock};
use hongbao_store::names;
use tokio_postgres::Row;

use crate::error::Error;
use crate::query::{Again, Columns, Query, columns};
use crate::{TIME, rows, shard};

const PACKET_KEY: [&str; 2] = ["shard", "packet_id"];

/// Every row that `keys` names, as absent.
pub(crate) fn absent(keys: &KeySet) -> Rows {
    let mut rows = Rows::default();
    if keys.clock {
        rows.clock.load((), None);
    }
    keys.merchants.iter().for_each(|id| rows.merchants.load(id.clone(), None));
    keys.apps.iter().for_each(|id| rows.apps.load(id.clone(), None));
    keys.people.iter().for_each(|id| rows.people.load(id.clone(), None));
    keys.lotteries.iter().for_each(|id| rows.lotteries.load(id.clone(), None));
    keys.bills.iter().for_each(|key| rows.load_bill(key.clone(), None));
    keys.packets.iter().for_each(|id| rows.load_packet(id.clone(), None));
    keys.claims.iter().for_each(|key| rows.claims.load(key.clone(), None));
    keys.bindings.iter().for_each(|key| rows.bindings.load(key.clone(), None));
    keys.accounts.iter().for_each(|key| rows.accounts.load(key.clone(), None));
    keys.counters.iter().for_each(|key| rows.counters.load(key.clone(), None));
    keys.transfers.iter().for_each(|key| rows.transfers.load(key.clone(), None));
    keys.codes.iter().for_each(|key| rows.codes.load(*key, None));
    keys.withdrawals.iter().for_each(|key| rows.withdrawals.load(key.clone(), None));
    rows
}

/// Where a row that was found belongs.
pub(crate) type Fill = fn(&mut Rows, &Row) -> Result<(), Error>;

/// Statements that lock rows, each with where its rows belong.
struct Locks<'a>(Vec<(Query<'a>, Fill)>);

impl<'a> Locks<'a> {
    fn add(&mut self, columns: Columns<'a>, table: &str, order: &[&str], fill: Fill) {
        if !columns.is_empty() {
            self.0.push((columns.lock(table, order), fill));
        }
    }

    /// The same, or, if they are only read, without locks.
    fn add_or_read(&mut self, is_read: bool, columns: Columns<'a>, table: &str, order: &[&str], fill: Fill) {
        if is_read && !columns.is_empty() {
            self.0.push((columns.read(table), fill));
        } else {
            self.add(columns, table, order, fill);
        }
    }
}

/// What locks every row that `keys` names, in the order of locks, and at last tells the time.
pub(crate) fn locks(keys: &KeySet) -> Vec<(Query<'_>, Fill)> {
    let mut locks = Locks(Vec::new());
    if keys.clock {
        let clock = Query::new("SELECT offset_ms FROM sandbox_clock WHERE one = 1 FOR UPDATE", Vec::new());
        locks.0.push((clock, |rows, row| {
            rows.clock.load((), Some(SandboxClock { offset_ms: rows::get(row, "offset_ms")? }));
            Ok(())
        }));
    }
    let merchants = columns!(&keys.merchants; "merchant_id": |id| id.as_str());
    locks.add(merchants, "merchant", &["merchant_id"], |rows, row| {
        let merchant = rows::merchant(row)?;
        rows.merchants.load(merchant.id.clone(), Some(merchant));
        Ok(())
    });
    let apps = columns!(&keys.apps; "app_id": |id| id.as_str());
    let is_read = !keys.writes_apps_or_people;
    locks.add_or_read(is_read, apps, "app", &["app_id"], |rows, row| {
        let app = rows::app(row)?;
        rows.apps.load(app.id.clone(), Some(app));
        Ok(())
    });
    let people = columns!(&keys.people; "app_id": |id| id.app.as_str(), "openid": |id| id.openid.as_str());
    locks.add_or_read(is_read, people, "person", &["app_id", "openid"], |rows, row| {
        let person = rows::person(row)?;
        rows.people.load(person.id.clone(), Some(person));
        Ok(())
    });
    let lotteries = columns!(&keys.lotteries; "lottery_id": |id| id.as_str());
    locks.add(lotteries, "lottery", &["lottery_id"], |rows, row| {
        let lottery = rows::lottery(row)?;
        rows.lotteries.load(lottery.id.clone(), Some(lottery));
        Ok(())
    });
    // One table: were its rows locked by two statements, two batches could wait for each other.
    let packet: Fill = |rows, row| {
        let packet = rows::packet(row)?;
        rows.load_packet(packet.id.clone(), Some(packet.clone()));
        rows.load_bill(packet.bill.clone(), Some(packet));
        Ok(())
    };
    let bills = bill_columns(keys.bills.iter());
    let packets = columns!(&keys.packets; "shard": |id| shard::of_packet(id), "packet_id": |id| id.as_str());
    if bills.is_empty() {
        locks.add(packets, "packet", &PACKET_KEY, packet);
    } else if packets.is_empty() {
        locks.add(bills, "packet", &PACKET_KEY, packet);
    } else {
        locks.0.push((bills.lock_with(packets, "packet", &PACKET_KEY), packet));
    }
    lock_claims(&mut locks, keys);
    let accounts = account_key_columns(keys.accounts.iter());
    locks.add(accounts, "account", &["shard", "person", "owner", "kind"], |rows, row| {
        let (id, account) = rows::account(row)?;
        rows.accounts.load(id, Some(account));
        Ok(())
    });
    let counters = counter_key_columns(keys.counters.iter());
    locks.add(counters, "counter", &["shard", "openid", "app_id", "merchant_id", "family"], |rows, row| {
        let (key, counter) = rows::counter(row)?;
        rows.counters.load(key, Some(counter));
        Ok(())
    });
    let transfers = columns!(&keys.transfers;
        "shard": |key| shard::of_transfer(key),
        "kind": |key| names::transfer_kind_name(key.kind),
        "reference": |key| key.reference.as_str(),
    );
    locks.add(transfers, "transfer", &["shard", "kind", "reference"], |rows, row| {
        let transfer = rows::transfer(row)?;
        rows.transfers.load(transfer.key.clone(), Some(transfer));
        Ok(())
    });
    let codes = columns!(&keys.codes;
        "shard": |key| shard::of_code(key),
        "issued_at": |key| key.issued_at.as_millis(),
        "nonce": |key| &key.nonce[..],
    );
    locks.add(codes, "redeemed_code", &["shard", "issued_at", "nonce"], |rows, row| {
        let code = rows::code(row)?;
        rows.codes.load(code.key, Some(code));
        Ok(())
    });
    let withdrawals = columns!(&keys.withdrawals;
        "shard": |key| shard::of_withdrawal(key),
        "app_id": |key| key.app.as_str(),
        "reference": |key| key.reference.as_str(),
    );
    locks.add(withdrawals, "withdrawal", &["shard", "app_id", "reference"], |rows, row| {
        let withdrawal = rows::withdrawal(row)?;
        rows.withdrawals.load(withdrawal.key.clone(), Some(withdrawal));
        Ok(())
    });
    let time = format!("SELECT {TIME}, version, oldest FROM sandbox_clock, schema_version, oldest_version");
    locks.0.push((Query::new(time, Vec::new()), |_, _| Ok(())));
    locks.0
}

fn lock_claims<'a>(locks: &mut Locks<'a>, keys: &'a KeySet) {
    let claims = columns!(&keys.claims;
        "shard": |key| shard::of_packet(&key.packet),
        "packet_id": |key| key.packet.as_str(),
        "openid": |key| key.openid.as_str(),
    );
    locks.add(claims, "claim", &["shard", "packet_id", "openid"], |rows, row| {
        let claim = rows::claim(row)?;
        let key = ClaimKey { packet: claim.packet.clone(), openid: claim.openid.clone() };
        rows.claims.load(key, Some(claim));
        Ok(())
    });
    let bindings =
        columns!(&keys.bindings; "lottery_id": |key| key.lottery.as_str(), "openid": |key| key.openid.as_str());
    locks.add(bindings, "binding", &["lottery_id", "openid"], |rows, row| {
        let binding = rows::binding(row)?;
        rows.bindings.load(binding.key.clone(), Some(binding));
        Ok(())
    });
}

/// By which a packet's bill number is found.
fn bill_columns<'a>(keys: impl ExactSizeIterator<Item = &'a BillKey> + Clone) -> Columns<'a> {
    columns!(Again(keys);
        "shard": |key| shard::of_bill(key),
        "bill_no": |key| key.bill_no.as_str(),
        "merchant_id": |key| key.merchant.as_str(),
        "family": |key| names::family_name(key.family),
    )
}

pub(crate) fn account_key_columns<'a>(keys: impl ExactSizeIterator<Item = &'a LedgerAccount> + Clone) -> Columns<'a> {
    columns!(Again(keys);
        "shard": |id| shard::of_account(id),
        "kind": |id| names::account_key(id)[0],
        "owner": |id| names::account_key(id)[1],
        "person": |id| names::account_key(id)[2],
    )
}

pub(crate) fn counter_key_columns<'a>(keys: impl ExactSizeIterator<Item = &'a CounterKey> + Clone) -> Columns<'a> {
    columns!(Again(keys);
        "shard": |key| shard::of_counter(key),
        "app_id": |key| names::counter_key(key)[1],
        "openid": |key| names::counter_key(key)[2],
        "merchant_id": |key| names::counter_key(key)[0],
        "family": |key| names::counter_key(key)[3],
    )
}

#[cfg(test)]
mod tests {
    use hongbao_engine::code::CodeKey;
    use hongbao_engine::directory::PersonId;
    use hongbao_engine::ledger::{TransferKey, TransferKind};
    use hongbao_engine::lottery::BindingKey;
    use hongbao_engine::packet::Family;
    use hongbao_engine::wallet::WithdrawalKey;
    use hongbao_store::{Currency, StoreInfo, StoreKind};
    use hongbao_types::{AppId, MerchantId, OpenId, PacketId, Timestamp};

    use super::*;
    use crate::session::Role;
    use crate::{OpenOptions, PostgresStore, rig};

    fn one_of_each() -> KeySet {
        let (merchant, app): (MerchantId, AppId) = ("10000098".parse().unwrap(), "wx8888888888888888".parse().unwrap());
        let openid: OpenId = "oPerson".parse().unwrap();
        let (packet, lottery): (PacketId, _) = ("1000".parse().unwrap(), "1".parse().unwrap());
        let person = PersonId { app: app.clone(), openid: openid.clone() };
        let bill = BillKey { merchant: merchant.clone(), family: Family::Packets, bill_no: "B1".parse().unwrap() };
        let counter = CounterKey::Recipient(merchant.clone(), Family::Packets, app.clone(), openid.clone());
        KeySet {
            clock: true,
            merchants: [merchant].into(),
            apps: [app.clone()].into(),
            people: [person].into(),
            writes_apps_or_people: true,
            lotteries: [lottery].into(),
            bills: [bill].into(),
            packets: [packet.clone()].into(),
            claims: [ClaimKey { packet, openid: openid.clone() }].into(),
            bindings: [BindingKey { lottery: "1".parse().unwrap(), openid }].into(),
            accounts: [LedgerAccount::Settlement].into(),
            counters: [counter].into(),
            transfers: [TransferKey { kind: TransferKind::TopUp, reference: "T1".parse().unwrap() }].into(),
            codes: [CodeKey { issued_at: Timestamp::default(), nonce: Default::default() }].into(),
            withdrawals: [WithdrawalKey { app, reference: "W1".parse().unwrap() }].into(),
        }
    }

    /// How each table is looked into, by a writer that knows nothing of the values.
    async fn searches(session: &crate::session::Session, query: &Query<'_>) -> Vec<String> {
        let nulls = vec!["NULL"; query.params.len()].join(", ");
        let values = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
        session.batch(&format!("PREPARE tried AS {}", query.sql)).await.unwrap();
        let plan = session.texts(&format!("EXPLAIN (COSTS OFF) EXECUTE tried{values}")).await.unwrap();
        session.batch("DEALLOCATE tried").await.unwrap();
        plan
    }

    /// Else a batch would read all claims of a packet that everybody wants, and be slower with each that was opened.
    #[tokio::test]
    async fn rows_are_found_by_their_whole_keys_whatever_is_known_of_the_tables() {
        let url = rig::shared().database();
        let info = StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() };
        let store = PostgresStore::open_or_create(&url, &info, OpenOptions::default()).await.unwrap();
        let session = store.target().connect(Role::Writer).await.unwrap();
        let keys = one_of_each();
        // As many claims as packets: nothing tells that one of them will have ten thousand.
        let fill = "INSERT INTO claim SELECT n % 64, CAST(n AS text), CAST(n AS text), 'a', 0, 1, 0, NULL
                 FROM generate_series(1, 5000) AS n;
             INSERT INTO packet (shard, packet_id, merchant_id, family, bill_no, product, payer_id, app_id, recipient, split,
                 total_fen, share_count, sender_name, greeting, activity, remark, state, created_at, sent_at, deadline,
                 claimed_fen, claimed_count, refunded_fen, stamp)
             SELECT n % 64, CAST(n AS text), '1', 'p', CAST(n AS text), '', '1', '', '', '',
                 1, 1, '', '', '', '', '', 0, 0, 0, 0, 0, 0, 0 FROM generate_series(1, 5000) AS n";
        for prepare in [fill, "ANALYZE"] {
            session.batch(prepare).await.unwrap();
            for (query, _) in locks(&keys) {
                // The others have one key, and so one way.
                if ["packet AS t", "claim AS t"].iter().all(|table| !query.sql.contains(table)) {
                    continue;
                }
                let plan = searches(&session, &query).await.join("\n");
                assert!(!plan.contains("Filter") && !plan.contains("Seq Scan on claim"), "{}:\n{plan}", query.sql);
                assert!(!query.sql.contains("JOIN claim") || plan.contains("openid = (n.openid)"), "{plan}");
            }
        }
    }
}

//! In which shard of the tables is a row? It follows from the row's key alone. Whoever changes how must move the rows that
//! are there (`migrations/0005_shards.sql` did), and raise the oldest version that may go on.

use hongbao_engine::code::CodeKey;
use hongbao_engine::ledger::{LedgerAccount, TransferKey};
use hongbao_engine::limits::CounterKey;
use hongbao_engine::packet::{BillKey, shard_of};
use hongbao_engine::wallet::WithdrawalKey;
use hongbao_store::names;
use hongbao_types::{AppId, OpenId, PacketId};

/// How many there are, but for codes. Fewer than the engine's: a batch of new rows touches as many places of each index as
/// there are shards, and each of these is written whole to the log once after a checkpoint. Enough to spread over machines.
const SHARDS: u16 = 64;
/// Codes are in few shards: those that are over are looked for in each.
pub(crate) const CODE_SHARDS: i16 = 16;

/// All of them, from `first` on and around, only those from the one of `after` on.
pub(crate) fn in_turn(first: u16, after: Option<&PacketId>) -> Vec<i16> {
    let count = SHARDS.cast_signed();
    let first = column(first);
    let done = after.map_or(0, |packet| (of_packet(packet) - first).rem_euclid(count));
    (done..count).map(|place| (first + place) % count).collect()
}

fn column(shard: u16) -> i16 {
    (shard % SHARDS).cast_signed()
}

/// A packet's, its due work's and its claims': it follows from what its id ends with.
pub(crate) fn of_packet(id: &PacketId) -> i16 {
    column(id.shard())
}

/// The same, for statements.
pub(crate) fn of_packet_sql(id: &str) -> String {
    format!("CAST(CAST(right({id}, 3) AS integer) % {SHARDS} AS smallint)")
}

/// The same, of its bill number.
pub(crate) fn of_bill(key: &BillKey) -> i16 {
    column(key.shard())
}

pub(crate) fn of_account(id: &LedgerAccount) -> i16 {
    column(shard_of(names::account_key(id)))
}

/// A person's, whoever sent to them; else the merchant's.
pub(crate) fn of_counter(key: &CounterKey) -> i16 {
    match key {
        CounterKey::Merchant(merchant, family) => column(shard_of([merchant.as_str(), names::family_name(*family)])),
        CounterKey::Recipient(_, _, app, openid) => of_person(app, openid),
    }
}

/// Where a person's counters are.
pub(crate) fn of_person(app: &AppId, openid: &OpenId) -> i16 {
    column(shard_of([app.as_str(), openid.as_str()]))
}

pub(crate) fn of_transfer(key: &TransferKey) -> i16 {
    column(shard_of([names::transfer_kind_name(key.kind), key.reference.as_str()]))
}

pub(crate) fn of_withdrawal(key: &WithdrawalKey) -> i16 {
    column(shard_of([key.app.as_str(), key.reference.as_str()]))
}

pub(crate) fn of_code(key: &CodeKey) -> i16 {
    i16::from(key.nonce[0]) % CODE_SHARDS
}

//! What is asked for outside a batch? One query for each kind of row, by its whole key.

use hongbao_engine::directory::PersonId;
use hongbao_engine::ledger::{Account, LedgerAccount};
use hongbao_engine::packet::BillKey;
use hongbao_engine::rows::ClaimKey;
use hongbao_engine::wallet::{Wallet, WithdrawalKey};
use hongbao_store::{ClaimRange, StoreError, names};
use hongbao_types::PacketId;
use tokio_postgres::Row;

use crate::error::Error;
use crate::pool::View;
use crate::query::{Param, Query};
use crate::{rows, shard};

macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$( Box::new($value) as $crate::query::Param<'_> ),*] };
}
pub(crate) use params;

/// The one row that was found.
pub(crate) fn first<T>(found: &[Row], read: impl Fn(&Row) -> rows::Result<T>) -> Result<Option<T>, StoreError> {
    found.first().map(read).transpose().map_err(Error::of_read)
}

/// All rows that were found.
pub(crate) fn all<T>(found: &[Row], read: impl Fn(&Row) -> rows::Result<T>) -> Result<Vec<T>, StoreError> {
    found.iter().map(read).collect::<rows::Result<_>>().map_err(Error::of_read)
}

/// How many rows at most, as SQL takes it.
pub(crate) fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

const BY_ID: &str = "p.shard = $1 AND p.packet_id = $2";
const BY_BILL: &str = "p.shard = $1 AND p.bill_no = $2 AND p.merchant_id = $3 AND p.family = $4";

/// By which a packet is found.
#[derive(Clone, Copy)]
pub(crate) enum PacketKey<'a> {
    Id(&'a PacketId),
    Bill(&'a BillKey),
}

impl<'a> PacketKey<'a> {
    fn condition(self) -> &'static str {
        match self {
            PacketKey::Id(_) => BY_ID,
            PacketKey::Bill(_) => BY_BILL,
        }
    }

    fn params(self) -> Vec<Param<'a>> {
        match self {
            PacketKey::Id(id) => params![shard::of_packet(id), id.as_str()],
            PacketKey::Bill(key) => params![
                shard::of_bill(key),
                key.bill_no.as_str(),
                key.merchant.as_str(),
                names::family_name(key.family),
            ],
        }
    }
}

/// A packet.
pub(crate) fn packet(key: PacketKey<'_>) -> Query<'_> {
    Query::new(format!("SELECT p.* FROM packet AS p WHERE {}", key.condition()), key.params())
}

/// Those of its claims, newest first.
pub(crate) fn claims(key: PacketKey<'_>, range: ClaimRange) -> Query<'_> {
    let mut params = key.params();
    let next = params.len() + 1;
    let sql = format!(
        "SELECT c.* FROM packet AS p JOIN claim AS c ON c.shard = p.shard AND c.packet_id || '#' = p.packet_id || '#'
         WHERE {} AND c.share_index < ${next} ORDER BY c.share_index DESC LIMIT ${}",
        key.condition(),
        next + 1
    );
    params.push(Box::new(i64::from(range.before)));
    params.push(Box::new(i64::from(range.limit)));
    Query::new(sql, params)
}

/// A claim.
pub(crate) fn claim(key: &ClaimKey) -> Query<'_> {
    let sql = "SELECT * FROM claim WHERE shard = $1 AND packet_id = $2 AND openid = $3";
    Query::new(sql, params![shard::of_packet(&key.packet), key.packet.as_str(), key.openid.as_str()])
}

/// An account.
pub(crate) fn account(id: &LedgerAccount) -> Query<'_> {
    let [kind, owner, person] = names::account_key(id);
    let sql = "SELECT * FROM account WHERE shard = $1 AND kind = $2 AND owner = $3 AND person = $4";
    Query::new(sql, params![shard::of_account(id), kind, owner, person])
}

/// The account that was found; one that has no row yet is empty.
pub(crate) fn found_account(found: &[Row]) -> Result<Account, StoreError> {
    Ok(first(found, rows::account)?.map(|(_, account)| account).unwrap_or_default())
}

/// What is in a person's wallet.
pub(crate) async fn wallet(view: &mut View<'_>, person: &PersonId) -> Result<Wallet, StoreError> {
    let id = LedgerAccount::RecipientWallet(person.app.clone(), person.openid.clone());
    let found = view.rows(&[account(&id)]).await?;
    Ok(found_account(&found[0])?.wallet)
}

/// A withdrawal.
pub(crate) fn withdrawal(key: &WithdrawalKey) -> Query<'_> {
    let sql = "SELECT * FROM withdrawal WHERE shard = $1 AND app_id = $2 AND reference = $3";
    Query::new(sql, params![shard::of_withdrawal(key), key.app.as_str(), key.reference.as_str()])
}

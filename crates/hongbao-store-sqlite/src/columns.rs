//! How is a value read from a column? What values are called there, `hongbao_store::names` says.

use hongbao_engine::directory::Validity;
use hongbao_engine::ledger::LedgerAccount;
use hongbao_engine::limits::CounterKey;
use hongbao_engine::packet::{PacketState, Split};
use hongbao_engine::wallet::{Settled, WithdrawalState};
use hongbao_store::names;
use hongbao_types::{Fen, OpenId, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};

/// What a column says makes no sense.
pub(crate) fn nonsense(column: &str, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let why: Box<dyn std::error::Error + Send + Sync> = why.into();
    Error::FromSqlConversionFailure(0, Type::Text, format!("column {column}: {why}").into())
}

/// A column that holds the text of a type.
pub(crate) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(row: &Row<'_>, column: &str) -> Result<T> {
    parse(row.get_ref(column)?.as_str()?, column)
}

/// The text of a type, found in this column.
pub(crate) fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str, column: &str) -> Result<T> {
    text.parse().map_err(|error: T::Err| nonsense(column, error.to_string()))
}

/// A column that holds an amount.
pub(crate) fn fen(row: &Row<'_>, column: &str) -> Result<Fen> {
    Fen::try_new(row.get(column)?).map_err(|error| nonsense(column, error))
}

/// A column that holds a point in time.
pub(crate) fn time(row: &Row<'_>, column: &str) -> Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

/// The columns `valid_from` and `valid_until`.
pub(crate) fn validity(row: &Row<'_>) -> Result<Validity> {
    let until = row.get::<_, Option<i64>>("valid_until")?.map(Timestamp::from_millis);
    Ok(Validity { from: time(row, "valid_from")?, until })
}

/// A column that holds a name, by what the name means.
pub(crate) fn named<T>(row: &Row<'_>, column: &str, meaning: impl Fn(&str) -> Option<T>) -> Result<T> {
    let name = row.get_ref(column)?.as_str()?;
    meaning(name).ok_or_else(|| nonsense(column, name))
}

/// How a packet's shares are made.
pub(crate) fn split(row: &Row<'_>) -> Result<Split> {
    let key = row.get("draw_key")?;
    named(row, "split", |name| names::split(name, key))
}

/// A packet's state.
pub(crate) fn state(row: &Row<'_>) -> Result<PacketState> {
    let decline = row.get_ref("decline")?.as_str_or_null()?;
    named(row, "state", |name| names::state(name, decline))
}

/// A withdrawal's state.
pub(crate) fn withdrawal_state(row: &Row<'_>) -> Result<WithdrawalState> {
    let settled = match row.get_ref("operator_reference")?.as_str_or_null()? {
        Some(reference) => {
            Some(Settled { reference: parse(reference, "operator_reference")?, at: time(row, "settled_at")? })
        }
        None => None,
    };
    named(row, "state", |name| names::withdrawal_state(name, settled.clone()))
}

/// An account's key.
pub(crate) fn account(row: &Row<'_>) -> Result<LedgerAccount> {
    let (owner, person) = (row.get_ref("owner")?.as_str()?, row.get_ref("person")?.as_str()?);
    named(row, "kind", |kind| names::account(kind, owner, person))
}

/// A counter's key.
pub(crate) fn counter(row: &Row<'_>) -> Result<CounterKey> {
    let (merchant, family) = (parsed(row, "merchant_id")?, named(row, "family", names::family)?);
    Ok(match row.get_ref("openid")?.as_str()? {
        "" => CounterKey::Merchant(merchant, family),
        openid => CounterKey::Recipient(merchant, family, parsed(row, "app_id")?, parse::<OpenId>(openid, "openid")?),
    })
}

//! How is a value written in a column? Names for enums, and back; one place for both directions.

use hongbao_engine::directory::{AppKind, Scope, SignAlgorithm, Validity};
use hongbao_engine::draw::DrawRule;
use hongbao_engine::ledger::{LedgerAccount, TransferKind};
use hongbao_engine::limits::CounterKey;
use hongbao_engine::lottery::RiskControl;
use hongbao_engine::packet::Decline;
use hongbao_engine::packet::{Family, PacketState, Product, Split};
use hongbao_engine::wallet::{Settled, WithdrawalState};
use hongbao_store::StoreKind;
use hongbao_types::{AppId, Fen, Generation, MerchantId, Mode, OpenId, Timestamp};
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

macro_rules! named {
    ($($name:ident, $from:ident: $type:ty { $($value:pat => $text:literal = $make:expr),* $(,)? })*) => { $(
        pub(crate) fn $name(value: $type) -> &'static str {
            match value { $($value => $text),* }
        }
        pub(crate) fn $from(text: &str) -> Result<$type> {
            match text { $($text => Ok($make),)* other => Err(nonsense(stringify!($type), other)) }
        }
    )* };
}

named! {
    store_kind_name, store_kind: StoreKind {
        StoreKind::Sandbox => "sandbox" = StoreKind::Sandbox,
        StoreKind::Live => "live" = StoreKind::Live,
    }
    mode_name, mode: Mode {
        Mode::Compatible => "compatible" = Mode::Compatible,
        Mode::Strict => "strict" = Mode::Strict,
    }
    algorithm_name, algorithm: SignAlgorithm {
        SignAlgorithm::Md5 => "MD5" = SignAlgorithm::Md5,
        SignAlgorithm::HmacSha256 => "HMAC-SHA256" = SignAlgorithm::HmacSha256,
    }
    family_name, family: Family {
        Family::Packets => "packets" = Family::Packets,
        Family::Transfers => "transfers" = Family::Transfers,
    }
    transfer_kind_name, transfer_kind: TransferKind {
        TransferKind::TopUp => "top_up" = TransferKind::TopUp,
    }
}

/// A product, by its name.
pub(crate) fn product(name: &str) -> Result<Product> {
    Product::from_name(name).ok_or_else(|| nonsense("product", name))
}

/// A kind of app, by its name.
pub(crate) fn app_kind(name: &str) -> Result<AppKind> {
    AppKind::from_name(name).ok_or_else(|| nonsense("kind", name))
}

/// What a credential permits, by names with blanks between them.
pub(crate) fn scopes(names: &str) -> Result<Vec<Scope>> {
    let scope = |name| Scope::from_name(name).ok_or_else(|| nonsense("scopes", name));
    names.split_whitespace().map(scope).collect()
}

/// A generation, by its name.
pub(crate) fn generation(name: &str) -> Result<Generation> {
    Generation::from_name(name).ok_or_else(|| nonsense("generation", name))
}

/// How a packet's shares are made, and the draw key's number.
pub(crate) fn split_names(split: Split) -> (&'static str, Option<u32>) {
    match split {
        Split::Whole => ("whole", None),
        Split::Drawn { rule, key } => (rule.name(), Some(key)),
    }
}

/// And back.
pub(crate) fn split(row: &Row<'_>) -> Result<Split> {
    match row.get_ref("split")?.as_str()? {
        "whole" => Ok(Split::Whole),
        name => Ok(Split::Drawn { rule: draw_rule(name)?, key: row.get("draw_key")? }),
    }
}

/// A rule of drawing, by its name.
pub(crate) fn draw_rule(name: &str) -> Result<DrawRule> {
    DrawRule::from_name(name).ok_or_else(|| nonsense("draw_rule", name))
}

/// Which limits of a person count, by its name.
pub(crate) fn risk_control(name: &str) -> Result<RiskControl> {
    RiskControl::from_name(name).ok_or_else(|| nonsense("risk_control", name))
}

/// A packet's state and the reason it landed.
pub(crate) fn state_names(state: PacketState) -> (&'static str, Option<&'static str>) {
    match state {
        PacketState::Landed(decline) => ("landed", Some(decline.name())),
        PacketState::Open => ("open", None),
        PacketState::Exhausted => ("exhausted", None),
        PacketState::Refunded => ("refunded", None),
        PacketState::Failed(decline) => ("failed", Some(decline.name())),
    }
}

/// And back.
pub(crate) fn state(row: &Row<'_>) -> Result<PacketState> {
    let decline = row.get_ref("decline")?.as_str_or_null()?.and_then(Decline::from_name);
    match (row.get_ref("state")?.as_str()?, decline) {
        ("landed", Some(decline)) => Ok(PacketState::Landed(decline)),
        ("open", None) => Ok(PacketState::Open),
        ("exhausted", None) => Ok(PacketState::Exhausted),
        ("refunded", None) => Ok(PacketState::Refunded),
        ("failed", Some(decline)) => Ok(PacketState::Failed(decline)),
        (other, _) => Err(nonsense("state", other)),
    }
}

/// A withdrawal's state, and how it was settled.
pub(crate) fn withdrawal_state_names(state: &WithdrawalState) -> (&'static str, Option<&Settled>) {
    match state {
        WithdrawalState::Held => ("held", None),
        WithdrawalState::Confirmed(settled) => ("confirmed", Some(settled)),
        WithdrawalState::Cancelled(settled) => ("cancelled", Some(settled)),
    }
}

/// And back.
pub(crate) fn withdrawal_state(row: &Row<'_>) -> Result<WithdrawalState> {
    let settled = || Ok(Settled { reference: parsed(row, "operator_reference")?, at: time(row, "settled_at")? });
    match row.get_ref("state")?.as_str()? {
        "held" => Ok(WithdrawalState::Held),
        "confirmed" => settled().map(WithdrawalState::Confirmed),
        "cancelled" => settled().map(WithdrawalState::Cancelled),
        other => Err(nonsense("state", other)),
    }
}

/// An account's key: kind, owner, person.
pub(crate) fn account_key(account: &LedgerAccount) -> (&'static str, &str, &str) {
    match account {
        LedgerAccount::Settlement => ("settlement", "", ""),
        LedgerAccount::MerchantFunds(merchant) => ("merchant_funds", merchant.as_str(), ""),
        LedgerAccount::PacketEscrow(packet) => ("packet_escrow", packet.as_str(), ""),
        LedgerAccount::RecipientWallet(app, openid) => ("recipient_wallet", app.as_str(), openid.as_str()),
        LedgerAccount::WithdrawalHold(key) => ("withdrawal_hold", key.app.as_str(), key.reference.as_str()),
    }
}

/// And back.
pub(crate) fn account(row: &Row<'_>) -> Result<LedgerAccount> {
    match row.get_ref("kind")?.as_str()? {
        "settlement" => Ok(LedgerAccount::Settlement),
        "merchant_funds" => Ok(LedgerAccount::MerchantFunds(parsed::<MerchantId>(row, "owner")?)),
        "packet_escrow" => Ok(LedgerAccount::PacketEscrow(parsed(row, "owner")?)),
        "recipient_wallet" => {
            Ok(LedgerAccount::RecipientWallet(parsed::<AppId>(row, "owner")?, parsed::<OpenId>(row, "person")?))
        }
        other => Err(nonsense("kind", other)),
    }
}

/// A counter's key: merchant, app, openid, family.
pub(crate) fn counter_key(key: &CounterKey) -> [&str; 4] {
    match key {
        CounterKey::Merchant(merchant, family) => [merchant.as_str(), "", "", family_name(*family)],
        CounterKey::Recipient(merchant, family, app, openid) => {
            [merchant.as_str(), app.as_str(), openid.as_str(), family_name(*family)]
        }
    }
}

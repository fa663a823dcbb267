//! How is a value called in a column? Names for enums and keys, and back; one place for both directions and for every
//! store that writes columns.

use hongbao_engine::directory::{Scope, SignAlgorithm};
use hongbao_engine::draw::DrawRule;
use hongbao_engine::ledger::{LedgerAccount, TransferKind};
use hongbao_engine::limits::CounterKey;
use hongbao_engine::packet::{Decline, Family, PacketState, Split};
use hongbao_engine::wallet::{Settled, WithdrawalState};
use hongbao_types::{AppId, MerchantId, Mode, OpenId};

use crate::{StoreInfo, StoreKind};

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident, $from:ident: $type:ty { $($value:pat => $text:literal = $make:expr),* $(,)? })*) => { $(
        $(#[$doc])*
        pub fn $name(value: $type) -> &'static str {
            match value { $($value => $text),* }
        }
        /// And back.
        pub fn $from(text: &str) -> Option<$type> {
            match text { $($text => Some($make),)* _ => None }
        }
    )* };
}

named! {
    /// Sandbox or live.
    store_kind_name, store_kind: StoreKind {
        StoreKind::Sandbox => "sandbox" = StoreKind::Sandbox,
        StoreKind::Live => "live" = StoreKind::Live,
    }
    /// How strict a merchant wants the platform to be.
    mode_name, mode: Mode {
        Mode::Compatible => "compatible" = Mode::Compatible,
        Mode::Strict => "strict" = Mode::Strict,
    }
    /// The one algorithm that a merchant signs with.
    algorithm_name, algorithm: SignAlgorithm {
        SignAlgorithm::Md5 => "MD5" = SignAlgorithm::Md5,
        SignAlgorithm::HmacSha256 => "HMAC-SHA256" = SignAlgorithm::HmacSha256,
    }
    /// What a bill number is unique in.
    family_name, family: Family {
        Family::Packets => "packets" = Family::Packets,
        Family::Transfers => "transfers" = Family::Transfers,
    }
    /// A movement without a bill number.
    transfer_kind_name, transfer_kind: TransferKind {
        TransferKind::TopUp => "top_up" = TransferKind::TopUp,
    }
}

/// What a credential permits: names with blanks between them.
pub fn scope_names(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ")
}

/// And back.
pub fn scopes(names: &str) -> Option<Vec<Scope>> {
    names.split_whitespace().map(Scope::from_name).collect()
}

/// How a packet's shares are made, and the draw key's number.
pub fn split_names(split: Split) -> (&'static str, Option<u32>) {
    match split {
        Split::Whole => ("whole", None),
        Split::Drawn { rule, key } => (rule.name(), Some(key)),
    }
}

/// And back.
pub fn split(name: &str, draw_key: Option<u32>) -> Option<Split> {
    match (name, draw_key) {
        ("whole", _) => Some(Split::Whole),
        (name, Some(key)) => Some(Split::Drawn { rule: DrawRule::from_name(name)?, key }),
        (_, None) => None,
    }
}

/// A packet's state and the reason it landed.
pub fn state_names(state: PacketState) -> (&'static str, Option<&'static str>) {
    match state {
        PacketState::Landed(decline) => ("landed", Some(decline.name())),
        PacketState::Open => ("open", None),
        PacketState::Exhausted => ("exhausted", None),
        PacketState::Refunded => ("refunded", None),
        PacketState::Failed(decline) => ("failed", Some(decline.name())),
    }
}

/// And back.
pub fn state(name: &str, decline: Option<&str>) -> Option<PacketState> {
    match (name, decline.and_then(Decline::from_name)) {
        ("landed", Some(decline)) => Some(PacketState::Landed(decline)),
        ("open", None) => Some(PacketState::Open),
        ("exhausted", None) => Some(PacketState::Exhausted),
        ("refunded", None) => Some(PacketState::Refunded),
        ("failed", Some(decline)) => Some(PacketState::Failed(decline)),
        _ => None,
    }
}

/// A withdrawal's state, and how it was settled.
pub fn withdrawal_state_names(state: &WithdrawalState) -> (&'static str, Option<&Settled>) {
    match state {
        WithdrawalState::Held => ("held", None),
        WithdrawalState::Confirmed(settled) => ("confirmed", Some(settled)),
        WithdrawalState::Cancelled(settled) => ("cancelled", Some(settled)),
    }
}

/// And back.
pub fn withdrawal_state(name: &str, settled: Option<Settled>) -> Option<WithdrawalState> {
    match (name, settled) {
        ("held", None) => Some(WithdrawalState::Held),
        ("confirmed", Some(settled)) => Some(WithdrawalState::Confirmed(settled)),
        ("cancelled", Some(settled)) => Some(WithdrawalState::Cancelled(settled)),
        _ => None,
    }
}

/// An account's key: kind, owner, person.
pub fn account_key(account: &LedgerAccount) -> [&str; 3] {
    match account {
        LedgerAccount::Settlement => ["settlement", "", ""],
        LedgerAccount::MerchantFunds(merchant) => ["merchant_funds", merchant.as_str(), ""],
        LedgerAccount::PacketEscrow(packet) => ["packet_escrow", packet.as_str(), ""],
        LedgerAccount::RecipientWallet(app, openid) => ["recipient_wallet", app.as_str(), openid.as_str()],
        LedgerAccount::WithdrawalHold(key) => ["withdrawal_hold", key.app.as_str(), key.reference.as_str()],
    }
}

/// And back, of those that have rows.
pub fn account(kind: &str, owner: &str, person: &str) -> Option<LedgerAccount> {
    match kind {
        "settlement" => Some(LedgerAccount::Settlement),
        "merchant_funds" => MerchantId::try_new(owner).ok().map(LedgerAccount::MerchantFunds),
        "recipient_wallet" => {
            let (app, openid) = (AppId::try_new(owner).ok()?, OpenId::try_new(person).ok()?);
            Some(LedgerAccount::RecipientWallet(app, openid))
        }
        _ => None,
    }
}

/// A counter's key: merchant, app, openid, family.
pub fn counter_key(key: &CounterKey) -> [&str; 4] {
    match key {
        CounterKey::Merchant(merchant, family) => [merchant.as_str(), "", "", family_name(*family)],
        CounterKey::Recipient(merchant, family, app, openid) => {
            [merchant.as_str(), app.as_str(), openid.as_str(), family_name(*family)]
        }
    }
}

/// What a store is, for a person who asked for another.
pub fn describe(info: &StoreInfo) -> String {
    format!("{}, {} with {} digits", store_kind_name(info.kind), info.currency.code, info.currency.minor_digits)
}

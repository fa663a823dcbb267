//! How does a row become a value, and what of a value is a list in its row? What values are called in columns,
//! `hongbao_store::names` says.

use hongbao_engine::code::{CodeKey, RedeemedCode};
use hongbao_engine::directory::{
    App, AppKey, AppKind, Credential, Merchant, MerchantCertificate, MerchantKey, Person, PersonId, Validity,
};
use hongbao_engine::draw::DrawRule;
use hongbao_engine::ledger::{Account, LedgerAccount, Transfer, TransferKey};
use hongbao_engine::limits::{Counter, CounterKey, Limits};
use hongbao_engine::lottery::{Binding, BindingKey, Lottery, PreOrder, RiskControl};
use hongbao_engine::packet::{BillKey, Claim, Due, Packet, Product, Texts};
use hongbao_engine::wallet::{Settled, Wallet, Withdrawal, WithdrawalKey};
use hongbao_store::names;
use hongbao_types::{ApiKey, BeijingDay, Fen, Generation, OpenId, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::error::Error;

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// What a column says makes no sense.
pub(crate) fn nonsense(column: &str, why: impl std::fmt::Display) -> Error {
    Error::Nonsense(format!("column {column}: {why}"))
}

/// A column, as it is.
pub(crate) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T> {
    row.try_get(column).map_err(|error| nonsense(column, error))
}

/// A column that holds the text of a type.
pub(crate) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(row: &Row, column: &str) -> Result<T> {
    get::<&str>(row, column)?.parse().map_err(|error| nonsense(column, error))
}

fn maybe_parsed<T: std::str::FromStr<Err: std::fmt::Display>>(row: &Row, column: &str) -> Result<Option<T>> {
    let text = get::<Option<&str>>(row, column)?;
    text.map(|text| text.parse().map_err(|error| nonsense(column, error))).transpose()
}

/// A column that holds a name, by what the name means.
pub(crate) fn named<T>(row: &Row, column: &str, meaning: impl Fn(&str) -> Option<T>) -> Result<T> {
    let name = get(row, column)?;
    meaning(name).ok_or_else(|| nonsense(column, name))
}

fn fen(row: &Row, column: &str) -> Result<Fen> {
    Fen::try_new(get(row, column)?).map_err(|error| nonsense(column, error))
}

/// A column that holds a number that is small here.
pub(crate) fn small<T: TryFrom<i64, Error: std::fmt::Display>>(row: &Row, column: &str) -> Result<T> {
    T::try_from(get::<i64>(row, column)?).map_err(|error| nonsense(column, error))
}

fn time(row: &Row, column: &str) -> Result<Timestamp> {
    get(row, column).map(Timestamp::from_millis)
}

fn maybe_time(row: &Row, column: &str) -> Result<Option<Timestamp>> {
    Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_millis))
}

/// A column of bytes, so many.
pub(crate) fn bytes<const N: usize>(row: &Row, column: &str) -> Result<[u8; N]> {
    get::<&[u8]>(row, column)?.try_into().map_err(|error| nonsense(column, error))
}

/// A list.
fn list<T: DeserializeOwned>(row: &Row, column: &str) -> Result<Vec<T>> {
    serde_json::from_value(get::<Value>(row, column)?).map_err(|error| nonsense(column, error))
}

/// A list of texts, by what each means.
fn listed<T>(row: &Row, column: &str, meaning: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let texts = list::<String>(row, column)?;
    texts.iter().map(|text| meaning(text).ok_or_else(|| nonsense(column, text))).collect()
}

/// Something that is good for a time, as it stands in a list.
#[derive(Serialize, Deserialize)]
struct Listed<T> {
    #[serde(flatten)]
    what: T,
    from: i64,
    until: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct ListedMerchantKey {
    key: String,
}

#[derive(Serialize, Deserialize)]
struct ListedCertificate {
    public_key_sha256: [u8; 32],
}

#[derive(Serialize, Deserialize)]
struct ListedAppKey {
    id: String,
    public_key_pem: String,
}

#[derive(Serialize, Deserialize)]
struct ListedCredential {
    id: String,
    token_sha256: [u8; 32],
    scopes: String,
}

impl<T> Listed<T> {
    fn new(what: T, validity: Validity) -> Listed<T> {
        Listed { what, from: validity.from.as_millis(), until: validity.until.map(Timestamp::as_millis) }
    }

    fn validity(&self) -> Validity {
        Validity { from: Timestamp::from_millis(self.from), until: self.until.map(Timestamp::from_millis) }
    }
}

fn json<T: Serialize>(list: impl Iterator<Item = T>) -> Value {
    // Texts and numbers: nothing that JSON can't say.
    serde_json::to_value(list.collect::<Vec<T>>()).unwrap_or_default()
}

/// Texts as a list.
pub(crate) fn text_list<T: ToString>(texts: &[T]) -> Value {
    json(texts.iter().map(ToString::to_string))
}

/// A merchant's products.
pub(crate) fn product_list(products: &[Product]) -> Value {
    json(products.iter().map(|product| product.name()))
}

/// A merchant's keys.
pub(crate) fn merchant_key_list(keys: &[MerchantKey]) -> Value {
    json(keys.iter().map(|key| Listed::new(ListedMerchantKey { key: key.key.expose().to_owned() }, key.validity)))
}

/// A merchant's certificates.
pub(crate) fn certificate_list(certificates: &[MerchantCertificate]) -> Value {
    json(certificates.iter().map(|certificate| {
        let what = ListedCertificate { public_key_sha256: certificate.public_key_sha256 };
        Listed::new(what, certificate.validity)
    }))
}

/// An app's keys.
pub(crate) fn app_key_list(keys: &[AppKey]) -> Value {
    json(keys.iter().map(|key| {
        let what = ListedAppKey { id: key.id.clone(), public_key_pem: key.public_key_pem.clone() };
        Listed::new(what, key.validity)
    }))
}

/// An app's credentials.
pub(crate) fn credential_list(credentials: &[Credential]) -> Value {
    json(credentials.iter().map(|credential| {
        let (id, token_sha256) = (credential.id.clone(), credential.token_sha256);
        let what = ListedCredential { id, token_sha256, scopes: names::scope_names(&credential.scopes) };
        Listed::new(what, credential.validity)
    }))
}

/// A row of `merchant`.
pub(crate) fn merchant(row: &Row) -> Result<Merchant> {
    let is_pinned = get::<Option<&str>>(row, "pinned_algorithm")?.is_some();
    let pinned = || named(row, "pinned_algorithm", names::algorithm);
    let key = |listed: Listed<ListedMerchantKey>| {
        let key = ApiKey::try_new(&listed.what.key).map_err(|error| nonsense("keys", error))?;
        Ok(MerchantKey { key, validity: listed.validity() })
    };
    let certificate = |listed: Listed<ListedCertificate>| MerchantCertificate {
        public_key_sha256: listed.what.public_key_sha256,
        validity: listed.validity(),
    };
    Ok(Merchant {
        id: parsed(row, "merchant_id")?,
        name: get(row, "name")?,
        keys: list(row, "keys")?.into_iter().map(key).collect::<Result<_>>()?,
        certificates: list(row, "certificates")?.into_iter().map(certificate).collect(),
        mode: named(row, "mode", names::mode)?,
        generation: named(row, "generation", Generation::from_name)?,
        pinned_algorithm: is_pinned.then(pinned).transpose()?,
        products: listed(row, "products", Product::from_name)?,
        is_closed: get(row, "is_closed")?,
        providers: listed(row, "providers", |text| text.parse().ok())?,
        entered_at: maybe_time(row, "entered_at")?,
        trading_since: maybe_time(row, "trading_since")?,
        allowed_addresses: listed(row, "addresses", |text| text.parse().ok())?,
        limits: Limits {
            amount_min: fen(row, "amount_min_fen")?,
            amount_max: fen(row, "amount_max_fen")?,
            scene_below: fen(row, "scene_below_fen")?,
            scene_above: fen(row, "scene_above_fen")?,
            shares_max: small(row, "shares_max")?,
            packets_per_second: small(row, "packets_per_second")?,
            packets_per_minute: small(row, "packets_per_minute")?,
            packets_per_day: small(row, "packets_per_day")?,
            recipient_packets_per_minute: small(row, "recipient_packets_per_minute")?,
            recipient_packets_per_day: small(row, "recipient_packets_per_day")?,
            recipient_amount_per_day: fen(row, "recipient_amount_per_day_fen")?,
            amount_per_day: fen(row, "amount_per_day_fen")?,
            closed_at_night: get(row, "closed_at_night")?,
            expires_after_ms: get(row, "expires_after_ms")?,
        },
        draw_rule: named(row, "draw_rule", DrawRule::from_name)?,
        frozen: get(row, "frozen")?,
    })
}

/// A row of `app`.
pub(crate) fn app(row: &Row) -> Result<App> {
    let key = |listed: Listed<ListedAppKey>| AppKey {
        validity: listed.validity(),
        id: listed.what.id,
        public_key_pem: listed.what.public_key_pem,
    };
    let credential = |listed: Listed<ListedCredential>| {
        let scopes = names::scopes(&listed.what.scopes).ok_or_else(|| nonsense("credentials", &listed.what.scopes))?;
        let (validity, token_sha256) = (listed.validity(), listed.what.token_sha256);
        Ok(Credential { id: listed.what.id, token_sha256, scopes, validity })
    };
    Ok(App {
        id: parsed(row, "app_id")?,
        kind: named(row, "kind", AppKind::from_name)?,
        registered_only: get(row, "registered_only")?,
        workwx_secret: maybe_parsed(row, "workwx_secret")?,
        app_secret: maybe_parsed(row, "app_secret")?,
        redirect_hosts: list(row, "redirect_hosts")?,
        origins: list(row, "origins")?,
        keys: list(row, "keys")?.into_iter().map(key).collect(),
        merchants: listed(row, "merchants", |text| text.parse().ok())?,
        credentials: list(row, "credentials")?.into_iter().map(credential).collect::<Result<_>>()?,
    })
}

/// A row of `person`.
pub(crate) fn person(row: &Row) -> Result<Person> {
    let id = PersonId { app: parsed(row, "app_id")?, openid: parsed(row, "openid")? };
    Ok(Person { id, is_blocked: get(row, "is_blocked")? })
}

/// A row of `lottery`.
pub(crate) fn lottery(row: &Row) -> Result<Lottery> {
    Ok(Lottery {
        id: parsed(row, "lottery_id")?,
        account: parsed(row, "account_id")?,
        sponsor: parsed(row, "sponsor_id")?,
        title: get(row, "title")?,
        description: get(row, "description")?,
        is_on: get(row, "is_on")?,
        begins_at: time(row, "begins_at")?,
        ends_at: time(row, "ends_at")?,
        prizes_max: small(row, "prizes_max")?,
        prizes: small(row, "prizes")?,
        jump_url: get(row, "jump_url")?,
        key: parsed(row, "draw_key")?,
        win_rate_ppm: small(row, "win_rate_ppm")?,
    })
}

/// A row of `packet`.
pub(crate) fn packet(row: &Row) -> Result<Packet> {
    let draw_key = get::<Option<i64>>(row, "draw_key")?.map(u32::try_from).transpose();
    let draw_key = draw_key.map_err(|error| nonsense("draw_key", error))?;
    let decline = get::<Option<&str>>(row, "decline")?;
    let pre_order = match maybe_parsed(row, "service")? {
        None => None,
        Some(service) => Some(PreOrder {
            service,
            risk_control: named(row, "risk_control", RiskControl::from_name)?,
            lottery: maybe_parsed(row, "lottery_id")?,
            bound_at: maybe_time(row, "bound_at")?,
        }),
    };
    Ok(Packet {
        id: parsed(row, "packet_id")?,
        bill: BillKey {
            merchant: parsed(row, "merchant_id")?,
            family: named(row, "family", names::family)?,
            bill_no: parsed(row, "bill_no")?,
        },
        product: named(row, "product", Product::from_name)?,
        payer: parsed(row, "payer_id")?,
        on_behalf_of: maybe_parsed(row, "on_behalf_of")?,
        app: parsed(row, "app_id")?,
        recipient: match get(row, "recipient")? {
            "" => None,
            openid => Some(openid.parse::<OpenId>().map_err(|error| nonsense("recipient", error))?),
        },
        split: named(row, "split", |name| names::split(name, draw_key))?,
        total: fen(row, "total_fen")?,
        share_count: small(row, "share_count")?,
        texts: Texts {
            sender_name: get(row, "sender_name")?,
            greeting: get(row, "greeting")?,
            activity: get(row, "activity")?,
            remark: get(row, "remark")?,
            scene: get(row, "scene")?,
            sender_picture: get(row, "sender_picture")?,
            sender_agent: get(row, "sender_agent")?,
            recipient_name: get(row, "recipient_name")?,
        },
        pre_order,
        previous: maybe_parsed(row, "previous")?,
        previous_in_wallet: maybe_parsed(row, "previous_in_wallet")?,
        state: named(row, "state", |name| names::state(name, decline))?,
        created_at: time(row, "created_at")?,
        sent_at: time(row, "sent_at")?,
        deadline: time(row, "deadline")?,
        claimed: fen(row, "claimed_fen")?,
        claimed_count: small(row, "claimed_count")?,
        refunded: fen(row, "refunded_fen")?,
        refunded_at: maybe_time(row, "refunded_at")?,
        stamp: time(row, "stamp")?,
    })
}

/// A row of `due`.
pub(crate) fn due(row: &Row) -> Result<Due> {
    Ok(Due { at: time(row, "at")?, packet: parsed(row, "packet_id")?, payer: parsed(row, "payer_id")? })
}

/// A row of `claim`.
pub(crate) fn claim(row: &Row) -> Result<Claim> {
    Ok(Claim {
        packet: parsed(row, "packet_id")?,
        app: parsed(row, "app_id")?,
        openid: parsed(row, "openid")?,
        index: small(row, "share_index")?,
        amount: fen(row, "amount_fen")?,
        claimed_at: time(row, "claimed_at")?,
        previous: maybe_parsed(row, "previous")?,
    })
}

/// A row of `binding`.
pub(crate) fn binding(row: &Row) -> Result<Binding> {
    Ok(Binding {
        key: BindingKey { lottery: parsed(row, "lottery_id")?, openid: parsed(row, "openid")? },
        packet: parsed(row, "packet_id")?,
        amount: fen(row, "amount_fen")?,
        bound_at: time(row, "bound_at")?,
    })
}

/// A row of `account`.
pub(crate) fn account(row: &Row) -> Result<(LedgerAccount, Account)> {
    let (owner, person) = (get::<&str>(row, "owner")?, get::<&str>(row, "person")?);
    let id = named(row, "kind", |kind| names::account(kind, owner, person))?;
    let account = Account {
        debits: fen(row, "debits_fen")?,
        credits: fen(row, "credits_fen")?,
        wallet: Wallet {
            held: fen(row, "held_fen")?,
            withdrawn: fen(row, "withdrawn_fen")?,
            newest_entry: maybe_parsed(row, "newest_entry")?,
            newest_withdrawal: maybe_parsed(row, "newest_withdrawal")?,
            pseudonym: maybe_parsed(row, "pseudonym")?,
        },
    };
    Ok((id, account))
}

/// A row of `counter`.
pub(crate) fn counter(row: &Row) -> Result<(CounterKey, Counter)> {
    let (merchant, family) = (parsed(row, "merchant_id")?, named(row, "family", names::family)?);
    let key = match get(row, "openid")? {
        "" => CounterKey::Merchant(merchant, family),
        openid => {
            let openid = openid.parse::<OpenId>().map_err(|error| nonsense("openid", error))?;
            CounterKey::Recipient(merchant, family, parsed(row, "app_id")?, openid)
        }
    };
    let counter = Counter {
        day: BeijingDay(get(row, "day")?),
        packets: small(row, "packets")?,
        amount: fen(row, "amount_fen")?,
        minute: get(row, "minute")?,
        packets_this_minute: small(row, "packets_this_minute")?,
        second: get(row, "second")?,
        packets_this_second: small(row, "packets_this_second")?,
        newest: maybe_parsed(row, "newest")?,
    };
    Ok((key, counter))
}

/// A row of `transfer`.
pub(crate) fn transfer(row: &Row) -> Result<Transfer> {
    Ok(Transfer {
        key: TransferKey { kind: named(row, "kind", names::transfer_kind)?, reference: parsed(row, "reference")? },
        merchant: parsed(row, "merchant_id")?,
        amount: fen(row, "amount_fen")?,
        at: time(row, "at")?,
    })
}

/// A row of `redeemed_code`.
pub(crate) fn code(row: &Row) -> Result<RedeemedCode> {
    let key = CodeKey { issued_at: time(row, "issued_at")?, nonce: bytes(row, "nonce")? };
    Ok(RedeemedCode { key, attempt: bytes(row, "attempt")? })
}

/// A row of `withdrawal`.
pub(crate) fn withdrawal(row: &Row) -> Result<Withdrawal> {
    let settled = match maybe_parsed(row, "operator_reference")? {
        Some(reference) => Some(Settled { reference, at: time(row, "settled_at")? }),
        None => None,
    };
    Ok(Withdrawal {
        key: WithdrawalKey { app: parsed(row, "app_id")?, reference: parsed(row, "reference")? },
        openid: parsed(row, "openid")?,
        amount: fen(row, "amount_fen")?,
        held_at: time(row, "held_at")?,
        state: named(row, "state", |name| names::withdrawal_state(name, settled.clone()))?,
        previous: maybe_parsed(row, "previous")?,
    })
}

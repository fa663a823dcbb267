//! How is a row read? One query per kind of row, the same for readers and for writers that load.

use hongbao_engine::audit::{Audit, AuditReport};
use hongbao_engine::code::{CodeKey, RedeemedCode};
use hongbao_engine::directory::{
    App, AppKey, AppKind, Credential, Merchant, MerchantCertificate, MerchantKey, Person, PersonId,
};
use hongbao_engine::draw::{DrawKeys, DrawRule};
use hongbao_engine::ledger::{Account, LedgerAccount, Transfer, TransferKey};
use hongbao_engine::limits::{Counter, CounterKey, Limits};
use hongbao_engine::lottery::{Binding, BindingKey, Lottery, PreOrder, RiskControl};
use hongbao_engine::packet::{BillKey, Claim, Due, Family, Packet, Product, Texts};
use hongbao_engine::rows::{ClaimKey, SandboxClock};
use hongbao_engine::wallet::{Wallet, Withdrawal, WithdrawalKey};
use hongbao_store::lists::{self, ListHead};
use hongbao_store::names;
use hongbao_store::{ClaimRange, Currency, LotterySums, PacketView, Page, Prize, SentPacket, StoreInfo, WalletEntry};
use hongbao_types::{
    ApiKey, AppId, AppSecret, BeijingDay, DrawKey, Generation, LotteryId, MerchantId, OpenId, PacketId, PersonKey,
    Reference, Timestamp, WorkwxSecret,
};
use rusqlite::{Connection, OptionalExtension, Params, Result, Row};

use crate::columns::{self, fen, parsed, time};
use crate::counter_index::CounterIndex;

fn one<T>(
    view: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    view.prepare_cached(sql)?.query_row(params, read).optional()
}

fn all<T>(
    view: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    view.prepare_cached(sql)?.query_map(params, read)?.collect()
}

/// What the store was created as, the key of its people, and those of its draws.
pub(crate) fn info(view: &Connection) -> Result<(StoreInfo, PersonKey, DrawKeys)> {
    let draw_keys = all(view, "SELECT number, key FROM draw_key ORDER BY number", [], |row| {
        Ok((row.get("number")?, DrawKey::new(row.get("key")?)))
    })?;
    view.query_row("SELECT * FROM store", [], |row| {
        let info = StoreInfo {
            kind: columns::named(row, "kind", names::store_kind)?,
            currency: Currency {
                code: row.get("currency_code")?,
                symbol: row.get("currency_symbol")?,
                minor_digits: row.get("currency_minor_digits")?,
            },
        };
        Ok((info, PersonKey::new(row.get("person_key")?), DrawKeys::new(draw_keys)))
    })
}

/// The sandbox's clock.
pub(crate) fn sandbox_clock(view: &Connection) -> Result<Option<SandboxClock>> {
    one(view, "SELECT offset_ms FROM sandbox_clock", [], |row| Ok(SandboxClock { offset_ms: row.get("offset_ms")? }))
}

/// The store's time.
pub(crate) fn now(view: &Connection, real_now: Timestamp) -> Result<Timestamp> {
    Ok(real_now.plus_millis(sandbox_clock(view)?.map_or(0, |clock| clock.offset_ms)))
}

/// A merchant.
pub(crate) fn merchant(view: &Connection, id: &MerchantId) -> Result<Option<Merchant>> {
    let found = one(view, "SELECT * FROM merchant WHERE merchant_id = ?", [id.as_str()], |row| {
        let is_pinned = row.get_ref("pinned_algorithm")?.as_str_or_null()?.is_some();
        let pinned = || columns::named(row, "pinned_algorithm", names::algorithm);
        Ok(Merchant {
            id: id.clone(),
            name: row.get("name")?,
            keys: Vec::new(),
            certificates: Vec::new(),
            mode: columns::named(row, "mode", names::mode)?,
            generation: columns::named(row, "generation", Generation::from_name)?,
            pinned_algorithm: is_pinned.then(pinned).transpose()?,
            products: Vec::new(),
            is_closed: row.get("is_closed")?,
            providers: Vec::new(),
            entered_at: maybe_time(row, "entered_at")?,
            trading_since: maybe_time(row, "trading_since")?,
            allowed_addresses: Vec::new(),
            limits: Limits {
                amount_min: fen(row, "amount_min_fen")?,
                amount_max: fen(row, "amount_max_fen")?,
                scene_below: fen(row, "scene_below_fen")?,
                scene_above: fen(row, "scene_above_fen")?,
                shares_max: row.get("shares_max")?,
                packets_per_second: row.get("packets_per_second")?,
                packets_per_minute: row.get("packets_per_minute")?,
                packets_per_day: row.get("packets_per_day")?,
                recipient_packets_per_minute: row.get("recipient_packets_per_minute")?,
                recipient_packets_per_day: row.get("recipient_packets_per_day")?,
                recipient_amount_per_day: fen(row, "recipient_amount_per_day_fen")?,
                amount_per_day: fen(row, "amount_per_day_fen")?,
                closed_at_night: row.get("closed_at_night")?,
                expires_after_ms: row.get("expires_after_ms")?,
            },
            draw_rule: columns::named(row, "draw_rule", DrawRule::from_name)?,
            frozen: row.get("frozen")?,
        })
    })?;
    let Some(mut merchant) = found else { return Ok(None) };
    let id = [id.as_str()];
    let of = |table: &str| format!("SELECT * FROM {table} WHERE merchant_id = ? ORDER BY position");
    merchant.keys = all(view, &of("merchant_key"), id, |row| {
        Ok(MerchantKey { key: parsed::<ApiKey>(row, "api_key")?, validity: columns::validity(row)? })
    })?;
    merchant.certificates = all(view, &of("merchant_certificate"), id, |row| {
        Ok(MerchantCertificate { public_key_sha256: row.get("public_key_sha256")?, validity: columns::validity(row)? })
    })?;
    merchant.products =
        all(view, &of("merchant_product"), id, |row| columns::named(row, "product", Product::from_name))?;
    merchant.providers = all(view, &of("merchant_provider"), id, |row| parsed(row, "provider_id"))?;
    merchant.allowed_addresses = all(view, &of("merchant_address"), id, |row| parsed(row, "address"))?;
    Ok(Some(merchant))
}

/// An app.
pub(crate) fn app(view: &Connection, id: &AppId) -> Result<Option<App>> {
    let found = one(view, "SELECT * FROM app WHERE app_id = ?", [id.as_str()], |row| {
        Ok(App {
            kind: columns::named(row, "kind", AppKind::from_name)?,
            registered_only: row.get("registered_only")?,
            workwx_secret: maybe_parsed::<WorkwxSecret>(row, "workwx_secret")?,
            app_secret: maybe_parsed::<AppSecret>(row, "app_secret")?,
            ..App::new(id.clone())
        })
    })?;
    let Some(mut app) = found else { return Ok(None) };
    app.keys = all(view, "SELECT * FROM app_key WHERE app_id = ? ORDER BY position", [id.as_str()], |row| {
        Ok(AppKey {
            id: row.get("key_id")?,
            public_key_pem: row.get("public_key_pem")?,
            validity: columns::validity(row)?,
        })
    })?;
    app.merchants = all(view, "SELECT * FROM app_merchant WHERE app_id = ? ORDER BY position", [id.as_str()], |row| {
        parsed(row, "merchant_id")
    })?;
    let hosts = "SELECT host FROM app_redirect_host WHERE app_id = ? ORDER BY position";
    app.redirect_hosts = all(view, hosts, [id.as_str()], |row| row.get("host"))?;
    let origins = "SELECT origin FROM app_origin WHERE app_id = ? ORDER BY position";
    let credentials = "SELECT * FROM app_credential WHERE app_id = ? ORDER BY position";
    app.credentials = all(view, credentials, [id.as_str()], |row| {
        Ok(Credential {
            id: row.get("credential_id")?,
            token_sha256: row.get("token_sha256")?,
            scopes: columns::named(row, "scopes", names::scopes)?,
            validity: columns::validity(row)?,
        })
    })?;
    app.origins = all(view, origins, [id.as_str()], |row| row.get("origin"))?;
    Ok(Some(app))
}

/// A person.
pub(crate) fn person(view: &Connection, id: &PersonId) -> Result<Option<Person>> {
    let sql = "SELECT * FROM person WHERE app_id = ? AND openid = ?";
    one(view, sql, (id.app.as_str(), id.openid.as_str()), person_from)
}

pub(crate) fn person_from(row: &Row<'_>) -> Result<Person> {
    let id = PersonId { app: parsed(row, "app_id")?, openid: parsed(row, "openid")? };
    Ok(Person { id, is_blocked: row.get("is_blocked")? })
}

/// The first of an app's people.
pub(crate) fn people(view: &Connection, app: &AppId, limit: usize) -> Result<Vec<Person>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = "SELECT * FROM person WHERE app_id = ? ORDER BY openid LIMIT ?";
    all(view, sql, (app.as_str(), limit), person_from)
}

fn maybe_parsed<T: std::str::FromStr<Err: std::fmt::Display>>(row: &Row<'_>, column: &str) -> Result<Option<T>> {
    row.get_ref(column)?.as_str_or_null()?.map(|text| columns::parse(text, column)).transpose()
}

fn maybe_time(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// A packet by bill number.
pub(crate) fn packet_by_bill(view: &Connection, key: &BillKey) -> Result<Option<Packet>> {
    one(
        view,
        "SELECT * FROM packet WHERE merchant_id = ? AND family = ? AND bill_no = ?",
        (key.merchant.as_str(), names::family_name(key.family), key.bill_no.as_str()),
        packet_from,
    )
}

/// A packet by id.
pub(crate) fn packet(view: &Connection, id: &PacketId) -> Result<Option<Packet>> {
    one(view, "SELECT * FROM packet WHERE packet_id = ?", [id.as_str()], packet_from)
}

pub(crate) fn packet_from(row: &Row<'_>) -> Result<Packet> {
    Ok(Packet {
        id: parsed(row, "packet_id")?,
        bill: BillKey {
            merchant: parsed(row, "merchant_id")?,
            family: columns::named(row, "family", names::family)?,
            bill_no: parsed(row, "bill_no")?,
        },
        product: columns::named(row, "product", Product::from_name)?,
        payer: parsed(row, "payer_id")?,
        on_behalf_of: maybe_parsed(row, "on_behalf_of")?,
        app: parsed(row, "app_id")?,
        recipient: match row.get_ref("recipient")?.as_str()? {
            "" => None,
            openid => Some(columns::parse::<OpenId>(openid, "recipient")?),
        },
        split: columns::split(row)?,
        total: fen(row, "total_fen")?,
        share_count: row.get("share_count")?,
        texts: Texts {
            sender_name: row.get("sender_name")?,
            greeting: row.get("greeting")?,
            activity: row.get("activity")?,
            remark: row.get("remark")?,
            scene: row.get("scene")?,
            sender_picture: row.get("sender_picture")?,
            sender_agent: row.get("sender_agent")?,
            recipient_name: row.get("recipient_name")?,
        },
        pre_order: match row.get_ref("service")?.as_str_or_null()? {
            None => None,
            Some(service) => Some(PreOrder {
                service: columns::parse(service, "service")?,
                risk_control: columns::named(row, "risk_control", RiskControl::from_name)?,
                lottery: maybe_parsed(row, "lottery_id")?,
                bound_at: maybe_time(row, "bound_at")?,
            }),
        },
        previous: maybe_parsed(row, "previous")?,
        previous_in_wallet: maybe_parsed(row, "previous_in_wallet")?,
        state: columns::state(row)?,
        created_at: time(row, "created_at")?,
        sent_at: time(row, "sent_at")?,
        deadline: time(row, "deadline")?,
        claimed: fen(row, "claimed_fen")?,
        claimed_count: row.get("claimed_count")?,
        refunded: fen(row, "refunded_fen")?,
        refunded_at: maybe_time(row, "refunded_at")?,
        stamp: time(row, "stamp")?,
    })
}

/// A packet with those of its claims, and the store's time.
pub(crate) fn packet_view(
    view: &Connection,
    packet: Option<Packet>,
    range: ClaimRange,
    real_now: Timestamp,
) -> Result<Option<PacketView>> {
    let Some(packet) = packet else { return Ok(None) };
    let sql = "SELECT * FROM claim WHERE packet_id = ? AND share_index < ? ORDER BY share_index DESC LIMIT ?";
    let claims = all(view, sql, (packet.id.as_str(), range.before, range.limit), claim_from)?;
    Ok(Some(PacketView { packet, claims, now: now(view, real_now)? }))
}

/// A claim.
pub(crate) fn claim(view: &Connection, key: &ClaimKey) -> Result<Option<Claim>> {
    let sql = "SELECT * FROM claim WHERE packet_id = ? AND openid = ?";
    one(view, sql, (key.packet.as_str(), key.openid.as_str()), claim_from)
}

pub(crate) fn claim_from(row: &Row<'_>) -> Result<Claim> {
    Ok(Claim {
        packet: parsed(row, "packet_id")?,
        app: parsed(row, "app_id")?,
        openid: parsed(row, "openid")?,
        index: row.get("share_index")?,
        amount: fen(row, "amount_fen")?,
        claimed_at: time(row, "claimed_at")?,
        previous: maybe_parsed(row, "previous")?,
    })
}

/// A campaign.
pub(crate) fn lottery(view: &Connection, id: &LotteryId) -> Result<Option<Lottery>> {
    one(view, "SELECT * FROM lottery WHERE lottery_id = ?", [id.as_str()], lottery_from)
}

pub(crate) fn lottery_from(row: &Row<'_>) -> Result<Lottery> {
    Ok(Lottery {
        id: parsed(row, "lottery_id")?,
        account: parsed(row, "account_id")?,
        sponsor: parsed(row, "sponsor_id")?,
        title: row.get("title")?,
        description: row.get("description")?,
        is_on: row.get("is_on")?,
        begins_at: time(row, "begins_at")?,
        ends_at: time(row, "ends_at")?,
        prizes_max: row.get("prizes_max")?,
        prizes: row.get("prizes")?,
        jump_url: row.get("jump_url")?,
        key: parsed::<ApiKey>(row, "draw_key")?,
        win_rate_ppm: row.get("win_rate_ppm")?,
    })
}

/// Packets of a bucket that nobody has.
pub(crate) fn prizes(view: &Connection, id: &LotteryId, after: Option<&PacketId>, limit: usize) -> Result<Vec<Prize>> {
    let sql = "SELECT packet_id, payer_id FROM packet WHERE lottery_id = ? AND packet_id > ? AND recipient = ''
               AND state = 'open' ORDER BY packet_id LIMIT ?";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    all(view, sql, (id.as_str(), after.map_or("", PacketId::as_str), limit), |row| {
        Ok(Prize { packet: parsed(row, "packet_id")?, payer: parsed(row, "payer_id")? })
    })
}

/// What is in a bucket.
pub(crate) fn lottery_sums(view: &Connection, id: &LotteryId, real_now: Timestamp) -> Result<LotterySums> {
    let now = now(view, real_now)?;
    let mut sums = LotterySums::default();
    let mut statement = view.prepare_cached("SELECT * FROM packet WHERE lottery_id = ?")?;
    let mut rows = statement.query([id.as_str()])?;
    while let Some(row) = rows.next()? {
        sums.add(&packet_from(row)?, now);
    }
    Ok(sums)
}

/// Whether any app has this origin.
pub(crate) fn has_origin(view: &Connection, origin: &str) -> Result<bool> {
    Ok(one(view, "SELECT 1 FROM app_origin WHERE origin = ? LIMIT 1", [origin], |_| Ok(()))?.is_some())
}

/// A draw that won.
pub(crate) fn binding(view: &Connection, key: &BindingKey) -> Result<Option<Binding>> {
    let sql = "SELECT * FROM binding WHERE lottery_id = ? AND openid = ?";
    one(view, sql, (key.lottery.as_str(), key.openid.as_str()), binding_from)
}

/// Draws of a campaign that won.
pub(crate) fn bindings(
    view: &Connection,
    id: &LotteryId,
    after: Option<&OpenId>,
    limit: usize,
) -> Result<Vec<Binding>> {
    let sql = "SELECT * FROM binding WHERE lottery_id = ? AND openid > ? ORDER BY openid LIMIT ?";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    all(view, sql, (id.as_str(), after.map_or("", OpenId::as_str), limit), binding_from)
}

pub(crate) fn binding_from(row: &Row<'_>) -> Result<Binding> {
    Ok(Binding {
        key: BindingKey { lottery: parsed(row, "lottery_id")?, openid: parsed(row, "openid")? },
        packet: parsed(row, "packet_id")?,
        amount: fen(row, "amount_fen")?,
        bound_at: time(row, "bound_at")?,
    })
}

/// An account.
pub(crate) fn account(view: &Connection, id: &LedgerAccount) -> Result<Option<Account>> {
    let sql = "SELECT * FROM account WHERE kind = ? AND owner = ? AND person = ?";
    one(view, sql, names::account_key(id), account_from)
}

pub(crate) fn account_from(row: &Row<'_>) -> Result<Account> {
    Ok(Account {
        debits: fen(row, "debits_fen")?,
        credits: fen(row, "credits_fen")?,
        wallet: Wallet {
            held: fen(row, "held_fen")?,
            withdrawn: fen(row, "withdrawn_fen")?,
            newest_entry: maybe_parsed(row, "newest_entry")?,
            newest_withdrawal: maybe_parsed(row, "newest_withdrawal")?,
            pseudonym: maybe_parsed(row, "pseudonym")?,
        },
    })
}

/// A counter.
pub(crate) fn counter(view: &Connection, index: &CounterIndex, key: &CounterKey) -> Result<Option<Counter>> {
    let Some(number) = index.find(key) else { return Ok(None) };
    let [_, _, openid, _] = names::counter_key(key);
    // A reader whose view is older than the index may not see the row, and of who was erased it is blank.
    one(view, "SELECT * FROM counter WHERE counter_no = ? AND openid = ?", (number, openid), counter_from)
}

pub(crate) fn counter_from(row: &Row<'_>) -> Result<Counter> {
    Ok(Counter {
        day: BeijingDay(row.get("day")?),
        packets: row.get("packets")?,
        amount: fen(row, "amount_fen")?,
        minute: row.get("minute")?,
        packets_this_minute: row.get("packets_this_minute")?,
        second: row.get("second")?,
        packets_this_second: row.get("packets_this_second")?,
        newest: maybe_parsed(row, "newest")?,
    })
}

/// A transfer.
pub(crate) fn transfer(view: &Connection, key: &TransferKey) -> Result<Option<Transfer>> {
    let sql = "SELECT * FROM transfer WHERE kind = ? AND reference = ?";
    one(view, sql, (names::transfer_kind_name(key.kind), key.reference.as_str()), transfer_from)
}

pub(crate) fn transfer_from(row: &Row<'_>) -> Result<Transfer> {
    Ok(Transfer {
        key: TransferKey {
            kind: columns::named(row, "kind", names::transfer_kind)?,
            reference: parsed(row, "reference")?,
        },
        merchant: parsed(row, "merchant_id")?,
        amount: fen(row, "amount_fen")?,
        at: time(row, "at")?,
    })
}

/// A code that was redeemed.
pub(crate) fn code(view: &Connection, key: &CodeKey) -> Result<Option<RedeemedCode>> {
    let sql = "SELECT * FROM redeemed_code WHERE issued_at = ? AND nonce = ?";
    one(view, sql, (key.issued_at.as_millis(), key.nonce), code_from)
}

pub(crate) fn code_from(row: &Row<'_>) -> Result<RedeemedCode> {
    let key = CodeKey { issued_at: time(row, "issued_at")?, nonce: row.get("nonce")? };
    Ok(RedeemedCode { key, attempt: row.get("attempt")? })
}

/// A withdrawal.
pub(crate) fn withdrawal(view: &Connection, key: &WithdrawalKey) -> Result<Option<Withdrawal>> {
    let sql = "SELECT * FROM withdrawal WHERE app_id = ? AND reference = ?";
    one(view, sql, (key.app.as_str(), key.reference.as_str()), withdrawal_from)
}

pub(crate) fn withdrawal_from(row: &Row<'_>) -> Result<Withdrawal> {
    Ok(Withdrawal {
        key: WithdrawalKey { app: parsed(row, "app_id")?, reference: parsed(row, "reference")? },
        openid: parsed(row, "openid")?,
        amount: fen(row, "amount_fen")?,
        held_at: time(row, "held_at")?,
        state: columns::withdrawal_state(row)?,
        previous: maybe_parsed(row, "previous")?,
    })
}

fn wallet(view: &Connection, person: &PersonId) -> Result<Wallet> {
    let id = LedgerAccount::RecipientWallet(person.app.clone(), person.openid.clone());
    Ok(account(view, &id)?.unwrap_or_default().wallet)
}

/// A person's withdrawals, newest first.
pub(crate) fn withdrawals(
    view: &Connection,
    person: &PersonId,
    from: Option<&Reference>,
    limit: usize,
) -> Result<Page<Withdrawal, Reference>> {
    let from = match from {
        Some(from) => Some(from.clone()),
        None => wallet(view, person)?.newest_withdrawal,
    };
    lists::walk(from, limit, |reference| {
        let key = WithdrawalKey { app: person.app.clone(), reference: reference.clone() };
        let found = withdrawal(view, &key)?.filter(|withdrawal| withdrawal.openid == person.openid);
        Ok(found.map(|withdrawal| {
            let previous = withdrawal.previous.clone();
            (withdrawal, previous)
        }))
    })
}

/// What came into a person's wallet, newest first.
pub(crate) fn wallet_entries(
    view: &Connection,
    person: &PersonId,
    from: Option<&PacketId>,
    limit: usize,
) -> Result<Page<WalletEntry, PacketId>> {
    let from = match from {
        Some(from) => Some(from.clone()),
        None => wallet(view, person)?.newest_entry,
    };
    lists::wallet_entries(person, from, limit, |key| claim(view, key), |id| packet(view, id))
}

/// Where the lists of what was sent to a person begin. There are few merchants, and a look into the index costs less
/// than a microsecond.
pub(crate) fn list_heads(view: &Connection, index: &CounterIndex, person: &PersonId) -> Result<Vec<ListHead>> {
    let mut heads = Vec::new();
    for payer in all(view, "SELECT merchant_id FROM merchant", [], |row| parsed::<MerchantId>(row, "merchant_id"))? {
        for family in [Family::Packets, Family::Transfers] {
            let key = CounterKey::Recipient(payer.clone(), family, person.app.clone(), person.openid.clone());
            let newest = counter(view, index, &key)?.and_then(|counter| counter.newest);
            heads.extend(newest.map(|newest| ListHead { payer: payer.clone(), family, newest }));
        }
    }
    Ok(heads)
}

/// The packets that were sent to a person.
pub(crate) fn packets_to(
    view: &Connection,
    heads: Vec<ListHead>,
    person: &PersonId,
    from: Option<&PacketId>,
    limit: usize,
) -> Result<Page<SentPacket, PacketId>> {
    lists::packets_to(person, from, limit, heads, |id| packet(view, id), |key| claim(view, key))
}

/// Work that is due at `now`, the oldest first, behind `after`.
pub(crate) fn due(view: &Connection, now: Timestamp, after: Option<&Due>, limit: usize) -> Result<Vec<Due>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (at, packet) = after.map_or((i64::MIN, ""), |due| (due.at.as_millis(), due.packet.as_str()));
    let sql = "SELECT * FROM due WHERE at <= ? AND (at, packet_id) > (?, ?) ORDER BY at, packet_id LIMIT ?";
    all(view, sql, (now.as_millis(), at, packet, limit), due_from)
}

pub(crate) fn due_from(row: &Row<'_>) -> Result<Due> {
    Ok(Due { at: time(row, "at")?, packet: parsed(row, "packet_id")?, payer: parsed(row, "payer_id")? })
}

/// Hands every row to the auditor.
pub(crate) fn audit(view: &Connection) -> Result<AuditReport> {
    let mut audit = Audit::default();
    each(view, "SELECT * FROM packet", |row| packet_from(row).map(|packet| audit.packet(&packet)))?;
    each(view, "SELECT * FROM claim", |row| claim_from(row).map(|claim| audit.claim(&claim)))?;
    each(view, "SELECT * FROM transfer", |row| transfer_from(row).map(|transfer| audit.transfer(&transfer)))?;
    each(view, "SELECT * FROM withdrawal", |row| withdrawal_from(row).map(|withdrawal| audit.withdrawal(&withdrawal)))?;
    each(view, "SELECT * FROM account", |row| {
        audit.account(columns::account(row)?, account_from(row)?);
        Ok(())
    })?;
    each(view, "SELECT * FROM due", |row| due_from(row).map(|due| audit.due(due)))?;
    Ok(audit.finish())
}

fn each(view: &Connection, sql: &str, mut visit: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let mut statement = view.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        visit(row)?;
    }
    Ok(())
}

//! How is a batch written? `BEGIN IMMEDIATE` takes the file's one write lock, point reads load the
//! rows, prepared statements write what changed, `COMMIT` syncs the log once.

use hongbao_engine::directory::{App, Merchant, Validity};
use hongbao_engine::limits::{Counter, CounterKey};
use hongbao_engine::lottery::Lottery;
use hongbao_engine::packet::Packet;
use hongbao_engine::rows::{Change, Changes, Gone, KeySet, Rows};
use hongbao_engine::wallet::Withdrawal;
use hongbao_store::names;
use hongbao_store::{CommitError, Loaded, StoreError, Writer};
use hongbao_types::{AppSecret, LotteryId, MerchantId, OpenId, PacketId, Reference, Timestamp, WorkwxSecret};
use rusqlite::{Connection, Params, Result};

use crate::counter_index::CounterIndex;
use crate::{SqliteStore, reader, store_error};

/// Writes to a [`SqliteStore`].
#[derive(Debug)]
pub struct SqliteWriter {
    store: SqliteStore,
    connection: Connection,
}

impl SqliteWriter {
    pub(crate) fn new(store: SqliteStore, connection: Connection) -> Result<SqliteWriter> {
        drop(store.counters(&connection)?);
        Ok(SqliteWriter { store, connection })
    }

    fn load_now(&mut self, keys: &KeySet) -> Result<Loaded> {
        self.roll_back();
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let rows = load(&self.connection, &*self.store.counters(&self.connection)?, keys)?;
        // The one lock there is was taken above: this is after it.
        let now = reader::now(&self.connection, self.store.real_now())?;
        Ok(Loaded { rows, now })
    }

    fn roll_back(&mut self) {
        if !self.connection.is_autocommit() {
            // What fails here has nothing left to roll back.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

impl Writer for SqliteWriter {
    async fn load(&mut self, keys: &KeySet) -> std::result::Result<Loaded, StoreError> {
        self.load_now(keys).map_err(|error| {
            self.roll_back();
            store_error(&error)
        })
    }

    async fn commit(&mut self, changes: &Changes) -> std::result::Result<(), CommitError> {
        let written = write(&self.connection, &self.store.known_counters(), changes);
        if let Err(error) = written {
            self.roll_back();
            return Err(match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::ConstraintViolation) => CommitError::Conflict(error.to_string()),
                _ => CommitError::NotWritten(error.to_string()),
            });
        }
        self.connection.execute_batch("COMMIT").map_err(|error| {
            self.roll_back();
            CommitError::Unknown(error.to_string())
        })
    }

    async fn release(&mut self) {
        self.roll_back();
    }
}

fn load(view: &Connection, counters: &CounterIndex, keys: &KeySet) -> Result<Rows> {
    let mut rows = Rows::default();
    if keys.clock {
        rows.clock.load((), reader::sandbox_clock(view)?);
    }
    for id in &keys.merchants {
        rows.merchants.load(id.clone(), reader::merchant(view, id)?);
    }
    for id in &keys.apps {
        rows.apps.load(id.clone(), reader::app(view, id)?);
    }
    for id in &keys.people {
        rows.people.load(id.clone(), reader::person(view, id)?);
    }
    for id in &keys.lotteries {
        rows.lotteries.load(id.clone(), reader::lottery(view, id)?);
    }
    for key in &keys.bills {
        rows.load_bill(key.clone(), reader::packet_by_bill(view, key)?);
    }
    for id in &keys.packets {
        rows.load_packet(id.clone(), reader::packet(view, id)?);
    }
    for key in &keys.claims {
        rows.claims.load(key.clone(), reader::claim(view, key)?);
    }
    for key in &keys.bindings {
        rows.bindings.load(key.clone(), reader::binding(view, key)?);
    }
    for key in &keys.accounts {
        rows.accounts.load(key.clone(), reader::account(view, key)?);
    }
    for key in &keys.counters {
        rows.counters.load(key.clone(), reader::counter(view, counters, key)?);
    }
    for key in &keys.transfers {
        rows.transfers.load(key.clone(), reader::transfer(view, key)?);
    }
    for key in &keys.codes {
        rows.codes.load(*key, reader::code(view, key)?);
    }
    for key in &keys.withdrawals {
        rows.withdrawals.load(key.clone(), reader::withdrawal(view, key)?);
    }
    Ok(rows)
}

fn take_away(to: &Connection, counters: &CounterIndex, gone: &Gone) -> Result<()> {
    for person in &gone.people {
        let key = (person.id.app.as_str(), person.id.openid.as_str());
        run(to, "DELETE FROM person WHERE app_id = ? AND openid = ?", key)?;
    }
    for claim in &gone.claims {
        let key = (claim.packet.as_str(), claim.openid.as_str());
        run(to, "DELETE FROM claim WHERE packet_id = ? AND openid = ?", key)?;
    }
    for binding in &gone.bindings {
        let key = (binding.key.lottery.as_str(), binding.key.openid.as_str());
        run(to, "DELETE FROM binding WHERE lottery_id = ? AND openid = ?", key)?;
    }
    for (account, _) in &gone.accounts {
        let key = names::account_key(account);
        run(to, "DELETE FROM account WHERE kind = ? AND owner = ? AND person = ?", key)?;
    }
    for key in &gone.counters {
        // Its number is not given out again: the index may still have it.
        let sql = "UPDATE counter SET merchant_id = '', app_id = '', openid = '', newest = NULL WHERE counter_no = ?";
        run(to, sql, [counters.find(key)])?;
    }
    Ok(())
}

fn write(to: &Connection, counters: &CounterIndex, changes: &Changes) -> Result<()> {
    take_away(to, counters, &changes.gone)?;
    if let Some(clock) = changes.clock {
        run(to, "INSERT OR REPLACE INTO sandbox_clock VALUES (1, ?)", [clock.offset_ms])?;
    }
    for change in &changes.merchants {
        write_merchant(to, change.after())?;
    }
    for change in &changes.apps {
        write_app(to, change.after())?;
    }
    for person in changes.people.iter().map(Change::after) {
        let values = (person.id.app.as_str(), person.id.openid.as_str(), person.is_blocked);
        run(to, "INSERT OR REPLACE INTO person VALUES (?, ?, ?)", values)?;
    }
    for lottery in changes.lotteries.iter().map(Change::after) {
        write_lottery(to, lottery)?;
    }
    for change in &changes.packets {
        write_packet(to, change)?;
    }
    for due in &changes.due_removed {
        run(to, "DELETE FROM due WHERE at = ? AND packet_id = ?", (due.at.as_millis(), due.packet.as_str()))?;
    }
    for due in &changes.due_added {
        let values = (due.at.as_millis(), due.packet.as_str(), due.payer.as_str());
        run(to, "INSERT INTO due VALUES (?, ?, ?)", values)?;
    }
    for change in &changes.claims {
        let claim = change.after();
        run(
            to,
            "INSERT INTO claim VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                claim.packet.as_str(),
                claim.openid.as_str(),
                claim.app.as_str(),
                claim.index,
                claim.amount.as_i64(),
                claim.claimed_at.as_millis(),
                claim.previous.as_ref().map(PacketId::as_str),
            ),
        )?;
    }
    for binding in changes.bindings.iter().map(Change::after) {
        let key = (binding.key.lottery.as_str(), binding.key.openid.as_str());
        let values = (key.0, key.1, binding.packet.as_str(), binding.amount.as_i64(), binding.bound_at.as_millis());
        run(to, "INSERT INTO binding VALUES (?, ?, ?, ?, ?)", values)?;
    }
    for (account, change) in &changes.accounts {
        let ([kind, owner, person], row) = (names::account_key(account), change.after());
        run(
            to,
            "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
             SET debits_fen = excluded.debits_fen, credits_fen = excluded.credits_fen, held_fen = excluded.held_fen,
             withdrawn_fen = excluded.withdrawn_fen, newest_withdrawal = excluded.newest_withdrawal,
             newest_entry = excluded.newest_entry, pseudonym = excluded.pseudonym",
            (
                kind,
                owner,
                person,
                row.debits.as_i64(),
                row.credits.as_i64(),
                row.wallet.held.as_i64(),
                row.wallet.withdrawn.as_i64(),
                row.wallet.newest_withdrawal.as_ref().map(Reference::as_str),
                row.wallet.newest_entry.as_ref().map(PacketId::as_str),
                row.wallet.pseudonym.as_ref().map(OpenId::as_str),
            ),
        )?;
    }
    for (key, change) in &changes.counters {
        write_counter(to, counters, key, change)?;
    }
    for change in &changes.transfers {
        let transfer = change.after();
        run(
            to,
            "INSERT INTO transfer VALUES (?, ?, ?, ?, ?)",
            (
                names::transfer_kind_name(transfer.key.kind),
                transfer.key.reference.as_str(),
                transfer.merchant.as_str(),
                transfer.amount.as_i64(),
                transfer.at.as_millis(),
            ),
        )?;
    }
    if let Some(before) = changes.codes_over_before {
        run(to, "DELETE FROM redeemed_code WHERE issued_at < ?", [before.as_millis()])?;
    }
    for code in changes.codes.iter().map(Change::after) {
        let values = (code.key.issued_at.as_millis(), code.key.nonce, code.attempt);
        run(to, "INSERT INTO redeemed_code VALUES (?, ?, ?)", values)?;
    }
    for change in &changes.withdrawals {
        write_withdrawal(to, change)?;
    }
    Ok(())
}

fn write_packet(to: &Connection, change: &Change<Packet>) -> Result<()> {
    let packet = change.after();
    let (state, decline) = names::state_names(packet.state);
    let (split, draw_key) = names::split_names(packet.split);
    let pre_order = packet.pre_order.as_ref();
    let refunded_at = packet.refunded_at.map(Timestamp::as_millis);
    let previous = packet.previous.as_ref().map(PacketId::as_str);
    let previous_in_wallet = packet.previous_in_wallet.as_ref().map(PacketId::as_str);
    match change {
        Change::Insert(_) => run(
            to,
            "INSERT INTO packet VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            rusqlite::params![
                packet.id.as_str(),
                packet.bill.merchant.as_str(),
                names::family_name(packet.bill.family),
                packet.bill.bill_no.as_str(),
                packet.product.name(),
                packet.payer.as_str(),
                packet.app.as_str(),
                packet.recipient.as_ref().map_or("", OpenId::as_str),
                packet.total.as_i64(),
                packet.share_count,
                packet.texts.sender_name,
                packet.texts.greeting,
                packet.texts.activity,
                packet.texts.remark,
                packet.texts.scene,
                state,
                decline,
                packet.created_at.as_millis(),
                packet.sent_at.as_millis(),
                packet.deadline.as_millis(),
                packet.claimed.as_i64(),
                packet.claimed_count,
                packet.refunded.as_i64(),
                refunded_at,
                packet.stamp.as_millis(),
                split,
                packet.on_behalf_of.as_ref().map(MerchantId::as_str),
                packet.texts.sender_picture,
                packet.texts.sender_agent,
                packet.texts.recipient_name,
                draw_key,
                pre_order.map(|pre_order| pre_order.service.as_str()),
                pre_order.map(|pre_order| pre_order.risk_control.name()),
                pre_order.and_then(|pre_order| pre_order.lottery.as_ref()).map(LotteryId::as_str),
                pre_order.and_then(|pre_order| pre_order.bound_at).map(Timestamp::as_millis),
                previous_in_wallet,
                previous,
            ],
        ),
        // A pre-order goes into a bucket, and finds its person.
        Change::Update { before, .. } if before.pre_order != packet.pre_order => run(
            to,
            "UPDATE packet SET recipient = ?, lottery_id = ?, bound_at = ?, previous = ?, stamp = ? WHERE packet_id = ?",
            (
                packet.recipient.as_ref().map_or("", OpenId::as_str),
                pre_order.and_then(|pre_order| pre_order.lottery.as_ref()).map(LotteryId::as_str),
                pre_order.and_then(|pre_order| pre_order.bound_at).map(Timestamp::as_millis),
                previous,
                packet.stamp.as_millis(),
                packet.id.as_str(),
            ),
        ),
        // Whoever it was for is erased.
        Change::Update { before, .. } if before.recipient != packet.recipient => run(
            to,
            "UPDATE packet SET recipient = ?, recipient_name = ?, previous = ? WHERE packet_id = ?",
            (
                packet.recipient.as_ref().map_or("", OpenId::as_str),
                &packet.texts.recipient_name,
                previous,
                packet.id.as_str(),
            ),
        ),
        // What a packet is was settled when its number was taken; otherwise only these columns ever change.
        Change::Update { .. } => run(
            to,
            "UPDATE packet SET state = ?, decline = ?, sent_at = ?, deadline = ?, claimed_fen = ?, claimed_count = ?,
             refunded_fen = ?, refunded_at = ?, previous_in_wallet = ?, stamp = ? WHERE packet_id = ?",
            (
                state,
                decline,
                packet.sent_at.as_millis(),
                packet.deadline.as_millis(),
                packet.claimed.as_i64(),
                packet.claimed_count,
                packet.refunded.as_i64(),
                refunded_at,
                previous_in_wallet,
                packet.stamp.as_millis(),
                packet.id.as_str(),
            ),
        ),
    }
}

fn write_withdrawal(to: &Connection, change: &Change<Withdrawal>) -> Result<()> {
    let withdrawal = change.after();
    let key = (withdrawal.key.app.as_str(), withdrawal.key.reference.as_str());
    let (state, settled) = names::withdrawal_state_names(&withdrawal.state);
    let operator_reference = settled.map(|settled| settled.reference.as_str());
    let settled_at = settled.map(|settled| settled.at.as_millis());
    let (openid, previous) = (withdrawal.openid.as_str(), withdrawal.previous.as_ref().map(Reference::as_str));
    match change {
        Change::Insert(_) => run(
            to,
            "INSERT INTO withdrawal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key.0,
                key.1,
                openid,
                withdrawal.amount.as_i64(),
                withdrawal.held_at.as_millis(),
                state,
                operator_reference,
                settled_at,
                previous,
            ),
        ),
        Change::Update { .. } => run(
            to,
            "UPDATE withdrawal SET openid = ?, state = ?, operator_reference = ?, settled_at = ?, previous = ?
             WHERE app_id = ? AND reference = ?",
            (openid, state, operator_reference, settled_at, previous, key.0, key.1),
        ),
    }
}

fn write_counter(to: &Connection, index: &CounterIndex, key: &CounterKey, change: &Change<Counter>) -> Result<()> {
    let row = change.after();
    let [merchant, app, openid, family] = names::counter_key(key);
    let (day, amount) = (row.day.0, row.amount.as_i64());
    let newest = row.newest.as_ref().map(PacketId::as_str);
    match change {
        Change::Insert(_) => run(
            to,
            "INSERT INTO counter VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rusqlite::params![
                merchant,
                app,
                openid,
                day,
                row.packets,
                amount,
                row.minute,
                row.packets_this_minute,
                family,
                row.second,
                row.packets_this_second,
                newest,
            ],
        ),
        Change::Update { .. } => run(
            to,
            "UPDATE counter SET day = ?, packets = ?, amount_fen = ?, minute = ?, packets_this_minute = ?,
             second = ?, packets_this_second = ?, newest = ? WHERE counter_no = ?",
            (
                day,
                row.packets,
                amount,
                row.minute,
                row.packets_this_minute,
                row.second,
                row.packets_this_second,
                newest,
                index.find(key),
            ),
        ),
    }
}

fn write_merchant(to: &Connection, merchant: &Merchant) -> Result<()> {
    let (id, limits) = (merchant.id.as_str(), &merchant.limits);
    for table in ["merchant_key", "merchant_certificate", "merchant_product", "merchant_provider", "merchant_address"] {
        run(to, &format!("DELETE FROM {table} WHERE merchant_id = ?"), [id])?;
    }
    run(
        to,
        "INSERT OR REPLACE INTO merchant VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        rusqlite::params![
            id,
            &merchant.name,
            names::mode_name(merchant.mode),
            merchant.pinned_algorithm.map(names::algorithm_name),
            merchant.frozen,
            limits.amount_min.as_i64(),
            limits.amount_max.as_i64(),
            limits.scene_below.as_i64(),
            limits.scene_above.as_i64(),
            limits.packets_per_minute,
            limits.recipient_packets_per_day,
            limits.recipient_amount_per_day.as_i64(),
            limits.amount_per_day.as_i64(),
            merchant.generation.name(),
            merchant.is_closed,
            merchant.entered_at.map(Timestamp::as_millis),
            merchant.trading_since.map(Timestamp::as_millis),
            limits.shares_max,
            limits.packets_per_second,
            limits.packets_per_day,
            limits.recipient_packets_per_minute,
            limits.closed_at_night,
            limits.expires_after_ms,
            merchant.draw_rule.name(),
        ],
    )?;
    for (position, key) in (0..).zip(&merchant.keys) {
        let (from, until) = bounds(key.validity);
        let values = (id, position, key.key.expose(), from, until);
        run(to, "INSERT INTO merchant_key VALUES (?, ?, ?, ?, ?)", values)?;
    }
    for (position, certificate) in (0..).zip(&merchant.certificates) {
        let (from, until) = bounds(certificate.validity);
        let values = (id, position, certificate.public_key_sha256, from, until);
        run(to, "INSERT INTO merchant_certificate VALUES (?, ?, ?, ?, ?)", values)?;
    }
    for (position, product) in (0..).zip(&merchant.products) {
        run(to, "INSERT INTO merchant_product VALUES (?, ?, ?)", (id, position, product.name()))?;
    }
    for (position, provider) in (0..).zip(&merchant.providers) {
        run(to, "INSERT INTO merchant_provider VALUES (?, ?, ?)", (id, position, provider.as_str()))?;
    }
    for (position, address) in (0..).zip(&merchant.allowed_addresses) {
        run(to, "INSERT INTO merchant_address VALUES (?, ?, ?)", (id, position, address.to_string()))?;
    }
    Ok(())
}

fn write_lottery(to: &Connection, lottery: &Lottery) -> Result<()> {
    run(
        to,
        "INSERT OR REPLACE INTO lottery VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        rusqlite::params![
            lottery.id.as_str(),
            lottery.account.as_str(),
            lottery.sponsor.as_str(),
            lottery.title,
            lottery.description,
            lottery.is_on,
            lottery.begins_at.as_millis(),
            lottery.ends_at.as_millis(),
            lottery.prizes_max,
            lottery.prizes,
            lottery.jump_url,
            lottery.key.expose(),
            lottery.win_rate_ppm,
        ],
    )
}

fn write_app(to: &Connection, app: &App) -> Result<()> {
    let id = app.id.as_str();
    for table in ["app_key", "app_merchant", "app_redirect_host", "app_origin", "app_credential"] {
        run(to, &format!("DELETE FROM {table} WHERE app_id = ?"), [id])?;
    }
    let workwx_secret = app.workwx_secret.as_ref().map(WorkwxSecret::expose);
    let app_secret = app.app_secret.as_ref().map(AppSecret::expose);
    let values = (id, app.kind.name(), app.registered_only, workwx_secret, app_secret);
    run(to, "INSERT OR REPLACE INTO app VALUES (?, ?, ?, ?, ?)", values)?;
    for (position, key) in (0..).zip(&app.keys) {
        let (from, until) = bounds(key.validity);
        let values = (id, position, &key.id, &key.public_key_pem, from, until);
        run(to, "INSERT INTO app_key VALUES (?, ?, ?, ?, ?, ?)", values)?;
    }
    for (position, merchant) in (0..).zip(&app.merchants) {
        run(to, "INSERT INTO app_merchant VALUES (?, ?, ?)", (id, position, merchant.as_str()))?;
    }
    for (position, host) in (0..).zip(&app.redirect_hosts) {
        run(to, "INSERT INTO app_redirect_host VALUES (?, ?, ?)", (id, position, host))?;
    }
    for (position, origin) in (0..).zip(&app.origins) {
        run(to, "INSERT INTO app_origin VALUES (?, ?, ?)", (id, position, origin))?;
    }
    for (position, credential) in (0..).zip(&app.credentials) {
        let (from, until) = bounds(credential.validity);
        let scopes = names::scope_names(&credential.scopes);
        let values = (id, position, &credential.id, credential.token_sha256, scopes, from, until);
        run(to, "INSERT INTO app_credential VALUES (?, ?, ?, ?, ?, ?, ?)", values)?;
    }
    Ok(())
}

fn bounds(validity: Validity) -> (i64, Option<i64>) {
    (validity.from.as_millis(), validity.until.map(Timestamp::as_millis))
}

fn run(to: &Connection, sql: &str, params: impl Params) -> Result<()> {
    to.prepare_cached(sql)?.execute(params).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hongbao_store::clock::SystemClock;
    use hongbao_store::{Currency, Store, StoreInfo, StoreKind};

    use super::*;

    /// A process that is killed leaves its writes to the system, so no such test shows whether the disk
    /// would have them after a power cut. This one shows that SQLite is told to see to it.
    #[test]
    fn a_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let info = StoreInfo { kind: StoreKind::Live, currency: Currency::renminbi() };
        let path = folder.path().join("hongbao.db");
        let store = SqliteStore::open_or_create(&path, &info, Arc::new(SystemClock)).unwrap();
        let writer = store.writer().unwrap();
        let pragma = |name| writer.connection.pragma_query_value(None, name, |row| row.get::<_, String>(0));
        assert_eq!(pragma("journal_mode").unwrap(), "wal");
        let synchronous = writer.connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0));
        assert_eq!(synchronous.unwrap(), 2, "FULL");
    }
}

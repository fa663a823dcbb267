//! What has come to a person, as a page of JSON: what came into the wallet and left it, and the packets that were sent
//! to them, merchant by merchant; newest first, and where the next page begins.

use hongbao_engine::directory::PersonId;
use hongbao_engine::packet::Product;
use hongbao_engine::wallet::{Withdrawal, WithdrawalState};
use hongbao_store::{Page, SentPacket, Store, WalletEntry};
use hongbao_types::{PacketId, Reference, Timestamp};
use serde::{Deserialize, Serialize};

use super::packets::status;
use super::problem::Problem;
use crate::json_door::rfc3339;
use crate::platform::Platform;

/// The most rows in one answer.
const PAGE_MAX: usize = 100;
/// What stands between the parts of where a page begins: none of them has it.
const BETWEEN: char = '~';

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// Where the page begins: the `next` of the one before; at the newest when left out.
    before: Option<String>,
    /// How many, 100 at most.
    limit: Option<usize>,
}

/// Some rows, newest first.
#[derive(Serialize)]
pub(crate) struct PageReply<T> {
    rows: Vec<T>,
    /// The `before` of the next page, if there is one.
    next: Option<String>,
}

/// Something that came into a wallet, or left it.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum EntryReply {
    /// A share that was opened.
    Share { packet_id: String, amount_fen: i64, at: String },
    /// A transfer.
    Transfer { packet_id: String, amount_fen: i64, at: String, remark: String },
    /// A withdrawal.
    Withdrawal(WithdrawalReply),
}

/// A withdrawal as it is stored.
#[derive(Serialize)]
pub(crate) struct WithdrawalReply {
    reference: String,
    amount_fen: i64,
    /// `held`, `confirmed` or `cancelled`.
    status: &'static str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<String>,
}

/// A packet that was sent to a person.
#[derive(Serialize)]
pub(crate) struct SentReply {
    packet_id: String,
    merchant_id: String,
    product: &'static str,
    status: &'static str,
    sender_name: String,
    greeting: String,
    activity: String,
    remark: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_name: Option<String>,
    total_fen: i64,
    share_count: u32,
    sent_at: String,
    expires_at: String,
    /// What the person opened of it.
    opened: Option<OpenedReply>,
}

#[derive(Serialize)]
struct OpenedReply {
    amount_fen: i64,
    at: String,
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From<T> {
    Newest,
    At(T),
    End,
}

impl PageQuery {
    /// How many rows, and where the lists begin.
    fn read<const N: usize>(&self) -> Result<(usize, [String; N]), Problem> {
        let limit = self.limit.unwrap_or(PAGE_MAX).min(PAGE_MAX);
        if limit == 0 {
            return Err(Problem::invalid("limit must be at least 1"));
        }
        Ok((limit, parts(self.before.as_deref())?))
    }
}

/// The parts of where a page begins; `*` is the newest, nothing the end.
pub(super) fn parts<const N: usize>(before: Option<&str>) -> Result<[String; N], Problem> {
    let Some(before) = before else { return Ok(std::array::from_fn(|_| "*".to_owned())) };
    let parts: Vec<String> = before.split(BETWEEN).map(str::to_owned).collect();
    parts.try_into().map_err(|_| Problem::invalid("before must be the next of an earlier page"))
}

impl<T: std::str::FromStr + std::fmt::Display> From<T> {
    pub(super) fn read(part: &str) -> Result<From<T>, Problem> {
        match part {
            "" => Ok(From::End),
            "*" => Ok(From::Newest),
            key => {
                let key = key.parse().map_err(|_| Problem::invalid("before must be the next of an earlier page"))?;
                Ok(From::At(key))
            }
        }
    }

    fn after(next: Option<T>) -> From<T> {
        next.map_or(From::End, From::At)
    }

    fn write(&self) -> String {
        match self {
            From::Newest => "*".to_owned(),
            From::At(key) => key.to_string(),
            From::End => String::new(),
        }
    }
}

/// Where the next page begins, unless all lists have ended.
pub(super) fn next(parts: &[String]) -> Option<String> {
    parts.iter().any(|part| !part.is_empty()).then(|| parts.join(&BETWEEN.to_string()))
}

pub(super) async fn entries<S: Store>(
    platform: &Platform<S>,
    person: &PersonId,
    query: &PageQuery,
) -> Result<PageReply<EntryReply>, Problem> {
    let (limit, [entry, withdrawal]) = query.read()?;
    let (rows, next_parts) = entries_from(platform, person, [&entry, &withdrawal], limit).await?;
    Ok(PageReply { rows, next: next(&next_parts) })
}

/// What came into a wallet and what left it are two lists: of each a page is read, and the newer one of both taken
/// until there are enough.
pub(super) async fn entries_from<S: Store>(
    platform: &Platform<S>,
    person: &PersonId,
    [entry, withdrawal]: [&str; 2],
    limit: usize,
) -> Result<(Vec<EntryReply>, [String; 2]), Problem> {
    let store = &platform.store;
    let came = match From::<PacketId>::read(entry)? {
        From::End => Page { rows: Vec::new(), next: None },
        From::Newest => platform.in_time(store.wallet_entries(person, None, limit)).await?,
        From::At(id) => platform.in_time(store.wallet_entries(person, Some(&id), limit)).await?,
    };
    let left = match From::<Reference>::read(withdrawal)? {
        From::End => Page { rows: Vec::new(), next: None },
        From::Newest => platform.in_time(store.withdrawals(person, None, limit)).await?,
        From::At(reference) => platform.in_time(store.withdrawals(person, Some(&reference), limit)).await?,
    };
    let (mut came_rows, mut left_rows) = (came.rows.into_iter().peekable(), left.rows.into_iter().peekable());
    let mut rows = Vec::new();
    while rows.len() < limit {
        let newer = match (came_rows.peek(), left_rows.peek()) {
            (None, None) => break,
            (Some(came), Some(left)) => left.held_at >= came.at(),
            (came, _) => came.is_none(),
        };
        rows.extend(if newer {
            left_rows.next().map(|row| EntryReply::Withdrawal(WithdrawalReply::show(&row)))
        } else {
            came_rows.next().map(|row| EntryReply::show(&row))
        });
    }
    let entry = came_rows.next().map(|row| row.packet().clone()).or(came.next);
    let withdrawal = left_rows.next().map(|row| row.key.reference).or(left.next);
    Ok((rows, [From::after(entry).write(), From::after(withdrawal).write()]))
}

/// Packets that were sent, not those that only landed, and not transfers, which nobody opens.
pub(super) async fn packets<S: Store>(
    platform: &Platform<S>,
    person: &PersonId,
    query: &PageQuery,
) -> Result<PageReply<SentReply>, Problem> {
    let (limit, [packet]) = query.read()?;
    let (sent, next_part) = sent_from(platform, person, &packet, limit).await?;
    let now = platform.in_time(platform.store.now()).await?;
    let rows = sent.iter().filter(|sent| sent.packet.is_accepted() && sent.packet.product != Product::Transfer);
    Ok(PageReply { rows: rows.map(|sent| SentReply::show(sent, now)).collect(), next: next(&[next_part]) })
}

pub(super) async fn sent_from<S: Store>(
    platform: &Platform<S>,
    person: &PersonId,
    packet: &str,
    limit: usize,
) -> Result<(Vec<SentPacket>, String), Problem> {
    let store = &platform.store;
    let page = match From::<PacketId>::read(packet)? {
        From::End => Page { rows: Vec::new(), next: None },
        From::Newest => platform.in_time(store.packets_to(person, None, limit)).await?,
        From::At(id) => platform.in_time(store.packets_to(person, Some(&id), limit)).await?,
    };
    Ok((page.rows, From::after(page.next).write()))
}

impl EntryReply {
    fn show(entry: &WalletEntry) -> EntryReply {
        let (packet_id, amount_fen, at) = (entry.packet().to_string(), entry.amount().as_i64(), rfc3339(entry.at()));
        match entry {
            WalletEntry::Claim(_) => EntryReply::Share { packet_id, amount_fen, at },
            WalletEntry::Transfer(packet) => {
                EntryReply::Transfer { packet_id, amount_fen, at, remark: packet.texts.remark.clone() }
            }
        }
    }
}

impl WithdrawalReply {
    pub(super) fn show(withdrawal: &Withdrawal) -> WithdrawalReply {
        let (status, settled) = match &withdrawal.state {
            WithdrawalState::Held => ("held", None),
            WithdrawalState::Confirmed(settled) => ("confirmed", Some(settled)),
            WithdrawalState::Cancelled(settled) => ("cancelled", Some(settled)),
        };
        WithdrawalReply {
            reference: withdrawal.key.reference.to_string(),
            amount_fen: withdrawal.amount.as_i64(),
            status,
            at: rfc3339(withdrawal.held_at),
            operator_reference: settled.map(|settled| settled.reference.to_string()),
            settled_at: settled.map(|settled| rfc3339(settled.at)),
        }
    }
}

impl SentReply {
    pub(super) fn show(SentPacket { packet, claim }: &SentPacket, now: Timestamp) -> SentReply {
        SentReply {
            packet_id: packet.id.to_string(),
            merchant_id: packet.bill.merchant.to_string(),
            product: packet.product.name(),
            status: status(packet.status(now)),
            sender_name: packet.texts.sender_name.clone(),
            greeting: packet.texts.greeting.clone(),
            activity: packet.texts.activity.clone(),
            remark: packet.texts.remark.clone(),
            recipient_name: packet.texts.recipient_name.clone(),
            total_fen: packet.total.as_i64(),
            share_count: packet.share_count,
            sent_at: rfc3339(packet.sent_at),
            expires_at: rfc3339(packet.deadline),
            opened: claim
                .as_ref()
                .map(|claim| OpenedReply { amount_fen: claim.amount.as_i64(), at: rfc3339(claim.claimed_at) }),
        }
    }
}

//! What is a packet (红包), and which states can it be in?

use hongbao_types::{AppId, BillNo, Fen, MerchantId, OpenId, PacketId, Timestamp};

use crate::draw::{DrawKeys, DrawRule, DrawSeed};
use crate::lottery::PreOrder;

/// Bill numbers are unique within a family: one for all endpoints that send packets, one for transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Every endpoint that sends packets.
    Packets,
    /// Transfers to a person's wallet.
    Transfers,
}

/// What a packet is known by for ever: one bill number, one packet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillKey {
    /// The merchant who chose the number; not always the one who pays.
    pub merchant: MerchantId,
    /// The family in which the number is unique.
    pub family: Family,
    /// The number.
    pub bill_no: BillNo,
}

/// Which product a packet was sent as; each is one endpoint of the merchants' protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// One person, one share (普通红包).
    Ordinary,
    /// Several shares, a seed user first (裂变红包).
    Group,
    /// Opened in a mini program (小程序红包).
    MiniProgram,
    /// Reserved now, given to somebody by a shake (摇一摇红包).
    PreOrder,
    /// In the name of a corporation of 企业微信 (企业红包).
    Workwx,
    /// No packet at all: into a person's wallet at once (企业付款).
    Transfer,
}

/// How the money of a packet becomes shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Split {
    /// It is one share.
    Whole,
    /// It is several, drawn.
    Drawn {
        /// By this rule.
        rule: DrawRule,
        /// From a seed that follows from the draw key of this number.
        key: u32,
    },
}

impl Product {
    /// All of them.
    pub const ALL: [Product; 6] = [
        Product::Ordinary,
        Product::Group,
        Product::MiniProgram,
        Product::PreOrder,
        Product::Workwx,
        Product::Transfer,
    ];

    /// Its name, as stores, logs and operators write it.
    pub const fn name(self) -> &'static str {
        match self {
            Product::Ordinary => "ordinary",
            Product::Group => "group",
            Product::MiniProgram => "mini_program",
            Product::PreOrder => "pre_order",
            Product::Workwx => "workwx",
            Product::Transfer => "transfer",
        }
    }

    /// The product of that name.
    pub fn from_name(name: &str) -> Option<Product> {
        Product::ALL.into_iter().find(|product| product.name() == name)
    }

    /// Which bill numbers it shares.
    pub const fn family(self) -> Family {
        match self {
            Product::Ordinary | Product::Group | Product::MiniProgram | Product::PreOrder | Product::Workwx => {
                Family::Packets
            }
            Product::Transfer => Family::Transfers,
        }
    }
}

/// The texts that a packet shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The sender's name (商户名称).
    pub sender_name: String,
    /// The greeting (祝福语).
    pub greeting: String,
    /// The activity's name (活动名称).
    pub activity: String,
    /// The remark (备注).
    pub remark: String,
    /// The scene (场景), when one was given.
    pub scene: Option<String>,
    /// The sender's picture (头像), by its media id, when one was given.
    pub sender_picture: Option<String>,
    /// The corporation's app that it is from, in place of a sender's name.
    pub sender_agent: Option<String>,
    /// The recipient's name, when one was given.
    pub recipient_name: Option<String>,
}

/// Why a packet was declined and stored (it *landed*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decline {
    /// The payer's money is frozen.
    Frozen,
    /// The recipient is blocked (风控).
    RecipientBlocked,
    /// The recipient got his packets of the day from this merchant.
    RecipientPacketsPerDay,
    /// The recipient got his money of the day from this merchant.
    RecipientAmountPerDay,
    /// The merchant sent its packets of the day.
    PacketsPerDay,
    /// The merchant sent its money of the day.
    AmountPerDay,
    /// The payer's funds don't cover the total.
    InsufficientFunds,
}

impl Decline {
    /// All of them.
    pub const ALL: [Decline; 7] = [
        Decline::Frozen,
        Decline::RecipientBlocked,
        Decline::RecipientPacketsPerDay,
        Decline::RecipientAmountPerDay,
        Decline::PacketsPerDay,
        Decline::AmountPerDay,
        Decline::InsufficientFunds,
    ];

    /// Its name, as stores and logs write it.
    pub const fn name(self) -> &'static str {
        match self {
            Decline::Frozen => "frozen",
            Decline::RecipientBlocked => "recipient_blocked",
            Decline::RecipientPacketsPerDay => "recipient_packets_per_day",
            Decline::RecipientAmountPerDay => "recipient_amount_per_day",
            Decline::PacketsPerDay => "packets_per_day",
            Decline::AmountPerDay => "amount_per_day",
            Decline::InsufficientFunds => "insufficient_funds",
        }
    }

    /// The decline of that name.
    pub fn from_name(name: &str) -> Option<Decline> {
        Decline::ALL.into_iter().find(|decline| decline.name() == name)
    }
}

/// The state that a packet's row records. What time alone brings is read from [`Packet::status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketState {
    /// Declined and stored: the number is taken, no money moved.
    Landed(Decline),
    /// Accepted; money is in escrow.
    Open,
    /// Every share was claimed.
    Exhausted,
    /// Its time was over; what nobody claimed went back.
    Refunded,
    /// It landed and its time was over before the cause was gone: failed for good.
    Failed(Decline),
}

/// One packet. The row is the posting funds → escrow of its total (once accepted) and the posting
/// escrow → funds of what was refunded; its escrow balance is `total − claimed − refunded`. A transfer's row is
/// also its posting escrow → wallet, for nobody claims it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The platform's number for it.
    pub id: PacketId,
    /// The merchant's number for it.
    pub bill: BillKey,
    /// The product it was sent as.
    pub product: Product,
    /// The merchant whose funds pay.
    pub payer: MerchantId,
    /// The sub-merchant (子商户) on whose behalf a provider sent it.
    pub on_behalf_of: Option<MerchantId>,
    /// The app under which its people are known.
    pub app: AppId,
    /// The person it is addressed to; of a pre-order, who drew it, and before that nobody.
    pub recipient: Option<OpenId>,
    /// How its money becomes shares.
    pub split: Split,
    /// The money of all shares.
    pub total: Fen,
    /// How many shares it has.
    pub share_count: u32,
    /// What it shows.
    pub texts: Texts,
    /// What only a pre-order has, and every one.
    pub pre_order: Option<PreOrder>,
    /// The packet of this payer and family that was for the same person before it.
    pub previous: Option<PacketId>,
    /// Of a transfer that was paid: what came into the wallet before it.
    pub previous_in_wallet: Option<PacketId>,
    /// Its state.
    pub state: PacketState,
    /// When its number was first taken.
    pub created_at: Timestamp,
    /// When it was accepted; while it is landed, when it landed.
    pub sent_at: Timestamp,
    /// While landed: when it fails for good. Once accepted: when it expires.
    pub deadline: Timestamp,
    /// The money of the shares claimed so far.
    pub claimed: Fen,
    /// How many shares were claimed so far.
    pub claimed_count: u32,
    /// The money that went back.
    pub refunded: Fen,
    /// When it went back.
    pub refunded_at: Option<Timestamp>,
    /// When the row was last changed; time never runs backwards for it.
    pub stamp: Timestamp,
}

/// Where a packet stands at a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketStatus {
    /// Landed; the same call again may still complete it.
    Sending(Decline),
    /// Accepted, nothing claimed yet.
    Sent,
    /// Landed, and its time is over.
    Failed(Decline),
    /// All shares were claimed, or some and its time is not over.
    Received,
    /// Its time is over; what is left is going back.
    Refunding,
    /// What was left went back.
    Refunded {
        /// How much.
        amount: Fen,
        /// When.
        at: Timestamp,
    },
}

/// One share that a person opened. The row is the posting escrow → wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The packet.
    pub packet: PacketId,
    /// The app under which the person is known: the packet's.
    pub app: AppId,
    /// The person.
    pub openid: OpenId,
    /// The share's place in the order of opening, from 0.
    pub index: u32,
    /// The money.
    pub amount: Fen,
    /// When.
    pub claimed_at: Timestamp,
    /// What came into the person's wallet before it.
    pub previous: Option<PacketId>,
}

/// Work that time brings: a packet whose deadline is written down so that a job finds it.
/// It is derived from the packet's row ([`Packet::due`]), and carries what naming the rows needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// When there is something to do.
    pub at: Timestamp,
    /// With which packet.
    pub packet: PacketId,
    /// Who gets money back.
    pub payer: MerchantId,
}

/// How long a packet can be asked for: the official query page says 30 days.
const QUERYABLE_MS: i64 = 30 * 86_400_000;

/// How many shards there are.
pub const SHARDS: u16 = 1000;

/// The shard of a row that is known by these texts, 0 to 999: FNV-1a. It never changes, for it stands in keys.
pub fn shard_of<'a>(key: impl IntoIterator<Item = &'a str>) -> u16 {
    let bytes = key.into_iter().flat_map(|part| part.bytes().chain([0]));
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash.checked_rem(SHARDS.into()).and_then(|shard| shard.try_into().ok()).unwrap_or_default()
}

impl BillKey {
    /// The shard it belongs to, which stands in its packet's id ([`PacketId::shard`]).
    pub fn shard(&self) -> u16 {
        let family = match self.family {
            Family::Packets => "p",
            Family::Transfers => "t",
        };
        shard_of([self.merchant.as_str(), family, self.bill_no.as_str()])
    }
}

impl Packet {
    /// Whether its id ends with its bill number's shard, as a store may rely on.
    pub fn is_in_its_shard(&self) -> bool {
        self.id.shard() == self.bill.shard()
    }

    /// Whether its merchant may still ask for it.
    pub fn is_queryable(&self, now: Timestamp) -> bool {
        now <= self.created_at.plus_millis(QUERYABLE_MS)
    }

    /// Whether money was taken for it.
    pub fn is_accepted(&self) -> bool {
        match self.state {
            PacketState::Open | PacketState::Exhausted | PacketState::Refunded => true,
            PacketState::Landed(_) | PacketState::Failed(_) => false,
        }
    }

    /// The seed that its shares are drawn from. `None` of a packet in one piece, or when its key is missing.
    pub fn seed(&self, keys: &DrawKeys) -> Option<DrawSeed> {
        match self.split {
            Split::Whole => None,
            Split::Drawn { key, .. } => keys.seed(key, &self.id),
        }
    }

    /// Whether no share of it will ever be opened again, whatever happens: what is known of it now stays true.
    pub fn is_finished(&self) -> bool {
        matches!(self.state, PacketState::Exhausted | PacketState::Refunded)
    }

    /// What is in escrow, or `None` when more went out than came in (the books are broken).
    pub fn escrow(&self) -> Option<Fen> {
        if !self.is_accepted() {
            return Some(Fen::ZERO);
        }
        self.total.checked_sub(self.claimed)?.checked_sub(self.refunded)
    }

    /// What it paid into the recipient's wallet when it was accepted, without a claim: all of a transfer.
    pub fn paid_at_once(&self) -> Option<(&AppId, &OpenId, Fen)> {
        let recipient = self.recipient.as_ref()?;
        (self.product == Product::Transfer && self.is_accepted()).then_some((&self.app, recipient, self.claimed))
    }

    /// What time will bring, if anything.
    pub fn due(&self) -> Option<Due> {
        match self.state {
            PacketState::Landed(_) | PacketState::Open => {
                Some(Due { at: self.deadline, packet: self.id.clone(), payer: self.payer.clone() })
            }
            PacketState::Exhausted | PacketState::Refunded | PacketState::Failed(_) => None,
        }
    }

    /// Whether its deadline has come: from the very millisecond on.
    pub fn is_past_deadline(&self, now: Timestamp) -> bool {
        now.max(self.stamp) >= self.deadline
    }

    /// Where it stands at `now`. A packet partly claimed counts as received until its time is over
    /// (Chosen: the official pages are silent).
    pub fn status(&self, now: Timestamp) -> PacketStatus {
        match self.state {
            PacketState::Landed(reason) if self.is_past_deadline(now) => PacketStatus::Failed(reason),
            PacketState::Landed(reason) => PacketStatus::Sending(reason),
            PacketState::Failed(reason) => PacketStatus::Failed(reason),
            PacketState::Open if self.is_past_deadline(now) => PacketStatus::Refunding,
            PacketState::Open if self.claimed_count == 0 => PacketStatus::Sent,
            PacketState::Open | PacketState::Exhausted => PacketStatus::Received,
            PacketState::Refunded => {
                PacketStatus::Refunded { amount: self.refunded, at: self.refunded_at.unwrap_or(self.stamp) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_numbers_shard_never_changes() {
        let bill = |merchant, family, bill_no| BillKey {
            merchant: MerchantId::try_new(merchant).unwrap(),
            family,
            bill_no: BillNo::try_new(bill_no).unwrap(),
        };
        let shards = [
            bill("10000098", Family::Packets, "10000098201411111234567890").shard(),
            bill("10000098", Family::Transfers, "10000098201411111234567890").shard(),
            bill("1", Family::Packets, "1").shard(),
        ];
        assert_eq!(shards, [119, 683, 221]);
    }
}

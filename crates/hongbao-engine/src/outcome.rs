//! How can a command end? Accepted; declined and stored; rejected, which leaves nothing behind.
//! The variants of each enum stand in the order in which they are judged.

use hongbao_types::{Fen, MerchantId, OpenId, PacketId, Timestamp};

use crate::ledger::Transfer;
use crate::lottery::Binding;
use crate::packet::{Claim, Decline};
use crate::wallet::Withdrawal;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A packet was sent, declined or rejected.
    Send(SendOutcome),
    /// A share was claimed, or not.
    Claim(Result<Claimed, ClaimRejection>),
    /// What time brought to a packet.
    Expire(Expired),
    /// Money came in, or not.
    TopUp(Result<Transfer, TopUpRejection>),
    /// A merchant, an app or a person is so, or not.
    Put(Result<(), PutRejection>),
    /// How each pre-order ended that was to go into a bucket.
    Fill(Result<Vec<Result<(), PrizeRejection>>, NoSuchLottery>),
    /// A pre-order is somebody's, or not.
    Bind(Result<Bound, BindRejection>),
    /// A code was redeemed, or not.
    Redeem(Result<(), RedeemRejection>),
    /// Money is held, or not.
    Hold(Result<Withdrawn, HoldRejection>),
    /// A withdrawal is settled, or not.
    Settle(Result<Withdrawn, SettleRejection>),
    /// A step of forgetting a person: the pseudonym under which it goes on.
    Erase(Result<OpenId, EraseRejection>),
    /// The clock shows so much, or not.
    Clock(Result<(), ClockRejection>),
    /// The engine contradicts itself: nothing was done, and this is a bug.
    Bug(&'static str),
}

impl Outcome {
    /// Whether what the command changed is kept.
    pub fn keeps_changes(&self) -> bool {
        match self {
            Outcome::Send(SendOutcome::Accepted(_) | SendOutcome::Declined(_)) | Outcome::Expire(_) => true,
            Outcome::Send(SendOutcome::Rejected(_)) | Outcome::Bug(_) => false,
            Outcome::Claim(result) => result.is_ok(),
            Outcome::TopUp(result) => result.is_ok(),
            Outcome::Put(result) => result.is_ok(),
            Outcome::Fill(result) => result.is_ok(),
            Outcome::Bind(result) => result.is_ok(),
            Outcome::Redeem(result) => result.is_ok(),
            Outcome::Hold(result) => result.is_ok(),
            Outcome::Settle(result) => result.is_ok(),
            Outcome::Erase(result) => result.is_ok(),
            Outcome::Clock(result) => result.is_ok(),
        }
    }

    /// How the same command ends once more, when it ended like this and nothing happened since.
    #[must_use]
    pub fn repeated(&self) -> Outcome {
        let mut again = self.clone();
        match &mut again {
            Outcome::Send(SendOutcome::Accepted(accepted)) => accepted.is_replay = true,
            Outcome::Claim(Ok(claimed)) => claimed.is_replay = true,
            Outcome::Bind(Ok(bound)) => bound.is_replay = true,
            Outcome::Hold(Ok(withdrawn)) | Outcome::Settle(Ok(withdrawn)) => withdrawn.is_replay = true,
            Outcome::Fill(Ok(ends)) => {
                for end in ends.iter_mut().filter(|end| end.is_ok()) {
                    *end = Err(PrizeRejection::Repeated);
                }
            }
            Outcome::Send(_)
            | Outcome::Claim(_)
            | Outcome::Expire(_)
            | Outcome::TopUp(_)
            | Outcome::Put(_)
            | Outcome::Fill(_)
            | Outcome::Bind(_)
            | Outcome::Hold(_)
            | Outcome::Settle(_)
            | Outcome::Erase(_)
            | Outcome::Redeem(_)
            | Outcome::Clock(_)
            | Outcome::Bug(_) => {}
        }
        again
    }
}

/// How sending ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// The packet exists and its money is in escrow.
    Accepted(Accepted),
    /// The bill number is taken and no money moved; the same call again may complete it.
    Declined(Decline),
    /// Nothing was stored.
    Rejected(SendRejection),
}

/// A packet that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub packet: PacketId,
    /// When it was accepted, the first time.
    pub sent_at: Timestamp,
    /// Whether this call only got the first one's answer.
    pub is_replay: bool,
}

/// Why a packet was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendRejection {
    /// The bill number was used for something else.
    BillNoReused(Difference),
    /// The bill number landed and failed for good.
    BillNoFailed,
    /// It is night, and the merchant sends nothing at night.
    Night,
    /// The merchant has not been here, or has not traded, for long enough.
    MerchantTooNew,
    /// The app takes people only who are registered, and this one is not.
    RecipientNotRegistered,
    /// The amount is not between the merchant's bounds.
    AmountOutOfRange {
        /// The least.
        min: Fen,
        /// The most.
        max: Fen,
    },
    /// A packet of so much, or so little, needs a scene.
    SceneRequired,
    /// It has more shares than the merchant may make.
    TooManyShares,
    /// The merchant sent its packets of the second.
    PacketsPerSecond,
    /// The merchant sent its packets of the minute.
    PacketsPerMinute,
    /// The recipient got his packets of the minute from this merchant.
    RecipientPacketsPerMinute,
}

/// In what a call differs from the first one with its bill number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The recipient.
    Recipient,
    /// The total.
    Total,
    /// The product, the payer, the app, the number of shares or how they are made.
    Terms,
}

/// A share that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The claim.
    pub claim: Claim,
    /// Whether the packet has shares for others.
    pub is_shared: bool,
    /// Whether this call only got the first one's answer.
    pub is_replay: bool,
}

/// Why a claim was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRejection {
    /// There is no such packet for this app.
    #[error("there is no such packet")]
    NoSuchPacket,
    /// A packet of this product is not opened by this call.
    #[error("a packet of this kind is not opened in this way")]
    NotThisWay,
    /// The packet is for somebody else, and no link was shared that would make it theirs.
    #[error("the packet is for somebody else")]
    NotTheRecipient,
    /// Who it was sent to opens it first.
    #[error("the one it was sent to has not opened it yet")]
    NotShared,
    /// It has not been sent, and perhaps never will be.
    #[error("the packet has not been sent")]
    NotSent,
    /// Its time is over.
    #[error("the packet has expired")]
    Expired,
    /// Its time is over, and what nobody opened has gone back.
    #[error("the packet has expired, and its money went back")]
    Refunded,
    /// Every share is gone.
    #[error("every share has been claimed")]
    Exhausted,
    /// The person is being erased: nothing comes into their wallet.
    #[error("the person is being erased")]
    BeingErased,
    /// The app has registered people only, and this is none of them.
    #[error("the person is not registered")]
    NotRegistered,
    /// The person is blocked.
    #[error("the person is blocked")]
    Blocked,
}

/// What time brought to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// This much went back.
    Refunded(Fen),
    /// It failed for good.
    Failed,
    /// Its deadline has not come.
    NotYet,
    /// There was nothing to do: it was done before.
    AlreadyDone,
}

/// Why a top-up was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopUpRejection {
    /// The reference was used for something else, namely this.
    ReferenceReused(Transfer),
    /// There is no such merchant.
    NoSuchMerchant(MerchantId),
    /// It would be nothing, or more than an account can hold.
    AmountOutOfRange,
}

/// Why a merchant or an app was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("something else is stored than what it was to take the place of")]
pub struct PutRejection;

/// There is no such campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such campaign")]
pub struct NoSuchLottery;

/// Why a pre-order was not put into a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrizeRejection {
    /// There is no such pre-order of this merchant for people of the campaign's sponsor, or it is not paid for, or the
    /// bucket is full.
    Invalid,
    /// It was made for another service.
    WrongService,
    /// It is in this bucket already.
    Repeated,
    /// It is in another bucket.
    InAnother,
    /// Its time is over.
    Expired,
    /// It holds less or more than a campaign takes.
    AmountOutOfRange,
}

/// A pre-order that found its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The draw.
    pub binding: Binding,
    /// Whether this call only got the first one's answer.
    pub is_replay: bool,
}

/// Why a pre-order did not find this person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindRejection {
    /// It is not in this campaign's bucket, or not for people of this app.
    #[error("the packet is not a prize of this campaign")]
    NotAPrize,
    /// Somebody has it, or its time is over: another one may be there.
    #[error("the packet is taken")]
    Taken,
    /// The app takes registered people only.
    #[error("the person is not registered")]
    NotRegistered,
    /// The person is blocked.
    #[error("the person is blocked")]
    Blocked,
    /// The person got their packets of the minute from this merchant.
    #[error("the person got their packets of the minute")]
    PacketsPerMinute,
    /// The person got their packets of the day from this merchant.
    #[error("the person got their packets of the day")]
    PacketsPerDay,
    /// The person got their money of the day from this merchant.
    #[error("the person got their money of the day")]
    AmountPerDay,
}

/// Why a code was not redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedeemRejection {
    /// Another call was first.
    #[error("the code has been used")]
    Used,
    /// Its time is over.
    #[error("the code has expired")]
    Expired,
}

/// A withdrawal, held or settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// The withdrawal.
    pub withdrawal: Withdrawal,
    /// Whether this call only got the first one's answer.
    pub is_replay: bool,
}

/// Why money was not held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldRejection {
    /// The reference was used for something else, namely this.
    ReferenceReused(Box<Withdrawal>),
    /// It would be nothing.
    AmountOutOfRange,
    /// The wallet has only this.
    InsufficientBalance(Fen),
}

/// Why a withdrawal was not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettleRejection {
    /// There is none of this reference, or not of this person.
    NoSuchWithdrawal,
    /// It was settled otherwise, or by another reference, namely so.
    AlreadySettled(Box<Withdrawal>),
}

/// Why a person is not, or not yet, erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EraseRejection {
    /// There is money of theirs.
    NotEmpty {
        /// In the wallet.
        balance: Fen,
        /// Being withdrawn.
        held: Fen,
    },
    /// Something is no longer where it was read: it is to be read again.
    Moved,
}

/// Why the clock was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockRejection {
    /// The store is live.
    #[error("only a sandbox has a clock that can be set")]
    NotASandbox,
}

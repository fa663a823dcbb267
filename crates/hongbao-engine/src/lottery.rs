//! What is a campaign of the shake (摇一摇活动), and what may be drawn in it? Pre-orders are put into its bucket, and a
//! draw binds one of them to a person, who then opens it as any other packet.
//!
//! Official pages `Shake_Nearby` and `Shake_RedPack`; protocol, section 13.4.

use hongbao_types::{ApiKey, AppId, Fen, LotteryId, MerchantId, OpenId, PacketId, Timestamp};

/// One chance in a million.
const MILLION: u32 = 1_000_000;

/// A campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lottery {
    /// Its number.
    pub id: LotteryId,
    /// The official account that made it.
    pub account: AppId,
    /// The official account under which people draw (`sponsor_appid`).
    pub sponsor: AppId,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: String,
    /// Whether it is switched on.
    pub is_on: bool,
    /// When it begins.
    pub begins_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// How many packets it may have.
    pub prizes_max: u32,
    /// How many were put into its bucket.
    pub prizes: u32,
    /// Where its own page is.
    pub jump_url: String,
    /// What its draws are signed with.
    pub key: ApiKey,
    /// How many draws in a million win.
    pub win_rate_ppm: u32,
}

impl Lottery {
    /// Every draw wins.
    pub const ALWAYS: u32 = MILLION;
    /// The most packets that a campaign may have: the official page's number.
    pub const PRIZES_MAX: u32 = 100_000;

    /// Whether one may draw at `now`.
    pub fn judge(&self, now: Timestamp) -> Result<(), DrawRefusal> {
        if !self.is_on {
            Err(DrawRefusal::Off)
        } else if now < self.begins_at {
            Err(DrawRefusal::NotYet)
        } else if now >= self.ends_at {
            Err(DrawRefusal::Over)
        } else {
            Ok(())
        }
    }

    /// Whether a draw wins whose chance is `drawn`, a number that was drawn from all of 32 bits.
    pub fn wins(&self, drawn: u32) -> bool {
        u64::from(drawn).saturating_mul(u64::from(MILLION)) >> 32 < u64::from(self.win_rate_ppm)
    }
}

/// Why nobody draws in a campaign, in the order in which it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawRefusal {
    /// It is switched off.
    #[error("the campaign is switched off")]
    Off,
    /// It has not begun.
    #[error("the campaign has not begun")]
    NotYet,
    /// It has ended.
    #[error("the campaign is over")]
    Over,
}

/// Which of the person's limits count when a pre-order finds them (`risk_cntl`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RiskControl {
    /// All of them.
    #[default]
    Normal,
    /// Not the rate.
    IgnoreRate,
    /// Not the day's number.
    IgnoreDay,
    /// Neither.
    IgnoreBoth,
}

impl RiskControl {
    /// All of them.
    pub const ALL: [RiskControl; 4] =
        [RiskControl::Normal, RiskControl::IgnoreRate, RiskControl::IgnoreDay, RiskControl::IgnoreBoth];

    /// Its name, as stores write it.
    pub const fn name(self) -> &'static str {
        match self {
            RiskControl::Normal => "normal",
            RiskControl::IgnoreRate => "ignore_rate",
            RiskControl::IgnoreDay => "ignore_day",
            RiskControl::IgnoreBoth => "ignore_both",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<RiskControl> {
        RiskControl::ALL.into_iter().find(|control| control.name() == name)
    }

    /// Whether the person's rate counts.
    pub fn counts_rate(self) -> bool {
        matches!(self, RiskControl::Normal | RiskControl::IgnoreDay)
    }

    /// Whether the person's number of the day counts.
    pub fn counts_day(self) -> bool {
        matches!(self, RiskControl::Normal | RiskControl::IgnoreRate)
    }
}

/// What only a pre-order has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreOrder {
    /// For which service it was made (`auth_mchid`).
    pub service: MerchantId,
    /// Which limits count when it finds its person.
    pub risk_control: RiskControl,
    /// The campaign whose bucket it is in.
    pub lottery: Option<LotteryId>,
    /// When it found its person, who is then the packet's recipient.
    pub bound_at: Option<Timestamp>,
}

/// What a draw is known by: one packet for each person and campaign.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingKey {
    /// The campaign.
    pub lottery: LotteryId,
    /// The person, under the campaign's sponsor.
    pub openid: OpenId,
}

/// A draw that won: the event that the merchant is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Who drew where.
    pub key: BindingKey,
    /// The packet.
    pub packet: PacketId,
    /// What is in it.
    pub amount: Fen,
    /// When.
    pub bound_at: Timestamp,
}

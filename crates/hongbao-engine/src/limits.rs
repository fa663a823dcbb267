//! How much may be sent, to whom, how fast? Every limit of a merchant, and the counters behind them.

use hongbao_types::{AppId, BeijingDay, Fen, Generation, MerchantId, OpenId, PacketId, Timestamp};

use crate::packet::Family;

/// The limits of one merchant; [`Limits::NO_COUNT`] and [`Fen::MAX`] are none. Transfers are counted apart from
/// packets, by the same limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The least a packet may hold.
    pub amount_min: Fen,
    /// The most a packet may hold.
    pub amount_max: Fen,
    /// Below this a scene must be given.
    pub scene_below: Fen,
    /// Above this a scene must be given.
    pub scene_above: Fen,
    /// How many shares a packet may have.
    pub shares_max: u32,
    /// How many packets a second.
    pub packets_per_second: u32,
    /// How many packets a clock minute.
    pub packets_per_minute: u32,
    /// How many packets a day.
    pub packets_per_day: u32,
    /// How many packets one person gets a clock minute.
    pub recipient_packets_per_minute: u32,
    /// How many packets one person gets a day.
    pub recipient_packets_per_day: u32,
    /// How much money one person gets a day.
    pub recipient_amount_per_day: Fen,
    /// How much money is sent a day.
    pub amount_per_day: Fen,
    /// Whether nothing is sent from 0:00 to 8:00 in Beijing.
    pub closed_at_night: bool,
    /// How long after it was accepted a packet expires, in milliseconds; without, as the deployment has it. For
    /// pre-orders always as the deployment has it.
    pub expires_after_ms: Option<i64>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::of(Generation::default())
    }
}

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
const SECOND_MS: i64 = 1000;
/// When the night ends in Beijing.
const MORNING_MS: i64 = 28_800_000;

impl Limits {
    /// No limit of a number.
    pub const NO_COUNT: u32 = u32::MAX;

    /// The usual limits of a generation, by the official pages of its time: 1 to 200 yuan a packet and 1800 a minute
    /// in all of them.
    pub const fn of(generation: Generation) -> Limits {
        let common = Limits {
            amount_min: Fen::new(100),
            amount_max: Fen::new(20_000),
            scene_below: Fen::ZERO,
            scene_above: Fen::MAX,
            // Chosen: one client's page says 20, no official one tells.
            shares_max: 10_000,
            packets_per_second: Limits::NO_COUNT,
            packets_per_minute: 1800,
            packets_per_day: Limits::NO_COUNT,
            recipient_packets_per_minute: Limits::NO_COUNT,
            recipient_packets_per_day: Limits::NO_COUNT,
            recipient_amount_per_day: Fen::MAX,
            amount_per_day: Fen::MAX,
            closed_at_night: false,
            expires_after_ms: Some(72 * HOUR_MS),
        };
        match generation {
            Generation::G1 => Limits { packets_per_day: 10_000, closed_at_night: true, ..common },
            Generation::G2a => Limits {
                scene_above: Fen::new(20_000),
                recipient_packets_per_minute: 1,
                recipient_packets_per_day: 10,
                ..common
            },
            Generation::G2b => Limits {
                scene_below: Fen::new(100),
                scene_above: Fen::new(20_000),
                packets_per_second: 30,
                recipient_packets_per_day: 10,
                recipient_amount_per_day: Fen::new(100_000),
                amount_per_day: Fen::new(100_000_000),
                expires_after_ms: None,
                ..common
            },
        }
    }

    /// Whether it is a time at which nothing is sent.
    pub fn is_closed(&self, now: Timestamp) -> bool {
        self.closed_at_night && now.beijing_ms_of_day() < MORNING_MS
    }
}

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CounterKey {
    /// All that a merchant sends.
    Merchant(MerchantId, Family),
    /// What one person gets from one merchant.
    Recipient(MerchantId, Family, AppId, OpenId),
}

/// How much was counted. The row carries its periods and begins anew with each, so that its key needs none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// The Beijing day that `packets` and `amount` count.
    pub day: BeijingDay,
    /// Packets accepted this day.
    pub packets: u32,
    /// Money of the packets accepted this day.
    pub amount: Fen,
    /// The minute that `packets_this_minute` counts, in minutes since the Unix epoch.
    pub minute: i64,
    /// Packets accepted or landed this minute.
    pub packets_this_minute: u32,
    /// The second that `packets_this_second` counts, since the Unix epoch.
    pub second: i64,
    /// Packets accepted or landed this second.
    pub packets_this_second: u32,
    /// Of a person: the newest packet that was sent to them or found them, also if it only landed; each names the one
    /// before it.
    pub newest: Option<PacketId>,
}

impl Counter {
    /// The counter as it stands at `now`: periods that are over count nothing. A clock that steps back a
    /// little stays in the later period; one that had jumped ahead by more does not block whoever was
    /// counted meanwhile.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Counter {
        let mut counter = self.clone();
        let day = now.beijing_day();
        let [minute, second] = [MINUTE_MS, SECOND_MS].map(|ms| now.as_millis().div_euclid(ms));
        if day > counter.day || counter.day.0 > day.0.saturating_add(1) {
            (counter.day, counter.packets, counter.amount) = (day, 0, Fen::ZERO);
        }
        if minute > counter.minute || counter.minute > minute.saturating_add(1) {
            (counter.minute, counter.packets_this_minute) = (minute, 0);
        }
        if second > counter.second || counter.second > second.saturating_add(60) {
            (counter.second, counter.packets_this_second) = (second, 0);
        }
        counter
    }

    /// The counter with one more in its minute and its second.
    #[must_use]
    pub fn with_one_more(&self) -> Counter {
        Counter {
            packets_this_minute: self.packets_this_minute.saturating_add(1),
            packets_this_second: self.packets_this_second.saturating_add(1),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_begins_anew_each_beijing_day_and_each_minute_and_stays_when_time_steps_back_a_little() {
        let midnight = Timestamp::from_millis(1_415_721_600_000);
        let full = Counter {
            day: midnight.beijing_day(),
            packets: 3,
            amount: Fen::new(300),
            minute: midnight.as_millis() / 60_000,
            packets_this_minute: 2,
            second: midnight.as_millis() / 1000,
            packets_this_second: 1,
            newest: None,
        };
        assert_eq!(full.at(midnight.plus_millis(999)), full);
        let a_second_later = full.at(midnight.plus_millis(1000));
        assert_eq!((a_second_later.packets_this_second, a_second_later.packets_this_minute), (0, 2));
        assert_eq!(full.at(midnight.plus_millis(59_999)).packets_this_minute, 2);
        assert_eq!(full.at(midnight.plus_millis(60_000)).packets_this_minute, 0);
        assert_eq!(full.at(midnight.plus_millis(60_000)).packets, 3);
        assert_eq!(full.at(midnight.plus_millis(86_400_000)).amount, Fen::ZERO);
        assert_eq!(full.at(midnight.plus_millis(-1)), full);
        let after_a_jump = full.at(midnight.plus_millis(-2 * 86_400_000));
        assert_eq!((after_a_jump.packets, after_a_jump.packets_this_minute), (0, 0));
    }
}

//! How much may be sent, to whom, how fast? Every limit of a merchant, and the counters behind them.

use hongbao_types::{AppId, BeijingDay, Fen, MerchantId, OpenId, Timestamp};

/// The limits of one merchant. The defaults are those of the present generation of the official
/// page 发放普通红包 (4011974053): 1 to 200 yuan a packet, 30 a second, and per Beijing day
/// 10 packets and 1000 yuan to one person and 1 000 000 yuan in all.
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
    /// How many packets a minute.
    pub packets_per_minute: u32,
    /// How many packets one person gets a day.
    pub recipient_packets_per_day: u32,
    /// How much money one person gets a day.
    pub recipient_amount_per_day: Fen,
    /// How much money is sent a day.
    pub amount_per_day: Fen,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            amount_min: Fen::new(100),
            amount_max: Fen::new(20_000),
            scene_below: Fen::new(100),
            scene_above: Fen::new(20_000),
            packets_per_minute: 1800,
            recipient_packets_per_day: 10,
            recipient_amount_per_day: Fen::new(100_000),
            amount_per_day: Fen::new(100_000_000),
        }
    }
}

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CounterKey {
    /// All that a merchant sends.
    Merchant(MerchantId),
    /// What one person gets from one merchant.
    Recipient(MerchantId, AppId, OpenId),
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
}

impl Counter {
    /// The counter as it stands at `now`: periods that are over count nothing. A clock that steps back a
    /// little stays in the later period; one that had jumped ahead by more does not block whoever was
    /// counted meanwhile.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Counter {
        let mut counter = self.clone();
        let (day, minute) = (now.beijing_day(), now.as_millis().div_euclid(60_000));
        if day > counter.day || counter.day.0 > day.0.saturating_add(1) {
            (counter.day, counter.packets, counter.amount) = (day, 0, Fen::ZERO);
        }
        if minute > counter.minute || counter.minute > minute.saturating_add(1) {
            (counter.minute, counter.packets_this_minute) = (minute, 0);
        }
        counter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_begins_anew_each_beijing_day_and_each_minute_and_stays_when_time_steps_back_a_little() {
        let midnight = Timestamp::from_millis(1_415_721_600_000);
        let full = Counter { packets: 3, amount: Fen::new(300), packets_this_minute: 2, ..Counter::default() }
            .at(Timestamp::from_millis(0));
        let full = Counter { day: midnight.beijing_day(), minute: midnight.as_millis() / 60_000, ..full };
        assert_eq!(full.at(midnight.plus_millis(59_999)), full);
        assert_eq!(full.at(midnight.plus_millis(60_000)).packets_this_minute, 0);
        assert_eq!(full.at(midnight.plus_millis(60_000)).packets, 3);
        assert_eq!(full.at(midnight.plus_millis(86_400_000)).amount, Fen::ZERO);
        assert_eq!(full.at(midnight.plus_millis(-1)), full);
        let after_a_jump = full.at(midnight.plus_millis(-2 * 86_400_000));
        assert_eq!((after_a_jump.packets, after_a_jump.packets_this_minute), (0, 0));
    }
}

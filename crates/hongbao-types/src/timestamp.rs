//! What time is it? A point in time, and the Beijing calendar day that daily limits count by.

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A calendar day in Beijing (UTC+8, no daylight saving time): days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BeijingDay(pub i64);

const BEIJING_OFFSET_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(ms: i64) -> Timestamp {
        Timestamp(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This much later (or earlier, when negative); stays at the far end rather than wrap.
    #[must_use]
    pub const fn plus_millis(self, ms: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(ms))
    }

    /// The Beijing calendar day this falls in.
    pub const fn beijing_day(self) -> BeijingDay {
        BeijingDay(self.0.saturating_add(BEIJING_OFFSET_MS).div_euclid(DAY_MS))
    }

    /// Milliseconds since midnight in Beijing.
    pub const fn beijing_ms_of_day(self) -> i64 {
        self.0.saturating_add(BEIJING_OFFSET_MS).rem_euclid(DAY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_beijing() {
        // 2014-11-11T16:00:00Z is midnight of the 12th in Beijing.
        let midnight = Timestamp::from_millis(1_415_721_600_000);
        assert_eq!(midnight.beijing_ms_of_day(), 0);
        assert_eq!(midnight.plus_millis(-1).beijing_day().0 + 1, midnight.beijing_day().0);
    }
}

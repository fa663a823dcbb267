//! How does the wire write time? In Beijing time (UTC+8, no daylight saving), in two formats.
//!
//! `yyyy-MM-dd HH:mm:ss` in replies to queries, `yyyyMMddHHmmss` in the send replies of the first
//! years (and inside packet ids). Both drop the milliseconds.

use hongbao_types::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

const BEIJING: Offset = Offset::constant(8);
const SPACED: &str = "%Y-%m-%d %H:%M:%S";
const COMPACT: &str = "%Y%m%d%H%M%S";

/// `2017-04-21 11:06:29`, as `send_time`, `rcv_time` and `refund_time` of a query.
pub fn format_spaced(time: Timestamp) -> String {
    beijing(time).strftime(SPACED).to_string()
}

/// `20150413174322`, as `send_time` of the first generations' send replies.
pub fn format_compact(time: Timestamp) -> String {
    beijing(time).strftime(COMPACT).to_string()
}

/// Reads `2017-04-21 11:06:29`. Full-width colons, which samples of 企业微信 show, are read too.
pub fn parse_spaced(text: &str) -> Option<Timestamp> {
    let text = text.replace('：', ":");
    let time = parse(SPACED, &text)?;
    (format_spaced(time) == text).then_some(time)
}

/// Reads `20150413174322`.
pub fn parse_compact(text: &str) -> Option<Timestamp> {
    let time = parse(COMPACT, text)?;
    (format_compact(time) == text).then_some(time)
}

/// The clock on a Beijing wall; times beyond the year 9999 stop at its end.
fn beijing(time: Timestamp) -> DateTime {
    let ms = time.as_millis();
    let edge = if ms < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    BEIJING.to_datetime(jiff::Timestamp::from_millisecond(ms).unwrap_or(edge))
}

/// `strptime` is lenient (blanks, signs, short fields), so the callers compare with what they would
/// have written themselves.
fn parse(format: &str, text: &str) -> Option<Timestamp> {
    let wall = DateTime::strptime(format, text).ok()?;
    Some(Timestamp::from_millis(BEIJING.to_timestamp(wall).ok()?.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_beijing_time_and_read_back() {
        // 2017-04-21T03:06:29Z
        let time = Timestamp::from_millis(1_492_743_989_000);
        assert_eq!(format_spaced(time), "2017-04-21 11:06:29");
        assert_eq!(format_compact(time), "20170421110629");
        assert_eq!(parse_spaced("2017-04-21 11:06:29"), Some(time));
        assert_eq!(parse_spaced("2017-04-21 11：06：29"), Some(time));
        assert_eq!(parse_compact("20170421110629"), Some(time));
        assert_eq!(format_spaced(time.plus_millis(999)), "2017-04-21 11:06:29");
    }

    #[test]
    fn nothing_else_is_a_time() {
        for bad in ["", "2017-4-21 11:06:29", "2017-02-30 11:06:29", "2017-04-21 24:00:00", " 2017-04-21 11:06:29"] {
            assert_eq!(parse_spaced(bad), None, "{bad:?}");
        }
        for bad in ["", "2017042111062", "201704211106290", "20171321110629"] {
            assert_eq!(parse_compact(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn times_out_of_range_stop_at_the_edge() {
        assert!(format_spaced(Timestamp::from_millis(i64::MAX)).starts_with("9999-12-3"));
        assert!(!format_spaced(Timestamp::from_millis(i64::MIN)).is_empty());
    }
}

//! How much may a merchant send? Its limits as an operator gives and sees them.

use hongbao_engine::limits::Limits;
use hongbao_types::{Fen, Generation};
use hongbao_wire::SHARE_LIMIT;
use serde::{Deserialize, Serialize};

use crate::api_error::ApiError;

/// What is left out is as usual in the merchant's generation.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsBody {
    amount_min_fen: Option<Bound<i64>>,
    amount_max_fen: Option<Bound<i64>>,
    scene_below_fen: Option<Bound<i64>>,
    scene_above_fen: Option<Bound<i64>>,
    shares_max: Option<Bound<u32>>,
    packets_per_second: Option<Bound<u32>>,
    packets_per_minute: Option<Bound<u32>>,
    packets_per_day: Option<Bound<u32>>,
    recipient_packets_per_minute: Option<Bound<u32>>,
    recipient_packets_per_day: Option<Bound<u32>>,
    recipient_amount_per_day_fen: Option<Bound<i64>>,
    amount_per_day_fen: Option<Bound<i64>>,
    closed_at_night: Option<bool>,
    expires_after_hours: Option<Bound<u32>>,
}

/// A number, or the word `unlimited`.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(untagged)]
enum Bound<T> {
    At(T),
    None(Unlimited),
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Unlimited {
    Unlimited,
}

const HOUR_MS: i64 = 3_600_000;

impl LimitsBody {
    pub(super) fn read(&self, generation: Generation) -> Result<Limits, ApiError> {
        let usual = Limits::of(generation);
        let fen = |given: Option<Bound<i64>>, usual: Fen| match given {
            None => Ok(usual),
            Some(Bound::At(fen)) => Fen::try_new(fen).map_err(|error| ApiError::invalid(error.to_string())),
            Some(Bound::None(_)) => Ok(Fen::MAX),
        };
        let count = |given: Option<Bound<u32>>, usual: u32| match given {
            None => usual,
            Some(Bound::At(count)) => count,
            Some(Bound::None(_)) => Limits::NO_COUNT,
        };
        let limits = Limits {
            amount_min: fen(self.amount_min_fen, usual.amount_min)?,
            amount_max: fen(self.amount_max_fen, usual.amount_max)?,
            scene_below: fen(self.scene_below_fen, usual.scene_below)?,
            scene_above: fen(self.scene_above_fen, usual.scene_above)?,
            shares_max: match count(self.shares_max, usual.shares_max) {
                // A packet of more could not be told of in one reply.
                shares if usize::try_from(shares).is_ok_and(|shares| shares <= SHARE_LIMIT) => shares,
                _ => return Err(ApiError::invalid(format!("shares_max is {SHARE_LIMIT} at most"))),
            },
            packets_per_second: count(self.packets_per_second, usual.packets_per_second),
            packets_per_minute: count(self.packets_per_minute, usual.packets_per_minute),
            packets_per_day: count(self.packets_per_day, usual.packets_per_day),
            recipient_packets_per_minute: count(self.recipient_packets_per_minute, usual.recipient_packets_per_minute),
            recipient_packets_per_day: count(self.recipient_packets_per_day, usual.recipient_packets_per_day),
            recipient_amount_per_day: fen(self.recipient_amount_per_day_fen, usual.recipient_amount_per_day)?,
            amount_per_day: fen(self.amount_per_day_fen, usual.amount_per_day)?,
            closed_at_night: self.closed_at_night.unwrap_or(usual.closed_at_night),
            expires_after_ms: match self.expires_after_hours {
                None => usual.expires_after_ms,
                Some(Bound::At(hours)) if hours > 0 => Some(i64::from(hours) * HOUR_MS),
                Some(_) => return Err(ApiError::invalid("expires_after_hours is a number of hours, 1 at least")),
            },
        };
        if limits.amount_min > limits.amount_max {
            return Err(ApiError::invalid(format!(
                "amount_min_fen must not be above amount_max_fen: {}, {}",
                limits.amount_min, limits.amount_max
            )));
        }
        Ok(limits)
    }

    pub(super) fn show(limits: &Limits) -> LimitsBody {
        let fen =
            |fen: Fen| Some(if fen == Fen::MAX { Bound::None(Unlimited::Unlimited) } else { Bound::At(fen.as_i64()) });
        let count = |count: u32| {
            Some(if count == Limits::NO_COUNT { Bound::None(Unlimited::Unlimited) } else { Bound::At(count) })
        };
        LimitsBody {
            amount_min_fen: fen(limits.amount_min),
            amount_max_fen: fen(limits.amount_max),
            scene_below_fen: fen(limits.scene_below),
            scene_above_fen: fen(limits.scene_above),
            shares_max: count(limits.shares_max),
            packets_per_second: count(limits.packets_per_second),
            packets_per_minute: count(limits.packets_per_minute),
            packets_per_day: count(limits.packets_per_day),
            recipient_packets_per_minute: count(limits.recipient_packets_per_minute),
            recipient_packets_per_day: count(limits.recipient_packets_per_day),
            recipient_amount_per_day_fen: fen(limits.recipient_amount_per_day),
            amount_per_day_fen: fen(limits.amount_per_day),
            closed_at_night: Some(limits.closed_at_night),
            expires_after_hours: limits
                .expires_after_ms
                .map(|ms| Bound::At(u32::try_from(ms / HOUR_MS).unwrap_or(u32::MAX))),
        }
    }
}

//! How is money counted? In whole fen (分), never negative, with checked arithmetic only.

use std::fmt;
use std::str::FromStr;

/// An amount of money in the smallest unit of the deployment's currency (fen, 分, for renminbi).
///
/// Between 0 and [`Fen::MAX`], so that every store's signed 64-bit integer holds it. There are no
/// operators: [`checked_add`](Fen::checked_add) and [`checked_sub`](Fen::checked_sub) make the
/// caller say what happens at the edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fen(i64);

/// Why something is not an amount of fen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FenError {
    /// The number is below zero.
    #[error("an amount is never negative: {0}")]
    Negative(i64),
    /// The text is not a plain decimal number of at most 19 digits.
    #[error("an amount is a whole number of fen, digits only: {0:?}")]
    NotDigits(String),
}

impl Fen {
    /// No money.
    pub const ZERO: Fen = Fen(0);
    /// The largest amount that can be held.
    pub const MAX: Fen = Fen(i64::MAX);

    /// Half of [`Fen::MAX`].
    pub const HALF: Fen = Fen(i64::MAX / 2);

    /// `fen` as an amount; for literals and values that cannot be negative.
    pub const fn new(fen: u32) -> Fen {
        Fen(fen as i64)
    }

    /// `fen` as an amount, refused when negative.
    pub const fn try_new(fen: i64) -> Result<Fen, FenError> {
        if fen < 0 { Err(FenError::Negative(fen)) } else { Ok(Fen(fen)) }
    }

    /// The number of fen.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// Whether this is no money at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, unless it is past [`Fen::MAX`].
    pub const fn checked_add(self, other: Fen) -> Option<Fen> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Fen(sum)),
            None => None,
        }
    }

    /// The difference, unless it would be below zero.
    pub const fn checked_sub(self, other: Fen) -> Option<Fen> {
        if self.0 >= other.0 { Some(Fen(self.0 - other.0)) } else { None }
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Fen {
    type Err = FenError;

    /// Digits only: no sign, no blank, no leading zero (but `0` itself), as the wire writes amounts.
    fn from_str(text: &str) -> Result<Fen, FenError> {
        let plain =
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        let number = if plain { text.parse::<i64>().ok() } else { None };
        number.map(Fen).ok_or_else(|| FenError::NotDigits(text.chars().take(24).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_stops_at_both_edges() {
        assert_eq!(Fen::new(3).checked_sub(Fen::new(4)), None);
        assert_eq!(Fen::new(4).checked_sub(Fen::new(4)), Some(Fen::ZERO));
        assert_eq!(Fen::MAX.checked_add(Fen::new(1)), None);
        assert_eq!(Fen::try_new(-1), Err(FenError::Negative(-1)));
    }

    #[test]
    fn only_plain_digits_are_an_amount() {
        assert_eq!("1000".parse(), Ok(Fen::new(1000)));
        assert_eq!("0".parse(), Ok(Fen::ZERO));
        for bad in ["", "+100", " 100", "0100", "1e2", "100.0", "１００", "-1", "9223372036854775808", "0x64"] {
            assert!(bad.parse::<Fen>().is_err(), "{bad:?} was taken for an amount");
        }
    }
}

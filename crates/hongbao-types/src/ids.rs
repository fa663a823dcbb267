//! What are things called? Identifiers as types of their own: a value that exists is well formed.

use std::fmt;
use std::str::FromStr;

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}: {value:?}")]
pub struct IdError {
    /// What it was meant to be.
    pub what: &'static str,
    /// The rule it breaks, as the end of "must be …".
    pub rule: &'static str,
    /// The text, shortened to 40 characters.
    pub value: String,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal, 1..=$max:literal, $rule:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The longest it may be, in characters.
            pub const MAX_LEN: usize = $max;

            #[doc = concat!("The text as ", $what, "; it must be ", $rule, ".")]
            pub fn try_new(text: &str) -> Result<$name, IdError> {
                let accepts: fn(u8) -> bool = $accepts;
                if (1..=$max).contains(&text.len()) && text.bytes().all(accepts) {
                    Ok($name(text.into()))
                } else {
                    Err(IdError { what: $what, rule: $rule, value: text.chars().take(40).collect() })
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<$name, IdError> {
                $name::try_new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! plain_debug {
    ($($name:ident),*) => { $(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )* };
}

identifier! {
    /// A merchant number (商户号, `mch_id`).
    MerchantId, "a merchant number", 1..=32, "1 to 32 digits", |b| b.is_ascii_digit()
}

identifier! {
    /// An app id (公众账号 appid; `wxappid` when sending, `appid` when querying).
    AppId, "an app id", 1..=32, "1 to 32 letters, digits, '-' or '_'",
    |b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
}

identifier! {
    /// A person under one app (用户 openid). Written in full nowhere but in the store and to its
    /// own merchant: `Debug` keeps the first and last four characters.
    OpenId, "an openid", 1..=32, "1 to 32 letters, digits, '-' or '_'",
    |b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
}

identifier! {
    /// A bill number (商户订单号, `mch_billno`): the merchant's own number for one packet, and the
    /// key under which that packet exists at most once. Endpoints may set a shorter limit.
    BillNo, "a bill number", 1..=32, "1 to 32 letters or digits", |b| b.is_ascii_alphanumeric()
}

identifier! {
    /// The platform's number for a packet (`send_listid` and `detail_id` on the wire).
    /// It can be guessed, so knowing it permits nothing.
    PacketId, "a packet id", 1..=32, "1 to 32 digits", |b| b.is_ascii_digit()
}

identifier! {
    /// The caller's own reference for a movement of money that has no bill number (a top-up, a
    /// withdrawal, a correction): mandatory, unique per deployment and kind.
    Reference, "a reference", 1..=64, "1 to 64 letters, digits, '-', '_', '.' or ':'",
    |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':')
}

identifier! {
    /// A campaign's number (`lottery_id`).
    LotteryId, "a campaign's number", 1..=20, "1 to 20 digits", |b| b.is_ascii_digit()
}

plain_debug!(MerchantId, AppId, BillNo, PacketId, Reference, LotteryId);

impl fmt::Debug for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenId({})", self.masked())
    }
}

impl PacketId {
    /// Which shard the packet lies in: its id's last three digits.
    pub fn shard(&self) -> u16 {
        let from = self.0.len().saturating_sub(3);
        self.0[from..].parse().unwrap_or_default()
    }
}

impl OpenId {
    /// The openid as logs may show it: its first and last four characters.
    pub fn masked(&self) -> String {
        match self.0.len() {
            0..=8 => "…".to_owned(),
            len => format!("{}…{}", &self.0[..4], &self.0[len - 4..]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_number_is_letters_and_digits_only() {
        assert!(BillNo::try_new("10000098201411111234567890").is_ok());
        for bad in ["", "a/b", "a'b", "a\0b", "红包", "123456789012345678901234567890123"] {
            assert!(BillNo::try_new(bad).is_err(), "{bad:?} was taken for a bill number");
        }
    }

    #[test]
    fn an_openid_does_not_show_whole_in_debug() {
        let openid = OpenId::try_new("oxTWIuGaIt6gTKsQRLau2M0yL16E").unwrap();
        assert_eq!(format!("{openid:?}"), "OpenId(oxTW…L16E)");
    }

    #[test]
    fn an_error_names_value_and_rule() {
        let error = MerchantId::try_new("wx1").unwrap_err();
        assert_eq!(error.to_string(), "a merchant number must be 1 to 32 digits: \"wx1\"");
    }
}

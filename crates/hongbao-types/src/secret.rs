//! What must never be printed? Keys: their `Debug` says nothing, their memory is wiped.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroize;

use crate::IdError;

macro_rules! secret_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("The text as ", $what, ": ", $rule, ". The error does not show the text.")]
            pub fn try_new(text: &str) -> Result<$name, IdError> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(text) {
                    Ok($name(text.to_owned()))
                } else {
                    let value = format!("{} characters", text.chars().count());
                    Err(IdError { what: $what, rule: $rule, value })
                }
            }

            /// The secret itself. Call it only where something is computed with it, or it is stored.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<$name, IdError> {
                $name::try_new(text)
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    };
}

secret_text! {
    /// A merchant's API key (`APIv2` 密钥): 32 ASCII letters or digits, the key of every signature.
    ApiKey, "an API key", "32 ASCII letters or digits",
    |text| text.len() == 32 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

secret_text! {
    /// The secret of a corporation's payment app in 企业微信, the key of `workwx_sign`.
    WorkwxSecret, "a secret of 企业微信", "16 to 128 visible ASCII characters", is_secret
}

secret_text! {
    /// An app's secret (`AppSecret`), which its operator shows to learn who came back from web authorisation.
    AppSecret, "an app's secret", "16 to 128 visible ASCII characters", is_secret
}

fn is_secret(text: &str) -> bool {
    (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The key from which people's openids follow. It is drawn when a store is created and never changes:
/// another one would make everybody somebody else.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonKey([u8; 32]);

impl PersonKey {
    /// The key of these bytes.
    pub const fn new(bytes: [u8; 32]) -> PersonKey {
        PersonKey(bytes)
    }

    /// The bytes. Call it only where an openid is derived or the key is stored.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for PersonKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey(***)")
    }
}

/// A key from which the seeds of packets' draws follow. Whoever has it knows every share before it is opened.
#[derive(Clone, PartialEq, Eq)]
pub struct DrawKey([u8; 32]);

impl DrawKey {
    /// The key of these bytes.
    pub const fn new(bytes: [u8; 32]) -> DrawKey {
        DrawKey(bytes)
    }

    /// The bytes. Call it only where a seed is derived or the key is stored.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for DrawKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for DrawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DrawKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_in_neither_debug_nor_error() {
        let text = "192006250b4c09247ec02edce69f6a2d";
        assert_eq!(format!("{:?}", ApiKey::try_new(text).unwrap()), "ApiKey(***)");
        assert_eq!(format!("{:?}", WorkwxSecret::try_new(text).unwrap()), "WorkwxSecret(***)");
        assert_eq!(format!("{:?}", AppSecret::try_new(text).unwrap()), "AppSecret(***)");
        assert!(AppSecret::try_new(&text[..16]).is_ok() && AppSecret::try_new(&text[..15]).is_err());
        assert!(AppSecret::try_new(&"s".repeat(129)).is_err() && AppSecret::try_new("a secret with blanks").is_err());
        assert!(!WorkwxSecret::try_new(&text[..15]).unwrap_err().to_string().contains(&text[..15]));
        let error = ApiKey::try_new("192006250b4c09247ec02edce69f6a2").unwrap_err();
        assert_eq!(error.to_string(), "an API key must be 32 ASCII letters or digits: \"31 characters\"");
    }
}

//! What must never be printed? Keys: their `Debug` says nothing, their memory is wiped.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroize;

use crate::IdError;

/// A merchant's API key (`APIv2` 密钥): 32 ASCII letters or digits, the key of every signature.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// The text as a key; it must be 32 ASCII letters or digits. The error does not show the text.
    pub fn try_new(text: &str) -> Result<ApiKey, IdError> {
        if text.len() == 32 && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(ApiKey(text.to_owned()))
        } else {
            let value = format!("{} characters", text.chars().count());
            Err(IdError { what: "an API key", rule: "32 ASCII letters or digits", value })
        }
    }

    /// The key itself. Call it only where a signature is computed or the key is stored.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApiKey {
    type Err = IdError;
    fn from_str(text: &str) -> Result<ApiKey, IdError> {
        ApiKey::try_new(text)
    }
}

impl Drop for ApiKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_in_neither_debug_nor_error() {
        let text = "192006250b4c09247ec02edce69f6a2d";
        assert_eq!(format!("{:?}", ApiKey::try_new(text).unwrap()), "ApiKey(***)");
        let error = ApiKey::try_new("192006250b4c09247ec02edce69f6a2").unwrap_err();
        assert_eq!(error.to_string(), "an API key must be 32 ASCII letters or digits: \"31 characters\"");
    }
}

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

/// The secret of a corporation's payment app in 企业微信, the key of `workwx_sign`.
#[derive(Clone, PartialEq, Eq)]
pub struct WorkwxSecret(String);

impl WorkwxSecret {
    /// The text as a secret: 16 to 128 visible ASCII characters. The error does not show the text.
    pub fn try_new(text: &str) -> Result<WorkwxSecret, IdError> {
        if (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(WorkwxSecret(text.to_owned()))
        } else {
            let value = format!("{} characters", text.chars().count());
            Err(IdError { what: "a secret of 企业微信", rule: "16 to 128 visible ASCII characters", value })
        }
    }

    /// The secret itself. Call it only where a signature is computed or the secret is stored.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for WorkwxSecret {
    type Err = IdError;
    fn from_str(text: &str) -> Result<WorkwxSecret, IdError> {
        WorkwxSecret::try_new(text)
    }
}

impl Drop for WorkwxSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for WorkwxSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkwxSecret(***)")
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
        assert!(!WorkwxSecret::try_new(&text[..15]).unwrap_err().to_string().contains(&text[..15]));
        let error = ApiKey::try_new("192006250b4c09247ec02edce69f6a2").unwrap_err();
        assert_eq!(error.to_string(), "an API key must be 32 ASCII letters or digits: \"31 characters\"");
    }
}

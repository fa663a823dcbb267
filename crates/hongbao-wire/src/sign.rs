//! Who sent this, and is it what they sent? The signature (`sign`) of requests and replies.
//!
//! Three steps, each a public function, so that each can be shown to whoever asks why a signature
//! is wrong:
//!
//! 1. [`canonical_string`]: fields sorted by name, byte-wise; `sign` and empty values left out; raw values;
//! 2. [`string_to_sign`]: that, with `&key=` and the merchant's API key at the end;
//! 3. [`signature`]: MD5 or HMAC-SHA256 of it, in upper-case hexadecimal digits.
//!
//! (Official page 4011986737.) [`sign`] does all three.
//!
//! Which fields count is not settled by the official pages: they say "every field sent", the live
//! service appears to recompute over the fields that it knows ([`SignRule`]). [`verify`] takes
//! either, or in strict mode only what the live service is believed to take.

mod special;

pub(crate) use special::COMPONENT;
pub use special::{
    WORKWX_FIELDS, pay_sign, pay_sign_fields, verify_pay_sign, verify_workwx, workwx_sign, workwx_string_to_sign,
};

use hmac::{Hmac, KeyInit, Mac};
use hongbao_types::{ApiKey, Mode};
use md5::{Digest, Md5};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::endpoint::Endpoint;
use crate::params::Params;

/// How a signature is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignType {
    /// MD5: 32 digits. The only one that the red-packet pages document.
    Md5,
    /// HMAC-SHA256, keyed by the API key: 64 digits.
    HmacSha256,
}

/// Which fields a signature covers. `sign` itself and empty values are never among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignRule {
    /// The fields that the endpoint's table counts; anything else in the message is ignored.
    KnownFields,
    /// Every field in the message.
    AllNonEmpty,
}

/// What a merchant's signatures must be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SignPolicy {
    /// How exacting: in compatible mode either rule and either algorithm are good, in lower case too; in strict mode
    /// known fields, MD5, upper case.
    pub mode: Mode,
    /// The only algorithm taken in compatible mode; `None` tells it by the signature's length.
    pub pinned: Option<SignType>,
}

/// A signature that is right, and in which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The fields that it covers. Where both rules give the same string: [`SignRule::KnownFields`].
    pub rule: SignRule,
    /// Its algorithm.
    pub sign_type: SignType,
    /// The position, among the keys given, of the key that made it.
    pub key_index: usize,
}

/// Why a signature is not taken. All of them are `SIGN_ERROR` to the caller; this is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignRefusal {
    /// There is no `sign`, or it is empty.
    #[error("signature is missing")]
    Missing,
    /// A value could be read as a value and a further field (`…&name=…`), so that two different
    /// messages have the same signature.
    #[error("value contains the name of another field, as in \"&name=\": {field}")]
    Ambiguous {
        /// The field with that value.
        field: String,
    },
    /// Its length is that of no algorithm that is allowed here.
    #[error("signature has the length of no algorithm that is allowed: {chars} characters")]
    WrongLength {
        /// Its length.
        chars: usize,
    },
    /// It is not made of hexadecimal digits.
    #[error("signature is not made of hexadecimal digits")]
    NotHex,
    /// It is in lower case, which strict mode doesn't take.
    #[error("signature is in lower case")]
    LowerCase,
    /// There is no key to check it with.
    #[error("merchant has no key")]
    NoKey,
    /// No key and no rule gives this signature.
    #[error("signature does not match")]
    Mismatch,
}

impl SignType {
    /// The algorithm whose signatures have this many digits.
    pub const fn from_len(len: usize) -> Option<SignType> {
        match len {
            32 => Some(SignType::Md5),
            64 => Some(SignType::HmacSha256),
            _ => None,
        }
    }

    /// The name in `sign_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            SignType::Md5 => "MD5",
            SignType::HmacSha256 => "HMAC-SHA256",
        }
    }
}

/// The fields of a message that count under a rule, in the message's order.
pub fn counted<'a>(
    params: &'a Params,
    endpoint: &'a Endpoint,
    rule: SignRule,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    params.iter().filter(move |&(name, value)| {
        name != "sign"
            && !value.is_empty()
            && match rule {
                SignRule::AllNonEmpty => true,
                SignRule::KnownFields => endpoint.counts(name),
            }
    })
}

/// Step 1: `name=value` joined by `&`, sorted by name byte by byte (`Z` before `_` before `a`),
/// without `sign` and empty values. Takes `&params`, or [`counted`] fields.
pub fn canonical_string<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut fields: Vec<_> = fields.into_iter().filter(|(name, value)| *name != "sign" && !value.is_empty()).collect();
    fields.sort_unstable();
    let mut out = String::with_capacity(fields.iter().map(|(name, value)| name.len() + value.len() + 2).sum());
    for (i, (name, value)) in fields.into_iter().enumerate() {
        out.push_str(if i == 0 { "" } else { "&" });
        out.extend([name, "=", value]);
    }
    out
}

/// Step 2: the canonical string with the key at its end. **It contains the key**: keep it out of
/// logs and errors.
pub fn string_to_sign(canonical: &str, key: &ApiKey) -> String {
    [canonical, KEY_MARK, key.expose()].concat()
}

/// Step 3: the signature, in upper-case hexadecimal digits. The key is used by HMAC only.
pub fn signature(sign_type: SignType, string_to_sign: &str, key: &ApiKey) -> String {
    hex::encode_upper(digest(sign_type, &[string_to_sign], key.expose()))
}

/// All three steps over every field that is not empty: what a client puts in `sign`.
pub fn sign<'a>(sign_type: SignType, fields: impl IntoIterator<Item = (&'a str, &'a str)>, key: &ApiKey) -> String {
    signature(sign_type, &string_to_sign(&canonical_string(fields), key), key)
}

/// Checks the signature of a message against any number of keys.
///
/// The comparison takes the same time wherever the digits differ. A merchant without keys costs
/// about the same time too, and never verifies.
pub fn verify<'k>(
    params: &Params,
    endpoint: &Endpoint,
    keys: impl IntoIterator<Item = &'k ApiKey>,
    policy: SignPolicy,
) -> Result<Verified, SignRefusal> {
    let (sign_type, claimed) = claimed_signature(params, policy)?;
    if let Some(field) = ambiguous_field(params, endpoint) {
        return Err(SignRefusal::Ambiguous { field: field.to_owned() });
    }

    let known = canonical_string(counted(params, endpoint, SignRule::KnownFields));
    let all = match policy.mode {
        Mode::Strict => None,
        Mode::Compatible => Some(canonical_string(params)).filter(|all| *all != known),
    };
    let candidates = [(SignRule::KnownFields, Some(known)), (SignRule::AllNonEmpty, all)];

    let matching = |key: &str| {
        let matches = |canonical: &str| digest(sign_type, &[canonical, KEY_MARK, key], key).ct_eq(&claimed);
        candidates.iter().find(|(_, canonical)| canonical.as_deref().is_some_and(|c| matches(c).into()))
    };
    let mut keys = keys.into_iter().enumerate().peekable();
    if keys.peek().is_none() {
        let _ = matching("");
        return Err(SignRefusal::NoKey);
    }
    keys.find_map(|(key_index, key)| matching(key.expose()).map(|&(rule, _)| Verified { rule, sign_type, key_index }))
        .ok_or(SignRefusal::Mismatch)
}

const KEY_MARK: &str = "&key=";

/// What `sign` claims: its algorithm and its bytes.
fn claimed_signature(params: &Params, policy: SignPolicy) -> Result<(SignType, Vec<u8>), SignRefusal> {
    let text = params.get("sign").filter(|text| !text.is_empty()).ok_or(SignRefusal::Missing)?;
    let wanted = match policy.mode {
        Mode::Strict => Some(SignType::Md5),
        Mode::Compatible => policy.pinned,
    };
    let sign_type = SignType::from_len(text.len())
        .filter(|&found| wanted.is_none_or(|wanted| wanted == found))
        .ok_or_else(|| SignRefusal::WrongLength { chars: text.chars().count() })?;
    let claimed = hex::decode(text).map_err(|_| SignRefusal::NotHex)?;
    if policy.mode == Mode::Strict && text.bytes().any(|b| b.is_ascii_lowercase()) {
        return Err(SignRefusal::LowerCase);
    }
    Ok((sign_type, claimed))
}

/// The first field whose value contains `&<name of one of the endpoint's fields>=`.
fn ambiguous_field<'a>(params: &'a Params, endpoint: &Endpoint) -> Option<&'a str> {
    let is_ambiguous = |value: &str| {
        value
            .split('&')
            .skip(1)
            .any(|part| part.split_once('=').is_some_and(|(name, _)| name != "sign" && endpoint.field(name).is_some()))
    };
    params.iter().find(|(_, value)| is_ambiguous(value)).map(|(name, _)| name)
}

/// The bytes of a signature over the parts of a message. The key is used by HMAC only.
pub(crate) fn digest(sign_type: SignType, message: &[impl AsRef<[u8]>], key: &str) -> Vec<u8> {
    match sign_type {
        SignType::Md5 => message.iter().fold(Md5::new(), Md5::chain_update).finalize().to_vec(),
        SignType::HmacSha256 => {
            let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
            message.iter().fold(mac, Hmac::chain_update).finalize().into_bytes().to_vec()
        }
    }
}

//! Why is a signature wrong? The known mistakes, tried alone and together; named are the fewest that explain it.
//!
//! What counts as right is what the live service is believed to take: the known fields, sorted byte by byte, raw
//! values in UTF-8, the key as it is, MD5, upper case. A mistake may still pass here in compatible mode.
//!
//! A new mistake is a variant with its three texts, an entry in `variations`, and a test in `tests/it/diagnose.rs`.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::GBK;
use hmac::{Hmac, KeyInit, Mac};
use hongbao_types::ApiKey;
use md5::Md5;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

use crate::endpoint::Endpoint;
use crate::params::Params;
use crate::sign::{SignType, digest};

/// How many mistakes at once are looked for.
const MISTAKES_MAX: usize = 3;

/// One way in which clients get a signature wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Fields are signed that do not count for the endpoint.
    UnknownFields(Vec<String>),
    /// Fields without a value are signed.
    EmptyValues(Vec<String>),
    /// Values are signed without the blanks around them, which are sent.
    TrimmedValues(Vec<String>),
    /// Values are signed with other line ends than are sent.
    LineEnds(Vec<String>),
    /// Values are signed URL-encoded and sent plain.
    UrlEncoded,
    /// Values are signed plain and sent URL-encoded.
    UrlDecoded(Vec<String>),
    /// Values are signed as they are escaped in XML.
    XmlEscaped(Vec<String>),
    /// Text is signed in GBK and sent in UTF-8.
    Gbk,
    /// Fields are signed in the order in which they are sent.
    MessageOrder,
    /// Fields are sorted as if upper and lower case were the same.
    CaseInsensitiveOrder,
    /// The key has something before or behind it.
    KeyWithBlank(&'static str),
    /// The key's letters are in the other case.
    KeyCase,
    /// The signature is made with another algorithm than MD5.
    Algorithm(&'static str),
    /// `sign_type` names another algorithm than the one used.
    SignType,
    /// The signature is in lower case.
    LowerCase,
}

impl Mistake {
    /// A name that stays the same, for machines.
    pub const fn name(&self) -> &'static str {
        match self {
            Mistake::UnknownFields(_) => "unknown_fields",
            Mistake::EmptyValues(_) => "empty_values",
            Mistake::TrimmedValues(_) => "trimmed_values",
            Mistake::LineEnds(_) => "line_ends",
            Mistake::UrlEncoded => "url_encoded",
            Mistake::UrlDecoded(_) => "url_decoded",
            Mistake::XmlEscaped(_) => "xml_escaped",
            Mistake::Gbk => "gbk",
            Mistake::MessageOrder => "message_order",
            Mistake::CaseInsensitiveOrder => "case_insensitive_order",
            Mistake::KeyWithBlank(_) => "key_with_blank",
            Mistake::KeyCase => "key_case",
            Mistake::Algorithm(_) => "algorithm",
            Mistake::SignType => "sign_type",
            Mistake::LowerCase => "lower_case",
        }
    }

    /// What to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Mistake::UnknownFields(_) => {
                "leave them out: the live service computes over the fields that it knows, and refuses this signature"
            }
            Mistake::EmptyValues(_) => "leave fields without a value out of the string",
            Mistake::TrimmedValues(_) => "sign values exactly as they are sent, blanks and all",
            Mistake::LineEnds(_) => "sign values exactly as they are sent, line ends and all",
            Mistake::UrlEncoded => "sign plain values: nothing is URL-encoded",
            Mistake::UrlDecoded(_) => "sign values exactly as they are sent: those that are sent encoded, encoded",
            Mistake::XmlEscaped(_) => "sign plain values, and escape them afterwards, for XML only",
            Mistake::Gbk => "sign the bytes of UTF-8",
            Mistake::MessageOrder => "sort the fields by name, byte by byte",
            Mistake::CaseInsensitiveOrder => {
                "sort the fields by name, byte by byte: upper case comes before lower case"
            }
            Mistake::KeyWithBlank(_) => "trim the key where it is read",
            Mistake::KeyCase => "use the key as it was set: upper and lower case differ",
            Mistake::Algorithm(_) => "use MD5: the pages of red packets document no other",
            Mistake::SignType => "leave sign_type out, and use MD5",
            Mistake::LowerCase => "write the digits in upper case",
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let these = |fields: &Vec<String>| fields.join(", ");
        match self {
            Mistake::UnknownFields(fields) => write!(f, "fields are signed that do not count: {}", these(fields)),
            Mistake::EmptyValues(fields) => write!(f, "fields without a value are signed: {}", these(fields)),
            Mistake::TrimmedValues(fields) => {
                write!(f, "values are signed trimmed, and sent with their blanks: {}", these(fields))
            }
            Mistake::LineEnds(fields) => {
                write!(f, "values are signed with LF, and sent with other line ends: {}", these(fields))
            }
            Mistake::UrlEncoded => f.write_str("values are signed URL-encoded"),
            Mistake::UrlDecoded(fields) => {
                write!(f, "values are sent URL-encoded, and signed without that: {}", these(fields))
            }
            Mistake::XmlEscaped(fields) => write!(f, "values are signed as escaped in XML: {}", these(fields)),
            Mistake::Gbk => f.write_str("text is signed in GBK, and sent in UTF-8"),
            Mistake::MessageOrder => f.write_str("fields are signed in the order of the message"),
            Mistake::CaseInsensitiveOrder => f.write_str("fields are sorted without regard to case"),
            Mistake::KeyWithBlank(what) => write!(f, "the key was used with {what}"),
            Mistake::KeyCase => f.write_str("the key was used with its letters in another case"),
            Mistake::Algorithm(name) => write!(f, "the signature is made with {name}"),
            Mistake::SignType => f.write_str("sign_type says HMAC-SHA256, and the signature is made with MD5"),
            Mistake::LowerCase => f.write_str("the signature is in lower case"),
        }
    }
}

/// The fewest mistakes with which `sign` is a signature of `params` by `key`: none when it is right; `None` when
/// they don't explain it, or it is no signature at all.
pub fn diagnose(params: &Params, endpoint: &Endpoint, key: &ApiKey) -> Option<Vec<Mistake>> {
    let sign = params.get("sign").unwrap_or_default();
    let claimed = hex::decode(sign).ok()?;
    let message = Message { params, endpoint, key, claimed: &claimed };
    let variations = variations(params, endpoint, claimed.len());
    let tried = (0..=MISTAKES_MAX).find_map(|count| message.explain(&Recipe::default(), &variations, count));
    let mut mistakes = tried?;
    if params.get("sign_type").is_some_and(|name| name.eq_ignore_ascii_case("HMAC-SHA256")) && claimed.len() == 16 {
        mistakes.push(Mistake::SignType);
    }
    if sign.bytes().any(|digit| digit.is_ascii_lowercase()) {
        mistakes.push(Mistake::LowerCase);
    }
    Some(mistakes)
}

/// How a signature is made. The default is the right way.
#[derive(Clone, Default)]
struct Recipe {
    all_fields: bool,
    empty_values: bool,
    rewrite: Option<Rewrite>,
    url_encode: Option<UrlStyle>,
    gbk: bool,
    order: Option<Order>,
    key: Option<Rewrite>,
    algorithm: Option<Algorithm>,
}

/// One thing done otherwise.
#[derive(Clone, Copy)]
enum Change {
    AllFields,
    EmptyValues,
    Rewrite(Rewrite),
    UrlEncode(UrlStyle),
    Gbk,
    Order(Order),
    Key(Rewrite),
    Algorithm(Algorithm),
}

/// What becomes of a value, or of the key.
type Rewrite = fn(&str) -> String;
/// The mistake that such fields are.
type Complaint = fn(Vec<String>) -> Mistake;

#[derive(Clone, Copy)]
enum Order {
    Message,
    IgnoringCase,
}

#[derive(Clone, Copy)]
enum Algorithm {
    HmacMd5,
    HmacSha256,
    Sha256,
}

/// What a language's own function makes of a text in a URL.
#[derive(Clone, Copy)]
struct UrlStyle {
    encoded: &'static AsciiSet,
    blank_is_plus: bool,
    lower_case: bool,
}

/// PHP's `urlencode`, Python's `quote_plus`, and, but for `*`, Java's `URLEncoder`.
const FORM: UrlStyle = UrlStyle {
    encoded: &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b' '),
    blank_is_plus: true,
    lower_case: false,
};
/// PHP's `rawurlencode`, Python's `quote`, Go's `PathEscape`.
const RAW: UrlStyle = UrlStyle {
    encoded: &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~'),
    blank_is_plus: false,
    lower_case: false,
};
/// JavaScript's `encodeURIComponent`.
const COMPONENT: UrlStyle = UrlStyle { encoded: crate::sign::COMPONENT, ..RAW };

impl Recipe {
    /// The same with one more change; `None` when that step is changed already.
    fn with(&self, change: Change) -> Option<Recipe> {
        let mut recipe = self.clone();
        let was_changed = match change {
            Change::AllFields => std::mem::replace(&mut recipe.all_fields, true),
            Change::EmptyValues => std::mem::replace(&mut recipe.empty_values, true),
            Change::Rewrite(rewrite) => recipe.rewrite.replace(rewrite).is_some(),
            Change::UrlEncode(style) => recipe.url_encode.replace(style).is_some(),
            Change::Gbk => std::mem::replace(&mut recipe.gbk, true),
            Change::Order(order) => recipe.order.replace(order).is_some(),
            Change::Key(key) => recipe.key.replace(key).is_some(),
            Change::Algorithm(algorithm) => recipe.algorithm.replace(algorithm).is_some(),
        };
        (!was_changed).then_some(recipe)
    }
}

/// What is to be explained.
struct Message<'a> {
    params: &'a Params,
    endpoint: &'a Endpoint,
    key: &'a ApiKey,
    claimed: &'a [u8],
}

impl Message<'_> {
    /// The first choice of `count` variations that, added to `recipe`, makes the signature.
    fn explain(&self, recipe: &Recipe, variations: &[(Mistake, Change)], count: usize) -> Option<Vec<Mistake>> {
        if count == 0 {
            return (self.signature(recipe)? == self.claimed).then(Vec::new);
        }
        variations.iter().enumerate().find_map(|(i, (mistake, change))| {
            let rest = self.explain(&recipe.with(*change)?, &variations[i + 1..], count - 1)?;
            Some([vec![mistake.clone()], rest].concat())
        })
    }

    /// The signature that a recipe makes; `None` when it makes none (GBK has no such character, say).
    fn signature(&self, recipe: &Recipe) -> Option<Vec<u8>> {
        let mut fields: Vec<_> = self
            .params
            .iter()
            .filter(|(name, value)| {
                *name != "sign"
                    && (recipe.all_fields || self.endpoint.counts(name))
                    && (recipe.empty_values || !value.is_empty())
            })
            .collect();
        match recipe.order {
            None => fields.sort_unstable(),
            Some(Order::IgnoringCase) => fields.sort_by_key(|(name, _)| name.to_ascii_lowercase()),
            Some(Order::Message) => {}
        }
        let mut text = Vec::new();
        for (name, value) in fields {
            text.extend_from_slice(name.as_bytes());
            text.push(b'=');
            text.extend(recipe.value(value)?);
            text.push(b'&');
        }
        let key = recipe.key.map_or_else(|| self.key.expose().to_owned(), |change| change(self.key.expose()));
        text.extend_from_slice(b"key=");
        text.extend_from_slice(key.as_bytes());
        Some(match recipe.algorithm {
            None => digest(SignType::Md5, &[text], &key),
            Some(Algorithm::HmacSha256) => digest(SignType::HmacSha256, &[text], &key),
            Some(Algorithm::Sha256) => Sha256::digest(text).to_vec(),
            Some(Algorithm::HmacMd5) => {
                let mac = Hmac::<Md5>::new_from_slice(key.as_bytes()).ok()?;
                mac.chain_update(text).finalize().into_bytes().to_vec()
            }
        })
    }
}

impl Recipe {
    fn value(&self, value: &str) -> Option<Vec<u8>> {
        let value = self.rewrite.map_or(Cow::Borrowed(value), |rewrite| Cow::Owned(rewrite(value)));
        let bytes = if self.gbk {
            let (bytes, _, is_lossy) = GBK.encode(&value);
            if is_lossy {
                return None;
            }
            bytes.into_owned()
        } else {
            value.into_owned().into_bytes()
        };
        let Some(style) = self.url_encode else { return Some(bytes) };
        let mut encoded: String = percent_encode(&bytes, style.encoded).collect();
        if style.lower_case {
            encoded = lower_case_escapes(&encoded);
        }
        if style.blank_is_plus {
            encoded = encoded.replace(' ', "+");
        }
        Some(encoded.into_bytes())
    }
}

/// Everything that may have been done otherwise with this message. What would change nothing is left out.
fn variations(params: &Params, endpoint: &Endpoint, sign_len: usize) -> Vec<(Mistake, Change)> {
    let named = |is_meant: &dyn Fn(&str, &str) -> bool| -> Vec<String> {
        let meant = params.iter().filter(|(name, value)| *name != "sign" && is_meant(name, value));
        meant.map(|(name, _)| name.to_owned()).collect()
    };
    let mut found = Vec::new();

    let unknown = named(&|name, value| !value.is_empty() && !endpoint.counts(name));
    if !unknown.is_empty() {
        found.push((Mistake::UnknownFields(unknown), Change::AllFields));
    }
    let empty = named(&|_, value| value.is_empty());
    if !empty.is_empty() {
        found.push((Mistake::EmptyValues(empty), Change::EmptyValues));
    }
    let algorithms: &[_] = match sign_len {
        32 => &[("HMAC-SHA256", Algorithm::HmacSha256), ("SHA-256", Algorithm::Sha256)],
        _ => &[("HMAC-MD5", Algorithm::HmacMd5)],
    };
    found.extend(algorithms.iter().map(|(name, way)| (Mistake::Algorithm(name), Change::Algorithm(*way))));

    let rewrites: [(Complaint, Rewrite); 4] = [
        (Mistake::TrimmedValues, |value| value.trim().to_owned()),
        (Mistake::LineEnds, |value| value.replace("\r\n", "\n").replace('\r', "\n")),
        (Mistake::XmlEscaped, xml_escaped),
        (Mistake::UrlDecoded, |value| percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()),
    ];
    for (mistake, rewrite) in rewrites {
        let changed = named(&|_, value| rewrite(value) != value);
        if !changed.is_empty() {
            found.push((mistake(changed), Change::Rewrite(rewrite)));
        }
    }
    let is_plain = |value: &str| value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if params.iter().any(|(_, value)| !is_plain(value)) {
        let styles = [FORM, RAW, COMPONENT].into_iter();
        let styles = styles.flat_map(|style| [style, UrlStyle { lower_case: true, ..style }]);
        found.extend(styles.map(|style| (Mistake::UrlEncoded, Change::UrlEncode(style))));
    }
    if params.iter().any(|(_, value)| !value.is_ascii()) {
        found.push((Mistake::Gbk, Change::Gbk));
    }
    found.push((Mistake::MessageOrder, Change::Order(Order::Message)));
    found.push((Mistake::CaseInsensitiveOrder, Change::Order(Order::IgnoringCase)));

    let blanks: [(&str, Rewrite); 6] = [
        ("a blank behind it", |key| format!("{key} ")),
        ("a blank before it", |key| format!(" {key}")),
        ("a line end (LF) behind it", |key| format!("{key}\n")),
        ("a line end (CR LF) behind it", |key| format!("{key}\r\n")),
        ("a tab behind it", |key| format!("{key}\t")),
        ("a byte order mark before it", |key| format!("\u{FEFF}{key}")),
    ];
    found.extend(blanks.map(|(what, change)| (Mistake::KeyWithBlank(what), Change::Key(change))));
    found.push((Mistake::KeyCase, Change::Key(str::to_ascii_uppercase)));
    found.push((Mistake::KeyCase, Change::Key(str::to_ascii_lowercase)));
    found
}

fn xml_escaped(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `%E7` as `%e7`: .NET's `HttpUtility.UrlEncode` writes them so.
fn lower_case_escapes(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at(2);
        out.extend(["%", &escape.to_ascii_lowercase(), rest]);
    }
    out
}

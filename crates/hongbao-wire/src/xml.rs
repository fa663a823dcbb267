//! How do bytes become parameters, and parameters bytes? The XML of requests and replies.
//!
//! The wire knows one shape: a root of any name with fields below it, in any order, one level deep.
//! Only replies to queries nest further (`hblist`/`hbinfo`). Values are handed on **raw**: never
//! trimmed and never newline-normalised (a conforming parser would turn CR LF into LF), because the
//! sender signed what it wrote, and several clients write CR unescaped.
//!
//! Accepted: CDATA, bare text, the five predefined entities and numeric references, in any mixture;
//! a UTF-8 byte order mark; an XML declaration at the very beginning; blanks and comments between
//! elements; attributes on the root (ignored). Refused, each with an error of its own: all that
//! is ill-formed, and all that could mean two things, such as a field given twice, a
//! DOCTYPE, or a comment inside a value. Errors carry a place or a field's name, never a value.

mod document;
mod error;

pub use error::DecodeError;

use crate::Params;
use document::Document;

/// The longest request that is read, in bytes. The longest that the field tables allow has less
/// than 10,000 (every text of its full length in three-byte characters), so this leaves room
/// for unknown fields and for escaping.
pub const BODY_LIMIT: usize = 32 * 1024;

/// The longest reply that is read, in bytes: room for [`SHARE_LIMIT`] of the longest `hbinfo`.
pub const REPLY_LIMIT: usize = 2 * 1024 * 1024;

/// The most fields that one message, or one `hbinfo`, may have.
pub const FIELD_LIMIT: usize = 64;

/// The most `hbinfo` that one reply may have, and so the most shares that a packet may.
pub const SHARE_LIMIT: usize = 10_000;

/// A reply: its fields, and what stood in its `hblist`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyBody {
    /// The fields, without `hblist`.
    pub fields: Params,
    /// One for each `hbinfo`, in the reply's order.
    pub shares: Vec<Params>,
}

/// Reads a request.
pub fn decode(body: &[u8]) -> Result<Params, DecodeError> {
    let mut document = Document::open(body, BODY_LIMIT)?;
    let params = document.fields(None)?;
    document.finish()?;
    Ok(params)
}

/// Reads a reply: like [`decode`], with larger limits, and with `hblist`/`hbinfo` understood.
pub fn decode_reply(body: &[u8]) -> Result<ReplyBody, DecodeError> {
    let mut document = Document::open(body, REPLY_LIMIT)?;
    let mut shares = None;
    let fields = document.fields(Some(&mut shares))?;
    document.finish()?;
    Ok(ReplyBody { fields, shares: shares.unwrap_or_default() })
}

/// Writes a request: root `xml`, one element per line, every value in CDATA (or escaped, where
/// CDATA would not bring it over unchanged).
pub fn encode(params: &Params) -> String {
    let size: usize = params.iter().map(|(name, value)| 2 * name.len() + value.len() + 18).sum();
    let mut out = String::with_capacity(size + 16);
    out.push_str("<xml>\n");
    for (name, value) in params {
        write_element(&mut out, name, value);
    }
    out.push_str("</xml>");
    out
}

/// Writes `<name><![CDATA[value]]></name>` and a newline.
///
/// `]]>` is split over two sections. A value with a CR is written as escaped text instead: inside
/// CDATA a conforming parser would turn it into LF, and the signature would break.
pub(crate) fn write_element(out: &mut String, name: &str, value: &str) {
    out.extend(["<", name, ">"]);
    if value.contains('\r') {
        for c in value.chars() {
            match c {
                '\r' => out.push_str("&#13;"),
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                c => out.push(c),
            }
        }
    } else {
        out.push_str("<![CDATA[");
        for (i, part) in value.split("]]>").enumerate() {
            out.push_str(if i == 0 { "" } else { "]]]]><![CDATA[>" });
            out.push_str(part);
        }
        out.push_str("]]>");
    }
    out.extend(["</", name, ">\n"]);
}

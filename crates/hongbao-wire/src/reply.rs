//! What is answered, and what does an answer mean? Replies, written by the platform and read by
//! the merchant's side.
//!
//! **Written**, a [`Reply`] is a list of elements in the order and layout of the live service: no
//! XML declaration, one element per line, texts in CDATA, amounts plain. The envelope is that of
//! the generation current since mid-2016: `return_code` is `SUCCESS` even for business errors, the text
//! stands in `return_msg` and again in `err_code_des`, and success has `err_code=SUCCESS`.
//!
//! **Read**, an [`Answer`] is one of three: accepted, declined (understood, and the answer is no), or
//! refused (not understood). Whatever fits none of them is an [`UnclearReply`]: nothing is known then.

use hongbao_types::{ApiKey, Fen, OpenId, Timestamp};

use crate::endpoint::{Endpoint, Field};
use crate::error_code::ErrorCode;
use crate::params::Params;
use crate::sign::{self, SignType};
use crate::time;
use crate::xml::{ReplyBody, write_element};

/// A reply that is being written.
///
/// `Debug` shows the elements' names only: replies repeat openids.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    elements: Vec<(&'static str, Element)>,
}

#[derive(Clone, PartialEq, Eq)]
enum Element {
    Text(String),
    Number(i64),
    Shares(Vec<HbInfo>),
}

/// One claimed share of a packet: an `hbinfo` in the `hblist` of a query's reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HbInfo {
    /// `openid`: who claimed it.
    pub openid: OpenId,
    /// `amount`: how much it was.
    pub amount: Fen,
    /// `rcv_time`: when (to the second, on the wire).
    pub rcv_time: Timestamp,
}

impl Reply {
    /// The envelope of success.
    pub fn success(return_msg: &str) -> Reply {
        Reply::envelope("SUCCESS", "SUCCESS", "SUCCESS", return_msg)
    }

    /// The envelope of a business error, with this text in both places.
    pub fn failure(code: &ErrorCode, text: &str) -> Reply {
        Reply::envelope("SUCCESS", "FAIL", code.as_str(), text)
    }

    /// The whole reply to a body that could not be read. It echoes nothing, and its `return_code` is
    /// `FAIL`: the one sighting of it looks like the generation before.
    pub fn xml_error() -> Reply {
        let code = ErrorCode::XmlError;
        let mut reply = Reply::envelope("FAIL", "FAIL", code.as_str(), code.text());
        reply.number("mch_id", 0).number("total_amount", 0);
        reply
    }

    /// Adds a text element.
    pub fn text(&mut self, name: &'static str, value: impl Into<String>) -> &mut Reply {
        self.push(name, Element::Text(value.into()))
    }

    /// Adds a plain number.
    pub fn number(&mut self, name: &'static str, value: u32) -> &mut Reply {
        self.push(name, Element::Number(value.into()))
    }

    /// Adds an amount, as a plain number of fen.
    pub fn amount(&mut self, name: &'static str, value: Fen) -> &mut Reply {
        self.push(name, Element::Number(value.as_i64()))
    }

    /// Adds a time, as a query writes it.
    pub fn time(&mut self, name: &'static str, value: Timestamp) -> &mut Reply {
        self.text(name, time::format_spaced(value))
    }

    /// Adds an `hblist`. Without shares there is none on the wire, so nothing is added.
    pub fn shares(&mut self, shares: Vec<HbInfo>) -> &mut Reply {
        if shares.is_empty() { self } else { self.push("hblist", Element::Shares(shares)) }
    }

    /// Repeats the request's fields that the endpoint's replies repeat; those missing from the
    /// request, as empty texts. When the reply complains about a field, name it: some are repeated
    /// only then.
    ///
    /// Chosen: an amount or number that is not made of plain digits, or missing, is repeated as 0.
    pub fn echo(&mut self, endpoint: &Endpoint, request: &Params, complaint: Option<&str>) -> &mut Reply {
        let complained = endpoint.echo_if_refused.iter().filter(|name| complaint == Some(**name));
        for name in endpoint.echo.iter().chain(complained) {
            let value = request.get(name).unwrap_or_default();
            if endpoint.field(name).is_some_and(Field::is_number) {
                self.amount(name, value.parse().unwrap_or(Fen::ZERO));
            } else {
                self.text(name, value);
            }
        }
        self
    }

    /// Adds a `sign` over every element so far that is not empty (an `hblist` doesn't count). The live
    /// service signs no packet's reply; some clients insist, see [`Endpoint::reply_signed`].
    pub fn sign(&mut self, sign_type: SignType, key: &ApiKey) -> &mut Reply {
        let plain: Vec<(&str, String)> = self
            .elements
            .iter()
            .filter_map(|(name, element)| match element {
                Element::Text(value) => Some((*name, value.clone())),
                Element::Number(value) => Some((*name, value.to_string())),
                Element::Shares(_) => None,
            })
            .collect();
        let sign = sign::sign(sign_type, plain.iter().map(|(name, value)| (*name, value.as_str())), key);
        self.text("sign", sign)
    }

    /// The reply's bytes, for an HTTP body of `text/xml; charset=utf-8`.
    pub fn to_xml(&self) -> String {
        let mut out = String::with_capacity(1024);
        out.push_str("<xml>\n");
        for (name, element) in &self.elements {
            match element {
                Element::Text(value) => write_element(&mut out, name, value),
                Element::Number(value) => write_number(&mut out, name, *value),
                Element::Shares(shares) => {
                    out.push_str("<hblist>\n");
                    for share in shares {
                        out.push_str("<hbinfo>\n");
                        write_element(&mut out, "openid", share.openid.as_str());
                        write_number(&mut out, "amount", share.amount.as_i64());
                        write_element(&mut out, "rcv_time", &time::format_spaced(share.rcv_time));
                        out.push_str("</hbinfo>\n");
                    }
                    out.push_str("</hblist>\n");
                }
            }
        }
        out.push_str("</xml>");
        out
    }

    fn envelope(return_code: &str, result_code: &str, err_code: &str, text: &str) -> Reply {
        let mut reply = Reply { elements: Vec::with_capacity(16) };
        reply
            .text("return_code", return_code)
            .text("return_msg", text)
            .text("result_code", result_code)
            .text("err_code", err_code)
            .text("err_code_des", text);
        reply
    }

    fn push(&mut self, name: &'static str, element: Element) -> &mut Reply {
        debug_assert!(self.elements.iter().all(|(known, _)| *known != name), "{name} is in the reply already");
        self.elements.push((name, element));
        self
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")?;
        f.debug_list().entries(self.elements.iter().map(|(name, _)| name)).finish()
    }
}

fn write_number(out: &mut String, name: &str, value: i64) {
    out.extend(["<", name, ">", &value.to_string(), "</", name, ">\n"]);
}

/// What a reply says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Both codes are `SUCCESS`.
    Accepted,
    /// Understood, and the answer is no. The code says whether it is final.
    Failed {
        /// `err_code`; empty when the reply has none, which is a code like any unknown one.
        code: ErrorCode,
        /// `err_code_des`, or `return_msg` when that is missing. For people only.
        description: String,
    },
    /// Not understood: `return_code` is `FAIL` and there is no `result_code`. The service says
    /// that it did nothing, but this is no proof: take it as unknown where money is concerned.
    Refused {
        /// `return_msg`. For people only.
        message: String,
    },
}

/// A reply that is XML but no answer, such as one without `return_code`. Nothing is known then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reply has no usable return_code and result_code")]
pub struct UnclearReply;

impl Answer {
    /// Reads the three codes of a reply. Both generations of envelopes are understood: before
    /// mid-2016 business errors came with `return_code=FAIL` too.
    pub fn read(reply: &ReplyBody) -> Result<Answer, UnclearReply> {
        let field = |name| reply.fields.get(name).filter(|value| !value.is_empty());
        let message = || field("return_msg").unwrap_or_default().to_owned();
        match (field("return_code"), field("result_code")) {
            (Some("SUCCESS"), Some("SUCCESS")) => Ok(Answer::Accepted),
            (Some("SUCCESS" | "FAIL"), Some("FAIL")) => Ok(Answer::Failed {
                code: ErrorCode::from_wire(field("err_code").unwrap_or_default()),
                description: field("err_code_des").map_or_else(message, str::to_owned),
            }),
            (Some("FAIL"), None) => Ok(Answer::Refused { message: message() }),
            _ => Err(UnclearReply),
        }
    }
}

impl HbInfo {
    /// Reads one of [`ReplyBody::shares`]; `None` if a part is missing or malformed.
    pub fn read(share: &Params) -> Option<HbInfo> {
        Some(HbInfo {
            openid: share.get("openid")?.parse().ok()?,
            amount: share.get("amount")?.parse().ok()?,
            rcv_time: time::parse_spaced(share.get("rcv_time")?)?,
        })
    }
}

//! What is answered, and what does an answer mean? Replies, written by the platform and read by
//! the merchant's side.
//!
//! **Written**, a [`Reply`] is a list of elements in the order of the endpoint's table and in the layout of the live
//! service: no XML declaration, one element per line, texts in CDATA, amounts plain. The envelope is that of the
//! merchant's [`Generation`]; today's has `return_code=SUCCESS` even for business errors, the text in `return_msg` and
//! again in `err_code_des`, and `err_code=SUCCESS` in a success.
//!
//! **Read**, an [`Answer`] is one of three: accepted, declined (understood, and the answer is no), or
//! refused (not understood). Whatever fits none of them is an [`UnclearReply`]: nothing is known then.

use hongbao_types::{ApiKey, Fen, Generation, OpenId, Timestamp};

use crate::endpoint::{Endpoint, Family, Origin, Presence, ReplyField};
use crate::error_code::ErrorCode;
use crate::generation;
use crate::params::Params;
use crate::sign::{self, SignType};
use crate::text;
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
    /// Digits, without CDATA.
    Plain(String),
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

/// What the platform says in a success, beyond what the request said: values by name, in any order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Given(Vec<(&'static str, Element)>);

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given")?;
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Given {
    /// Nothing yet.
    pub fn new() -> Given {
        Given::default()
    }

    /// A text.
    #[must_use]
    pub fn text(self, name: &'static str, value: impl Into<String>) -> Given {
        self.with(name, Element::Text(value.into()))
    }

    /// A plain number.
    #[must_use]
    pub fn number(self, name: &'static str, value: u32) -> Given {
        self.with(name, Element::Number(value.into()))
    }

    /// An amount, as a plain number of fen.
    #[must_use]
    pub fn amount(self, name: &'static str, value: Fen) -> Given {
        self.with(name, Element::Number(value.as_i64()))
    }

    /// A time, as a query writes it.
    #[must_use]
    pub fn time(self, name: &'static str, value: Timestamp) -> Given {
        self.text(name, time::format_spaced(value))
    }

    /// A time, as the first years' sends write it.
    #[must_use]
    pub fn compact_time(self, name: &'static str, value: Timestamp) -> Given {
        self.text(name, time::format_compact(value))
    }

    /// An `hblist`. Without shares there is none on the wire, so nothing is given.
    #[must_use]
    pub fn shares(self, shares: Vec<HbInfo>) -> Given {
        if shares.is_empty() { self } else { self.with("hblist", Element::Shares(shares)) }
    }

    fn with(mut self, name: &'static str, element: Element) -> Given {
        debug_assert!(self.0.iter().all(|(known, _)| *known != name), "{name} is given twice");
        self.0.push((name, element));
        self
    }

    fn get(&self, name: &str) -> Option<&Element> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, element)| element)
    }
}

/// The values of the envelope.
struct Envelope<'a> {
    return_code: &'a str,
    return_msg: &'a str,
    result_code: &'a str,
    err_code: Option<&'a str>,
    err_code_des: &'a str,
}

impl Reply {
    /// A success of `endpoint`, in the order of its table: what the request said, where it is repeated, and what
    /// the platform says.
    pub fn success(endpoint: &Endpoint, generation: Generation, request: &Params, given: &Given) -> Reply {
        debug_assert!(
            given.0.iter().all(|(name, _)| endpoint.reply.iter().any(|row| row.name == *name)),
            "{}: what is given is in the table",
            endpoint.name
        );
        let usual = generation::success_has_err_code(generation).then_some("SUCCESS");
        let envelope = Envelope {
            return_code: "SUCCESS",
            return_msg: endpoint.success_text,
            result_code: "SUCCESS",
            err_code: endpoint.success_code.or(usual),
            err_code_des: endpoint.success_text,
        };
        Reply::compose(
            endpoint,
            generation,
            request,
            &envelope,
            |row| row.on_success,
            |name| given.get(name).cloned(),
            None,
        )
    }

    /// A business error of `endpoint`. When it complains about a field, name it: some are repeated only then.
    ///
    /// Chosen: an amount or number that is not made of plain digits, or missing, is repeated as 0.
    pub fn failure(
        endpoint: &Endpoint,
        generation: Generation,
        request: &Params,
        (code, text): (&ErrorCode, &str),
        complaint: Option<&str>,
    ) -> Reply {
        // A wrong field is named in both places, whatever the others say.
        let return_msg = endpoint.failure_msg.filter(|_| *code != ErrorCode::ParamError);
        let envelope = Envelope::failure(generation, code, text, return_msg);
        Reply::compose(endpoint, generation, request, &envelope, |row| row.on_failure, |_| None, complaint)
    }

    /// A business error that repeats nothing.
    pub fn bare_failure(code: &ErrorCode, text: &str) -> Reply {
        let envelope = Envelope::failure(Generation::default(), code, text, None);
        let mut reply = Reply { elements: Vec::with_capacity(8) };
        for name in ["return_code", "return_msg", "result_code", "err_code", "err_code_des"] {
            reply.elements.extend(envelope.get(name).map(|value| (name, Element::Text(value.to_owned()))));
        }
        reply
    }

    /// The whole reply to a body that could not be read. That of packets echoes nothing, and its `return_code` is
    /// `FAIL`: the one sighting of it looks like the first generation. Other products say it in two fields.
    pub fn unreadable(family: Family) -> Reply {
        let code = ErrorCode::XmlError;
        match family {
            Family::Packets => {
                let mut reply = Reply::bare_failure(&code, code.text());
                reply.elements[0].1 = Element::Text("FAIL".to_owned());
                reply.elements.push(("mch_id", Element::Number(0)));
                reply.elements.push(("total_amount", Element::Number(0)));
                reply
            }
            Family::Transfers => Reply {
                elements: vec![
                    ("return_code", Element::Text("FAIL".to_owned())),
                    ("return_msg", Element::Text(text::GENERIC_XML_ERROR.to_owned())),
                ],
            },
        }
    }

    fn compose(
        endpoint: &Endpoint,
        generation: Generation,
        request: &Params,
        envelope: &Envelope<'_>,
        presence: impl Fn(&ReplyField) -> Presence,
        given: impl Fn(&str) -> Option<Element>,
        complaint: Option<&str>,
    ) -> Reply {
        let mut reply = Reply { elements: Vec::with_capacity(endpoint.reply.len()) };
        for row in endpoint.reply.iter().filter(|row| row.until.is_none_or(|until| generation <= until)) {
            let value = request.get(row.name).unwrap_or_default();
            let is_there = match presence(row) {
                Presence::Always => true,
                Presence::Sometimes => row.origin != Origin::Echo || !value.is_empty(),
                Presence::IfComplained => complaint == Some(row.name),
                Presence::Never => false,
            };
            if !is_there {
                continue;
            }
            let element = match row.origin {
                Origin::Envelope => envelope.get(row.name).map(|value| Element::Text(value.to_owned())),
                Origin::Given => given(row.name),
                Origin::Echo => Some(match endpoint.field(row.name) {
                    Some(field) if field.is_number() => {
                        Element::Number(value.parse::<Fen>().unwrap_or(Fen::ZERO).as_i64())
                    }
                    _ if row.name == "mch_id" && generation::has_plain_mch_id(generation) => plain(value),
                    _ => Element::Text(value.to_owned()),
                }),
            };
            reply.elements.extend(element.map(|element| (row.name, element)));
        }
        if endpoint.numbers_in_cdata {
            for (_, element) in &mut reply.elements {
                if let Element::Number(number) = element {
                    *element = Element::Text(number.to_string());
                }
            }
        }
        reply
    }

    /// Adds a `sign` over every element so far that is not empty (an `hblist` doesn't count). The live
    /// service signs no packet's reply; some clients insist, see [`Endpoint::signed_replies`].
    pub fn sign(&mut self, sign_type: SignType, key: &ApiKey) -> &mut Reply {
        let plain: Vec<(&str, String)> = self
            .elements
            .iter()
            .filter_map(|(name, element)| match element {
                Element::Text(value) | Element::Plain(value) => Some((*name, value.clone())),
                Element::Number(value) => Some((*name, value.to_string())),
                Element::Shares(_) => None,
            })
            .collect();
        let sign = sign::sign(sign_type, plain.iter().map(|(name, value)| (*name, value.as_str())), key);
        self.elements.push(("sign", Element::Text(sign)));
        self
    }

    /// The reply's bytes, for an HTTP body of `text/xml; charset=utf-8`.
    pub fn to_xml(&self) -> String {
        let mut out = String::with_capacity(1024);
        out.push_str("<xml>\n");
        for (name, element) in &self.elements {
            match element {
                Element::Text(value) => write_element(&mut out, name, value),
                Element::Plain(value) => write_plain(&mut out, name, value),
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
}

impl<'a> Envelope<'a> {
    fn failure(
        generation: Generation,
        code: &'a ErrorCode,
        text: &'a str,
        return_msg: Option<&'a str>,
    ) -> Envelope<'a> {
        Envelope {
            return_code: generation::return_code_of_failure(generation),
            return_msg: return_msg.unwrap_or(text),
            result_code: "FAIL",
            err_code: Some(code.as_str()),
            err_code_des: text,
        }
    }

    /// Codes that success does not have in its generation are not there, nor is what describes them.
    fn get(&self, name: &str) -> Option<&'a str> {
        match name {
            "return_code" => Some(self.return_code),
            "return_msg" => Some(self.return_msg),
            "result_code" => Some(self.result_code),
            "err_code" => self.err_code,
            "err_code_des" => self.err_code.map(|_| self.err_code_des),
            _ => None,
        }
    }
}

/// A number of any length, plain; what is none stays a text.
fn plain(value: &str) -> Element {
    let is_number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    if is_number { Element::Plain(value.to_owned()) } else { Element::Text(value.to_owned()) }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")?;
        f.debug_list().entries(self.elements.iter().map(|(name, _)| name)).finish()
    }
}

fn write_number(out: &mut String, name: &str, value: i64) {
    write_plain(out, name, &value.to_string());
}

fn write_plain(out: &mut String, name: &str, digits: &str) {
    out.extend(["<", name, ">", digits, "</", name, ">\n"]);
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

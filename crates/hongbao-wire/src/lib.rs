//! WeChat Pay's cash-red-packet protocol (现金红包) as pure functions: no I/O, no clock, no randomness.
//!
//! From bytes to meaning, one module per layer:
//!
//! | module | question |
//! |---|---|
//! | [`params`] | what travels in a message? |
//! | [`xml`] | how do bytes become parameters, and parameters bytes? |
//! | [`sign`](mod@sign) | who sent it, and is it what they sent? |
//! | [`diagnose`](mod@diagnose) | why is a signature wrong? |
//! | [`endpoint`] | which calls are there, and what do they take? |
//! | [`error_code`] | did money move, and what now? |
//! | [`reply`] | what is answered, and what does an answer mean? |
//! | [`status`], [`time`], [`text`] | words, times and sentences of the wire |
//! | [`oauth`] | how does a page learn who a person is, and what can go wrong? |
//! | [`generation`] | what was different in earlier years? |
//! | [`reference`](mod@reference), [`choices`], [`words`](mod@words) | what does the reference page say? |
//!
//! The platform decodes a request, checks its fields, verifies its signature and writes a reply;
//! the merchant's side signs, encodes, and reads the reply. One packet, both ways:
//!
//! ```
//! use hongbao_types::ApiKey;
//! use hongbao_types::{Generation, Mode};
//! use hongbao_wire::{Answer, Endpoint, Given, Params, Reply, SignPolicy, SignType, decode, decode_reply, encode, sign};
//!
//! let key = ApiKey::try_new("192006250b4c09247ec02edce69f6a2d")?;
//!
//! // The merchant asks about a packet.
//! let mut request = Params::from_pairs([
//!     ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
//!     ("mch_billno", "10000098201411111234567890"),
//!     ("mch_id", "10000098"),
//!     ("appid", "wxe062425f740d30d8"),
//!     ("bill_type", "MCHT"),
//! ])?;
//! let signature = sign::sign(SignType::Md5, &request, &key);
//! assert_eq!(signature, "3C2F21F0DA04C5D8BDAC3608066A3D42");
//! request.set("sign", signature)?;
//! let body = encode(&request);
//!
//! // The platform reads, checks and verifies it, and answers.
//! let endpoint = Endpoint::by_path("/mmpaymkttransfers/gethbinfo").expect("it is in the table");
//! let received = decode(body.as_bytes())?;
//! endpoint.check(&received, Mode::Compatible)?;
//! sign::verify(&received, endpoint, [&key], SignPolicy::default())?;
//! let reply = Reply::success(endpoint, Generation::G2b, &received, &Given::new().text("status", "SENT"));
//!
//! // The merchant reads the answer.
//! let answer = decode_reply(reply.to_xml().as_bytes())?;
//! assert_eq!(Answer::read(&answer)?, Answer::Accepted);
//! assert_eq!(answer.fields.get("status"), Some("SENT"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod choices;
pub mod diagnose;
pub mod endpoint;
pub mod error_code;
pub mod generation;
pub mod oauth;
pub mod params;
pub mod reference;
pub mod reply;
pub mod sign;
pub mod status;
pub mod text;
pub mod time;
pub mod words;
pub mod xml;

pub use diagnose::{Mistake, diagnose};
pub use endpoint::{Endpoint, Family, Field, FieldKind, FieldRefusal, Need, Signed, SignedReplies};
pub use error_code::{Certainty, ErrorCode, NextStep};
pub use params::{ParamError, Params};
pub use reply::{Answer, Given, HbInfo, Reply, UnclearReply};
pub use sign::{SignPolicy, SignRefusal, SignRule, SignType, Verified};
pub use status::HbStatus;
pub use xml::{BODY_LIMIT, DecodeError, REPLY_LIMIT, ReplyBody, SHARE_LIMIT, decode, decode_reply, encode};

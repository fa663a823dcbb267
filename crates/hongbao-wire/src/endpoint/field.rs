//! What may a field of a request contain? The columns of an endpoint's table, and the check that reads them.

use std::net::Ipv4Addr;

use hongbao_types::{AppId, BillNo, Fen, MerchantId, Mode, OpenId};

use super::Endpoint;
use crate::Params;
use crate::text;
use crate::words::Words;

/// One field of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Whether it must be there.
    pub need: Need,
    /// What it may contain.
    pub kind: FieldKind,
    /// What it may contain in strict mode, where that is less.
    pub strict: Option<FieldKind>,
    /// Whether it counts in the signature.
    pub signed: Signed,
    /// What is said when it is missing or too long, without the prefix `参数错误:`.
    pub refusal: &'static str,
    /// What is said when its content is wrong; for most the same.
    pub malformed: &'static str,
    /// A value, as a page shows one.
    pub example: &'static str,
    /// What it is.
    pub meaning: Words,
    /// The year of the first page, trace or client that has it.
    pub since: u16,
    /// Where that is known from.
    pub source: &'static str,
}

/// Whether a field must be there. An empty value is as good as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It need not; when it is there, it must be right.
    Optional,
    /// The amount decides: see the merchant's limits.
    ByAmount,
    /// It must, when that field has this value; else it need not.
    When(&'static str, &'static str),
    /// This or that field must, and never both.
    Either(&'static str),
    /// A code of its own says that it is missing.
    JudgedLater,
}

/// What a field may contain. Lengths are in characters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text up to this length.
    Text(usize),
    /// Any text up to so many bytes of UTF-8.
    Bytes(usize),
    /// A merchant number: up to 32 digits.
    MerchantId,
    /// An app id: up to 32 letters, digits, `-` and `_`.
    AppId,
    /// A bill number: letters and digits, up to [`Endpoint::bill_no_max`].
    BillNo,
    /// An openid: 28 letters, digits, `-` and `_`.
    OpenId,
    /// An amount in fen: plain digits, more than zero.
    Amount,
    /// An amount equal to that of another field.
    AmountOf(&'static str),
    /// A number of shares between these two, both included, in plain digits.
    Count(u32, u32),
    /// A number of shares: between the first two when a field has a value, else between the other two.
    CountBy {
        /// The field.
        field: &'static str,
        /// Its value.
        is: &'static str,
        /// The bounds then.
        then: (u32, u32),
        /// The bounds otherwise.
        otherwise: (u32, u32),
    },
    /// A number, in plain digits.
    Number,
    /// An IPv4 address.
    Ip,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// The signature, which [`verify`](crate::sign::verify) judges.
    Signature,
}

/// Whether a field counts in the signature when only known fields do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// It does: the official table has it.
    Yes,
    /// It does not: the service takes the field, but computes without it.
    No,
    /// It does, because we chose so: the pages of today don't have it, and nobody knows.
    Chosen,
}

/// A field that the service does not take, in the words of the wire.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FieldRefusal {
    /// The field's name.
    pub field: &'static str,
    /// The whole text for `return_msg` and `err_code_des`: `参数错误:` and what is wrong.
    pub text: String,
}

impl Field {
    /// Whether replies write it as a plain number rather than as text.
    pub fn is_number(&self) -> bool {
        match self.kind {
            FieldKind::Amount
            | FieldKind::AmountOf(_)
            | FieldKind::Count(..)
            | FieldKind::CountBy { .. }
            | FieldKind::Number => true,
            FieldKind::Text(_)
            | FieldKind::Bytes(_)
            | FieldKind::MerchantId
            | FieldKind::AppId
            | FieldKind::BillNo
            | FieldKind::OpenId
            | FieldKind::Ip
            | FieldKind::OneOf(_)
            | FieldKind::Signature => false,
        }
    }

    /// Its type as the official tables write it, such as `String(32)`.
    pub fn type_name(&self, endpoint: &Endpoint) -> String {
        if self.is_number() {
            return "int".to_owned();
        }
        if let FieldKind::Bytes(max) = self.kind {
            return format!("String({max} bytes)");
        }
        let max = if self.kind == FieldKind::Ip { 15 } else { self.max_chars(endpoint).unwrap_or(32) };
        format!("String({max})")
    }

    /// A row whose field must be there.
    pub(super) const fn required(name: &'static str, kind: FieldKind, refusal: &'static str, meaning: Words) -> Field {
        Field {
            name,
            need: Need::Required,
            kind,
            strict: None,
            signed: Signed::Yes,
            refusal,
            malformed: refusal,
            example: "",
            meaning,
            since: 2014,
            source: "",
        }
    }

    /// A row whose field need not be there.
    pub(super) const fn optional(name: &'static str, kind: FieldKind, refusal: &'static str, meaning: Words) -> Field {
        Field::required(name, kind, refusal, meaning).needed(Need::Optional)
    }

    pub(super) const fn needed(self, need: Need) -> Field {
        Field { need, ..self }
    }

    pub(super) const fn strict(self, kind: FieldKind) -> Field {
        Field { strict: Some(kind), ..self }
    }

    /// With other words, whatever is wrong.
    pub(super) const fn refusal(self, refusal: &'static str) -> Field {
        Field { refusal, malformed: refusal, ..self }
    }

    /// With other words for wrong content.
    pub(super) const fn malformed(self, malformed: &'static str) -> Field {
        Field { malformed, ..self }
    }

    pub(super) const fn signed(self, signed: Signed) -> Field {
        Field { signed, ..self }
    }

    pub(super) const fn example(self, example: &'static str) -> Field {
        Field { example, ..self }
    }

    pub(super) const fn meaning(self, meaning: Words) -> Field {
        Field { meaning, ..self }
    }

    /// Known since a year, from a source.
    pub(super) const fn known(self, since: u16, source: &'static str) -> Field {
        Field { since, source, ..self }
    }

    /// What is wrong with this field, with the prefix.
    pub(super) fn check(&self, endpoint: &Endpoint, params: &Params, mode: Mode) -> Result<(), FieldRefusal> {
        let refused = |words: &str| FieldRefusal { field: self.name, text: [text::PARAM_ERROR_PREFIX, words].concat() };
        let value = params.get(self.name).unwrap_or_default();
        if !self.is_in_right_company(params, value) {
            return Err(refused(self.refusal));
        }
        if value.is_empty() {
            return Ok(());
        }
        if self.max_chars(endpoint).is_some_and(|max| value.chars().count() > max) {
            return Err(refused(self.refusal));
        }
        if mode == Mode::Strict && value.chars().any(|c| c.len_utf8() > 3) {
            // Production is documented not to take them (protocol rules, page 4011986592).
            return Err(refused(&format!("{}{}", self.name, text::FOUR_BYTES)));
        }
        let strict = self.strict.filter(|_| mode == Mode::Strict);
        if is_right(self.kind, params, value) && strict.is_none_or(|kind| is_right(kind, params, value)) {
            Ok(())
        } else {
            Err(refused(self.malformed))
        }
    }

    /// Whether it is there where it must be, and not where it must not.
    fn is_in_right_company(&self, params: &Params, value: &str) -> bool {
        let is_there = |name| params.get(name).is_some_and(|value| !value.is_empty());
        match self.need {
            Need::Required => !value.is_empty(),
            Need::Optional | Need::ByAmount | Need::JudgedLater => true,
            Need::When(other, wanted) => !value.is_empty() || params.get(other) != Some(wanted),
            Need::Either(other) => value.is_empty() == is_there(other),
        }
    }

    fn max_chars(&self, endpoint: &Endpoint) -> Option<usize> {
        match self.kind {
            FieldKind::Text(max) => Some(max),
            FieldKind::BillNo => Some(endpoint.bill_no_max),
            FieldKind::OpenId => Some(OpenId::MAX_LEN),
            FieldKind::Bytes(_)
            | FieldKind::MerchantId
            | FieldKind::AppId
            | FieldKind::Amount
            | FieldKind::AmountOf(_)
            | FieldKind::Count(..)
            | FieldKind::CountBy { .. }
            | FieldKind::Number
            | FieldKind::Ip
            | FieldKind::OneOf(_)
            | FieldKind::Signature => None,
        }
    }
}

fn is_right(kind: FieldKind, params: &Params, value: &str) -> bool {
    match kind {
        FieldKind::Text(_) | FieldKind::Signature => true,
        FieldKind::Bytes(max) => value.len() <= max,
        FieldKind::MerchantId => MerchantId::try_new(value).is_ok(),
        FieldKind::AppId => AppId::try_new(value).is_ok(),
        FieldKind::BillNo => BillNo::try_new(value).is_ok(),
        FieldKind::OpenId => value.len() == 28 && OpenId::try_new(value).is_ok(),
        FieldKind::Amount => value.parse::<Fen>().is_ok_and(|amount| !amount.is_zero()),
        FieldKind::AmountOf(other) => params.get(other) == Some(value),
        FieldKind::Count(min, max) => is_between(value, (min, max)),
        FieldKind::CountBy { field, is, then, otherwise } => {
            is_between(value, if params.get(field) == Some(is) { then } else { otherwise })
        }
        FieldKind::Number => value.parse::<Fen>().is_ok(),
        FieldKind::Ip => value.parse::<Ipv4Addr>().is_ok(),
        FieldKind::OneOf(words) => words.contains(&value),
    }
}

fn is_between(value: &str, (min, max): (u32, u32)) -> bool {
    value.parse::<Fen>().is_ok_and(|count| (i64::from(min)..=i64::from(max)).contains(&count.as_i64()))
}

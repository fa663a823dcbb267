//! What went wrong, did money move, and what now? One opaque error, and questions to ask it.

use std::fmt;

use hongbao_wire::{Certainty, DecodeError, ErrorCode, Family, NextStep, UnclearReply};

/// Why a call did not succeed.
pub struct Error(Box<Kind>);

#[derive(Debug)]
pub(crate) enum Kind {
    /// The request breaks a rule of its endpoint; it was not sent.
    Invalid(String),
    /// No randomness for a nonce; it was not sent.
    NoRandomness(String),
    /// No connection came about; it was not sent.
    Unreachable(reqwest::Error),
    /// It was sent, perhaps, and no whole answer came back.
    NoAnswer(reqwest::Error),
    /// An answer came from something else on the way: HTTP status other than 200.
    Status(u16),
    /// The answer is larger than any real one.
    TooLarge,
    /// The answer can't be read.
    Unreadable(DecodeError),
    /// The answer says neither yes nor no.
    Unclear(UnclearReply),
    /// The answer is to something else, or lacks what every success has.
    Mismatch(&'static str),
    /// The answer is signed, and wrongly.
    WrongSignature,
    /// Not understood: `return_code` is `FAIL` and nothing more.
    Refused(String),
    /// Understood, and the answer is no.
    Failed {
        code: ErrorCode,
        description: String,
        /// None of a call that is in no table.
        family: Option<Family>,
    },
}

impl Error {
    pub(crate) fn new(kind: Kind) -> Error {
        Error(Box::new(kind))
    }

    pub(crate) fn invalid(why: &dyn fmt::Display) -> Error {
        Error::new(Kind::Invalid(why.to_string()))
    }

    /// Whether this attempt may have moved money. Whatever is not certain, may have.
    pub fn certainty(&self) -> Certainty {
        match &*self.0 {
            Kind::Invalid(_) | Kind::NoRandomness(_) | Kind::Unreachable(_) => Certainty::NothingMoved,
            Kind::Failed { code, family, .. } => {
                family.map_or(Certainty::MayHaveMoved, |family| code.certainty(family))
            }
            Kind::NoAnswer(_)
            | Kind::Status(_)
            | Kind::TooLarge
            | Kind::Unreadable(_)
            | Kind::Unclear(_)
            | Kind::Mismatch(_)
            | Kind::WrongSignature
            | Kind::Refused(_) => Certainty::MayHaveMoved,
        }
    }

    /// What to do now.
    pub fn next_step(&self) -> NextStep {
        match &*self.0 {
            Kind::Invalid(_) => NextStep::FixRequest,
            Kind::Failed { code, family, .. } => family.map_or(NextStep::Query, |family| code.next_step(family)),
            Kind::Refused(_) | Kind::Mismatch(_) | Kind::WrongSignature => NextStep::Query,
            Kind::NoRandomness(_)
            | Kind::Unreachable(_)
            | Kind::NoAnswer(_)
            | Kind::Status(_)
            | Kind::TooLarge
            | Kind::Unreadable(_)
            | Kind::Unclear(_) => NextStep::SameBillNo,
        }
    }

    /// The same in words.
    pub fn advice(&self) -> &'static str {
        match self.next_step() {
            NextStep::SameBillNo => "call again, at least a second later, with the same bill number and values",
            NextStep::Wait => {
                "wait for the limit's period to end, then call again with the same bill number and values"
            }
            NextStep::Query => "query what became of the bill number before anything else",
            NextStep::NewBillNo => "this bill number has failed for good; if it is still wanted, send with a new one",
            NextStep::FixRequest => "correct the request, then call with the same bill number",
            NextStep::FixSetup => {
                "have certificate, permission or address put right, then call with the same bill number"
            }
            NextStep::TopUp => "top up the merchant's funds, then call again with the same bill number and values",
            NextStep::Stop => "stop, and ask whoever runs the platform",
        }
    }

    /// The error code, when there was an answer that has one.
    pub fn code(&self) -> Option<&ErrorCode> {
        if let Kind::Failed { code, .. } = &*self.0 { Some(code) } else { None }
    }

    /// What the answer says in words; for people only.
    pub fn description(&self) -> Option<&str> {
        if let Kind::Failed { description: text, .. } | Kind::Refused(text) = &*self.0 { Some(text) } else { None }
    }

    /// Whether the time for an answer ran out.
    pub fn is_timeout(&self) -> bool {
        if let Kind::Unreachable(error) | Kind::NoAnswer(error) = &*self.0 { error.is_timeout() } else { false }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Invalid(why) => write!(f, "the request was not sent: {why}"),
            Kind::NoRandomness(why) => write!(f, "the request was not sent: no randomness: {why}"),
            Kind::Unreachable(_) => f.write_str("the request was not sent: no connection"),
            Kind::NoAnswer(_) => f.write_str("no whole answer came back"),
            Kind::Status(status) => write!(f, "the answer is no answer of the platform: HTTP status {status}"),
            Kind::TooLarge => f.write_str("the answer is too large"),
            Kind::Unreadable(_) => f.write_str("the answer can't be read"),
            Kind::Unclear(_) => f.write_str("the answer says neither yes nor no"),
            Kind::Mismatch(what) => write!(f, "the answer does not match the request: {what}"),
            Kind::WrongSignature => f.write_str("the answer's signature is wrong"),
            Kind::Refused(message) => write!(f, "not understood: {}", one_line(message)),
            Kind::Failed { code, description, .. } => match code.as_str() {
                "" => write!(f, "no, without a code: {}", one_line(description)),
                code => write!(f, "{}: {}", one_line(code), one_line(description)),
            },
        }
    }
}

/// What came from outside must not pass for a line of a log.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Kind::Unreachable(error) | Kind::NoAnswer(error) = &*self.0 {
            Some(error)
        } else if let Kind::Unreadable(error) = &*self.0 {
            Some(error)
        } else {
            None
        }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Error {
        Error::new(kind)
    }
}

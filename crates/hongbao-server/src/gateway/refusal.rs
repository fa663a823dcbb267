//! What does WeChat Pay say when we say no? The only place where a reason becomes an `err_code` and a
//! text. Every match is exhaustive: a new reason does not compile until it has its words.

use std::borrow::Cow;

use hongbao_engine::directory::{CertificateRefusal, PermissionRefusal, ProvisionRefusal};
use hongbao_engine::outcome::{Difference, SendRejection};
use hongbao_engine::packet::Decline;
use hongbao_store::{CallError, StoreError};
use hongbao_types::{BillNo, Fen, Generation, MerchantId};
use hongbao_wire::generation::code_in;
use hongbao_wire::{Endpoint, ErrorCode, Family, FieldRefusal, Params, SignRefusal, text};

use crate::platform::NoOutcome;

/// Why a request was refused, after its body was read; in the order of the checks.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A field is wrong.
    Field(FieldRefusal),
    /// There is no such merchant.
    UnknownMerchant,
    /// The certificate does not count.
    Certificate(CertificateRefusal),
    /// The signature is wrong.
    Sign(SignRefusal),
    /// The merchant may not do that.
    Permission(PermissionRefusal),
    /// It may not send on that merchant's behalf.
    Provision(ProvisionRefusal),
    /// The corporation is not bound to the merchant.
    NotOfCorporation,
    /// The merchant is not open in 企业微信, or the corporation has no secret here to sign with.
    NoCorporation,
    /// The second signature is missing.
    WorkwxSignMissing,
    /// The second signature is wrong.
    WorkwxSign,
    /// A query knows no such packet.
    NoSuchPacket,
    /// The engine rejected it: nothing was stored.
    Rejected(SendRejection),
    /// The engine declined it: the bill number is taken, no money moved.
    Declined(Decline),
    /// There is no outcome.
    NoOutcome(NoOutcome),
    /// The store could not be read; nothing was done.
    Store(StoreError),
    /// A field passed the table's check and is none of its type: the table is wrong.
    Unchecked(&'static str),
}

impl Refusal {
    /// The field that it complains about.
    pub(super) fn complaint(&self) -> Option<&'static str> {
        if let Refusal::Field(refusal) = self {
            Some(refusal.field)
        } else {
            matches!(self, Refusal::Rejected(SendRejection::TooManyShares)).then_some("total_num")
        }
    }

    /// One line that says why, without secrets.
    pub(super) fn log(&self, endpoint: &Endpoint, params: &Params, generation: Generation) {
        let (code, _) = self.answer(endpoint.family, generation);
        tracing::info!(
            endpoint = endpoint.name,
            merchant.id = loggable(endpoint, params, endpoint.merchant_field),
            packet.bill_no = loggable(endpoint, params, endpoint.bill_field),
            code = code.as_str(),
            why = %self.why(),
            "a request was refused"
        );
    }

    /// Code and text, in the names of a generation. Words that belong to the situation stay; those of a code go with
    /// the code.
    pub(super) fn answer(&self, family: Family, generation: Generation) -> (ErrorCode, Cow<'static, str>) {
        let (today, text) = self.answer_of_today(family);
        let code = code_in(generation, today.clone());
        // What a query does not know is said in the same words by every generation, and the words of `NO_AUTH` are
        // about a person.
        let is_the_code_s = text == today.text() && today != ErrorCode::NotFound && code != ErrorCode::NoAuth;
        let text = if is_the_code_s { Cow::Borrowed(code.text()) } else { text };
        (code, text)
    }

    fn answer_of_today(&self, family: Family) -> (ErrorCode, Cow<'static, str>) {
        let usual = |code: ErrorCode| {
            let text = code.text();
            (code, Cow::Borrowed(text))
        };
        let with = |code: ErrorCode, text: &'static str| (code, Cow::Borrowed(text));
        match self {
            Refusal::Field(refusal) => (ErrorCode::ParamError, Cow::Owned(refusal.text.clone())),
            Refusal::UnknownMerchant => with(ErrorCode::ParamError, text::UNKNOWN_MERCHANT),
            Refusal::Certificate(refusal) => match refusal {
                CertificateRefusal::Expired => with(ErrorCode::CaError, text::CERTIFICATE_EXPIRED),
                CertificateRefusal::Missing
                | CertificateRefusal::Untrusted
                | CertificateRefusal::NotRegistered
                | CertificateRefusal::Withdrawn
                | CertificateRefusal::NotYetValid => usual(ErrorCode::CaError),
            },
            Refusal::Sign(_) => usual(ErrorCode::SignError),
            Refusal::Permission(refusal) => match refusal {
                PermissionRefusal::IllegalApp => usual(ErrorCode::IllegalAppId),
                PermissionRefusal::AppNotBound => with(ErrorCode::ParamError, text::APP_NOT_OF_MERCHANT),
                PermissionRefusal::ProductNotOpen => usual(ErrorCode::ProductAuthorityUnopen),
                PermissionRefusal::Closed => usual(ErrorCode::ApiMethodClosed),
                PermissionRefusal::AddressNotAllowed => with(ErrorCode::NoAuth, text::IP_NOT_ALLOWED),
            },
            Refusal::Provision(refusal) => match refusal {
                ProvisionRefusal::NotAdmitted => usual(ErrorCode::AcceptModeError),
                ProvisionRefusal::MessageAppNotBound => usual(ErrorCode::MsgAppIdError),
            },
            Refusal::NotOfCorporation => usual(ErrorCode::WorkwxMchIdError),
            Refusal::NoCorporation => usual(ErrorCode::NoCompetence),
            Refusal::WorkwxSignMissing => usual(ErrorCode::WorkwxSignError),
            Refusal::WorkwxSign => with(ErrorCode::SignError, text::WORKWX_SIGN_WRONG),
            Refusal::NoSuchPacket => usual(ErrorCode::NotFound),
            Refusal::Rejected(rejection) => match rejection {
                SendRejection::BillNoReused(Difference::Recipient) => with(ErrorCode::FatalError, text::OPENID_CHANGED),
                SendRejection::BillNoReused(Difference::Total) => with(ErrorCode::FatalError, text::AMOUNT_CHANGED),
                SendRejection::BillNoReused(Difference::Terms) => usual(ErrorCode::FatalError),
                SendRejection::BillNoFailed => {
                    let words = match family {
                        Family::Packets => text::ORDER_EXPIRED,
                        Family::Transfers => text::TRANSFER_SEND_FAILED,
                    };
                    with(ErrorCode::SendFailed, words)
                }
                SendRejection::Night => usual(ErrorCode::TimeLimited),
                SendRejection::MerchantTooNew => usual(ErrorCode::ProductAuthorityUnopen),
                SendRejection::RecipientNotRegistered => usual(ErrorCode::OpenIdError),
                SendRejection::AmountOutOfRange { min, max } => {
                    let text = if *max == Fen::MAX {
                        // Chosen: the words, for there is always a bound upstream.
                        format!("每个红包的平均金额必须大于等于{}元.", yuan(*min))
                    } else {
                        format!("每个红包的平均金额必须在{}元到{}元之间.", yuan(*min), yuan(*max))
                    };
                    (ErrorCode::MoneyLimit, Cow::Owned(text))
                }
                SendRejection::SceneRequired => with(ErrorCode::ParamError, text::SCENE_REQUIRED),
                SendRejection::TooManyShares => with(ErrorCode::ParamError, text::TOO_MANY_SHARES),
                SendRejection::PacketsPerSecond
                | SendRejection::PacketsPerMinute
                | SendRejection::RecipientPacketsPerMinute => usual(ErrorCode::FreqLimit),
            },
            Refusal::Declined(decline) => {
                let (code, text) = decline_answer(*decline);
                (code, Cow::Borrowed(text))
            }
            Refusal::NoOutcome(NoOutcome::StillUnderWay) => usual(ErrorCode::Processing),
            Refusal::NoOutcome(NoOutcome::Call(error)) => match error {
                CallError::Full => usual(ErrorCode::FreqLimit),
                CallError::Stopped | CallError::Unavailable | CallError::Unanswered | CallError::SystemError => {
                    usual(ErrorCode::SystemError)
                }
            },
            Refusal::Store(_) | Refusal::Unchecked(_) => usual(ErrorCode::SystemError),
        }
    }

    fn why(&self) -> String {
        match self {
            Refusal::Field(refusal) => format!("the field {} is wrong or missing", refusal.field),
            Refusal::UnknownMerchant => "there is no such merchant".to_owned(),
            Refusal::Certificate(refusal) => refusal.to_string(),
            Refusal::Sign(refusal) => refusal.to_string(),
            Refusal::Permission(refusal) => refusal.to_string(),
            Refusal::Provision(refusal) => refusal.to_string(),
            Refusal::NotOfCorporation => "the corporation is not bound to the merchant".to_owned(),
            Refusal::NoCorporation => "the product is not open, or the corporation has no secret here".to_owned(),
            Refusal::WorkwxSignMissing => "workwx_sign is missing".to_owned(),
            Refusal::WorkwxSign => "workwx_sign is wrong".to_owned(),
            Refusal::NoSuchPacket => "there is no such packet, or it is older than 30 days".to_owned(),
            Refusal::Rejected(rejection) => format!("{rejection:?}"),
            Refusal::Declined(decline) => format!("landed: {}", decline.name()),
            Refusal::NoOutcome(NoOutcome::Call(error)) => error.to_string(),
            Refusal::NoOutcome(NoOutcome::StillUnderWay) => {
                "no answer in time, and an earlier call with this number is still under way".to_owned()
            }
            Refusal::Store(error) => error.to_string(),
            Refusal::Unchecked(field) => format!("the field {field} passed its check and can't be read: a bug"),
        }
    }
}

/// What a stranger wrote into a field, as a log may show it: a number of the form it must have, or only its
/// length. Somebody's key may have got into the wrong field.
fn loggable(endpoint: &Endpoint, params: &Params, name: &str) -> String {
    let value = params.get(name).unwrap_or_default();
    let is_one = if name == endpoint.bill_field {
        // A key has 32 characters; so may a transfer's number have, and then its length must do.
        value.len() <= BILL_NO_SHOWN_MAX && BillNo::try_new(value).is_ok()
    } else {
        value.len() <= MERCHANT_ID_SHOWN_MAX && MerchantId::try_new(value).is_ok()
    };
    if is_one { value.to_owned() } else { format!("({} characters)", value.chars().count()) }
}

/// Packets' bill numbers have at most as many.
const BILL_NO_SHOWN_MAX: usize = 28;

/// Merchant numbers have 8 or 10 digits; a key of digits alone has 32.
const MERCHANT_ID_SHOWN_MAX: usize = 16;

/// What is said when a packet was declined, and again, as its `reason`, when it is asked for.
pub(super) fn decline_answer(decline: Decline) -> (ErrorCode, &'static str) {
    let code = match decline {
        Decline::Frozen => ErrorCode::PayerAccountAbnormal,
        Decline::RecipientBlocked => ErrorCode::NoAuth,
        Decline::RecipientPacketsPerDay => ErrorCode::SendNumLimit,
        Decline::RecipientAmountPerDay => ErrorCode::RcvdAmountLimit,
        Decline::PacketsPerDay => ErrorCode::DayOverLimited,
        Decline::AmountPerDay => ErrorCode::SendAmountLimit,
        Decline::InsufficientFunds => ErrorCode::NotEnough,
    };
    let text = code.text();
    (code, text)
}

/// An amount in yuan, two digits behind the point.
fn yuan(amount: Fen) -> String {
    let fen = amount.as_i64();
    format!("{}.{:02}", fen / 100, fen % 100)
}

macro_rules! from {
    ($($variant:ident($error:ty)),*) => { $(
        impl From<$error> for Refusal {
            fn from(error: $error) -> Refusal {
                Refusal::$variant(error)
            }
        }
    )* };
}

from!(
    Field(FieldRefusal),
    Certificate(CertificateRefusal),
    Sign(SignRefusal),
    Permission(PermissionRefusal),
    Provision(ProvisionRefusal),
    NoOutcome(NoOutcome),
    Store(StoreError)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decline_has_a_code_that_says_the_packet_landed() {
        for decline in Decline::ALL {
            let (code, text) = decline_answer(decline);
            // `NO_AUTH` alone says nothing about it: it stands for a refused address, too.
            let lands = code.landed() || (decline == Decline::RecipientBlocked && code.may_have_landed());
            assert!(lands, "{decline:?} is answered with {code}, which does not land");
            assert!(!text.is_empty());
        }
    }

    #[test]
    fn no_rejection_has_a_code_that_says_the_packet_landed_now() {
        let rejections = [
            SendRejection::AmountOutOfRange { min: Fen::new(100), max: Fen::new(20_000) },
            SendRejection::Night,
            SendRejection::MerchantTooNew,
            SendRejection::RecipientNotRegistered,
            SendRejection::SceneRequired,
            SendRejection::TooManyShares,
            SendRejection::PacketsPerSecond,
            SendRejection::PacketsPerMinute,
            SendRejection::RecipientPacketsPerMinute,
        ];
        for generation in Generation::ALL {
            for rejection in rejections {
                let (code, _) = Refusal::Rejected(rejection).answer(Family::Packets, generation);
                assert!(!code.may_have_landed(), "{rejection:?} is answered with {code}, which may land");
            }
        }
    }

    #[test]
    fn amounts_are_said_in_yuan() {
        let rejection = SendRejection::AmountOutOfRange { min: Fen::new(100), max: Fen::new(20_000) };
        let (code, text) = Refusal::Rejected(rejection).answer(Family::Packets, Generation::G2b);
        assert_eq!((code.as_str(), text.as_ref()), ("MONEY_LIMIT", ErrorCode::MoneyLimit.text()));
    }
}

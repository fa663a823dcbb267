//! What does the people's door say when it can't do what was asked? `application/problem+json` (RFC 9457): a code and
//! whether money moved for a machine; what happened and what to do, in Chinese and in English, for a person.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hongbao_engine::outcome::ClaimRejection;
use hongbao_store::{CallError, StoreError};
use hongbao_types::IdError;
use hongbao_wire::words::{Words, words};
use serde_json::{Value, json};

use super::assertion::AssertionError;
use crate::api_error::ApiError;

/// One thing that can go wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    code: &'static str,
    status: StatusCode,
    message: Words,
    todo: Words,
    money_moved: &'static str,
    /// More for a machine to read.
    details: Option<Box<Value>>,
}

const AGAIN: Words = words("稍后原样重试", "make the same call again in a moment");
const NOTHING: Words = words("无法再操作", "nothing can be done");
const NEW_ASSERTION: Words = words("请应用重新签发断言", "ask the app for a new assertion");
const APP: Words = words("请联系应用的开发者", "tell the developers of the app");

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident: $status:ident $code:literal, $zh:literal, $en:literal, $todo:expr;)*) => {
        impl Problem {
            /// All of them that happen before anything is done.
            #[cfg(test)]
            const ALL: &[Problem] = &[$(Problem::$name),*];
            $(
            $(#[$doc])*
            pub(super) const $name: Problem = Problem {
                code: $code,
                status: StatusCode::$status,
                message: words($zh, $en),
                todo: $todo,
                money_moved: "no",
                details: None,
            };
            )*
        }
    };
}

problems! {
    NO_SUCH_PACKET: NOT_FOUND "no_such_packet", "没有这个红包", "there is no such packet", NOTHING;
    NOT_THIS_WAY: CONFLICT "not_this_way", "这种红包不能这样拆开", "a packet of this kind is not opened in this way",
        words("小程序红包用 wx.sendBizRedPacket 领取", "a mini program's packet is opened by wx.sendBizRedPacket");
    NO_SUCH_LOTTERY: NOT_FOUND "no_such_campaign", "没有这个活动", "there is no such campaign", NOTHING;
    DRAW_SIGNATURE: FORBIDDEN "draw_signature_wrong", "抽奖签名不正确", "the draw's signature is wrong",
        words("签名用创建活动时的 key，而不是商户的 API 密钥", "it is made with the key of the campaign, not with the merchant's");
    DRAW_OFF: CONFLICT "campaign_off", "活动已关闭", "the campaign is switched off", AGAIN;
    DRAW_NOT_YET: CONFLICT "campaign_not_begun", "活动尚未开始", "the campaign has not begun", AGAIN;
    DRAW_OVER: GONE "campaign_over", "活动已结束", "the campaign is over", NOTHING;
    NO_PRIZE_LEFT: CONFLICT "no_prize_left", "红包已被抽完", "no packet is left in the campaign",
        words("商户补充红包后再来", "come back when the merchant has put in more");
    NOT_THIS_PERSON: FORBIDDEN "not_this_person", "openid 不是当前用户的", "the openid is somebody else's",
        words("请用当前用户的 openid 签名", "sign the openid of whoever draws");
    NOT_REGISTERED: FORBIDDEN "not_registered", "用户没有登记", "the person is not registered", APP;
    BLOCKED: FORBIDDEN "blocked", "用户被限制", "the person is blocked", NOTHING;
    PERSON_LIMIT: CONFLICT "person_limit", "用户领取已达上限", "the person got all that one person gets in this time",
        words("稍后再试", "try again later");
    NOT_THE_RECIPIENT: FORBIDDEN "not_the_recipient", "这个红包是给别人的", "the packet is for somebody else",
        words("裂变红包请从分享的链接打开", "a packet of several shares is opened by the link that was shared");
    NOT_SHARED: CONFLICT "not_shared", "收到红包的人还没有拆开", "the one it was sent to has not opened it yet",
        words("等对方拆开后再来", "come back once they have");
    NOT_SENT: CONFLICT "not_sent", "红包还没有发出", "the packet has not been sent",
        words("请商户用原单号重试", "the merchant makes the same call again");
    EXPIRED: GONE "expired", "红包已过期", "the packet has expired", NOTHING;
    EXHAUSTED: CONFLICT "exhausted", "红包已被领完", "every share has been claimed", NOTHING;
    LINK_WRONG: FORBIDDEN "link_wrong", "链接不正确", "the link is not right",
        words("请重新打开分享的链接", "open the link that was shared once more");
    ORIGIN_FOREIGN: FORBIDDEN "origin_foreign", "页面的来源没有登记", "the page's origin is not one that is registered for the app",
        words("请运营方登记应用的 origins", "the operator registers it among the app's origins");
    ASSERTION_MISSING: UNAUTHORIZED "assertion_missing", "缺少应用签发的身份断言", "the app's assertion of who is asking is missing",
        words("请求头加上 Authorization: Bearer <JWT>", "send the header Authorization: Bearer <JWT>");
    ASSERTION_UNREADABLE: UNAUTHORIZED "assertion_unreadable", "断言无法读取",
        "the assertion can't be read: it is a JWT whose claims iss and sub (and packet) are texts, and iat, exp and nbf whole seconds", APP;
    ASSERTION_ALGORITHM: UNAUTHORIZED "assertion_algorithm", "断言的算法必须是 EdDSA 或 ES256",
        "the assertion's algorithm must be EdDSA or ES256", APP;
    ASSERTION_KEY: UNAUTHORIZED "assertion_key", "没有这个应用，或它此时没有这个密钥",
        "the assertion's app is unknown, or has no such key at this time", APP;
    ASSERTION_SIGNATURE: UNAUTHORIZED "assertion_signature", "断言的签名不对，或受众不是 hongbao",
        "the assertion's signature is wrong, or its audience is not \"hongbao\"", APP;
    ASSERTION_ELSEWHERE: UNAUTHORIZED "assertion_elsewhere", "断言用于别的红包或别的用途",
        "the assertion is for another packet, or for something else", NEW_ASSERTION;
    ASSERTION_TOO_LONG: UNAUTHORIZED "assertion_too_long", "断言的有效期超过 300 秒",
        "the assertion counts for more than 300 seconds", APP;
    ASSERTION_NOT_YET: UNAUTHORIZED "assertion_not_yet", "断言尚未生效，请检查应用的时钟",
        "the assertion's time has not come; check the app's clock", APP;
    ASSERTION_EXPIRED: UNAUTHORIZED "assertion_expired", "断言已过期", "the assertion has expired", NEW_ASSERTION;
    ASSERTION_SUBJECT: UNAUTHORIZED "assertion_subject", "断言中的用户不合法",
        "the assertion's subject can't be a person: an openid in a sandbox, elsewhere 1 to 256 bytes", APP;
    TOO_OFTEN: TOO_MANY_REQUESTS "too_often", "操作太频繁", "too many calls by one person, from one address or for one packet", AGAIN;
    BEING_ERASED: CONFLICT "being_erased", "这个用户正在被删除", "the person is being erased", NOTHING;
    CREDENTIAL_WRONG: UNAUTHORIZED "credential_wrong", "凭证不对，或不是这个应用的，或已撤销、过期",
        "the credential is missing or wrong, not of this app, revoked or expired",
        words("请求头加上 Authorization: Bearer hb_…，由平台运营者签发", "send the header Authorization: Bearer hb_…; the platform's operator gives it out");
    SCOPE_MISSING: FORBIDDEN "scope_missing", "这个凭证不允许此操作", "the credential does not permit this",
        words("请平台运营者签发带有该权限的凭证", "ask the platform's operator for a credential with that scope");
    INSUFFICIENT_BALANCE: CONFLICT "insufficient_balance", "零钱余额不足", "the wallet has less than that",
        words("请减少金额", "withdraw less");
    REFERENCE_TAKEN: CONFLICT "reference_taken", "提现单号已用于另一笔提现", "the reference was used for another withdrawal",
        words("请更换提现单号", "use a new reference");
    NO_SUCH_WITHDRAWAL: NOT_FOUND "no_such_withdrawal", "没有这笔提现", "there is no such withdrawal",
        words("若冻结的结果未知，先用同一单号再冻结一次", "if it is not known how holding it ended, hold it again with the same reference first");
    ALREADY_SETTLED: CONFLICT "already_settled", "这笔提现已确认或取消", "the withdrawal was settled otherwise, or by another reference",
        NOTHING;
    WALLET_NOT_EMPTY: CONFLICT "wallet_not_empty", "零钱未清空，或有提现未完成", "there is money in the wallet, or on its way out of it",
        words("请先提现并确认", "withdraw it, and confirm, first");
    INVALID: BAD_REQUEST "invalid_request", "请求不合法", "the request makes no sense",
        words("请对照文档检查参数", "compare it with the documentation");
    BUSY: TOO_MANY_REQUESTS "busy", "系统繁忙", "too many at once", AGAIN;
    UNAVAILABLE: SERVICE_UNAVAILABLE "unavailable", "暂时不可用", "not available at the moment", AGAIN;
}

impl Problem {
    /// Nobody knows whether it was done: the same call again finds out, and does it once at most.
    const UNKNOWN: Problem = Problem {
        code: "unknown",
        status: StatusCode::SERVICE_UNAVAILABLE,
        message: words("结果未知", "the outcome is not known"),
        todo: words("原样重试：最多只会执行一次", "make the same call again: it is carried out at most once"),
        money_moved: "unknown",
        details: None,
    };

    /// With more for a machine to read.
    pub(super) fn with(self, details: Value) -> Problem {
        Problem { details: Some(Box::new(details)), ..self }
    }

    /// The request makes no sense, for this reason; what stood there is not quoted.
    pub(super) fn invalid(why: &str) -> Problem {
        Problem::INVALID.with(json!({ "why": why }))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code) = (self.status.as_u16(), self.code);
        if self.status == StatusCode::NOT_FOUND {
            tracing::debug!(code, why = self.message.en, "what was asked for is not there");
        } else {
            tracing::info!(status, code, why = self.message.en, "a request was refused");
        }
        let mut body = json!({
            "title": self.message.en,
            "status": status,
            "detail": self.todo.en,
            "code": code,
            "message": { "zh": self.message.zh, "en": self.message.en },
            "todo": { "zh": self.todo.zh, "en": self.todo.en },
            "money_moved": self.money_moved,
        });
        if let Some(details) = self.details {
            body["details"] = *details;
        }
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
    }
}

/// An identifier out of a path or a body. What stood there is not quoted: it may be somebody's name, or a key.
pub(super) fn read<T: std::str::FromStr<Err = IdError>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: IdError| Problem::invalid(&format!("{} must be {}", error.what, error.rule)))
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Problem {
        Problem { status: error.status(), ..Problem::invalid(error.message()) }
    }
}

impl From<ClaimRejection> for Problem {
    fn from(rejection: ClaimRejection) -> Problem {
        match rejection {
            ClaimRejection::NoSuchPacket => Problem::NO_SUCH_PACKET,
            ClaimRejection::NotThisWay => Problem::NOT_THIS_WAY,
            ClaimRejection::NotTheRecipient => Problem::NOT_THE_RECIPIENT,
            ClaimRejection::NotShared => Problem::NOT_SHARED,
            ClaimRejection::NotSent => Problem::NOT_SENT,
            ClaimRejection::Expired | ClaimRejection::Refunded => Problem::EXPIRED,
            ClaimRejection::Exhausted => Problem::EXHAUSTED,
            ClaimRejection::BeingErased => Problem::BEING_ERASED,
            ClaimRejection::NotRegistered => Problem::NOT_REGISTERED,
            ClaimRejection::Blocked => Problem::BLOCKED,
        }
    }
}

impl From<AssertionError> for Problem {
    fn from(error: AssertionError) -> Problem {
        match error {
            AssertionError::Missing => Problem::ASSERTION_MISSING,
            AssertionError::Unreadable => Problem::ASSERTION_UNREADABLE,
            AssertionError::Algorithm => Problem::ASSERTION_ALGORITHM,
            AssertionError::UnknownKey => Problem::ASSERTION_KEY,
            AssertionError::Signature => Problem::ASSERTION_SIGNATURE,
            AssertionError::Elsewhere => Problem::ASSERTION_ELSEWHERE,
            AssertionError::TooLong => Problem::ASSERTION_TOO_LONG,
            AssertionError::NotYet => Problem::ASSERTION_NOT_YET,
            AssertionError::Expired => Problem::ASSERTION_EXPIRED,
            AssertionError::Subject => Problem::ASSERTION_SUBJECT,
            AssertionError::Origin => Problem::ORIGIN_FOREIGN,
            AssertionError::TooOften => Problem::TOO_OFTEN,
            AssertionError::Store(error) => error.into(),
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Problem {
        Problem::invalid("the path is no text")
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Problem {
        match error {
            CallError::Full => Problem::BUSY,
            CallError::Stopped | CallError::Unavailable => Problem::UNAVAILABLE,
            CallError::Unanswered | CallError::SystemError => Problem::UNKNOWN,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        tracing::error!(%error, "the store could not read");
        Problem::UNAVAILABLE
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// Where the table is shown; `cargo xtask reference` writes it.
    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/people.md");
    const HEAD: &str = "\n## 错误 · Errors\n";

    /// A page would take it for an element.
    fn escaped(text: &str) -> String {
        text.replace('<', "&lt;")
    }

    #[test]
    fn reference_shows_the_whole_table() {
        let mut table =
            format!("{HEAD}\n| `code` | HTTP | `message` | `todo` | `money_moved` |\n|---|---|---|---|---|\n");
        for problem in Problem::ALL.iter().chain([&Problem::UNKNOWN]) {
            let Problem { code, status, message, todo, money_moved, .. } = problem;
            let (message, todo) =
                [message, todo].map(|words| format!("{}<br>{}", escaped(words.zh), escaped(words.en))).into();
            writeln!(table, "| `{code}` | {} | {message} | {todo} | `{money_moved}` |", status.as_u16()).unwrap();
        }
        let stored = std::fs::read_to_string(PAGE).unwrap();
        let (text, shown) = stored.split_once(HEAD).unwrap();
        if std::env::var_os("HONGBAO_WRITE_REFERENCE").is_some() {
            std::fs::write(PAGE, format!("{text}{table}")).unwrap();
            return;
        }
        assert!(
            table == format!("{HEAD}{shown}"),
            "docs/people.md is stale: run `cargo xtask reference`, and commit it"
        );
    }
}

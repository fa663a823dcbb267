//! What does a reply consist of? The rows of an endpoint's second table, in the order in which they are written.

use hongbao_types::Generation;

use crate::words::{Words, words};

/// One element of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyField {
    /// Its name on the wire.
    pub name: &'static str,
    /// Where its value comes from.
    pub origin: Origin,
    /// Whether a success has it.
    pub on_success: Presence,
    /// Whether a business error has it.
    pub on_failure: Presence,
    /// The last generation that has it, when it is gone.
    pub until: Option<Generation>,
    /// What it is.
    pub meaning: Words,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The envelope: it says how the call went.
    Envelope,
    /// The request, whose value is repeated.
    Echo,
    /// The platform.
    Given,
}

/// Whether an element is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Always,
    /// When there is something to say.
    Sometimes,
    /// When the reply complains about the field of this name.
    IfComplained,
    /// It is not.
    Never,
}

impl ReplyField {
    /// A value of the request, repeated in every reply.
    pub(super) const fn echo(name: &'static str, meaning: Words) -> ReplyField {
        ReplyField {
            name,
            origin: Origin::Echo,
            on_success: Presence::Always,
            on_failure: Presence::Always,
            until: None,
            meaning,
        }
    }

    /// A value of the platform, in every success and in nothing else.
    pub(super) const fn given(name: &'static str, meaning: Words) -> ReplyField {
        ReplyField { origin: Origin::Given, on_failure: Presence::Never, ..ReplyField::echo(name, meaning) }
    }

    pub(super) const fn sometimes(self) -> ReplyField {
        ReplyField { on_success: Presence::Sometimes, ..self }
    }

    pub(super) const fn on_failure(self, on_failure: Presence) -> ReplyField {
        ReplyField { on_failure, ..self }
    }

    pub(super) const fn on_success(self, on_success: Presence) -> ReplyField {
        ReplyField { on_success, ..self }
    }

    pub(super) const fn meaning(self, meaning: Words) -> ReplyField {
        ReplyField { meaning, ..self }
    }

    pub(super) const fn until(self, generation: Generation) -> ReplyField {
        ReplyField { until: Some(generation), ..self }
    }

    const fn envelope(name: &'static str, meaning: Words) -> ReplyField {
        ReplyField { origin: Origin::Envelope, ..ReplyField::echo(name, meaning) }
    }
}

/// `return_code`.
pub(super) const RETURN_CODE: ReplyField = ReplyField::envelope(
    "return_code",
    words("通信标识，SUCCESS 或 FAIL", "whether the request was understood: SUCCESS or FAIL"),
);
/// `return_msg`.
pub(super) const RETURN_MSG: ReplyField = ReplyField::envelope(
    "return_msg",
    words("返回信息；失败时与 err_code_des 相同", "in words; of an error the same as err_code_des"),
);
/// `result_code`.
pub(super) const RESULT_CODE: ReplyField =
    ReplyField::envelope("result_code", words("业务结果，SUCCESS 或 FAIL", "how it went: SUCCESS or FAIL"));
/// `err_code`.
pub(super) const ERR_CODE: ReplyField = ReplyField::envelope(
    "err_code",
    words(
        "错误代码；成功时为 SUCCESS（2016 年 7 月起）",
        "the error code; SUCCESS when there is none (since July 2016)",
    ),
);
/// `err_code_des`.
pub(super) const ERR_CODE_DES: ReplyField =
    ReplyField::envelope("err_code_des", words("错误代码描述，仅供人阅读", "the same in words, for people only"));
/// `sign`, in compatible mode.
pub(super) const SIGN: ReplyField =
    ReplyField::given("sign", words("签名；仅兼容模式，严格模式没有", "the signature; in compatible mode only"))
        .sometimes()
        .on_failure(Presence::Sometimes);

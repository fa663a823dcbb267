//! `sendworkwxredpack`, `queryworkwxredpack` (企业微信红包): pages 90275 and 90276 of 企业微信, Tencent's edition for
//! companies.

use super::field::{Field, FieldKind, Need, Signed};
use super::reply_field::{self, ERR_CODE, ERR_CODE_DES, Presence, RESULT_CODE, RETURN_CODE, RETURN_MSG, ReplyField};
use super::shared as row;
use super::{Endpoint, SignedReplies};
use crate::text;
use crate::words::words;

const SEND_PAGE: &str = "企业微信 90275";
const QUERY_PAGE: &str = "企业微信 90276";

const MCH_ID: Field = row::MCH_ID.refusal("商户号非法.");

/// Sends a packet to one person in the name of a corporation.
pub static SENDWORKWXREDPACK: Endpoint = Endpoint {
    name: "sendworkwxredpack",
    title: words("发放企业红包", "sends a packet to one person in the name of a corporation of 企业微信"),
    note: Some(words(
        "先按 workwx_sign 规则计算企业微信签名，再对包括它在内的所有字段计算 sign。",
        "workwx_sign is made first, over seven fields and with the secret of 企业微信; sign covers it like any field.",
    )),
    page: SEND_PAGE,
    path: "/mmpaymkttransfers/sendworkwxredpack",
    signed_replies: SignedReplies::Successes,
    fields: &[
        row::NONCE_STR,
        row::SIGN,
        row::MCH_BILLNO,
        MCH_ID,
        row::WXAPPID.meaning(words("企业微信的 corpid", "the corporation (corpid)")),
        Field::required(
            "sender_name",
            FieldKind::Text(128),
            // Chosen: the words of this field and of the four below.
            "sender_name和agentid字段必须二选一.",
            words("发送者名称，与 agentid 二选一", "who it is from; this or agentid"),
        )
        .needed(Need::Either("agentid"))
        .example("XX活动")
        .known(2018, SEND_PAGE),
        Field::required(
            "agentid",
            FieldKind::Number,
            "sender_name和agentid字段必须二选一.",
            words("以企业应用身份发红包，与 sender_name 二选一", "the corporation's app that it is from; this or sender_name"),
        )
        .needed(Need::Either("sender_name"))
        .malformed("agentid字段不正确.")
        .example("1")
        .known(2018, SEND_PAGE),
        Field::optional(
            "sender_header_media_id",
            FieldKind::Text(128),
            "sender_header_media_id字段最长为128个字符.",
            words("发送者头像素材 id", "the sender's picture, by its media id"),
        )
        .example("1G6nrLmr5EC3MMb_-zK1dDdzmd0p7cNliYu9V5w7o8K0")
        .known(2018, SEND_PAGE),
        row::RE_OPENID.meaning(words("由企业 userid 转换得到的 openid", "the person: an openid made from the company's userid")),
        row::TOTAL_AMOUNT,
        row::WISHING,
        row::ACT_NAME.meaning(words("项目名称", "the project")),
        row::REMARK,
        row::SCENE_ID,
        Field::required(
            "workwx_sign",
            FieldKind::Text(32),
            "workwx_sign字段不正确.",
            words(
                "企业微信签名：对 act_name、mch_billno、mch_id、nonce_str、re_openid、total_amount、wxappid 七个字段排序后加 &secret= 作 MD5 大写；缺少时返回 WORKWX_SIGN_ERROR",
                "upper-case MD5 over act_name, mch_billno, mch_id, nonce_str, re_openid, total_amount, wxappid, sorted, and &secret=; WORKWX_SIGN_ERROR when it is missing",
            ),
        )
        .needed(Need::JudgedLater)
        .example("8B8D04AFC9FD08094CC5A0C2FA8BB60C")
        .known(2018, SEND_PAGE),
    ],
    reply: &[
        RETURN_CODE,
        RETURN_MSG,
        RESULT_CODE,
        ERR_CODE.on_success(Presence::Never).meaning(words("错误代码", "the error code")),
        ERR_CODE_DES.on_success(Presence::Never),
        row::ECHO_MCH_BILLNO.on_failure(Presence::Never),
        row::ECHO_MCH_ID.on_failure(Presence::Never),
        row::ECHO_WXAPPID.on_failure(Presence::Never),
        row::ECHO_RE_OPENID.on_failure(Presence::Never),
        row::ECHO_TOTAL_AMOUNT.on_failure(Presence::Never),
        row::SEND_LISTID,
        ReplyField::echo("sender_name", words("发送者名称，原样返回", "who it is from, repeated"))
            .sometimes()
            .on_failure(Presence::Never),
        ReplyField::echo("sender_header_media_id", words("头像素材 id，原样返回", "the picture, repeated"))
            .sometimes()
            .on_failure(Presence::Never),
        reply_field::SIGN.on_failure(Presence::Never),
    ],
    success_text: text::WORKWX_OK,
    numbers_in_cdata: true,
    ..row::USUAL
};

/// Asks about a packet of 企业微信.
pub static QUERYWORKWXREDPACK: Endpoint = Endpoint {
    name: "queryworkwxredpack",
    title: words("查询企业红包", "asks what became of a packet of 企业微信"),
    page: QUERY_PAGE,
    path: "/mmpaymkttransfers/queryworkwxredpack",
    signed_replies: SignedReplies::Successes,
    app_field: "appid",
    fields: &[
        row::NONCE_STR,
        row::SIGN,
        row::MCH_BILLNO.meaning(words("发放时的商户订单号", "the bill number that was used for sending")),
        MCH_ID,
        Field::required(
            "appid",
            FieldKind::AppId,
            "appid字段非法,最长为32个字符.",
            words("企业微信的 corpid", "the corporation (corpid)"),
        )
        .example("wx8888888888888888")
        .known(2018, QUERY_PAGE),
        // Clients that have one call for both queries send it.
        Field::optional(
            "bill_type",
            FieldKind::Text(32),
            "bill_type字段不正确.",
            words("不属于本接口；部分客户端会传", "not of this call; some clients send it"),
        )
        .signed(Signed::No)
        .known(2018, row::CLIENTS),
    ],
    reply: &[
        RETURN_CODE,
        RETURN_MSG,
        RESULT_CODE,
        ERR_CODE.on_success(Presence::Never).meaning(words("错误代码", "the error code")),
        ERR_CODE_DES.on_success(Presence::Never),
        row::ECHO_MCH_BILLNO.on_failure(Presence::Never),
        row::ECHO_MCH_ID.on_failure(Presence::Never),
        ReplyField::given("detail_id", words("红包单号", "the platform's number")),
        ReplyField::given("status", words("红包状态，同 gethbinfo", "as gethbinfo has it")),
        ReplyField::given("send_type", words("发放类型，API", "how it was sent: API")),
        ReplyField::given("total_amount", words("红包金额，单位分", "the amount, in fen")),
        ReplyField::given("reason", words("发放失败或未完成的原因", "why it is not sent yet, or failed")).sometimes(),
        ReplyField::given("send_time", words("发放时间", "when it was sent")),
        ReplyField::given("refund_time", words("退款时间", "when it went back")).sometimes(),
        ReplyField::given("refund_amount", words("退款金额，单位分", "how much went back, in fen")).sometimes(),
        ReplyField::given("wishing", words("祝福语", "the greeting")),
        ReplyField::given("remark", words("备注", "the remark")),
        ReplyField::given("act_name", words("项目名称", "the project")),
        ReplyField::given("openid", words("领取人的 openid", "the person")),
        ReplyField::given("amount", words("领取金额，单位分", "how much was claimed, in fen")).sometimes(),
        ReplyField::given("rcv_time", words("领取时间", "when it was claimed")).sometimes(),
        ReplyField::given("sender_name", words("发送者名称", "who it is from")).sometimes(),
        ReplyField::given("sender_header_media_id", words("发送者头像素材 id", "the sender's picture")).sometimes(),
        reply_field::SIGN.on_failure(Presence::Never),
    ],
    success_text: text::WORKWX_OK,
    numbers_in_cdata: true,
    ..row::USUAL
};

//! `gethbinfo` (查询红包记录): official page 4011983160.

use super::Endpoint;
use super::field::{Field, FieldKind};
use super::reply_field::{ERR_CODE, ERR_CODE_DES, RESULT_CODE, RETURN_CODE, RETURN_MSG, ReplyField};
use super::shared::{ECHO_MCH_BILLNO, ECHO_MCH_ID, MCH_BILLNO, MCH_ID, NONCE_STR, SIGN, USUAL};
use crate::text;
use crate::words::words;

const PAGE: &str = "4011983160";

/// Asks about a packet.
pub static GETHBINFO: Endpoint = Endpoint {
    name: "gethbinfo",
    title: words("查询红包记录", "asks what became of a packet"),
    note: Some(words(
        "只能查询 30 天内的订单。NOT_FOUND 不代表发放失败：请求可能还在途中。",
        "Orders of the last 30 days. NOT_FOUND is no proof that nothing was sent: the send may be on its way.",
    )),
    page: PAGE,
    path: "/mmpaymkttransfers/gethbinfo",
    app_field: "appid",
    fields: &[
        NONCE_STR,
        SIGN,
        MCH_BILLNO.meaning(words("发放时的商户订单号", "the bill number that was used for sending")),
        MCH_ID,
        Field::required(
            "appid",
            FieldKind::AppId,
            "appid字段非法,最长为32个字符.",
            words("公众号或小程序的 appid（注意不是 wxappid）", "the app (appid here, not wxappid)"),
        )
        .example("wxe062425f740d30d8")
        .known(2014, PAGE),
        Field::required(
            "bill_type",
            FieldKind::OneOf(&["MCHT"]),
            // Chosen: the words.
            "bill_type字段必填,固定值为MCHT.",
            words("订单类型，固定为 MCHT（按商户订单号查询）", "MCHT: by the merchant's number"),
        )
        .example("MCHT")
        .known(2014, PAGE),
    ],
    reply: &[
        RETURN_CODE,
        RETURN_MSG,
        RESULT_CODE,
        ERR_CODE,
        ERR_CODE_DES,
        ECHO_MCH_BILLNO,
        ECHO_MCH_ID,
        ReplyField::given("detail_id", words("微信单号，等于发放时的 send_listid", "the platform's number: send_listid of the send")),
        ReplyField::given(
            "status",
            words(
                "红包状态：SENDING 发放中、SENT 已发放待领取、FAILED 发放失败、RECEIVED 已领取、RFUND_ING 退款中、REFUND 已退款",
                "SENDING (being issued), SENT (to be claimed), FAILED, RECEIVED (claimed), RFUND_ING (going back), REFUND (gone back)",
            ),
        ),
        ReplyField::given("send_type", words("发放类型，API", "how it was sent: API")),
        ReplyField::given("hb_type", words("红包类型：NORMAL 普通红包、GROUP 裂变红包", "NORMAL, or GROUP for several shares")),
        ReplyField::given("total_num", words("红包个数", "how many shares")),
        ReplyField::given("total_amount", words("红包总金额，单位分", "the amount of all shares, in fen")),
        ReplyField::given("reason", words("发放失败或未完成的原因", "why it is not sent yet, or failed")).sometimes(),
        ReplyField::given("send_time", words("发放时间 yyyy-MM-dd HH:mm:ss（北京时间）", "when, as yyyy-MM-dd HH:mm:ss in Beijing")),
        ReplyField::given("refund_time", words("退款时间", "when it went back")).sometimes(),
        ReplyField::given("refund_amount", words("退款金额，单位分", "how much went back, in fen")).sometimes(),
        ReplyField::given(
            "hblist",
            words(
                "领取列表，最新的在前：每个 hbinfo 含 openid、amount、rcv_time；无人领取时没有",
                "the shares that were claimed, newest first: an hbinfo with openid, amount, rcv_time for each; missing when there is none",
            ),
        )
        .sometimes(),
    ],
    success_text: text::QUERY_OK,
    ..USUAL
};

//! `sendgroupredpack` (发放裂变红包): official wiki chapter `13_5`, switched off upstream since 2024-06-05.

use hongbao_types::Generation;

use super::field::{Field, FieldKind, Signed};
use super::reply_field::{self, ERR_CODE, ERR_CODE_DES, RESULT_CODE, RETURN_CODE, RETURN_MSG};
use super::shared as row;
use super::{Endpoint, SignedReplies};
use crate::words::words;

const PAGE: &str = "cash_coupon 13_5";

const TOTAL_NUM: Field = Field::required(
    "total_num",
    // How many are too many is the merchant's limit.
    FieldKind::Count(3, u32::MAX),
    // Chosen: the words.
    "total_num必须大于等于3.",
    words("红包发放总人数，至少 3", "how many shares: 3 at least"),
)
.example("3")
.known(2015, PAGE);

/// Of 2014, when every kind of packet had it: known to the service, and without a meaning where shares are drawn.
const fn of_2014(name: &'static str, refusal: &'static str) -> Field {
    Field::optional(name, FieldKind::Number, refusal, words("2014 年的字段，现可不传", "of 2014; not needed any more"))
        .signed(Signed::Chosen)
        .example("1000")
        .known(2014, row::PAGE_2014)
}

/// Sends a packet of several shares, to a seed user first.
pub static SENDGROUPREDPACK: Endpoint = Endpoint {
    name: "sendgroupredpack",
    title: words("发放裂变红包", "sends a packet of several shares, to a seed user first"),
    note: Some(words(
        "微信支付已于 2024-06-05 下线此接口；本平台继续提供。",
        "WeChat Pay switched this call off on 2024-06-05; this platform serves it.",
    )),
    retired: true,
    page: PAGE,
    path: "/mmpaymkttransfers/sendgroupredpack",
    signed_replies: SignedReplies::All,
    fields: &[
        row::NONCE_STR,
        row::SIGN,
        row::MCH_BILLNO,
        row::MCH_ID,
        row::WXAPPID,
        row::SEND_NAME,
        row::RE_OPENID.meaning(words("种子用户的 openid，最先领取", "the seed user, who opens first")),
        row::TOTAL_AMOUNT.meaning(words(
            "总金额，单位分；平均每人金额须在限额内",
            "the amount of all shares, in fen; the average share must be within the limits",
        )),
        TOTAL_NUM,
        Field::required(
            "amt_type",
            FieldKind::OneOf(&["ALL_RAND"]),
            // Chosen: the words.
            "amt_type字段必填,固定值为ALL_RAND.",
            words("红包金额设置方式，固定为 ALL_RAND（全部随机）", "how shares are made: ALL_RAND"),
        )
        .example("ALL_RAND")
        .known(2015, PAGE),
        row::WISHING,
        row::ACT_NAME,
        row::REMARK,
        row::SCENE_ID,
        row::RISK_INFO,
        row::CONSUME_MCH_ID,
        row::SUB_MCH_ID,
        row::MSGAPPID,
        // Clients that sign it are refused by production.
        Field::optional(
            "client_ip",
            FieldKind::Ip,
            "client_ip必须是合法的IP字符串.",
            words("不属于本接口；部分客户端会传", "not of this call; some clients send it"),
        )
        .signed(Signed::No)
        .example("192.168.0.1")
        .known(2015, row::CLIENTS),
        row::NICK_NAME,
        of_2014("min_value", "min_value字段不正确."),
        of_2014("max_value", "max_value字段不正确."),
        row::LOGO_IMGURL,
        row::SHARE_CONTENT,
        row::SHARE_URL,
        row::SHARE_IMGURL,
        row::NOTIFY_WAY,
    ],
    reply: &[
        RETURN_CODE,
        RETURN_MSG,
        RESULT_CODE,
        ERR_CODE,
        ERR_CODE_DES,
        row::ECHO_MCH_BILLNO,
        row::ECHO_MCH_ID,
        row::ECHO_WXAPPID,
        row::ECHO_RE_OPENID,
        row::ECHO_TOTAL_AMOUNT,
        row::ECHO_TOTAL_NUM,
        row::SEND_LISTID,
        row::SEND_TIME_COMPACT.until(Generation::G2a),
        reply_field::SIGN,
    ],
    ..row::USUAL
};

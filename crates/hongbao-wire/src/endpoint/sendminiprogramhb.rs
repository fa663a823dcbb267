//! `sendminiprogramhb` (发放小程序红包): official page 4011937425, 4011941282 for service providers.

use super::Endpoint;
use super::field::{Field, FieldKind};
use super::reply_field::{ERR_CODE, ERR_CODE_DES, RESULT_CODE, RETURN_CODE, RETURN_MSG, ReplyField};
use super::shared as row;
use crate::words::words;

const PAGE: &str = "4011937425";

/// Sends a packet that a mini program's page opens.
pub static SENDMINIPROGRAMHB: Endpoint = Endpoint {
    name: "sendminiprogramhb",
    title: words("发放小程序红包", "sends a packet that a mini program opens"),
    note: Some(words(
        "只能在小程序内通过 wx.sendBizRedPacket 领取，参数 package 由本接口返回。",
        "Opened in the mini program by wx.sendBizRedPacket, with the package that this call returns.",
    )),
    page: PAGE,
    path: "/mmpaymkttransfers/sendminiprogramhb",
    fields: &[
        row::NONCE_STR,
        row::SIGN,
        row::MCH_BILLNO,
        row::MCH_ID,
        row::WXAPPID.meaning(words("小程序的 appid，须与商户号绑定", "the mini program, bound to the merchant")),
        row::SEND_NAME,
        row::RE_OPENID,
        row::TOTAL_AMOUNT,
        row::TOTAL_NUM_ONE,
        row::WISHING,
        row::ACT_NAME,
        row::REMARK,
        Field::required(
            "notify_way",
            FieldKind::Text(256),
            // Chosen: the words.
            "notify_way字段必填,固定值为MINI_PROGRAM_JSAPI.",
            words(
                "通知用户形式，固定为 MINI_PROGRAM_JSAPI；兼容模式接受其他值",
                "how the person learns of it: MINI_PROGRAM_JSAPI; compatible mode takes other values",
            ),
        )
        .strict(FieldKind::OneOf(&["MINI_PROGRAM_JSAPI"]))
        .example("MINI_PROGRAM_JSAPI")
        .known(2018, PAGE),
        row::SCENE_ID,
        // Clients sign it, and succeed.
        Field::optional(
            "client_ip",
            FieldKind::Ip,
            "client_ip必须是合法的IP字符串.",
            words("不属于本接口的文档；部分客户端会传", "not on this call's page; some clients send it"),
        )
        .signed(super::Signed::Chosen)
        .example("192.168.0.1")
        .known(2018, row::CLIENTS),
        row::RISK_INFO,
        row::CONSUME_MCH_ID,
        row::SUB_MCH_ID,
        row::MSGAPPID,
        row::NICK_NAME,
        row::MIN_VALUE,
        row::MAX_VALUE,
        row::LOGO_IMGURL,
        row::SHARE_CONTENT,
        row::SHARE_URL,
        row::SHARE_IMGURL,
        row::AMT_TYPE,
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
        ReplyField::given(
            "package",
            words(
                "wx.sendBizRedPacket 所需的 package，原样使用（签名时先整体 urlencode）",
                "what wx.sendBizRedPacket needs, opaque; percent-encoded as a whole before it is signed",
            ),
        ),
    ],
    ..row::USUAL
};

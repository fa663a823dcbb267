//! `hbpreorder` (摇一摇红包预下单): the pages `Shake_Nearby` and `Shake_RedPack` of 2014 to 2017.

use super::field::{Field, FieldKind, Signed};
use super::reply_field::{self, ERR_CODE, ERR_CODE_DES, RESULT_CODE, RETURN_CODE, RETURN_MSG, ReplyField};
use super::shared as row;
use super::{Endpoint, SignedReplies};
use crate::text;
use crate::words::words;

const PAGE: &str = "Shake_RedPack";

/// Reserves a packet that a shake will give to somebody.
pub static HBPREORDER: Endpoint = Endpoint {
    name: "hbpreorder",
    title: words("摇一摇红包预下单", "reserves a packet that a shake will give to somebody"),
    note: Some(words(
        "微信的摇一摇周边已下线；预下单后 72 小时内未抽中或未领取的金额退回商户。",
        "The shake (摇一摇周边) is gone upstream. What is not drawn and opened within 72 hours goes back to the merchant.",
    )),
    retired: true,
    page: PAGE,
    path: "/mmpaymkttransfers/hbpreorder",
    signed_replies: SignedReplies::All,
    fields: &[
        row::NONCE_STR,
        row::SIGN,
        row::MCH_BILLNO,
        row::MCH_ID,
        row::WXAPPID,
        row::SEND_NAME,
        Field::required(
            "hb_type",
            FieldKind::OneOf(&["NORMAL", "GROUP"]),
            // Chosen: the words of this field and of those below.
            "hb_type字段必填,只能是NORMAL或GROUP.",
            words("NORMAL 普通红包；GROUP 裂变红包（可分享给好友）", "NORMAL, or GROUP: to be shared with friends"),
        )
        .example("NORMAL")
        .known(2014, PAGE),
        row::TOTAL_AMOUNT.meaning(words(
            "总金额，单位分；1 至 1000 元的才能放入奖池",
            "the amount of all shares, in fen; a campaign takes 1 to 1000 yuan",
        )),
        Field::required(
            "total_num",
            FieldKind::CountBy { field: "hb_type", is: "GROUP", then: (2, u32::MAX), otherwise: (1, u32::MAX) },
            "total_num字段不正确.",
            words(
                "人数：NORMAL 为 1（兼容模式忽略其他值），GROUP 大于 1",
                "how many shares: 1 for NORMAL (other values are ignored in compatible mode), more for GROUP",
            ),
        )
        .strict(FieldKind::CountBy { field: "hb_type", is: "GROUP", then: (2, u32::MAX), otherwise: (1, 1) })
        .example("1")
        .known(2014, PAGE),
        Field::optional(
            "amt_type",
            FieldKind::OneOf(&["ALL_RAND"]),
            "amt_type字段不正确.",
            words("红包金额设置方式 ALL_RAND，只对 GROUP 有效", "how shares are made: ALL_RAND; for GROUP only"),
        )
        .example("ALL_RAND")
        .known(2014, PAGE),
        row::WISHING,
        row::ACT_NAME,
        row::REMARK,
        Field::required(
            "auth_mchid",
            FieldKind::MerchantId,
            "auth_mchid字段不正确.",
            words("摇周边商户号，固定为 1000052601（摇电视 1000048201）", "of the shake: 1000052601 (1000048201 for television)"),
        )
        .strict(FieldKind::OneOf(&["1000052601", "1000048201"]))
        .example("1000052601")
        .known(2014, PAGE),
        Field::required(
            "auth_appid",
            FieldKind::AppId,
            "auth_appid字段不正确.",
            words(
                "摇周边 appid，固定为 wxbf42bd79c4391863（摇电视 wxbe43ea14debca355）",
                "of the shake: wxbf42bd79c4391863 (wxbe43ea14debca355 for television)",
            ),
        )
        .strict(FieldKind::OneOf(&["wxbf42bd79c4391863", "wxbe43ea14debca355"]))
        .example("wxbf42bd79c4391863")
        .known(2014, PAGE),
        Field::required(
            "risk_cntl",
            FieldKind::OneOf(&["NORMAL", "IGN_FREQ_LMT", "IGN_DAY_LMT", "IGN_FREQ_DAY_LMT"]),
            "risk_cntl字段不正确.",
            words(
                "风控设置：NORMAL 正常、IGN_FREQ_LMT 忽略频率限制、IGN_DAY_LMT 忽略单日个数限制、IGN_FREQ_DAY_LMT 忽略两者",
                "which limits of the person count: NORMAL all, IGN_FREQ_LMT not the rate, IGN_DAY_LMT not the day's number, IGN_FREQ_DAY_LMT neither",
            ),
        )
        .example("NORMAL")
        .known(2014, PAGE),
        // A client sends and signs both, and succeeded.
        Field::optional(
            "re_openid",
            FieldKind::Text(32),
            "re_openid字段最长为32个字符.",
            words("不属于本接口；部分客户端会传", "not of this call; some clients send it"),
        )
        .signed(Signed::Chosen)
        .known(2016, row::CLIENTS),
        Field::optional(
            "client_ip",
            FieldKind::Ip,
            "client_ip必须是合法的IP字符串.",
            words("不属于本接口；部分客户端会传", "not of this call; some clients send it"),
        )
        .signed(Signed::Chosen)
        .known(2016, row::CLIENTS),
    ],
    reply: &[
        RETURN_CODE,
        RETURN_MSG,
        RESULT_CODE,
        ERR_CODE.meaning(words("错误代码；成功时为 0", "the error code; 0 when there is none")),
        ERR_CODE_DES,
        row::ECHO_MCH_BILLNO,
        row::ECHO_MCH_ID,
        row::ECHO_WXAPPID,
        ReplyField::given("sp_ticket", words("红包 ticket，一次有效，用于放入奖池", "the ticket for the campaign's bucket")),
        row::ECHO_TOTAL_AMOUNT,
        row::ECHO_TOTAL_NUM,
        ReplyField::given("detail_id", words("微信单号", "the platform's number")),
        row::SEND_TIME_COMPACT,
        reply_field::SIGN,
    ],
    success_text: text::PREORDER_OK,
    success_code: Some("0"),
    ..row::USUAL
};

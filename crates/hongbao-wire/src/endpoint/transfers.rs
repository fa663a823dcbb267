//! `transfers`, `gettransferinfo` (企业付款到零钱): what merchants fall back to. Wiki chapters `14_2` and `14_3`, closed to
//! new merchants.

use super::field::{Field, FieldKind, Need};
use super::reply_field::{ERR_CODE, ERR_CODE_DES, Presence, RESULT_CODE, RETURN_CODE, RETURN_MSG, ReplyField};
use super::shared::{MCH_ID, NONCE_STR, SIGN, USUAL};
use super::{Endpoint, Family};
use crate::text;
use crate::words::words;

const SEND_PAGE: &str = "mch_pay 14_2";
const QUERY_PAGE: &str = "mch_pay 14_3";

// Chosen: the words of all fields here; no page lists them.

const PARTNER_TRADE_NO: Field = Field::required(
    "partner_trade_no",
    FieldKind::BillNo,
    "partner_trade_no字段必填,最长为32个字符.",
    words(
        "商户订单号，只能是字母和数字，唯一",
        "the merchant's own number: letters and digits; one number, one transfer",
    ),
)
.malformed("partner_trade_no字段不正确.")
.example("10000098201411111234567890")
.known(2014, SEND_PAGE);

/// Pays into a person's balance at once.
pub static TRANSFERS: Endpoint = Endpoint {
    name: "transfers",
    title: words("企业付款到零钱", "pays into a person's balance at once"),
    note: Some(words(
        "单号与红包单号互不影响。SEND_FAILED 的含义与红包相反：必须先查单。",
        "Its numbers and those of packets are apart. SEND_FAILED means the opposite here: query before anything else.",
    )),
    page: SEND_PAGE,
    path: "/mmpaymkttransfers/promotion/transfers",
    family: Family::Transfers,
    merchant_field: "mchid",
    app_field: "mch_appid",
    bill_field: "partner_trade_no",
    bill_no_max: 32,
    fields: &[
        Field::required(
            "mch_appid",
            FieldKind::AppId,
            "mch_appid字段必填,最长为32个字符.",
            words("商户账号的 appid（注意字段名）", "the app (mind the name)"),
        )
        .example("wx8888888888888888")
        .known(2014, SEND_PAGE),
        Field::required(
            "mchid",
            FieldKind::MerchantId,
            "输入的商户号有误.",
            words("商户号（注意字段名）", "the merchant number (mind the name)"),
        )
        .example("10000098")
        .known(2014, SEND_PAGE),
        Field::optional(
            "device_info",
            FieldKind::Text(32),
            "device_info字段最长为32个字符.",
            words("终端设备号", "the device"),
        )
        .example("013467007045764")
        .known(2014, SEND_PAGE),
        NONCE_STR,
        SIGN,
        PARTNER_TRADE_NO,
        Field::required(
            "openid",
            FieldKind::OpenId,
            "openid字段必填,最长为32个字符.",
            words("用户在 mch_appid 下的 openid", "the person, under mch_appid"),
        )
        .malformed("openid字段不正确,请检查是否合法.")
        .example("oxTWIuGaIt6gTKsQRLau2M0yL16E")
        .known(2014, SEND_PAGE),
        Field::required(
            "check_name",
            // The third is of earlier years, and the default of clients.
            FieldKind::OneOf(&["NO_CHECK", "FORCE_CHECK", "OPTION_CHECK"]),
            "check_name字段必填,只能是NO_CHECK或FORCE_CHECK.",
            words(
                "校验用户姓名：NO_CHECK 不校验，FORCE_CHECK 强校验；兼容模式也接受旧的 OPTION_CHECK",
                "whether the person's name is checked: NO_CHECK or FORCE_CHECK; compatible mode takes OPTION_CHECK of earlier years, too",
            ),
        )
        .strict(FieldKind::OneOf(&["NO_CHECK", "FORCE_CHECK"]))
        .example("NO_CHECK")
        .known(2014, SEND_PAGE),
        Field::optional(
            "re_user_name",
            FieldKind::Text(64),
            "re_user_name字段在强校验时必填,最长为64个字符.",
            words("收款用户姓名，FORCE_CHECK 时必填", "the person's name; needed with FORCE_CHECK"),
        )
        .needed(Need::When("check_name", "FORCE_CHECK"))
        .example("王小王")
        .known(2014, SEND_PAGE),
        Field::required(
            "amount",
            FieldKind::Amount,
            "amount字段不正确.",
            words("付款金额，单位分", "the amount, in fen"),
        )
        .example("10099")
        .known(2014, SEND_PAGE),
        Field::required(
            "desc",
            FieldKind::Bytes(100),
            "desc字段必填,最长为100个字符.",
            words("付款备注，最长 100 字节（UTF-8）", "a remark: 100 bytes of UTF-8 at most"),
        )
        // As a reply has it that a public SDK quotes.
        .malformed("描述信息大于100Bytes")
            .example("理赔")
            .known(2014, SEND_PAGE),
        Field::required(
            "spbill_create_ip",
            FieldKind::Text(32),
            "spbill_create_ip字段必填,最长为32个字符.",
            words(
                "调用接口的机器 IP 地址；后来的文档改为选填，此处不强制",
                "the address of the machine that calls; later pages made it optional, and so do we",
            ),
        )
        .needed(Need::Optional)
        .example("192.168.0.1")
        .known(2014, SEND_PAGE),
        Field::optional(
            "scene",
            FieldKind::OneOf(&["BRAND_REDPACKET"]),
            "scene字段不正确.",
            words("品牌红包场景", "a brand's packet"),
        )
        .example("BRAND_REDPACKET")
        .known(2021, SEND_PAGE),
        Field::optional("brand_id", FieldKind::Number, "brand_id字段不正确.", words("品牌 id", "the brand"))
            .example("1234")
            .known(2021, SEND_PAGE),
        Field::optional(
            "finder_template_id",
            FieldKind::Text(128),
            "finder_template_id字段最长为128个字符.",
            words("品牌红包模板 id", "the brand's template"),
        )
        .example("1800008030000000")
        .known(2021, SEND_PAGE),
    ],
    reply: &[
        RETURN_CODE,
        RETURN_MSG.meaning(words(
            "返回信息；失败时为支付失败（PARAM_ERROR 除外），原因见 err_code_des",
            "empty; of an error 支付失败, and what it is in err_code_des; of PARAM_ERROR the same as that",
        )),
        ReplyField::echo("mch_appid", words("商户账号 appid，原样返回", "the app, repeated"))
            .on_failure(Presence::Never),
        ReplyField::echo("mchid", words("商户号，原样返回", "the merchant number, repeated"))
            .on_failure(Presence::Never),
        ReplyField::echo("device_info", words("设备号，原样返回", "the device, repeated"))
            .sometimes()
            .on_failure(Presence::Never),
        ReplyField::echo("nonce_str", words("随机字符串，原样返回", "the random characters, repeated"))
            .on_failure(Presence::Never),
        RESULT_CODE,
        ERR_CODE.on_success(Presence::Never).meaning(words("错误代码", "the error code")),
        ERR_CODE_DES.on_success(Presence::Never),
        ReplyField::echo("partner_trade_no", words("商户订单号，原样返回", "the merchant's number, repeated"))
            .on_failure(Presence::Never),
        ReplyField::given("payment_no", words("微信付款单号", "the platform's number")),
        ReplyField::given("payment_time", words("付款成功时间 yyyy-MM-dd HH:mm:ss", "when it was paid")),
    ],
    success_text: "",
    failure_msg: Some(text::PAYMENT_FAILED),
    ..USUAL
};

/// Asks about a transfer.
pub static GETTRANSFERINFO: Endpoint = Endpoint {
    name: "gettransferinfo",
    title: words("查询企业付款", "asks what became of a transfer"),
    page: QUERY_PAGE,
    path: "/mmpaymkttransfers/gettransferinfo",
    family: Family::Transfers,
    app_field: "appid",
    bill_field: "partner_trade_no",
    bill_no_max: 32,
    fields: &[
        NONCE_STR,
        SIGN,
        PARTNER_TRADE_NO,
        MCH_ID,
        Field::required("appid", FieldKind::AppId, "appid字段非法,最长为32个字符.", words("商户号的 appid", "the app"))
            .example("wx8888888888888888")
            .known(2014, QUERY_PAGE),
    ],
    reply: &[
        RETURN_CODE,
        RETURN_MSG,
        RESULT_CODE,
        ERR_CODE,
        ERR_CODE_DES,
        ReplyField::echo("partner_trade_no", words("商户订单号，原样返回", "the merchant's number, repeated"))
            .on_failure(Presence::Never),
        ReplyField::echo("appid", words("appid，原样返回", "the app, repeated")).on_failure(Presence::Never),
        ReplyField::echo("mch_id", words("商户号，原样返回", "the merchant number, repeated"))
            .on_failure(Presence::Never),
        ReplyField::given("detail_id", words("付款单号", "the platform's number")),
        ReplyField::given(
            "status",
            words("SUCCESS 成功、FAILED 失败、PROCESSING 处理中", "SUCCESS, FAILED or PROCESSING"),
        ),
        ReplyField::given("reason", words("失败或未完成的原因", "why it is not paid yet, or failed")).sometimes(),
        ReplyField::given("openid", words("收款用户的 openid", "the person")),
        ReplyField::given("transfer_name", words("收款用户姓名", "the person's name, when one was given")).sometimes(),
        ReplyField::given("payment_amount", words("付款金额，单位分", "the amount, in fen")),
        ReplyField::given("transfer_time", words("发起转账的时间", "when it was asked for")),
        ReplyField::given("payment_time", words("付款成功时间", "when it was paid")).sometimes(),
        ReplyField::given("desc", words("付款备注", "the remark")),
    ],
    success_text: text::QUERY_OK,
    ..USUAL
};

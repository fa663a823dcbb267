//! Rows that stand in the tables of several endpoints.

use super::field::{Field, FieldKind, Need, Signed};
use super::reply_field::{Presence, ReplyField};
use super::{Endpoint, Family, SignedReplies};
use crate::text;
use crate::words::words;

/// 发放普通红包, today's page, for merchants.
pub(super) const ORDINARY_PAGE: &str = "4011974053";
/// The same for service providers.
pub(super) const PARTNER_PAGE: &str = "4011983137";
/// The document of 2014.
pub(super) const PAGE_2014: &str = "cashredopenapi_V2.pdf";
/// Clients that are in use.
pub(super) const CLIENTS: &str = "SDK";

/// What tables have in common; each says what is different, and at least what it is, its fields and its
/// reply.
pub(super) const USUAL: Endpoint = Endpoint {
    name: "",
    title: words("", ""),
    note: None,
    retired: false,
    page: "",
    path: "",
    family: Family::Packets,
    needs_certificate: true,
    signed_replies: SignedReplies::None,
    merchant_field: "mch_id",
    app_field: "wxappid",
    bill_field: "mch_billno",
    bill_no_max: 28,
    fields: &[],
    reply: &[],
    success_text: text::SEND_OK,
    success_code: None,
    failure_msg: None,
    numbers_in_cdata: false,
};

pub(super) const NONCE_STR: Field = Field::required(
    "nonce_str",
    FieldKind::Text(32),
    "nonce_str字段必填,并且少于32字符.",
    words("随机字符串，不长于 32 位", "random, at most 32 characters; 32 itself is taken, whatever the text says"),
)
.example("5K8264ILTKCH16CQ2502SI8ZNMTM67VS")
.known(2014, ORDINARY_PAGE);

pub(super) const SIGN: Field = Field::required(
    "sign",
    FieldKind::Signature,
    "",
    words("签名；缺少或错误时返回 SIGN_ERROR", "the signature; SIGN_ERROR when it is missing or wrong"),
)
.needed(Need::JudgedLater)
.signed(Signed::No)
.example("A6BA94628F22472191B0BE15AE6F2C87")
.known(2014, ORDINARY_PAGE);

pub(super) const MCH_BILLNO: Field = Field::required(
    "mch_billno",
    FieldKind::BillNo,
    "订单号字段必填,最长为28个字符.",
    words(
        "商户订单号，只能是字母和数字，每个订单号唯一；超时后用原单号重试",
        "the merchant's own number: letters and digits; one number, one packet. After a time-out the same number again",
    ),
)
.malformed("输入的商户订单号有误.")
.example("10000098201411111234567890")
.known(2014, ORDINARY_PAGE);

pub(super) const MCH_ID: Field = Field::required(
    "mch_id",
    FieldKind::MerchantId,
    "输入的商户号有误.",
    words("微信支付分配的商户号", "the merchant number"),
)
.example("10000098")
.known(2014, ORDINARY_PAGE);

pub(super) const WXAPPID: Field = Field::required(
    "wxappid",
    FieldKind::AppId,
    "appid字段必填,最长为32个字符.",
    words(
        "与商户号绑定的公众号、小程序 appid 或企业微信 corpid；移动应用的 appid 不可用",
        "the app, bound to the merchant: an official account, a mini program or a corporation of 企业微信; a mobile app's id is refused",
    ),
)
.example("wx8888888888888888")
.known(2014, ORDINARY_PAGE);

pub(super) const SEND_NAME: Field = Field::required(
    "send_name",
    FieldKind::Text(32),
    "send_name字段必填,并且少于32字符.",
    words("红包发送者名称，敏感词会被替换为 *", "who it is from; listed words become *"),
)
.example("天虹百货")
.known(2014, ORDINARY_PAGE);

pub(super) const RE_OPENID: Field = Field::required(
    "re_openid",
    FieldKind::OpenId,
    "re_openid字段为必填并且少于32个字符.",
    words("接收者在 wxappid 下的 openid，28 位", "the person, under wxappid: 28 characters"),
)
.malformed("re_openid字段不正确,请检查是否合法")
.example("oxTWIuGaIt6gTKsQRLau2M0yL16E")
.known(2014, ORDINARY_PAGE);

pub(super) const TOTAL_AMOUNT: Field = Field::required(
    "total_amount",
    FieldKind::Amount,
    "红包金额参数错误.",
    words("付款金额，单位分", "the amount, in fen"),
)
.example("1000")
.known(2014, ORDINARY_PAGE);

pub(super) const TOTAL_NUM_ONE: Field = Field::required(
    "total_num",
    FieldKind::Count(1, 1),
    "total_num必须等于1",
    words("红包发放总人数，固定为 1", "how many people: 1"),
)
.example("1")
.known(2014, ORDINARY_PAGE);

pub(super) const WISHING: Field = Field::required(
    "wishing",
    FieldKind::Text(128),
    "wishing字段为必填,并且少于128个字符.",
    words("红包祝福语，敏感词会被替换为 *", "the greeting; listed words become *"),
)
.example("感谢您参加猜灯谜活动，祝您元宵节快乐！")
.known(2014, ORDINARY_PAGE);

pub(super) const CLIENT_IP: Field = Field::required(
    "client_ip",
    FieldKind::Ip,
    "client_ip必须是合法的IP字符串.",
    words(
        "调用接口的机器 IPv4 地址，只检查格式",
        "the IPv4 address of the machine that calls; only its form is checked",
    ),
)
.example("192.168.0.1")
.known(2014, ORDINARY_PAGE);

pub(super) const ACT_NAME: Field = Field::required(
    "act_name",
    FieldKind::Text(32),
    "act_name字段必填,并且少于32个字符.",
    words("活动名称，敏感词会被替换为 *", "the activity; listed words become *"),
)
.example("猜灯谜抢红包活动")
.known(2014, ORDINARY_PAGE);

pub(super) const REMARK: Field =
    Field::required("remark", FieldKind::Text(256), "remark字段为必填,并且少于256字符.", words("备注信息", "a remark"))
        .example("猜越多得越多，快来抢！")
        .known(2014, ORDINARY_PAGE);

// Chosen: the words of all fields from here on, but for `nick_name`, `min_value` and `max_value`.

pub(super) const SCENE_ID: Field = Field::optional(
    "scene_id",
    FieldKind::OneOf(SCENES),
    "scene_id字段不正确.",
    words(
        "场景 id，金额大于 200 元或小于 1 元时必传：PRODUCT_1 商品促销、PRODUCT_2 抽奖、PRODUCT_3 虚拟物品兑奖、PRODUCT_4 企业内部福利、PRODUCT_5 渠道分润、PRODUCT_6 保险回馈、PRODUCT_7 彩票派奖、PRODUCT_8 税务刮奖",
        "the occasion, above 200 yuan and below 1: PRODUCT_1 promotion, PRODUCT_2 lucky draw, PRODUCT_3 virtual goods, PRODUCT_4 staff benefit, PRODUCT_5 channel share, PRODUCT_6 insurance rebate, PRODUCT_7 lottery prize, PRODUCT_8 tax-invoice prize",
    ),
)
.needed(Need::ByAmount)
.example("PRODUCT_8")
.known(2016, ORDINARY_PAGE);

pub(super) const RISK_INFO: Field = Field::optional(
    "risk_info",
    FieldKind::Text(128),
    "risk_info字段最长为128个字符.",
    words(
        "活动信息：posttime、mobile、deviceid、clientversion 拼接后整体 urlencode",
        "about the user's action: posttime, mobile, deviceid, clientversion joined as a query string, then percent-encoded as a whole",
    ),
)
.example("posttime%3d123123412%26clientversion%3d234134%26mobile%3d122344545%26deviceid%3dIOS")
.known(2016, ORDINARY_PAGE);

pub(super) const CONSUME_MCH_ID: Field = Field::optional(
    "consume_mch_id",
    FieldKind::MerchantId,
    "consume_mch_id字段不正确.",
    words(
        "资金授权商户号，服务商替特约商户发放时使用；普通模式忽略",
        "whose balance is charged, when a service provider sends; ignored otherwise",
    ),
)
.example("1222000096")
.known(2017, PARTNER_PAGE);

pub(super) const SUB_MCH_ID: Field = Field::optional(
    "sub_mch_id",
    FieldKind::MerchantId,
    "sub_mch_id字段不正确.",
    words("子商户号，服务商模式必填", "the sub-merchant on whose behalf a service provider sends"),
)
.example("10000090")
.known(2014, PARTNER_PAGE);

pub(super) const MSGAPPID: Field = Field::optional(
    "msgappid",
    FieldKind::AppId,
    "msgappid字段不正确.",
    words(
        "触达用户的 appid，服务商模式使用；re_openid 是它名下的 openid",
        "the app that reaches the person, when a service provider sends; re_openid is of this app then",
    ),
)
.example("wx28b16568a629bb33")
.known(2016, PARTNER_PAGE);

/// A field of 2014. Chosen: it still counts in the signature.
const fn of_2014(name: &'static str, kind: FieldKind, refusal: &'static str, example: &'static str) -> Field {
    Field::optional(name, kind, refusal, words("2014 年的字段，现可不传", "of 2014; not needed any more"))
        .signed(Signed::Chosen)
        .example(example)
        .known(2014, PAGE_2014)
}

const UNEQUAL_AMOUNTS: &str = "发放金额、最小金额、最大金额必须相等.";

pub(super) const NICK_NAME: Field =
    of_2014("nick_name", FieldKind::Text(16), "nick_name字段必填，并且少于16字符.", "天虹百货")
        .meaning(words("提供方名称（2014）", "the provider's name (2014)"));
pub(super) const MIN_VALUE: Field = of_2014("min_value", FieldKind::AmountOf("total_amount"), UNEQUAL_AMOUNTS, "1000")
    .meaning(words("最小红包金额（2014），必须等于 total_amount", "the least share (2014): must be total_amount"));
pub(super) const MAX_VALUE: Field = of_2014("max_value", FieldKind::AmountOf("total_amount"), UNEQUAL_AMOUNTS, "1000")
    .meaning(words("最大红包金额（2014），必须等于 total_amount", "the largest share (2014): must be total_amount"));
pub(super) const LOGO_IMGURL: Field = of_2014(
    "logo_imgurl",
    FieldKind::Text(128),
    "logo_imgurl字段最长为128个字符.",
    "https://wx.gtimg.com/mch/img/ico-logo.png",
);
pub(super) const SHARE_CONTENT: Field =
    of_2014("share_content", FieldKind::Text(256), "share_content字段最长为256个字符.", "快来参加猜灯谜活动");
pub(super) const SHARE_URL: Field =
    of_2014("share_url", FieldKind::Text(128), "share_url字段最长为128个字符.", "http://www.qq.com");
pub(super) const SHARE_IMGURL: Field = of_2014(
    "share_imgurl",
    FieldKind::Text(128),
    "share_imgurl字段最长为128个字符.",
    "https://wx.gtimg.com/mch/img/ico-logo.png",
);
pub(super) const ACT_ID: Field = of_2014("act_id", FieldKind::Text(32), "act_id字段最长为32个字符.", "")
    .signed(Signed::No)
    .meaning(words("只出现在 2014 年的样例中", "in the samples of 2014 only, never in a table"));

/// A field of a sister endpoint: one set of known fields fits all that was observed of them.
pub(super) const AMT_TYPE: Field = Field::optional(
    "amt_type",
    FieldKind::Text(32),
    "amt_type字段最长为32个字符.",
    words("仅裂变红包有意义", "means something to group packets only"),
)
.signed(Signed::Chosen)
.example("ALL_RAND")
.known(2015, CLIENTS);

/// Likewise.
pub(super) const NOTIFY_WAY: Field = Field::optional(
    "notify_way",
    FieldKind::Text(256),
    "notify_way字段最长为256个字符.",
    words("仅小程序红包有意义", "means something to mini programs' packets only"),
)
.signed(Signed::Chosen)
.example("MINI_PROGRAM_JSAPI")
.known(2018, CLIENTS);

/// The occasions (场景) of `scene_id`.
const SCENES: &[&str] =
    &["PRODUCT_1", "PRODUCT_2", "PRODUCT_3", "PRODUCT_4", "PRODUCT_5", "PRODUCT_6", "PRODUCT_7", "PRODUCT_8"];

pub(super) const ECHO_MCH_BILLNO: ReplyField =
    ReplyField::echo("mch_billno", words("商户订单号，原样返回", "the bill number, repeated"));
pub(super) const ECHO_MCH_ID: ReplyField =
    ReplyField::echo("mch_id", words("商户号，原样返回", "the merchant number, repeated"));
pub(super) const ECHO_WXAPPID: ReplyField = ReplyField::echo("wxappid", words("appid，原样返回", "the app, repeated"));
pub(super) const ECHO_RE_OPENID: ReplyField =
    ReplyField::echo("re_openid", words("用户 openid，原样返回", "the person, repeated"));
pub(super) const ECHO_TOTAL_AMOUNT: ReplyField =
    ReplyField::echo("total_amount", words("付款金额，原样返回", "the amount, repeated"));
pub(super) const ECHO_TOTAL_NUM: ReplyField =
    ReplyField::echo("total_num", words("仅当错误与它有关时返回", "repeated only when it is what is wrong"))
        .on_success(Presence::Never)
        .on_failure(Presence::IfComplained);
pub(super) const SEND_LISTID: ReplyField = ReplyField::given(
    "send_listid",
    words("微信单号，等于查询的 detail_id", "the platform's number: detail_id of a query"),
);
pub(super) const SEND_TIME_COMPACT: ReplyField =
    ReplyField::given("send_time", words("发放时间 yyyyMMddHHmmss", "when, as yyyyMMddHHmmss"));

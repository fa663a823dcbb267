//! Which calls are there, and what do they take? One row per endpoint, one row per field.
//!
//! A row says everything that differs between endpoints: path, certificate, which fields there are,
//! what is wrong with them in WeChat Pay's own words, which of them count in the signature, which
//! come back in the reply. A new endpoint begins with a new row; CONTRIBUTING.md lists the rest.
//!
//! The words are literal: those that were seen on the wire as they were seen, the documented ones
//! with the final `.` that the wire usually adds. `Chosen:` marks what neither page nor wire tells.

use std::net::Ipv4Addr;

use hongbao_types::{AppId, BillNo, Fen, MerchantId, OpenId};

use crate::Params;
use crate::text;

/// One call of the merchants' protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The last part of the path, which the official pages use as a name.
    pub name: &'static str,
    /// The path, from the host on.
    pub path: &'static str,
    /// Which bill numbers it shares, and how its error codes are to be read.
    pub family: Family,
    /// Whether the call must come with a client certificate.
    pub needs_certificate: bool,
    /// Whether replies are signed in compatible mode. The live service signs none of them, but some
    /// clients insist.
    pub reply_signed: bool,
    /// The most characters of a bill number.
    pub bill_no_max: usize,
    /// The field that names the app: `wxappid` when sending, `appid` when querying.
    pub app_field: &'static str,
    /// The fields it knows, in the order in which they are checked.
    pub fields: &'static [Field],
    /// The fields of the request that every reply repeats, in the reply's order.
    pub echo: &'static [&'static str],
    /// The fields that a reply repeats, after the others, only when it complains about them.
    pub echo_if_refused: &'static [&'static str],
}

/// What a bill number is unique within (together with the merchant), and what codes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Red packets of every kind (红包).
    Packets,
    /// Transfers to a person's balance (企业付款).
    Transfers,
}

/// One field of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Whether it must be there.
    pub need: Need,
    /// What it may contain.
    pub kind: FieldKind,
    /// Whether it counts in the signature.
    pub signed: Signed,
    /// What is said when it is missing or too long, without the prefix `参数错误:`.
    pub refusal: &'static str,
    /// What is said when its content is wrong; for most the same.
    pub malformed: &'static str,
}

/// Whether a field must be there. An empty value is as good as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It need not; when it is there, it must be right.
    Optional,
}

/// What a field may contain. Lengths are in characters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text up to this length.
    Text(usize),
    /// A merchant number: up to 32 digits.
    MerchantId,
    /// An app id: up to 32 letters, digits, `-` and `_`.
    AppId,
    /// A bill number: letters and digits, up to [`Endpoint::bill_no_max`].
    BillNo,
    /// An openid: 28 letters, digits, `-` and `_`.
    OpenId,
    /// An amount in fen: plain digits, more than zero.
    Amount,
    /// An amount equal to that of another field.
    AmountOf(&'static str),
    /// A number of shares between these two, both included, in plain digits.
    Count(u32, u32),
    /// An IPv4 address.
    Ip,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// Whether a field counts in the signature when only known fields do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// It does: the official table has it.
    Yes,
    /// It does not: the service takes the field, but computes without it.
    No,
    /// It does, because we chose so: the pages of today don't have it, and nobody knows.
    Chosen,
}

/// A field that the service does not take, in the words of the wire.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FieldRefusal {
    /// The field's name.
    pub field: &'static str,
    /// The whole text for `return_msg` and `err_code_des`: `参数错误:` and what is wrong.
    pub text: String,
}

impl Endpoint {
    /// All of them.
    pub const ALL: &'static [&'static Endpoint] = &[&SENDREDPACK, &GETHBINFO];

    /// The endpoint at a path, such as `/mmpaymkttransfers/sendredpack`.
    pub fn by_path(path: &str) -> Option<&'static Endpoint> {
        Endpoint::ALL.iter().copied().find(|endpoint| endpoint.path == path)
    }

    /// The endpoint of a name, such as `sendredpack`.
    pub fn by_name(name: &str) -> Option<&'static Endpoint> {
        Endpoint::ALL.iter().copied().find(|endpoint| endpoint.name == name)
    }

    /// The row of a field, if the endpoint knows it.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether a field counts in the signature when only known fields do.
    pub fn counts(&self, name: &str) -> bool {
        self.field(name).is_some_and(|field| field.signed != Signed::No)
    }

    /// Checks every field in the table's order and reports the first that is wrong. Unknown fields
    /// pass; so does any `sign`, which is [`verify`](crate::sign::verify)'s to judge.
    pub fn check(&self, params: &Params) -> Result<(), FieldRefusal> {
        self.fields.iter().try_for_each(|field| {
            field
                .check(self, params)
                .map_err(|words| FieldRefusal { field: field.name, text: [text::PARAM_ERROR_PREFIX, words].concat() })
        })
    }
}

impl Field {
    /// Whether replies write it as a plain number rather than as text.
    pub fn is_number(&self) -> bool {
        matches!(self.kind, FieldKind::Amount | FieldKind::AmountOf(_) | FieldKind::Count(..))
    }

    const fn required(name: &'static str, kind: FieldKind, refusal: &'static str) -> Field {
        Field { name, need: Need::Required, kind, signed: Signed::Yes, refusal, malformed: refusal }
    }

    const fn optional(name: &'static str, kind: FieldKind, refusal: &'static str) -> Field {
        Field { name, need: Need::Optional, kind, signed: Signed::Yes, refusal, malformed: refusal }
    }

    /// With other words for wrong content.
    const fn malformed(self, malformed: &'static str) -> Field {
        Field { malformed, ..self }
    }

    const fn signed(self, signed: Signed) -> Field {
        Field { signed, ..self }
    }

    /// What is wrong with this field, without the prefix.
    fn check(&self, endpoint: &Endpoint, params: &Params) -> Result<(), &'static str> {
        let value = params.get(self.name).unwrap_or_default();
        if value.is_empty() {
            return if self.need == Need::Required { Err(self.refusal) } else { Ok(()) };
        }
        if self.max_chars(endpoint).is_some_and(|max| value.chars().count() > max) {
            return Err(self.refusal);
        }
        let is_right = match self.kind {
            FieldKind::Text(_) => true,
            FieldKind::MerchantId => MerchantId::try_new(value).is_ok(),
            FieldKind::AppId => AppId::try_new(value).is_ok(),
            FieldKind::BillNo => BillNo::try_new(value).is_ok(),
            FieldKind::OpenId => value.len() == 28 && OpenId::try_new(value).is_ok(),
            FieldKind::Amount => value.parse::<Fen>().is_ok_and(|amount| !amount.is_zero()),
            FieldKind::AmountOf(other) => params.get(other) == Some(value),
            FieldKind::Count(min, max) => {
                value.parse::<Fen>().is_ok_and(|count| (i64::from(min)..=i64::from(max)).contains(&count.as_i64()))
            }
            FieldKind::Ip => value.parse::<Ipv4Addr>().is_ok(),
            FieldKind::OneOf(words) => words.contains(&value),
        };
        if is_right { Ok(()) } else { Err(self.malformed) }
    }

    fn max_chars(&self, endpoint: &Endpoint) -> Option<usize> {
        match self.kind {
            FieldKind::Text(max) => Some(max),
            FieldKind::BillNo => Some(endpoint.bill_no_max),
            FieldKind::OpenId => Some(OpenId::MAX_LEN),
            FieldKind::MerchantId
            | FieldKind::AppId
            | FieldKind::Amount
            | FieldKind::AmountOf(_)
            | FieldKind::Count(..)
            | FieldKind::Ip
            | FieldKind::OneOf(_) => None,
        }
    }
}

/// Sends an ordinary packet (发放普通红包): official page 4011974053, its service-provider edition
/// 4011983137, and the fields of 2014 that old clients still send.
pub static SENDREDPACK: Endpoint = Endpoint {
    name: "sendredpack",
    path: "/mmpaymkttransfers/sendredpack",
    family: Family::Packets,
    needs_certificate: true,
    reply_signed: false,
    bill_no_max: 28,
    app_field: "wxappid",
    fields: &[
        NONCE_STR,
        MCH_BILLNO,
        MCH_ID,
        Field::required("wxappid", FieldKind::AppId, "appid字段必填,最长为32个字符."),
        Field::required("send_name", FieldKind::Text(32), "send_name字段必填,并且少于32字符."),
        Field::required("re_openid", FieldKind::OpenId, "re_openid字段为必填并且少于32个字符.")
            .malformed("re_openid字段不正确,请检查是否合法"),
        Field::required("total_amount", FieldKind::Amount, "红包金额参数错误."),
        Field::required("total_num", FieldKind::Count(1, 1), "total_num必须等于1"),
        Field::required("wishing", FieldKind::Text(128), "wishing字段为必填,并且少于128个字符."),
        Field::required("client_ip", FieldKind::Ip, "client_ip必须是合法的IP字符串."),
        Field::required("act_name", FieldKind::Text(32), "act_name字段必填,并且少于32个字符."),
        Field::required("remark", FieldKind::Text(256), "remark字段为必填,并且少于256字符."),
        // Chosen: the words of all fields from here on, but for `nick_name`, `min_value` and `max_value`.
        Field::optional("scene_id", FieldKind::OneOf(SCENES), "scene_id字段不正确."),
        Field::optional("risk_info", FieldKind::Text(128), "risk_info字段最长为128个字符."),
        Field::optional("consume_mch_id", FieldKind::MerchantId, "consume_mch_id字段不正确."),
        Field::optional("sub_mch_id", FieldKind::MerchantId, "sub_mch_id字段不正确."),
        Field::optional("msgappid", FieldKind::AppId, "msgappid字段不正确."),
        // The set of 2014. Chosen: it still counts in the signature.
        Field::optional("nick_name", FieldKind::Text(16), "nick_name字段必填，并且少于16字符.").signed(Signed::Chosen),
        Field::optional("min_value", FieldKind::AmountOf("total_amount"), UNEQUAL_AMOUNTS).signed(Signed::Chosen),
        Field::optional("max_value", FieldKind::AmountOf("total_amount"), UNEQUAL_AMOUNTS).signed(Signed::Chosen),
        Field::optional("logo_imgurl", FieldKind::Text(128), "logo_imgurl字段最长为128个字符.").signed(Signed::Chosen),
        Field::optional("share_content", FieldKind::Text(256), "share_content字段最长为256个字符.")
            .signed(Signed::Chosen),
        Field::optional("share_url", FieldKind::Text(128), "share_url字段最长为128个字符.").signed(Signed::Chosen),
        Field::optional("share_imgurl", FieldKind::Text(128), "share_imgurl字段最长为128个字符.")
            .signed(Signed::Chosen),
        // In the samples of 2014 only, never in a table.
        Field::optional("act_id", FieldKind::Text(32), "act_id字段最长为32个字符.").signed(Signed::No),
        // Fields of the sister endpoints: one set of known fields fits all that was observed of them.
        Field::optional("amt_type", FieldKind::Text(32), "amt_type字段最长为32个字符.").signed(Signed::Chosen),
        Field::optional("notify_way", FieldKind::Text(256), "notify_way字段最长为256个字符.").signed(Signed::Chosen),
    ],
    echo: &["mch_billno", "mch_id", "wxappid", "re_openid", "total_amount"],
    echo_if_refused: &["total_num"],
};

/// Asks about a packet (查询红包记录): official page 4011983160.
pub static GETHBINFO: Endpoint = Endpoint {
    name: "gethbinfo",
    path: "/mmpaymkttransfers/gethbinfo",
    family: Family::Packets,
    needs_certificate: true,
    reply_signed: false,
    bill_no_max: 28,
    app_field: "appid",
    fields: &[
        NONCE_STR,
        MCH_BILLNO,
        MCH_ID,
        Field::required("appid", FieldKind::AppId, "appid字段非法,最长为32个字符."),
        // Chosen: the words.
        Field::required("bill_type", FieldKind::OneOf(&["MCHT"]), "bill_type字段必填,固定值为MCHT."),
    ],
    echo: &["mch_billno", "mch_id"],
    echo_if_refused: &[],
};

const NONCE_STR: Field = Field::required("nonce_str", FieldKind::Text(32), "nonce_str字段必填,并且少于32字符.");

const MCH_BILLNO: Field = Field::required("mch_billno", FieldKind::BillNo, "订单号字段必填,最长为28个字符.")
    .malformed("输入的商户订单号有误.");

const MCH_ID: Field = Field::required("mch_id", FieldKind::MerchantId, "输入的商户号有误.");

const UNEQUAL_AMOUNTS: &str = "发放金额、最小金额、最大金额必须相等.";

/// The occasions (场景) of `scene_id`.
const SCENES: &[&str] = &[
    "PRODUCT_1", // goods promotion (商品促销)
    "PRODUCT_2", // lucky draw (抽奖)
    "PRODUCT_3", // prize in virtual goods (虚拟物品兑奖)
    "PRODUCT_4", // staff benefit (企业内部福利)
    "PRODUCT_5", // channel revenue share (渠道分润)
    "PRODUCT_6", // insurance rebate (保险回馈)
    "PRODUCT_7", // lottery prize (彩票派奖)
    "PRODUCT_8", // tax-invoice prize (税务刮奖)
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_name_and_path_and_echoes_only_its_own_fields() {
        for endpoint in Endpoint::ALL {
            assert_eq!(Endpoint::by_name(endpoint.name), Some(*endpoint));
            assert_eq!(Endpoint::by_path(endpoint.path), Some(*endpoint));
            assert!(endpoint.field(endpoint.app_field).is_some());
            for name in endpoint.echo.iter().chain(endpoint.echo_if_refused) {
                assert!(endpoint.field(name).is_some(), "{} echoes {name}", endpoint.name);
            }
        }
        assert_eq!(Endpoint::by_path("/mmpaymkttransfers/sendredpack/"), None);
    }

    #[test]
    fn no_field_stands_in_a_table_twice() {
        for endpoint in Endpoint::ALL {
            let mut names: Vec<_> = endpoint.fields.iter().map(|field| field.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), endpoint.fields.len(), "{}", endpoint.name);
        }
    }
}

//! Which signatures are made otherwise than `sign`? The inner one of a packet of 企业微信, and the one with
//! which a mini program's page opens a packet.

use hongbao_types::{ApiKey, Mode, WorkwxSecret};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use subtle::ConstantTimeEq;

use super::{SignType, canonical_string, digest, sign};
use crate::Params;

/// The fields that `workwx_sign` covers, and no others (page 90281 of 企业微信).
pub const WORKWX_FIELDS: [&str; 7] =
    ["act_name", "mch_billno", "mch_id", "nonce_str", "re_openid", "total_amount", "wxappid"];

/// What `workwx_sign` is computed over: its fields, sorted, then the secret of the 企业微信 app. **It contains the
/// secret**: keep it out of logs and errors.
pub fn workwx_string_to_sign(params: &Params, secret: &WorkwxSecret) -> String {
    let fields = params.iter().filter(|(name, _)| WORKWX_FIELDS.contains(name));
    [&canonical_string(fields), "&secret=", secret.expose()].concat()
}

/// The inner signature of `sendworkwxredpack`: MD5, upper case. The ordinary `sign` covers it as it does any
/// other field, so it comes first.
pub fn workwx_sign(params: &Params, secret: &WorkwxSecret) -> String {
    hex::encode_upper(digest(SignType::Md5, &[&workwx_string_to_sign(params, secret)], ""))
}

/// Whether `claimed` is the inner signature; compatible mode takes it in lower case, too.
pub fn verify_workwx(params: &Params, claimed: &str, secret: &WorkwxSecret, mode: Mode) -> bool {
    let expected = digest(SignType::Md5, &[&workwx_string_to_sign(params, secret)], "");
    let is_right_case = mode == Mode::Compatible || !claimed.bytes().any(|b| b.is_ascii_lowercase());
    is_right_case && hex::decode(claimed).is_ok_and(|claimed| claimed.ct_eq(&expected).into())
}

/// What JavaScript's `encodeURIComponent` leaves as it is.
pub(crate) const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The fields of `paySign`. `package` is given as the platform sent it; the **encoded** one is signed, and passed
/// to `wx.sendBizRedPacket` (official page 4011941288). `signType` is passed too, and not signed.
pub fn pay_sign_fields(app: &str, nonce: &str, package: &str, timestamp: &str) -> [(&'static str, String); 4] {
    let package = utf8_percent_encode(package, COMPONENT).to_string();
    [
        ("appId", app.to_owned()),
        ("nonceStr", nonce.to_owned()),
        ("package", package),
        ("timeStamp", timestamp.to_owned()),
    ]
}

/// Whether `claimed` is the `paySign` over these arguments; `encoded` is the package as it was passed, encoded. Chosen:
/// upper case counts, too.
pub fn verify_pay_sign(app: &str, nonce: &str, encoded: &str, timestamp: &str, claimed: &str, key: &ApiKey) -> bool {
    let fields = [("appId", app), ("nonceStr", nonce), ("package", encoded), ("timeStamp", timestamp)];
    let expected = sign(SignType::Md5, fields, key).to_ascii_lowercase();
    expected.as_bytes().ct_eq(claimed.to_ascii_lowercase().as_bytes()).into()
}

/// The `paySign` of `wx.sendBizRedPacket`: MD5, in **lower** case.
pub fn pay_sign(app: &str, nonce: &str, package: &str, timestamp: &str, key: &ApiKey) -> String {
    let fields = pay_sign_fields(app, nonce, package, timestamp);
    sign(SignType::Md5, fields.iter().map(|(name, value)| (*name, value.as_str())), key).to_ascii_lowercase()
}

//! What does WeChat Pay say, word for word? Texts that belong to a situation rather than to a code.
//!
//! The text that goes with an error code by default is in [`ErrorCode::text`](crate::ErrorCode::text).
//! Merchants grep for these sentences, so punctuation is kept as it was seen, half-width and
//! full-width alike.

/// A packet was sent.
pub const SEND_OK: &str = "发放成功";
/// A query was answered.
pub const QUERY_OK: &str = "OK";
/// What every text of a `PARAM_ERROR` begins with.
pub const PARAM_ERROR_PREFIX: &str = "参数错误:";
/// `PARAM_ERROR`: no such merchant.
pub const UNKNOWN_MERCHANT: &str = "参数错误:找不到对应的商户号.";
/// `PARAM_ERROR`: the app does not belong to the merchant.
pub const APP_NOT_OF_MERCHANT: &str = "参数错误:商户号和wxappid不匹配.";
/// `CA_ERROR`: the certificate is past its date.
pub const CERTIFICATE_EXPIRED: &str = "证书已过期";
/// `NO_AUTH`: the caller's address is not on the merchant's list.
pub const IP_NOT_ALLOWED: &str = "IP地址非你在商户平台设置的可用IP地址";
/// `FATAL_ERROR`: the bill number was used for another recipient.
pub const OPENID_CHANGED: &str = "更换了openid，但商户单号未更新";
/// `FATAL_ERROR`: the bill number was used for another amount.
pub const AMOUNT_CHANGED: &str = "更换了金额，但商户单号未更新";
/// `SEND_FAILED`: the order stayed unpaid for too long.
pub const ORDER_EXPIRED: &str = "该订单已经过期,请更换商户单号";
/// `SEND_FAILED` of a transfer, where it means the opposite: query before anything else.
pub const TRANSFER_SEND_FAILED: &str = "发送失败，请查单确认付款状态";
/// `PARAM_ERROR`: the amount asks for a `scene_id`. Chosen: the words are those of the official page.
pub const SCENE_REQUIRED: &str = "参数错误:红包金额大于200元或者小于1元时,请求参数scene_id必传.";
/// `PARAM_ERROR`: more shares than the merchant may make. Chosen: the words.
pub const TOO_MANY_SHARES: &str = "参数错误:total_num超过限制.";
/// A pre-order was taken. The one sample has the full stop.
pub const PREORDER_OK: &str = "发放成功.";
/// A call of 企业微信 was answered.
pub const WORKWX_OK: &str = "ok";
/// What every error of a transfer says in `return_msg`.
pub const PAYMENT_FAILED: &str = "支付失败";
/// A body that is no XML, in products other than packets.
pub const GENERIC_XML_ERROR: &str = "XML格式错误";
/// `SIGN_ERROR`: the second signature, that of 企业微信, is wrong.
pub const WORKWX_SIGN_WRONG: &str = "签名错误；企业微信签名失败";
/// `PARAM_ERROR` in strict mode: a character of four bytes; the field's name comes before it. Chosen: the words.
pub const FOUR_BYTES: &str = "字段含有不支持的字符.";

//! Did money move, and what now? The table of error codes (`err_code`).
//!
//! The one question that matters after an error is whether money moved. Only this table may say
//! that it certainly did not; a code that is not in it is [`Certainty::MayHaveMoved`], because the
//! official pages say that the list grows and that an unknown code never permits a new bill number.
//!
//! What a row says is about **one call**. Whoever has made several calls with one bill number must
//! fold over all of them: once one may have moved money, a later `NothingMoved` takes nothing back.
//!
//! Codes and meanings: official page 4011974053 and its editions since 2014, the query page
//! 4011983160, page 90275 of 企业微信 (Tencent's edition for companies). Texts are literal; where no text was ever seen or documented,
//! it is ours and marked `Chosen:`.

use std::fmt;

use crate::endpoint::Family;
use crate::words::{Words, words};

/// Whether the call that got an answer may have moved money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Certainty {
    /// It certainly moved none.
    NothingMoved,
    /// It may have.
    MayHaveMoved,
}

/// What to do after an error. Nowhere but in [`NextStep::NewBillNo`] may the bill number change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NextStep {
    /// Call again, at least a second later, with the same bill number and the same parameters.
    SameBillNo,
    /// As `SameBillNo`, but only after the limit's period: a moment, a day, the end of the night.
    Wait,
    /// Query the bill number before anything else.
    Query,
    /// Send with a new bill number, if it is still wanted: this one has failed for good.
    NewBillNo,
    /// Correct the request, then call with the same bill number.
    FixRequest,
    /// Have something outside of the request put right (a certificate, a permission, an address
    /// list, the recipient's account), then call with the same bill number.
    FixSetup,
    /// Top up the merchant's balance, then call with the same bill number.
    TopUp,
    /// Give up and ask WeChat Pay (or the platform's operator).
    Stop,
}

macro_rules! error_codes {
    ($(
        $(#[doc = $doc:literal])+
        ($variant:ident, $wire:literal, $text:literal, $certainty:ident, $landing:ident, $next:ident,
         $era:literal, $zh:literal, $en:literal);
    )+) => {
        /// An error code of the wire (`err_code`).
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $( $(#[doc = $doc])+ $variant, )+
            /// A code that is not in the table, kept as it came.
            Other(Box<str>),
        }

        impl ErrorCode {
            /// Every code of the table.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant),+];

            /// The code on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( ErrorCode::$variant => $wire, )+
                    ErrorCode::Other(code) => code,
                }
            }

            /// The code that a word of the wire stands for; total, because the list may grow.
            pub fn from_wire(code: &str) -> ErrorCode {
                match code {
                    $( $wire => ErrorCode::$variant, )+
                    other => ErrorCode::Other(other.into()),
                }
            }

            /// The text that goes with the code unless the situation asks for another; empty for
            /// codes that are not in the table.
            pub fn text(&self) -> &'static str {
                match self {
                    $( ErrorCode::$variant => $text, )+
                    ErrorCode::Other(_) => "",
                }
            }

            /// The years in which it was documented or seen.
            pub fn era(&self) -> &'static str {
                match self {
                    $( ErrorCode::$variant => $era, )+
                    ErrorCode::Other(_) => "",
                }
            }

            /// How it comes about here.
            pub fn cause(&self) -> Words {
                match self {
                    $( ErrorCode::$variant => words($zh, $en), )+
                    ErrorCode::Other(_) => words("不在表中的代码", "not in the table"),
                }
            }

            fn row(&self) -> Row {
                match self {
                    $( ErrorCode::$variant => Row {
                        certainty: Certainty::$certainty,
                        landing: Landing::$landing,
                        next: NextStep::$next,
                    }, )+
                    ErrorCode::Other(_) => UNKNOWN,
                }
            }
        }
    };
}

impl NextStep {
    /// The same in words.
    pub const fn words(self) -> Words {
        match self {
            NextStep::SameBillNo => {
                words("至少 1 秒后用原单号、原参数重试", "the same number again, after a second at least")
            }
            NextStep::Wait => {
                words("等限制解除后用原单号重试", "wait for the limit's period to end, then the same number")
            }
            NextStep::Query => words("先用原单号查询", "query the number before anything else"),
            NextStep::NewBillNo => words("如仍需发放，换新单号", "a new number, if it is still wanted"),
            NextStep::FixRequest => words("改正请求后用原单号重试", "correct the request, then the same number"),
            NextStep::FixSetup => {
                words("修正证书、权限、白名单等配置后用原单号重试", "have the set-up put right, then the same number")
            }
            NextStep::TopUp => words("充值后用原单号重试", "top up, then the same number"),
            NextStep::Stop => words("停止发放，联系平台", "stop, and ask whoever runs the platform"),
        }
    }
}

/// Whether a call that gets this code leaves its bill number taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Landing {
    /// It was refused before anything was stored.
    Free,
    /// The packet was declined and stored (*landed*): a query knows it, and the same call may
    /// complete it later.
    Landed,
    /// The number may be taken, by this call or by an earlier one.
    Unknown,
}

#[derive(Clone, Copy)]
struct Row {
    certainty: Certainty,
    landing: Landing,
    next: NextStep,
}

/// The row of every code that is not in the table.
const UNKNOWN: Row = Row { certainty: Certainty::MayHaveMoved, landing: Landing::Unknown, next: NextStep::Query };

impl ErrorCode {
    /// Whether the call that got this code may have moved money.
    pub fn certainty(&self, family: Family) -> Certainty {
        self.row_in(family).certainty
    }

    /// What to do now.
    pub fn next_step(&self, family: Family) -> NextStep {
        self.row_in(family).next
    }

    /// Whether the code says that a packet was declined and stored under its bill number. For
    /// `NO_AUTH` it is the case when risk control spoke, and not for a refused address; the code
    /// alone cannot tell, so it is not counted here.
    pub fn landed(&self) -> bool {
        self.row().landing == Landing::Landed
    }

    /// Whether the bill number may be taken now, by this call or by an earlier one. When it is not,
    /// the number is as free as it was before the call.
    pub fn may_have_landed(&self) -> bool {
        self.row().landing != Landing::Free
    }

    /// The row for a family. `SEND_FAILED` is the one code whose meaning turns round: a packet has
    /// failed for good, a transfer has to be queried (`发送失败，请查单确认付款状态`).
    fn row_in(&self, family: Family) -> Row {
        if family == Family::Transfers && *self == ErrorCode::SendFailed { UNKNOWN } else { self.row() }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

error_codes! {
    /// `NO_AUTH`: risk control stopped it, the caller's address is not allowed, or the product is not
    /// open. Nothing moved; whether the packet landed depends on which of them it was.
    (NoAuth, "NO_AUTH", "发放失败，此请求可能存在风险，已被微信拦截", NothingMoved, Unknown, FixSetup,
     "2014–", "调用方 IP 不在商户的白名单内；或接收者被风控拦截（此时单号已占用，查询为 SENDING）",
     "the caller's address is not on the merchant's list; or the person is blocked (then the number is taken, and a query says SENDING)");
    /// `NOAUTH`: the permission is missing (2014).
    (NoAuth2014, "NOAUTH", "无权限", NothingMoved, Free, FixSetup,
     "2014–2015", "G1 商户未开通产品，或关闭了 API 发放",
     "a merchant of G1 whose product is not open, or who closed sending by API");
    /// `PRODUCT_AUTHORITY_UNOPEN`: the product is not open (seen in 2019, in no official table).
    (ProductAuthorityUnopen, "PRODUCT_AUTHORITY_UNOPEN",
     "你的商户号未开通该产品权限，请联系管理员到产品中心开通。开通路径：产品中心-产品大全-现金红包-申请开通",
     NothingMoved, Free, FixSetup,
     "2019–", "商户未开通该产品，或入驻不满 90 天，或连续交易不满 30 天",
     "the product is not open to the merchant, or it entered less than 90 days ago, or has traded for less than 30 days");
    /// `SENDNUM_LIMIT`: the person's number of packets for today is reached.
    (SendNumLimit, "SENDNUM_LIMIT", "该用户今日操作次数超过限制,如有需要请登录微信支付商户平台更改API安全配置",
     NothingMoved, Landed, Wait,
     "2016–", "该用户今日从本商户领取的个数已达上限",
     "the person got the day's number of packets from this merchant");
    /// `SENDAMOUNT_LIMIT`: the merchant's amount for today is reached.
    (SendAmountLimit, "SENDAMOUNT_LIMIT", "您的商户号今日发放金额超过限制，如有需要请登录微信支付商户平台更改API安全配置",
     NothingMoved, Landed, Wait,
     "2018–", "商户今日发放金额已达上限",
     "the merchant sent the day's amount");
    /// `RCVDAMOUNT_LIMIT`: the person's amount for today is reached. The spelling is the wire's.
    (RcvdAmountLimit, "RCVDAMOUNT_LIMIT", "该用户今日领取金额超过限制，如有需要请登录微信支付商户平台更改API安全配置",
     NothingMoved, Landed, Wait,
     "2018–", "该用户今日从本商户领取的金额已达上限",
     "the person got the day's amount from this merchant");
    /// `ILLEGAL_APPID`: the app id is a mobile app's. Chosen: the text.
    (IllegalAppId, "ILLEGAL_APPID", "非法appid,请使用公众号的appid", NothingMoved, Free, FixRequest,
     "2016–", "wxappid 是移动应用",
     "wxappid is a mobile app's");
    /// `MONEY_LIMIT`: the amount is out of range. Refused before landing, so the number stays free.
    (MoneyLimit, "MONEY_LIMIT", "每个红包的平均金额必须在1.00元到200.00元之间.", NothingMoved, Free, FixRequest,
     "2014–", "平均每个红包的金额超出商户限额",
     "the average share is outside of the merchant's limits");
    /// `SEND_FAILED`: the packet has failed for good. The only code that permits a new bill number
    /// (red packets only: of a transfer it says nothing).
    (SendFailed, "SEND_FAILED", "红包发放失败,请更换单号再重试", NothingMoved, Landed, NewBillNo,
     "2016–", "该单号未能付款，时限已过；企业付款中含义相反",
     "the number landed, was not completed in its time, and has failed for good; of a transfer it means the opposite");
    /// `FATAL_ERROR`: the number was used before, with other values. This call moved nothing, but there
    /// was an earlier one, so nobody may conclude that the number's money is still there.
    (FatalError, "FATAL_ERROR", "重复请求时，参数与原单不一致", MayHaveMoved, Unknown, Query,
     "2014–", "同一单号换了 openid、金额或其他要素",
     "the same number with another person, another amount, or other terms");
    /// `CA_ERROR`: no certificate, or a wrong one.
    (CaError, "CA_ERROR", "CA证书出错,请登录微信支付商户平台下载证书", NothingMoved, Free, FixSetup,
     "2014–", "没有证书，证书不属于该商户、未经信任的 CA 签发、已吊销或已过期",
     "no certificate, or one that is another's, not from a trusted authority, withdrawn, or past its date");
    /// `SIGN_ERROR`: the signature is wrong.
    (SignError, "SIGN_ERROR", "签名错误", NothingMoved, Free, FixRequest,
     "2014–", "签名错误；企业红包中 workwx_sign 错误",
     "the signature is wrong, or workwx_sign is");
    /// `SYSTEMERROR`: no definite result.
    (SystemError, "SYSTEMERROR", "系统错误,请稍后使用原单号重试,请勿更换单号", MayHaveMoved, Unknown, SameBillNo,
     "2014–", "等待结果超时，结果未知",
     "no answer came in time: nothing is known");
    /// `XML_ERROR`: the body is empty or not XML.
    (XmlError, "XML_ERROR", "输入xml参数格式错误", NothingMoved, Free, FixRequest,
     "2016–", "请求体为空或不是 XML",
     "the body is empty, or not XML");
    /// `FREQ_LIMIT`: too many calls at once; certainly nothing was done.
    (FreqLimit, "FREQ_LIMIT", "超过频率限制,请稍后再试", NothingMoved, Free, Wait,
     "2016–", "每秒、每分钟或对同一用户每分钟的个数超限，或平台排队已满",
     "too many in this second or minute, or to this person in this minute; or the platform's queue is full");
    /// `API_METHOD_CLOSED`: the merchant has switched off sending by API.
    (ApiMethodClosed, "API_METHOD_CLOSED", "你的商户号API发放方式已关闭，请联系管理员在商户平台开启",
     NothingMoved, Free, FixSetup,
     "2018–", "商户关闭了 API 发放方式",
     "the merchant closed sending by API");
    /// `NOTENOUGH`: the balance is too low.
    (NotEnough, "NOTENOUGH", "帐号余额不足，请到商户平台充值后再重试", NothingMoved, Landed, TopUp,
     "2014–", "付款商户余额不足",
     "the payer's funds don't cover it");
    /// `OPENID_ERROR`: the openid is not one of this app's.
    (OpenIdError, "OPENID_ERROR", "openid和appid不匹配", NothingMoved, Free, FixRequest,
     "2014–", "应用只接受已登记的 openid，而该 openid 未登记",
     "the app takes registered people only, and this openid is not registered");
    /// `MSGAPPID_ERROR`: `msgappid` is not bound to provider or sub-merchant.
    (MsgAppIdError, "MSGAPPID_ERROR", "触达消息给用户appid有误", NothingMoved, Free, FixRequest,
     "2016–", "msgappid 没有绑定服务商或子商户",
     "msgappid is bound neither to the provider nor to the sub-merchant");
    /// `ACCEPTMODE_ERROR`: provider and sub-merchant don't belong together.
    (AcceptModeError, "ACCEPTMODE_ERROR", "主、子商户号关系校验失败", NothingMoved, Free, FixRequest,
     "2016–", "子商户不存在或不属于该服务商，或 consume_mch_id 没有授权",
     "there is no such sub-merchant, it has not admitted this provider, or consume_mch_id has not");
    /// `PROCESSING`: taken, not finished. The page asks for a query after 20 minutes.
    (Processing, "PROCESSING", "请求已受理,请稍后使用原单号查询发放结果", MayHaveMoved, Unknown, Query,
     "2016–", "同一单号的前一次请求超时后仍在处理，本次也等待超时",
     "an earlier call with this number is still under way after its time, and this one's time is over too");
    /// `PARAM_ERROR`: a field is wrong; the text says which.
    (ParamError, "PARAM_ERROR", "参数错误", NothingMoved, Free, FixRequest,
     "2014–", "字段缺失或不合法；商户号不存在；商户号与 appid 不匹配；需要 scene_id",
     "a field is missing or wrong; there is no such merchant; the app is not bound to it; a scene_id is needed");
    /// `TIME_LIMITED`: it is night, 0:00 to 8:00 in Beijing (2014 to 2016).
    (TimeLimited, "TIME_LIMITED", "企业红包的发送时间受限", NothingMoved, Free, Wait,
     "2014–2015", "北京时间 0:00 至 8:00（商户设有夜间限制时，G1 默认）",
     "0:00 to 8:00 in Beijing, for merchants with a night window (G1 has one)");
    /// `SECOND_OVER_LIMITED`: too many in this minute, despite its name (2014 to 2016).
    (SecondOverLimited, "SECOND_OVER_LIMITED", "企业红包的按分钟发放受限", NothingMoved, Free, Wait,
     "2014–2016", "G1 商户超过每秒或每分钟的个数",
     "a merchant of G1 sends too many in a second or minute");
    /// `DAY_OVER_LIMITED`: the merchant's number for today is reached (2014 to 2016). Chosen: the text.
    (DayOverLimited, "DAY_OVER_LIMITED", "企业红包的按天发放受限", NothingMoved, Landed, Wait,
     "2014–2016", "商户今日发放个数已达上限（G1 默认 10000）",
     "the merchant sent the day's number of packets (10 000 in G1)");
    /// `268458547`: the numeric `SYSTEMERROR` of 2014.
    (SystemError2014, "268458547", "系统繁忙,请稍后再试.", MayHaveMoved, Unknown, SameBillNo,
     "2014–2015", "G1 商户等待结果超时，结果未知",
     "a merchant of G1 got no answer in time: nothing is known");
    /// `PAYER_ACCOUNT_ABNORMAL`: the merchant's account is frozen. Chosen: the text.
    (PayerAccountAbnormal, "PAYER_ACCOUNT_ABNORMAL", "商户号状态异常", NothingMoved, Landed, Stop,
     "SDK", "付款商户被冻结",
     "the payer's account is frozen");
    /// `NO_COMPETENCE`: the merchant is not open in 企业微信.
    (NoCompetence, "NO_COMPETENCE", "商户号错误", NothingMoved, Free, FixSetup,
     "2018–", "商户未开通企业微信产品，或应用未设置企业微信密钥",
     "the product is not open to the merchant, or the corporation has no secret here");
    /// `WORKWX_SIGN_ERROR`: the second signature, that of 企业微信, is wrong.
    (WorkwxSignError, "WORKWX_SIGN_ERROR", "签名错误；企业微信签名失败", NothingMoved, Free, FixRequest,
     "2018–", "缺少 workwx_sign",
     "workwx_sign is missing");
    /// `WORKWX_MCHID_ERROR`: merchant and corporation don't belong together. Chosen: the text.
    (WorkwxMchIdError, "WORKWX_MCHID_ERROR", "商户号与企业不匹配", NothingMoved, Free, FixRequest,
     "2018–", "企业（wxappid）没有绑定该商户",
     "the corporation (wxappid) is not bound to the merchant");
    /// `NOT_FOUND`: a query knows no such number. The send may still be on its way, so this proves nothing.
    (NotFound, "NOT_FOUND", "指定单号数据不存在", MayHaveMoved, Unknown, SameBillNo,
     "2014–", "查询的单号不存在、超过 30 天，或不是本接口的单号",
     "no such number, or it is older than 30 days, or not of this query's kind");
    /// `REQUIRE_POST_METHOD`: called with another method. Chosen: the texts of this and the three below.
    (RequirePostMethod, "REQUIRE_POST_METHOD", "请使用post方法", NothingMoved, Free, FixRequest,
     "2016–", "请求方法不是 POST",
     "the method is not POST");
    /// `HTTP_METHOD_ERROR`: the same in other words.
    (HttpMethodError, "HTTP_METHOD_ERROR", "请使用post方法", NothingMoved, Free, FixRequest,
     "2016–", "本平台不会返回",
     "never said by this platform");
    /// `POST_DATA_EMPTY`: there is no body.
    (PostDataEmpty, "POST_DATA_EMPTY", "post数据为空", NothingMoved, Free, FixRequest,
     "2016–", "本平台不会返回",
     "never said by this platform");
    /// `NOT_UTF8`: the body is in another encoding.
    (NotUtf8, "NOT_UTF8", "编码格式错误", NothingMoved, Free, FixRequest,
     "2016–", "本平台不会返回",
     "never said by this platform");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_the_wire_and_has_a_text() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_wire(code.as_str()), *code);
            assert!(!code.text().is_empty(), "{code} has no text");
        }
        assert_eq!(ErrorCode::from_wire("BRAND_NEW").as_str(), "BRAND_NEW");
    }

    #[test]
    fn an_unknown_code_is_never_certain() {
        // `SUCCESS` and `0` are no errors: where one stands for a declined call, nothing is known.
        for unknown in ["BRAND_NEW", "", "SUCCESS", "0", "notenough", "TIME _LIMITED"] {
            let code = ErrorCode::from_wire(unknown);
            assert_eq!(code.certainty(Family::Packets), Certainty::MayHaveMoved, "{unknown:?}");
            assert_eq!(code.next_step(Family::Packets), NextStep::Query);
            assert!(code.may_have_landed() && !code.landed());
        }
    }

    #[test]
    fn only_send_failed_of_a_packet_permits_a_new_bill_number() {
        for family in [Family::Packets, Family::Transfers] {
            for code in ErrorCode::ALL {
                let permits = code.next_step(family) == NextStep::NewBillNo;
                assert_eq!(permits, *code == ErrorCode::SendFailed && family == Family::Packets, "{code}");
            }
        }
        assert_eq!(ErrorCode::SendFailed.certainty(Family::Packets), Certainty::NothingMoved);
        assert_eq!(ErrorCode::SendFailed.certainty(Family::Transfers), Certainty::MayHaveMoved);
    }

    #[test]
    fn these_codes_and_no_others_are_uncertain() {
        let uncertain: Vec<_> = ErrorCode::ALL
            .iter()
            .filter(|code| code.certainty(Family::Packets) == Certainty::MayHaveMoved)
            .map(ErrorCode::as_str)
            .collect();
        assert_eq!(uncertain, ["FATAL_ERROR", "SYSTEMERROR", "PROCESSING", "268458547", "NOT_FOUND"]);
    }

    #[test]
    fn these_codes_and_no_others_leave_a_declined_packet_behind() {
        let landed: Vec<_> = ErrorCode::ALL.iter().filter(|code| code.landed()).map(ErrorCode::as_str).collect();
        assert_eq!(
            landed,
            [
                "SENDNUM_LIMIT",
                "SENDAMOUNT_LIMIT",
                "RCVDAMOUNT_LIMIT",
                "SEND_FAILED",
                "NOTENOUGH",
                "DAY_OVER_LIMITED",
                "PAYER_ACCOUNT_ABNORMAL"
            ]
        );
    }
}

//! What can go wrong in web authorisation (网页授权) and in an official account's calls, and in which words is it said?
//! One table for the page that a person sees, one for what a server is answered.

use crate::words::{Words, words};

/// Something that a page says in place of sending a person on. The numbers and texts are the official page's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageError {
    /// Its number.
    pub code: u32,
    /// The literal text, and what it means in English.
    pub text: Words,
    /// How it comes about.
    pub cause: Words,
}

/// Something that a server is answered, with HTTP 200: `errcode` and, before the `rid`, `errmsg`. The numbers are
/// those of the official global list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyError {
    /// `errcode`.
    pub code: i32,
    /// How `errmsg` begins.
    pub text: &'static str,
    /// How it comes about.
    pub cause: Words,
}

/// Of a row of a table that is there for the sake of completeness.
const NEVER: Words = words("本平台不会返回", "never said by this platform");

macro_rules! page_errors {
    ($($(#[$doc:meta])* $name:ident: $code:literal, $zh:literal, $en:literal, $cause:expr;)*) => {
        impl PageError {
            $( $(#[$doc])* pub const $name: PageError =
                PageError { code: $code, text: words($zh, $en), cause: $cause }; )*
            /// All of them.
            pub const ALL: &[PageError] = &[$(PageError::$name),*];
        }
    };
}

page_errors! {
    /// People are sent only to hosts that are registered.
    HOST_NOT_REGISTERED: 10003, "redirect_uri域名与后台配置不一致",
        "the host of redirect_uri is not one that is registered for the app",
        words("redirect_uri 的域名（及端口）没有登记，不是 http 或 https 地址，或带有用户名",
            "the host, or the port, of redirect_uri is not registered; or it is no http or https address, or has a user name");
    /// The app is banned.
    BANNED: 10004, "此公众号被封禁", "the official account is banned", NEVER;
    /// The app may not ask for this.
    NO_SCOPE_PERMISSION: 10005, "此公众号并没有这些scope的权限", "the official account has no permission for this scope",
        words("scope 不是 snsapi_base", "scope is not snsapi_base");
    /// A test account must be followed.
    MUST_FOLLOW: 10006, "必须关注此测试号", "this test account must be followed first", NEVER;
    /// Too many from one address.
    TOO_OFTEN: 10009, "操作太频繁了，请稍后重试", "too many requests; try again later",
        words("同一地址的请求过多", "too many from one address");
    /// `scope` is missing.
    SCOPE_EMPTY: 10010, "scope不能为空", "scope must not be empty", words("没有 scope", "there is no scope");
    /// `redirect_uri` is missing.
    REDIRECT_URI_EMPTY: 10011, "redirect_uri不能为空", "redirect_uri must not be empty",
        words("没有 redirect_uri", "there is no redirect_uri");
    /// `appid` is missing.
    APPID_EMPTY: 10012, "appid不能为空", "appid must not be empty", words("没有 appid", "there is no appid");
    /// `state` can't be given back. (The text is about an empty one, which the page allows elsewhere.)
    STATE_WRONG: 10013, "state不能为空", "state must have 1 to 128 letters and digits",
        words("state 超过 128 字节，或含有字母、数字以外的字符（没有 state 不算错误）",
            "state has more than 128 bytes, or something else than letters and digits (none at all is no error)");
    /// No third party was authorised.
    NOT_AUTHORISED: 10015, "公众号未授权第三方平台，请检查授权状态",
        "the official account has not authorised the third party", NEVER;
    /// It is not an app with pages.
    NOT_AN_OFFICIAL_ACCOUNT: 10016, "不支持微信开放平台的Appid，请使用公众号Appid",
        "use the appid of an official account, not that of a mobile app",
        words("没有这个 appid，或它是移动应用", "there is no such appid, or it is a mobile app's");
}

macro_rules! reply_errors {
    ($($(#[$doc:meta])* $name:ident: $code:literal, $text:literal, $zh:literal, $en:literal;)*) => {
        impl ReplyError {
            $( $(#[$doc])* pub const $name: ReplyError =
                ReplyError { code: $code, text: $text, cause: words($zh, $en) }; )*
            /// All of them.
            pub const ALL: &[ReplyError] = &[$(ReplyError::$name),*];
        }
    };
}

reply_errors! {
    /// No answer in time.
    SYSTEM_ERROR: -1, "system error", "存储没有及时响应：code 可能已被使用，请重新授权",
        "the store did not answer in time: the code may have been used, so send the person through authorisation again";
    /// The access token is none.
    TOKEN_INVALID: 40001, "invalid credential, access_token is invalid or not latest",
        "access_token 不正确", "the access_token is none that was issued";
    /// `grant_type` is missing or something else.
    GRANT_TYPE_WRONG: 40002, "invalid grant_type", "grant_type 缺失或不正确", "grant_type is missing or wrong";
    /// There is no such app.
    APPID_INVALID: 40013, "invalid appid", "没有这个 appid", "there is no such appid";
    /// The code is none.
    CODE_INVALID: 40029, "invalid code", "code 不正确，或属于别的 appid", "the code is none that was issued, or another appid's";
    /// The secret is another.
    SECRET_INVALID: 40125, "invalid appsecret", "secret 不正确，或应用没有 secret", "the secret is wrong, or the app has none";
    /// The code was redeemed.
    CODE_USED: 40163, "code been used", "code 已被使用", "the code has been used";
    /// The access token is missing.
    TOKEN_MISSING: 41001, "access_token missing", "没有 access_token", "there is no access_token";
    /// `appid` is missing.
    APPID_MISSING: 41002, "appid missing", "没有 appid", "there is no appid";
    /// `secret` is missing.
    SECRET_MISSING: 41004, "appsecret missing", "没有 secret", "there is no secret";
    /// `code` is missing.
    CODE_MISSING: 41008, "missing code", "没有 code", "there is no code";
    /// The access token's time is over.
    TOKEN_EXPIRED: 42001, "access_token expired", "access_token 超过 7200 秒", "the access_token is older than 7200 seconds";
    /// A campaign's call makes no sense.
    LOTTERY_INVALID: 9_001_001, "invalid parameter", "参数不合法，或没有这个活动，或活动不属于这个公众号",
        "a parameter makes no sense, or there is no such campaign of this account";
    /// No ticket of all that were given may be drawn.
    ALL_TICKETS_BAD: 9_001_090, "all tickets are invalid", "没有一个 ticket 可用", "none of the tickets may be put into the bucket";
    /// The code's time is over.
    CODE_EXPIRED: 42003, "code expired", "code 超过五分钟", "the code is older than five minutes";
}

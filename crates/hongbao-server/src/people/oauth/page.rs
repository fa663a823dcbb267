//! What does a person see who can't be sent on? Small pages in both languages, without scripts, and whatever came with
//! the request escaped.

use std::sync::LazyLock;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hongbao_engine::directory::Person;
use hongbao_wire::oauth::PageError;
use hongbao_wire::words::{Words, words};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use url::Url;

const STYLE: &str = "body{font:16px/1.6 system-ui,sans-serif;max-width:32rem;margin:12vh auto 0;padding:0 1.25rem;\
    color:#222}h1{font-size:1.25rem;margin:0 0 .25rem}.en{color:#666;margin:0}.code{margin-top:2rem;color:#999;\
    font-size:.875rem}ul{list-style:none;padding:0;margin:1.5rem 0}li a,button{display:block;width:100%;\
    box-sizing:border-box;padding:.75rem 1rem;margin:.5rem 0;border:1px solid #ddd;border-radius:.5rem;\
    background:#fff;color:#222;font:inherit;text-align:left;text-decoration:none;overflow-wrap:anywhere}\
    input{width:100%;box-sizing:border-box;padding:.75rem 1rem;border:1px solid #ddd;border-radius:.5rem;font:inherit}\
    button{background:#c8372d;color:#fff;border-color:#c8372d;text-align:center;cursor:pointer}.bad{color:#c8372d}";

/// The hash by which the policy lets this style in, and no other.
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE)));

/// Nobody knows who this is: only the operator's app can say.
const NOBODY: Words = words("请在应用内打开此链接", "Open this link in the app");
const BUSY: Words = words("系统繁忙，请稍后重试", "Too busy; try again later");
const WHO: Words = words("以谁的身份继续？", "Who are you?");
const UNKNOWN: Words =
    words("此应用只认已登记的人，或 openid 不合法", "The app knows registered people only, or it is no openid");

/// Why a person is not sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// One of the official page's reasons.
    Error(PageError),
    /// Nobody said who this is.
    Nobody,
    /// It is not known in time.
    Busy,
}

impl Stop {
    pub(super) fn page(self) -> Response {
        let (status, text, code) = match self {
            Stop::Error(error) if error == PageError::TOO_OFTEN => {
                (StatusCode::TOO_MANY_REQUESTS, error.text, Some(error.code))
            }
            Stop::Error(error) => (StatusCode::BAD_REQUEST, error.text, Some(error.code)),
            Stop::Nobody => (StatusCode::UNAUTHORIZED, NOBODY, None),
            Stop::Busy => (StatusCode::SERVICE_UNAVAILABLE, BUSY, None),
        };
        tracing::info!(status = status.as_u16(), code, why = text.en, "nobody was sent on");
        let body = html! {
            h1 { (text.zh) }
            p.en lang="en" { (text.en) }
            @if let Some(code) = code { p.code { "错误码 Error " (code) } }
        };
        respond(status, &body, None)
    }
}

/// Whom to be, in a sandbox: one of those who are registered, or anybody.
pub(super) fn choose(query: &super::Query, people: &[Person], redirect: &Url, is_unknown: bool) -> Response {
    let others: Vec<_> = query.0.iter().filter(|(name, _)| name != "person").cloned().collect();
    let rest = super::Query(others);
    let base = rest.encode();
    let status = if is_unknown { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let body = html! {
        h1 { (WHO.zh) }
        p.en lang="en" { (WHO.en) }
        @if is_unknown { p.bad { (UNKNOWN.zh) br; span lang="en" { (UNKNOWN.en) } } }
        ul {
            @for person in people {
                li { a href=(format!("?{base}&person={}", person.id.openid)) { (person.id.openid) } }
            }
        }
        form method="get" {
            @for (name, value) in &rest.0 { input type="hidden" name=(name) value=(value); }
            input name="person" aria-label="openid" placeholder="openid, 或任意名字 or any name" required autofocus;
            button { "继续 Continue" }
        }
        p.code { "沙箱 Sandbox" }
    };
    respond(status, &body, Some(redirect))
}

fn respond(status: StatusCode, body: &Markup, redirect: Option<&Url>) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "红包 Hongbao" }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    // A form that is answered by a redirect is followed only where the policy allows forms to go.
    let forms = redirect.map_or("'none'".to_owned(), |to| format!("'self' {}", to.origin().ascii_serialization()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action {forms}; base-uri 'none'; frame-ancestors 'none'",
        *STYLE_HASH
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (status, headers, page.into_string()).into_response()
}

//! What does a page of a merchant's need in an ordinary browser? The script in which `wx.sendBizRedPacket` and the shake's
//! bridge are, and leave to call from another origin: each app has its own.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hongbao_engine::directory::App;
use hongbao_store::Store;
use sha2::{Digest, Sha256};
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::Url;

use super::claims::LINK;
use crate::platform::Platform;

/// The script, one file for both bridges.
const SCRIPT: &str = include_str!("hongbao.js");
/// How long a browser may remember what another origin may do.
const REMEMBERED: std::time::Duration = std::time::Duration::from_mins(10);

static SCRIPT_TAG: LazyLock<String> = LazyLock::new(|| {
    let digest = hex::encode(Sha256::digest(SCRIPT));
    format!("\"{}\"", &digest[..32])
});

/// The script under its own name, and where production has its two.
pub(super) fn routes<S: Store>() -> Router<Arc<Platform<S>>> {
    Router::new()
        .route("/js/hongbao.js", get(script))
        .route("/open/js/{file}", get(wechat_script))
        .route("/app/shakehb/BeaconShakehbJsBridge.js", get(script))
}

async fn wechat_script(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let is_known = file.strip_prefix("jweixin-").and_then(|rest| rest.strip_suffix(".js")).is_some();
    if is_known { script(headers).await } else { StatusCode::NOT_FOUND.into_response() }
}

async fn script(headers: HeaderMap) -> Response {
    let fresh = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::ETAG, &**SCRIPT_TAG),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let is_fresh = headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == SCRIPT_TAG.as_bytes());
    if is_fresh { (StatusCode::NOT_MODIFIED, fresh).into_response() } else { (fresh, SCRIPT).into_response() }
}

/// Lets pages of registered origins read what they are answered (CORS). That an origin is the app's of whoever calls is
/// judged once it is known who that is.
pub(super) fn other_origins<S: Store>(platform: &Arc<Platform<S>>) -> CorsLayer {
    let platform = platform.clone();
    let is_registered = move |origin: HeaderValue, _: &Parts| {
        let platform = platform.clone();
        async move {
            let Ok(origin) = origin.to_str() else { return false };
            platform.in_time(platform.directory.has_origin(origin)).await.unwrap_or(false)
        }
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::async_predicate(is_registered))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static(LINK)])
        .allow_credentials(true)
        .max_age(REMEMBERED)
}

/// Whether the page that calls, if it is one, is the app's or this platform's own. A browser says which it is; whoever
/// is none needs an assertion or has no cookie.
pub(super) fn may_come(headers: &HeaderMap, app: &App) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = headers.get(header::ORIGIN) else {
        // Without it, a browser's call comes from this origin; one with a cookie from anywhere else is refused.
        let site = text(HeaderName::from_static("sec-fetch-site"));
        return headers.contains_key(header::AUTHORIZATION) || site == Some("same-origin");
    };
    let Ok(origin) = origin.to_str() else { return false };
    let is_ours = Url::parse(origin).is_ok_and(|url| Some(url.authority()) == text(header::HOST));
    is_ours || app.origins.iter().any(|known| known == origin)
}

#[cfg(test)]
mod tests {
    use hongbao_types::AppId;

    use super::*;

    #[test]
    fn a_page_comes_from_the_app_s_origins_or_from_this_platform() {
        let app = App {
            origins: vec!["https://shop.example".to_owned()],
            ..App::new(AppId::try_new("wx8888888888888888").unwrap())
        };
        let may = |headers: &[(&'static str, &'static str)]| {
            let headers =
                headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            may_come(&headers.chain([(header::HOST, HeaderValue::from_static("pay.example:8443"))]).collect(), &app)
        };
        assert!(may(&[("origin", "https://shop.example")]));
        assert!(may(&[("origin", "https://pay.example:8443")]));
        assert!(may(&[("authorization", "Bearer x")]), "no browser");
        assert!(may(&[("sec-fetch-site", "same-origin")]));
        for foreign in [
            &[("origin", "https://shop.example:444")][..],
            &[("origin", "http://shop.example")],
            &[("origin", "https://a.shop.example")],
            &[("origin", "https://pay.example")],
            &[("origin", "null")],
            &[("origin", "https://evil.example"), ("authorization", "Bearer x")],
            &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "cross-site")],
            &[],
        ] {
            assert!(!may(foreign), "{foreign:?}");
        }
    }
}

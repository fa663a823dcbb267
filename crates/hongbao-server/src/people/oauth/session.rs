//! `/session`: how does a browser, which can't sign, say whose it is? It shows an assertion without a packet once, and
//! has a cookie for ten minutes, good only for what needs nothing but to know who is there: web authorisation, and what
//! a merchant's page calls by its script.
//!
//! `GET` with the assertion in the header, as a web view that the operator's app opens; `POST` with it in a form, as a
//! page of the operator's sends itself. `to` is where it goes on, a path of this platform.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cookie::{Cookie, SameSite};
use hongbao_store::Store;
use hongbao_types::Timestamp;

use super::{Query, person_bytes, person_of};
use crate::body;
use crate::json_door::bearer;
use crate::listener::{Peer, Transport};
use crate::people::assertion::{self, AssertionError, Person};
use crate::people::problem::Problem;
use crate::platform::Platform;
use crate::seal;

const COOKIE: &str = "hongbao_person";
const PURPOSE: &str = "hongbao/session/1";
/// How long it counts, in seconds of real time.
const LIFETIME: i64 = 600;
/// The most bytes of a form: an assertion has fewer than a thousand.
const BODY_LIMIT: usize = 8 * 1024;
/// The most bytes of `to`.
const TO_MAX: usize = 4 * 1024;

pub(crate) async fn get<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = Query::parse(query.unwrap_or_default().as_bytes());
    let token = bearer(&headers).ok_or(AssertionError::Missing)?;
    begin(&platform, &peer, &headers, token, &query).await
}

pub(crate) async fn post<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Body,
) -> Result<Response, Problem> {
    let form = body::read(form, BODY_LIMIT, platform.http.body_patience).await.map_err(|_| Problem::INVALID)?;
    let form = Query::parse(&form);
    let token = form.get("assertion").ok_or(AssertionError::Missing)?;
    begin(&platform, &peer, &headers, token, &form).await
}

async fn begin<S: Store>(
    platform: &Platform<S>,
    peer: &Peer,
    headers: &HeaderMap,
    assertion: &str,
    query: &Query,
) -> Result<Response, Problem> {
    // Not from anybody's page, or a stranger could make a visitor be somebody else.
    let person = assertion::judge_form(platform, headers, assertion).await?.person;
    let to = query.get("to").filter(|to| is_path(to)).ok_or(Problem::INVALID)?;
    let cookie = cookie(platform, peer, &person).ok_or(Problem::UNAVAILABLE)?;
    let headers = [
        (header::SET_COOKIE, cookie),
        (header::LOCATION, to.to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// The cookie by which a browser is this person for a while.
pub(super) fn cookie<S: Store>(platform: &Platform<S>, peer: &Peer, person: &Person) -> Option<String> {
    let until = platform.clock.0.now().as_millis().saturating_add(LIFETIME * 1000);
    // The scripts of a page on another site find it only without SameSite, which browsers grant over TLS only. Whose
    // page it is that calls, the call is judged by.
    let is_tls = matches!(peer.transport, Transport::Tls(_));
    let content = [&until.to_be_bytes()[..], &person_bytes(person)].concat();
    let sealed = seal::seal(platform.store.person_key(), PURPOSE, "", &content).ok()?;
    let cookie = Cookie::build((COOKIE, sealed))
        .path("/")
        .http_only(true)
        .secure(is_tls)
        .same_site(if is_tls { SameSite::None } else { SameSite::Lax })
        .max_age(cookie::time::Duration::seconds(LIFETIME));
    Some(cookie.to_string())
}

/// Whether it leads nowhere but here: a browser takes `//` and `/\` for another host.
fn is_path(to: &str) -> bool {
    let is_plain = to.len() <= TO_MAX && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_plain && to.starts_with('/') && !to.starts_with("//")
}

/// Who the browser's cookie says is there.
pub(in crate::people) fn visitor<S: Store>(platform: &Platform<S>, headers: &HeaderMap) -> Option<Person> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = cookies.flat_map(|text| Cookie::split_parse(text).filter_map(Result::ok));
    let cookie = cookies.find(|cookie| cookie.name() == COOKIE)?;
    let content = seal::unseal(platform.store.person_key(), PURPOSE, "", cookie.value())?;
    let (until, person) = content.split_first_chunk::<8>()?;
    let is_good = platform.clock.0.now() < Timestamp::from_millis(i64::from_be_bytes(*until));
    person_of(person).filter(|_| is_good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_on_to_a_path_of_this_platform_only() {
        assert!(is_path("/connect/oauth2/authorize?appid=wx1&redirect_uri=http%3A%2F%2Fx#wechat_redirect"));
        for elsewhere in
            ["", "connect", "//evil.example", "/\\evil.example", "https://evil.example", "/a b", "/\r\nX: y"]
        {
            assert!(!is_path(elsewhere), "{elsewhere:?}");
        }
    }
}

//! `GET /connect/oauth2/authorize`: who is looking at the merchant's page? If somebody has said so, the browser goes back
//! with a code; if not, or if the request makes no sense, a page says why. It never goes anywhere but to a registered
//! host, and nothing is written.

use std::sync::Arc;

use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hongbao_engine::directory::{App, AppKind, PersonId};
use hongbao_store::{Store, StoreError};
use hongbao_types::{AppId, OpenId};
use hongbao_wire::oauth::PageError;
use url::Url;

use super::page::{Stop, choose};
use super::{Query, code, session};
use crate::listener::Peer;
use crate::people::assertion::{Person, derived_openid};
use crate::platform::Platform;

/// How many people a sandbox's page shows.
const SHOWN_MAX: usize = 50;
/// How many characters an openid has, the first of which is an `o`.
const OPENID_LEN: usize = 28;
/// The most bytes of a state.
const STATE_MAX: usize = 128;
/// What many clients put behind the state, for nothing follows it there.
const FRAGMENT: &str = "#wechat_redirect";

pub(crate) async fn get<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = Query::parse(query.unwrap_or_default().as_bytes());
    authorize(&platform, &peer, &query, &headers).await.unwrap_or_else(Stop::page)
}

async fn authorize<S: Store>(
    platform: &Platform<S>,
    peer: &Peer,
    query: &Query,
    headers: &HeaderMap,
) -> Result<Response, Stop> {
    if !platform.people_limiter.admits_address(peer.address) {
        return Err(PageError::TOO_OFTEN.into());
    }
    let wish = Wish::read(platform, query).await?;
    let app = &wish.app.id;
    let known = session::visitor(platform, headers).filter(|person| person.app == *app).map(|person| person.openid);
    // Only in a sandbox one says who one is, and may be somebody else the next time.
    let given = query.get("person").filter(|_| platform.is_sandbox());
    let is_chosen = given.is_some();
    let openid = match (given, known) {
        (Some(given), _) => is_person(platform, &wish.app, given).await?,
        (None, known) => known,
    };
    let Some(openid) = openid else {
        if !platform.is_sandbox() {
            return Err(Stop::Nobody);
        }
        let people = platform.in_time(platform.store.people(app, SHOWN_MAX)).await?;
        return Ok(choose(query, &people, &wish.redirect, is_chosen));
    };
    let issued_at = platform.in_time(platform.store.now()).await?;
    let person = Person { app: app.clone(), openid };
    let code = code::issue(platform.store.person_key(), &person, issued_at).map_err(|error| {
        tracing::error!(%error, "there is no randomness");
        Stop::Busy
    })?;
    tracing::info!(app.id = %app, openid = person.openid.masked(), "a person was sent on with a code");
    let mut reply = wish.fulfil(&code);
    if is_chosen {
        // The scripts of the page that it goes back to find the same person.
        let cookie = session::cookie(platform, peer, &person).and_then(|cookie| HeaderValue::from_str(&cookie).ok());
        reply.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    }
    Ok(reply)
}

/// The person that was chosen in a sandbox, if there is such a one: by an openid, or by any name, which is another openid
/// under each app and the same one each time.
async fn is_person<S: Store>(platform: &Platform<S>, app: &App, given: &str) -> Result<Option<OpenId>, StoreError> {
    let openid = if given.len() == OPENID_LEN && given.starts_with('o') {
        OpenId::try_new(given).ok()
    } else {
        derived_openid(platform.store.person_key(), &app.id, given).ok()
    };
    let Some(openid) = openid else { return Ok(None) };
    let id = PersonId { app: app.id.clone(), openid: openid.clone() };
    let is_known = !app.registered_only || platform.in_time(platform.store.person(&id)).await?.is_some();
    Ok(is_known.then_some(openid))
}

/// What was asked for, and may be had.
struct Wish {
    app: Arc<App>,
    redirect: Url,
    state: String,
}

impl Wish {
    async fn read<S: Store>(platform: &Platform<S>, query: &Query) -> Result<Wish, Stop> {
        let app_id = query.get("appid").ok_or(PageError::APPID_EMPTY)?;
        let redirect = query.get("redirect_uri").ok_or(PageError::REDIRECT_URI_EMPTY)?;
        let scope = query.get("scope").ok_or(PageError::SCOPE_EMPTY)?;
        let id = AppId::try_new(app_id).map_err(|_| PageError::NOT_AN_OFFICIAL_ACCOUNT)?;
        let app = platform.in_time(platform.directory.app(&id)).await?;
        let app = app.filter(|app| app.kind != AppKind::MobileApp).ok_or(PageError::NOT_AN_OFFICIAL_ACCOUNT)?;
        if scope != "snsapi_base" {
            return Err(PageError::NO_SCOPE_PERMISSION.into());
        }
        let redirect = registered(&app, redirect).ok_or(PageError::HOST_NOT_REGISTERED)?;
        let state = query.get("state").unwrap_or_default();
        let plain = state.strip_suffix(FRAGMENT).unwrap_or(state);
        if plain.len() > STATE_MAX || !plain.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(PageError::STATE_WRONG.into());
        }
        Ok(Wish { app, redirect, state: state.to_owned() })
    }

    fn fulfil(mut self, code: &str) -> Response {
        self.redirect.query_pairs_mut().append_pair("code", code).append_pair("state", &self.state);
        let headers = [
            (header::LOCATION, self.redirect.to_string()),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
        ];
        (StatusCode::FOUND, headers).into_response()
    }
}

/// The address, as a browser reads it, if people may be sent there.
fn registered(app: &App, redirect: &str) -> Option<Url> {
    let url = Url::parse(redirect).ok()?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let is_web = matches!(url.scheme(), "http" | "https") && !has_user;
    (is_web && app.may_redirect_to(url.host_str()?, url.port_or_known_default()?)).then_some(url)
}

impl From<PageError> for Stop {
    fn from(error: PageError) -> Stop {
        Stop::Error(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        tracing::error!(%error, "the store could not read");
        Stop::Busy
    }
}

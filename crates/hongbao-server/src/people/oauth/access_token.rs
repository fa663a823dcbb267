//! `GET /cgi-bin/token`: how does an official account's server come to the `access_token` of its calls, and whose is
//! one? Not stored: it says for which secret it was granted, so that another secret ends all of them.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use hongbao_engine::directory::App;
use hongbao_store::Store;
use hongbao_types::{AppId, AppSecret, Timestamp};
use hongbao_wire::oauth::ReplyError;
use serde::Serialize;
use subtle::ConstantTimeEq;

use super::Query;
use super::redeem::{Missing, reply};
use crate::platform::Platform;
use crate::seal;

/// How long a token is good, in seconds of real time.
pub(super) const LIFETIME: i64 = 7200;
const PURPOSE: &str = "hongbao/access-token/1";

#[derive(Serialize)]
struct Granted {
    access_token: String,
    expires_in: i64,
}

pub(crate) async fn get<S: Store>(State(platform): State<Arc<Platform<S>>>, RawQuery(query): RawQuery) -> Response {
    let query = Query::parse(query.unwrap_or_default().as_bytes());
    reply(&platform, grant(&platform, &query).await)
}

async fn grant<S: Store>(platform: &Platform<S>, query: &Query) -> Result<Granted, ReplyError> {
    let credentials = Credentials::read(query)?;
    if query.get("grant_type") != Some("client_credential") {
        return Err(ReplyError::GRANT_TYPE_WRONG);
    }
    let (app, secret) = credentials.judge(platform).await?;
    let key = platform.store.person_key();
    let now = platform.clock.0.now().as_millis().to_be_bytes();
    let content = [&now[..], &seal::fingerprint(key, PURPOSE, secret.expose()), app.id.as_str().as_bytes()].concat();
    let access_token = seal::seal(key, PURPOSE, "", &content).missing()?;
    Ok(Granted { access_token, expires_in: LIFETIME })
}

/// Whose token this is.
pub(in crate::people) async fn account_of<S: Store>(
    platform: &Platform<S>,
    token: &str,
) -> Result<Arc<App>, ReplyError> {
    let key = platform.store.person_key();
    let content = seal::unseal(key, PURPOSE, "", token).ok_or(ReplyError::TOKEN_INVALID)?;
    let (issued_at, rest) = content.split_first_chunk().ok_or(ReplyError::TOKEN_INVALID)?;
    let (granted_for, id) = rest.split_first_chunk::<16>().ok_or(ReplyError::TOKEN_INVALID)?;
    let id = std::str::from_utf8(id).ok().and_then(|id| AppId::try_new(id).ok()).ok_or(ReplyError::TOKEN_INVALID)?;
    let app = platform.in_time(platform.directory.app(&id)).await.missing()?.ok_or(ReplyError::TOKEN_INVALID)?;
    let secret = app.app_secret.as_ref().ok_or(ReplyError::TOKEN_INVALID)?;
    if !bool::from(seal::fingerprint(key, PURPOSE, secret.expose()).ct_eq(granted_for)) {
        return Err(ReplyError::TOKEN_INVALID);
    }
    let issued_at = i64::from_be_bytes(*issued_at);
    let until = Timestamp::from_millis(issued_at).plus_millis(LIFETIME * 1000);
    if platform.clock.0.now() < until { Ok(app) } else { Err(ReplyError::TOKEN_EXPIRED) }
}

/// `appid` and `secret`, as given.
pub(super) struct Credentials<'a> {
    app_id: &'a str,
    secret: &'a str,
}

impl<'a> Credentials<'a> {
    pub(super) fn read(query: &'a Query) -> Result<Credentials<'a>, ReplyError> {
        let app_id = query.get("appid").ok_or(ReplyError::APPID_MISSING)?;
        let secret = query.get("secret").ok_or(ReplyError::SECRET_MISSING)?;
        Ok(Credentials { app_id, secret })
    }

    /// The app whose they are.
    pub(super) async fn judge<S: Store>(&self, platform: &Platform<S>) -> Result<(Arc<App>, AppSecret), ReplyError> {
        let id = AppId::try_new(self.app_id).map_err(|_| ReplyError::APPID_INVALID)?;
        let app = platform.in_time(platform.directory.app(&id)).await.missing()?.ok_or(ReplyError::APPID_INVALID)?;
        let secret = app.app_secret.clone().ok_or(ReplyError::SECRET_INVALID)?;
        let is_right = bool::from(secret.expose().as_bytes().ct_eq(self.secret.as_bytes()));
        if is_right { Ok((app, secret)) } else { Err(ReplyError::SECRET_INVALID) }
    }
}

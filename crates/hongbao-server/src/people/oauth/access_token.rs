//! `GET /cgi-bin/token`: how does an official account's server come to the `access_token` of its calls, and whose is
//! one? Not stored: an account's secret is part of the code over it, so that another secret ends all of them.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use hongbao_engine::directory::App;
use hongbao_store::Store;
use hongbao_types::{AppId, AppSecret, Timestamp};
use hongbao_wire::oauth::ReplyError;
use serde::Serialize;
use subtle::ConstantTimeEq;

use super::redeem::{Missing, reply};
use super::{Query, random};
use crate::platform::Platform;
use crate::tokens;

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
    let nonce: [u8; 8] = random().missing()?;
    let now = platform.clock.0.now().as_millis().to_be_bytes();
    let content = [&now[..], &nonce, app.id.as_str().as_bytes()].concat();
    let access_token = tokens::seal(platform.store.person_key(), PURPOSE, secret.expose(), &content);
    Ok(Granted { access_token, expires_in: LIFETIME })
}

/// Whose token this is.
pub(in crate::people) async fn account_of<S: Store>(
    platform: &Platform<S>,
    token: &str,
) -> Result<Arc<App>, ReplyError> {
    let named = tokens::peek(token).and_then(|content| Some(content.get(16..)?.to_vec()));
    let id = named.and_then(|id| AppId::try_new(std::str::from_utf8(&id).ok()?).ok());
    let id = id.ok_or(ReplyError::TOKEN_INVALID)?;
    let app = platform.in_time(platform.directory.app(&id)).await.missing()?.ok_or(ReplyError::TOKEN_INVALID)?;
    let secret = app.app_secret.as_ref().ok_or(ReplyError::TOKEN_INVALID)?;
    let content = tokens::unseal(platform.store.person_key(), PURPOSE, secret.expose(), token);
    let content = content.ok_or(ReplyError::TOKEN_INVALID)?;
    let issued_at = content.first_chunk().map_or(i64::MIN, |at| i64::from_be_bytes(*at));
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

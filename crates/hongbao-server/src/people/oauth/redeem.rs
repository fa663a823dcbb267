//! `GET /sns/oauth2/access_token`: a merchant's server redeems a code. Always HTTP 200 and `text/plain`, as production
//! answers: whether it is an error, `errcode` says.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hongbao_engine::command::RedeemCode;
use hongbao_engine::outcome::RedeemRejection;
use hongbao_store::Store;
use hongbao_wire::oauth::ReplyError;
use serde::Serialize;

use super::access_token::{Credentials, LIFETIME};
use super::{Query, code, person_bytes, random};
use crate::body;
use crate::people::assertion::Person;
use crate::platform::Platform;
use crate::seal;

/// The most bytes of a form: four short fields.
const BODY_LIMIT: usize = 4 * 1024;

/// In the order of production's reply.
#[derive(Serialize)]
struct Redeemed {
    access_token: String,
    expires_in: i64,
    refresh_token: String,
    openid: String,
    scope: &'static str,
}

#[derive(Serialize)]
struct Refused {
    errcode: i32,
    errmsg: String,
}

pub(crate) async fn by_query<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::parse(query.unwrap_or_default().as_bytes());
    reply(&platform, redeem(&platform, &query).await)
}

/// Some clients post what others put into the query, or a part of it.
pub(crate) async fn by_form<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    RawQuery(query): RawQuery,
    form: Body,
) -> Response {
    let form = match body::read(form, BODY_LIMIT, platform.http.body_patience).await {
        Ok(form) => form,
        Err(error) => {
            tracing::info!(%error, "a code's form was not read");
            return reply::<S, Redeemed>(&platform, Err(ReplyError::APPID_MISSING));
        }
    };
    let mut query = Query::parse(query.unwrap_or_default().as_bytes());
    query.0.extend(Query::parse(&form).0);
    reply(&platform, redeem(&platform, &query).await)
}

async fn redeem<S: Store>(platform: &Platform<S>, query: &Query) -> Result<Redeemed, ReplyError> {
    let credentials = Credentials::read(query)?;
    let code = query.get("code").ok_or(ReplyError::CODE_MISSING)?;
    if query.get("grant_type") != Some("authorization_code") {
        return Err(ReplyError::GRANT_TYPE_WRONG);
    }
    let (app, _) = credentials.judge(platform).await?;
    let key = platform.store.person_key();
    let (code, openid) = code::read(key, &app.id, code).ok_or(ReplyError::CODE_INVALID)?;
    let attempt = random().missing()?;
    platform.redeem_code(RedeemCode { code, attempt }).await.missing()?.map_err(|rejection| match rejection {
        RedeemRejection::Used => ReplyError::CODE_USED,
        RedeemRejection::Expired => ReplyError::CODE_EXPIRED,
    })?;
    let person = Person { app: app.id.clone(), openid };
    let token = |purpose| seal::seal(key, purpose, "", &person_bytes(&person)).missing();
    Ok(Redeemed {
        access_token: token("hongbao/web-token/1")?,
        expires_in: LIFETIME,
        refresh_token: token("hongbao/refresh-token/1")?,
        openid: person.openid.to_string(),
        scope: "snsapi_base",
    })
}

/// What a server is answered.
pub(in crate::people) fn reply<S: Store, T: Serialize>(
    platform: &Platform<S>,
    result: Result<T, ReplyError>,
) -> Response {
    let text = match result {
        Ok(reply) => serde_json::to_string(&reply),
        Err(error) => {
            tracing::info!(errcode = error.code, why = error.cause.en, "a server was refused");
            let errmsg = format!("{}, rid: {}", error.text, request_id(platform));
            serde_json::to_string(&Refused { errcode: error.code, errmsg })
        }
    };
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, text.expect("it has no map whose keys are no texts")).into_response()
}

/// In the form of production's: the second and two random numbers.
fn request_id<S: Store>(platform: &Platform<S>) -> String {
    let second = platform.clock.0.now().as_millis().div_euclid(1000);
    let [a, b] = random::<8>().map_or([0; 2], |bytes| {
        let number = u64::from_be_bytes(bytes);
        [number >> 32, number & u64::from(u32::MAX)]
    });
    format!("{second:08x}-{a:08x}-{b:08x}")
}

/// What is not known in time.
pub(in crate::people) trait Missing<T> {
    /// A server is told to come again.
    fn missing(self) -> Result<T, ReplyError>;
}

impl<T, E: std::fmt::Display> Missing<T> for Result<T, E> {
    fn missing(self) -> Result<T, ReplyError> {
        self.map_err(|error| {
            tracing::error!(%error, "a server can't be answered");
            ReplyError::SYSTEM_ERROR
        })
    }
}

//! `/admin/apps/{app_id}`: an app is so; how is an app? What it is, its operator's public keys, the merchants who may
//! send to its people, and these: their openids, who is registered, and who is blocked.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use hongbao_engine::command::PutPerson;
use hongbao_engine::directory::{App, AppKey, AppKind, Person, PersonId};
use hongbao_store::{CallError, Store};
use hongbao_types::{AppId, AppSecret, IdError, MerchantId, WorkwxSecret};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::credentials::CredentialReply;
use super::patch::{in_place, merged};
use super::{Body, PutQuery, QueryString, ValidityReply, id, unknown, validity, web};
use crate::api_error::ApiError;
use crate::change::change;
use crate::people::openid_of;
use crate::platform::Platform;

/// An app as an operator gives it, and, but for its secrets, sees it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppBody {
    /// What it is; an official account when left out.
    kind: Option<String>,
    /// Whether it knows registered people only.
    #[serde(default)]
    registered_only: bool,
    /// A corporation's secret: left out, the stored one stays; empty, it is taken away. It never comes out.
    #[serde(default, skip_serializing)]
    workwx_secret: Option<String>,
    /// The app's secret (`AppSecret`), likewise.
    #[serde(default, skip_serializing)]
    app_secret: Option<String>,
    /// The hosts that web authorisation may send people to: `host`, at any port, or `host:port`.
    #[serde(default)]
    redirect_hosts: Vec<String>,
    /// The origins whose pages may call from a browser: `scheme://host[:port]`.
    #[serde(default)]
    origins: Vec<String>,
    #[serde(default)]
    keys: Vec<KeyBody>,
    #[serde(default)]
    merchants: Vec<String>,
}

/// An app as an operator sees it.
#[derive(Serialize)]
pub(crate) struct AppReply {
    #[serde(flatten)]
    settings: AppBody,
    has_workwx_secret: bool,
    has_app_secret: bool,
    /// With which its own server comes in; never their tokens.
    credentials: Vec<CredentialReply>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct KeyBody {
    /// Its name in the assertion's header (`kid`).
    id: String,
    /// The public key, PEM: Ed25519 or P-256.
    public_key_pem: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
}

pub(crate) async fn put<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(app_id): Path<String>,
    QueryString(query): QueryString<PutQuery>,
    Body(body): Body<AppBody>,
) -> Result<StatusCode, ApiError> {
    let id: AppId = id(&app_id)?;
    change(&platform, &id, |stored| in_place(body.read(&id, stored)?, stored, query.replace, &id)).await?;
    tracing::info!(app.id = %id, "an app was stored");
    Ok(StatusCode::NO_CONTENT)
}

/// Changes what is given, and nothing else (RFC 7396).
pub(crate) async fn patch<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(app_id): Path<String>,
    Body(patch): Body<Map<String, Value>>,
) -> Result<StatusCode, ApiError> {
    let id: AppId = id(&app_id)?;
    let patched = |stored: Option<&App>| {
        let stored = stored.ok_or_else(|| no_such_app(&id))?;
        merged::<AppBody>(&AppBody::show(stored), &patch)?.read(&id, Some(stored))
    };
    change(&platform, &id, patched).await?;
    tracing::info!(app.id = %id, "an app was changed");
    Ok(StatusCode::NO_CONTENT)
}

/// A merchant may send to the app's people.
pub(crate) async fn bind<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path((app_id, merchant_id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    set_bound(&platform, &id(&app_id)?, &id(&merchant_id)?, true).await
}

/// A merchant may no longer.
pub(crate) async fn unbind<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path((app_id, merchant_id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    set_bound(&platform, &id(&app_id)?, &id(&merchant_id)?, false).await
}

async fn set_bound<S: Store>(
    platform: &Platform<S>,
    id: &AppId,
    merchant: &MerchantId,
    is_bound: bool,
) -> Result<StatusCode, ApiError> {
    let bound = |stored: Option<&App>| {
        let mut app = stored.ok_or_else(|| no_such_app(id))?.clone();
        if is_bound && !app.merchants.contains(merchant) {
            app.merchants.push(merchant.clone());
        } else if !is_bound {
            app.merchants.retain(|bound| bound != merchant);
        }
        Ok(app)
    };
    change(platform, id, bound).await?;
    tracing::info!(app.id = %id, merchant.id = %merchant, is_bound, "an app's merchants were changed");
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn no_such_app(id: &AppId) -> ApiError {
    ApiError::refused(StatusCode::NOT_FOUND, "no_such_app", format!("there is no app {id}"))
}

pub(crate) async fn get<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(app_id): Path<String>,
) -> Result<Json<AppReply>, ApiError> {
    let app_id: AppId = id(&app_id)?;
    let app = platform.store.app(&app_id).await?.ok_or_else(|| no_such_app(&app_id))?;
    Ok(Json(AppReply {
        settings: AppBody::show(&app),
        has_workwx_secret: app.workwx_secret.is_some(),
        has_app_secret: app.app_secret.is_some(),
        credentials: app.credentials.iter().map(CredentialReply::show).collect(),
    }))
}

/// A person as an operator gives and sees it: registered by being there.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonBody {
    /// Whether nothing is sent to them.
    #[serde(default)]
    blocked: bool,
}

pub(crate) async fn put_person<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path((app_id, openid)): Path<(String, String)>,
    Body(body): Body<PersonBody>,
) -> Result<StatusCode, ApiError> {
    let id = PersonId { app: id(&app_id)?, openid: id(&openid)? };
    let person = Person { id, is_blocked: body.blocked };
    platform.put_person(PutPerson { person }).await?.map_err(|_| CallError::SystemError)?;
    tracing::info!(app.id = %app_id, is_blocked = body.blocked, "a person was stored");
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn get_person<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path((app_id, openid)): Path<(String, String)>,
) -> Result<Json<PersonBody>, ApiError> {
    let id = PersonId { app: id(&app_id)?, openid: id(&openid)? };
    let person =
        platform.store.person(&id).await?.ok_or_else(|| {
            ApiError::refused(StatusCode::NOT_FOUND, "no_such_person", "nothing is known of that person")
        })?;
    Ok(Json(PersonBody { blocked: person.is_blocked }))
}

/// What the operator's id of a person is as an openid.
#[derive(Serialize)]
pub(crate) struct PersonReply {
    openid: String,
}

pub(crate) async fn person<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path((app_id, person)): Path<(String, String)>,
) -> Result<Json<PersonReply>, ApiError> {
    let openid = openid_of(&platform, &id(&app_id)?, &person)
        .map_err(|why| ApiError::invalid(format!("that can't be a person: {why}")))?;
    Ok(Json(PersonReply { openid: openid.to_string() }))
}

impl AppBody {
    fn show(app: &App) -> AppBody {
        let keys = app.keys.iter().map(|key| {
            let validity = ValidityReply::show(key.validity);
            KeyBody {
                id: key.id.clone(),
                public_key_pem: key.public_key_pem.clone(),
                valid_from: validity.valid_from,
                valid_until: validity.valid_until,
            }
        });
        AppBody {
            kind: Some(app.kind.name().to_owned()),
            registered_only: app.registered_only,
            workwx_secret: None,
            app_secret: None,
            redirect_hosts: app.redirect_hosts.clone(),
            origins: app.origins.clone(),
            keys: keys.collect(),
            merchants: app.merchants.iter().map(ToString::to_string).collect(),
        }
    }

    /// What it says, with what it leaves out of what is stored.
    fn read(&self, app_id: &AppId, stored: Option<&App>) -> Result<App, ApiError> {
        let keys = self.keys.iter().map(KeyBody::read).collect::<Result<Vec<_>, _>>()?;
        let mut ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
        ids.sort_unstable();
        if !ids.is_sorted_by(|a, b| a < b) {
            return Err(ApiError::invalid("every key needs an id of its own"));
        }
        let merchants = self.merchants.iter().map(|merchant| id(merchant)).collect::<Result<Vec<_>, _>>()?;
        let kind = self.kind.as_deref().map_or(Ok(AppKind::default()), |name| {
            AppKind::from_name(name).ok_or_else(|| unknown("kind", AppKind::ALL.map(AppKind::name)))
        })?;
        let workwx_secret: Option<WorkwxSecret> =
            secret(self.workwx_secret.as_deref(), stored.and_then(|stored| stored.workwx_secret.clone()))?;
        let app_secret: Option<AppSecret> =
            secret(self.app_secret.as_deref(), stored.and_then(|stored| stored.app_secret.clone()))?;
        Ok(App {
            id: app_id.clone(),
            kind,
            registered_only: self.registered_only,
            workwx_secret,
            app_secret,
            redirect_hosts: self
                .redirect_hosts
                .iter()
                .map(|host| web::redirect_host(host))
                .collect::<Result<_, _>>()?,
            origins: self.origins.iter().map(|origin| web::origin(origin)).collect::<Result<_, _>>()?,
            keys,
            merchants,
            // These are given and taken away by calls of their own.
            credentials: stored.map(|stored| stored.credentials.clone()).unwrap_or_default(),
        })
    }
}

/// A secret as given: left out, the stored one; empty, none.
fn secret<T: std::str::FromStr<Err = IdError>>(given: Option<&str>, stored: Option<T>) -> Result<Option<T>, ApiError> {
    match given {
        None => Ok(stored),
        Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|error: IdError| ApiError::invalid(error.to_string())),
    }
}

impl KeyBody {
    fn read(&self) -> Result<AppKey, ApiError> {
        if !is_ed25519_or_p256(&self.public_key_pem) {
            let message = format!("key {:?}: public_key_pem must hold an Ed25519 or P-256 public key", self.id);
            return Err(ApiError::invalid(message));
        }
        let validity = validity(self.valid_from.as_deref(), self.valid_until.as_deref())?;
        Ok(AppKey { id: self.id.clone(), public_key_pem: self.public_key_pem.clone(), validity })
    }
}

/// The two kinds of keys with which assertions may be signed (RFC 8410, RFC 5480).
fn is_ed25519_or_p256(pem: &str) -> bool {
    let Ok(der) = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()) else { return false };
    let Ok((_, key)) = SubjectPublicKeyInfo::from_der(&der) else { return false };
    let algorithm = key.algorithm.algorithm.to_id_string();
    let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok()).map(|oid| oid.to_id_string());
    algorithm == "1.3.101.112" || (algorithm == "1.2.840.10045.2.1" && curve.as_deref() == Some("1.2.840.10045.3.1.7"))
}

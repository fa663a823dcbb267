//! `/admin/apps/{app_id}`: an app is so; how is an app? What it is, its operator's public keys, the merchants who may
//! send to its people, and these: their openids, who is registered, and who is blocked.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use hongbao_engine::command::{PutApp, PutPerson};
use hongbao_engine::directory::{App, AppKey, AppKind, Person, PersonId};
use hongbao_store::Store;
use hongbao_types::{AppId, WorkwxSecret};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::{Body, PutQuery, QueryString, ValidityReply, id, put_error, unknown, validity};
use crate::api_error::ApiError;
use crate::people::openid_of;
use crate::platform::Platform;

/// An app as an operator gives and sees it.
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
    /// Whether there is one; not read.
    #[serde(default)]
    has_workwx_secret: bool,
    #[serde(default)]
    keys: Vec<KeyBody>,
    #[serde(default)]
    merchants: Vec<String>,
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
    let keeps_secret = body.workwx_secret.is_none();
    let app = body.read(id(&app_id)?)?;
    let stored = platform.put_app(Box::new(PutApp { app, replace: query.replace, keeps_secret })).await?;
    stored.map_err(|rejection| put_error(&format!("app {app_id}"), rejection))?;
    platform.directory.forget();
    tracing::info!(app.id = %app_id, "an app was stored");
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn get<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(app_id): Path<String>,
) -> Result<Json<AppBody>, ApiError> {
    let app_id: AppId = id(&app_id)?;
    let app =
        platform.store.app(&app_id).await?.ok_or_else(|| {
            ApiError::refused(StatusCode::NOT_FOUND, "no_such_app", format!("there is no app {app_id}"))
        })?;
    let keys = app.keys.into_iter().map(|key| {
        let validity = ValidityReply::show(key.validity);
        KeyBody {
            id: key.id,
            public_key_pem: key.public_key_pem,
            valid_from: validity.valid_from,
            valid_until: validity.valid_until,
        }
    });
    let merchants = app.merchants.iter().map(ToString::to_string).collect();
    Ok(Json(AppBody {
        kind: Some(app.kind.name().to_owned()),
        registered_only: app.registered_only,
        workwx_secret: None,
        has_workwx_secret: app.workwx_secret.is_some(),
        keys: keys.collect(),
        merchants,
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
    platform.put_person(PutPerson { person }).await?.map_err(|rejection| put_error("the person", rejection))?;
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
    fn read(self, app_id: AppId) -> Result<App, ApiError> {
        let keys = self.keys.into_iter().map(KeyBody::read).collect::<Result<Vec<_>, _>>()?;
        let mut ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
        ids.sort_unstable();
        if !ids.is_sorted_by(|a, b| a < b) {
            return Err(ApiError::invalid("every key needs an id of its own"));
        }
        let merchants = self.merchants.iter().map(|merchant| id(merchant)).collect::<Result<Vec<_>, _>>()?;
        let kind = self.kind.as_deref().map_or(Ok(AppKind::default()), |name| {
            AppKind::from_name(name).ok_or_else(|| unknown("kind", AppKind::ALL.map(AppKind::name)))
        })?;
        let workwx_secret = self.workwx_secret.filter(|secret| !secret.is_empty());
        let workwx_secret = workwx_secret.map(|secret| WorkwxSecret::try_new(&secret)).transpose();
        Ok(App {
            id: app_id,
            kind,
            registered_only: self.registered_only,
            workwx_secret: workwx_secret.map_err(|error| ApiError::invalid(error.to_string()))?,
            keys,
            merchants,
        })
    }
}

impl KeyBody {
    fn read(self) -> Result<AppKey, ApiError> {
        if !is_ed25519_or_p256(&self.public_key_pem) {
            let message = format!("key {:?}: public_key_pem must hold an Ed25519 or P-256 public key", self.id);
            return Err(ApiError::invalid(message));
        }
        let validity = validity(self.valid_from.as_deref(), self.valid_until.as_deref())?;
        Ok(AppKey { id: self.id, public_key_pem: self.public_key_pem, validity })
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

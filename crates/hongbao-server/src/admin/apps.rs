//! `/admin/apps/{app_id}`: an app is so; how is an app? Its operator's public keys, and the merchants
//! who may send to its people.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use hongbao_engine::command::PutApp;
use hongbao_engine::directory::{App, AppKey};
use hongbao_store::Store;
use hongbao_types::AppId;
use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};

use super::{Body, PutQuery, ValidityBody, id};
use crate::api_error::ApiError;
use crate::platform::Platform;

/// An app as an operator gives and sees it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppBody {
    #[serde(default)]
    keys: Vec<KeyBody>,
    #[serde(default)]
    merchants: Vec<String>,
}

#[derive(Deserialize, Serialize)]
struct KeyBody {
    /// Its name in the assertion's header (`kid`).
    id: String,
    /// The public key, PEM: Ed25519 or P-256.
    public_key_pem: String,
    #[serde(flatten)]
    validity: ValidityBody,
}

pub(crate) async fn put<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(app_id): Path<String>,
    Query(query): Query<PutQuery>,
    Body(body): Body<AppBody>,
) -> Result<StatusCode, ApiError> {
    let app = body.read(id(&app_id)?)?;
    platform.put_app(Box::new(PutApp { app, replace: query.replace })).await?.map_err(|rejection| {
        let message = format!("app {app_id}: {rejection}; replace it with ?replace=true");
        ApiError::refused(StatusCode::CONFLICT, "exists", message)
    })?;
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
    let keys = app.keys.into_iter().map(|key| KeyBody {
        id: key.id,
        public_key_pem: key.public_key_pem,
        validity: ValidityBody::show(key.validity),
    });
    let merchants = app.merchants.iter().map(ToString::to_string).collect();
    Ok(Json(AppBody { keys: keys.collect(), merchants }))
}

impl AppBody {
    fn read(self, app_id: AppId) -> Result<App, ApiError> {
        let keys = self.keys.into_iter().map(KeyBody::read).collect::<Result<Vec<_>, _>>()?;
        let merchants = self.merchants.iter().map(|merchant| id(merchant)).collect::<Result<Vec<_>, _>>()?;
        Ok(App { id: app_id, keys, merchants })
    }
}

impl KeyBody {
    fn read(self) -> Result<AppKey, ApiError> {
        let pem = self.public_key_pem.as_bytes();
        if DecodingKey::from_ed_pem(pem).is_err() && DecodingKey::from_ec_pem(pem).is_err() {
            let message = format!("key {:?}: public_key_pem must hold an Ed25519 or P-256 public key", self.id);
            return Err(ApiError::invalid(message));
        }
        Ok(AppKey { id: self.id, validity: self.validity.read()?, public_key_pem: self.public_key_pem })
    }
}

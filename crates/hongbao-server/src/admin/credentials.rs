//! `/admin/apps/{app_id}/credentials`: with what may the app's own server come in? A token is drawn here and shown once;
//! only its SHA-256 is kept.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hongbao_engine::directory::{App, Credential, Scope, Validity};
use hongbao_store::Store;
use hongbao_types::AppId;
use serde::{Deserialize, Serialize};

use super::apps::no_such_app;
use super::{Body, ValidityReply, id, parse_time, unknown};
use crate::api_error::ApiError;
use crate::change::change;
use crate::people::{TOKEN_PREFIX, token_sha256};
use crate::platform::Platform;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialBody {
    /// Its name: 1 to 64 letters, digits, `-` or `_`.
    id: String,
    /// What it permits: `wallets`, `withdrawals`, `erasure`.
    scopes: Vec<String>,
    /// Until when it counts, in real time; for ever when left out.
    valid_until: Option<String>,
}

/// A credential as an operator sees it.
#[derive(Serialize)]
pub(crate) struct CredentialReply {
    id: String,
    scopes: Vec<&'static str>,
    #[serde(flatten)]
    validity: ValidityReply,
}

/// The same with its token, once.
#[derive(Serialize)]
pub(crate) struct NewCredentialReply {
    #[serde(flatten)]
    credential: CredentialReply,
    token: String,
}

pub(crate) async fn post<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(app_id): Path<String>,
    Body(body): Body<CredentialBody>,
) -> Result<(StatusCode, Json<NewCredentialReply>), ApiError> {
    let app_id: AppId = id(&app_id)?;
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random)
        .map_err(|_| ApiError::refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "no randomness; try again"))?;
    let token = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
    let credential = body.read(token_sha256(&token))?;
    let added = |stored: Option<&App>| {
        let mut app = stored.ok_or_else(|| no_such_app(&app_id))?.clone();
        if app.credentials.iter().any(|known| known.id == credential.id) {
            let message = format!("{app_id} has a credential {} already; revoke it first", credential.id);
            return Err(ApiError::refused(StatusCode::CONFLICT, "credential_exists", message));
        }
        app.credentials.push(credential.clone());
        Ok(app)
    };
    change(&platform, &app_id, added).await?;
    tracing::info!(app.id = %app_id, credential.id = %credential.id, "a credential was added");
    let credential = CredentialReply::show(&credential);
    Ok((StatusCode::CREATED, Json(NewCredentialReply { credential, token })))
}

pub(crate) async fn delete<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path((app_id, credential)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let app_id: AppId = id(&app_id)?;
    let revoked = |stored: Option<&App>| {
        let mut app = stored.ok_or_else(|| no_such_app(&app_id))?.clone();
        let count = app.credentials.len();
        app.credentials.retain(|known| known.id != credential);
        if app.credentials.len() == count {
            let message = format!("{app_id} has no such credential");
            return Err(ApiError::refused(StatusCode::NOT_FOUND, "no_such_credential", message));
        }
        Ok(app)
    };
    change(&platform, &app_id, revoked).await?;
    tracing::info!(app.id = %app_id, credential.id = %credential, "a credential was revoked");
    Ok(StatusCode::NO_CONTENT)
}

impl CredentialBody {
    fn read(&self, token_sha256: [u8; 32]) -> Result<Credential, ApiError> {
        let may_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if !(1..=64).contains(&self.id.len()) || !self.id.bytes().all(may_name) {
            return Err(ApiError::invalid("id must be 1 to 64 letters, digits, '-' or '_'"));
        }
        let scope =
            |name: &String| Scope::from_name(name).ok_or_else(|| unknown("scopes", Scope::ALL.map(Scope::name)));
        let mut scopes = self.scopes.iter().map(scope).collect::<Result<Vec<_>, _>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(ApiError::invalid("scopes must name at least one thing that it permits"));
        }
        let until = self.valid_until.as_deref().map(parse_time).transpose()?;
        let validity = Validity { from: Validity::ALWAYS.from, until };
        Ok(Credential { id: self.id.clone(), token_sha256, scopes, validity })
    }
}

impl CredentialReply {
    pub(super) fn show(credential: &Credential) -> CredentialReply {
        CredentialReply {
            id: credential.id.clone(),
            scopes: credential.scopes.iter().map(|scope| scope.name()).collect(),
            validity: ValidityReply::show(credential.validity),
        }
    }
}

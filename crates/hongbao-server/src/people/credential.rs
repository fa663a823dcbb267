//! Is this the app's own server? It shows the token of a credential that an operator gave it.

use axum::http::HeaderMap;
use hongbao_engine::directory::{Credential, Scope};
use hongbao_store::Store;
use hongbao_types::AppId;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use crate::json_door::bearer;
use crate::platform::Platform;

/// What every token begins with; 43 characters follow.
pub(crate) const TOKEN_PREFIX: &str = "hb_";

/// What is kept of a token.
pub(crate) fn token_sha256(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The app in the path, if who calls may do this in its name. A credential that was revoked counts for half a second
/// more, as long as the directory remembers the app.
pub(super) async fn judge<S: Store>(
    platform: &Platform<S>,
    headers: &HeaderMap,
    app: &str,
    scope: Scope,
) -> Result<AppId, Problem> {
    let token = bearer(headers).filter(|token| token.starts_with(TOKEN_PREFIX)).ok_or(Problem::CREDENTIAL_WRONG)?;
    let given = token_sha256(token);
    let id = AppId::try_new(app).map_err(|_| Problem::CREDENTIAL_WRONG)?;
    let app = platform.in_time(platform.directory.app(&id)).await?.ok_or(Problem::CREDENTIAL_WRONG)?;
    let now = platform.clock.0.now();
    let is_shown = |known: &[u8; 32]| bool::from(known.ct_eq(&given));
    let counts = |known: &&Credential| known.validity.contains(now) && is_shown(&known.token_sha256);
    let credential = app.credentials.iter().find(counts).ok_or(Problem::CREDENTIAL_WRONG)?;
    if credential.scopes.contains(&scope) { Ok(id) } else { Err(Problem::SCOPE_MISSING) }
}

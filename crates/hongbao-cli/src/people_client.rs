//! How does a command open a packet? As an app would for its user: with an assertion of who is asking.

use hongbao_types::{OpenId, PacketId};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::admin_client::api_failure;
use crate::error::{Failure, Result, chain};
use crate::profile::AppAccess;

/// An assertion, signed by the app, that `openid` asks for `packet`. It counts for a minute.
pub(crate) fn assertion(app: &AppAccess, openid: &OpenId, packet: &PacketId) -> Result<String> {
    let pem = app.private_key.as_bytes();
    let (algorithm, key) = EncodingKey::from_ed_pem(pem)
        .map(|key| (Algorithm::EdDSA, key))
        .or_else(|_| EncodingKey::from_ec_pem(pem).map(|key| (Algorithm::ES256, key)))
        .map_err(|_| Failure::new("the app's private key is neither Ed25519 nor P-256 in PEM (PKCS#8)"))?;
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "iss": app.app.as_str(),
        "sub": openid.as_str(),
        "aud": hongbao_server::ASSERTION_AUDIENCE,
        "packet": packet.as_str(),
        "iat": now,
        "exp": now + 60,
    });
    let header = Header { kid: Some(app.key_id.clone()), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, &claims, &key)
        .map_err(|error| Failure::new(format!("the assertion could not be signed: {error}")))
}

/// Opens `packet` as `openid`.
pub(crate) async fn claim(app: &AppAccess, openid: &OpenId, packet: &PacketId) -> Result<Value> {
    let http = crate::http::client(app.root_ca.as_deref())?;
    let reply = http
        .post(format!("{}/packets/{packet}/claims", app.base_url.trim_end_matches('/')))
        .bearer_auth(assertion(app, openid, packet)?)
        .send()
        .await
        .map_err(|error| {
            Failure::new(format!("no answer: {}", chain(&error)))
                .hint("the same call again gets the same share: nobody opens a packet twice")
        })?;
    let status = reply.status();
    let body: Value =
        reply.json().await.map_err(|error| Failure::new(format!("the answer can't be read: {}", chain(&error))))?;
    if status.is_success() { Ok(body) } else { Err(api_failure(status, &body)) }
}

//! How does a command open a packet? As an app would for its user: with an assertion of who is asking.

use hongbao_types::{OpenId, PacketId};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

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

/// Opens `packet` as `openid`, perhaps by the token of a link.
pub(crate) async fn claim(app: &AppAccess, openid: &OpenId, packet: &PacketId, link: Option<&str>) -> Result<Value> {
    let hint = "the same call again gets the same share: nobody opens a packet twice";
    call(app, openid, (Method::POST, packet, "/claims"), link, hint).await
}

/// What `openid` sees of `packet`; `query` asks for a page of its shares.
pub(crate) async fn packet(
    app: &AppAccess,
    openid: &OpenId,
    packet: &PacketId,
    link: Option<&str>,
    query: &str,
) -> Result<Value> {
    call(app, openid, (Method::GET, packet, query), link, "is the platform running, and is the profile its own?").await
}

async fn call(
    app: &AppAccess,
    openid: &OpenId,
    (method, packet, what): (Method, &PacketId, &str),
    link: Option<&str>,
    hint: &str,
) -> Result<Value> {
    let http = crate::http::client(app.root_ca.as_deref())?;
    let mut request = http
        .request(method, format!("{}/packets/{packet}{what}", app.base_url.trim_end_matches('/')))
        .bearer_auth(assertion(app, openid, packet)?);
    if let Some(link) = link {
        request = request.header("hongbao-link", link);
    }
    let reply =
        request.send().await.map_err(|error| Failure::new(format!("no answer: {}", chain(&error))).hint(hint))?;
    let status = reply.status();
    let body: Value =
        reply.json().await.map_err(|error| Failure::new(format!("the answer can't be read: {}", chain(&error))))?;
    if status.is_success() { Ok(body) } else { Err(problem(status, &body)) }
}

/// What the people's door said, as a failure.
fn problem(status: StatusCode, body: &Value) -> Failure {
    let text = body["title"].as_str().unwrap_or("no reason was given");
    let failure = Failure::new(format!("{text} (HTTP {})", status.as_u16()))
        .fact("code", body["code"].clone())
        .fact("money_moved", body["money_moved"].clone());
    match body["detail"].as_str() {
        Some(todo) => failure.hint(todo),
        None => failure,
    }
}

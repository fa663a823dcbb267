//! Who is this person? The operator's own app says so, in a short-lived signed assertion (a JWT).
//!
//! Header: `alg` (`EdDSA` or `ES256`), `kid` (a key of the app). Claims: `iss` the app id, `sub` the
//! operator's id of the person (in a sandbox, the openid itself), `aud` [`ASSERTION_AUDIENCE`],
//! `iat` and `exp` at most five minutes apart; and, for a packet, `packet` its id: such an assertion opens no other,
//! and is good for nothing else.

use std::sync::Arc;

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use hongbao_engine::directory::App;
use hongbao_store::{Store, StoreError};
use hongbao_types::{AppId, OpenId, PacketId, PersonKey, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::Sha256;

use super::browser;
use super::oauth::session;
use crate::json_door::bearer;
use crate::platform::Platform;

/// Whom an assertion is for (`aud`).
pub const ASSERTION_AUDIENCE: &str = "hongbao";

/// The longest an assertion may count, in seconds.
const LIFETIME_MAX: i64 = 300;
/// How far ahead the app's clock may be, in seconds.
const LEEWAY: i64 = 30;
/// What an openid is made of.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Who was asserted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Person {
    pub(crate) app: AppId,
    pub(crate) openid: OpenId,
}

/// What an assertion is to be for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose<'a> {
    /// This packet.
    Packet(&'a PacketId),
    /// No packet: only to say who is there.
    Identity,
}

/// Why an assertion does not count; `problem.rs` has the words.
#[derive(Debug)]
pub(crate) enum AssertionError {
    Missing,
    Unreadable,
    Algorithm,
    UnknownKey,
    Signature,
    Elsewhere,
    TooLong,
    NotYet,
    Expired,
    Subject,
    TooOften,
    Origin,
    Store(StoreError),
}

impl From<StoreError> for AssertionError {
    fn from(error: StoreError) -> AssertionError {
        AssertionError::Store(error)
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    packet: Option<String>,
    iat: i64,
    exp: i64,
    nbf: Option<i64>,
}

/// Who came, and the app that says so.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) person: Person,
    pub(crate) app: Arc<App>,
}

/// Reads and judges the assertion that came with a request.
pub(crate) async fn judge<S: Store>(
    platform: &Platform<S>,
    headers: &HeaderMap,
    purpose: Purpose<'_>,
) -> Result<Guest, AssertionError> {
    let guest = match (bearer(headers), purpose) {
        (Some(token), _) => judge_token(platform, token, purpose).await?,
        // A browser that showed an assertion before.
        (None, Purpose::Identity) => {
            let person = session::visitor(platform, headers).ok_or(AssertionError::Missing)?;
            let app = platform.in_time(platform.directory.app(&person.app)).await?;
            Guest { app: app.ok_or(AssertionError::UnknownKey)?, person }
        }
        (None, Purpose::Packet(_)) => return Err(AssertionError::Missing),
    };
    admit(platform, headers, guest)
}

/// Reads and judges an assertion that came in a form.
pub(super) async fn judge_form<S: Store>(
    platform: &Platform<S>,
    headers: &HeaderMap,
    token: &str,
) -> Result<Guest, AssertionError> {
    admit(platform, headers, judge_token(platform, token, Purpose::Identity).await?)
}

/// Lets somebody in whom one knows: not too often, and not from anybody's page.
fn admit<S: Store>(platform: &Platform<S>, headers: &HeaderMap, guest: Guest) -> Result<Guest, AssertionError> {
    if !platform.people_limiter.admits_person(&guest.person) {
        return Err(AssertionError::TooOften);
    }
    if browser::may_come(headers, &guest.app) { Ok(guest) } else { Err(AssertionError::Origin) }
}

async fn judge_token<S: Store>(
    platform: &Platform<S>,
    token: &str,
    purpose: Purpose<'_>,
) -> Result<Guest, AssertionError> {
    // What is wrong with it is not said: it may quote the assertion, which is about a person.
    let header = jsonwebtoken::decode_header(token).map_err(|_| AssertionError::Unreadable)?;
    // Who it says it is from, only to know whose key to try.
    let claimed: Claims =
        jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| AssertionError::Unreadable)?;
    let app_id = AppId::try_new(&claimed.iss).map_err(|_| AssertionError::UnknownKey)?;
    let app = platform.in_time(platform.directory.app(&app_id)).await?.ok_or(AssertionError::UnknownKey)?;
    let now = platform.clock.0.now();
    let key_id = header.kid.as_deref().ok_or(AssertionError::UnknownKey)?;
    let key = decoding_key(&app, key_id, header.alg, now)?;

    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[ASSERTION_AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "aud"]);
    // Its times are judged below, by the platform's own clock.
    validation.validate_exp = false;
    let token = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| AssertionError::Signature)?;
    let claims = token.claims;

    let now = now.as_millis().div_euclid(1000);
    let packet = match purpose {
        Purpose::Packet(packet) => Some(packet.as_str()),
        Purpose::Identity => None,
    };
    if claims.packet.as_deref() != packet {
        return Err(AssertionError::Elsewhere);
    }
    if claims.exp.saturating_sub(claims.iat) > LIFETIME_MAX {
        return Err(AssertionError::TooLong);
    }
    if claims.iat > now + LEEWAY || claims.nbf.is_some_and(|from| from > now + LEEWAY) {
        return Err(AssertionError::NotYet);
    }
    if claims.exp <= now {
        return Err(AssertionError::Expired);
    }
    let openid = openid_of(platform, &app_id, &claims.sub).map_err(|_| AssertionError::Subject)?;
    Ok(Guest { person: Person { app: app_id, openid }, app })
}

fn decoding_key(app: &App, id: &str, algorithm: Algorithm, now: Timestamp) -> Result<DecodingKey, AssertionError> {
    let key = app.key_at(id, now).ok_or(AssertionError::UnknownKey)?;
    let pem = key.public_key_pem.as_bytes();
    let read = if algorithm == Algorithm::EdDSA {
        DecodingKey::from_ed_pem(pem)
    } else if algorithm == Algorithm::ES256 {
        DecodingKey::from_ec_pem(pem)
    } else {
        return Err(AssertionError::Algorithm);
    };
    read.map_err(|_| AssertionError::Signature)
}

/// A person's openid under an app. In a sandbox any well-formed openid is a person; elsewhere it
/// follows from the app, the operator's id and a key of the store: the same one every time, and nobody
/// who has it finds the operator's id by trying.
pub(crate) fn openid_of<S: Store>(platform: &Platform<S>, app: &AppId, person: &str) -> Result<OpenId, String> {
    if platform.is_sandbox() {
        return OpenId::try_new(person).map_err(|error| format!("it must be {}", error.rule));
    }
    derived_openid(platform.store.person_key(), app, person)
}

/// The openid that follows from the app and the operator's id of the person.
pub(super) fn derived_openid(key: &PersonKey, app: &AppId, person: &str) -> Result<OpenId, String> {
    if person.is_empty() || person.len() > 256 {
        return Err("it must have 1 to 256 bytes".to_owned());
    }
    let digest = Hmac::<Sha256>::new_from_slice(key.expose())
        .map_err(|error| error.to_string())?
        .chain_update("hongbao/openid/1")
        .chain_update(app.as_str())
        .chain_update([0])
        .chain_update(person)
        .finalize()
        .into_bytes();
    spelled('o', &digest)
}

/// What somebody is called whose name was erased: drawn, so that it leads back to nobody.
pub(super) fn drawn_openid() -> Result<OpenId, String> {
    let mut drawn = [0_u8; 27];
    getrandom::fill(&mut drawn).map_err(|error| error.to_string())?;
    spelled('x', &drawn)
}

fn spelled(first: char, bytes: &[u8]) -> Result<OpenId, String> {
    let tail = bytes.iter().take(27).map(|byte| char::from(ALPHABET[usize::from(byte % 64)]));
    let openid: String = std::iter::once(first).chain(tail).collect();
    OpenId::try_new(&openid).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_openid_is_stable_and_differs_from_app_to_app_and_from_store_to_store() {
        let of = |key: u8, app, person| {
            derived_openid(&PersonKey::new([key; 32]), &AppId::try_new(app).unwrap(), person).unwrap()
        };
        let alice = of(1, "wx8888888888888888", "alice");
        assert_eq!(alice, of(1, "wx8888888888888888", "alice"));
        assert_eq!(alice.as_str().len(), 28);
        let others = [
            of(1, "wx2421b1c4370ec43b", "alice"),
            of(1, "wx8888888888888888", "bob"),
            of(2, "wx8888888888888888", "alice"),
        ];
        assert!(!others.contains(&alice));
    }
}

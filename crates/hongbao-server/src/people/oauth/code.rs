//! What is in a code? When it was issued, a number that was drawn, and the openid, sealed for its app: nothing is stored
//! before somebody redeems it.

use hongbao_engine::code::CodeKey;
use hongbao_types::{AppId, OpenId, PersonKey, Timestamp};

use super::random;
use crate::people::assertion::Person;
use crate::seal;

const PURPOSE: &str = "hongbao/code/1";

/// A new code that says who this is, for five minutes from `now` on, the store's time.
pub(super) fn issue(key: &PersonKey, person: &Person, now: Timestamp) -> Result<String, getrandom::Error> {
    let nonce: [u8; 8] = random()?;
    let content = [&now.as_millis().to_be_bytes()[..], &nonce, person.openid.as_str().as_bytes()].concat();
    seal::seal(key, PURPOSE, person.app.as_str(), &content)
}

/// What a code says to its app; whether it is still good is the engine's to say.
pub(super) fn read(key: &PersonKey, app: &AppId, code: &str) -> Option<(CodeKey, OpenId)> {
    let content = seal::unseal(key, PURPOSE, app.as_str(), code)?;
    let (issued_at, rest) = content.split_first_chunk::<8>()?;
    let (nonce, openid) = rest.split_first_chunk::<8>()?;
    let openid = OpenId::try_new(std::str::from_utf8(openid).ok()?).ok()?;
    Some((CodeKey { issued_at: Timestamp::from_millis(i64::from_be_bytes(*issued_at)), nonce: *nonce }, openid))
}

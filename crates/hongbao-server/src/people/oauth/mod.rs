//! Web authorisation (网页授权): how does a merchant's page learn the openid of whoever looks at it? The page sends the
//! browser to `authorize`, which knows the person and sends it back with a code; the merchant's server redeems the code.
//!
//! Official pages of `snsapi_base`; protocol, section 15. What each side is told when it can't be is a table:
//! `hongbao_wire::oauth`.

pub(super) mod access_token;
pub(super) mod authorize;
mod code;
mod page;
pub(super) mod redeem;
pub(super) mod session;

use hongbao_types::{AppId, OpenId};

use crate::people::assertion::Person;

/// The parameters of a request, of each name the first; there are secrets among them.
pub(in crate::people) struct Query(Vec<(String, String)>);

impl Query {
    /// As in a URL, or in the body of a form.
    pub(in crate::people) fn parse(text: &[u8]) -> Query {
        Query(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// The parameter, unless it is missing or empty.
    pub(in crate::people) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        (!value.is_empty()).then_some(value)
    }

    /// As in a URL.
    fn encode(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

/// A person in bytes: the app's id ends where a zero stands.
fn person_bytes(person: &Person) -> Vec<u8> {
    [person.app.as_str().as_bytes(), &[0], person.openid.as_str().as_bytes()].concat()
}

fn person_of(bytes: &[u8]) -> Option<Person> {
    let (app, openid) = std::str::from_utf8(bytes).ok()?.split_once('\0')?;
    Some(Person { app: AppId::try_new(app).ok()?, openid: OpenId::try_new(openid).ok()? })
}

/// So many random bytes.
pub(in crate::people) fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

//! Any other call: `client.chain("v2/mmpaymkttransfers/sendminiprogramhb").post(params)`, the open form.

use hongbao_types::Mode;
use hongbao_wire::{Endpoint, Params, ReplyBody};

use crate::client::{Call, Client};
use crate::error::{Error, Kind};

/// A call by its path. Made by [`Client::chain`].
#[must_use]
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    client: &'a Client,
    path: String,
    security: Option<bool>,
}

/// What an accepted call was answered: the fields as they came, and the shares of an `hblist`.
///
/// `Debug` shows the fields' names only.
#[derive(Clone, PartialEq, Eq)]
pub struct ChainReply(ReplyBody);

impl Client {
    /// The call at this path, such as `v2/mmpaymkttransfers/sendredpack`; with or without the `v2`.
    pub fn chain(&self, path: &str) -> Chain<'_> {
        let path = path.trim_start_matches('/');
        let path = path.strip_prefix("v2/").unwrap_or(path);
        Chain { client: self, path: format!("/{path}"), security: None }
    }
}

impl Chain<'_> {
    /// Whether the client certificate goes with the call. Without this, as the endpoint's table says; with it for
    /// whatever is not in a table and lies under `mmpaymkttransfers`.
    pub fn security(self, security: bool) -> Self {
        Chain { security: Some(security), ..self }
    }

    /// Makes the call. Merchant number and `nonce_str` are added where they are missing, and `sign` is made anew; of
    /// an endpoint that is in a table, the fields are checked first, as leniently as is known to be taken. An answer
    /// other than a success is an error, and that of an endpoint in no table never says that nothing moved.
    pub async fn post<N, V>(self, params: impl IntoIterator<Item = (N, V)>) -> Result<ChainReply, Error>
    where
        N: Into<String>,
        V: Into<String>,
    {
        if !is_path(&self.path) {
            let why = "a path has letters, digits, '_', '-' and '.' between single slashes, and no slash at its end";
            return Err(Kind::Invalid(why.to_owned()).into());
        }
        let params = Params::from_pairs(params).map_err(|error| Kind::Invalid(error.to_string()))?;
        let endpoint = Endpoint::by_path(&self.path);
        let is_secure = self.security.unwrap_or_else(|| match endpoint {
            Some(endpoint) => endpoint.needs_certificate,
            None => self.path.starts_with("/mmpaymkttransfers/"),
        });
        let call = Call { path: &self.path, endpoint, is_secure, mode: Mode::Compatible };
        self.client.make(call, params).await.map(ChainReply)
    }
}

/// One path is one endpoint: nothing else of a URL is in it, so that a call that its table refuses is not another's.
fn is_path(path: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    path.split('/').skip(1).all(|part| !["", ".", ".."].contains(&part) && part.chars().all(is_plain))
}

impl ChainReply {
    /// A field's value; empty ones are as good as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.fields.get(name).filter(|value| !value.is_empty())
    }

    /// Every field, in the order in which it came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.fields.iter()
    }

    /// The fields of each `hbinfo` of an `hblist`.
    pub fn shares(&self) -> impl Iterator<Item = impl Iterator<Item = (&str, &str)>> {
        self.0.shares.iter().map(Params::iter)
    }
}

impl std::fmt::Debug for ChainReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainReply")?;
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

//! How does a request travel? Checked against the endpoint's table, signed, sent over mTLS with
//! connections that are reused, and its answer read with suspicion.

use std::fmt;
use std::time::Duration;

use hongbao_identity::{Identity, IdentityError};
use hongbao_types::{ApiKey, MerchantId, Mode};
use hongbao_wire::{Answer, Endpoint, Params, REPLY_LIMIT, ReplyBody, SignPolicy, SignType, sign};

use crate::error::{Error, Kind};

/// WeChat Pay's own host.
const BASE_URL: &str = "https://api.mch.weixin.qq.com";

/// A merchant's way to send and query packets. Clones share connections.
#[derive(Clone)]
pub struct Client {
    /// With the client certificate, and without.
    http: reqwest::Client,
    http_without_certificate: reqwest::Client,
    base_url: String,
    allows_retired_calls: bool,
    pub(crate) merchant: MerchantId,
    pub(crate) api_key: ApiKey,
}

/// One call: its table, if it has one.
pub(crate) struct Call<'a> {
    pub(crate) path: &'a str,
    pub(crate) endpoint: Option<&'static Endpoint>,
    /// Whether the client certificate goes with it.
    pub(crate) is_secure: bool,
    /// How strictly its fields are checked before it goes out.
    pub(crate) mode: Mode,
}

/// Makes a [`Client`].
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    merchant: MerchantId,
    api_key: ApiKey,
    identity: Option<Result<Identity, IdentityError>>,
    root_ca: Option<String>,
    timeout: Duration,
    allows_retired_calls: bool,
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Certificate or private key can't be read.
    #[error("the client certificate and private key can't be used")]
    Identity(#[source] IdentityError),
    /// Certificate and private key don't belong together.
    #[error("the client certificate and private key don't belong together")]
    IdentityMismatch(#[source] reqwest::Error),
    /// The root certificate makes no sense.
    #[error("the root certificate can't be used: it must be PEM")]
    RootCa(#[source] Option<reqwest::Error>),
    /// The address makes no sense.
    #[error("the base URL must be https://HOST or http://HOST, perhaps with a port and a path: {0}")]
    BaseUrl(String),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made")]
    Http(#[source] reqwest::Error),
}

impl Client {
    /// For this merchant, who signs with this key.
    pub fn builder(merchant: MerchantId, api_key: ApiKey) -> ClientBuilder {
        ClientBuilder {
            base_url: BASE_URL.to_owned(),
            merchant,
            api_key,
            identity: None,
            root_ca: None,
            timeout: Duration::from_secs(30),
            allows_retired_calls: false,
        }
    }

    /// Makes the call of an endpoint; the answer's fields when it is a success.
    pub(crate) async fn call(&self, endpoint: &'static Endpoint, params: Params) -> Result<ReplyBody, Error> {
        self.make(Call { path: endpoint.path, endpoint: Some(endpoint), is_secure: true, mode: Mode::Strict }, params)
            .await
    }

    /// Makes one call: adds the merchant number, `nonce_str` and `sign`, and returns the answer's fields when it is a
    /// success.
    pub(crate) async fn make(&self, call: Call<'_>, mut params: Params) -> Result<ReplyBody, Error> {
        self.refuse_if_retired(call.endpoint)?;
        let add = |params: &mut Params, name: &str, value: String| {
            params.set(name, value).map_err(|error| Error::invalid(&error))
        };
        let merchant_field = call.endpoint.map_or("mch_id", |endpoint| endpoint.merchant_field);
        for (name, value) in [(merchant_field, self.merchant.as_str().to_owned()), ("nonce_str", nonce()?)] {
            if params.get(name).unwrap_or_default().is_empty() {
                add(&mut params, name, value)?;
            }
        }
        check(&call, &params)?;
        let signature = sign::sign(SignType::Md5, &params, &self.api_key);
        add(&mut params, "sign", signature)?;
        if let Some(endpoint) = call.endpoint {
            // What the platform would find: a text such as "…&remark=…" could be read as another field.
            sign::verify(&params, endpoint, [&self.api_key], SignPolicy::default())
                .map_err(|refusal| Kind::Invalid(refusal.to_string()))?;
        }

        let reply = self.exchange(&call, hongbao_wire::encode(&params)).await?;
        if reply.fields.get("sign").is_some_and(|sign| !sign.is_empty()) {
            self.verify(&reply)?;
        }
        match Answer::read(&reply).map_err(Kind::Unclear)? {
            Answer::Accepted => {
                expect_echo(call.endpoint, &params, &reply)?;
                Ok(reply)
            }
            Answer::Failed { code, description } => {
                expect_no_other(call.endpoint, &params, &reply)?;
                let family = call.endpoint.map(|endpoint| endpoint.family);
                Err(Kind::Failed { code, description, family }.into())
            }
            Answer::Refused { message } => Err(Kind::Refused(message).into()),
        }
    }

    /// Refuses what WeChat Pay's own host no longer serves, unless one said that one knows.
    fn refuse_if_retired(&self, endpoint: Option<&Endpoint>) -> Result<(), Error> {
        let Some(endpoint) = endpoint.filter(|endpoint| endpoint.retired) else { return Ok(()) };
        if !is_wechat_pay(&self.base_url) || self.allows_retired_calls {
            return Ok(());
        }
        let why = format!("WeChat Pay has switched off {}; allow_retired_calls sends it all the same", endpoint.name);
        Err(Kind::Invalid(why).into())
    }

    async fn exchange(&self, call: &Call<'_>, body: String) -> Result<ReplyBody, Error> {
        let url = format!("{}{}", self.base_url, call.path);
        let http = if call.is_secure { &self.http } else { &self.http_without_certificate };
        let sent = http.post(url).header("content-type", "text/xml; charset=utf-8").body(body).send().await;
        let mut response = sent.map_err(|error| {
            // Only a connection that never came about is proof that nothing was sent.
            if error.is_connect() { Kind::Unreachable(error) } else { Kind::NoAnswer(error) }
        })?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(Kind::Status(response.status().as_u16()).into());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Kind::NoAnswer)? {
            if bytes.len() + chunk.len() > REPLY_LIMIT {
                return Err(Kind::TooLarge.into());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(hongbao_wire::decode_reply(&bytes).map_err(Kind::Unreadable)?)
    }

    /// Red-packet replies are not signed. One that is, must be signed rightly.
    fn verify(&self, reply: &ReplyBody) -> Result<(), Error> {
        let claimed = reply.fields.get("sign").unwrap_or_default();
        let sign_type = SignType::from_len(claimed.len()).ok_or(Kind::WrongSignature)?;
        let expected = sign::sign(sign_type, &reply.fields, &self.api_key);
        if expected.eq_ignore_ascii_case(claimed) { Ok(()) } else { Err(Kind::WrongSignature.into()) }
    }
}

/// Refuses what the endpoint would refuse, and characters that production is documented not to take.
fn check(call: &Call<'_>, params: &Params) -> Result<(), Error> {
    if let Some(endpoint) = call.endpoint {
        let checked = endpoint.check(params, call.mode);
        checked.map_err(|refusal| Kind::Invalid(format!("{}: {}", refusal.field, refusal.text)))?;
    }
    for (name, value) in params {
        if value.chars().any(|c| c.len_utf8() > 3) {
            return Err(Kind::Invalid(format!("{name}: characters of four bytes (emoji) are not supported")).into());
        }
    }
    Ok(())
}

/// A success repeats what it is about; one that repeats something else is another's.
fn expect_echo(endpoint: Option<&Endpoint>, params: &Params, reply: &ReplyBody) -> Result<(), Error> {
    let mut echoes = endpoint.into_iter().flat_map(Endpoint::echoes);
    match echoes.find(|name| reply.fields.get(name) != params.get(name)) {
        Some(name) => Err(Kind::Mismatch(name).into()),
        None => Ok(()),
    }
}

/// Not every "no" repeats what it is about; one that names another bill number is another's.
fn expect_no_other(endpoint: Option<&Endpoint>, params: &Params, reply: &ReplyBody) -> Result<(), Error> {
    let Some(endpoint) = endpoint else { return Ok(()) };
    let named = reply.fields.get(endpoint.bill_field).filter(|named| !named.is_empty());
    let is_this = named.is_none() || named == params.get(endpoint.bill_field);
    if is_this { Ok(()) } else { Err(Kind::Mismatch(endpoint.bill_field).into()) }
}

/// Nothing but scheme, host, port and path: a password in an address would be printed with it.
fn is_base_url(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| {
        ["https", "http"].contains(&url.scheme())
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

/// Whether calls go to WeChat Pay itself, by either of its names.
fn is_wechat_pay(url: &str) -> bool {
    let hosts = ["api.mch.weixin.qq.com", "api2.mch.weixin.qq.com"];
    reqwest::Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(|host| hosts.contains(&host)))
}

fn is_loopback(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    })
}

/// 32 hexadecimal digits, new for each call.
pub(crate) fn nonce() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Kind::NoRandomness(error.to_string()))?;
    Ok(hex::encode(bytes))
}

impl ClientBuilder {
    /// Where to send: WeChat Pay's own host unless set.
    pub fn base_url(mut self, url: &str) -> ClientBuilder {
        url.trim_end_matches('/').clone_into(&mut self.base_url);
        self
    }

    /// The client certificate with its private key.
    pub fn identity(mut self, identity: Identity) -> ClientBuilder {
        self.identity = Some(Ok(identity));
        self
    }

    /// The client certificate (`apiclient_cert.pem`) and its private key (`apiclient_key.pem`).
    pub fn identity_pem(mut self, certificate: &str, private_key: &str) -> ClientBuilder {
        self.identity = Some(Identity::from_pem(certificate, private_key));
        self
    }

    /// The client certificate and its private key in one file (`apiclient_cert.p12`); WeChat Pay's password
    /// is the merchant number.
    pub fn identity_p12(mut self, file: &[u8], password: &str) -> ClientBuilder {
        self.identity = Some(Identity::from_p12(file, password));
        self
    }

    /// The only authority whose server certificates count, PEM; otherwise the system's.
    pub fn root_ca_pem(mut self, certificate: &str) -> ClientBuilder {
        self.root_ca = Some(certificate.to_owned());
        self
    }

    /// How long a call may take in all; 30 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.timeout = timeout;
        self
    }

    /// Sends what WeChat Pay has switched off to WeChat Pay's own host all the same. Any other host is asked anyway.
    pub fn allow_retired_calls(mut self, allowed: bool) -> ClientBuilder {
        self.allows_retired_calls = allowed;
        self
    }

    /// The client.
    pub fn build(self) -> Result<Client, BuildError> {
        if !is_base_url(&self.base_url) {
            return Err(BuildError::BaseUrl(self.base_url));
        }
        let identity = match &self.identity {
            None => None,
            Some(Err(error)) => return Err(BuildError::Identity(error.clone())),
            Some(Ok(identity)) => Some(usable(identity)?),
        };
        Ok(Client {
            http: self.http(identity)?,
            http_without_certificate: self.http(None)?,
            base_url: self.base_url,
            allows_retired_calls: self.allows_retired_calls,
            merchant: self.merchant,
            api_key: self.api_key,
        })
    }

    fn http(&self, identity: Option<reqwest::Identity>) -> Result<reqwest::Client, BuildError> {
        let mut http = reqwest::Client::builder()
            .timeout(self.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // Let go before the other side does: a request sent into a closing connection is uncertain.
            .pool_idle_timeout(Duration::from_secs(15))
            .user_agent(concat!("hongbao/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&self.base_url) {
            // A proxy would look for it on its own machine.
            http = http.no_proxy();
        }
        if let Some(identity) = identity {
            http = http.identity(identity);
        }
        if let Some(pem) = &self.root_ca {
            let roots =
                reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(|e| BuildError::RootCa(Some(e)))?;
            if roots.is_empty() {
                return Err(BuildError::RootCa(None));
            }
            http = http.tls_certs_only(roots);
        }
        http.build().map_err(|error| {
            if self.root_ca.is_some() { BuildError::RootCa(Some(error)) } else { BuildError::Http(error) }
        })
    }
}

/// Certificate and key as the HTTP client takes them. Whether they belong together shows only when a client is made
/// of them.
fn usable(identity: &Identity) -> Result<reqwest::Identity, BuildError> {
    let pem = [identity.certificate_pem(), identity.private_key_pem()].concat();
    let identity = reqwest::Identity::from_pem(pem.as_bytes()).map_err(BuildError::IdentityMismatch)?;
    let alone = reqwest::Client::builder().tls_certs_only([]).identity(identity.clone());
    alone.build().map_err(BuildError::IdentityMismatch)?;
    Ok(identity)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.base_url)
            .field("merchant", &self.merchant)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base_url", &self.base_url)
            .field("merchant", &self.merchant)
            .field("has_identity", &self.identity.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_client_nor_builder_shows_a_secret() {
        let key = "192006250b4c09247ec02edce69f6a2d";
        let builder = Client::builder("10000098".parse().unwrap(), ApiKey::try_new(key).unwrap());
        let builder = builder.base_url("http://127.0.0.1:1/");
        let client = builder.build().unwrap();
        assert_eq!(
            format!("{client:?}"),
            r#"Client { base_url: "http://127.0.0.1:1", merchant: MerchantId(10000098), .. }"#
        );
        let builder = Client::builder("10000098".parse().unwrap(), ApiKey::try_new(key).unwrap());
        let builder = builder.identity_pem("-----BEGIN CERTIFICATE-----", "-----BEGIN PRIVATE KEY-----");
        let shown = format!("{builder:?}");
        assert!(!shown.contains(key) && !shown.contains("PRIVATE"), "{shown}");
    }
}

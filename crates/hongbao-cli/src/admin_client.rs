//! How does a command administer a platform? Through its admin API, over a Unix socket or with a token.

use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::error::{Failure, Result, chain};
use crate::files::read_file;
use crate::profile::AdminSection;

/// A way into the admin API.
pub(crate) struct AdminClient {
    http: reqwest::Client,
    base_url: String,
    token: Option<String>,
}

impl AdminClient {
    /// Through the door that `section` names.
    pub(crate) fn new(section: &AdminSection) -> Result<AdminClient> {
        match (&section.socket, &section.url) {
            (Some(socket), None) => AdminClient::over_socket(socket),
            (None, Some(url)) => {
                let token = section.token_file.as_deref().map(read_file).transpose()?;
                let token = token.map(|token| token.trim().to_owned());
                Ok(AdminClient { http: crate::http::client(None)?, base_url: url.clone(), token })
            }
            _ => Err(Failure::new("the section [admin] names a socket or a url, and not both")),
        }
    }

    /// Through a Unix socket.
    pub(crate) fn over_socket(socket: &Path) -> Result<AdminClient> {
        let http = reqwest::Client::builder()
            .timeout(crate::http::JSON_PATIENCE)
            .unix_socket(socket)
            .build()
            .map_err(|error| Failure::new(chain(&error)))?;
        Ok(AdminClient { http, base_url: "http://admin".to_owned(), token: None })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }

    /// What is there, or `None` when nothing is.
    pub(crate) async fn find(&self, path: &str) -> Result<Option<Value>> {
        match self.request(Method::GET, path, None).await? {
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, body) => settled(status, body).map(Some),
        }
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// Puts what its path says all of.
    pub(crate) async fn put_nothing(&self, path: &str) -> Result<()> {
        self.call(Method::PUT, path, None).await.map(|_| ())
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<()> {
        self.call(Method::PATCH, path, Some(body)).await.map(|_| ())
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        self.call(Method::DELETE, path, None).await.map(|_| ())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let (status, body) = self.request(method, path, body).await?;
        settled(status, body)
    }

    async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(StatusCode, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.base_url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = request.send().await.map_err(|error| {
            Failure::new(format!("the platform's admin API can't be reached: {}", chain(&error)))
                .hint("is the platform running (`hongbao dev` or `hongbao serve`), and is the profile its own?")
        })?;
        let status = reply.status();
        if status == StatusCode::NO_CONTENT {
            return Ok((status, Value::Null));
        }
        let body: Value = reply
            .json()
            .await
            .map_err(|error| Failure::new(format!("the admin API's answer can't be read: {}", chain(&error))))?;
        Ok((status, body))
    }
}

fn settled(status: StatusCode, body: Value) -> Result<Value> {
    if status.is_success() { Ok(body) } else { Err(api_failure(status, &body)) }
}

/// What a JSON door of the platform said, as a failure.
pub(crate) fn api_failure(status: StatusCode, body: &Value) -> Failure {
    let error = &body["error"];
    let text = error["message"].as_str().unwrap_or("no reason was given");
    let failure = Failure::new(format!("{text} (HTTP {})", status.as_u16()))
        .fact("code", error["code"].clone())
        .fact("money_moved", error["money_moved"].clone());
    if let Some(stored) = error["details"].get("stored") {
        return failure.hint(format!("stored: {stored}"));
    }
    match (error["code"].as_str(), error["money_moved"].as_str()) {
        (_, Some("unknown")) => failure.hint("money may have moved: make the same call again, with the same values"),
        (Some("exists"), _) => failure.hint("nothing was done; to change it: hongbao merchant set, hongbao app set"),
        (_, Some("no")) => failure.hint("nothing was done; correct the call and make it again"),
        _ => failure,
    }
}

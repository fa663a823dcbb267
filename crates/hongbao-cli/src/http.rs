//! How are the platform's JSON doors reached? Directly, and trusting whom the profile trusts.

use std::time::Duration;

use crate::error::{Failure, Result, chain};

/// How long a JSON door may take to answer; an audit reads everything.
pub(crate) const JSON_PATIENCE: Duration = Duration::from_mins(10);

/// A client for the platform's JSON doors. A proxy is for what is far away, not for them.
pub(crate) fn client(root_ca: Option<&str>) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy().timeout(JSON_PATIENCE);
    if let Some(pem) = root_ca {
        let wrong = |why: &str| {
            Failure::new(format!("the root certificate can't be used: it must be PEM{why}"))
                .hint("root_ca_file in the profile names a PEM certificate: rootca.pem")
        };
        let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes());
        let roots = roots.map_err(|error| wrong(&format!(": {}", chain(&error))))?;
        if roots.is_empty() {
            return Err(wrong(""));
        }
        return builder.tls_certs_only(roots).build().map_err(|error| wrong(&format!(": {}", chain(&error))));
    }
    builder.build().map_err(|error| Failure::new(chain(&error)))
}

//! Which files hold a certificate and its private key? A PEM pair, or a p12 file; in a profile and in a
//! configuration alike.

use std::path::Path;

use hongbao::Identity;

use crate::error::{Explain, Failure, Result, chain};
use crate::files::read_file;

/// The files that were named.
pub(crate) struct IdentityFiles<'a> {
    pub(crate) certificate: Option<&'a Path>,
    pub(crate) private_key: Option<&'a Path>,
    pub(crate) p12: Option<&'a Path>,
    pub(crate) p12_password: Option<&'a Path>,
}

impl IdentityFiles<'_> {
    /// What they hold; `None` when none was named. `usual_password` opens a p12 for which no password was
    /// named.
    pub(crate) fn read(&self, usual_password: &str) -> Result<Option<Identity>> {
        match (self.certificate, self.private_key, self.p12) {
            (None, None, None) => Ok(None),
            (Some(certificate), Some(key), None) => {
                let identity = Identity::from_pem(&read_file(certificate)?, &read_file(key)?);
                let files = format!("{} and {}", certificate.display(), key.display());
                identity.map(Some).map_err(|error| unusable(&files, &error))
            }
            (None, None, Some(p12)) => {
                let password = match self.p12_password {
                    Some(path) => read_file(path)?.trim_end_matches(['\r', '\n']).to_owned(),
                    None => usual_password.to_owned(),
                };
                read_p12(p12, &password).map(Some)
            }
            (Some(_), None, None) | (None, Some(_), None) => {
                Err(Failure::new("certificate_file and private_key_file go together").hint("name both, or p12_file"))
            }
            _ => Err(Failure::new("a certificate was named twice")
                .hint("name certificate_file and private_key_file, or p12_file alone")),
        }
    }
}

/// The identity in a p12 file.
pub(crate) fn read_p12(path: &Path, password: &str) -> Result<Identity> {
    let file = std::fs::read(path).explain(path.display())?;
    Identity::from_p12(&file, password).map_err(|error| unusable(&path.display().to_string(), &error))
}

fn unusable(files: &str, error: &hongbao::IdentityError) -> Failure {
    Failure::new(format!("no certificate with its key: {files}: {}", chain(error)))
        .hint("name a PEM pair (apiclient_cert.pem and apiclient_key.pem), or apiclient_cert.p12 and its password")
}

//! Where is the database? Hosts that are tried one after another, each within its own time, over TLS where that is asked
//! for. The password is nowhere to be seen.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::OpenError;
use crate::error::Error;
use crate::session::{Role, Session};

/// How long one host may take until it is ready for a statement.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// What libpq calls the file of authorities that a server's certificate must come from.
const ROOT_CERTIFICATE: &str = "sslrootcert";

static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));

/// Hosts, in the order in which they are tried.
pub(crate) struct Target {
    hosts: Vec<(String, Config)>,
    tls: MakeRustlsConnect,
    /// Which one is tried first: the next one after a host that fell silent.
    first: AtomicUsize,
    /// How often a host was left because it fell silent.
    left: AtomicUsize,
}

impl Target {
    /// Reads a URL: `postgres://user:password@h1:5432,h2:5432/database?target_session_attrs=read-write`.
    pub(crate) fn parse(url: &str) -> Result<Target, OpenError> {
        let (url, root_certificate) = take_parameter(url, ROOT_CERTIFICATE);
        // What the parser would quote may be a part of a password that was not encoded.
        let config: Config = url.parse().map_err(|_| OpenError::Url("it can't be read"))?;
        let hosts = config.get_hosts();
        let ports = config.get_ports();
        if hosts.is_empty() {
            return Err(OpenError::Url("it names no host"));
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(OpenError::Url("it names no database"));
        }
        let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let hosts = hosts.iter().enumerate().map(|(at, host)| one(&config, host, port(at)));
        let tls = MakeRustlsConnect::new(tls_config(root_certificate.as_deref())?);
        Ok(Target {
            hosts: hosts.collect::<Result<_, _>>()?,
            tls,
            first: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
        })
    }

    /// Only hosts that can be written to, whatever the URL says: a node that found a standby would serve nobody.
    pub(crate) fn for_writing(mut self) -> Target {
        for (_, config) in &mut self.hosts {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        self
    }

    /// The hosts, as a person may see them.
    pub(crate) fn names(&self) -> String {
        self.hosts.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Which database it is, as a person may see it.
    pub(crate) fn place(&self) -> String {
        let database = self.hosts.first().and_then(|(_, config)| config.get_dbname()).unwrap_or_default();
        format!("database {database} on {}", self.names())
    }

    /// Connects to the first host that is what was asked for.
    pub(crate) async fn connect(&self, role: Role) -> Result<Session, Error> {
        let left = self.left.load(Ordering::Relaxed);
        let first = self.first.load(Ordering::Relaxed);
        let mut failures = Vec::new();
        for step in 0..self.hosts.len() {
            let at = (first + step) % self.hosts.len();
            let (name, config) = &self.hosts[at];
            let connecting = Session::connect(config, &self.tls, role, (at, left));
            match tokio::time::timeout(CONNECT_PATIENCE, connecting).await {
                Ok(Ok(session)) => {
                    // Unless it was left meanwhile.
                    let _ = self.first.compare_exchange(first, at, Ordering::Relaxed, Ordering::Relaxed);
                    return Ok(session);
                }
                Ok(Err(error)) => failures.push(format!("{name}: {error}")),
                Err(_) => failures.push(format!("{name}: no answer within {} seconds", CONNECT_PATIENCE.as_secs())),
            }
        }
        Err(Error::Unreachable(failures.join("; ")))
    }

    /// The host fell silent in the middle of something: the next one is tried before it. It may be a primary that was
    /// replaced, still calls itself one, and can never commit again.
    pub(crate) fn avoid(&self, host: usize) {
        let next = (host + 1) % self.hosts.len();
        if self.first.compare_exchange(host, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.left.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a host was left since this session began. It may be the session's, and what is read there may have stood
    /// still since.
    pub(crate) fn has_moved_since(&self, session: &Session) -> bool {
        session.left() != self.left.load(Ordering::Relaxed)
    }
}

/// The same for one of the hosts.
fn one(all: &Config, host: &Host, port: u16) -> Result<(String, Config), OpenError> {
    let mut config = Config::new();
    let name = match host {
        Host::Tcp(name) => {
            let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-' | b'_');
            if !name.bytes().all(is_name) {
                return Err(OpenError::Url("a host in it is no name"));
            }
            config.host(name);
            format!("{name}:{port}")
        }
        #[cfg(unix)]
        Host::Unix(folder) => {
            config.host_path(folder);
            folder.display().to_string()
        }
    };
    config.port(port).application_name(all.get_application_name().unwrap_or("hongbao"));
    if let Some(user) = all.get_user() {
        config.user(user);
    }
    if let Some(password) = all.get_password() {
        config.password(password);
    }
    if let Some(database) = all.get_dbname() {
        config.dbname(database);
    }
    if let Some(options) = all.get_options() {
        config.options(options);
    }
    if let Some(timeout) = all.get_connect_timeout() {
        config.connect_timeout(*timeout);
    }
    // A host that vanished is noticed by the system before long, and never holds up a batch for its sake.
    config.tcp_user_timeout(all.get_tcp_user_timeout().copied().unwrap_or(Duration::from_secs(30)));
    config.keepalives(all.get_keepalives()).keepalives_idle(Duration::from_secs(30));
    config.ssl_mode(all.get_ssl_mode()).channel_binding(all.get_channel_binding());
    config.target_session_attrs(all.get_target_session_attrs());
    Ok((name, config))
}

/// Takes one parameter out of a URL's query.
fn take_parameter(url: &str, name: &str) -> (String, Option<String>) {
    let Some((before, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let is_it = |pair: &&str| pair.split_once('=').is_some_and(|(key, _)| key == name);
    let found = query.split('&').find(is_it).and_then(|pair| pair.split_once('=')).map(|(_, value)| value.to_owned());
    let rest: Vec<&str> = query.split('&').filter(|pair| !is_it(pair)).collect();
    let url = if rest.is_empty() { before.to_owned() } else { format!("{before}?{}", rest.join("&")) };
    (url, found)
}

/// A server's certificate is always judged: by the authorities in this file, or by those that the system trusts.
fn tls_config(root_certificate: Option<&str>) -> Result<ClientConfig, OpenError> {
    let failed = |error: &dyn std::fmt::Display| OpenError::Tls(error.to_string());
    let builder = ClientConfig::builder_with_provider(PROVIDER.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?;
    let Some(path) = root_certificate else {
        let builder = builder.with_platform_verifier().map_err(|error| failed(&error))?;
        return Ok(builder.with_no_client_auth());
    };
    let mut roots = RootCertStore::empty();
    let in_file = |error: &dyn std::fmt::Display| OpenError::Tls(format!("{path}: {error}"));
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| in_file(&error))? {
        roots.add(certificate.map_err(|error| in_file(&error))?).map_err(|error| in_file(&error))?;
    }
    if roots.is_empty() {
        return Err(in_file(&"it holds no certificate"));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_hosts_and_never_shows_the_password() {
        let url = "postgres://me:s3cret@h1:5433,h2/db?target_session_attrs=read-write&sslmode=disable";
        let target = Target::parse(url).unwrap();
        assert_eq!(target.names(), "h1:5433, h2:5432");
        for (_, config) in &target.hosts {
            assert_eq!((config.get_user(), config.get_dbname()), (Some("me"), Some("db")));
            assert!(!format!("{config:?}").contains("s3cret"));
        }
    }

    #[test]
    fn a_bad_url_is_refused_without_quoting_it() {
        for url in [
            "postgres://me:s3cret@h1",
            "postgres:///db",
            "postgres://me:s3cret@s3cret@h1/db",
            "postgres://me:x@h1/db?s3cret=1",
            "postgres://me:x@h1/db?sslrootcert=/nowhere",
        ] {
            let error = Target::parse(url).err().map(|error| format!("{error} {error:?}"));
            assert!(error.as_ref().is_some_and(|error| !error.contains("s3cret")), "{url}: {error:?}");
        }
    }

    #[test]
    fn after_a_host_that_fell_silent_the_next_one_is_tried_first() {
        let target = Target::parse("postgres://me@h1,h2,h3/db").unwrap();
        target.avoid(0);
        assert_eq!(target.first.load(Ordering::Relaxed), 1);
        // Somebody else has noticed, too.
        target.avoid(0);
        assert_eq!(target.first.load(Ordering::Relaxed), 1);
        target.avoid(1);
        target.avoid(2);
        assert_eq!(target.first.load(Ordering::Relaxed), 0);
    }
}

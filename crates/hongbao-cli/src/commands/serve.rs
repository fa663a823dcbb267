//! `hongbao serve`: the platform, from a configuration file.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use hongbao_server::{
    AdminDoor, Doors, MaskedWords, Platform, PlatformOptions, Server, StartError, TOKEN_LEN_MIN, TlsOptions,
};
use hongbao_store::clock::SystemClock;
use hongbao_store::{Currency, Store, StoreInfo, StoreKind};
use hongbao_store_sqlite::{OpenError, SqliteStore};
use serde::Deserialize;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::ServeArgs;
use crate::error::{Explain, Failure, Result};
use crate::files::read_file;
use crate::identity_files::IdentityFiles;
use crate::output::{Output, say};

/// The configuration. Paths in it are relative to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    store: PathBuf,
    kind: Kind,
    #[serde(default)]
    currency: Option<CurrencyConfig>,
    tls: Option<TlsConfig>,
    plain: Option<PlainConfig>,
    admin: AdminConfig,
    #[serde(default)]
    packets: PacketsConfig,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Sandbox,
    Live,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CurrencyConfig {
    code: String,
    symbol: String,
    minor_digits: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsConfig {
    listen: SocketAddr,
    certificate_file: Option<PathBuf>,
    private_key_file: Option<PathBuf>,
    p12_file: Option<PathBuf>,
    p12_password_file: Option<PathBuf>,
    client_ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainConfig {
    listen: SocketAddr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdminConfig {
    socket: Option<PathBuf>,
    listen: Option<SocketAddr>,
    token_file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PacketsConfig {
    expire_after_hours: Option<NonZeroU32>,
    pre_order_expire_after_hours: Option<NonZeroU32>,
    fail_after_hours: Option<NonZeroU32>,
    /// Words that become `*` in what a packet shows.
    #[serde(default)]
    masked_words: Vec<String>,
}

/// The most digits behind the point: no currency has more than 4, and an amount has at most 19 in all.
const MINOR_DIGITS_MAX: u8 = 9;

pub(crate) async fn run(args: ServeArgs, output: Output) -> Result<ExitCode> {
    let path = &args.config;
    let text = read_file(path).map_err(|failure| {
        failure.hint("name the configuration: --config FILE; README shows one, and `hongbao dev` needs none")
    })?;
    let config: Config = toml::from_str(&text).map_err(|error| {
        Failure::new(format!("the configuration makes no sense: {}: {}", path.display(), error.message()))
            .hint("README shows a whole configuration")
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    if let Some(currency) = &config.currency
        && currency.minor_digits > MINOR_DIGITS_MAX
    {
        let message = format!("currency.minor_digits is at most {MINOR_DIGITS_MAX}: {}", currency.minor_digits);
        return Err(Failure::new(message).hint("it is how many digits stand behind the point; renminbi has 2"));
    }
    let info = StoreInfo {
        kind: match config.kind {
            Kind::Sandbox => StoreKind::Sandbox,
            Kind::Live => StoreKind::Live,
        },
        currency: config.currency.as_ref().map_or_else(Currency::renminbi, |currency| Currency {
            code: currency.code.clone(),
            symbol: currency.symbol.clone(),
            minor_digits: currency.minor_digits,
        }),
    };
    let mut options = PlatformOptions::default();
    if let Some(hours) = config.packets.expire_after_hours {
        options.expires_after = Duration::from_hours(hours.get().into());
    }
    if let Some(hours) = config.packets.pre_order_expire_after_hours {
        options.pre_order_expires_after = Duration::from_hours(hours.get().into());
    }
    options.masked_words = MaskedWords::new(config.packets.masked_words.iter().map(String::as_str))
        .map_err(|error| Failure::new(error).hint("shorten masked_words in the configuration"))?;
    if let Some(hours) = config.packets.fail_after_hours {
        options.fails_after = Duration::from_hours(hours.get().into());
    }
    let doors = config.doors(folder)?;
    // A store stays what it was created as: none is made for doors that won't open.
    doors.check(info.kind).map_err(|error| not_started(&error))?;
    let stop = StopSignals::listen()?;
    let store = open(&folder.join(&config.store), &info)?;
    let server = start(store, &options, doors).await?;
    let addresses = server.addresses();
    tracing::info!(tls = ?addresses.tls, plain = ?addresses.plain, admin = ?addresses.admin, "the platform is ready");
    let object = json!({ "tls": addresses.tls, "plain": addresses.plain, "admin": addresses.admin });
    output.result(object, || say!("ready"));
    until_stopped(server, stop).await
}

impl Config {
    fn doors(&self, folder: &Path) -> Result<Doors> {
        let tls = self.tls.as_ref().map(|tls| tls.door(folder)).transpose()?;
        let mut admin = Vec::new();
        admin.extend(self.admin.socket.as_ref().map(|path| AdminDoor::Socket(folder.join(path))));
        match (self.admin.listen, &self.admin.token_file) {
            (Some(address), Some(path)) => {
                let token = read_file(&folder.join(path))?.trim().to_owned();
                if token.len() < TOKEN_LEN_MIN {
                    return Err(Failure::new(format!("the admin token is too short: {}", folder.join(path).display()))
                        .hint(format!("it has at least {TOKEN_LEN_MIN} characters: openssl rand -hex 32")));
                }
                admin.push(AdminDoor::Address(address, token));
            }
            (None, None) => {}
            _ => {
                return Err(Failure::new("admin.listen and admin.token_file go together")
                    .hint("set both, or admin.socket alone"));
            }
        }
        if admin.is_empty() {
            return Err(Failure::new("nobody could administer the platform")
                .hint("set admin.socket, or admin.listen with admin.token_file"));
        }
        Ok(Doors { tls, plain: self.plain.as_ref().map(|plain| plain.listen), admin })
    }
}

impl TlsConfig {
    fn door(&self, folder: &Path) -> Result<(SocketAddr, TlsOptions)> {
        let in_folder = |path: &Option<PathBuf>| path.as_ref().map(|path| folder.join(path));
        let [certificate, private_key, p12, p12_password] =
            [&self.certificate_file, &self.private_key_file, &self.p12_file, &self.p12_password_file].map(in_folder);
        let files = IdentityFiles {
            certificate: certificate.as_deref(),
            private_key: private_key.as_deref(),
            p12: p12.as_deref(),
            p12_password: p12_password.as_deref(),
        };
        let identity = files.read("")?.ok_or_else(|| {
            Failure::new("the section [tls] names no certificate").hint("name certificate_file and private_key_file")
        })?;
        let client_ca = in_folder(&self.client_ca_file).as_deref().map(read_file).transpose()?;
        Ok((self.listen, TlsOptions { identity, client_authorities_pem: client_ca.unwrap_or_default() }))
    }
}

/// Opens the store, or creates it.
pub(crate) fn open(path: &Path, info: &StoreInfo) -> Result<SqliteStore> {
    SqliteStore::open_or_create(path, info, Arc::new(SystemClock)).map_err(|error| {
        let hint = match &error {
            OpenError::InUse(_) => "stop that server, or administer it through its admin API",
            OpenError::OtherKind { .. } => "a store stays what it was created as; use another file",
            OpenError::TooNew { .. } => "run the version that wrote it, or a later one",
            OpenError::NotAStore(_) | OpenError::Missing(_) | OpenError::Io { .. } => "name another file",
        };
        Failure::new(&error).hint(hint)
    })
}

/// Opens the doors.
pub(crate) async fn start(store: SqliteStore, options: &PlatformOptions, doors: Doors) -> Result<Server<SqliteStore>> {
    let platform = Platform::start(store, Arc::new(SystemClock), options).explain("the store can't be written")?;
    Server::start(platform, doors).await.map_err(|error| not_started(&error))
}

fn not_started(error: &StartError) -> Failure {
    let failure = Failure::new(error);
    match error {
        StartError::Listen { .. } => failure.hint("name another address or path, or stop what is using it"),
        StartError::Tls(_) => failure.hint("the files hold PEM: a certificate, and its own private key"),
        StartError::PlainIsForSandboxes => {
            failure.hint("take the section [plain] out; [tls] is the door of a live platform")
        }
        StartError::AdminIsLocal(_) => failure.hint("listen on 127.0.0.1, and reach it from elsewhere through ssh"),
        StartError::TokenTooShort => failure.hint("make one: openssl rand -hex 32"),
    }
}

/// What tells a server to stop (SIGINT, SIGTERM). It listens from the moment it is made: before anybody is
/// told that the server is ready.
pub(crate) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    pub(crate) fn listen() -> Result<StopSignals> {
        let listen = |kind| signal(kind).explain("signals can't be received");
        Ok(StopSignals { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }
}

/// Serves until told to stop (SIGINT, SIGTERM), then finishes what is under way.
pub(crate) async fn until_stopped<S: Store>(server: Server<S>, mut stop: StopSignals) -> Result<ExitCode> {
    tokio::select! {
        _ = stop.terminate.recv() => {}
        _ = stop.interrupt.recv() => {}
    }
    tracing::info!("stopping: finishing what is under way");
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}

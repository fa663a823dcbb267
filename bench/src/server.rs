//! The server to be measured, in a process of its own: its processor time is nobody else's.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hongbao_identity::Identity;
use hongbao_server::{AdminDoor, Doors, Peer, Platform, PlatformOptions, Server, TlsOptions};
use hongbao_store::clock::SystemClock;
use hongbao_store::{Currency, Store, StoreInfo, StoreKind};
use hongbao_store_postgres::{OpenOptions, PostgresStore};
use hongbao_store_sqlite::SqliteStore;
use serde::{Deserialize, Serialize};

use crate::peers;

pub(crate) const TOKEN: &str = "a-token-for-a-benchmark-on-loopback";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The store: a file, or a URL
    #[arg(long)]
    store: String,
    /// Where its log goes
    #[arg(long)]
    log: PathBuf,
    /// Who answers sends and claims instead: null, or the URL of a database for plain transactions
    #[arg(long)]
    peer: Option<String>,
    /// How many connections plain transactions have
    #[arg(long, default_value_t = 16)]
    connections: usize,
}

/// What it is told, and tells, in one line of JSON each.
#[derive(Deserialize, Serialize)]
pub(crate) struct Certificates {
    pub(crate) authority: String,
    pub(crate) server: (String, String),
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Ready {
    pub(crate) plain: std::net::SocketAddr,
    pub(crate) tls: std::net::SocketAddr,
    pub(crate) admin: std::net::SocketAddr,
}

/// Serves until standard input ends.
#[tokio::main]
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    // As `hongbao serve` logs unless told otherwise; to a file, as a service's log goes.
    let log = std::fs::File::create(&options.log)?;
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Arc::new(log)).with_ansi(false);
    subscriber.with_target(false).init();

    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let certificates: Certificates = serde_json::from_str(&line)?;
    let info = StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() };
    let peer: Option<Arc<dyn Peer>> = match options.peer.as_deref() {
        None => None,
        Some("null") => Some(Arc::new(peers::Null)),
        Some(url) => Some(Arc::new(peers::Plain::create(url, options.connections).await?)),
    };
    let platform_options = PlatformOptions { peer, ..PlatformOptions::default() };
    if options.store.starts_with("postgres://") {
        let store = PostgresStore::open_or_create(&options.store, &info, OpenOptions::default()).await?;
        serve(store, &platform_options, certificates).await
    } else {
        let store = SqliteStore::open_or_create(Path::new(&options.store), &info, Arc::new(SystemClock))?;
        serve(store, &platform_options, certificates).await
    }
}

async fn serve<S: Store>(store: S, options: &PlatformOptions, certificates: Certificates) -> anyhow::Result<()> {
    let platform = Platform::start(store, Arc::new(SystemClock), options)?;
    let any = ([127, 0, 0, 1], 0).into();
    let tls = TlsOptions {
        identity: Identity::from_pem(&certificates.server.0, &certificates.server.1)?,
        client_authorities_pem: certificates.authority,
    };
    let doors = Doors {
        tls: Some((any, tls)),
        plain: Some(any),
        admin: vec![AdminDoor::Address(any, TOKEN.to_owned())],
        balancers: Vec::new(),
    };
    let server = Server::start(platform, doors).await?;
    let addresses = server.addresses();
    let (Some(plain), Some(tls), Some(admin)) = (addresses.plain, addresses.tls, addresses.admin) else {
        anyhow::bail!("a door did not open");
    };
    println!("{}", serde_json::to_string(&Ready { plain, tls, admin })?);
    std::io::stdout().flush()?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    server.stop().await;
    Ok(())
}

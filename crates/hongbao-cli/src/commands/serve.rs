//! `hongbao serve`: the platform, from a configuration file.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use hongbao_server::{Doors, Platform, PlatformOptions, Server, StartError};
use hongbao_store::clock::SystemClock;
use hongbao_store::{Store, StoreInfo};
use hongbao_store_postgres::{Earlier, OpenOptions, PostgresStore};
use hongbao_store_sqlite::{OpenError, SqliteStore};
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::ServeArgs;
use crate::config::{Config, StorePlace};
use crate::error::{Explain, Failure, Result};
use crate::output::{Output, say};

/// What to do about a store that a later version wrote.
const NEWER: &str =
    "serve it with the version that wrote it, or a later one: `hongbao --version` says which one this is";

pub(crate) async fn run(args: ServeArgs, output: Output) -> Result<ExitCode> {
    let config = Config::read(&args.config)?;
    let folder = args.config.parent().unwrap_or(Path::new(""));
    let info = config.store_info()?;
    let options = config.options()?;
    let doors = config.doors(folder)?;
    let store = config.store(folder)?;
    // A store stays what it was created as: none is made for doors that won't open.
    doors.check(info.kind).map_err(|error| not_started(&error))?;
    let mut stop = StopSignals::listen()?;
    match store {
        StorePlace::File(path) => serve(open(&path, &info)?, &options, doors, stop, output).await,
        StorePlace::Database(url) => {
            let earlier = if args.migrate { Earlier::IsMigrated } else { Earlier::IsRefused };
            let options_of_store = OpenOptions { earlier, ..OpenOptions::default() };
            let opening = PostgresStore::open_or_create(&url, &info, options_of_store);
            let store = tokio::select! {
                store = opening => store,
                () = stop.next() => return Ok(ExitCode::SUCCESS),
            };
            serve(store.map_err(|error| not_opened(&error))?, &options, doors, stop, output).await
        }
    }
}

async fn serve<S: Store>(
    store: S,
    options: &PlatformOptions,
    doors: Doors,
    stop: StopSignals,
    output: Output,
) -> Result<ExitCode> {
    let server = start(store, options, doors).await?;
    let addresses = server.addresses();
    tracing::info!(tls = ?addresses.tls, plain = ?addresses.plain, admin = ?addresses.admin, "the platform is ready");
    let object = json!({ "tls": addresses.tls, "plain": addresses.plain, "admin": addresses.admin });
    output.result(object, || say!("ready"));
    until_stopped(server, stop).await
}

/// Opens the store, or creates it.
pub(crate) fn open(path: &Path, info: &StoreInfo) -> Result<SqliteStore> {
    SqliteStore::open_or_create(path, info, Arc::new(SystemClock)).map_err(|error| file_not_opened(&error))
}

/// Why a file is no store, and what to do.
pub(crate) fn file_not_opened(error: &OpenError) -> Failure {
    let hint = match error {
        OpenError::InUse(_) => "stop that server, or administer it through its admin API",
        OpenError::OtherKind { .. } => "a store stays what it was created as; use another file",
        OpenError::TooNew { .. } => NEWER,
        OpenError::Moving { .. } => {
            "run `hongbao migrate-store` again to finish it, or once with --abandon to stay with the file"
        }
        OpenError::Moved { .. } => "name that database instead: store = \"postgres://…\" in the configuration",
        OpenError::NotAStore(_) | OpenError::Missing(_) | OpenError::Io { .. } => "name another file",
    };
    Failure::new(error).hint(hint)
}

/// Why a database is no store, and what to do.
pub(crate) fn not_opened(error: &hongbao_store_postgres::OpenError) -> Failure {
    use hongbao_store_postgres::OpenError;
    let hint = match error {
        OpenError::Url(_) => "write %40 for @, %3A for :, %2F for / and %3F for ? in the password",
        OpenError::Tls(_) => "sslrootcert=FILE names the authorities, as PEM; sslmode=disable goes without TLS",
        OpenError::Unavailable(_) => {
            "is the database running, does the URL name the right hosts, user and password, and does it speak TLS \
             (sslmode=disable goes without)?"
        }
        OpenError::NotAStore | OpenError::Missing => {
            "name another database; `hongbao serve` makes a store in an empty one"
        }
        OpenError::TooNew { .. } => NEWER,
        OpenError::TooOld { .. } => "stop all of its nodes, then run once: hongbao serve --migrate --config FILE",
        OpenError::Unfinished => "run `hongbao migrate-store` again to finish it, or once with --abandon to give it up",
        OpenError::OtherKind { .. } => "a store stays what it was created as; use another database",
    };
    Failure::new(error).hint(hint)
}

/// Opens the doors.
pub(crate) async fn start<S: Store>(store: S, options: &PlatformOptions, doors: Doors) -> Result<Server<S>> {
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
        StartError::ClockWrong(_) => failure.hint("set the clock (timedatectl set-ntp true), then start again"),
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

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves until told to stop (SIGINT, SIGTERM), then finishes what is under way. Told so twice, it ends at once: what was
/// not answered is settled when it is asked again.
pub(crate) async fn until_stopped<S: Store>(server: Server<S>, mut stop: StopSignals) -> Result<ExitCode> {
    stop.next().await;
    tracing::info!("stopping: finishing what is under way; another signal ends it at once");
    tokio::select! {
        () = server.stop() => Ok(ExitCode::SUCCESS),
        () = stop.next() => {
            tracing::warn!("ended before everything under way was finished");
            std::process::exit(130)
        }
    }
}

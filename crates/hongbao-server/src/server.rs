//! How does the platform start and stop? Doors open once everything behind them is ready; when it
//! stops, doors close first, then requests under way are finished, then the lanes are emptied: no
//! request that was taken is lost.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use hongbao_store::lane::LaneThreads;
use hongbao_store::{Store, StoreKind};
use ipnet::IpNet;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::balancers::Balancers;
use crate::listener::{serve_tcp, serve_unix};
use crate::platform::Platform;
use crate::readiness::{self, NotReady};
use crate::tls::{Tls, TlsError, TlsOptions};
use crate::{admin, gateway, jobs, people};

/// The least characters that an operators' token has.
pub const TOKEN_LEN_MIN: usize = 32;
/// How long requests under way may take to finish when the server stops.
const FINISH_PATIENCE: Duration = Duration::from_secs(30);

/// Which doors to open.
#[derive(Debug, Default)]
pub struct Doors {
    /// Merchants and people, with TLS.
    pub tls: Option<(SocketAddr, TlsOptions)>,
    /// Merchants and people, without TLS and so without certificates: in a sandbox only.
    pub plain: Option<SocketAddr>,
    /// Operators.
    pub admin: Vec<AdminDoor>,
    /// Who speaks for merchants and people: each connection from here says by PROXY protocol (version 2) whose it is.
    pub balancers: Vec<IpNet>,
}

impl Doors {
    /// Whether these doors can be opened for a store of this kind: asked before there is one.
    pub fn check(&self, kind: StoreKind) -> Result<(), StartError> {
        if self.plain.is_some() && kind == StoreKind::Live {
            return Err(StartError::PlainIsForSandboxes);
        }
        if let Some((_, options)) = &self.tls {
            Tls::new(options)?;
        }
        for door in &self.admin {
            if let AdminDoor::Address(address, token) = door {
                if !address.ip().is_loopback() {
                    return Err(StartError::AdminIsLocal(*address));
                }
                if token.len() < TOKEN_LEN_MIN {
                    return Err(StartError::TokenTooShort);
                }
            }
        }
        Ok(())
    }
}

/// A door for operators.
pub enum AdminDoor {
    /// A Unix socket: who may open the file may come in.
    Socket(PathBuf),
    /// An address of this machine, and the token that one must know.
    Address(SocketAddr, String),
}

impl std::fmt::Debug for AdminDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AdminDoor::Socket(path) => f.debug_tuple("Socket").field(path).finish(),
            AdminDoor::Address(address, _) => f.debug_tuple("Address").field(address).field(&"***").finish(),
        }
    }
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address can't be listened on.
    #[error("can't listen on {address}: {error}")]
    Listen {
        /// The address, or the socket's path.
        address: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The TLS door has no usable certificate or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The operators' door has no TLS, so it is not for the network.
    #[error("operators come in on this machine only, without TLS: {0}")]
    AdminIsLocal(SocketAddr),
    /// The operators' token could be guessed.
    #[error("the admin token is too short: it has at least {TOKEN_LEN_MIN} characters")]
    TokenTooShort,
    /// Keys, certificates and assertions would be judged by a wrong time.
    #[error(transparent)]
    ClockWrong(NotReady),
    /// A live store has no door without TLS.
    #[error("a live store takes no requests without TLS: leave the plain address out")]
    PlainIsForSandboxes,
}

/// Where the doors are; port 0 has become a real one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addresses {
    /// Merchants and people, with TLS.
    pub tls: Option<SocketAddr>,
    /// Merchants and people, without.
    pub plain: Option<SocketAddr>,
    /// Operators, the first door that has an address.
    pub admin: Option<SocketAddr>,
}

/// A running platform.
#[derive(Debug)]
pub struct Server<S: Store> {
    platform: Arc<Platform<S>>,
    lanes: LaneThreads,
    addresses: Addresses,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    sockets: Vec<PathBuf>,
}

impl<S: Store> Server<S> {
    /// Opens the doors of `platform`.
    pub async fn start(
        (platform, lanes): (Arc<Platform<S>>, LaneThreads),
        doors: Doors,
    ) -> Result<Server<S>, StartError> {
        doors.check(platform.store.info().kind)?;
        let readiness = readiness::judge(&platform).await;
        if let Err(why @ NotReady::ClockWrong(_)) = readiness {
            return Err(StartError::ClockWrong(why));
        }
        let (stop, stopping) = watch::channel(false);
        let mut server =
            Server { platform, lanes, addresses: Addresses::default(), stop, tasks: Vec::new(), sockets: Vec::new() };
        let public: Router = Router::new()
            .merge(gateway::routes::<S>())
            .merge(people::routes::<S>(&server.platform))
            .route("/ready", get(readiness::get::<S>))
            .with_state(server.platform.clone());
        let http = server.platform.http;
        let balancers = Balancers::new(&doors.balancers);
        let operators: Router = admin::routes::<S>().with_state(server.platform.clone());

        if let Some((address, options)) = doors.tls {
            let tls = Arc::new(Tls::new(&options)?);
            let (listener, address) = listen(address).await?;
            server.addresses.tls = Some(address);
            server.spawn(serve_tcp(listener, Some(tls), balancers.clone(), public.clone(), http, stopping.clone()));
        }
        if let Some(address) = doors.plain {
            let (listener, address) = listen(address).await?;
            server.addresses.plain = Some(address);
            server.spawn(serve_tcp(listener, None, balancers, public, http, stopping.clone()));
        }
        for door in doors.admin {
            match door {
                AdminDoor::Socket(path) => {
                    let listener = listen_on_socket(&path)?;
                    server.sockets.push(path);
                    server.spawn(serve_unix(listener, operators.clone(), http, stopping.clone()));
                }
                AdminDoor::Address(address, token) => {
                    let (listener, address) = listen(address).await?;
                    server.addresses.admin.get_or_insert(address);
                    let router = admin::guarded(operators.clone(), &token);
                    server.spawn(serve_tcp(listener, None, Balancers::default(), router, http, stopping.clone()));
                }
            }
        }
        server.spawn(readiness::watch(server.platform.clone(), stopping.clone()));
        if let Some(every) = server.platform.expire_every {
            let job = jobs::expire_packets::run(server.platform.clone(), every, stopping);
            server.spawn(job);
        }
        Ok(server)
    }

    /// Where the doors are.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Closes the doors, finishes what is under way, empties the lanes.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for mut task in self.tasks {
            if tokio::time::timeout(FINISH_PATIENCE, &mut task).await.is_err() {
                tracing::warn!("a request under way did not finish in time");
                task.abort();
            }
        }
        self.platform.stop(self.lanes).await;
        for socket in self.sockets {
            let _ = std::fs::remove_file(socket);
        }
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(tokio::spawn(task));
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen { address: address.to_string(), error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// A socket left behind by a server that was killed is removed; any other file, and a socket that
/// somebody listens on, is left alone.
fn listen_on_socket(path: &std::path::Path) -> Result<UnixListener, StartError> {
    use std::io::{Error, ErrorKind};
    use std::os::unix::fs::FileTypeExt;
    let failed = |error| StartError::Listen { address: path.display().to_string(), error };
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(failed(Error::new(ErrorKind::AlreadyExists, "there is a file that is no socket")));
        }
        Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
            return Err(failed(Error::new(ErrorKind::AddrInUse, "somebody listens there already")));
        }
        Ok(_) => std::fs::remove_file(path).map_err(failed)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    // Only its owner may come in.
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(path, permissions).map_err(failed)?;
    Ok(listener)
}

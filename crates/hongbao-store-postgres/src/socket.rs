//! Where is a host, and how is it reached? A name may stand for several addresses; a socket is one of TCP or of a file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_util::either::Either;

/// How long one address may take, so that the next one of a name is tried; unless the URL says another time.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a server is spoken to through.
#[cfg(unix)]
pub(crate) type Socket = Either<TcpStream, UnixStream>;
#[cfg(not(unix))]
pub(crate) type Socket = Either<TcpStream, TcpStream>;

/// Where a server may be.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(PathBuf),
}

/// Where the one host that `config` names may be.
pub(crate) async fn addresses(config: &Config) -> std::io::Result<Vec<Address>> {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match config.get_hosts().first() {
        Some(Host::Tcp(name)) => Ok(tokio::net::lookup_host((name.as_str(), port)).await?.map(Address::Tcp).collect()),
        #[cfg(unix)]
        Some(Host::Unix(folder)) => Ok(vec![Address::Unix(folder.join(format!(".s.PGSQL.{port}")))]),
        None => Ok(Vec::new()),
    }
}

/// Connects as `config` says: nothing waits to be sent together with more, and a host that vanished is noticed.
pub(crate) async fn connect(address: &Address, config: &Config) -> std::io::Result<Socket> {
    match address {
        Address::Tcp(address) => {
            let patience = config.get_connect_timeout().copied().unwrap_or(PATIENCE);
            let stream = tokio::time::timeout(patience, TcpStream::connect(address)).await??;
            stream.set_nodelay(true)?;
            let socket = socket2::SockRef::from(&stream);
            #[cfg(target_os = "linux")]
            socket.set_tcp_user_timeout(config.get_tcp_user_timeout().copied())?;
            if config.get_keepalives() {
                let mut keepalive = socket2::TcpKeepalive::new().with_time(config.get_keepalives_idle());
                if let Some(interval) = config.get_keepalives_interval() {
                    keepalive = keepalive.with_interval(interval);
                }
                if let Some(retries) = config.get_keepalives_retries() {
                    keepalive = keepalive.with_retries(retries);
                }
                socket.set_tcp_keepalive(&keepalive)?;
            }
            Ok(Either::Left(stream))
        }
        #[cfg(unix)]
        Address::Unix(file) => Ok(Either::Right(UnixStream::connect(file).await?)),
    }
}

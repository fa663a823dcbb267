//! How does a connection become requests? Accept, shake hands, speak HTTP/1.1, all of it bounded:
//! so many connections, so long for a handshake, so long for headers. When the server stops, what is
//! under way is finished.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hongbao_engine::directory::PresentedCertificate;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::Service;

use crate::presented;
use crate::tls::Tls;

/// How long a handshake may take.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);
/// How long the headers of the next request may take to arrive, so also how long a connection may idle.
/// Clients that keep connections let them go earlier, or now and then lose a request to the closing door.
const HEADER_PATIENCE: Duration = Duration::from_secs(75);
/// How many connections a door takes at once; the next one waits in the system's queue.
const CONNECTIONS_MAX: usize = 4096;
/// How many headers a request may have.
const HEADERS_MAX: usize = 64;
/// How many bytes all headers of a request may have.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Who is at the other end of a connection; an extension of every request.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    pub(crate) transport: Transport,
}

/// How the connection was made.
#[derive(Clone, Debug)]
pub(crate) enum Transport {
    /// Without TLS, on a door that only a sandbox has: no certificate can be asked for.
    Plain,
    /// With TLS, and perhaps a certificate.
    Tls(Option<PresentedCertificate>),
}

/// Takes connections until `stop` says so, then finishes what is under way.
pub(crate) async fn serve_tcp(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let door = Door::new(router);
    loop {
        let Some(permit) = door.permit(&mut stop).await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let (router, watcher, tls) = (door.router.clone(), door.graceful.watcher(), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => {
                    let peer = Peer { address: address.ip(), transport: Transport::Plain };
                    speak(stream, peer, router, watcher, permit).await;
                }
                Some(tls) => shake_hands(stream, address, &tls, router, watcher, permit).await,
            }
        });
    }
    // The door is closed before what is inside is finished: who comes now is refused at once.
    drop(listener);
    door.graceful.shutdown().await;
}

/// The same on a Unix socket.
pub(crate) async fn serve_unix(listener: UnixListener, router: Router, mut stop: watch::Receiver<bool>) {
    let door = Door::new(router);
    loop {
        let Some(permit) = door.permit(&mut stop).await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let peer = Peer { address: IpAddr::from([127, 0, 0, 1]), transport: Transport::Plain };
                tokio::spawn(speak(stream, peer, door.router.clone(), door.graceful.watcher(), permit));
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    door.graceful.shutdown().await;
}

struct Door {
    router: Router,
    graceful: GracefulShutdown,
    places: Arc<Semaphore>,
}

impl Door {
    fn new(router: Router) -> Door {
        Door { router, graceful: GracefulShutdown::new(), places: Arc::new(Semaphore::new(CONNECTIONS_MAX)) }
    }

    async fn permit(&self, stop: &mut watch::Receiver<bool>) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            permit = self.places.clone().acquire_owned() => permit.ok(),
            _ = stop.wait_for(|stop| *stop) => None,
        }
    }
}

/// Out of file descriptors, say: nothing to do but wait a little.
async fn pause_after(error: &std::io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

async fn shake_hands(
    stream: tokio::net::TcpStream,
    address: SocketAddr,
    tls: &Tls,
    router: Router,
    watcher: Watcher,
    permit: OwnedSemaphorePermit,
) {
    match tokio::time::timeout(HANDSHAKE_PATIENCE, tls.acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let certificate = presented::read(chain, &tls.authorities);
            let peer = Peer { address: address.ip(), transport: Transport::Tls(certificate) };
            speak(stream, peer, router, watcher, permit).await;
        }
        Ok(Err(error)) => tracing::info!(%error, peer = %address, "a TLS handshake failed"),
        Err(_) => tracing::info!(peer = %address, "a TLS handshake took too long"),
    }
}

async fn speak<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: I,
    peer: Peer,
    router: Router,
    watcher: Watcher,
    permit: OwnedSemaphorePermit,
) {
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let answer = router.clone().call(request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended");
    }
    drop(permit);
}

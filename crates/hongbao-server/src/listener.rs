//! How does a connection become requests? Accept, shake hands, speak HTTP/1.1, all of it bounded
//! ([`HttpBounds`]). When the server stops, what is under way is finished.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hongbao_engine::directory::PresentedCertificate;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::Service;

use crate::balancers::{self, Balancers};
use crate::bounds::HttpBounds;
use crate::client_certificate;
use crate::patience::{Patient, Turns};
use crate::tls::Tls;

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
    balancers: Balancers,
    router: Router,
    bounds: HttpBounds,
    mut stop: watch::Receiver<bool>,
) {
    let door = Door::new(router, bounds);
    loop {
        let Some(permit) = door.permit(&mut stop).await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (mut stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let (guest, tls) = (door.guest(permit), tls.clone());
        let is_balancer = balancers.include(address.ip());
        tokio::spawn(async move {
            let whose = if is_balancer { guest.whose(&mut stream, address).await } else { Some(address) };
            let Some(address) = whose else { return };
            match tls {
                None => guest.speak(stream, Peer { address: address.ip(), transport: Transport::Plain }).await,
                Some(tls) => guest.shake_hands(stream, address, &tls).await,
            }
        });
    }
    // The door is closed before what is inside is finished: who comes now is refused at once.
    drop(listener);
    door.graceful.shutdown().await;
}

/// The same on a Unix socket.
pub(crate) async fn serve_unix(
    listener: UnixListener,
    router: Router,
    bounds: HttpBounds,
    mut stop: watch::Receiver<bool>,
) {
    let door = Door::new(router, bounds);
    loop {
        let Some(permit) = door.permit(&mut stop).await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let peer = Peer { address: IpAddr::from([127, 0, 0, 1]), transport: Transport::Plain };
                tokio::spawn(door.guest(permit).speak(stream, peer));
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    door.graceful.shutdown().await;
}

struct Door {
    router: Router,
    bounds: HttpBounds,
    graceful: GracefulShutdown,
    places: Arc<Semaphore>,
}

impl Door {
    fn new(router: Router, bounds: HttpBounds) -> Door {
        let places = Arc::new(Semaphore::new(bounds.connections_max));
        Door { router, bounds, graceful: GracefulShutdown::new(), places }
    }

    async fn permit(&self, stop: &mut watch::Receiver<bool>) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            permit = self.places.clone().acquire_owned() => permit.ok(),
            _ = stop.wait_for(|stop| *stop) => None,
        }
    }

    fn guest(&self, place: OwnedSemaphorePermit) -> Guest {
        Guest { router: self.router.clone(), bounds: self.bounds, watcher: self.graceful.watcher(), place }
    }
}

/// Out of file descriptors, say: nothing to do but wait a little.
async fn pause_after(error: &std::io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// Who was let in at a door, and what a connection needs there.
struct Guest {
    router: Router,
    bounds: HttpBounds,
    watcher: Watcher,
    place: OwnedSemaphorePermit,
}

impl Guest {
    /// For whom a balancer's connection is.
    async fn whose(&self, stream: &mut TcpStream, balancer: SocketAddr) -> Option<SocketAddr> {
        match tokio::time::timeout(self.bounds.handshake_patience, balancers::read_header(stream)).await {
            Ok(Ok(address)) => return Some(address.unwrap_or(balancer)),
            Ok(Err(error)) => tracing::warn!(%error, peer = %balancer, "a balancer's connection was not taken"),
            Err(_) => tracing::warn!(peer = %balancer, "a balancer did not say for whom a connection is"),
        }
        None
    }

    async fn shake_hands(self, stream: TcpStream, address: SocketAddr, tls: &Tls) {
        match tokio::time::timeout(self.bounds.handshake_patience, tls.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
                let certificate = client_certificate::read(chain, &tls.authorities);
                let peer = Peer { address: address.ip(), transport: Transport::Tls(certificate) };
                self.speak(stream, peer).await;
            }
            Ok(Err(error)) => tracing::info!(%error, peer = %address, "a TLS handshake failed"),
            Err(_) => tracing::info!(peer = %address, "a TLS handshake took too long"),
        }
    }

    async fn speak<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: I, peer: Peer) {
        let Guest { router, bounds, watcher, place } = self;
        let turns = Turns::default();
        let stream = TokioIo::new(Patient::new(stream, bounds, turns.clone()));
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            turns.change();
            request.extensions_mut().insert(peer.clone());
            let (answer, turns) = (router.clone().call(request), turns.clone());
            async move {
                let answer = answer.await.unwrap_or_else(|never| match never {});
                turns.change();
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            // `Patient` does that.
            .header_read_timeout(None)
            .max_headers(bounds.headers_max)
            // hyper panics below its own minimum.
            .max_buf_size(bounds.head_bytes_max.max(8192))
            .serve_connection(stream, service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended");
        }
        drop(place);
    }
}

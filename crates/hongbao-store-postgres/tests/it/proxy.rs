//! A wire between us and the database that is cut at the worst moment.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// `COMMIT`, as it goes over the wire: a message of its own.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// When the wire is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// The commit never arrives.
    BeforeCommit,
    /// The commit was carried out, and its answer never arrives.
    AfterCommit,
    /// The commit was carried out, and then nothing comes, not even the end of the connection.
    Silence,
}

#[derive(Clone)]
pub(crate) struct Proxy {
    address: SocketAddr,
    cuts: Arc<Mutex<VecDeque<Cut>>>,
    /// One for the proxy, and one for each connection through it.
    open: Arc<()>,
}

impl Proxy {
    /// Before the PostgreSQL on this port.
    pub(crate) async fn start(port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy { address: listener.local_addr().unwrap(), cuts: Arc::default(), open: Arc::default() };
        let (cuts, open) = (proxy.cuts.clone(), Arc::downgrade(&proxy.open));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (cuts, open) = (cuts.clone(), open.upgrade());
                tokio::spawn(async move {
                    carry(client, port, cuts).await;
                    drop(open);
                });
            }
        });
        proxy
    }

    /// The same database, by way of this wire.
    pub(crate) fn url(&self, url: &str, port: u16) -> String {
        url.replace(&format!(":{port}/"), &format!(":{}/", self.address.port()))
    }

    /// Its host and port.
    pub(crate) fn host(&self) -> SocketAddr {
        self.address
    }

    /// The next commits go wrong like this.
    pub(crate) fn plan(&self, cuts: impl IntoIterator<Item = Cut>) {
        self.cuts.lock().unwrap().extend(cuts);
    }

    /// How many connections go through it.
    pub(crate) fn open(&self) -> usize {
        Arc::strong_count(&self.open) - 1
    }

    /// How many of the planned cuts are still to come.
    pub(crate) fn to_come(&self) -> usize {
        self.cuts.lock().unwrap().len()
    }
}

async fn carry(mut client: TcpStream, port: u16, cuts: Arc<Mutex<VecDeque<Cut>>>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(length @ 1..) = read else { return };
                let is_commit = up[..length].windows(COMMIT.len()).any(|bytes| bytes == COMMIT);
                let cut = if is_commit { cuts.lock().unwrap().pop_front() } else { None };
                if matches!(cut, Some(Cut::BeforeCommit)) || server.write_all(&up[..length]).await.is_err() {
                    return;
                }
                if matches!(cut, Some(Cut::Silence)) {
                    // Until nobody listens any more.
                    while !matches!(client.read(&mut up).await, Ok(0) | Err(_)) {}
                    return;
                }
                if matches!(cut, Some(Cut::AfterCommit)) {
                    let answered = server.read(&mut down).await.unwrap();
                    // CommandComplete: it is done.
                    assert!(down[..answered].starts_with(b"C") && down[..answered].windows(6).any(|b| b == b"COMMIT"));
                    return;
                }
            }
            read = server.read(&mut down) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&down[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

//! A platform that answers what a test has planned, and remembers what it was asked.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};

use hongbao_wire::Params;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What happens to one request.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// It is answered with status 200 and this body.
    Reply(String),
    /// It is answered with this status line's end, this header line (if any), and this body.
    Http { status: &'static str, header: &'static str, body: String },
    /// It is answered with a body that never ends.
    Endless,
    /// It is answered with the first half of this body, and the connection ends.
    CutShort(String),
    /// It is answered with the first half of this body, and the rest never comes.
    Stall(String),
    /// It is read, and never answered.
    Silence,
    /// The connection ends before it is read.
    DropUnread,
    /// It is read, and the connection ends.
    DropRead,
}

/// The platform. What is not planned, it drops.
pub(crate) struct Mock {
    url: String,
    state: Arc<Mutex<State>>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method, path and version.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

struct State {
    plans: VecDeque<Plan>,
    connections: usize,
    requests: Vec<Request>,
}

impl Mock {
    /// Listens for plain HTTP; its first request meets the first plan, its second the second.
    pub(crate) async fn start(plans: impl IntoIterator<Item = Plan>) -> Mock {
        Mock::listen(plans, None).await
    }

    /// The same over TLS.
    pub(crate) async fn start_tls(plans: impl IntoIterator<Item = Plan>, tls: TlsAcceptor) -> Mock {
        Mock::listen(plans, Some(tls)).await
    }

    async fn listen(plans: impl IntoIterator<Item = Plan>, tls: Option<TlsAcceptor>) -> Mock {
        let state = State { plans: plans.into_iter().collect(), connections: 0, requests: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                shared.lock().unwrap().connections += 1;
                let (tls, state) = (tls.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => serve(tls.accept(stream).await?, state).await,
                        None => serve(stream, state).await,
                    }
                });
            }
        });
        Mock { url, state }
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How many connections it has accepted.
    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// What it has read.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }
}

impl Request {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body, read as the platform reads it.
    pub(crate) fn params(&self) -> Params {
        hongbao_wire::decode(&self.body).unwrap()
    }
}

/// What a connection is made of, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

async fn serve(mut stream: impl Stream, state: Arc<Mutex<State>>) -> io::Result<()> {
    loop {
        if matches!(state.lock().unwrap().plans.front(), Some(Plan::DropUnread)) {
            state.lock().unwrap().plans.pop_front();
            return Ok(());
        }
        let Some(request) = read_request(&mut stream).await? else { return Ok(()) };
        let plan = {
            let mut state = state.lock().unwrap();
            state.requests.push(request);
            state.plans.pop_front()
        };
        match plan {
            Some(Plan::Reply(body)) => write_reply(&mut stream, "200 OK", "", &body).await?,
            Some(Plan::Http { status, header, body }) => write_reply(&mut stream, status, header, &body).await?,
            Some(Plan::Endless) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n<xml>").await?;
                let blanks = vec![b' '; 64 * 1024];
                loop {
                    stream.write_all(&blanks).await?;
                }
            }
            Some(Plan::CutShort(body)) => {
                write_half(&mut stream, &body).await?;
                return Ok(());
            }
            Some(Plan::Stall(body)) => {
                write_half(&mut stream, &body).await?;
                pending::<()>().await;
            }
            Some(Plan::Silence) => pending::<()>().await,
            Some(Plan::DropUnread | Plan::DropRead) | None => return Ok(()),
        }
    }
}

/// `None` when the connection ends between two requests.
async fn read_request(stream: &mut impl Stream) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && head.is_empty() => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().lines();
    let line = lines.next().unwrap().to_owned();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let mut request = Request { line, headers, body: Vec::new() };
    let len = request.header("content-length").unwrap().parse().unwrap();
    request.body.resize(len, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

async fn write_reply(stream: &mut impl Stream, status: &str, header: &str, body: &str) -> io::Result<()> {
    let line_end = if header.is_empty() { "" } else { "\r\n" };
    let head = format!("HTTP/1.1 {status}\r\n{header}{line_end}content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

async fn write_half(stream: &mut impl Stream, body: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body.as_bytes()[..body.len() / 2]).await
}

//! The load: connections that are kept alive, each with one request under way. Requests are made and signed
//! beforehand; an answer that is not the one expected ends the benchmark.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use hongbao_identity::Identity;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::setup::Certificates;

/// What a round took.
pub(crate) struct Round {
    pub(crate) time: Duration,
    /// Microseconds of each request, sorted.
    pub(crate) latencies: Vec<u32>,
}

/// How to reach a server.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<TlsConnector>,
}

/// mTLS in the merchant's name.
pub(crate) fn mtls(certificates: &Certificates) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    for root in Identity::from_pem(&certificates.authority, &certificates.merchant.1)?.chain() {
        roots.add(root.clone())?;
    }
    let merchant = Identity::from_pem(&certificates.merchant.0, &certificates.merchant.1)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(merchant.chain().to_vec(), merchant.private_key().clone_key())?;
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The bytes of a send.
pub(crate) fn send(body: &str) -> Vec<u8> {
    format!(
        "POST /mmpaymkttransfers/sendredpack HTTP/1.1\r\nhost: api.mch.weixin.qq.com\r\n\
         content-type: text/xml; charset=utf-8\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The bytes of a claim: by the link with this token, unless there is none.
pub(crate) fn claim(packet: &str, assertion: &str, link: Option<&str>) -> Vec<u8> {
    let link = link.map(|link| format!("hongbao-link: {link}\r\n")).unwrap_or_default();
    format!(
        "POST /packets/{packet}/claims HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {assertion}\r\n\
         {link}content-length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// Connections, ready to be sent over: what a handshake costs is not a request's.
pub(crate) async fn connect(way: &Way, count: usize) -> anyhow::Result<Vec<Box<dyn Stream>>> {
    let mut streams: Vec<Box<dyn Stream>> = Vec::new();
    for _ in 0..count {
        let stream = TcpStream::connect(way.address).await?;
        stream.set_nodelay(true)?;
        streams.push(match &way.tls {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.connect("127.0.0.1".try_into()?, stream).await?),
        });
    }
    Ok(streams)
}

/// Sends each list of requests over a connection of its own, all at once; each is answered with what is expected.
pub(crate) async fn run(
    streams: Vec<Box<dyn Stream>>,
    requests: Vec<Vec<Vec<u8>>>,
    expected: &'static str,
) -> anyhow::Result<Round> {
    let start = Instant::now();
    let tasks: Vec<_> = streams
        .into_iter()
        .zip(requests)
        .map(|(stream, requests)| tokio::spawn(exchange(stream, requests, expected)))
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let time = start.elapsed();
    latencies.sort_unstable();
    Ok(Round { time, latencies })
}

/// A connection, with or without TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn exchange(mut stream: Box<dyn Stream>, requests: Vec<Vec<u8>>, expected: &str) -> anyhow::Result<Vec<u32>> {
    let mut latencies = Vec::with_capacity(requests.len());
    let mut buffer = vec![0; 16 * 1024];
    for request in requests {
        let start = Instant::now();
        stream.write_all(&request).await?;
        stream.flush().await?;
        let mut filled = 0;
        let length = loop {
            let read = stream.read(&mut buffer[filled..]).await?;
            if read == 0 {
                bail!("the server hung up");
            }
            filled += read;
            if let Some(length) = length_of(&buffer[..filled])?
                && filled >= length
            {
                break length;
            }
        };
        latencies.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
        let reply = std::str::from_utf8(&buffer[..length]).context("an answer that is no text")?;
        if !reply.contains(expected) {
            bail!("not what was expected, {expected}:\n{reply}");
        }
    }
    Ok(latencies)
}

/// How long the whole answer is, once its head is there.
fn length_of(answer: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?;
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.context("an answer without a length")?.1.parse()?;
    Ok(Some(end + 4 + length))
}

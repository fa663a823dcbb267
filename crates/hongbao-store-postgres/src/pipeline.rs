//! How do several statements become one pipeline? The client library ends each of them with a Sync, and at each Sync the
//! server sends what it has: a system call there and a wake-up here for every statement, a third of what a small batch
//! costs. So a Sync that another statement follows at once is left out on the way, and what the server would have answered
//! to it is put in.
//!
//! What changes by it: statements that are sent in one go are one transaction, even where none was begun, and none runs
//! after one that failed.
//!
//! (PostgreSQL's documentation, "Message Flow: Pipelining".)

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

const SYNC: &[u8] = b"S\0\0\0\x04";
const READY_IN_TRANSACTION: &[u8] = b"Z\0\0\0\x05T";
const READY_IN_FAILED_TRANSACTION: &[u8] = b"Z\0\0\0\x05E";
/// What is said of a statement that the server skipped: 25P02, as it says itself of one in a transaction that failed.
const SKIPPED: &[u8] = b"E\0\0\0\x38SERROR\0VERROR\0C25P02\0Ma statement before it failed\0\0";

/// A connection to a server, whose client speaks into it.
pub(crate) struct Pipelined<S> {
    stream: S,
    from_client: Messages,
    from_server: Messages,
    to_server: BytesMut,
    to_client: BytesMut,
    /// The client's last whole message.
    last: u8,
    /// Whether a Sync is held back until it is known what follows.
    is_held: bool,
    /// The ends of requests that the server has still to reach.
    ends: VecDeque<End>,
}

/// How a request ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The server says that it is ready for the next one.
    Said,
    /// It will not, for its Sync was left out.
    LeftOut,
}

impl<S> Pipelined<S> {
    /// Over a stream on which nothing was said yet. If TLS is asked for on it, the request comes first, and its answer is a
    /// byte and no message.
    pub(crate) fn new(stream: S, asks_for_tls: bool) -> Pipelined<S> {
        Pipelined {
            stream,
            from_client: Messages { untyped: 1 + usize::from(asks_for_tls), ..Messages::default() },
            from_server: Messages { bytes_before: usize::from(asks_for_tls), ..Messages::default() },
            to_server: BytesMut::new(),
            to_client: BytesMut::new(),
            last: 0,
            is_held: false,
            ends: VecDeque::new(),
        }
    }

    fn client_says(&mut self, mut said: &[u8]) {
        while let Some(part) = self.from_client.next(&mut said) {
            if part.is_start && self.is_held && part.kind == b'B' {
                self.is_held = false;
                self.ends.push_back(End::LeftOut);
            } else if part.is_start {
                self.say_what_is_held();
            }
            // Behind an Execute: of other requests nothing but the server's own word is an end.
            if part.kind == b'S' && self.last == b'E' {
                self.is_held = true;
            } else {
                self.to_server.put_slice(part.head());
                self.to_server.put_slice(part.body);
                if part.is_end && matches!(part.kind, b'S' | b'Q') {
                    self.ends.push_back(End::Said);
                }
            }
            if part.is_end {
                self.last = part.kind;
            }
        }
    }

    fn say_what_is_held(&mut self) {
        if std::mem::take(&mut self.is_held) {
            self.to_server.put_slice(SYNC);
            self.ends.push_back(End::Said);
        }
    }

    fn server_says(&mut self, mut said: &[u8]) {
        self.to_client.put_slice(self.from_server.take_bytes_before(&mut said));
        while let Some(part) = self.from_server.next(&mut said) {
            self.to_client.put_slice(part.head());
            self.to_client.put_slice(part.body);
            if !part.is_end {
                continue;
            }
            match (part.kind, self.ends.front()) {
                (b'Z', _) => {
                    self.ends.pop_front();
                }
                // CommandComplete, EmptyQueryResponse, PortalSuspended.
                (b'C' | b'I' | b's', Some(End::LeftOut)) => {
                    self.ends.pop_front();
                    self.to_client.put_slice(READY_IN_TRANSACTION);
                }
                // ErrorResponse: up to the next Sync, nothing more will be said.
                (b'E', Some(End::LeftOut)) => {
                    while let Some(End::LeftOut) = self.ends.front() {
                        self.ends.pop_front();
                        self.to_client.put_slice(READY_IN_FAILED_TRANSACTION);
                        self.to_client.put_slice(SKIPPED);
                    }
                }
                _ => {}
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Pipelined<S> {
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.say_what_is_held();
        self.poll_drain(context)
    }

    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.to_server.has_remaining() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &self.to_server))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.to_server.advance(sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pipelined<S> {
    /// Takes everything; it is sent when the client flushes, as it does behind all that it has to say.
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, said: &[u8]) -> Poll<io::Result<usize>> {
        self.client_says(said);
        // A request for TLS it does not flush.
        if self.from_client.untyped > 0 {
            let _ = self.poll_send(context)?;
        }
        Poll::Ready(Ok(said.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Pipelined<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // What could not be sent at once goes before what is waited for.
        if self.to_server.has_remaining() {
            let _ = self.poll_drain(context)?;
        }
        let mut space = [0; 8192];
        while !self.to_client.has_remaining() {
            let mut said = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut said))?;
            if said.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.server_says(said.filled());
        }
        let count = self.to_client.remaining().min(buffer.remaining());
        buffer.put_slice(&self.to_client.split_to(count));
        Poll::Ready(Ok(()))
    }
}

/// TLS below the pipeline, not above it.
pub(crate) struct TlsBelow<T>(pub(crate) T);

impl<S, T> TlsConnect<Pipelined<S>> for TlsBelow<T>
where
    T: TlsConnect<S>,
    T::Future: Send + 'static,
{
    type Stream = Pipelined<T::Stream>;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, T::Error>> + Send>>;

    fn connect(self, plain: Pipelined<S>) -> Self::Future {
        let connecting = self.0.connect(plain.stream);
        Box::pin(async { Ok(Pipelined::new(connecting.await?, false)) })
    }
}

impl<S: TlsStream + Unpin> TlsStream for Pipelined<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.stream.channel_binding()
    }
}

/// Where in its messages a side is.
#[derive(Default)]
struct Messages {
    /// How many bytes come before the first message.
    bytes_before: usize,
    /// How many messages have no type: the first ones of a client.
    untyped: usize,
    head: [u8; 5],
    head_length: usize,
    kind: u8,
    body_left: usize,
}

/// What of a message has come.
struct Part<'a> {
    kind: u8,
    is_start: bool,
    is_end: bool,
    head: [u8; 5],
    head_length: usize,
    body: &'a [u8],
}

impl Part<'_> {
    /// Type and length, if this is its start.
    fn head(&self) -> &[u8] {
        &self.head[..self.head_length]
    }
}

impl Messages {
    fn take_bytes_before<'a>(&mut self, said: &mut &'a [u8]) -> &'a [u8] {
        let count = self.bytes_before.min(said.len());
        self.bytes_before -= count;
        said.split_off(..count).unwrap_or_default()
    }

    /// The next part of what was said; nothing if that is all, or the beginning of a head.
    fn next<'a>(&mut self, said: &mut &'a [u8]) -> Option<Part<'a>> {
        let mut head_length = 0;
        let is_start = self.body_left == 0;
        if is_start {
            let whole = if self.untyped > 0 { 4 } else { 5 };
            let count = (whole - self.head_length).min(said.len());
            self.head[self.head_length..self.head_length + count].copy_from_slice(said.split_off(..count)?);
            self.head_length += count;
            if self.head_length < whole {
                return None;
            }
            head_length = std::mem::take(&mut self.head_length);
            self.untyped = self.untyped.saturating_sub(1);
            let (kind, length) = self.head[..whole].split_at(whole - 4);
            self.kind = kind.first().copied().unwrap_or_default();
            // The length counts itself.
            let length = length.try_into().map_or(0, u32::from_be_bytes);
            self.body_left = usize::try_from(length).unwrap_or(usize::MAX).saturating_sub(4);
        } else if said.is_empty() {
            return None;
        }
        let count = self.body_left.min(said.len());
        self.body_left -= count;
        let body = said.split_off(..count).unwrap_or_default();
        Some(Part { kind: self.kind, is_start, is_end: self.body_left == 0, head: self.head, head_length, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind][..], &length, body].concat()
    }

    /// Behind its startup message.
    fn connection() -> Pipelined<()> {
        let mut connection = Pipelined::new((), false);
        connection.client_says(b"\0\0\0\x08\0\x03\0\0");
        connection.server_says(&[message(b'R', b"\0\0\0\0"), message(b'Z', b"I")].concat());
        assert!(connection.ends.is_empty());
        connection.to_server.clear();
        connection.to_client.clear();
        connection
    }

    fn statement(name: u8) -> [Vec<u8>; 3] {
        [message(b'B', &[name; 20]), message(b'E', b"\0\0\0\0\0"), message(b'S', b"")]
    }

    fn kinds(mut bytes: &[u8]) -> String {
        let mut kinds = String::new();
        while let Some((kind, rest)) = bytes.split_first() {
            kinds.push(char::from(*kind));
            let length = u32::from_be_bytes(rest[..4].try_into().unwrap());
            bytes = &rest[usize::try_from(length).unwrap()..];
        }
        kinds
    }

    /// Both sides, in pieces of every length; what each of them hears.
    fn talk(client: &[u8], server: &[u8]) -> (String, String) {
        let mut heard = Vec::new();
        for piece in 1..=client.len().max(server.len()) {
            let mut connection = connection();
            client.chunks(piece).for_each(|said| connection.client_says(said));
            connection.say_what_is_held();
            server.chunks(piece).for_each(|said| connection.server_says(said));
            assert_eq!(connection.ends, [], "in pieces of {piece}");
            heard.push((kinds(&connection.to_server), kinds(&connection.to_client)));
        }
        assert!(heard.iter().all(|one| *one == heard[0]), "{heard:?}");
        heard.remove(0)
    }

    #[test]
    fn statements_that_follow_each_other_share_one_sync_and_each_has_its_end() {
        let client = [statement(1), statement(2), statement(3)].concat().concat();
        let done = [message(b'2', b""), message(b'D', b"row"), message(b'C', b"SELECT 1\0")].concat();
        let server = [&done[..], &done, &done, &message(b'Z', b"T")].concat();
        assert_eq!(talk(&client, &server), ("BEBEBES".to_owned(), "2DCZ2DCZ2DCZ".to_owned()));
    }

    #[test]
    fn what_follows_a_statement_that_failed_failed_too() {
        let client = [statement(1), statement(2), statement(3), statement(4)].concat().concat();
        let done = [message(b'2', b""), message(b'C', b"SELECT 0\0")].concat();
        let server = [&done[..], &message(b'E', b"C40P01\0\0"), &message(b'Z', b"E")].concat();
        assert_eq!(talk(&client, &server), ("BEBEBEBES".to_owned(), "2CZEZEZEZ".to_owned()));
        // The last one: there is nothing to put in.
        let server = [&done[..], &done, &done, &message(b'E', b"C23505\0\0"), &message(b'Z', b"E")].concat();
        assert_eq!(talk(&client, &server), ("BEBEBEBES".to_owned(), "2CZ2CZ2CZEZ".to_owned()));
    }

    /// A network that takes 16 bytes at a time, and a server that answers each request when it has seen its Sync.
    #[tokio::test]
    async fn a_slow_network_changes_nothing() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (ours, mut theirs) = tokio::io::duplex(16);
        let server = tokio::spawn(async move {
            let mut heard = Vec::new();
            let startup = 8;
            while !heard.ends_with(SYNC) {
                assert!(theirs.read_buf(&mut heard).await.unwrap() > 0);
            }
            let done = [message(b'2', b""), message(b'D', &[7; 50]), message(b'C', b"SELECT 1\0")].concat();
            let said = [&done[..], &done, &message(b'E', b"C40001\0\0"), &message(b'Z', b"E")].concat();
            theirs.write_all(&said).await.unwrap();
            kinds(&heard[startup..])
        });
        let mut client = Pipelined::new(ours, false);
        client.write_all(b"\0\0\0\x08\0\x03\0\0").await.unwrap();
        client.flush().await.unwrap();
        for name in 1..=4 {
            client.write_all(&statement(name).concat()).await.unwrap();
        }
        client.flush().await.unwrap();
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).await.unwrap();
        assert_eq!(server.await.unwrap(), "BEBEBEBES");
        assert_eq!(kinds(&heard), "2DCZ2DCZEZEZ");
        assert_eq!(client.ends, []);
    }

    #[test]
    fn other_requests_keep_their_syncs() {
        let prepare = [message(b'P', b"s1"), message(b'D', b"Ss1"), message(b'S', b"")].concat();
        let simple = message(b'Q', b"COMMIT\0");
        let [bind, execute, sync] = statement(1);
        let client = [&prepare[..], &prepare, &bind, &execute, &sync, &simple].concat();
        let prepared = [message(b'1', b""), message(b't', b""), message(b'n', b""), message(b'Z', b"T")].concat();
        let done = [message(b'2', b""), message(b'C', b"SELECT 0\0"), message(b'Z', b"T")].concat();
        let committed = [message(b'N', b""), message(b'C', b"COMMIT\0"), message(b'Z', b"I")].concat();
        let server = [&prepared[..], &prepared, &done, &committed].concat();
        assert_eq!(talk(&client, &server), ("PDSPDSBESQ".to_owned(), "1tnZ1tnZ2CZNCZ".to_owned()));
    }

    #[test]
    fn the_answer_to_a_request_for_tls_is_a_byte_and_the_request_has_no_type() {
        let mut connection = Pipelined::new((), true);
        connection.client_says(b"\0\0\0\x08\x04\xd2\x16\x2f");
        connection.server_says(b"N");
        connection.client_says(b"\0\0\0\x08\0\x03\0\0");
        connection.client_says(&statement(1).concat());
        connection.say_what_is_held();
        connection.server_says(&message(b'Z', b"I"));
        assert_eq!(connection.to_server[..16], *b"\0\0\0\x08\x04\xd2\x16\x2f\0\0\0\x08\0\x03\0\0");
        assert_eq!(kinds(&connection.to_server[16..]), "BES");
        assert_eq!(connection.to_client[..], *b"NZ\0\0\0\x05I");
    }

    #[test]
    fn what_is_put_in_is_as_long_as_it_says() {
        for message in [SYNC, READY_IN_TRANSACTION, READY_IN_FAILED_TRANSACTION, SKIPPED] {
            assert_eq!(kinds(message).len(), 1, "{message:?}");
        }
    }
}

//! How long is a silent or slow peer put up with? Between the socket and hyper, which can't tell a
//! connection that idles from one that sends the head of a request byte by byte, doesn't mind a peer that
//! never reads, and closes on bytes that are still coming in.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::bounds::HttpBounds;

/// How long, and for how many bytes, a closed connection listens on. A socket that is dropped while bytes
/// come in is reset, and a reset may take the last reply with it before the peer has read that.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1024 * 1024;

/// Whose turn it is: the peer's, who is to send a request, or ours, while one is being handled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns(Arc<AtomicUsize>);

impl Turns {
    /// The turn changes: the head of a request is there, or its reply is ready. Replies are short and
    /// whole; one that streams for minutes would have to keep the turn until its end.
    pub(crate) fn change(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection that ends with an error when its peer doesn't get on with it.
#[derive(Debug)]
pub(crate) struct Patient<I> {
    inner: I,
    bounds: HttpBounds,
    turns: Turns,
    turn: usize,
    /// Whether the peer has begun to send in this turn.
    has_begun: bool,
    /// Until when the peer has to send, in its turn.
    deadline: Pin<Box<Sleep>>,
    /// Until when the peer has to read, while it doesn't.
    blocked: Option<Pin<Box<Sleep>>>,
    /// Whether the latest read brought something, so that more may have come since.
    has_more: bool,
    /// Since we closed it: until when, and for how many bytes, the connection listens on.
    linger: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<I: AsyncRead + AsyncWrite + Unpin> Patient<I> {
    /// A new connection. Who has not sent anything yet gets no more time than who has begun: only a
    /// request earns the right to idle.
    pub(crate) fn new(inner: I, bounds: HttpBounds, turns: Turns) -> Patient<I> {
        Patient {
            inner,
            bounds,
            turn: turns.now(),
            turns,
            has_begun: true,
            deadline: Box::pin(sleep(bounds.head_patience)),
            blocked: None,
            has_more: false,
            linger: None,
        }
    }

    /// Whether it is the peer's turn. When it has just become so, its time begins.
    fn is_peers_turn(&mut self, cx: &mut Context<'_>) -> bool {
        let turn = self.turns.now();
        // Turns alternate, and the first one is the peer's.
        let is_peers = turn.is_multiple_of(2);
        if turn != self.turn {
            (self.turn, self.has_begun) = (turn, false);
            self.deadline.as_mut().reset(Instant::now() + self.bounds.idle_patience);
            if is_peers {
                // Wakes the connection when the time is over, even if hyper sees no reason to read until then.
                let _ = self.deadline.as_mut().poll(cx);
            }
        }
        is_peers
    }

    /// Ends a write that has been waiting for too long.
    fn bounded<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.blocked = None;
            return polled;
        }
        let patience = self.bounds.write_patience;
        ready!(self.blocked.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(cx));
        Poll::Ready(Err(timed_out("the peer does not read")))
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncRead for Patient<I> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let is_peers_turn = this.is_peers_turn(cx);
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.inner).poll_read(cx, buf);
        this.has_more = buf.filled().len() > before;
        if !is_peers_turn {
            return polled;
        }
        if this.has_more && !this.has_begun {
            this.has_begun = true;
            this.deadline.as_mut().reset(Instant::now() + this.bounds.head_patience);
        }
        if polled.is_pending() {
            ready!(this.deadline.as_mut().poll(cx));
            return Poll::Ready(Err(timed_out("no request came in time")));
        }
        polled
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<I> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_write(cx, bytes);
        this.bounded(cx, polled)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.is_peers_turn(cx);
        let polled = Pin::new(&mut this.inner).poll_flush(cx);
        this.bounded(cx, polled)
    }

    /// Says that nothing more is sent; then reads away what the peer was still sending.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            let polled = Pin::new(&mut this.inner).poll_shutdown(cx);
            ready!(this.bounded(cx, polled))?;
        }
        let (deadline, left) = this.linger.get_or_insert_with(|| {
            let bytes = if this.has_more { LINGER_BYTES } else { 0 };
            (Box::pin(sleep(LINGER)), bytes)
        });
        let mut scratch = [0; 4096];
        while *left > 0 {
            let mut buf = ReadBuf::new(&mut scratch);
            match Pin::new(&mut this.inner).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => *left = left.saturating_sub(buf.filled().len()),
                Poll::Ready(_) => break,
                Poll::Pending => {
                    ready!(deadline.as_mut().poll(cx));
                    break;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn timed_out(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
}

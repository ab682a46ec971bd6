//! A stream whose client may not take for ever.

use super::exchange::Exchange;
use super::open::{OpenConnection, OpenConnections};
use frontrow_application::port::Network;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// Whoever takes less than that of what is sent, in the time that they have, is cut off.
const LEAST_TAKEN: usize = 4096;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From the end of an answer to the end of the next request's head.
    pub head: Duration,
    /// For taking [`LEAST_TAKEN`] bytes, while more are waiting.
    pub write: Duration,
}

/// The stream of one connection.
///
/// The framework limits the time of a connection's first head only. Whoever has sent one request may then send the next for
/// as long as they like, a byte at a time. So this one looks like a stream that has ended when the next head is not there in
/// time.
pub(crate) struct Guarded {
    io: TcpStream,
    patience: Patience,
    exchange: Rc<Exchange>,
    head_due: Pin<Box<Sleep>>,
    /// While the client has not taken what was sent.
    blocked: Option<Blocked>,
    _open: OpenConnection,
}

struct Blocked {
    due: Pin<Box<Sleep>>,
    /// Bytes that were taken since the time began.
    taken: usize,
}

/// The stream, if there may be one more. Proxies connect for many, and are not counted by their networks.
pub(crate) fn guard(
    io: TcpStream,
    patience: Patience,
    open: &Arc<OpenConnections>,
    is_proxy: impl Fn(IpAddr) -> bool,
) -> io::Result<Guarded> {
    let peer = io.peer_addr().ok().map(|peer| peer.ip());
    let opened = open.open(peer.filter(|peer| !is_proxy(*peer)).and_then(Network::of));
    let opened = opened.map_err(|too_many| {
        metrics::counter!("frontrow_connections_refused_total", "by" => too_many.as_str()).increment(1);
        io::Error::from(io::ErrorKind::ConnectionRefused)
    })?;
    Ok(Guarded::new(io, patience, opened))
}

impl Guarded {
    fn new(io: TcpStream, patience: Patience, open: OpenConnection) -> Self {
        let head_due = Box::pin(sleep(patience.head));
        Self { io, patience, exchange: Exchange::new(), head_due, blocked: None, _open: open }
    }

    pub fn exchange(&self) -> &Rc<Exchange> {
        &self.exchange
    }

    /// Whether the next head should be here by now.
    fn is_head_overdue(&mut self, context: &mut Context<'_>) -> bool {
        while self.head_due.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            let deadline = self.exchange.deadline(now, self.patience.head);
            if deadline <= now {
                return true;
            }
            self.head_due.as_mut().reset(deadline);
        }
        false
    }

    /// Whether the client takes too little of what is sent.
    fn is_too_slow(&mut self, context: &mut Context<'_>) -> bool {
        let time = self.patience.write;
        let blocked = self.blocked.get_or_insert_with(|| Blocked { due: Box::pin(sleep(time)), taken: 0 });
        while blocked.due.as_mut().poll(context).is_ready() {
            if blocked.taken < LEAST_TAKEN {
                return true;
            }
            blocked.taken = 0;
            blocked.due.as_mut().reset(Instant::now() + time);
        }
        false
    }

    fn sent(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(bytes)) => {
                self.exchange.note_sent();
                if let Some(blocked) = &mut self.blocked {
                    blocked.taken = blocked.taken.saturating_add(*bytes);
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending if self.is_too_slow(context) => {
                note_cut_off("slow-reader");
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Pending => {}
        }
        written
    }
}

fn note_cut_off(why: &'static str) {
    metrics::counter!("frontrow_connections_cut_off_total", "why" => why).increment(1);
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        if read.is_pending() && self.is_head_overdue(context) {
            note_cut_off("slow-head");
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.sent(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, bytes);
        self.sent(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// The framework asks for this when all that it had to send was taken.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.io).poll_flush(context));
        self.blocked = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

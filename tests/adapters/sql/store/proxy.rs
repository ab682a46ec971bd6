//! A TCP proxy between a store and its database: it cuts the connection at COMMIT, lets nobody in, says nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The database has answered the COMMIT; nobody hears it.
    AfterTheAnswer,
    /// The COMMIT is on its way; whether it gets there in time is left to chance.
    OnTheWay,
    /// The COMMIT never gets there, and the database does not notice that its client has gone.
    BeforeItAndTheDatabaseDoesNotNotice,
}

/// Passes everything on, until it is told to cut.
pub struct Proxy {
    pub address: SocketAddr,
    database: SocketAddr,
    state: Arc<State>,
    accepting: AbortHandle,
}

#[derive(Default)]
struct State {
    next: Mutex<Option<Cut>>,
    cuts: AtomicUsize,
    refuses: AtomicBool,
    silent: AtomicBool,
    /// Connections that the database has to find out about by itself.
    kept: Mutex<Vec<(OwnedReadHalf, OwnedWriteHalf)>>,
}

impl Proxy {
    pub async fn to(database: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::new(State::default()));
        let accepting = accept(listener, database, Arc::clone(&state));
        Self { address, database, state, accepting }
    }

    /// Cuts the connection over which the next COMMIT comes.
    pub fn cut_next_commit(&self, how: Cut) {
        *self.state.next.lock().unwrap() = Some(how);
    }

    /// Whether whoever connects is shown out at once.
    pub fn refuse_newcomers(&self, refuse: bool) {
        self.state.refuses.store(refuse, Ordering::SeqCst);
    }

    /// Whether nothing is passed on, and nobody told. What was to be passed on meanwhile never is, nor anything after it.
    pub fn keep_silent(&self, silent: bool) {
        self.state.silent.store(silent, Ordering::SeqCst);
    }

    /// Nobody listens any more; connections that there are stay.
    pub async fn stop_listening(&mut self) {
        self.accepting.abort();
        while TcpStream::connect(self.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    /// Listens again.
    pub async fn listen_again(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.accepting = accept(listener, self.database, Arc::clone(&self.state));
    }

    /// How many were cut.
    pub fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::SeqCst)
    }
}

fn accept(listener: TcpListener, database: SocketAddr, state: Arc<State>) -> AbortHandle {
    let accept = async move {
        while let Ok((client, _)) = listener.accept().await {
            if state.refuses.load(Ordering::SeqCst) {
                continue;
            }
            let state = Arc::clone(&state);
            tokio::spawn(async move {
                if let Ok(server) = TcpStream::connect(database).await {
                    pass_on(&state, client, server).await;
                }
            });
        }
    };
    tokio::spawn(accept).abort_handle()
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl State {
    async fn unless_silent(&self) {
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    fn cut(&self, bytes: &[u8]) -> Option<Cut> {
        let mut next = self.next.lock().unwrap();
        let cut = if is_commit(bytes) { next.take() } else { None };
        self.cuts.fetch_add(usize::from(cut.is_some()), Ordering::SeqCst);
        cut
    }
}

/// A connection that is only just opened says `READ COMMITTED`.
fn is_commit(bytes: &[u8]) -> bool {
    let mut words = bytes.split(|byte| !byte.is_ascii_alphabetic());
    words.any(|word| word.eq_ignore_ascii_case(b"COMMIT"))
}

/// Until one side is done, or the connection is cut.
async fn pass_on(state: &State, client: TcpStream, server: TcpStream) {
    let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = from_client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                state.unless_silent().await;
                let cut = state.cut(&asked[..length]);
                if cut == Some(Cut::BeforeItAndTheDatabaseDoesNotNotice) {
                    state.kept.lock().unwrap().push((from_server, to_server));
                    return;
                }
                if to_server.write_all(&asked[..length]).await.is_err() {
                    return;
                }
                if cut == Some(Cut::AfterTheAnswer) {
                    let _ = from_server.read(&mut answered).await;
                }
                if cut.is_some() {
                    return;
                }
            }
            read = from_server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                state.unless_silent().await;
                if to_client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

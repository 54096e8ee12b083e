//! The connections that are open, so that one can be cut when its certificate stops being good.

use crate::ca::Serial;
use crate::edge::peer::Peer;
use crate::entropy;
use musubi_core::agency::AgencyId;
use rustls::pki_types::CertificateDer;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// The connections of one listener that are open now.
#[derive(Debug, Default)]
pub struct Connections {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    all: HashMap<u64, Line>,
}

#[derive(Debug)]
struct Line {
    peer: Arc<Peer>,
    chain: Vec<CertificateDer<'static>>,
    cut: CancellationToken,
}

impl Connections {
    /// How many are open.
    pub fn count(&self) -> usize {
        self.lock().all.len()
    }

    /// Cuts those of a certificate. Returns how many there were.
    pub fn cut_serial(&self, serial: &Serial) -> usize {
        self.cut_where(|line| line.peer.serial() == serial)
    }

    /// Cuts those of an agency: emergency suspension, which needs no authority. Returns how many there were.
    pub fn cut_agency(&self, agency: &AgencyId) -> usize {
        self.cut_where(|line| line.peer.agency() == agency)
    }

    /// Cuts those whose chain no longer stands. Returns how many there were.
    pub(super) fn cut_unless(&self, stands: impl Fn(&[CertificateDer<'static>]) -> bool) -> usize {
        self.cut_where(|line| !stands(&line.chain))
    }

    fn cut_where(&self, wrong: impl Fn(&Line) -> bool) -> usize {
        let open = self.lock();
        open.all.values().filter(|line| wrong(line)).inspect(|line| line.cut.cancel()).count()
    }

    pub(super) fn add(
        self: &Arc<Self>,
        peer: Arc<Peer>,
        chain: Vec<CertificateDer<'static>>,
        cut: CancellationToken,
    ) -> Registered {
        let mut open = self.lock();
        let number = open.next;
        open.next = number.wrapping_add(1);
        open.all.insert(number, Line { peer, chain, cut });
        Registered { number, connections: Arc::clone(self) }
    }

    /// A panic while the lock was held left at worst one line too many.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the connection off the list when it ends.
#[derive(Debug)]
pub(super) struct Registered {
    number: u64,
    connections: Arc<Connections>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.connections.lock().all.remove(&self.number);
    }
}

/// An accepted connection whose peer is known.
///
/// It counts as open until this value is dropped; [`Connection::split`] therefore keeps the guard beside the stream.
#[derive(Debug)]
pub struct Connection {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) peer: Arc<Peer>,
    pub(super) remote: SocketAddr,
    pub(super) cut: CancellationToken,
    pub(super) age_max: Duration,
    pub(super) registered: Registered,
}

/// What goes with a connection's stream: hold it as long as the stream is used.
#[derive(Debug)]
pub struct Held {
    /// Fires when the connection must end at once: its certificate was revoked, or its agency suspended.
    pub cut: CancellationToken,
    /// After this long take no new message, finish what is in work, and close.
    pub age_max: Duration,
    _registered: Registered,
}

impl Connection {
    /// The agency.
    pub fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    /// The address it comes from: for the log alone.
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// The stream, the peer, and what must be held as long as the stream is used.
    pub fn split(self) -> (TlsStream<TcpStream>, Arc<Peer>, Held) {
        (self.stream, self.peer, Held { cut: self.cut, age_max: self.age_max, _registered: self.registered })
    }
}

/// The age less up to a tenth of it, so that many peers do not come back at the same moment.
pub(super) fn with_jitter(age: Duration) -> Duration {
    let [part] = entropy::bytes::<1>();
    age.saturating_sub(age / 10 * u32::from(part) / 255)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn peer(id: &str) -> Arc<Peer> {
        Arc::new(Peer::testing(AgencyId::new(id).unwrap()))
    }

    #[test]
    fn a_suspended_agency_is_cut_and_no_other() {
        let connections = Arc::new(Connections::default());
        let (one, other) = (CancellationToken::new(), CancellationToken::new());
        let first = connections.add(peer("MED-1"), Vec::new(), one.clone());
        let _second = connections.add(peer("MED-2"), Vec::new(), other.clone());
        assert_eq!(connections.cut_agency(&AgencyId::new("MED-1").unwrap()), 1);
        assert!(one.is_cancelled() && !other.is_cancelled());
        drop(first);
        assert_eq!(connections.count(), 1);
    }

    #[test]
    fn jitter_takes_off_at_most_a_tenth() {
        for _ in 0..100 {
            let age = with_jitter(Duration::from_secs(900));
            assert!(age >= Duration::from_secs(810) && age <= Duration::from_secs(900));
        }
    }
}

//! The connections that are open, so that one can be cut when its certificate stops being good.

use crate::ca::Serial;
use crate::edge::peer::Peer;
use crate::entropy;
use musubi_core::agency::AgencyId;
use rustls::pki_types::CertificateDer;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, SocketAddr};
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

    /// One more; `None` when its agency has `most` already.
    pub(super) fn add(
        self: &Arc<Self>,
        (peer, chain, cut): (Arc<Peer>, Vec<CertificateDer<'static>>, CancellationToken),
        most: usize,
    ) -> Option<Registered> {
        let mut open = self.lock();
        if open.all.values().filter(|line| line.peer.agency() == peer.agency()).count() >= most {
            return None;
        }
        let number = open.next;
        open.next = number.wrapping_add(1);
        open.all.insert(number, Line { peer, chain, cut });
        Some(Registered { number, connections: Arc::clone(self) })
    }

    /// A panic while the lock was held left at worst one line too many.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Handshakes that one address may have under way. Nobody is known before the end of a handshake, so that only the address
/// can keep one who floods from taking every place (S-81).
const BEGUN_MAX: usize = 128;

/// The handshakes that are under way, by address.
#[derive(Debug, Default)]
pub(super) struct Begun {
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

impl Begun {
    /// One more, until it is dropped; `None` when there are too many.
    pub(super) fn one_more(self: &Arc<Self>, from: IpAddr) -> Option<Handshake> {
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_address.entry(from).or_default();
        if *count >= BEGUN_MAX {
            return None;
        }
        *count += 1;
        Some(Handshake { from, begun: Arc::clone(self) })
    }
}

/// A handshake that is under way.
#[derive(Debug)]
pub(super) struct Handshake {
    from: IpAddr,
    begun: Arc<Begun>,
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let mut by_address = self.begun.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = by_address.entry(self.from) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
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
        let first = connections.add((peer("MED-1"), Vec::new(), one.clone()), 9).unwrap();
        let _second = connections.add((peer("MED-2"), Vec::new(), other.clone()), 9).unwrap();
        assert_eq!(connections.cut_agency(&AgencyId::new("MED-1").unwrap()), 1);
        assert!(one.is_cancelled() && !other.is_cancelled());
        drop(first);
        assert_eq!(connections.count(), 1);
    }

    #[test]
    fn s80_an_agency_has_so_many_connections_and_no_more() {
        let connections = Arc::new(Connections::default());
        let add = |id: &str| connections.add((peer(id), Vec::new(), CancellationToken::new()), 3);
        let mut held: Vec<Registered> = (0..3).map(|_| add("MED-1").unwrap()).collect();
        assert!(add("MED-1").is_none());
        assert!(add("MED-2").is_some(), "another has its own");
        held.pop();
        assert!(add("MED-1").is_some());
    }

    #[test]
    fn s81_an_address_has_so_many_handshakes_under_way_and_no_more() {
        let begun = Arc::new(Begun::default());
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut held: Vec<Handshake> = (0..BEGUN_MAX).map(|_| begun.one_more(one).unwrap()).collect();
        assert!(begun.one_more(one).is_none());
        assert!(begun.one_more(other).is_some(), "another has its own");
        held.pop();
        assert!(begun.one_more(one).is_some());
        held.clear();
        assert!(begun.by_address.lock().unwrap().is_empty());
    }

    #[test]
    fn jitter_takes_off_at_most_a_tenth() {
        for _ in 0..100 {
            let age = with_jitter(Duration::from_secs(900));
            assert!(age >= Duration::from_secs(810) && age <= Duration::from_secs(900));
        }
    }
}

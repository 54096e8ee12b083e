//! The server's side: settings, certificates that change while it runs, and the handshake.

use super::connections::{Begun, Connection, Connections, with_jitter};
use super::material::{Identity, TlsError, next_update, read_crls, read_roots};
use super::verify::{AgencyVerifier, Refusal, TlsClock};
use super::{provider, versions};
use crate::ca::{Subject, Usage};
use crate::clock::Clock;
use crate::edge::peer::{Peer, end_of_validity};
use arc_swap::ArcSwap;
use musubi_core::time::Time;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// The files a listener needs. They are read again by [`ServerTls::reload`].
#[derive(Clone, Debug)]
pub struct ServerFiles {
    /// The hub's certificate, with intermediates after it.
    pub certificate: PathBuf,
    /// Its key; only the owner may read it.
    pub key: PathBuf,
    /// The authorities of agencies: a bundle of this environment's own, never the system's (S-02).
    pub client_ca: PathBuf,
    /// Their revocation lists, one for each authority. Without it nothing is checked: for development only.
    pub crl: Option<PathBuf>,
}

/// Whom a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// gRPC and HTTPS of agencies, and the console of their staff: certificate mandatory, HTTP/2 and HTTP/1.1.
    Machines,
    /// MLLP of agencies: certificate mandatory, no application protocol is negotiated.
    Mllp,
    /// Browsers of a development hub: no certificate is asked for, since asking makes them show a chooser.
    Browsers,
}

/// Bounds of a listener (S-01, S-09, S-81).
#[derive(Clone, Debug)]
pub struct ServerLimits {
    /// Accept TLS 1.2 too, for an old peer on this listener.
    pub tls12: bool,
    /// Connections at once; more wait unaccepted.
    pub connections_max: usize,
    /// Connections of one agency at once; more are closed (S-80).
    pub agency_connections_max: usize,
    /// How long a peer may not take what is written for it (S-82).
    pub slow_max: Duration,
    /// Time for a handshake.
    pub handshake_max: Duration,
    /// Age at which a connection is ended, less up to a tenth.
    pub age_max: Duration,
    /// Time that work in progress has to finish after that, or at shutdown.
    pub finish_max: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        ServerLimits {
            tls12: false,
            connections_max: 1024,
            agency_connections_max: 256,
            slow_max: Duration::from_secs(20),
            handshake_max: Duration::from_secs(5),
            age_max: Duration::from_secs(15 * 60),
            finish_max: Duration::from_secs(30),
        }
    }
}

/// What was read from the files at one time.
#[derive(Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    /// `None` for browsers.
    clients: Option<Arc<dyn ClientCertVerifier>>,
    /// The first next update of the revocation lists.
    trusted_until: Option<Time>,
    /// The end of our own certificate.
    own_until: Time,
}

/// TLS of one listener.
pub struct ServerTls {
    files: ServerFiles,
    audience: Audience,
    limits: ServerLimits,
    clock: Arc<dyn Clock>,
    loaded: ArcSwap<Loaded>,
    connections: Arc<Connections>,
    begun: Arc<Begun>,
}

impl ServerTls {
    /// Reads the files. Refuses to start on anything that is wrong with them.
    pub fn open(
        files: ServerFiles,
        audience: Audience,
        limits: ServerLimits,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, TlsError> {
        let loaded = load(&files, audience, &limits, &clock)?;
        Ok(Arc::new(ServerTls {
            files,
            audience,
            limits,
            clock,
            loaded: ArcSwap::from_pointee(loaded),
            connections: Arc::default(),
            begun: Arc::default(),
        }))
    }

    /// Reads the files again and uses them from the next connection on; an open connection whose certificate no
    /// longer stands is cut. Returns how many were. When a file is wrong everything stays as it was (S-07).
    pub fn reload(&self) -> Result<usize, TlsError> {
        let loaded = load(&self.files, self.audience, &self.limits, &self.clock)?;
        let clients = loaded.clients.clone();
        self.loaded.store(Arc::new(loaded));
        let now = TlsClock(Arc::clone(&self.clock)).unix();
        Ok(clients.map_or(0, |clients| {
            self.connections.cut_unless(|chain| {
                chain.split_first().is_some_and(|(own, rest)| clients.verify_client_cert(own, rest, now).is_ok())
            })
        }))
    }

    /// Reloads at this interval until told to stop; a failure is logged and the old files stay in use.
    pub async fn reload_every(&self, interval: Duration, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
            match self.reload() {
                Ok(0) => {}
                Ok(cut) => tracing::warn!(connections = cut, "connections cut: their certificate no longer stands"),
                Err(error) => tracing::error!(%error, "certificates not reloaded, the old ones stay in use"),
            }
        }
    }

    /// Until when the revocation lists in use are good; from then on every connection is refused, and health is to
    /// say so (S-08). `None` when none are used.
    pub fn trusted_until(&self) -> Option<Time> {
        self.loaded.load().trusted_until
    }

    /// Until when the certificate is good that callers are shown.
    pub fn own_until(&self) -> Time {
        self.loaded.load().own_until
    }

    /// The connections that are open.
    pub fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    /// The bounds of this listener.
    pub fn limits(&self) -> &ServerLimits {
        &self.limits
    }

    /// Takes a caller's connection through the handshake. Whoever comes out is a known agency.
    ///
    /// A refusal is logged with address and reason here. Run it in a task of its own, so that a slow caller delays
    /// nobody.
    pub async fn accept_tls(&self, tcp: TcpStream, remote: SocketAddr) -> Result<Connection, Refusal> {
        let accepted = self.accept_agency(tcp, remote).await;
        if let Err(reason) = &accepted {
            log_refusal(remote, reason);
        }
        accepted
    }

    async fn accept_agency(&self, tcp: TcpStream, remote: SocketAddr) -> Result<Connection, Refusal> {
        let (stream, loaded) = self.handshake(tcp).await?;
        let chain: Vec<CertificateDer<'static>> =
            stream.get_ref().1.peer_certificates().unwrap_or_default().iter().map(|c| c.clone().into_owned()).collect();
        let peer = Arc::new(Peer::from_chain(&chain)?);
        let cut = CancellationToken::new();
        let line = (Arc::clone(&peer), chain.clone(), cut.clone());
        let registered = self.connections.add(line, self.limits.agency_connections_max).ok_or(Refusal::TooMany)?;
        // A reload between the handshake and the registration did not see this connection.
        let current = self.loaded.load();
        if !Arc::ptr_eq(&*current, &loaded) && !stands(&current, &chain, &self.clock) {
            cut.cancel();
        }
        Ok(Connection { stream, peer, remote, cut, age_max: with_jitter(self.limits.age_max), registered })
    }

    /// Takes a browser's connection through the handshake.
    pub(super) async fn accept_browser(
        &self,
        tcp: TcpStream,
        remote: SocketAddr,
    ) -> Result<TlsStream<TcpStream>, Refusal> {
        let accepted = self.handshake(tcp).await;
        if let Err(reason) = &accepted {
            log_refusal(remote, reason);
        }
        accepted.map(|(stream, _)| stream)
    }

    pub(super) fn audience(&self) -> Audience {
        self.audience
    }

    async fn handshake(&self, tcp: TcpStream) -> Result<(TlsStream<TcpStream>, Arc<Loaded>), Refusal> {
        tcp.set_nodelay(true).map_err(Refusal::Handshake)?;
        let from = tcp.peer_addr().map_err(Refusal::Handshake)?.ip();
        let _begun = self.begun.one_more(from).ok_or(Refusal::TooManyBegun)?;
        let loaded = self.loaded.load_full();
        let accept = TlsAcceptor::from(Arc::clone(&loaded.config)).accept(tcp);
        let stream = tokio::time::timeout(self.limits.handshake_max, accept).await.map_err(|_| Refusal::TooSlow)?;
        Ok((stream.map_err(Refusal::Handshake)?, loaded))
    }
}

fn log_refusal(remote: SocketAddr, reason: &Refusal) {
    tracing::warn!(%remote, %reason, "connection refused");
}

fn stands(loaded: &Loaded, chain: &[CertificateDer<'static>], clock: &Arc<dyn Clock>) -> bool {
    let now = TlsClock(Arc::clone(clock)).unix();
    let verify = |clients: &Arc<dyn ClientCertVerifier>| {
        chain.split_first().is_some_and(|(own, rest)| clients.verify_client_cert(own, rest, now).is_ok())
    };
    loaded.clients.as_ref().is_some_and(verify)
}

fn load(
    files: &ServerFiles,
    audience: Audience,
    limits: &ServerLimits,
    clock: &Arc<dyn Clock>,
) -> Result<Loaded, TlsError> {
    let identity = Identity::read(&files.certificate, &files.key)?;
    match Subject::of_certificate(identity.leaf(), Usage::Server) {
        Ok((Subject::Hub, _)) => {}
        Ok(_) => return Err(TlsError::Own(crate::ca::NotASubject::AnotherParty)),
        Err(reason) => return Err(TlsError::Own(reason)),
    }
    let own_until = end_of_validity(identity.leaf()).map_err(TlsError::Own)?;
    let clients = if audience == Audience::Browsers { None } else { Some(client_verifier(files)?) };
    let builder = ServerConfig::builder_with_details(provider(), Arc::new(TlsClock(Arc::clone(clock))))
        .with_protocol_versions(versions(limits.tls12))
        .map_err(|_| TlsError::Settings)?;
    let builder = match &clients {
        Some(clients) => builder.with_client_cert_verifier(Arc::clone(clients)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(identity.chain, identity.key).map_err(|_| TlsError::KeyMismatch)?;
    // A resumed session brings back the client's chain unverified, so none is ever resumed (S-09).
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    if audience != Audience::Mllp {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    let trusted_until = files.crl.as_deref().map(next_update).transpose()?;
    Ok(Loaded { config: Arc::new(config), clients, trusted_until, own_until })
}

fn client_verifier(files: &ServerFiles) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut builder = WebPkiClientVerifier::builder_with_provider(read_roots(&files.client_ca)?, provider());
    if let Some(crl) = &files.crl {
        // Every certificate of the chain is checked, an unknown status is refused, and a stale list refuses all.
        builder = builder.with_crls(read_crls(crl)?).enforce_revocation_expiration();
    }
    let path = builder.build().map_err(|error| match error {
        VerifierBuilderError::InvalidCrl(_) => TlsError::Crl,
        _ => TlsError::Trust,
    })?;
    Ok(Arc::new(AgencyVerifier(path)))
}

//! The certificate zoo: what a listener takes, and everything that it refuses before a byte of payload (S-01 to S-09).

use crate::world::{World, agency, free_port, names};
use axum::Extension;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use musubi::ca::{Order, Reason, Subject};
use musubi::clock::{Clock, SystemClock};
use musubi::edge::peer::Peer;
use musubi::edge::tls::{Audience, ClientFiles, ClientTls, ServerLimits, ServerTls, serve_http};
use musubi_core::agency::AgencyId;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// A listener whose router counts what reaches it and answers with the agency.
struct Open {
    address: SocketAddr,
    reached: Arc<AtomicUsize>,
    tls: Arc<ServerTls>,
    stop: CancellationToken,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn open(world: &World) -> Open {
    open_with(world, ServerLimits::default()).await
}

async fn open_with(world: &World, limits: ServerLimits) -> Open {
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    let who = move |Extension(peer): Extension<Arc<Peer>>| async move {
        count.fetch_add(1, Ordering::SeqCst);
        peer.agency().to_string()
    };
    let router = Router::new().route("/", get(who)).route("/echo", post(|body: String| async { body }));
    let router = router.route("/unread", post(|| async { StatusCode::PAYLOAD_TOO_LARGE }));
    let tls = world.tls(Audience::Machines, limits);
    let (listener, address) = free_port().await;
    let stop = CancellationToken::new();
    tokio::spawn(serve_http(listener, Arc::clone(&tls), router, stop.clone()));
    Open { address, reached, tls, stop }
}

/// One request and the whole answer; an error when the connection was refused.
async fn ask(tls: &ClientTls, address: SocketAddr) -> Result<String, String> {
    let mut stream = tls.connect_as(&address.to_string(), &["http/1.1"]).await.map_err(|e| e.to_string())?;
    get_once(&mut stream, "close").await
}

async fn get_once<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, connection: &str) -> Result<String, String> {
    let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|e| e.to_string())?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.map_err(|e| e.to_string())?;
        answer.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && head.to_lowercase().contains(&format!("content-length: {}\r\n", body.len()))
        {
            return Ok(format!("{} {body}", head.split(' ').nth(1).unwrap()));
        }
        if count == 0 {
            return Err("closed without an answer".to_owned());
        }
    }
}

fn today() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(SystemClock.now().micros() / 1_000_000).unwrap()
}

/// A certificate as no authority of ours would make it, signed by its key all the same.
struct Beast {
    params: CertificateParams,
    key: KeyPair,
}

impl Beast {
    fn new(uris: &[&str]) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "urn:musubi:agency:MED-1");
        params.subject_alt_names = uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.not_before = today() - time::Duration::days(1);
        params.not_after = today() + time::Duration::days(1);
        Beast { params, key: KeyPair::generate().unwrap() }
    }

    fn with(mut self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        change(&mut self.params);
        self
    }

    fn files(&self, world: &World, name: &str) -> ClientFiles {
        let ca_key = KeyPair::from_pem(&std::fs::read_to_string(world.path("ca/ca.key")).unwrap()).unwrap();
        let issuer = Issuer::from_ca_cert_pem(world.authority.certificate_pem(), ca_key).unwrap();
        let certificate = self.params.signed_by(&self.key, &issuer).unwrap();
        world.holding(name, &certificate.pem(), &self.key.serialize_pem())
    }

    fn self_signed(&self, world: &World, name: &str) -> ClientFiles {
        let certificate = self.params.self_signed(&self.key).unwrap();
        world.holding(name, &certificate.pem(), &self.key.serialize_pem())
    }
}

/// More than the systems of both sides hold for a connection.
const UNREAD_BYTES: usize = 16 * 1024 * 1024;
const MED_1: &str = "urn:musubi:agency:MED-1";

#[tokio::test]
async fn s03_the_right_certificate_is_served_and_the_handler_knows_the_agency() {
    let world = World::new();
    let open = open(&world).await;
    let (_, files) = world.agency("MED-4810700122");
    assert_eq!(ask(&world.caller(&files), open.address).await.unwrap(), "200 MED-4810700122");
    assert_eq!(open.reached.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn s02_every_beast_of_the_zoo_is_refused_before_payload() {
    let world = World::new();
    let open = open(&world).await;
    let elsewhere = World::new();
    let day = time::Duration::days(1);
    let beasts: Vec<(&str, &str, ClientFiles)> = vec![
        (
            "another authority",
            "DecryptError",
            ClientFiles { server_ca: world.files.client_ca.clone(), crl: None, ..elsewhere.agency("MED-1").1 },
        ),
        ("self-signed", "UnknownCA", Beast::new(&[MED_1]).self_signed(&world, "self")),
        (
            "expired",
            "CertificateExpired",
            Beast::new(&[MED_1]).with(|p| p.not_after = today() - day / 2).files(&world, "expired"),
        ),
        (
            "not yet valid",
            "CertificateExpired",
            Beast::new(&[MED_1]).with(|p| p.not_before = today() + day / 2).files(&world, "early"),
        ),
        (
            "for servers only",
            "UnsupportedCertificate",
            Beast::new(&[MED_1])
                .with(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])
                .files(&world, "server"),
        ),
        (
            "for no stated use",
            "CertificateUnknown",
            Beast::new(&[MED_1]).with(|p| p.extended_key_usages.clear()).files(&world, "no-use"),
        ),
        (
            "a key that may not sign",
            "CertificateUnknown",
            Beast::new(&[MED_1]).with(|p| p.key_usages = vec![KeyUsagePurpose::KeyAgreement]).files(&world, "agree"),
        ),
        (
            "an authority's own",
            "CertificateUnknown",
            Beast::new(&[MED_1])
                .with(|p| p.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained))
                .files(&world, "is-ca"),
        ),
        ("two agencies", "CertificateUnknown", Beast::new(&[MED_1, "urn:musubi:agency:MED-2"]).files(&world, "two")),
        ("the same agency twice", "CertificateUnknown", Beast::new(&[MED_1, MED_1]).files(&world, "twice")),
        ("agency and hub", "CertificateUnknown", Beast::new(&[MED_1, "urn:musubi:hub"]).files(&world, "both")),
        ("common name only", "CertificateUnknown", Beast::new(&[]).files(&world, "cn")),
        ("wrong urn", "CertificateUnknown", Beast::new(&["urn:musubi:person:MED-1"]).files(&world, "urn")),
        ("urn in capitals", "CertificateUnknown", Beast::new(&["URN:MUSUBI:AGENCY:MED-1"]).files(&world, "capitals")),
        ("bad id", "CertificateUnknown", Beast::new(&["urn:musubi:agency:MED 1"]).files(&world, "bad-id")),
        (
            "id of 65 characters",
            "CertificateUnknown",
            Beast::new(&[&format!("urn:musubi:agency:{}", "a".repeat(65))]).files(&world, "long"),
        ),
        ("the hub as a caller", "CertificateUnknown", Beast::new(&["urn:musubi:hub"]).files(&world, "hub-caller")),
    ];
    for (what, alert, files) in beasts {
        let answer = ask(&world.caller(&files), open.address).await;
        assert!(answer.as_ref().is_err_and(|error| error.contains(alert)), "{what}: {answer:?}");
    }
    let twin = Beast::new(&[MED_1]).files(&world, "twin");
    assert_eq!(open.reached.load(Ordering::SeqCst), 0);
    assert_eq!(ask(&world.caller(&twin), open.address).await.unwrap(), "200 MED-1", "what differs in nothing is taken");
    assert_eq!(open.reached.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn s02_a_path_through_an_intermediate_of_our_authority_is_refused() {
    // The authority's path length is zero: it signs leaves and nothing else.
    let world = World::new();
    let open = open(&world).await;
    let ca_key = KeyPair::from_pem(&std::fs::read_to_string(world.path("ca/ca.key")).unwrap()).unwrap();
    let root = Issuer::from_ca_cert_pem(world.authority.certificate_pem(), ca_key).unwrap();
    let middle = Beast::new(&[]).with(|p| {
        p.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        p.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        p.extended_key_usages.clear();
    });
    let middle_pem = middle.params.signed_by(&middle.key, &root).unwrap().pem();
    let leaf = Beast::new(&[MED_1]);
    let leaf_pem = leaf.params.signed_by(&leaf.key, &Issuer::from_params(&middle.params, &middle.key)).unwrap().pem();
    let files = world.holding("chain", &format!("{leaf_pem}{middle_pem}"), &leaf.key.serialize_pem());
    assert!(ask(&world.caller(&files), open.address).await.is_err());
    assert_eq!(open.reached.load(Ordering::SeqCst), 0);
}

fn bare_client(world: &World, versions: &[&'static rustls::SupportedProtocolVersion]) -> rustls::ClientConfig {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&world.files.client_ca).unwrap()).unwrap();
    rustls::ClientConfig::builder_with_protocol_versions(versions).with_root_certificates(roots).with_no_client_auth()
}

fn with_certificate(
    world: &World,
    files: &ClientFiles,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> rustls::ClientConfig {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&world.files.client_ca).unwrap()).unwrap();
    rustls::ClientConfig::builder_with_protocol_versions(versions)
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_file(&files.certificate).unwrap()],
            PrivateKeyDer::from_pem_file(&files.key).unwrap(),
        )
        .unwrap()
}

async fn ask_with(config: rustls::ClientConfig, address: SocketAddr) -> Result<String, String> {
    let tcp = TcpStream::connect(address).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect("localhost".try_into().unwrap(), tcp).await.map_err(|e| e.to_string())?;
    get_once(&mut stream, "close").await
}

#[tokio::test]
async fn s02_a_caller_without_a_certificate_is_refused() {
    let world = World::new();
    let open = open(&world).await;
    let refused = ask_with(bare_client(&world, rustls::ALL_VERSIONS), open.address).await;
    assert!(refused.unwrap_err().contains("CertificateRequired"));
    assert_eq!(open.reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn s01_tls_1_2_is_refused_unless_the_listener_is_set_for_an_old_peer() {
    let world = World::new();
    let (_, files) = world.agency("MED-1");
    let old = || with_certificate(&world, &files, &[&rustls::version::TLS12]);
    let strict = open(&world).await;
    assert!(ask_with(old(), strict.address).await.unwrap_err().contains("ProtocolVersion"));
    assert_eq!(strict.reached.load(Ordering::SeqCst), 0);
    let lenient = open_with(&world, ServerLimits { tls12: true, ..ServerLimits::default() }).await;
    assert_eq!(ask_with(old(), lenient.address).await.unwrap(), "200 MED-1");
    let (_, other) = world.agency("MED-2");
    assert!(ask_with(with_certificate(&world, &other, rustls::ALL_VERSIONS), lenient.address).await.is_ok());
    assert!(ask_with(bare_client(&world, &[&rustls::version::TLS12]), lenient.address).await.is_err());
}

#[tokio::test]
async fn s01_bytes_that_are_not_tls_are_refused() {
    let world = World::new();
    let open = open(&world).await;
    for bytes in [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x0bMSH|^~\\&|\x1c\r",
    ] {
        let mut tcp = TcpStream::connect(open.address).await.unwrap();
        tcp.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        tcp.read_to_end(&mut answer).await.ok();
        assert!(!answer.starts_with(b"HTTP"), "an alert at most");
    }
    assert_eq!(open.reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn s81_a_caller_that_does_not_finish_its_handshake_is_dropped() {
    let world = World::new();
    let limits = ServerLimits { handshake_max: Duration::from_millis(50), ..ServerLimits::default() };
    let open = open_with(&world, limits).await;
    let mut tcp = TcpStream::connect(open.address).await.unwrap();
    let mut buffer = [0; 1];
    let closed = tokio::time::timeout(Duration::from_secs(3), tcp.read(&mut buffer)).await.unwrap();
    assert!(matches!(closed, Ok(0) | Err(_)));
}

#[tokio::test]
async fn s81_more_connections_than_allowed_wait_until_one_ends() {
    let world = World::new();
    let open = open_with(&world, ServerLimits { connections_max: 1, ..ServerLimits::default() }).await;
    let caller = world.caller(&world.agency("MED-1").1);
    let mut first = caller.connect_as(&open.address.to_string(), &["http/1.1"]).await.unwrap();
    get_once(&mut first, "keep-alive").await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(200), ask(&caller, open.address)).await;
    assert!(waiting.is_err(), "the second waits");
    drop(first);
    assert_eq!(ask(&caller, open.address).await.unwrap(), "200 MED-1");
}

#[tokio::test]
async fn s06_a_certificate_revoked_after_the_start_is_refused_after_the_reload() {
    let world = World::new();
    let open = open(&world).await;
    let (pair, files) = world.agency("MED-1");
    let (_, other) = world.agency("MED-2");
    let caller = world.caller(&files);
    assert!(ask(&caller, open.address).await.is_ok());
    world.authority.revoke(&pair.entry.serial, Reason::KeyCompromise, "officer-7", world_now(&world)).unwrap();
    assert!(ask(&caller, open.address).await.is_ok(), "the list was not read again yet");
    open.tls.reload().unwrap();
    let refused = ask(&caller, open.address).await;
    assert!(refused.unwrap_err().contains("CertificateRevoked"));
    assert!(ask(&world.caller(&other), open.address).await.is_ok());
}

fn world_now(world: &World) -> musubi_core::time::Time {
    world.clock.now()
}

#[tokio::test]
async fn s09_an_open_connection_is_cut_within_a_second_of_its_revocation() {
    let world = World::new();
    let open = open(&world).await;
    let (pair, files) = world.agency("MED-1");
    let (_, other_files) = world.agency("MED-2");
    let mut stream = world.caller(&files).connect_as(&open.address.to_string(), &["http/1.1"]).await.unwrap();
    let mut other = world.caller(&other_files).connect_as(&open.address.to_string(), &["http/1.1"]).await.unwrap();
    assert_eq!(get_once(&mut stream, "keep-alive").await.unwrap(), "200 MED-1");
    assert_eq!(get_once(&mut other, "keep-alive").await.unwrap(), "200 MED-2");
    world.authority.revoke(&pair.entry.serial, Reason::KeyCompromise, "officer-7", world_now(&world)).unwrap();
    #[expect(clippy::disallowed_methods, reason = "measures how long it takes")]
    let start = Instant::now();
    assert_eq!(open.tls.reload().unwrap(), 1);
    let mut buffer = [0; 1];
    let end = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut buffer)).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)));
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(get_once(&mut other, "keep-alive").await.unwrap(), "200 MED-2");
}

#[tokio::test]
async fn s09_a_suspended_agency_is_cut_without_the_authority() {
    let world = World::new();
    let open = open(&world).await;
    let (_, files) = world.agency("MED-1");
    let mut stream = world.caller(&files).connect_as(&open.address.to_string(), &["http/1.1"]).await.unwrap();
    get_once(&mut stream, "keep-alive").await.unwrap();
    assert_eq!(open.tls.connections().cut_agency(&AgencyId::new("MED-1").unwrap()), 1);
    assert!(get_once(&mut stream, "keep-alive").await.is_err());
}

#[tokio::test]
async fn s09_no_session_is_resumed() {
    let world = World::new();
    let open = open_with(&world, ServerLimits { tls12: true, ..ServerLimits::default() }).await;
    let (_, files) = world.agency("MED-1");
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        // One client configuration, whose memory of sessions is on.
        let config = Arc::new(with_certificate(&world, &files, &[version]));
        for _ in 0..3 {
            let tcp = TcpStream::connect(open.address).await.unwrap();
            let connector = tokio_rustls::TlsConnector::from(Arc::clone(&config));
            let mut stream = connector.connect("localhost".try_into().unwrap(), tcp).await.unwrap();
            get_once(&mut stream, "close").await.unwrap();
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(rustls::HandshakeKind::Full));
        }
    }
}

#[tokio::test]
async fn s08_a_stale_revocation_list_refuses_everybody_until_a_new_one_is_read() {
    let world = World::new();
    let open = open(&world).await;
    let (_, files) = world.agency("MED-1");
    let caller = world.caller(&ClientFiles { crl: None, ..files });
    assert!(ask(&caller, open.address).await.is_ok());
    assert_eq!(open.tls.trusted_until().unwrap().minutes_since(world_now(&world)), 7 * 24 * 60 - 1);
    world.clock.advance_days(8);
    assert!(open.tls.trusted_until().unwrap() < world_now(&world));
    assert!(ask(&caller, open.address).await.is_err(), "the list was good for seven days");
    world.authority.publish_crl(7, world_now(&world)).unwrap();
    open.tls.reload().unwrap();
    assert!(ask(&caller, open.address).await.is_ok());
}

#[tokio::test]
async fn s06_the_list_of_another_authority_refuses_everybody() {
    let mut world = World::new();
    let elsewhere = World::new();
    let (_, files) = world.agency("MED-1");
    let caller = world.caller(&ClientFiles { crl: None, ..files });
    world.files.crl = elsewhere.files.crl.clone();
    let open = open(&world).await;
    assert!(ask(&caller, open.address).await.is_err());
    assert_eq!(open.reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn s07_a_broken_new_file_keeps_the_old_one() {
    let world = World::new();
    let open = open(&world).await;
    let caller = world.caller(&world.agency("MED-1").1);
    let crl = world.files.crl.clone().unwrap();
    let good = std::fs::read(&crl).unwrap();
    for broken in [b"".as_slice(), b"nonsense", &good[..good.len() / 2]] {
        std::fs::write(&crl, broken).unwrap();
        assert!(open.tls.reload().is_err());
    }
    std::fs::remove_file(&crl).unwrap();
    assert!(open.tls.reload().is_err());
    std::fs::write(&crl, &good).unwrap();
    let key = std::fs::read(&world.files.key).unwrap();
    let (_, other) = world.agency("MED-2");
    std::fs::copy(&other.key, &world.files.key).unwrap();
    assert!(open.tls.reload().is_err(), "key and certificate do not go together");
    std::fs::write(&world.files.key, key).unwrap();
    assert!(ask(&caller, open.address).await.is_ok());
    assert_eq!(open.tls.reload().unwrap(), 0);
}

#[tokio::test]
async fn s06_a_missing_revocation_list_stops_the_start() {
    let mut world = World::new();
    world.files.crl = Some(world.path("none.pem"));
    assert!(ServerTls::open(world.files.clone(), Audience::Machines, ServerLimits::default(), world.clock()).is_err());
}

#[tokio::test]
async fn an_expired_certificate_on_an_open_connection_is_cut_at_the_next_reload() {
    let world = World::new();
    let open = open(&world).await;
    let (_, files) = world.agency("MED-1");
    let mut stream = world.caller(&files).connect_as(&open.address.to_string(), &["http/1.1"]).await.unwrap();
    get_once(&mut stream, "keep-alive").await.unwrap();
    world.clock.advance_days(91);
    world.authority.publish_crl(7, world_now(&world)).unwrap();
    assert_eq!(open.tls.reload().unwrap(), 1);
    assert!(get_once(&mut stream, "keep-alive").await.is_err());
}

#[tokio::test]
async fn s09_a_connection_ends_at_its_age_after_the_request_in_work() {
    let world = World::new();
    let open = open_with(&world, ServerLimits { age_max: Duration::from_millis(100), ..ServerLimits::default() }).await;
    let caller = world.caller(&world.agency("MED-1").1);
    let mut stream = caller.connect_as(&open.address.to_string(), &["http/1.1"]).await.unwrap();
    get_once(&mut stream, "keep-alive").await.unwrap();
    let mut buffer = [0; 1];
    let end = tokio::time::timeout(Duration::from_secs(2), stream.read(&mut buffer)).await.unwrap();
    assert!(matches!(end, Ok(0)), "closed in good form");
}

/// Who closes while the other side still writes has its last answer thrown away there: the system resets the connection.
#[tokio::test]
async fn an_answer_to_a_request_that_was_not_read_to_its_end_arrives() {
    let world = World::new();
    let open = open(&world).await;
    let caller = world.caller(&world.agency("MED-1").1);
    let mut stream = caller.connect_as(&open.address.to_string(), &["http/1.1"]).await.unwrap();
    let head = format!("POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: {UNREAD_BYTES}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; UNREAD_BYTES]).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn renewal_drops_no_request() {
    let world = World::new();
    let open = open(&world).await;
    let (old, old_files) = world.agency("MED-1");
    let (_, new_files) = world.agency("MED-1");
    assert!(ask(&world.caller(&old_files), open.address).await.is_ok());
    assert!(ask(&world.caller(&new_files), open.address).await.is_ok());
    world.authority.revoke(&old.entry.serial, Reason::Superseded, "officer-7", world_now(&world)).unwrap();
    open.tls.reload().unwrap();
    assert!(ask(&world.caller(&old_files), open.address).await.is_err());
    assert!(ask(&world.caller(&new_files), open.address).await.is_ok());
}

/// A hub that presents this certificate.
async fn impostor(world: &World, order: &Order) -> Result<Open, musubi::edge::tls::TlsError> {
    let pair = world.authority.issue_pair(order, world_now(world)).unwrap();
    let (certificate, key) = crate::world::store(world.path("").as_path(), "impostor", &pair);
    let files = musubi::edge::tls::ServerFiles { certificate, key, ..world.files.clone() };
    let tls = ServerTls::open(files, Audience::Machines, ServerLimits::default(), world.clock())?;
    let (listener, address) = free_port().await;
    let stop = CancellationToken::new();
    tokio::spawn(serve_http(listener, Arc::clone(&tls), Router::new(), stop.clone()));
    Ok(Open { address, reached: Arc::default(), tls, stop })
}

#[tokio::test]
async fn s05_a_server_that_is_not_the_expected_one_is_refused_by_the_caller() {
    let world = World::new();
    let open = open(&world).await;
    let (_, files) = world.agency("MED-1");
    let address = open.address.to_string();
    let call = |expected: Subject, name: &str| {
        let tls = ClientTls::open(&files, expected, name, world.clock()).unwrap();
        let address = address.clone();
        async move { tls.connect_as(&address, &["http/1.1"]).await.is_ok() }
    };
    assert!(call(Subject::Hub, "localhost").await);
    assert!(call(Subject::Hub, "127.0.0.1").await);
    assert!(!call(Subject::Hub, "hub.example.jp").await, "another host name");
    assert!(!call(agency("MED-2"), "localhost").await, "another party");
    let elsewhere =
        impostor(&world, &Order::server(Subject::Hub, vec!["other.example.jp".to_owned()], 90)).await.unwrap();
    assert!(ask(&world.caller(&files), elsewhere.address).await.is_err(), "swapped certificate");
}

#[tokio::test]
async fn a_hub_does_not_start_with_the_certificate_of_an_agency() {
    let world = World::new();
    assert!(impostor(&world, &Order::server(agency("MED-9"), names(), 90)).await.is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn a_hub_does_not_start_with_a_key_that_others_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    std::fs::set_permissions(&world.files.key, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(ServerTls::open(world.files.clone(), Audience::Machines, ServerLimits::default(), world.clock()).is_err());
}

#[tokio::test]
async fn grpc_goes_over_the_same_listener() {
    let world = World::new();
    let (reporter, service) = tonic_health::server::health_reporter();
    reporter.set_service_status("musubi", tonic_health::ServingStatus::Serving).await;
    let grpc = tonic::service::Routes::new(service).prepare().into_axum_router();
    let (listener, address) = free_port().await;
    let stop = CancellationToken::new();
    let tls = world.tls(Audience::Machines, ServerLimits::default());
    tokio::spawn(serve_http(listener, Arc::clone(&tls), grpc, stop.clone()));
    let (pair, files) = world.agency("MED-1");
    let channel = world.caller(&files).channel(&address.to_string()).unwrap();
    let mut client = tonic_health::pb::health_client::HealthClient::new(channel);
    let request = || tonic_health::pb::HealthCheckRequest { service: "musubi".to_owned() };
    assert_eq!(client.check(request()).await.unwrap().into_inner().status, 1);
    world.authority.revoke(&pair.entry.serial, Reason::KeyCompromise, "officer-7", world_now(&world)).unwrap();
    assert_eq!(tls.reload().unwrap(), 1);
    assert!(client.check(request()).await.is_err(), "cut, and the new connection refused");
    stop.cancel();
}

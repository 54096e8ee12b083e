//! The caller's side: our certificate, the one server that is expected, no redirects, no proxy (S-05).

use super::material::{Identity, TlsError, read_crls, read_roots};
use super::verify::{PinnedServer, TlsClock};
use super::{provider, versions};
use crate::ca::Subject;
use crate::clock::Clock;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::ServerName;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};

/// Time for connection and handshake.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Time between pings of a gRPC connection, and for the answer to one.
const PING: Duration = Duration::from_secs(30);

/// The files a caller needs. Each role has a key of its own (S-05).
#[derive(Clone, Debug)]
pub struct ClientFiles {
    /// Our certificate, with intermediates after it.
    pub certificate: PathBuf,
    /// Its key; only the owner may read it.
    pub key: PathBuf,
    /// The authority of the server.
    pub server_ca: PathBuf,
    /// Its revocation list.
    pub crl: Option<PathBuf>,
}

/// Why a connection to a server did not come about.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No connection to the address.
    #[error("no connection to the server: {0} / サーバに接続できません")]
    Unreachable(io::Error),
    /// TLS refused on one of the two sides.
    #[error("the TLS handshake failed: {0} / TLSの確立に失敗しました")]
    Handshake(io::Error),
    /// It took longer than it may.
    #[error("the server did not answer in time / サーバが時間内に応答しません")]
    TooSlow,
}

/// TLS of a caller towards one server.
#[derive(Clone)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    server_name: ServerName<'static>,
}

impl ClientTls {
    /// Reads the files. `expected` is whom the server's certificate must name, `server_name` the DNS name or address
    /// that must stand in it.
    pub fn open(
        files: &ClientFiles,
        expected: Subject,
        server_name: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TlsError> {
        let server_name = ServerName::try_from(server_name.to_owned()).map_err(|_| TlsError::ServerName)?;
        let identity = Identity::read(&files.certificate, &files.key)?;
        let mut path = WebPkiServerVerifier::builder_with_provider(read_roots(&files.server_ca)?, provider());
        if let Some(crl) = &files.crl {
            path = path.with_crls(read_crls(crl)?).enforce_revocation_expiration();
        }
        let path = path.build().map_err(|_| TlsError::Trust)?;
        let mut config = ClientConfig::builder_with_details(provider(), Arc::new(TlsClock(clock)))
            .with_protocol_versions(versions(false))
            .map_err(|_| TlsError::Settings)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(PinnedServer { path, expected }))
            .with_client_auth_cert(identity.chain, identity.key)
            .map_err(|_| TlsError::KeyMismatch)?;
        config.resumption = Resumption::disabled();
        Ok(ClientTls { config: Arc::new(config), server_name })
    }

    /// A bare stream to `host:port`, for MLLP.
    pub async fn connect(&self, address: &str) -> Result<TlsStream<TcpStream>, ConnectError> {
        self.connect_as(address, &[]).await
    }

    /// A stream on which these application protocols are offered, for example `http/1.1`.
    pub async fn connect_as(&self, address: &str, protocols: &[&str]) -> Result<TlsStream<TcpStream>, ConnectError> {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let connecting = async {
            let tcp = TcpStream::connect(address).await.map_err(ConnectError::Unreachable)?;
            tcp.set_nodelay(true).map_err(ConnectError::Unreachable)?;
            let connector = TlsConnector::from(Arc::new(config));
            connector.connect(self.server_name.clone(), tcp).await.map_err(ConnectError::Handshake)
        };
        tokio::time::timeout(CONNECT_MAX, connecting).await.map_err(|_| ConnectError::TooSlow)?
    }

    /// A gRPC channel to `host:port`. It connects when it is first used, and again when the server closed.
    pub fn channel(&self, address: &str) -> Result<Channel, TlsError> {
        // tonic refuses `https` with a connector of one's own; this one speaks TLS whatever the scheme says.
        let uri: Uri = format!("http://{address}").parse().map_err(|_| TlsError::ServerName)?;
        let origin: Uri = format!("https://{address}").parse().map_err(|_| TlsError::ServerName)?;
        let (tls, address) = (self.clone(), address.to_owned());
        let connector = tower::service_fn(move |_: Uri| {
            let (tls, address) = (tls.clone(), address.clone());
            async move { tls.connect_as(&address, &["h2"]).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from(uri)
            .origin(origin)
            .connect_timeout(CONNECT_MAX)
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PING);
        Ok(endpoint.connect_with_connector_lazy(connector))
    }
}

//! An agency's side of every call: gRPC, MLLP and HTTPS over mutual TLS, with the agency's own certificate. Used by
//! `musubi client`, the demo and the stories; the hub has no use for it.

use crate::ca::Subject;
use crate::clock::Clock;
use crate::edge::grpc::MESSAGE_BYTES_MAX;
use crate::edge::grpc::client as grpc;
use crate::edge::mllp_io::{MllpClient, MllpError};
use crate::edge::tls::{ClientFiles, ClientTls, ConnectError, TlsError};
use hyper::body::Bytes;
use hyper::header::{HOST, InvalidHeaderValue};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tonic::transport::Channel;

/// Where a hub listens.
#[derive(Clone, Debug)]
pub struct HubAddress {
    /// gRPC and HTTPS, `host:port`.
    pub machines: String,
    /// MLLP over TLS, `host:port`.
    pub mllp: String,
    /// The name or address that must stand in the hub's certificate.
    pub server_name: String,
}

/// An agency that is connected to a hub.
#[derive(Clone)]
pub struct AgencyClient {
    tls: ClientTls,
    hub: HubAddress,
    channel: Channel,
}

/// An answer over HTTPS, whole: two of them can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status.
    pub status: u16,
    /// Headers in order, without the date.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// Why an HTTPS call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection broke, or what came was not HTTP.
    #[error("the answer did not arrive whole: {0}")]
    Broken(#[from] hyper::Error),
    /// The request cannot be written.
    #[error("not a request: {0}")]
    Request(#[from] hyper::http::Error),
    /// The name of the server cannot stand in a header.
    #[error("not a name: {0}")]
    Name(#[from] InvalidHeaderValue),
}

macro_rules! services {
    ($($(#[$doc:meta])* $name:ident: $module:ident :: $client:ident),+ $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> grpc::$module::$client<Channel> {
            grpc::$module::$client::new(self.channel.clone()).max_decoding_message_size(16 * MESSAGE_BYTES_MAX)
        }
    )+};
}

impl AgencyClient {
    /// Prepares the connections; the first call makes them.
    ///
    /// # Errors
    /// When the files or the address cannot be used.
    pub fn open(files: &ClientFiles, hub: HubAddress, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let tls = ClientTls::open(files, Subject::Hub, &hub.server_name, clock)?;
        let channel = tls.channel(&hub.machines)?;
        Ok(AgencyClient { tls, hub, channel })
    }

    services! {
        /// Hands things in.
        intake: intake_client::IntakeClient,
        /// Reads the record.
        records: records_client::RecordsClient,
        /// Refers.
        referrals: referrals_client::ReferralsClient,
        /// Records what persons said.
        consents: consents_client::ConsentsClient,
        /// Asks for and asserts grounds.
        grounds: grounds_client::GroundsClient,
        /// Sees what waits for a person.
        work_items: work_items_client::WorkItemsClient,
        /// Fetches what is delivered.
        deliveries: deliveries_client::DeliveriesClient,
        /// Reads the register.
        registry: registry_client::RegistryClient,
        /// Asks for proof.
        audit: audit_client::AuditClient,
    }

    /// Opens an MLLP connection.
    ///
    /// # Errors
    /// When the hub cannot be reached or refuses the certificate.
    pub async fn mllp(&self) -> Result<MllpClient<TlsStream<TcpStream>>, MllpError> {
        MllpClient::connect(&self.tls, &self.hub.mllp).await
    }

    /// Posts a body over HTTPS.
    ///
    /// # Errors
    /// When no whole answer arrived.
    pub async fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> Result<HttpAnswer, HttpError> {
        self.call(hyper::Request::post(path).header("content-type", content_type).body(body)?).await
    }

    /// Makes any call over HTTPS.
    ///
    /// # Errors
    /// When no whole answer arrived.
    pub async fn call(&self, request: hyper::Request<Vec<u8>>) -> Result<HttpAnswer, HttpError> {
        use http_body_util::{BodyExt, Full};
        let stream = self.tls.connect_as(&self.hub.machines, &["http/1.1"]).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driving = tokio::spawn(connection);
        let mut request = request.map(|body| Full::new(Bytes::from(body)));
        request.headers_mut().insert(HOST, self.hub.server_name.parse()?);
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let headers = answer.headers().iter().filter(|(name, _)| name.as_str() != "date");
        let headers =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        let body = answer.into_body().collect().await?.to_bytes().to_vec();
        drop(sender);
        driving.abort();
        Ok(HttpAnswer { status, headers, body })
    }
}

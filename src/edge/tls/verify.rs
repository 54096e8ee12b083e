//! Verification within the handshake: the path, and then whom the certificate names.

use crate::ca::{NotASubject, Subject, Usage};
use crate::clock::Clock;
use crate::edge::peer::Peer;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Why a connection was refused before a byte of payload was read.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The handshake took longer than it may.
    #[error("the handshake was not finished in time")]
    TooSlow,
    /// TLS refused: version, certificate, revocation, or no TLS at all.
    #[error("the handshake failed: {0}")]
    Handshake(std::io::Error),
    /// The agency has as many connections as it may (S-80).
    #[error("the agency has as many connections as it may")]
    TooMany,
    /// So many handshakes are under way with one address (S-81).
    #[error("too many handshakes are under way with this address")]
    TooManyBegun,
    /// The certificate names no agency.
    #[error("{0}")]
    NotAPeer(#[from] NotASubject),
}

/// The clock as rustls asks for it.
pub(super) struct TlsClock(pub(super) Arc<dyn Clock>);

impl TlsClock {
    pub(super) fn unix(&self) -> UnixTime {
        let seconds = self.0.now().micros().div_euclid(1_000_000);
        UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }
}

impl fmt::Debug for TlsClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsClock")
    }
}

impl TimeProvider for TlsClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.unix())
    }
}

fn nobody(reason: NotASubject) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(reason))))
}

/// Takes clients whose path is good and whose certificate names exactly one agency.
#[derive(Debug)]
pub(super) struct AgencyVerifier(pub(super) Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for AgencyVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.0.verify_client_cert(own, others, now)?;
        Peer::from_chain(std::slice::from_ref(own)).map_err(nobody)?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Takes the one server that is expected: path, host name, and whom its certificate names (S-05).
#[derive(Debug)]
pub(super) struct PinnedServer {
    pub(super) path: Arc<dyn ServerCertVerifier>,
    pub(super) expected: Subject,
}

impl ServerCertVerifier for PinnedServer {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.path.verify_server_cert(own, others, name, ocsp, now)?;
        match Subject::of_certificate(own, Usage::Server) {
            Ok((subject, _)) if subject == self.expected => Ok(verified),
            Ok(_) => Err(nobody(NotASubject::AnotherParty)),
            Err(reason) => Err(nobody(reason)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.path.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.path.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.path.supported_verify_schemes()
    }
}

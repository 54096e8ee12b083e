//! The agency's side: a key that never leaves it, and a request for a certificate.

use super::subject::Subject;
use super::{CaError, Usage};
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, KeyPair, PublicKey, SanType,
};
use x509_parser::prelude::{FromDer, ParsedExtension, X509CertificationRequest};
use zeroize::Zeroizing;

/// A new key and the request for its certificate, both PEM.
pub struct Request {
    /// The private key. For the owner's file alone.
    pub key_pem: Zeroizing<String>,
    /// The certificate signing request, to be sent to the authority.
    pub request_pem: String,
}

/// Makes a P-256 key and a request that names the subject in exactly one SAN URI.
pub fn request(subject: &Subject) -> Result<Request, CaError> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(CaError::cryptography("key"))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = name_of(subject);
    params.subject_alt_names = vec![uri_of(subject)?];
    let request = params.serialize_request(&key).map_err(CaError::cryptography("request"))?;
    let request_pem = request.pem().map_err(CaError::cryptography("request"))?;
    Ok(Request { key_pem: Zeroizing::new(key.serialize_pem()), request_pem })
}

pub(super) fn name_of(subject: &Subject) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, subject.common_name());
    name
}

pub(super) fn uri_of(subject: &Subject) -> Result<SanType, CaError> {
    subject.uri().try_into().map(SanType::URI).map_err(CaError::cryptography("subject"))
}

/// Reads a request: its own signature must be right, its key of an accepted kind, its subject the only one.
/// Nothing else in it is taken over.
pub(super) fn read_request(pem: &str) -> Result<(Subject, PublicKey), CaError> {
    let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).map_err(|_| CaError::NotARequest)?;
    let (rest, parsed) = X509CertificationRequest::from_der(&block.contents).map_err(|_| CaError::NotARequest)?;
    if !rest.is_empty() {
        return Err(CaError::NotARequest);
    }
    let names: Vec<_> = parsed
        .requested_extensions()
        .into_iter()
        .flatten()
        .filter_map(|extension| match extension {
            ParsedExtension::SubjectAlternativeName(san) => Some(san.general_names.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let subject = Subject::of_names(&names)?;
    let der = block.contents.as_slice().into();
    let checked = CertificateSigningRequestParams::from_der(&der).map_err(|_| CaError::NotARequest)?;
    let kind = checked.public_key.algorithm();
    if kind != &rcgen::PKCS_ECDSA_P256_SHA256 && kind != &rcgen::PKCS_ED25519 {
        return Err(CaError::KeyKind);
    }
    Ok((subject, checked.public_key))
}

/// What the extended key usage of a leaf says.
pub(super) fn purpose_of(usage: Usage) -> rcgen::ExtendedKeyUsagePurpose {
    match usage {
        Usage::Client => rcgen::ExtendedKeyUsagePurpose::ClientAuth,
        Usage::Server => rcgen::ExtendedKeyUsagePurpose::ServerAuth,
    }
}

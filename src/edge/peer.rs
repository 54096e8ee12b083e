//! Who is on the other end: read from the certificate of the TLS session, from nothing else (S-04).

use crate::ca::{NotASubject, Serial, Subject, Usage};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};

/// The agency on the other end of a connection.
///
/// Only the edge makes one, from a session whose certificate was verified. No header, metadata or message field can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    agency: AgencyId,
    serial: Serial,
    fingerprint: [u8; 32],
    until: Time,
}

impl Peer {
    /// Reads the verified chain of a session, the peer's own certificate first: exactly one SAN URI, of the form
    /// `urn:musubi:agency:<id>` (S-03), in a certificate that may call.
    pub(crate) fn from_chain(chain: &[CertificateDer<'_>]) -> Result<Self, NotASubject> {
        let own = chain.first().ok_or(NotASubject::NoCertificate)?;
        match Subject::of_certificate(own, Usage::Client)? {
            (Subject::Agency(agency), serial) => {
                let until = end_of_validity(own)?;
                Ok(Peer { agency, serial, fingerprint: Sha256::digest(own.as_ref()).into(), until })
            }
            (Subject::Hub, _) => Err(NotASubject::NotAnAgency),
        }
    }

    /// The agency.
    pub fn agency(&self) -> &AgencyId {
        &self.agency
    }

    /// Serial number of its certificate.
    pub fn serial(&self) -> &Serial {
        &self.serial
    }

    /// SHA-256 of its certificate.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// Until when its certificate is good.
    pub fn until(&self) -> Time {
        self.until
    }

    /// A peer without a session, for tests of what stands behind the edge.
    #[cfg(test)]
    pub(crate) fn testing(agency: AgencyId) -> Self {
        Peer { agency, serial: Serial::new(&[1]), fingerprint: [0; 32], until: Time::MIN }
    }
}

/// Until when a certificate is good.
pub(super) fn end_of_validity(certificate: &[u8]) -> Result<Time, NotASubject> {
    let (_, read) = x509_parser::parse_x509_certificate(certificate).map_err(|_| NotASubject::Unreadable)?;
    let seconds = read.validity().not_after.timestamp();
    seconds.checked_mul(1_000_000).map(Time::from_micros).ok_or(NotASubject::Unreadable)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, SanType};

    fn uri(text: &str) -> SanType {
        SanType::URI(text.try_into().unwrap())
    }

    fn read(names: Vec<SanType>, usages: &[ExtendedKeyUsagePurpose]) -> Result<Peer, NotASubject> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "urn:musubi:agency:MED-1");
        params.subject_alt_names = names;
        params.extended_key_usages = usages.to_vec();
        Peer::from_chain(&[params.self_signed(&key).unwrap().der().clone()])
    }

    fn client(names: Vec<SanType>) -> Result<Peer, NotASubject> {
        read(names, &[ExtendedKeyUsagePurpose::ClientAuth])
    }

    #[test]
    fn s03_exactly_one_uri_of_our_form_names_an_agency() {
        let dns = SanType::DnsName("urn.example".try_into().unwrap());
        let one = uri("urn:musubi:agency:MED-1");
        assert_eq!(client(vec![one.clone()]).unwrap().agency().as_str(), "MED-1");
        assert_eq!(client(vec![dns.clone(), one.clone()]).unwrap().agency().as_str(), "MED-1");
        assert_eq!(client(vec![]), Err(NotASubject::NoUri));
        assert_eq!(client(vec![dns]), Err(NotASubject::NoUri));
        assert_eq!(client(vec![one.clone(), one.clone()]), Err(NotASubject::SeveralUris));
        assert_eq!(client(vec![one.clone(), uri("urn:musubi:agency:MED-2")]), Err(NotASubject::SeveralUris));
        assert_eq!(client(vec![one, uri("https://example.jp/")]), Err(NotASubject::SeveralUris));
        assert_eq!(client(vec![uri("urn:musubi:hub")]), Err(NotASubject::NotAnAgency));
        assert_eq!(Peer::from_chain(&[]), Err(NotASubject::NoCertificate));
    }

    #[test]
    fn s02_a_certificate_that_may_not_call_names_nobody() {
        let names = || vec![uri("urn:musubi:agency:MED-1")];
        assert_eq!(read(names(), &[ExtendedKeyUsagePurpose::ServerAuth]), Err(NotASubject::AnotherUsage));
        assert_eq!(read(names(), &[]), Err(NotASubject::AnotherUsage));
        assert_eq!(read(names(), &[ExtendedKeyUsagePurpose::Any]), Err(NotASubject::AnotherUsage));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn s03_an_id_is_taken_byte_for_byte(id in "[A-Za-z0-9][A-Za-z0-9.-]{0,63}") {
            let peer = client(vec![uri(&format!("urn:musubi:agency:{id}"))]).unwrap();
            prop_assert_eq!(peer.agency().as_str(), id);
        }

        #[test]
        fn s03_a_text_of_another_form_names_nobody(text in "[ -~]{0,80}") {
            let formed = text.strip_prefix(AgencyId::URN).is_some_and(|id| AgencyId::new(id).is_ok());
            prop_assert_eq!(client(vec![uri(&text)]).is_ok(), formed);
        }

        #[test]
        fn s03_a_wrong_id_behind_the_right_urn_names_nobody(id in "[ -~]{0,80}") {
            let formed = AgencyId::new(id.as_str()).is_ok();
            prop_assert_eq!(client(vec![uri(&format!("urn:musubi:agency:{id}"))]).is_ok(), formed);
        }

        #[test]
        fn s03_two_uris_name_nobody_whatever_they_are(a in "[A-Za-z0-9:.-]{0,40}", b in "[A-Za-z0-9]{1,9}") {
            let names = vec![uri(&a), uri(&format!("urn:musubi:agency:{b}"))];
            prop_assert_eq!(client(names), Err(NotASubject::SeveralUris));
        }

        #[test]
        fn s03_a_chain_of_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Peer::from_chain(&[bytes.into()]).is_err());
        }
    }
}

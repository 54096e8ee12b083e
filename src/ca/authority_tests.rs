//! What the authority signs, and what it refuses.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::ca::NotASubject;
use musubi_core::agency::AgencyId;
use rustls::pki_types::pem::PemObject;

const NOW: Time = Time::from_micros(1_800_000_000_000_000);

fn agency(id: &str) -> Subject {
    Subject::Agency(AgencyId::new(id).unwrap())
}

fn authority(environment: Environment) -> (tempfile::TempDir, Authority) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::create(folder.path(), environment, NOW).unwrap();
    (folder, authority)
}

fn der(pem: &str) -> rustls::pki_types::CertificateDer<'static> {
    rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

/// A request with these names, as a foreign tool might make one.
fn foreign_request(names: Vec<SanType>, key: &KeyPair) -> String {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    params.serialize_request(key).unwrap().pem().unwrap()
}

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

#[test]
fn a_request_is_signed_for_the_agency_that_it_names() {
    let (_folder, authority) = authority(Environment::Production);
    let made = request(&agency("MED-1")).unwrap();
    let issued = authority.sign(&made.request_pem, &Order::client(agency("MED-1"), 90), NOW).unwrap();
    let read = Subject::of_certificate(&der(&issued.certificate_pem), Usage::Client).unwrap();
    assert_eq!(read, (agency("MED-1"), issued.entry.serial.clone()));
    assert_eq!(authority.issued().unwrap(), vec![issued.entry]);
    let other = authority.sign(&made.request_pem, &Order::client(agency("MED-2"), 90), NOW);
    assert!(matches!(other, Err(CaError::AnotherSubject)));
}

#[test]
fn s03_a_request_without_exactly_one_agency_uri_is_not_signed() {
    let (_folder, authority) = authority(Environment::Production);
    let key = KeyPair::generate().unwrap();
    let one = uri("urn:musubi:agency:MED-1");
    let cases = [
        (vec![], NotASubject::NoUri),
        (vec![SanType::DnsName("med-1.example.jp".try_into().unwrap())], NotASubject::NoUri),
        (vec![one.clone(), uri("urn:musubi:agency:MED-2")], NotASubject::SeveralUris),
        (vec![one, uri("https://example.jp/")], NotASubject::SeveralUris),
        (vec![uri("urn:musubi:agency:-")], NotASubject::BadId),
        (vec![uri("urn:other:agency:MED-1")], NotASubject::AnotherUri),
    ];
    for (names, reason) in cases {
        let signed = authority.sign(&foreign_request(names, &key), &Order::client(agency("MED-1"), 90), NOW);
        assert!(matches!(signed, Err(CaError::Subject(found)) if found == reason), "{reason}");
    }
    assert_eq!(authority.issued().unwrap(), vec![]);
}

#[test]
fn a_request_whose_signature_is_wrong_is_not_signed() {
    let (_folder, authority) = authority(Environment::Production);
    let made = request(&agency("MED-1")).unwrap();
    let (_, block) = x509_parser::pem::parse_x509_pem(made.request_pem.as_bytes()).unwrap();
    let mut bytes = block.contents;
    *bytes.last_mut().unwrap() ^= 1;
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let pem = format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n");
    for wrong in [pem.as_str(), "", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"] {
        let signed = authority.sign(wrong, &Order::client(agency("MED-1"), 90), NOW);
        assert!(matches!(signed, Err(CaError::NotARequest)));
    }
}

#[test]
fn what_a_request_asks_for_beyond_its_key_is_not_taken_over() {
    let (_folder, authority) = authority(Environment::Production);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names =
        vec![uri("urn:musubi:agency:MED-1"), SanType::DnsName("hub.example.jp".try_into().unwrap())];
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let pem = params.serialize_request(&key).unwrap().pem().unwrap();
    let issued = authority.sign(&pem, &Order::client(agency("MED-1"), 90), NOW).unwrap();
    let der = der(&issued.certificate_pem);
    let (_, read) = x509_parser::parse_x509_certificate(&der).unwrap();
    assert!(!read.is_ca());
    assert!(!read.extended_key_usage().unwrap().unwrap().value.server_auth);
    assert_eq!(read.subject_alternative_name().unwrap().unwrap().value.general_names.len(), 1);
}

#[test]
fn a_key_of_another_kind_is_not_signed() {
    let (_folder, authority) = authority(Environment::Production);
    let names = || vec![uri("urn:musubi:agency:MED-1")];
    let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let signed = authority.sign(&foreign_request(names(), &p384), &Order::client(agency("MED-1"), 90), NOW);
    assert!(matches!(signed, Err(CaError::KeyKind)));
    let ed25519 = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    assert!(authority.sign(&foreign_request(names(), &ed25519), &Order::client(agency("MED-1"), 90), NOW).is_ok());
}

#[test]
fn validity_is_one_to_398_days() {
    let (_folder, authority) = authority(Environment::Production);
    let made = request(&agency("MED-1")).unwrap();
    for (days, fits) in [(0, false), (1, true), (398, true), (399, false)] {
        let signed = authority.sign(&made.request_pem, &Order::client(agency("MED-1"), days), NOW);
        assert_eq!(signed.is_ok(), fits, "{days}");
        if let Ok(issued) = signed {
            let der = der(&issued.certificate_pem);
            let (_, read) = x509_parser::parse_x509_certificate(&der).unwrap();
            let validity = read.validity();
            let seconds = validity.not_after.timestamp() - validity.not_before.timestamp();
            assert_eq!(seconds, i64::from(days) * 86_400);
        }
    }
}

#[test]
fn nothing_outlives_the_authority() {
    let (_folder, authority) = authority(Environment::Production);
    let made = request(&agency("MED-1")).unwrap();
    let late = NOW.plus_days(AUTHORITY_DAYS - 10);
    let signed = authority.sign(&made.request_pem, &Order::client(agency("MED-1"), 90), late);
    assert!(matches!(signed, Err(CaError::OutlivesAuthority)));
}

#[test]
fn old_and_new_overlap_and_a_third_is_refused() {
    let (_folder, authority) = authority(Environment::Production);
    let order = Order::client(agency("MED-1"), 90);
    let fresh = || request(&agency("MED-1")).unwrap().request_pem;
    assert!(matches!(authority.renew(&fresh(), &order, NOW), Err(CaError::NothingToRenew)));
    let first = authority.sign(&fresh(), &order, NOW).unwrap();
    let second = authority.renew(&fresh(), &order, NOW.plus_days(60)).unwrap();
    assert_ne!(first.entry.serial, second.entry.serial);
    let third = authority.renew(&fresh(), &order, NOW.plus_days(61));
    assert!(matches!(third, Err(CaError::TwoAlreadyValid)));
    assert!(authority.renew(&fresh(), &order, NOW.plus_days(91)).is_ok(), "the first has expired");
}

#[test]
fn a_revoked_certificate_stands_on_the_list_with_its_reason() {
    let (_folder, authority) = authority(Environment::Production);
    let order = Order::client(agency("MED-1"), 90);
    let issued = authority.sign(&request(&agency("MED-1")).unwrap().request_pem, &order, NOW).unwrap();
    let serial = &issued.entry.serial;
    let revoked = authority.revoke(serial, Reason::KeyCompromise, "officer-7", NOW.plus_minutes(3)).unwrap();
    assert_eq!(revoked.revoked.unwrap().at, NOW.plus_minutes(3));
    assert!(matches!(authority.revoke(serial, Reason::Superseded, "officer-7", NOW), Err(CaError::AlreadyRevoked)));
    assert!(matches!(
        authority.revoke(&Serial::new(&[9]), Reason::Superseded, "officer-7", NOW),
        Err(CaError::UnknownSerial)
    ));
    let pem = read(&authority.crl_path()).unwrap();
    let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
    let (_, list) = x509_parser::parse_x509_crl(&block.contents).unwrap();
    let lines: Vec<_> = list.iter_revoked_certificates().map(|line| Serial::new(line.raw_serial())).collect();
    assert_eq!(lines, vec![serial.clone()]);
    assert_eq!(list.crl_number().map(ToString::to_string), Some("2".to_owned()));
}

#[test]
fn only_a_development_authority_makes_keys_for_others() {
    let order = Order::client(agency("MED-1"), 90);
    for environment in [Environment::Test, Environment::Production] {
        let (_folder, authority) = authority(environment);
        assert!(matches!(authority.issue_pair(&order, NOW), Err(CaError::OnlyInDevelopment)));
    }
    let (_folder, authority) = authority(Environment::Development);
    assert!(authority.issue_pair(&order, NOW).is_ok());
    let der = der(authority.certificate_pem());
    let (_, read) = x509_parser::parse_x509_certificate(&der).unwrap();
    let organization = read.subject().iter_organization().next().unwrap();
    assert_eq!(organization.as_str().unwrap(), crate::ca::DEVELOPMENT);
}

#[test]
fn a_server_needs_a_name_that_is_one() {
    let (_folder, authority) = authority(Environment::Development);
    let pair = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        authority.issue_pair(&Order::server(Subject::Hub, names, 90), NOW)
    };
    assert!(pair(&["localhost", "127.0.0.1", "::1"]).is_ok());
    assert!(matches!(pair(&[]), Err(CaError::ServerName)));
    assert!(matches!(pair(&["not a name"]), Err(CaError::ServerName)));
}

#[cfg(unix)]
#[test]
fn the_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, authority) = authority(Environment::Production);
    let key = folder.path().join(KEY);
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    drop(authority);
    for mode in [0o640, 0o604, 0o620, 0o644] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(Authority::open(folder.path()), Err(CaError::KeyReadableByOthers(_))), "{mode:o}");
    }
}

#[test]
fn an_authority_is_never_overwritten() {
    let (folder, _authority) = authority(Environment::Production);
    let again = Authority::create(folder.path(), Environment::Development, NOW);
    assert!(matches!(again, Err(CaError::AlreadyHere(_))));
}

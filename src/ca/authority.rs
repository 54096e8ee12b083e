//! The authority: signs what was ordered, keeps the register, publishes the revocation list.

use super::files::{read, read_secret, secret_folder, write_public, write_secret};
use super::register::{Entry, Reason, Register, Revocation};
use super::request::{name_of, purpose_of, read_request, request, uri_of};
use super::subject::{Serial, Subject, Usage};
use super::{CaError, Environment, VALIDITY_DAYS_MAX};
use crate::entropy;
use musubi_core::time::Time;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PublicKey, RevokedCertParams, SanType, SerialNumber,
};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// Validity of the authority's own certificate.
const AUTHORITY_DAYS: i64 = 3650;
/// A certificate begins this much before it was issued, for peers whose clock is slow.
const BACKDATED_MINUTES: i64 = 5;
/// Valid certificates that one subject may hold for one use: the old and the new one of a rotation.
const VALID_MAX: usize = 2;

const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "ca.key";
const CRL: &str = "crl.pem";

/// A certificate authority in a folder of its own.
pub struct Authority {
    folder: PathBuf,
    environment: Environment,
    certificate_pem: String,
    valid_until: Time,
    issuer: Issuer<'static, KeyPair>,
}

/// What the operator orders. The request gives only the key; everything else in the certificate comes from here.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whom the certificate names. The request must name the same.
    pub subject: Subject,
    /// For which side of a connection.
    pub usage: Usage,
    /// DNS names and addresses of a server.
    pub server_names: Vec<String>,
    /// Validity in days.
    pub days: u32,
}

/// A certificate that was issued.
#[derive(Debug)]
pub struct Issued {
    /// Its line in the register.
    pub entry: Entry,
    /// The certificate, PEM.
    pub certificate_pem: String,
}

/// A certificate and its key, made in one go: in development only.
pub struct Pair {
    /// Its line in the register.
    pub entry: Entry,
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// The private key, PEM.
    pub key_pem: Zeroizing<String>,
}

impl Order {
    /// An agency's certificate for calling the hub.
    pub fn client(subject: Subject, days: u32) -> Self {
        Order { subject, usage: Usage::Client, server_names: Vec::new(), days }
    }

    /// A server's certificate under these names and addresses.
    pub fn server(subject: Subject, server_names: Vec<String>, days: u32) -> Self {
        Order { subject, usage: Usage::Server, server_names, days }
    }
}

impl Authority {
    /// Makes an authority in an empty folder: a P-256 key (0600), its certificate, an empty register and a first
    /// revocation list.
    pub fn create(folder: &Path, environment: Environment, now: Time) -> Result<Self, CaError> {
        if folder.join(CERTIFICATE).exists() || folder.join(KEY).exists() {
            return Err(CaError::AlreadyHere(folder.to_owned()));
        }
        secret_folder(folder)?;
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(CaError::cryptography("ca.key"))?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::OrganizationName, environment.organization());
        params.distinguished_name.push(DnType::CommonName, format!("Musubi CA {}", now.day().year()));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(SerialNumber::from_slice(new_serial().bytes()));
        params.not_before = date(now.plus_minutes(-BACKDATED_MINUTES));
        params.not_after = date(now.plus_days(AUTHORITY_DAYS));
        let certificate = params.self_signed(&key).map_err(CaError::cryptography("ca.pem"))?;
        write_secret(&folder.join(KEY), &Zeroizing::new(key.serialize_pem()))?;
        Register::new(environment).write(folder)?;
        write_public(&folder.join(CERTIFICATE), &certificate.pem())?;
        let authority = Self::open(folder)?;
        authority.publish_crl(super::CRL_DAYS, now)?;
        Ok(authority)
    }

    /// Opens the authority in a folder. Refuses a key that others may read.
    pub fn open(folder: &Path) -> Result<Self, CaError> {
        let certificate_pem = read(&folder.join(CERTIFICATE))?;
        let key_pem = read_secret(&folder.join(KEY))?;
        let key = KeyPair::from_pem(&key_pem).map_err(CaError::cryptography("ca.key"))?;
        let valid_until = expiry(&certificate_pem)
            .ok_or(CaError::Cryptography { place: "ca.pem", source: rcgen::Error::CouldNotParseCertificate })?;
        let issuer = Issuer::from_ca_cert_pem(&certificate_pem, key).map_err(CaError::cryptography("ca.pem"))?;
        let environment = Register::read(folder)?.environment;
        Ok(Authority { folder: folder.to_owned(), environment, certificate_pem, valid_until, issuer })
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Which world it serves.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Its certificate, PEM: what peers trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The file with its certificate.
    pub fn certificate_path(&self) -> PathBuf {
        self.folder.join(CERTIFICATE)
    }

    /// The file with the last revocation list.
    pub fn crl_path(&self) -> PathBuf {
        self.folder.join(CRL)
    }

    /// Everything that was issued.
    pub fn issued(&self) -> Result<Vec<Entry>, CaError> {
        Register::read(&self.folder).map(|register| register.certificates)
    }

    /// Signs a request for what was ordered.
    pub fn sign(&self, request_pem: &str, order: &Order, now: Time) -> Result<Issued, CaError> {
        let (subject, key) = read_request(request_pem)?;
        if subject != order.subject {
            return Err(CaError::AnotherSubject);
        }
        let (serial, params) = self.leaf(order, now)?;
        let certificate_pem = self.seal(params, &key)?;
        let entry = Entry {
            serial,
            subject,
            usage: order.usage,
            issued_at: now,
            valid_until: valid_until(order.days, now),
            revoked: None,
        };
        Register::change(&self.folder, |register| {
            if register.valid(&entry.subject, entry.usage, now) >= VALID_MAX {
                return Err(CaError::TwoAlreadyValid);
            }
            register.certificates.push(entry.clone());
            Ok(())
        })?;
        Ok(Issued { entry, certificate_pem })
    }

    /// Signs a request for a subject that holds a valid certificate of this use. Both stay valid until the old one
    /// expires or is revoked, so that the change drops no call.
    pub fn renew(&self, request_pem: &str, order: &Order, now: Time) -> Result<Issued, CaError> {
        if Register::read(&self.folder)?.valid(&order.subject, order.usage, now) == 0 {
            return Err(CaError::NothingToRenew);
        }
        self.sign(request_pem, order, now)
    }

    /// Revokes a certificate and publishes the list that says so.
    pub fn revoke(&self, serial: &Serial, reason: Reason, by: &str, now: Time) -> Result<Entry, CaError> {
        let entry = Register::change(&self.folder, |register| {
            let entry = register.certificates.iter_mut().find(|e| &e.serial == serial).ok_or(CaError::UnknownSerial)?;
            if entry.revoked.is_some() {
                return Err(CaError::AlreadyRevoked);
            }
            entry.revoked = Some(Revocation { at: now, reason, by: by.to_owned() });
            Ok(entry.clone())
        })?;
        self.publish_crl(super::CRL_DAYS, now)?;
        Ok(entry)
    }

    /// Writes a revocation list that is valid for so many days, and returns it as PEM.
    pub fn publish_crl(&self, days: u32, now: Time) -> Result<String, CaError> {
        if days == 0 || days > VALIDITY_DAYS_MAX {
            return Err(CaError::Validity { max: VALIDITY_DAYS_MAX });
        }
        Register::change(&self.folder, |register| {
            register.crl_number = register.crl_number.saturating_add(1);
            let list = CertificateRevocationListParams {
                this_update: date(now.plus_minutes(-BACKDATED_MINUTES)),
                next_update: date(now.plus_days(i64::from(days))),
                crl_number: SerialNumber::from(register.crl_number),
                issuing_distribution_point: None,
                revoked_certs: register.certificates.iter().filter_map(revoked).collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            let list = list.signed_by(&self.issuer).map_err(CaError::cryptography("crl.pem"))?;
            let pem = list.pem().map_err(CaError::cryptography("crl.pem"))?;
            write_public(&self.folder.join(CRL), &pem)?;
            Ok(pem)
        })
    }

    /// Key, request and certificate in one go, on the subject's behalf: for the demo, tests and a developer's
    /// machine. Any other authority refuses.
    pub fn issue_pair(&self, order: &Order, now: Time) -> Result<Pair, CaError> {
        if self.environment != Environment::Development {
            return Err(CaError::OnlyInDevelopment);
        }
        let made = request(&order.subject)?;
        let issued = self.sign(&made.request_pem, order, now)?;
        Ok(Pair { entry: issued.entry, certificate_pem: issued.certificate_pem, key_pem: made.key_pem })
    }

    fn leaf(&self, order: &Order, now: Time) -> Result<(Serial, CertificateParams), CaError> {
        if order.days == 0 || order.days > VALIDITY_DAYS_MAX {
            return Err(CaError::Validity { max: VALIDITY_DAYS_MAX });
        }
        if valid_until(order.days, now) > self.valid_until {
            return Err(CaError::OutlivesAuthority);
        }
        let serial = new_serial();
        let mut params = CertificateParams::default();
        params.distinguished_name = name_of(&order.subject);
        params.serial_number = Some(SerialNumber::from_slice(serial.bytes()));
        params.not_before = date(now.plus_minutes(-BACKDATED_MINUTES));
        params.not_after = date(valid_until(order.days, now));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose_of(order.usage)];
        params.use_authority_key_identifier_extension = true;
        params.subject_alt_names = vec![uri_of(&order.subject)?];
        if order.usage == Usage::Server {
            params.subject_alt_names.extend(server_names(&order.server_names)?);
        }
        Ok((serial, params))
    }

    fn seal(&self, params: CertificateParams, key: &PublicKey) -> Result<String, CaError> {
        let certificate = params.signed_by(key, &self.issuer).map_err(CaError::cryptography("certificate"))?;
        Ok(certificate.pem())
    }
}

fn server_names(names: &[String]) -> Result<Vec<SanType>, CaError> {
    if names.is_empty() {
        return Err(CaError::ServerName);
    }
    let name = |name: &String| match name.parse::<IpAddr>() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => {
            let dns = rustls::pki_types::DnsName::try_from(name.as_str()).map_err(|_| CaError::ServerName)?;
            dns.as_ref().try_into().map(SanType::DnsName).map_err(|_| CaError::ServerName)
        }
    };
    names.iter().map(name).collect()
}

fn revoked(entry: &Entry) -> Option<RevokedCertParams> {
    let revocation = entry.revoked.as_ref()?;
    Some(RevokedCertParams {
        serial_number: SerialNumber::from_slice(entry.serial.bytes()),
        revocation_time: date(revocation.at),
        reason_code: Some(revocation.reason.code()),
        invalidity_date: None,
    })
}

/// 128 random bits: positive, and its first byte never zero.
fn new_serial() -> Serial {
    let mut bytes: [u8; 16] = entropy::bytes();
    let [first, ..] = &mut bytes;
    *first = *first & 0x7f | 0x40;
    Serial::new(&bytes)
}

/// The last moment, counted from the backdated beginning so that the whole stays within the days ordered.
fn valid_until(days: u32, now: Time) -> Time {
    now.plus_minutes(-BACKDATED_MINUTES).plus_days(i64::from(days))
}

fn date(time: Time) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(time.micros().div_euclid(1_000_000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn expiry(certificate_pem: &str) -> Option<Time> {
    let (_, block) = x509_parser::pem::parse_x509_pem(certificate_pem.as_bytes()).ok()?;
    let certificate = block.parse_x509().ok()?;
    Some(Time::from_micros(certificate.validity().not_after.timestamp().saturating_mul(1_000_000)))
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;

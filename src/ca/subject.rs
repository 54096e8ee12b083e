//! Whom a certificate names, and for which use: read strictly, byte for byte (S-03).

use musubi_core::agency::AgencyId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use x509_parser::prelude::{GeneralName, X509Certificate};

/// The SAN URI of the hub itself (S-05).
const HUB: &str = "urn:musubi:hub";

/// Whom a certificate names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// `urn:musubi:agency:<id>`.
    Agency(AgencyId),
    /// `urn:musubi:hub`.
    Hub,
}

/// Which side of a connection a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// Calls.
    Client,
    /// Answers.
    Server,
}

/// Why a name or certificate stands for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotASubject {
    /// There is no certificate.
    #[error("no certificate was presented")]
    NoCertificate,
    /// The certificate or one of its names does not parse.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// No SAN URI; a common name does not count.
    #[error("the certificate has no SAN URI")]
    NoUri,
    /// More than one SAN URI.
    #[error("the certificate has more than one SAN URI")]
    SeveralUris,
    /// A URI of another form.
    #[error("the SAN URI is not of the form urn:musubi:agency:<id>")]
    AnotherUri,
    /// The form is right, the id is not.
    #[error("the id in the SAN URI is no agency id")]
    BadId,
    /// Extended key usage is absent or names the other side.
    #[error("the certificate is not for this side of a connection")]
    AnotherUsage,
    /// It names somebody, but not an agency.
    #[error("the certificate names no agency")]
    NotAnAgency,
    /// It names somebody else than was expected.
    #[error("the certificate names another party than was expected")]
    AnotherParty,
}

impl Subject {
    /// The SAN URI.
    pub fn uri(&self) -> String {
        match self {
            Subject::Agency(id) => format!("{}{id}", AgencyId::URN),
            Subject::Hub => HUB.to_owned(),
        }
    }

    /// The common name: for people who read certificates; no rule looks at it.
    pub fn common_name(&self) -> &str {
        match self {
            Subject::Agency(id) => id.as_str(),
            Subject::Hub => "hub",
        }
    }

    /// Reads a certificate that somebody presents for one side of a connection.
    pub fn of_certificate(der: &[u8], usage: Usage) -> Result<(Self, Serial), NotASubject> {
        let (rest, certificate) = x509_parser::parse_x509_certificate(der).map_err(|_| NotASubject::Unreadable)?;
        if !rest.is_empty() {
            return Err(NotASubject::Unreadable);
        }
        let names = certificate.subject_alternative_name().map_err(|_| NotASubject::Unreadable)?;
        let subject = Self::of_names(names.map(|n| n.value.general_names.as_slice()).unwrap_or_default())?;
        check_usage(&certificate, usage)?;
        Ok((subject, Serial::new(certificate.raw_serial())))
    }

    /// Reads the names of a certificate or request: exactly one URI, and that of our form.
    pub fn of_names(names: &[GeneralName<'_>]) -> Result<Self, NotASubject> {
        if names.iter().any(|name| matches!(name, GeneralName::Invalid(..))) {
            return Err(NotASubject::Unreadable);
        }
        let mut uris = names.iter().filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
        match (uris.next(), uris.next()) {
            (None, _) => Err(NotASubject::NoUri),
            (Some(uri), None) => uri.parse(),
            (Some(_), Some(_)) => Err(NotASubject::SeveralUris),
        }
    }
}

/// A certificate says what it may be used for, and it says this side. Stricter than the path check, which takes an
/// absent statement for a permission and does not look at key usage.
fn check_usage(certificate: &X509Certificate<'_>, usage: Usage) -> Result<(), NotASubject> {
    let extended = certificate.extended_key_usage().map_err(|_| NotASubject::Unreadable)?;
    let key = certificate.key_usage().map_err(|_| NotASubject::Unreadable)?;
    let this_side = extended.is_some_and(|extension| match usage {
        Usage::Client => extension.value.client_auth,
        Usage::Server => extension.value.server_auth,
    });
    let may_sign = key.is_none_or(|extension| extension.value.digital_signature());
    if this_side && may_sign { Ok(()) } else { Err(NotASubject::AnotherUsage) }
}

impl FromStr for Subject {
    type Err = NotASubject;

    fn from_str(uri: &str) -> Result<Self, NotASubject> {
        if uri == HUB {
            return Ok(Subject::Hub);
        }
        let id = uri.strip_prefix(AgencyId::URN).ok_or(NotASubject::AnotherUri)?;
        AgencyId::new(id).map(Subject::Agency).map_err(|_| NotASubject::BadId)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri())
    }
}

impl TryFrom<String> for Subject {
    type Error = NotASubject;

    fn try_from(uri: String) -> Result<Self, NotASubject> {
        uri.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> String {
        subject.uri()
    }
}

/// Serial number of a certificate, without leading zero bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial(Vec<u8>);

/// Not a serial number: hexadecimal digits, with or without colons, at most 20 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a serial number: hexadecimal digits, at most 40")]
pub struct NotASerial;

impl Serial {
    /// Longest serial number, in bytes (RFC 5280 section 4.1.2.2).
    const LENGTH_MAX: usize = 20;

    /// From its big-endian bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Serial(bytes.iter().copied().skip_while(|byte| *byte == 0).collect())
    }

    /// Its big-endian bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Serial {
    type Err = NotASerial;

    fn from_str(text: &str) -> Result<Self, NotASerial> {
        let digits: Option<Vec<u8>> =
            text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
        let digits = digits.ok_or(NotASerial)?;
        if digits.is_empty() || digits.len() % 2 != 0 || digits.len() > 2 * Self::LENGTH_MAX {
            return Err(NotASerial);
        }
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, d| byte << 4 | d)).collect();
        Ok(Serial::new(&bytes))
    }
}

impl TryFrom<String> for Serial {
    type Error = NotASerial;

    fn try_from(text: String) -> Result<Self, NotASerial> {
        text.parse()
    }
}

impl From<Serial> for String {
    fn from(serial: Serial) -> String {
        serial.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_read_as_it_is_written() {
        let serial = Serial::new(&[0, 0x0a, 0xff]);
        assert_eq!(serial.to_string(), "0aff");
        assert_eq!("0A:FF".parse(), Ok(serial));
        for wrong in ["", "a", "zz", &"00".repeat(21)] {
            assert_eq!(wrong.parse::<Serial>(), Err(NotASerial), "{wrong}");
        }
    }

    #[test]
    fn a_subject_is_compared_byte_for_byte() {
        let id = AgencyId::new("MED-1").map(Subject::Agency);
        assert_eq!("urn:musubi:agency:MED-1".parse(), id.map_err(|_| NotASubject::BadId));
        assert_eq!("URN:musubi:agency:MED-1".parse::<Subject>(), Err(NotASubject::AnotherUri));
        assert_eq!("urn:musubi:agency:MED 1".parse::<Subject>(), Err(NotASubject::BadId));
        assert_eq!("urn:musubi:agency:".parse::<Subject>(), Err(NotASubject::BadId));
        assert_eq!("urn:musubi:hub".parse(), Ok(Subject::Hub));
        assert_eq!("urn:musubi:hub2".parse::<Subject>(), Err(NotASubject::AnotherUri));
    }
}

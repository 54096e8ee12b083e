//! Certificates, keys and revocation lists from files.

use crate::ca::NotASubject;
use musubi_core::time::Time;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why TLS cannot be set up. Names files and rules, never contents.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing, unreadable, or holds nothing of the expected kind.
    #[error("TL01 {}: no {what} can be read from this file / このファイルから読み取れません", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What was looked for in it.
        what: &'static str,
    },
    /// The key may be read by others.
    #[error("TL02 {}: others may read this key; set its mode to 0600 / 鍵が他の利用者に読まれます。0600にしてください", .0.display())]
    KeyReadableByOthers(PathBuf),
    /// Key and certificate do not go together.
    #[error("TL03 key and certificate do not go together / 鍵と証明書が合いません")]
    KeyMismatch,
    /// Nothing to verify peers against.
    #[error("TL04 the bundle of trusted authorities cannot be used / 信頼する認証局の束が使えません")]
    Trust,
    /// Our own certificate does not say what it should.
    #[error("TL05 our own certificate is wrong: {0} / 自分の証明書が規則に合いません")]
    Own(NotASubject),
    /// The name of the server is neither a DNS name nor an address.
    #[error("TL06 not a DNS name or address / DNS名でもIPアドレスでもありません")]
    ServerName,
    /// The protocol versions and suites do not fit together.
    #[error("TL07 the TLS settings do not fit together / TLSの設定が矛盾しています")]
    Settings,
    /// The revocation list does not parse, or has no next update.
    #[error("TL08 the revocation list is damaged / 失効リストが壊れています")]
    Crl,
}

/// A certificate chain and its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let unreadable = || TlsError::File { path: key.to_owned(), what: "private key" };
        if crate::ca::readable_by_others(key).map_err(|_| unreadable())? {
            return Err(TlsError::KeyReadableByOthers(key.to_owned()));
        }
        let chain = read_all(certificate, "certificate")?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|_| unreadable())?;
        Ok(Identity { chain, key })
    }

    pub(super) fn leaf(&self) -> &[u8] {
        self.chain.first().map(|certificate| certificate.as_ref()).unwrap_or_default()
    }
}

/// The authorities in a bundle; never those of the system (S-02).
pub(super) fn read_roots(path: &Path) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in read_all::<CertificateDer<'static>>(path, "certificate")? {
        roots.add(certificate).map_err(|_| TlsError::Trust)?;
    }
    Ok(Arc::new(roots))
}

/// The revocation lists in a file; one at least.
pub(super) fn read_crls(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    read_all(path, "revocation list")
}

/// The first moment at which one of the lists in a file is due to be replaced.
pub(super) fn next_update(path: &Path) -> Result<Time, TlsError> {
    let mut first = None;
    for der in read_crls(path)? {
        let (_, list) = x509_parser::parse_x509_crl(&der).map_err(|_| TlsError::Crl)?;
        let seconds = list.next_update().ok_or(TlsError::Crl)?.timestamp();
        let next = Time::from_micros(seconds.saturating_mul(1_000_000));
        first = Some(first.map_or(next, |known: Time| known.min(next)));
    }
    first.ok_or(TlsError::Crl)
}

fn read_all<T: PemObject>(path: &Path, what: &'static str) -> Result<Vec<T>, TlsError> {
    let unreadable = || TlsError::File { path: path.to_owned(), what };
    let all = T::pem_file_iter(path).map_err(|_| unreadable())?;
    let all: Vec<T> = all.collect::<Result<_, _>>().map_err(|_| unreadable())?;
    if all.is_empty() { Err(unreadable()) } else { Ok(all) }
}

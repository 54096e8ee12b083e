//! What the authority refuses, and why.

use super::subject::NotASubject;
use std::io;
use std::path::PathBuf;

/// What the authority refuses, in English and Japanese. Names files and rules, never a key.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A file cannot be read or written.
    #[error("CA01 {}: the file cannot be read or written ({source}) / ファイルを読み書きできません", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder already holds an authority.
    #[error("CA02 {}: an authority is already here; it is not overwritten / 認証局が既にあります。上書きしません", .0.display())]
    AlreadyHere(PathBuf),
    /// The key file may be read by others.
    #[error("CA03 {}: others may read this key; set its mode to 0600 / 鍵が他の利用者に読まれます。0600にしてください", .0.display())]
    KeyReadableByOthers(PathBuf),
    /// The request is no certificate signing request with a right signature.
    #[error(
        "CA04 not a certificate signing request whose signature is right / 署名の正しい証明書署名要求ではありません"
    )]
    NotARequest,
    /// The name in a request or certificate is not one of ours.
    #[error("CA05 {0} / SANのURIが規則(S-03)に合いません")]
    Subject(#[from] NotASubject),
    /// The request is for another subject than was ordered.
    #[error("CA06 the request is for another subject than was ordered / 要求の主体が指定と異なります")]
    AnotherSubject,
    /// The key is of another kind than is accepted.
    #[error("CA07 the key must be ECDSA P-256 or Ed25519 / 鍵はP-256かEd25519にしてください")]
    KeyKind,
    /// Zero days, or more than is allowed.
    #[error("CA08 validity must be 1 to {max} days / 有効期間は1日から{max}日までです")]
    Validity {
        /// The limit.
        max: u32,
    },
    /// A server's certificate without a name, or a name that is none.
    #[error("CA09 a server needs at least one DNS name or address / サーバ証明書にはDNS名かIPアドレスが必要です")]
    ServerName,
    /// Nothing with this serial number was issued.
    #[error("CA10 no certificate with this serial number was issued here / この番号の証明書は発行していません")]
    UnknownSerial,
    /// It was revoked before.
    #[error("CA11 this certificate is already revoked / この証明書は既に失効しています")]
    AlreadyRevoked,
    /// There is no valid certificate to renew.
    #[error(
        "CA12 this subject has no valid certificate to renew; sign a first one / 更新できる有効な証明書がありません"
    )]
    NothingToRenew,
    /// Key and certificate in one go exist for development only.
    #[error("CA13 only a development authority makes keys for others / 他者の鍵を作れるのは開発用認証局だけです")]
    OnlyInDevelopment,
    /// Two certificates of one subject and use are already valid.
    #[error(
        "CA14 two certificates of this subject are already valid; revoke one first / 有効な証明書が既に2枚あります。先に1枚を失効させてください"
    )]
    TwoAlreadyValid,
    /// The register of issued certificates does not read back.
    #[error("CA15 {}: the register cannot be read back / 発行台帳を読めません", .0.display())]
    Register(PathBuf),
    /// The authority's own certificate does not cover the time ordered.
    #[error("CA16 the authority itself expires before that; make a new one first / 認証局の証明書が先に切れます")]
    OutlivesAuthority,
    /// No open invitation fits the request.
    #[error(
        "CA18 this agency has no open invitation, or the request does not prove its token; invite it anew / 有効な招待がないか、招待の符号と合いません。招待し直してください"
    )]
    NotInvited,
    /// The cryptography refused; for example a damaged key file.
    #[error("CA17 {place}: keys and certificates do not go together ({source}) / 鍵と証明書が合いません")]
    Cryptography {
        /// Where.
        place: &'static str,
        /// What it says.
        source: rcgen::Error,
    },
}

impl CaError {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| CaError::File { path, source }
    }

    pub(super) fn cryptography(place: &'static str) -> impl FnOnce(rcgen::Error) -> Self {
        move |source| CaError::Cryptography { place, source }
    }
}

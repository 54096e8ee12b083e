//! One-time tokens (招待): who was given one may ask once for a certificate, over a way that proves nothing by itself, such as
//! mail. The token goes by another way, by telephone or on paper.

use super::files::{read_secret, write_secret};
use super::{Authority, CaError, Issued, Order, Request, Subject, request};
use crate::digits::hex;
use musubi_core::agency::AgencyId;
use musubi_core::sealing::BlindKey;
use musubi_core::time::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::PathBuf;

/// Bytes of a token: far too many to guess.
pub const TOKEN_BYTES: usize = 16;
/// Days for which a token is good when nothing else is ordered.
pub const INVITATION_DAYS: u32 = 7;
/// Where invitations lie in the authority's folder.
const FOLDER: &str = "invitations";
/// The line behind a request that proves its token.
const PROOF: &str = "musubi-proof: ";

/// An invitation as it is kept: for the authority's user alone.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invitation {
    token: String,
    until: Time,
}

/// Makes a key and a request that proves the token.
///
/// # Errors
/// When the cryptography refuses.
pub fn request_with_token(agency: &AgencyId, token: &str) -> Result<Request, CaError> {
    let made = request(&Subject::Agency(agency.clone()))?;
    let request_pem = format!("{}{PROOF}{}\n", made.request_pem, proof(token, &made.request_pem));
    Ok(Request { request_pem, ..made })
}

impl Authority {
    /// Invites an agency to ask for its certificate: gives the token, which takes the place of an earlier one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn invite(&self, agency: &AgencyId, days: u32, token: [u8; TOKEN_BYTES], now: Time) -> Result<String, CaError> {
        let path = self.invitation(agency)?;
        if path.exists() {
            fs::remove_file(&path).map_err(CaError::file(&path))?;
        }
        let token = written(&token);
        let until = now.plus_days(i64::from(days));
        let text = serde_json::to_string(&Invitation { token: token.clone(), until }).unwrap_or_default();
        write_secret(&path, &text)?;
        Ok(token)
    }

    /// Signs the request of an agency that was invited, once.
    ///
    /// # Errors
    /// When nobody was invited, the token has ended or is another, or as [`Authority::sign`].
    pub fn admit(&self, agency: &AgencyId, request: &str, days: u32, now: Time) -> Result<Issued, CaError> {
        let path = self.invitation(agency)?;
        if !path.exists() {
            return Err(CaError::NotInvited);
        }
        let invitation: Invitation =
            serde_json::from_str(&read_secret(&path)?).map_err(|_| CaError::Register(path.clone()))?;
        let (request_pem, given) = request.split_once(PROOF).ok_or(CaError::NotInvited)?;
        if invitation.until <= now || given.trim() != proof(&invitation.token, request_pem) {
            return Err(CaError::NotInvited);
        }
        let issued = self.sign(request_pem, &Order::client(Subject::Agency(agency.clone()), days), now)?;
        fs::remove_file(&path).map_err(CaError::file(&path))?;
        Ok(issued)
    }

    fn invitation(&self, agency: &AgencyId) -> Result<PathBuf, CaError> {
        let folder = self.folder().join(FOLDER);
        super::secret_folder(&folder)?;
        Ok(folder.join(format!("{agency}.json")))
    }
}

/// Groups of four, to be read out.
fn written(token: &[u8]) -> String {
    token.chunks(2).map(hex).collect::<Vec<_>>().join("-")
}

/// HMAC of the request under the token, however the token was typed.
fn proof(token: &str, request_pem: &str) -> String {
    let typed: String = token.chars().filter(char::is_ascii_hexdigit).map(|digit| digit.to_ascii_lowercase()).collect();
    let key = BlindKey::from_bytes(Sha256::digest(typed).into());
    let text: String = request_pem.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    hex(&key.blind("certificate request", &text).0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::ca::Environment;
    use crate::clock::{Clock, SystemClock};

    struct Asked {
        folder: tempfile::TempDir,
        authority: Authority,
        agency: AgencyId,
        now: Time,
    }

    fn invited() -> (Asked, String) {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemClock.now();
        let authority = Authority::create(&folder.path().join("ca"), Environment::Test, now).unwrap();
        let agency = AgencyId::new("MED-4810700122").unwrap();
        let token = authority.invite(&agency, INVITATION_DAYS, [0xA5; TOKEN_BYTES], now).unwrap();
        (Asked { folder, authority, agency, now }, token)
    }

    #[test]
    fn who_was_invited_is_admitted_once() {
        let (Asked { folder: _folder, authority, agency, now }, token) = invited();
        assert_eq!(token, "a5a5-a5a5-a5a5-a5a5-a5a5-a5a5-a5a5-a5a5");
        let asked = request_with_token(&agency, &token.to_uppercase().replace('-', " ")).unwrap();
        let mailed = asked.request_pem.replace('\n', "\r\n");
        let issued = authority.admit(&agency, &mailed, 90, now).unwrap();
        assert!(issued.certificate_pem.starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(matches!(authority.admit(&agency, &mailed, 90, now), Err(CaError::NotInvited)), "once alone");
    }

    #[test]
    fn another_token_another_request_and_another_agency_are_not_admitted() {
        let (Asked { folder: _folder, authority, agency, now }, token) = invited();
        let admit = |agency: &AgencyId, text: &str, now| authority.admit(agency, text, 90, now).is_ok();
        let guessed = request_with_token(&agency, "0000").unwrap();
        assert!(!admit(&agency, &guessed.request_pem, now));
        let (own, other) =
            (request_with_token(&agency, &token).unwrap(), request(&Subject::Agency(agency.clone())).unwrap());
        let proof = own.request_pem.split_once(PROOF).unwrap().1;
        assert!(
            !admit(&agency, &format!("{}{PROOF}{proof}", other.request_pem), now),
            "the key was exchanged on the way"
        );
        assert!(!admit(&agency, &other.request_pem, now));
        assert!(!admit(&AgencyId::new("MED-4810700452").unwrap(), &own.request_pem, now));
        assert!(!admit(&agency, &own.request_pem, now.plus_days(7)), "the token has ended");
        assert!(admit(&agency, &own.request_pem, now), "and the right one still is");
    }
}

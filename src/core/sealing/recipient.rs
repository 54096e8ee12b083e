//! Sealing for somebody whose secret is kept elsewhere: a backup is written under the public keys of its recipients, and one of
//! their secrets opens it (S-55).
//!
//! HPKE (RFC 9180) in its base mode, with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM.

use super::{Aad, DoesNotOpen};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, setup_receiver, setup_sender_with_rng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::fmt;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
/// Domain of these keys: they seal for recipients and serve nothing else.
const INFO: &[u8] = b"musubi recipient 1";
/// Use of a key, for the additional data.
const USE: &str = "recipient";
/// First characters of the text of a key.
const FORM: &str = "musubi-recipient-";
/// Bytes of a key's id.
const ID_BYTES: usize = 4;

type Secret = <X25519HkdfSha256 as Kem>::PrivateKey;
type Public = <X25519HkdfSha256 as Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey;

/// Not the text of a recipient's key, or one that was mistyped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the key of a recipient, or mistyped / 受取人の公開鍵の形式ではないか、打ち間違いがあります")]
pub struct NotARecipient;

/// The secret of a recipient. Whoever has it opens what was sealed for the key.
pub struct RecipientSecret(Zeroizing<[u8; KEY_BYTES]>);

/// The public key of a recipient (受取人の公開鍵). As text it carries an id, which shows a mistyped key: what is sealed for that
/// nobody opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecipientKey([u8; KEY_BYTES]);

impl RecipientSecret {
    /// From random bytes.
    pub fn from_random(random: [u8; KEY_BYTES]) -> Self {
        RecipientSecret(Zeroizing::new(random))
    }

    /// The key that others seal for.
    ///
    /// # Errors
    /// When these bytes are no secret of this kind; any 32 bytes are.
    pub fn key(&self) -> Result<RecipientKey, NotARecipient> {
        let public = X25519HkdfSha256::sk_to_pk(&self.secret().ok_or(NotARecipient)?);
        public.to_bytes().as_slice().try_into().map(RecipientKey).map_err(|_| NotARecipient)
    }

    /// Opens what was sealed for this recipient.
    ///
    /// # Errors
    /// When it was sealed for another, at another place, or was changed.
    pub fn open(&self, aad: &Aad<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let (encapsulated, sealed) = sealed.split_at_checked(KEY_BYTES).ok_or(DoesNotOpen)?;
        let encapsulated = Encapsulated::from_bytes(encapsulated).map_err(|_| DoesNotOpen)?;
        let secret = self.secret().ok_or(DoesNotOpen)?;
        let context =
            setup_receiver::<AesGcm256, HkdfSha256, X25519HkdfSha256>(&OpModeR::Base, &secret, &encapsulated, INFO);
        let plain = context.and_then(|mut context| context.open(sealed, &aad.bytes(USE)));
        plain.map(Zeroizing::new).map_err(|_| DoesNotOpen)
    }

    fn secret(&self) -> Option<Secret> {
        Secret::from_bytes(self.0.as_slice()).ok()
    }
}

impl RecipientKey {
    /// Reads the text of a key.
    ///
    /// # Errors
    /// When it is not of the form, or its id is not that of its bytes.
    pub fn parse(text: &str) -> Result<Self, NotARecipient> {
        let (id, encoded) = text.strip_prefix(FORM).and_then(|rest| rest.split_once('-')).ok_or(NotARecipient)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| NotARecipient)?;
        let key = RecipientKey(bytes.try_into().map_err(|_| NotARecipient)?);
        if key.id() == id { Ok(key) } else { Err(NotARecipient) }
    }

    /// Seals bytes for this recipient and one place.
    ///
    /// # Errors
    /// When the bytes are no point that can be sealed for: then no key of this kind has them.
    pub fn seal(
        &self,
        random: &mut dyn FnMut(&mut [u8]),
        aad: &Aad<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>, NotARecipient> {
        let public = Public::from_bytes(&self.0).map_err(|_| NotARecipient)?;
        let context = setup_sender_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &public,
            INFO,
            &mut Given(random),
        );
        let (encapsulated, mut context) = context.map_err(|_| NotARecipient)?;
        let sealed = context.seal(plain, &aad.bytes(USE)).map_err(|_| NotARecipient)?;
        Ok([encapsulated.to_bytes().as_slice(), &sealed].concat())
    }

    fn id(&self) -> String {
        Sha256::digest(self.0).iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// `musubi-recipient-<id>-<base64url>`.
impl fmt::Display for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORM}{}-{}", self.id(), URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl TryFrom<String> for RecipientKey {
    type Error = NotARecipient;

    fn try_from(text: String) -> Result<Self, NotARecipient> {
        RecipientKey::parse(&text)
    }
}

impl From<RecipientKey> for String {
    fn from(key: RecipientKey) -> String {
        key.to_string()
    }
}

/// Randomness as the library asks for it.
struct Given<'a>(&'a mut dyn FnMut(&mut [u8]));

impl TryRng for Given<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        (self.0)(to);
        Ok(())
    }
}

impl TryCryptoRng for Given<'_> {}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use uuid::Uuid;

    const HERE: Aad<'static> = Aad::row("backup", Uuid::from_u128(7));

    fn secret(byte: u8) -> RecipientSecret {
        RecipientSecret::from_random([byte; 32])
    }

    fn counting() -> impl FnMut(&mut [u8]) {
        let mut next = 0;
        move |bytes| {
            next += 1;
            bytes.fill(next);
        }
    }

    #[test]
    fn s55_what_is_sealed_for_a_recipient_opens_for_that_one_at_its_place_alone() {
        let sealed = secret(1).key().unwrap().seal(&mut counting(), &HERE, b"key").unwrap();
        assert_eq!(secret(1).open(&HERE, &sealed).unwrap().as_slice(), b"key");
        assert_eq!(secret(2).open(&HERE, &sealed).unwrap_err(), DoesNotOpen);
        assert!(secret(1).open(&Aad::row("backup", Uuid::from_u128(8)), &sealed).is_err());
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone();
            bytes[at] ^= 1;
            assert!(secret(1).open(&HERE, &bytes).is_err(), "byte {at}");
            assert!(secret(1).open(&HERE, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_mistyped_key_is_refused() {
        let key = secret(1).key().unwrap();
        let text = key.to_string();
        assert_eq!(RecipientKey::parse(&text), Ok(key));
        for at in 0..text.len() {
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            let mistyped = [&text[..at], other, &text[at + 1..]].concat();
            assert_eq!(RecipientKey::parse(&mistyped), Err(NotARecipient), "{mistyped}");
        }
    }

    #[test]
    fn nothing_is_sealed_for_a_key_that_nobody_can_have() {
        assert!(RecipientKey([0; 32]).seal(&mut counting(), &HERE, b"key").is_err());
    }
}

//! Encryption at rest: one data key for each person, rows bound to their place, names found through a keyed index.
//!
//! AES-256-GCM with random nonces (S-50, S-56). What is sealed carries its nonce and, when it concerns several persons,
//! its own key wrapped for each of them (S-53). Randomness is an argument; nothing here draws any.

use crate::id::PersonId;
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

mod recipient;

pub use recipient::{NotARecipient, RecipientKey, RecipientSecret};

/// Random bytes that are used for one encryption and never again.
pub type Nonce = [u8; 12];

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const HOLDER_BYTES: usize = 16 + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/// Sealed under the data key of one person, or of the hub itself.
const FORM_ONE: u8 = 1;
/// Sealed under a key of its own, which is wrapped for each holder in the header.
const FORM_SHARED: u8 = 2;

/// It does not open: another key, another place, another version, or bytes that were changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed bytes do not open with this key at this place (S-50)")]
pub struct DoesNotOpen;

/// The place that sealed bytes are bound to: they open nowhere else (S-50).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aad<'a> {
    /// The table.
    pub table: &'a str,
    /// The row's id.
    pub row: Uuid,
    /// The row's version; 0 for rows that never change.
    pub version: u64,
}

impl<'a> Aad<'a> {
    /// The place of a row that never changes.
    pub const fn row(table: &'a str, row: Uuid) -> Self {
        Aad { table, row, version: 0 }
    }

    /// The place of one version of a row.
    pub const fn version(table: &'a str, row: Uuid, version: u64) -> Self {
        Aad { table, row, version }
    }

    fn bytes(&self, use_of_key: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(use_of_key.len() + self.table.len() + 26);
        bytes.extend_from_slice(use_of_key.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(self.table.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(self.row.as_bytes());
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes
    }
}

/// The key under which everything about one person is sealed. Destroying it makes all of that unreadable (S-52).
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; KEY_BYTES]>);

impl DataKey {
    /// From random bytes.
    pub fn from_random(random: [u8; KEY_BYTES]) -> Self {
        DataKey(Zeroizing::new(random))
    }

    /// Seals bytes for one place.
    pub fn seal(&self, nonce: Nonce, aad: &Aad<'_>, plain: &[u8]) -> Sealed {
        let mut bytes = Vec::with_capacity(1 + NONCE_BYTES + plain.len() + TAG_BYTES);
        bytes.push(FORM_ONE);
        bytes.extend(encrypt(&self.0, nonce, &aad.bytes("row"), plain));
        Sealed(bytes)
    }

    /// Opens bytes that were sealed under this key alone.
    ///
    /// # Errors
    /// When key, place, version or bytes differ from those of sealing.
    pub fn open(&self, aad: &Aad<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        match sealed.0.split_first() {
            Some((&FORM_ONE, rest)) => decrypt(&self.0, &aad.bytes("row"), rest),
            _ => Err(DoesNotOpen),
        }
    }

    /// Opens what was sealed for this person, alone or together with others.
    ///
    /// # Errors
    /// As [`DataKey::open`], and when the person is not among the holders.
    pub fn open_for(
        &self,
        person: PersonId,
        aad: &Aad<'_>,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let Some((holders, body)) = sealed.shared() else { return self.open(aad, sealed) };
        let held = holders
            .chunks_exact(HOLDER_BYTES)
            .filter_map(|holder| holder.split_at_checked(16))
            .find(|(id, _)| *id == person.0.as_bytes());
        let (_, wrapped) = held.ok_or(DoesNotOpen)?;
        let item = key_of(decrypt(&self.0, &holder_aad(person, aad), wrapped)?)?;
        decrypt(&item.0, &aad.bytes("row"), body)
    }
}

/// A key for one row that concerns several persons (S-53). Made fresh for each row.
pub struct ItemKey(DataKey);

/// One of the persons whom a row concerns.
pub struct Holder<'a> {
    /// The person.
    pub person: PersonId,
    /// The person's data key.
    pub key: &'a DataKey,
    /// For wrapping the row's key under it.
    pub nonce: Nonce,
}

impl ItemKey {
    /// From random bytes.
    pub fn from_random(random: [u8; KEY_BYTES]) -> Self {
        ItemKey(DataKey::from_random(random))
    }

    /// Seals once, so that each holder's key opens it alone. At most 255 holders are taken.
    pub fn seal(&self, holders: &[Holder<'_>], nonce: Nonce, aad: &Aad<'_>, plain: &[u8]) -> Sealed {
        let count = u8::try_from(holders.len()).unwrap_or(u8::MAX);
        let mut bytes = vec![FORM_SHARED, count];
        for holder in holders.iter().take(usize::from(count)) {
            bytes.extend_from_slice(holder.person.0.as_bytes());
            bytes.extend(encrypt(&holder.key.0, holder.nonce, &holder_aad(holder.person, aad), self.0.0.as_slice()));
        }
        bytes.extend(encrypt(&self.0.0, nonce, &aad.bytes("row"), plain));
        Sealed(bytes)
    }
}

/// Encrypted bytes as they are stored.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// From stored bytes.
    pub const fn from_stored(bytes: Vec<u8>) -> Self {
        Sealed(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The persons who hold a key, when there are several; empty when one key seals it.
    pub fn holders(&self) -> Vec<PersonId> {
        let Some((holders, _)) = self.shared() else { return Vec::new() };
        holders
            .chunks_exact(HOLDER_BYTES)
            .filter_map(|holder| holder.first_chunk::<16>())
            .map(|id| PersonId(Uuid::from_bytes(*id)))
            .collect()
    }

    fn shared(&self) -> Option<(&[u8], &[u8])> {
        match self.0.as_slice() {
            [FORM_SHARED, count, rest @ ..] => rest.split_at_checked(usize::from(*count) * HOLDER_BYTES),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// The key that wraps data keys; it lives in a 0600 file outside the database (S-50).
#[derive(Clone)]
pub struct KeyEncryptionKey(Zeroizing<[u8; KEY_BYTES]>);

/// A data key under the key-encryption key, bound to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey(Vec<u8>);

impl KeyEncryptionKey {
    /// From the bytes of the key file.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        KeyEncryptionKey(Zeroizing::new(bytes))
    }

    /// Wraps a data key for its owner (a person's id, or the nil id for the hub's own).
    pub fn wrap(&self, nonce: Nonce, owner: Uuid, key: &DataKey) -> WrappedKey {
        WrappedKey(encrypt(&self.0, nonce, &Aad::row("data key", owner).bytes("wrap"), key.0.as_slice()))
    }

    /// Takes a data key out again.
    ///
    /// # Errors
    /// When it was wrapped under another key or for another owner, or was changed.
    pub fn unwrap(&self, owner: Uuid, wrapped: &WrappedKey) -> Result<DataKey, DoesNotOpen> {
        key_of(decrypt(&self.0, &Aad::row("data key", owner).bytes("wrap"), &wrapped.0)?)
    }
}

impl WrappedKey {
    /// From stored bytes.
    pub const fn from_stored(bytes: Vec<u8>) -> Self {
        WrappedKey(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A value that can be looked up and not read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blind(pub [u8; 32]);

/// The key of the blind indexes (S-51).
#[derive(Clone)]
pub struct BlindKey(Zeroizing<[u8; KEY_BYTES]>);

impl BlindKey {
    /// From the bytes of the key file.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        BlindKey(Zeroizing::new(bytes))
    }

    /// HMAC-SHA-256 of a field's name and its normalised value. Two fields with one value share nothing.
    pub fn blind(&self, field: &str, normalised: &str) -> Blind {
        let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(self.0.as_slice()) else {
            unreachable!("HMAC takes a key of any length")
        };
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field.as_bytes());
        mac.update(normalised.as_bytes());
        Blind(mac.finalize().into_bytes().into())
    }
}

fn holder_aad(person: PersonId, aad: &Aad<'_>) -> Vec<u8> {
    let mut bytes = aad.bytes("item key");
    bytes.extend_from_slice(person.0.as_bytes());
    bytes
}

fn key_of(plain: Zeroizing<Vec<u8>>) -> Result<DataKey, DoesNotOpen> {
    let bytes: [u8; KEY_BYTES] = plain.as_slice().try_into().map_err(|_| DoesNotOpen)?;
    Ok(DataKey::from_random(bytes))
}

/// Nonce, ciphertext, tag.
fn encrypt(key: &[u8; KEY_BYTES], nonce: Nonce, aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let cipher = Aes256Gcm::new(key.into());
    let Ok(sealed) = cipher.encrypt(&nonce.into(), Payload { msg: plain, aad }) else {
        unreachable!("AES-GCM seals anything below 64 GiB, and every channel has a far lower limit (S-70)")
    };
    let mut bytes = nonce.to_vec();
    bytes.extend(sealed);
    bytes
}

fn decrypt(key: &[u8; KEY_BYTES], aad: &[u8], bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(DoesNotOpen)?;
    let plain = Aes256Gcm::new(key.into()).decrypt(nonce.into(), Payload { msg: sealed, aad });
    plain.map(Zeroizing::new).map_err(|_| DoesNotOpen)
}

/// Seals a row for everyone whom it concerns: for one person under that person's key, for several under a key of the
/// row's own that each of theirs opens (S-53), for nobody under the hub's key.
pub fn seal_for(
    holders: &[(PersonId, &DataKey)],
    hub: &DataKey,
    random: &mut dyn FnMut(&mut [u8]),
    aad: &Aad<'_>,
    plain: &[u8],
) -> Sealed {
    if let [(_, key)] = holders {
        return key.seal(nonce(random), aad, plain);
    }
    seal_naming(holders, hub, random, aad, plain)
}

/// The same, in a form that names whom it is sealed for also where that is one person ([`Sealed::holders`]): for a row that concerns
/// nobody and yet is to go with the keys of some.
pub fn seal_naming(
    holders: &[(PersonId, &DataKey)],
    hub: &DataKey,
    random: &mut dyn FnMut(&mut [u8]),
    aad: &Aad<'_>,
    plain: &[u8],
) -> Sealed {
    if holders.is_empty() {
        return hub.seal(nonce(random), aad, plain);
    }
    let holders: Vec<Holder<'_>> =
        holders.iter().map(|(person, key)| Holder { person: *person, key, nonce: nonce(random) }).collect();
    let body = nonce(random);
    let mut item = [0; KEY_BYTES];
    random(&mut item);
    ItemKey::from_random(item).seal(&holders, body, aad, plain)
}

fn nonce(random: &mut dyn FnMut(&mut [u8])) -> Nonce {
    let mut nonce = [0; NONCE_BYTES];
    random(&mut nonce);
    nonce
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    const MOTHER: PersonId = PersonId(Uuid::from_u128(1));
    const CHILD: PersonId = PersonId(Uuid::from_u128(2));

    fn key(byte: u8) -> DataKey {
        DataKey::from_random([byte; 32])
    }

    #[test]
    fn s50_what_is_sealed_opens_at_its_own_place_alone() {
        let here = Aad::version("entry", Uuid::from_u128(7), 3);
        let sealed = key(1).seal([9; 12], &here, b"body");
        assert_eq!(key(1).open(&here, &sealed).unwrap().as_slice(), b"body");
        for elsewhere in [
            Aad { row: Uuid::from_u128(8), ..here },
            Aad { table: "fact", ..here },
            Aad { version: 2, ..here },
            Aad { version: 4, ..here },
        ] {
            assert_eq!(key(1).open(&elsewhere, &sealed).unwrap_err(), DoesNotOpen);
        }
        assert!(key(2).open(&here, &sealed).is_err());
    }

    #[test]
    fn s50_two_ciphertexts_that_change_places_do_not_open() {
        let places = [Aad::row("entry", Uuid::from_u128(1)), Aad::row("entry", Uuid::from_u128(2))];
        let sealed = places.map(|place| key(1).seal([3; 12], &place, b"text"));
        assert!(key(1).open(&places[0], &sealed[1]).is_err());
        assert!(key(1).open(&places[1], &sealed[0]).is_err());
    }

    #[test]
    fn s50_an_older_version_that_is_put_back_does_not_open() {
        let row = Uuid::from_u128(5);
        let older = key(1).seal([1; 12], &Aad::version("referral", row, 1), b"open");
        assert!(key(1).open(&Aad::version("referral", row, 2), &older).is_err());
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_noticed() {
        let here = Aad::row("entry", Uuid::from_u128(7));
        let holders = [
            Holder { person: MOTHER, key: &key(1), nonce: [1; 12] },
            Holder { person: CHILD, key: &key(2), nonce: [2; 12] },
        ];
        for sealed in [
            key(1).seal([9; 12], &here, b"body"),
            ItemKey::from_random([5; 32]).seal(&holders[..1], [3; 12], &here, b"body"),
        ] {
            for at in 0..sealed.0.len() * 8 {
                let mut bytes = sealed.0.clone();
                bytes[at / 8] ^= 1 << (at % 8);
                assert!(key(1).open_for(MOTHER, &here, &Sealed(bytes)).is_err(), "bit {at}");
            }
            for end in 0..sealed.0.len() {
                assert!(key(1).open_for(MOTHER, &here, &Sealed(sealed.0[..end].to_vec())).is_err());
            }
        }
    }

    #[test]
    fn s53_a_row_of_two_persons_opens_for_each_and_for_nobody_else() {
        let here = Aad::row("entry", Uuid::from_u128(7));
        let holders = [
            Holder { person: MOTHER, key: &key(1), nonce: [1; 12] },
            Holder { person: CHILD, key: &key(2), nonce: [2; 12] },
        ];
        let sealed = ItemKey::from_random([5; 32]).seal(&holders, [3; 12], &here, b"link");
        assert_eq!(sealed.holders(), [MOTHER, CHILD]);
        assert_eq!(key(1).open_for(MOTHER, &here, &sealed).unwrap().as_slice(), b"link");
        assert_eq!(key(2).open_for(CHILD, &here, &sealed).unwrap().as_slice(), b"link");
        assert!(key(1).open_for(CHILD, &here, &sealed).is_err());
        assert!(key(3).open_for(PersonId(Uuid::from_u128(3)), &here, &sealed).is_err());
        assert!(key(1).open(&here, &sealed).is_err());
    }

    #[test]
    fn s53_a_row_that_names_its_holders_names_also_the_only_one_and_opens_for_nobody_else() {
        let (here, own, hub) = (Aad::row("fact", Uuid::from_u128(7)), key(1), key(9));
        let mut random = |bytes: &mut [u8]| bytes.fill(4);
        let sealed = seal_naming(&[(MOTHER, &own)], &hub, &mut random, &here, b"question");
        assert_eq!(sealed.holders(), [MOTHER]);
        assert_eq!(own.open_for(MOTHER, &here, &sealed).unwrap().as_slice(), b"question");
        assert!(hub.open(&here, &sealed).is_err());
        let nobodys = seal_naming(&[], &hub, &mut random, &here, b"question");
        assert!(nobodys.holders().is_empty() && hub.open(&here, &nobodys).is_ok());
    }

    #[test]
    fn s50_a_wrapped_key_belongs_to_its_owner() {
        let kek = KeyEncryptionKey::from_bytes([7; 32]);
        let wrapped = kek.wrap([1; 12], MOTHER.0, &key(1));
        assert_eq!(kek.unwrap(MOTHER.0, &wrapped).unwrap().0.as_slice(), [1; 32]);
        assert!(kek.unwrap(CHILD.0, &wrapped).is_err());
        assert!(KeyEncryptionKey::from_bytes([8; 32]).unwrap(MOTHER.0, &wrapped).is_err());
    }

    #[test]
    fn s51_a_blind_value_depends_on_key_field_and_value() {
        let blind = BlindKey::from_bytes([1; 32]);
        let name = blind.blind("kana", "ヤマダ ハナコ");
        assert_eq!(name, blind.blind("kana", "ヤマダ ハナコ"));
        assert_ne!(name, blind.blind("kan", "aヤマダ ハナコ"));
        assert_ne!(name, BlindKey::from_bytes([2; 32]).blind("kana", "ヤマダ ハナコ"));
    }
}

//! Where the next page of an answer begins, sealed for the agency that asked: what was asked stands in no address and in no
//! log, and nobody else can go on reading. And the tag by which an agency knows an answer again.

use super::Hub;
use super::caller::Caller;
use crate::entropy;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use musubi_core::agency::AgencyId;
use musubi_core::sealing::{Aad, Blind, Sealed};
use musubi_core::time::Time;
use uuid::Uuid;

/// So long a page can be asked for: for a program that reads on, not for a link that is kept.
const PAGE_MINUTES: i64 = 15;
/// Longest seal, in bytes.
const SEAL_BYTES_MAX: usize = 8 * 1024;
/// Length of a tag before it is written, in bytes.
const TAG_BYTES: usize = 16;

impl Hub {
    /// Seals the beginning of a page for the caller's agency.
    pub fn seal_page(&self, caller: &Caller, cursor: &[u8]) -> String {
        let until = self.now().plus_minutes(PAGE_MINUTES).micros().to_be_bytes();
        self.seal_for(&place(caller.id()), &[until.as_slice(), cursor].concat())
    }

    /// Opens what was sealed for this agency. `None` when it was sealed for another, is over, or is no seal at all.
    pub fn open_page(&self, agency: &AgencyId, seal: &str) -> Option<Vec<u8>> {
        let plain = self.open_sealed(&place(agency), seal)?;
        let (until, cursor) = plain.split_first_chunk::<8>()?;
        (self.now() < Time::from_micros(i64::from_be_bytes(*until))).then(|| cursor.to_vec())
    }

    /// Seals something for a place, which says what it is and for whom.
    pub(super) fn seal_for(&self, place: &str, plain: &[u8]) -> String {
        let sealed = self.keyring.hub.seal(entropy::bytes(), &Aad::row(place, Uuid::nil()), plain);
        URL_SAFE_NO_PAD.encode(sealed.as_bytes())
    }

    /// Opens what was sealed for this place. `None` when it was sealed for another, or is no seal at all.
    pub(super) fn open_sealed(&self, place: &str, seal: &str) -> Option<Vec<u8>> {
        let bytes = Some(seal).filter(|seal| seal.len() <= SEAL_BYTES_MAX)?;
        let sealed = Sealed::from_stored(URL_SAFE_NO_PAD.decode(bytes).ok()?);
        Some(self.keyring.hub.open(&Aad::row(place, Uuid::nil()), &sealed).ok()?.to_vec())
    }

    /// The tag of an answer that says this to the caller's agency: the same for the same words, and under a key of the hub, so
    /// that it tells them to nobody and no other agency can compare.
    pub fn tag(&self, caller: &Caller, view: &str) -> String {
        let Blind(hash) = self.keyring.blind.blind("answer", &format!("{}\u{1f}{view}", caller.id()));
        URL_SAFE_NO_PAD.encode(hash.first_chunk::<TAG_BYTES>().unwrap_or(&[0; TAG_BYTES]))
    }
}

fn place(agency: &AgencyId) -> String {
    format!("page of {agency}")
}

//! Somebody's authenticator, as a telephone has one: written from RFC 4226 and RFC 6238 beside the hub's own, not with it.

use hmac::{Hmac, KeyInit, Mac};
use musubi_core::time::Time;
use sha1::Sha1;

pub(crate) struct Authenticator(Vec<u8>);

impl Authenticator {
    /// Takes the secret as a page shows it.
    pub(crate) fn of(shown: &str) -> Self {
        let mut bits = String::new();
        for letter in shown.bytes().filter(|letter| *letter != b' ') {
            let value = if letter.is_ascii_uppercase() { letter - b'A' } else { letter - b'2' + 26 };
            bits.push_str(&format!("{value:05b}"));
        }
        let bytes = bits.as_bytes().chunks_exact(8).map(|eight| std::str::from_utf8(eight).unwrap());
        Authenticator(bytes.map(|eight| u8::from_str_radix(eight, 2).unwrap()).collect())
    }

    /// What it shows at a moment.
    pub(crate) fn shown_at(&self, now: Time) -> String {
        let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&self.0).unwrap();
        mac.update(&(now.micros() / 30_000_000).to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let at = usize::from(hash[19] & 15);
        let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

//! The hash of bytes as people and files write it.

use sha2::{Digest, Sha256};

/// SHA-256 in 64 small hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

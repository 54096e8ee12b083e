//! The Merkle tree of RFC 6962: appending, roots, and proofs with their verification.

use super::sha256;

/// A node of the tree.
pub type Hash = [u8; 32];

/// The hash of one entry of the log, prefix included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafHash(pub Hash);

/// A proof that does not show what it is said to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not hold (S-34)")]
pub struct ProofFails;

fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// The right edge of a tree: all that is needed to append to it and to know its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees, largest first: one for each bit of `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// How many leaves there are; the index of the next.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: LeafHash) {
        let mut carried = leaf.0;
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            carried = node(&left, &carried);
        }
        self.peaks.push(carried);
        self.size += 1;
    }

    /// The root of the tree; that of an empty tree is SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return sha256(&[]) };
        peaks.fold(*last, |right, left| node(left, &right))
    }

    /// The peaks one after another, to be stored beside the size.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.peaks.concat()
    }

    /// Reads what [`Frontier::to_bytes`] wrote. `None` when it does not fit the size.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (peaks, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && peaks.len() == size.count_ones() as usize;
        fits.then(|| Frontier { size, peaks: peaks.to_vec() })
    }
}

/// The root over these leaves.
pub fn root(leaves: &[LeafHash]) -> Hash {
    let mut frontier = Frontier::default();
    leaves.iter().for_each(|leaf| frontier.push(*leaf));
    frontier.root()
}

/// The largest power of two below `size`; `size` is at least 2.
const fn split_of(size: usize) -> usize {
    1 << (usize::BITS - 1 - (size - 1).leading_zeros())
}

/// Audit path of one leaf (RFC 6962 section 2.1.1). `None` when there is no such leaf.
pub fn inclusion_proof(leaves: &[LeafHash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut here, mut at, mut path) = (leaves, index, Vec::new());
    while here.len() > 1 {
        let (left, right) = here.split_at(split_of(here.len()));
        if at < left.len() {
            path.push(root(right));
            here = left;
        } else {
            path.push(root(left));
            at -= left.len();
            here = right;
        }
    }
    path.reverse();
    Some(path)
}

/// Proof that the tree of the first `size` leaves is the beginning of this one (RFC 6962 section 2.1.2).
///
/// `None` when `size` is 0 or larger than the tree.
pub fn consistency_proof(leaves: &[LeafHash], size: usize) -> Option<Vec<Hash>> {
    if size == 0 || size > leaves.len() {
        return None;
    }
    let (mut here, mut size, mut known, mut path) = (leaves, size, true, Vec::new());
    while size < here.len() {
        let (left, right) = here.split_at(split_of(here.len()));
        if size <= left.len() {
            path.push(root(right));
            here = left;
        } else {
            path.push(root(left));
            size -= left.len();
            here = right;
            known = false;
        }
    }
    if !known {
        path.push(root(here));
    }
    path.reverse();
    Some(path)
}

/// Checks that a leaf stands at an index of the tree with this size and root (RFC 9162 section 2.1.3.2).
///
/// # Errors
/// When it does not.
pub fn verify_inclusion(
    leaf: LeafHash,
    index: u64,
    size: u64,
    proof: &[Hash],
    expected: &Hash,
) -> Result<(), ProofFails> {
    if index >= size {
        return Err(ProofFails);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf.0);
    for sibling in proof {
        if last == 0 {
            return Err(ProofFails);
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last == 0 && hash == *expected { Ok(()) } else { Err(ProofFails) }
}

/// Checks that the tree of `first` leaves is the beginning of the tree of `second` leaves (RFC 9162 section 2.1.4.2).
///
/// # Errors
/// When it is not, or when `first` is 0: nothing can be proved about an empty tree.
pub fn verify_consistency(
    (first, first_root): (u64, &Hash),
    (second, second_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofFails> {
    if first == 0 || first > second {
        return Err(ProofFails);
    }
    if first == second {
        return if proof.is_empty() && first_root == second_root { Ok(()) } else { Err(ProofFails) };
    }
    let (start, rest) = match proof.split_first() {
        _ if first.is_power_of_two() => (first_root, proof),
        Some((start, rest)) => (start, rest),
        None => return Err(ProofFails),
    };
    let (mut at, mut last) = (first - 1, second - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut old, mut new) = (*start, *start);
    for sibling in rest {
        if last == 0 {
            return Err(ProofFails);
        }
        if at & 1 == 1 || at == last {
            old = node(sibling, &old);
            new = node(sibling, &new);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new = node(&new, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last == 0 && old == *first_root && new == *second_root { Ok(()) } else { Err(ProofFails) }
}

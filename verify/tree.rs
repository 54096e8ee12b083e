//! The Merkle tree of RFC 6962: appending, roots, and proofs with their verification.

use super::sha256;

/// A node of the tree.
pub type Hash = [u8; 32];

/// The hash of one entry of the log, prefix included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafHash(pub Hash);

impl LeafHash {
    /// The leaf of an entry with its salt before it: SHA-256(0x00 ‖ SHA-256(salt ‖ entry)) (S-31).
    pub fn of(salted: &[u8]) -> Self {
        LeafHash(sha256(&[&[0], &sha256(&[salted])]))
    }
}

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

/// The hash of what is stored of a line, for [`chain`].
pub fn stored_hash(parts: &[&[u8]]) -> Hash {
    sha256(parts)
}

/// The next value of the hash chain beside the tree (S-32): SHA-256(before ‖ leaf ‖ SHA-256(what is stored of it)).
///
/// It names the first row that was changed; the tree shows to others that none was.
pub fn chain(before: &Hash, leaf: LeafHash, stored: &Hash) -> Hash {
    sha256(&[before, &leaf.0, stored])
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

/// As [`consistency_proof`], from the right edge of the earlier tree and the leaves after it: what was there before need not be
/// read again. `None` when there was nothing before.
pub fn consistency_proof_from(before: &Frontier, later: &[LeafHash]) -> Option<Vec<Hash>> {
    let mut path = Vec::new();
    let (size, mut peaks) = (usize::try_from(before.size).ok().filter(|size| *size > 0)?, before.peaks.iter());
    // The range of the tree that is looked at, as long as it holds more than earlier leaves.
    let (mut start, mut end) = (0, size + later.len());
    while size < end {
        let middle = start + split_of(end - start);
        if size <= middle {
            path.push(root(later.get(middle - size..end - size)?));
            end = middle;
        } else {
            path.push(*peaks.next()?);
            start = middle;
        }
    }
    if start > 0 {
        path.push(*peaks.next()?);
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn hex(hash: &Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn leaf(data: &[u8]) -> LeafHash {
        LeafHash(sha256(&[&[0], data]))
    }

    fn leaves(count: usize) -> Vec<LeafHash> {
        (0..count).map(|index| leaf(&index.to_be_bytes())).collect()
    }

    /// The entries and roots with which implementations of RFC 6962 are commonly tested.
    const ROOTS: [(&[u8], &str); 8] = [
        (b"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (b"\x00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (b"\x10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (b"\x20\x21", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        (b"\x30\x31", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        (b"\x40\x41\x42\x43", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        (b"\x50\x51\x52\x53\x54\x55\x56\x57", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ),
    ];

    #[test]
    fn s34_roots_are_those_of_rfc_6962() {
        let mut frontier = Frontier::default();
        assert_eq!(hex(&frontier.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (data, root) in ROOTS {
            frontier.push(leaf(data));
            assert_eq!(hex(&frontier.root()), root);
        }
    }

    /// The example of FIPS 180-2, "abc", in two parts.
    #[test]
    fn s32_what_is_stored_is_hashed_as_one_text() {
        let hash = hex(&stored_hash(&[b"a", b"bc"]));
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_ne!(chain(&[0; 32], leaf(b""), &[1; 32]), chain(&[0; 32], leaf(b""), &[2; 32]));
    }

    #[test]
    fn a_frontier_is_read_as_it_was_stored() {
        let mut frontier = Frontier::default();
        for leaf in leaves(70) {
            frontier.push(leaf);
            let bytes = frontier.to_bytes();
            assert_eq!(Frontier::from_bytes(frontier.size(), &bytes), Some(frontier.clone()));
            assert_eq!(Frontier::from_bytes(frontier.size() ^ 1 << 9, &bytes), None);
        }
    }

    /// One bit of each part of a proof: another one for each pair, so that over all sizes every position has its turn. In
    /// small trees every bit.
    fn bits(proof: &[Hash], size: usize, turn: usize) -> Vec<(usize, usize)> {
        let all = 0..256;
        let one = |part: usize| (turn * 7 + part * 31) % 256;
        let of = |part: usize| if size <= 9 { all.clone() } else { one(part)..one(part) + 1 };
        (0..proof.len()).flat_map(|part| of(part).map(move |bit| (part, bit))).collect()
    }

    fn flipped(hash: &Hash, bit: usize) -> Hash {
        let mut hash = *hash;
        hash[bit / 8] ^= 1 << (bit % 8);
        hash
    }

    #[test]
    fn s34_every_inclusion_proof_holds_and_no_changed_one_does() {
        let all = leaves(257);
        for size in 1..=257_usize {
            let leaves = &all[..size];
            let root = root(leaves);
            for index in 0..size {
                let proof = inclusion_proof(leaves, index).unwrap();
                let (leaf, at, of) = (leaves[index], index as u64, size as u64);
                assert_eq!(verify_inclusion(leaf, at, of, &proof, &root), Ok(()), "{index} of {size}");
                let fails = |leaf, at, of, proof: &[Hash], root: &Hash| {
                    assert!(verify_inclusion(leaf, at, of, proof, root).is_err(), "{index} of {size}");
                };
                let bit = (size + index) % 256;
                fails(LeafHash(flipped(&leaf.0, bit)), at, of, &proof, &root);
                fails(leaf, at, of, &proof, &flipped(&root, bit));
                fails(leaf, at + 1, of, &proof, &root);
                fails(leaf, at, at, &proof, &root);
                fails(leaf, at, 2 * of, &proof, &root);
                fails(leaf, at, of, &[&proof[..], &[[0; 32]]].concat(), &root);
                for (part, bit) in bits(&proof, size, index) {
                    let mut changed = proof.clone();
                    changed[part] = flipped(&changed[part], bit);
                    fails(leaf, at, of, &changed, &root);
                }
                for cut in 0..proof.len() {
                    fails(leaf, at, of, &proof[..cut], &root);
                }
            }
            assert_eq!(inclusion_proof(leaves, size), None);
        }
    }

    #[test]
    fn s34_every_consistency_proof_holds_and_no_changed_one_does() {
        let all = leaves(257);
        let roots: Vec<Hash> = (0..=257).map(|size| root(&all[..size])).collect();
        for size in 1..=257_usize {
            let new = (size as u64, &roots[size]);
            for (first, root) in roots.iter().enumerate().take(size + 1).skip(1) {
                let old = (first as u64, root);
                let proof = consistency_proof(&all[..size], first).unwrap();
                let mut edge = Frontier::default();
                all[..first].iter().for_each(|leaf| edge.push(*leaf));
                assert_eq!(
                    consistency_proof_from(&edge, &all[first..size]).as_ref(),
                    Some(&proof),
                    "{first} to {size}"
                );
                assert_eq!(verify_consistency(old, new, &proof), Ok(()), "{first} to {size}");
                let fails = |old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]| {
                    assert!(verify_consistency(old, new, proof).is_err(), "{first} to {size}");
                };
                let bit = (size + first) % 256;
                fails((old.0, &flipped(old.1, bit)), new, &proof);
                fails(old, (new.0, &flipped(new.1, bit)), &proof);
                fails((0, old.1), new, &proof);
                fails((new.0 + 1, old.1), new, &proof);
                fails(old, new, &[&proof[..], &[[0; 32]]].concat());
                for (part, bit) in bits(&proof, size, first) {
                    let mut changed = proof.clone();
                    changed[part] = flipped(&changed[part], bit);
                    fails(old, new, &changed);
                }
                for cut in 0..proof.len() {
                    fails(old, new, &proof[..cut]);
                }
            }
        }
    }

    /// A path does not say how large the tree is: that of leaf 0 in a tree of 3 leads to the same root in one of 4. The size
    /// is bound by the checkpoint that signs it together with the root.
    #[test]
    fn s34_a_path_alone_does_not_bind_the_size() {
        let leaves = leaves(3);
        let proof = inclusion_proof(&leaves, 0).unwrap();
        assert_eq!(verify_inclusion(leaves[0], 0, 4, &proof, &root(&leaves)), Ok(()));
    }

    #[test]
    fn s34_nothing_is_proved_about_an_empty_tree() {
        let (empty, one) = (root(&[]), root(&leaves(1)));
        assert_eq!(consistency_proof(&leaves(1), 0), None);
        assert_eq!(consistency_proof_from(&Frontier::default(), &leaves(1)), None);
        assert_eq!(verify_consistency((0, &empty), (1, &one), &[]), Err(ProofFails));
        assert_eq!(verify_consistency((2, &one), (1, &one), &[]), Err(ProofFails));
        assert_eq!(verify_inclusion(leaf(b""), 0, 0, &[], &empty), Err(ProofFails));
    }
}

//! A log of a million lines: how long its root, a proof, the check of a proof and the walk along it take. On one core, in memory.

use musubi_verify::{
    CHAIN_START, Claim, Hash, LeafHash, Line, Walk, chain, consistency_proof, inclusion_proof, root,
    verify_consistency, verify_inclusion,
};
use std::hint::black_box;
use std::time::Instant;

const LEAVES: u64 = 1_000_000;
/// Rounds of each figure: the median of these is printed.
const ROUNDS: usize = 5;

/// Milliseconds of one operation, the median of some.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the time that passes")]
fn milliseconds<T>(operation: impl Fn(usize) -> T) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let began = Instant::now();
            black_box(operation(round));
            began.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(ROUNDS / 2).copied().unwrap_or(f64::NAN)
}

fn figure(name: &str, milliseconds: f64, against: &str) {
    println!("figure {name} {milliseconds:.3} ms (against {against})");
}

/// A log of that many lines.
fn lines() -> Vec<Line> {
    let mut before: Hash = CHAIN_START;
    let made = (0..LEAVES).map(|index| {
        let leaf = LeafHash::of(&index.to_be_bytes());
        before = chain(&before, leaf, &leaf.0);
        Line { index, leaf, stored: leaf.0, chain: before }
    });
    made.collect()
}

fn main() {
    let lines = lines();
    let leaves: Vec<LeafHash> = lines.iter().map(|line| line.leaf).collect();
    let whole = root(&leaves);
    // Places all over the log.
    let place = |round: usize| (round * 2 + 1) * leaves.len() / (2 * ROUNDS);
    figure("root_1000000", milliseconds(|_| root(&leaves)), "the tree of all leaves anew");
    figure("prove_inclusion_1000000", milliseconds(|round| inclusion_proof(&leaves, place(round))), "from the leaves");
    figure("prove_growth_1000000", milliseconds(|round| consistency_proof(&leaves, place(round))), "from the leaves");
    let proofs: Vec<_> = (0..ROUNDS)
        .map(|round| {
            let (at, earlier) = (place(round), leaves.split_at(place(round)).0);
            let inclusion = inclusion_proof(&leaves, at).unwrap_or_default();
            (at, inclusion, root(earlier), consistency_proof(&leaves, at).unwrap_or_default())
        })
        .collect();
    let checked = milliseconds(|round| {
        let (at, inclusion, _, _) = &proofs[round];
        assert!(verify_inclusion(leaves[*at], *at as u64, LEAVES, inclusion, &whole).is_ok());
    });
    figure("check_inclusion_1000000", checked, "what an agency does with a receipt");
    let checked = milliseconds(|round| {
        let (size, _, earlier, growth) = &proofs[round];
        assert!(verify_consistency((*size as u64, earlier), (LEAVES, &whole), growth).is_ok());
    });
    figure("check_growth_1000000", checked, "what a witness does with a checkpoint");
    let walked = milliseconds(|_| {
        let claim = Claim::beside(LEAVES, whole, String::new());
        let mut walk = Walk::new("musubi/482072".to_owned(), None, vec![claim]);
        assert!(lines.iter().all(|line| walk.step(line).is_ok()) && walk.end().is_ok());
    });
    figure("walk_1000000", walked, "chain and tree of every line, as each night");
}

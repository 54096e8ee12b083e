//! What a witness signs, and that nothing else moves it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::super::checkpoint::LogKey;
use super::super::tree::{LeafHash, root};
use super::*;

const ORIGIN: &str = "musubi.example/482072";
const SECONDS: u64 = 1_796_000_000;

fn log() -> LogKey {
    LogKey::from_bytes("musubi.example", &[7; 32])
}

fn witness() -> WitnessKey {
    WitnessKey::from_bytes("witness.example/w1", &[9; 32]).unwrap()
}

fn leaves(size: u8) -> Vec<LeafHash> {
    (0..size).map(|index| LeafHash::of(&[index])).collect()
}

fn head(leaves: &[LeafHash]) -> Head {
    Head { size: leaves.len() as u64, root: root(leaves) }
}

fn note(origin: &str, head: Head) -> SignedNote {
    Checkpoint { origin: origin.to_owned(), size: head.size, root: head.root, extensions: Vec::new() }.sign(&log())
}

/// The question about these leaves from an old size; from nothing where it is 0.
fn offered(leaves: &[LeafHash], old: u64) -> Growth {
    let later = note(ORIGIN, head(leaves));
    if old == 0 { Growth::first(later) } else { Growth::new(leaves, old, later).unwrap() }
}

fn after(size: u8) -> Heads {
    match size {
        0 => Heads::new(),
        _ => Heads::from([(ORIGIN.to_owned(), head(&leaves(size)))]),
    }
}

fn asked(heads: &Heads, offered: &Growth) -> Result<(SignedNote, Heads), NotCosigned> {
    cosign(heads, offered, &[log().verifier()], &witness(), SECONDS)
}

#[test]
fn s35_a_witness_cosigns_a_log_that_only_grew_and_remembers_its_head() {
    for old in 0..20 {
        for size in old.max(1)..20 {
            let question = offered(&leaves(size), old.into());
            let (cosigned, heads) = asked(&after(old), &question).unwrap();
            assert_eq!(heads, after(size), "{old} to {size}");
            assert_eq!(cosigned.text, question.note().text);
            cosigned.verify(&log().verifier()).unwrap();
            assert_eq!(witness().verifier().check(&cosigned).unwrap().1, SECONDS);
        }
    }
}

#[test]
fn s35_the_state_of_a_witness_never_goes_back() {
    for last in 1..20 {
        for size in 1..last {
            for old in 0..=size {
                let refused = asked(&after(last), &offered(&leaves(size), old.into()));
                assert!(matches!(refused, Err(NotCosigned::Rollback(..))), "{last}, {size} from {old}: {refused:?}");
            }
        }
    }
}

#[test]
fn s35_a_proof_that_begins_elsewhere_is_told_where_to_begin() {
    let refused = asked(&after(7), &offered(&leaves(12), 5)).unwrap_err();
    assert_eq!(refused, NotCosigned::Elsewhere { origin: ORIGIN.to_owned(), last: 7, old: 5 });
    let refused = asked(&Heads::new(), &offered(&leaves(12), 5)).unwrap_err();
    assert_eq!(refused, NotCosigned::Elsewhere { origin: ORIGIN.to_owned(), last: 0, old: 5 });
    assert!(refused.refused().is_none(), "nothing contradicts what was cosigned");
}

#[test]
fn s35_another_log_of_the_same_key_is_refused_with_both_roots() {
    let mut other = leaves(12);
    other[3] = LeafHash::of(b"another");
    let refused = asked(&after(7), &offered(&other, 7)).unwrap_err();
    let two = Contradiction { cosigned: head(&leaves(7)), offered: head(&other) };
    assert_eq!(refused, NotCosigned::NotGrown(ORIGIN.to_owned(), two));
    let same_size = asked(&after(12), &offered(&other, 12)).unwrap_err();
    let two = Contradiction { cosigned: head(&leaves(12)), offered: head(&other) };
    assert_eq!(same_size, NotCosigned::SplitView(ORIGIN.to_owned(), two));
    for refusal in [refused, same_size] {
        let left = refusal.refused().unwrap();
        assert_eq!(Refused::parse(&left.to_string()).unwrap(), left);
        for root in [left.two.cosigned, left.two.offered] {
            assert!(refusal.to_string().contains(&STANDARD.encode(root.root)), "{refusal}");
        }
    }
}

#[test]
fn s35_a_log_is_cosigned_only_under_the_key_that_was_given_for_it() {
    let question = offered(&leaves(5), 0);
    let with = |keys: &[LogVerifier]| cosign(&Heads::new(), &question, keys, &witness(), SECONDS).map(drop);
    assert_eq!(with(&[]), Err(NotCosigned::Unknown(ORIGIN.to_owned())));
    let stranger = LogKey::from_bytes("musubi.exampl", &[7; 32]).verifier();
    assert_eq!(with(&[stranger]), Err(NotCosigned::Unknown(ORIGIN.to_owned())), "a name that only begins alike");
    let other = LogKey::from_bytes("musubi.example", &[8; 32]).verifier();
    assert!(matches!(with(&[other]), Err(NotCosigned::Unsigned(..))));
    assert_eq!(with(&[other_key(), log().verifier()]), Ok(()), "a hub may have had another key");
}

fn other_key() -> LogVerifier {
    LogKey::from_bytes("musubi.example", &[8; 32]).verifier()
}

#[test]
fn s35_no_bit_of_a_question_can_be_changed() {
    let text = offered(&leaves(13), 6).to_string();
    let cosigns = |bytes: &[u8]| {
        let question = std::str::from_utf8(bytes).ok().and_then(|text| Growth::parse(text).ok());
        question.is_some_and(|question| asked(&after(6), &question).is_ok())
    };
    assert!(cosigns(text.as_bytes()));
    for bit in 0..text.len() * 8 {
        let mut changed = text.clone().into_bytes();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!cosigns(&changed), "bit {bit}");
    }
    for cut in 0..text.len() {
        assert!(!cosigns(&text.as_bytes()[..cut]), "cut at {cut}");
    }
}

#[test]
fn s35_an_empty_log_is_not_cosigned_and_nothing_is_proved_from_nothing() {
    let empty = Growth::first(note(ORIGIN, head(&[])));
    assert!(asked(&Heads::new(), &empty).is_err());
    let with_path = format!("old 0\n{}\n\n{}", STANDARD.encode([1; 32]), note(ORIGIN, head(&leaves(2))));
    assert!(asked(&Heads::new(), &Growth::parse(&with_path).unwrap()).is_err());
}

#[test]
fn s35_how_far_a_witness_signed_is_told_and_a_line_in_its_name_that_does_not_hold_is_a_fault() {
    let key = witness().verifier();
    let mut notes: Vec<SignedNote> = [4, 9, 12].map(|size| note(ORIGIN, head(&leaves(size)))).to_vec();
    assert_eq!(witnessed(&notes, &key), Ok(None));
    for note in &mut notes[..2] {
        note.signatures.push(witness().sign(&note.text, SECONDS));
    }
    assert_eq!(witnessed(&notes, &key), Ok(Some((head(&leaves(9)), SECONDS))));
    let mut again = note(ORIGIN, head(&leaves(9)));
    again.signatures.push(witness().sign(&again.text, SECONDS + 60));
    assert_eq!(
        witnessed(&[notes[1].clone(), again], &key),
        Ok(Some((head(&leaves(9)), SECONDS))),
        "since when the head is witnessed"
    );
    let other = notes[0].signatures[1].clone();
    notes[2].signatures.push(other);
    assert_eq!(witnessed(&notes, &key), Err((12, NotANote("cosignature does not hold"))));
}

#[test]
fn what_a_witness_remembers_of_one_log_is_nothing_to_another() {
    let other = "musubi.example/131016";
    let heads = after(7);
    let question = Growth::first(note(other, head(&leaves(3))));
    let (_, heads) = asked(&heads, &question).unwrap();
    assert_eq!(heads.len(), 2);
    assert_eq!((heads[ORIGIN].size, heads[other].size), (7, 3));
}

#[test]
fn s35_a_key_is_read_only_under_the_id_of_its_name_and_under_a_name_that_can_be_one() {
    let text = witness().verifier().to_string();
    assert!(WitnessVerifier::parse(&text).is_ok());
    assert!(WitnessVerifier::parse(&text.replacen("+24b5d9fe+", "+24b5d9ff+", 1)).is_err(), "another id");
    assert!(WitnessVerifier::parse(&text.replacen("/w1+", "/w2+", 1)).is_err(), "another name");
    let named = |name: &str| LogVerifier::parse(&LogKey::from_bytes(name, &[7; 32]).verifier().to_string());
    assert!(named("musubi.example").is_ok());
    assert!(named("musubi example").is_err(), "a blank in the name, under its right id");
}

//! The small program, as an auditor runs it: files in, one line and an exit code out.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use musubi_verify::copy::{write_head, write_line};
use musubi_verify::exchange::{LogFolder, Paper};
use musubi_verify::{CHAIN_START, Checkpoint, Growth, Inclusion, LeafHash, Line, LogKey, Receipt, SignedNote};
use musubi_verify::{WitnessVerifier, chain, root};
use std::path::{Path, PathBuf};
use std::process::Command;

const ORIGIN: &str = "musubi.example/482072";

/// A log of a few entries, and the files that an auditor has of it.
struct Auditor {
    files: PathBuf,
    key: LogKey,
    leaves: Vec<LeafHash>,
}

impl Auditor {
    /// `name` is that of the folder.
    fn new(name: &str) -> Self {
        let files = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&files).unwrap();
        let leaves = (0_u8..9).map(|entry| LeafHash::of(&[entry])).collect();
        Auditor { files, key: LogKey::from_bytes("musubi.example", &[7; 32]), leaves }
    }

    /// The note of the log when it had so many entries.
    fn note(&self, origin: &str, size: usize) -> musubi_verify::SignedNote {
        let root = root(&self.leaves[..size]);
        Checkpoint { origin: origin.to_owned(), size: size as u64, root, extensions: Vec::new() }.sign(&self.key)
    }

    /// The copy of the log with one note for all of it.
    fn copy(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let size = self.leaves.len();
        write_head(&mut out, ORIGIN, size as u64, &[&self.note(ORIGIN, size).to_string()]).unwrap();
        let mut before = CHAIN_START;
        for (index, leaf) in (0..).zip(&self.leaves) {
            let stored = [3; 32];
            before = chain(&before, *leaf, &stored);
            write_line(&mut out, &Line { index, leaf: *leaf, stored, chain: before }).unwrap();
        }
        out
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.files.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn key(&self) -> String {
        self.key.verifier().to_string()
    }

    fn receipt(&self, index: usize) -> String {
        Receipt { origin: String::new(), index: index as u64, leaf: self.leaves[index] }.msa3()
    }
}

/// What the program prints, and its exit code.
fn run(words: &[&str]) -> (String, i32) {
    let out = Command::new(env!("CARGO_BIN_EXE_musubi-verify")).args(words).output().unwrap();
    (String::from_utf8(out.stdout).unwrap(), out.status.code().unwrap())
}

#[test]
fn a_copy_that_holds_is_told_with_its_size_and_one_that_does_not_with_the_place() {
    let auditor = Auditor::new("log");
    let copy = auditor.file("copy", auditor.copy());
    let said = |words: &[&str]| run(&[&["log", &copy, &auditor.key()], words].concat());
    assert_eq!(said(&[]), (format!("ok    {ORIGIN} 9 entries, 1 checkpoints\n"), 0));
    let kept = auditor.file("kept", auditor.note(ORIGIN, 4).to_string());
    assert_eq!(said(&[&kept]), (format!("ok    {ORIGIN} 9 entries, 2 checkpoints\n"), 0));

    let text = String::from_utf8(auditor.copy()).unwrap();
    let cut = auditor.file("cut", &text[..text.find("leaf 8").unwrap()]);
    let (fault, code) = run(&["log", &cut, &auditor.key()]);
    assert!(fault.starts_with(&format!("fault {ORIGIN} ")) && fault.contains('8'), "{fault}");
    assert_eq!(code, 1);
}

#[test]
fn a_note_of_another_log_says_nothing_of_this_one() {
    let auditor = Auditor::new("others");
    let copy = auditor.file("copy", auditor.copy());
    let other = auditor.file("other", auditor.note("musubi.example/131016", 4).to_string());
    let (fault, code) = run(&["log", &copy, &auditor.key(), &other]);
    assert!(fault.starts_with("fault ") && fault.contains("of another log, musubi.example/131016"), "{fault}");
    assert_eq!(code, 1);
}

#[test]
fn the_proof_of_a_receipt_holds_for_that_receipt_alone() {
    let auditor = Auditor::new("proof");
    let proof = Inclusion::new(&auditor.leaves, 5, auditor.note(ORIGIN, 9)).unwrap();
    let proof = auditor.file("proof", proof.to_string());
    let said = |receipt: usize| run(&["proof", &proof, &auditor.key(), &auditor.receipt(receipt)]);
    assert_eq!(said(5), (format!("ok    {ORIGIN} index 5 of 9\n"), 0));
    assert_eq!(said(6).1, 1);
}

#[test]
fn the_proof_that_a_log_only_grew_holds_from_the_note_that_it_was_made_for() {
    let auditor = Auditor::new("growth");
    let growth = Growth::new(&auditor.leaves, 4, auditor.note(ORIGIN, 9)).unwrap();
    let growth = auditor.file("growth", growth.to_string());
    let said = |size: usize| {
        let note = auditor.file(&format!("note-{size}"), auditor.note(ORIGIN, size).to_string());
        run(&["growth", &growth, &auditor.key(), &note])
    };
    assert_eq!(said(4), (format!("ok    {ORIGIN} grew to 9 entries\n"), 0));
    assert_eq!(said(5).1, 1);
}

#[test]
fn wrong_usage_is_told_apart_from_a_fault() {
    assert_eq!(run(&[]), (String::new(), 2));
    assert_eq!(run(&["log"]), (String::new(), 2));
    assert_eq!(run(&["log", "no such file", "no key"]).1, 1);
}

#[test]
fn s35_a_witness_is_made_cosigns_what_grew_and_refuses_what_did_not() {
    let auditor = Auditor::new("witness");
    let (home, exchange) = (auditor.files.join("home"), auditor.files.join("exchange"));
    for folder in [&home, &exchange] {
        std::fs::remove_dir_all(folder).ok();
    }
    std::fs::create_dir_all(&exchange).unwrap();
    let (home, folder) = (home.to_str().unwrap(), exchange.to_str().unwrap());
    let (said, code) = run(&["witness", "keygen", home, "witness.example/w1"]);
    assert_eq!(code, 0, "{said}");
    let key = WitnessVerifier::parse(said.split_whitespace().nth(1).unwrap()).unwrap();
    assert_eq!(run(&["witness", "keygen", home, "witness.example/w1"]).1, 1, "no key is replaced");

    let log = LogFolder::of(&exchange, ORIGIN);
    let sign = || run(&["witness", "sign", home, folder, &auditor.key()]);
    log.put(Paper::Proof, 4, &Growth::first(auditor.note(ORIGIN, 4)).to_string()).unwrap();
    let (said, code) = sign();
    assert!(code == 0 && said.starts_with(&format!("signed {ORIGIN} 4 ")) && said.contains("1 cosigned"), "{said}");
    let growth = Growth::new(&auditor.leaves, 4, auditor.note(ORIGIN, 9)).unwrap();
    log.put(Paper::Proof, 9, &growth.to_string()).unwrap();
    assert_eq!(sign().1, 0);
    let note = SignedNote::parse(&log.read(Paper::Cosigned, 9).unwrap()).unwrap();
    note.verify(&auditor.key.verifier()).unwrap();
    key.check(&note).unwrap();
    assert_eq!(sign(), ("ok    0 cosigned / 0件に署名しました\n".to_owned(), 0));

    log.remove(Paper::Proof, 9);
    let (said, code) = sign();
    assert!(code == 1 && said.contains("rolled back") && said.contains("巻き戻し"), "{said}");
    assert_eq!(log.sizes(Paper::Refused).unwrap(), [4]);
    let restarted = run(&["witness", "restart", home, ORIGIN, log.path(Paper::Cosigned, 4).to_str().unwrap()]);
    assert!(restarted.1 == 0 && restarted.0.contains("given up 9 "), "{}", restarted.0);
}

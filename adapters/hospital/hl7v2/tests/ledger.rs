//! The ledger of every file that others wrote has a line for each value of it, read or refused: counted by another reader.

use super::super::Hl7v2;
use crate::testing::{corpus, now};
use musubi_core::adapter::{Adapter, Profile};
use musubi_core::agency::AgencyId;

/// Values of a file of HL7 v2: fields that hold something, the separator of a header among them; lines without any field; and
/// what a line begins with that is no segment. Nothing is decoded: what stands between the escapes of ISO-2022-JP is no
/// separator.
fn written(bytes: &[u8]) -> usize {
    let mut separator = None;
    let mut values = 0;
    for line in without_kanji(bytes).split(|byte| matches!(byte, b'\r' | b'\n')) {
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        let from = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | 0x0B | 0x1C | 0));
        let Some(line) = from.and_then(|from| line.get(from..)) else { continue };
        match line.get(..3) {
            // A line of the name alone begins no message.
            Some(b"MSH" | b"FHS" | b"BHS") if line.get(3).is_some_and(u8::is_ascii_punctuation) => {
                separator = line.get(3).copied();
                values += 1;
            }
            _ => {}
        }
        let mut pieces = line.split(|byte| Some(*byte) == separator);
        let name = pieces.next().unwrap_or_default();
        let further = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let named = matches!(name, [first, rest @ ..] if first.is_ascii_uppercase() && rest.len() == 2 && rest.iter().all(further));
        let alone = name.len() == line.len();
        values += usize::from(!named || alone) + pieces.filter(|field| !field.is_empty()).count();
    }
    values
}

fn without_kanji(bytes: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\x1B$") {
        let (before, run) = rest.split_at(at);
        kept.extend_from_slice(before);
        kept.push(b'x');
        let end = run.windows(2).position(|pair| pair == b"\x1B(").map_or(run.len(), |end| end + 3);
        rest = run.get(end..).unwrap_or_default();
    }
    kept.extend_from_slice(rest);
    kept
}

#[test]
fn every_field_of_a_file_of_hl7_v2_has_a_line_in_its_ledger() {
    let Some(files) = corpus("hospital/hl7v2") else { return };
    let profile = Profile::offline(AgencyId::new("MED-4810700122").unwrap(), now());
    let (mut counted, mut values) = (0, 0);
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let decoded = Hl7v2.decode(&bytes, &profile);
        // What is no message, or no whole batch, has no item and no ledger.
        if decoded.items.is_empty() {
            continue;
        }
        assert_eq!(decoded.ledger.len(), written(&bytes), "{}", path.display());
        (counted, values) = (counted + 1, values + written(&bytes));
    }
    println!("{values} values of {counted} files");
    assert!(counted > 150, "few files were counted");
}

//! Files that others wrote: read, or refused with a named code.

use super::*;
use musubi_core::adapter::Severity;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let folder = std::env::var_os("MUSUBI_CORPUS").map_or(beside, PathBuf::from).join("hospital/hl7v2");
    let elsewhere = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/hospital/hl7v2");
    [folder, elsewhere].into_iter().find(|folder| folder.is_dir())
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            files(&path, found);
        } else if name != "SOURCE.md" && name != "MANIFEST.tsv" {
            found.push(path);
        }
    }
}

#[test]
fn every_corpus_file_is_read_or_refused_with_a_named_code() {
    let Some(folder) = corpus() else {
        println!("skipped: the corpus is not here (set MUSUBI_CORPUS)");
        return;
    };
    let mut found = Vec::new();
    files(&folder, &mut found);
    found.sort();
    let mut profile = shione();
    profile.any_sender = true;
    let (mut messages, mut taken) = (0, 0);
    let mut codes: BTreeMap<String, u32> = BTreeMap::new();
    for path in &found {
        let bytes = std::fs::read(path).unwrap();
        let decoded = Hl7v2.decode(&bytes, &profile);
        messages += decoded.items.len();
        taken += decoded.taken();
        let whole = decoded.diagnostics.iter().any(|d| d.severity == Severity::Error);
        assert!(whole || !decoded.items.is_empty(), "{}", path.display());
        for item in &decoded.items {
            let refused = item.diagnostics.iter().any(|d| d.severity == Severity::Error);
            assert_eq!(item.submission.is_none(), refused, "{}", path.display());
        }
        for diagnostic in decoded.all_diagnostics().filter(|d| d.severity == Severity::Error) {
            let text = format!("{} {}", diagnostic.code, diagnostic.place.split('[').next().unwrap());
            *codes.entry(text).or_default() += 1;
            assert!(diagnostic.code.starts_with(['H', 'M']), "{}: {diagnostic}", path.display());
        }
        if std::env::var_os("MUSUBI_CORPUS_LIST").is_some() {
            let errors: Vec<_> = decoded
                .all_diagnostics()
                .filter(|d| d.severity == Severity::Error)
                .map(|d| format!("{} {}", d.code, d.place))
                .collect();
            println!("{} {:?}", path.strip_prefix(&folder).unwrap().display(), errors);
        }
    }
    println!("{} files, {messages} messages, {taken} taken; errors {codes:?}", found.len());
    assert!(taken > 20, "few messages of the corpus were taken");
}

#[test]
fn the_japanese_corpus_decodes_without_a_replacement_character() {
    let Some(folder) = corpus() else {
        println!("skipped: the corpus is not here (set MUSUBI_CORPUS)");
        return;
    };
    let mut found = Vec::new();
    files(&folder.join("ssmix2-nho-testing-tool"), &mut found);
    files(&folder.join("ssmix2-nho-support"), &mut found);
    let mut read = 0;
    for path in found {
        let bytes = std::fs::read(&path).unwrap();
        if bytes.len() < 10 {
            continue;
        }
        let decoded = super::super::charset::decode(&bytes);
        assert_eq!(decoded.charset, super::super::charset::Charset::Iso2022Jp, "{}", path.display());
        assert!(decoded.warnings.is_empty(), "{} {:?}", path.display(), decoded.warnings);
        read += 1;
    }
    println!("{read} Japanese files");
}

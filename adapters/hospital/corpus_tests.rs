//! Every file that others wrote, read as `musubi convert --from auto` reads it: a count for each format of what was read and
//! what was refused, by code.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use crate::recognise;
use crate::testing::corpus;
use musubi_core::adapter::{Diagnostic, Profile, Severity};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;
use std::collections::BTreeMap;
use std::path::Path;

/// What describes the corpus and is no part of it.
const ABOUT: [&str; 3] = ["README.md", "LICENSE.txt", "LICENSE"];

/// Everything that refuses something says where, and how to mend it, in both languages.
fn refusal(diagnostic: &Diagnostic, path: &Path) -> String {
    let said = &diagnostic.text;
    assert!(!diagnostic.place.is_empty() && !said.ja.is_empty() && !said.en.is_empty(), "{}", path.display());
    diagnostic.code.to_string()
}

#[test]
fn every_file_of_hospitals_gets_an_answer_and_is_counted() {
    let Some(mut found) = corpus("hospital") else { return };
    found.retain(|path| !ABOUT.iter().any(|about| path.file_name().is_some_and(|name| name == *about)));
    let profile = Profile::offline(AgencyId::new("MED-4810700122").unwrap(), Time::MIN.plus_days(45_000));
    let mut table: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for path in &found {
        let bytes = std::fs::read(path).unwrap();
        let Some(adapter) = recognise(&bytes) else {
            *table.entry(("(none)", "no format recognised".to_owned())).or_default() += 1;
            continue;
        };
        let decoded = adapter.decode(&bytes, &profile);
        let mut errors = decoded.all_diagnostics().filter(|said| said.severity == Severity::Error);
        let fate = match errors.next() {
            None => "read".to_owned(),
            Some(first) if decoded.taken() > 0 => format!("read in part, {}", refusal(first, path)),
            Some(first) => format!("refused, {}", refusal(first, path)),
        };
        assert!(fate != "read" || decoded.taken() > 0, "{}: neither read nor refused", path.display());
        if std::env::var_os("MUSUBI_CORPUS_LIST").is_some() && fate != "read" {
            let all: Vec<String> = decoded
                .all_diagnostics()
                .filter(|said| said.severity == Severity::Error)
                .map(|said| format!("{} {}", said.code, said.place))
                .collect();
            println!("{} {} {all:?}", adapter.name(), path.display());
        }
        *table.entry((adapter.name(), fate)).or_default() += 1;
    }
    println!("{} files", found.len());
    for ((format, fate), count) in &table {
        println!("{format:<10} {fate:<28} {count:>4}");
    }
    let read: usize = table.iter().filter(|((_, fate), _)| fate == "read").map(|(_, count)| count).sum();
    assert!(read > 200, "less of the corpus is read than before");
}

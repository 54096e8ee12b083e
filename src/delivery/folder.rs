//! Files in a folder, each whole or not there.

use musubi_core::release::Outgoing;
use musubi_verify::private;
use musubi_verify::whole::{self, Readers};
use std::path::Path;
use std::{fs, io};

/// Writes each rendering as `<name>.<format>.<ending>`. The folder must be there: a missing one may be a disk that is not
/// mounted. A file of an earlier attempt is replaced.
pub(super) fn put(folder: &Path, name: &str, renderings: &[Outgoing]) -> io::Result<()> {
    for rendering in renderings {
        let name = format!("{name}.{}.{}", rendering.format(), ending(rendering.format()));
        // The recipient's group may read it.
        whole::place(&folder.join(name), rendering.bytes(), Readers::Group)?;
    }
    private::sync_folder(folder)
}

/// Can something be written there? Asked before a release is put on record, so that no disclosure is listed that did not
/// take place. Several ask at once: each for a delivery of its own, by its name.
pub(super) fn answers(folder: &Path, name: &str) -> bool {
    let probe = folder.join(format!(".{name}.probe"));
    let written = whole::place(&probe, b"", Readers::Group);
    fs::remove_file(&probe).ok();
    written.is_ok()
}

/// The ending by which other programs know the format.
fn ending(format: &str) -> &str {
    match format.rsplit_once('-') {
        Some((_, ending)) => ending,
        None if format.starts_with("ph") || format.starts_with("pv") || format.starts_with("hp") => "csv",
        None => "dat",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_folder_answers_each_of_many_who_ask_at_once_and_nothing_is_left_in_it() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for lane in 0..8 {
                let folder = folder.path();
                scope.spawn(move || (0..50).for_each(|turn| assert!(answers(folder, &format!("{lane}-{turn}")))));
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(!answers(&folder.path().join("gone"), "1"));
    }

    #[test]
    fn a_file_ends_as_its_format_does() {
        let endings = ["notice-csv", "notice-html", "fhir-json", "cgc-xml", "pv01-xlsx", "ph05", "cda"].map(ending);
        assert_eq!(endings, ["csv", "html", "json", "xml", "xlsx", "csv", "dat"]);
    }
}

//! Folders of agencies that only have files: what is put into `drop/<agency id>/in` of the data folder is handed in as that
//! agency's, and then stands in `taken` or `refused` beside it, with its answer.
//!
//! Who may write there is the agency: the operator makes the folder and gives that right (`docs/connect.md`).

use super::https::answer_of;
use crate::hub::document::DocumentAnswer;
use crate::hub::{Hub, Refusal, RefusalKind};
use musubi_adapters::hospital::hl7v2::Hl7v2;
use musubi_adapters::hospital::hl7v2::ssmix2::{Filed, filed};
use musubi_core::adapter::Adapter;
use musubi_core::agency::AgencyId;
use musubi_verify::private;
use musubi_verify::whole::{self, Readers};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Where an agency puts its files, and where they go.
const IN: &str = "in";
const TAKEN: &str = "taken";
const REFUSED: &str = "refused";

/// Length and time of change: a file that has both as at the look before is whole.
type Looks = BTreeMap<PathBuf, (u64, SystemTime)>;

/// A file that no longer grows, and whose it is.
struct Dropped {
    agency: AgencyId,
    folder: PathBuf,
    path: PathBuf,
}

/// Looks until told to stop. Nothing is made here: without the folder of an agency nothing is looked at.
pub async fn watch(hub: Hub, root: PathBuf, bytes_max: usize, stop: CancellationToken) {
    let mut seen = Looks::new();
    loop {
        let (root, before) = (root.clone(), std::mem::take(&mut seen));
        match tokio::task::spawn_blocking(move || look(&root, &before)).await {
            Ok(Ok((whole, now))) => {
                seen = now;
                for dropped in whole {
                    hand_in(&hub, dropped, bytes_max).await;
                }
            }
            Ok(Err(error)) => tracing::error!(kind = %error.kind(), "the drop folders cannot be read"),
            Err(_) => return,
        }
        if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
            return;
        }
    }
}

/// The files that are whole, in the order of their names, and what the others look like now.
fn look(root: &Path, before: &Looks) -> io::Result<(Vec<Dropped>, Looks)> {
    let (mut whole, mut now) = (Vec::new(), Looks::new());
    for folder in entries(root)? {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Ok(agency) = AgencyId::new(name) else { continue };
        for path in entries(&folder.join(IN))? {
            let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
            // What a link leads to is nobody's to hand in.
            let about = fs::symlink_metadata(&path)?;
            if hidden || !about.is_file() {
                continue;
            }
            let look = (about.len(), about.modified()?);
            if before.get(&path) == Some(&look) {
                whole.push(Dropped { agency: agency.clone(), folder: folder.clone(), path: path.clone() });
            }
            now.insert(path, look);
        }
    }
    Ok((whole, now))
}

/// What is in a folder, in order; nothing where there is none.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let read = match fs::read_dir(folder) {
        Ok(read) => read,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut found = read.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}

/// Codes of what holds an individual number: nothing of it is kept, here either (S-66).
const INDIVIDUAL_NUMBER: [&str; 3] = ["H009", "JP-E720", "JP-E721"];

/// Hands a file in. What the hub could not take now stays where it is and is handed in at the next look.
async fn hand_in(hub: &Hub, dropped: Dropped, bytes_max: usize) {
    let agency = dropped.agency.clone();
    let Outcome { taken, answer, keeps } = match answered(hub, &dropped, bytes_max).await {
        Ok(outcome) => outcome,
        Err(refusal) => {
            tracing::warn!(%agency, %refusal, "a file in a drop folder is not taken now");
            return;
        }
    };
    let stamp: String = hub.now().rfc3339().chars().filter(char::is_ascii_digit).take(14).collect();
    let into = if taken { TAKEN } else { REFUSED };
    let put = tokio::task::spawn_blocking(move || put_away(&dropped, into, &stamp, &answer, keeps));
    match put.await {
        Ok(Ok(())) => tracing::info!(%agency, taken, "a file was handed in by its folder"),
        // It is handed in again, and the hub knows it.
        Ok(Err(error)) => {
            tracing::error!(%agency, kind = %error.kind(), "an answer cannot be written to a drop folder")
        }
        Err(_) => {}
    }
}

/// What became of a file.
struct Outcome {
    /// All of it was taken.
    taken: bool,
    answer: Vec<u8>,
    /// The file may stay.
    keeps: bool,
}

impl Outcome {
    fn of(answer: Result<DocumentAnswer, &Refusal>) -> Self {
        let (of_rows, of_file) = match &answer {
            Ok(answer) => (answer.rows.as_slice(), answer.diagnostics.as_slice()),
            Err(refusal) => ([].as_slice(), refusal.diagnostics.as_slice()),
        };
        let mut said = of_rows.iter().flat_map(|row| &row.diagnostics).chain(of_file);
        let keeps = !said.any(|said| INDIVIDUAL_NUMBER.contains(&&*said.code));
        let (taken, answer) = answer_of(answer);
        Outcome { taken, answer, keeps }
    }
}

async fn answered(hub: &Hub, dropped: &Dropped, bytes_max: usize) -> Result<Outcome, Refusal> {
    let caller = hub.caller(&dropped.agency, "")?;
    let path = dropped.path.clone();
    let read = tokio::task::spawn_blocking(move || {
        let long = fs::metadata(&path)?.len() > bytes_max as u64;
        if long { Ok(None) } else { fs::read(&path).map(Some) }
    });
    let bytes = match read.await {
        Ok(Ok(Some(bytes))) => bytes,
        Ok(Ok(None)) => return Ok(Outcome::of(Err(&too_large()))),
        Ok(Err(_)) | Err(_) => return Err(Refusal::kept_changing()),
    };
    let name = dropped.path.file_name().unwrap_or_default().to_string_lossy();
    let bytes = match filed(&name, &bytes) {
        Filed::AsItIs => bytes,
        Filed::TakenBack(message) => message,
        Filed::NotInForce(said) => {
            // It is read all the same, for what must not be in it: a file with an individual number does not stay.
            let read = Hl7v2.decode(&bytes, &caller.agency.profile(hub.now()));
            let number = read.all_diagnostics().filter(|said| INDIVIDUAL_NUMBER.contains(&&*said.code)).cloned();
            let diagnostics = std::iter::once(said).chain(number).collect();
            return Ok(Outcome::of(Err(&Refusal { kind: RefusalKind::Invalid, diagnostics })));
        }
    };
    match hub.submit_document(&caller, "auto", &bytes).await {
        Ok(answer) => Ok(Outcome::of(Ok(answer))),
        Err(refusal) if refusal.may_pass() => Err(refusal),
        Err(refusal) => Ok(Outcome::of(Err(&refusal))),
    }
}

fn too_large() -> Refusal {
    Refusal::invalid(
        "H007",
        "file",
        "ファイルが大きすぎます。分けて置いてください。",
        "The file is too large; put it there in parts.",
    )
}

/// The answer first, and only then the file: what has no answer yet is handed in again.
fn put_away(dropped: &Dropped, into: &str, stamp: &str, answer: &[u8], keeps: bool) -> io::Result<()> {
    let folder = dropped.folder.join(into);
    fs::create_dir_all(&folder)?;
    let name = dropped.path.file_name().unwrap_or_default().to_string_lossy();
    whole::place(&folder.join(format!("{stamp}-{name}.answer.json")), answer, Readers::Anyone)?;
    if keeps {
        fs::rename(&dropped.path, folder.join(format!("{stamp}-{name}")))?;
    } else {
        fs::remove_file(&dropped.path)?;
    }
    private::sync_folder(&folder)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_file_is_whole_when_it_looks_as_before_and_a_link_is_none() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("MED-4810700122/in");
        fs::create_dir_all(&own).unwrap();
        fs::create_dir_all(root.path().join("not an agency/in")).unwrap();
        fs::write(root.path().join("not an agency/in/a.csv"), "x").unwrap();
        fs::write(own.join("b.csv"), "half").unwrap();
        fs::write(own.join(".c.part"), "hidden").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", own.join("d.csv")).unwrap();
        let (whole, seen) = look(root.path(), &Looks::new()).unwrap();
        assert!(whole.is_empty() && seen.len() == 1);
        fs::write(own.join("b.csv"), "whole now").unwrap();
        let (whole, seen) = look(root.path(), &seen).unwrap();
        assert!(whole.is_empty(), "it grew");
        let (whole, _) = look(root.path(), &seen).unwrap();
        assert_eq!(whole.iter().map(|one| one.path.clone()).collect::<Vec<_>>(), [own.join("b.csv")]);
        assert_eq!(look(&root.path().join("nothing"), &seen).unwrap().0.len(), 0, "no folder, no files");
    }
}

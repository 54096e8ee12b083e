//! The policy files: from a folder, or those inside the program.

use crate::cli::terminal::unreadable;
use crate::cli::{Exit, Failure, Terminal};
use musubi_core::consent::{Policy, worked};
use musubi_core::postnatal::{CarePolicy, Policies};
use musubi_core::reviewed::Reviewed;
use std::fmt;
use std::path::{Path, PathBuf};

/// Longest policy file.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The matrix with its grounds and masks.
pub(super) fn policy(from: Option<&Path>, terminal: &mut Terminal<'_>) -> Result<Policy, Failure> {
    let Some(folder) = from else { return Ok(Policy::reviewed()) };
    let mut read = |name: &str| text(&folder.join(name), terminal);
    let (matrix, grounds, masks) = (read("matrix.toml")?, read("grounds.toml")?, read("masks.toml")?);
    Policy::load(&matrix, &grounds, &masks).map_err(|fault| fault_in(folder, &fault))
}

/// That with the codes and the schedule: all that a hub takes from the folder.
pub(super) fn reviewed(from: Option<&Path>, terminal: &mut Terminal<'_>) -> Result<Reviewed, Failure> {
    let Some(folder) = from else { return Ok(Reviewed::shipped()) };
    let mut read = |name: &str| text(&folder.join(name), terminal);
    let [matrix, grounds, masks, codes, retention] = Reviewed::FILES;
    let texts = [read(matrix)?, read(grounds)?, read(masks)?, read(codes)?];
    let retention = folder.join(retention).exists().then(|| read(retention)).transpose()?;
    let loaded = Reviewed::load(texts.each_ref().map(String::as_str), retention.as_deref());
    loaded.map_err(|fault| fault_in(folder, &fault))
}

/// Reads all of them, and prints what they are. A fault ends it, with the file and the place.
pub(super) fn check(from: Option<&Path>, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let Reviewed { policy, codes, schedule } = reviewed(from, terminal)?;
    let grounds = policy.grounds().count();
    let unread = policy.grounds().filter(|ground| ground.checked != "read").count();
    writeln!(terminal.out, "policy ok: effective {}, sha256 {}", policy.effective(), Hex(&policy.hash()))?;
    writeln!(terminal.out, "grounds ok: {grounds}, of them {unread} for a lawyer to check")?;
    writeln!(terminal.out, "codes ok: sha256 {}", Hex(&codes.hash()))?;
    let unread = schedule.rules().iter().filter(|rule| rule.checked != "read").count();
    writeln!(terminal.out, "retention ok: {} rules, of them {unread} for a lawyer to check", schedule.rules().len())?;
    match from {
        Some(folder) => municipal(&folder.join("municipal"), terminal)?,
        None => {
            Policies::shipped().map_err(|fault| Failure::Fault(fault.to_string()))?;
            writeln!(terminal.out, "municipal ok: those inside this program")?;
        }
    }
    worked_cases(&policy, terminal)
}

/// A policy may be in form and still decide otherwise than the specification's examples.
fn worked_cases(policy: &Policy, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let all = worked::worked_cases().len();
    let otherwise = worked::check(policy);
    for (case, answer) in &otherwise {
        writeln!(terminal.err, "error: case {}: {answer}, not {}: {}", case.id, case.expected, case.situation)?;
    }
    if otherwise.is_empty() {
        writeln!(terminal.out, "cases ok: {all} of {all} worked answers as written")?;
        return Ok(Exit::Success);
    }
    Ok(Exit::Refused)
}

/// The municipalities' own policies; a folder need not have any.
fn municipal(folder: &Path, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    if !folder.exists() {
        writeln!(terminal.out, "municipal: none")?;
        return Ok(());
    }
    let listed = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut files: Vec<PathBuf> = listed.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let policy = CarePolicy::from_toml(&text(&file, terminal)?).map_err(|fault| fault_in(&file, &fault))?;
        writeln!(terminal.out, "municipal ok: {} from {}", policy.municipality, policy.valid_from)?;
        all.push(policy);
    }
    Policies::new(all).map(|_| ()).map_err(|fault| fault_in(folder, &fault))
}

fn text(path: &Path, terminal: &mut Terminal<'_>) -> Result<String, Failure> {
    let bytes = terminal.read(path, FILE_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|_| fault_in(path, &"not UTF-8"))
}

fn fault_in(path: &Path, fault: &dyn fmt::Display) -> Failure {
    Failure::Fault(format!("{}: {fault}", path.display()))
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

//! What one cell means, and what differs between two versions: the words are `musubi_core::consent::explain`'s.

use crate::cli::{Exit, Failure, Terminal};
use musubi_core::agency::{AgencyKind, Category, Purpose};
use musubi_core::consent::{Policy, explain, worked};
use musubi_core::reviewed::Reviewed;

/// Prints one cell with everything that bears on it, in Japanese, then in English.
pub(super) fn cell(
    policy: &Policy,
    kind: AgencyKind,
    purpose: Purpose,
    category: Category,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let text = explain::explain(policy, kind, purpose, category);
    writeln!(terminal.out, "{}\n\n{}", text.ja, text.en)?;
    Ok(Exit::Success)
}

/// Prints every difference, and the worked cases that come out otherwise, each marked when it opens something; exit 1 when there
/// is any difference.
pub(super) fn differences(old: &Reviewed, new: &Reviewed, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let changes = old.diff(new);
    for change in &changes {
        writeln!(terminal.out, "{change}")?;
    }
    let cases = worked::changed(&old.policy, &new.policy);
    for worked::ChangedCase { case, was, is, opens } in &cases {
        let mark = if *opens { "  (opens / 緩和)" } else { "" };
        writeln!(terminal.out, "case {}: {was} -> {is}{mark}: {}", case.id, case.situation)?;
    }
    let opening = changes.iter().filter(|change| change.opens).count();
    let opened = cases.iter().filter(|changed| changed.opens).count();
    writeln!(terminal.out, "{} differences, {opening} of them may open something", changes.len())?;
    writeln!(terminal.out, "{} worked cases come out otherwise, {opened} of them more open", cases.len())?;
    Ok(if changes.is_empty() { Exit::Success } else { Exit::Refused })
}

//! What one cell means, and what differs between two versions: the words are `musubi_core::consent::explain`'s.

use crate::cli::{Exit, Failure, Terminal};
use musubi_core::agency::{AgencyKind, Category, Purpose};
use musubi_core::consent::{Policy, explain, worked};

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

/// Prints every difference, and the worked decisions that come out otherwise; exit 1 when there is any difference.
pub(super) fn differences(old: &Policy, new: &Policy, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let changes = explain::diff(old, new);
    for change in &changes {
        writeln!(terminal.out, "{change}")?;
    }
    for (case, was, is) in worked::changed(old, new) {
        writeln!(terminal.out, "decision {}: {was} -> {is}: {}", case.id, case.situation)?;
    }
    let opening = changes.iter().filter(|change| change.opens).count();
    writeln!(terminal.out, "{} differences, {opening} of them may open something", changes.len())?;
    Ok(if changes.is_empty() { Exit::Success } else { Exit::Refused })
}

//! What one cell means, and what differs between two versions.

use crate::cli::{Exit, Failure, Terminal};
use musubi_core::agency::{AgencyKind, Category, Purpose};
use musubi_core::consent::{Adjustment, Cell, GroundEntry, Policy};

/// Prints one cell with everything that bears on it.
pub(super) fn explain(
    policy: &Policy,
    kind: AgencyKind,
    purpose: Purpose,
    category: Category,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    write!(terminal.out, "{kind} {purpose} {category} ({}): ", category.japanese())?;
    let Some(cell) = policy.cell(kind, purpose, category) else {
        let allowed: Vec<&str> = policy.purposes(kind).map(Purpose::word).collect();
        writeln!(terminal.out, "not allowed (T0.3)")?;
        writeln!(
            terminal.out,
            "  この機関の種別はこの目的を名乗れません。 / This kind may name only: {}",
            allowed.join(" ")
        )?;
        return Ok(Exit::Success);
    };
    writeln!(terminal.out, "{cell}")?;
    let (ja, en) = meaning(cell);
    writeln!(terminal.out, "  {ja} / {en}")?;
    if category == Category::C20 {
        writeln!(terminal.out, "  通告者は、記載した機関にのみ示す(T0.5)。 / T0.5: shown to its author only.")?;
    }
    let notes = policy.adjustments.iter().filter(|note| note.concerns(kind, purpose) && note.categories.has(category));
    for note in notes {
        print_note(note, terminal)?;
    }
    for ground in policy.grounds().filter(|ground| ground.recipients.contains(&kind) && ground.mask.has(category)) {
        print_ground(ground, category, terminal)?;
    }
    if policy.must_be_named.has(category) {
        writeln!(
            terminal.out,
            "  同意は分類名を明示したものに限る。 / A consent must name this category; \"all\" does not mean it."
        )?;
    }
    if policy.emergency(kind).has(category) {
        writeln!(terminal.out, "  緊急時の開示(T3.BG)の対象。 / Break-glass (T3.BG) shows it, under P11.")?;
    }
    Ok(Exit::Success)
}

const fn meaning(cell: Cell) -> (&'static str, &'static str) {
    match cell {
        Cell::Task => {
            ("法定事務・委託された処理", "statutory task or delegated processing, while the relation exists (T6)")
        }
        Cell::Default => {
            ("関係がある間の既定(異議で止まる)", "default while a relation exists, ended by an objection (T10)")
        }
        Cell::General => {
            ("概括した形での既定、同意があれば全部", "default in a generalised form, full with consent (T10, T9)")
        }
        Cell::Consent => ("同意", "consent (T9)"),
        Cell::ConsentOrGround => ("同意または法的根拠", "consent or a ground (T9, T5)"),
        Cell::Ground => ("法的根拠のみ(同意では開かない)", "a ground only; consent does not open it (T5)"),
        Cell::Never => {
            ("T5からT10では決して開かない", "never by tiers T5 to T10 (T4); duty and break-glass come before")
        }
    }
}

fn print_note(note: &Adjustment, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    let when = if note.when { "when" } else { "unless" };
    let from = note.from.map(|cell| format!("{cell} ")).unwrap_or_default();
    writeln!(terminal.out, "  note: {from}-> {} {when} {} ({})", note.to, note.condition, note.label)?;
    Ok(())
}

fn print_ground(ground: &GroundEntry, category: Category, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    let members = if ground.members { ", council members only" } else { "" };
    let explicit = if ground.explicit.has(category) { ", only by an approval of the very request" } else { "" };
    let (code, nature, label, statute) = (ground.code, ground.nature, &ground.label, &ground.statute);
    writeln!(terminal.out, "  ground: {code} {nature}{members}{explicit}: {label} ({statute})")?;
    Ok(())
}

/// Prints every cell and ground that differs; exit 1 when any does.
pub(super) fn differences(old: &Policy, new: &Policy, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut found = 0_usize;
    for (kind, purpose, category) in every_cell() {
        let (before, after) = (old.cell(kind, purpose, category), new.cell(kind, purpose, category));
        if before != after {
            let word = |cell: Option<Cell>| cell.map_or("not allowed", Cell::word);
            writeln!(terminal.out, "cell {kind} {purpose} {category}: {} -> {}", word(before), word(after))?;
            found += 1;
        }
    }
    for (what, before, after) in parts(old, new) {
        if before != after {
            let change = match (before.is_empty(), after.is_empty()) {
                (true, _) => "added",
                (_, true) => "removed",
                _ => "changed",
            };
            writeln!(terminal.out, "{what}: {change}")?;
            found += 1;
        }
    }
    if found == 0 && old.hash() != new.hash() {
        writeln!(terminal.out, "the files differ, the cells, notes, grounds and masks do not")?;
    }
    writeln!(terminal.out, "{found} differences")?;
    Ok(if found == 0 { Exit::Success } else { Exit::Refused })
}

fn every_cell() -> impl Iterator<Item = (AgencyKind, Purpose, Category)> {
    AgencyKind::ALL.iter().flat_map(|kind| {
        Purpose::ALL
            .iter()
            .flat_map(move |purpose| Category::ALL.iter().map(move |category| (*kind, *purpose, *category)))
    })
}

/// Everything but the cells, with its name and how it reads in each version; empty where a version does not have it.
fn parts(old: &Policy, new: &Policy) -> Vec<(String, String, String)> {
    let mut parts = Vec::new();
    for code in musubi_core::consent::GroundCode::ALL {
        let read = |policy: &Policy| policy.ground(*code).map(|ground| format!("{ground:?}")).unwrap_or_default();
        parts.push((format!("ground {code}"), read(old), read(new)));
    }
    for kind in AgencyKind::ALL {
        let read = |policy: &Policy| format!("{:?}", policy.emergency(*kind));
        parts.push((format!("break-glass of {kind}"), read(old), read(new)));
    }
    for n in 0..old.adjustments.len().max(new.adjustments.len()) {
        let read = |policy: &Policy| policy.adjustments.get(n).map(|note| format!("{note:?}")).unwrap_or_default();
        parts.push((format!("note {}", n + 1), read(old), read(new)));
    }
    let named = |policy: &Policy| format!("{:?} {:?}", policy.must_be_named, policy.own_pregnancy);
    parts.push(("categories that a consent must name".to_owned(), named(old), named(new)));
    parts
}

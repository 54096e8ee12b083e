//! A cell in words, the difference between two policies, and the table of every outcome: for `musubi policy`.

use super::bits::columns;
use super::policy::{Adjustment, Policy};
use super::words::{Cell, Condition, Nature};
use crate::adapter::Text;
use crate::agency::{AgencyKind, Category, Purpose};
use std::fmt;

/// Why a kind of agency sees a category for a purpose, or does not: cell, notes, grounds and break-glass, in both languages.
pub fn explain(policy: &Policy, kind: AgencyKind, purpose: Purpose, category: Category) -> Text {
    let label = category.japanese();
    let head = Text::new(format!("{kind}/{purpose} {category}({label})"), format!("{kind}/{purpose} {category}"));
    let lines = std::iter::once(head)
        .chain(gates(policy, kind, purpose, category))
        .chain(cell_lines(policy, kind, purpose, category))
        .chain(ground_lines(policy, kind, purpose, category))
        .chain(emergency_line(policy, kind, purpose, category));
    let (ja, en): (Vec<_>, Vec<_>) = lines.map(|line| (line.ja, line.en)).unzip();
    Text::new(ja.join("\n  "), en.join("\n  "))
}

fn gates(policy: &Policy, kind: AgencyKind, purpose: Purpose, category: Category) -> Vec<Text> {
    let mut lines = Vec::new();
    if !policy.allows(kind, purpose) {
        lines.push(Text::new(
            "T0.3: この種別の機関に許されない目的です。決して開きません。",
            "T0.3: this purpose is not allowed for the kind. Never opened.",
        ));
    }
    if purpose == Purpose::P6 {
        lines.push(Text::new("T0.4: ケースの構成員に限ります。", "T0.4: listed members of the council case only."));
    }
    match category {
        Category::C20 => lines.push(Text::new(
            "T0.5: 通告者の情報は、受けた機関の外に出ません。",
            "T0.5: the notifier's identity never leaves the authority that received the notification.",
        )),
        Category::C02 | Category::C14 => lines.push(Text::new(
            "T0.7、T0.8: 加害者の関係先には示さず、支援措置中は許可された機関に限ります。",
            "T0.7, T0.8: never to an agency linked to the perpetrator; under a shield only to its allow-list.",
        )),
        _ => {}
    }
    lines
}

fn cell_lines(policy: &Policy, kind: AgencyKind, purpose: Purpose, category: Category) -> Vec<Text> {
    let Some(cell) = policy.cell(kind, purpose, category) else { return Vec::new() };
    let (ja, en) = cell_words(cell);
    let mut lines = vec![Text::new(format!("表: {cell} {ja}"), format!("matrix: {cell} {en}"))];
    for note in &policy.adjustments {
        let concerned = note.concerns(kind, purpose) && note.categories.has(category);
        if concerned && note.from.is_none_or(|from| from == cell) {
            let (ja, en) = condition_words(note.condition, note.when);
            lines.push(Text::new(
                format!("注: {ja}、{} になります({})。", note.to, note.label),
                format!("note: {en}, it becomes {}.", note.to),
            ));
        }
    }
    lines
}

fn ground_lines(policy: &Policy, kind: AgencyKind, purpose: Purpose, category: Category) -> Vec<Text> {
    let cell = policy.cell(kind, purpose, category);
    let by_ground = matches!(cell, Some(Cell::ConsentOrGround | Cell::Ground));
    let reaches = policy.grounds().filter(|ground| {
        let members = !ground.members || purpose == Purpose::P6;
        cell.is_some() && ground.mask.has(category) && ground.recipients.contains(&kind) && members
    });
    reaches
        .filter_map(|ground| {
            let (tier, ja, en) = match ground.nature {
                Nature::Duty => ("T2", "義務として開きます", "opens as a duty"),
                Nature::Power if by_ground => ("T5", "提供元が承認すれば開きます", "opens when the source approves"),
                _ => return None,
            };
            Some(Text::new(
                format!("{tier}.{}: {}({})。{ja}。", ground.code, ground.label, ground.statute),
                format!("{tier}.{}: {}: {en}.", ground.code, ground.statute),
            ))
        })
        .collect()
}

fn emergency_line(policy: &Policy, kind: AgencyKind, purpose: Purpose, category: Category) -> Option<Text> {
    let opens = purpose == Purpose::P11 && policy.allows(kind, purpose) && policy.emergency(kind).has(category);
    opens.then(|| {
        Text::new("T3.BG: 緊急閲覧の間は開きます(4時間以内)。", "T3.BG: opens during break-glass, 4 hours at most.")
    })
}

const fn cell_words(cell: Cell) -> (&'static str, &'static str) {
    match cell {
        Cell::Task => (
            "法定事務・委託。関係がある間は同意によらず開き、異議は担当者に示します。",
            "statutory task or delegated processing: open while the relation exists; an objection is shown to the officer.",
        ),
        Cell::Default => {
            ("関係がある間は開き、異議で閉じます。", "open while the relation exists; an objection closes it.")
        }
        Cell::General => (
            "関係がある間は概括した形で開き、同意があれば全部開きます。",
            "the general form while the relation exists, all of it with consent.",
        ),
        Cell::Consent => ("同意で開きます。", "consent opens it."),
        Cell::ConsentOrGround => ("同意または法的根拠で開きます。", "consent or a ground opens it."),
        Cell::Ground => ("法的根拠だけが開きます。同意では開きません。", "only a ground opens it; consent does not."),
        Cell::Never => ("義務と緊急閲覧のほかは決して開きません。", "never opened but by a duty or break-glass."),
    }
}

const fn condition_words(condition: Condition, when: bool) -> (&'static str, &'static str) {
    match (condition, when) {
        (Condition::Commissioned, true) => ("委託した健診等の結果なら", "if it is a result of commissioned work"),
        (Condition::Commissioned, false) => {
            ("委託した健診等の結果でなければ", "unless it is a result of commissioned work")
        }
        (Condition::ChildWelfareRole, true) => ("児童福祉の担当者なら", "if the officer has the child-welfare role"),
        (Condition::ChildWelfareRole, false) => {
            ("児童福祉の担当者でなければ", "unless the officer has the child-welfare role")
        }
        (Condition::Outreach, true) => ("訪問型の支援なら", "if the assigned service comes to the home"),
        (Condition::Outreach, false) => ("訪問型の支援でなければ", "unless the assigned service comes to the home"),
        (Condition::Party, true) => ("紹介の当事者なら", "if the recipient is party to the referral"),
        (Condition::Party, false) => ("紹介の当事者でなければ", "unless the recipient is party to the referral"),
        (Condition::OwnReport, true) => ("自らの報告なら", "if it is the recipient's own report"),
        (Condition::OwnReport, false) => ("自らの報告でなければ", "unless it is the recipient's own report"),
    }
}

/// One difference between two policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `matrix OSC/P3 C05`, `ground L04 mask`, `emergency MED`, …
    pub place: String,
    /// What the old one says.
    pub old: String,
    /// What the new one says.
    pub new: String,
    /// It may open something that was shut: two signatures are needed (`security.md` S-43). In doubt, true.
    pub opens: bool,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.opens { "  (opens / 緩和)" } else { "" };
        write!(f, "{}: {} -> {}{mark}", self.place, self.old, self.new)
    }
}

/// Every difference between two policies that can change a decision.
pub fn diff(old: &Policy, new: &Policy) -> Vec<Change> {
    let mut changes = Vec::new();
    for kind in AgencyKind::ALL {
        for purpose in Purpose::ALL {
            changes.extend(cell_changes(old, new, *kind, *purpose));
        }
        let (was, is) = (old.emergency(*kind), new.emergency(*kind));
        let opens = !is.minus(was).is_empty();
        changes.extend(change(format!("emergency {kind}"), &Set(was), &Set(is), opens));
    }
    for ground in new.grounds() {
        let Some(was) = old.ground(ground.code) else { continue };
        let place = |what: &str| format!("ground {} {what}", ground.code);
        let wider = !ground.mask.minus(was.mask).is_empty();
        changes.extend(change(place("mask"), &Set(was.mask), &Set(ground.mask), wider));
        let opens = !was.explicit.minus(ground.explicit).is_empty();
        changes.extend(change(place("explicit"), &Set(was.explicit), &Set(ground.explicit), opens));
        let more = ground.recipients.iter().any(|kind| !was.recipients.contains(kind));
        changes.extend(change(place("recipients"), &Debugged(&was.recipients), &Debugged(&ground.recipients), more));
        changes.extend(change(place("members"), &was.members, &ground.members, !ground.members));
        changes.extend(change(place("nature"), &was.nature, &ground.nature, true));
        let longer = ground.days_max.is_none_or(|days| was.days_max.is_some_and(|was| days > was));
        changes.extend(change(place("days_max"), &Debugged(&was.days_max), &Debugged(&ground.days_max), longer));
        let fewer = was.evidence.iter().any(|name| !ground.evidence.contains(name));
        changes.extend(change(place("evidence"), &Debugged(&was.evidence), &Debugged(&ground.evidence), fewer));
        changes.extend(change(place("versions"), &Debugged(&was.versions), &Debugged(&ground.versions), true));
    }
    let fewer = !old.must_be_named.minus(new.must_be_named).is_empty();
    changes.extend(change("must_be_named".into(), &Set(old.must_be_named), &Set(new.must_be_named), fewer));
    changes.extend(change("own_pregnancy".into(), &Set(old.own_pregnancy), &Set(new.own_pregnancy), true));
    changes.extend(change("no_basis_days".into(), &old.no_basis_days(), &new.no_basis_days(), false));
    changes.extend(change("capacity".into(), &Debugged(old.capacities()), &Debugged(new.capacities()), true));
    changes.extend(note_changes(old, new));
    changes
}

/// Notes that went and notes that came; a note that was changed is one of each.
fn note_changes(old: &Policy, new: &Policy) -> Vec<Change> {
    let (was, is) = (&old.adjustments, &new.adjustments);
    let opens = was != is && notes_open(old, new);
    let gone = was.iter().filter(|note| !is.contains(note)).map(|note| (note, note_words(note), "none".to_owned()));
    let come = is.iter().filter(|note| !was.contains(note)).map(|note| (note, "none".to_owned(), note_words(note)));
    let told = gone.chain(come);
    let mut changes: Vec<Change> =
        told.map(|(note, old, new)| Change { place: format!("note {}", note.label), old, new, opens }).collect();
    if changes.is_empty() && was != is {
        let order = |notes: &[Adjustment]| notes.iter().map(|note| note.label.as_str()).collect::<Vec<_>>().join(", ");
        changes.push(Change { place: "order of notes".to_owned(), old: order(was), new: order(is), opens });
    }
    changes
}

/// Is there a cell that the new notes open further than the old ones, from what stands in the old matrix?
fn notes_open(old: &Policy, new: &Policy) -> bool {
    let pairs = columns(old).flat_map(|pair| Category::ALL.iter().map(move |category| (pair, *category)));
    pairs.into_iter().any(|((kind, purpose), category)| {
        let stands = old.cell(kind, purpose, category).unwrap_or(Cell::Never);
        (0..1_u32 << Condition::ALL.len()).any(|bits| {
            let under = |notes: &[Adjustment]| {
                let concerned = notes.iter().filter(|note| {
                    let holds = bits & (1 << note.condition as u32) != 0;
                    note.concerns(kind, purpose) && note.categories.has(category) && note.when == holds
                });
                let to =
                    |cell, note: &Adjustment| if note.from.is_none_or(|from| from == cell) { note.to } else { cell };
                concerned.fold(stands, to)
            };
            opens(Some(under(&old.adjustments)), Some(under(&new.adjustments)))
        })
    })
}

fn note_words(note: &Adjustment) -> String {
    let list = |of: Vec<&str>| if of.is_empty() { "all".to_owned() } else { of.join(" ") };
    let kinds = list(note.recipients.iter().map(|kind| kind.word()).collect());
    let purposes = list(note.purposes.iter().map(|purpose| purpose.word()).collect());
    let from = note.from.map_or("any", Cell::word);
    let when = if note.when { "when" } else { "unless" };
    format!("{kinds}/{purposes} {} {from} to {} {when} {}", Set(note.categories), note.to, note.condition)
}

fn cell_changes(old: &Policy, new: &Policy, kind: AgencyKind, purpose: Purpose) -> Vec<Change> {
    let word = |cell: Option<Cell>| cell.map_or("not allowed", Cell::word);
    let one = |category: &Category| {
        let (was, is) = (old.cell(kind, purpose, *category), new.cell(kind, purpose, *category));
        let place = format!("matrix {kind}/{purpose} {category}");
        change(place, &word(was), &word(is), opens(was, is))
    };
    Category::ALL.iter().filter_map(one).collect()
}

/// May the change of a cell show somebody something more?
fn opens(was: Option<Cell>, is: Option<Cell>) -> bool {
    // What each cell lets through: a task, a default, its general form, a permit, a ground.
    let lets = |cell: Option<Cell>| match cell {
        None => 0_u8,
        Some(Cell::Never) => 0b00_0001,
        Some(Cell::Task) => 0b10_1111,
        Some(Cell::Default) => 0b00_1111,
        Some(Cell::General) => 0b00_1011,
        Some(Cell::Consent) => 0b00_0011,
        Some(Cell::ConsentOrGround) => 0b01_0011,
        Some(Cell::Ground) => 0b01_0001,
    };
    lets(is) & !lets(was) != 0
}

fn change(place: String, old: &dyn fmt::Display, new: &dyn fmt::Display, opens: bool) -> Option<Change> {
    let (old, new) = (old.to_string(), new.to_string());
    (old != new).then_some(Change { place, old, new, opens })
}

pub(super) struct Set(pub(super) crate::agency::CategorySet);

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(Category::word).collect();
        f.write_str(if words.is_empty() { "none" } else { "" })?;
        f.write_str(&words.join(" "))
    }
}

struct Debugged<T>(T);

impl<T: fmt::Debug> fmt::Display for Debugged<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

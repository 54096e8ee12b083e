//! What a release row says of itself, sealed beside it: what a statement and an explanation are made from. What is said of many
//! entries alike is said once, or a family with a long record would leave its length again with each look at it.

use super::footing::Footing;
use musubi_core::agency::{Actor, Category, CategorySet, Purpose};
use musubi_core::consent::Outcome;
use musubi_core::id::PersonId;
use musubi_core::release::{Shown, Withheld};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Masks, rules and bases of a release.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseDetail {
    /// All purposes that it served.
    pub purposes: Vec<Purpose>,
    /// Who acted.
    pub actor: Option<Actor>,
    /// The ground that was cited.
    #[serde(default)]
    pub cited: Option<Uuid>,
    /// SHA-256 of the facts that the decision could read, in hexadecimal.
    #[serde(default)]
    pub facts_hash: String,
    /// What it was taken from.
    #[serde(default)]
    pub footing: Footing,
    /// What was shown.
    pub items: Vec<ReleasedItem>,
    /// What was not, of the same persons. Never for the recipient.
    #[serde(default)]
    pub withheld: Vec<WithheldItem>,
}

/// What was shown of some entries.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasedItem {
    /// The entries.
    #[serde(alias = "entry", deserialize_with = "one_or_more")]
    pub entries: Vec<Uuid>,
    /// Whose they are.
    pub persons: Vec<PersonId>,
    /// Categories shown whole.
    pub full: CategorySet,
    /// Categories shown in their general form.
    pub general: CategorySet,
    /// Rule of each category.
    pub rules: Vec<String>,
    /// Cell of each category, and the facts that counted.
    #[serde(default)]
    pub bases: Vec<String>,
    /// Consents and grounds.
    pub evidence: Vec<Uuid>,
}

/// What was not shown of some entries.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithheldItem {
    /// The entries.
    #[serde(alias = "entry", deserialize_with = "one_or_more")]
    pub entries: Vec<Uuid>,
    /// The category.
    pub category: Category,
    /// Held or denied.
    pub outcome: Outcome,
    /// The rule that decided.
    pub rule: String,
    /// The cell, and the facts that counted.
    #[serde(default)]
    pub basis: String,
    /// Objections, shields and other records that it rests on.
    pub evidence: Vec<Uuid>,
}

impl ReleasedItem {
    pub(super) fn of(shown: &[Shown]) -> Vec<Self> {
        let of_alike = |(first, entries): (&Shown, Vec<&Shown>)| ReleasedItem {
            entries: entries.iter().map(|shown| shown.entry.0).collect(),
            persons: first.persons.clone(),
            full: first.full,
            general: first.general,
            rules: first.rules.iter().map(|(category, rule)| format!("{category} {rule}")).collect(),
            bases: first.bases.iter().map(|(category, basis)| format!("{category} {basis}")).collect(),
            evidence: first.evidence.iter().map(|(_, fact)| fact.0).collect::<BTreeSet<_>>().into_iter().collect(),
        };
        let same = |a: &Shown, b: &Shown| {
            (a.full, a.general) == (b.full, b.general)
                && a.persons == b.persons
                && a.rules == b.rules
                && a.bases == b.bases
                && a.evidence == b.evidence
        };
        alike(shown.iter(), same).into_iter().map(of_alike).collect()
    }
}

impl WithheldItem {
    pub(super) fn of<'a>(withheld: impl Iterator<Item = &'a Withheld>) -> Vec<Self> {
        let of_alike = |(first, entries): (&Withheld, Vec<&Withheld>)| WithheldItem {
            entries: entries.iter().map(|held| held.entry.0).collect(),
            category: first.category,
            outcome: first.outcome,
            rule: first.rule.to_string(),
            basis: first.basis.to_string(),
            evidence: first.evidence.iter().map(|fact| fact.0).collect(),
        };
        let same = |a: &Withheld, b: &Withheld| {
            (a.category, a.outcome) == (b.category, b.outcome)
                && a.rule == b.rule
                && a.basis == b.basis
                && a.evidence == b.evidence
        };
        alike(withheld, same).into_iter().map(of_alike).collect()
    }
}

/// Gathers what is alike, in the order of what came first.
fn alike<'a, T>(all: impl Iterator<Item = &'a T>, same: impl Fn(&T, &T) -> bool) -> Vec<(&'a T, Vec<&'a T>)> {
    let mut groups: Vec<(&T, Vec<&T>)> = Vec::new();
    for one in all {
        match groups.iter_mut().find(|(first, _)| same(first, one)) {
            Some((_, of_them)) => of_them.push(one),
            None => groups.push((one, vec![one])),
        }
    }
    groups
}

/// Rows of before named one entry each.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Uuid>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Entries {
        One(Uuid),
        More(Vec<Uuid>),
    }
    Ok(match Entries::deserialize(from)? {
        Entries::One(entry) => vec![entry],
        Entries::More(entries) => entries,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn what_is_alike_stands_together_where_its_first_stood() {
        let groups = alike([1, 12, 3, 11, 2].iter(), |a: &i32, b: &i32| a / 10 == b / 10);
        assert_eq!(groups, [(&1, vec![&1, &3, &2]), (&12, vec![&12, &11])]);
    }

    #[test]
    fn a_row_of_before_that_names_one_entry_in_each_place_is_read() {
        let entry = Uuid::from_u128(7);
        let old = format!(
            r#"{{"purposes":[],"actor":null,"items":[{{"entry":"{entry}","persons":[],"full":[],"general":[],"rules":[],"evidence":[]}}],
                "withheld":[{{"entry":"{entry}","category":"C05","outcome":"DENY","rule":"R1","evidence":[]}}]}}"#
        );
        let detail: ReleaseDetail = serde_json::from_str(&old).unwrap();
        assert_eq!((&detail.items[0].entries, &detail.withheld[0].entries), (&vec![entry], &vec![entry]));
        let again: ReleaseDetail = serde_json::from_str(&serde_json::to_string(&detail).unwrap()).unwrap();
        assert_eq!(again.items[0].entries, [entry]);
    }
}

//! What one table of codes raises and another does not (`security.md` S-43): a code that raises less shows what it hid.

use super::{Match, RANGE_CHARACTERS, RaisedCodes, System};
use crate::agency::CategorySet;
use crate::consent::explain::{Change, Set};
use std::collections::BTreeSet;
use std::fmt;

impl RaisedCodes {
    /// Every difference that can change what an item needs to be seen. In doubt it opens.
    pub fn diff(&self, new: &RaisedCodes) -> Vec<Change> {
        let names: BTreeSet<&String> =
            self.systems.iter().chain(&new.systems).flat_map(|system| &system.names).collect();
        let (mut seen, mut changes) = (BTreeSet::new(), Vec::new());
        for name in names {
            let (was, is) = (self.index_of(name), new.index_of(name));
            // A system under several names is told once.
            if seen.insert((was, is)) {
                let of =
                    |table: &'_ RaisedCodes, index: Option<usize>| index.and_then(|at| table.systems.get(at).cloned());
                changes.extend(differences(name, of(self, was).as_ref(), of(new, is).as_ref()));
            }
        }
        changes
    }

    fn index_of(&self, name: &str) -> Option<usize> {
        self.systems.iter().position(|known| known.names.iter().any(|known| known == name))
    }
}

fn differences(name: &str, was: Option<&System>, is: Option<&System>) -> Vec<Change> {
    let mut changes = Vec::new();
    let both: Vec<&System> = was.into_iter().chain(is).collect();
    let raised = |system: Option<&System>, code: &str| system.and_then(|system| system.raised(code));
    for code in both.iter().flat_map(|system| system.codes.keys()).collect::<BTreeSet<_>>() {
        changes.extend(change(name, code, raised(was, code), raised(is, code)));
    }
    if both.iter().any(|system| !system.ranges.is_empty()) {
        changes.extend(runs(name, &|code| (raised(was, code), raised(is, code))));
    }
    let otherwise = |system: Option<&System>| system.and_then(|system| system.otherwise);
    changes.extend(change(name, "others", otherwise(was), otherwise(is)));
    let [Some(was), Some(is)] = [was, is] else { return changes };
    // How a code is looked up, and ranges of another form than ICD-10's, are not followed code by code.
    let followed = |system: &System| system.ranges.iter().all(|(from, to, _)| is_head(from) && is_head(to));
    if was.how != is.how || was.ranges != is.ranges && !(followed(was) && followed(is)) {
        let (old, new) =
            (format!("{} {} ranges", was.how, was.ranges.len()), format!("{} {} ranges", is.how, is.ranges.len()));
        changes.push(Change { place: format!("codes {name} match"), old, new, opens: true });
    }
    changes
}

/// What a code raises in the old table and in the new; nothing where it is unknown.
type Raised = (Option<CategorySet>, Option<CategorySet>);

/// The categories of ICD-10 that come out otherwise, those that do so alike and follow one another as one.
fn runs(name: &str, raised: &dyn Fn(&str) -> Raised) -> Vec<Change> {
    let heads = ('A'..='Z').flat_map(|letter| (0..100).map(move |number| format!("{letter}{number:02}")));
    let mut runs: Vec<(String, String, Raised)> = Vec::new();
    for head in heads {
        let out = raised(&head);
        match runs.last_mut() {
            Some((_, last, same)) if *same == out => *last = head,
            _ => runs.push((head.clone(), head, out)),
        }
    }
    let told = runs.into_iter().filter_map(|(from, to, (was, is))| {
        let code = if from == to { from } else { format!("{from}-{to}") };
        change(name, &code, was, is)
    });
    told.collect()
}

fn is_head(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|letter| letter.is_ascii_uppercase())
        && letters.clone().count() + 1 == RANGE_CHARACTERS
        && letters.all(|letter| letter.is_ascii_digit())
}

/// A code that is unknown is shut up most: its item gets C10 and the label V as well.
fn change(name: &str, code: &str, was: Option<CategorySet>, is: Option<CategorySet>) -> Option<Change> {
    let opens = match (was, is) {
        (None, Some(_)) => true,
        (Some(was), Some(is)) => !was.minus(is).is_empty(),
        (_, None) => false,
    };
    let words = |raised: Option<CategorySet>| raised.map_or_else(|| "unknown".to_owned(), |set| Set(set).to_string());
    (was != is).then(|| Change { place: format!("codes {name} {code}"), old: words(was), new: words(is), opens })
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Match::Exact => "exact",
            Match::Prefix => "prefix",
            Match::Contains => "contains",
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    const CODES: &str = include_str!("../../../../policy/codes.toml");

    /// What differs after a change of the reviewed file, each with whether it opens.
    fn after(what: &str, with: &str) -> Vec<(String, bool)> {
        assert!(CODES.contains(what), "{what}");
        let new = RaisedCodes::load(&CODES.replacen(what, with, 1)).unwrap();
        let said = RaisedCodes::reviewed().diff(&new).into_iter();
        said.map(|change| (format!("{}: {} -> {}", change.place, change.old, change.new), change.opens)).collect()
    }

    fn one(text: &str, opens: bool) -> Vec<(String, bool)> {
        vec![(text.to_owned(), opens)]
    }

    #[test]
    fn s43_a_code_that_raises_less_opens_and_one_that_raises_more_does_not() {
        assert!(RaisedCodes::reviewed().diff(&RaisedCodes::reviewed()).is_empty());
        let epds = "{ code = \"71354-5\", raises = [\"C08\"], label = \"EPDS\" }";
        let name = "codes 2.16.840.1.113883.6.1";
        assert_eq!(after(epds, &epds.replace("[\"C08\"]", "[]")), one(&format!("{name} 71354-5: C08 -> none"), true));
        let more = epds.replace("[\"C08\"]", "[\"C08\", \"C19\"]");
        assert_eq!(after(epds, &more), one(&format!("{name} 71354-5: C08 -> C08 C19"), false));
        assert_eq!(after(&format!("{epds},"), ""), one(&format!("{name} 71354-5: C08 -> unknown"), false));
    }

    #[test]
    fn s43_a_code_that_becomes_known_opens() {
        let height = "{ code = \"9N001\", raises = [], label = \"身長\" }";
        let known = format!("{height},\n  {{ code = \"9N999\", raises = [\"C08\"], label = \"x\" }}");
        let said = after(height, &known);
        assert!(said.len() == 1 && said[0].0.ends_with("9N999: unknown -> C08") && said[0].1, "{said:?}");
    }

    #[test]
    fn s43_a_range_is_followed_through_every_category_in_it() {
        let mind = "{ from = \"F00\", to = \"F99\", raises = [\"C08\"], label = \"精神及び行動の障害\" },";
        let said = after(mind, &mind.replace("F99", "F89"));
        assert!(said.len() == 1 && said[0].0.ends_with("F90-F99: C08 -> unknown") && !said[0].1, "{said:?}");
        let said = after(mind, &mind.replace("[\"C08\"]", "[]"));
        assert!(said.len() == 1 && said[0].0.ends_with("F00-F99: C08 -> none") && said[0].1, "{said:?}");
        // A listed code inside a range is looked at too.
        let syphilis = "  { code = \"O98.1\", raises = [\"C19\"], label = \"妊娠に合併する梅毒\" },\n";
        let said = after(syphilis, "");
        assert!(said.len() == 1 && said[0].0.ends_with("O981: C19 -> none") && said[0].1, "{said:?}");
    }

    #[test]
    fn s43_what_is_not_listed_and_how_it_is_looked_up_count_too() {
        let wards = "match = \"contains\"\notherwise = []";
        let said = after(wards, "match = \"contains\"");
        assert!(said.len() == 1 && said[0].0.ends_with("others: none -> unknown") && !said[0].1, "{said:?}");
        let said = after(wards, "match = \"exact\"\notherwise = []");
        assert!(said.iter().any(|(text, opens)| text.contains("match: contains 0 ranges") && *opens), "{said:?}");
        let part = "  { code = \"精神\", raises = [\"C08\"], label = \"精神科\" },\n";
        let said = after(part, "");
        assert!(said.len() == 1 && said[0].0.ends_with("精神: C08 -> none") && said[0].1, "{said:?}");
    }
}

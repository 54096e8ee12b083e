//! The reviewed files, and files that must not be taken.

use super::super::explain::diff;
use super::super::{Cell, GroundCode, Policy, PolicyFault, bits};
use super::people::policy;
use crate::agency::{AgencyKind, Category, Purpose};

const MATRIX: &str = include_str!("../../../../policy/matrix.toml");
const GROUNDS: &str = include_str!("../../../../policy/grounds.toml");
const MASKS: &str = include_str!("../../../../policy/masks.toml");

fn load(matrix: &str, grounds: &str, masks: &str) -> PolicyFault {
    Policy::load(matrix, grounds, masks).expect_err("a fault")
}

#[test]
fn the_matrix_is_the_table_of_the_specification() {
    // Section 5, one string for each column, C01 to C20.
    let rows = [
        ("OSC", "P3", "D! D! - D! CS CS D! CS D! D! D! - - - D! D! D! - C -"),
        ("OSC", "P4", "D! D! C D! CS CS D! CS D! D! D! C D! D! D! D! D! - C -"),
        ("MED", "P1", "D D C C C C C C C C C - S C C D C - C -"),
        ("MED", "P2", "D - - - - - - - - - - - - - - D C - - -"),
        ("PHO", "P1", "D D - D CS CS D CS D D D - S C D D D - C -"),
        ("CGC", "P5", "CS CS - CS CS CS CS CS CS CS CS CS S CS CS D CS - CS -"),
        ("PHO", "P6", "S S - S S S S S S S S S S S S D S - - -"),
        ("PRV", "P7", "D G - C C C C C C - C - S - G D - - - -"),
        ("PRV", "P8", "D! - D! - - - - - - - - G - - - - D! D! - -"),
        ("MUN", "P9", "CS CS - CS C C CS C CS C C C S CS C D - - C -"),
        ("OSC", "P9", "CS CS - CS C C CS C CS C C C S CS C D - - C -"),
        ("OSC", "P8", "D! - D! - - - - - - - - D! - - - - D! D! - -"),
        ("OSC", "P7", "- - - - - - - - - - - - - - - - D! - - -"),
        ("OSC", "P5", "- - - - - - - - - - - - - - - - - - - -"),
        ("MED", "P11", "- - - - - - - - - - - - - - - - - - - -"),
    ];
    for (kind, purpose, cells) in rows {
        let (kind, purpose): (AgencyKind, Purpose) = (kind.parse().unwrap(), purpose.parse().unwrap());
        let found: Vec<&str> = Category::ALL.iter().map(|c| policy().cell(kind, purpose, *c).unwrap().word()).collect();
        assert_eq!(found.join(" "), cells, "{kind}/{purpose}");
    }
    assert_eq!(bits::columns(policy()).count(), 24);
}

#[test]
fn nobody_is_allowed_the_operations() {
    for kind in AgencyKind::ALL {
        assert!(!policy().allows(*kind, Purpose::P10) && !policy().allows(*kind, Purpose::P12));
    }
    assert_eq!(policy().cell(AgencyKind::Prv, Purpose::P5, Category::C01), None);
}

#[test]
fn how_long_an_author_waits_for_a_basis_is_a_matter_of_policy() {
    assert_eq!(policy().no_basis_days(), 30);
    let with = |days: &str| MASKS.replace("no_basis_days = 30", days);
    let other = Policy::load(MATRIX, GROUNDS, &with("no_basis_days = 14")).unwrap();
    assert_eq!(other.no_basis_days(), 14);
    let said: Vec<String> = diff(policy(), &other).iter().map(ToString::to_string).collect();
    assert_eq!(said, ["no_basis_days: 30 -> 14"], "it opens nothing");
    assert_eq!(Policy::load(MATRIX, GROUNDS, &with("")).unwrap().no_basis_days(), 30, "a file from before it");
    assert!(matches!(load(MATRIX, GROUNDS, &with("no_basis_days = 0")), PolicyFault::Forbidden { .. }));
}

#[test]
fn the_hash_changes_with_any_of_the_three_files() {
    let one = Policy::load(MATRIX, GROUNDS, MASKS).unwrap().hash();
    assert_eq!(one, policy().hash());
    let more = |text: &str| format!("{text}\n# one more line\n");
    assert_ne!(Policy::load(&more(MATRIX), GROUNDS, MASKS).unwrap().hash(), one);
    assert_ne!(Policy::load(MATRIX, &more(GROUNDS), MASKS).unwrap().hash(), one);
    assert_ne!(Policy::load(MATRIX, GROUNDS, &more(MASKS)).unwrap().hash(), one);
}

#[test]
fn a_policy_with_a_gap_is_refused_and_the_place_is_named() {
    let without_cell = MATRIX.replacen("C07 = \"D!\"  # 産後の身体\n", "", 1);
    let missing = PolicyFault::Missing { file: "matrix.toml", place: "OSC/P3 C07".into() };
    assert_eq!(load(&without_cell, GROUNDS, MASKS), missing);
    let without_ground = GROUNDS.replacen("code = \"L13\"", "code = \"L12\"", 1);
    assert!(matches!(load(MATRIX, &without_ground, MASKS), PolicyFault::Twice { .. }));
    let unknown_ground = GROUNDS.replacen("code = \"L13\"", "code = \"L11\"", 1);
    assert!(matches!(load(MATRIX, &unknown_ground, MASKS), PolicyFault::Form { .. }));
    let unknown_cell = MATRIX.replacen("C07 = \"D!\"", "C07 = \"X\"", 1);
    assert!(matches!(load(&unknown_cell, GROUNDS, MASKS), PolicyFault::Form { .. }));
    let wider = MATRIX.replacen("MED = [\"P1\", ", "MED = [\"P1\", \"P3\", ", 1);
    assert!(matches!(load(&wider, GROUNDS, MASKS), PolicyFault::Missing { .. }));
    let operation = MATRIX.replacen("purpose = \"P3\"", "purpose = \"P10\"", 1);
    assert!(matches!(load(&operation, GROUNDS, MASKS), PolicyFault::Forbidden { .. }));
    let no_date = MATRIX.replacen("effective = \"2026-04-01\"", "effective = \"2026-13-01\"", 1);
    assert!(matches!(load(&no_date, GROUNDS, MASKS), PolicyFault::Dates { .. }));
    let stranger = format!("{MASKS}\nsurprise = 1\n");
    assert!(matches!(load(MATRIX, GROUNDS, &stranger), PolicyFault::Form { .. }));
    let no_kind = MASKS.replacen("recipient = \"MUN\"", "recipient = \"PRV\"", 1);
    assert!(matches!(load(MATRIX, GROUNDS, &no_kind), PolicyFault::Twice { .. }));
}

#[test]
fn no_ground_and_no_emergency_opens_the_notifier() {
    for ground in policy().grounds() {
        assert!(!ground.mask.has(Category::C20), "{}", ground.code);
        assert!(!ground.statute.is_empty() && !ground.label.is_empty() && !ground.versions.is_empty());
    }
    for kind in AgencyKind::ALL {
        assert!(!policy().emergency(*kind).has(Category::C20));
    }
    assert_eq!(policy().ground(GroundCode::L04).unwrap().days_max, Some(90));
    let never = bits::columns(policy()).all(|(k, p)| policy().cell(k, p, Category::C20) == Some(Cell::Never));
    assert!(never);
}

//! A third implementation, written from the text of `consent.md` sections 2, 4 and 5 and of `decision-facts.md`: JSON in,
//! `DECISION RULE` out. It shares no table, no type and no order of thought with the program.

use super::super::{DecisionFacts, decide};
use super::people::policy;
use musubi_proto::Dice;
use serde_json::{Map, Value, json};

/// Section 5, one line for each column, C01 to C20.
const MATRIX: [(&str, &str, &str); 24] = [
    ("OSC", "P3", "D! D! - D! CS CS D! CS D! D! D! - - - D! D! D! - C -"),
    ("OSC", "P4", "D! D! C D! CS CS D! CS D! D! D! C D! D! D! D! D! - C -"),
    ("OSC", "P5", "- - - - - - - - - - - - - - - - - - - -"),
    ("OSC", "P6", "S S - S S S S S S S S S S S S D S - - -"),
    ("OSC", "P7", "- - - - - - - - - - - - - - - - D! - - -"),
    ("OSC", "P8", "D! - D! - - - - - - - - D! - - - - D! D! - -"),
    ("OSC", "P9", "CS CS - CS C C CS C CS C C C S CS C D - - C -"),
    ("OSC", "P11", "- - - - - - - - - - - - - - - - - - - -"),
    ("MED", "P1", "D D C C C C C C C C C - S C C D C - C -"),
    ("MED", "P2", "D - - - - - - - - - - - - - - D C - - -"),
    ("MED", "P6", "S S - S S S S S S S S S S S S D S - - -"),
    ("MED", "P11", "- - - - - - - - - - - - - - - - - - - -"),
    ("PHO", "P1", "D D - D CS CS D CS D D D - S C D D D - C -"),
    ("PHO", "P6", "S S - S S S S S S S S S S S S D S - - -"),
    ("PHO", "P11", "- - - - - - - - - - - - - - - - - - - -"),
    ("CGC", "P5", "CS CS - CS CS CS CS CS CS CS CS CS S CS CS D CS - CS -"),
    ("CGC", "P6", "S S - S S S S S S S S S S S S D S - - -"),
    ("CGC", "P11", "- - - - - - - - - - - - - - - - - - - -"),
    ("PRV", "P6", "S S - S S S S S S S S S S S S D S - - -"),
    ("PRV", "P7", "D G - C C C C C C - C - S - G D - - - -"),
    ("PRV", "P8", "D! - D! - - - - - - - - G - - - - D! D! - -"),
    ("PRV", "P11", "- - - - - - - - - - - - - - - - - - - -"),
    ("MUN", "P9", "CS CS - CS C C CS C CS C C C S CS C D - - C -"),
    ("MUN", "P11", "- - - - - - - - - - - - - - - - - - - -"),
];

/// Recipients and mask of each ground that moves something; "member" needs a listed member of the council case.
const GROUNDS: [(&str, &str, &[u8]); 11] = [
    ("L01", "OSC CGC", &[1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]),
    ("L02", "OSC CGC", &[1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]),
    ("L03", "OSC", &[1, 2, 4, 5, 6, 7, 8, 9, 11, 13]),
    ("L04", "OSC CGC", &[1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19]),
    ("L05", "member", &[1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
    ("L06", "OSC CGC", &[1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17]),
    ("L07", "MUN OSC", &[1, 4, 7, 9]),
    ("L09", "OSC CGC MED PHO", &[1, 2, 4, 5, 6, 7, 8, 9, 11, 13]),
    ("L10", "OSC CGC MED PHO", &[1, 2, 4, 5, 6, 7, 8, 9, 11, 13]),
    ("L12", "OSC CGC PHO MUN", &[1, 2, 4, 5, 6, 7, 9, 10, 11, 13, 14, 15]),
    ("L13", "OSC CGC PHO MUN", &[1, 2, 4, 5, 6, 7, 9, 10, 11, 13, 14, 15]),
];
const DUTIES: [&str; 3] = ["L01", "L02", "L06"];

/// What break-glass shows.
const EMERGENCY: [(&str, &[u8]); 6] = [
    ("MED", &[1, 4, 5, 6, 7, 8, 9]),
    ("PHO", &[1, 2, 4, 5, 6, 7, 8, 9, 11]),
    ("OSC", &[1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]),
    ("CGC", &[1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]),
    ("PRV", &[1, 4, 5, 6, 7, 9]),
    ("MUN", &[1, 4, 5, 6, 7, 9]),
];

struct Question(Map<String, Value>);

impl Question {
    fn word(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// A flag that is false unless stated.
    fn is(&self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A flag that is true unless stated.
    fn is_still(&self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool).unwrap_or(true)
    }

    fn category(&self) -> u8 {
        self.word("category")[1..].parse().unwrap()
    }

    fn allowed_by_shield(&self) -> bool {
        let by_kind = match self.word("kind") {
            "CGC" => true,
            "OSC" => self.is_still("home"),
            _ => false,
        };
        self.0.get("shield_allowed").and_then(Value::as_bool).unwrap_or(by_kind)
    }

    /// The ground, when it reaches this recipient, subject and category.
    fn ground(&self) -> Option<&str> {
        let (code, recipients, mask) = GROUNDS.iter().find(|(code, ..)| *code == self.word("ground"))?;
        let received = match *recipients {
            "member" => self.is("council_member"),
            kinds => kinds.split(' ').any(|kind| kind == self.word("kind")),
        };
        let asserted = match self.0.get("asserted") {
            Some(list) => list.as_array().unwrap().contains(&json!(self.word("category"))),
            None => true,
        };
        let reaches = received && asserted && self.is_still("ground_covers") && mask.contains(&self.category());
        reaches.then_some(*code)
    }

    /// The cell with the notes. `None`: the kind may not name the purpose.
    fn cell(&self) -> Option<&str> {
        let (kind, purpose, category) = (self.word("kind"), self.word("purpose"), self.category());
        let (.., column) = MATRIX.iter().find(|(of, what_for, _)| *of == kind && *what_for == purpose)?;
        let mut cell = column.split(' ').nth(usize::from(category) - 1).unwrap();
        if kind == "OSC" && cell == "CS" && self.is("commissioned") {
            cell = "D!";
        }
        let no_role = kind == "OSC" && matches!(category, 13 | 14) && !self.is_still("child_welfare_role");
        let no_party = category == 16 && !self.is_still("party");
        // Who wrote a report was answered at T1; here it is another's.
        let anothers_report = kind == "PRV" && matches!(purpose, "P7" | "P8") && category == 17;
        if no_role || no_party || anothers_report {
            return Some("-");
        }
        let visits = kind == "PRV" && purpose == "P7" && category == 2 && self.is("outreach");
        Some(if visits { "D" } else { cell })
    }

    fn answer(&self) -> String {
        let category = self.category();
        if self.is("individual_number") {
            return "REFUSE T0.1".into();
        }
        if !self.is_still("active") {
            return "DENY T0.2".into();
        }
        let Some(cell) = self.cell() else { return "DENY T0.3".into() };
        if self.word("purpose") == "P6" && !self.is("council_member") {
            return "DENY T0.4".into();
        }
        if category == 20 && !self.is("author") {
            return "DENY T0.5".into();
        }
        if category == 20 {
            return "PERMIT T1.author".into();
        }
        if self.is("sealed") && !self.is("seal_allowed") {
            return "DENY T0.6".into();
        }
        let tells_where = category == 2 || category == 14 || self.is("whereabouts");
        if tells_where && self.is("linked_to_perpetrator") {
            return "DENY T0.7".into();
        }
        if self.is("author") {
            return "PERMIT T1.author".into();
        }
        if tells_where && self.is("shield") && !self.allowed_by_shield() {
            return "DENY T0.8".into();
        }
        let ground = self.ground();
        if let Some(code) = ground.filter(|code| DUTIES.contains(code)) {
            return format!("PERMIT T2.{code}");
        }
        let (_, mask) = EMERGENCY.iter().find(|(kind, _)| *kind == self.word("kind")).unwrap();
        if self.word("purpose") == "P11" && self.is("break_glass") && mask.contains(&category) {
            return "PERMIT T3.BG".into();
        }
        match cell {
            "-" => "DENY T4.ceiling".into(),
            "D!" if self.is_still("relation") && self.is("objection") => "PERMIT T6.task+objection-notice".into(),
            "D!" if self.is_still("relation") => "PERMIT T6.task".into(),
            _ => self.below(cell, ground.filter(|code| !DUTIES.contains(code) && matches!(cell, "CS" | "S"))),
        }
    }

    /// A ground of the holder, consent and default, with what stops them.
    fn below(&self, cell: &str, ground: Option<&str>) -> String {
        let (label, objection) = (self.0.get("label").map_or("N", |_| self.word("label")), self.is("objection"));
        let originator = self.0.get("originator").map_or("none", |_| self.word("originator"));
        if let Some(code) = ground {
            if self.is("proviso_harm") {
                return "HOLD T5.proviso".into();
            }
            let ordinary = !objection && label != "V" && self.category() != 19 && originator == "none";
            if self.is("approved") || self.is("standing") && ordinary {
                return format!("PERMIT T5.{code}");
            }
        }
        let must_be_named = label == "V" || [8, 12, 13, 14, 19, 20].contains(&self.category());
        let consent = cell != "S"
            && self.is("permit")
            && !self.is("withdrawn")
            && !self.is("expired")
            && (self.is_still("permit_names_category") || !must_be_named);
        let usual = matches!(cell, "D" | "G") && self.is_still("relation") && label == "N";
        let waits = |otherwise: &str| if ground.is_some() { "HOLD T5.approval".into() } else { otherwise.to_owned() };
        if !consent && !usual {
            return waits(if objection { "DENY T7.objection" } else { "DENY T11.default-deny" });
        }
        match (objection, originator) {
            (true, _) if self.is("objector_conflict") => waits("HOLD T7.conflict"),
            (true, _) => waits("DENY T7.objection"),
            (false, "ask") => "HOLD T8.originator".into(),
            (false, "no") => waits("DENY T8.originator"),
            _ if consent => "PERMIT T9.consent".into(),
            _ if cell == "G" => "PERMIT-G T10.default".into(),
            _ => "PERMIT T10.default".into(),
        }
    }
}

const FLAGS: [&str; 23] = [
    "council_member",
    "author",
    "sealed",
    "seal_allowed",
    "linked_to_perpetrator",
    "whereabouts",
    "shield",
    "approved",
    "standing",
    "proviso_harm",
    "break_glass",
    "commissioned",
    "outreach",
    "objection",
    "objector_conflict",
    "permit",
    "withdrawn",
    "expired",
    "shield_allowed",
    "home",
    "ground_covers",
    "permit_names_category",
    "party",
];
/// Flags that usually are as they are without the key.
const RARE: [&str; 4] = ["individual_number", "active", "child_welfare_role", "relation"];
const KINDS: [&str; 6] = ["OSC", "MED", "PHO", "CGC", "PRV", "MUN"];

/// A random object: each key is absent, at its default or not, and the gates are rare enough to reach what lies below.
fn random(dice: &mut Dice) -> Map<String, Value> {
    let one = |dice: &mut Dice, of: &[&str]| of[dice.below(of.len() as u64) as usize].to_owned();
    let allowed = &MATRIX[dice.below(24) as usize];
    let (kind, purpose) = if dice.below(12) > 0 {
        (allowed.0.to_owned(), allowed.1.to_owned())
    } else {
        (one(dice, &KINDS), format!("P{}", 1 + dice.below(12)))
    };
    let mut facts = Map::new();
    facts.insert("kind".into(), kind.into());
    facts.insert("purpose".into(), purpose.into());
    facts.insert("category".into(), format!("C{:02}", 1 + dice.below(20)).into());
    for (at, flag) in FLAGS.iter().enumerate() {
        if dice.below(2) == 0 {
            let bars = (1..7).contains(&at) || (16..18).contains(&at);
            facts.insert((*flag).into(), (dice.below(if bars { 5 } else { 2 }) == 0).into());
        }
    }
    for flag in RARE {
        if dice.below(6) == 0 {
            facts.insert(flag.into(), dice.coin().into());
        }
    }
    if dice.below(3) > 0 {
        let codes =
            ["L01", "L02", "L03", "L04", "L05", "L06", "L07", "L08", "L09", "L10", "L12", "L13", "L14"].as_slice();
        facts.insert("ground".into(), one(dice, codes).into());
    }
    if dice.below(3) == 0 {
        let listed = (1..=20).filter(|_| dice.below(3) > 0).map(|n| format!("C{n:02}"));
        facts.insert("asserted".into(), listed.collect::<Vec<_>>().into());
    }
    for (key, words) in [("label", ["N", "R", "V"]), ("originator", ["none", "ask", "no"])] {
        if dice.below(2) == 0 {
            facts.insert(key.into(), one(dice, &words).into());
        }
    }
    facts
}

/// How many random objects the test asks about.
const ASKED: u64 = 250_000;

#[test]
fn a_third_implementation_of_the_text_gives_the_same_decision_and_rule() {
    let mut dice = Dice::new(20_261_129);
    let mut answers = std::collections::BTreeMap::new();
    for at in 0..ASKED {
        let facts = random(&mut dice);
        let text = Value::Object(facts.clone()).to_string();
        let expected = Question(facts).answer();
        let decided = decide(policy(), &DecisionFacts::from_json(&text).unwrap()).to_string();
        assert_eq!(decided, expected, "object {at}: {text}");
        *answers.entry(expected).or_insert(0_u32) += 1;
    }
    // Each of the answers that there are was given, and by more than chance.
    assert_eq!(answers.len(), 34, "{answers:?}");
    assert!(answers.values().all(|times| *times > 20), "{answers:?}");
}

#[test]
fn the_third_implementation_gives_the_worked_decisions() {
    for line in include_str!("../cases/decisions.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let facts = case["facts"].as_object().unwrap().clone();
        assert_eq!(Question(facts).answer(), case["expected"].as_str().unwrap(), "{}", case["id"]);
    }
}

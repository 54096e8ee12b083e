//! The facts of one decision, as `decision-facts.md` writes them in JSON.

use super::words::{GroundCode, Label, Originator};
use crate::agency::{AgencyKind, Category, CategorySet, Purpose};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// What has been established about the recipient, the item and the subject, for one category of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionFacts {
    /// The recipient's kind.
    pub kind: AgencyKind,
    /// The recipient's purpose.
    pub purpose: Purpose,
    /// The category that is asked about.
    pub category: Category,
    /// The message contains an individual number (T0.1).
    pub individual_number: bool,
    /// The agency is neither revoked nor suspended (T0.2).
    pub active: bool,
    /// Listed on the council case at this moment (T0.4).
    pub council_member: bool,
    /// The recipient wrote this version (T1).
    pub author: bool,
    /// The record is sealed (T0.6).
    pub sealed: bool,
    /// The recipient is on the seal list.
    pub seal_allowed: bool,
    /// The recipient is linked to the perpetrator (T0.7).
    pub linked_to_perpetrator: bool,
    /// The item would reveal where the subject is.
    pub whereabouts: bool,
    /// An address shield is in force (T0.8).
    pub shield: bool,
    /// On the shield's allow-list; `None` leaves it to the kind (see [`DecisionFacts::allowed_by_shield`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shield_allowed: Option<bool>,
    /// The recipient is the subject's municipality of residence or stay.
    pub home: bool,
    /// The ground that is asserted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<GroundCode>,
    /// Its assertion covers every subject of the item.
    pub ground_covers: bool,
    /// The categories asserted under it.
    pub asserted: CategorySet,
    /// The source approved this request.
    pub approved: bool,
    /// A standing approval of the source exists.
    pub standing: bool,
    /// The source marked a risk of unjust harm under this ground.
    pub proviso_harm: bool,
    /// A live break-glass record exists.
    pub break_glass: bool,
    /// Result of work that the municipality commissioned.
    pub commissioned: bool,
    /// The assigned service comes to the home.
    pub outreach: bool,
    /// The staff role that C13 and C14 need in a one-stop center.
    pub child_welfare_role: bool,
    /// Party to the referral (C16).
    pub party: bool,
    /// The relation that the purpose needs exists (T6, T10).
    pub relation: bool,
    /// The source's sensitivity label.
    pub label: Label,
    /// An objection covers this.
    pub objection: bool,
    /// The objector stands in a conflict of interest.
    pub objector_conflict: bool,
    /// The source's restriction on onward release.
    pub originator: Originator,
    /// A permit covers recipient, purpose and category.
    pub permit: bool,
    /// It names the category instead of saying "all".
    pub permit_names_category: bool,
    /// That permit has been withdrawn.
    pub withdrawn: bool,
    /// That permit has expired.
    pub expired: bool,
    /// The recipient's own report, though another agency wrote this version. Not a key of the JSON form.
    #[serde(skip)]
    pub own_report: bool,
}

/// Why a JSON object is not the facts of a decision. Names the key, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsFault {
    /// Not a JSON object.
    #[error("JSON オブジェクトではありません。 / not a JSON object")]
    NotAnObject,
    /// A key that is not in the table.
    #[error("キー {0:?} は使えません。 / unknown key {0:?}")]
    UnknownKey(String),
    /// A key that stands there twice.
    #[error("キー {0:?} が重複しています。 / key {0:?} stands there twice")]
    Twice(&'static str),
    /// A key that must be there.
    #[error("キー {0:?} がありません。 / key {0:?} is missing")]
    Missing(&'static str),
    /// A value of another type.
    #[error("キー {0:?} の値の型が違います。 / key {0:?} has a value of another type")]
    WrongType(&'static str),
    /// Not one of the words.
    #[error("キー {0:?} の値は {1} のいずれかです。 / the value of key {0:?} is one of {1}")]
    NotOneOf(&'static str, &'static str),
}

/// Every key of the JSON form.
const KEYS: [&str; 34] = [
    "kind",
    "purpose",
    "category",
    "individual_number",
    "active",
    "council_member",
    "author",
    "sealed",
    "seal_allowed",
    "linked_to_perpetrator",
    "whereabouts",
    "shield",
    "shield_allowed",
    "home",
    "ground",
    "ground_covers",
    "asserted",
    "approved",
    "standing",
    "proviso_harm",
    "break_glass",
    "commissioned",
    "outreach",
    "child_welfare_role",
    "party",
    "relation",
    "label",
    "objection",
    "objector_conflict",
    "originator",
    "permit",
    "permit_names_category",
    "withdrawn",
    "expired",
];
/// How many of them, from the first, are required.
const REQUIRED: usize = 3;

/// An unknown key is shown up to this length.
const KEY_SHOWN_MAX: usize = 40;

impl DecisionFacts {
    /// Three keys that are required, all else at its default.
    pub const fn new(kind: AgencyKind, purpose: Purpose, category: Category) -> Self {
        DecisionFacts {
            kind,
            purpose,
            category,
            individual_number: false,
            active: true,
            council_member: false,
            author: false,
            sealed: false,
            seal_allowed: false,
            linked_to_perpetrator: false,
            whereabouts: false,
            shield: false,
            shield_allowed: None,
            home: true,
            ground: None,
            ground_covers: true,
            asserted: CategorySet::ALL,
            approved: false,
            standing: false,
            proviso_harm: false,
            break_glass: false,
            commissioned: false,
            outreach: false,
            child_welfare_role: true,
            party: true,
            relation: true,
            label: Label::N,
            objection: false,
            objector_conflict: false,
            originator: Originator::None,
            permit: false,
            permit_names_category: true,
            withdrawn: false,
            expired: false,
            own_report: false,
        }
    }

    /// Is the recipient on the shield's allow-list? Unless stated: child guidance centers by construction, the one-stop
    /// center of residence or stay, nobody else.
    pub const fn allowed_by_shield(&self) -> bool {
        match (self.shield_allowed, self.kind) {
            (Some(stated), _) => stated,
            (None, AgencyKind::Cgc) => true,
            (None, AgencyKind::Osc) => self.home,
            (None, _) => false,
        }
    }

    /// Reads one JSON object.
    ///
    /// # Errors
    /// See [`FactsFault`].
    pub fn from_json(text: &str) -> Result<Self, FactsFault> {
        let pairs: Pairs = serde_json::from_str(text).map_err(|_| FactsFault::NotAnObject)?;
        Self::from_pairs(pairs)
    }

    fn from_pairs(pairs: Pairs) -> Result<Self, FactsFault> {
        let mut facts = DecisionFacts::new(AgencyKind::Osc, Purpose::P12, Category::C20);
        let mut seen = 0_u64;
        for (key, value) in &pairs.0 {
            let known = KEYS.iter().enumerate().find(|(_, known)| *known == key);
            let Some((at, known)) = known else {
                return Err(FactsFault::UnknownKey(shown(key)));
            };
            if seen & (1 << at) != 0 {
                return Err(FactsFault::Twice(known));
            }
            seen |= 1 << at;
            facts.set(known, value).ok_or_else(|| wrong(known, value))?;
        }
        match KEYS.iter().take(REQUIRED).enumerate().find(|(at, _)| seen & (1 << at) == 0) {
            Some((_, missing)) => Err(FactsFault::Missing(missing)),
            None => Ok(facts),
        }
    }

    /// Sets one key; `None` when the value is not of its type.
    fn set(&mut self, key: &str, value: &Value) -> Option<()> {
        match key {
            "kind" => self.kind = word(value)?,
            "purpose" => self.purpose = word(value)?,
            "category" => self.category = word(value)?,
            "label" => self.label = word(value)?,
            "originator" => self.originator = word(value)?,
            "ground" => self.ground = Some(word(value).filter(|code| *code != GroundCode::L16)?),
            "asserted" => self.asserted = value.as_array()?.iter().map(word).collect::<Option<CategorySet>>()?,
            "shield_allowed" => self.shield_allowed = Some(value.as_bool()?),
            flag => *self.flag(flag)? = value.as_bool()?,
        }
        Some(())
    }

    fn flag(&mut self, key: &str) -> Option<&mut bool> {
        Some(match key {
            "individual_number" => &mut self.individual_number,
            "active" => &mut self.active,
            "council_member" => &mut self.council_member,
            "author" => &mut self.author,
            "sealed" => &mut self.sealed,
            "seal_allowed" => &mut self.seal_allowed,
            "linked_to_perpetrator" => &mut self.linked_to_perpetrator,
            "whereabouts" => &mut self.whereabouts,
            "shield" => &mut self.shield,
            "home" => &mut self.home,
            "ground_covers" => &mut self.ground_covers,
            "approved" => &mut self.approved,
            "standing" => &mut self.standing,
            "proviso_harm" => &mut self.proviso_harm,
            "break_glass" => &mut self.break_glass,
            "commissioned" => &mut self.commissioned,
            "outreach" => &mut self.outreach,
            "child_welfare_role" => &mut self.child_welfare_role,
            "party" => &mut self.party,
            "relation" => &mut self.relation,
            "objection" => &mut self.objection,
            "objector_conflict" => &mut self.objector_conflict,
            "permit" => &mut self.permit,
            "permit_names_category" => &mut self.permit_names_category,
            "withdrawn" => &mut self.withdrawn,
            "expired" => &mut self.expired,
            _ => return None,
        })
    }
}

/// An unknown key as it may be repeated: cut, and no digit of it, which might be an individual number's.
fn shown(key: &str) -> String {
    key.chars().take(KEY_SHOWN_MAX).map(|one| if one.is_numeric() { '#' } else { one }).collect()
}

/// What is wrong with a value that a key does not take.
fn wrong(key: &'static str, value: &Value) -> FactsFault {
    let words = match key {
        "kind" => "OSC MED PHO CGC PRV MUN",
        "purpose" => "P1…P12",
        "category" | "asserted" => "C01…C20",
        "label" => "N R V",
        "originator" => "none ask no",
        "ground" => "L01…L10 L12…L14",
        _ => return FactsFault::WrongType(key),
    };
    let strings = match value {
        Value::Array(members) => key == "asserted" && members.iter().all(Value::is_string),
        one => key != "asserted" && one.is_string(),
    };
    if strings { FactsFault::NotOneOf(key, words) } else { FactsFault::WrongType(key) }
}

fn word<T: FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}

impl<'de> Deserialize<'de> for DecisionFacts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DecisionFacts::from_pairs(Pairs::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// The pairs of an object as they stand there, so that a key that stands there twice is seen.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

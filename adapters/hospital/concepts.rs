//! Which observation a code means, and what values it can have (`formats/hospital.md` 2.11).

use super::hl7v2::types;
use crate::wording::codes::DELIVERY_METHOD;
use musubi_core::adapter::Profile;
use musubi_proto::v1 as proto;

/// An observation that Musubi knows by meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Concept {
    GestationalAge,
    BirthWeight,
    BirthLength,
    HeadCircumference,
    Apgar(u8),
    EpdsTotal,
    /// Item 1 to 10.
    EpdsItem(u8),
    /// A count of pregnancies or births.
    Count,
    BloodLoss,
    /// Known by its LOINC, without a rule of its own.
    Other,
}

/// A concept, the LOINC of it, and how it was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recognised {
    pub(super) concept: Concept,
    pub(super) loinc: String,
    pub(super) by_text: bool,
}

/// Codes that name items of the EPDS in a peer's code table: no national or LOINC code was verified, so the table says
/// `EPDS-1` to `EPDS-10` in the place of a LOINC.
fn epds_item(code: &str) -> Option<u8> {
    code.strip_prefix("EPDS-")?.parse().ok().filter(|item| (1..=10).contains(item))
}

fn by_loinc(loinc: &str) -> Option<Concept> {
    Some(match loinc {
        "11884-4" | "18185-9" | "11885-5" | "76516-4" => Concept::GestationalAge,
        "8339-4" => Concept::BirthWeight,
        "89269-5" | "8302-2" | "8306-3" => Concept::BirthLength,
        "9843-4" => Concept::HeadCircumference,
        "9272-6" => Concept::Apgar(1),
        "9274-2" => Concept::Apgar(5),
        "9271-8" => Concept::Apgar(10),
        "99046-5" | "71354-5" => Concept::EpdsTotal,
        "11640-0" | "11638-4" | "11636-8" | "11613-7" | "11614-5" => Concept::Count,
        "55103-6" => Concept::BloodLoss,
        "8665-2" | "11778-8" | "11779-6" | "11780-4" | "82810-3" | "56077-1" | "3137-7" => Concept::Other,
        other => Concept::EpdsItem(epds_item(other)?),
    })
}

/// The concept of a LOINC code, or of an item in a peer's code table.
pub(super) fn known(loinc: &str) -> Option<Recognised> {
    let concept = by_loinc(loinc)?;
    Some(Recognised { concept, loinc: loinc.to_owned(), by_text: false })
}

/// Names of the fields of a newborn, with the concept of each.
pub(super) const FIELDS_OF_NEWBORN: [(Concept, &str); 7] = [
    (Concept::GestationalAge, "gestation_days"),
    (Concept::BirthWeight, "birth_weight"),
    (Concept::BirthLength, "birth_length"),
    (Concept::HeadCircumference, "head_circumference"),
    (Concept::Apgar(1), "apgar_1"),
    (Concept::Apgar(5), "apgar_5"),
    (Concept::Apgar(10), "apgar_10"),
];

impl Concept {
    /// Fills the field of a newborn that holds it. `None` for a value that is impossible there, and where there is no such field.
    pub(super) fn fill(self, newborn: &mut proto::Newborn, value: proto::Quantity) -> Option<()> {
        let score = self.score_max().and_then(|most| whole(&value, most));
        match self {
            Concept::BirthWeight => newborn.birth_weight = Some(grams_of(&value)?),
            Concept::BirthLength => newborn.birth_length = Some(value),
            Concept::HeadCircumference => newborn.head_circumference = Some(value),
            Concept::GestationalAge => newborn.gestation_days = Some(days_of(&value)?),
            Concept::Apgar(1) => newborn.apgar_1 = Some(score?),
            Concept::Apgar(5) => newborn.apgar_5 = Some(score?),
            Concept::Apgar(_) => newborn.apgar_10 = Some(score?),
            _ => return None,
        }
        Some(())
    }

    /// The field of a newborn that holds it.
    pub(super) fn field_of_newborn(self) -> Option<&'static str> {
        FIELDS_OF_NEWBORN.iter().find(|(concept, _)| *concept == self).map(|(_, field)| *field)
    }
}

/// The concept of a code, in the system that the source names: LOINC, else the peer's code table.
pub(super) fn by_code(system: &str, code: &str, profile: &Profile) -> Option<Recognised> {
    if code.is_empty() {
        return None;
    }
    if types::is_loinc(system) && epds_item(code).is_none() {
        return known(code);
    }
    let local = profile.observation_codes.iter().find(|local| local.code == code && local.system == system)?;
    if local.loinc.starts_with(DELIVERY) {
        return None;
    }
    let other = || Recognised { concept: Concept::Other, loinc: local.loinc.clone(), by_text: false };
    Some(known(&local.loinc).unwrap_or_else(other))
}

/// What a line of a peer's table begins with that stands for a way of giving birth, and for no observation.
const DELIVERY: &str = "DELIVERY-";

/// The way of giving birth that a code of a peer's table stands for: there the line says `DELIVERY-caesarean` and the like in the
/// place of a LOINC.
pub(super) fn delivery_method(system: &str, code: &str, profile: &Profile) -> Option<&'static str> {
    let local = profile.observation_codes.iter().find(|local| local.code == code && local.system == system)?;
    let told = local.loinc.strip_prefix(DELIVERY)?;
    DELIVERY_METHOD.iter().find(|(method, _)| *method == told).map(|(method, _)| *method)
}

/// The concept of an exact display text; `sub_id` may tell the minute of an Apgar score.
pub(super) fn by_text(text: &str, sub_id: &str) -> Option<Recognised> {
    // Nearly every text is ASCII, and of those none but the EPDS has a name here.
    if text.is_ascii() && !text.trim_start().starts_with('E') {
        return None;
    }
    let text = types::compact(text);
    let (concept, loinc) = match &*text {
        "出生体重" => (Concept::BirthWeight, "8339-4"),
        "在胎週数" => (Concept::GestationalAge, "11884-4"),
        _ => epds_text(&text).or_else(|| apgar_text(&text, sub_id))?,
    };
    Some(Recognised { concept, loinc: loinc.to_owned(), by_text: true })
}

/// `EPDS` is the total; with the number of an item behind it, that item.
fn epds_text(text: &str) -> Option<(Concept, &'static str)> {
    let rest = ["EPDS", "エジンバラ産後うつ病自己評価票"].iter().find_map(|name| text.strip_prefix(name))?;
    let rest = rest.trim_start_matches(['(', '-', '_', ':', '・']).trim_end_matches([')', '点']);
    if matches!(rest, "" | "合計" | "総" | "総得" | "合計得" | "得" | "計") {
        return Some((Concept::EpdsTotal, "99046-5"));
    }
    let rest = ["項目", "設問", "質問", "問", "第", "Q", "item"]
        .iter()
        .fold(rest, |rest, word| rest.strip_prefix(word).unwrap_or(rest));
    let item = rest.trim_end_matches(['問', '項', '目']).parse::<u8>().ok().filter(|item| (1..=10).contains(item))?;
    Some((Concept::EpdsItem(item), ""))
}

/// `アプガースコア` with the minute in the text or in OBX-4.
fn apgar_text(text: &str, sub_id: &str) -> Option<(Concept, &'static str)> {
    let rest = text.strip_prefix("アプガースコア")?.trim_start_matches(['(', ':', '・']).trim_end_matches([')', '値']);
    let rest = rest.strip_suffix("後").unwrap_or(rest);
    let minute = rest.strip_suffix('分').unwrap_or(if rest.is_empty() { sub_id } else { rest });
    match minute {
        "1" => Some((Concept::Apgar(1), "9272-6")),
        "5" => Some((Concept::Apgar(5), "9274-2")),
        "10" => Some((Concept::Apgar(10), "9271-8")),
        _ => None,
    }
}

impl Concept {
    /// A value of the newborn, which is never attributed to the mother. A length may be anybody's height.
    pub(super) fn of_newborn_only(self) -> bool {
        matches!(self, Concept::BirthWeight | Concept::Apgar(_) | Concept::HeadCircumference)
    }

    /// Part of the newborn's own entry when the patient is a child.
    pub(super) fn of_newborn(self) -> bool {
        self.of_newborn_only() || matches!(self, Concept::BirthLength | Concept::GestationalAge)
    }

    /// Part of the EPDS.
    pub(super) fn of_epds(self) -> bool {
        matches!(self, Concept::EpdsTotal | Concept::EpdsItem(_))
    }

    /// Highest score that can be; a higher one is refused.
    pub(super) fn score_max(self) -> Option<i32> {
        match self {
            Concept::Apgar(_) => Some(10),
            Concept::EpdsTotal => Some(30),
            Concept::EpdsItem(_) => Some(3),
            _ => None,
        }
    }

    /// What is usual: outside a warning is given.
    pub(super) fn usual(self) -> Option<(f64, f64)> {
        match self {
            Concept::BirthWeight => Some((300.0, 6500.0)),
            Concept::BirthLength => Some((20.0, 65.0)),
            Concept::HeadCircumference => Some((15.0, 50.0)),
            Concept::Count => Some((0.0, 25.0)),
            Concept::BloodLoss => Some((0.0, 10_000.0)),
            _ => None,
        }
    }
}

/// Lightest and heaviest birth weight in grams that is not refused.
pub(super) const WEIGHT_HARD_GRAMS: (i64, i64) = (100, 9000);

/// Grams from a decimal text and its unit. Without a unit: below 20 it is kilograms, from 300 grams, else nobody knows.
pub(super) fn grams(value: &str, unit: &str) -> Option<i64> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    let milli = whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(thousandths.parse().ok()?)?;
    match unit {
        "kg" => Some(milli),
        "g" => Some(milli / 1000),
        "" if milli < 20_000 => Some(milli),
        "" if milli >= 300_000 => Some(milli / 1000),
        _ => None,
    }
}

/// A whole number from 0 to `most`.
pub(super) fn whole(value: &proto::Quantity, most: i32) -> Option<i32> {
    let digits = value.value.strip_suffix(".0").unwrap_or(&value.value);
    digits.parse::<i32>().ok().filter(|number| (0..=most).contains(number) && value.comparator.is_empty())
}

/// A birth weight in grams, if it is possible.
pub(super) fn grams_of(value: &proto::Quantity) -> Option<proto::Quantity> {
    let (least, most) = WEIGHT_HARD_GRAMS;
    let grams = grams(&value.value, &value.unit).filter(|grams| (least..=most).contains(grams))?;
    Some(proto::Quantity { value: grams.to_string(), unit: "g".to_owned(), comparator: String::new() })
}

/// Longest gestation in days that is not refused.
const GESTATION_DAYS_MAX: i32 = 50 * 7;

/// A gestational age in days, if it is possible; without the unit of days it is in weeks.
pub(super) fn days_of(value: &proto::Quantity) -> Option<i32> {
    let number = whole(value, GESTATION_DAYS_MAX)?;
    let days = if value.unit == "d" { number } else { number.checked_mul(7)? };
    (1..=GESTATION_DAYS_MAX).contains(&days).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_without_a_unit_is_told_by_its_size() {
        for (value, unit, expected) in [
            ("2486", "g", Some(2486)),
            ("2.486", "kg", Some(2486)),
            ("2.4867", "kg", Some(2486)),
            ("2.486", "", Some(2486)),
            ("19.999", "", Some(19_999)),
            ("300", "", Some(300)),
            ("20", "", None),
            ("299", "", None),
            ("5", "lb", None),
        ] {
            assert_eq!(grams(value, unit), expected, "{value} {unit}");
        }
    }

    #[test]
    fn display_texts_are_matched_exactly() {
        assert_eq!(epds_text("EPDS"), Some((Concept::EpdsTotal, "99046-5")));
        assert_eq!(epds_text("EPDS合計点"), Some((Concept::EpdsTotal, "99046-5")));
        for text in ["EPDS項目10", "EPDS-10", "EPDSQ10", "EPDS設問10", "EPDS第10問", "EPDS(10)"] {
            assert_eq!(epds_text(text), Some((Concept::EpdsItem(10), "")), "{text}");
        }
        for text in ["EPDS11", "EPDS実施日", "EPDS言語"] {
            assert_eq!(epds_text(text), None, "{text}");
        }
        assert_eq!(apgar_text("アプガースコア(5分)", ""), Some((Concept::Apgar(5), "9274-2")));
        assert_eq!(apgar_text("アプガースコア", "1"), Some((Concept::Apgar(1), "9272-6")));
        assert_eq!(apgar_text("アプガースコア", ""), None);
    }
}

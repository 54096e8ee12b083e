//! What a person can be found by: name with birth date. Stored only as keyed blind indexes (S-51).

use crate::japan::{kanji, names, text};
use musubi_proto::v1 as proto;
use proto::{NameRepresentation as Form, NameUse};

/// Index of kana name and birth date.
pub const KANA_AND_BIRTH: &str = "kana+birth";
/// Index of kanji name and birth date.
pub const KANJI_AND_BIRTH: &str = "kanji+birth";

/// The terms of one person's details. Provisional names find nobody (`formats/hospital.md` 2.12).
pub(super) fn terms(details: &proto::PersonDetails) -> Vec<(&'static str, String)> {
    let Some(birth) = details.birth_date.as_ref().and_then(whole_date) else { return Vec::new() };
    let usable = details.names.iter().filter(|n| n.r#use() != NameUse::Provisional && !names::is_provisional(&n.text));
    let terms = usable.filter_map(|name| match name.representation() {
        Form::Phonetic => Some(term(KANA_AND_BIRTH, &name.text, &birth)),
        Form::Ideographic | Form::Unspecified => Some(term(KANJI_AND_BIRTH, &name.text, &birth)),
        Form::Alphabetic => None,
    });
    terms.collect()
}

/// The terms of a question: a name in either script, and a birth date `YYYY-MM-DD`.
pub fn terms_of_question(name: &str, birth_date: &str) -> Vec<(&'static str, String)> {
    vec![term(KANA_AND_BIRTH, name, birth_date), term(KANJI_AND_BIRTH, name, birth_date)]
}

fn term(field: &'static str, name: &str, birth: &str) -> (&'static str, String) {
    let key = match field {
        KANA_AND_BIRTH => text::kana_loose(name),
        _ => kanji::narrow_key(name),
    };
    let key: String = key.chars().filter(|c| !c.is_whitespace()).collect();
    (field, format!("{key}\u{1f}{birth}"))
}

fn whole_date(date: &proto::Date) -> Option<String> {
    Some(format!("{:04}-{:02}-{:02}", date.year, date.month?, date.day?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_name_are_found_by_the_same_term() {
        let birth = "2004-02-20";
        let (new, old) = (terms_of_question("髙柳　沙耶", birth), terms_of_question("高柳 沙耶", birth));
        assert_eq!(new[1], old[1]);
        let (full, half) = (terms_of_question("タカヤナギ　サヤ", birth), terms_of_question("ﾀｶﾔﾅｷﾞ ｻﾔ", birth));
        assert_eq!(full[0], half[0]);
    }
}

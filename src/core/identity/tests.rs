use super::*;
use crate::id::PersonId;
use crate::japan::PartialDate;
use crate::japan::contact::Sex;
use jiff::civil::date;
use musubi_proto::v1 as proto;
use proptest::prelude::*;
use uuid::Uuid;

fn person(written: &str, kana: &str, birth: (i16, i8, i8), sex: Sex) -> Description {
    let names = |text: &str| if text.is_empty() { vec![] } else { vec![Name::new(text)] };
    Description {
        written: names(written),
        kana: names(kana),
        birth_date: Some(date(birth.0, birth.1, birth.2).into()),
        sex: Some(sex),
        ..Description::default()
    }
}

fn saya(family: &str) -> Description {
    person(&format!("{family}　沙耶"), "タカヤナギ　サヤ", (2004, 2, 20), Sex::Female)
}

fn mother(number: u128) -> Option<PersonId> {
    Some(PersonId(Uuid::from_u128(number)))
}

fn child(given: &str, kana: &str, order: Option<u8>) -> Description {
    let names = |text: &str| if text.is_empty() { vec![] } else { vec![Name::new(format!("槙野　{text}"))] };
    Description {
        mother: mother(1),
        birth_order: order,
        multiple_birth: order.map(|_| true),
        phones: vec!["0312345678".into()],
        addresses: vec!["桜木市1-2".into()],
        written: names(given),
        kana: names(kana),
        ..person("", "", (2026, 10, 19), Sex::Female)
    }
}

#[test]
fn a_name_that_lost_its_variant_is_the_same_person() {
    let result = compare(&saya("髙柳"), &saya("高柳"));
    assert_eq!((result.outcome, result.score, result.question()), (Match::Same, 14, None));
    for (one, other) in [("槙野　葵", "槇野　葵"), ("槙野　凜", "槇野　凛")] {
        let [one, other] = [one, other].map(|name| person(name, "マキノ　アオイ", (1990, 8, 3), Sex::Female));
        assert_eq!(compare(&one, &other).outcome, Match::Same);
    }
}

#[test]
fn kana_birth_date_and_sex_alone_are_a_suggestion() {
    let without_kanji = Description { written: vec![], ..saya("") };
    let result = compare(&saya("髙柳"), &without_kanji);
    assert_eq!((result.outcome, result.score), (Match::Review, 11));
    assert_eq!(result.question(), Some(Problem::PerhapsSamePerson));
}

#[test]
fn a_missing_field_counts_for_nothing() {
    let result = compare(&saya("髙柳"), &Description::default());
    assert_eq!((result.outcome, result.score, result.reasons), (Match::No, 0, vec![]));
}

#[test]
fn another_birth_date_is_another_person() {
    let other = Description { birth_date: Some(date(2001, 11, 3).into()), ..saya("髙柳") };
    assert_eq!(compare(&saya("髙柳"), &other).outcome, Match::No);
}

#[test]
fn one_wrong_digit_or_a_swap_leaves_the_birth_date_open() {
    for (one, other) in [(date(2004, 2, 20), date(2004, 2, 21)), (date(2004, 2, 3), date(2004, 3, 2))] {
        let [one, other] = [one, other].map(|day| Description { birth_date: Some(day.into()), ..saya("髙柳") });
        let result = compare(&one, &other);
        assert!(result.reasons.contains(&Reason::BirthDateNearly));
        assert_eq!((result.outcome, result.score), (Match::Review, 8));
    }
}

#[test]
fn a_partial_birth_date_agrees_with_nothing_but_may_contradict() {
    let partial = |year| PartialDate { year, month: Some(2), day: None };
    let known = saya("髙柳");
    let open = Description { birth_date: Some(partial(2004)), ..saya("髙柳") };
    assert_eq!(compare(&known, &open).score, 8);
    let wrong = Description { birth_date: Some(partial(2005)), ..saya("髙柳") };
    assert_eq!(compare(&known, &wrong).score, 0);
}

#[test]
fn a_changed_reading_is_an_update() {
    let one = person("山田　一", "ヤマダ　ハジメ", (2025, 6, 1), Sex::Male);
    let other = person("山田　一", "ヤマダ　カズ", (2025, 6, 1), Sex::Male);
    let result = compare(&one, &other);
    assert!(result.reasons.contains(&Reason::KanaChanged));
    assert_eq!((result.outcome, result.score), (Match::Review, 10));
}

#[test]
fn a_married_woman_stays_the_same_when_a_link_says_so() {
    let before = Description { phones: vec!["09012345678".into()], ..saya("髙柳") };
    let after = Description {
        phones: vec!["09012345678".into()],
        ..person("湊　沙耶", "ミナト　サヤ", (2004, 2, 20), Sex::Female)
    };
    let linked = compare(&before, &after);
    assert!(linked.reasons.contains(&Reason::FamilyNameChanged));
    assert_eq!((linked.outcome, linked.score), (Match::Review, 10));
    let unlinked = compare(&Description { phones: vec![], ..before.clone() }, &after);
    assert_eq!((unlinked.outcome, unlinked.score), (Match::No, 1));
    let former = Description { phones: vec![], former_families: vec!["高柳".into()], ..after };
    assert!(compare(&before, &former).reasons.contains(&Reason::FamilyNameChanged));
}

#[test]
fn twins_with_other_names_are_never_joined_by_themselves() {
    let result = compare(&child("凜", "リン", None), &child("蓮", "レン", None));
    assert!(result.vetoes.contains(&Veto::TwinNamesDiffer));
    assert_ne!(result.outcome, Match::Same);
    let result = compare(&child("凜", "リン", Some(1)), &child("凛", "リン", Some(2)));
    assert!(result.vetoes.contains(&Veto::BirthOrderDiffers));
    assert_eq!(result.question(), Some(Problem::PerhapsTwin));
}

#[test]
fn twins_that_nothing_tells_apart_are_held_at_any_score() {
    let result = compare(&child("", "", None), &child("", "", Some(2)));
    assert!(result.score >= SAME_FROM);
    assert_eq!((result.outcome, result.question()), (Match::Review, Some(Problem::PerhapsTwin)));
}

#[test]
fn a_twin_is_known_by_birth_order_or_given_name() {
    assert_eq!(compare(&child("", "", Some(2)), &child("", "", Some(2))).outcome, Match::Same);
    assert_eq!(compare(&child("凜", "リン", Some(2)), &child("凛", "リン", None)).outcome, Match::Same);
}

#[test]
fn an_unnamed_single_child_is_known_by_mother_and_birth_date() {
    let single = |child: Description| Description { multiple_birth: Some(false), ..child };
    assert_eq!(compare(&single(child("", "", None)), &child("凜", "リン", None)).outcome, Match::Same);
}

#[test]
fn siblings_of_other_birth_dates_are_two_children() {
    let older = Description { birth_date: Some(date(2025, 11, 30).into()), ..child("", "", None) };
    assert_eq!(compare(&older, &child("", "", None)).outcome, Match::No);
}

#[test]
fn a_veto_leaves_the_decision_to_someone() {
    let shielded = Description { shielded: true, ..saya("髙柳") };
    let result = compare(&saya("髙柳"), &shielded);
    assert_eq!((result.outcome, result.vetoes), (Match::Review, vec![Veto::Shielded]));
    let dead = Description { deceased_on: Some(date(2026, 1, 1)), ..saya("髙柳") };
    let alive = Description { event_on: Some(date(2026, 1, 2)), ..saya("髙柳") };
    assert_eq!(compare(&dead, &alive).vetoes, [Veto::DeceasedBefore]);
    let register = |sex| Description { sex: Some(sex), sex_from_register: true, ..saya("髙柳") };
    assert_eq!(compare(&register(Sex::Male), &register(Sex::Female)).vetoes, [Veto::SexDiffersInRegisters]);
}

#[test]
fn an_insurance_card_with_its_branch_names_a_person() {
    let card = |branch: Option<&str>| {
        Some(Insurance {
            insurer: "33120015".into(),
            symbol: "桜".into(),
            number: "１２".into(),
            branch: branch.map(str::to_owned),
        })
    };
    let person = |branch| Description { insurance: card(branch), written: vec![], kana: vec![], ..saya("") };
    assert_eq!(compare(&person(Some("01")), &person(Some("01"))).outcome, Match::Same);
    assert_eq!(compare(&person(Some("01")), &person(Some("02"))).outcome, Match::No);
    assert_eq!(compare(&person(None), &person(None)).outcome, Match::No);
}

fn details() -> proto::PersonDetails {
    let name = |representation: proto::NameRepresentation, text: &str| proto::HumanName {
        representation: representation.into(),
        text: text.into(),
        ..Default::default()
    };
    proto::PersonDetails {
        names: vec![
            name(proto::NameRepresentation::Ideographic, "髙柳　沙耶"),
            name(proto::NameRepresentation::Phonetic, "ﾀｶﾔﾅｷﾞ ｻﾔ"),
        ],
        birth_date: Some(proto::Date { year: 2004, month: Some(2), day: Some(20) }),
        sex: Some(proto::Sex::Female.into()),
        contacts: vec![proto::Contact { system: "mobile".into(), value: "090-1234-5678".into(), ..Default::default() }],
        addresses: vec![proto::Address { text: "桜木市霞が丘２丁目３番".into(), ..Default::default() }],
        ..Default::default()
    }
}

#[test]
fn what_an_agency_sent_is_compared_as_it_stands() {
    let described = Description::of(&details());
    assert_eq!(compare(&described, &saya("高柳")).outcome, Match::Same);
    assert_eq!(
        (described.phones, described.addresses),
        (vec!["09012345678".to_owned()], vec!["桜木市霞ケ丘2-3".to_owned()])
    );
}

#[test]
fn a_provisional_name_is_never_compared() {
    let mut provisional = details();
    for name in &mut provisional.names {
        name.set_use(proto::NameUse::Provisional);
    }
    let described = Description::of(&provisional);
    assert_eq!((described.written, described.kana), (vec![], vec![]));
}

#[test]
fn two_writings_of_a_person_share_search_terms_and_none_holds_an_address() {
    let mut other = details();
    other.names[0].text = "高柳 沙耶".into();
    other.names[1].text = "たかやなぎ　さや".into();
    let terms = search_terms(&details());
    assert_eq!(terms, search_terms(&other));
    assert!(terms.contains(&("kana_birth", "タカヤナギサヤ\u{1f}2004-02-20".into())));
    assert!(terms.contains(&("birth_sex", "2004-02-20\u{1f}2".into())));
    assert!(terms.contains(&("phone", "09012345678".into())));
    assert!(terms.iter().all(|(_, term)| !term.contains('市')));
    other.not_disclosed = Some(true);
    assert!(search_terms(&other).iter().all(|(field, _)| *field != "phone"));
    assert_eq!(search_terms(&proto::PersonDetails::default()), []);
}

prop_compose! {
    fn any_description()(
        written in "[高髙柳沙耶　]{0,6}", kana in "[タカサヤー　]{0,6}", year in 2024i16..2027, day in 1i8..28,
        order in proptest::option::of(1u8..3), mother_number in proptest::option::of(1u128..3),
        multiple in proptest::option::of(any::<bool>()), male in any::<bool>(), phone in any::<bool>(), shielded in any::<bool>(),
    ) -> Description {
        Description {
            birth_order: order,
            mother: mother_number.and_then(mother),
            multiple_birth: multiple,
            phones: if phone { vec!["0312345678".into()] } else { vec![] },
            shielded,
            ..person(&written, &kana, (year, 1, day), if male { Sex::Male } else { Sex::Female })
        }
    }
}

proptest! {
    #[test]
    fn the_order_of_the_two_does_not_matter(one in any_description(), other in any_description()) {
        prop_assert_eq!(compare(&one, &other), compare(&other, &one));
    }

    #[test]
    fn nothing_is_joined_against_a_veto(one in any_description(), other in any_description()) {
        let result = compare(&one, &other);
        prop_assert!(result.vetoes.is_empty() || result.outcome != Match::Same);
        prop_assert_eq!(result.question().is_some(), result.outcome == Match::Review);
    }

    #[test]
    fn no_text_stops_the_comparison(one in any::<String>(), other in any::<String>()) {
        let _ = compare(&person(&one, &other, (2026, 1, 1), Sex::Male), &person(&other, &one, (2026, 1, 1), Sex::Male));
    }
}

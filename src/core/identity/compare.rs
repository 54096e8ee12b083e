//! The rules of `formats/common_japan.md` 8.2 to 8.4, each a small function.

use super::{Description, Name, Reason, Veto};
use crate::japan::contact::Sex;
use crate::japan::{PartialDate, kanji, text};

/// How far two values agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Agreement {
    Differs,
    Nearly,
    Agrees,
}

/// Everything that agrees or differs.
pub(super) fn reasons(one: &Description, other: &Description) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let birth = birth_dates(one.birth_date, other.birth_date);
    reasons.extend(birth.map(|birth| match birth {
        Agreement::Agrees => Reason::BirthDateAgrees,
        Agreement::Nearly => Reason::BirthDateNearly,
        Agreement::Differs => Reason::BirthDateDiffers,
    }));
    reasons.extend(names(one, other, birth == Some(Agreement::Agrees)));
    reasons.extend(sexes(one, other).map(|same| if same { Reason::SexAgrees } else { Reason::SexDiffers }));
    reasons.extend(shared(&one.phones, &other.phones).then_some(Reason::PhoneAgrees));
    if shared(&one.addresses, &other.addresses) {
        reasons.push(Reason::AddressAgrees);
    } else if shared(&one.municipalities, &other.municipalities) {
        reasons.push(Reason::MunicipalityAgrees);
    }
    let mothers = one.mother.zip(other.mother).map(|(one, other)| one == other);
    reasons.extend(mothers.map(|same| if same { Reason::MotherAgrees } else { Reason::MotherDiffers }));
    let orders = one.birth_order.zip(other.birth_order).map(|(one, other)| one == other);
    reasons.extend(orders.map(|same| if same { Reason::BirthOrderAgrees } else { Reason::BirthOrderDiffers }));
    let insured = birth == Some(Agreement::Agrees) && same_insurance(one, other, true);
    reasons.extend(insured.then_some(Reason::InsuranceAgrees));
    reasons
}

/// Everything that forbids joining without someone who decides.
pub(super) fn vetoes(one: &Description, other: &Description) -> Vec<Veto> {
    let mut vetoes = Vec::new();
    let orders = one.birth_order.zip(other.birth_order).map(|(one, other)| one == other);
    if orders == Some(false) {
        vetoes.push(Veto::BirthOrderDiffers);
    }
    vetoes.extend(twins(one, other, orders == Some(true)));
    if died_before(one, other) || died_before(other, one) {
        vetoes.push(Veto::DeceasedBefore);
    }
    if one.shielded || other.shielded {
        vetoes.push(Veto::Shielded);
    }
    if one.sex_from_register && other.sex_from_register && sexes(one, other) == Some(false) {
        vetoes.push(Veto::SexDiffersInRegisters);
    }
    vetoes
}

/// 8.4: children of one mother and one day need a birth order or a given name that tells them apart.
fn twins(one: &Description, other: &Description, order_agrees: bool) -> Option<Veto> {
    let same_mother = one.mother.is_some() && one.mother == other.mother;
    let same_day = birth_dates(one.birth_date, other.birth_date) == Some(Agreement::Agrees);
    let known = [one, other].map(|child| child.multiple_birth.or(child.birth_order.map(|_| true)));
    let multiple = known.contains(&Some(true));
    let single = !multiple && known.contains(&Some(false));
    let given = given_names(one, other);
    if same_mother && same_day && given == Some(Agreement::Differs) {
        return Some(Veto::TwinNamesDiffer);
    }
    let suspected = same_day && (multiple || same_mother) && !single;
    let told = order_agrees || given.is_some_and(|given| given > Agreement::Differs);
    (suspected && !told).then_some(Veto::TwinsNotTold)
}

fn died_before(one: &Description, other: &Description) -> bool {
    one.deceased_on.zip(other.event_on).is_some_and(|(death, event)| death < event)
}

/// `None` when a part is unknown and nothing contradicts.
fn birth_dates(one: Option<PartialDate>, other: Option<PartialDate>) -> Option<Agreement> {
    let (one, other) = one.zip(other)?;
    let contradicts = |one: Option<u8>, other: Option<u8>| one.zip(other).is_some_and(|(one, other)| one != other);
    let (Some(first), Some(second)) = (one.day(), other.day()) else {
        let differs = one.year != other.year || contradicts(one.month, other.month) || contradicts(one.day, other.day);
        return differs.then_some(Agreement::Differs);
    };
    if first == second {
        return Some(Agreement::Agrees);
    }
    let digits = |date: PartialDate| date.to_string().into_bytes();
    let wrong = digits(one).iter().zip(digits(other)).filter(|(one, other)| **one != *other).count();
    let swapped = one.year == other.year && one.month == other.day && one.day == other.month;
    Some(if wrong == 1 || swapped { Agreement::Nearly } else { Agreement::Differs })
}

/// Same sex? `None` unless both are known to be male or female.
fn sexes(one: &Description, other: &Description) -> Option<bool> {
    let known = |sex: &Sex| matches!(sex, Sex::Male | Sex::Female);
    one.sex.filter(known).zip(other.sex.filter(known)).map(|(one, other)| one == other)
}

fn shared(one: &[String], other: &[String]) -> bool {
    one.iter().any(|value| !value.is_empty() && other.contains(value))
}

/// The same card. With `person` the branch must agree too.
fn same_insurance(one: &Description, other: &Description, person: bool) -> bool {
    one.insurance.as_ref().zip(other.insurance.as_ref()).is_some_and(|(one, other)| {
        let family = one.insurer == other.insurer
            && text::key(&one.symbol) == text::key(&other.symbol)
            && text::key(&one.number) == text::key(&other.number)
            && !one.number.is_empty();
        family && (!person || one.branch.is_some() && one.branch == other.branch)
    })
}

/// Kana and written names together, with the changes of reading (5.3) and of family name (8.2).
fn names(one: &Description, other: &Description, same_birth: bool) -> Vec<Reason> {
    let same_person_else = same_birth && sexes(one, other) == Some(true);
    let kana = best(&one.kana, &other.kana, |name| &name.text, kana_agreement);
    let written = best(&one.written, &other.written, |name| &name.text, written_agreement);
    let given = given_names(one, other);
    let given_kana = best(&given_of(&one.kana), &given_of(&other.kana), |given| given, kana_agreement);
    let given_written = best(&given_of(&one.written), &given_of(&other.written), |given| given, written_agreement);
    let disagreement = [kana, written].contains(&Some(Agreement::Differs));
    let family_only = given_kana > Some(Agreement::Differs) && given_written != Some(Agreement::Differs);
    let changed_family = disagreement && same_person_else && family_only && family_link(one, other);
    let changed_reading = same_person_else && kana == Some(Agreement::Differs) && written == Some(Agreement::Agrees);
    let kana = kana.and_then(|kana| match kana {
        Agreement::Agrees => Some(Reason::KanaAgrees),
        Agreement::Nearly => Some(Reason::KanaNearly),
        Agreement::Differs if changed_family => None,
        Agreement::Differs if changed_reading => Some(Reason::KanaChanged),
        Agreement::Differs => Some(Reason::KanaDiffers),
    });
    let written = written.and_then(|written| match written {
        Agreement::Agrees | Agreement::Nearly => Some(Reason::KanjiAgrees),
        Agreement::Differs if changed_family => None,
        Agreement::Differs if same_birth && given == Some(Agreement::Differs) => Some(Reason::GivenNameDiffers),
        Agreement::Differs => Some(Reason::KanjiDiffers),
    });
    [kana, written, changed_family.then_some(Reason::FamilyNameChanged)].into_iter().flatten().collect()
}

/// Do the given names agree? By their written form where both have one, else by kana; whole names where none is split.
fn given_names(one: &Description, other: &Description) -> Option<Agreement> {
    best(&given_of(&one.written), &given_of(&other.written), |given| given, written_agreement)
        .or_else(|| best(&given_of(&one.kana), &given_of(&other.kana), |given| given, kana_agreement))
        .or_else(|| best(&one.written, &other.written, |name| &name.text, written_agreement))
        .or_else(|| best(&one.kana, &other.kana, |name| &name.text, kana_agreement))
}

fn given_of(names: &[Name]) -> Vec<String> {
    names.iter().filter_map(|name| name.parts.as_ref()).map(|parts| parts.given.clone()).collect()
}

/// Something that explains another family name.
fn family_link(one: &Description, other: &Description) -> bool {
    former_family(one, other)
        || former_family(other, one)
        || one.children.iter().any(|child| other.children.contains(child))
        || shared(&one.phones, &other.phones)
        || same_insurance(one, other, false)
}

/// Is a family name of the one a former family name of the other?
fn former_family(one: &Description, other: &Description) -> bool {
    let families =
        one.written.iter().chain(&one.kana).filter_map(|name| name.parts.as_ref()).map(|parts| &parts.family);
    families.into_iter().any(|family| {
        other.former_families.iter().any(|former| {
            written_agreement(family, former) == Some(Agreement::Agrees)
                || kana_agreement(family, former) == Some(Agreement::Agrees)
        })
    })
}

/// The best agreement of any two; `None` when there is nothing to compare.
fn best<T>(
    one: &[T],
    other: &[T],
    text: impl Fn(&T) -> &str,
    agreement: impl Fn(&str, &str) -> Option<Agreement>,
) -> Option<Agreement> {
    one.iter()
        .flat_map(|first| other.iter().map(move |second| (first, second)))
        .filter_map(|(first, second)| agreement(text(first), text(second)))
        .max()
}

fn kana_agreement(one: &str, other: &str) -> Option<Agreement> {
    let strict = (text::kana_strict(one), text::kana_strict(other));
    if strict.0.is_empty() || strict.1.is_empty() {
        return None;
    }
    let loose = text::kana_loose(one) == text::kana_loose(other);
    Some(match strict.0 == strict.1 {
        true => Agreement::Agrees,
        false if loose => Agreement::Nearly,
        false => Agreement::Differs,
    })
}

fn written_agreement(one: &str, other: &str) -> Option<Agreement> {
    let keys = (kanji::narrow_key(one), kanji::narrow_key(other));
    let known = !keys.0.is_empty() && !keys.1.is_empty() && !one.contains('〓') && !other.contains('〓');
    known.then(|| if keys.0 == keys.1 { Agreement::Agrees } else { Agreement::Differs })
}

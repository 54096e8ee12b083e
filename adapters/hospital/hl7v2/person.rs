//! Who the patient is: PID, the link to the mother, relatives and insurance.

use super::super::{keys, raise};
use super::message::{Message, Segment};
use super::reader::{Patient, Reader};
use super::times::Stamp;
use super::types;
use musubi_core::adapter::{FieldPart, InsuredIn};
use musubi_core::japan::codes;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Label, NameRepresentation, Sex, SubjectRole};

/// Below this age a patient is a child here; the youngest mothers are older.
const CHILD_YEARS: i16 = 10;

/// Identifies the patient. `None` refuses the message, and the reason is noted.
pub(super) fn patient(reader: &mut Reader<'_>, pid: Segment<'_>) -> Option<Patient> {
    let field = reader.take(pid, 3, "person_details.identifiers");
    let identifiers: Vec<_> = field.repetitions().filter_map(|part| types::identifier(part, reader.profile)).collect();
    let usual = |id: &&types::Identifier| matches!(id.kind.as_str(), "PI" | "MR" | "PT" | "");
    let own = || identifiers.iter().filter(|id| id.own);
    let number = own().find(usual).or_else(|| identifiers.iter().find(usual));
    let Some(chosen) = number.or_else(|| own().next()).or_else(|| identifiers.first()) else {
        reader.error("H004", "PID-3", "患者IDが必要です。", "A patient identifier is required.");
        return None;
    };
    reader.must_be_readable(pid, 3, &chosen.value);
    let role = role(reader, pid);
    let subject = proto::Subject { role: role.into(), issuer: chosen.issuer.clone(), identifier: chosen.value.clone() };
    Some(Patient { subject, key: chosen.value.clone() })
}

fn role(reader: &Reader<'_>, pid: Segment<'_>) -> SubjectRole {
    let said =
        |name: &str, field: usize, code: &str| reader.message.first(name).is_some_and(|s| s.value(field) == code);
    let born = super::times::read(&pid.value(7)).ok().map(|read| read.0.earliest());
    let now = reader.header.sent_at.map_or(reader.profile.now, Stamp::earliest);
    let years = born.map(|born| now.japan().year() - born.japan().year());
    let female = !matches!(&*pid.value(8), "M");
    match years {
        Some(years) if years < CHILD_YEARS => SubjectRole::Child,
        None if names_mother(reader, pid) || said("PV2", 36, "Y") => SubjectRole::Child,
        Some(years) if years > 65 => SubjectRole::OtherPerson,
        _ if female => SubjectRole::Mother,
        _ => SubjectRole::OtherPerson,
    }
}

/// Does PID-21 name the mother? SS-MIX2 does not use the field: what stands there under its profile (MSH-21) is no link (2.10).
fn names_mother(reader: &Reader<'_>, pid: Segment<'_>) -> bool {
    !reader.header.ssmix2 && pid.field(21).says_something()
}

/// PID as `person_details`, PID-21 as `parent_child`.
pub(super) fn read(reader: &mut Reader<'_>, pid: Segment<'_>, patient: &Patient, event: Option<Stamp>) {
    let born = reader.stamp(pid, 7, "person_details.birth_date");
    if let (Some(born), Some(sent)) = (born, reader.header.sent_at)
        && born.certainly_after(sent)
    {
        reader.error("H006", "PID-7", "生年月日が送信日時より後です。", "The birth date is later than the message.");
    }
    if born.is_none() && pid.field(7).is_empty() {
        reader.warning("H008", "PID-7", "生年月日がありません。", "The birth date is missing.");
    }
    let (multiple_birth, birth_order) = birth_order(reader, pid);
    let identifiers = pid.field(3).repetitions().filter_map(|part| types::identifier(part, reader.profile));
    let identifiers =
        identifiers.map(|id| proto::Identifier { issuer: id.issuer, value: id.value, kind: id.kind }).collect();
    let deceased_at = reader.stamp(pid, 29, "person_details.deceased_at");
    let deceased = yes(reader, pid, 30, "person_details.deceased").or(deceased_at.map(|_| true));
    let details = proto::PersonDetails {
        identifiers,
        names: names(reader, pid),
        birth_date: born.map(Stamp::date),
        birth_time: born.filter(|born| born.hour.is_some()).map(Stamp::date_time),
        sex: sex(reader, pid),
        addresses: reader.take(pid, 11, "person_details.addresses").repetitions().filter_map(types::address).collect(),
        contacts: contacts(reader, pid, (13, 14), "person_details.contacts"),
        deceased,
        deceased_at: deceased_at.map(Stamp::date_time),
        not_disclosed: None,
        birth_order,
        multiple_birth,
        former_identifiers: former(reader, pid, patient),
    };
    let mut entry = reader.entry(patient, patient.key.clone(), "PID".to_owned(), event, Body::PersonDetails(details));
    let deleted = [
        (7, "birth_date"),
        (7, "birth_time"),
        (8, "sex"),
        (11, "addresses"),
        (13, "contacts"),
        (29, "deceased_at"),
        (30, "deceased"),
    ];
    reader.update(&mut entry, &deleted.map(|(field, name)| (pid, field, name)));
    if deceased == Some(true) {
        entry.label = Label::R.into();
    }
    reader.entries.push(entry);
    if patient.role() == SubjectRole::Child {
        mother(reader, pid, patient, event);
    }
}

/// MRG-1 of a merge: the sender's own identifiers that are retired in favour of this one.
fn former(reader: &mut Reader<'_>, pid: Segment<'_>, patient: &Patient) -> Vec<proto::Identifier> {
    let Some(mrg) = merged_into(reader.message, pid) else { return Vec::new() };
    let field = reader.take(mrg, 1, "person_details.former_identifiers");
    let read = field.repetitions().filter_map(|part| types::identifier(part, reader.profile));
    let other = |id: &types::Identifier| id.value != patient.subject.identifier || id.issuer != patient.subject.issuer;
    let read: Vec<_> = read.filter(other).collect();
    read.iter().for_each(|id| reader.must_be_readable(mrg, 1, &id.value));
    read.into_iter().map(|id| proto::Identifier { issuer: id.issuer, value: id.value, kind: id.kind }).collect()
}

/// The MRG of a PID: the one behind it, before the next PID.
fn merged_into<'m>(message: &'m Message<'m>, pid: Segment<'_>) -> Option<Segment<'m>> {
    let next = message.all("PID").map(|next| next.index()).find(|next| *next > pid.index());
    message.all("MRG").find(|mrg| mrg.index() > pid.index() && next.is_none_or(|next| mrg.index() < next))
}

/// A merge needs the identifier that is retired. A message may merge several (the group PATIENT repeats).
pub(super) fn merge(reader: &mut Reader<'_>, pid: Segment<'_>, occurred: Option<Stamp>) {
    let Some(patient) = patient(reader, pid) else { return };
    let before = reader.entries.len();
    read(reader, pid, &patient, occurred);
    if merged_into(reader.message, pid).is_none() {
        reader.error("H004", "MRG", "統合元の情報(MRG)が必要です。", "What is merged (MRG) is required.");
    } else if reader.entries.iter().skip(before).all(|entry| !names_former(entry)) {
        reader.error(
            "H004",
            "MRG-1",
            "統合元の患者ID(MRG-1)が必要です(統合先と異なるもの)。",
            "The retired identifier (MRG-1) is required, and must not be that of PID-3.",
        );
    }
}

fn names_former(entry: &proto::Entry) -> bool {
    matches!(&entry.body, Some(Body::PersonDetails(details)) if !details.former_identifiers.is_empty())
}

fn names(reader: &mut Reader<'_>, pid: Segment<'_>) -> Vec<proto::HumanName> {
    let field = reader.take(pid, 5, "person_details.names");
    let read: Vec<_> = field.repetitions().filter_map(types::name).collect();
    if read.is_empty() {
        reader.error("H004", "PID-5", "氏名が必要です。", "A name is required.");
    }
    read.iter().for_each(|(name, _)| reader.must_be_readable(pid, 5, &name.text));
    if read.iter().any(|(_, unsplit)| *unsplit) {
        reader.warning(
            "H008",
            "PID-5",
            "姓と名が分かれていません。分けずに読みました。",
            "The name is not split; it was kept whole.",
        );
    }
    if read.iter().any(|(name, _)| types::has_placeholder(&name.text)) {
        reader.warning(
            "H102",
            "PID-5",
            "氏名に外字または代替文字(■)があります。照合には使いません。",
            "The name holds a placeholder for a letter; it is never used for matching.",
        );
    }
    let has = |kind: NameRepresentation| read.iter().any(|(name, _)| name.representation() == kind);
    if has(NameRepresentation::Ideographic) != has(NameRepresentation::Phonetic) {
        reader.warning(
            "H008",
            "PID-5",
            "漢字またはカナの一方しかありません。",
            "The name comes in kanji or kana only.",
        );
    }
    read.into_iter().map(|(name, _)| name).collect()
}

fn sex(reader: &mut Reader<'_>, pid: Segment<'_>) -> Option<i32> {
    let field = reader.take(pid, 8, "person_details.sex");
    let sex = match &*field.component(1).text() {
        "" => return None,
        "M" => Sex::Male,
        "F" => Sex::Female,
        "O" | "A" | "N" => Sex::Other,
        "U" => Sex::Unknown,
        _ => {
            reader.warning(
                "H104",
                "PID-8",
                "性別のコードが表にありません。不明としました。",
                "This sex is not in the table; taken as unknown.",
            );
            Sex::Unknown
        }
    };
    Some(sex.into())
}

/// What reaches somebody at home and at work.
fn contacts(
    reader: &mut Reader<'_>,
    segment: Segment<'_>,
    (home, work): (usize, usize),
    path: &'static str,
) -> Vec<proto::Contact> {
    let home = reader.take(segment, home, path);
    let work = reader.take(segment, work, path);
    home.repetitions().chain(work.repetitions()).filter_map(types::contact).collect()
}

fn yes(reader: &mut Reader<'_>, segment: Segment<'_>, field: usize, path: &'static str) -> Option<bool> {
    match &*segment.value(field) {
        "Y" | "1" => {
            reader.mapped(segment, field, path);
            Some(true)
        }
        "N" | "0" => {
            reader.mapped(segment, field, path);
            Some(false)
        }
        _ => None,
    }
}

fn birth_order(reader: &mut Reader<'_>, pid: Segment<'_>) -> (Option<bool>, Option<i32>) {
    let multiple = yes(reader, pid, 24, "person_details.multiple_birth");
    let written = pid.value(25).parse::<i32>().ok();
    match (multiple, written) {
        (Some(true), Some(order @ 1..=9)) => {
            reader.mapped(pid, 25, "person_details.birth_order");
            (multiple, Some(order))
        }
        (_, Some(_)) => {
            reader.warning(
                "H008",
                "PID-25",
                "出生順位が多胎の記載(PID-24)と合わないため、原文のまま保管しました。",
                "The birth order does not fit PID-24; kept in the raw message only.",
            );
            (multiple, None)
        }
        (_, None) => (multiple, None),
    }
}

/// PID-21, or NK1-33 of the mother where the profile says that this sender writes her identifier there: the only links
/// between mother and child that this format may make. A name or an address never does.
fn mother(reader: &mut Reader<'_>, pid: Segment<'_>, child: &Patient, event: Option<Stamp>) {
    let message = reader.message;
    let nk1 = message.all("NK1").filter(|nk1| reader.profile.mother_in_nk1 && nk1.value(3) == "MTH");
    let own = Some((pid, 21)).filter(|_| names_mother(reader, pid));
    let sources = own.into_iter().chain(nk1.map(|nk1| (nk1, 33)));
    let found = sources.into_iter().find_map(|(segment, number)| {
        let field = segment.field(number);
        let read: Vec<_> = field.repetitions().filter_map(|part| types::identifier(part, reader.profile)).collect();
        let itself = |id: &types::Identifier| id.value == child.subject.identifier && id.issuer == child.subject.issuer;
        let mother = read.iter().find(|id| id.own).or_else(|| read.first()).filter(|id| !itself(id)).cloned();
        mother.map(|mother| (segment, number, mother))
    });
    let Some((segment, number, mother)) = found else {
        reader.warning(
            "H106",
            "PID-21",
            "母の患者IDがないため、児と母を結び付けていません。",
            "Without the mother's identifier the child was not linked to her.",
        );
        return;
    };
    reader.must_be_readable(segment, number, &mother.value);
    reader.mapped(segment, number, "parent_child");
    let basis = if number == 21 { "PID-21" } else { "NK1-33" };
    let link = proto::ParentChild { relationship: "MTH".to_owned(), basis: basis.to_owned(), parental_authority: None };
    let key = format!("{}/mother", child.key);
    let path = reader.field_place(segment, number);
    let mut entry = reader.entry(child, key, path, event, Body::ParentChild(link));
    let role = SubjectRole::Mother.into();
    let subject = proto::Subject { role, issuer: mother.issuer.clone(), identifier: mother.value.clone() };
    entry.subjects.insert(0, subject);
    reader.entries.push(entry);
}

/// NK1 as `family`; the patient itself (`SEL`) is no relative.
pub(super) fn family(reader: &mut Reader<'_>, patient: &Patient, event: Option<Stamp>) {
    let mut relatives = Vec::new();
    let mut path = None;
    for segment in reader.message.all("NK1") {
        let relationship = types::coded(reader.take(segment, 3, "family.relatives.relationship").first());
        if relationship.as_ref().is_some_and(|relationship| relationship.code == "SEL") {
            reader.kept_raw(segment.index());
            continue;
        }
        let names = reader.take(segment, 2, "family.relatives.names");
        let names: Vec<_> = names.repetitions().filter_map(|part| types::name(part).map(|read| read.0)).collect();
        names.iter().for_each(|name| reader.must_be_readable(segment, 2, &name.text));
        let contacts = contacts(reader, segment, (5, 6), "family.relatives.contacts");
        let addresses = reader.take(segment, 4, "family.relatives.addresses");
        let addresses: Vec<_> = addresses.repetitions().filter_map(types::address).collect();
        if names.is_empty() && contacts.is_empty() && addresses.is_empty() && relationship.is_none() {
            continue;
        }
        path.get_or_insert_with(|| reader.place(segment));
        relatives.push(proto::Relative { relationship, names, contacts, addresses, ..proto::Relative::default() });
    }
    if let Some(path) = path {
        let body = Body::Family(proto::Family { relatives, ..proto::Family::default() });
        let entry = reader.entry(patient, format!("{}/family", patient.key), path, event, body);
        reader.entries.push(entry);
    }
}

/// Kinds of insurance (法別番号) whose number is the insurer's. Any other number of two digits is public expense.
const INSURANCE: [&str; 17] =
    ["01", "02", "03", "04", "06", "07", "31", "32", "33", "34", "39", "63", "67", "72", "73", "74", "75"];

/// IN1, and ZI1 of a diagnosis, as `coverage`: both have the same fields.
pub(super) fn coverage(reader: &mut Reader<'_>, patient: &Patient, event: Option<Stamp>) {
    let mut series = keys::Series::default();
    for segment in reader.message.segments().filter(|segment| matches!(segment.name(), "IN1" | "ZI1")) {
        let kind = types::coded(reader.take(segment, 2, "coverage.type").first());
        let number_written = reader.take(segment, 3, "coverage.insurer").component(1).text().into_owned();
        let insurer = codes::insurer(&number_written);
        if number_written.is_empty() {
            let place = reader.field_place(segment, 3);
            reader.warning("H008", place, "保険者番号がありません。", "The insurer number is missing.");
        } else if insurer.is_err() {
            let place = reader.field_place(segment, 3);
            reader.warning(
                "H104",
                place,
                "保険者番号の桁数または検証番号が正しくありません。",
                "The insurer number has not 6 or 8 digits, or its check digit is wrong.",
            );
        }
        let insurer = insurer.unwrap_or(number_written);
        let code = kind.as_ref().map(|kind| kind.code.clone()).unwrap_or_default();
        let public =
            code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_digit()) && !INSURANCE.contains(&code.as_str());
        let (insurer, public_expense_number) = if public { (String::new(), insurer) } else { (insurer, String::new()) };
        let (symbol, number_of_member, branch) = insured(reader, segment);
        let start = reader.stamp(segment, 12, "coverage.period.start").map(Stamp::date_time);
        let end = reader.stamp(segment, 13, "coverage.period.end");
        if let (Some(end), Some(sent)) = (end, reader.header.sent_at)
            && sent.certainly_after(end)
        {
            let place = reader.field_place(segment, 13);
            reader.warning("H008", place, "保険の有効期限が切れています。", "The coverage has expired.");
        }
        let end = end.map(Stamp::date_time);
        let relationship = reader.take(segment, 17, "coverage.relationship").component(1).text().into_owned();
        let coverage = proto::Coverage {
            r#type: kind,
            insurer,
            symbol,
            number: number_of_member,
            branch,
            period: (start.is_some() || end.is_some()).then_some(proto::Period { start, end }),
            relationship,
            public_expense_number,
        };
        // As in CDA and FHIR: the same insurance is one series, wherever it stands.
        let key = series.next(format!("{}/coverage/{}", patient.key, keys::insurance(&coverage)));
        let mut entry = reader.entry(patient, key, reader.place(segment), event, Body::Coverage(coverage));
        if segment.name() == "IN1" {
            // A list (2.5); ZI1 stands beside one diagnosis.
            entry.list = segment.name().to_owned();
        }
        if public {
            raise::by_codes(&mut entry, [("public-expense", code.as_str())]);
        }
        reader.entries.push(entry);
    }
}

/// 記号, 番号 and 枝番, where the sender's profile says that they stand. Else 記号 in IN1-10 and 番号 in IN1-11; one reference
/// joins them in IN1-10 with a repetition.
fn insured(reader: &mut Reader<'_>, segment: Segment<'_>) -> (String, String, String) {
    if let Some(InsuredIn { symbol, number, branch }) = &reader.profile.insured_in {
        let mut at = |part: &FieldPart, path| {
            let mut repetitions = reader.take(segment, part.field.into(), path).repetitions();
            let repetition = repetitions.nth(usize::from(part.repetition) - 1);
            repetition.map(|found| found.component(part.component.into()).text().into_owned()).unwrap_or_default()
        };
        let (symbol, number) = (at(symbol, "coverage.symbol"), at(number, "coverage.number"));
        return (symbol, number, branch.as_ref().map(|part| at(part, "coverage.branch")).unwrap_or_default());
    }
    let first = reader.take(segment, 10, "coverage.symbol");
    let second = reader.take(segment, 11, "coverage.number").component(1).text().into_owned();
    let mut parts = first.repetitions().map(|part| part.component(1).text().into_owned());
    let symbol = parts.next().unwrap_or_default();
    let number = if second.is_empty() { parts.next().unwrap_or_default() } else { second };
    (symbol, number, String::new())
}

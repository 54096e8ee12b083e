//! For tests of what is written: a release as the hub makes one, and the family of the demo story.
//!
//! A [`Released`] comes from `release` alone, so a test submits, attributes and releases: to the author (T1), or to the
//! one-stop center under consents (T9).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use musubi_core::adapter::Profile;
use musubi_core::agency::{Actor, AgencyId, AgencyKind, Category, Purpose};
use musubi_core::consent::records::{Consent, ConsentKind, Grantee, Proof, Relationship, Scope, Status};
use musubi_core::consent::{Facts, Policy, Request, SubjectFacts};
use musubi_core::id::{EntryId, FactId, MessageId, Municipality, PersonId, uuid_v7};
use musubi_core::record::{Attribution, PersonKey, SharedEntry, SharedRecord, Submission};
use musubi_core::release::{Released, release};
use musubi_core::time::{Day, Time};
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// The hospital of the story.
pub(crate) const HOSPITAL: &str = "MED-4810700122";
const CENTER: &str = "OSC-482072";
const MOTHER: &str = "0012345";
const CHILD: &str = "0067890";

/// The moment of the story's fifth row.
pub(crate) fn now() -> Time {
    Time::parse_rfc3339("2026-10-30T11:05:00+09:00").unwrap()
}

/// The hospital's profile without deviations.
pub(crate) fn profile() -> Profile {
    Profile::plain(AgencyId::new(HOSPITAL).unwrap(), now())
}

/// A text of the fixed form of a name or code, owned.
pub(crate) fn text(text: &str) -> String {
    text.to_owned()
}

/// A whole day.
pub(crate) fn day(year: i32, month: i32, day: i32) -> proto::Date {
    proto::Date { year, month: Some(month), day: Some(day) }
}

/// A moment to the minute.
pub(crate) fn minute(date: proto::Date, hour: i32, minute: i32) -> proto::DateTime {
    proto::DateTime { date: Some(date), hour: Some(hour), minute: Some(minute), second: None }
}

/// A value with its unit.
pub(crate) fn quantity(value: &str, unit: &str) -> Option<proto::Quantity> {
    Some(proto::Quantity { value: text(value), unit: text(unit), comparator: String::new() })
}

/// A coded value.
pub(crate) fn coded(system: &str, code: &str, shown: &str) -> proto::Coded {
    proto::Coded { system: text(system), code: text(code), text: text(shown) }
}

/// An entry about the mother.
pub(crate) fn of_mother(key: &str, body: Body) -> proto::Entry {
    entry(key, vec![subject(proto::SubjectRole::Mother, MOTHER)], body)
}

/// An entry about the child.
pub(crate) fn of_child(key: &str, body: Body) -> proto::Entry {
    entry(key, vec![subject(proto::SubjectRole::Child, CHILD)], body)
}

/// The link of the two.
pub(crate) fn link() -> proto::Entry {
    let both = vec![subject(proto::SubjectRole::Mother, MOTHER), subject(proto::SubjectRole::Child, CHILD)];
    let body = proto::ParentChild { relationship: text("MTH"), basis: text("PID-21"), parental_authority: None };
    entry("mother", both, Body::ParentChild(body))
}

fn subject(role: proto::SubjectRole, identifier: &str) -> proto::Subject {
    proto::Subject { role: role.into(), issuer: text(HOSPITAL), identifier: text(identifier) }
}

fn entry(key: &str, subjects: Vec<proto::Subject>, body: Body) -> proto::Entry {
    proto::Entry { source_key: text(key), subjects, body: Some(body), ..Default::default() }
}

/// A name in kanji and in kana.
pub(crate) fn names(family: &str, given: &str, kana_family: &str, kana_given: &str) -> Vec<proto::HumanName> {
    let name = |representation: proto::NameRepresentation, family: &str, given: &str| proto::HumanName {
        representation: representation.into(),
        r#use: proto::NameUse::Legal.into(),
        text: format!("{family}\u{3000}{given}"),
        family: text(family),
        given: text(given),
    };
    vec![
        name(proto::NameRepresentation::Ideographic, family, given),
        name(proto::NameRepresentation::Phonetic, kana_family, kana_given),
    ]
}

/// 榎本 千夏 as the hospital describes her.
pub(crate) fn mother_details() -> proto::PersonDetails {
    proto::PersonDetails {
        identifiers: vec![proto::Identifier { issuer: text(HOSPITAL), value: text(MOTHER), kind: text("PI") }],
        names: names("榎本", "千夏", "エノモト", "チナツ"),
        birth_date: Some(day(1996, 5, 14)),
        sex: Some(proto::Sex::Female.into()),
        addresses: vec![proto::Address {
            r#use: text("home"),
            postal_code: text("000-0012"),
            prefecture: text("朝凪県"),
            city: text("汐音市"),
            municipality: text("482072"),
            line: text("浜通1-2-3"),
            text: text("朝凪県汐音市浜通1-2-3"),
            period: None,
        }],
        contacts: vec![proto::Contact { system: text("mobile"), r#use: text("home"), value: text("090-0000-0001") }],
        ..Default::default()
    }
}

/// 湊 as the hospital describes him.
pub(crate) fn child_details() -> proto::PersonDetails {
    proto::PersonDetails {
        identifiers: vec![proto::Identifier { issuer: text(HOSPITAL), value: text(CHILD), kind: text("PI") }],
        names: names("榎本", "湊", "エノモト", "ミナト"),
        birth_date: Some(day(2026, 10, 26)),
        birth_time: Some(minute(day(2026, 10, 26), 4, 12)),
        sex: Some(proto::Sex::Male.into()),
        ..Default::default()
    }
}

/// What was measured at the birth of 湊.
pub(crate) fn newborn() -> proto::Newborn {
    proto::Newborn {
        birth_weight: quantity("2486", "g"),
        birth_length: quantity("47.0", "cm"),
        head_circumference: quantity("32.5", "cm"),
        gestation_days: Some(38 * 7 + 4),
        apgar_1: Some(8),
        apgar_5: Some(9),
        born_at: Some(minute(day(2026, 10, 26), 4, 12)),
        sex: Some(proto::Sex::Male.into()),
        ..Default::default()
    }
}

/// The hospital's notice for 榎本 千夏.
pub(crate) fn discharge() -> proto::DischargeNotice {
    proto::DischargeNotice {
        admitted_at: Some(minute(day(2026, 10, 25), 22, 40)),
        discharged_at: Some(minute(day(2026, 10, 30), 10, 30)),
        destination: Some(coded("HL70112", "01", "自宅")),
        outcome: Some(coded("http://jpfhir.jp/fhir/Common/CodeSystem/discharge-disposition", "9", "その他")),
        department: text("産婦人科"),
        diagnoses: vec![coded("I10", "O800", "自然頭位分娩")],
        request: text("夜間の育児に不安があります。早めの訪問をお願いします。"),
        institution: text("朝凪県立汐音総合病院"),
        ..Default::default()
    }
}

/// What the mother's part of the story's fifth row is: details and discharge, and nothing of the child.
pub(crate) fn mother_alone() -> Vec<proto::Entry> {
    vec![
        of_mother("person:mother", Body::PersonDetails(mother_details())),
        of_mother("discharge:2026-10-25", Body::DischargeNotice(discharge())),
    ]
}

/// Family A of the demo story, as the hospital sends it in row 5.
pub(crate) fn family_a() -> Vec<proto::Entry> {
    let delivery = proto::Delivery {
        delivered_at: Some(minute(day(2026, 10, 26), 4, 12)),
        gestation_days: Some(38 * 7 + 4),
        method: text("vaginal"),
        blood_loss: quantity("310", "mL"),
        child_count: Some(1),
        ..Default::default()
    };
    let screening = proto::Screening {
        instrument: text("epds"),
        answered_on: Some(day(2026, 10, 29)),
        total: Some(7),
        self_harm_item: Some(0),
        ..Default::default()
    };
    let mut entries = mother_alone();
    entries.extend([
        of_mother("delivery:2026-10-26", Body::Delivery(delivery)),
        of_mother("epds:2026-10-29", Body::Screening(screening)),
        of_child("person:child", Body::PersonDetails(child_details())),
        of_child("birth", Body::Newborn(newborn())),
        link(),
    ]);
    entries
}

/// Submits as the hospital, attributes, and releases to the hospital itself.
pub(crate) fn released(entries: Vec<proto::Entry>) -> Released {
    let record = record(entries);
    let facts = Facts { recipient_active: true, subjects: read_files(&record), ..Facts::default() };
    release(record, &request(HOSPITAL, AgencyKind::Med, Purpose::P1), &facts, &Policy::reviewed(), now())
}

/// Everybody's file was read, and nothing is on it.
fn read_files(record: &SharedRecord) -> std::collections::BTreeMap<PersonId, SubjectFacts> {
    let persons = record.entries().iter().flat_map(|entry| entry.persons());
    persons.map(|(person, _)| (person, SubjectFacts::default())).collect()
}

/// Releases to the one-stop center under the consents of the story's fourth row: mental health is not named in them.
pub(crate) fn released_to_center(entries: Vec<proto::Entry>) -> Released {
    let (mother, child) = (person_of(MOTHER), person_of(CHILD));
    let own = SubjectFacts { consents: vec![consent(1, mother, mother)], ..SubjectFacts::default() };
    let birth_date = Some(Day::constant(2026, 10, 26));
    let childs = SubjectFacts { birth_date, consents: vec![consent(2, child, mother)], ..SubjectFacts::default() };
    let record = record(entries);
    let mut subjects = read_files(&record);
    subjects.extend([(mother, own), (child, childs)]);
    let facts = Facts { recipient_active: true, subjects, ..Facts::default() };
    let mut request = request(CENTER, AgencyKind::Osc, Purpose::P3);
    request.municipality = Municipality::new("482072").ok();
    release(record, &request, &facts, &Policy::reviewed(), now())
}

fn consent(number: u128, subject: PersonId, grantor: PersonId) -> Consent {
    use Category::{C01, C02, C04, C05, C06, C07};
    let relationship = if subject == grantor { Relationship::Subject } else { Relationship::ParentalAuthority };
    let signed = Time::parse_rfc3339("2026-10-28T10:00:00+09:00").unwrap();
    Consent {
        id: FactId(uuid_v7(signed, [u8::try_from(number).unwrap(); 10])),
        version: 1,
        supersedes: None,
        kind: ConsentKind::Permit,
        subject,
        grantor: Some(grantor),
        relationship,
        authority: text("戸籍"),
        grantee: Grantee::Agency(AgencyId::new(CENTER).unwrap()),
        categories: Scope::Named([C01, C02, C04, C05, C06, C07].into_iter().collect()),
        purposes: vec![Purpose::P3],
        valid_from: signed,
        valid_until: Time::parse_rfc3339("2027-10-26T00:00:00+09:00"),
        recorded_at: signed,
        evidence: Proof {
            form: text("K-01"),
            form_version: text("2"),
            witness: Some(text("phn-1")),
            ..Proof::spoken()
        },
        status: Status::Active,
        explanation_given: text("提供先と拒否の扱い"),
    }
}

fn request(recipient: &str, kind: AgencyKind, purpose: Purpose) -> Request {
    Request {
        recipient: AgencyId::new(recipient).unwrap(),
        kind,
        purpose,
        actor: Actor::system(),
        municipality: None,
        cited_ground: None,
    }
}

fn record(entries: Vec<proto::Entry>) -> SharedRecord {
    let message = proto::Submission {
        format: text("hl7v2"),
        message_id: text("M1"),
        sent_at: Some(minute(day(2026, 10, 30), 11, 5)),
        entries,
        ..Default::default()
    };
    let submission = Submission::check(message).expect("a submission that can be taken");
    SharedRecord::gather(attributed(submission, 0))
}

/// What stands once the hospital has sent these one after the other, each of the same moment.
pub(crate) fn stands_after(submissions: Vec<Submission>) -> Vec<proto::Entry> {
    let entries = submissions.into_iter().zip(0..).flat_map(|(submission, number)| attributed(submission, number));
    let record = SharedRecord::gather(entries.collect());
    let facts = Facts { recipient_active: true, subjects: read_files(&record), ..Facts::default() };
    let released =
        release(record, &request(HOSPITAL, AgencyKind::Med, Purpose::P1), &facts, &Policy::reviewed(), now());
    released.record().entries.clone()
}

/// The entries of the message of this number.
fn attributed(submission: Submission, message: u8) -> Vec<SharedEntry> {
    let mut number = 0;
    submission.attribute(Attribution {
        author: &AgencyId::new(HOSPITAL).unwrap(),
        author_kind: AgencyKind::Med,
        message: MessageId(uuid_v7(now(), [9 + message; 10])),
        municipality: &Municipality::new("482072").unwrap(),
        recorded_at: now(),
        person: &|key: &PersonKey| Some(person_of(&key.identifier)),
        entry_id: &mut || {
            number += 1;
            let mut bytes = [number + message; 10];
            bytes[0] = number;
            EntryId(uuid_v7(now(), bytes))
        },
    })
}

/// The same identifier is always the same person.
fn person_of(identifier: &str) -> PersonId {
    let mut bytes = [0x50; 10];
    for (byte, letter) in bytes.iter_mut().zip(identifier.bytes()) {
        *byte = letter;
    }
    PersonId(uuid_v7(now(), bytes))
}

/// A text that a page, a table and a document must each take for text (S-17), as all of a name's parts.
pub(crate) const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "</td></tr></table><img src=x onerror=alert(1)>",
    "=cmd|'/C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "\t=1+1",
    "|^~\\&",
    "湊\u{202e}千夏",
    "湊\u{2066}x\u{2069}",
    "榎\u{200b}本\u{feff}",
    "榎\0本\u{1b}[31m",
    "𠮷野𩸽",
    "ｴﾉﾓﾄ ﾁﾅﾂ",
    "a\",\"b\"\r\n<!--",
    "]]>&amp;&#60;",
];

/// Family A with one text in every place that a hospital fills freely.
pub(crate) fn hostile_family(hostile: &str) -> Vec<proto::Entry> {
    let mut mother = mother_details();
    for name in &mut mother.names {
        (name.text, name.family, name.given) = (text(hostile), text(hostile), text(hostile));
    }
    for address in &mut mother.addresses {
        (address.text, address.line, address.postal_code) = (text(hostile), text(hostile), text(hostile));
        address.r#use = text(hostile);
    }
    for contact in &mut mother.contacts {
        (contact.value, contact.system, contact.r#use) = (text(hostile), text(hostile), text(hostile));
    }
    for identifier in &mut mother.identifiers {
        (identifier.value, identifier.issuer, identifier.kind) = (text(hostile), text(hostile), text(hostile));
    }
    let notice = proto::DischargeNotice {
        request: text(hostile),
        ward: text(hostile),
        attending: text(hostile),
        institution: text(hostile),
        destination: Some(coded(hostile, hostile, hostile)),
        outcome: Some(coded(hostile, hostile, hostile)),
        diagnoses: vec![coded(hostile, hostile, hostile)],
        ..discharge()
    };
    let mut measured = newborn();
    measured.birth_weight = quantity(hostile, hostile);
    measured.present_location = text(hostile);
    let observation = proto::Observation {
        code: Some(coded(hostile, hostile, hostile)),
        concept: text(hostile),
        text: text(hostile),
        status: text(hostile),
        ..Default::default()
    };
    vec![
        of_mother("person:mother", Body::PersonDetails(mother)),
        of_mother("discharge:1", Body::DischargeNotice(notice)),
        of_mother("observation:1", Body::Observation(observation)),
        of_child("person:child", Body::PersonDetails(child_details())),
        of_child("birth", Body::Newborn(measured)),
        link(),
    ]
}

/// Compares with a file beside the tests. With `MUSUBI_WRITE_SNAPSHOTS` set, writes the file for somebody to look at.
pub(crate) fn matches_snapshot(path: &str, bytes: &[u8]) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("MUSUBI_WRITE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    let kept = std::fs::read(&path).unwrap();
    assert!(kept == bytes, "{} differs; look at the change and write it with MUSUBI_WRITE_SNAPSHOTS=1", path.display());
}

/// Words that tell of a newborn's values, in any of the formats.
pub(crate) const NEWBORN_WORDS: &[&str] = &[
    "新生児",
    "出生体重",
    "アプガー",
    "在胎",
    "低出生",
    "newborn",
    "Newborn",
    "Apgar",
    "Birth weight",
    "8339-4",
    "9272-6",
    "76516-4",
];

/// The values of a JSON document that a ledger has a line for.
pub(crate) fn leaves(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::Object(members) => members.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        Value::Null => 0,
        _ => 1,
    }
}

/// Every file of a part of the corpus of others' samples; `None`, with a line, where the corpus is not here.
pub(crate) fn corpus(part: &str) -> Option<Vec<std::path::PathBuf>> {
    let set = std::env::var_os("MUSUBI_CORPUS").map(std::path::PathBuf::from);
    let above = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/corpus"));
    let folder = set.into_iter().chain(above).map(|folder| folder.join(part)).find(|folder| folder.is_dir());
    let Some(folder) = folder else {
        println!("skipped: the corpus is not here (set MUSUBI_CORPUS)");
        return None;
    };
    let (mut folders, mut files) = (vec![folder], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() {
                folders.push(path);
            } else if name != "SOURCE.md" && name != "MANIFEST.tsv" {
                files.push(path);
            }
        }
    }
    files.sort();
    Some(files)
}

/// Reads files that others wrote and prints counts by code; each is read, or refused with a named code.
pub(crate) fn reads_corpus(adapter: &dyn musubi_core::adapter::Adapter, files: &[std::path::PathBuf]) -> usize {
    use musubi_core::adapter::Severity;
    let profile = Profile::offline(AgencyId::new("OFFLINE").unwrap(), now());
    let (mut items, mut taken) = (0, 0);
    let mut codes = std::collections::BTreeMap::<String, u32>::new();
    for path in files {
        let bytes = std::fs::read(path).unwrap();
        let decoded = adapter.decode(&bytes, &profile);
        let errors = || decoded.all_diagnostics().filter(|told| told.severity == Severity::Error);
        assert!(decoded.taken() > 0 || errors().next().is_some(), "{}: no answer", path.display());
        items += decoded.items.len();
        taken += decoded.taken();
        let codes_here: std::collections::BTreeSet<String> = errors().map(|told| told.code.to_string()).collect();
        codes_here.into_iter().for_each(|code| *codes.entry(code).or_default() += 1);
        let whole = errors().next().is_none();
        let accounted = decoded.ledger.lines().all(|line| !line.place.is_empty());
        assert!(accounted && (!whole || !decoded.ledger.is_empty()), "{}: the ledger", path.display());
        if std::env::var_os("MUSUBI_CORPUS_LIST").is_some() {
            let told: Vec<String> =
                errors().map(|told| format!("{} {} {}", told.code, told.place, told.text.en)).collect();
            println!("{} {} {told:?}", path.display(), decoded.taken());
        }
    }
    println!("{}: {} files, {items} items, {taken} taken; files by code {codes:?}", adapter.name(), files.len());
    taken
}

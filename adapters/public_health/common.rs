//! The columns that every layout of public health begins with, and the person that they name.

use crate::table::{Column, RowReader, values};
use musubi_core::adapter::Profile;
use musubi_core::id::Municipality;
use musubi_core::japan::codes::{self, MunicipalityList};
use musubi_core::japan::problem::Problem;
use musubi_core::japan::{contact, times::Moment};
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Largest revision (改版番号) that fits its column.
const REVISION_MAX: i32 = 9999;

/// 処理区分 to 作成日時 (`formats/public_health.md` section 3).
pub(super) const COLUMNS: [Column; 13] = [
    Column::new("処理区分", "op", "").required(),
    Column::new("記録ID", "record_id", "").required().identifier(),
    Column::new("改版番号", "revision", "").required(),
    Column::new("自治体コード", "municipality", "").required(),
    Column::new("自治体別本人キー", "person_key", "person_details.identifiers").required().identifier(),
    Column::new("氏名", "name", "person_details.names").required(),
    Column::new("カナ氏名", "name_kana", "person_details.names").required(),
    Column::new("生年月日", "birth_date", "person_details.birth_date").required(),
    Column::new("性別", "sex", "person_details.sex").required(),
    Column::new("住所", "address", "person_details.addresses"),
    Column::new("電話番号", "phone", "person_details.contacts"),
    Column::new("不開示フラグ", "not_disclosed", "person_details.not_disclosed").required(),
    Column::new("作成日時", "created_at", "").required(),
];

/// What a row is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Create or replace.
    Write,
    /// Take back.
    Withdraw,
}

/// The leading columns of one row.
pub(super) struct Leading {
    pub(super) operation: Operation,
    pub(super) record_id: String,
    pub(super) revision: i32,
    pub(super) municipality: Municipality,
    /// The subject; whether mother or child, the layout says.
    pub(super) subject: proto::Subject,
    pub(super) created_at: Moment,
}

impl Leading {
    /// Reads the leading columns. `None` when one of them is wrong, which is then noted.
    pub(super) fn read(row: &mut RowReader<'_>, role: proto::SubjectRole, profile: &Profile) -> Option<Leading> {
        let operation = row.code("op", &[(1, Operation::Write), (2, Operation::Withdraw)]);
        let record_id = row.text_up_to("record_id", 40);
        let revision = row.count("revision", &[]).filter(|revision| {
            let right = (1..=REVISION_MAX).contains(revision);
            if !right {
                row.refuse("revision", "PH-E009", "改版番号は1から9999までです。", "The revision is 1 to 9999.");
            }
            right
        });
        let municipality = municipality(row, "municipality", profile);
        let person_key = row.text_up_to("person_key", 100);
        let created_at = row.moment("created_at");
        let municipality = municipality?;
        Some(Leading {
            operation: operation?,
            record_id,
            revision: revision?,
            subject: proto::Subject {
                role: role.into(),
                issuer: municipality.as_str().to_owned(),
                identifier: person_key,
            },
            municipality,
            created_at: created_at?,
        })
    }

    /// The submission of this row.
    pub(super) fn submission(&self, format: &str, entries: Vec<proto::Entry>) -> proto::Submission {
        proto::Submission {
            format: format.to_owned(),
            message_id: format!("{}:{}", self.record_id, self.revision),
            sent_at: Some(values::date_time(self.created_at)),
            entries,
            municipality: self.municipality.as_str().to_owned(),
            test: false,
            revision: self.revision,
            basis: String::new(),
            replaces: false,
        }
    }

    /// An entry of this row about the subject.
    pub(super) fn entry(&self, row: &RowReader<'_>, source_key: &str, body: Body) -> proto::Entry {
        proto::Entry {
            source_key: source_key.to_owned(),
            subjects: vec![self.subject.clone()],
            occurred_at: Some(values::date_time(self.created_at)),
            label: proto::Label::N.into(),
            originator: proto::Originator::Free.into(),
            source_path: row.place(),
            body: Some(body),
            ..proto::Entry::default()
        }
    }

    /// The entry that takes a record back; what its body told is raised, so that the withdrawal tells no more.
    pub(super) fn withdrawal(&self, row: &RowReader<'_>, kind: &str, raised: proto::Category) -> proto::Entry {
        let body = proto::Withdrawal { body_kind: kind.to_owned(), reason: "deleted".to_owned() };
        let mut entry = self.entry(row, &self.record_id, Body::Withdrawal(body));
        entry.raised = vec![raised.into()];
        entry
    }

    /// Who the subject is, as the row says.
    pub(super) fn person_details(&self, row: &mut RowReader<'_>, profile: &Profile) -> proto::Entry {
        let not_disclosed = row.not_disclosed("not_disclosed", &["address", "phone"]);
        let details = proto::PersonDetails {
            identifiers: vec![proto::Identifier {
                issuer: self.subject.issuer.clone(),
                value: self.subject.identifier.clone(),
                kind: String::new(),
            }],
            names: names(row),
            birth_date: row.birth_date("birth_date", profile.now.day()).map(values::date),
            sex: sex(row),
            addresses: address(row),
            contacts: contacts(row, profile),
            not_disclosed,
            ..proto::PersonDetails::default()
        };
        self.entry(row, &self.subject.identifier, Body::PersonDetails(details))
    }

    /// Mother and child, when the row names the mother.
    pub(super) fn parent_child(&self, row: &mut RowReader<'_>) -> Option<proto::Entry> {
        let mother_key = row.text_up_to("mother_key", 100);
        if mother_key.is_empty() {
            return None;
        }
        let body = proto::ParentChild {
            relationship: "MTH".to_owned(),
            basis: "mother_key".to_owned(),
            parental_authority: None,
        };
        let mut entry = self.entry(row, &self.subject.identifier, Body::ParentChild(body));
        let mother = proto::Subject {
            role: proto::SubjectRole::Mother.into(),
            issuer: self.subject.issuer.clone(),
            identifier: mother_key,
        };
        entry.subjects.insert(0, mother);
        Some(entry)
    }
}

/// A municipality code. Five digits are mended only where they can be this agency's own municipality.
pub(crate) fn municipality(row: &mut RowReader<'_>, key: &str, profile: &Profile) -> Option<Municipality> {
    let cell = row.text(key);
    if cell.is_empty() {
        return None;
    }
    let own = profile.default_municipality.iter().map(Municipality::as_str);
    let list = if cell.chars().count() == 5 { MunicipalityList::new(own) } else { MunicipalityList::default() };
    let place = row.place_of(key);
    match codes::municipality(&cell, &list) {
        Ok(read) => {
            read.warnings.iter().for_each(|problem| row.note(problem.at(place.clone())));
            Some(read.value)
        }
        Err(problem) => {
            row.note(problem.at(place));
            None
        }
    }
}

fn names(row: &mut RowReader<'_>) -> Vec<proto::HumanName> {
    let mut names = Vec::new();
    row.text_up_to("name", 100);
    row.text_up_to("name_kana", 100);
    if let Some(raw) = row.raw("name") {
        names.push(values::name(raw, proto::NameRepresentation::Ideographic));
    }
    if let Some(raw) = row.raw("name_kana") {
        if !values::is_kana(raw) {
            row.note(Problem::NotKana.at(row.place_of("name_kana")));
        }
        names.push(values::name(raw, proto::NameRepresentation::Phonetic));
    }
    names
}

fn sex(row: &mut RowReader<'_>) -> Option<i32> {
    let cell = row.raw("sex")?;
    match contact::sex(cell) {
        Ok(sex) => Some(values::sex(sex).into()),
        Err(problem) => {
            row.note(problem.at(row.place_of("sex")));
            None
        }
    }
}

fn address(row: &mut RowReader<'_>) -> Vec<proto::Address> {
    row.text_up_to("address", 200);
    let address =
        |text: &str| proto::Address { r#use: "home".to_owned(), text: text.to_owned(), ..proto::Address::default() };
    row.raw("address").map(address).into_iter().collect()
}

fn contacts(row: &mut RowReader<'_>, profile: &Profile) -> Vec<proto::Contact> {
    let Some(cell) = row.raw("phone") else { return Vec::new() };
    let read = contact::phones(cell, profile.area_code.as_deref());
    let place = row.place_of("phone");
    read.warnings.iter().for_each(|problem| row.note(problem.at(place.clone())));
    let contact = |value: String| proto::Contact { system: "phone".to_owned(), r#use: String::new(), value };
    read.value.into_iter().map(contact).collect()
}

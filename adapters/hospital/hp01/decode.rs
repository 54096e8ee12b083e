//! One row of HP01 to one submission.

use super::children;
use super::columns::{DESTINATIONS, LAYOUT, METHODS, NAME};
use crate::table::{At, Layout, RowReader, Rows, values};
use musubi_core::adapter::Profile;
use musubi_core::japan::gestation::{self, Decimal};
use musubi_core::japan::problem::Problem;
use musubi_core::japan::{contact, times::Moment};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Category, Label, SubjectRole};

/// Largest revision that fits its column.
const REVISION_MAX: i32 = 9999;
/// Highest sum and item of the EPDS.
const EPDS_MAX: i32 = 30;
const EPDS_ITEM_MAX: i32 = 3;

pub(crate) struct Discharges;

impl Rows for Discharges {
    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn read(&self, row: &mut RowReader<'_>, profile: &Profile) -> Option<proto::Submission> {
        let sheet = Sheet::read(row, profile)?;
        let entries = match sheet.withdraws {
            true => sheet.withdrawals(row),
            false => sheet.entries(row, profile),
        };
        Some(proto::Submission {
            format: NAME.to_owned(),
            message_id: format!("{}:{}", sheet.record_id, sheet.revision),
            sent_at: Some(values::date_time(sheet.created_at)),
            entries,
            municipality: sheet.municipality,
            revision: sheet.revision,
            basis: sheet.basis,
            ..proto::Submission::default()
        })
    }
}

/// What every part of the row needs.
pub(super) struct Sheet {
    withdraws: bool,
    record_id: String,
    revision: i32,
    municipality: String,
    basis: String,
    pub(super) issuer: String,
    pub(super) mother: String,
    pub(super) not_disclosed: Option<bool>,
    created_at: Moment,
}

impl Sheet {
    fn read(row: &mut RowReader<'_>, profile: &Profile) -> Option<Sheet> {
        let withdraws = row.code("op", &[(1, false), (2, true)]);
        let record_id = row.text_up_to("record_id", 40);
        let revision = row.count("revision", &[]).filter(|revision| (1..=REVISION_MAX).contains(revision));
        if revision.is_none() && row.raw("revision").is_some() {
            row.refuse("revision", "PH-E009", "改版番号は1から9999までです。", "The revision is 1 to 9999.");
        }
        let municipality = crate::public_health::municipality(row, "municipality", profile);
        let mother = row.text_up_to("mother_id", 100);
        let created_at = row.moment("created_at");
        let not_disclosed = row.not_disclosed("not_disclosed", &["address", "phone"]);
        let basis = basis(row);
        Some(Sheet {
            withdraws: withdraws?,
            record_id,
            revision: revision?,
            municipality: municipality.map(|code| code.as_str().to_owned()).unwrap_or_default(),
            basis,
            issuer: profile.agency.to_string(),
            mother,
            not_disclosed,
            created_at: created_at?,
        })
    }

    /// An entry about one person of the row.
    pub(super) fn entry(
        &self,
        row: &RowReader<'_>,
        role: SubjectRole,
        id: &str,
        key: String,
        body: Body,
    ) -> proto::Entry {
        let subject = proto::Subject { role: role.into(), issuer: self.issuer.clone(), identifier: id.to_owned() };
        proto::Entry {
            source_key: key,
            subjects: vec![subject],
            occurred_at: Some(values::date_time(self.created_at)),
            source_path: row.place(),
            body: Some(body),
            ..proto::Entry::default()
        }
    }

    fn of_mother(&self, row: &RowReader<'_>, key: String, body: Body) -> proto::Entry {
        self.entry(row, SubjectRole::Mother, &self.mother, key, body)
    }

    fn entries(&self, row: &mut RowReader<'_>, profile: &Profile) -> Vec<proto::Entry> {
        let mut entries = vec![self.details(row, profile)];
        entries.extend(self.notice(row));
        entries.extend(self.delivery(row));
        entries.extend(self.epds(row));
        entries.extend(children::entries(row, self, profile));
        entries
    }

    fn details(&self, row: &mut RowReader<'_>, profile: &Profile) -> proto::Entry {
        let details = proto::PersonDetails {
            identifiers: vec![identifier(&self.issuer, &self.mother)],
            names: names(row, "mother_name".into(), "mother_name_kana".into()),
            birth_date: row.birth_date("mother_birth_date", profile.now.day()).map(values::date),
            sex: Some(proto::Sex::Female.into()),
            addresses: addresses(row),
            contacts: phones(row, profile),
            not_disclosed: self.not_disclosed,
            ..proto::PersonDetails::default()
        };
        let mut entry = self.of_mother(row, self.mother.clone(), Body::PersonDetails(details));
        entry.update = true;
        entry
    }

    /// The series of a v2 message about the same stay: the day of admission, else that of the discharge.
    fn stay(&self, row: &mut RowReader<'_>) -> Option<Stay> {
        let admitted = row.moment("admitted_on").map(values::date_time);
        let discharged = row.moment("discharged_on").map(values::date_time);
        let expected = row.moment("expected_on").map(values::date_time);
        if discharged.is_none() && expected.is_none() {
            row.refuse(
                "discharged_on",
                "H004",
                "退院年月日または退院予定日が必要です。",
                "A discharge, or an expected one, is required.",
            );
            return None;
        }
        let (kind, day) = match (&admitted, discharged.as_ref().or(expected.as_ref())) {
            (Some(admitted), _) => ("admitted", day(admitted)),
            (None, leaving) => ("discharged", leaving.map(day).unwrap_or_default()),
        };
        if admitted.as_ref().zip(discharged.as_ref()).is_some_and(|(from, until)| order(from) > order(until)) {
            row.refuse(
                "discharged_on",
                "H006",
                "退院年月日が入院年月日より前です。",
                "The discharge is before the admission.",
            );
        }
        Some(Stay { key: format!("{}/{kind}/{day}", self.mother), admitted, discharged, expected })
    }

    fn notice(&self, row: &mut RowReader<'_>) -> Option<proto::Entry> {
        let stay = self.stay(row)?;
        let destination = row.code("destination", &DESTINATIONS);
        let coded =
            |code: &str| proto::Coded { system: "HL70112".to_owned(), code: code.to_owned(), text: String::new() };
        let body = proto::DischargeNotice {
            admitted_at: stay.admitted,
            discharged_at: stay.discharged,
            expected_discharge_at: stay.expected,
            destination: destination.map(coded),
            ward: row.text_up_to("ward", 100),
            department: row.text_up_to("department", 100),
            attending: row.text_up_to("attending", 100),
            request: request(row),
            ..proto::DischargeNotice::default()
        };
        let mut entry = self.of_mother(row, stay.key, Body::DischargeNotice(body));
        entry.occurred_at = stay.discharged.or(stay.expected);
        entry.update = true;
        super::super::raise::by_place(&mut entry, &row.text("ward"), &row.text("department"));
        if destination == Some("20") {
            entry.label = Label::R.into();
        }
        Some(entry)
    }

    fn delivery(&self, row: &mut RowReader<'_>) -> Option<proto::Entry> {
        let delivered_at = row.moment("delivered_at").map(values::date_time)?;
        let body = proto::Delivery {
            delivered_at: Some(delivered_at),
            gestation_days: gestation(row, "gestation".into()),
            method: row.code("method", &METHODS).unwrap_or_default().to_owned(),
            blood_loss: row.decimal("blood_loss", &["mL", "ml", "cc"]).map(|amount| values::quantity(amount, "mL")),
            child_count: row.count("child_count", &["人", "児"]),
            ..proto::Delivery::default()
        };
        let key = format!("{}/delivery/{}", self.mother, day(&delivered_at));
        let mut entry = self.of_mother(row, key, Body::Delivery(body));
        entry.occurred_at = Some(delivered_at);
        Some(entry)
    }

    fn epds(&self, row: &mut RowReader<'_>) -> Option<proto::Entry> {
        let total = score(row, "epds_total".into(), EPDS_MAX);
        let item = score(row, "epds_10".into(), EPDS_ITEM_MAX);
        let answered_on = row.date("epds_date").map(values::date);
        if total.is_none() && item.is_none() {
            return None;
        }
        let body = proto::Screening {
            instrument: "epds".to_owned(),
            answered_on,
            total,
            self_harm_item: item,
            ..proto::Screening::default()
        };
        let mut entry = self.of_mother(row, format!("{}/{}/epds", self.mother, self.record_id), Body::Screening(body));
        entry.occurred_at = answered_on.map(|date| proto::DateTime { date: Some(date), ..Default::default() });
        Some(entry)
    }

    /// What an earlier row of this record told, taken back.
    fn withdrawals(&self, row: &mut RowReader<'_>) -> Vec<proto::Entry> {
        let withdrawal = |row: &RowReader<'_>, role, id: &str, key: String, kind: &str, raised: Category| {
            let body = proto::Withdrawal { body_kind: kind.to_owned(), reason: "deleted".to_owned() };
            let mut entry = self.entry(row, role, id, key, Body::Withdrawal(body));
            entry.raised = vec![raised.into()];
            entry
        };
        let mother = |row: &RowReader<'_>, key, kind, raised| {
            withdrawal(row, SubjectRole::Mother, &self.mother, key, kind, raised)
        };
        let mut entries = Vec::new();
        if let Some(stay) = self.stay(row) {
            entries.push(mother(row, stay.key, "discharge_notice", Category::C05Delivery));
        }
        if let Some(at) = row.moment("delivered_at").map(values::date_time) {
            entries.push(mother(
                row,
                format!("{}/delivery/{}", self.mother, day(&at)),
                "delivery",
                Category::C05Delivery,
            ));
        }
        if row.raw("epds_total").is_some() || row.raw("epds_10").is_some() {
            let key = format!("{}/{}/epds", self.mother, self.record_id);
            entries.push(mother(row, key, "screening", Category::C08Mental));
        }
        for child in children::ids(row) {
            let key = format!("{child}/newborn");
            entries.push(withdrawal(row, SubjectRole::Child, &child, key, "newborn", Category::C06Newborn));
        }
        entries
    }
}

struct Stay {
    key: String,
    admitted: Option<proto::DateTime>,
    discharged: Option<proto::DateTime>,
    expected: Option<proto::DateTime>,
}

/// The consent form's number, or the code of the ground with its reason. One of them, not both.
fn basis(row: &mut RowReader<'_>) -> String {
    let (consent, ground) = (row.text_up_to("consent", 60), row.text_up_to("ground", 10));
    if !ground.is_empty() {
        if !consent.is_empty() {
            row.refuse(
                "ground",
                "PH-E013",
                "同意書番号と提供の根拠は、どちらか一方を書いてください。",
                "Write the number of the consent or the ground, not both.",
            );
        }
        row.text_up_to("ground_reason", 400);
        row.require("ground_reason");
        return ground;
    }
    consent
}

/// What is asked for, and whom to ask back.
fn request(row: &mut RowReader<'_>) -> String {
    let asked = row.text_up_to("request", 1000);
    let whom = [row.text_up_to("contact_name", 100), row.text_up_to("contact_phone", 40)];
    let whom: Vec<&str> = whom.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    match (asked.is_empty(), whom.is_empty()) {
        (_, true) => asked,
        (true, false) => format!("連絡先: {}", whom.join(" ")),
        (false, false) => format!("{asked}\n連絡先: {}", whom.join(" ")),
    }
}

pub(super) fn identifier(issuer: &str, value: &str) -> proto::Identifier {
    proto::Identifier { issuer: issuer.to_owned(), value: value.to_owned(), kind: "PI".to_owned() }
}

pub(super) fn names(row: &mut RowReader<'_>, written: At<'_>, kana: At<'_>) -> Vec<proto::HumanName> {
    let mut names = Vec::new();
    row.text_up_to(written, 100);
    row.text_up_to(kana, 100);
    if let Some(raw) = row.raw(written) {
        names.push(values::name(raw, proto::NameRepresentation::Ideographic));
    }
    if let Some(raw) = row.raw(kana) {
        if !values::is_kana(raw) {
            row.note(Problem::NotKana.at(row.place_of(kana)));
        }
        names.push(values::name(raw, proto::NameRepresentation::Phonetic));
    }
    names
}

fn addresses(row: &mut RowReader<'_>) -> Vec<proto::Address> {
    let text = row.text_up_to("address", 200);
    let address = |text| proto::Address { r#use: "home".to_owned(), text, ..proto::Address::default() };
    Some(text).filter(|text| !text.is_empty()).map(address).into_iter().collect()
}

fn phones(row: &mut RowReader<'_>, profile: &Profile) -> Vec<proto::Contact> {
    let Some(cell) = row.raw("phone") else { return Vec::new() };
    let read = contact::phones(cell, profile.area_code.as_deref());
    let place = row.place_of("phone");
    read.warnings.iter().for_each(|problem| row.note(problem.at(place.clone())));
    let phone = |value: String| proto::Contact { system: "phone".to_owned(), r#use: String::new(), value };
    read.value.into_iter().map(phone).collect()
}

/// `38週4日`, `38w4d`, `38+4`, in days.
pub(super) fn gestation(row: &mut RowReader<'_>, at: At<'_>) -> Option<i32> {
    let cell = row.raw(at)?;
    match gestation::gestation(cell, Decimal::Unknown) {
        Ok(age) => {
            let (weeks, days) = age.weeks_and_days();
            Some(i32::from(weeks) * 7 + i32::from(days))
        }
        Err(problem) => {
            row.note(problem.at(row.place_of(at)));
            None
        }
    }
}

/// A whole number from 0 to `most`.
pub(super) fn score(row: &mut RowReader<'_>, at: At<'_>, most: i32) -> Option<i32> {
    let value = row.count(at, &["点"])?;
    if value > most {
        row.refuse(at, "H006", "この項目ではあり得ない値です。", "This value is impossible for this item.");
        return None;
    }
    Some(value)
}

/// `20261030`
fn day(at: &proto::DateTime) -> String {
    let date = at.date.unwrap_or_default();
    let parts = [date.month, date.day];
    parts.iter().map_while(|part| *part).fold(format!("{:04}", date.year), |text, part| format!("{text}{part:02}"))
}

pub(super) fn order(at: &proto::DateTime) -> (i32, Option<i32>, Option<i32>) {
    let date = at.date.unwrap_or_default();
    (date.year, date.month, date.day)
}

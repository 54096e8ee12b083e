//! One row of HP01 to one submission.

use super::cells::{self, addresses, day, identifier, names, number, order, past, phones};
use super::columns::{DESTINATIONS, LAYOUT, NAME};
use super::{birth, children, epds};
use crate::table::{Layout, RowReader, Rows, concern, values};
use musubi_core::adapter::{Diagnostic, Profile};
use musubi_core::japan::times::Moment;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Category, Label, SubjectRole};

/// Largest revision that fits its column.
const REVISION_MAX: i32 = 9999;
pub(crate) struct Discharges;

impl Rows for Discharges {
    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn read(&self, row: &mut RowReader<'_>, profile: &Profile) -> Option<proto::Submission> {
        let withdraws = row.code("op", &[(1, false), (2, true)]);
        let basis = basis(row);
        let sheet = Sheet::read(row, profile)?;
        let entries = match withdraws? {
            true => sheet.withdrawals(row, profile),
            false => sheet.entries(row, profile),
        };
        Some(sheet.submission(entries, basis))
    }

    fn beside_each_other(&self, rows: &[RowReader<'_>]) -> Vec<(usize, Diagnostic)> {
        children::of_two_mothers(rows)
    }

    fn raises_concern(&self, row: &RowReader<'_>) -> bool {
        concern::is_raised(row)
    }

    fn concern(&self, row: &mut RowReader<'_>, profile: &Profile) -> Option<proto::Submission> {
        let sheet =
            Sheet::read(row, profile).filter(|sheet| !sheet.record_id.is_empty() && !sheet.mother.is_empty())?;
        let concern = sheet.concern(row)?;
        Some(sheet.submission(vec![concern], String::new()))
    }
}

/// What every part of the row needs.
pub(super) struct Sheet {
    pub(super) record_id: String,
    revision: i32,
    municipality: String,
    pub(super) issuer: String,
    pub(super) mother: String,
    pub(super) not_disclosed: Option<bool>,
    created_at: Moment,
}

impl Sheet {
    fn read(row: &mut RowReader<'_>, profile: &Profile) -> Option<Sheet> {
        let record_id = number(row, "record_id".into(), 40);
        let revision = row.count("revision", &[]).filter(|revision| (1..=REVISION_MAX).contains(revision));
        if revision.is_none() && row.raw("revision").is_some() {
            row.refuse("revision", "PH-E009", "改版番号は1から9999までです。", "The revision is 1 to 9999.");
        }
        let municipality = crate::public_health::municipality(row, "municipality", profile);
        let mother = number(row, "mother_id".into(), 100);
        let created_at = row.moment("created_at");
        let not_disclosed = row.not_disclosed("not_disclosed", &["address", "phone"]);
        Some(Sheet {
            record_id,
            revision: revision?,
            municipality: municipality.map(|code| code.as_str().to_owned()).unwrap_or_default(),
            issuer: profile.agency.to_string(),
            mother,
            not_disclosed,
            created_at: created_at?,
        })
    }

    fn submission(&self, entries: Vec<proto::Entry>, basis: String) -> proto::Submission {
        proto::Submission {
            format: NAME.to_owned(),
            message_id: format!("{}:{}", self.record_id, self.revision),
            sent_at: Some(values::date_time(self.created_at)),
            entries,
            municipality: self.municipality.clone(),
            revision: self.revision,
            basis,
            ..proto::Submission::default()
        }
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

    pub(super) fn of_mother(&self, row: &RowReader<'_>, key: String, body: Body) -> proto::Entry {
        self.entry(row, SubjectRole::Mother, &self.mother, key, body)
    }

    fn entries(&self, row: &mut RowReader<'_>, profile: &Profile) -> Vec<proto::Entry> {
        let mut entries = vec![self.details(row, profile)];
        entries.extend(self.notice(row, profile));
        entries.extend(birth::entry(row, self, profile));
        entries.extend(epds::entry(row, self, profile));
        entries.extend(children::entries(row, self, profile));
        entries.extend(self.concern(row));
        entries
    }

    /// What somebody noticed: about the child that the row names by its number, else about the mother.
    fn concern(&self, row: &mut RowReader<'_>) -> Option<proto::Entry> {
        let (concern, child) = concern::read(row)?;
        let noticed = concern.observed_at;
        let child = child.map(|child| cells::folded(&child));
        let (role, id) = match &child {
            Some(child) => (SubjectRole::Child, child),
            None => (SubjectRole::Mother, &self.mother),
        };
        let mut entry =
            self.entry(row, role, id, format!("{}/{}/concern", self.mother, self.record_id), Body::Concern(concern));
        entry.occurred_at = noticed.or(entry.occurred_at);
        entry.label = Label::V.into();
        Some(entry)
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
    fn stay(&self, row: &mut RowReader<'_>, profile: &Profile) -> Option<Stay> {
        let admitted = past(row, "admitted_on".into(), profile);
        let discharged = past(row, "discharged_on".into(), profile);
        let expected = row.moment("expected_on").map(values::date_time);
        if discharged.is_none() && expected.is_none() && row.raw("discharged_on").is_none() {
            row.refuse(
                "discharged_on",
                "H004",
                "退院年月日または退院予定日が必要です。",
                "A discharge, or an expected one, is required.",
            );
        }
        discharged.or(expected)?;
        let (kind, day) = match (&admitted, discharged.as_ref().or(expected.as_ref())) {
            (Some(admitted), _) => ("admitted", day(admitted)),
            (None, leaving) => ("discharged", leaving.map(day).unwrap_or_default()),
        };
        for (key, leaving) in [("discharged_on", discharged), ("expected_on", expected)] {
            if admitted.zip(leaving).is_some_and(|(from, until)| order(&from) > order(&until)) {
                row.refuse(key, "H006", "退院が入院年月日より前です。", "The discharge is before the admission.");
            }
        }
        Some(Stay { key: format!("{}/{kind}/{day}", self.mother), admitted, discharged, expected })
    }

    fn notice(&self, row: &mut RowReader<'_>, profile: &Profile) -> Option<proto::Entry> {
        let stay = self.stay(row, profile)?;
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

    /// What an earlier row of this record told, taken back. A concern is not: who deletes a sheet has not unseen what was noticed,
    /// and one that the row holds is offered like any other.
    fn withdrawals(&self, row: &mut RowReader<'_>, profile: &Profile) -> Vec<proto::Entry> {
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
        if let Some(stay) = self.stay(row, profile) {
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
        entries.extend(self.concern(row));
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
    let (consent, ground) = (number(row, "consent".into(), 60), number(row, "ground".into(), 10));
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

//! One row of PV02 to one submission.

use super::columns::{FOLLOW_UPS, GUIDANCE, INFANT_CARE, KINDS, LAYOUT, MOTHER_CARE, NAME, PLACES, ROLES, STATUSES};
use super::epds;
use crate::table::{At, Layout, RowReader, Rows, concern, values};
use musubi_core::adapter::Profile;
use musubi_core::id::Municipality;
use musubi_core::japan::codes::{self, MunicipalityList};
use musubi_proto::v1 as proto;
use proto::entry::Body;

const LOINC: &str = "http://loinc.org";
/// Largest revision (改版番号) that fits its column.
const REVISION_MAX: i32 = 9999;
/// Texts about the mother's condition and the word that each begins with.
const CONDITIONS: [(&str, &str); 5] = [
    ("mother_sleep", "睡眠"),
    ("mother_meals", "食事"),
    ("mother_lochia", "悪露"),
    ("mother_wound", "創部"),
    ("mother_breast", "乳房"),
];

pub(crate) struct Reports;

impl Rows for Reports {
    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn read(&self, row: &mut RowReader<'_>, profile: &Profile) -> Option<proto::Submission> {
        let envelope = Envelope::read(row, profile);
        let withdrawn = row.code("op", &[(1, false), (2, true)]);
        if withdrawn == Some(true) {
            let envelope = envelope?;
            let mut entries = withdrawals(row, &envelope);
            entries.extend(envelope.own_concern(row));
            return Some(envelope.submission(entries, None));
        }
        let report = report(row, profile);
        let screening = epds::read(row);
        let concern = concern::read(row);
        let envelope = envelope?;
        let mut delivery = envelope.entry(row, report.start, Body::CareDelivery(report.clone()));
        if !report.follow_up.is_empty() || !report.handover.is_empty() {
            delivery.label = proto::Label::V.into();
        }
        let screening = screening.map(|screening| {
            let on = screening.answered_on.map(|date| proto::DateTime { date: Some(date), ..Default::default() });
            let mut entry = envelope.entry(row, on.or(report.start), Body::Screening(screening));
            entry.label = proto::Label::V.into();
            entry
        });
        let concern = concern.map(|(concern, child)| envelope.concern(row, report.start, concern, child));
        let entries = [Some(delivery), screening, concern].into_iter().flatten().collect();
        Some(envelope.submission(entries, report.reported_at))
    }

    fn raises_concern(&self, row: &RowReader<'_>) -> bool {
        concern::is_raised(row)
    }

    fn concern(&self, row: &mut RowReader<'_>, profile: &Profile) -> Option<proto::Submission> {
        if !concern::is_raised(row) {
            return None;
        }
        let envelope = Envelope::read(row, profile)?;
        let concern = envelope.own_concern(row)?;
        let sent_at = row.moment("reported_at").map(values::date_time);
        Some(envelope.submission(vec![concern], sent_at))
    }
}

/// What every row begins with.
struct Envelope {
    record_id: String,
    revision: i32,
    municipality: Municipality,
    approval: String,
}

impl Envelope {
    fn read(row: &mut RowReader<'_>, profile: &Profile) -> Option<Envelope> {
        let record_id = row.text_up_to("record_id", 40);
        let approval = row.text_up_to("approval_no", 30);
        let revision = row.count("revision", &[]);
        if revision.is_some_and(|revision| !(1..=REVISION_MAX).contains(&revision)) {
            row.refuse("revision", "PH-E009", "改版番号は1から9999までです。", "The revision is 1 to 9999.");
        }
        let provider = row.text_up_to("provider_id", 40);
        if !provider.is_empty() && !profile.knows_sender(&provider) {
            row.refuse(
                "provider_id",
                "PV-E101",
                "送信した事業者のIDではありません。",
                "Not the id of the provider that sends.",
            );
        }
        let municipality = municipality(row);
        Some(Envelope { record_id, revision: revision?, municipality: municipality?, approval })
    }

    /// An entry about the mother, whom the provider knows by the number of her approval.
    fn entry(&self, row: &RowReader<'_>, occurred_at: Option<proto::DateTime>, body: Body) -> proto::Entry {
        proto::Entry {
            source_key: self.record_id.clone(),
            subjects: vec![proto::Subject {
                role: proto::SubjectRole::Mother.into(),
                issuer: self.municipality.as_str().to_owned(),
                identifier: self.approval.clone(),
            }],
            occurred_at,
            label: proto::Label::N.into(),
            originator: proto::Originator::Free.into(),
            commissioned: true,
            source_path: row.place(),
            body: Some(body),
            ..proto::Entry::default()
        }
    }

    /// The concern of a row that holds no report: of one that takes a report back, or whose report cannot be read.
    fn own_concern(&self, row: &mut RowReader<'_>) -> Option<proto::Entry> {
        let (concern, child) = concern::read(row)?;
        let started = row.clock("start").map(values::date_time);
        Some(self.concern(row, started, concern, child))
    }

    /// A concern about her, or about the child of this key. It is the provider's own, and no work that the municipality
    /// commissioned.
    fn concern(
        &self,
        row: &RowReader<'_>,
        start: Option<proto::DateTime>,
        concern: proto::Concern,
        child: Option<String>,
    ) -> proto::Entry {
        let noticed = concern.observed_at.or(start);
        let mut entry = self.entry(row, noticed, Body::Concern(concern));
        (entry.label, entry.commissioned) = (proto::Label::V.into(), false);
        if let (Some(key), Some(subject)) = (child, entry.subjects.first_mut()) {
            (subject.role, subject.identifier) = (proto::SubjectRole::Child.into(), key);
        }
        entry
    }

    fn submission(&self, entries: Vec<proto::Entry>, sent_at: Option<proto::DateTime>) -> proto::Submission {
        proto::Submission {
            format: NAME.to_owned(),
            message_id: format!("{}:{}", self.record_id, self.revision),
            sent_at,
            entries,
            municipality: self.municipality.as_str().to_owned(),
            test: false,
            revision: self.revision,
            basis: String::new(),
            replaces: false,
        }
    }
}

fn municipality(row: &mut RowReader<'_>) -> Option<Municipality> {
    let cell = row.raw("municipality")?;
    codes::municipality(cell, &MunicipalityList::default())
        .map(|read| read.value)
        .map_err(|problem| row.note(problem.at(row.place_of("municipality"))))
        .ok()
}

/// The report and, where the row still holds one, its screening are taken back. A concern is not: who deletes a report has not
/// unseen what was noticed, and one that the row holds is offered like any other.
fn withdrawals(row: &mut RowReader<'_>, envelope: &Envelope) -> Vec<proto::Entry> {
    let withdrawal = |row: &RowReader<'_>, kind: &str, raised: proto::Category| {
        let body = proto::Withdrawal { body_kind: kind.to_owned(), reason: "deleted".to_owned() };
        let mut entry = envelope.entry(row, None, Body::Withdrawal(body));
        entry.raised = vec![raised.into()];
        entry
    };
    let mut entries = vec![withdrawal(row, "care_delivery", proto::Category::C17CareReport)];
    if epds::read(row).is_some() {
        entries.push(withdrawal(row, "screening", proto::Category::C08Mental));
    }
    entries
}

fn report(row: &mut RowReader<'_>, profile: &Profile) -> proto::CareDelivery {
    let word = |word: Option<&str>| word.unwrap_or("").to_owned();
    let words = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let kind = row.code("kind", &KINDS);
    let status = row.code("status", &STATUSES);
    require(row, kind, status);
    proto::CareDelivery {
        approval_number: row.text("approval_no"),
        provider: profile.agency.as_str().to_owned(),
        facility: row.text_up_to("facility_id", 40),
        kind: word(kind),
        start: row.clock("start").map(values::date_time),
        end: row.clock("end").map(values::date_time),
        days: row.count("days", &["日", "日間"]),
        nights: row.count("nights", &["泊"]),
        place: word(row.code("place", &PLACES)),
        status: word(status),
        staff: staff(row),
        night_staff: night_staff(row),
        mother_care: words(row.codes("mother_care", &MOTHER_CARE)),
        mother_measurements: measurements(row),
        mother_condition: condition(row),
        infants: infants(row),
        separated_minutes: row.count("separated_minutes", &["分", "min"]),
        sleep_check_interval_minutes: row.count("sleep_check_interval_min", &["分", "分毎", "分ごと", "min"]),
        guidance: words(row.codes("guidance", &GUIDANCE)),
        guidance_text: row.text_up_to("guidance_text", 400),
        follow_up: word(row.code("followup", &FOLLOW_UPS)),
        handover: row.text_up_to("handover", 1000),
        incident_number: row.text_up_to("incident_no", 30),
        user_fee_yen: row.yen("user_fee"),
        reduction_yen: row.yen("reduction"),
        tickets: tickets(row),
        consent_reference: row.text_up_to("consent_ref", 40),
        reported_at: row.moment("reported_at").map(values::date_time),
    }
}

/// What a row must hold depends on the kind of care and on whether it was given.
fn require(row: &mut RowReader<'_>, kind: Option<&str>, status: Option<&str>) {
    if row.raw("consent_ref").is_none() {
        row.refuse(
            "consent_ref",
            "PV-E701",
            "本人確認・同意の番号がありません。",
            "There is no reference to the consent.",
        );
    }
    if !matches!(status, Some("done" | "stopped")) {
        return;
    }
    for key in ["mother_care", "guidance", "followup", "user_fee", "reduction"] {
        row.require(key);
    }
    match kind {
        Some("stay") => ["days", "nights"].iter().for_each(|key| row.require(*key)),
        Some("visit") => row.require("place"),
        _ => {}
    }
    if row.numbers("staff").is_empty() {
        row.refuse(
            At::member("staff", 1, "role"),
            "PH-E011",
            "担当者が1人も記録されていません。",
            "No member of staff is recorded.",
        );
    }
}

fn staff(row: &mut RowReader<'_>) -> Vec<proto::StaffMember> {
    let member = |row: &mut RowReader<'_>, number| {
        let at = |key| At::member("staff", number, key);
        row.require(at("role"));
        proto::StaffMember {
            role: row.code(at("role"), &ROLES).unwrap_or("").to_owned(),
            name: row.text_up_to(at("name"), 100),
            licence: row.text_up_to(at("licence"), 40),
        }
    };
    row.numbers("staff").into_iter().map(|number| member(row, number)).collect()
}

fn night_staff(row: &mut RowReader<'_>) -> Vec<proto::Shift> {
    let shift = |row: &mut RowReader<'_>, number| {
        let at = |key| At::member("night_staff", number, key);
        ["role", "from", "to"].iter().for_each(|key| row.require(at(key)));
        proto::Shift {
            role: row.code(at("role"), &ROLES).unwrap_or("").to_owned(),
            from: row.clock(at("from")).map(values::date_time),
            to: row.clock(at("to")).map(values::date_time),
            name: row.text_up_to(at("name"), 100),
        }
    };
    row.numbers("night_staff").into_iter().map(|number| shift(row, number)).collect()
}

fn infants(row: &mut RowReader<'_>) -> Vec<proto::InfantCare> {
    let infant = |row: &mut RowReader<'_>, number| {
        let at = |key| At::member("infant", number, key);
        row.require(at("key"));
        proto::InfantCare {
            key: row.text_up_to(at("key"), 40),
            birth_order: row.count(at("birth_order"), &[]),
            weight: row.grams(at("weight")).map(|grams| values::quantity(grams, "g")),
            temperature: row.decimal(at("temp"), &["度", "℃"]).map(|degrees| values::quantity(degrees, "Cel")),
            feeding: row.text_up_to(at("feeding"), 100),
            excretion: row.text_up_to(at("excretion"), 100),
            skin: row.text_up_to(at("skin"), 100),
            care: row.codes(at("care"), &INFANT_CARE).into_iter().map(str::to_owned).collect(),
        }
    };
    row.numbers("infant").into_iter().map(|number| infant(row, number)).collect()
}

fn measurements(row: &mut RowReader<'_>) -> Vec<proto::Measurement> {
    let mut found = Vec::new();
    let mut add = |value: Option<String>, code: &str, text: &str, unit: &str| {
        let Some(value) = value else { return };
        let code = proto::Coded { system: LOINC.to_owned(), code: code.to_owned(), text: text.to_owned() };
        found.push(proto::Measurement { code: Some(code), quantity: Some(values::quantity(value, unit)) });
    };
    let (systolic, diastolic) = blood_pressure(row);
    add(row.decimal("mother_temp", &["度", "℃"]), "8310-5", "体温", "Cel");
    add(systolic, "8480-6", "最高血圧", "mm[Hg]");
    add(diastolic, "8462-4", "最低血圧", "mm[Hg]");
    found
}

/// In one cell (`118/72`) or in two.
fn blood_pressure(row: &mut RowReader<'_>) -> (Option<String>, Option<String>) {
    let (systolic, diastolic) = (row.count("mother_sbp", &["mmHg"]), row.count("mother_dbp", &["mmHg"]));
    let pair = row.pair("mother_bp", &["mmHg"]);
    let text = |number: Option<i32>| number.map(|number| number.to_string());
    (text(systolic.or(pair.map(|pair| pair.0))), text(diastolic.or(pair.map(|pair| pair.1))))
}

/// The short texts about the mother, one on a line.
fn condition(row: &mut RowReader<'_>) -> String {
    let mut lines = Vec::new();
    for (key, word) in CONDITIONS {
        let text = row.text_up_to(key, 100);
        if !text.is_empty() {
            lines.push(format!("{word}: {text}"));
        }
    }
    lines.join("\n")
}

fn tickets(row: &mut RowReader<'_>) -> Vec<String> {
    let text = row.text_up_to("ticket_no", 400);
    let parts = text.split([',', '、', '，', '/', ' ', '　', '\n']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

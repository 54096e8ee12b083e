//! What is told of the patient's past and family: allergies, illnesses of relatives, what was given and done, insurance.

use super::super::state;
use super::body::{section, table};
use super::values::coded;
use super::{ROLE, Subject, coverage, ts};
use crate::family::Person;
use crate::wording::{self, Row, kin};
use crate::xml::Writer;
use musubi_proto::v1 as proto;
use proto::entry::Body;

pub(super) const ACT_CODE: &str = "2.16.840.1.113883.5.4";

/// Kinds of observations that have a section of their own, with its code and title.
const SECTIONS: [(&str, &str, &str); 5] = [
    ("allergy", "48765-2", "アレルギー"),
    ("family_history", "10157-6", "家族歴"),
    ("medication", "10160-0", "投薬"),
    ("procedure", "47519-4", "処置・手術"),
    ("immunization", "11369-6", "予防接種"),
];

/// A section for each kind of which something is told. What was given and done is said in words.
pub(super) fn write(out: &mut Writer, subject: &Subject<'_>) {
    for (kind, code, title) in SECTIONS {
        let told: Vec<(&Body, &proto::Observation)> = of_kind(subject.one, kind).collect();
        if told.is_empty() {
            continue;
        }
        section(out, (code, title), |out| {
            let rows: Vec<Row> =
                told.iter().filter_map(|(body, _)| wording::rows(body)).flat_map(|(_, rows)| rows).collect();
            table(out, &rows);
            for (_, found) in told {
                match kind {
                    "allergy" => allergy(out, found),
                    "family_history" => illness(out, found),
                    _ => {}
                }
            }
        });
    }
    for body in subject.one.entries.iter().filter_map(|entry| entry.body.as_ref()) {
        let (code, rows) = match body {
            Body::Coverage(coverage) => ("48768-6", kin::coverage(coverage)),
            Body::Family(family) => ("", kin::family(family)),
            _ => continue,
        };
        if !rows.is_empty() {
            let heading = wording::title(musubi_core::record::kind_of(body));
            section(out, (code, heading), |out| {
                table(out, &rows);
                if let Body::Coverage(coverage) = body {
                    coverage::write(out, coverage);
                }
            });
        }
    }
}

fn of_kind<'f>(one: &Person<'f>, kind: &str) -> impl Iterator<Item = (&'f Body, &'f proto::Observation)> {
    one.entries.iter().filter_map(|entry| entry.body.as_ref()).filter_map(move |body| match body {
        Body::Observation(found) if found.kind == kind => Some((body, found)),
        _ => None,
    })
}

/// A statement about the patient or a relative: that something is so, or is not.
fn assertion(out: &mut Writer, found: &proto::Observation) {
    out.open("entry");
    let mut attributes = vec![("classCode", "OBS"), ("moodCode", "EVN")];
    if found.status == "none" {
        attributes.push(("negationInd", "true"));
    }
    out.open_with("observation", &attributes);
    out.empty("code", &[("code", "ASSERTION"), ("codeSystem", ACT_CODE)]);
    out.empty("statusCode", &[("code", "completed")]);
    ts(found.observed_at.as_ref()).iter().for_each(|at| out.empty("effectiveTime", &[("value", at)]));
}

/// An allergy: its kind is the value, the substance takes part, and what it does belongs to it.
fn allergy(out: &mut Writer, found: &proto::Observation) {
    let Some(substance) = &found.coded else { return };
    assertion(out, found);
    found.code.iter().for_each(|kind| coded(out, "value", kind, "cda:CD"));
    out.open_with("participant", &[("typeCode", "CSM")]);
    out.open_with("participantRole", &[("classCode", "MANU")]);
    out.open_with("playingEntity", &[("classCode", "MMAT")]);
    coded(out, "code", substance, "");
    for _ in 0..3 {
        out.close();
    }
    if !found.text.trim().is_empty() {
        beside(out, "MFST", "ASSERTION", |out| out.leaf_with("value", &[("xsi:type", "cda:ST")], &found.text));
    }
    if !found.interpretation.is_empty() {
        let severity = proto::Coded { code: found.interpretation.clone(), ..proto::Coded::default() };
        beside(out, "SUBJ", "SEV", |out| coded(out, "value", &severity, "cda:CD"));
    }
    state::of_allergy(out, &found.state);
    out.close();
    out.close();
}

/// An observation that belongs to another.
fn beside(out: &mut Writer, relation: &str, code: &str, value: impl FnOnce(&mut Writer)) {
    out.open_with("entryRelationship", &[("typeCode", relation), ("inversionInd", "true")]);
    out.open_with("observation", &[("classCode", "OBS"), ("moodCode", "EVN")]);
    out.empty("code", &[("code", code), ("codeSystem", ACT_CODE)]);
    out.empty("statusCode", &[("code", "completed")]);
    value(out);
    out.close();
    out.close();
}

/// An illness of a relative, who is the subject. One whose role has no code is a member of the family.
fn illness(out: &mut Writer, found: &proto::Observation) {
    let Some(illness) = &found.coded else { return };
    assertion(out, found);
    coded(out, "value", illness, "cda:CD");
    out.open("subject");
    out.open_with("relatedSubject", &[("classCode", "PRS")]);
    match &found.code {
        Some(role) if !role.code.is_empty() => coded(out, "code", role, ""),
        role => {
            let name = role.as_ref().map_or("", |role| &role.text);
            let mut attributes = vec![("code", "FAMMEMB"), ("codeSystem", ROLE)];
            if !name.is_empty() {
                attributes.push(("displayName", name));
            }
            out.empty("code", &attributes);
        }
    }
    for _ in 0..4 {
        out.close();
    }
}

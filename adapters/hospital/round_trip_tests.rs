//! What a format can say of a record comes back as it was: every sample of ours and every file that others wrote is read, written
//! and read again, in its own format and, from HL7 v2, in FHIR. What does not come back is listed here, field by field: a field
//! that is in no list and is lost fails the test.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{cda::Cda, fhir::FhirJson, hl7v2::Hl7v2};
use crate::recognise;
use crate::testing::corpus;
use musubi_core::adapter::{Adapter, Profile, Severity};
use musubi_core::agency::AgencyId;
use musubi_core::consent::Policy;
use musubi_core::record::Submission;
use musubi_core::release::release_to_author;
use musubi_core::time::Time;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What is said again is said at the time when it was said: how old somebody is goes by that.
pub(super) fn at(now: Time) -> Profile {
    Profile::offline(AgencyId::new("MED-4810700122").unwrap(), now)
}

pub(super) fn read(adapter: &dyn Adapter, bytes: &[u8]) -> Vec<Submission> {
    let decoded = adapter.decode(bytes, &at(Time::parse_rfc3339("2026-11-20T12:00:00+09:00").unwrap()));
    decoded.items.into_iter().filter_map(|item| item.submission).collect()
}

/// One fact: kind of body, and every leaf of it with whom it is about and what its codes raise.
#[derive(Clone, PartialEq)]
struct Fact {
    kind: String,
    leaves: BTreeSet<(String, String)>,
}

fn facts(submissions: &[Submission]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for submission in submissions {
        let record: Value = serde_json::from_str(&submission.to_author_json()).unwrap();
        for entry in record["entries"].as_array().into_iter().flatten() {
            let members = entry.as_object().unwrap();
            let body = members
                .iter()
                .find(|(name, value)| value.is_object() && !matches!(name.as_str(), "occurredAt" | "sourceTime"));
            let Some((kind, body)) = body else { continue };
            let mut leaves = BTreeSet::new();
            leaf(kind, body, &mut leaves);
            for beside in ["subjects", "raised", "commissioned", "absent"] {
                leaf(&format!("{kind} {beside}"), &entry[beside], &mut leaves);
            }
            let fact = Fact { kind: kind.clone(), leaves };
            // Each message of HL7 v2 says again who its patient is.
            if !facts.contains(&fact) {
                facts.push(fact);
            }
        }
    }
    facts
}

fn leaf(path: &str, value: &Value, leaves: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| leaf(&format!("{path}.{name}"), value, leaves));
        }
        Value::Array(items) => items.iter().for_each(|item| leaf(path, item, leaves)),
        Value::Null => {}
        value => _ = leaves.insert((path.to_owned(), value.to_string())),
    }
}

/// The fields that are not the same: of each fact that does not come back, what differs from the one that is most like it.
fn differences(mut before: Vec<Fact>, mut after: Vec<Fact>) -> Vec<String> {
    before.retain(|fact| match after.iter().position(|same| same == fact) {
        Some(at) => {
            after.remove(at);
            false
        }
        None => true,
    });
    let mut found = Vec::new();
    for fact in before {
        let alike = |other: &Fact| other.leaves.intersection(&fact.leaves).count();
        let of_kind = after.iter().enumerate().filter(|(_, other)| other.kind == fact.kind);
        match of_kind.max_by_key(|(_, other)| alike(other)).map(|(at, _)| at) {
            Some(at) => {
                let other = after.remove(at);
                found.extend(fact.leaves.symmetric_difference(&other.leaves).map(|(path, _)| path.clone()));
            }
            None => found.push(format!("- {}", fact.kind)),
        }
    }
    found.extend(after.into_iter().map(|fact| format!("+ {}", fact.kind)));
    found.sort();
    found.dedup();
    found
}

/// Samples of ours and files of others in this format.
pub(super) fn files(format: &str) -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("hospital");
    let folders = ["hl7v2/samples", "cda/samples", "cda/snapshots", "fhir/fhir_json/samples", "fhir/snapshots"]
        .map(|folder| own.join(folder));
    let own = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = own.chain(corpus("hospital").unwrap_or_default()).collect();
    files.sort();
    files.retain(|path| recognise(&std::fs::read(path).unwrap()).is_some_and(|adapter| adapter.name() == format));
    files
}

/// Reads each file, writes it in `to`, reads that, and compares. Returns each field that differs with how often and where first.
fn round(from: &'static dyn Adapter, to: &'static dyn Adapter) -> BTreeMap<String, (usize, String)> {
    let (mut differing, mut said) = (BTreeMap::<String, (usize, String)>::new(), 0);
    for path in files(from.name()) {
        for submission in read(from, &std::fs::read(&path).unwrap()) {
            let before = facts(std::slice::from_ref(&submission));
            let profile = at(submission.sent_at().unwrap());
            let released = release_to_author(vec![submission], &profile.agency, &Policy::reviewed(), profile.now);
            let Ok(written) = to.encode(&released, &profile) else { continue };
            let decoded = to.decode(&written, &profile);
            let refused = decoded.all_diagnostics().find(|said| said.severity == Severity::Error);
            assert!(refused.is_none(), "{}: what we write we read: {refused:?}", path.display());
            said += 1;
            let after: Vec<Submission> = decoded.items.into_iter().filter_map(|item| item.submission).collect();
            for difference in differences(before, facts(&after)) {
                let first = || (0, path.display().to_string());
                differing.entry(difference).or_insert_with(first).0 += 1;
            }
        }
    }
    println!("{} to {}: {said} messages", from.name(), to.name());
    differing.iter().for_each(|(field, (times, first))| println!("{times:>5} {field}  {first}"));
    differing
}

/// Nothing is lost but what is listed, each with the reason why.
fn assert_listed(differing: &BTreeMap<String, (usize, String)>, listed: &[(&str, &str)]) {
    let is_listed = |field: &str| listed.iter().any(|(known, _)| field.starts_with(known));
    let lost: Vec<_> = differing.iter().filter(|(field, _)| !is_listed(field)).collect();
    assert!(lost.is_empty(), "{lost:#?}");
}

// A file that is read offline may be anybody's: each name of an authority counts as that of its sender, is not written
// with its own numbers, and another of several numbers may come first when it is read again. A peer's profile knows the names.

#[test]
fn hl7_v2_comes_back() {
    let listed = [
        ("- encounter", "a stay that has neither a number nor a time"),
        ("encounter.", "a stay that is planned and has ended all the same"),
    ];
    let mut differing = round(&Hl7v2, &Hl7v2);
    // Of a file that is read offline: see above.
    differing.retain(|field, _| !field.contains(" subjects.") && field != "personDetails.identifiers.issuer");
    assert_listed(&differing, &listed);
}

#[test]
fn cda_comes_back() {
    let listed = [
        ("+ document", "the words of our own document: of theirs there were none"),
        ("document", "the words of our own document are those of its sections; a document is not put into a document"),
        ("- newborn", "a child's own document says who was born, not what was measured"),
        ("dischargeNotice.request", "cells of a table are set apart by blanks"),
        ("encounter.status", "a visit of which no end is said"),
        ("referralStep.byAgency", "the name of the author"),
        ("referralStep.reportEntries", "the entries of a report have other keys when it is read again"),
    ];
    assert_listed(&round(&Cda, &Cda), &listed);
}

#[test]
fn fhir_comes_back() {
    let listed = [
        ("- encounter", "a stay that says nothing but that it was"),
        ("dischargeNotice.institution", "the name of the author"),
        ("observation.interpretation", "one of several"),
        ("parentChild.basis", "who reads a document has the link from it"),
        ("personDetails.names.text", "a full-width blank is written as a half-width one (eCS R1113)"),
    ];
    assert_listed(&round(&FhirJson, &FhirJson), &listed);
}

#[test]
fn hl7_v2_comes_back_through_fhir() {
    let seconds = "FHIR has no time to the minute: zero seconds are read as none";
    let listed = [
        ("- withdrawal", "what was taken back is not shown"),
        ("+ document", "what the narrative alone says comes back in words"),
        ("+ encounter", "a planned discharge is an Encounter"),
        ("condition.code.system", "a local table belongs to who wrote it"),
        ("condition.outcome", "FHIR has no outcome of a Condition"),
        ("condition.state", "what has ended is resolved"),
        ("dischargeNotice.destination.text", "a code is displayed by its own words"),
        ("dischargeNotice.expectedDischargeAt", "in words alone"),
        ("encounter.class", "classes that FHIR does not have"),
        ("encounter.expectedStart", "in words alone"),
        ("encounter.period", "a stay that is planned and has ended all the same; zero seconds"),
        ("encounter.status", "a stay that is planned and has ended all the same"),
        ("family.relatives.addresses.use", "uses that FHIR does not have"),
        ("family.relatives.contacts.use", "uses that FHIR does not have"),
        ("newborn.bornAt.second", seconds),
        ("observation.code", "the type of an allergy is a category of FHIR"),
        ("observation.interpretation", "the severity of an allergy stands with its reaction"),
        ("observation.observedAt.second", seconds),
        ("observation.quantity", "what is no decimal is a text"),
        ("observation.status", "FHIR has fewer states of a result"),
        ("observation.text", "what is no decimal is a text"),
        ("parentChild.basis", "who reads a document has the link from it"),
        ("personDetails.addresses.use", "uses that FHIR does not have"),
        ("personDetails.birthTime.second", seconds),
        ("personDetails.contacts.use", "uses that FHIR does not have"),
        ("personDetails.formerIdentifiers", "retired numbers are not said"),
        ("personDetails.identifiers.kind", "kinds that are no code of table 0203"),
        ("referral.replyBy", "in words alone"),
    ];
    let mut differing = round(&Hl7v2, &FhirJson);
    // Of a file that is read offline: see above.
    differing.retain(|field, _| !field.contains(" subjects."));
    assert_listed(&differing, &listed);
}

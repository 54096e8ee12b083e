//! The entries with which a referral was completed: what its last step names.

use super::{SharedEntry, SharedRecord, kind_of};
use crate::adapter::Diagnostic;
use crate::agency::AgencyId;
use crate::id::{EntryId, PersonId};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::collections::{BTreeMap, BTreeSet};

/// What of a person is no report by itself: who somebody is, the loop itself, and what was taken back.
const NO_REPORT: [&str; 7] =
    ["person_details", "family", "parent_child", "coverage", "referral", "referral_step", "withdrawal"];

/// Can an entry of this kind report what became of a referral?
pub fn is_report(kind: &str) -> bool {
    !NO_REPORT.contains(&kind)
}

const fn step_of(entry: &proto::Entry) -> Option<&proto::ReferralStep> {
    if let Some(Body::ReferralStep(step)) = &entry.body { Some(step) } else { None }
}

fn told(entry: &&proto::Entry) -> bool {
    entry.body.as_ref().is_some_and(|body| is_report(kind_of(body)))
}

/// Most links of one submission from its steps to what reports them. A note of many results is some hundred.
pub const LINKS_MAX: usize = 20_000;

/// How often each key that a step may name stands in a submission.
fn keys(entries: &[proto::Entry]) -> BTreeMap<&str, usize> {
    let mut keys = BTreeMap::new();
    for entry in entries.iter().filter(told) {
        *keys.entry(entry.source_key.as_str()).or_default() += 1;
    }
    keys
}

/// What a step names, each once.
fn named(step: &proto::ReferralStep) -> BTreeSet<&str> {
    step.report_entries.iter().map(String::as_str).collect()
}

fn any_named(entries: &[proto::Entry]) -> bool {
    entries.iter().any(|entry| step_of(entry).is_some_and(|step| !step.report_entries.is_empty()))
}

/// One diagnostic for each step that names something which is neither an id nor the key of an entry that comes with it, and one
/// where they name too much.
pub(super) fn check(entries: &[proto::Entry]) -> Vec<Diagnostic> {
    if !any_named(entries) {
        return Vec::new();
    }
    let keys = keys(entries);
    let steps = entries.iter().enumerate().filter_map(|(at, entry)| Some((at, named(step_of(entry)?))));
    let (mut links, mut faults) = (0_usize, Vec::new());
    for (at, named) in steps {
        links = links.saturating_add(named.iter().map(|name| keys.get(name).copied().unwrap_or(1)).sum());
        if !named.iter().all(|name| keys.contains_key(name) || EntryId::parse(name).is_some()) {
            faults.push(unknown_name(at));
        }
    }
    if links > LINKS_MAX {
        faults.push(too_many());
    }
    faults
}

/// Puts the ids that the entries of one submission have been given in the place of their keys.
pub(super) fn name(entries: &mut [proto::Entry]) {
    if !any_named(entries) {
        return;
    }
    let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in entries.iter().filter(told) {
        by_key.entry(entry.source_key.clone()).or_default().push(entry.id.clone());
    }
    for entry in entries {
        let Some(Body::ReferralStep(step)) = &mut entry.body else { continue };
        let ids: BTreeSet<String> = named(step)
            .into_iter()
            .flat_map(|name| by_key.get(name).cloned().unwrap_or_else(|| vec![name.to_owned()]))
            .filter(|id| EntryId::parse(id).is_some())
            .collect();
        step.report_entries = ids.into_iter().collect();
    }
}

impl SharedEntry {
    /// Is it the step that completed a referral?
    pub fn completes_referral(&self) -> bool {
        step_of(self.message()).is_some_and(|step| step.state == "completed")
    }

    /// The entries that this step of a referral names as the report.
    pub fn reports(&self) -> Vec<EntryId> {
        let named = step_of(self.message()).map(|step| step.report_entries.as_slice()).unwrap_or_default();
        named.iter().filter_map(|id| EntryId::parse(id)).collect()
    }

    /// What this step of a referral names as the report, where it names something.
    pub fn reported(&self) -> Option<Reported> {
        let entries = self.reports();
        let number = step_of(self.message())?.referral_id.clone();
        (!entries.is_empty()).then_some(Reported { number, entries })
    }
}

/// What came with a message as the report of a referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The number of the referral, as the sender knows it.
    pub number: String,
    /// The entries.
    pub entries: Vec<EntryId>,
}

impl SharedRecord {
    /// Those of these entries that are a report of this agency about one of these persons, each once, and why the others are none. To
    /// one who did not write an entry it is as if it were not there.
    pub fn reports_among(
        &self,
        named: &[EntryId],
        by: &AgencyId,
        persons: &BTreeSet<PersonId>,
    ) -> (Vec<EntryId>, Vec<Diagnostic>) {
        let own = self.entries().iter().filter(|entry| entry.author().as_ref() == Some(by));
        let own: BTreeMap<EntryId, &SharedEntry> = own.filter_map(|entry| Some((entry.id()?, entry))).collect();
        let judged = |id: &EntryId| match own.get(id) {
            None => Some(unknown()),
            Some(entry) if !entry.persons().iter().any(|(person, _)| persons.contains(person)) => {
                Some(of_another_person())
            }
            Some(entry) if !is_report(entry.kind()) => Some(no_report()),
            Some(_) => None,
        };
        let (mut reports, mut refused) = (Vec::new(), Vec::new());
        for id in named.iter().copied().collect::<BTreeSet<EntryId>>() {
            match judged(&id) {
                None => reports.push(id),
                Some(why) if !refused.contains(&why) => refused.push(why),
                Some(_) => {}
            }
        }
        (reports, refused)
    }
}

fn unknown_name(at: usize) -> Diagnostic {
    Diagnostic::error(
        "M115",
        format!("entries[{at}].referral_step.report_entries"),
        "報告の記録(report_entries)は、記録のIDか、同じ送信にある報告の記録のキー(source_key)で示してください。",
        "A report (report_entries) is named by the id of an entry, or by the source_key of one that comes with it and reports something.",
    )
}

fn too_many() -> Diagnostic {
    Diagnostic::error(
        "M116",
        "entries",
        "1回の送信で報告として示せる記録は、のべ2万件までです。分けて送ってください。",
        "The steps of a submission name at most 20,000 reports in all; send it in parts.",
    )
}

const PLACE: &str = "report_entries";

fn unknown() -> Diagnostic {
    Diagnostic::error(
        "M618",
        PLACE,
        "報告として示された記録が、貴機関の記録の中に見つかりません。貴機関が登録した、訂正・取消前でない現在の記録のIDを指定してください。",
        "What is named as the report is none of your own entries; give the id of an entry that your agency wrote and that still stands.",
    )
}

fn of_another_person() -> Diagnostic {
    Diagnostic::error(
        "M619",
        PLACE,
        "報告として示された記録は、この依頼の対象者の記録ではありません。同じ方の記録を指定してください。",
        "What is named as the report is about nobody whom this referral concerns; name an entry about the same person.",
    )
}

fn no_report() -> Diagnostic {
    Diagnostic::error(
        "M620",
        PLACE,
        "この種類の記録(本人情報、続柄、保険、依頼など)は報告になりません。訪問・相談・ケアなどの記録を指定してください。",
        "Entries of this kind (who somebody is, insurance, a referral) report nothing; name one of a visit, a consultation or of care.",
    )
}

#[cfg(test)]
mod tests;

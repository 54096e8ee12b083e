//! What came with a message or document as the report of a referral that it completes.

use musubi_core::record::{LINKS_MAX, is_report, kind_of};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::collections::BTreeSet;

/// The state of a referral with whose step a report comes.
pub(super) const COMPLETED: &str = "completed";

/// There is more to name than a submission may.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// Can this entry report what became of a referral?
pub(super) fn reports(entry: &proto::Entry) -> bool {
    entry.body.as_ref().is_some_and(|body| is_report(kind_of(body)))
}

/// Is it the step that completes a referral?
pub(super) fn completes(entry: &proto::Entry) -> bool {
    matches!(&entry.body, Some(Body::ReferralStep(step)) if step.state == COMPLETED)
}

/// Where the whole of it is the report: each step that completes a referral names by its key whatever else it tells.
pub(super) fn name_all(entries: &mut [proto::Entry]) -> Result<(), TooMany> {
    let steps = entries.iter().filter(|entry| completes(entry)).count();
    if steps == 0 {
        return Ok(());
    }
    let told = entries.iter().filter(|entry| reports(entry));
    if told.clone().count().saturating_mul(steps) > LINKS_MAX {
        return Err(TooMany);
    }
    let keys: BTreeSet<String> = told.map(|entry| entry.source_key.clone()).collect();
    for entry in entries.iter_mut().filter(|entry| completes(entry)) {
        if let Some(Body::ReferralStep(step)) = &mut entry.body {
            step.report_entries = keys.iter().cloned().collect();
        }
    }
    Ok(())
}

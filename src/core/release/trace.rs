//! What an entry's envelope and links tell of other entries: the labels of fields cannot say it, so it is dropped here.

use super::Shown;
use crate::agency::{Category, CategorySet};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

/// Before an entry is shown to another than its author.
///
/// The place in the source is a number with gaps (`OBX[3]`): it tells of entries that are withheld. Where a child guidance
/// center wrote it and its name may not be seen, its own names for the person and the case may not either: the issuer is
/// the center.
pub(super) fn drop_envelope(entry: &mut proto::Entry, full: CategorySet) {
    entry.source_path.clear();
    entry.list.clear();
    if entry.author_of_protection.is_empty() || full.has(Category::C13) {
        return;
    }
    entry.source_key.clear();
    entry.subjects.clear();
    if let Some(Body::PersonDetails(details)) = &mut entry.body {
        details.identifiers.retain(|identifier| !identifier.issuer.starts_with(&entry.author_of_protection));
    }
}

/// Links of entries among each other, for another than their author.
///
/// A referral's step names the reports that close it: only those stay that are shown too. The id of the message is the same
/// on all that came with it, also on entries of other persons, in every release: a number takes its place, which is the
/// same on entries of the same message and persons in this release, and counts only what is shown.
pub(super) fn drop_links_to_hidden(entries: &mut [proto::Entry], shown: &[Shown]) {
    let visible = LazyCell::new(|| shown.iter().map(|shown| shown.entry.to_string()).collect::<BTreeSet<_>>());
    let mut messages: BTreeMap<(String, Vec<String>), usize> = BTreeMap::new();
    for (entry, _) in entries.iter_mut().zip(shown).filter(|(_, shown)| !shown.own) {
        if let Some(Body::ReferralStep(step)) = &mut entry.body {
            step.report_entries.retain(|id| visible.contains(id));
        }
        let next = messages.len() + 1;
        let message = (std::mem::take(&mut entry.source_message), entry.person_ids.clone());
        entry.source_message = messages.entry(message).or_insert(next).to_string();
    }
}

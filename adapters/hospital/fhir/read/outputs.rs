//! What the Tasks that completed referrals put out (Task.output): the report, as entries of the same document
//! (`formats/hospital.md` 4.7).

use super::values;
use crate::hospital::reading::Reading;
use crate::hospital::report;
use crate::json::Node;
use musubi_core::record::LINKS_MAX;
use musubi_proto::v1::entry::Body;
use std::collections::{BTreeMap, BTreeSet};

/// Names as the report of each step that a Task tells the entries to which its outputs lead.
pub(super) fn read(reading: &mut Reading<'_>) {
    let steps: BTreeMap<String, usize> = reading
        .entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| report::completes(entry))
        .map(|(at, entry)| (entry.source_path.clone(), at))
        .collect();
    let tasks =
        reading.resources.iter().enumerate().filter(|(_, one)| one.kind == "Task" && refers(one.node).next().is_some());
    let tasks: Vec<(usize, usize)> =
        tasks.filter_map(|(number, one)| Some((number, *steps.get(&reading.tree.place(one.node))?))).collect();
    if tasks.is_empty() {
        return;
    }
    let (told, mut links) = (Told::of(reading), 0_usize);
    for (number, step) in tasks {
        let named = outputs(reading, &told, number);
        links = links.saturating_add(named.len());
        if links > LINKS_MAX {
            let Some(task) = reading.resources.get(number).map(|task| task.node) else { return };
            reading.error_at(
                "H007",
                task,
                "output",
                "報告(output)が多すぎます。分けて送ってください。",
                "There are too many outputs; send them in parts.",
            );
            return;
        }
        let keys = named.into_iter().filter_map(|at| Some(reading.entries.get(at)?.source_key.clone()));
        let keys: BTreeSet<String> = keys.collect();
        if let Some(Body::ReferralStep(step)) = reading.entries.get_mut(step).and_then(|entry| entry.body.as_mut()) {
            step.report_entries = keys.into_iter().collect();
        }
    }
}

fn refers<'t>(task: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    task.all("output").filter(|output| output.get("valueReference").is_some())
}

/// The entries to which the outputs of a Task lead, by their position.
fn outputs(reading: &mut Reading<'_>, told: &Told, number: usize) -> BTreeSet<usize> {
    let Some(task) = reading.resources.get(number).map(|task| task.node) else { return BTreeSet::new() };
    let (mut named, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for output in refers(task) {
        values::words(output.first("type"), "referral_step.report_entries");
        let target = reading.target(output.first("valueReference"), number);
        if target.is_some_and(|target| !seen.insert(target)) {
            continue;
        }
        let found = target.map(|target| told.by(reading, target)).unwrap_or_default();
        if found.is_empty() {
            reading.warning_at(
                "H104",
                output,
                "valueReference",
                "報告(output)の参照先から記録に写せる内容が見つかりません。報告は同じBundleに入れて送ってください。",
                "Nothing of the record came from where this output leads; send the report in the same Bundle.",
            );
        }
        named.extend(found.iter().copied());
    }
    named
}

/// Which entries that report something came from which resource; those of a report with those of its results.
struct Told {
    all: Vec<usize>,
    of: BTreeMap<usize, Vec<usize>>,
}

impl Told {
    fn of(reading: &Reading<'_>) -> Self {
        let places = reading.resources.iter().enumerate().map(|(number, one)| (reading.tree.place(one.node), number));
        let places: BTreeMap<String, usize> = places.collect();
        let mut told = Told { all: Vec::new(), of: BTreeMap::new() };
        for (at, entry) in reading.entries.iter().enumerate().filter(|(_, entry)| report::reports(entry)) {
            told.all.push(at);
            let path = entry.source_path.as_str();
            let ends = path.match_indices('.').map(|(end, _)| end).chain([path.len()]);
            for number in ends.filter_map(|end| places.get(path.get(..end)?)) {
                told.of.entry(*number).or_default().push(at);
            }
        }
        for (number, report) in reading.resources.iter().enumerate().filter(|(_, one)| one.kind == "DiagnosticReport") {
            let results = report.node.all("result").filter_map(|result| reading.target(Some(result), number));
            let results: BTreeSet<usize> = results.collect();
            let found: Vec<usize> =
                results.iter().filter_map(|result| told.of.get(result)).flatten().copied().collect();
            told.of.entry(number).or_default().extend(found);
        }
        told
    }

    /// The entries of a resource; of the Composition all.
    fn by(&self, reading: &Reading<'_>, target: usize) -> &[usize] {
        match reading.resources.get(target) {
            Some(resource) if resource.kind == "Composition" => &self.all,
            _ => self.of.get(&target).map(Vec::as_slice).unwrap_or_default(),
        }
    }
}

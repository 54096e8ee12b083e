//! One row of PH05 to one submission.

use super::super::common::{self, Leading, Operation};
use crate::table::{Column, Layout, RowReader, Rows, joined, values};
use musubi_core::adapter::Profile;
use musubi_proto::v1 as proto;
use proto::entry::Body;

const NAME: &str = "ph05";

const OWN: [Column; 14] = [
    Column::new("母の本人キー", "mother_key", "parent_child").identifier(),
    Column::new("訪問年月日", "visited_on", "home_visit.visited_on").expected(),
    Column::new("訪問種別", "kind", "home_visit.kind"),
    Column::new("訪問者職種", "visitor_role", "home_visit.visitor_role").expected(),
    Column::new("委託先ID", "contractor_id", "home_visit.performed_by").identifier(),
    Column::new("実施結果", "result", "home_visit.result").expected(),
    Column::new("児を目視", "child_seen", "home_visit.child_seen").expected(),
    Column::new("体重", "weight", "home_visit.weight"),
    Column::new("栄養方法", "feeding", "home_visit.feeding"),
    Column::new("養育環境所見", "environment", "home_visit.environment"),
    Column::new("支援の必要性", "support_need", "home_visit.support_need"),
    Column::new("次回予定日", "next_on", "home_visit.next_on"),
    Column::new("依頼自治体コード", "requested_by", "home_visit.requested_by"),
    Column::new("実施自治体コード", "performed_by", "home_visit.performed_by"),
];
static COLUMNS: [Column; 27] = joined(&common::COLUMNS, &OWN);
pub(super) static LAYOUT: Layout = Layout { name: NAME, columns: &COLUMNS, groups: &[] };

const KINDS: [(i32, &str); 4] = [(1, "newborn"), (2, "all_infant"), (3, "premature"), (4, "support")];
const VISITORS: [(i32, &str); 5] = [(1, "phn"), (2, "midwife"), (3, "nurse"), (4, "social_worker"), (5, "other")];
const RESULTS: [(i32, &str); 9] = [
    (1, "met_both"),
    (2, "met_mother"),
    (3, "met_family"),
    (4, "absent"),
    (5, "refused"),
    (6, "address_unknown"),
    (7, "postponed_hospital"),
    (8, "postponed_stay"),
    (9, "done_elsewhere"),
];
const NEEDS: [(i32, &str); 4] = [(1, "none"), (2, "continue"), (3, "refer"), (4, "urgent")];
/// Results at which nobody saw the child.
const UNSEEN: [&str; 5] = ["met_mother", "absent", "refused", "address_unknown", "postponed_hospital"];

pub(crate) struct Visits;

impl Rows for Visits {
    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn read(&self, row: &mut RowReader<'_>, profile: &Profile) -> Option<proto::Submission> {
        let leading = Leading::read(row, proto::SubjectRole::Child, profile);
        if leading.as_ref().is_some_and(|leading| leading.operation == Operation::Withdraw) {
            let leading = leading?;
            let withdrawal = leading.withdrawal(row, "home_visit", proto::Category::C10Narrative);
            return Some(leading.submission(NAME, vec![withdrawal]));
        }
        let visit = visit(row, profile);
        let leading = leading?;
        let details = leading.person_details(row, profile);
        let parent_child = leading.parent_child(row);
        let mut entry = leading.entry(row, &leading.record_id, Body::HomeVisit(visit.clone()));
        entry.occurred_at = visit.visited_on.map(|date| proto::DateTime { date: Some(date), ..Default::default() });
        if !visit.environment.is_empty() {
            entry.label = proto::Label::V.into();
        }
        let entries = [Some(details), parent_child, Some(entry)].into_iter().flatten().collect();
        Some(leading.submission(NAME, entries))
    }
}

fn visit(row: &mut RowReader<'_>, profile: &Profile) -> proto::HomeVisit {
    for key in ["visited_on", "visitor_role", "result", "child_seen"] {
        row.require(key);
    }
    let word = |word: Option<&str>| word.unwrap_or("").to_owned();
    let result = row.code("result", &RESULTS);
    let child_seen = row.flag("child_seen");
    if child_seen == Some(true) && result.is_some_and(|result| UNSEEN.contains(&result)) {
        row.warn(
            "child_seen",
            "PH-W501",
            "実施結果では児に会っていませんが、児を目視が1です。",
            "The result says that the child was not met, yet it was seen.",
        );
    }
    let (requested_by, performed_by) = delegation(row, profile);
    proto::HomeVisit {
        visited_on: row.date("visited_on").map(values::date),
        kind: word(row.code("kind", &KINDS)),
        visitor_role: word(row.code("visitor_role", &VISITORS)),
        result: word(result),
        child_seen,
        weight: row.grams("weight").map(|grams| values::quantity(grams, "g")),
        feeding: row.text_up_to("feeding", 100),
        environment: row.text_up_to("environment", 400),
        support_need: word(row.code("support_need", &NEEDS)),
        next_on: row.date("next_on").map(values::date),
        performed_by,
        requested_by,
        note: String::new(),
    }
}

/// Who asked for the visit and who made it: a visit delegated to the municipality of stay carries both codes.
fn delegation(row: &mut RowReader<'_>, profile: &Profile) -> (String, String) {
    let requested = common::municipality(row, "requested_by", profile);
    let performed = common::municipality(row, "performed_by", profile);
    match (row.raw("requested_by").is_some(), row.raw("performed_by").is_some()) {
        (true, false) => missing_code(row, "performed_by"),
        (false, true) => missing_code(row, "requested_by"),
        _ => {}
    }
    let contractor = row.text_up_to("contractor_id", 40);
    let code = |code: Option<musubi_core::id::Municipality>| code.map(|code| code.as_str().to_owned());
    (code(requested).unwrap_or_default(), code(performed).unwrap_or(contractor))
}

fn missing_code(row: &mut RowReader<'_>, key: &str) {
    row.refuse(
        key,
        "PH-E013",
        "依頼した自治体と実施した自治体のコードを両方書いてください。",
        "A delegated visit carries the codes of both municipalities.",
    );
}

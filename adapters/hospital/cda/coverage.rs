//! Insurance (被保険者情報): the policies in the section of payers, as C-CDA and the Japanese electronic prescription nest them,
//! and the holder of a policy among the participants of the header.

use super::tree::Words;
use super::values;
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::reading::Reading;
use crate::hospital::{keys, raise};
use crate::json::Node;
use musubi_core::japan::codes;
use musubi_proto::v1 as proto;
use proto::entry::Body;

const PATH: &str = "coverage";
/// Kinds of insurance (保険種別), and the code of a public expense (公費) among them.
pub(super) const KINDS: &str = "1.2.392.100495.20.2.61";
pub(super) const PUBLIC_EXPENSE: &str = "8";
/// Number of the insurer (保険者番号), symbol (記号) and number (番号) of the insured.
pub(super) const INSURER: &str = "1.2.392.100495.20.3.61";
pub(super) const SYMBOL: &str = "1.2.392.100495.20.3.62";
pub(super) const NUMBER: &str = "1.2.392.100495.20.3.63";
/// Numbers of who pays a public expense (公費負担者番号) and of who receives it (公費受給者番号).
pub(super) const PAYER: &str = "1.2.392.100495.20.3.71";
pub(super) const RECIPIENT: &str = "1.2.392.100495.20.3.72";
/// The branch number (枝番) has no OID: its name says what it is.
pub(super) const BRANCH: &str = "枝番";

/// Reads the policies of a section: acts that somebody performs by paying, or in which somebody is covered.
pub(super) fn section(reading: &mut Reading<'_>, patient: usize, section: Node<'_>, words: &Words) {
    for entry in section.all("entry") {
        walk(reading, patient, entry, words);
    }
}

fn walk(reading: &mut Reading<'_>, patient: usize, node: Node<'_>, words: &Words) {
    for act in node.all("act").filter(|act| matches!(act.peek("@moodCode"), "EVN" | "")) {
        let covered = party(act, "COV").or_else(|| party(act, "HLD"));
        if covered.is_some() || act.first("performer").is_some() {
            policy(reading, patient, act, covered, words);
        } else {
            act.all("entryRelationship").for_each(|inner| walk(reading, patient, inner, words));
        }
    }
}

fn party<'n>(act: Node<'n>, kind: &str) -> Option<Node<'n>> {
    act.all("participant").find(|one| one.peek("@typeCode") == kind)
}

fn policy(reading: &mut Reading<'_>, patient: usize, act: Node<'_>, covered: Option<Node<'_>>, words: &Words) {
    let pays = |one: &Node<'_>| matches!(one.first("code").map_or("", |code| code.peek("@code")), "" | "PAYOR");
    let mut performers = act.all("performer").filter_map(|one| one.first("assignedEntity"));
    let payer = performers.find(pays).map_or_else(Vec::new, |one| one.all("id").collect());
    let kind = act.first("code");
    let role = covered.and_then(|one| one.first("participantRole"));
    let coverage = proto::Coverage {
        r#type: values::coded(kind, PATH, words),
        relationship: role.and_then(|role| role.first("code")).map_or("", |code| code.take("@code", PATH)).to_owned(),
        ..insured(reading, covered, role, &payer, kind)
    };
    push(reading, patient, act, coverage);
}

/// Reads the holders of policies whom the header names as participants.
pub(super) fn holders(reading: &mut Reading<'_>, patient: usize) {
    let root = reading.tree.root();
    for holder in root.all("participant").filter(|one| one.peek("@typeCode") == "HLD") {
        let entity = holder.first("associatedEntity");
        let payer = entity.and_then(|entity| entity.first("scopingOrganization"));
        let payer: Vec<Node<'_>> = payer.map_or_else(Vec::new, |payer| payer.all("id").collect());
        let coverage = insured(reading, Some(holder), entity, &payer, None);
        push(reading, patient, holder, coverage);
    }
}

/// The numbers and the time of an insurance.
fn insured(
    reading: &mut Reading<'_>,
    covered: Option<Node<'_>>,
    role: Option<Node<'_>>,
    payer: &[Node<'_>],
    kind: Option<Node<'_>>,
) -> proto::Coverage {
    let time = covered.and_then(|one| one.first("time"));
    let mut end = |name| {
        let one = time.and_then(|time| time.first(name)).filter(|one| !values::is_null(*one));
        one.and_then(|one| reading.stamp(one, "@value", PATH)).map(Stamp::date_time)
    };
    let (start, until) = (end("low"), end("high"));
    let extension = |id: Node<'_>| {
        id.take("@root", PATH);
        id.take("@assigningAuthorityName", PATH);
        id.take("@extension", PATH).to_owned()
    };
    let of = |roots: &[&str]| {
        let mut ids = role.into_iter().flat_map(|role| role.all("id"));
        ids.find(|id| roots.contains(&id.peek("@root"))).map(extension).unwrap_or_default()
    };
    let mut ids = role.into_iter().flat_map(|role| role.all("id"));
    let branch = ids.find(|id| id.peek("@assigningAuthorityName") == BRANCH).map(extension).unwrap_or_default();
    let mut number = of(&[NUMBER, RECIPIENT]);
    if number.is_empty() {
        // A number of another authority is the member's own.
        let known = [SYMBOL, NUMBER, RECIPIENT];
        let mut others = role.into_iter().flat_map(|role| role.all("id"));
        let other =
            others.find(|id| !known.contains(&id.peek("@root")) && id.peek("@assigningAuthorityName") != BRANCH);
        number = other.map(extension).unwrap_or_default();
    }
    let by_law = payer.iter().find(|id| id.peek("@root") == PAYER);
    let of_insurer = payer.iter().find(|id| id.peek("@root") == INSURER);
    let other = || payer.iter().find(|id| !id.peek("@extension").is_empty());
    let written = by_law.or(of_insurer).or_else(other).map(|id| extension(*id)).unwrap_or_default();
    let payer = codes::insurer(&written).unwrap_or(written);
    let is_public = by_law.is_some()
        || kind.is_some_and(|kind| (kind.peek("@codeSystem"), kind.peek("@code")) == (KINDS, PUBLIC_EXPENSE));
    let (insurer, public_expense_number) = if is_public { (String::new(), payer) } else { (payer, String::new()) };
    proto::Coverage {
        insurer,
        symbol: of(&[SYMBOL]),
        number,
        branch,
        period: (start.is_some() || until.is_some()).then_some(proto::Period { start, end: until }),
        public_expense_number,
        ..proto::Coverage::default()
    }
}

/// Adds an insurance of which somebody could know which it is.
fn push(reading: &mut Reading<'_>, patient: usize, node: Node<'_>, coverage: proto::Coverage) {
    let proto::Coverage { insurer, number, symbol, public_expense_number, .. } = &coverage;
    if [insurer, number, symbol, public_expense_number].into_iter().all(String::is_empty) {
        return;
    }
    let key = format!("{}/coverage/{}", reading.key(patient), keys::insurance(&coverage));
    let mut entry = reading.entry(patient, key, node, None, Body::Coverage(coverage));
    raise::by_law(&mut entry);
    reading.push(PATH, entry);
}

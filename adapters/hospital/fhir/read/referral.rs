//! Referrals: ServiceRequest and Task, and the referral document of JP-CLINS (`formats/hospital.md` 4.4 and 4.7).

use super::super::requests::APPROVAL;
use super::bundle::Document;
use super::values;
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::reading::Reading;
use crate::json::Node;
use crate::wording::codes::REFERRAL_KIND;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// A ServiceRequest that asks another organisation; an order of a test or an image is none.
pub(super) fn request(reading: &mut Reading<'_>, number: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let performer = node.first("performer").and_then(|to| organization(reading, to, number));
    let words = node.first("code").map_or("", |code| code.peek("text"));
    let kind = REFERRAL_KIND.iter().find(|(_, word)| *word == words).map(|(kind, _)| *kind);
    if node.peek("doNotPerform") == "true" || node.peek("status") == "draft" {
        reading.warning_at(
            "H104",
            node,
            "status",
            "送られていない、または行わないよう求める依頼のため、紹介として写さず、原文のまま保管しました。",
            "A request that was not made yet, or asks not to do something, is no referral: kept in the raw document only.",
        );
        return;
    }
    if performer.is_none() && kind.is_none() {
        reading.information(
            "H003",
            node,
            "他機関への依頼ではないため、記録に写さず、原文のまま保管しました。",
            "Not a request to another organisation: kept in the raw document only.",
        );
        return;
    }
    let Some(person) = reading.person(number, "subject") else { return };
    let id = reading.number_of(node);
    if id.is_empty() || id.len() > 100 {
        reading.error_at(
            "H004",
            node,
            "identifier",
            "紹介の番号(identifier)が必要です。回答はこの番号で結び付けます。",
            "The referral needs a number (identifier): the answer is matched by it.",
        );
        return;
    }
    let key = format!("{}/referral/{id}", reading.key(person));
    let status = node.take("status", "referral");
    if status == "entered-in-error" {
        reading.withdraw(person, key, node, "referral", Category::C16Referral);
        return;
    }
    values::coding(node.first("code"), "referral.kind");
    let urgency = match node.take("priority", "referral.urgency") {
        "routine" => "routine",
        "urgent" => "soon",
        "asap" | "stat" => "urgent",
        _ => "",
    };
    let at = reading.stamp(node, "authoredOn", "referral.requested_at");
    let from = node.first("requester").and_then(|from| organization(reading, from, number)).unwrap_or_default();
    let reasons: Vec<_> = node.all("reasonCode").map(|reason| values::words(Some(reason), "referral.reason")).collect();
    let body = Body::Referral(proto::Referral {
        referral_id: id.clone(),
        kind: kind.unwrap_or_default().to_owned(),
        from,
        to: performer.unwrap_or_default(),
        reason: reasons.join("\n"),
        urgency: urgency.to_owned(),
        requested_at: at.map(Stamp::date_time),
        approval_number: approval_number(node),
        ..proto::Referral::default()
    });
    let entry = reading.entry(person, key, node, at, body);
    reading.push("referral", entry);
    if status == "revoked" {
        step(reading, person, node, &id, ("cancelled", at));
    }
}

/// The number of the approval under which care is asked for, in the identifier that says so.
fn approval_number(node: Node<'_>) -> String {
    let says_so = |id: &Node<'_>| id.first("type").is_some_and(|kind| kind.peek("text") == APPROVAL);
    node.all("identifier").find(says_so).map_or("", |id| id.take("value", "referral.approval_number")).to_owned()
}

/// The agency behind a reference to an Organization, a PractitionerRole or a logical identifier.
fn organization(reading: &Reading<'_>, reference: Node<'_>, from: usize) -> Option<String> {
    let target = reading.target(Some(reference), from).and_then(|number| reading.resources.get(number));
    match target.map(|target| (target.kind, target.node)) {
        Some(("Organization", node)) => {
            let named = values::agency(node, "referral");
            named.or_else(|| Some(node.take("name", "referral").to_owned())).filter(|name| !name.is_empty())
        }
        Some(("PractitionerRole", node)) => {
            let inner = reading.target(node.first("organization"), from)?;
            let node = reading.resources.get(inner).filter(|inner| inner.kind == "Organization")?.node;
            values::agency(node, "referral")
        }
        _ => values::agency(reference, "referral"),
    }
}

/// A Task as one step of the referral that it carries out.
pub(super) fn task(reading: &mut Reading<'_>, number: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let asked = ["focus", "basedOn"].iter().flat_map(|name| node.all(name));
    let asked = asked.filter_map(|one| reading.target(Some(one), number)).filter_map(|at| reading.resources.get(at));
    let focus = asked.filter(|one| one.kind == "ServiceRequest").map(|one| reading.number_of(one.node)).next();
    let logical = |name: &str| {
        node.all(name).find_map(|one| one.first("identifier")).map(|id| id.take("value", "referral_step").to_owned())
    };
    let id = focus
        .or_else(|| logical("focus"))
        .or_else(|| logical("basedOn"))
        .filter(|id| !id.is_empty() && id.len() <= 100);
    let Some(id) = id else {
        reading.error_at(
            "H004",
            node,
            "focus",
            "どの紹介の手続きか分かりません。ServiceRequestを同じBundleに入れるか、focus.identifierに紹介の番号を書いてください。",
            "It does not say which referral it carries out; send the ServiceRequest with it, or its number in focus.identifier.",
        );
        return;
    };
    let Some(person) = reading.person(number, "for") else { return };
    let business = values::coding(node.first("businessStatus"), "referral_step.state").map(|status| status.code);
    let state = match (node.take("status", "referral_step.state"), business.as_deref()) {
        ("requested", _) => "sent",
        ("received", _) => "received",
        ("accepted", _) => "accepted",
        ("rejected", _) => "declined",
        ("in-progress", Some("5.1.1")) => "scheduled",
        ("in-progress", Some("5.1.2")) => "no_show",
        ("in-progress", _) => "in_service",
        ("completed", _) => "completed",
        ("on-hold", _) => "cancel_asked",
        ("cancelled", _) => "cancelled",
        ("failed", _) => "expired",
        _ => {
            reading.warning_at(
                "H104",
                node,
                "status",
                "この状態は紹介の手続きにないため、原文のまま保管しました。",
                "No step of a referral has this status; kept in the raw document only.",
            );
            return;
        }
    };
    let at = reading.stamp(node, "lastModified", "referral_step.at");
    let at = at.or_else(|| reading.stamp(node, "authoredOn", "referral_step.at"));
    step(reading, person, node, &id, (state, at));
}

fn step(reading: &mut Reading<'_>, person: usize, node: Node<'_>, id: &str, (state, at): (&str, Option<Stamp>)) {
    const PATH: &str = "referral_step.note";
    let note = node.all("note").map(|note| note.take("text", PATH)).chain([values_of(node, "statusReason")]);
    let note = note.chain(node.all("output").map(|output| output.take("valueString", PATH)));
    let note: Vec<&str> = note.filter(|text| !text.is_empty()).collect();
    let party = |name| node.first(name).and_then(|one| organization(reading, one, 0)).unwrap_or_default();
    let (owner, requester) = (party("owner"), party("requester"));
    let (by_agency, to_agency) = if state == "cancel_asked" { (requester, owner) } else { (owner, requester) };
    let body = Body::ReferralStep(proto::ReferralStep {
        referral_id: id.to_owned(),
        state: state.to_owned(),
        at: at.map(Stamp::date_time),
        by_agency,
        to_agency,
        note: note.join("\n"),
        ..proto::ReferralStep::default()
    });
    let key = format!("{}/referral/{id}/{state}", reading.key(person));
    let entry = reading.entry(person, key, node, at, body);
    reading.push("referral_step", entry);
}

fn values_of<'n>(node: Node<'n>, name: &str) -> &'n str {
    node.first(name).map_or("", |concept| concept.take("text", "referral_step.note"))
}

/// The referral that a referral document is: from section 920 to each organisation of 910, for the purpose in 950.
pub(super) fn of_document(reading: &mut Reading<'_>, document: &Document<'_>) {
    let has_request = reading.entries.iter().any(|entry| matches!(entry.body, Some(Body::Referral(_))));
    let Some(composition) = document.composition.filter(|_| document.is_referral() && !has_request) else { return };
    let Some(person) = reading.usual else { return };
    let id = composition.first("identifier").map_or("", |id| id.take("value", "referral.referral_id")).to_owned();
    if id.is_empty() || id.len() > 100 {
        reading.error_at(
            "H004",
            composition,
            "identifier",
            "紹介の番号(identifier)が必要です。回答はこの番号で結び付けます。",
            "The referral needs a number (identifier): the answer is matched by it.",
        );
        return;
    }
    let organizations = |reading: &Reading<'_>, code: &str| -> Vec<String> {
        let here = document.in_section(code).iter().filter_map(|number| reading.resources.get(*number));
        let here = here.filter(|resource| resource.kind == "Organization");
        here.map(|one| {
            values::agency(one.node, "referral").unwrap_or_else(|| one.node.take("name", "referral").to_owned())
        })
        .collect()
    };
    let from = organizations(reading, "920").into_iter().next().unwrap_or_default();
    let to = organizations(reading, "910");
    if to.is_empty() {
        reading.warning_at(
            "H008",
            composition,
            "section",
            "紹介先(910)がありません。",
            "The section of the receiving institution (910) is missing.",
        );
    }
    let purposes = document.in_section("950").iter().filter_map(|number| reading.resources.get(*number));
    let reasons: Vec<String> = purposes
        .flat_map(|one| one.node.all("reasonCode"))
        .map(|reason| values::words(Some(reason), "referral.reason"))
        .collect();
    let told = reasons.join("\n");
    let reason = if told.is_empty() { document.words_of(&["950", "42349-1"], "referral.reason") } else { told };
    let at = document.event().and_then(|event| reading.stamp(event, "start", "referral.requested_at"));
    let at = at.or_else(|| reading.stamp(composition, "date", "referral.requested_at"));
    let several = to.len() > 1;
    let to = if to.is_empty() { vec![String::new()] } else { to };
    for (to, order) in to.into_iter().zip(1..) {
        let referral_id = if several { format!("{id}/{order}") } else { id.clone() };
        let key = format!("{}/referral/{referral_id}", reading.key(person));
        let body = Body::Referral(proto::Referral {
            referral_id,
            from: from.clone(),
            to,
            reason: reason.clone(),
            requested_at: at.map(Stamp::date_time),
            ..proto::Referral::default()
        });
        let entry = reading.entry(person, key, composition, at, body);
        reading.push("referral", entry);
    }
}

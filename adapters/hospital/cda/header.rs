//! The header: what kind of document it is, who keeps it, what it replaces, and the stay that it is about.

use super::guide::{self, Guide, Kind};
use super::sections::{self, Section};
use super::tree::Words;
use super::values;
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::{Fate, Node};
use musubi_proto::v1 as proto;
use proto::Label;
use proto::entry::Body;

/// What the header says.
pub(super) struct Document<'t> {
    /// Id of the document with its version.
    pub(super) id: String,
    /// What the series of its documents is named by: the set, else the document that it replaces, else itself.
    pub(super) series: String,
    /// Does it take the place of an earlier one?
    pub(super) replaces: bool,
    pub(super) guide: Guide,
    pub(super) kind: Kind,
    /// What its code says that it is.
    pub(super) code: proto::Coded,
    pub(super) title: String,
    /// Ids of the requests that it answers.
    pub(super) orders: Vec<String>,
    /// The first of these, which also says what kind of request it is and how urgent.
    pub(super) order: Option<Node<'t>>,
    pub(super) custodian: Option<Node<'t>>,
    /// The sections of its body.
    pub(super) sections: Vec<Section<'t>>,
}

/// What a section says in words.
#[derive(Default)]
pub(super) struct Said {
    pub(super) text: String,
    /// The same with what the text loses; empty where it loses nothing.
    pub(super) xhtml: String,
}

/// What sections say of the stay in words.
#[derive(Default)]
pub(super) struct Told {
    pub(super) course: Said,
    pub(super) instructions: Said,
    pub(super) request: Said,
}

impl Document<'_> {
    pub(super) fn is(&self, kind: Kind) -> bool {
        self.kind == kind
    }
}

/// Reads the header. `None` refuses the document, and the reason is noted.
pub(super) fn read<'t>(reading: &mut Reading<'t>, words: &Words) -> Option<Document<'t>> {
    let root = reading.tree.root();
    let time = root.first("effectiveTime");
    reading.sent = time.and_then(|time| reading.stamp(time, "@value", "sent_at"));
    if reading.sent.is_none() {
        reading.warning_at(
            "H103",
            root,
            "effectiveTime",
            "文書の日時がありません。",
            "The time of the document is missing.",
        );
    }
    check_type(reading);
    root.all("templateId").for_each(|template| template.settle(Fate::Envelope));
    reading.label = label(reading);
    let Some(id) = root.first("id").map(instance).filter(|id| !id.is_empty()) else {
        reading.error_at("H004", root, "id", "文書の番号(id)が必要です。", "The document needs an id.");
        return None;
    };
    let (code, kind) = kind(reading, words)?;
    let custodian = custodian(reading);
    let version = root.first("versionNumber").map_or("", |version| version.take("@value", "message_id"));
    let full = if version.is_empty() { id.clone() } else { format!("{id}/{version}") };
    let replaced = replaced(root);
    let series = series(reading, &id, replaced);
    let all = || root.all("inFulfillmentOf").flat_map(|one| one.all("order"));
    let orders = all().filter_map(|order| order.first("id"));
    let orders = orders.map(|id| number(id, "referral_step.referral_id")).filter(|id| !id.is_empty()).collect();
    let title = root.first("title").map_or("", |title| title.take("#text", "document.title")).to_owned();
    consent(reading);
    let guide = Guide::of(root);
    let sections = sections::all(root, guide, reading.profile);
    Some(Document {
        id: full,
        series,
        replaces: replaced.is_some(),
        guide,
        kind,
        code,
        title,
        orders,
        order: all().next(),
        custodian,
        sections,
    })
}

/// What kind of document it is: by its code, else by its template. `None` refuses it, and the reason is noted.
fn kind(reading: &mut Reading<'_>, words: &Words) -> Option<(proto::Coded, Kind)> {
    let root = reading.tree.root();
    let written = root.first("code");
    // A reason why there is none is enough (3.3): its kind is not known.
    let unknown = || written.filter(|code| values::is_null(*code)).map(|_| proto::Coded::default());
    let Some(code) = values::coded(written, "document.type", words).or_else(unknown) else {
        reading.error_at(
            "H004",
            root,
            "code",
            "文書の種類(code)が必要です。",
            "The document needs a code that tells its kind.",
        );
        return None;
    };
    if let Some(kind) = guide::by_code(&code.code) {
        return Some((code, kind));
    }
    let Some(kind) = guide::by_template(root) else {
        reading.warning_at(
            "H104",
            root,
            "code",
            "文書の種類が表にありません。内容は文書として保管しました。",
            "This kind of document is not in the table; what it says is kept as a document.",
        );
        return Some((code, Kind::Unknown));
    };
    reading.warning_at(
        "H104",
        root,
        "code",
        "文書の種類のコードが表にないため、テンプレート(templateId)またはtypeIdで判別しました。",
        "The code of this kind of document is not in the table; it was known by its template (templateId) or typeId.",
    );
    Some((code, kind))
}

/// Root and extension as one text.
fn instance(id: Node<'_>) -> String {
    id.settle(Fate::Envelope);
    let (root, extension) = (id.peek("@root"), id.peek("@extension"));
    if extension.is_empty() || root.is_empty() { [root, extension].concat() } else { format!("{root}^{extension}") }
}

/// The number that an id gives: its extension, else its root.
fn number(id: Node<'_>, path: &'static str) -> String {
    let (root, extension) = (id.take("@root", path), id.take("@extension", path));
    if extension.is_empty() { root.to_owned() } else { extension.to_owned() }
}

fn check_type(reading: &mut Reading<'_>) {
    let root = reading.tree.root();
    if !guide::has_known_type(root) {
        reading.warning_at(
            "H008",
            root,
            "typeId",
            "CDAの版(typeId)が表にありません。CDA R2として読みました。",
            "This typeId is not in the table; read as CDA R2.",
        );
    }
}

/// R and V restrict; without a code nobody knows, so the document is restricted.
fn label(reading: &mut Reading<'_>) -> Label {
    let root = reading.tree.root();
    match root.first("confidentialityCode").map(|code| code.take("@code", "label")) {
        Some("V") => Label::V,
        Some("R") => Label::R,
        Some("N" | "L" | "M" | "U") => Label::Unspecified,
        _ => {
            reading.warning_at(
                "H008",
                root,
                "confidentialityCode",
                "機密区分がないか不明です。制限あり(R)として扱います。",
                "The confidentiality is missing or unknown; taken as restricted (R).",
            );
            Label::R
        }
    }
}

/// S-04: the certificate decides who sends; the custodian must only not say otherwise.
fn custodian<'t>(reading: &mut Reading<'t>) -> Option<Node<'t>> {
    let root = reading.tree.root();
    let keeper = root.first("custodian").and_then(|one| one.first("assignedCustodian"));
    let keeper = keeper.and_then(|one| one.first("representedCustodianOrganization"));
    let Some(keeper) = keeper.filter(|keeper| keeper.peek("@nullFlavor") != "NA") else {
        reading.error_at(
            "H004",
            root,
            "custodian",
            "文書の管理機関(custodian)が必要です。",
            "The custodian of the document is required.",
        );
        return None;
    };
    let profile = reading.profile;
    let known = |name: &str| !name.is_empty() && profile.knows_sender(name);
    let by_name = keeper.all("name").any(|name| known(name.envelope("#text")));
    let by_id = keeper.all("id").any(|id| known(id.peek("@extension")) || known(id.peek("@root")));
    let by_agency = values::agency(keeper, "author").is_some_and(|agency| known(&agency));
    if !(by_name || by_id || by_agency || profile.any_sender) {
        reading.error(
            "H002",
            keeper,
            "文書の管理機関(custodian)が、この接続の機関に登録された名前または番号ではありません。",
            "The custodian is not a name or number registered for the agency of this connection.",
        );
    }
    Some(keeper)
}

/// What names the series: setId, else the document that is replaced, else the document itself.
fn series(reading: &mut Reading<'_>, id: &str, replaced: Option<Node<'_>>) -> String {
    let root = reading.tree.root();
    if let Some(set) = root.first("setId").map(instance).filter(|set| !set.is_empty()) {
        return set;
    }
    let Some(replaced) = replaced else { return id.to_owned() };
    reading.warning(
        "H008",
        replaced,
        "置き換える文書にsetIdがありません。元の文書の番号で置き換えます。",
        "A replacement without a setId: it replaces the document of the id that it names.",
    );
    let named = replaced.first("setId").or_else(|| replaced.first("id")).map(instance);
    named.filter(|named| !named.is_empty()).unwrap_or_else(|| id.to_owned())
}

/// The document that this one replaces.
fn replaced(root: Node<'_>) -> Option<Node<'_>> {
    let replaced = root.all("relatedDocument").find(|one| one.peek("@typeCode") == "RPLC");
    replaced.and_then(|one| one.first("parentDocument"))
}

/// A consent opens nothing by lying in a document: it is recorded through the service for consents, by staff.
fn consent(reading: &mut Reading<'_>) {
    let root = reading.tree.root();
    if let Some(consent) = root.first("authorization") {
        reading.warning(
            "H108",
            consent,
            "文書の中の同意は、それだけでは効力を持ちません。同意の登録(Consents)で登録してください。原文のまま保管しました。",
            "A consent in a document has no effect by itself; record it through the Consents service. Kept in the raw document.",
        );
    }
}

/// Beginning and end of the encounter, else of the service.
fn times(reading: &mut Reading<'_>, encounter: Option<Node<'_>>) -> (Option<Stamp>, Option<Stamp>) {
    let root = reading.tree.root();
    let service = root.all("documentationOf").find_map(|one| one.first("serviceEvent"));
    let mut ends = |of: Option<Node<'_>>| {
        let time = of.and_then(|of| of.first("effectiveTime"));
        let mut end = |name, path| {
            let one = time.and_then(|time| time.first(name)).filter(|one| !values::is_null(*one));
            one.and_then(|one| reading.stamp(one, "@value", path))
        };
        (end("low", "encounter.period.start"), end("high", "encounter.period.end"))
    };
    let (of_encounter, of_service) = (ends(encounter), ends(service));
    let days = |stamp: Option<Stamp>| stamp.and_then(Stamp::whole_day);
    for (one, other) in [(of_encounter.0, of_service.0), (of_encounter.1, of_service.1)] {
        if let (Some(one), Some(other)) = (days(one), days(other))
            && (one.duration_until(other).as_hours().abs()) > 24
            && let Some(service) = service
        {
            reading.warning(
                "H008",
                service,
                "入退院日がencompassingEncounterとserviceEventで違います。前者を採りました。",
                "encompassingEncounter and serviceEvent give different days; the former was taken.",
            );
        }
    }
    (of_encounter.0.or(of_service.0), of_encounter.1.or(of_service.1))
}

/// The stay: an encounter, and a discharge notice where the document tells of a discharge.
pub(super) fn stay(reading: &mut Reading<'_>, patient: usize, document: &Document<'_>, told: Told, words: &Words) {
    let root = reading.tree.root();
    let encounter = root.first("componentOf").and_then(|one| one.first("encompassingEncounter"));
    let service = root.all("documentationOf").find_map(|one| one.first("serviceEvent"));
    if encounter.is_none() && !(document.is(Kind::Discharge) && service.is_some()) {
        if document.is(Kind::Discharge) {
            reading.warning_at(
                "H008",
                root,
                "componentOf",
                "退院時サマリーに入退院の情報(encompassingEncounter、serviceEvent)がありません。内容は文書として保管しました。",
                "A discharge summary without its stay (encompassingEncounter, serviceEvent): what it says is kept as a document.",
            );
        }
        return;
    }
    if encounter.is_none() && document.guide == Guide::Ccda {
        reading.warning_at(
            "H008",
            root,
            "componentOf",
            "C-CDAの退院時サマリーに必要な入退院の情報(encompassingEncounter)がありません。serviceEventから読みました。",
            "C-CDA wants the encounter (encompassingEncounter) in a discharge summary; its stay was read from serviceEvent.",
        );
    }
    let node = encounter.or(service).unwrap_or(root);
    let (start, end) = times(reading, encounter);
    if let (Some(start), Some(end)) = (start, end)
        && start.certainly_after(end)
    {
        reading.error("H006", node, "退院日時が入院日時より前です。", "The end is before the beginning.");
    }
    let visit = encounter.and_then(|one| one.first("id")).map(|id| number(id, "encounter.visit_number"));
    let visit = visit.unwrap_or_default();
    let key = crate::hospital::stay_key(reading.key(patient), &visit, start, end);
    let destination = encounter.and_then(|one| one.first("dischargeDispositionCode"));
    let destination = values::coded(destination, "discharge_notice.destination", words);
    let ward = encounter.map(ward).unwrap_or_default();
    let attending = encounter.and_then(attending).unwrap_or_default();
    let class = class(encounter, document);
    let (from, until) = (start.map(Stamp::date_time), end.map(Stamp::date_time));
    let body = Body::Encounter(proto::Encounter {
        class: class.to_owned(),
        visit_number: visit,
        period: (from.is_some() || until.is_some()).then_some(proto::Period { start: from, end: until }),
        ward: ward.clone(),
        attending: attending.clone(),
        status: if end.is_some() { "finished".to_owned() } else { String::new() },
        ..proto::Encounter::default()
    });
    let mut entry = reading.entry(patient, key.clone(), node, start.or(end), body);
    raise::by_place(&mut entry, &ward, "");
    reading.update("encounter", entry);
    if !document.is(Kind::Discharge) && destination.is_none() {
        return;
    }
    if end.is_none() {
        reading.warning(
            "H103",
            node,
            "退院日時がありません。退院前の要約として受け取りました。",
            "The time of discharge is missing; taken as a summary written before it.",
        );
    }
    let death = destination.as_ref().is_some_and(|to| raise::tells_death(&to.code));
    let institution = document.custodian.and_then(|keeper| keeper.first("name"));
    let body = Body::DischargeNotice(proto::DischargeNotice {
        admitted_at: from,
        discharged_at: until,
        destination,
        ward: ward.clone(),
        attending,
        course: told.course.text,
        instructions: told.instructions.text,
        request: told.request.text,
        course_xhtml: told.course.xhtml,
        instructions_xhtml: told.instructions.xhtml,
        request_xhtml: told.request.xhtml,
        institution: institution.map_or("", |name| name.take("#text", "discharge_notice.institution")).to_owned(),
        ..proto::DischargeNotice::default()
    });
    let mut entry = reading.entry(patient, key, node, end, body);
    raise::by_place(&mut entry, &ward, "");
    if death {
        entry.label = Label::R.into();
    }
    reading.update("discharge_notice", entry);
}

fn ward(encounter: Node<'_>) -> String {
    let facility = encounter.first("location").and_then(|location| location.first("healthCareFacility"));
    let place = facility.and_then(|facility| facility.first("location")).and_then(|location| location.first("name"));
    place.map_or("", |name| name.take("#text", "encounter.ward")).to_owned()
}

fn attending(encounter: Node<'_>) -> Option<String> {
    let attends = encounter.all("encounterParticipant").find(|one| one.peek("@typeCode") == "ATND");
    let who = attends.or_else(|| encounter.first("responsibleParty"))?.first("assignedEntity")?;
    let name = who.first("assignedPerson")?.first("name")?;
    values::name(name, "encounter.attending").map(|name| name.text)
}

fn class(encounter: Option<Node<'_>>, document: &Document<'_>) -> &'static str {
    match encounter.and_then(|one| one.first("code")).map_or("", |code| code.take("@code", "encounter.class")) {
        "IMP" | "ACUTE" | "NONAC" => "inpatient",
        "AMB" => "outpatient",
        "EMER" => "emergency",
        _ if document.is(Kind::Discharge) => "inpatient",
        _ => "",
    }
}

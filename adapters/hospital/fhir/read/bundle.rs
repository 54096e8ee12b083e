//! The Composition of a document: what kind it is, who keeps it, and what its sections say about the resources in them.

use super::values;
use crate::hospital::narrative;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_core::adapter::Profile;
use musubi_proto::v1 as proto;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What the Composition says; nothing where there is none.
#[derive(Default)]
pub(super) struct Document<'t> {
    pub(super) composition: Option<Node<'t>>,
    /// Number of the Composition among the resources.
    pub(super) number: usize,
    pub(super) kind: Option<proto::Coded>,
    pub(super) custodian: Option<Node<'t>>,
    /// Texts of the discharge notice that stand in observations of their own, by person.
    pub(super) told: RefCell<BTreeMap<usize, Told>>,
    /// `AD` or `DD`, by the number of a Condition.
    roles: BTreeMap<usize, &'static str>,
    /// Resources by the section (`formats/hospital.md` 4.4) in which they stand.
    sections: BTreeMap<String, Vec<usize>>,
    /// Narratives that say more than the resources, by the code of their section: the first of each.
    narratives: BTreeMap<&'t str, Node<'t>>,
}

/// Texts of a notice, and the resources that hold them.
#[derive(Default)]
pub(super) struct Told {
    pub(super) notice: proto::DischargeNotice,
    pub(super) numbers: Vec<usize>,
    pub(super) taken: bool,
}

/// Types of discharge summaries.
const DISCHARGE: [&str; 3] = ["18842-5", "57058-0", "28655-9"];
/// Types of referrals.
const REFERRAL: [&str; 1] = ["57133-1"];

impl<'t> Document<'t> {
    /// Reads the Composition, which stands first.
    pub(super) fn of(reading: &Reading<'t>) -> Self {
        let Some(first) = reading.resources.first().filter(|first| first.kind == "Composition") else {
            let mut document = Document::default();
            document.diagnoses(reading);
            return document;
        };
        let composition = first.node;
        let kind = values::coding(composition.first("type"), "document.type");
        let custodian = reading.follow(composition.first("custodian"), 0);
        let mut document = Document { composition: Some(composition), kind, custodian, ..Document::default() };
        document.diagnoses(reading);
        composition.all("section").for_each(|section| document.section(reading, section, ""));
        document
    }

    fn is_one_of(&self, codes: &[&str]) -> bool {
        self.kind.as_ref().is_some_and(|kind| codes.contains(&kind.code.as_str()))
    }

    /// A discharge summary?
    pub(super) fn is_discharge(&self) -> bool {
        self.is_one_of(&DISCHARGE)
    }

    /// The texts of the notice of this person, for the first one that asks.
    pub(super) fn told(&self, person: usize) -> proto::DischargeNotice {
        let mut all = self.told.borrow_mut();
        all.get_mut(&person)
            .map(|told| {
                told.taken = true;
                std::mem::take(&mut told.notice)
            })
            .unwrap_or_default()
    }

    /// Does this resource hold a text that a notice took?
    pub(super) fn is_taken(&self, number: usize) -> bool {
        self.told.borrow().values().any(|told| told.taken && told.numbers.contains(&number))
    }

    /// A referral?
    pub(super) fn is_referral(&self) -> bool {
        self.is_one_of(&REFERRAL)
    }

    /// The period that the document is about.
    pub(super) fn event(&self) -> Option<Node<'t>> {
        self.composition?.first("event")?.first("period")
    }

    /// Admission or discharge diagnosis, by the section or the Encounter that refers to it.
    pub(super) fn role_of(&self, condition: usize) -> Option<&'static str> {
        self.roles.get(&condition).copied()
    }

    /// The resources of a section.
    pub(super) fn in_section(&self, code: &str) -> &[usize] {
        self.sections.get(code).map_or(&[], Vec::as_slice)
    }

    /// Does a section about past illnesses alone refer to this Condition? Of what says nothing itself that tells that it is over.
    pub(super) fn is_of_the_past(&self, condition: usize) -> bool {
        const PAST: [&str; 3] = ["370", "372", "11348-0"];
        let of = self.sections.iter().filter(|(_, resources)| resources.contains(&condition));
        let mut of = of.map(|(code, _)| PAST.contains(&code.as_str())).peekable();
        of.peek().is_some() && of.all(|is_past| is_past)
    }

    /// The words of the first section of one of these codes; noted to go into this field.
    pub(super) fn words_of(&self, codes: &[&str], path: &'static str) -> String {
        let found = codes.iter().find_map(|code| self.narratives.get(code));
        let words = found.map(|div| (div, narrative::plain(div.text()))).filter(|(_, words)| !words.is_empty());
        words.map_or_else(String::new, |(div, words)| {
            div.taken(path);
            words
        })
    }

    fn diagnoses(&mut self, reading: &Reading<'t>) {
        for (number, resource) in reading.resources.iter().enumerate().filter(|(_, one)| one.kind == "Encounter") {
            for diagnosis in resource.node.all("diagnosis") {
                let Some(target) = reading.target(diagnosis.first("condition"), number) else { continue };
                let role = values::coding(diagnosis.first("use"), "condition.kind").map(|role| role.code);
                match role.as_deref() {
                    Some("AD") => _ = self.roles.insert(target, "AD"),
                    Some("DD") => _ = self.roles.insert(target, "DD"),
                    _ => {}
                }
            }
        }
    }

    fn section(&mut self, reading: &Reading<'t>, section: Node<'t>, above: &str) {
        let own = section.first("code").and_then(|code| code.first("coding")).map(|coding| coding.peek("code"));
        let text = section.first("text").filter(|text| text.peek("status") != "generated");
        if let (Some(own), Some(div)) = (own, text.and_then(|text| text.get("div"))) {
            self.narratives.entry(own).or_insert(div);
        }
        let code = section.first("code").and_then(|code| code.first("coding")).map_or(above, |coding| {
            coding.envelope("system");
            coding.envelope("display");
            coding.envelope("code")
        });
        for entry in section.all("entry") {
            let Some(target) = reading.target(Some(entry), self.number) else { continue };
            self.sections.entry(code.to_owned()).or_default().push(target);
            match code {
                "342" | "46241-6" => _ = self.roles.insert(target, "AD"),
                "344" | "11535-2" => _ = self.roles.insert(target, "DD"),
                _ => {}
            }
        }
        section.all("section").for_each(|inner| self.section(reading, inner, code));
    }
}

/// Reports of a stillbirth.
const FETAL_DEATH: [&str; 5] = ["69043-8", "92010-8", "76400-1", "92022-3", "92023-1"];

/// No child person comes of a stillbirth (`formats/common_japan.md` 5.5): a report about the fetus is not taken. Neither is a
/// document that was put down by mistake: nothing in it holds.
pub(super) fn check_kind(reading: &mut Reading<'_>, document: &Document<'_>) {
    if let Some(composition) = document.composition.filter(|one| one.peek("status") == "entered-in-error") {
        reading.error_at(
            "H003",
            composition,
            "status",
            "取り消された文書(entered-in-error)は受け取れません。訂正した文書を送るか、中のリソースをentered-in-errorにして送ってください。",
            "A document that is entered-in-error is not taken: send the corrected one, or its resources as entered-in-error.",
        );
    }
    let Some(composition) = document.composition.filter(|_| document.is_one_of(&FETAL_DEATH)) else { return };
    reading.error_at(
        "H003",
        composition,
        "type",
        "死産の報告は、児の記録を作らないため受け取れません。母の分娩の転帰として送ってください。",
        "A report of a stillbirth is not taken, since no record of a child is made; send it as the outcome of the mother's delivery.",
    );
}

/// S-04: the certificate decides who sends; the custodian must only not say otherwise.
pub(super) fn check_custodian(reading: &mut Reading<'_>, document: &Document<'_>) {
    let (Some(composition), Some(custodian)) = (document.composition, document.custodian) else { return };
    if !knows(custodian, reading.profile) {
        reading.error_at(
            "H002",
            composition,
            "custodian",
            "文書の管理機関(custodian)が、この接続の機関に登録された名前または番号ではありません。",
            "The custodian is not a name or number registered for the agency of this connection.",
        );
    }
}

/// Is this Organization the agency of the profile, by one of its names or numbers?
fn knows(organization: Node<'_>, profile: &Profile) -> bool {
    let agency = values::agency(organization, "author");
    let numbers = organization.all("identifier").map(|id| id.peek("value"));
    let known = |name: &str| !name.is_empty() && profile.knows_sender(name);
    agency.as_deref().is_some_and(known) || known(organization.envelope("name")) || numbers.into_iter().any(known)
}

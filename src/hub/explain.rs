//! Why something was shown or not (`consent.md` section 10): a release on file is decided again from what was recorded
//! then, and must come to the rules that stand in its row.

use super::caller::{Caller, request_of};
use super::family::Family;
use super::ledger::act;
use super::release_detail::ReleaseDetail;
use super::statement::BLOCKED;
use super::{Hub, Refusal};
use crate::digits::hex;
use crate::store::{Change, ReleaseRow};
use musubi_core::agency::{Actor, AgencyId, AgencyKind, Category, CategorySet, Purpose, Role};
use musubi_core::consent::records::{
    Approval, Channel, Consent, ConsentKind, Grantee, Ground, Proof, Relationship, Scope, Status,
};
use musubi_core::consent::{Evidence, Facts, Outcome, Request, Rule};
use musubi_core::id::{EntryId, FactId, PersonId, ReleaseId};
use musubi_core::release::{Released, release};
use musubi_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A release, explained to one who may know.
pub struct Explanation {
    /// To whom it was made.
    pub recipient: AgencyId,
    /// For what.
    pub purpose: Purpose,
    /// When.
    pub at: Time,
    /// The policy that decided, SHA-256 in hexadecimal.
    pub policy_hash: String,
    /// Decided again it came to the same; `None` when another policy decides by now.
    pub reproduced: Option<bool>,
    /// SHA-256 of the facts that it rested on, in hexadecimal; empty for the recipient and the subject.
    pub facts_hash: String,
    /// The same facts are found on file as they stood for that decision; `None` where their hash is not on record.
    pub same_facts: Option<bool>,
    /// Each decision that the caller may know.
    pub decisions: Vec<Explained>,
}

/// The decision on one category of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The entry.
    pub entry: Uuid,
    /// The category.
    pub category: Category,
    /// What came out.
    pub outcome: Outcome,
    /// The rule that decided.
    pub rule: String,
    /// The cell that was read, and the facts that counted: `CS ground approved`.
    pub basis: String,
    /// Consents, grounds, objections that it rests on.
    pub evidence: Vec<Uuid>,
}

/// Who asks, towards one release.
enum Reader {
    /// The auditor of the municipality: everything.
    Auditor,
    /// Who wrote some of it: everything about those entries.
    Source(BTreeSet<Uuid>),
    /// Who received it: what speaks for what it received.
    Recipient,
    /// The privacy officer, for the subject.
    Subject,
}

impl Hub {
    /// Explains a release, as far as the caller may know.
    ///
    /// # Errors
    /// When there is no such release, or it is not for the caller to know of: the same answer.
    pub async fn explain(&self, caller: &Caller, release: ReleaseId) -> Result<Explanation, Refusal> {
        let row = self.store.release(release).await?.ok_or_else(unknown)?;
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let today = self.family(&persons, self.now()).await?;
        let detail: ReleaseDetail = self.opened(&today, &row).ok_or_else(unknown)?;
        let family = self.family_then(&detail.footing, row.decided_at).await?;
        let reader = self.reader(caller, &row, &family, &detail).ok_or_else(unknown)?;
        let stored = decisions(&detail);
        let reproduced = if row.policy_hash == self.policy.hash() {
            let again = self.decided_again(&row, &family, &detail);
            Some(again.is_some_and(|again| stored.iter().all(|one| comes_to_the_same(&again, one))))
        } else {
            None
        };
        if reproduced == Some(false) {
            tracing::error!(release = %row.id, "a release does not come out as it was recorded");
        }
        let whole = matches!(reader, Reader::Auditor | Reader::Source(_));
        let facts_hash = if whole { detail.facts_hash.clone() } else { String::new() };
        let same_facts = (!facts_hash.is_empty()).then(|| hex(&family.fingerprint()) == facts_hash);
        let mut entry = act(self.now(), "explain", caller.id(), &caller.actor);
        entry.release = row.id.0.as_bytes().to_vec();
        let leaves = vec![self.leaf(self.now(), &row.municipality, &family, &persons, entry)];
        self.store.commit("explain", Change { leaves, ..Change::default() }).await?;
        Ok(Explanation {
            recipient: row.recipient.clone(),
            purpose: row.purpose,
            at: row.decided_at,
            policy_hash: hex(&row.policy_hash),
            reproduced,
            facts_hash,
            same_facts,
            decisions: stored.into_iter().filter_map(|one| reader.sees(one)).collect(),
        })
    }

    /// That something was refused is for its author and the auditor: to the recipient and the subject there is nothing.
    fn reader(&self, caller: &Caller, row: &ReleaseRow, family: &Family, detail: &ReleaseDetail) -> Option<Reader> {
        let shown = !detail.items.is_empty();
        let kept_here = || family.known().into_iter().any(|person| self.is_center_of(caller, family, person));
        match caller.actor.role {
            Role::System => None,
            Role::Auditor => kept_here().then_some(Reader::Auditor),
            Role::PrivacyOfficer => (shown && kept_here() && !self.tells_of_protection(row)).then_some(Reader::Subject),
            _ if row.recipient == *caller.id() => shown.then_some(Reader::Recipient),
            _ => {
                let of_release: BTreeSet<Uuid> = detail.items.iter().flat_map(|item| &item.entries).copied().collect();
                let record = family.record();
                let own = record.entries().iter().filter(|entry| entry.author().as_ref() == Some(caller.id()));
                let own: BTreeSet<Uuid> = own.filter_map(|entry| Some(entry.id()?.0)).collect();
                let involved = own.iter().any(|entry| of_release.contains(entry))
                    || detail.withheld.iter().flat_map(|held| &held.entries).any(|entry| own.contains(entry));
                // That a child guidance center received it tells of a concern: not even the source learns that.
                (involved && !self.tells_of_protection(row)).then_some(Reader::Source(own))
            }
        }
    }

    /// The same decision from what was on file then.
    fn decided_again(&self, row: &ReleaseRow, family: &Family, detail: &ReleaseDetail) -> Option<Released> {
        let agency = self.register.agency(&row.recipient)?;
        let actor = detail.actor.clone().unwrap_or_else(Actor::system);
        let request: Request = request_of(&agency, actor, row.purpose, detail.cited.map(FactId));
        let (record, facts) = family.whole();
        Some(release(record, &request, &facts, &self.policy, row.decided_at))
    }
}

/// Everything that stands in a release row.
fn decisions(detail: &ReleaseDetail) -> Vec<Explained> {
    let mut all = Vec::new();
    for item in &detail.items {
        for (category, rule) in item.rules.iter().filter_map(|rule| rule.split_once(' ')) {
            let Ok(category) = category.parse::<Category>() else { continue };
            let outcome = if item.full.has(category) { Outcome::Permit } else { Outcome::General };
            let mut bases = item.bases.iter().filter_map(|basis| basis.split_once(' '));
            let basis = bases.find(|(of, _)| of.parse() == Ok(category)).map(|(_, basis)| basis).unwrap_or_default();
            all.extend(item.entries.iter().map(|entry| {
                let (rule, basis, evidence) = (rule.to_owned(), basis.to_owned(), item.evidence.clone());
                Explained { entry: *entry, category, outcome, rule, basis, evidence }
            }));
        }
    }
    for held in &detail.withheld {
        let (category, outcome) = (held.category, held.outcome);
        all.extend(held.entries.iter().map(|entry| {
            let (rule, basis, evidence) = (held.rule.clone(), held.basis.clone(), held.evidence.clone());
            Explained { entry: *entry, category, outcome, rule, basis, evidence }
        }));
    }
    all
}

/// Does the second decision say what the first one said?
fn comes_to_the_same(again: &Released, stored: &Explained) -> bool {
    let entry = EntryId(stored.entry);
    let same = |rule: &Rule, basis: &Evidence| {
        rule.to_string() == stored.rule && (stored.basis.is_empty() || basis.to_string() == stored.basis)
    };
    let shown = again.shown().iter().filter(|shown| shown.entry == entry);
    let mut shown = shown.flat_map(|shown| shown.rules.iter().zip(&shown.bases));
    let mut withheld = again.withheld().iter().filter(|held| held.entry == entry);
    match stored.outcome {
        Outcome::Permit | Outcome::General => {
            shown.any(|((category, rule), (_, basis))| *category == stored.category && same(rule, basis))
        }
        _ => withheld.any(|held| held.category == stored.category && same(&held.rule, &held.basis)),
    }
}

impl Reader {
    fn sees(&self, decision: Explained) -> Option<Explained> {
        let shown = matches!(decision.outcome, Outcome::Permit | Outcome::General);
        let blocked: CategorySet = BLOCKED.into_iter().collect();
        match self {
            Reader::Auditor => Some(decision),
            Reader::Source(own) => own.contains(&decision.entry).then(|| without_protection(decision)),
            Reader::Recipient => shown.then(|| without_evidence(decision)),
            Reader::Subject => (shown && !blocked.has(decision.category)).then(|| without_evidence(decision)),
        }
    }
}

/// What was weighed is for those who answer for the record.
fn without_evidence(decision: Explained) -> Explained {
    Explained { basis: String::new(), evidence: Vec::new(), ..decision }
}

/// A source is told of a seal, a link and a shield only that a gate is closed: the one in hiding may be hidden from its own
/// staff (`security.md` section 1).
fn without_protection(decision: Explained) -> Explained {
    match decision.rule.as_str() {
        "T0.6" | "T0.7" | "T0.8" => without_evidence(Explained { rule: "T0".to_owned(), ..decision }),
        _ => decision,
    }
}

/// What opens, in words: the beginning of a rule, Japanese, English.
const REASONS: [(&str, &str, &str); 7] = [
    ("T1", "提供を受けた機関が書いた記録", "written by the recipient itself"),
    ("T2", "法令上の義務(通告等)", "a duty under the law"),
    ("T3", "緊急閲覧", "break-glass"),
    ("T5", "提供元が認めた法的根拠", "a ground in law that the source approved"),
    ("T6", "法定事務・委託", "a statutory task, or delegated processing"),
    ("T9", "本人等の同意", "consent"),
    ("T10", "関係がある間の既定の提供", "the default while a relation exists"),
];

/// A rule that opens, in words; nothing for one that closes.
pub fn in_words(rule: &str) -> Option<(&'static str, &'static str)> {
    let tier = rule.split('.').next().unwrap_or(rule);
    REASONS.iter().find(|(known, ..)| *known == tier).map(|(_, ja, en)| (*ja, *en))
}

/// The parts of an own message, and what each would need for one recipient: what-if, for its author alone.
pub struct WhatIf {
    /// The decision as it would be taken now.
    pub now: Explained,
    /// What would change it: `permit`, `approval`, `no_objection`.
    pub changed_by: Vec<&'static str>,
}

impl Hub {
    /// What a recipient would be shown of the caller's own message now, and which change would open the rest.
    ///
    /// # Errors
    /// When the message is not the caller's, or the recipient is not on the register.
    pub async fn what_if(
        &self,
        caller: &Caller,
        message: &str,
        recipient: &AgencyId,
        purpose: Purpose,
    ) -> Result<Vec<WhatIf>, Refusal> {
        if caller.actor.role == Role::System {
            return Err(unknown());
        }
        let agency = self.register.agency(recipient).filter(|agency| agency.active).ok_or_else(unknown)?;
        if agency.kind == AgencyKind::Cgc || matches!(purpose, Purpose::P5 | Purpose::P6 | Purpose::P11) {
            // Whether a child guidance center has a ground is for those who answer its requests.
            return Err(unknown());
        }
        let message = self.message_meant(caller, message).await?.ok_or_else(unknown)?;
        let row = self.store.message(message).await?.filter(|row| row.agency == *caller.id()).ok_or_else(unknown)?;
        let rows = self.store.entries_of_message(&row.municipality, message).await?;
        let persons: Vec<PersonId> = rows.iter().flat_map(|row| &row.persons).map(|c| c.person).collect();
        let own: BTreeSet<EntryId> = rows.iter().flat_map(|row| &row.contained).map(|entry| entry.id).collect();
        let family = self.family(&persons, self.now()).await?;
        let request = request_of(&agency, Actor::system(), purpose, None);
        let now = self.outcomes(&family, &request, caller.id(), &own, Hypothesis::None);
        let mut answers: BTreeMap<(EntryId, Category), WhatIf> =
            now.into_iter().map(|(key, now)| (key, WhatIf { now, changed_by: Vec::new() })).collect();
        for (word, hypothesis) in Hypothesis::EACH {
            for (key, other) in self.outcomes(&family, &request, caller.id(), &own, hypothesis) {
                if let Some(answer) = answers.get_mut(&key).filter(|answer| answer.now.outcome != other.outcome) {
                    answer.changed_by.push(word);
                }
            }
        }
        Ok(answers.into_values().collect())
    }

    fn outcomes(
        &self,
        family: &Family,
        request: &Request,
        source: &AgencyId,
        own: &BTreeSet<EntryId>,
        hypothesis: Hypothesis,
    ) -> BTreeMap<(EntryId, Category), Explained> {
        let (record, mut facts) = family.whole();
        hypothesis.apply(&mut facts, request, source, family.at);
        let released = release(record, request, &facts, &self.policy, family.at);
        let mut found = BTreeMap::new();
        for shown in released.shown().iter().filter(|shown| own.contains(&shown.entry)) {
            for (category, rule) in &shown.rules {
                let outcome = if shown.full.has(*category) { Outcome::Permit } else { Outcome::General };
                let (entry, category, rule) = (shown.entry.0, *category, rule.to_string());
                found.insert(
                    (shown.entry, category),
                    Explained { entry, category, outcome, rule, basis: String::new(), evidence: Vec::new() },
                );
            }
        }
        for held in released.withheld().iter().filter(|held| own.contains(&held.entry)) {
            let decision = Explained {
                entry: held.entry.0,
                category: held.category,
                outcome: held.outcome,
                rule: held.rule.to_string(),
                basis: String::new(),
                evidence: Vec::new(),
            };
            found.insert((held.entry, held.category), without_protection(decision));
        }
        found
    }
}

/// A change that somebody could bring about.
#[derive(Clone, Copy)]
enum Hypothesis {
    None,
    Permit,
    Approval,
    NoObjection,
}

impl Hypothesis {
    const EACH: [(&'static str, Hypothesis); 3] =
        [("permit", Hypothesis::Permit), ("approval", Hypothesis::Approval), ("no_objection", Hypothesis::NoObjection)];

    fn apply(self, facts: &mut Facts, request: &Request, source: &AgencyId, now: Time) {
        match self {
            Hypothesis::None => {}
            Hypothesis::Permit => {
                for (person, subject) in &mut facts.subjects {
                    let by = [Relationship::Subject, Relationship::ParentalAuthority];
                    subject.consents.extend(by.map(|by| permit_of_everything(*person, by, request, now)));
                }
            }
            Hypothesis::Approval => {
                let sources = |ground: &Ground| ground.recipient == request.recipient;
                for ground in facts.grounds.iter_mut().filter(|ground| sources(ground)) {
                    ground.approvals.push(Approval {
                        source: source.clone(),
                        categories: CategorySet::ALL,
                        approved_at: now,
                        with_objection_in_view: true,
                    });
                }
            }
            Hypothesis::NoObjection => {
                for subject in facts.subjects.values_mut() {
                    subject.consents.retain(|record| record.kind != ConsentKind::Objection);
                }
            }
        }
    }
}

/// A permit that opens whatever a permit can.
fn permit_of_everything(subject: PersonId, by: Relationship, request: &Request, now: Time) -> Consent {
    Consent {
        id: FactId(Uuid::nil()),
        version: 1,
        supersedes: None,
        kind: ConsentKind::Permit,
        subject,
        grantor: (by == Relationship::Subject).then_some(subject),
        relationship: by,
        authority: "what-if".to_owned(),
        grantee: Grantee::Agency(request.recipient.clone()),
        categories: Scope::Named(CategorySet::ALL),
        purposes: vec![request.purpose],
        valid_from: now,
        valid_until: Some(now.plus_days(1)),
        recorded_at: now,
        evidence: Proof { channel: Channel::Electronic, ..Proof::spoken() },
        status: Status::Active,
        explanation_given: String::new(),
    }
}

fn unknown() -> Refusal {
    Refusal::invalid(
        "M641",
        "release_id",
        "この番号の提供について説明できるものはありません。",
        "Nothing can be explained to you about this id.",
    )
}

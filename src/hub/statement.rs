//! Who was shown a person's data, when, on which basis: the accounting of disclosures (`consent.md` section 12).

use super::access::Requester;
use super::caller::Caller;
use super::family::Family;
use super::ledger::act;
use super::persons::Named;
use super::release_detail::{ReleaseDetail, ReleasedItem};
use super::{Hub, Refusal, RefusalKind};
use crate::store::{Change, ReleaseRow};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::{AgencyId, AgencyKind, Category, CategorySet, Purpose, Role};
use musubi_core::audit::AuditEntry;
use musubi_core::id::PersonId;
use musubi_core::time::Time;
use std::collections::BTreeSet;

/// What a subject's own statement never names: concern, violence, who told.
pub(super) const BLOCKED: [Category; 3] = [Category::C13, Category::C14, Category::C20];

/// One disclosure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// To whom.
    pub recipient: AgencyId,
    /// For what.
    pub purpose: Purpose,
    /// When.
    pub shown_at: Time,
    /// Which categories of this person's data.
    pub categories: CategorySet,
    /// On which bases: the rules that decided.
    pub bases: Vec<String>,
}

impl Hub {
    /// A person's statement. The privacy officer of the municipality of residence makes it (P10), without what would tell of a
    /// concern or of violence (`consent.md` section 10), for the [`Requester`]; where none is named that is the subject, who may
    /// ask for herself only from the age of maturity on. The auditor asks for nobody, and sees all.
    ///
    /// # Errors
    /// When the caller is neither, several of the municipality fit the name, or a disclosure on file cannot be read: no
    /// statement leaves one out.
    pub async fn statement(
        &self,
        caller: &Caller,
        subject: &Named,
        requester: Option<&Requester>,
    ) -> Result<Vec<Disclosure>, Refusal> {
        let allowed = matches!(caller.actor.role, Role::PrivacyOfficer | Role::Auditor);
        if !allowed || caller.agency.kind != AgencyKind::Osc {
            return Err(Refusal::forbidden(
                "M807",
                "staff_id",
                "開示記録は、センターの個人情報保護担当または監査担当だけが作成できます。",
                "A statement is made by the center's privacy officer or auditor.",
            ));
        }
        let now = self.now();
        let entry = act(now, "statement", caller.id(), &caller.actor);
        let mut found = None;
        if let Some(person) = self.find(subject).await? {
            let family = self.family(&[person], now).await?;
            found = self.is_center_of(caller, &family, person).then_some((family, person));
        } else {
            self.several_in(&caller.agency.municipality, subject, caller).await?;
        }
        let mut change = Change::default();
        let (disclosures, leaf) = match &found {
            Some((family, person)) => {
                let municipality = &caller.agency.municipality;
                let leaf = self.leaf(now, municipality, family, &[*person], entry);
                let herself = Requester::herself(subject);
                let reader = if requester.is_some() { Role::PrivacyOfficer } else { caller.actor.role };
                let granted = reader == Role::Auditor || {
                    let requester = requester.unwrap_or(&herself);
                    self.access_granted(caller, family, *person, requester, &mut change).await?
                };
                let rows = if granted { self.disclosures_of(family, *person, reader).await? } else { Vec::new() };
                (rows, leaf)
            }
            // Somebody kept elsewhere is answered as somebody whom nobody knows.
            None => (Vec::new(), self.hub_leaf(now, &AuditEntry { outcome: "empty".to_owned(), ..entry })),
        };
        change.leaves.push(leaf);
        self.store.commit("statement", change).await?;
        Ok(disclosures)
    }

    /// The same for the operator on the data folder itself, who holds the keys anyway: nothing is written.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn statement_on_file(&self, subject: &Named) -> Result<Vec<Disclosure>, Refusal> {
        let Some(person) = self.find(subject).await? else { return Ok(Vec::new()) };
        let family = self.family(&[person], self.now()).await?;
        self.disclosures_of(&family, person, Role::Auditor).await
    }

    async fn disclosures_of(
        &self,
        family: &Family,
        person: PersonId,
        reader: Role,
    ) -> Result<Vec<Disclosure>, Refusal> {
        let ids = family.ids_of(person);
        let for_subject = reader != Role::Auditor;
        let told = if for_subject { self.emergencies_told(&ids).await? } else { BTreeSet::new() };
        let hidden: CategorySet = if for_subject { BLOCKED.into_iter().collect() } else { CategorySet::EMPTY };
        let (mut disclosures, mut unreadable) = (Vec::new(), 0_u32);
        for row in self.store.releases_of(&ids).await? {
            let detail: Option<ReleaseDetail> = self.opened(family, &row);
            let Some(detail) = detail else {
                unreadable += 1;
                continue;
            };
            let own: Vec<&ReleasedItem> = detail
                .items
                .iter()
                .filter(|item| item.persons.iter().any(|p| family.known_as(*p) == family.known_as(person)))
                .collect();
            let known_to_subject = own.iter().flat_map(|item| &item.evidence).any(|id| told.contains(id));
            if for_subject && !known_to_subject && self.tells_of_protection(&row) {
                continue;
            }
            let (mut categories, mut bases) = (CategorySet::EMPTY, BTreeSet::new());
            for item in own {
                let shown = item.full.union(item.general).minus(hidden);
                categories = categories.union(shown);
                let rules = item.rules.iter().filter_map(|rule| rule.split_once(' '));
                let of_shown = rules.filter(|(category, _)| category.parse().is_ok_and(|category| shown.has(category)));
                bases.extend(of_shown.map(|(_, rule)| rule.to_owned()));
            }
            if !categories.is_empty() {
                disclosures.push(Disclosure {
                    recipient: row.recipient,
                    purpose: row.purpose,
                    shown_at: row.decided_at,
                    categories,
                    bases: bases.into_iter().collect(),
                });
            }
        }
        if unreadable > 0 {
            tracing::error!(unreadable, "a statement would leave disclosures out");
            return Err(incomplete());
        }
        Ok(disclosures)
    }

    /// That a child guidance center or a council asked tells of a concern; of an emergency the subject is informed first.
    pub(super) fn tells_of_protection(&self, row: &ReleaseRow) -> bool {
        let guidance = self.register.agency(&row.recipient).is_none_or(|agency| agency.kind == AgencyKind::Cgc);
        guidance || matches!(row.purpose, Purpose::P5 | Purpose::P6 | Purpose::P11)
    }
}

fn incomplete() -> Refusal {
    Refusal::new(
        RefusalKind::Unavailable,
        Diagnostic::error(
            "M903",
            "statement",
            "読み取れない提供記録があるため、開示記録を作成できません。運用者に連絡してください。",
            "A disclosure on file cannot be read, so that no statement is made. Tell the operator.",
        ),
    )
}

//! What stands on file about a person beside the record: for the officers of the center where the person is kept, who must
//! see what a mother permitted before they ask her again, and what speaks for and against a request before they answer it.

use super::caller::{Caller, Operation};
use super::persons::{only_center_staff, unknown_person};
use super::work::HOLD;
use super::{Hub, Refusal};
use musubi_core::agency::CategorySet;
use musubi_core::consent::records::{Consent, ConsentKind, Ground, Scope, Shield};
use musubi_core::id::{FactId, PersonId, WorkItemId};

/// What a person permitted and objected to, and what protects where she is.
pub struct OnFile {
    /// Permits, withdrawals and objections, the latest first.
    pub consents: Vec<Consent>,
    /// Address shields, the latest first.
    pub shields: Vec<Shield>,
}

/// A request that waits for its holder, and what is to be weighed.
pub struct Asked {
    /// As it stands by now.
    pub ground: Ground,
    /// Categories of it that this holder has not answered.
    pub waiting: CategorySet,
    /// Categories to whose disclosure one of the persons objects.
    pub objected: CategorySet,
    /// One of the persons is under an address shield. Only the center where they are kept is told.
    pub shielded: bool,
}

impl Hub {
    /// What is on file about a person who is kept where the caller's center is.
    ///
    /// # Errors
    /// When the caller is no officer of that center: answered as somebody whom nobody knows.
    pub async fn on_file(&self, caller: &Caller, person: PersonId) -> Result<OnFile, Refusal> {
        only_center_staff(caller)?;
        let family = self.family(&[person], self.now()).await?;
        if !self.is_center_of(caller, &family, person) {
            return Err(unknown_person());
        }
        let facts = family.facts.get(&family.known_as(person));
        let mut on_file = OnFile {
            consents: facts.map(|facts| facts.consents.clone()).unwrap_or_default(),
            shields: facts.map(|facts| facts.shields.clone()).unwrap_or_default(),
        };
        on_file.consents.sort_by_key(|consent| std::cmp::Reverse(consent.recorded_at));
        on_file.shields.sort_by_key(|shield| std::cmp::Reverse(shield.recorded_at));
        Ok(on_file)
    }

    /// The request that a work item of the caller asks about.
    ///
    /// # Errors
    /// When it is not the caller's, or asks about no request.
    pub async fn asked(&self, caller: &Caller, item: WorkItemId) -> Result<Asked, Refusal> {
        caller.check(Operation::AssertGround)?;
        let now = self.now();
        let row = self.store.work_item(item).await?.filter(|row| row.owner == *caller.id() && row.kind == HOLD);
        let row = row.ok_or_else(unknown_person)?;
        let body = self.open_item(&row).await?.ok_or_else(unknown_person)?;
        let fact = FactId::parse(&body.about).ok_or_else(unknown_person)?;
        let latest = self.latest_fact(fact).await?.ok_or_else(unknown_person)?;
        let persons: Vec<PersonId> = latest.persons.iter().map(|concerned| concerned.person).collect();
        let family = self.family(&persons, now).await?;
        let ground: Ground = self.opened(&family, &latest).ok_or_else(unknown_person)?;
        let answered = ground.approvals.iter().filter(|one| one.source == *caller.id()).map(|one| one.categories);
        let answered = answered.fold(CategorySet::EMPTY, CategorySet::union);
        let about = || persons.iter().filter_map(|person| family.facts.get(&family.known_as(*person)));
        let objections = about().flat_map(|facts| &facts.consents).filter(|one| one.kind == ConsentKind::Objection);
        let objected = objections.map(|one| match one.categories {
            Scope::Named(categories) => categories,
            Scope::All => CategorySet::ALL,
        });
        Ok(Asked {
            waiting: ground.asked_of(caller.id()).minus(answered),
            objected: objected.fold(CategorySet::EMPTY, CategorySet::union).and(ground.categories),
            shielded: persons.iter().all(|person| self.is_center_of(caller, &family, *person))
                && about().flat_map(|facts| &facts.shields).any(|shield| shield.on(now)),
            ground,
        })
    }
}

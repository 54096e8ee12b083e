//! What an agency was shown in an interval (漏えい等報告; APPI articles 26 and 68): whose data, of which categories. It is what a
//! breach at that agency is reported with.

use super::family::Family;
use super::release_detail::ReleaseDetail;
use super::{Hub, Refusal};
use crate::store::{Log, ReleaseRow};
use musubi_core::agency::{AgencyId, CategorySet};
use musubi_core::id::{Municipality, PersonId, ReleaseId, uuid_v7};
use musubi_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Releases that are read together.
const TOGETHER: u32 = 500;

/// What was shown of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// Categories, of everything that was shown.
    pub categories: CategorySet,
    /// When it was shown first and last.
    pub shown: (Time, Time),
    /// In how many releases.
    pub releases: u32,
    /// Of some of them nobody can say any more what they showed: keys were destroyed since.
    pub unreadable: bool,
}

impl Hub {
    /// Everybody of whom something was shown to an agency from a moment on and before another, by the id that each is known by
    /// now. For the operator on the data folder itself: nothing is written, and nobody is named.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn exposed_to(
        &self,
        recipient: &AgencyId,
        (from, until): (Time, Time),
    ) -> Result<BTreeMap<PersonId, Exposed>, Refusal> {
        let mut exposed = BTreeMap::new();
        for (log, _) in self.store.logs().await? {
            if let Log::Municipality(municipality) = log {
                self.add_exposed(&mut exposed, recipient, &municipality, (from, until)).await?;
            }
        }
        Ok(exposed)
    }

    async fn add_exposed(
        &self,
        exposed: &mut BTreeMap<PersonId, Exposed>,
        recipient: &AgencyId,
        municipality: &Municipality,
        (from, until): (Time, Time),
    ) -> Result<(), Refusal> {
        // Ids begin with the moment of the decision, to the millisecond.
        let mut after = ReleaseId(uuid_v7(from, [0; 10]));
        loop {
            let rows = self.store.releases_in(municipality, after, TOGETHER).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            let over = last.decided_at >= until.plus_minutes(1);
            let within =
                |row: &&ReleaseRow| row.recipient == *recipient && from <= row.decided_at && row.decided_at < until;
            let rows: Vec<&ReleaseRow> = rows.iter().filter(within).collect();
            let persons = rows.iter().flat_map(|row| &row.persons).map(|one| one.person).collect();
            let family = self.keys_of(&persons).await?;
            for row in rows {
                self.add_release(exposed, &family, row);
            }
            if over {
                return Ok(());
            }
        }
    }

    fn add_release(&self, exposed: &mut BTreeMap<PersonId, Exposed>, family: &Family, row: &ReleaseRow) {
        let detail: Option<ReleaseDetail> = self.opened(family, row);
        let unreadable = detail.is_none();
        let mut shown: BTreeMap<PersonId, CategorySet> = BTreeMap::new();
        if unreadable {
            shown.extend(row.persons.iter().map(|one| (family.known_as(one.person), CategorySet::EMPTY)));
        }
        for item in detail.iter().flat_map(|detail| &detail.items) {
            let persons: BTreeSet<PersonId> = item.persons.iter().map(|person| family.known_as(*person)).collect();
            for person in persons {
                let categories = shown.entry(person).or_insert(CategorySet::EMPTY);
                *categories = categories.union(item.full).union(item.general);
            }
        }
        for (person, categories) in shown {
            let at = row.decided_at;
            let one = exposed.entry(person).or_insert(Exposed {
                categories: CategorySet::EMPTY,
                shown: (at, at),
                releases: 0,
                unreadable: false,
            });
            one.categories = one.categories.union(categories);
            one.shown = (one.shown.0.min(at), one.shown.1.max(at));
            one.releases += 1;
            one.unreadable |= unreadable;
        }
    }
}

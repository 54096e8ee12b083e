//! What ends by itself: a permit, a ground, a tie to an agency, a membership of a council, a person's answer to what was held. In
//! the night after, those that received what it had opened are told, as after a withdrawal (`consent.md` section 12, F10); nothing
//! was shown under it since its end.

use super::family::Family;
use super::{Hub, Refusal};
use crate::store::{Change, FactKind, FactRow, Row};
use musubi_core::consent::records::{Consent, ConsentKind, CouncilCase, Ground, Relation, Status};
use musubi_core::consent::weighing::Weighing;
use musubi_core::id::{Municipality, PersonId};
use musubi_core::time::Time;
use std::collections::BTreeSet;

/// Setting of the store: until when ends have been looked at, in UTC microseconds.
const LOOKED_AT: &str = "ends looked at";
/// Kinds of fact that end by themselves.
const ENDING: [FactKind; 5] =
    [FactKind::Consent, FactKind::Ground, FactKind::Relation, FactKind::CouncilCase, FactKind::Weighing];

impl Hub {
    /// Once for each day of Japan that has begun: tells of everything that has ended since the last look.
    ///
    /// # Errors
    /// When the store fails; the next look begins where the last one that succeeded ended.
    pub async fn look_after_ended(&self) -> Result<(), Refusal> {
        let now = self.now();
        let today = Time::start_of(now.day());
        let last = self.store.setting(LOOKED_AT).await?.and_then(|text| text.parse().ok()).map(Time::from_micros);
        if last.is_some_and(|last| last >= today) {
            return Ok(());
        }
        // The first look of all finds nothing that was shown before it.
        if let Some(last) = last {
            let agencies = self.register.all();
            let mut homes: BTreeSet<Municipality> = agencies.iter().map(|agency| agency.municipality.clone()).collect();
            homes.insert(Municipality::unassigned());
            for municipality in homes {
                for kind in ENDING {
                    for row in self.store.facts_in(&municipality, kind, now).await? {
                        self.tell_of_end(&row, last, today).await?;
                    }
                }
            }
        }
        let row = Row::Setting { name: LOOKED_AT.to_owned(), value: today.micros().to_string() };
        self.store.commit("look at what has ended", Change { rows: vec![row], ..Change::default() }).await?;
        Ok(())
    }

    async fn tell_of_end(&self, row: &FactRow, after: Time, until: Time) -> Result<(), Refusal> {
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, self.now()).await?;
        if self.ends_of(&family, row).into_iter().any(|end| after < end && end <= until) {
            // Another permit may still open the same: who sees it as before is told nothing.
            self.recall(&persons, &BTreeSet::new()).await;
        }
        Ok(())
    }

    /// When what a fact opens ends by itself; none where it does not.
    fn ends_of(&self, family: &Family, row: &FactRow) -> Vec<Time> {
        let ends = match row.kind {
            FactKind::Consent => {
                let permit =
                    |consent: &Consent| consent.kind == ConsentKind::Permit && consent.status == Status::Active;
                let consent = self.opened(family, row).filter(permit);
                consent.map(|consent: Consent| {
                    let born = family.born(family.known_as(consent.subject));
                    vec![consent.valid_until, self.policy.outgrown(&consent, born, family.at)]
                })
            }
            FactKind::Ground => self.opened(family, row).map(|ground: Ground| vec![ground.until, ground.ended_at]),
            FactKind::Relation => self.opened(family, row).map(|tie: Relation| vec![tie.until]),
            FactKind::CouncilCase => self
                .opened(family, row)
                .map(|case: CouncilCase| case.members.iter().map(|member| member.until).collect()),
            _ => self.opened(family, row).map(|weighing: Weighing| vec![Some(weighing.until)]),
        };
        ends.into_iter().flatten().flatten().collect()
    }
}

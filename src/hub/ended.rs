//! What ends by itself: a permit, a ground, a person's answer to what was held. Each night those that received what it had
//! opened are told, as after a withdrawal (`consent.md` section 12, F10); nothing was shown under it since its end.

use super::{Hub, Refusal};
use crate::store::{Change, FactKind, FactRow, Row};
use musubi_core::consent::records::{Consent, ConsentKind, Ground, Status};
use musubi_core::consent::weighing::Weighing;
use musubi_core::id::{Municipality, PersonId};
use musubi_core::time::Time;
use std::collections::BTreeSet;

/// Setting of the store: until when ends have been looked at, in UTC microseconds.
const LOOKED_AT: &str = "ends looked at";
/// Kinds of fact that end by themselves.
const ENDING: [FactKind; 3] = [FactKind::Consent, FactKind::Ground, FactKind::Weighing];

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
        let body = &row.body;
        let end = match row.kind {
            FactKind::Consent => {
                let consent: Option<Consent> = self.open_json(&family, body, "fact", row.id.0, 0);
                let permit = |c: &Consent| c.kind == ConsentKind::Permit && c.status == Status::Active;
                consent.filter(permit).and_then(|consent| consent.valid_until)
            }
            FactKind::Ground => {
                self.open_json::<Ground>(&family, body, "fact", row.id.0, 0).and_then(|ground| ground.until)
            }
            _ => self.open_json::<Weighing>(&family, body, "fact", row.id.0, 0).map(|weighing| weighing.until),
        };
        if end.is_some_and(|end| after < end && end <= until) {
            // Another permit may still open the same: who sees it as before is told nothing.
            self.recall(&persons, &BTreeSet::new()).await;
        }
        Ok(())
    }
}

//! Who has something to send most days, and is silent (S-88): a hospital whose notices stay away looks like one without births.

use super::alarms::{Alarm, Condition};
use super::register::Agency;
use super::{Hub, Refusal};
use crate::store::{Change, Row};
use musubi_core::adapter::Text;
use musubi_core::agency::AgencyId;
use musubi_core::id::Municipality;
use musubi_core::time::Time;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// Setting of the store, before the id of an agency: when it was last heard, in microseconds. Written each minute, by each of
/// several hubs: an agency is silent when none has heard it.
const HEARD: &str = "heard_at.";

impl Hub {
    /// Something of an agency was taken.
    pub(super) fn hears(&self, agency: &AgencyId) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert(agency.clone(), self.now());
    }

    /// Asks about each agency that has been silent for longer than its settings say, once, and closes the question when it is
    /// heard again. Who has no such setting may be silent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look_after_silent(&self) -> Result<(), Refusal> {
        let silent = Alarm {
            kind: "sender_silent",
            code: "SENDER_SILENT",
            act: "sender silent",
            text: Text::new(
                "{about}から、決められた時間、何も届いていません。機関のシステムと接続の状態を確かめてください。",
                "{about} has sent nothing for longer than it may. Look at its system and its connection.",
            ),
        };
        let (now, mut conditions) = (self.now(), BTreeMap::<Condition, Municipality>::new());
        for agency in self.register.all().iter().filter(|agency| agency.active) {
            let Some(most) = agency.settings.silence_minutes else { continue };
            if now.minutes_since(self.last_heard(agency, now).await?) >= i64::from(most) {
                let center = self.register.center(&agency.municipality);
                let owner = center.map_or_else(|| agency.id.clone(), |center| center.id.clone());
                conditions.insert((owner, agency.id.to_string()), agency.municipality.clone());
            }
        }
        self.keep_asking(&silent, &conditions).await
    }

    /// When an agency was last heard by any hub. Who was never heard is taken to be heard when it is first looked for.
    async fn last_heard(&self, agency: &Agency, now: Time) -> Result<Time, Refusal> {
        let name = format!("{HEARD}{}", agency.id);
        let on_file = self.store.setting(&name).await?.and_then(|text| text.parse().ok()).map(Time::from_micros);
        let here = self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(&agency.id).copied();
        let last = on_file.max(here).unwrap_or(now);
        if on_file != Some(last) {
            let rows = vec![Row::Setting { name, value: last.micros().to_string() }];
            self.store.commit("remember who was heard", Change { rows, ..Change::default() }).await?;
        }
        Ok(last)
    }
}

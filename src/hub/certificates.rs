//! Until when the certificates of the hub and of each agency are good, as last presented: who looks over a hub sees in time whose
//! connection will end.

use super::{Hub, Refusal};
use crate::store::{Change, Row};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// Setting of the store, before the id of an agency: the end of its certificate, in microseconds.
const UNTIL: &str = "certificate_until.";

impl Hub {
    /// An agency presented a certificate that is good until then.
    pub(crate) fn sees_certificate(&self, agency: &AgencyId, until: Time) {
        let mut seen = self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(agency.clone(), until);
    }

    /// The hub shows its callers a certificate that is good until then.
    pub(crate) fn has_certificate(&self, until: Time) {
        *self.own_certificate.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// The end of the hub's own certificate; `None` where it listens nowhere.
    pub(super) fn own_certificate_until(&self) -> Option<Time> {
        *self.own_certificate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the certificate that each agency presented last, to this hub or, before it started, to any.
    pub(super) async fn certificates_until(&self) -> Result<BTreeMap<AgencyId, Time>, Refusal> {
        let mut until = self.certificates.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut rows = Vec::new();
        for agency in self.register.all() {
            let name = format!("{UNTIL}{}", agency.id);
            let on_file = self.store.setting(&name).await?.and_then(|text| text.parse().ok()).map(Time::from_micros);
            match (until.get(&agency.id), on_file) {
                (Some(here), on_file) if on_file != Some(*here) => {
                    rows.push(Row::Setting { name, value: here.micros().to_string() });
                }
                (None, Some(on_file)) => drop(until.insert(agency.id.clone(), on_file)),
                _ => {}
            }
        }
        if !rows.is_empty() {
            self.store.commit("remember certificates", Change { rows, ..Change::default() }).await?;
        }
        Ok(until)
    }
}

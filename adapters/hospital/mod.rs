//! Formats of hospitals.

mod attachment;
mod concepts;
pub mod fhir;
pub mod hl7v2;
mod narrative;
mod raise;

use musubi_core::adapter::Profile;
use musubi_proto::v1 as proto;

/// The moment of receipt, for what does not say when it was sent.
fn received(profile: &Profile) -> proto::DateTime {
    let at = profile.now.japan();
    let date = proto::Date { year: at.year().into(), month: Some(at.month().into()), day: Some(at.day().into()) };
    let (hour, minute) = (Some(at.hour().into()), Some(at.minute().into()));
    proto::DateTime { date: Some(date), hour, minute, second: Some(at.second().into()) }
}

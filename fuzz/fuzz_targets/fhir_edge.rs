//! Any bytes as what the FHIR edge is asked: never a panic, and what is refused says why and where.
#![no_main]

use libfuzzer_sys::fuzz_target;
use musubi_adapters::hospital::fhir::rest::{Form, consent, identifier_of_condition, question, search, staff};
use musubi_core::adapter::{Diagnostic, Profile};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;

fn says_why<T>(read: Result<T, Vec<Diagnostic>>) {
    if let Err(said) = read {
        assert!(!said.is_empty() && said.iter().all(|one| !one.place.is_empty()));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(agency) = AgencyId::new("MED-4810700122") else { return };
    let profile = Profile::plain(agency.clone(), Time::MIN);
    for form in [Form::Json, Form::Xml] {
        says_why(question(form, bytes, &agency));
        says_why(consent(form, bytes, &profile));
    }
    says_why(search(bytes, &agency));
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = (staff(text), identifier_of_condition(text));
    }
});

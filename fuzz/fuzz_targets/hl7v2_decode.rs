//! Any bytes as an HL7 v2 file: never a panic, and an item without a submission always says why.
#![no_main]

use libfuzzer_sys::fuzz_target;
use musubi_adapters::hospital::hl7v2::{Hl7v2, ack, header};
use musubi_core::adapter::{Adapter, Profile, Severity};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;

fuzz_target!(|bytes: &[u8]| {
    let Ok(agency) = AgencyId::new("MED-4810700122") else { return };
    let profile = Profile::offline(agency, Time::MIN);
    let decoded = Hl7v2.decode(bytes, &profile);
    for item in &decoded.items {
        let refused = item.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        assert_eq!(item.submission.is_none(), refused);
    }
    if let Ok(header) = header(bytes) {
        let diagnostics: Vec<_> = decoded.all_diagnostics().cloned().collect();
        let stage = ack::Stage::Application;
        let (header, diagnostics) = (&header, diagnostics.as_slice());
        let (now, receipt, referral_status) = (Time::MIN, None, "");
        let _ = ack::write(&ack::Answer { header, stage, control_id: "1", now, receipt, referral_status, diagnostics });
    }
});

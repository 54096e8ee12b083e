//! Any bytes to every format that is read, and to `auto`: never a panic, and what is refused says why.
#![no_main]

use libfuzzer_sys::fuzz_target;
use musubi_adapters::{ADAPTERS, recognise};
use musubi_core::adapter::{Profile, Severity};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;

fuzz_target!(|bytes: &[u8]| {
    let Ok(agency) = AgencyId::new("OFFLINE") else { return };
    let profile = Profile::offline(agency, Time::MIN);
    let _ = recognise(bytes);
    for adapter in ADAPTERS {
        for item in adapter.decode(bytes, &profile).items {
            let refused = item.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
            assert!(item.submission.is_some() || refused, "{}: refused without a reason", adapter.name());
        }
    }
});

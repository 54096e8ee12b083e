//! What holds for every decoder, whatever it is given.

use musubi_adapters::adapter;
use musubi_core::adapter::{Profile, Severity};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;

/// Any bytes in this format: no panic, and an item that is not taken says why.
pub fn answered(format: &str, bytes: &[u8]) {
    let (Ok(agency), Some(adapter)) = (AgencyId::new("MED-4810700122"), adapter(format)) else {
        panic!("{format} is in the list of formats");
    };
    for item in adapter.decode(bytes, &Profile::offline(agency, Time::MIN)).items {
        let refused = item.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        assert!(item.submission.is_some() || refused, "{format}: refused without a reason");
    }
}

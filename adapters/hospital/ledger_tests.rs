//! The ledger of every FHIR file that others wrote has a line for each value of it, read or refused: counted by another reader.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::fhir::FhirJson;
use crate::testing::{corpus, leaves, now};
use musubi_core::adapter::{Adapter, Profile};
use musubi_core::agency::AgencyId;
use serde_json::Value;

#[test]
fn every_value_of_a_fhir_file_has_a_line_in_its_ledger() {
    let Some(files) = corpus("hospital/fhir") else { return };
    let profile = Profile::offline(AgencyId::new("MED-4810700122").unwrap(), now());
    let (mut counted, mut values) = (0, 0);
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let decoded = FhirJson.decode(&bytes, &profile);
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        // What is not read at all has no item and no ledger.
        let Some(value) = serde_json::from_slice::<Value>(text).ok().filter(|_| !decoded.items.is_empty()) else {
            continue;
        };
        assert_eq!(decoded.ledger.lines().count(), leaves(&value), "{}", path.display());
        (counted, values) = (counted + 1, values + leaves(&value));
    }
    println!("{values} values of {counted} files");
    assert!(counted > 50, "few files were counted");
}

//! Any text as facts, as policy files and as JSON of the record: never a panic; and the words agree with the tiers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use musubi_core::consent::bits::Words;
use musubi_core::consent::{DecisionFacts, Outcome, Policy, RaisedCodes, decide};
use musubi_core::wire::agency_side::Draft;
use std::sync::LazyLock;

static POLICY: LazyLock<Policy> = LazyLock::new(Policy::reviewed);

fuzz_target!(|text: &str| {
    if let Ok(facts) = DecisionFacts::from_json(text) {
        let by_tiers = match decide(&POLICY, &facts).outcome {
            Outcome::Refuse => Outcome::Deny,
            outcome => outcome,
        };
        assert_eq!(by_tiers, Words::of(&POLICY, &facts).outcome(facts.category));
    }
    let _ = Policy::load(text, text, text);
    let _ = RaisedCodes::load(text);
    if let Ok(draft) = Draft::from_json(text) {
        let _ = draft.check();
    }
});

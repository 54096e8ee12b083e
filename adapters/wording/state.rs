//! Whether what is told of somebody is so now, or was so once: a diagnosis or an allergy that is over never reads as a present
//! one.

use musubi_proto::v1 as proto;

/// States in which something is there (FHIR condition-clinical, allergyintolerance-clinical).
const PRESENT: [&str; 3] = ["active", "recurrence", "relapse"];
/// States in which it is not.
const OVER: [&str; 3] = ["inactive", "remission", "resolved"];
/// Fully recovered, of HL7 table 0241.
const RECOVERED: &str = "F";

/// Is a diagnosis over? As its source says; where it says nothing, since when or how it ended is told.
pub fn is_over(condition: &proto::Condition) -> bool {
    let recovered =
        |outcome: &proto::Coded| outcome.code == RECOVERED && matches!(&*outcome.system, "HL70241" | "HL7241");
    match condition.state.as_str() {
        state if OVER.contains(&state) => true,
        state if PRESENT.contains(&state) => false,
        _ => condition.ended.is_some() || condition.outcome.as_ref().is_some_and(recovered),
    }
}

/// Is an allergy over?
pub fn is_allergy_over(allergy: &proto::Observation) -> bool {
    OVER.contains(&allergy.state.as_str())
}

/// The state of a diagnosis as FHIR codes it; empty where nobody told.
pub fn of(condition: &proto::Condition) -> &str {
    match condition.state.as_str() {
        state if PRESENT.contains(&state) || OVER.contains(&state) => state,
        _ if is_over(condition) => "resolved",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_its_source_says_comes_before_what_follows_from_an_end_or_an_outcome() {
        let outcome = |system: &str, code: &str| {
            Some(proto::Coded { system: system.to_owned(), code: code.to_owned(), text: String::new() })
        };
        let told = |state: &str, ended: bool, outcome| proto::Condition {
            state: state.to_owned(),
            ended: ended.then(proto::DateTime::default),
            outcome,
            ..proto::Condition::default()
        };
        for (condition, state, over) in [
            (told("", false, None), "", false),
            (told("", true, None), "resolved", true),
            (told("", false, outcome("HL70241", "F")), "resolved", true),
            (told("", false, outcome("HL70241", "R")), "", false),
            (told("", false, outcome("99L", "F")), "", false),
            (told("remission", false, None), "remission", true),
            (told("inactive", true, None), "inactive", true),
            (told("relapse", true, outcome("HL70241", "F")), "relapse", false),
            (told("好転", false, None), "", false),
        ] {
            assert_eq!((of(&condition), is_over(&condition)), (state, over), "{condition:?}");
        }
    }
}

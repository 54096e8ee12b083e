//! Roles of a database with no more rights than they need (S-54): the hub's, which adds to the log and changes nothing of it, and
//! one that reads. The tables belong to a third, which brings them up to date.

/// Never changed and never taken away: the log, what proves it, what left, and whose keys are gone.
const ADDED_TO: [&str; 6] = ["audit_leaf", "leaf_person", "checkpoint", "cosignature", "release", "tombstone"];
/// Read to see whether the tables are up to date.
const MIGRATIONS: &str = "_sqlx_migrations";
/// Changed or taken away, as what they say changes.
const CHANGED: [&str; 15] = [
    "setting",
    "log",
    "agency",
    "staff",
    "person",
    "alias",
    "person_index",
    "concerned",
    "message",
    "entries",
    "fact",
    "referral",
    "delivery",
    "work_item",
    "sign_in",
];
/// Taken away: who was signed in, and the names of those whose keys were destroyed.
const TAKEN_AWAY: [&str; 3] = ["sign_in", "alias", "person_index"];
const SEQUENCES: [&str; 2] = ["entries_sequence", "delivery_sequence"];

/// The statements that the owner of the tables gives, once the roles are there. Nothing else is granted.
pub fn grants(hub: &str, reader: &str) -> String {
    let (hub, reader) = (quoted(hub), quoted(reader));
    let (changed, added_to) = (CHANGED.join(", "), ADDED_TO.join(", "));
    let taken_away = TAKEN_AWAY.join(", ");
    let (all, sequences) = (format!("{changed}, {added_to}, {MIGRATIONS}"), SEQUENCES.join(", "));
    [
        format!("REVOKE ALL ON {all} FROM {hub}, {reader};"),
        format!("GRANT SELECT ON {all} TO {hub}, {reader};"),
        format!("GRANT INSERT ON {changed}, {added_to} TO {hub};"),
        format!("GRANT UPDATE ON {changed} TO {hub};"),
        format!("GRANT DELETE ON {taken_away} TO {hub};"),
        format!("GRANT USAGE ON SEQUENCE {sequences} TO {hub};"),
    ]
    .map(|line| line + "\n")
    .concat()
}

/// A name as SQL has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::super::STEPS;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn s54_every_table_of_the_schema_is_either_changed_or_added_to() {
        /// A later step drops it.
        const GONE: &str = "case_list";
        let schema: String = STEPS.iter().map(|(_, statements)| *statements).collect();
        let made = |what: &str| -> BTreeSet<String> {
            let lines = schema.lines().filter_map(|line| line.strip_prefix(&format!("CREATE {what} ")));
            lines.map(|rest| rest.trim_end_matches([';', '(', ' ']).to_owned()).filter(|name| name != GONE).collect()
        };
        let known: BTreeSet<String> = CHANGED.iter().chain(&ADDED_TO).map(ToString::to_string).collect();
        assert_eq!(made("TABLE"), known);
        assert_eq!(made("SEQUENCE"), SEQUENCES.iter().map(ToString::to_string).collect());
    }

    #[test]
    fn s54_a_name_ends_no_statement() {
        let said = grants("musubi", "x\"; DROP TABLE log; --");
        assert!(said.contains("TO \"musubi\", \"x\"\"; DROP TABLE log; --\";"), "{said}");
    }
}

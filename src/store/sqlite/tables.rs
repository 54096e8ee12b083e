//! The tables, and for each the statement that writes a row.

use crate::store::sql::table::Table;

const LOG: &str = "INSERT INTO log (name) VALUES (?) ON CONFLICT DO NOTHING";
const SETTING: &str =
    "INSERT INTO setting (name, value) VALUES (?,?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const AGENCY: &str = "INSERT INTO agency (id, kind, name, municipality, active, profile)
    VALUES (?,?,?,?,?,?)
    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, municipality = excluded.municipality,
    active = excluded.active, profile = excluded.profile";
const STAFF: &str = "INSERT INTO staff (agency, staff_id, role, active)
    VALUES (?,?,?,?) ON CONFLICT (agency, staff_id) DO UPDATE SET role = excluded.role, active = excluded.active";
const PERSON: &str = "INSERT INTO person (id, municipality, epoch, key, joined_into) VALUES (?,?,?,?,?)";
const ALIAS: &str = "INSERT INTO alias (blind, person, municipality) VALUES (?,?,?) ON CONFLICT DO NOTHING";
const PERSON_INDEX: &str =
    "INSERT INTO person_index (blind, person, municipality) VALUES (?,?,?) ON CONFLICT DO NOTHING";
const MESSAGE: &str = "INSERT INTO message (municipality, id, agency, key, content, format, received_at, test, repeats,
    answer, raw)
    VALUES (?,?,?,?,?,?,?,?,?,?,?)";
const ENTRIES: &str =
    "INSERT INTO entries (municipality, id, message, sequence, persons, contained, body) VALUES (?,?,?,?,?,?,?)";
const FACT: &str = "INSERT INTO fact (municipality, id, kind, recipient, recorded_at, superseded_at, superseded_by,
    persons, body)
    VALUES (?,?,?,?,?,?,?,?,?)";
const SUPERSEDED: &str = "UPDATE fact SET superseded_at = ?3, superseded_by = ?4 WHERE municipality = ?1 AND id = ?2";
const REFERRAL: &str = "INSERT INTO referral (municipality, id, version, state, sender, receiver, updated_at, persons,
    body)
    VALUES (?,?,?,?,?,?,?,?,?)
    ON CONFLICT (municipality, id) DO UPDATE SET version = excluded.version, state = excluded.state, sender =
    excluded.sender, receiver = excluded.receiver, updated_at = excluded.updated_at, persons = excluded.persons, body =
    excluded.body";
const DELIVERY: &str = "INSERT INTO delivery (municipality, id, recipient, purpose, format, message, entries, state,
    attempts, created_at, next_at, reason, sequence, persons, question, released_at, sent_at)
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (municipality, id) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, next_at =
    excluded.next_at, reason = excluded.reason, released_at = excluded.released_at, sent_at = excluded.sent_at";
const WORK_ITEM: &str = "INSERT INTO work_item (municipality, id, owner, kind, open, created_at, due_at, answered_at,
    version, persons, body)
    VALUES (?,?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (municipality, id) DO UPDATE SET owner = excluded.owner, kind = excluded.kind, open = excluded.open,
    due_at = excluded.due_at, answered_at = excluded.answered_at, version = excluded.version, persons =
    excluded.persons, body = excluded.body";
const RELEASE: &str = "INSERT INTO release (municipality, id, recipient, purpose, decided_at, policy_hash, delivery,
    query, persons, detail)
    VALUES (?,?,?,?,?,?,?,?,?,?)";
const SIGN_IN: &str = "INSERT INTO sign_in (key, kind, agency, version, ends_at, body)
    VALUES (?,?,?,?,?,?)
    ON CONFLICT (key) DO UPDATE SET version = excluded.version, ends_at = excluded.ends_at, body = excluded.body";
const SIGN_IN_ENDED: &str = "DELETE FROM sign_in WHERE key = ?";
const CONCERNED: &str = "INSERT INTO concerned (person, of, municipality, id) VALUES (?,?,?,?) ON CONFLICT DO NOTHING";
const LEAF: &str = "INSERT INTO audit_leaf (log, idx, id, hash, chain, entry) VALUES (?,?,?,?,?,?)";
const LEAF_PERSON: &str = "INSERT INTO leaf_person (person, log, idx) VALUES (?,?,?) ON CONFLICT DO NOTHING";
const EPOCH: &str = "UPDATE person SET epoch = epoch + ?2 WHERE id = ?1";
const CHECKPOINT: &str = "INSERT INTO checkpoint (log, size, root, frontier, chain, note) VALUES (?,?,?,?,?,?)";
const COSIGNATURE: &str = "INSERT INTO cosignature (log, size, witness, at, line) VALUES (?,?,?,?,?)";

/// The statement that writes a row of a table: its places are the columns of the row.
pub(super) const fn statement(table: Table) -> &'static str {
    match table {
        Table::Log => LOG,
        Table::Setting => SETTING,
        Table::Agency => AGENCY,
        Table::Staff => STAFF,
        Table::Person => PERSON,
        Table::Alias => ALIAS,
        Table::PersonIndex => PERSON_INDEX,
        Table::Message => MESSAGE,
        Table::Entries => ENTRIES,
        Table::Fact => FACT,
        Table::Superseded => SUPERSEDED,
        Table::Referral => REFERRAL,
        Table::Delivery => DELIVERY,
        Table::WorkItem => WORK_ITEM,
        Table::Release => RELEASE,
        Table::SignIn => SIGN_IN,
        Table::SignInEnded => SIGN_IN_ENDED,
        Table::Concerned => CONCERNED,
        Table::Leaf => LEAF,
        Table::LeafPerson => LEAF_PERSON,
        Table::Epoch => EPOCH,
        Table::Checkpoint => CHECKPOINT,
        Table::Cosignature => COSIGNATURE,
    }
}

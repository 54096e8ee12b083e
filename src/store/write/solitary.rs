//! Changes that are judged and written alone within a batch, because their effect cannot be told from the model: joining
//! and parting persons, destroying keys, taking a case off the list. They are rare.

use crate::store::error::Conflict;
use crate::store::rows::Row;
use crate::store::sql::connection::Connection;
use crate::store::sql::failure::Failure;
use crate::store::sql::value::Sql;
use musubi_core::id::PersonId;

/// Who stands at the top of the persons that `$1` was joined into; nobody when unknown.
const TOP: &str = "WITH RECURSIVE up (id, above) AS (
    SELECT id, joined_into FROM person WHERE id = $1
    UNION SELECT person.id, person.joined_into FROM person JOIN up ON person.id = up.above)
    SELECT id FROM up WHERE above IS NULL AND id = $2";
const KNOWN: &str = "SELECT 1 FROM person WHERE id = $1";
const JOINED: &str = "SELECT 1 FROM person WHERE id = $1 AND joined_into IS NOT NULL";
/// Everybody joined with `$1`, and `$1`.
const BUMP: &str = "WITH RECURSIVE
    up (id, above) AS (
        SELECT id, joined_into FROM person WHERE id = $1
        UNION SELECT person.id, person.joined_into FROM person JOIN up ON person.id = up.above),
    all_of (id) AS (
        SELECT id FROM up WHERE above IS NULL
        UNION SELECT person.id FROM person JOIN all_of ON person.joined_into = all_of.id)
    UPDATE person SET epoch = epoch + 1 WHERE id IN (SELECT id FROM all_of)";
const JOIN: &str = "UPDATE person SET joined_into = $2 WHERE id = $1";
const PART: &str = "UPDATE person SET joined_into = NULL WHERE id = $1";
const DESTROY: &str = "UPDATE person SET key = NULL, epoch = epoch + 1 WHERE id = $1";
const NAMES: [&str; 2] = ["DELETE FROM alias WHERE person = $1", "DELETE FROM person_index WHERE person = $1"];
/// Whether entries about `$1` came after `$2`.
const LATER: &str = "SELECT 1 FROM concerned AS c JOIN entries AS e ON e.municipality = c.municipality AND e.id = c.id
    WHERE c.person = $1 AND c.of = 1 AND e.sequence > $2";
const TOMBSTONE: &str = "INSERT INTO tombstone (person, at) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// Must a change with this row stand alone?
pub(in crate::store) fn is_solitary(row: &Row) -> bool {
    matches!(row, Row::Join { .. } | Row::Part { .. } | Row::DestroyKey { .. })
}

/// Writes such a row, after the other rows of its change.
pub(super) async fn write(on: &mut Connection, row: &Row) -> Result<Result<(), Conflict>, Failure> {
    match row {
        Row::Join { person, into } => join(on, *person, *into).await,
        Row::Part { person } => {
            if !is_there(on, Sql::new(JOINED).bind(*person)).await? {
                return Ok(Err(Conflict::Join(*person)));
            }
            on.execute(Sql::new(BUMP).bind(*person)).await?;
            on.execute(Sql::new(PART).bind(*person)).await?;
            Ok(Ok(()))
        }
        Row::DestroyKey { person, at, seen } => {
            if let Some(seen) = seen
                && is_there(on, Sql::new(LATER).bind(*person).bind(*seen)).await?
            {
                return Ok(Err(Conflict::Epoch(*person)));
            }
            on.execute(Sql::new(DESTROY).bind(*person)).await?;
            for names in NAMES {
                on.execute(Sql::new(names).bind(*person)).await?;
            }
            on.execute(Sql::new(TOMBSTONE).bind(*person).bind(*at)).await?;
            Ok(Ok(()))
        }
        _ => Ok(Ok(())),
    }
}

async fn join(on: &mut Connection, person: PersonId, into: PersonId) -> Result<Result<(), Conflict>, Failure> {
    let joined = is_there(on, Sql::new(JOINED).bind(person)).await?;
    let unknown =
        !is_there(on, Sql::new(KNOWN).bind(person)).await? || !is_there(on, Sql::new(KNOWN).bind(into)).await?;
    let circle = is_there(on, Sql::new(TOP).bind(into).bind(person)).await?;
    if joined || unknown || circle {
        return Ok(Err(Conflict::Join(person)));
    }
    on.execute(Sql::new(JOIN).bind(person).bind(into)).await?;
    on.execute(Sql::new(BUMP).bind(person)).await?;
    Ok(Ok(()))
}

async fn is_there(on: &mut Connection, question: Sql) -> Result<bool, Failure> {
    Ok(!on.all(question).await?.is_empty())
}

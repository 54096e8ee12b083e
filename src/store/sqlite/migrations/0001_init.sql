-- Keys begin with the responsible municipality where a table is distributed by it. Ids are 16-byte UUIDs, times UTC
-- microseconds, `persons` 17 bytes for each person: id and role, `contained` for each entry: id and kind. Nothing here says anything about a person but that a
-- row of some kind concerns one: the columns `body`, `raw`, `detail`, `line` and `entry` are sealed before they arrive.

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every municipality that has a row here, and the hub itself: the logs, and the first key column of the tables below.
CREATE TABLE log (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE agency (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    municipality TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    profile TEXT NOT NULL
) STRICT;

CREATE TABLE staff (
    agency TEXT NOT NULL,
    staff_id TEXT NOT NULL,
    role TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    PRIMARY KEY (agency, staff_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE person (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    municipality TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    key BLOB,
    joined_into BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX person_joined ON person (joined_into) WHERE joined_into IS NOT NULL;

-- Persons whose keys were destroyed: a restore applies this list to what it restored.
CREATE TABLE tombstone (
    person BLOB PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alias (
    blind BLOB PRIMARY KEY CHECK (length(blind) = 32),
    person BLOB NOT NULL,
    municipality TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE person_index (
    blind BLOB NOT NULL CHECK (length(blind) = 32),
    person BLOB NOT NULL,
    municipality TEXT NOT NULL,
    PRIMARY KEY (blind, person)
) STRICT, WITHOUT ROWID;

-- Which rows concern a person. `of` is the kind of row: 1 entries, 2 fact, 3 referral, 4 delivery, 5 work item, 6 release.
CREATE TABLE concerned (
    person BLOB NOT NULL,
    of INTEGER NOT NULL,
    municipality TEXT NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (person, of, municipality, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
    municipality TEXT NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    agency TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 32),
    content BLOB,
    format TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    test INTEGER NOT NULL,
    repeats INTEGER NOT NULL,
    answer BLOB NOT NULL,
    raw BLOB,
    PRIMARY KEY (municipality, id)
) STRICT;
CREATE INDEX message_repeats ON message (key) WHERE repeats = 1;

-- Entries of one message that concern the same persons, sealed as one.
CREATE TABLE entries (
    municipality TEXT NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    message BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    persons BLOB NOT NULL,
    contained BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (municipality, id)
) STRICT;
CREATE INDEX entries_message ON entries (municipality, message);

CREATE TABLE fact (
    municipality TEXT NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    kind INTEGER NOT NULL,
    recipient TEXT,
    recorded_at INTEGER NOT NULL,
    superseded_at INTEGER,
    superseded_by BLOB,
    persons BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (municipality, id)
) STRICT;
CREATE INDEX fact_recipient ON fact (recipient, kind) WHERE recipient IS NOT NULL;

CREATE TABLE referral (
    municipality TEXT NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    persons BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (municipality, id)
) STRICT;
CREATE INDEX referral_sender ON referral (sender, updated_at);
CREATE INDEX referral_receiver ON referral (receiver, updated_at);

CREATE TABLE delivery (
    municipality TEXT NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    recipient TEXT NOT NULL,
    purpose TEXT NOT NULL,
    format TEXT NOT NULL,
    message BLOB,
    entries BLOB NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    persons BLOB NOT NULL,
    PRIMARY KEY (municipality, id)
) STRICT;
CREATE INDEX delivery_state ON delivery (state, next_at, sequence);
CREATE INDEX delivery_recipient ON delivery (recipient, sequence);
CREATE INDEX delivery_unfinished ON delivery (recipient, sequence) WHERE state IN (1, 3);

CREATE TABLE work_item (
    municipality TEXT NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    open INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER,
    answered_at INTEGER,
    version INTEGER NOT NULL,
    persons BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (municipality, id)
) STRICT;
CREATE INDEX work_item_owner ON work_item (owner, open, due_at);

CREATE TABLE release (
    municipality TEXT NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    recipient TEXT NOT NULL,
    purpose TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    policy_hash BLOB NOT NULL,
    delivery BLOB,
    query BLOB,
    persons BLOB NOT NULL,
    detail BLOB NOT NULL,
    PRIMARY KEY (municipality, id)
) STRICT;

-- In the order of the question, each line complete: a list reads this table and no other.
CREATE TABLE case_list (
    municipality TEXT NOT NULL,
    severity INTEGER NOT NULL,
    date INTEGER NOT NULL,
    person BLOB NOT NULL,
    version INTEGER NOT NULL,
    line BLOB NOT NULL,
    PRIMARY KEY (municipality, severity DESC, date DESC, person DESC),
    UNIQUE (municipality, person)
) STRICT, WITHOUT ROWID;

-- `chain` is SHA-256(chain before ‖ hash ‖ SHA-256(id ‖ entry)); 32 zero bytes stand before the first.
CREATE TABLE audit_leaf (
    log TEXT NOT NULL,
    idx INTEGER NOT NULL,
    id BLOB NOT NULL,
    hash BLOB NOT NULL,
    chain BLOB NOT NULL,
    entry BLOB NOT NULL,
    PRIMARY KEY (log, idx)
) STRICT;

CREATE TABLE leaf_person (
    person BLOB NOT NULL,
    log TEXT NOT NULL,
    idx INTEGER NOT NULL,
    PRIMARY KEY (person, log, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
    log TEXT NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    frontier BLOB NOT NULL,
    chain BLOB NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (log, size)
) STRICT, WITHOUT ROWID;

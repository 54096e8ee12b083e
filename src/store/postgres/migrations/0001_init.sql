-- The tables of the embedded database, in PostgreSQL's types: see its first migration for what they hold. Text sorts by
-- its bytes, as it does there. Yes and no are 1 and 0. A log keeps its head here, because several hubs append to it:
-- whoever holds the row's lock appends.

CREATE TABLE setting (
    name TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE log (
    name TEXT COLLATE "C" PRIMARY KEY,
    size BIGINT NOT NULL DEFAULT 0,
    frontier BYTEA NOT NULL DEFAULT '',
    chain BYTEA NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    covered BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE SEQUENCE entries_sequence;
CREATE SEQUENCE delivery_sequence;

CREATE TABLE agency (
    id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    municipality TEXT COLLATE "C" NOT NULL,
    active BIGINT NOT NULL CHECK (active IN (0, 1)),
    profile TEXT NOT NULL
);

CREATE TABLE staff (
    agency TEXT COLLATE "C" NOT NULL,
    staff_id TEXT COLLATE "C" NOT NULL,
    role TEXT NOT NULL,
    active BIGINT NOT NULL CHECK (active IN (0, 1)),
    PRIMARY KEY (agency, staff_id)
);

CREATE TABLE person (
    id UUID PRIMARY KEY,
    municipality TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    key BYTEA,
    joined_into UUID
);
CREATE INDEX person_joined ON person (joined_into) WHERE joined_into IS NOT NULL;

CREATE TABLE tombstone (
    person UUID PRIMARY KEY,
    at BIGINT NOT NULL
);

CREATE TABLE alias (
    blind BYTEA PRIMARY KEY CHECK (length(blind) = 32),
    person UUID NOT NULL,
    municipality TEXT COLLATE "C" NOT NULL
);

CREATE TABLE person_index (
    blind BYTEA NOT NULL CHECK (length(blind) = 32),
    person UUID NOT NULL,
    municipality TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (blind, person)
);

CREATE TABLE concerned (
    person UUID NOT NULL,
    of BIGINT NOT NULL,
    municipality TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    PRIMARY KEY (person, of, municipality, id)
);

CREATE TABLE message (
    municipality TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    agency TEXT COLLATE "C" NOT NULL,
    key BYTEA NOT NULL CHECK (length(key) = 32),
    content BYTEA,
    format TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    test BIGINT NOT NULL,
    repeats BIGINT NOT NULL,
    answer BYTEA NOT NULL,
    raw BYTEA,
    PRIMARY KEY (municipality, id)
);
CREATE INDEX message_repeats ON message (key) WHERE repeats = 1;

CREATE TABLE entries (
    municipality TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    message UUID NOT NULL,
    sequence BIGINT NOT NULL,
    persons BYTEA NOT NULL,
    contained BYTEA NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (municipality, id)
);
CREATE INDEX entries_message ON entries (municipality, message);

CREATE TABLE fact (
    municipality TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    kind BIGINT NOT NULL,
    recipient TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT,
    superseded_by UUID,
    persons BYTEA NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (municipality, id)
);
CREATE INDEX fact_recipient ON fact (recipient, kind) WHERE recipient IS NOT NULL;

CREATE TABLE referral (
    municipality TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    receiver TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL,
    persons BYTEA NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (municipality, id)
);
CREATE INDEX referral_sender ON referral (sender, updated_at);
CREATE INDEX referral_receiver ON referral (receiver, updated_at);

CREATE TABLE delivery (
    municipality TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    purpose TEXT NOT NULL,
    format TEXT NOT NULL,
    message UUID,
    entries BYTEA NOT NULL,
    state BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    persons BYTEA NOT NULL,
    -- Which hub is at it, and until when it is believed to be.
    claimed_by UUID,
    claimed_until TIMESTAMPTZ,
    PRIMARY KEY (municipality, id)
);
CREATE INDEX delivery_state ON delivery (state, next_at, sequence);
CREATE INDEX delivery_recipient ON delivery (recipient, sequence);
CREATE INDEX delivery_unfinished ON delivery (recipient, sequence) WHERE state IN (1, 3);

CREATE TABLE work_item (
    municipality TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    open BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT,
    answered_at BIGINT,
    version BIGINT NOT NULL,
    persons BYTEA NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (municipality, id)
);
CREATE INDEX work_item_owner ON work_item (owner, open, due_at);

CREATE TABLE release (
    municipality TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    purpose TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    policy_hash BYTEA NOT NULL,
    delivery UUID,
    query UUID,
    persons BYTEA NOT NULL,
    detail BYTEA NOT NULL,
    PRIMARY KEY (municipality, id)
);

CREATE TABLE case_list (
    municipality TEXT COLLATE "C" NOT NULL,
    severity BIGINT NOT NULL,
    date BIGINT NOT NULL,
    person UUID NOT NULL,
    version BIGINT NOT NULL,
    line BYTEA NOT NULL,
    PRIMARY KEY (municipality, person)
);
CREATE INDEX case_list_order ON case_list (municipality, severity DESC, date DESC, person DESC);

CREATE TABLE audit_leaf (
    log TEXT COLLATE "C" NOT NULL,
    idx BIGINT NOT NULL,
    id UUID NOT NULL,
    hash BYTEA NOT NULL,
    chain BYTEA NOT NULL,
    entry BYTEA NOT NULL,
    PRIMARY KEY (log, idx)
);

CREATE TABLE leaf_person (
    person UUID NOT NULL,
    log TEXT COLLATE "C" NOT NULL,
    idx BIGINT NOT NULL,
    PRIMARY KEY (person, log, idx)
);

CREATE TABLE checkpoint (
    log TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    frontier BYTEA NOT NULL,
    chain BYTEA NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (log, size)
);

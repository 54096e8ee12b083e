-- What the sign-in of the console keeps: accounts (1), sessions (2), and what was tried in vain (3). `key` is blinded: of a
-- session it is the hash of what the browser holds. `body` is sealed. What has ended is taken away.
CREATE TABLE sign_in (
    key BLOB PRIMARY KEY CHECK (length(key) = 32),
    kind INTEGER NOT NULL,
    agency TEXT NOT NULL,
    version INTEGER NOT NULL,
    ends_at INTEGER,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_agency ON sign_in (agency, kind);
CREATE INDEX sign_in_ends ON sign_in (ends_at) WHERE ends_at IS NOT NULL;

-- What the sign-in of the console keeps: see the second migration of the embedded database.
CREATE TABLE sign_in (
    key BYTEA PRIMARY KEY CHECK (length(key) = 32),
    kind BIGINT NOT NULL,
    agency TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    ends_at BIGINT,
    body BYTEA NOT NULL
);
CREATE INDEX sign_in_agency ON sign_in (agency, kind);
CREATE INDEX sign_in_ends ON sign_in (ends_at) WHERE ends_at IS NOT NULL;

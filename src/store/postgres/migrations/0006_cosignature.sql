-- What witnesses outside signed under checkpoints: see the sixth migration of the embedded database.
CREATE TABLE cosignature (
    log TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    witness TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (log, size, witness)
);
CREATE INDEX cosignature_last ON cosignature (log, witness, size);

-- What witnesses outside signed under checkpoints: `witness` is the name and id of its key, `at` the time that it signed, in
-- microseconds, `line` the signature line of the note.
CREATE TABLE cosignature (
    log TEXT NOT NULL,
    size INTEGER NOT NULL,
    witness TEXT NOT NULL,
    at INTEGER NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (log, size, witness)
) STRICT, WITHOUT ROWID;
CREATE INDEX cosignature_last ON cosignature (log, witness, size);

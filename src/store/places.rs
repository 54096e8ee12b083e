//! Places for values.

/// The keys that a statement for SQLite is asked about, as its first value: a list in JSON of the digits of each.
macro_rules! listed {
    () => {
        "(SELECT unhex(value) FROM json_each($1))"
    };
}

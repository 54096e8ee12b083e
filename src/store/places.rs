//! Places for values, several at a time, so that every statement is a constant.

/// The keys that a statement for SQLite is asked about, as its first value: a list in JSON of the digits of each.
macro_rules! listed {
    () => {
        "(SELECT unhex(value) FROM json_each($1))"
    };
}

macro_rules! four {
    ($row:literal) => {
        concat!($row, ",", $row, ",", $row, ",", $row)
    };
}

macro_rules! sixteen {
    ($row:literal) => {
        concat!(four!($row), ",", four!($row), ",", four!($row), ",", four!($row))
    };
}

macro_rules! sixty_four {
    ($row:literal) => {
        concat!(sixteen!($row), ",", sixteen!($row), ",", sixteen!($row), ",", sixteen!($row))
    };
}

macro_rules! two_hundred_fifty_six {
    ($row:literal) => {
        concat!(sixty_four!($row), ",", sixty_four!($row), ",", sixty_four!($row), ",", sixty_four!($row))
    };
}

//! The steps that made the tables, which bring older ones up to date.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// A step: what it is for, and its statements. Once it was handed out it never changes: databases know it by its hash.
pub(in crate::store) type Step = (&'static str, &'static str);

/// What runs the steps that a database lacks, in order. Never the macro: it would build a second sqlx for the build host.
pub(in crate::store) fn migrator(steps: &[Step]) -> Migrator {
    let numbered = (1..).zip(steps).map(|(version, (about, statements))| {
        Migration::new(version, (*about).into(), MigrationType::Simple, statements.into_sql_str(), false)
    });
    Migrator::with_migrations(numbered.collect())
}

#[cfg(test)]
mod tests {
    use crate::digits::hex;
    use crate::store::{postgres, sqlite};
    use sha2::{Digest, Sha256};

    const SQLITE: [&str; 6] = [
        "4683f9eaacabf944977412c131b67a35010c060e8ef9d49011e304b39e14e66f",
        "23a6c72be78599be915bcdf8a40fe12e9694473a3bfe7bfa1b32be91e36ae8a4",
        "b857e4a20c3a5e99cb54f0468384ce77b41607d14c757d81eece9b95917ab1df",
        "f7a8572e5031a07e21c264fd3ad298a9c0aaedb8414564806b60bc3730fd4a3f",
        "09a9b75490a6ae04293a43f53c90adf8d358a929e63e6098f2b497495afe71d7",
        "316337b34bb075c0cc014f8b8e0ea6692eb9248ffc3e7cc5fc4ddb15371f7fcb",
    ];
    const POSTGRES: [&str; 6] = [
        "6211a9ec3a4e9a54f5cbfb98799a3d1ddd29c26cdaf4f3ed2ad6414437908dc0",
        "7e28d206bd4c2a95f090538f2e6da887c188cd8ce8f7e208904ec5286b876302",
        "b857e4a20c3a5e99cb54f0468384ce77b41607d14c757d81eece9b95917ab1df",
        "f7a8572e5031a07e21c264fd3ad298a9c0aaedb8414564806b60bc3730fd4a3f",
        "c14755bae83f6bea402c90288255dfc201f5c594d8dc5bb7c822eb881795cd7a",
        "40d2c0308f31b2281bf49caf3b9f4dfc992552530972aadbf1f24658492841a2",
    ];

    #[test]
    fn a_step_that_was_handed_out_does_not_change() {
        for (steps, handed_out) in [(sqlite::STEPS, SQLITE), (postgres::STEPS, POSTGRES)] {
            for ((about, statements), hash) in steps.iter().zip(handed_out) {
                let found = hex(&Sha256::digest(statements));
                assert_eq!(found, hash, "{about}: databases know it by its hash; write another step instead");
            }
        }
    }
}

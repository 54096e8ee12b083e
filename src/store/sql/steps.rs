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

    #[test]
    fn a_step_that_was_handed_out_does_not_change() {
        let handed_out = [
            (sqlite::STEPS[0], "4683f9eaacabf944977412c131b67a35010c060e8ef9d49011e304b39e14e66f"),
            (postgres::STEPS[0], "6211a9ec3a4e9a54f5cbfb98799a3d1ddd29c26cdaf4f3ed2ad6414437908dc0"),
        ];
        for ((about, statements), hash) in handed_out {
            let found = hex(&Sha256::digest(statements));
            assert_eq!(found, hash, "{about}: databases know it by its hash; write another step instead");
        }
    }
}

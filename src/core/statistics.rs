//! Counts of cases of child protection (統計; purpose P12 of `consent.md` section 2): numbers, and never anything of a person.
//!
//! This is the one counting function (`consent.md` section 12). Dimensions are closed sets of words, so that no text of a record
//! can get into a table. A count below [`LEAST_TOLD`] is withheld wherever it stands, in a sum as in a cell; so is a count of
//! nobody, which would say of everybody that they are not in it. Other counts are withheld beside it until, for whoever knows all
//! that is told, each of the withheld could still be any of at least [`OPEN_MIN`] numbers.
//!
//! **Two answers beside each other.** What is counted is what was on record at the end of the last whole month
//! ([`last_day`]), so that asking again within a month tells nothing new. Nothing but the municipality can be chosen,
//! municipalities are never added up, and children and pregnant women are counted apart: no two tables differ by a few cases,
//! and what one withholds is not found in another.
//!
//! **What this does not protect against.** Whoever knows of just one case that came or went in a month can see in the tables of
//! two months where a told count has moved. Whoever knows some of the cases may subtract them. The rule is public: whoever works
//! out which tables are told alike may find a withheld count that lies just below ten. Words of a case may depend on each other
//! (a school notifies of children who go to school), so that one table lets the other be guessed. And a withheld total tells that
//! it is small. The end of the month is exact for what was recorded: two who were joined since, somebody who moved to another
//! municipality, or whose key was destroyed, change the counts at once.

mod case;
mod circulation;
mod table;
mod words;

#[cfg(test)]
mod tests;

pub use case::CountedCase;
pub use circulation::{LEAST_TOLD, OPEN_MIN};
pub use table::{Count, Table};
pub use words::{AgeBand, Dimension, NOT_STATED, Population};

use crate::time::{Day, Time};

/// The last day that counts: the last of the month before this one, in Japan. What was recorded after it counts for nothing.
pub fn last_day(now: Time) -> Day {
    let first = now.day().first_of_month();
    first.yesterday().unwrap_or(first)
}

/// What is told of the cases of one municipality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    counted_on: Day,
    groups: Vec<Group>,
}

/// Those who are counted together, in several tables with one total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    population: Population,
    tables: Vec<Table>,
}

impl Statistics {
    /// Counts cases as they stood at the end of a day; each of them stands for one child or one pregnant woman.
    pub fn count(cases: &[CountedCase], counted_on: Day) -> Self {
        let group = |population: &Population| {
            let of_it: Vec<CountedCase> = cases.iter().filter(|case| case.population == *population).copied().collect();
            let tables = population.tables().iter().map(|dimensions| Table::count(&of_it, *dimensions));
            Group { population: *population, tables: tables.collect() }
        };
        Statistics { counted_on, groups: Population::ALL.iter().map(group).collect() }
    }

    /// The last day that counts.
    pub fn counted_on(&self) -> Day {
        self.counted_on
    }

    /// Children and pregnant women, each by itself.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }
}

impl Group {
    /// Who is counted.
    pub fn population(&self) -> Population {
        self.population
    }

    /// Its tables. No two of them share a dimension, and all share the total: none tells of another more than the total does.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }
}

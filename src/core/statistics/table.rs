//! A table of counts with its sums.

use super::case::CountedCase;
use super::circulation::Circulation;
use super::words::Dimension;

/// Counts by one dimension or two, with every sum. Only what may be told is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    dimensions: [Option<Dimension>; 2],
    counts: Vec<Count>,
}

/// One count of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The word of each dimension of the table. `None`: the sum over its words.
    pub words: [Option<&'static str>; 2],
    /// How many; `None`: withheld.
    pub number: Option<u32>,
}

impl Table {
    /// Counts cases by these dimensions, and withholds what may not be told.
    pub(super) fn count(cases: &[CountedCase], dimensions: [Option<Dimension>; 2]) -> Self {
        let places = places(dimensions);
        let counted = |words: &Words| cases.iter().filter(|case| is_in(case, dimensions, words)).count();
        let numbers: Vec<u32> = places.iter().map(|words| u32::try_from(counted(words)).unwrap_or(u32::MAX)).collect();
        let told = Circulation::of(dimensions.map(size), &numbers).told();
        let counts = places.into_iter().zip(told).map(|(words, number)| Count { words, number }).collect();
        Table { dimensions, counts }
    }

    /// By what it counts.
    pub fn dimensions(&self) -> [Option<Dimension>; 2] {
        self.dimensions
    }

    /// Every count, row by row, the sum of a row after its cells and the row of sums last.
    pub fn counts(&self) -> &[Count] {
        &self.counts
    }
}

type Words = [Option<&'static str>; 2];

/// A case is in a place if it has the word of each dimension; a sum asks for none.
fn is_in(case: &CountedCase, dimensions: [Option<Dimension>; 2], words: &Words) -> bool {
    let mut asked = dimensions.iter().zip(words).filter_map(|(dimension, word)| dimension.zip(*word));
    asked.all(|(dimension, word)| case.word(dimension) == word)
}

fn size(dimension: Option<Dimension>) -> Option<usize> {
    dimension.map(|dimension| dimension.values().len())
}

/// Every place of a table in the order of its counts.
fn places(dimensions: [Option<Dimension>; 2]) -> Vec<Words> {
    let words_and_sum = |dimension: Option<Dimension>| {
        let words = dimension.map(Dimension::values).unwrap_or_default();
        words.into_iter().map(Some).chain([None]).collect::<Vec<_>>()
    };
    let [rows, columns] = dimensions.map(words_and_sum);
    rows.iter().flat_map(|row| columns.iter().map(|column| [*row, *column])).collect()
}

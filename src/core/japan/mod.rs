//! Japanese text, names, dates and codes, as every adapter reads them (`formats/common_japan.md`).
//!
//! Pure and total: any text gives a value or a [`Problem`], and no problem repeats what was read.

pub mod codes;
pub mod dates;
pub mod eras;
pub mod gestation;
pub mod my_number;
pub mod number;
pub mod one_year;
pub mod problem;
pub mod times;

pub use dates::PartialDate;
pub use problem::{Problem, Read};

//! Japanese text, names, dates and codes, as every adapter reads them (`formats/common_japan.md`).
//!
//! Pure and total: any text gives a value or a [`Problem`], and no problem repeats what was read.

pub mod charset;
pub mod codes;
pub mod contact;
pub mod dates;
pub mod eras;
pub mod gestation;
pub mod kanji;
pub mod my_number;
pub mod names;
pub mod number;
pub mod one_year;
pub mod partial;
pub mod problem;
pub mod text;
pub mod times;
pub mod working_days;

pub use partial::PartialDate;
pub use problem::{Problem, Read};

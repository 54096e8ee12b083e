#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod bits;
mod check;
mod codes;
mod evidence;
mod explain;
mod gates;
mod grantors;
mod naive;
mod people;
mod policy;
mod properties;
mod scan;
mod shields;
mod survey;
mod table;
mod ties;
mod view;
mod weighing;
mod worked;

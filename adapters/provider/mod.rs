//! Layouts of contracted providers.

pub mod pv02;

//! Layouts of public health offices.

pub mod ph05;

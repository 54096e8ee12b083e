//! Public health offices and health centers (保健所・保健センター): files of rows, layouts PH01 to PH09.

mod common;
pub mod ph05;

pub(crate) use common::municipality;

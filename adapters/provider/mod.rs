//! Contracted providers (委託事業者): files of rows, layouts PV01 to PV06.

pub mod pv02;

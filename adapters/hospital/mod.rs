//! Formats of hospitals.

mod concepts;
pub mod fhir;
pub mod hl7v2;
mod raise;

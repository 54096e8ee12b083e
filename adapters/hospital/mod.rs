//! Formats of hospitals.

pub mod fhir;
pub mod hl7v2;

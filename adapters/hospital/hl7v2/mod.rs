//! HL7 v2.5 as Japanese hospitals send it (JAHIS, SS-MIX2).

pub mod charset;
pub mod escape;
pub mod framing;
pub mod limits;
pub mod message;

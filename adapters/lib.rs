//! Formats: bytes to [`Submission`](musubi_core::record::Submission), [`Released`](musubi_core::release::Released) to bytes.

pub mod child_guidance;
pub mod hospital;
pub mod notice;
pub mod provider;
pub mod public_health;
pub mod table;
pub mod xml;

//! `[limits]`: bounds that may be set lower, never higher than their ceilings.

use crate::edge::tls::ServerLimits;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at once, for each listener. At most 10,000.
    pub connections: usize,
    /// Seconds for a TLS handshake. At most 5 (S-81).
    pub handshake_seconds: u64,
    /// Minutes after which a connection is ended and made anew. At most 15 (S-09).
    pub connection_minutes: u64,
    /// Seconds for work in progress at shutdown. At most 300.
    pub finish_seconds: u64,
    /// MiB of an HL7 v2 message. At most 16 (S-70).
    pub hl7v2_mebibytes: usize,
    /// MiB of a gRPC message. At most 4 (S-70).
    pub grpc_mebibytes: usize,
    /// Connections of one agency at once, for each listener. At most 10,000 (S-80).
    pub connections_per_agency: usize,
    /// Calls of one agency that are open at once. At most 10,000 (S-80).
    pub open_per_agency: usize,
    /// Requests and v2 messages of one agency in a second; twice as many at once. At most 100,000 (S-80).
    pub requests_per_second: u64,
    /// MiB that one agency may send in a second; what is beyond twice as much is read later. At most 1,000 (S-80).
    pub mebibytes_per_second: u64,
    /// Decisions of a minute that show one agency nothing or refuse it, twice as many at once; then it may ask no more for a
    /// while. At most 100,000 (S-80).
    pub failed_decisions_per_minute: u64,
    /// Seconds that a peer may neither send nor take what is under way. At most 60 (S-82).
    pub slow_seconds: u64,
    /// MiB of a document or file sent in one request. At most 64 (S-70); each format has its own bound below that.
    pub file_mebibytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 1024,
            handshake_seconds: 5,
            connection_minutes: 15,
            finish_seconds: 30,
            hl7v2_mebibytes: 16,
            grpc_mebibytes: 4,
            connections_per_agency: 256,
            open_per_agency: 256,
            requests_per_second: 20_000,
            mebibytes_per_second: 64,
            failed_decisions_per_minute: 600,
            slow_seconds: 20,
            file_mebibytes: 64,
        }
    }
}

impl Limits {
    /// Each setting with its name, value and ceiling.
    pub(super) fn ceilings(&self) -> [(&'static str, u64, u64); 13] {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        [
            ("limits.connections", count(self.connections), 10_000),
            ("limits.handshake_seconds", self.handshake_seconds, 5),
            ("limits.connection_minutes", self.connection_minutes, 15),
            ("limits.finish_seconds", self.finish_seconds, 300),
            ("limits.hl7v2_mebibytes", count(self.hl7v2_mebibytes), 16),
            ("limits.grpc_mebibytes", count(self.grpc_mebibytes), 4),
            ("limits.connections_per_agency", count(self.connections_per_agency), 10_000),
            ("limits.open_per_agency", count(self.open_per_agency), 10_000),
            ("limits.requests_per_second", self.requests_per_second, 100_000),
            ("limits.mebibytes_per_second", self.mebibytes_per_second, 1_000),
            ("limits.failed_decisions_per_minute", self.failed_decisions_per_minute, 100_000),
            ("limits.slow_seconds", self.slow_seconds, 60),
            ("limits.file_mebibytes", count(self.file_mebibytes), 64),
        ]
    }

    /// Bytes of a document or file sent in one request.
    pub fn file_bytes(&self) -> usize {
        self.file_mebibytes.saturating_mul(1024 * 1024)
    }

    /// The bounds of a listener.
    pub fn server(&self, tls12: bool) -> ServerLimits {
        ServerLimits {
            tls12,
            connections_max: self.connections,
            agency_connections_max: self.connections_per_agency,
            slow_max: Duration::from_secs(self.slow_seconds),
            handshake_max: Duration::from_secs(self.handshake_seconds),
            age_max: Duration::from_secs(self.connection_minutes.saturating_mul(60)),
            finish_max: Duration::from_secs(self.finish_seconds),
        }
    }
}

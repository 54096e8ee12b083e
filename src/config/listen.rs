//! `[listen]`: where the hub listens.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where the hub listens. Everything but `health` speaks TLS alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// gRPC and HTTPS of agencies.
    pub https: SocketAddr,
    /// MLLP of hospitals, over TLS.
    pub mllp: SocketAddr,
    /// Pages for people.
    pub console: SocketAddr,
    /// Health: plain HTTP, carries no data, loopback only (S-01).
    pub health: SocketAddr,
    /// Accept TLS 1.2 on the MLLP listener too, for an old hospital system that has nothing newer.
    pub mllp_tls12: bool,
}

impl Default for Listen {
    fn default() -> Self {
        Listen::at(Ipv4Addr::UNSPECIFIED.into())
    }
}

impl Listen {
    /// Every address, for who wants others: tests and the demo take free ports.
    pub fn every(&mut self) -> [&mut SocketAddr; 4] {
        [&mut self.https, &mut self.mllp, &mut self.console, &mut self.health]
    }

    pub(super) fn loopback() -> Self {
        Listen::at(Ipv4Addr::LOCALHOST.into())
    }

    fn at(address: IpAddr) -> Self {
        Listen {
            https: (address, 8443).into(),
            mllp: (address, 2575).into(),
            console: (address, 8444).into(),
            health: (Ipv4Addr::LOCALHOST, 8080).into(),
            mllp_tls12: false,
        }
    }
}

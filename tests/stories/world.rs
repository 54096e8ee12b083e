//! A hub's listener with certificates, and callers of every kind.

use musubi::ca::{Authority, Environment, Order, Pair, Subject};
use musubi::clock::{Clock, ManualClock, SystemClock};
use musubi::edge::tls::{Audience, ClientFiles, ClientTls, ServerFiles, ServerLimits, ServerTls, install_crypto};
use musubi_core::agency::AgencyId;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A folder with a development authority and the hub's certificate.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) authority: Authority,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) files: ServerFiles,
}

pub(crate) fn agency(id: &str) -> Subject {
    Subject::Agency(AgencyId::new(id).unwrap())
}

pub(crate) fn names() -> Vec<String> {
    vec!["localhost".to_owned(), "127.0.0.1".to_owned()]
}

impl World {
    pub(crate) fn new() -> Self {
        install_crypto();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let authority = Authority::create(&folder.path().join("ca"), Environment::Development, clock.now()).unwrap();
        let hub = authority.issue_pair(&Order::server(Subject::Hub, names(), 90), clock.now()).unwrap();
        let (certificate, key) = store(folder.path(), "hub", &hub);
        let files =
            ServerFiles { certificate, key, client_ca: authority.certificate_path(), crl: Some(authority.crl_path()) };
        World { folder, authority, clock, files }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// A certificate of an agency, and the files of a caller that holds it.
    pub(crate) fn agency(&self, id: &str) -> (Pair, ClientFiles) {
        let pair = self.authority.issue_pair(&Order::client(agency(id), 90), self.clock.now()).unwrap();
        let files = self.holding(&pair.entry.serial.to_string(), &pair.certificate_pem, &pair.key_pem);
        (pair, files)
    }

    /// The files of a caller that holds any certificate at all.
    pub(crate) fn holding(&self, name: &str, certificate_pem: &str, key_pem: &str) -> ClientFiles {
        let (certificate, key) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        std::fs::write(&certificate, certificate_pem).unwrap();
        musubi::ca::write_secret(&key, key_pem).unwrap();
        ClientFiles { certificate, key, server_ca: self.files.client_ca.clone(), crl: self.files.crl.clone() }
    }

    pub(crate) fn tls(&self, audience: Audience, limits: ServerLimits) -> Arc<ServerTls> {
        ServerTls::open(self.files.clone(), audience, limits, self.clock()).unwrap()
    }

    pub(crate) fn caller(&self, files: &ClientFiles) -> ClientTls {
        ClientTls::open(files, Subject::Hub, "localhost", self.clock()).unwrap()
    }
}

/// A listener on a free port.
pub(crate) async fn free_port() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) fn store(folder: &Path, name: &str, pair: &Pair) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    std::fs::write(&certificate, &pair.certificate_pem).unwrap();
    musubi::ca::write_secret(&key, &pair.key_pem).unwrap();
    (certificate, key)
}

//! What agencies that listen need: a certificate, and a hub that may call them.

use crate::city::City;
use musubi::ca::{Authority, Order, Subject, write_secret};
use musubi::clock::{Clock, SystemClock};
use musubi::config::{Config, Delivery};
use musubi::hub::register::{Agency, Subscription};
use musubi::store::DeliveryRow;
use musubi_core::agency::AgencyId;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A listener with a certificate of this agency, on a free port.
pub(crate) async fn listener(authority: &Authority, holder: &str) -> (TlsAcceptor, TcpListener, u16) {
    let holder = Subject::Agency(AgencyId::new(holder).unwrap());
    let pair = authority.issue_pair(&Order::server(holder, vec!["localhost".to_owned()], 90), SystemClock.now());
    let pair = pair.unwrap();
    let chain = CertificateDer::pem_slice_iter(pair.certificate_pem.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(pair.key_pem.as_bytes()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(authority.certificate_path()).unwrap() {
        roots.add(root.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_client_cert_verifier(clients.build().unwrap()).with_single_cert(chain, key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (TlsAcceptor::from(Arc::new(config)), listener, port)
}

/// The hub of these settings may call agencies.
pub(crate) fn may_call(config: &mut Config) {
    let authority = Authority::open(&config.data.ca()).unwrap();
    let pair = authority.issue_pair(&Order::client(Subject::Hub, 90), SystemClock.now()).unwrap();
    let (certificate, key) = (config.data.keys().join("caller.pem"), config.data.keys().join("caller.key"));
    std::fs::write(&certificate, pair.certificate_pem).unwrap();
    write_secret(&key, &pair.key_pem).unwrap();
    config.delivery = Some(Delivery { certificate, key });
}

impl City {
    /// A city whose hub may call agencies.
    pub(crate) async fn that_calls(at: &str) -> City {
        City::with(at, may_call).await
    }

    /// The authority of the city's agencies.
    pub(crate) fn authority(&self) -> Authority {
        Authority::open(&self.config.data.ca()).unwrap()
    }

    /// Changes the only subscription of an agency.
    pub(crate) async fn subscribes(&self, id: &str, subscription: Subscription) {
        let known = self.running.hub.register.agency(&AgencyId::new(id).unwrap()).unwrap();
        let mut agency = Agency::clone(&known);
        agency.settings.subscriptions = vec![subscription];
        self.running.hub.register_agency(agency).await.unwrap();
    }

    /// The one delivery to an agency, once it is as it should be.
    pub(crate) async fn delivery(&self, to: &str, as_wanted: impl Fn(&DeliveryRow) -> bool) -> DeliveryRow {
        let to = AgencyId::new(to).unwrap();
        let mut last = Vec::new();
        for _ in 0..200 {
            last = self.running.hub.store.deliveries_to(&to, 0, 100).await.unwrap();
            if let [row] = last.as_slice()
                && as_wanted(row)
            {
                return row.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not so in ten seconds: {last:?}");
    }
}

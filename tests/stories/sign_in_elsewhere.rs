//! The sign-in where it is used: in production, and at several hubs on one database.

use crate::browser::Browser;
use crate::city::{City, at};
use crate::postgres::Postgres;
use crate::several_hubs::{config, copy};
use crate::sign_in::{PASSWORD, WRONG, ordered};
use musubi::ca::{Authority, Environment, Order, Subject, request, write_secret};
use musubi::clock::{Clock, ManualClock, SystemClock};
use musubi::config::{Config, Mode, SignIn};
use musubi::edge::tls::{ClientFiles, install_crypto};
use musubi::{sample_city as sample, serve};
use musubi_core::agency::{AgencyId, Role};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

/// A pair from an authority of production, which makes no keys itself.
fn signed(authority: &Authority, order: &Order, certificate: &Path, key: &Path) {
    let request = request(&order.subject).unwrap();
    let issued = authority.sign(&request.request_pem, order, SystemClock.now()).unwrap();
    let folder = certificate.parent().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(certificate, issued.certificate_pem).unwrap();
    write_secret(key, &request.key_pem).unwrap();
}

#[tokio::test]
async fn s14_in_production_staff_sign_in_and_sample_people_never() {
    install_crypto();
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::development(folder.path());
    config.listen.every().into_iter().for_each(|address| address.set_port(0));
    config.hub.mode = Mode::Production;
    let authority = Authority::create(&config.data.ca(), Environment::Production, SystemClock.now()).unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    signed(&authority, &Order::server(Subject::Hub, names, 90), &config.tls.certificate, &config.tls.key);
    let clock = Arc::new(ManualClock::at(at("2026-11-14T10:00:00+09:00")));
    let start = |config: Config| {
        let clock = clock.clone();
        async move { serve::start(&config, clock, Arc::new(SystemClock)).await }
    };
    let with = |sign_in| {
        let mut config = config.clone();
        config.console.sign_in = sign_in;
        config
    };
    let samples = start(with(Some(SignIn::Samples))).await.err().unwrap();
    assert!(samples.to_string().contains("CF60"), "{samples}");
    let silent = start(with(None)).await.unwrap();
    assert_eq!(silent.addresses.console, None, "without a word about it nobody can come");
    silent.stop().await.unwrap();

    let running = start(with(Some(SignIn::Staff))).await.unwrap();
    sample::register(&running.hub).await.unwrap();
    let files = ClientFiles {
        certificate: folder.path().join("pc.pem"),
        key: folder.path().join("pc.key"),
        server_ca: config.tls.client_ca.clone(),
        crl: None,
    };
    let center = Subject::Agency(AgencyId::new(sample::CENTER).unwrap());
    signed(&authority, &Order::client(center, 90), &files.certificate, &files.key);
    let mut browser = Browser::at(running.addresses.console.unwrap(), &files);
    let gate = browser.get("/sign-in").await;
    assert!(gate.status == 200 && !gate.says("開発用") && !gate.says("ooba"), "{}", gate.body);
    let click = browser.post("/sign-in", &[("agency", sample::CENTER), ("staff", "ooba")]).await;
    assert_eq!((click.status, &browser.cookie), (403, &None));
    let halves = ordered(&running.hub, "ooba", Role::Phn).await;
    let ooba = browser.enrol("ooba", &halves, running.hub.now()).await;
    clock.advance_minutes(1);
    browser.sign_in(&ooba, running.hub.now()).await;
    assert_eq!(browser.get("/today").await.status, 200);
    running.stop().await.unwrap();
}

/// Two hubs of one city in this process, on one database.
async fn twins(server: &Postgres) -> [City; 2] {
    install_crypto();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let address = folders[0].path().join("postgres");
    write_secret(&address, &server.url(&server.database())).unwrap();
    let configs = folders.each_ref().map(|folder| {
        let mut config = config(folder.path(), &address);
        config.console.sign_in = Some(SignIn::Staff);
        config
    });
    sample::prepare(&configs[0], SystemClock.now()).unwrap();
    let clock = Arc::new(ManualClock::at(at("2026-11-14T10:00:00+09:00")));
    let hub = serve::open_hub(&configs[0], clock.clone()).await.unwrap();
    sample::register(&hub).await.unwrap();
    hub.store.close().await.unwrap();
    copy(folders[0].path(), folders[1].path());
    let mut cities = Vec::new();
    for (folder, config) in folders.into_iter().zip(configs) {
        cities.push(City::over(folder, config, clock.clone()).await);
    }
    let [first, second] = cities.try_into().ok().unwrap();
    [first, second]
}

#[tokio::test(flavor = "multi_thread")]
async fn s15_a_session_is_known_and_ended_at_every_hub_and_tries_count_at_all_of_them() {
    let Some(server) = Postgres::start() else { return };
    let [one, two] = twins(&server).await;
    let halves = ordered(&one.running.hub, "ooba", Role::Phn).await;
    let mut browser = one.browser_of(sample::CENTER);
    let ooba = browser.enrol("ooba", &halves, one.running.hub.now()).await;
    one.clock.advance_minutes(1);
    browser.sign_in(&ooba, one.running.hub.now()).await;
    let page = browser.get("/consent").await;
    assert_eq!(page.status, 200);
    one.clock.advance_minutes(1);
    // The other hub knows the session, and what is proven there is proven here.
    let mut browser = browser.led_to(two.console());
    let shown = ooba.authenticator.shown_at(two.running.hub.now());
    assert_eq!(browser.submit(&page, "/consent", &[("proof", &shown)]).await.status, 422);
    let mut browser = browser.led_to(one.console());
    assert_eq!(browser.submit(&page, "/consent", &[]).await.status, 422);
    let cookie = browser.cookie.clone();
    let mut browser = browser.led_to(two.console());
    browser.submit(&page, "/sign-out", &[]).await;
    browser.cookie = cookie;
    let mut browser = browser.led_to(one.console());
    assert_eq!(browser.get("/today").await.header("location"), "/sign-in");
    // Five tries, whichever hub they come to.
    for turn in 0..5 {
        let city = [&one, &two][turn % 2];
        assert_eq!(city.browser_of(sample::CENTER).knock("ooba", WRONG, "000000").await.status, 403);
    }
    one.clock.advance_minutes(1);
    for city in [&one, &two] {
        let shown = ooba.authenticator.shown_at(one.running.hub.now());
        let closed = city.browser_of(sample::CENTER).knock("ooba", PASSWORD, &shown).await;
        assert_eq!(closed.status, 403);
    }
}

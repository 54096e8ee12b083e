//! One test for each unsafe configuration: the start is refused.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::ca::{Authority, Order, Subject, write_secret};
use crate::clock::SystemClock;
use crate::config::{StoreKind, Witness};
use musubi_verify::{LogKey, WitnessKey};
use tempfile::TempDir;

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

fn world(environment: Environment) -> (TempDir, Config) {
    crate::edge::tls::install_crypto();
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::development(folder.path());
    let now = clock().now();
    let authority = Authority::create(&config.data.ca(), environment, now).unwrap();
    let request = crate::ca::request(&Subject::Hub).unwrap();
    let order = Order::server(Subject::Hub, vec!["localhost".to_owned()], 90);
    let issued = authority.sign(&request.request_pem, &order, now).unwrap();
    std::fs::create_dir_all(config.data.keys()).unwrap();
    std::fs::write(&config.tls.certificate, issued.certificate_pem).unwrap();
    write_secret(&config.tls.key, &request.key_pem).unwrap();
    if environment == Environment::Production {
        config.hub.mode = Mode::Production;
    }
    (folder, config)
}

fn codes(config: &Config) -> Vec<String> {
    config.check(&clock()).iter().map(|finding| finding.code.to_string()).collect()
}

#[test]
fn a_whole_hub_has_no_findings() {
    for environment in [Environment::Development, Environment::Production] {
        let (_folder, config) = world(environment);
        assert_eq!(codes(&config), Vec::<String>::new());
    }
}

#[test]
fn s01_plain_health_on_a_network_is_refused() {
    let (_folder, mut config) = world(Environment::Production);
    for address in ["0.0.0.0:8080", "192.0.2.1:8080", "[::]:8080"] {
        config.listen.health = address.parse().unwrap();
        let findings = config.check(&clock());
        assert_eq!(codes(&config), ["CF01"], "{address}");
        assert!(!Config::may_start(&findings));
    }
    config.listen.health = "[::1]:8080".parse().unwrap();
    assert_eq!(codes(&config), Vec::<String>::new());
}

#[test]
fn s01_tls_1_2_is_told_and_does_not_stop_the_start() {
    let (_folder, mut config) = world(Environment::Production);
    config.listen.mllp_tls12 = true;
    assert_eq!(codes(&config), ["CF02"]);
    assert!(Config::may_start(&config.check(&clock())));
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, config) = world(Environment::Production);
    for key in [config.tls.key.clone(), config.data.ca().join("ca.key")] {
        for mode in [0o640, 0o604, 0o660] {
            std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(codes(&config).contains(&"CF11".to_owned()), "{mode:o}");
        }
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(codes(&config), Vec::<String>::new());
}

#[test]
fn a_key_in_the_source_tree_is_refused_unless_it_is_a_development_hubs_own() {
    let (folder, mut config) = world(Environment::Production);
    std::fs::write(folder.path().join("Cargo.toml"), "").unwrap();
    assert!(codes(&config).contains(&"CF12".to_owned()));
    config.hub.mode = Mode::Development;
    assert!(!codes(&config).contains(&"CF12".to_owned()));
    let stray = folder.path().join("stray.key");
    std::fs::copy(&config.tls.key, &stray).unwrap();
    config.data.folder = folder.path().join("elsewhere");
    config.tls.key = stray;
    assert!(codes(&config).contains(&"CF12".to_owned()));
}

#[test]
fn the_development_authority_is_refused_in_production() {
    let (folder, mut config) = world(Environment::Development);
    config.hub.mode = Mode::Production;
    assert_eq!(codes(&config), ["CF21"]);
    config.data.folder = folder.path().join("elsewhere");
    assert_eq!(codes(&config), ["CF21"], "also when only its certificate is there");
}

#[test]
fn s06_production_without_a_revocation_list_is_refused() {
    let (_folder, mut config) = world(Environment::Production);
    config.tls.crl = None;
    assert_eq!(codes(&config), ["CF20"]);
}

#[test]
fn s14_sample_people_in_production_are_refused_and_staff_are_not() {
    let (_folder, mut config) = world(Environment::Production);
    assert_eq!(config.sign_in(), SignIn::Off, "nobody comes to a console that nobody asked for");
    config.console.sign_in = Some(SignIn::Samples);
    assert_eq!(codes(&config), ["CF60"]);
    config.console.sign_in = Some(SignIn::Staff);
    assert_eq!(codes(&config), Vec::<String>::new());
    config.listen.console = config.listen.https;
    assert_eq!(codes(&config), ["CF61"], "two listeners of one address");
    let (_folder, config) = world(Environment::Development);
    assert_eq!(config.sign_in(), SignIn::Samples);
}

#[test]
fn s70_a_limit_may_be_lowered_and_not_raised() {
    let (_folder, mut config) = world(Environment::Production);
    for (value, fits) in [(0, false), (1, true), (15, true), (16, true), (17, false)] {
        config.limits.hl7v2_mebibytes = value;
        assert_eq!(codes(&config).is_empty(), fits, "{value}");
    }
}

#[test]
fn s54_a_server_on_a_network_is_reached_with_verify_full_alone() {
    let (folder, mut config) = world(Environment::Production);
    config.data.store = StoreKind::Postgres;
    assert_eq!(codes(&config), ["CF50"], "no address");
    let file = folder.path().join("postgres");
    config.data.postgres = Some(file.clone());
    assert_eq!(codes(&config), ["CF10"], "no such file");
    for (address, fits) in [
        ("postgres://hub@db.example/hub?sslmode=verify-full&sslrootcert=/keys/db.pem", true),
        ("postgres://hub@db.example/hub?sslmode=require", false),
        ("postgres://hub@192.0.2.7/hub", false),
        ("postgres://hub@127.0.0.1/hub", true),
        ("postgres://hub@%2Fvar%2Frun%2Fpostgresql/hub", true),
        ("mysql://hub@localhost/hub", false),
    ] {
        std::fs::remove_file(&file).ok();
        crate::ca::write_secret(&file, address).unwrap();
        assert_eq!(codes(&config).is_empty(), fits, "{address}: {:?}", config.check(&clock()));
    }
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(codes(&config).contains(&"CF11".to_owned()));
}

#[test]
fn s35_a_witness_that_could_not_witness_is_refused_and_a_folder_that_is_away_is_told() {
    let (folder, mut config) = world(Environment::Production);
    let exchange = tempfile::tempdir().unwrap();
    let witness = |number: u8| Witness {
        name: "朝凪県".to_owned(),
        key: WitnessKey::from_bytes("witness.example", &[number; 32]).unwrap().verifier().to_string(),
        folder: exchange.path().join(number.to_string()),
    };
    for number in 0..16 {
        std::fs::create_dir(witness(number).folder).unwrap();
    }
    config.audit.witness = vec![witness(0), witness(1)];
    assert_eq!(codes(&config), Vec::<String>::new());
    config.audit.witness[1].key = LogKey::from_bytes("witness.example", &[9; 32]).verifier().to_string();
    assert_eq!(codes(&config), ["CF80"], "the key of a log");
    config.audit.witness[1] = Witness { folder: witness(0).folder, ..witness(1) };
    assert_eq!(codes(&config), ["CF81"]);
    config.audit.witness[1] = Witness { folder: folder.path().to_owned(), ..witness(1) };
    assert_eq!(codes(&config), ["CF82"]);
    config.audit.witness[1] = Witness { folder: exchange.path().join("away"), ..witness(1) };
    assert_eq!(codes(&config), ["CF83"]);
    assert!(Config::may_start(&config.check(&clock())), "a witness that is away stops nothing (S-36)");
    config.audit.witness = (0..15).map(witness).collect();
    assert_eq!(codes(&config), Vec::<String>::new());
    config.audit.witness = (0..16).map(witness).collect();
    assert_eq!(codes(&config), ["CF84"]);
}

#[test]
fn a_missing_certificate_is_named() {
    let (_folder, config) = world(Environment::Production);
    std::fs::remove_file(&config.tls.certificate).unwrap();
    assert_eq!(codes(&config), ["CF40"]);
}

#[test]
fn a_file_gives_what_it_says_and_defaults_for_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("musubi.toml");
    let text = "[tls]\ncertificate = 'hub.pem'\nkey = '/keys/hub.key'\nclient_ca = 'ca.pem'\n[data]\nfolder = 'data'\n";
    std::fs::write(&path, text).unwrap();
    let config = Config::read(&path).unwrap();
    assert_eq!(config.tls.certificate, folder.path().join("hub.pem"));
    assert_eq!(config.tls.key, Path::new("/keys/hub.key"));
    assert_eq!(config.data.database(), folder.path().join("data/hub.db"));
    assert_eq!(config.hub.mode, Mode::Production);
    assert_eq!(config.listen.https.port(), 8443);
    assert_eq!(config.listen.mllp.port(), 2575);
    std::fs::write(&path, config.effective()).unwrap();
    assert_eq!(Config::read(&path).unwrap(), config, "the effective settings read back");
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("musubi.toml");
    let text = "[data]\nfolder = 'data'\n[tls]\ncertificate = 'c'\nkey = 'k'\nclient_ca = 'a'\nverify = false\n";
    std::fs::write(&path, text).unwrap();
    let error = Config::read(&path).unwrap_err().to_string();
    assert!(error.contains("line 7") && error.contains("verify"), "{error}");
}

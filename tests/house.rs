//! What `ARCHITECTURE.md` says is absent, where the compiler cannot say so: dependencies, licences, and what lies in the
//! repository. Reads `cargo metadata` and `git ls-files`; needs no network.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One package of the graph.
struct Package {
    name: String,
    licence: Option<String>,
    source: Option<String>,
    /// What it needs to run, by id; not what its build or its tests need.
    needs: Vec<String>,
}

/// Every package that this platform builds, tests and tools of the build included, by id.
static PACKAGES: LazyLock<BTreeMap<String, Package>> = LazyLock::new(|| {
    let compiler = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(compiler.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut needs: BTreeMap<String, Vec<String>> =
        list(&metadata["resolve"], "nodes").iter().map(|node| (text(node, "id").unwrap(), needed(node))).collect();
    let built = |package: &Value| {
        let id = text(package, "id")?;
        let needs = needs.remove(&id)?;
        let (name, licence, source) = (text(package, "name")?, text(package, "license"), text(package, "source"));
        Some((id, Package { name, licence, source, needs }))
    };
    list(&metadata, "packages").iter().filter_map(built).collect()
});

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

fn needed(node: &Value) -> Vec<String> {
    let normal = |dependency: &&Value| list(dependency, "dep_kinds").iter().any(|kind| kind["kind"].is_null());
    list(node, "deps").iter().filter(normal).filter_map(|dependency| text(dependency, "pkg")).collect()
}

/// Names of all that a package of ours needs to run, directly or not.
fn closure(name: &str) -> BTreeSet<&'static str> {
    let ours = |package: &&Package| package.name == name && package.source.is_none();
    let mut open: Vec<&Package> = vec![PACKAGES.values().find(ours).unwrap()];
    let mut names = BTreeSet::new();
    while let Some(package) = open.pop() {
        let fresh = package.needs.iter().filter_map(|id| PACKAGES.get(id)).filter(|next| !names.contains(&*next.name));
        let fresh: Vec<&Package> = fresh.collect();
        names.extend(fresh.iter().map(|package| package.name.as_str()));
        open.extend(fresh);
    }
    names
}

fn deny() -> toml::Table {
    std::fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}

fn words(table: &toml::Table, section: &str, key: &str) -> Vec<String> {
    let words = table[section][key].as_array().unwrap().iter();
    words.map(|word| word.get("crate").unwrap_or(word).as_str().unwrap().to_owned()).collect()
}

/// An SPDX expression against a list: `A OR B` needs one, `A AND B` both.
fn allowed(expression: &str, allow: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "_WITH_");
    let words: Vec<String> = spaced.split_whitespace().map(|word| word.replace("_WITH_", " WITH ")).collect();
    let mut rest = words.as_slice();
    let result = either(&mut rest, allow);
    result && rest.is_empty()
}

fn either(rest: &mut &[String], allow: &[String]) -> bool {
    let mut result = both(rest, allow);
    while next_is(rest, "OR") {
        result |= both(rest, allow);
    }
    result
}

fn both(rest: &mut &[String], allow: &[String]) -> bool {
    let mut result = single(rest, allow);
    while next_is(rest, "AND") {
        result &= single(rest, allow);
    }
    result
}

fn single(rest: &mut &[String], allow: &[String]) -> bool {
    if next_is(rest, "(") {
        let result = either(rest, allow);
        return next_is(rest, ")") && result;
    }
    let Some((licence, after)) = rest.split_first() else { return false };
    *rest = after;
    allow.contains(licence)
}

fn next_is(rest: &mut &[String], word: &str) -> bool {
    match rest.split_first() {
        Some((first, after)) if first == word => {
            *rest = after;
            true
        }
        _ => false,
    }
}

#[test]
fn a_licence_expression_is_read_as_spdx_reads_it() {
    let allow = ["MIT".to_owned(), "ISC".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()];
    for yes in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "(GPL-3.0 OR MIT) AND ISC", "Apache-2.0 WITH LLVM-exception"] {
        assert!(allowed(yes, &allow), "{yes}");
    }
    for no in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "Apache-2.0", "MIT MIT", "(MIT"] {
        assert!(!allowed(no, &allow), "{no}");
    }
}

#[test]
fn every_package_has_a_licence_of_the_allow_list() {
    let allow = words(&deny(), "licenses", "allow");
    let barred: Vec<String> = PACKAGES
        .values()
        .filter(|package| !package.licence.as_deref().is_some_and(|licence| allowed(licence, &allow)))
        .map(|package| format!("{}: {}", package.name, package.licence.as_deref().unwrap_or("none")))
        .collect();
    assert!(barred.is_empty(), "{barred:#?}");
}

#[test]
fn every_package_comes_from_the_registry_or_from_here() {
    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
    let strangers: Vec<&String> =
        PACKAGES.values().filter_map(|package| package.source.as_ref()).filter(|source| *source != REGISTRY).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn no_forbidden_crate_is_built() {
    let forbidden = words(&deny(), "bans", "deny");
    assert!(forbidden.iter().any(|name| name == "openssl") && forbidden.iter().any(|name| name == "aws-lc-rs"));
    let found: Vec<&String> =
        PACKAGES.values().map(|package| &package.name).filter(|name| forbidden.contains(name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn there_is_one_tls_and_one_provider_of_its_cryptography() {
    let hub = closure("musubi");
    let built = |names: &[&str]| names.iter().filter(|name| hub.contains(**name)).count();
    assert_eq!(built(&["rustls", "openssl", "native-tls", "boring", "s2n-tls"]), 1);
    assert_eq!(built(&["ring", "aws-lc-rs", "rustls-rustcrypto", "boring-rustls-provider"]), 1);
}

#[test]
fn the_hub_cannot_name_a_bare_record() {
    let ours = |package: &&Package| package.name == "musubi" && package.source.is_none();
    let hub = PACKAGES.values().find(ours).unwrap();
    let direct: Vec<&str> =
        hub.needs.iter().filter_map(|id| PACKAGES.get(id)).map(|package| package.name.as_str()).collect();
    assert!(direct.contains(&"musubi-core") && direct.contains(&"musubi-adapters"));
    assert!(!direct.contains(&"musubi-proto"));
}

#[test]
fn rules_and_formats_know_no_socket_no_sql_and_no_async() {
    for inner in ["musubi-proto", "musubi-verify", "musubi-core", "musubi-adapters"] {
        let needs = closure(inner);
        let found: Vec<&str> =
            ["tokio", "sqlx", "rusqlite", "tonic", "axum", "hyper", "rustls", "futures-executor", "musubi"]
                .into_iter()
                .filter(|name| needs.contains(name))
                .collect();
        assert!(found.is_empty(), "{inner} needs {found:?}");
    }
    assert!(!closure("musubi-core").contains("musubi-adapters"));
    for alone in ["musubi-proto", "musubi-verify"] {
        assert_eq!(closure(alone).iter().filter(|name| name.starts_with("musubi")).count(), 0, "{alone}");
    }
}

/// Rust files of a folder of ours, with their text, tests left out where they are files of their own.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(listed) = std::fs::read_dir(&folder) else { continue };
        for path in listed.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_test = name.starts_with("test") || name.ends_with("_tests.rs") || name == "fixtures.rs";
            if is_test || name == "target" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let production = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
                found.push((path, production));
            }
        }
    }
    found
}

#[test]
fn nothing_inside_the_hub_calls_back_up() {
    for inner in ["src/hub", "src/store", "src/delivery", "src/audit", "src/config"] {
        for (path, text) in sources(inner) {
            for upper in ["crate::cli", "crate::console", "crate::edge::grpc", "crate::edge::mllp::"] {
                assert!(!text.contains(upper), "{} calls {upper}", path.display());
            }
        }
    }
    for (path, text) in sources("src/store").into_iter().chain(sources("src/config")) {
        assert!(!text.contains("crate::hub"), "{} calls the hub", path.display());
    }
}

#[test]
fn the_console_has_no_query_of_its_own_and_no_record_that_was_not_released() {
    for (path, text) in sources("src/console") {
        let databases = ["crate::store", ".store", "sqlx", "rusqlite"];
        let records = ["keyring", ".record()", "SharedRecord", "SharedEntry", "hub::family"];
        for barred in databases.into_iter().chain(records) {
            assert!(!text.contains(barred), "{} has {barred}", path.display());
        }
        // What the program did not write itself is escaped: nothing is taken as markup but markup.
        assert!(!text.contains("PreEscaped"), "{}", path.display());
    }
}

#[test]
fn an_answer_that_carries_a_record_is_made_in_release_alone() {
    let made = ["ReleasedRecord {", "ReleasedRecord::default()", "OutgoingDelivery {"];
    for (path, text) in ["src", "adapters"].into_iter().flat_map(sources) {
        let by_release = path.starts_with(root().join("src/core/release"))
            || path == root().join("src/core/release.rs")
            || path.starts_with(root().join("src/agency_client"));
        let makes = made.iter().any(|form| {
            let lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
            lines.clone().any(|line| line.contains(form) && !line.contains("struct ") && !line.contains("impl "))
        });
        assert!(by_release || !makes, "{} makes one", path.display());
    }
}

/// Every file of the repository that is text. `None` outside a checkout, as in an unpacked archive.
fn tracked() -> Option<Vec<(String, String)>> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().ok()?;
    if !listed.status.success() || listed.stdout.is_empty() {
        return None;
    }
    let names = String::from_utf8(listed.stdout).unwrap();
    let text = |name: &str| Some((name.to_owned(), std::fs::read_to_string(root().join(name)).ok()?));
    Some(names.split('\0').filter(|name| !name.is_empty()).filter_map(text).collect())
}

#[test]
fn no_machine_path_and_no_secret_lies_in_the_repository() {
    let Some(files) = tracked() else {
        println!("SKIPPED: not a git checkout");
        return;
    };
    // Put together here, so that this file does not hold them.
    let barred: Vec<String> = [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/"), ("C:\\Us", "ers")]
        .into_iter()
        .chain([("PRIVATE K", "EY-----"), ("AGE-SECRET-K", "EY-"), ("ghp", "_"), ("AKI", "A0"), ("xox", "b-")])
        .map(|(first, second)| format!("{first}{second}"))
        .collect();
    let found: Vec<String> = files
        .iter()
        .flat_map(|(name, text)| {
            barred.iter().filter(|bar| text.contains(*bar)).map(move |bar| format!("{name}: {bar}"))
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    let keys =
        files.iter().filter(|(name, _)| name.ends_with(".key") || name.ends_with(".p12") || name.ends_with(".db"));
    assert_eq!(keys.count(), 0);
}

#[test]
fn every_fuzz_target_is_listed_and_every_listed_one_is_there() {
    let manifest: toml::Table = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap().parse().unwrap();
    let listed: BTreeSet<String> =
        manifest["bin"].as_array().unwrap().iter().map(|target| target["path"].as_str().unwrap().to_owned()).collect();
    let files = std::fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap();
    let there: BTreeSet<String> =
        files.map(|file| format!("fuzz_targets/{}", file.unwrap().file_name().to_string_lossy())).collect();
    assert_eq!(listed, there);
}

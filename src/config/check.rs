//! What is wrong with a configuration, before anything is bound or opened (S-01, S-65, `security.md` section 4).

use super::{Config, Mode, SignIn};
use crate::ca::{DEVELOPMENT, Environment, environment_in, readable_by_others};
use crate::clock::Clock;
use crate::edge::tls::{Audience, ServerTls};
use crate::store::ServerError;
use musubi_core::adapter::{Diagnostic, Severity};
use musubi_core::consent::widening::Office;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most witnesses: a reader of signed notes takes sixteen signatures at least (C2SP signed-note), and one is the hub's.
const WITNESSES_MAX: usize = 15;

impl Config {
    /// Everything that is wrong. An error stops the start; a warning is a departure from the secure default.
    pub fn check(&self, clock: &Arc<dyn Clock>) -> Vec<Diagnostic> {
        let mut findings = Vec::new();
        self.check_listeners(&mut findings);
        self.check_console(&mut findings);
        self.check_keys(&mut findings);
        self.check_store(&mut findings);
        self.check_trust(&mut findings);
        self.check_limits(&mut findings);
        self.check_officers(&mut findings);
        self.check_witnesses(&mut findings);
        self.check_certificates(clock, &mut findings);
        findings
    }

    /// May a hub start with these findings?
    pub fn may_start(findings: &[Diagnostic]) -> bool {
        findings.iter().all(|finding| finding.severity != Severity::Error)
    }

    fn check_listeners(&self, findings: &mut Vec<Diagnostic>) {
        if !self.listen.health.ip().is_loopback() {
            findings.push(Diagnostic::error(
                "CF01",
                "listen.health",
                "ヘルスチェックは平文です。ループバックアドレスにしてください",
                "health is plain HTTP; it may listen on loopback only",
            ));
        }
        if self.listen.mllp_tls12 {
            findings.push(Diagnostic::warning(
                "CF02",
                "listen.mllp_tls12",
                "TLS 1.2を受け付けます。古い相手がなくなったら外してください",
                "TLS 1.2 is accepted; turn it off when the last old peer is gone",
            ));
        }
        if self.hub.origin.is_empty() || self.hub.origin.contains(|c: char| c.is_whitespace() || c == '+') {
            findings.push(Diagnostic::error(
                "CF03",
                "hub.origin",
                "空にできません。空白と+は使えません",
                "must not be empty, nor hold blanks or a plus sign",
            ));
        }
    }

    fn check_console(&self, findings: &mut Vec<Diagnostic>) {
        let (listen, sign_in) = (&self.listen, self.sign_in());
        if self.hub.mode == Mode::Production && sign_in == SignIn::Samples {
            findings.push(Diagnostic::error(
                "CF60",
                "console.sign_in",
                "見本の職員でのサインインは本番で使えません。\"staff\" か \"off\" にしてください",
                "sample people cannot sign in in production; set it to \"staff\" or \"off\"",
            ));
        }
        let others = [listen.https, listen.mllp, listen.health];
        if sign_in != SignIn::Off && listen.console.port() != 0 && others.contains(&listen.console) {
            findings.push(Diagnostic::error(
                "CF61",
                "listen.console",
                "他の待ち受けと同じアドレスです。別のポートにしてください",
                "another listener has this address; choose another port",
            ));
        }
    }

    fn check_keys(&self, findings: &mut Vec<Diagnostic>) {
        for key in self.key_files() {
            let place = key.display().to_string();
            match readable_by_others(&key) {
                Err(_) => findings.push(Diagnostic::error(
                    "CF10",
                    place.clone(),
                    "鍵ファイルがありません",
                    "there is no such key file",
                )),
                Ok(true) => findings.push(Diagnostic::error(
                    "CF11",
                    place.clone(),
                    "鍵が他の利用者に読まれます。権限を0600にしてください",
                    "others may read this key; set its mode to 0600",
                )),
                Ok(false) => {}
            }
            if in_source_tree(&key) && !self.is_development_key(&key) {
                findings.push(Diagnostic::error(
                    "CF12",
                    place,
                    "鍵がソースツリーの中にあります。外へ移してください",
                    "this key lies in a source tree; move it out",
                ));
            }
        }
    }

    /// The TLS key, and whatever lies in the folders for keys.
    fn key_files(&self) -> Vec<PathBuf> {
        let folders = [self.data.keys(), self.data.ca()];
        let lying = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        let mut keys: Vec<PathBuf> =
            lying.map(|file| file.path()).filter(|path| path.extension().is_some_and(|e| e == "key")).collect();
        keys.push(self.tls.key.clone());
        keys.extend(self.delivery.as_ref().map(|calling| calling.key.clone()));
        keys.extend(self.data.postgres.clone());
        keys.sort();
        keys.dedup();
        keys
    }

    /// A development hub keeps its keys in its data folder, which may lie in a checkout (and is ignored there).
    fn is_development_key(&self, key: &Path) -> bool {
        self.hub.mode == Mode::Development && key.starts_with(&self.data.folder)
    }

    fn check_store(&self, findings: &mut Vec<Diagnostic>) {
        // A file that is not there is told of with the keys.
        if let Err(error) = self.data.location()
            && !matches!(error, ServerError::File(..))
        {
            let (ja, en) = error.texts();
            findings.push(Diagnostic::error("CF50", "data.postgres", ja, en));
        }
    }

    fn check_trust(&self, findings: &mut Vec<Diagnostic>) {
        if self.hub.mode != Mode::Production {
            return;
        }
        if self.tls.crl.is_none() {
            findings.push(Diagnostic::error(
                "CF20",
                "tls.crl",
                "本番では失効リストが必須です",
                "a revocation list is mandatory in production",
            ));
        }
        let development_here = environment_in(&self.data.ca()) == Some(Environment::Development);
        if development_here || holds_development(&self.tls.client_ca) || holds_development(&self.tls.certificate) {
            findings.push(Diagnostic::error(
                "CF21",
                "tls.client_ca",
                "開発用認証局は本番で使えません",
                "the development authority is not accepted in production",
            ));
        }
    }

    /// Keys that nobody could sign with, or one key for both offices.
    fn check_officers(&self, findings: &mut Vec<Diagnostic>) {
        let place = |office: Office| format!("policy.{office}_officer");
        for office in Office::ALL.iter().filter(|office| self.policy.text_of(**office).is_some()) {
            if self.policy.key_of(*office).is_none() {
                findings.push(Diagnostic::error(
                    "CF70",
                    place(*office),
                    "この役職の公開鍵ではありません。`musubi policy key` が表示した1行を設定してください",
                    "not a public key of this office; set the line that `musubi policy key` printed",
                ));
            }
        }
        let bytes = |office| self.policy.key_of(office).map(|key| key.key_bytes());
        if bytes(Office::Privacy).is_some_and(|key| Some(key) == bytes(Office::Legal)) {
            findings.push(Diagnostic::error(
                "CF71",
                place(Office::Legal),
                "2つの役職が同じ鍵です。別々の人の鍵を設定してください",
                "both offices have one key; set the keys of two people",
            ));
        }
    }

    /// Witnesses that could not witness: no key, the hub's own hands, one for two.
    fn check_witnesses(&self, findings: &mut Vec<Diagnostic>) {
        let witnesses = &self.audit.witness;
        for (place, witness) in witnesses.iter().enumerate() {
            let at = |setting: &str| format!("audit.witness[{place}].{setting}");
            let earlier = witnesses.iter().take(place);
            if witness.verifier().is_none() {
                findings.push(Diagnostic::error(
                    "CF80",
                    at("key"),
                    "証人の公開鍵ではありません。証人が `musubi-verify witness keygen` で得た1行を設定してください",
                    "not the public key of a witness; set the line that `musubi-verify witness keygen` printed there",
                ));
            }
            if earlier.clone().any(|other| other.key == witness.key || other.folder == witness.folder) {
                findings.push(Diagnostic::error(
                    "CF81",
                    at("folder"),
                    "他の証人と鍵かフォルダが同じです。証人ごとに別のものにしてください",
                    "another witness has this key or folder; give each its own",
                ));
            }
            if witness.folder.starts_with(&self.data.folder) || self.data.folder.starts_with(&witness.folder) {
                findings.push(Diagnostic::error(
                    "CF82",
                    at("folder"),
                    "データフォルダと一緒に巻き戻されます。データフォルダの外にしてください",
                    "it would be rolled back with the data folder; move it out of there",
                ));
            }
            if !witness.folder.is_dir() {
                findings.push(Diagnostic::warning(
                    "CF83",
                    at("folder"),
                    "フォルダがありません。あるまで記録は証人に渡りません",
                    "there is no such folder; until there is, nothing is witnessed",
                ));
            }
        }
        if witnesses.len() > WITNESSES_MAX {
            findings.push(Diagnostic::error(
                "CF84",
                "audit.witness",
                format!("証人は{WITNESSES_MAX}までです"),
                format!("at most {WITNESSES_MAX} witnesses"),
            ));
        }
    }

    fn check_limits(&self, findings: &mut Vec<Diagnostic>) {
        for (place, value, ceiling) in self.limits.ceilings() {
            if value == 0 || value > ceiling {
                findings.push(Diagnostic::error(
                    "CF30",
                    place,
                    format!("1から{ceiling}までです"),
                    format!("must be 1 to {ceiling}"),
                ));
            }
        }
        if self.tls.reload_seconds == 0 || self.tls.reload_seconds > 300 {
            findings.push(Diagnostic::error(
                "CF31",
                "tls.reload_seconds",
                "1から300までです",
                "must be 1 to 300: a revocation takes effect within five minutes",
            ));
        }
    }

    /// The files must make a listener.
    fn check_certificates(&self, clock: &Arc<dyn Clock>, findings: &mut Vec<Diagnostic>) {
        let limits = self.limits.server(self.listen.mllp_tls12);
        if let Err(error) = ServerTls::open(self.tls.server_files(), Audience::Machines, limits, Arc::clone(clock)) {
            findings.push(Diagnostic::error(
                "CF40",
                "tls",
                format!("証明書が使えません: {error}"),
                format!("the certificates cannot be used: {error}"),
            ));
        }
    }
}

/// Does a file of certificates hold one of, or from, a development authority?
fn holds_development(path: &Path) -> bool {
    let Ok(certificates) = CertificateDer::pem_file_iter(path) else { return false };
    certificates.flatten().any(|der| {
        x509_parser::parse_x509_certificate(&der).is_ok_and(|(_, certificate)| {
            [certificate.subject(), certificate.issuer()]
                .into_iter()
                .flat_map(|name| name.iter_organization())
                .any(|organization| organization.as_str().is_ok_and(|text| text == DEVELOPMENT))
        })
    })
}

/// Does a file lie in a source tree: below a folder with a `.git` or a `Cargo.toml`?
fn in_source_tree(path: &Path) -> bool {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real.ancestors().skip(1).any(|folder| folder.join(".git").exists() || folder.join("Cargo.toml").exists())
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;

//! Settings: read whole, checked whole, then used. One file for each section; an unknown key is refused, a secret is
//! named by its file.

mod audit;
mod check;
mod console;
mod data;
mod delivery;
mod hub;
mod limits;
mod listen;
mod policy;
mod tls;

pub use audit::{Audit, Witness};
pub use console::{Console, SignIn};
pub use data::{Data, StoreKind};
pub use delivery::Delivery;
pub use hub::{Hub, Mode};
pub use limits::Limits;
pub use listen::Listen;
pub use policy::{Policy, signature_file};
pub use tls::Tls;

use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// Longest configuration file.
const LENGTH_MAX: u64 = 1024 * 1024;

/// Every setting (`musubi.toml`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What this hub is.
    #[serde(default)]
    pub hub: Hub,
    /// Where it listens.
    #[serde(default)]
    pub listen: Listen,
    /// How people come to the pages.
    #[serde(default)]
    pub console: Console,
    /// Its certificate, and whom it trusts.
    pub tls: Tls,
    /// Where it keeps its data.
    pub data: Data,
    /// The policy it decides by.
    #[serde(default)]
    pub policy: Policy,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
    /// Who bears witness to its logs.
    #[serde(default)]
    pub audit: Audit,
    /// As whom it calls agencies that listen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// Why a configuration cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("CF00 {}: cannot be read ({source}) / 設定ファイルを読めません", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("CF00 {} line {line}: {message} / 設定ファイルの形式が正しくありません", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// On which line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

impl Config {
    /// Reads a file. Paths in it that are not absolute are taken from the folder of the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let file = |source| ConfigError::File { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(file)?.len() > LENGTH_MAX {
            return Err(file(io::ErrorKind::FileTooLarge.into()));
        }
        let text = std::fs::read_to_string(path).map_err(file)?;
        let mut config: Config = toml::from_str(&text).map_err(|error| ConfigError::Form {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| line_of(&text, span.start)),
            message: error.message().to_owned(),
        })?;
        config.paths_from(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// A development hub in a folder: its own authority, loopback only.
    pub fn development(folder: &Path) -> Self {
        let data = Data::in_folder(folder.to_owned());
        Config {
            hub: Hub::development(),
            listen: Listen::loopback(),
            console: Console::default(),
            tls: Tls::in_folder(&data),
            data,
            policy: Policy::default(),
            limits: Limits::default(),
            audit: Audit::default(),
            delivery: None,
        }
    }

    /// The settings in effect, defaults included, as the file would say them. Holds no secret: those are in files.
    pub fn effective(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// How people show who they are on the console.
    pub fn sign_in(&self) -> SignIn {
        self.console.sign_in.unwrap_or(match self.hub.mode {
            Mode::Development => SignIn::Samples,
            Mode::Production => SignIn::Off,
        })
    }

    fn paths_from(&mut self, base: &Path) {
        let Tls { certificate, key, client_ca, crl, .. } = &mut self.tls;
        let files = [certificate, key, client_ca, &mut self.data.folder];
        let calling = self.delivery.iter_mut().flat_map(|calling| [&mut calling.certificate, &mut calling.key]);
        let exchanged = self.audit.witness.iter_mut().map(|witness| &mut witness.folder);
        for path in calling
            .chain(exchanged)
            .chain(files)
            .chain(crl)
            .chain(&mut self.policy.folder)
            .chain(&mut self.data.postgres)
        {
            *path = base.join(&path);
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

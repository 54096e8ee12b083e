//! Where the hub is and who calls: from options, or from an agency's folder, or from both with the options first.

use super::{Failure, Terminal};
use crate::agency_client::{AgencyClient, HubAddress};
use crate::edge::tls::ClientFiles;
use clap::Args;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The addresses in an agency's folder.
pub const FOLDER_CONNECTION: &str = "connection.toml";
/// The agency's certificate.
pub const FOLDER_CERTIFICATE: &str = "agency.pem";
/// Its key.
pub const FOLDER_KEY: &str = "agency.key";
/// The authority that signed the hub's certificate.
pub const FOLDER_CA: &str = "ca.pem";
/// The authority's revocation list; a folder may be without one.
pub const FOLDER_CRL: &str = "crl.pem";

/// Where a development hub keeps its authority, as seen from the folder that it made for an agency.
const DEVELOPMENT_CA: &str = "../../ca";
/// Where a hub listens that was told nothing else.
const HUB_USUAL: &str = "localhost:8443";
/// The same for MLLP.
const MLLP_USUAL: &str = "localhost:2575";

/// Longest connection file, in bytes.
const CONNECTION_BYTES_MAX: u64 = 64 * 1024;

/// What `connection.toml` in an agency's folder says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionFile {
    /// gRPC and HTTPS, `host:port`.
    pub hub: String,
    /// MLLP over TLS, `host:port`; empty where the agency has no use for it.
    #[serde(default)]
    pub mllp: String,
    /// The name that must stand in the hub's certificate; empty: the host of `hub`.
    #[serde(default)]
    pub server_name: String,
}

/// Options of every call.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Connection (接続)")]
pub(in crate::cli) struct Connection {
    /// Folder with agency.pem, agency.key, ca.pem, crl.pem and connection.toml. A development hub makes one for each of
    /// its agencies: musubi-data/agencies/ID; its own authority and the usual ports then need no files (機関のフォルダ)
    #[arg(long, global = true, env = "MUSUBI_AGENCY", value_name = "DIR")]
    agency: Option<PathBuf>,
    /// The hub's address for gRPC and HTTPS (ハブのアドレス)
    #[arg(long, global = true, value_name = "HOST:PORT")]
    hub: Option<String>,
    /// The hub's address for MLLP; stands before the call: client --mllp HOST:PORT submit --mllp FILE (MLLPのアドレス)
    #[arg(id = "mllp_address", long = "mllp", value_name = "HOST:PORT")]
    mllp: Option<String>,
    /// Name in the hub's certificate, when it is not the host of --hub (ハブの証明書の名前)
    #[arg(long, global = true, value_name = "NAME")]
    server_name: Option<String>,
    /// The agency's certificate (機関の証明書)
    #[arg(long, global = true, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// The certificate's key (証明書の秘密鍵)
    #[arg(long, global = true, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The authority of the hub's certificate (ハブの認証局)
    #[arg(long, global = true, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The authority's revocation list (失効リスト)
    #[arg(long, global = true, value_name = "FILE")]
    crl: Option<PathBuf>,
}

impl Connection {
    /// Reads the files; the first call connects.
    pub(super) fn open(&self, terminal: &mut Terminal<'_>) -> Result<AgencyClient, Failure> {
        let (files, address) = self.resolve(terminal)?;
        AgencyClient::open(&files, address, Arc::clone(&terminal.clock))
            .map_err(|error| Failure::Fault(error.to_string()))
    }

    /// The files and addresses.
    pub(in crate::cli) fn resolve(&self, terminal: &mut Terminal<'_>) -> Result<(ClientFiles, HubAddress), Failure> {
        let file = match self.agency.as_ref().map(|folder| folder.join(FOLDER_CONNECTION)) {
            Some(path) if path.exists() => connection_file(&path, terminal)?,
            Some(_) => ConnectionFile { hub: HUB_USUAL.to_owned(), mllp: MLLP_USUAL.to_owned(), ..Default::default() },
            None => ConnectionFile::default(),
        };
        let files = ClientFiles {
            certificate: self.path(&self.cert, FOLDER_CERTIFICATE, "--cert")?,
            key: self.path(&self.key, FOLDER_KEY, "--key")?,
            server_ca: match (&self.ca, self.in_folder_or_development(FOLDER_CA)) {
                (None, Some(found)) => found,
                _ => self.path(&self.ca, FOLDER_CA, "--ca")?,
            },
            // A list belongs to its authority: one that was named brings its own, or none.
            crl: match &self.ca {
                Some(_) => self.crl.clone(),
                None => self.crl.clone().or_else(|| self.in_folder_or_development(FOLDER_CRL)),
            },
        };
        Ok((files, self.address(file)?))
    }

    /// What the agency's folder holds of the authority, else what the development hub that made the folder holds.
    fn in_folder_or_development(&self, name: &str) -> Option<PathBuf> {
        let folder = self.agency.as_ref()?;
        let development = folder.join(DEVELOPMENT_CA);
        // Both from one authority: a folder with a certificate of its own never takes another's list.
        let base = if folder.join(FOLDER_CA).exists() { folder } else { &development };
        Some(base.join(name)).filter(|path| path.exists())
    }

    fn address(&self, file: ConnectionFile) -> Result<HubAddress, Failure> {
        let machines = self.hub.clone().unwrap_or(file.hub);
        let Some(host) = host(&machines) else { return Err(wrong_address("--hub")) };
        let named = Some(file.server_name).filter(|name| !name.is_empty() && self.hub.is_none());
        let server_name = self.server_name.clone().or(named).unwrap_or_else(|| host.to_owned());
        let mllp = self.mllp.clone().unwrap_or(file.mllp);
        if !mllp.is_empty() && self::host(&mllp).is_none() {
            return Err(wrong_address("--mllp"));
        }
        Ok(HubAddress { machines, mllp, server_name })
    }

    fn path(&self, named: &Option<PathBuf>, in_folder: &str, option: &str) -> Result<PathBuf, Failure> {
        named.clone().or_else(|| self.agency.as_ref().map(|folder| folder.join(in_folder))).ok_or_else(|| {
            Failure::Usage(format!("{option} or --agency is needed / {option} または --agency を指定してください"))
        })
    }
}

fn connection_file(path: &Path, terminal: &mut Terminal<'_>) -> Result<ConnectionFile, Failure> {
    let bytes = terminal.read(path, CONNECTION_BYTES_MAX)?;
    let fault = |problem: &str| Failure::Fault(format!("{}: {problem}", path.display()));
    let text = std::str::from_utf8(&bytes).map_err(|_| fault("not UTF-8"))?;
    toml::from_str(text).map_err(|error| fault(error.message()))
}

/// The host of `host:port`; an IPv6 address stands in brackets.
fn host(address: &str) -> Option<&str> {
    let (host, port) = address.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

fn wrong_address(option: &str) -> Failure {
    Failure::Usage(format!("{option} is HOST:PORT / {option} は「ホスト:ポート」で指定してください"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn folder_file() -> ConnectionFile {
        toml::from_str("hub = \"127.0.0.1:8443\"\nmllp = \"127.0.0.1:2575\"\nserver_name = \"localhost\"").unwrap()
    }

    #[test]
    fn a_folder_says_both_addresses_and_the_name() {
        let address = Connection::default().address(folder_file()).unwrap();
        let said = (address.machines.as_str(), address.mllp.as_str(), address.server_name.as_str());
        assert_eq!(said, ("127.0.0.1:8443", "127.0.0.1:2575", "localhost"));
    }

    #[test]
    fn an_option_wins_over_the_folder_and_names_its_own_host() {
        let options = Connection { hub: Some("hub.example:9443".to_owned()), ..Connection::default() };
        let address = options.address(folder_file()).unwrap();
        assert_eq!((address.machines.as_str(), address.server_name.as_str()), ("hub.example:9443", "hub.example"));
    }

    #[test]
    fn an_unknown_key_of_the_connection_file_is_refused() {
        assert!(toml::from_str::<ConnectionFile>("hub = \"a:1\"\npassword = \"x\"").is_err());
    }

    #[test]
    fn an_address_without_a_port_is_wrong_usage() {
        for address in ["localhost", ":8443", "localhost:", "localhost:70000", ""] {
            let options = Connection { hub: Some(address.to_owned()), ..Connection::default() };
            assert!(matches!(options.address(ConnectionFile::default()), Err(Failure::Usage(_))), "{address}");
        }
        assert_eq!(host("[::1]:8443"), Some("::1"));
    }

    #[test]
    fn a_folder_made_by_a_development_hub_needs_no_other_files() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("agencies/MED-1");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::create_dir(data.path().join("ca")).unwrap();
        for name in [FOLDER_CA, FOLDER_CRL] {
            std::fs::write(data.path().join("ca").join(name), "").unwrap();
        }
        let options = Connection { agency: Some(folder.clone()), ..Connection::default() };
        assert_eq!(options.in_folder_or_development(FOLDER_CRL), Some(folder.join("../../ca/crl.pem")));
        std::fs::write(folder.join(FOLDER_CA), "").unwrap();
        assert_eq!(options.in_folder_or_development(FOLDER_CA), Some(folder.join("ca.pem")));
        assert_eq!(options.in_folder_or_development(FOLDER_CRL), None);
    }

    #[test]
    fn a_missing_certificate_is_wrong_usage_and_a_folder_supplies_it() {
        let bare = Connection::default();
        assert!(matches!(bare.path(&None, FOLDER_CERTIFICATE, "--cert"), Err(Failure::Usage(_))));
        let folder = Connection { agency: Some(PathBuf::from("agencies/MED-1")), ..bare };
        let path = folder.path(&None, FOLDER_CERTIFICATE, "--cert").unwrap();
        assert_eq!(path, Path::new("agencies/MED-1/agency.pem"));
    }
}

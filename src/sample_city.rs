//! An invented city (汐音市) with its agencies, for the development hub, the demo and the stories of the tests. The
//! prefecture number 48 does not exist, so no real place is meant.

use crate::ca::{
    Authority, CRL_DAYS, CaError, Environment, Order, Subject, VALIDITY_DAYS, secret_folder, write_public, write_secret,
};
use crate::config::Config;
use crate::edge::tls::ClientFiles;
use crate::hub::register::{Agency, AgencySettings, Subscription};
use crate::hub::{Hub, Refusal};
use musubi_core::adapter::{LocalCode, Profile};
use musubi_core::agency::{AgencyId, AgencyKind, NotAnAgencyId, Purpose, Role};
use musubi_core::id::{Municipality, NotAMunicipality};
use musubi_core::time::Time;
use std::path::{Path, PathBuf};

/// One-stop center of the city.
pub const CENTER: &str = "OSC-482072";
/// Health center of the city.
pub const HEALTH_CENTER: &str = "PHO-482072-01";
/// Health center of the prefecture.
pub const PREFECTURAL_HEALTH_CENTER: &str = "PHO-480002-03";
/// The general hospital (H1): HL7 v2 in UTF-8.
pub const HOSPITAL: &str = "MED-4810700122";
/// The old clinic (H2): SS-MIX2 in ISO-2022-JP.
pub const CLINIC: &str = "MED-4810700452";
/// The child guidance center.
pub const GUIDANCE_CENTER: &str = "CGC-480002-02";
/// The midwifery home that the city contracts.
pub const PROVIDER: &str = "PRV-482072-07";

/// The city.
pub const CITY: &str = "482072";
/// The neighbouring town.
pub const NEIGHBOUR: &str = "483419";
/// The prefecture.
pub const PREFECTURE: &str = "480002";

/// Where certificates of agencies lie in the data folder of a development hub.
const AGENCIES: &str = "agencies";
/// Where the center's files are written, in the data folder.
const OUTBOX: &str = "outbox/OSC-482072";
/// Days before the end of a certificate at which a development hub makes a new one.
const RENEWED_BEFORE_DAYS: i64 = 14;

/// Why there is no sample city.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The authority refused.
    #[error("{0}")]
    Authority(#[from] CaError),
    /// A folder cannot be made.
    #[error("{}: {} / フォルダーを作れません", .0.display(), .1.kind())]
    Folder(PathBuf, std::io::Error),
}

/// What one agency of the city is.
struct Sample {
    id: &'static str,
    kind: AgencyKind,
    name: &'static str,
    municipality: &'static str,
    staff: &'static [(&'static str, Role)],
}

const CITY_AGENCIES: [Sample; 7] = [
    Sample {
        id: CENTER,
        kind: AgencyKind::Osc,
        name: "汐音市こども家庭センター",
        municipality: CITY,
        staff: &[
            ("ooba", Role::Phn),
            ("fukatsu", Role::ChildWelfareOfficer),
            ("hayakawa", Role::Auditor),
            ("isobe", Role::PrivacyOfficer),
        ],
    },
    Sample {
        id: HEALTH_CENTER,
        kind: AgencyKind::Pho,
        name: "汐音市保健センター",
        municipality: CITY,
        staff: &[("shiina", Role::Phn)],
    },
    Sample {
        id: PREFECTURAL_HEALTH_CENTER,
        kind: AgencyKind::Pho,
        name: "朝凪県汐音保健所",
        municipality: PREFECTURE,
        staff: &[("hamano", Role::Phn)],
    },
    Sample {
        id: HOSPITAL,
        kind: AgencyKind::Med,
        name: "朝凪県立汐音総合病院",
        municipality: CITY,
        staff: &[("namiki", Role::Physician), ("urabe", Role::Nurse), ("clerk-07", Role::Clerk)],
    },
    Sample {
        id: CLINIC,
        kind: AgencyKind::Med,
        name: "汐音みなみ産院",
        municipality: CITY,
        staff: &[("kaida", Role::Midwife), ("mita", Role::Physician)],
    },
    Sample {
        id: GUIDANCE_CENTER,
        kind: AgencyKind::Cgc,
        name: "朝凪県南部児童相談所",
        municipality: PREFECTURE,
        staff: &[("w-0412", Role::ChildWelfareOfficer), ("w-0107", Role::LegalOfficer)],
    },
    Sample {
        id: PROVIDER,
        kind: AgencyKind::Prv,
        name: "助産院 汐の宿",
        municipality: CITY,
        staff: &[("nogami", Role::ProviderStaff)],
    },
];

/// Every agency of the city, as it stands on the register.
///
/// # Panics
/// Never: the names above are constants, and a test reads them.
pub fn agencies() -> Vec<Agency> {
    CITY_AGENCIES
        .iter()
        .map(|sample| agency(sample).expect("the constants of this file are agency ids and municipality codes"))
        .collect()
}

#[derive(Debug)]
struct NotAName;

impl From<NotAnAgencyId> for NotAName {
    fn from(_: NotAnAgencyId) -> Self {
        NotAName
    }
}

impl From<NotAMunicipality> for NotAName {
    fn from(_: NotAMunicipality) -> Self {
        NotAName
    }
}

fn agency(sample: &Sample) -> Result<Agency, NotAName> {
    let id = AgencyId::new(sample.id)?;
    Ok(Agency {
        settings: settings(&id)?,
        id,
        kind: sample.kind,
        name: sample.name.to_owned(),
        municipality: Municipality::new(sample.municipality)?,
        active: true,
        staff: sample.staff.iter().map(|(staff_id, role)| ((*staff_id).to_owned(), *role)).collect(),
    })
}

fn settings(id: &AgencyId) -> Result<AgencySettings, NotAName> {
    let mut settings = AgencySettings::default();
    let mut profile = Profile::plain(id.clone(), Time::MIN);
    profile.default_municipality = Some(Municipality::new(CITY)?);
    match id.as_str() {
        CENTER => settings.subscriptions = subscriptions(),
        GUIDANCE_CENTER => {
            profile.default_municipality = None;
            settings.area = vec![Municipality::new(CITY)?, Municipality::new(NEIGHBOUR)?];
        }
        PREFECTURAL_HEALTH_CENTER => profile.default_municipality = None,
        HOSPITAL => {
            profile.sender_names = vec!["SHIONE-HOSP".to_owned()];
            profile.commissioned_codes = vec!["PPC2W".to_owned()];
            profile.observation_codes = (1..=10).map(epds_item).collect();
        }
        CLINIC => profile.sender_names = vec!["MINAMI".to_owned()],
        _ => {}
    }
    settings.profile = Some(profile);
    Ok(settings)
}

/// The hospital's own codes for the ten questions of the EPDS.
fn epds_item(item: u8) -> LocalCode {
    LocalCode { system: "99SHI".to_owned(), code: format!("EPDS{item:02}"), loinc: format!("EPDS-{item}") }
}

/// What the center is told: what concerns all mothers of the city by fetching and as rows in a folder, reports of care
/// by fetching.
fn subscriptions() -> Vec<Subscription> {
    let fetched = |purpose, formats: &[&str]| Subscription {
        purpose,
        formats: formats.iter().map(|format| (*format).to_owned()).collect(),
        folder: None,
        https: None,
        mllp: None,
    };
    vec![
        fetched(Purpose::P3, &["fhir-json", "notice-html"]),
        Subscription { folder: Some(PathBuf::from(OUTBOX)), ..fetched(Purpose::P3, &["notice-csv"]) },
        fetched(Purpose::P7, &["fhir-json"]),
    ]
}

/// The folder into which the center's rows are written.
pub fn center_folder(config: &Config) -> PathBuf {
    config.data.folder.join(OUTBOX)
}

/// Makes what a development hub needs before its first start, and renews what is about to end: an authority, the hub's
/// certificate, one for each agency, and the folder of the center.
///
/// # Errors
/// When the authority in the folder is not a development one, or a file cannot be written.
pub fn prepare(config: &Config, now: Time) -> Result<(), SampleError> {
    secret_folder(&config.data.folder)?;
    secret_folder(&config.data.keys())?;
    let outbox = center_folder(config);
    std::fs::create_dir_all(&outbox).map_err(|error| SampleError::Folder(outbox, error))?;
    let authority = match Authority::open(&config.data.ca()) {
        Ok(authority) => authority,
        Err(_) if !config.data.ca().exists() => Authority::create(&config.data.ca(), Environment::Development, now)?,
        Err(error) => return Err(error.into()),
    };
    authority.publish_crl(CRL_DAYS, now)?;
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    let order = Order::server(Subject::Hub, names, VALIDITY_DAYS);
    pair(&authority, &order, (&config.tls.certificate, &config.tls.key), now)?;
    for agency in agencies() {
        let files = client_files(config, agency.id.as_str());
        if let Some(folder) = files.key.parent() {
            secret_folder(folder)?;
        }
        let order = Order::client(Subject::Agency(agency.id), VALIDITY_DAYS);
        pair(&authority, &order, (&files.certificate, &files.key), now)?;
    }
    Ok(())
}

/// Makes a certificate and its key, unless a good pair is there.
fn pair(authority: &Authority, order: &Order, files: (&Path, &Path), now: Time) -> Result<(), CaError> {
    let (certificate, key) = files;
    let soon = now.plus_days(RENEWED_BEFORE_DAYS);
    let issued = authority.issued()?;
    let good = issued.iter().any(|entry| {
        entry.subject == order.subject && entry.usage == order.usage && entry.is_valid(now) && soon < entry.valid_until
    });
    if good && certificate.exists() && key.exists() {
        return Ok(());
    }
    let made = authority.issue_pair(order, now)?;
    if key.exists() {
        std::fs::remove_file(key).map_err(|source| CaError::File { path: key.to_owned(), source })?;
    }
    write_secret(key, &made.key_pem)?;
    write_public(certificate, &made.certificate_pem)
}

/// The files with which an agency of the city calls its hub: `agencies/<id>/` in the data folder.
pub fn client_files(config: &Config, agency: &str) -> ClientFiles {
    let folder = config.data.folder.join(AGENCIES).join(agency);
    ClientFiles {
        certificate: folder.join("agency.pem"),
        key: folder.join("agency.key"),
        server_ca: config.tls.client_ca.clone(),
        crl: config.tls.crl.clone(),
    }
}

/// Puts the agencies of the city on the register of a hub whose register is empty.
///
/// # Errors
/// When the store fails.
pub async fn register(hub: &Hub) -> Result<(), Refusal> {
    if hub.register.all().is_empty() {
        for agency in agencies() {
            hub.register_agency(agency).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::clock::{Clock, SystemClock};

    #[test]
    fn every_agency_of_the_city_has_an_id_and_a_municipality() {
        let agencies = agencies();
        assert_eq!(agencies.len(), 7);
        assert!(agencies.iter().all(|agency| agency.id.as_str().starts_with(agency.kind.word())));
    }

    #[test]
    fn certificates_are_made_once_and_renewed_before_they_end() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::development(folder.path());
        let now = SystemClock.now();
        prepare(&config, now).unwrap();
        let read = || std::fs::read(client_files(&config, CENTER).certificate).unwrap();
        let first = read();
        prepare(&config, now).unwrap();
        assert_eq!(first, read());
        prepare(&config, now.plus_days(80)).unwrap();
        assert_ne!(first, read());
        assert!(Config::may_start(&config.check(&(std::sync::Arc::new(SystemClock) as std::sync::Arc<dyn Clock>))));
    }
}

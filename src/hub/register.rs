//! The register of agencies and their staff, read once and kept in memory; every request is checked against it (S-09).

use super::refusal::Refusal;
use crate::digits::hex;
use crate::entropy;
use crate::store::{AgencyRow, Change, Row, StaffRow, Store};
use arc_swap::ArcSwap;
use musubi_core::adapter::Profile;
use musubi_core::agency::{AgencyId, AgencyKind, Purpose, Role};
use musubi_core::id::Municipality;
use musubi_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// An agency as the hub knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// Id, as in its certificate.
    pub id: AgencyId,
    /// Kind.
    pub kind: AgencyKind,
    /// Name.
    pub name: String,
    /// The municipality that it belongs to, or that registered it.
    pub municipality: Municipality,
    /// Not revoked and not suspended.
    #[serde(default = "yes")]
    pub active: bool,
    /// How it speaks and what it subscribes to.
    #[serde(default)]
    pub settings: AgencySettings,
    /// Role of each member of staff, by staff id.
    #[serde(default)]
    pub staff: BTreeMap<String, Role>,
}

fn yes() -> bool {
    true
}

/// How an agency speaks, and where it wants to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgencySettings {
    /// How it deviates from its formats.
    pub profile: Option<Profile>,
    /// What it wants to be sent.
    pub subscriptions: Vec<Subscription>,
    /// Member of staff who answers for the referrals that the agency's system sends by itself (HL7 v2 `REF`, `RRI`).
    pub referrals_by: Option<String>,
    /// Municipalities that a child guidance center is responsible for.
    pub area: Vec<Municipality>,
    /// Minutes that something may wait for it before its center must know; an hour where it is not set.
    pub late_minutes: Option<u32>,
    /// Minutes that it may send nothing before its center must know; without it, it may be silent.
    pub silence_minutes: Option<u32>,
}

/// A destination of deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// For which purpose.
    pub purpose: Purpose,
    /// Formats to render.
    pub formats: Vec<String>,
    /// A folder to write to, from the hub's data folder where it is not absolute; without one the agency fetches with
    /// `Deliveries.Receive`.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Where the agency listens, when it is to be told by HTTPS.
    #[serde(default)]
    pub https: Option<Address>,
    /// Where it listens, when it is to be told in HL7 v2 by MLLP over TLS; the path of the address counts for nothing.
    #[serde(default)]
    pub mllp: Option<Address>,
}

/// Where an agency listens, and who must be there (S-05).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// `host:port`.
    pub address: String,
    /// The name that must stand in the server's certificate.
    pub server_name: String,
    /// The agency that must stand in it; by default the subscriber.
    #[serde(default)]
    pub agency: Option<AgencyId>,
    /// Path to post to.
    #[serde(default = "root_path")]
    pub path: String,
    /// It knows by `Idempotency-Key` what comes again: what was sent without an answer may be sent again.
    #[serde(default)]
    pub repeats: bool,
}

fn root_path() -> String {
    "/".to_owned()
}

impl Subscription {
    /// How a delivery names it.
    pub fn channel(&self) -> String {
        let way = match self {
            Subscription { folder: Some(_), .. } => "folder",
            Subscription { https: Some(_), .. } => "https",
            Subscription { mllp: Some(_), .. } => "mllp",
            _ => "receive",
        };
        format!("{way}:{}", self.formats.join(","))
    }

    /// May something be sent again of which nobody knows whether it arrived? A file takes the place of itself, and who
    /// fetches sees the number of the delivery. A receiver of HL7 v2 knows a message by its control id, which follows from
    /// what it says.
    pub fn repeats(&self) -> bool {
        self.folder.is_some() || self.https.as_ref().is_none_or(|address| address.repeats)
    }
}

impl Agency {
    /// The profile at a moment.
    pub fn profile(&self, now: Time) -> Profile {
        let mut profile = self.settings.profile.clone().unwrap_or_else(|| Profile::plain(self.id.clone(), now));
        profile.now = now;
        profile
    }

    fn row(&self) -> AgencyRow {
        AgencyRow {
            id: self.id.clone(),
            kind: self.kind,
            name: self.name.clone(),
            municipality: self.municipality.clone(),
            active: self.active,
            profile: serde_json::to_string(&self.settings).unwrap_or_default(),
        }
    }
}

/// Agencies and staff, in memory.
pub struct Register {
    agencies: ArcSwap<Agencies>,
    /// What the store calls this state of the register.
    version: ArcSwap<String>,
}

type Agencies = BTreeMap<AgencyId, Arc<Agency>>;

/// Setting of the store: another name for each state of the register.
const VERSION: &str = "register";

impl Register {
    /// Reads it from the store.
    pub(super) async fn read(store: &Store) -> Result<Self, Refusal> {
        // The version first: what changes meanwhile is then seen at the next look.
        let version = store.setting(VERSION).await?.unwrap_or_default();
        let agencies = Register::agencies(store).await?;
        Ok(Register { agencies: ArcSwap::from_pointee(agencies), version: ArcSwap::from_pointee(version) })
    }

    /// Reads it again when another hub has changed it. Returns the agencies that were suspended meanwhile.
    pub(super) async fn catch_up(&self, store: &Store) -> Result<Vec<AgencyId>, Refusal> {
        let version = store.setting(VERSION).await?.unwrap_or_default();
        if version == **self.version.load() {
            return Ok(Vec::new());
        }
        let now = Register::agencies(store).await?;
        let suspended = |old: &&Arc<Agency>| old.active && now.get(&old.id).is_none_or(|agency| !agency.active);
        let suspended = self.agencies.load().values().filter(suspended).map(|agency| agency.id.clone()).collect();
        self.agencies.store(Arc::new(now));
        self.version.store(Arc::new(version));
        Ok(suspended)
    }

    async fn agencies(store: &Store) -> Result<Agencies, Refusal> {
        let mut agencies = BTreeMap::new();
        for row in store.agencies().await? {
            let staff = store.staff(&row.id).await?;
            let staff = staff.into_iter().filter(|s| s.active).map(|s| (s.actor.staff_id, s.actor.role)).collect();
            // Without its profile nobody knows how it speaks, or what it is to be told: it stays out until that is mended.
            let settings: Option<AgencySettings> = serde_json::from_str(&row.profile).ok();
            if settings.is_none() {
                tracing::error!(agency = %row.id, "the stored profile cannot be read: the agency is not served");
            }
            let agency = Agency {
                id: row.id.clone(),
                kind: row.kind,
                name: row.name,
                municipality: row.municipality,
                active: row.active && settings.is_some(),
                settings: settings.unwrap_or_default(),
                staff,
            };
            agencies.insert(row.id, Arc::new(agency));
        }
        Ok(agencies)
    }

    /// One agency.
    pub fn agency(&self, id: &AgencyId) -> Option<Arc<Agency>> {
        self.agencies.load().get(id).cloned()
    }

    /// All, by id.
    pub fn all(&self) -> Vec<Arc<Agency>> {
        self.agencies.load().values().cloned().collect()
    }

    /// The one-stop center of a municipality.
    pub fn center(&self, municipality: &Municipality) -> Option<Arc<Agency>> {
        let centers = |agency: &&Arc<Agency>| agency.kind == AgencyKind::Osc && agency.municipality == *municipality;
        self.agencies.load().values().find(centers).cloned()
    }

    /// Offices for which a center answers: its own, and the health centers of its municipality.
    pub fn offices_of(&self, center: &Agency) -> Vec<AgencyId> {
        let own = |agency: &&Arc<Agency>| {
            agency.id == center.id || (agency.kind == AgencyKind::Pho && agency.municipality == center.municipality)
        };
        self.agencies.load().values().filter(own).map(|agency| agency.id.clone()).collect()
    }

    /// Puts an agency on file, new or changed, with its staff.
    pub(super) async fn put(&self, store: &Store, agency: Agency, mut change: Change) -> Result<(), Refusal> {
        change.rows.push(Row::Agency(agency.row()));
        for (staff_id, role) in &agency.staff {
            let actor = musubi_core::agency::Actor { staff_id: staff_id.clone(), role: *role };
            change.rows.push(Row::Staff(StaffRow { agency: agency.id.clone(), actor, active: true }));
        }
        let version = hex(&entropy::bytes::<16>());
        change.rows.push(Row::Setting { name: VERSION.to_owned(), value: version.clone() });
        store.commit("register agency", change).await?;
        if !store.is_shared() {
            self.version.store(Arc::new(version));
        }
        self.agencies.rcu(|agencies| {
            let mut agencies = BTreeMap::clone(agencies);
            agencies.insert(agency.id.clone(), Arc::new(agency.clone()));
            agencies
        });
        Ok(())
    }
}

//! What the hub does, one file for each use. Only here are the steps put in order: decode, attribute, store, decide,
//! record, and only then answer.

mod abreast;
pub mod access;
mod alarms;
pub mod answer;
pub mod attempts;
pub mod caller;
pub mod care;
mod certificates;
pub mod consents;
pub mod council;
mod cursor;
pub mod custody;
pub mod dead_letters;
pub mod deliver;
pub mod document;
pub mod emergency;
pub mod ended;
pub mod enrol;
pub mod escalation;
pub mod explain;
pub mod exposure;
pub mod family;
pub mod fetching;
pub mod footing;
mod forms;
pub mod grounds;
pub mod held;
pub mod holders;
pub mod introduce;
pub mod journey;
mod late_match;
pub mod leaving;
pub mod ledger;
pub mod notification;
pub mod on_file;
pub mod others;
pub mod overdue;
pub mod oversee;
mod pages;
pub mod persons;
mod plans;
pub mod policies;
mod protectors;
pub mod query;
pub mod recall;
pub mod recipients;
pub mod refer;
pub mod refusal;
pub mod refused;
pub mod register;
pub mod release_detail;
pub mod renewal;
pub mod retention;
pub mod roster;
mod scans;
mod sent;
pub mod shredding;
pub mod sign_in;
pub mod silence;
pub mod standing;
pub mod statement;
pub mod statistics;
pub mod watch;
pub mod weighing;
pub mod witness;
pub mod work;

pub use caller::Caller;
pub use refusal::{Refusal, RefusalKind};

use crate::clock::{Clock, DecisionClock};
use crate::entropy;
use crate::store::{Keyring, Store};
use musubi_core::agency::AgencyId;
use musubi_core::consent::{Policy, RaisedCodes};
use musubi_core::id::uuid_v7;
use musubi_core::retention::Schedule;
use musubi_core::reviewed::Reviewed;
use musubi_core::time::Time;
use policies::Policies;
use register::Register;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

/// The hub: rules, store and register together. Clones share everything.
#[derive(Clone)]
pub struct Hub(Arc<Inside>);

/// What a hub is made of.
pub struct Inside {
    /// The store.
    pub store: Store,
    /// The hub's secrets.
    pub keyring: Keyring,
    /// The reviewed policy.
    pub policy: Policy,
    /// Codes that raise categories.
    pub codes: RaisedCodes,
    /// How long something is kept.
    pub schedule: Schedule,
    /// The clock of decisions.
    pub clock: DecisionClock,
    /// Agencies and staff.
    pub register: Register,
    /// Rung when a delivery may have become due.
    pub deliveries: Notify,
    /// When each agency was last heard by this hub.
    heard: Mutex<BTreeMap<AgencyId, Time>>,
    /// Until when the certificate is good that each agency presented last to this hub.
    certificates: Mutex<BTreeMap<AgencyId, Time>>,
    /// The same for the certificate of this hub.
    own_certificate: Mutex<Option<Time>>,
    /// Who bears witness to the logs; set once.
    witnesses: OnceLock<Vec<Arc<witness::Witness>>>,
    /// The last look at each delivery that waits for a basis.
    looks: held::Looks,
    /// Large documents that are read at once: half of the cores, so that the others answer (S-80).
    pub(crate) bulk: Semaphore,
    /// Proofs that are made at once: each reads all leaves of a log (S-83).
    pub(crate) proofs: Semaphore,
    /// Passwords that are checked at once.
    passwords: Arc<Semaphore>,
    /// The policy under which this process decides, and those before it.
    pub policies: Policies,
    /// Another hub has put a newer policy into force.
    outdated: AtomicBool,
    /// The hub is about to stop: what is being answered ends before its next part.
    stopping: AtomicBool,
}

impl std::ops::Deref for Hub {
    type Target = Inside;

    fn deref(&self) -> &Inside {
        &self.0
    }
}

/// How often a use is decided again when what it rests on has changed meanwhile.
pub(crate) const DECIDE_AGAIN_MAX: usize = 8;

impl Hub {
    /// Opens a hub over a store: reads the register, and records a change of policy since the last start.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn open(
        store: Store,
        keyring: Keyring,
        reviewed: Reviewed,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Refusal> {
        let register = Register::read(&store).await?;
        let clock = DecisionClock::over(clock);
        let policies = Policies::read(&store, &keyring, &reviewed, clock.now()).await?;
        let Reviewed { policy, codes, schedule } = reviewed;
        let bulk = Semaphore::new((std::thread::available_parallelism().map_or(1, usize::from) / 2).max(1));
        let (outdated, stopping) = (AtomicBool::new(false), AtomicBool::new(false));
        let (deliveries, heard) = (Notify::new(), Mutex::default());
        let (certificates, own_certificate) = (Mutex::default(), Mutex::default());
        let inside = Inside {
            looks: held::Looks::default(),
            bulk,
            proofs: Semaphore::new(1),
            passwords: sign_in::turns(),
            store,
            keyring,
            policy,
            codes,
            schedule,
            clock,
            register,
            deliveries,
            heard,
            certificates,
            own_certificate,
            witnesses: OnceLock::new(),
            policies,
            outdated,
            stopping,
        };
        Ok(Hub(Arc::new(inside)))
    }

    /// From now on nothing more is handed out: the hub stops.
    pub fn begin_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// May an agency be handed the next part of an answer? One that was suspended meanwhile may not (F09).
    pub fn hands_out_to(&self, agency: &AgencyId) -> bool {
        !self.stopping.load(Ordering::Relaxed) && self.register.agency(agency).is_some_and(|agency| agency.active)
    }

    /// The time of a decision.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// A new id of this moment.
    pub(crate) fn id(&self, now: Time) -> Uuid {
        uuid_v7(now, entropy::bytes())
    }
}

#[cfg(test)]
mod tests;

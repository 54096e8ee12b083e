//! What people are told of the logs and their witnesses: that a log does not verify (S-37), that a witness has been silent for a day while a
//! log grew (S-36), that one holds another log than the
//! hub, and that a restore gave up what one holds; and how far each log is witnessed.

use super::fits::to_keep;
use super::{Heads, Witness};
use crate::hub::alarms::{Alarm, Condition};
use crate::hub::family::Family;
use crate::hub::register::Agency;
use crate::hub::work::{Question, WorkBody};
use crate::hub::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, Conflict, Expect, Fault, Log, Row, StoreError};
use musubi_core::adapter::Text;
use musubi_core::agency::AgencyKind;
use musubi_core::audit::AuditEntry;
use musubi_core::id::Municipality;
use musubi_core::time::Time;
use musubi_verify::witness::Head;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Minutes for which something may wait for a witness before people are told (S-35).
const SILENT_MINUTES: i64 = 24 * 60;
/// Minutes until somebody must have looked at a contradiction.
const LOOKED_AT_MINUTES: i64 = 60;
/// Setting of the store, before witness and log: since when something waits for the witness, in microseconds; empty when nothing does.
const WAITS: &str = "witness_waits";
/// Setting of the store, before witness and log: the head of the contradiction that people were told of last.
const TOLD: &str = "witness_told";

/// Setting of the store: what was found when a log did not verify; empty when every log does.
const FAULTY: &str = "log_faulty";

/// How far one log is witnessed by one witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// The log: a municipality code, or `hub`.
    pub log: String,
    /// Its entries.
    pub entries: u64,
    /// The witness, as people call it.
    pub witness: String,
    /// Entries that it cosigned.
    pub cosigned: u64,
    /// When, by its own clock.
    pub at: Option<Time>,
}

impl Witnessed {
    /// The unwitnessed tail: entries that could still be taken off unseen by this witness.
    pub const fn tail(&self) -> u64 {
        self.entries.saturating_sub(self.cosigned)
    }
}

/// A question that is asked once.
pub(super) struct Told {
    kind: &'static str,
    code: &'static str,
    text: Text,
    about: String,
}

/// Of a restore that gave up what a witness holds.
pub(super) fn restored(witness: &str, origin: &str, theirs: Head, ours: Head) -> Told {
    let ja = format!(
        "監査ログ {origin} がバックアップから復元されました。証人「{witness}」が署名した記録（{theirs}）は手放され、ハブの記録は {ours} です。\
         復元が正当なものか運用者と証人に確かめ、失われた受領を再送させてください（docs/witness.md）。"
    );
    let en = format!(
        "The audit log {origin} was restored from a backup. What the witness {witness} signed ({theirs}) is given up; the hub has {ours}. \
         Ask the operator and the witness whether the restore is right, and have what was lost sent again (docs/witness.md)."
    );
    Told { kind: "log_restored", code: "LOG_RESTORED", text: Text::new(ja, en), about: origin.to_owned() }
}

fn contradiction(witness: &str, origin: &str, (theirs, ours): Heads) -> Told {
    let ja = format!(
        "証人「{witness}」の記録とハブの監査ログ {origin} が合いません。証人が署名したのは {theirs}、ハブにあるのは {ours} です（件数と根のハッシュ）。\
         記録が巻き戻されたか、二つに分かれています。証人の署名した記録にこのハブの署名もあるときは、ハブは受領も開示も止めます。急ぐ内容は電話で伝え、\
         どちらの記録も消さずに、運用者・証人・監査担当に連絡してください（docs/witness.md）。"
    );
    let en = format!(
        "The witness {witness} and the hub do not agree about the audit log {origin}. The witness signed {theirs}; the hub has {ours} \
         (entries and root hash). The log was rolled back, or there are two. Where this hub signed what the witness holds, it takes and \
         releases nothing any more. Tell by telephone what cannot wait, delete neither log, and call the operator, the witness and \
         the auditor (docs/witness.md)."
    );
    Told { kind: "witness_contradicts", code: "WITNESS_CONTRADICTS", text: Text::new(ja, en), about: origin.to_owned() }
}

fn faulty(origin: &str, fault: &Fault) -> Told {
    let Fault { index, kind, .. } = fault;
    let ja = format!(
        "監査ログ {origin} の検証で、{index} 番目の記録が書かれたままでないことが分かりました（{kind}）。ハブは受領も開示も止めています。急ぐ内容は電話で伝え、\
         記録を消したり直したりせずに、運用者と監査担当に連絡してください。"
    );
    let en = format!(
        "The audit log {origin} does not verify: {kind} at index {index}. The hub takes and releases nothing any more. Tell by telephone \
         what cannot wait, delete and mend nothing, and call the operator and the auditor."
    );
    Told { kind: "log_faulty", code: "LOG_FAULTY", text: Text::new(ja, en), about: origin.to_owned() }
}

pub(super) fn waits(handle: &str, log: &Log, since: Option<Time>) -> Row {
    let value = since.map(|since| since.micros().to_string()).unwrap_or_default();
    Row::Setting { name: format!("{WAITS}.{handle}.{}", log.name()), value }
}

pub(super) fn told(handle: &str, log: &Log, head: &str) -> Row {
    Row::Setting { name: told_name(handle, log), value: head.to_owned() }
}

fn told_name(handle: &str, log: &Log) -> String {
    format!("{TOLD}.{handle}.{}", log.name())
}

impl Hub {
    /// How far each log is witnessed by each witness.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn witnessed(&self) -> Result<Vec<Witnessed>, Refusal> {
        let mut found = Vec::new();
        for (log, entries) in self.store.logs().await? {
            for witness in self.witnesses() {
                let last = self.store.last_of_witness(&log, &witness.key.handle()).await?;
                let (cosigned, at) = last.map_or((0, None), |row| (row.size, Some(row.at)));
                let (log, witness) = (log.name().to_owned(), witness.name.clone());
                found.push(Witnessed { log, entries, witness, cosigned, at });
            }
        }
        Ok(found)
    }

    /// Asks the centers about each witness that has let a log wait for a day, once, and closes the question when it is back.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look_after_witnesses(&self) -> Result<(), Refusal> {
        let silent = Alarm {
            kind: "witness_silent",
            code: "WITNESS_SILENT",
            act: "witness silent",
            text: Text::new(
                "証人「{about}」が24時間以上、監査ログに署名していません。記録と届出は続いていますが、その間の巻き戻しは外から見つけられません。\
                 証人と運用者に、フォルダと証人のプログラムの状態を確かめてもらってください。",
                "The witness {about} has not signed the audit log for 24 hours. Records and notifications go on, but a rollback of that \
                 time could not be seen from outside. Have the witness and the operator look at the folder and the witness's program.",
            ),
        };
        let mut conditions: BTreeMap<Condition, Municipality> = BTreeMap::new();
        for witness in self.witnesses() {
            for (log, _) in self.store.logs().await? {
                if self.waits_too_long(witness, &log).await? {
                    let centers = self.centers_of(&log).into_iter();
                    conditions
                        .extend(centers.map(|one| ((one.id.clone(), witness.name.clone()), one.municipality.clone())));
                }
            }
        }
        self.keep_asking(&silent, &conditions).await
    }

    async fn waits_too_long(&self, witness: &Witness, log: &Log) -> Result<bool, Refusal> {
        let (handle, now) = (witness.key.handle(), self.now());
        let Some(newest) = self.store.last_checkpoint(log).await? else { return Ok(false) };
        let cosigned = self.store.last_of_witness(log, &handle).await?.map_or(0, |row| row.size);
        let since = self.store.setting(&format!("{WAITS}.{handle}.{}", log.name())).await?;
        let since = since.and_then(|text| text.parse().ok()).map(Time::from_micros);
        let row = match (newest.size > cosigned, since) {
            (true, Some(since)) => return Ok(now.minutes_since(since) >= SILENT_MINUTES),
            (false, None) => return Ok(false),
            (true, None) => waits(&handle, log, Some(now)),
            (false, Some(_)) => waits(&handle, log, None),
        };
        self.store
            .commit("remember since when a witness is waited for", Change { rows: vec![row], ..Change::default() })
            .await?;
        Ok(false)
    }

    /// The head of the contradiction of a witness that people were told of last; empty where none is.
    pub(super) async fn was_told(&self, witness: &Witness, log: &Log) -> Result<String, Refusal> {
        Ok(self.store.setting(&told_name(&witness.key.handle(), log)).await?.unwrap_or_default())
    }

    /// A witness holds another head than the log: an incident, told at once, with both. One of which there is its word alone is told
    /// once; one that the hub's key signed too, whenever it is another. Of several hubs that see it at once, one tells.
    pub(in crate::hub) async fn is_contradicted(
        &self,
        witness: &Arc<Witness>,
        log: &Log,
        heads: Heads,
        by_hub: bool,
    ) -> Result<(), Refusal> {
        for _ in 0..DECIDE_AGAIN_MAX {
            if self.tell_of_contradiction(witness, log, heads, by_hub).await? {
                return Ok(());
            }
        }
        Err(Refusal::kept_changing())
    }

    /// False where another hub has told something of it in this moment.
    async fn tell_of_contradiction(
        &self,
        witness: &Arc<Witness>,
        log: &Log,
        heads: Heads,
        by_hub: bool,
    ) -> Result<bool, Refusal> {
        let (handle, now, (theirs, ours)) = (witness.key.handle(), self.now(), heads);
        let name = told_name(&handle, log);
        let value = self.store.setting(&name).await?;
        let before = value.clone().unwrap_or_default();
        let kept = if by_hub { to_keep(&self.store, &handle, log, theirs).await? } else { None };
        if before == theirs.to_string() || !by_hub && !before.is_empty() {
            if let Some(row) = kept {
                let rows = vec![row];
                self.store.commit("keep a contradiction", Change { rows, ..Change::default() }).await?;
            }
            return Ok(true);
        }
        let origin = self.store.origin(log);
        tracing::error!(witness = handle, log = log.name(), %theirs, %ours, alarm = "witness_contradicts",
            "a witness holds another log than this hub");
        let (action, note) =
            ("witness contradicts".to_owned(), format!("{handle} {origin}: holds {theirs}, hub {ours}"));
        let entry = AuditEntry { time: now.micros(), action, note, ..AuditEntry::default() };
        let mut rows = self.questions(&contradiction(&witness.name, &origin, heads), log)?;
        rows.push(told(&handle, log, &theirs.to_string()));
        rows.extend(kept);
        let (expect, leaves) = (vec![Expect::Setting { name, value }], vec![self.hub_leaf(now, &entry)]);
        match self.store.commit("tell of a contradiction", Change { expect, rows, leaves, ..Change::default() }).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict(Conflict::Setting)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// A log does not verify: put before people, once, and on file, while the hub still writes, for it is closed next (S-37).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tell_of_fault(&self, fault: &Fault) -> Result<(), Refusal> {
        let (said, value) = (fault.to_string(), self.store.setting(FAULTY).await?);
        if value.as_ref() == Some(&said) {
            return Ok(());
        }
        let (now, origin) = (self.now(), self.store.origin(&fault.log));
        let (action, note) = ("log faulty".to_owned(), format!("{origin}: {} at {}", fault.kind, fault.index));
        let entry = AuditEntry { time: now.micros(), action, note, ..AuditEntry::default() };
        let mut rows = self.questions(&faulty(&origin, fault), &fault.log)?;
        rows.push(Row::Setting { name: FAULTY.to_owned(), value: said });
        let expect = vec![Expect::Setting { name: FAULTY.to_owned(), value }];
        let leaves = vec![self.hub_leaf(now, &entry)];
        match self.store.commit("tell of a faulty log", Change { expect, rows, leaves, ..Change::default() }).await {
            // Another hub has told of one in this moment, and both close.
            Ok(_) | Err(StoreError::Conflict(Conflict::Setting)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Did a log not verify when it was last verified from its first line? A start, which reads the end alone, must not forget it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn was_faulty(&self) -> Result<bool, Refusal> {
        Ok(self.store.setting(FAULTY).await?.is_some_and(|known| !known.is_empty()))
    }

    /// Every log verifies from its first line.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_faulty_no_more(&self) -> Result<(), Refusal> {
        let rows = vec![Row::Setting { name: FAULTY.to_owned(), value: String::new() }];
        self.store.commit("logs verify again", Change { rows, ..Change::default() }).await?;
        Ok(())
    }

    /// The questions to the centers of a log.
    pub(super) fn questions(&self, told: &Told, log: &Log) -> Result<Vec<Row>, Refusal> {
        let (now, family) = (self.now(), Family::default());
        let due = now.plus_minutes(LOOKED_AT_MINUTES);
        let body = WorkBody::new(told.code, told.text.clone(), told.about.clone());
        let row = |center: &Arc<Agency>| {
            let (owner, municipality) = (&center.id, &center.municipality);
            self.ask(now, &Question { owner, kind: told.kind, due, municipality, family: &family, persons: &[] }, &body)
        };
        self.centers_of(log).iter().map(row).collect()
    }

    /// Who answers for a log: the center of its municipality; every center for the hub's own log, and where there is none.
    fn centers_of(&self, log: &Log) -> Vec<Arc<Agency>> {
        let own = match log {
            Log::Municipality(municipality) => self.register.center(municipality),
            Log::Hub => None,
        };
        let every =
            || self.register.all().into_iter().filter(|one| one.active && one.kind == AgencyKind::Osc).collect();
        own.map_or_else(every, |center| vec![center])
    }
}

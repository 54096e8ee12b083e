//! The one writer: takes what is waiting, writes it in one transaction, and answers everybody when it is on disk.

use super::logs::State;
use super::model::Model;
use super::plan::Plan;
use super::session::Session;
use super::solitary;
use crate::store::error::{Conflict, Fault, StoreError};
use crate::store::rows::{CheckpointRow, Row};
use crate::store::sql::failure::Failure;
use crate::store::sql::table::Table;
use crate::store::write::turns::Turn;
use crate::store::{Change, Committed, Settings};
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Changes in one transaction; larger batches bring nothing on SQLite.
pub(in crate::store) const BATCH: usize = 512;
/// Changes that wait before callers are held back.
pub(in crate::store) const QUEUE: usize = 4 * BATCH;

/// Tries of a transaction after the first.
const TRIES_MAX: u32 = 6;
/// Before the second try; it doubles with each.
const PAUSE: Duration = Duration::from_millis(20);

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;
type Judged = Result<Committed, Conflict>;

/// Something for the writer to do.
pub(in crate::store) enum Job {
    Commit(Box<Pending>),
    Checkpoint(Answer<Vec<CheckpointRow>>),
    Close(Answer<()>),
}

/// A change and who waits for it.
pub(in crate::store) struct Pending {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) change: Change,
    pub(in crate::store) answer: Answer<Committed>,
}

/// The writer: its session, and what it knows of the logs.
pub(in crate::store) struct Writer {
    pub(in crate::store) session: Session,
    pub(in crate::store) state: State,
    pub(in crate::store) settings: Arc<Settings>,
    /// Held while this process is the one that writes, where there can be but one.
    pub(in crate::store) lock: Option<File>,
    /// Set, with the database's code, when nothing may be written any more.
    pub(in crate::store) stopped: Arc<OnceLock<String>>,
    /// Set when a log is not what was written.
    pub(in crate::store) found: Arc<OnceLock<Fault>>,
}

/// Tries of one transaction, counted.
#[derive(Default)]
struct Tries(u32);

impl Tries {
    /// Waits before another try, where that may succeed: another hub was in the way, or the server went away before the
    /// commit.
    async fn is_worth_another<T>(&mut self, tried: &Result<T, Failure>) -> bool {
        if self.0 == TRIES_MAX || !matches!(tried, Err(Failure::Met(_) | Failure::Lost(_))) {
            return false;
        }
        tokio::time::sleep(PAUSE.saturating_mul(1 << self.0)).await;
        self.0 += 1;
        true
    }
}

impl Writer {
    /// Works until it is closed or nobody can ask any more.
    pub(in crate::store) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = Vec::with_capacity(BATCH);
        let mut closing = None;
        while closing.is_none() && jobs.recv_many(&mut waiting, BATCH).await > 0 {
            let (mut batch, mut checkpoints) = (Vec::with_capacity(waiting.len()), Vec::new());
            for job in waiting.drain(..) {
                match job {
                    Job::Commit(pending) => batch.push(*pending),
                    Job::Checkpoint(answer) => checkpoints.push(answer),
                    Job::Close(answer) => closing = Some(answer),
                }
            }
            self.commit(batch).await;
            for answer in checkpoints {
                let made = self.checkpoint().await;
                drop(answer.send(made));
            }
        }
        self.close(closing).await;
    }

    async fn close(mut self, closing: Option<Answer<()>>) {
        // Of a log that is not what was written the hub signs nothing more.
        let last = if self.found.get().is_some() { Ok(()) } else { self.checkpoint().await.map(drop) };
        let closed = self.session.close().await.map_err(|failure| failure.told("close"));
        drop(self.lock);
        if let Some(answer) = closing {
            drop(answer.send(last.and(closed)));
        }
    }

    async fn commit(&mut self, batch: Vec<Pending>) {
        if batch.is_empty() {
            return;
        }
        let changes: Vec<&Change> = batch.iter().map(|pending| &pending.change).collect();
        let written = self.transaction(&changes).await;
        tracing::debug!(changes = batch.len(), durable = written.is_ok(), "batch written");
        match written {
            Ok(judged) => {
                for (pending, judged) in batch.into_iter().zip(judged) {
                    tracing::trace!(transaction = pending.name, accepted = judged.is_ok(), "change judged");
                    drop(pending.answer.send(judged.map_err(StoreError::Conflict)));
                }
            }
            Err(failure) => {
                for pending in batch {
                    drop(pending.answer.send(Err(failure.told(pending.name))));
                }
            }
        }
    }

    /// Writes changes durably, or none of them.
    async fn transaction(&mut self, changes: &[&Change]) -> Result<Vec<Judged>, Failure> {
        let mut tries = Tries::default();
        loop {
            let written = self.try_transaction(changes).await;
            if !tries.is_worth_another(&written).await {
                return written;
            }
        }
    }

    async fn try_transaction(&mut self, changes: &[&Change]) -> Result<Vec<Judged>, Failure> {
        self.may_write()?;
        let before = self.state.clone();
        let judged = self.attempt(changes).await;
        let judged = match judged {
            Err(Failure::Refused(_)) => {
                self.undo(&before).await;
                self.one_by_one(changes).await
            }
            other => other,
        };
        let written = match judged {
            Ok(judged) => self.finish(&before).await.map(|()| judged),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = &written {
            self.after(failure);
            self.undo(&before).await;
            return written;
        }
        if changes.iter().flat_map(|change| &change.rows).any(|row| matches!(row, Row::DestroyKey { .. })) {
            self.session.forget().await?;
        }
        written
    }

    fn may_write(&self) -> Result<(), Failure> {
        self.stopped.get().map_or(Ok(()), |code| Err(Failure::Lasting(code.clone())))
    }

    fn after(&mut self, failure: &Failure) {
        if let Failure::Lost(_) = failure {
            self.session.lose();
        }
        if let Failure::Lasting(code) = failure {
            tracing::error!(code, alarm = "stopped", "the store writes nothing any more until the hub is started anew");
            drop(self.stopped.set(code.clone()));
        }
    }

    async fn undo(&mut self, before: &State) {
        self.state = before.clone();
        self.session.rollback().await;
    }

    /// Checkpoints that have become due, then the commit.
    async fn finish(&mut self, before: &State) -> Result<(), Failure> {
        self.write_checkpoints(self.settings.checkpoint_entries.saturating_sub(1)).await?;
        self.session.commit(before, &self.state).await
    }

    async fn write_checkpoints(&mut self, uncovered_max: u64) -> Result<Vec<CheckpointRow>, Failure> {
        let made = self.state.checkpoints(&self.settings, uncovered_max);
        let (rows, values): (Vec<_>, Vec<_>) = made.into_iter().unzip();
        if !values.is_empty() {
            self.session.on()?.write(BTreeMap::from([(Table::Checkpoint, values)])).await?;
        }
        Ok(rows)
    }

    /// A checkpoint of every log that has grown.
    async fn checkpoint(&mut self) -> Result<Vec<CheckpointRow>, StoreError> {
        let mut tries = Tries::default();
        loop {
            let before = self.state.clone();
            let made = self.try_checkpoint(&before).await;
            if let Err(failure) = &made {
                self.after(failure);
                self.undo(&before).await;
            }
            if !tries.is_worth_another(&made).await {
                return made.map_err(|failure| failure.told("checkpoint"));
            }
        }
    }

    async fn try_checkpoint(&mut self, before: &State) -> Result<Vec<CheckpointRow>, Failure> {
        self.may_write()?;
        self.session.begin(&mut self.state, Turn::EveryLog).await?;
        let made = self.write_checkpoints(0).await?;
        self.session.commit(before, &self.state).await?;
        Ok(made)
    }

    /// All changes, those that must stand alone by themselves.
    async fn attempt(&mut self, changes: &[&Change]) -> Result<Vec<Judged>, Failure> {
        self.session.begin(&mut self.state, Turn::Changes(changes)).await?;
        let mut judged = Vec::with_capacity(changes.len());
        let alone = |change: &&Change| change.rows.iter().any(solitary::is_solitary);
        for part in changes.chunk_by(|one, next| !alone(one) && !alone(next)) {
            judged.extend(self.part(part).await?);
        }
        Ok(judged)
    }

    /// Each change under a savepoint, after one of them was found to clash.
    async fn one_by_one(&mut self, changes: &[&Change]) -> Result<Vec<Judged>, Failure> {
        self.session.begin(&mut self.state, Turn::Changes(changes)).await?;
        let mut judged = Vec::with_capacity(changes.len());
        for change in changes {
            let before = self.state.clone();
            self.session.execute("SAVEPOINT change").await?;
            match self.part(&[change]).await {
                Ok(one) => judged.extend(one),
                Err(Failure::Refused(conflict)) => {
                    self.state = before;
                    self.session.execute("ROLLBACK TO change").await?;
                    judged.push(Err(conflict));
                }
                Err(failure) => return Err(failure),
            }
            self.session.execute("RELEASE change").await?;
        }
        Ok(judged)
    }

    /// Changes that are judged on one reading of the state and written together.
    async fn part(&mut self, changes: &[&Change]) -> Result<Vec<Judged>, Failure> {
        let mut model = Model::load(self.session.on()?, changes.iter().copied()).await?;
        let mut plan = Plan::default();
        let mut judged: Vec<Judged> = Vec::with_capacity(changes.len());
        for change in changes {
            let holds = model.check(change);
            judged.push(holds.map(|()| plan.accept(change, &mut model, &mut self.state, &self.settings)));
        }
        plan.write(self.session.on()?).await?;
        if let ([change], [Ok(_)]) = (changes, judged.as_slice()) {
            for row in change.rows.iter().filter(|row| solitary::is_solitary(row)) {
                if let Err(conflict) = solitary::write(self.session.on()?, row).await? {
                    return Err(Failure::Refused(conflict));
                }
            }
        }
        Ok(judged)
    }
}

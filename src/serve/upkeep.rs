//! What a running hub does by itself: checkpoints every minute (S-33), a full look at its logs every night (S-37), and the time
//! that the next start must not fall behind (rule F05).

use crate::edge::tls::ServerTls;
use crate::hub::witness::Witness;
use crate::hub::{Hub, Refusal};
use crate::store::{Change, Row};
use musubi_core::time::Time;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two checkpoints of a log that grows (S-33).
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);
/// Between two looks at what waits for a basis.
const HELD_EVERY: Duration = Duration::from_secs(60);
/// Between two looks at whether the night's verification is due.
const NIGHT_EVERY: Duration = Duration::from_secs(60);
/// Minutes after midnight in Japan at which every log is verified: few are at work, and the morning shift finds an alarm.
const NIGHT_MINUTES: i64 = 150;
/// Setting of the store: when every log was last verified from its first line, in microseconds.
const VERIFIED: &str = "verified_at";
/// Between two looks at what is overdue.
const OVERDUE_EVERY: Duration = Duration::from_secs(60);
/// Setting of the store: the time of the last decision, in microseconds.
const LATEST: &str = "decided_until";

/// Writes checkpoints until told to stop.
pub(super) async fn checkpoints(hub: Hub, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(CHECKPOINT_EVERY)).await.is_some() {
        let done = async {
            hub.store.checkpoint().await?;
            remember(&hub).await
        };
        if let Err(refusal) = done.await {
            tracing::error!(%refusal, "no checkpoint was written");
        }
    }
}

/// Looks after what waits for a basis, at the start and every minute, until told to stop.
pub(super) async fn held(hub: Hub, stop: CancellationToken) {
    loop {
        if let Err(refusal) = hub.look_after_held().await {
            tracing::error!(%refusal, "what waits for a basis is not looked at");
        }
        if stop.run_until_cancelled(tokio::time::sleep(HELD_EVERY)).await.is_none() {
            break;
        }
    }
}

/// Looks at what nobody answered by its deadline and at what has ended by itself, at the start and every minute, until told to stop.
pub(super) async fn overdue(hub: Hub, stop: CancellationToken) {
    loop {
        if let Err(refusal) = hub.look_after_overdue().await {
            tracing::error!(%refusal, "what is overdue is not looked at");
        }
        if let Err(refusal) = hub.look_after_questions().await {
            tracing::error!(%refusal, "questions that nothing answered are not looked at");
        }
        if let Err(refusal) = hub.look_after_ended().await {
            tracing::error!(%refusal, "what has ended is not looked at");
        }
        if stop.run_until_cancelled(tokio::time::sleep(OVERDUE_EVERY)).await.is_none() {
            break;
        }
    }
}

/// Sees every minute that somebody knows of what has waited too long, and of who is silent, until told to stop.
pub(super) async fn late(hub: Hub, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(HELD_EVERY)).await.is_some() {
        if let Err(refusal) = hub.look_after_late().await {
            tracing::error!(%refusal, "what has waited too long is not looked at");
        }
        if let Err(refusal) = hub.look_after_silent().await {
            tracing::error!(%refusal, "who is silent is not looked at");
        }
        if let Err(refusal) = hub.look_after_witnesses().await {
            tracing::error!(%refusal, "silent witnesses are not looked at");
        }
        if let Err(refusal) = hub.look_after_protectors().await {
            tracing::error!(%refusal, "centers without a child-welfare officer are not looked at");
        }
        if let Err(refusal) = hub.sweep_sign_ins().await {
            tracing::error!(%refusal, "sign-ins that have ended are not taken away");
        }
    }
}

/// Exchanges with one witness, at the start and every minute, until told to stop. Each has a task of its own: a folder that hangs holds
/// up nothing else (S-36).
pub(super) async fn witness(hub: Hub, witness: Arc<Witness>, stop: CancellationToken) {
    loop {
        match stop.run_until_cancelled(hub.exchange_with(&witness)).await {
            None => break,
            Some(Err(refusal)) => {
                tracing::warn!(%refusal, witness = witness.key.handle(), "nothing is exchanged with a witness")
            }
            Some(Ok(())) => {}
        }
        if stop.run_until_cancelled(tokio::time::sleep(CHECKPOINT_EVERY)).await.is_none() {
            break;
        }
    }
}

/// Sees at the start and every minute until when the hub's own certificate is good, until told to stop.
pub(super) async fn certificate(hub: Hub, tls: Arc<ServerTls>, stop: CancellationToken) {
    loop {
        hub.has_certificate(tls.own_until());
        if stop.run_until_cancelled(tokio::time::sleep(HELD_EVERY)).await.is_none() {
            break;
        }
    }
}

/// Verifies every log each night, and once at the start when the last night was missed, until told to stop.
pub(super) async fn nights(hub: Hub, stop: CancellationToken) {
    loop {
        match verify_when_due(&hub).await {
            Ok(()) if hub.store.fault().is_none() => {}
            // Closed for changes, and alarmed: there is nothing more to find.
            Ok(()) => break,
            Err(refusal) => tracing::error!(%refusal, "the logs are not verified"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(NIGHT_EVERY)).await.is_none() {
            break;
        }
    }
}

async fn verify_when_due(hub: &Hub) -> Result<(), Refusal> {
    let now = hub.now();
    let last = hub.store.setting(VERIFIED).await?.and_then(|text| text.parse::<i64>().ok());
    if last.is_some_and(|last| Time::from_micros(last) >= last_night(now)) {
        return Ok(());
    }
    if verify_logs(hub).await? {
        let rows = vec![Row::Setting { name: VERIFIED.to_owned(), value: now.micros().to_string() }];
        hub.store.commit("logs verified", Change { rows, ..Change::default() }).await?;
    }
    Ok(())
}

/// The last time of night that has come.
fn last_night(now: Time) -> Time {
    let tonight = Time::start_of(now.day()).plus_minutes(NIGHT_MINUTES);
    if tonight <= now { tonight } else { tonight.plus_days(-1) }
}

/// Walks along every log from its first line. One that is not what was written is put before people and closes the store for changes
/// (S-37): nothing is mended in silence. Entries are not opened here; `musubi audit verify` does that too.
pub(super) async fn verify_logs(hub: &Hub) -> Result<bool, Refusal> {
    let key = hub.keyring.signing.verifier();
    for (log, _) in hub.store.logs().await? {
        let verdict = hub.store.verify_log(hub.store.extent(&log).await?, Some(&key), &|_| Ok(None)).await?;
        if let Some(fault) = verdict.fault {
            tracing::error!(log = log.name(), index = fault.index, kind = %fault.kind, alarm = "tampered",
                "the audit log does not verify; the hub is read-only");
            if let Err(refusal) = hub.tell_of_fault(&fault).await {
                tracing::error!(%refusal, "nobody is told of it by a work item");
            }
            hub.store.close_for_changes(fault);
            return Ok(false);
        }
        tracing::info!(log = log.name(), leaves = verdict.leaves, "log verified");
    }
    Ok(true)
}

/// Before anything is taken: where a log did not verify when it was last looked at whole, it is looked at whole again, and not opened by
/// a new start.
pub(super) async fn verify_what_was_faulty(hub: &Hub) -> Result<(), Refusal> {
    if hub.store.fault().is_none() && hub.was_faulty().await? && verify_logs(hub).await? {
        hub.is_faulty_no_more().await?;
    }
    Ok(())
}

/// Puts the time of decisions on file.
pub(super) async fn remember(hub: &Hub) -> Result<(), Refusal> {
    let rows = vec![Row::Setting { name: LATEST.to_owned(), value: hub.now().micros().to_string() }];
    hub.store.commit("remember the time", Change { rows, ..Change::default() }).await?;
    Ok(())
}

/// What had expired when the hub last ran stays expired.
pub(super) async fn not_before_the_last_run(hub: &Hub) -> Result<(), Refusal> {
    let latest = hub.store.setting(LATEST).await?;
    if let Some(micros) = latest.and_then(|text| text.parse::<i64>().ok()) {
        hub.clock.not_before(Time::from_micros(micros));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn the_last_night_is_half_past_two_in_japan() {
        let time = |text| Time::parse_rfc3339(text).unwrap();
        for (now, night) in [
            ("2026-11-29T02:29:59+09:00", "2026-11-28T02:30:00+09:00"),
            ("2026-11-29T02:30:00+09:00", "2026-11-29T02:30:00+09:00"),
            ("2026-11-29T23:00:00+09:00", "2026-11-29T02:30:00+09:00"),
        ] {
            assert_eq!(last_night(time(now)), time(night));
        }
    }
}

//! What leaves a hub of its own: notices of persons who were in none before wait for the center, which fetches and acknowledges
//! them, and has them written into its folder. Each is decided, and put on record, as it leaves.

use super::round::{at_once, now};
use super::{LoadError, Round, draft, figure, first_number, median};
use crate::config::Config;
use crate::delivery::Deliverer;
use crate::hub::consents::ConsentTerms;
use crate::hub::fetching::{Fetching, LEAVE_TOGETHER};
use crate::hub::persons::Named;
use crate::hub::{Caller, Hub};
use crate::sample_city::{CENTER, HOSPITAL, center_folder};
use musubi_core::agency::{AgencyId, Category, Purpose};
use musubi_core::consent::records::{Channel, ConsentKind, Grantee, Proof, Relationship, Scope};
use musubi_core::record::Submission;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Notices on their way in at once.
const AT_ONCE: u64 = 32;
/// Who records the consents, and for how long they stand.
const OFFICER: &str = "ooba";
const CONSENT_DAYS: i64 = 365;
/// Between two looks into the folder.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Looks without a new file after which the hub counts as stuck: a minute.
const LOOKS_MAX: u32 = 6_000;

/// Has so many notices leave in each round, either way; returns the figures as lines.
///
/// # Errors
/// When a notice is not taken, or does not leave.
pub async fn measure(hub: &Hub, config: &Config, notices: u64, rounds: usize) -> Result<Vec<String>, LoadError> {
    let (mut number, mut fetched, mut written) = (first_number(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        fill(hub, number, notices).await?;
        number += notices;
        fetched.push(fetch(hub, notices).await?);
        written.push(write(hub, config, notices).await?);
    }
    let against = format!("{notices} notices that wait, each decided and on record as it leaves");
    Ok(vec![
        figure("outbound_fetched", median(fetched), "deliveries/s", &format!("{against}, then acknowledged")),
        figure(
            "outbound_written",
            median(written),
            "deliveries/s",
            &format!("{against}, a file each, flushed to disk"),
        ),
    ])
}

/// Each notice after the consent of the mother it tells of.
async fn fill(hub: &Hub, begin: u64, notices: u64) -> Result<(), LoadError> {
    let hospital = agency(HOSPITAL)?;
    let (sender, officer) = (hub.caller(&hospital, "")?, hub.caller(&agency(CENTER)?, OFFICER)?);
    let sent = at_once(notices, AT_ONCE, |number| {
        let (hub, sender, officer, hospital) = (hub.clone(), sender.clone(), officer.clone(), hospital.clone());
        async move {
            let draft = draft(begin + number, &hospital, hub.now()).and_then(|draft| draft.check().ok());
            let submission = draft.ok_or_else(|| LoadError::not_taken("the sample is no submission"))?;
            permit(&hub, &officer, &submission).await?;
            hub.take_submission(&sender, submission).await?;
            Ok(())
        }
    });
    sent.await
}

async fn permit(hub: &Hub, officer: &Caller, submission: &Submission) -> Result<(), LoadError> {
    for (key, _) in submission.people() {
        let terms = ConsentTerms {
            kind: ConsentKind::Permit,
            subject: Named { key: Some(key), ..Named::default() },
            grantor: None,
            relationship: Relationship::Subject,
            authority: "母子健康手帳".to_owned(),
            grantee: Grantee::Agency(officer.id().clone()),
            categories: Scope::Named(
                [Category::C01, Category::C02, Category::C04, Category::C05].into_iter().collect(),
            ),
            purposes: vec![Purpose::P3],
            valid_from: hub.now(),
            valid_until: Some(hub.now().plus_days(CONSENT_DAYS)),
            evidence: Proof {
                form: "SK-1".to_owned(),
                form_version: "2026-04".to_owned(),
                language: "ja".to_owned(),
                scan_sha256: None,
                witness: Some(OFFICER.to_owned()),
                channel: Channel::Paper,
            },
            explanation_given: "説明済み".to_owned(),
            lifts: None,
        };
        hub.record_consent(officer, terms).await?;
    }
    Ok(())
}

fn agency(id: &str) -> Result<AgencyId, LoadError> {
    AgencyId::new(id).map_err(LoadError::not_taken)
}

/// Fetches and acknowledges until nothing waits. Deliveries a second.
async fn fetch(hub: &Hub, notices: u64) -> Result<f64, LoadError> {
    let center = hub.caller(&agency(CENTER)?, "")?;
    let (began, mut left) = (now(), 0);
    loop {
        let mut ready = hub.receive(&center, Fetching::default()).await?.into_iter().peekable();
        if ready.peek().is_none() {
            break;
        }
        let mut ids = Vec::new();
        while ready.peek().is_some() {
            let leaving = hub.deliveries_leave(ready.by_ref().take(LEAVE_TOGETHER).collect()).await?;
            ids.extend(leaving.iter().map(|one| one.delivery.id));
        }
        left += u64::from(hub.acknowledge(&center, &ids).await?);
    }
    if left < notices {
        return Err(LoadError::not_taken(format!("{left} of {notices} were fetched")));
    }
    Ok(Round::rate(left, began.elapsed()))
}

/// Has the hub deliver until all of them lie in the center's folder. Deliveries a second.
async fn write(hub: &Hub, config: &Config, notices: u64) -> Result<f64, LoadError> {
    let folder = center_folder(config);
    fs::create_dir_all(&folder).map_err(LoadError::not_taken)?;
    let (before, stop) = (files(&folder), CancellationToken::new());
    let (began, mut seen, mut looks) = (now(), 0, 0);
    let delivering = tokio::spawn(Deliverer::new(hub.clone(), config.data.folder.clone()).run(stop.clone()));
    while seen < notices && looks < LOOKS_MAX {
        tokio::time::sleep(LOOK_EVERY).await;
        let written = files(&folder).saturating_sub(before);
        looks = if written == seen { looks + 1 } else { 0 };
        seen = written;
    }
    let took = began.elapsed();
    stop.cancel();
    delivering.await.map_err(LoadError::not_taken)?;
    if seen < notices {
        return Err(LoadError::not_taken(format!("{seen} of {notices} were written")));
    }
    Ok(Round::rate(notices, took))
}

/// Whole files in a folder.
fn files(folder: &Path) -> u64 {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.file_name());
    names.filter(|name| !name.as_encoded_bytes().starts_with(b".")).count() as u64
}

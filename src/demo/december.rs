//! Rows 17 to 20: the day too many, two equal answers, the log and the mother's statement.

use super::messages as say;
use super::november::{get, refer};
use super::stage::{Stage, StageError, by_name, codes, person};
use crate::edge::grpc::client::{StatementRequest, StatementRow};
use crate::sample_city as city;
use crate::store::{Log, Settings, Store};
use musubi_core::wire::agency_side::Received;
use std::path::Path;

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), StageError> {
    eighth_day(stage).await?;
    hidden_and_unknown(stage).await?;
    proof(stage).await
}

async fn eighth_day(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row("17", "2026-12-01T16:00:00", "汐の宿 → PV02 8日目の日帰り", "An eighth day")?;
    let provider = stage.agencies.provider.clone();
    let rows = stage.submit(&provider, "pv02", say::DAY_8).await?;
    let said = rows.iter().flat_map(codes).any(|code| code == "PV-E105");
    stage.must(said && rows.iter().all(|row| row.receipt.is_none()), "PV-E105: 1日多い / a day too many")?;
    refer(stage, 0, 0, "SK08-0041-E1").await?;
    let rows = stage.submit(&provider, "pv02", say::DAY_8).await?;
    stage.must(
        rows.iter().all(|row| row.receipt.is_some()),
        "市の延長承認のあと、同じ行が通る / an extension lets the same row through",
    )
}

async fn hidden_and_unknown(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "18",
        "2026-12-02T09:00:00",
        "県立汐音総合病院が 槙野 葵、次に 汐野 某 を探す",
        "H1 looks for a woman in hiding, then for somebody nobody knows",
    )?;
    let hospital = stage.agencies.hospital.clone();
    let hidden = get(stage, &hospital, "P1", "clerk-07", by_name("槙野 葵", "1990-08-03"), "").await;
    let unknown = get(stage, &hospital, "P1", "clerk-07", by_name("汐野 某", "1990-08-03"), "").await;
    let shape = |answer: &Result<Vec<Received>, StageError>| match answer {
        Ok(seen) => seen.iter().map(Received::to_json).collect::<Vec<_>>().join("\n"),
        Err(error) => error.to_string(),
    };
    stage.must(shape(&hidden) == shape(&unknown), "二つの答えは同じ / two equal answers")?;
    stage.must(hidden.is_ok_and(|seen| seen.is_empty()), "どちらも空 / both empty")
}

async fn proof(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "20",
        "2026-12-02T15:00:00",
        "早川がログを検証し、榎本さんの開示記録を作る",
        "The auditor verifies the log; A's statement",
    )?;
    let mut rows = statement(stage, person(city::HOSPITAL, "00012345", "mother")).await?;
    rows.extend(statement(stage, person(city::HOSPITAL, "00067890", "child")).await?);
    rows.sort_by(|a, b| (&a.shown_at, &a.recipient, &a.categories).cmp(&(&b.shown_at, &b.recipient, &b.categories)));
    rows.dedup();
    for row in &rows {
        stage.tell(format!(
            "{} {} {} [{}] {}",
            row.shown_at,
            row.recipient,
            row.purpose,
            row.categories.join(" "),
            row.bases.join(" ")
        ))?;
    }
    let shown = |recipient: &str, basis: &str| {
        rows.iter().any(|row| row.recipient == recipient && row.bases.iter().any(|known| known.starts_with(basis)))
    };
    stage.must(shown(city::CENTER, "T9"), "センター(同意) / the center, by consent")?;
    stage.must(shown(city::CENTER, "T6"), "センター(法定事務) / the center, as a task")?;
    stage.must(shown(city::PROVIDER, "T10"), "汐の宿(担当) / the provider, as assigned")?;
    stage.must(
        rows.iter().all(|row| row.recipient != city::GUIDANCE_CENTER),
        "児童相談所は一つもない / no guidance center on the list",
    )?;
    let last_by_consent =
        rows.iter().filter(|row| row.bases.iter().any(|basis| basis.starts_with("T9"))).map(|row| &row.shown_at).max();
    stage.must(
        last_by_consent.is_some_and(|at| at.as_str() < "2026-11-20T10:05"),
        "同意による開示は撤回まで / by consent only until the withdrawal",
    )?;
    verify(stage).await
}

async fn statement(
    stage: &Stage<'_>,
    subject: crate::edge::grpc::client::PersonRef,
) -> Result<Vec<StatementRow>, StageError> {
    let request = StatementRequest { staff_id: "hayakawa".to_owned(), subject: Some(subject), ..Default::default() };
    Ok(stage.agencies.center.audit().statement(request).await?.into_inner().rows)
}

/// Verifies a copy of the log, then a copy in which one bit of one leaf was turned.
async fn verify(stage: &mut Stage<'_>) -> Result<(), StageError> {
    let log = Log::parse(city::CITY).ok_or(StageError::Story("the log of the city"))?;
    let (leaves, hash) = stage.leaf_of(&log, 7).await?;
    let copies = stage.config.data.folder.join("copies");
    let good = copies.join("good");
    let bad = copies.join("one-bit");
    for copy in [&good, &bad] {
        copy_database(&stage.config.data.folder, copy)?;
    }
    let verdict = verdict(&good, &log).await?;
    stage
        .must(verdict.is_none(), &format!("ログは{leaves}件すべて検証できる / the log of {leaves} leaves verifies"))?;
    // Closed in good order, so that every leaf stands in the database itself.
    Store::open_with(&bad, Settings::default()).await?.close().await?;
    let turned = turn_a_bit(&bad, &hash)?;
    let verdict = self::verdict(&bad, &log).await?;
    stage.tell(verdict.as_ref().map(ToString::to_string).unwrap_or_default())?;
    stage.must(
        turned && verdict.is_some_and(|fault| fault.index == 7),
        "1ビットの改変が位置で見つかる / one flipped bit is found by its index",
    )
}

fn copy_database(from: &Path, to: &Path) -> Result<(), StageError> {
    std::fs::create_dir_all(to)?;
    for file in ["hub.db", "hub.db-wal"] {
        let source = from.join(file);
        if source.exists() {
            std::fs::copy(source, to.join(file))?;
        }
    }
    Ok(())
}

async fn verdict(folder: &Path, log: &Log) -> Result<Option<crate::store::Fault>, StageError> {
    // Opened as a hub would after a restart: the tail that no checkpoint covers is verified at once (S-37).
    let store = Store::open_with(folder, Settings::default()).await?;
    let fault = store.faults().first().cloned();
    let fault = match fault {
        Some(fault) => Some(fault),
        None => store.verify_log(store.extent(log).await?, None, &|_| Ok(None)).await?.fault,
    };
    Ok(fault)
}

/// Turns one bit of the stored leaf.
fn turn_a_bit(folder: &Path, leaf: &[u8]) -> Result<bool, StageError> {
    let path = folder.join("hub.db");
    let mut bytes = std::fs::read(&path)?;
    let Some(place) = bytes.windows(leaf.len()).position(|window| window == leaf) else { return Ok(false) };
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 1;
    }
    std::fs::write(&path, bytes)?;
    Ok(true)
}

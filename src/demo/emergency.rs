//! Row 11: Saturday night, a call to 189. 真壁 breaks the glass for the child, then for her mother: one subject each.

use super::messages as say;
use super::november::get;
use super::stage::{Stage, StageError, by_name};
use crate::edge::grpc::client::{
    AnswerWorkRequest, BreakGlassAccess, BreakGlassRequest, ConfirmBreakGlassRequest, PersonRef, ShowBreakGlassRequest,
};
use crate::sample_city as city;
use musubi_core::wire::agency_side::{Draft, Received};

/// Who acts at the guidance center.
const MAKABE: &str = "w-0412";

fn akari() -> PersonRef {
    by_name("タカヤナギ アカリ", "2026-10-19")
}

fn saya() -> PersonRef {
    by_name("タカヤナギ サヤ", "2004-02-20")
}

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), StageError> {
    concern(stage).await?;
    stage.row(
        "11",
        "2026-11-14T23:40:00",
        "189に通報「浜通2丁目で赤ちゃんの泣き声、タカヤナギさん」→ 真壁の緊急閲覧(2段階)",
        "A call to 189, a baby crying: break-glass by 真壁, in two steps",
    )?;
    let guidance = stage.agencies.guidance.clone();
    let before = get(stage, &guidance, "P11", MAKABE, akari(), "").await?;
    stage.must(before.is_empty(), "緊急閲覧の前は何も見えない / nothing is seen before")?;
    let (child, access) = breaks(stage, akari()).await?;
    let (mother, _) = breaks(stage, saya()).await?;
    let json: String = child.iter().chain(&mother).map(Received::to_json).collect();
    stage.leave("11-emergency.json", json.as_bytes())?;
    stage.must(json.contains('灯') && json.contains("浜通2丁目"), "氏名と場所 / identity and place")?;
    let kinds: Vec<&str> = child.iter().flat_map(Received::kinds).collect();
    stage.must(
        kinds.iter().filter(|kind| **kind == "home_visit").count() == 2 && kinds.contains(&"concern"),
        "訪問の記録と、センターの懸念 / visit notes and the center's concern",
    )?;
    let discharge: String = mother.iter().map(Received::to_json).collect();
    stage.must(
        discharge.contains(city::CLINIC) && discharge.contains("discharge") && json.contains("09000000102"),
        "最後に児といたのはみなみ産院(10月27日)。いま電話する番号 / who saw the child last, and whom to ring now",
    )?;
    stage.must(!json.contains("榎本") && !json.contains("槙野"), "ほかの家族はいない / nobody else")?;
    stage.must(
        access.until.starts_with("2026-11-15T03:40") && access.review_by.starts_with("2026-11-19T00:00"),
        "3時40分まで。事後確認は11月18日まで / until 03:40; the review is due at the end of 18 November",
    )?;
    told(stage).await?;
    ends(stage).await
}

/// 深津 writes down what two visits in vain mean.
async fn concern(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.at("2026-11-12T16:00:00")?;
    let draft = Draft::from_json(&say::concern()).map_err(|_| StageError::Story("a concern"))?;
    stage.agencies.center.intake().submit(draft).await?;
    Ok(())
}

/// Both steps for one subject, and what is seen then.
async fn breaks(stage: &mut Stage<'_>, subject: PersonRef) -> Result<(Vec<Received>, BreakGlassAccess), StageError> {
    let guidance = stage.agencies.guidance.clone();
    let offer = guidance
        .grounds()
        .break_glass(BreakGlassRequest {
            staff_id: MAKABE.to_owned(),
            subject: Some(subject.clone()),
            reason_code: "abuse".to_owned(),
            reason: "189に泣き声の通報。乳児の安否を今夜確認する必要がある".to_owned(),
            threatened_person: "生後3週の児".to_owned(),
            why_consent_impossible: "深夜で母に連絡が取れず、待てば児が危険".to_owned(),
        })
        .await?
        .into_inner();
    let labels: Vec<String> = offer.categories.iter().map(|shown| shown.label_ja.clone()).collect();
    stage.tell(format!("表示される区分: {} / confirm by {}", labels.join("・"), offer.confirm_by))?;
    let access = guidance
        .grounds()
        .confirm_break_glass(ConfirmBreakGlassRequest {
            staff_id: MAKABE.to_owned(),
            fact_id: offer.fact_id,
            categories: offer.categories.into_iter().map(|shown| shown.category).collect(),
        })
        .await?
        .into_inner();
    let seen = get(stage, &guidance, "P11", MAKABE, subject, "").await?;
    Ok((seen, access))
}

async fn told(stage: &mut Stage<'_>) -> Result<(), StageError> {
    let (center, clinic) = (stage.agencies.center.clone(), stage.agencies.clinic.clone());
    let reviews = stage.work(&center, "emergency_review").await?;
    stage.must(reviews.len() == 2, "センターに事後確認が1件ずつ / one review for each, at the center")?;
    let notices = stage.work(&clinic, "emergency_notice").await?;
    let told: String = notices.iter().map(|item| format!("{}{}{}", item.text_ja, item.text_en, item.about)).collect();
    stage.must(
        !notices.is_empty() && !told.contains("CGC") && !told.contains("児童相談所"),
        "書いた機関にも知らせる。誰が、なぜかは言わない / the author is told, and not by whom or why",
    )?;
    let Some(review) = reviews.first() else { return Ok(()) };
    let asked = ShowBreakGlassRequest { staff_id: "fukatsu".to_owned(), fact_id: review.about.clone() };
    let record = center.grounds().show_break_glass(asked).await?.into_inner();
    stage.tell(format!("{} {} {}", record.agency, record.staff_id, record.reason))?;
    stage.must(
        record.staff_id == MAKABE && !record.shown.is_empty(),
        "深津は誰が何を見たかを読める / the reviewer reads who saw what",
    )
}

async fn ends(stage: &mut Stage<'_>) -> Result<(), StageError> {
    let guidance = stage.agencies.guidance.clone();
    stage.at("2026-11-15T03:39:59")?;
    let last = get(stage, &guidance, "P11", MAKABE, akari(), "").await?;
    stage.at("2026-11-15T03:40:00")?;
    let over = get(stage, &guidance, "P11", MAKABE, akari(), "").await?;
    stage.must(!last.is_empty() && over.is_empty(), "3時40分に閉じる / closed at 03:40")?;
    let center = stage.agencies.center.clone();
    stage.at("2026-11-15T10:00:00")?;
    for review in stage.work(&center, "emergency_review").await? {
        let answer = AnswerWorkRequest {
            staff_id: "fukatsu".to_owned(),
            id: review.id,
            answer: "justified".to_owned(),
            ..AnswerWorkRequest::default()
        };
        center.work_items().answer(answer).await?;
    }
    let inform = stage.work(&center, "inform_subject").await?;
    stage.must(inform.len() == 2, "事後確認のあと、本人に知らせる / after the review the subject is to be informed")
}

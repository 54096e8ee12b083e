//! Rows 7 to 16: the two-week check, the visits, the approval, the caseworker's questions, the first stays, the withdrawal.

use super::messages as say;
use super::october::all_text;
use super::stage::{Stage, StageError, by_name, codes, person, words};
use crate::edge::grpc::client::{
    ApproveGroundRequest, CareApprovalTerms, GetRecordRequest, GroundRequest, ReferRequest, ReferralStepRequest,
    SearchCasesRequest, WithdrawConsentRequest,
};
use crate::sample_city as city;
use musubi_core::wire::agency_side::Received;
use tokio_stream::StreamExt;

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), StageError> {
    two_week_check(stage).await?;
    visits(stage).await?;
    approval(stage).await?;
    without_a_ground(stage).await?;
    super::emergency::play(stage).await?;
    under_l04(stage).await?;
    under_l05(stage).await?;
    first_stay(stage).await?;
    withdrawal(stage).await?;
    second_stay(stage).await
}

async fn two_week_check(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "7",
        "2026-11-09T15:13:00",
        "2週間健診(市の委託) → ORU^R01",
        "The two-week check that the city pays for: EPDS 12, item 10 = 1",
    )?;
    let hospital = stage.agencies.hospital.clone();
    let ack = stage.mllp(&hospital, say::TWO_WEEK).await?;
    stage.must(ack.msa(1) == "AA", "AA")?;
    let center = stage.agencies.center.clone();
    let signals = stage.work(&center, "signal").await?;
    let call = signals.iter().find(|item| item.code == "SELF_HARM");
    stage.must(
        call.is_some_and(|item| item.due_at.starts_with("2026-11-09") || item.due_at.starts_with("2026-11-10T00:00")),
        "SELF_HARM: その日のうちに大庭が電話 / a telephone call the same day",
    )?;
    let text = all_text(&stage.center_receives().await?);
    stage.must(text.contains("12"), "法定事務としてセンターに見える(T6) / visible to the center as a statutory task")
}

async fn visits(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "8",
        "2026-11-11T17:15:00",
        "保健センター → PH05 (CP932, 半角カナ, 和暦) 5行",
        "The health center hands in five visits",
    )?;
    let health_center = stage.agencies.health_center.clone();
    let rows = stage.submit(&health_center, "ph05", say::VISITS).await?;
    for row in &rows {
        let said = if row.receipt.is_some() { "受領" } else { "差戻し" };
        let lines: Vec<String> =
            row.diagnostics.iter().map(|d| format!("{} {} {}", d.code, d.place, d.text_ja)).collect();
        stage.tell(format!("{} {said} {}", row.place, lines.join(" / ")))?;
    }
    let taken = rows.iter().filter(|row| row.receipt.is_some()).count();
    let fifth = rows.last().map(codes).unwrap_or_default();
    stage.must(
        taken == 4 && fifth.contains(&"JP-E602".to_owned()),
        "4行を受領、5行目は JP-E602 / four rows taken, row 5 JP-E602",
    )?;
    let center = stage.agencies.center.clone();
    let signals = stage.work(&center, "signal").await?;
    stage.must(
        signals.iter().any(|item| item.code == "UNMET_INFANT"),
        "灯ちゃん: UNMET_INFANT / two visits without seeing the child",
    )?;
    let told: String =
        rows.iter().flat_map(|row| &row.diagnostics).map(|d| format!("{}{}", d.text_ja, d.text_en)).collect();
    stage.must(
        !told.contains("槙野") && !told.contains("凜"),
        "答えに氏名も所在もない / no name and no place in the answer",
    )?;
    stage.center_receives().await?;
    let joined = stage.ooba_joins().await?;
    stage.must(joined >= 1, "湊くんは病院の児と同じ方: 大庭が確認 / 湊 is the hospital's newborn: 大庭 confirms")
}

/// The approval of row 9, given by a call.
async fn approval(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "9",
        "2026-11-12T10:00:00",
        "産後ケアの利用承認 SK08-0041 → 汐の宿",
        "The center approves seven days and refers A to the provider",
    )?;
    refer(stage, 7, 5, "").await?;
    let provider = stage.agencies.provider.clone();
    let seen = get(stage, &provider, "P7", "nogami", person(city::CITY, "SK08-0041", "mother"), "").await?;
    let json: String = seen.iter().map(Received::to_json).collect();
    stage.leave("09-provider.json", json.as_bytes())?;
    stage.must(
        json.contains("千夏") && json.contains("湊") && json.contains("\"unitsLeft\": 7"),
        "氏名・児・残7日 / name, child, seven days left",
    )?;
    stage.must(
        !json.contains("汐見町") && !json.contains("090-0000-0011"),
        "住所も電話もない / no address, no telephone",
    )?;
    stage.must(!json.contains("screening") && !json.contains("total"), "EPDSはない / not the EPDS")
}

/// Refers A to the provider under an approval, and the provider accepts.
pub(super) async fn refer(
    stage: &mut Stage<'_>,
    units: u32,
    reductions: u32,
    extension: &str,
) -> Result<(), StageError> {
    let state = stage
        .agencies
        .center
        .referrals()
        .refer(ReferRequest {
            staff_id: "ooba".to_owned(),
            persons: vec![person(city::HOSPITAL, "00012345", "mother")],
            kind: "postnatal_care".to_owned(),
            to: city::PROVIDER.to_owned(),
            reason: "産後ケア".to_owned(),
            approval: Some(CareApprovalTerms {
                approval_number: "SK08-0041".to_owned(),
                kinds: words(&["stay", "day"]),
                from: "2026-11-13".to_owned(),
                until: "2027-10-25".to_owned(),
                units,
                reductions,
                income_class: "taxed".to_owned(),
                extension_number: extension.to_owned(),
                ..CareApprovalTerms::default()
            }),
            ..ReferRequest::default()
        })
        .await?
        .into_inner();
    let accepted = stage
        .agencies
        .provider
        .referrals()
        .step(ReferralStepRequest {
            staff_id: "nogami".to_owned(),
            referral_id: state.referral_id,
            state: "accepted".to_owned(),
            ..ReferralStepRequest::default()
        })
        .await?
        .into_inner();
    stage.must(accepted.state == "accepted", "汐の宿が引き受ける / the provider accepts the referral")
}

/// What an agency may see of one person.
pub(super) async fn get(
    _stage: &Stage<'_>,
    who: &crate::agency_client::AgencyClient,
    purpose: &str,
    staff_id: &str,
    whom: crate::edge::grpc::client::PersonRef,
    ground: &str,
) -> Result<Vec<Received>, StageError> {
    let request = GetRecordRequest {
        purpose: purpose.to_owned(),
        staff_id: staff_id.to_owned(),
        person_id: whom.person_id,
        issuer: whom.issuer,
        identifier: whom.identifier,
        name: whom.name,
        birth_date: whom.birth_date,
        ground: ground.to_owned(),
    };
    let mut stream = who.records().get(request).await?.into_inner();
    let mut seen = Vec::new();
    while let Some(received) = stream.next().await {
        seen.push(received?);
    }
    Ok(seen)
}

/// The cases that the guidance center may see under a ground, over gRPC.
async fn cases(
    stage: &Stage<'_>,
    purpose: &str,
    ground: &str,
    municipality: &str,
) -> Result<Vec<Received>, StageError> {
    let request = SearchCasesRequest {
        purpose: purpose.to_owned(),
        staff_id: "w-0412".to_owned(),
        ground: ground.to_owned(),
        municipalities: if municipality.is_empty() { Vec::new() } else { words(&[municipality]) },
        level: "L3".to_owned(),
        ..SearchCasesRequest::default()
    };
    let mut stream = stage.agencies.guidance.records().search_cases(request).await?.into_inner();
    let mut hits = Vec::new();
    while let Some(hit) = stream.next().await {
        hits.push(hit?);
    }
    Ok(hits)
}

fn query_xml(basis: &str, ground: &str, municipality: &str) -> String {
    let criteria = if municipality.is_empty() {
        String::new()
    } else {
        format!("<cg:JurisdictionCode>{municipality}</cg:JurisdictionCode>")
    };
    format!(
        r#"<cg:CaseQueryRequest xmlns:cg="urn:musubi:cgc:1.0" schemaVersion="1.0" messageID="7b1e6a52-0c0e-4f3d-9b61-1c7a7f5d2f10" createdAt="2026-11-13T09:30:00+09:00"><cg:Sender><cg:OrganizationIdentification>{sender}</cg:OrganizationIdentification><cg:WorkerID>w-0412</cg:WorkerID></cg:Sender><cg:PurposeCode>Investigation</cg:PurposeCode><cg:LegalBasisCode>{basis}</cg:LegalBasisCode><cg:RelatedCaseID>{ground}</cg:RelatedCaseID><cg:RequestedLevel>L3</cg:RequestedLevel><cg:Criteria>{criteria}</cg:Criteria></cg:CaseQueryRequest>"#,
        sender = city::GUIDANCE_CENTER,
    )
}

/// Asks in XML over HTTPS.
async fn ask_xml(
    stage: &Stage<'_>,
    basis: &str,
    ground: &str,
    municipality: &str,
) -> Result<(u16, String), StageError> {
    let body = query_xml(basis, ground, municipality).into_bytes();
    let answer = stage.agencies.guidance.post("/v1/cases/query", "application/xml", body).await?;
    Ok((answer.status, String::from_utf8_lossy(&answer.body).into_owned()))
}

async fn without_a_ground(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "10",
        "2026-11-13T09:30:00",
        "児相: 根拠なしで汐音市のハイリスク児を照会 (XML, gRPC)",
        "The guidance center asks for at-risk infants without a ground",
    )?;
    let (status, known) = ask_xml(stage, "CAPA13-4", "汐児8-000", city::CITY).await?;
    let (other_status, other) = ask_xml(stage, "CAPA13-4", "汐児8-000", city::NEIGHBOUR).await?;
    stage.tell(&known)?;
    stage.must(
        status == other_status && known == other,
        "空の答え。知られていない町の答えと1バイトも違わない / the answer of an empty store, byte for byte",
    )?;
    stage.must(known.contains("CaseQueryResponse") && !known.contains("<cg:Hit"), "該当なし / no hit")?;
    let hits = cases(stage, "P5", "汐児8-000", city::CITY).await?;
    stage.must(hits.is_empty(), "gRPC でも空 / empty over gRPC as well")
}

async fn under_l04(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "12",
        "2026-11-16T10:00:00",
        "児相: 法13条の4の求め 汐児8-204(灯・母、C09 C10)",
        "A request under L04 for 灯 and her mother",
    )?;
    let guidance = stage.agencies.guidance.clone();
    let asked = guidance
        .grounds()
        .request(GroundRequest {
            staff_id: "w-0412".to_owned(),
            code: "L04".to_owned(),
            number: "汐児8-204".to_owned(),
            persons: vec![by_name("タカヤナギ アカリ", "2026-10-19"), by_name("タカヤナギ サヤ", "2004-02-20")],
            categories: words(&["C09", "C10"]),
            requesting_head: "南部児童相談所長".to_owned(),
            necessity: "泣き声の通告を受けた安全確認".to_owned(),
            from: "2026-11-16".to_owned(),
            until: "2026-12-16".to_owned(),
            ..GroundRequest::default()
        })
        .await?
        .into_inner();
    let center = stage.agencies.center.clone();
    let items = stage.work(&center, "hold").await?;
    stage.must(
        items.iter().any(|item| item.about == asked.fact_id),
        "センターに回答の期限つきの用件 / the center is asked, with a deadline",
    )?;
    let approved = center
        .grounds()
        .approve(ApproveGroundRequest {
            staff_id: "fukatsu".to_owned(),
            fact_id: asked.fact_id,
            categories: words(&["C10"]),
            ..ApproveGroundRequest::default()
        })
        .await?
        .into_inner();
    let states: Vec<String> = approved.parts.iter().map(|part| format!("{} {}", part.category, part.state)).collect();
    stage.tell(format!("{} 回答期限 {}", states.join(", "), approved.answer_by))?;
    stage.must(
        states == ["C09 HOLD", "C10 PERMIT"],
        "市が承認した分は直ちに、残りは保留 / what the city approved at once, the rest HOLD",
    )?;
    let seen = get(stage, &guidance, "P5", "w-0412", by_name("タカヤナギ アカリ", "2026-10-19"), "汐児8-204").await?;
    let kinds: Vec<&str> = seen.iter().flat_map(Received::kinds).collect();
    stage.must(kinds == ["home_visit", "home_visit"], "訪問2件が見える / the two visits, and nothing else")?;
    let other = get(stage, &guidance, "P5", "w-0412", by_name("エノモト ミナト", "2026-10-26"), "汐児8-204").await?;
    let third = get(stage, &guidance, "P5", "w-0412", by_name("マキノ リン", "2026-09-14"), "汐児8-204").await?;
    stage.must(other.is_empty() && third.is_empty(), "榎本さん・槙野さんについては何もない / nothing about A or C")
}

async fn under_l05(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "13",
        "2026-11-17T10:00:00",
        "要対協 8-017(センター・児相・みなみ産院)",
        "A council case; the guidance center asks again under L05",
    )?;
    stage
        .agencies
        .center
        .grounds()
        .request(GroundRequest {
            staff_id: "fukatsu".to_owned(),
            code: "L05".to_owned(),
            number: "要対協8-017".to_owned(),
            persons: vec![person(city::CITY, "K0300102", "child"), person(city::CITY, "K0100102", "mother")],
            categories: words(&["C01", "C04", "C10", "C13"]),
            necessity: "支援方針の協議".to_owned(),
            from: "2026-11-17".to_owned(),
            until: "2027-05-16".to_owned(),
            members: words(&[city::CENTER, city::GUIDANCE_CENTER, city::CLINIC]),
            meeting: "個別ケース検討会議 2026-11-17".to_owned(),
            ..GroundRequest::default()
        })
        .await?;
    let hits = cases(stage, "P6", "要対協8-017", "").await?;
    let json: String = hits.iter().map(Received::to_json).collect();
    stage.leave("13-council.json", json.as_bytes())?;
    stage.must(hits.len() == 1, "ちょうど1家族 / exactly one family")?;
    stage.must(json.contains('灯') && json.contains("沙耶"), "髙柳さんの家族 / family B")?;
    stage.must(!json.contains("榎本") && !json.contains("槙野"), "ほかの家族はいない / nobody else")?;
    let (status, xml) = ask_xml(stage, "CWA25-3", "要対協8-017", "").await?;
    stage.leave("13-council.xml", xml.as_bytes())?;
    stage.must(status == 200 && xml.matches("<cg:Hit>").count() == 1, "XML でも1件 / one hit in XML as well")
}

async fn first_stay(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row("14", "2026-11-18T10:00:00", "汐の宿 → PV02 2泊3日", "The provider reports a stay of two nights")?;
    let provider = stage.agencies.provider.clone();
    let rows = stage.submit(&provider, "pv02", say::STAY_1).await?;
    stage.must(
        rows.iter().all(|row| row.receipt.is_some()),
        "受領: 3日 × 3,500円 − 券3枚 = 3,000円 / taken: she pays 3,000 yen",
    )?;
    Ok(())
}

async fn withdrawal(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "15",
        "2026-11-20T10:00:00",
        "H1の訂正 A08 が待つ間に、榎本さんが同意を撤回",
        "A correction waits while A withdraws",
    )?;
    stage.center_receives().await?;
    let before = stage.folder_files().len();
    let folder = city::center_folder(&stage.config);
    let aside = folder.with_extension("maintenance");
    std::fs::rename(&folder, &aside)?;
    stage.tell("センターの連携フォルダーは10時から保守中 / the center's folder is away for maintenance")?;
    let hospital = stage.agencies.hospital.clone();
    let ack = stage.mllp(&hospital, say::CORRECTION).await?;
    stage.must(ack.msa(1) == "AA", "A08 は受領 / the correction is taken")?;
    stage.at("2026-11-20T10:05:00")?;
    let mut released_before = Vec::new();
    for (number, role, relationship) in [("00012345", "mother", "self"), ("00067890", "child", "parental_authority")] {
        let answer = stage
            .agencies
            .center
            .consents()
            .withdraw(WithdrawConsentRequest {
                staff_id: "ooba".to_owned(),
                subject: Some(person(city::HOSPITAL, number, role)),
                relationship: relationship.to_owned(),
            })
            .await?
            .into_inner();
        released_before.extend(answer.released_before);
    }
    stage.tell(format!(
        "撤回前に届いたもの {}件 / released before: {}",
        released_before.len(),
        released_before.first().cloned().unwrap_or_default()
    ))?;
    stage.must(
        !released_before.is_empty() && released_before.iter().all(|line| line.starts_with(city::CENTER)),
        "撤回前の提供が列挙される / what was sent before is listed as such",
    )?;
    std::fs::rename(&aside, &folder)?;
    stage.at("2026-11-20T10:06:00")?;
    let received = stage.center_receives().await?;
    stage.must(received.is_empty(), "10:06 届かない / suppressed at 10:06")?;
    stage.at("2026-11-20T12:30:00")?;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    stage.must(
        stage.folder_files().len() == before,
        "フォルダーの再送も止まる / the retry to the folder is stopped as well",
    )
}

async fn second_stay(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "16",
        "2026-11-27T11:00:00",
        "汐の宿 → PV02 3泊4日、27日 01:00–02:30 に当直なし",
        "Three nights, ninety minutes without staff",
    )?;
    let provider = stage.agencies.provider.clone();
    let rows = stage.submit(&provider, "pv02", say::STAY_2).await?;
    let said = rows.iter().flat_map(|row| &row.diagnostics).find(|d| d.code == "PV-E201");
    let text = said.map(|d| format!("{} {} {}", d.code, d.place, d.text_ja)).unwrap_or_default();
    stage.tell(&text)?;
    stage.must(
        rows.iter().all(|row| row.receipt.is_none()) && text.contains("01:00") && text.contains("02:30"),
        "PV-E201 が時間帯を示す / PV-E201 names the uncovered minutes",
    )?;
    let rows = stage.submit(&provider, "pv02", say::STAY_2_MENDED).await?;
    stage.must(
        rows.iter().all(|row| row.receipt.is_some()),
        "改版2は受領: 14,000 − 2 × 2,500 = 9,000円 / revision 2 is taken: she pays 9,000 yen",
    )
}

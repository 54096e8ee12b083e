//! Rows 1 to 6: notifications, the two hospitals, the consent, and five ways to send a message wrong.

use super::messages as say;
use super::stage::{Stage, StageError, person, words};
use crate::edge::grpc::client::{AssertGroundRequest, Evidence, RecordConsentRequest, ShieldRequest};
use crate::sample_city as city;
use musubi_core::wire::agency_side::{Delivered, Draft};

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), StageError> {
    notifications(stage).await?;
    clinic_discharges(stage).await?;
    consent(stage).await?;
    hospital_discharges(stage).await?;
    sent_wrong(stage).await
}

async fn notifications(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row("1-2", "2026-07-27T10:00:00", "妊娠届3件(保健センター)", "Three pregnancies are notified; one late")?;
    let notified = [
        say::notification(
            "K0100101",
            ["榎本", "千夏", "エノモト", "チナツ"],
            [1996, 5, 14],
            67,
            [2026, 4, 6],
            [2026, 11, 5],
        ),
        say::notification(
            "K0100102",
            ["髙柳", "沙耶", "タカヤナギ", "サヤ"],
            [2004, 2, 20],
            170,
            [2026, 7, 27],
            [2026, 11, 14],
        ),
        say::notification(
            "K0100103",
            ["槙野", "葵", "マキノ", "アオイ"],
            [1990, 8, 3],
            70,
            [2026, 3, 2],
            [2026, 9, 20],
        ),
    ];
    for json in notified {
        let draft = Draft::from_json(&json).map_err(|_| StageError::Story("a notification"))?;
        stage.agencies.health_center.intake().submit(draft).await?;
    }
    let center = stage.agencies.center.clone();
    let late = stage.work(&center, "signal").await?;
    stage.must(
        late.iter().any(|item| item.code == "LATE_NOTIFICATION"),
        "24週の届出は遅い妊娠届として人が見る / LATE_NOTIFICATION waits for a person to look at",
    )?;
    center
        .consents()
        .shield(ShieldRequest {
            staff_id: "ooba".to_owned(),
            subject: Some(person(city::CITY, "K0100103", "mother")),
            from: "2026-07-01".to_owned(),
            until: "2027-06-30".to_owned(),
            allowed_agencies: words(&[city::CENTER, city::HEALTH_CENTER]),
            linked_agencies: words(&[city::HOSPITAL]),
        })
        .await?;
    stage.center_receives().await?;
    stage.tell("槙野さんには住所の支援措置。加害者に近い機関として県立汐音総合病院を登録 / a shield for 槙野; H1 is linked to the perpetrator")
}

async fn clinic_discharges(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "3",
        "2026-10-27T16:20:00",
        "みなみ産院 → ADT^A03 (SS-MIX2, ISO-2022-JP, MLLP/TLS)",
        "H2 sends B's discharge notice",
    )?;
    let clinic = stage.agencies.clinic.clone();
    let ack = stage.mllp(&clinic, say::MINAMI).await?;
    stage.tell(format!("MSA {} {} {}", ack.msa(1), ack.msa(2), ack.msa(3)))?;
    stage.must(
        ack.msa(1) == "AA" && ack.msa(3).starts_with("musubi:1:"),
        "AA、受領証つき / AA after the commit, with a receipt in MSA-3",
    )?;
    stage.must(
        ack.says("H108") && ack.says("C05"),
        "根拠のない区分を送信者に知らせる / the author is told what has no basis yet (H108)",
    )?;
    let before = stage.center_receives().await?;
    stage.must(before.is_empty(), "根拠があるまでセンターには届かない / nothing reaches the center before a basis")?;

    stage.at("2026-10-27T16:40:00")?;
    let message = ack.msa(2);
    let evidence =
        [("why_support", "届出が遅く、ひとり暮らしで、家に手伝う人がいない"), ("consent_sought", "これから相談する")];
    clinic
        .grounds()
        .assert(AssertGroundRequest {
            staff_id: "kaida".to_owned(),
            code: "L03".to_owned(),
            message,
            categories: words(&["C01", "C02", "C05"]),
            evidence: evidence.map(|(key, value)| Evidence { key: key.to_owned(), value: value.to_owned() }).to_vec(),
            until: "2026-12-27".to_owned(),
            ..AssertGroundRequest::default()
        })
        .await?;
    let received = stage.center_receives().await?;
    let text = all_text(&received);
    stage.must(
        text.contains("高柳"),
        "L03の申出のあと、センターは退院を知る / after L03 the center sees the discharge",
    )?;
    stage.must(
        !text.contains('灯') && !text.contains("アカリ"),
        "この通知だけでは児は結びつかない / no child is linked from this message alone",
    )?;
    let joined = stage.ooba_joins().await?;
    stage.must(
        joined == 1,
        "高柳と髙柳は同じ方か: 大庭が確認 / 高柳 is joined to 髙柳 by a suggestion that 大庭 confirms",
    )
}

/// Everything that was delivered, as text.
pub(super) fn all_text(received: &[Delivered]) -> String {
    let formats = ["fhir-json", "notice-html", "notice-csv"];
    let texts = received.iter().flat_map(|delivered| formats.iter().filter_map(|format| delivered.rendering(format)));
    texts.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
}

async fn consent(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "4",
        "2026-10-28T10:00:00",
        "榎本さんの同意(本人・児の2件)",
        "A signs two records for the center; mental health is not named",
    )?;
    for (number, role, relationship) in [("00012345", "mother", "self"), ("00067890", "child", "parental_authority")] {
        let receipt = stage
            .agencies
            .center
            .consents()
            .record(RecordConsentRequest {
                staff_id: "ooba".to_owned(),
                subject: Some(person(city::HOSPITAL, number, role)),
                grantor: Some(person(city::HOSPITAL, "00012345", "mother")),
                relationship: relationship.to_owned(),
                authority: "母子健康手帳".to_owned(),
                grantee_agency: city::CENTER.to_owned(),
                categories: words(&["C01", "C02", "C04", "C05", "C06", "C07"]),
                purposes: words(&["P3", "P4"]),
                valid_until: "2027-10-25".to_owned(),
                form_id: "SK-01".to_owned(),
                form_version: "2026-04".to_owned(),
                language: "ja".to_owned(),
                witness: "ooba".to_owned(),
                explanation_given: "提供先と、断っても支援が変わらないこと".to_owned(),
                ..RecordConsentRequest::default()
            })
            .await?
            .into_inner();
        stage.must(receipt.status == "active", "有効。様式の版と立会人つき / active, with form version and witness")?;
    }
    Ok(())
}

async fn hospital_discharges(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "5",
        "2026-10-30T11:05:00",
        "県立汐音総合病院 → A03(児)・A03(母)・R01(院内EPDS)",
        "H1 sends three messages, UTF-8, PID-21 and OBX",
    )?;
    let hospital = stage.agencies.hospital.clone();
    for message in [say::NEWBORN, say::MOTHER, say::OWN_EPDS] {
        let ack = stage.mllp(&hospital, message).await?;
        stage.tell(format!("MSA {} {} {}", ack.msa(1), ack.msa(2), ack.msa(3)))?;
        stage.must(ack.msa(1) == "AA" && ack.msa(3).starts_with("musubi:1:"), "AAと受領証 / AA with a receipt")?;
    }
    let center = stage.agencies.center.clone();
    let signals = stage.work(&center, "signal").await?;
    stage.must(
        signals.iter().any(|item| item.code == "LOW_WEIGHT"),
        "2,500g未満: 低出生体重児の届出が見込まれる / below 2,500 g: a low-weight notice is expected",
    )?;
    let received = stage.center_receives().await?;
    let page =
        received.iter().rev().find_map(|delivered| delivered.rendering("notice-html")).unwrap_or_default().to_vec();
    let bundle =
        received.iter().rev().find_map(|delivered| delivered.rendering("fhir-json")).unwrap_or_default().to_vec();
    let text = all_text(&received);
    let page_text = String::from_utf8_lossy(&page).into_owned();
    stage.must(
        page_text.contains("2,486") && page_text.contains("38週4日"),
        "一枚の通知に体重と週数 / weight and weeks on a one-page Japanese notice",
    )?;
    stage.must(
        String::from_utf8_lossy(&bundle).contains("\"resourceType\":\"Bundle\"")
            || String::from_utf8_lossy(&bundle).contains("\"Bundle\""),
        "FHIR R4 文書 Bundle / a FHIR R4 document Bundle",
    )?;
    stage.must(
        page_text.contains("千夏") && page_text.contains('湊'),
        "母と児が結びつく / mother and child are linked",
    )?;
    stage.must(stage.folder_holds(1).await?, "CSVの行がセンターのフォルダーに / a CSV row in the center's folder")?;
    let rows: String = stage
        .folder_files()
        .iter()
        .filter_map(|path| std::fs::read(path).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    let all = format!("{text}{rows}");
    stage.must(
        !all.contains("EPDS") && !all.contains("99046-5") && !all.contains("エジンバラ"),
        "EPDSの文字はどこにもない / no word of an EPDS anywhere",
    )?;
    stage.leave("05-notice.html", &page)?;
    stage.leave("05-bundle.json", &bundle)?;
    let joined = stage.ooba_joins().await?;
    stage.must(
        joined == 1,
        "病院の番号と市の番号は同じ方: 大庭が確認 / H1's number and the city's are one: 大庭 confirms",
    )
}

async fn sent_wrong(stage: &mut Stage<'_>) -> Result<(), StageError> {
    stage.row(
        "6",
        "2026-10-30T11:20:00",
        "同じ電文・番号の使い回し・途中で切れた・個人番号・別の証明書",
        "The same again, and four messages sent wrong",
    )?;
    let (hospital, clinic) = (stage.agencies.hospital.clone(), stage.agencies.clinic.clone());
    let again = stage.mllp(&hospital, say::NEWBORN).await?;
    let once_more = stage.mllp(&hospital, say::NEWBORN).await?;
    stage.must(
        again.0 == once_more.0 && again.msa(1) == "AA",
        "同じ答え、保存は一度 / the same answer byte for byte, stored once",
    )?;
    let nothing = stage.center_receives().await?;
    stage.must(nothing.is_empty(), "二度は届かない / it is not delivered twice")?;

    let reused = stage.mllp(&hospital, &say::other_weight()).await?;
    stage.refusal(&reused, "AE", "MSH-10", "番号の使い回し → AE 205 / a reused control id")?;
    let cut = stage.mllp(&hospital, &say::cut()).await?;
    stage.refusal(&cut, "AE", "PID", "途中で切れた電文 / cut at half")?;
    let number = stage.mllp(&hospital, &say::with_individual_number()).await?;
    stage.refusal(&number, "AE", "PID", "個人番号を含む電文 / an individual number")?;
    let digits = say::individual_number();
    stage.must(
        !number.says(&digits) && !number.says(&digits[..6]),
        "数字は一つも繰り返さない / no digit of it is repeated",
    )?;
    let elsewhere = stage.mllp(&clinic, &say::from_elsewhere()).await?;
    stage.refusal(&elsewhere, "AR", "MSH", "みなみ産院の証明書で送った電文 / sent with H2's certificate")
}

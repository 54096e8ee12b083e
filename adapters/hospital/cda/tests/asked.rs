//! What is asked: of a mother in a questionnaire, and of another agency in a referral.

use super::*;
use crate::testing::{day, minute};

fn epds(screening: proto::Screening) -> String {
    let (instrument, answered_on) = (text("epds"), day(2026, 10, 29));
    let screening = proto::Screening { instrument, answered_on: Some(answered_on), ..screening };
    let mut all = mother_alone();
    all.push(of_mother("epds", Body::Screening(screening)));
    written(all)
}

#[test]
fn every_item_of_the_epds_comes_back_with_its_total() {
    let items = vec![1, 0, 2, 3, 1, 0, 0, 1, 2, 1];
    let read =
        entries(&decode(&epds(proto::Screening { items: items.clone(), total: Some(11), ..Default::default() })));
    let screening = &entry(&read, "screening")["screening"];
    assert_eq!((&screening["items"], &screening["total"]), (&serde_json::json!(items), &11.into()));
    assert_eq!(read.iter().filter(|entry| entry.get("screening").is_some()).count(), 1);
}

#[test]
fn the_tenth_item_comes_back_without_any_other_score() {
    let document = epds(proto::Screening { self_harm_item: Some(2), ..Default::default() });
    let read = entries(&decode(&document));
    let screening = &entry(&read, "screening")["screening"];
    assert_eq!((&screening["selfHarmItem"], screening.get("total")), (&2.into(), None));
}

#[test]
fn another_questionnaire_is_said_in_words() {
    let mut all = mother_alone();
    let bonding = proto::Screening { instrument: text("bonding"), total: Some(4), ..Default::default() };
    all.push(of_mother("bonding", Body::Screening(bonding)));
    let document = written(all);
    assert!(document.contains("赤ちゃんへの気持ち質問票") && document.contains("4点"));
}

#[test]
fn a_referral_comes_back_with_its_kind_and_its_urgency() {
    for (kind, urgency) in [("support", "urgent"), ("postnatal_care", "soon"), ("information", "routine"), ("", "")] {
        let referral = proto::Referral {
            referral_id: text("R-7"),
            kind: text(kind),
            from: text("MED-4810700122"),
            to: text("OSC-482072"),
            reason: text("夜間の育児に不安がある"),
            urgency: text(urgency),
            reply_by: Some(minute(day(2026, 11, 2), 17, 0)),
            approval_number: text("SK08-0041"),
            ..Default::default()
        };
        let document = written(vec![mother_alone().remove(0), of_mother("referral:R-7", Body::Referral(referral))]);
        let read = entries(&decode(&document));
        let told = &entry(&read, "referral")["referral"];
        assert_eq!(told.get("kind").and_then(Value::as_str).unwrap_or_default(), kind);
        assert_eq!(told.get("urgency").and_then(Value::as_str).unwrap_or_default(), urgency);
        assert_eq!((&told["referralId"], &told["approvalNumber"]), (&"R-7".into(), &"SK08-0041".into()));
        assert_eq!(told["reason"], "夜間の育児に不安がある");
        assert!(document.contains("回答期限"), "what has no element is said in words");
    }
}

#[test]
fn the_urgency_of_a_referral_of_others_is_read_from_its_order_or_its_act() {
    let referral = |header: &str, act: &str| {
        let document = changed("code=\"18842-5\"", "code=\"57133-1\"");
        let document = document.replacen("<componentOf>", &format!("{header}<componentOf>"), 1);
        let section = format!(
            "<component><section><code code=\"42349-1\" codeSystem=\"2.16.840.1.113883.6.1\"/><text>訪問を希望</text><entry>\
             <act classCode=\"PCPR\" moodCode=\"INT\"><code code=\"306206005\"/>{act}</act></entry></section></component></structuredBody>"
        );
        decode(&document.replacen("</structuredBody>", &section, 1))
    };
    let order = |code: &str| {
        format!(
            "<inFulfillmentOf><order><id extension=\"R-7\"/><priorityCode code=\"{code}\"/></order></inFulfillmentOf>"
        )
    };
    let urgency = |decoded: &Decoded| entry(&entries(decoded), "referral")["referral"]["urgency"].clone();
    for (code, expected) in [("S", "urgent"), ("EM", "urgent"), ("A", "urgent"), ("UR", "soon"), ("R", "routine")] {
        assert_eq!(urgency(&referral(&order(code), "")), expected, "{code}");
    }
    assert_eq!(urgency(&referral("", "<priorityCode code=\"A\"/>")), "urgent");
    let unknown = referral(&order("ZZ"), "");
    assert_eq!(urgency(&unknown), Value::Null);
    assert!(codes(&unknown).iter().any(|told| told.starts_with("H104 ") && told.ends_with("/priorityCode")));
}

#[test]
fn a_narrative_needs_all_that_is_told_beside_it() {
    let needs = |text: &str| entry(&entries(&decode(text)), "document")["document"]["categories"].to_string();
    assert!(!needs(&sample("shione_discharge")).contains("C08"));
    for category in ["C03", "C08", "C12", "C16"] {
        assert!(needs(&sample("shione_referral")).contains(category), "{category}");
    }
    let header_alone = sample("shione_referral").replace("保険・公費情報", "連絡事項");
    assert!(!needs(&header_alone).contains("C03"), "the head is no part of the words");
}

#[test]
fn a_score_in_a_childs_document_is_not_the_childs_and_that_is_said() {
    let of_child = with_scores(&[("99046-5", "12")]).replacen("19960514", "20261026", 1);
    let decoded = decode(&of_child);
    assert!(entries(&decoded).iter().all(|entry| entry.get("screening").is_none()));
    assert!(
        codes(&decoded).iter().any(|told| told.starts_with("H106 ") && told.ends_with("/observation")),
        "{:?}",
        codes(&decoded)
    );
}

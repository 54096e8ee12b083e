//! The window, for what is put on file about a person: objections, seals, custody, copies of forms, plans; and what it says to
//! who looks over the hub, in either language.

use crate::browser::{Browser, Seen};
use crate::city::City;
use crate::console_work::{proven, signed, with_a_discharge, with_visits};
use musubi::sample_city as sample;
use musubi_core::wire::agency_side::Draft;

/// The page of the first person of the roster whom these words name.
async fn family(nurse: &mut Browser, words: &str) -> Seen {
    let roster = nurse.get("/roster").await;
    nurse.get(roster.link_of("/family/", words)).await
}

/// The page on which things are put on file about that person.
async fn on_file(nurse: &mut Browser, words: &str) -> Seen {
    let family = family(nurse, words).await;
    nurse.get(family.from(words).link("/consent/")).await
}

#[tokio::test]
async fn an_objection_is_recorded_as_it_was_said_and_lifted_by_its_number() {
    let city = with_visits().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let person = on_file(&mut nurse, "灯").await;
    let page = nurse.get(person.link("/objection/")).await;
    assert!(page.says("異議はありません。"), "{}", page.body);
    let said =
        [("grantee", "CGC"), ("category", "C10"), ("said", "児童相談所には見せないでほしい"), ("capacity", "self")];
    let recorded = proven(&mut nurse, &page, page.link("/objection/"), &said).await;
    let page = nurse.follow(recorded).await;
    assert!(page.says("児童相談所 · 訪問・相談記録"), "{}", page.body);
    let number = page.body.split("name=\"objection\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let lifted = nurse.submit(&page, page.link("/lifting/"), &[("objection", number), ("capacity", "self")]).await;
    assert!(nurse.follow(lifted).await.says("異議はありません。"));
    let nothing = nurse.submit(&page, page.link("/lifting/"), &[("objection", "another")]).await;
    assert!(nothing.status == 422 && nothing.says("M821"), "{}", nothing.body);
}

#[tokio::test]
async fn a_sealed_record_is_seen_by_nobody_but_who_is_on_its_list() {
    let city = with_visits().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let person = on_file(&mut nurse, "灯").await;
    let page = nurse.get(person.link("/shield/")).await;
    let sealed = proven(&mut nurse, &page, page.link("/seal/"), &[("allowed", sample::HEALTH_CENTER)]).await;
    assert_eq!(sealed.status, 303, "{}", sealed.body);
    assert!(!nurse.get("/roster").await.says("髙柳　灯"));
}

#[tokio::test]
async fn custody_is_chosen_and_whoever_stands_in_conflict_is_named_whole() {
    let city = with_visits().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let person = on_file(&mut nurse, "灯").await;
    let page = nurse.get(person.link("/custody/")).await;
    let action = page.link("/custody/").to_owned();
    let unsaid = proven(&mut nurse, &page, &action, &[("name", ""), ("born", "")]).await;
    assert!(unsaid.status == 422 && unsaid.says("M827"), "{}", unsaid.body);
    let half = [("custody", "joint"), ("name", "髙柳 沙耶"), ("born", "")];
    let half = nurse.submit(&page, &action, &half).await;
    assert!(half.status == 422 && half.says("M824") && half.says("value=\"髙柳 沙耶\""), "{}", half.body);
    let whole = [("custody", "protective"), ("name", "髙柳 沙耶"), ("born", "2004-02-20")];
    assert_eq!(nurse.submit(&page, &action, &whole).await.status, 303);
}

#[tokio::test]
async fn the_copy_of_a_signed_form_is_kept_as_a_document_and_nothing_else_is_taken_for_one() {
    let city = with_a_discharge().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let page = nurse.get("/consent").await;
    let recorded = proven(&mut nurse, &page, "/consent", &signed()).await;
    assert_eq!(recorded.status, 303, "{}", recorded.body);
    let person = on_file(&mut nurse, "榎本").await;
    let page = nurse.get(person.link("/scan/")).await;
    let action = page.link("/scan/").to_owned();
    let text = nurse.upload(&page, &action, &[], ("同意書.txt", b"signed")).await;
    assert!(text.status == 422 && text.says("M833"), "{}", text.body);
    let nothing = nurse.upload(&page, &action, &[], ("同意書.pdf", b"")).await;
    assert!(nothing.status == 422 && nothing.says("M834"), "{}", nothing.body);
    let kept = nurse.upload(&page, &action, &[], ("同意書.pdf", b"%PDF-1.7 signed")).await;
    assert!(kept.says("写しを保管しました"), "{}", kept.body);
    let family = family(&mut nurse, "榎本").await;
    assert!(family.says("文書") && family.says("同意書の写し"), "{}", family.body);
    let copy = nurse.get(family.link("/document/").replace("&amp;", "&").as_str()).await;
    assert_eq!((copy.header("content-type"), copy.bytes.as_slice()), ("application/pdf", &b"%PDF-1.7 signed"[..]));
    assert!(copy.header("content-disposition").starts_with("attachment"), "{:?}", copy.headers);
    let nothing = nurse.get(family.link("/document/").split('?').next().unwrap()).await;
    assert!(nothing.status == 422 && nothing.says("M843"), "{}", nothing.body);
}

#[tokio::test]
async fn a_permit_without_a_witness_is_in_force_once_the_copy_of_its_form_is_kept() {
    let city = with_a_discharge().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let page = nurse.get("/consent").await;
    let unwitnessed: Vec<_> = signed().into_iter().filter(|(name, _)| *name != "witness").collect();
    let recorded = proven(&mut nurse, &page, "/consent", &unwitnessed).await;
    let waiting = nurse.follow(recorded).await;
    assert!(waiting.says("まだ有効ではありません"), "{}", waiting.body);
    assert!(nurse.get("/roster").await.says("名簿に表示できる方はいません"));
    let page = nurse.get(waiting.link("/scan/")).await;
    let action = page.link("/scan/").to_owned();
    city.set("2026-10-30T11:15:00+09:00");
    let late = nurse.upload(&page, &action, &[], ("同意書.pdf", b"%PDF-1.7 signed")).await;
    assert_eq!(late.header("location"), action, "the proof is too old, and is asked for before the file");
    let asked = nurse.get(&action).await;
    let open = proven(&mut nurse, &asked, asked.link("/copy/"), &[]).await;
    let page = nurse.follow(open).await;
    let kept = nurse.upload(&page, &action, &[], ("同意書.pdf", b"%PDF-1.7 signed")).await;
    assert!(kept.says("写しを保管しました") && kept.says("<b>有効</b>"), "{}", kept.body);
    assert!(nurse.get("/roster").await.says("榎本"));
}

#[tokio::test]
async fn a_plan_says_something_and_is_printed_in_her_words() {
    let city = with_visits().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let person = family(&mut nurse, "灯").await;
    let page = nurse.get(person.link("/plan/")).await;
    let action = page.link("/plan/").to_owned();
    let empty = nurse.submit(&page, &action, &[("wish", ""), ("goals", "")]).await;
    assert!(empty.status == 422 && empty.says("M830"), "{}", empty.body);
    let early = nurse.submit(&page, &action, &[("wish", "眠りたい"), ("review_on", "2026-11-01")]).await;
    assert!(early.says("M832") && early.says("眠りたい"), "{}", early.body);
    let agreed = nurse.submit(&page, &action, &[("wish", "一晩でいいから眠りたい"), ("kind", "stay")]).await;
    assert!(agreed.says("あなたの希望") && agreed.says("宿泊型"), "{}", agreed.body);
    assert!(family(&mut nurse, "灯").await.says("一晩でいいから眠りたい"));
}

#[tokio::test]
async fn what_a_record_says_is_said_in_english_too_and_what_people_wrote_is_not() {
    let city = with_visits().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let page = nurse.get("/today").await;
    nurse.submit(&page, "/language", &[]).await;
    let family = family(&mut nurse, "灯").await;
    for words in ["Home visit", "nobody at home", "Child seen", "a statutory task", "髙柳　灯"] {
        assert!(family.says(words), "{words}: {}", family.body);
    }
    assert!(!family.says("家庭訪問") && !family.says("不在"), "{}", family.body);
}

#[tokio::test]
async fn a_name_that_fits_two_says_so_and_not_who_they_are() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    for number in ["1", "2"] {
        let subjects = serde_json::json!([{"role": "CHILD", "issuer": sample::CENTER, "identifier": number}]);
        let names = serde_json::json!([{"text": "汐見 凪", "representation": "IDEOGRAPHIC"}]);
        let birth = serde_json::json!({"year": 2026, "month": 11, "day": 1});
        let entries = serde_json::json!([
            {"sourceKey": "p", "subjects": subjects, "personDetails": {"names": names, "birthDate": birth}},
            {"sourceKey": "n", "subjects": subjects, "newborn": {"bornAt": {"date": birth}}},
        ]);
        let submission = serde_json::json!({"format": "grpc", "messageId": number, "entries": entries});
        city.agency(sample::CENTER).intake().submit(Draft::from_json(&submission.to_string()).unwrap()).await.unwrap();
    }
    let whose = [("name", "汐見 凪"), ("born", "2026-11-01"), ("capacity", "self")];
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let page = nurse.get("/find").await;
    let found = nurse.submit(&page, "/find", &whose).await;
    assert!(found.says("同じ氏名・生年月日の方が複数います"), "{}", found.body);
    let mut auditor = city.signed_in(sample::CENTER, "hayakawa").await;
    let page = auditor.get("/statement").await;
    let several = proven(&mut auditor, &page, "/statement", &whose).await;
    assert!(several.status == 422 && several.says("M402") && !several.says("/family/"), "{}", several.body);
    let unknown = [whose[0], whose[1], ("capacity", "anybody")];
    let unknown = auditor.submit(&page, "/statement", &unknown).await;
    assert!(unknown.status == 422 && unknown.says("M826"), "{}", unknown.body);
}

#[tokio::test]
async fn one_message_is_followed_end_to_end_without_a_value_of_it() {
    let city = with_visits().await;
    city.running.hub.store.checkpoint().await.unwrap();
    let mut auditor = city.signed_in(sample::CENTER, "hayakawa").await;
    let list = auditor.get("/messages").await;
    let links = list.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut page = auditor.get(list.link("/message/")).await;
    // The clock stands: the file and its rows came in one moment, in any order.
    for link in links.filter(|link| link.starts_with("/message/")) {
        if !page.says("訪問年月日") {
            page = auditor.get(link).await;
        }
    }
    for words in ["汐音市保健センター", "ph05", "項目ごとの行き先", "訪問年月日"] {
        assert!(page.says(words), "{words}: {}", page.body);
    }
    for value in ["髙柳", "タカヤナギ", "浜通2丁目"] {
        assert!(!page.says(value), "{value}: {}", page.body);
    }
    for (entry, code) in [("ここ", "M828"), ("999999", "M613")] {
        let query: String = form_urlencoded::byte_serialize(entry.as_bytes()).collect();
        let refused = auditor.get(&format!("/proof/482072?entry={query}")).await;
        assert!(refused.status == 422 && refused.says(code), "{}", refused.body);
    }
    let proof = auditor.get("/proof/482072?entry=0").await;
    assert!(proof.header("content-disposition").contains("482072-0.proof") && proof.says("index 0"), "{}", proof.body);
    let mut provider = city.signed_in(sample::PROVIDER, "nogami").await;
    assert_eq!(provider.get(list.link("/message/")).await.status, 403);
}

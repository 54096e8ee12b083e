//! The window, for what is weighed: seen whole, answered with a reason after a proof, listed, and taken back.

use crate::browser::{Browser, Seen};
use crate::city::City;
use crate::console_work::{proven, with_visits};
use crate::weighing::REASON;
use musubi::sample_city as sample;

/// The page of the item of this code on today's list.
async fn item(officer: &mut Browser, code: &str) -> Seen {
    let today = officer.get("/today").await;
    let before = today.body.split(code).next().unwrap().len();
    let rest = Seen { body: today.body[before..].to_owned(), bytes: Vec::new(), ..today };
    officer.get(rest.link("/item/")).await
}

#[tokio::test]
async fn an_answer_that_opens_something_needs_a_reason_and_is_taken_back_on_a_page() {
    let city = City::with_a_word_in_conflict().await;
    assert!(!city.sees_the_newborn().await);
    let mut officer = city.signed_in(sample::CENTER, "fukatsu").await;
    let page = item(&mut officer, "HELD_CONFLICT").await;
    assert!(page.says("汐音市こども家庭センター") && page.says("保留している内容"), "{}", page.body);
    let action = page.link("/weigh/").to_owned();
    let short = [("answer", "permit"), ("note", "必要"), ("evidence", "面談記録"), ("until", "")];
    let refused = proven(&mut officer, &page, &action, &short).await;
    assert!(refused.status == 422 && refused.says("MU-E471") && refused.says("value=\"面談記録\""), "{}", refused.body);
    let no_day = [("answer", "permit"), ("note", REASON), ("until", "soon")];
    let refused = officer.submit(&page, &action, &no_day).await;
    assert!(refused.says("M842") && refused.says(REASON), "{}", refused.body);
    let permit = [("answer", "permit"), ("note", REASON), ("evidence", "面談記録"), ("until", "2026-11-30")];
    assert_eq!(officer.submit(&page, &action, &permit).await.header("location"), "/today");
    assert!(city.sees_the_newborn().await);

    let list = officer.get("/answered").await;
    assert!(list.says("提供してよい") && list.says(REASON), "{}", list.body);
    let page = officer.get(list.link("/item/")).await;
    let action = page.link("/weigh/").to_owned();
    let short = officer.submit(&page, &action, &[("answer", "take_back"), ("note", "誤り")]).await;
    assert!(short.status == 422 && short.says("M638") && short.says("誤り"), "{}", short.body);
    let taken = officer.submit(&page, &action, &[("answer", "take_back"), ("note", REASON)]).await;
    assert!(officer.follow(taken).await.says("取り消せる回答はありません"));
    assert!(!city.sees_the_newborn().await);
}

#[tokio::test]
async fn s18_nothing_that_is_weighed_is_answered_without_a_proof() {
    let city = with_visits().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let family = nurse.get("/roster").await;
    let family = nurse.get(family.link_of("/family/", "灯")).await;
    let page = nurse.get(family.link("/consent/")).await;
    let shield = nurse.get(page.link("/shield/")).await;
    let opened = proven(&mut nurse, &shield, shield.link("/shield/"), &[("until", "2027-10-01")]).await;
    assert_eq!(opened.status, 303, "{}", opened.body);
    city.set("2026-11-11T17:21:00+09:00");
    let mut officer = city.signed_in(sample::CENTER, "fukatsu").await;
    let page = item(&mut officer, "SHIELD_RENEWAL").await;
    let plain = page.link("/weigh/").replace("/weigh/", "/item/");
    let led = officer.submit(&page, &plain, &[("answer", "lift"), ("note", "")]).await;
    assert!(led.status == 303 && led.header("location") == plain, "{}", led.body);
    assert!(officer.get("/today").await.says("SHIELD_RENEWAL"), "it is in force, and waits");
    let lift = [("answer", "lift"), ("note", "避難先から戻ったとの申出")];
    let proposed = proven(&mut officer, &page, page.link("/weigh/"), &lift).await;
    let today = officer.follow(proposed).await;
    assert!(today.says("SHIELD_RENEWAL") && today.says("SHIELD_LIFT"), "proposed, and not lifted: {}", today.body);
    let own = item(&mut officer, "SHIELD_LIFT").await;
    assert!(own.says("避難先から戻ったとの申出") && own.says("fukatsu"), "{}", own.body);
    let approve = [("answer", "approve"), ("note", "")];
    let refused = officer.submit(&own, own.link("/weigh/"), &approve).await;
    assert!(refused.status == 403 && refused.says("M854"), "{}", refused.body);
    let page = item(&mut nurse, "SHIELD_LIFT").await;
    let approved = proven(&mut nurse, &page, page.link("/weigh/"), &approve).await;
    let today = nurse.follow(approved).await;
    assert!(!today.says("SHIELD_LIFT") && !today.says("SHIELD_RENEWAL"), "another officer approved it: {}", today.body);
}

#[tokio::test]
async fn a_request_for_access_is_decided_by_the_privacy_officer_on_a_page() {
    let city = with_visits().await;
    let mut auditor = city.signed_in(sample::CENTER, "hayakawa").await;
    let page = auditor.get("/statement").await;
    let asked = [
        ("name", "タカヤナギ アカリ"),
        ("born", "2026-10-19"),
        ("capacity", "guardian"),
        ("asker_name", "湊 直樹"),
        ("asker_born", "1990-04-02"),
    ];
    let empty = proven(&mut auditor, &page, "/statement", &asked).await;
    assert!(empty.says("提供の記録はありません。"), "{}", empty.body);
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    assert!(!nurse.get("/today").await.says("ACCESS_REVIEW"), "it is for the officers who decide");
    let mut officer = city.signed_in(sample::CENTER, "isobe").await;
    let page = item(&mut officer, "ACCESS_REVIEW").await;
    assert!(page.says("未成年後見人") && page.says("湊 直樹"), "{}", page.body);
    let disclose = [("answer", "disclose"), ("note", REASON)];
    let decided = proven(&mut officer, &page, page.link("/weigh/"), &disclose).await;
    assert_eq!(decided.header("location"), "/today", "{}", decided.body);
}

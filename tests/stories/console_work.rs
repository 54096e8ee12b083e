//! The window, lived through: consent, requests, referrals, files, an emergency, a statement, each by the person whose work
//! it is.

use crate::browser::{Browser, Seen};
use crate::city::{City, MOTHER, VISITS};
use crate::steps::{COUNCIL_CASE, akari, saya};
use musubi::sample_city as sample;

/// Somebody shows who she is where a page asks for it, and what she typed is carried on.
pub(crate) async fn proven(browser: &mut Browser, page: &Seen, action: &str, fields: &[(&str, &str)]) -> Seen {
    let asked = browser.submit(page, action, fields).await;
    assert!(asked.status == 403 && asked.says("本人であることをもう一度確かめます"), "{action}: {}", asked.body);
    let mut carried: Vec<(&str, &str)> = fields.iter().copied().filter(|(name, _)| *name != "proof").collect();
    carried.push(("proof", "sample"));
    browser.submit(&asked, asked.link(action), &carried).await
}

/// What a nurse fills in from the signed form of 榎本.
pub(crate) fn signed() -> Vec<(&'static str, &'static str)> {
    let mut fields = vec![
        ("name", "榎本 千夏"),
        ("born", "1996-05-14"),
        ("capacity", "self"),
        ("grantee", sample::CENTER),
        ("purpose", "P3"),
        ("purpose", "P4"),
        ("until", "2027-10-25"),
        ("version", "2026-04"),
        ("witness", "ooba"),
        ("explained", "提供先と、断っても支援が変わらないこと"),
    ];
    fields.extend(["C01", "C02", "C04", "C05", "C07"].map(|category| ("category", category)));
    fields
}

pub(crate) async fn with_a_discharge() -> City {
    let city = City::at("2026-10-30T11:05:00+09:00").await;
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA"));
    city
}

pub(crate) async fn with_visits() -> City {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    let sent = city.agency(sample::HEALTH_CENTER).post("/v1/documents?format=ph05", "text/csv", VISITS.to_vec()).await;
    assert_eq!(sent.unwrap().status, 422);
    city
}

#[tokio::test]
async fn s18_a_consent_is_recorded_after_a_proof_opens_the_discharge_and_its_withdrawal_closes_it() {
    let city = with_a_discharge().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    assert!(nurse.get("/roster").await.says("名簿に表示できる方はいません"));
    let page = nurse.get("/consent").await;
    let short: Vec<_> = signed().into_iter().filter(|(name, _)| *name != "until").collect();
    let refused = proven(&mut nurse, &page, "/consent", &short).await;
    assert!(refused.status == 422 && refused.says("M821") && refused.says("value=\"榎本 千夏\""), "{}", refused.body);
    let recorded = nurse.submit(&page, "/consent", &signed()).await;
    let recorded = nurse.follow(recorded).await;
    assert!(recorded.says("記録しました。有効です。"), "{}", recorded.body);
    let roster = nurse.get("/roster").await;
    let family = nurse.get(roster.link_of("/family/", "榎本")).await;
    assert!(family.says("退院") && family.says("本人の同意"), "{}", family.body);
    let consent = nurse.get(family.link("/consent/")).await;
    assert!(consent.says("汐音市こども家庭センター") && consent.says("有効"), "{}", consent.body);
    let withdrawn = nurse.submit(&consent, consent.link("/withdraw/"), &[("capacity", "self")]).await;
    assert!(withdrawn.says("同意を撤回しました") && withdrawn.says("撤回の前に提供されたもの"), "{}", withdrawn.body);
    let ended = nurse.get(withdrawn.link("/consent/")).await;
    assert!(ended.says("撤回により終了") && !ended.says("同意を撤回する"), "{}", ended.body);
    assert!(nurse.get("/roster").await.says("名簿に表示できる方はいません"));
    assert!(nurse.get("/consent-form").await.says("同意しなくても、受けられる支援は変わりません。"));
}

#[tokio::test]
async fn a_file_is_answered_row_by_row_and_comes_back_with_its_results() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    let mut nurse = city.signed_in(sample::HEALTH_CENTER, "shiina").await;
    let page = nurse.get("/upload").await;
    let answer = nurse.upload(&page, "/upload", &[("format", "auto")], ("訪問.csv", VISITS)).await;
    for words in ["4行を受け取りました", "1行は受け取れませんでした", "JP-E602", "行 5", "不受理"]
    {
        assert!(answer.says(words), "{words}: {}", answer.body);
    }
    let copy = nurse.get(answer.link("/corrected/")).await;
    assert!(copy.header("content-disposition").starts_with("attachment"), "{:?}", copy.headers);
    // The file came in CP932, and goes back so.
    let heading = [0x8e, 0xe6, 0x8d, 0x9e, 0x8c, 0x8b, 0x89, 0xca];
    assert!(copy.bytes.windows(heading.len()).any(|window| window == heading), "{}", copy.body);
    let again = nurse.upload(&page, "/upload", &[("format", "ph05")], ("訪問.csv", VISITS)).await;
    assert!(again.says("受領済み"), "{}", again.body);
    let template = nurse.get(page.link("/template/ph05")).await;
    assert!(template.status == 200 && !template.bytes.is_empty());
    let nothing = nurse.upload(&page, "/upload", &[("format", "auto")], ("空.csv", b"")).await;
    assert!(nothing.status == 422 && nothing.says("M823"), "{}", nothing.body);
}

#[tokio::test]
async fn a_referral_is_accepted_with_one_click_and_answered() {
    let city = with_visits().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let family = nurse.get("/roster").await;
    let family = nurse.get(family.link("/family/")).await;
    let form = nurse.get(family.link("/refer/")).await;
    let terms = [("to", sample::PROVIDER), ("kind", "support"), ("reason", "育児の手伝い"), ("reply_by", "2026-11-20")];
    let sent = nurse.submit(&form, form.link("/refer/"), &terms).await;
    assert!(nurse.follow(sent).await.says("送信済み"));
    let mut midwife = city.signed_in(sample::PROVIDER, "nogami").await;
    let asked = midwife.get("/referrals").await;
    assert!(asked.says("育児の手伝い") && asked.says("引き受ける"), "{}", asked.body);
    assert!(nurse.get("/referrals").await.says("class=\"person\""), "the center sees whom it is about");
    let declined = midwife.submit(&asked, asked.link("/referral/"), &[("step", "decline"), ("note", "")]).await;
    assert!(declined.status == 409 && declined.says("M605"), "{}", declined.body);
    let accepted = midwife.submit(&asked, asked.link("/referral/"), &[("step", "accept"), ("note", "")]).await;
    assert!(midwife.follow(accepted).await.says("引受け済み"));
    assert!(nurse.get("/referrals").await.says("引受け済み"));
}

/// A caseworker asks for 灯 of whom he has heard.
pub(crate) fn request() -> Vec<(&'static str, &'static str)> {
    vec![
        ("code", "L04"),
        ("number", "汐児8-204"),
        ("head", "所長"),
        ("name", "タカヤナギ アカリ"),
        ("born", "2026-10-19"),
        ("category", "C01"),
        ("category", "C10"),
        ("category", "C11"),
        ("necessity", "泣き声の通報があり、乳児の安全を確かめるため"),
        ("until", "2026-12-16"),
    ]
}

#[tokio::test]
async fn a_request_waits_for_its_holder_who_sees_what_speaks_for_and_against() {
    let city = with_visits().await;
    city.set("2026-11-16T10:00:00+09:00");
    let mut caseworker = city.signed_in(sample::GUIDANCE_CENTER, "w-0412").await;
    let page = caseworker.get("/question").await;
    let sent = caseworker.submit(&page, "/request", &request()).await;
    assert!(sent.status == 200 && sent.says("求めを記録し"), "{}", sent.body);
    let ask = [("number", "汐児8-204"), ("purpose", "P5"), ("name", "タカヤナギ アカリ"), ("born", "2026-10-19")];
    let before = caseworker.submit(&page, "/question", &ask).await;
    assert!(before.says("表示できる記録はありません"), "{}", before.body);
    let mut officer = city.signed_in(sample::CENTER, "fukatsu").await;
    let today = officer.get("/today").await;
    let hold = officer.get(today.link("/hold/")).await;
    for words in ["朝凪県南部児童相談所", "泣き声の通報", "訪問・相談記録", "提供に向かないこと", "髙柳　灯"]
    {
        assert!(hold.says(words), "{words}: {}", hold.body);
    }
    let chosen = [("answer", "approve"), ("category", "C01"), ("category", "C10")];
    let approved = proven(&mut officer, &hold, hold.link("/hold/"), &chosen).await;
    let left = officer.follow(approved).await;
    assert!(left.says("回答済み") && left.says("家庭の状況"), "{}", left.body);
    let refused = officer.submit(&left, left.link("/hold/"), &[("answer", "refuse"), ("category", "C11")]).await;
    assert!(refused.status == 303, "{}", refused.body);
    for ask in [&ask[..], &ask[..2]] {
        let after = caseworker.submit(&page, "/question", ask).await;
        assert!(after.says("家庭訪問") && after.says("法令の定め") && !after.says("凜"), "{}", after.body);
    }
    let unknown = caseworker.submit(&page, "/question", &[("number", "汐児8-205"), ask[1]]).await;
    assert!(unknown.says("表示できる記録はありません"), "{}", unknown.body);
    let none = caseworker.submit(&page, "/question", &[("number", ""), ask[1]]).await;
    assert!(none.status == 422 && none.says("CG-E305"), "{}", none.body);
}

#[tokio::test]
async fn a_member_leaves_a_case_on_a_page_and_sees_nothing_of_it_any_more() {
    let city = with_visits().await;
    city.set("2026-11-17T10:00:00+09:00");
    city.center().opens_a_council_case(vec![akari(), saya()], &["C01", "C10", "C13"]).await;
    let mut caseworker = city.signed_in(sample::GUIDANCE_CENTER, "w-0412").await;
    let question = caseworker.get("/question").await;
    let page = caseworker.get("/leave").await;
    assert!(page.says(COUNCIL_CASE) && page.says("汐音市こども家庭センター"), "{}", page.body);
    let ask = [("number", COUNCIL_CASE), ("purpose", "P6"), ("name", "タカヤナギ アカリ"), ("born", "2026-10-19")];
    let before = caseworker.submit(&question, "/question", &ask).await;
    assert!(!before.says("表示できる記録はありません"), "{}", before.body);
    let unknown = proven(&mut caseworker, &page, "/leave", &[("case", "K-0"), ("last_day", "")]).await;
    assert!(unknown.status != 200 && unknown.says("value=\"K-0\""), "{}", unknown.body);
    let no_day = [("case", COUNCIL_CASE), ("last_day", "tomorrow")];
    let refused = caseworker.submit(&page, "/leave", &no_day).await;
    assert!(refused.status == 422 && refused.says("M841"), "{}", refused.body);
    let left = caseworker.submit(&page, "/leave", &[("case", COUNCIL_CASE), ("last_day", "")]).await;
    assert!(left.status == 200 && left.says("調整機関に知らせました"), "{}", left.body);
    city.clock.advance_minutes(1);
    let after = caseworker.submit(&question, "/question", &ask).await;
    assert!(after.says("表示できる記録はありません"), "{}", after.body);
    assert!(caseworker.get("/leave").await.says("参加しているケースはありません"));
    let mut officer = city.signed_in(sample::CENTER, "fukatsu").await;
    assert!(officer.get("/today").await.says("構成員から外れます"));
}

#[tokio::test]
async fn s62_an_emergency_opens_after_two_steps_and_a_proof() {
    let city = with_visits().await;
    city.set("2026-11-14T23:40:00+09:00");
    let mut caseworker = city.signed_in(sample::GUIDANCE_CENTER, "w-0412").await;
    let page = caseworker.get("/emergency").await;
    let terms = [
        ("name", "タカヤナギ アカリ"),
        ("born", "2026-10-19"),
        ("reason_code", "abuse"),
        ("reason", "189に泣き声の通報。乳児の安否を今夜確認する必要がある"),
        ("threatened", "児"),
        ("no_consent", "深夜で連絡がつかない"),
    ];
    let short: Vec<_> =
        terms.iter().copied().map(|(name, value)| (name, if name == "reason" { "急ぐ" } else { value })).collect();
    let refused = proven(&mut caseworker, &page, "/emergency", &short).await;
    assert!(refused.status == 422 && refused.says("value=\"タカヤナギ アカリ\""), "{}", refused.body);
    let offered = caseworker.submit(&page, "/emergency", &terms).await;
    assert!(offered.says("見えるようになる内容") && !offered.says("家庭訪問"), "{}", offered.body);
    let mut fields: Vec<(&str, &str)> = vec![("name", terms[0].1), ("born", terms[1].1)];
    let offered_categories: Vec<String> =
        offered.body.split("name=\"category\" value=\"").skip(1).map(|rest| rest[..3].to_owned()).collect();
    fields.extend(offered_categories.iter().map(|category| ("category", category.as_str())));
    let opened = caseworker.submit(&offered, offered.link("/emergency/"), &fields).await;
    assert!(
        opened.says("緊急閲覧中です") && opened.says("家庭訪問") && opened.says("最後に会った人"),
        "{}",
        opened.body
    );
    let ended = caseworker.submit(&opened, opened.link("/emergency-end/"), &[]).await;
    assert!(ended.says("緊急閲覧を終えました"), "{}", ended.body);
    city.clock.advance_minutes(1);
    let find = caseworker.get("/find").await;
    let after = caseworker.submit(&find, "/find", &[terms[0], terms[1], ("purpose", "P11")]).await;
    assert!(after.says("表示できる方はいません"), "{}", after.body);
    let mut officer = city.signed_in(sample::CENTER, "fukatsu").await;
    let today = officer.get("/today").await;
    let review = officer.get(today.from("EMERGENCY_REVIEW").link("/item/")).await;
    for words in ["189に泣き声の通報", "朝凪県南部児童相談所", "見えた内容", "訪問・相談記録"]
    {
        assert!(review.says(words), "{words}: {}", review.body);
    }
    let judged = proven(&mut officer, &review, review.link("/weigh/"), &[("answer", "justified"), ("note", "")]).await;
    let informed = officer.follow(judged).await;
    assert!(informed.says("INFORM_SUBJECT") && !informed.says("EMERGENCY_REVIEW"), "{}", informed.body);
}

#[tokio::test]
async fn an_auditor_makes_a_statement_and_takes_a_checkpoint_home() {
    let city = with_visits().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    nurse.get("/roster").await;
    let mut auditor = city.signed_in(sample::CENTER, "hayakawa").await;
    let page = auditor.get("/statement").await;
    let whose = [("name", "タカヤナギ アカリ"), ("born", "2026-10-19"), ("capacity", "self")];
    let statement = proven(&mut auditor, &page, "/statement", &whose).await;
    assert!(statement.says("情報の提供の記録") && statement.says("法定の事務"), "{}", statement.body);
    let table = auditor.submit(&page, "/statement", &[&whose[..], &[("as", "csv")]].concat()).await;
    assert!(
        table.header("content-type").starts_with("text/csv") && table.says("汐音市こども家庭センター"),
        "{}",
        table.body
    );
    let of_a_guardian = [("capacity", "guardian"), ("asker_name", "湊 直樹"), ("asker_born", "1990-04-02")];
    let asked = auditor.submit(&page, "/statement", &[&whose[..2], &of_a_guardian].concat()).await;
    assert!(asked.says("提供の記録はありません。"), "until somebody decides, as if nothing were held: {}", asked.body);
    let oversight = auditor.get("/oversight").await;
    assert!(oversight.says("482072") && oversight.says("助産院 汐の宿"), "{}", oversight.body);
}

//! The window, through a browser: who gets in, what a page promises, and what people see of a family.

use crate::city::{City, TWO_WEEK_CHECK, VISITS};
use musubi::console::{Method, Need, ROUTES};
use musubi::hub::caller::may;
use musubi::hub::enrol::Enrolment;
use musubi::sample_city as sample;
use musubi_core::agency::{AgencyId, AgencyKind, Role};

/// A city in which the two-week check of 榎本 and the visits of the health center are on file.
async fn with_tasks_of_the_city() -> City {
    let city = City::at("2026-11-09T17:00:00+09:00").await;
    assert!(city.send(sample::HOSPITAL, TWO_WEEK_CHECK).await.contains("MSA|AA"));
    city.set("2026-11-11T17:15:00+09:00");
    let taken = city.agency(sample::HEALTH_CENTER).post("/v1/documents?format=ph05", "text/csv", VISITS.to_vec()).await;
    assert_eq!(taken.unwrap().status, 422, "the last of its rows is refused");
    city
}

#[tokio::test]
async fn s15_a_sample_person_signs_in_works_and_leaves() {
    let city = City::at("2026-11-14T10:00:00+09:00").await;
    let mut browser = city.stranger();
    let gate = browser.get("/sign-in").await;
    assert!(gate.status == 200 && gate.says("開発用の画面です") && gate.says("ooba"), "{}", gate.body);
    assert_eq!(browser.get("/today").await.header("location"), "/sign-in");
    let mut browser = city.signed_in(sample::CENTER, "ooba").await;
    let page = browser.get("/today").await;
    assert!(page.status == 200 && page.says("汐音市こども家庭センター") && page.says("保健師"), "{}", page.body);
    let english = browser.submit(&page, "/language", &[]).await;
    let english = browser.follow(english).await;
    assert_eq!(english.header("location"), "/today");
    assert!(browser.get("/today").await.says("Nothing waits for you."));
    let cookie = browser.cookie.clone();
    let left = browser.submit(&page, "/sign-out", &[]).await;
    assert_eq!((left.header("location"), &browser.cookie), ("/sign-in", &None));
    browser.cookie = cookie;
    assert_eq!(browser.get("/today").await.header("location"), "/sign-in", "the state on the server is gone");
}

#[tokio::test]
async fn s15_a_session_ends_by_itself_and_with_the_agency() {
    let city = City::at("2026-11-14T10:00:00+09:00").await;
    let mut browser = city.signed_in(sample::CENTER, "ooba").await;
    city.set("2026-11-14T10:10:00+09:00");
    assert_eq!(browser.get("/today").await.status, 200);
    city.set("2026-11-14T10:20:01+09:00");
    assert_eq!(browser.get("/today").await.header("location"), "/sign-in");
    let mut browser = city.signed_in(sample::CENTER, "ooba").await;
    let order = Enrolment::Suspend(AgencyId::new(sample::CENTER).unwrap());
    city.running.hub.enrol(order, "operator").await.unwrap();
    assert_eq!(browser.get("/today").await.header("location"), "/sign-in");
}

#[tokio::test]
async fn s16_a_form_from_elsewhere_or_without_the_token_does_nothing() {
    let city = City::at("2026-11-14T10:00:00+09:00").await;
    let mut browser = city.signed_in(sample::CENTER, "ooba").await;
    let page = browser.get("/today").await;
    let token = page.token().to_owned();
    for route in ROUTES.iter().filter(|route| route.method != Method::Get) {
        let path = route.path.replace("{handle}", "x");
        let other = browser.post_from("https://elsewhere.example", &path, &[("token", &token)]).await;
        assert_eq!((other.status, other.body.as_str()), (403, ""), "{path}");
        let without = browser.post(&path, &[("token", "guessed")]).await;
        assert!(without.status == 403 || without.status == 400, "{path}: {}", without.status);
    }
    assert_eq!(browser.get("/today").await.status, 200, "nobody was signed out by it");
    let login = city
        .stranger()
        .post_from("https://elsewhere.example", "/sign-in", &[("agency", sample::CENTER), ("staff", "ooba")])
        .await;
    assert_eq!(login.status, 403);
}

#[tokio::test]
async fn s16_every_answer_forbids_what_a_page_does_not_need() {
    let city = City::at("2026-11-14T10:00:00+09:00").await;
    let mut browser = city.signed_in(sample::CENTER, "ooba").await;
    let paths = ["/sign-in", "/today", "/roster", "/family/x", "/nothing", "/style.css", "/window.js"];
    for path in paths {
        let page = browser.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!((page.header("referrer-policy"), page.header("x-content-type-options")), ("no-referrer", "nosniff"));
        assert_eq!(page.header("cache-control") == "no-store", !path.contains('.'), "{path}");
        for foreign in ["http://", "https://", " style=\"", "javascript:", "<script>"] {
            assert!(!page.says(foreign), "{path} has {foreign}");
        }
    }
}

#[tokio::test]
async fn s10_every_page_refuses_a_stranger_and_everybody_whose_role_may_not() {
    let city = City::at("2026-11-14T10:00:00+09:00").await;
    let mut stranger = city.stranger();
    for route in ROUTES {
        let path = route.path.replace("{handle}", "x");
        let answer = match route.method {
            Method::Get => stranger.get(&path).await,
            Method::Post | Method::Upload => stranger.post(&path, &[]).await,
        };
        assert_eq!((answer.status, answer.header("location")), (303, "/sign-in"), "{path}");
    }
    let everybody = sample::agencies();
    for agency in &everybody {
        for (staff, role) in &agency.staff {
            let mut browser = city.signed_in(agency.id.as_str(), staff).await;
            let page = browser.get("/find").await;
            let token = page.token().to_owned();
            for route in ROUTES {
                let Need::May(operation) = route.need else { continue };
                if may(agency.kind, *role, operation) {
                    continue;
                }
                let path = route.path.replace("{handle}", "x");
                let answer = match route.method {
                    Method::Get => browser.get(&path).await,
                    _ => browser.post(&path, &[("token", &token)]).await,
                };
                // A form with a file that is none cannot be read, before anybody is asked who may.
                let refused = if route.method == Method::Upload { 400 } else { 403 };
                assert_eq!(answer.status, refused, "{staff} {path}");
            }
        }
    }
    assert!(!may(AgencyKind::Prv, Role::ProviderStaff, musubi::hub::caller::Operation::SeeRoster));
}

#[tokio::test]
async fn a_nurse_sees_who_is_in_view_and_one_family_on_one_page() {
    let city = with_tasks_of_the_city().await;
    let mut browser = city.signed_in(sample::CENTER, "ooba").await;
    let today = browser.get("/today").await;
    assert!(today.says("SELF_HARM") && today.from("SELF_HARM").says("対応しました"), "{}", today.body);
    let roster = browser.get("/roster").await;
    for words in ["榎本", "汐音市保健センター", "次の予定", "令和8年(2026年)11月"] {
        assert!(roster.says(words), "{words}: {}", roster.body);
    }
    for name in ["榎本", "タカヤナギ", "ooba"] {
        assert!(roster.body.split("href=\"").skip(1).all(|link| !link.split('"').next().unwrap().contains(name)));
    }
    let family = browser.get(roster.link_of("/family/", "千夏")).await;
    for words in ["経過", "質問票", "12点", "朝凪県立汐音総合病院", "法定の事務", "<svg", "再提供・目的外利用は禁止"]
    {
        assert!(family.says(words), "{words}: {}", family.body);
    }
    assert_eq!(browser.get("/family/guessed").await.status, 422);
    let mut colleague = city.signed_in(sample::CENTER, "fukatsu").await;
    assert_eq!(colleague.get(roster.link("/family/")).await.status, 422, "an address of another session opens nothing");
}

#[tokio::test]
async fn s63_what_a_page_shows_stands_in_the_statement_of_the_person() {
    let city = with_tasks_of_the_city().await;
    let mut browser = city.signed_in(sample::CENTER, "ooba").await;
    let before = city.releases_to_the_center().await;
    let roster = browser.get("/roster").await;
    let listed = city.releases_to_the_center().await;
    assert!(listed > before);
    browser.get(roster.link_of("/family/", "千夏")).await;
    assert_eq!(city.releases_to_the_center().await, listed + 1);
}

#[tokio::test]
async fn s60_somebody_is_found_by_name_and_birth_date_together_and_nobody_by_one_of_them() {
    let city = with_tasks_of_the_city().await;
    let mut browser = city.signed_in(sample::CENTER, "ooba").await;
    let page = browser.get("/find").await;
    let both = [("name", "榎本 千夏"), ("born", "1996-05-14"), ("purpose", "P3")];
    let found = browser.submit(&page, "/find", &both).await;
    assert!(found.status == 200 && found.says("榎本") && found.says("12点"), "{}", found.body);
    let nobody = browser.submit(&page, "/find", &[("name", "榎本 千夏"), ("born", ""), ("purpose", "P3")]).await;
    assert!(nobody.says("表示できる方はいません") && nobody.says("value=\"榎本 千夏\""), "{}", nobody.body);
    let mut hospital = city.signed_in(sample::HEALTH_CENTER, "shiina").await;
    let page = hospital.get("/find").await;
    let hidden = hospital.submit(&page, "/find", &[both[0], both[1], ("purpose", "P1")]).await;
    let unknown = hospital.submit(&page, "/find", &[("name", "汐野 某"), both[1], ("purpose", "P1")]).await;
    let without = |seen: &crate::browser::Seen, name: &str| seen.body.replace(name, "");
    assert_eq!(without(&hidden, "榎本 千夏"), without(&unknown, "汐野 某"));
}

impl City {
    /// How often something of 榎本 was shown to the center.
    async fn releases_to_the_center(&self) -> usize {
        use musubi::edge::grpc::client::StatementRequest;
        let subject = Some(crate::agencies::person(sample::HOSPITAL, "00012345", "mother"));
        let request = StatementRequest { staff_id: "hayakawa".to_owned(), subject, ..Default::default() };
        self.agency(sample::CENTER).audit().statement(request).await.unwrap().into_inner().rows.len()
    }
}

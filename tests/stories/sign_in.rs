//! Who comes to the console with a certificate, a password and a second factor, through a browser: enrolled by two others, shut out
//! after too many tries, known at every hub, and asked once more before what is not easily undone.

use crate::authenticator::Authenticator;
use crate::browser::{Browser, Seen};
use crate::city::City;
use musubi::ca::{Authority, Order, Subject, write_secret};
use musubi::clock::{Clock, SystemClock};
use musubi::config::SignIn;
use musubi::console::{Method, Need, ROUTES};
use musubi::edge::tls::ClientFiles;
use musubi::hub::Hub;
use musubi::hub::caller::may;
use musubi::hub::sign_in::Officer;
use musubi::orders::What;
use musubi::sample_city as sample;
use musubi_core::agency::{AgencyId, AgencyKind, Role};
use musubi_core::sign_in::{Half, Terms};
use std::time::Duration;
use tokio::time::Instant;

pub(crate) const PASSWORD: &str = "ame no furu hi wa hon wo yomu";
pub(crate) const WRONG: &str = "hare no hi wa soto ni deru";

/// Somebody of the center who is enrolled.
pub(crate) struct Person {
    pub(crate) staff_id: String,
    pub(crate) authenticator: Authenticator,
}

/// A city whose people sign in as they do in production.
async fn city() -> City {
    City::with("2026-11-14T10:00:00+09:00", |config| config.console.sign_in = Some(SignIn::Staff)).await
}

/// Two operators enrol somebody who keeps the staff of the center, and hand over the two halves of the code.
pub(crate) async fn ordered(hub: &Hub, staff_id: &str, role: Role) -> [String; 2] {
    let halves = [Half::from_random(random(staff_id, 1)), Half::from_random(random(staff_id, 2))];
    let terms = Terms { staff_id: staff_id.to_owned(), name: "試験 太郎".to_owned(), role, keeper: true };
    for (half, (by, terms)) in halves.iter().zip([("op-1", Some(terms)), ("op-2", None)]) {
        let agency = AgencyId::new(sample::CENTER).unwrap();
        let officer = Officer { agency, terms, staff_id: staff_id.to_owned(), half: half.hash() };
        What::Officer(officer).carry_out(hub, by).await.unwrap();
    }
    halves.map(|half| half.to_string())
}

fn random(name: &str, number: u8) -> [u8; 8] {
    let mut bytes = [number; 8];
    bytes.iter_mut().zip(name.bytes()).for_each(|(byte, letter)| *byte ^= letter);
    bytes
}

impl Browser {
    /// Enrols with both halves of a code.
    pub(crate) async fn enrol(&mut self, staff_id: &str, halves: &[String; 2], now: musubi_core::time::Time) -> Person {
        let code = [("staff", staff_id), ("one", &halves[0]), ("other", &halves[1])];
        let second = self.post("/enrol", &code).await;
        assert_eq!(second.status, 200, "{}", second.body);
        let secret = second.from("<code>").body[6..].split('<').next().unwrap().to_owned();
        let authenticator = Authenticator::of(&secret);
        let shown = authenticator.shown_at(now);
        let chosen = [("password", PASSWORD), ("password", PASSWORD), ("code", &shown)];
        let done = self.post("/enrol", &[code.as_slice(), &chosen].concat()).await;
        assert!(done.status == 200 && done.says("登録しました"), "{}", done.body);
        Person { staff_id: staff_id.to_owned(), authenticator }
    }

    pub(crate) async fn knock(&mut self, staff_id: &str, password: &str, code: &str) -> Seen {
        self.post("/sign-in", &[("staff", staff_id), ("password", password), ("code", code)]).await
    }

    pub(crate) async fn sign_in(&mut self, person: &Person, now: musubi_core::time::Time) {
        let answer = self.knock(&person.staff_id, PASSWORD, &person.authenticator.shown_at(now)).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.body);
    }
}

impl City {
    fn now(&self) -> musubi_core::time::Time {
        self.running.hub.now()
    }

    /// An authenticator shows the next code.
    fn next_code(&self) {
        self.clock.advance_minutes(1);
    }

    /// Somebody who keeps the staff of the center, enrolled.
    async fn keeper(&self, staff_id: &str, role: Role) -> Person {
        let halves = ordered(&self.running.hub, staff_id, role).await;
        let person = self.browser_of(sample::CENTER).enrol(staff_id, &halves, self.now()).await;
        self.next_code();
        person
    }

    /// A browser in which this person of the center has signed in.
    async fn working(&self, person: &Person) -> Browser {
        let mut browser = self.browser_of(sample::CENTER);
        browser.sign_in(person, self.now()).await;
        self.next_code();
        browser
    }
}

/// What a page says, without the staff id that was typed.
fn said(seen: &Seen, staff_id: &str) -> (u16, String) {
    (seen.status, seen.body.replace(staff_id, "…"))
}

/// Does something that asks for a proof, with one.
async fn proven(browser: &mut Browser, page: &Seen, action: &str, fields: &[(&str, &str)], code: &str) -> Seen {
    let asked = browser.submit(page, action, fields).await;
    assert!(asked.status == 403 && asked.says("本人であることをもう一度確かめます"), "{}", asked.body);
    browser.submit(page, action, &[fields, &[("proof", code)]].concat()).await
}

fn half_on(seen: &Seen) -> String {
    seen.from("<code>").body[6..].split('<').next().unwrap().to_owned()
}

/// A second certificate of the center, as each of its PCs has one.
fn another_certificate(city: &City) -> ClientFiles {
    let authority = Authority::open(&city.config.data.ca()).unwrap();
    let order = Order::client(Subject::Agency(AgencyId::new(sample::CENTER).unwrap()), 30);
    let made = authority.issue_pair(&order, SystemClock.now()).unwrap();
    let folder = city.folder.path();
    let (certificate, key) = (folder.join("second.pem"), folder.join("second.key"));
    std::fs::write(&certificate, made.certificate_pem).unwrap();
    write_secret(&key, &made.key_pem).unwrap();
    ClientFiles { certificate, key, ..sample::client_files(&city.config, sample::CENTER) }
}

#[tokio::test]
async fn s14_two_colleagues_enrol_somebody_who_then_signs_in() {
    let city = city().await;
    let (ooba, isobe) = (city.keeper("ooba", Role::Phn).await, city.keeper("isobe", Role::PrivacyOfficer).await);
    let mut first = city.working(&ooba).await;
    let page = first.get("/staff").await;
    assert!(page.says("職員管理者") && page.says("hayakawa") && page.says("なし(画面には入れません)"), "{}", page.body);
    let terms = [("staff", "mizuno"), ("name", "水野 はる"), ("role", "midwife")];
    let proposed = proven(&mut first, &page, "/staff", &terms, &ooba.authenticator.shown_at(city.now())).await;
    let one = half_on(&proposed);
    let own = first.submit(&page, "/staff/confirm", &[("staff", "mizuno")]).await;
    assert!(own.status == 422 && own.says("提案した人は確認できません"), "{}", own.body);

    let mut second = city.working(&isobe).await;
    let page = second.get("/staff").await;
    let shown = isobe.authenticator.shown_at(city.now());
    let confirmed = proven(&mut second, &page, "/staff/confirm", &[("staff", "mizuno")], &shown).await;
    let other = half_on(&confirmed);
    assert_ne!(one, other);

    let mut browser = city.browser_of(sample::CENTER);
    for halves in [[&one, &one], [&other, &other]] {
        let refused = browser.post("/enrol", &[("staff", "mizuno"), ("one", halves[0]), ("other", halves[1])]).await;
        assert!(refused.status == 403 && refused.says("登録用コードで入れませんでした"), "{}", refused.body);
    }
    let halves = [one, other];
    let weak = [("staff", "mizuno"), ("one", &halves[0]), ("other", &halves[1]), ("code", "000000")];
    let named = [weak.as_slice(), &[("password", "mizuno no himitsu"), ("password", "mizuno no himitsu")]].concat();
    let named = browser.post("/enrol", &named).await;
    assert!(named.status == 422 && named.says("含むパスワードは使えません"), "{}", named.body);
    let mizuno = browser.enrol("mizuno", &halves, city.now()).await;
    let again = browser.post("/enrol", &[("staff", "mizuno"), ("one", &halves[0]), ("other", &halves[1])]).await;
    assert_eq!(again.status, 403, "the code is used once");
    city.next_code();
    browser.sign_in(&mizuno, city.now()).await;
    let today = browser.get("/today").await;
    assert!(today.status == 200 && today.says("助産師") && !today.says("開発用の画面です"), "{}", today.body);
    let staff = browser.get("/staff").await;
    assert!(staff.says("水野 はる") && !staff.says("/staff/confirm"), "who does not keep the staff only looks");
    city.next_code();
    let shown = mizuno.authenticator.shown_at(city.now());
    let refused = proven(&mut browser, &staff, "/staff/shut-out", &[("staff", "isobe")], &shown).await;
    assert!(refused.status == 403 && refused.says("職員管理者だけ"), "{}", refused.body);
}

#[tokio::test]
async fn s14_one_operator_enrols_nobody_and_none_where_two_of_the_agency_can() {
    let city = city().await;
    let hub = &city.running.hub;
    let agency = || AgencyId::new(sample::CENTER).unwrap();
    let half = || Half::from_random([1; 8]).hash();
    let terms = |id: &str| Terms { staff_id: id.to_owned(), name: String::new(), role: Role::Phn, keeper: true };
    let propose =
        |id: &str| Officer { agency: agency(), terms: Some(terms(id)), staff_id: id.to_owned(), half: half() };
    let confirm = |id: &str| Officer { agency: agency(), terms: None, staff_id: id.to_owned(), half: half() };
    What::Officer(propose("ooba")).carry_out(hub, "op-1").await.unwrap();
    assert!(What::Officer(confirm("ooba")).carry_out(hub, "op-1").await.unwrap_err().to_string().contains("M837"));
    city.keeper("ooba", Role::Phn).await;
    city.keeper("isobe", Role::PrivacyOfficer).await;
    let third = What::Officer(propose("op-friend")).carry_out(hub, "op-1").await.unwrap_err();
    assert!(third.to_string().contains("M833"), "{third}");
}

#[tokio::test]
async fn s18_five_wrong_passwords_close_an_account_for_a_while_and_the_agency_is_told() {
    let city = city().await;
    let (ooba, isobe) = (city.keeper("ooba", Role::Phn).await, city.keeper("isobe", Role::PrivacyOfficer).await);
    let mut browser = city.browser_of(sample::CENTER);
    let shown = ooba.authenticator.shown_at(city.now());
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(said(&browser.knock("ooba", WRONG, &shown).await, "ooba"));
    }
    // Also after a restart the right password does not help, and the answer does not tell that it is the right one.
    let city = city.restarted().await;
    let mut browser = city.browser_of(sample::CENTER);
    answers.push(said(&browser.knock("ooba", PASSWORD, &shown).await, "ooba"));
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.0 == 403), "{answers:?}");
    let mut colleague = city.working(&isobe).await;
    let today = colleague.get("/today").await;
    assert!(today.says("SIGN_IN_CLOSED") && today.says("一時停止しました"), "{}", today.body);
    city.clock.advance_minutes(15);
    browser.sign_in(&ooba, city.now()).await;
}

#[tokio::test]
async fn s18_an_account_that_is_not_there_is_answered_as_one_whose_password_is_wrong() {
    let city = city().await;
    let ooba = city.keeper("ooba", Role::Phn).await;
    let mut browser = city.browser_of(sample::CENTER);
    let shown = ooba.authenticator.shown_at(city.now());
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        // Who is not enrolled, who is nobody, and who is.
        for staff_id in ["ooba", "hayakawa", "z-9999"] {
            let spent = if staff_id == "ooba" { &mut known } else { &mut unknown };
            let begun = Instant::now();
            let seen = browser.knock(staff_id, WRONG, &shown).await;
            spent.push(begun.elapsed());
            let expected = said(&seen, staff_id);
            assert_eq!(expected.0, 403);
            assert_eq!(expected, said(&browser.knock(staff_id, "", "").await, staff_id), "{staff_id}");
        }
    }
    known.sort_unstable();
    unknown.sort_unstable();
    let (known, unknown) = (known[1], unknown[3]);
    assert!(unknown * 5 > known && known * 5 > unknown, "a wrong password takes {known:?}, nobody {unknown:?}");
    // Beyond five both are closed alike.
    let closed = said(&browser.knock("z-9999", WRONG, &shown).await, "z-9999");
    assert_eq!(closed, said(&browser.knock("ooba", PASSWORD, &shown).await, "ooba"));
}

#[tokio::test]
async fn s14_a_code_that_somebody_looked_over_a_shoulder_opens_nothing() {
    let city = city().await;
    let ooba = city.keeper("ooba", Role::Phn).await;
    let shown = ooba.authenticator.shown_at(city.now());
    let mut browser = city.browser_of(sample::CENTER);
    browser.sign_in(&ooba, city.now()).await;
    let again = city.browser_of(sample::CENTER).knock("ooba", PASSWORD, &shown).await;
    assert_eq!(again.status, 403);
    let page = browser.get("/consent").await;
    let proof = browser.submit(&page, "/consent", &[("proof", &shown)]).await;
    assert!(proof.status == 403 && proof.says("一度使ったコードは使えません"), "{}", proof.body);
}

#[tokio::test]
async fn s18_before_what_is_not_easily_undone_the_second_factor_is_asked_for_again() {
    let city = city().await;
    let ooba = city.keeper("ooba", Role::Phn).await;
    let mut browser = city.working(&ooba).await;
    let page = browser.get("/consent").await;
    let mine = |need| matches!(need, Need::May(operation) if may(AgencyKind::Osc, Role::Phn, operation));
    for route in ROUTES.iter().filter(|route| route.proof && mine(route.need)) {
        let path = route.path.replace("{handle}", "x");
        let asked = browser.submit(&page, &path, &[]).await;
        assert!(asked.status == 403 && asked.says("本人であることをもう一度確かめます"), "{path}");
    }
    let click = browser.submit(&page, "/consent", &[("proof", "sample")]).await;
    assert!(click.status == 403 && click.says("確認コードが違います"), "what a sample person does is no proof here");
    let shown = ooba.authenticator.shown_at(city.now());
    let inside = browser.submit(&page, "/consent", &[("proof", &shown)]).await;
    assert_eq!(inside.status, 422, "proven, and told what is missing: {}", inside.body);
    city.clock.advance_minutes(4);
    assert_eq!(browser.submit(&page, "/consent", &[]).await.status, 422);
    city.clock.advance_minutes(2);
    assert_eq!(browser.submit(&page, "/consent", &[]).await.status, 403);
    for _ in 0..5 {
        browser.submit(&page, "/consent", &[("proof", "000000")]).await;
    }
    assert_eq!(browser.get("/today").await.header("location"), "/sign-in", "whoever guesses is out");
}

#[tokio::test]
async fn s15_a_session_belongs_to_its_certificate() {
    let city = city().await;
    let ooba = city.keeper("ooba", Role::Phn).await;
    let mut browser = city.working(&ooba).await;
    assert_eq!(browser.get("/today").await.status, 200);
    let mut elsewhere = Browser::at(city.console(), &another_certificate(&city));
    elsewhere.cookie.clone_from(&browser.cookie);
    assert_eq!(elsewhere.get("/today").await.header("location"), "/sign-in");
    let mut hospital = city.browser_of(sample::HOSPITAL);
    hospital.cookie.clone_from(&browser.cookie);
    assert_eq!(hospital.get("/today").await.header("location"), "/sign-in");
    assert_eq!(hospital.knock("ooba", PASSWORD, &ooba.authenticator.shown_at(city.now())).await.status, 403);
    assert!(!city.stranger().reaches().await, "without a certificate nobody sees the door");
    assert_eq!(browser.get("/today").await.status, 200);
}

#[tokio::test]
async fn s14_whoever_is_shut_out_is_out_at_once_and_must_be_enrolled_anew() {
    let city = city().await;
    let (ooba, isobe) = (city.keeper("ooba", Role::Phn).await, city.keeper("isobe", Role::PrivacyOfficer).await);
    let (mut theirs, mut mine) = (city.working(&ooba).await, city.working(&isobe).await);
    assert_eq!(theirs.get("/today").await.status, 200);
    let page = mine.get("/staff").await;
    let shown = isobe.authenticator.shown_at(city.now());
    let done = proven(&mut mine, &page, "/staff/shut-out", &[("staff", "ooba")], &shown).await;
    assert!(done.status == 200 && done.says("を停止しました"), "{}", done.body);
    assert_eq!(theirs.get("/today").await.header("location"), "/sign-in");
    let order = musubi::hub::enrol::Enrolment::Staff {
        agency: AgencyId::new(sample::CENTER).unwrap(),
        staff_id: "ooba".to_owned(),
        role: Some(Role::Phn),
    };
    city.running.hub.enrol(order, "operator").await.unwrap();
    assert_eq!(theirs.get("/today").await.header("location"), "/sign-in", "a session does not come back");
    city.next_code();
    let knock = theirs.knock("ooba", PASSWORD, &ooba.authenticator.shown_at(city.now())).await;
    assert_eq!(knock.status, 403);
}

#[tokio::test]
async fn s10_nobody_who_has_not_signed_in_sees_a_page_and_samples_are_no_way_in() {
    let city = city().await;
    let mut browser = city.browser_of(sample::CENTER);
    for route in ROUTES {
        let path = route.path.replace("{handle}", "x");
        let answer = match route.method {
            Method::Get => browser.get(&path).await,
            Method::Post | Method::Upload => browser.post(&path, &[]).await,
        };
        assert_eq!((answer.status, answer.header("location")), (303, "/sign-in"), "{path}");
    }
    let as_sample = browser.post("/sign-in", &[("agency", sample::CENTER), ("staff", "ooba")]).await;
    assert_eq!((as_sample.status, &browser.cookie), (403, &None));
    let gate = browser.get("/sign-in").await;
    assert!(gate.says("汐音市こども家庭センター") && !gate.says("hayakawa") && !gate.says("開発用"), "{}", gate.body);
    let elsewhere = browser.post_from("https://elsewhere.example", "/sign-in", &[("staff", "ooba")]).await;
    assert_eq!(elsewhere.status, 403);
    let elsewhere = browser.post_from("https://elsewhere.example", "/enrol", &[("staff", "ooba")]).await;
    assert_eq!((elsewhere.status, elsewhere.body.as_str()), (403, ""));
    let samples = City::at("2026-11-14T10:00:00+09:00").await;
    assert_eq!(samples.stranger().get("/enrol").await.status, 404, "sample people enrol nowhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn s80_a_flood_of_sign_ins_leaves_the_notices_of_hospitals_alone() {
    let city = std::sync::Arc::new(city().await);
    let mut flood = tokio::task::JoinSet::new();
    for number in 0..24 {
        let city = std::sync::Arc::clone(&city);
        flood.spawn(async move {
            let staff_id = format!("nobody-{number}");
            city.browser_of(sample::CENTER).knock(&staff_id, WRONG, "123456").await.status
        });
    }
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let message = String::from_utf8_lossy(crate::city::MOTHER).replacen("|P|2.5", &format!("-{number}|P|2.5"), 1);
        let begun = Instant::now();
        let answer = city.send(sample::HOSPITAL, message.as_bytes()).await;
        assert!(answer.contains("MSA|AA"), "{answer}");
        slowest = slowest.max(begun.elapsed());
    }
    let answers = flood.join_all().await;
    assert!(answers.iter().all(|status| [403, 503].contains(status)), "{answers:?}");
    assert!(slowest < Duration::from_secs(3), "a notice waited {slowest:?}");
}

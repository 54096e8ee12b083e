//! A concern that a provider reports reaches those whose task it is, at once and with its evidence (`consent.md` section 5, flow 3);
//! the provider learns that it was received, and never what followed.

use crate::agencies::{Agency, Rows};
use crate::city::City;
use crate::console_work::proven;
use crate::interference::{Everything, same};
use crate::steps::{chinatsu, minato};
use musubi::edge::grpc::client::{AnswerWorkRequest, AssertGroundRequest, Evidence, SubmitDocumentRequest, WorkItem};
use musubi::sample_city as sample;
use std::collections::BTreeMap;

const STAY: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-stay-1.csv");
/// What the provider noticed, and who noticed it.
const NOTICED: &str = "bruise on the arm";
const NOTIFIER: &str = "Y. Nogami";

/// The stay with a concern in its row: ground, notifier and consent as they stand in the file.
fn with_concern(ground: &str, notifier: &str, consent: &str) -> Vec<u8> {
    let columns = ",concern_ground,concern_text,concern_at,concern_notifier,concern_consent\r\n";
    let values = format!(",{ground},{NOTICED},2026-11-18 09:20,{notifier},{consent}\r\n");
    let mut lines = STAY.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let (head, row) = (lines.next().unwrap(), lines.next().unwrap());
    [head, columns.as_bytes(), row, values.as_bytes()].concat()
}

impl City {
    async fn after_a_stay_with_a_concern(ground: &str, notifier: &str, consent: &str) -> (City, Rows) {
        let city = City::after_the_approval().await;
        city.set("2026-11-18T10:00:00+09:00");
        let rows = city.provider().hands_in("pv02", &with_concern(ground, notifier, consent)).await.accepted();
        (city, rows)
    }

    async fn notifications(&self) -> Vec<WorkItem> {
        self.center().work_of("fukatsu", "notification").await
    }

    /// What the child-welfare officer reads of her.
    async fn read_by_the_officer(&self) -> String {
        self.center().asks_as("fukatsu", "P4", chinatsu(), "").await.unwrap().json()
    }
}

impl Agency {
    async fn asks_for_the_form(&self) -> Vec<WorkItem> {
        self.work("notification_form").await
    }

    async fn states(&self, message: &str, code: &str, evidence: &[(&str, &str)]) {
        let evidence =
            evidence.iter().map(|(key, value)| Evidence { key: (*key).to_owned(), value: (*value).to_owned() });
        let request = AssertGroundRequest {
            staff_id: self.staff.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            evidence: evidence.collect(),
            ..AssertGroundRequest::default()
        };
        self.client.grounds().assert(request).await.unwrap();
    }
}

#[tokio::test]
async fn a_concern_with_its_evidence_is_with_the_child_welfare_officer_at_once() {
    let (city, rows) = City::after_a_stay_with_a_concern("1", NOTIFIER, "").await;
    assert!(rows.codes().contains(&"M511") && !rows.codes().contains(&"M512"), "{:?}", rows.said());
    let told = city.notifications().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].code == "NOTIFICATION_L01" && told[0].text_ja.contains(sample::PROVIDER), "{told:?}");
    assert_eq!(told[0].due_at, "2026-11-19T10:00:00+09:00");
    assert!(city.center().work_of("ooba", "notification").await.is_empty(), "a nurse is not told");
    assert!(city.provider().asks_for_the_form().await.is_empty());
    let read = city.read_by_the_officer().await;
    assert!(read.contains(NOTICED) && !read.contains(NOTIFIER), "{read}");
    assert!(!format!("{told:?}").contains(NOTICED) && !format!("{told:?}").contains(NOTIFIER), "{told:?}");
    let mail = city.center().receives().await.text();
    assert!(!mail.contains(NOTICED) && !mail.contains(NOTIFIER), "the report travels without it: {mail}");
    for other in [city.hospital(), city.clinic(), city.health_center(), city.guidance_center()] {
        assert!(other.work("notification").await.is_empty(), "{} is told", other.id);
    }
}

#[tokio::test]
async fn information_on_a_family_needs_to_say_whether_it_was_asked() {
    let (city, rows) = City::after_a_stay_with_a_concern("3", NOTIFIER, "2").await;
    assert!(rows.codes().contains(&"M511"), "{:?}", rows.said());
    assert_eq!(city.notifications().await[0].code, "NOTIFICATION_L03");
    let (city, rows) = City::after_a_stay_with_a_concern("3", NOTIFIER, "").await;
    let asked = rows.said().into_iter().find(|said| said.code == "M512").unwrap().text_ja.clone();
    assert!(asked.contains("同意を求めたか") && !asked.contains("通告者") && !asked.contains("理由"), "{asked}");
    assert!(city.notifications().await.is_empty());
}

#[tokio::test]
async fn what_is_missing_is_asked_for_and_nothing_else_and_the_concern_goes_on_once_it_is_stated() {
    let (city, rows) = City::after_a_stay_with_a_concern("1", "", "").await;
    let asked = rows.said().into_iter().find(|said| said.code == "M512").unwrap().text_ja.clone();
    assert!(asked.contains("通告者") && !asked.contains("疑いの内容") && !asked.contains(NOTICED), "{asked}");
    assert!(city.notifications().await.is_empty());
    let [form] = city.provider().asks_for_the_form().await.try_into().unwrap();
    city.set("2026-11-18T10:30:00+09:00");
    city.provider().states(&form.about, "L01", &[("notifying_person", NOTIFIER)]).await;
    assert!(city.provider().asks_for_the_form().await.is_empty(), "nothing is missing any more");
    assert_eq!(city.notifications().await.len(), 1);
    assert!(city.read_by_the_officer().await.contains(NOTICED));
}

#[tokio::test]
async fn a_provider_states_what_is_missing_on_a_page() {
    let (city, _) = City::after_a_stay_with_a_concern("", "", "").await;
    let mut provider = city.signed_in(sample::PROVIDER, "nogami").await;
    let today = provider.get("/today").await;
    let page = provider.get(today.link("/notify/")).await;
    assert!(page.says("name=\"ground\"") && page.says("name=\"notifying_person\""), "{}", page.body);
    assert!(!page.says("name=\"suspicion\"") && !page.says("name=\"time\""), "{}", page.body);
    let action = page.link("/notify/").to_owned();
    let refused = proven(&mut provider, &page, &action, &[("ground", "L01"), ("notifying_person", "")]).await;
    assert!(refused.status == 422 && refused.says("MU-E428"), "{}", refused.body);
    let stated = [("ground", "L01"), ("notifying_person", NOTIFIER), ("consent_sought", "not_asked")];
    assert_eq!(provider.submit(&page, &action, &stated).await.header("location"), "/today");
    assert_eq!(city.notifications().await[0].code, "NOTIFICATION_L01");
    assert!(city.provider().asks_for_the_form().await.is_empty());
}

#[tokio::test]
async fn the_same_concern_in_a_mended_report_is_told_once() {
    let (city, _) = City::after_a_stay_with_a_concern("1", NOTIFIER, "").await;
    city.set("2026-11-18T11:00:00+09:00");
    let again = with_concern("1", NOTIFIER, "");
    city.provider().hands_in("pv02", &again).await.accepted();
    let mended = crate::agencies::replaced(&again, b"R-2026-1118-01,1,", b"R-2026-1118-01,2,");
    city.provider().hands_in("pv02", &mended).await.accepted();
    assert_eq!(city.notifications().await.len(), 1);
    let worse = crate::agencies::replaced(&mended, NOTICED.as_bytes(), b"bruises on both arms");
    let worse = crate::agencies::replaced(&worse, b"R-2026-1118-01,2,", b"R-2026-1118-01,3,");
    city.provider().hands_in("pv02", &worse).await.accepted();
    assert_eq!(city.notifications().await.len(), 2, "something new was noticed");
}

#[tokio::test]
async fn a_provider_learns_nothing_of_what_followed() {
    let (quiet, _) = City::after_a_stay_with_a_concern("1", NOTIFIER, "").await;
    let (followed, _) = City::after_a_stay_with_a_concern("1", NOTIFIER, "").await;
    for city in [&quiet, &followed] {
        city.set("2026-11-19T09:00:00+09:00");
    }
    let item = followed.notifications().await.remove(0);
    let answer = AnswerWorkRequest {
        staff_id: "fukatsu".to_owned(),
        id: item.id,
        answer: "done".to_owned(),
        note: "家庭訪問、一時保護".to_owned(),
        ..AnswerWorkRequest::default()
    };
    followed.center().client.work_items().answer(answer).await.unwrap();
    followed.center().opens_a_council_case(vec![chinatsu()], &["C01", "C13"]).await;
    let everything =
        Everything { purposes: &["P7", "P8"], people: &[chinatsu(), minato()], numbers: &["00012345"], grounds: &[""] };
    let (one, other) = (quiet.provider(), followed.provider());
    same(
        "what followed a notification",
        &one.id,
        &in_any_order(quiet.everything(&one, &everything).await),
        &in_any_order(followed.everything(&other, &everything).await),
    );
}

/// What came at one instant stands in any order, and with it the number of the message that each of it came in.
fn in_any_order(channels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let sorted = |text: String| {
        let mut lines: Vec<&str> = text.lines().filter(|line| !line.contains("sourceMessage")).collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    channels.into_iter().map(|(channel, text)| (channel, sorted(text))).collect()
}

#[tokio::test]
async fn what_nobody_looks_at_is_put_before_them_again_and_what_is_not_stated_before_the_author() {
    let (city, _) = City::after_a_stay_with_a_concern("1", NOTIFIER, "").await;
    city.set("2026-11-19T10:01:00+09:00");
    city.running.hub.look_after_overdue().await.unwrap();
    city.running.hub.look_after_overdue().await.unwrap();
    let codes: Vec<String> = city.notifications().await.into_iter().map(|item| item.code).collect();
    assert_eq!(codes, ["NOTIFICATION_L01", "NOTIFICATION_OVERDUE"]);
    assert!(city.center().work_of("ooba", "notification").await.is_empty());
    assert!(city.center().work_of("isobe", "protection_unseen").await.is_empty(), "somebody may see it");

    let (city, _) = City::after_a_stay_with_a_concern("1", "", "").await;
    city.set("2026-11-19T10:01:00+09:00");
    city.running.hub.look_after_overdue().await.unwrap();
    assert_eq!(city.provider().work("escalation").await[0].code, "NOTIFICATION_INCOMPLETE_OVERDUE");
}

#[tokio::test]
async fn a_notification_that_is_asserted_without_a_report_is_told_too() {
    let city = City::after_the_discharge().await;
    let evidence = [
        ("notifying_person", NOTIFIER),
        ("notifying_office", "H1"),
        ("suspicion", NOTICED),
        ("time", "2026-10-30T10:00"),
    ];
    let evidence = evidence.iter().map(|(key, value)| Evidence { key: (*key).to_owned(), value: (*value).to_owned() });
    let request = AssertGroundRequest {
        staff_id: "urabe".to_owned(),
        code: "L01".to_owned(),
        persons: vec![minato()],
        categories: vec!["C01".to_owned(), "C06".to_owned()],
        recipient: sample::GUIDANCE_CENTER.to_owned(),
        evidence: evidence.collect(),
        until: "2026-12-30".to_owned(),
        ..AssertGroundRequest::default()
    };
    city.hospital().client.grounds().assert(request).await.unwrap();
    assert_eq!(city.guidance_center().work("notification").await.len(), 1);
    assert!(city.notifications().await.is_empty(), "it went to the guidance center");
}

#[tokio::test]
async fn s80_what_an_office_asserts_of_a_child_in_danger_stands_behind_nothing_else() {
    let city = City::with("2026-11-18T10:00:00+09:00", |config| config.limits.requests_per_second = 1).await;
    let provider = city.provider();
    while provider.posts("/v1/documents?format=pv02", b"x").await.status != 429 {}
    let ask = |code: &str| AssertGroundRequest {
        staff_id: provider.staff.to_owned(),
        code: code.to_owned(),
        ..AssertGroundRequest::default()
    };
    let abuse = provider.client.grounds().assert(ask("L01")).await.unwrap_err();
    assert_eq!(abuse.code(), tonic::Code::InvalidArgument, "{abuse}");
    let other = provider.client.grounds().assert(ask("L09")).await.unwrap_err();
    assert_eq!(other.code(), tonic::Code::ResourceExhausted, "{other}");
}

/// The row of the stay with its concern, and a fault that the format finds, or one that only the approval and the staffing show.
fn with_a_fault(fault: &str) -> Vec<u8> {
    let whole = with_concern("1", NOTIFIER, "");
    let (what, with) = match fault {
        "a day that does not exist" => ("R8.11.18 10:00", "R8.11.31 10:00"),
        "nobody on duty" => ("2026/11/17 09:00,2026/11/18 10:00", "2026/11/17 11:00,2026/11/18 10:00"),
        "an approval that nobody gave" => ("SK08-0041,PRV", "SK08-9999,PRV"),
        "an individual number in the concern" => {
            let number = [12, 34, 56, 78, 90, 18].map(|pair: u32| format!("{pair:02}")).concat();
            return crate::agencies::replaced(&whole, NOTICED.as_bytes(), number.as_bytes());
        }
        other => panic!("{other}"),
    };
    crate::agencies::replaced(&whole, what.as_bytes(), with.as_bytes())
}

#[tokio::test]
async fn a_concern_is_told_although_the_rest_of_its_row_is_refused_and_is_told_once() {
    for (fault, code) in [("a day that does not exist", "JP-E602"), ("nobody on duty", "PV-E201")] {
        let city = City::after_the_approval().await;
        city.set("2026-11-18T10:00:00+09:00");
        for _ in 0..2 {
            let rows = city.provider().hands_in("pv02", &with_a_fault(fault)).await;
            assert_eq!(rows.taken(), [false], "{fault}");
            let codes = rows.codes();
            assert!(["M511", "M720", code].iter().all(|code| codes.contains(code)), "{fault}: {codes:?}");
            assert!(!codes.contains(&"M721"), "{fault}: {codes:?}");
        }
        let told = city.notifications().await;
        assert_eq!(told.iter().map(|item| item.code.as_str()).collect::<Vec<_>>(), ["NOTIFICATION_L01"], "{fault}");
        assert!(city.read_by_the_officer().await.contains(NOTICED), "{fault}");
        let seen = city.center().looks_up("P7", chinatsu(), "").await;
        assert!(!seen.kinds().contains(&"care_delivery"), "the report itself is not taken: {fault}");
        city.set("2026-11-18T11:00:00+09:00");
        city.provider().hands_in("pv02", &with_concern("1", NOTIFIER, "")).await.accepted();
        assert_eq!(city.notifications().await.len(), 1, "the mended row says the same of her: {fault}");
    }
}

#[tokio::test]
async fn a_concern_about_nobody_who_is_known_or_that_cannot_be_read_is_asked_for_by_telephone() {
    for fault in ["an approval that nobody gave", "an individual number in the concern"] {
        let city = City::after_the_approval().await;
        city.set("2026-11-18T10:00:00+09:00");
        for _ in 0..2 {
            let rows = city.provider().hands_in("pv02", &with_a_fault(fault)).await;
            assert_eq!(rows.taken(), [false], "{fault}");
            let said = rows.said().into_iter().find(|said| said.code == "M721").unwrap();
            assert!(said.text_ja.contains("電話") && said.text_en.contains("telephone"), "{fault}");
            assert!(!rows.codes().contains(&"M720"), "{fault}");
        }
        let told = city.notifications().await;
        assert_eq!(told.iter().map(|item| item.code.as_str()).collect::<Vec<_>>(), ["CONCERN_BY_TELEPHONE"], "{fault}");
        assert!(told[0].text_ja.contains(sample::PROVIDER) && told[0].person_ids.is_empty(), "{told:?}");
        assert!(!format!("{told:?}").contains(NOTICED) && !format!("{told:?}").contains(NOTIFIER), "{told:?}");
        assert!(city.center().work_of("ooba", "notification").await.is_empty(), "a nurse is not told");
    }
}

/// The first discharge of the clinic's sheet, and the same with a concern about its child and an impossible score.
fn discharge() -> (Vec<u8>, Vec<u8>) {
    const SHEET: &str = include_str!("../../adapters/hospital/hp01/samples/minami_discharges.csv");
    let mut lines = SHEET.lines();
    let (head, row) = (lines.next().unwrap(), lines.next().unwrap());
    let columns = "concern_ground,concern_text,concern_at,concern_infant,concern_notifier";
    let wrong = row.replace("1,HP-0001,1,", "1,HP-0001,2,").replace(",7,0,", ",31,0,");
    let with_concern = format!("{head},{columns}\r\n{wrong},1,{NOTICED},2026-10-27 09:20,0004533,{NOTIFIER}\r\n");
    (format!("{head}\r\n{row}\r\n").into_bytes(), with_concern.into_bytes())
}

#[tokio::test]
async fn a_concern_in_a_discharge_sheet_is_told_although_its_row_is_refused() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    let (plain, with_concern) = discharge();
    let unknown = city.clinic().hands_in("hp01", &with_concern).await;
    assert!(unknown.codes().contains(&"M721"), "nobody knows the child yet: {:?}", unknown.codes());
    city.clinic().hands_in("hp01", &plain).await.accepted();
    let refused = city.clinic().hands_in("hp01", &with_concern).await;
    assert_eq!(refused.taken(), [false]);
    assert!(["H006", "M720"].iter().all(|code| refused.codes().contains(code)), "{:?}", refused.codes());
    let told = city.notifications().await;
    let codes: Vec<&str> = told.iter().map(|item| item.code.as_str()).collect();
    assert!(codes.contains(&"NOTIFICATION_L01") && codes.contains(&"CONCERN_BY_TELEPHONE"), "{codes:?}");
}

#[tokio::test]
async fn s80_a_file_that_raises_a_concern_stands_behind_no_other_file() {
    let city = City::with("2026-11-18T10:00:00+09:00", |config| config.limits.requests_per_second = 1).await;
    let provider = city.provider();
    let (file, concern) = ("/v1/documents?format=pv02", with_concern("1", NOTIFIER, ""));
    while provider.posts(file, STAY).await.status != 429 {}
    for _ in 0..3 {
        let heard = provider.posts(file, &concern).await;
        assert_eq!(heard.status, 422, "read, and answered row by row: {}", String::from_utf8_lossy(&heard.body));
    }
    let hands_in = async |content: &[u8]| {
        let (format, content) = ("pv02".to_owned(), content.to_vec());
        let request = SubmitDocumentRequest { format, content, file_name: String::new() };
        provider.client.intake().submit_document(request).await.map_err(|status| status.code())
    };
    while hands_in(STAY).await.err() != Some(tonic::Code::ResourceExhausted) {}
    for _ in 0..3 {
        assert_eq!(hands_in(&concern).await.err(), None);
    }
}

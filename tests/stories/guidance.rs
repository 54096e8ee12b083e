//! Rows 10, 12 and 13: the child guidance center asks without a ground, under a request, and as a council's member.

use crate::agencies::{by_name, case_request, whole, words};
use crate::city::City;
use crate::steps::{COUNCIL_CASE, akari, chinatsu, rin, saya};
use musubi::agency_client::HttpAnswer;
use musubi::edge::grpc::client::{
    ApproveGroundRequest, EndGroundRequest, GroundRequest, PersonRef, RefuseGroundRequest, SearchCasesRequest, WorkItem,
};
use musubi::hub::register::Subscription;
use musubi::sample_city as sample;
use musubi::store::DeliveryState;
use musubi_core::agency::Purpose;
use musubi_core::wire::agency_side::Draft;
use serde_json::{Value, json};
use std::path::PathBuf;
use tonic::Code;

/// Number of the request under L04.
pub(crate) const REQUEST: &str = "汐児8-204";

fn light() -> musubi::edge::grpc::client::PersonRef {
    by_name("タカヤナギ アカリ", "2026-10-19")
}

fn query(purpose: &str, basis: &str, ground: &str, municipality: &str, worker: &str) -> String {
    let place = format!("<cg:JurisdictionCode>{municipality}</cg:JurisdictionCode>");
    let criteria = if municipality.is_empty() { "" } else { &place };
    format!(
        r#"<cg:CaseQueryRequest xmlns:cg="urn:musubi:cgc:1.0" schemaVersion="1.0" messageID="q-1" createdAt="2026-11-13T09:30:00+09:00"><cg:Sender><cg:OrganizationIdentification>{}</cg:OrganizationIdentification><cg:WorkerID>{worker}</cg:WorkerID></cg:Sender><cg:PurposeCode>{purpose}</cg:PurposeCode><cg:LegalBasisCode>{basis}</cg:LegalBasisCode><cg:RelatedCaseID>{ground}</cg:RelatedCaseID><cg:RequestedLevel>L3</cg:RequestedLevel><cg:Criteria>{criteria}</cg:Criteria></cg:CaseQueryRequest>"#,
        sample::GUIDANCE_CENTER
    )
}

impl City {
    /// A query in XML over HTTPS.
    async fn xml(&self, query: &str) -> HttpAnswer {
        self.guidance_center().posts("/v1/cases/query", query.as_bytes()).await
    }

    /// 真壁 asks the city under L04 about 灯 and her mother; answers the id of the request.
    pub(crate) async fn is_asked_under_l04(&self) -> String {
        let request = GroundRequest {
            staff_id: "w-0412".to_owned(),
            code: "L04".to_owned(),
            number: REQUEST.to_owned(),
            persons: vec![light(), by_name("タカヤナギ サヤ", "2004-02-20")],
            categories: words(&["C09", "C10"]),
            requesting_head: "南部児童相談所長".to_owned(),
            necessity: "泣き声の通告を受けた安全確認".to_owned(),
            from: "2026-11-16".to_owned(),
            until: "2026-12-16".to_owned(),
            ..GroundRequest::default()
        };
        let answer = self.guidance_center().client.grounds().request(request).await.unwrap().into_inner();
        assert!(answer.parts.iter().all(|part| part.state == "HOLD"), "{:?}", answer.parts);
        answer.fact_id
    }

    /// 深津 approves C10 of it.
    pub(crate) async fn approves(&self, fact_id: &str) -> Vec<String> {
        let request = ApproveGroundRequest {
            staff_id: "fukatsu".to_owned(),
            fact_id: fact_id.to_owned(),
            categories: words(&["C10"]),
            ..ApproveGroundRequest::default()
        };
        let answer = self.center().client.grounds().approve(request).await.unwrap().into_inner();
        answer.parts.iter().map(|part| format!("{} {}", part.category, part.state)).collect()
    }
}

#[tokio::test]
async fn without_a_ground_a_full_city_answers_like_an_empty_one() {
    let full = City::after_the_visits().await;
    full.set("2026-11-13T09:30:00+09:00");
    let empty = City::at("2026-11-13T09:30:00+09:00").await;
    for municipality in [sample::CITY, sample::NEIGHBOUR, ""] {
        let question = query("Investigation", "CAPA13-4", "汐児8-000", municipality, "w-0412");
        let (one, other) = (full.xml(&question).await, empty.xml(&question).await);
        assert_eq!(one.status, 200, "{}", String::from_utf8_lossy(&one.body));
        assert_eq!(one, other, "status, headers and every byte");
        assert!(!String::from_utf8(one.body).unwrap().contains("<cg:Hit"));
    }
}

#[tokio::test]
async fn without_a_ground_grpc_answers_the_same_metadata_no_record_and_the_same_trailers() {
    let full = City::after_the_visits().await;
    full.set("2026-11-13T09:30:00+09:00");
    let empty = City::at("2026-11-13T09:30:00+09:00").await;
    let mut answers = Vec::new();
    for city in [&full, &empty] {
        let request = case_request("w-0412", "P5", "汐児8-000", &[sample::CITY]);
        let answer = city.guidance_center().client.records().search_cases(request).await.unwrap();
        let (mut metadata, mut stream, _) = answer.into_parts();
        metadata.remove("date");
        assert!(stream.message().await.unwrap().is_none());
        let trailers = stream.trailers().await.unwrap();
        answers.push(format!("{metadata:?} {trailers:?}"));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn nobody_asks_for_the_protection_of_a_child_without_a_name() {
    let city = City::after_the_visits().await;
    for staff in ["", "w-9999"] {
        let refused = city.guidance_center().asks_as(staff, "P5", akari(), "").await.err().unwrap();
        assert_eq!(refused.code(), Code::PermissionDenied);
        let request = case_request(staff, "P5", "汐児8-000", &[]);
        let refused = city.guidance_center().client.records().search_cases(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        let answer = city.xml(&query("Investigation", "CAPA13-4", "汐児8-000", "", staff)).await;
        assert!([403, 422].contains(&answer.status), "{}", answer.status);
        assert!(!String::from_utf8(answer.body).unwrap().contains("CaseQueryResponse"));
    }
}

#[tokio::test]
async fn a_search_cites_a_ground_or_is_refused_whatever_there_is() {
    let city = City::after_the_visits().await;
    let request = case_request("w-0412", "P5", "", &[sample::CITY]);
    let refused = city.guidance_center().client.records().search_cases(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("CG-E305"));
}

#[tokio::test]
async fn a_search_by_what_the_asked_level_hides_is_refused_whatever_there_is() {
    let city = City::after_the_visits().await;
    let visits = r#"<cg:Criteria><cg:UnresponsiveVisitCount atLeast="2" withinDays="30"/></cg:Criteria>"#;
    for (level, hidden) in [("L1", true), ("L2", false)] {
        let query = query("Investigation", "CAPA13-4", REQUEST, "", "w-0412");
        let query = query.replace("<cg:Criteria></cg:Criteria>", visits).replace(">L3<", &format!(">{level}<"));
        let answer = String::from_utf8(city.xml(&query).await.body).unwrap();
        assert_eq!(answer.contains("CG-E307"), hidden, "{answer}");
        assert_eq!(answer.contains("CaseQueryResponse"), !hidden, "{answer}");
    }
}

#[tokio::test]
async fn a_request_under_l04_opens_what_the_city_approved_and_holds_the_rest() {
    let city = City::after_the_visits().await;
    city.set("2026-11-16T10:00:00+09:00");
    let fact = city.is_asked_under_l04().await;
    assert!(city.guidance_center().looks_up("P5", light(), REQUEST).await.is_empty(), "nothing before the approval");
    let held = city.center().work("hold").await;
    assert!(held.iter().any(|item| item.about == fact && !item.due_at.is_empty()), "asked, with a deadline");
    assert_eq!(city.approves(&fact).await, ["C09 HOLD", "C10 PERMIT"]);
    assert_eq!(city.guidance_center().looks_up("P5", light(), REQUEST).await.kinds(), ["home_visit", "home_visit"]);
    let others = [by_name("エノモト ミナト", "2026-10-26"), by_name("マキノ リン", "2026-09-14"), chinatsu(), rin()];
    for other in others {
        assert!(city.guidance_center().looks_up("P5", other, REQUEST).await.is_empty(), "nothing about A or C");
    }
    assert!(city.guidance_center().looks_up("P5", light(), "汐児8-205").await.is_empty(), "under another number");
    city.set("2026-12-17T00:00:00+09:00");
    assert!(city.guidance_center().looks_up("P5", light(), REQUEST).await.is_empty(), "after its period");
}

#[tokio::test]
async fn what_the_city_refuses_stays_closed() {
    let city = City::after_the_visits().await;
    city.set("2026-11-16T10:00:00+09:00");
    let fact_id = city.is_asked_under_l04().await;
    let refusal = RefuseGroundRequest {
        staff_id: "fukatsu".to_owned(),
        fact_id,
        categories: words(&["C09", "C10"]),
        reason: "必要性の説明が足りない".to_owned(),
    };
    let answer = city.center().client.grounds().refuse(refusal).await.unwrap().into_inner();
    assert!(answer.parts.iter().all(|part| part.state == "DENY"), "nothing is open or held: {:?}", answer.parts);
    assert!(city.guidance_center().looks_up("P5", light(), REQUEST).await.is_empty());
}

#[tokio::test]
async fn an_approval_by_the_asker_itself_opens_nothing_of_the_city() {
    let city = City::after_the_visits().await;
    city.set("2026-11-16T10:00:00+09:00");
    let fact_id = city.is_asked_under_l04().await;
    let request = ApproveGroundRequest {
        staff_id: "w-0412".to_owned(),
        fact_id,
        categories: words(&["C10"]),
        ..ApproveGroundRequest::default()
    };
    if let Ok(answer) = city.guidance_center().client.grounds().approve(request).await {
        assert!(answer.into_inner().parts.iter().all(|part| part.state == "HOLD"));
    }
    assert!(city.guidance_center().looks_up("P5", light(), REQUEST).await.is_empty());
}

#[tokio::test]
async fn a_council_case_shows_its_members_exactly_its_family() {
    let city = City::after_the_visits().await;
    city.set("2026-11-17T10:00:00+09:00");
    city.center().opens_a_council_case(vec![akari(), saya()], &["C01", "C04", "C10", "C13"]).await;
    let hits = city.guidance_center().searches_cases("P6", COUNCIL_CASE).await;
    assert_eq!(hits.0.len(), 1, "one family");
    assert!(hits.json().contains('灯') && !hits.json().contains("槙野") && !hits.json().contains("榎本"));
    assert!(!hits.json().contains("浜通"), "the address is not among the categories of the case");
    let xml = city.xml(&query("Investigation", "CWA25-3", COUNCIL_CASE, "", "w-0412")).await;
    let text = String::from_utf8(xml.body).unwrap();
    assert_eq!((xml.status, text.matches("<cg:Hit>").count()), (200, 1), "{text}");
    assert!(!text.contains("浜通") && !text.contains("槙野"), "{text}");
    assert_eq!(city.clinic().searches_cases("P6", COUNCIL_CASE).await.0.len(), 1, "the clinic is a member");
    assert!(city.hospital().searches_cases("P6", COUNCIL_CASE).await.is_empty(), "the hospital is not");
    city.set("2027-05-17T00:00:00+09:00");
    assert!(city.guidance_center().searches_cases("P6", COUNCIL_CASE).await.is_empty(), "after its end");
}

#[tokio::test]
async fn statistics_show_no_person() {
    let city = City::after_the_visits().await;
    city.set("2026-11-17T10:00:00+09:00");
    city.center().opens_a_council_case(vec![akari(), saya()], &["C01", "C10"]).await;
    for agency in [city.guidance_center(), city.center(), city.hospital()] {
        let request = case_request(agency.staff, "P12", COUNCIL_CASE, &[sample::CITY]);
        let shown = match agency.client.records().search_cases(request).await {
            Ok(answer) => whole(answer.into_inner()).await.unwrap().len(),
            Err(_) => 0,
        };
        assert_eq!(shown, 0, "{}", agency.id);
        assert!(agency.looks_up("P12", akari(), COUNCIL_CASE).await.is_empty(), "{}", agency.id);
    }
    let answer = city.xml(&query("Statistics", "CWA25-3", COUNCIL_CASE, "", "w-0412")).await;
    let text = String::from_utf8(answer.body).unwrap();
    assert_eq!(answer.status, 200, "{text}");
    assert!(text.contains("CaseStatistics") && !text.contains("<cg:Hit") && !text.contains('灯'), "{text}");
}

impl City {
    /// What 真壁 is told of questions that found nothing before.
    async fn late_matches(&self) -> Vec<WorkItem> {
        self.running.hub.look_after_questions().await.unwrap();
        self.guidance_center().work_of("w-0412", "late_match").await
    }
}

#[tokio::test]
async fn who_asked_under_a_live_ground_is_told_once_when_something_may_be_seen_after_all() {
    let city = City::after_the_visits().await;
    city.set("2026-11-16T10:00:00+09:00");
    let request = city.is_asked_under_l04().await;
    for _ in 0..2 {
        assert!(city.guidance_center().looks_up("P5", light(), REQUEST).await.is_empty());
        assert!(city.late_matches().await.is_empty(), "an empty answer notifies nobody");
    }
    city.approves(&request).await;
    for _ in 0..2 {
        let told = city.late_matches().await;
        assert_eq!(told.len(), 1, "once: {told:?}");
        assert!(told[0].about == REQUEST && told[0].person_ids.is_empty(), "{told:?}");
        assert!(!format!("{told:?}").contains("C10"), "{told:?}");
    }
    assert!(city.guidance_center().work("late_match").await.is_empty(), "a machine is not told");
    assert!(!city.guidance_center().looks_up("P5", light(), REQUEST).await.is_empty(), "asking again shows it");
    assert_eq!(city.late_matches().await.len(), 1);
}

#[tokio::test]
async fn nobody_is_told_of_a_match_without_a_ground_or_once_it_has_ended() {
    for ends in [true, false] {
        let city = City::after_the_visits().await;
        city.set("2026-11-16T10:00:00+09:00");
        let request = city.is_asked_under_l04().await;
        assert!(city.guidance_center().looks_up("P5", light(), REQUEST).await.is_empty());
        if ends {
            let end = EndGroundRequest { staff_id: "w-0412".to_owned(), fact_id: request };
            city.guidance_center().client.grounds().end(end).await.unwrap();
        } else {
            city.approves(&request).await;
            city.set("2026-12-17T00:00:00+09:00");
        }
        assert!(city.late_matches().await.is_empty(), "its ground has ended");
    }
    let city = City::after_the_visits().await;
    city.set("2026-11-16T10:00:00+09:00");
    assert!(city.guidance_center().looks_up("P5", light(), "").await.is_empty());
    assert!(city.guidance_center().looks_up("P5", light(), REQUEST).await.is_empty(), "no such ground yet");
    city.approves(&city.is_asked_under_l04().await).await;
    assert!(city.late_matches().await.is_empty(), "it asked without a live ground");
}

/// So many visits in vain within three months.
fn visited_in_vain(at_least: u32) -> SearchCasesRequest {
    SearchCasesRequest {
        unresponsive_visits_at_least: Some(at_least),
        unresponsive_visits_within_days: Some(90),
        level: "L2".to_owned(),
        ..case_request("w-0412", "P6", COUNCIL_CASE, &[])
    }
}

impl City {
    async fn finds(&self, request: SearchCasesRequest) -> usize {
        let answer = self.guidance_center().client.records().search_cases(request).await.unwrap();
        whole(answer.into_inner()).await.unwrap().len()
    }

    /// Nobody opened to the health center again.
    pub(crate) async fn somebody_rang_in_vain(&self, key: &str, on: (i32, i32, i32)) {
        let visited_on = json!({"year": on.0, "month": on.1, "day": on.2});
        let visit = json!({"visitedOn": visited_on, "result": "absent", "childSeen": false});
        self.health_center_says(key, "CHILD", &akari(), "homeVisit", visit).await;
    }

    /// The health center writes one thing about somebody whom the city knows.
    pub(crate) async fn health_center_says(&self, key: &str, role: &str, whom: &PersonRef, kind: &str, body: Value) {
        let subjects = json!([{"role": role, "issuer": whom.issuer, "identifier": whom.identifier}]);
        let entry = json!({"sourceKey": key, "subjects": subjects, kind: body});
        let all = json!({"format": "grpc", "messageId": key, "entries": [entry]});
        let draft = Draft::from_json(&all.to_string()).ok().unwrap();
        self.health_center().client.intake().submit(draft).await.unwrap();
    }
}

#[tokio::test]
async fn who_asked_for_certain_cases_is_told_of_such_a_case_and_of_no_other() {
    for named in [vec![akari(), saya()], vec![akari()]] {
        let city = City::after_the_visits().await;
        city.set("2026-11-17T10:00:00+09:00");
        city.center().opens_a_council_case(named, &["C01", "C04", "C10", "C13"]).await;
        assert_eq!(city.finds(visited_in_vain(2)).await, 1, "the case may be seen");
        for _ in 0..2 {
            assert_eq!((city.finds(visited_in_vain(3)).await, city.finds(visited_in_vain(9)).await), (0, 0));
        }
        assert!(city.late_matches().await.is_empty(), "it is none of those that were asked for");
        city.set("2026-11-18T17:00:00+09:00");
        city.somebody_rang_in_vain("V-3", (2026, 11, 18)).await;
        for _ in 0..2 {
            assert_eq!(city.late_matches().await.len(), 1, "of three visits in vain, once; of nine, never");
        }
        assert_eq!(city.finds(visited_in_vain(3)).await, 1, "asking again shows it");
        assert_eq!(city.late_matches().await.len(), 1);
        city.set("2027-05-17T00:00:00+09:00");
        for key in ["V-4", "V-5", "V-6", "V-7", "V-8", "V-9"] {
            city.somebody_rang_in_vain(key, (2027, 5, 16)).await;
        }
        assert_eq!(city.late_matches().await.len(), 1, "never once the ground has ended");
    }
}

#[tokio::test]
async fn who_was_answered_after_all_is_told_nothing_more_of_that_question() {
    let city = City::after_the_visits().await;
    city.set("2026-11-17T10:00:00+09:00");
    city.center().opens_a_council_case(vec![akari(), saya()], &["C01", "C04", "C10", "C13"]).await;
    assert_eq!(city.finds(visited_in_vain(3)).await, 0);
    city.set("2026-11-18T17:00:00+09:00");
    city.somebody_rang_in_vain("V-3", (2026, 11, 18)).await;
    assert_eq!(city.finds(visited_in_vain(2)).await, 1, "another question, which was never in vain");
    assert_eq!(city.finds(visited_in_vain(3)).await, 1);
    assert!(city.late_matches().await.is_empty());
}

impl City {
    /// 真壁's office is told in XML of what concerns the council, and has asked for such cases in vain.
    async fn asked_in_xml(folder: Option<PathBuf>) -> City {
        let city = City::after_the_visits().await;
        let formats = words(&["cgc-xml"]);
        let wanted = Subscription { purpose: Purpose::P6, formats, folder, https: None, mllp: None };
        city.subscribes(sample::GUIDANCE_CENTER, wanted).await;
        city.set("2026-11-17T10:00:00+09:00");
        city.center().opens_a_council_case(vec![akari(), saya()], &["C01", "C04", "C10", "C13"]).await;
        let visits = r#"<cg:Criteria><cg:UnresponsiveVisitCount atLeast="3" withinDays="90"/></cg:Criteria>"#;
        let query = query("Investigation", "CWA25-3", COUNCIL_CASE, "", "w-0412");
        let query = query.replace("<cg:Criteria></cg:Criteria>", visits).replace(">L3<", ">L2<");
        for id in ["q-1", "q-2"] {
            let answer = city.xml(&query.replace("q-1", id)).await;
            let text = String::from_utf8(answer.body).unwrap();
            assert!(text.contains("CaseQueryResponse") && !text.contains("<cg:Hit"), "{text}");
        }
        assert!(city.late_matches().await.is_empty());
        city.set("2026-11-18T17:00:00+09:00");
        city.somebody_rang_in_vain("V-3", (2026, 11, 18)).await;
        city
    }
}

#[tokio::test]
async fn a_late_match_is_told_in_xml_once_and_says_only_which_question_and_ground() {
    let city = City::asked_in_xml(None).await;
    for _ in 0..2 {
        assert_eq!(city.late_matches().await.len(), 1);
    }
    let mail = city.guidance_center().receives().await;
    let [told] = mail.0.as_slice() else { panic!("{}", mail.text()) };
    assert_eq!((told.kind(), told.formats()), ("late_match", vec!["cgc-xml"]));
    let text = mail.last("cgc-xml");
    assert!(text.contains("<cg:LateMatchNotification") && text.contains(&format!("<cg:RelatedCaseID>{COUNCIL_CASE}<")));
    assert!(text.contains("<cg:InResponseTo>q-1<"), "{text}");
    let root = musubi_core::release::NOTICE;
    for hidden in ["灯", "髙柳", "タカヤナギ", "absent", "OSC-482072", "2026-10-19"] {
        assert!(!text.replace(root, "").contains(hidden), "{hidden}: {text}");
    }
    assert!(city.guidance_center().receives().await.is_empty(), "acknowledged");
}

#[tokio::test]
async fn what_tells_of_a_late_match_is_decided_anew_when_it_leaves() {
    let city = City::asked_in_xml(None).await;
    assert_eq!(city.late_matches().await.len(), 1);
    city.set("2027-05-17T00:00:00+09:00");
    assert!(city.guidance_center().receives().await.is_empty(), "its ground has ended meanwhile");
    let row = city.delivery(sample::GUIDANCE_CENTER, |_| true).await;
    assert_eq!((row.state, row.reason.as_str()), (DeliveryState::Suppressed, "no-match"));
    assert!(row.persons.is_empty());
}

#[tokio::test]
async fn a_late_match_is_written_into_the_folder_of_who_wants_it_there() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::asked_in_xml(Some(folder.path().to_owned())).await;
    assert_eq!(city.late_matches().await.len(), 1);
    let sent = city.delivery(sample::GUIDANCE_CENTER, |row| row.state == DeliveryState::Acknowledged).await;
    let file = folder.path().join(format!("{}.cgc-xml.xml", sent.id));
    assert!(std::fs::read_to_string(file).unwrap().contains("<cg:LateMatchNotification"));
}

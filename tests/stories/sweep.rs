//! S-10: every method of the services and every route, from their descriptors, against callers who may not. A method that
//! is missing from the table fails the sweep.

use crate::agencies::{by_name, person};
use crate::city::City;
use musubi::agency_client::HttpAnswer;
use musubi::edge::grpc::{DESCRIPTORS, client as grpc};
use musubi::hub::enrol::Enrolment;
use musubi::sample_city as sample;
use musubi_adapters::hospital::fhir::rest::TAKEN;
use musubi_core::agency::AgencyId;
use musubi_core::wire::Answer;
use musubi_core::wire::agency_side::Draft;
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};

/// A caller who may not, and what it asks.
struct Refused {
    agency: &'static str,
    why: &'static str,
    body: Vec<u8>,
}

fn case(agency: &'static str, why: &'static str, message: impl Answer) -> Refused {
    Refused { agency, why, body: message.write() }
}

fn somebody() -> Option<grpc::PersonRef> {
    Some(person(sample::CITY, "K0100101", "mother"))
}

fn text(word: &str) -> String {
    word.to_owned()
}

/// Every method with callers of the wrong kind, role or purpose. None: any agency on the register may call it, and what it
/// gets is its own or carries no record.
fn table() -> BTreeMap<&'static str, Vec<Refused>> {
    let (hospital, center, guidance) = (sample::HOSPITAL, sample::CENTER, sample::GUIDANCE_CENTER);
    let fact_id = || text("018f0000-0000-7000-8000-000000000001");
    let read = |staff: &str, purpose: &str| grpc::GetRecordRequest {
        purpose: text(purpose),
        staff_id: text(staff),
        person_id: fact_id(),
        ..grpc::GetRecordRequest::default()
    };
    let search = |staff: &str, purpose: &str| grpc::SearchCasesRequest {
        purpose: text(purpose),
        staff_id: text(staff),
        ground: text("汐児8-204"),
        ..grpc::SearchCasesRequest::default()
    };
    let watch = |staff: &str, purpose: &str| grpc::WatchRecordsRequest {
        purpose: text(purpose),
        staff_id: text(staff),
        ground: text("汐児8-204"),
    };
    let permit = |staff: &str| grpc::RecordConsentRequest {
        staff_id: text(staff),
        subject: somebody(),
        grantee_agency: text(center),
        categories: vec![text("C05")],
        purposes: vec![text("P3")],
        valid_until: text("2027-10-25"),
        ..grpc::RecordConsentRequest::default()
    };
    let shield = |staff: &str| grpc::ShieldRequest {
        staff_id: text(staff),
        subject: somebody(),
        until: text("2027-06-30"),
        ..grpc::ShieldRequest::default()
    };
    let seal =
        |staff: &str| grpc::SealRequest { staff_id: text(staff), subject: somebody(), ..grpc::SealRequest::default() };
    let custody = |staff: &str| grpc::RecordCustodyRequest {
        staff_id: text(staff),
        subject: somebody(),
        ..grpc::RecordCustodyRequest::default()
    };
    let form = |staff: &str| grpc::WithdrawFormRequest {
        staff_id: text(staff),
        form_id: text("SK-01"),
        form_version: text("2026-04"),
    };
    let ground = |staff: &str, code: &str| grpc::GroundRequest {
        staff_id: text(staff),
        code: text(code),
        persons: vec![by_name("汐野 某", "1990-08-03")],
        categories: vec![text("C09")],
        until: text("2026-12-16"),
        ..grpc::GroundRequest::default()
    };
    let emergency = |staff: &str| grpc::BreakGlassRequest {
        staff_id: text(staff),
        subject: somebody(),
        reason_code: text("abuse"),
        reason: text("189に泣き声の通報。乳児の安否を今夜確認する必要がある"),
        threatened_person: text("児"),
        why_consent_impossible: text("深夜"),
    };
    let confirm = |staff: &str| grpc::ConfirmBreakGlassRequest {
        staff_id: text(staff),
        fact_id: fact_id(),
        categories: vec![text("C01")],
    };
    let link = |staff: &str| grpc::LinkPersonsRequest {
        staff_id: text(staff),
        one: somebody(),
        other: Some(person(sample::CITY, "K0100102", "mother")),
        ..grpc::LinkPersonsRequest::default()
    };
    let count = |staff: &str| grpc::CountRequest { staff_id: text(staff), ..grpc::CountRequest::default() };
    let hold = |staff: &str| grpc::LegalHoldRequest {
        staff_id: text(staff),
        subject: somebody(),
        reason: text("損害賠償請求訴訟のため"),
        lift: false,
    };
    let statement =
        |staff: &str| grpc::StatementRequest { staff_id: text(staff), subject: somebody(), ..Default::default() };
    let withdraw = grpc::WithdrawConsentRequest { subject: somebody(), ..grpc::WithdrawConsentRequest::default() };
    let object = grpc::ObjectRequest { subject: somebody(), ..grpc::ObjectRequest::default() };
    let refer = grpc::ReferRequest {
        to: text(sample::PROVIDER),
        persons: somebody().into_iter().collect(),
        kind: text("support"),
        ..grpc::ReferRequest::default()
    };
    let assert = grpc::AssertGroundRequest {
        code: text("L01"),
        persons: somebody().into_iter().collect(),
        categories: vec![text("C01")],
        ..grpc::AssertGroundRequest::default()
    };
    let approve = grpc::ApproveGroundRequest {
        fact_id: fact_id(),
        categories: vec![text("C09")],
        ..grpc::ApproveGroundRequest::default()
    };
    let refuse = grpc::RefuseGroundRequest {
        fact_id: fact_id(),
        categories: vec![text("C09")],
        ..grpc::RefuseGroundRequest::default()
    };
    let end = grpc::EndGroundRequest { fact_id: fact_id(), ..grpc::EndGroundRequest::default() };
    let leave = grpc::LeaveCaseRequest { number: text("K-1"), ..grpc::LeaveCaseRequest::default() };
    let answer = grpc::AnswerWorkRequest { id: fact_id(), answer: text("done"), ..grpc::AnswerWorkRequest::default() };
    let list = grpc::ListWorkRequest { staff_id: text("hayakawa"), ..grpc::ListWorkRequest::default() };
    BTreeMap::from([
        ("Intake/Submit", vec![]),
        ("Intake/SubmitStream", vec![]),
        ("Intake/SubmitDocument", vec![]),
        (
            "Records/Get",
            vec![
                case(hospital, "a machine under another purpose than its own", read("", "P5")),
                case(hospital, "a clerk asks for protection", read("clerk-07", "P5")),
                case(hospital, "subject access is no reading", read("namiki", "P10")),
                case(hospital, "statistics show nobody", read("namiki", "P12")),
                case(guidance, "a guidance center for another's task", read("w-0412", "P3")),
                case(center, "an auditor sees metadata only", read("hayakawa", "P3")),
                case(hospital, "a name that is not on the register", read("w-0412", "P1")),
            ],
        ),
        (
            "Records/SearchCases",
            vec![
                case(guidance, "a machine asks for protection", search("", "P5")),
                case(hospital, "a clerk asks for protection", search("clerk-07", "P5")),
                case(guidance, "another's task", search("w-0412", "P3")),
            ],
        ),
        (
            "Records/Count",
            vec![
                case(hospital, "not whose task the cases are", count("namiki")),
                case(guidance, "a machine", count("")),
                case(center, "an auditor", count("hayakawa")),
            ],
        ),
        (
            "Records/Watch",
            vec![
                case(guidance, "a machine asks for protection", watch("", "P5")),
                case(guidance, "another's task", watch("w-0412", "P3")),
                case(hospital, "a clerk asks for protection", watch("clerk-07", "P5")),
                case(hospital, "statistics show nobody", watch("namiki", "P12")),
            ],
        ),
        ("Referrals/Refer", vec![case(center, "a machine refers", refer)]),
        ("Referrals/Step", vec![]),
        ("Referrals/Get", vec![]),
        (
            "Consents/Record",
            vec![case(center, "a machine", permit("")), case(center, "an auditor", permit("hayakawa"))],
        ),
        ("Consents/Withdraw", vec![case(center, "a machine", withdraw)]),
        ("Consents/Object", vec![case(center, "a machine", object)]),
        (
            "Consents/Shield",
            vec![case(hospital, "not a center", shield("namiki")), case(center, "a machine", shield(""))],
        ),
        ("Consents/Seal", vec![case(hospital, "not a center", seal("namiki")), case(center, "a machine", seal(""))]),
        (
            "Consents/RecordCustody",
            vec![case(hospital, "not a center", custody("namiki")), case(center, "a machine", custody(""))],
        ),
        (
            "Consents/WithdrawForm",
            vec![case(hospital, "not a center", form("namiki")), case(center, "not her office", form("ooba"))],
        ),
        (
            "Consents/LegalHold",
            vec![
                case(hospital, "not a center", hold("namiki")),
                case(center, "not her office", hold("ooba")),
                case(center, "a machine", hold("")),
            ],
        ),
        ("Consents/Explain", vec![]),
        ("Consents/WhatIf", vec![]),
        (
            "Grounds/Request",
            vec![
                case(guidance, "a machine", ground("", "L04")),
                case(guidance, "not the coordinator", ground("w-0412", "L05")),
            ],
        ),
        ("Grounds/Assert", vec![case(hospital, "a machine", assert)]),
        ("Grounds/Approve", vec![case(center, "a machine", approve)]),
        ("Grounds/Refuse", vec![case(center, "a machine", refuse)]),
        ("Grounds/End", vec![case(center, "a machine", end)]),
        ("Grounds/LeaveCase", vec![case(guidance, "a machine", leave)]),
        (
            "Grounds/BreakGlass",
            vec![
                case(guidance, "a machine", emergency("")),
                case(hospital, "a clerk", emergency("clerk-07")),
                case(center, "an auditor", emergency("hayakawa")),
            ],
        ),
        (
            "Grounds/ConfirmBreakGlass",
            vec![case(guidance, "a machine", confirm("")), case(hospital, "a clerk", confirm("clerk-07"))],
        ),
        ("Grounds/ShowBreakGlass", vec![]),
        ("WorkItems/List", vec![case(center, "an auditor has no work", list.clone())]),
        ("WorkItems/Watch", vec![case(center, "an auditor has no work", list)]),
        ("WorkItems/Answer", vec![case(center, "a machine", answer)]),
        ("Deliveries/Receive", vec![]),
        ("Deliveries/Acknowledge", vec![]),
        ("Deliveries/DeadLetters", vec![]),
        ("Deliveries/Replay", vec![]),
        ("Registry/ListAgencies", vec![]),
        ("Registry/RegisterAgency", vec![]),
        ("Registry/RegisterStaff", vec![]),
        ("Registry/Subscribe", vec![]),
        (
            "Registry/LinkPersons",
            vec![case(hospital, "not a center", link("namiki")), case(center, "a machine", link(""))],
        ),
        (
            "Audit/Statement",
            vec![
                case(center, "not her office", statement("ooba")),
                case(hospital, "not a center", statement("namiki")),
            ],
        ),
        ("Audit/Checkpoint", vec![]),
        ("Audit/Prove", vec![]),
    ])
}

/// Routes of HTTPS, with a caller of the wrong kind where there is one.
fn routes() -> Vec<(String, Option<&'static str>)> {
    let mut routes = vec![
        ("/v1/documents?format=ph05".to_owned(), None),
        ("/v1/cases/query".to_owned(), Some(sample::PROVIDER)),
        ("/fhir/R4/Patient/$everything".to_owned(), None),
    ];
    routes.extend(TAKEN.iter().map(|taken| (format!("/fhir/R4/{}", taken.kind), None)));
    routes
}

/// `Service/Method` of every service of the schema.
#[expect(clippy::disallowed_methods, reason = "a descriptor is no record")]
fn methods() -> BTreeSet<String> {
    let files = prost_types::FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let ours = files.file.iter().filter(|file| file.package() == "musubi.v1");
    let services = ours.flat_map(|file| &file.service);
    services
        .flat_map(|service| service.method.iter().map(|method| format!("{}/{}", service.name(), method.name())))
        .collect()
}

impl City {
    async fn calls(&self, agency: &str, method: &str, body: &[u8]) -> HttpAnswer {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let framed = [&[0], length.as_slice(), body].concat();
        self.agency(agency).post(&format!("/musubi.v1.{method}"), "application/grpc", framed).await.unwrap()
    }
}

/// Something that would be taken from any agency that may send.
fn a_submission() -> Vec<u8> {
    let subject = serde_json::json!([{"role": "CHILD", "issuer": sample::HOSPITAL, "identifier": "1"}]);
    let entry = serde_json::json!({"sourceKey": "1", "subjects": subject, "personDetails": {"sex": "MALE"}});
    let submission = serde_json::json!({"format": "grpc", "messageId": "1", "entries": [entry]});
    Draft::from_json(&submission.to_string()).unwrap().write()
}

fn grpc_status(answer: &HttpAnswer) -> Option<&str> {
    answer.headers.iter().find(|(name, _)| name == "grpc-status").map(|(_, value)| value.as_str())
}

const PERMISSION_DENIED: &str = "7";
const UNIMPLEMENTED: &str = "12";

#[tokio::test]
async fn s10_every_method_refuses_who_may_not_call_it_and_none_is_missing_from_the_table() {
    let table = table();
    let known: BTreeSet<String> = table.keys().map(|method| (*method).to_owned()).collect();
    assert_eq!(methods(), known, "a method is missing from the table, or gone");
    let city = City::at("2026-11-14T10:00:00+09:00").await;
    for (method, cases) in &table {
        for Refused { agency, why, body } in cases {
            let answer = city.calls(agency, method, body).await;
            assert_eq!(grpc_status(&answer), Some(PERMISSION_DENIED), "{method}: {why}: {:?}", answer.headers);
            assert!(answer.body.is_empty(), "{method}: {why}");
        }
    }
}

#[tokio::test]
async fn s10_a_suspended_agency_is_refused_by_every_method_and_route() {
    let city = City::at("2026-11-14T10:00:00+09:00").await;
    let ids = [sample::CENTER, sample::GUIDANCE_CENTER, sample::HOSPITAL, sample::HEALTH_CENTER, sample::PROVIDER];
    for id in ids {
        let order = Enrolment::Suspend(AgencyId::new(id).unwrap());
        city.running.hub.enrol(order, "operator").await.unwrap();
    }
    for method in methods() {
        for id in ids {
            let body = if method.starts_with("Intake/Submit") { a_submission() } else { Vec::new() };
            let answer = city.calls(id, &method, &body).await;
            let status = grpc_status(&answer);
            assert!(status == Some(PERMISSION_DENIED) || status == Some(UNIMPLEMENTED), "{method} {id}: {answer:?}");
            assert!(answer.body.is_empty(), "{method} {id}");
        }
    }
    for (route, _) in routes() {
        for id in ids {
            let answer = city.agency(id).post(&route, "application/octet-stream", b"x".to_vec()).await.unwrap();
            assert_eq!(answer.status, 403, "{route} {id}");
        }
    }
}

#[tokio::test]
async fn s10_every_route_refuses_a_caller_of_the_wrong_kind() {
    let city = City::at("2026-11-14T10:00:00+09:00").await;
    for (route, wrong) in routes() {
        let Some(wrong) = wrong else { continue };
        let answer = city.agency(wrong).post(&route, "application/xml", crate::city::QUERY.to_vec()).await.unwrap();
        assert!((400..500).contains(&answer.status), "{route}: {}", answer.status);
        assert!(!String::from_utf8_lossy(&answer.body).contains("CaseQueryResponse"), "{route}");
    }
}

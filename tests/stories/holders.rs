//! Before whom a request under the law is put: the center at once, and each who wrote something of what is asked. Each answers for
//! its own, and sees nothing of what the others answer.

use crate::agencies::{Agency, words};
use crate::city::City;
use crate::steps::{aoi, chinatsu};
use musubi::edge::grpc::client::{ApproveGroundRequest, EndGroundRequest, GroundRequest, ObjectRequest, PersonRef};
use musubi::sample_city as sample;
use musubi_core::wire::agency_side::Draft;

const REQUEST: &str = "汐児8-211";

impl City {
    fn namiki(&self) -> Agency {
        Agency { staff: "namiki", ..self.hospital() }
    }

    /// The guidance center asks about a mother. Answers the id of the request.
    async fn is_asked_about(&self, whom: PersonRef) -> String {
        let request = GroundRequest {
            staff_id: "w-0412".to_owned(),
            code: "L04".to_owned(),
            number: REQUEST.to_owned(),
            persons: vec![whom],
            categories: words(&["C05", "C08"]),
            requesting_head: "南部児童相談所長".to_owned(),
            necessity: "通告を受けた安全確認".to_owned(),
            from: "2026-11-16".to_owned(),
            until: "2026-12-16".to_owned(),
            ..GroundRequest::default()
        };
        let answer = self.guidance_center().client.grounds().request(request).await.unwrap().into_inner();
        assert!(answer.parts.iter().all(|part| part.state == "HOLD" && part.holder.is_empty()), "{:?}", answer.parts);
        answer.fact_id
    }

    /// Who of all agencies has a request to answer.
    async fn asked(&self) -> Vec<String> {
        let mut asked = Vec::new();
        for agency in [
            self.center(),
            self.hospital(),
            self.clinic(),
            self.provider(),
            self.guidance_center(),
            self.health_center(),
            self.prefectural_health_center(),
        ] {
            asked.extend(agency.work("hold").await.into_iter().map(|_| agency.id.clone()));
        }
        asked
    }

    async fn the_guidance_center_reads(&self) -> Vec<&'static str> {
        self.guidance_center().looks_up("P5", chinatsu(), REQUEST).await.kinds()
    }
}

impl Agency {
    async fn approves_c05(&self, fact_id: &str, with_objection_in_view: bool) -> Vec<String> {
        let request = ApproveGroundRequest {
            staff_id: self.staff.to_owned(),
            fact_id: fact_id.to_owned(),
            categories: words(&["C05"]),
            with_objection_in_view,
            ..ApproveGroundRequest::default()
        };
        let answer = self.client.grounds().approve(request).await.unwrap().into_inner();
        answer.parts.iter().map(|part| format!("{} {} {}", part.holder, part.category, part.state)).collect()
    }

    /// A screening about somebody, by whatever identifier.
    async fn screens(&self, whom: PersonRef, key: &str) {
        let subjects = serde_json::json!([{"role": "MOTHER", "issuer": whom.issuer, "identifier": whom.identifier}]);
        let screening = serde_json::json!({"instrument": "epds", "total": 4});
        let entry = serde_json::json!({"sourceKey": key, "subjects": subjects, "screening": screening});
        let all = serde_json::json!({"format": "grpc", "messageId": key, "entries": [entry]});
        self.client.intake().submit(Draft::from_json(&all.to_string()).ok().unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn each_who_holds_something_is_asked_and_answers_for_its_own_alone() {
    let city = City::after_the_discharge().await;
    city.set("2026-11-16T10:00:00+09:00");
    let fact = city.is_asked_about(chinatsu()).await;
    assert_eq!(city.asked().await, [sample::CENTER, sample::HOSPITAL], "nobody who holds nothing");
    let item = city.hospital().work("hold").await.remove(0);
    assert!(item.about == fact && !item.due_at.is_empty() && item.code == "REQUEST_L04", "{item:?}");
    let center = Agency { staff: "fukatsu", ..city.center() };
    assert_eq!(center.approves_c05(&fact, false).await.len(), 2);
    assert!(city.the_guidance_center_reads().await.is_empty(), "the center opens nothing of the hospital");
    let latest = city.running.hub.store.fact(musubi_core::id::FactId::parse(&fact).unwrap()).await.unwrap().unwrap();
    let latest = latest.superseded_by.unwrap().to_string();
    let parts = city.namiki().approves_c05(&latest, false).await;
    let own = |state: &str, category: &str| format!("{} {category} {state}", sample::HOSPITAL);
    assert_eq!(parts, [own("PERMIT", "C05"), own("HOLD", "C08")], "and nothing of what the center answered");
    assert!(city.the_guidance_center_reads().await.contains(&"discharge_notice"));
    assert_eq!(city.asked().await, [sample::CENTER, sample::HOSPITAL], "nobody is asked twice");
}

#[tokio::test]
async fn who_writes_later_is_asked_when_it_is_held_and_nobody_is_asked_when_it_is_over() {
    let city = City::after_the_discharge().await;
    city.set("2026-11-16T10:00:00+09:00");
    let fact_id = city.is_asked_about(chinatsu()).await;
    city.set("2026-11-17T10:00:00+09:00");
    city.clinic().screens(chinatsu(), "late").await;
    assert_eq!(city.asked().await, [sample::CENTER, sample::HOSPITAL]);
    for _ in 0..2 {
        city.the_guidance_center_reads().await;
    }
    assert_eq!(city.asked().await, [sample::CENTER, sample::HOSPITAL, sample::CLINIC]);
    city.set("2026-11-18T10:00:00+09:00");
    let end = EndGroundRequest { staff_id: "w-0412".to_owned(), fact_id };
    city.guidance_center().client.grounds().end(end).await.unwrap();
    assert!(city.asked().await.is_empty(), "what is over waits for nobody");
}

#[tokio::test]
async fn who_approved_before_an_objection_is_asked_again() {
    let city = City::after_the_discharge().await;
    city.set("2026-11-16T10:00:00+09:00");
    city.is_asked_about(chinatsu()).await;
    let item = city.hospital().work("hold").await.remove(0);
    city.hospital().answers("namiki", &item, "approve", "").await.unwrap();
    assert!(city.the_guidance_center_reads().await.contains(&"discharge_notice"));
    city.set("2026-11-17T10:00:00+09:00");
    let objection = ObjectRequest {
        staff_id: "ooba".to_owned(),
        subject: Some(chinatsu()),
        relationship: "self".to_owned(),
        ..ObjectRequest::default()
    };
    city.center().client.consents().object(objection).await.unwrap();
    assert!(city.the_guidance_center_reads().await.is_empty(), "it was not in the hospital's view");
    let again = city.hospital().work("hold").await;
    assert!(again.len() == 1 && again[0].id != item.id, "{again:?}");
    city.hospital().answers("namiki", &again[0], "approve_despite_objection", "").await.unwrap();
    assert!(city.the_guidance_center_reads().await.contains(&"discharge_notice"));
}

#[tokio::test]
async fn who_must_not_know_of_somebody_in_hiding_is_not_asked() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    city.center().shields_the_hidden_family("2027-06-30").await;
    city.set("2026-11-12T10:00:00+09:00");
    for (agency, key) in [(city.hospital(), "h-1"), (city.clinic(), "c-1"), (city.health_center(), "p-1")] {
        agency.screens(aoi(), key).await;
    }
    city.set("2026-11-16T10:00:00+09:00");
    city.is_asked_about(aoi()).await;
    city.guidance_center().looks_up("P5", aoi(), REQUEST).await;
    assert_eq!(city.asked().await, [sample::CENTER], "neither the one close to the perpetrator nor one off the list");
}

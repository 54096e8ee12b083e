//! Counts of cases (P12): what may be told of many, and nothing of anybody.

use crate::agencies::Agency;
use crate::city::City;
use musubi::edge::grpc::client::CountRequest;
use musubi::sample_city as sample;
use musubi::store::{LeafDraft, Log};
use musubi_core::audit::{AuditEntry, SaltedEntry};
use musubi_core::sealing::Aad;
use tonic::Code;

/// Stands in the name of everybody who is counted.
const CANARY: &str = "隠塚";

/// A case of one child, as the center's own system registers it.
fn registration(number: u32, category: &str, born: u32, route: &str) -> String {
    format!(
        r#"<cg:CaseRegistration xmlns:cg="urn:musubi:cgc:1.0" schemaVersion="1.0" messageID="r-{number}" createdAt="2026-10-20T09:00:00+09:00">
<cg:Sender><cg:OrganizationIdentification>{center}</cg:OrganizationIdentification><cg:WorkerID>w-0412</cg:WorkerID></cg:Sender>
<cg:ChildWelfareCase><cg:ChildWelfareAgencyCaseID>南児{number}</cg:ChildWelfareAgencyCaseID><cg:CategoryCode>{category}</cg:CategoryCode>
<cg:CaseInitiationReasonCode>NF</cg:CaseInitiationReasonCode><cg:CaseStatus>HomeSupport</cg:CaseStatus>
<cg:IntakeDateTime>2026-10-19T10:00:00+09:00</cg:IntakeDateTime><cg:ReporterRouteCode>{route}</cg:ReporterRouteCode>
<cg:LeadAgency>{center}</cg:LeadAgency>
<cg:SubjectPerson><cg:PersonID>p-{number}</cg:PersonID><cg:RoleCode>Child</cg:RoleCode>
<cg:PersonName><cg:PersonFullName>{CANARY}　{number}</cg:PersonFullName></cg:PersonName>
<cg:PersonBirthDate>{born}-05-05</cg:PersonBirthDate><cg:PersonSexCode>2</cg:PersonSexCode>
<cg:Address><cg:AddressFullText>朝凪県汐音市浜通2丁目</cg:AddressFullText><cg:JurisdictionCode>{city}</cg:JurisdictionCode></cg:Address>
<cg:ShieldedIndicator>false</cg:ShieldedIndicator></cg:SubjectPerson>
<cg:NextReviewDate>2026-12-18</cg:NextReviewDate>
<cg:DataPrivacy><cg:SensitivityText>R</cg:SensitivityText></cg:DataPrivacy></cg:ChildWelfareCase></cg:CaseRegistration>"#,
        center = sample::GUIDANCE_CENTER,
        city = sample::CITY
    )
}

/// Fourteen small children in need of support, twelve older ones in need of protection, and three of whom a school told.
async fn city_with_cases() -> City {
    let city = City::at("2026-10-20T09:00:00+09:00").await;
    let center = city.guidance_center();
    for number in 0..29 {
        let case = match number {
            0..14 => registration(number, "ChildInNeedOfSupport", 2025, "Police"),
            14..26 => registration(number, "ChildInNeedOfProtection", 2022, "Medical"),
            _ => registration(number, "ChildInNeedOfSupport", 2025, "School"),
        };
        center.hands_in("cgc-xml", case.as_bytes()).await.accepted();
    }
    city
}

fn query(sender: &Agency, municipality: &str, criteria: &str) -> String {
    let place = format!("<cg:JurisdictionCode>{municipality}</cg:JurisdictionCode>");
    let place = if municipality.is_empty() { "" } else { &place };
    format!(
        r#"<cg:CaseQueryRequest xmlns:cg="urn:musubi:cgc:1.0" schemaVersion="1.0" messageID="q-1" createdAt="2026-11-13T09:30:00+09:00"><cg:Sender><cg:OrganizationIdentification>{}</cg:OrganizationIdentification><cg:WorkerID>{}</cg:WorkerID></cg:Sender><cg:PurposeCode>Statistics</cg:PurposeCode><cg:Criteria>{place}{criteria}</cg:Criteria></cg:CaseQueryRequest>"#,
        sender.id, sender.staff
    )
}

impl City {
    /// What the hub's own log says.
    async fn log_of_the_hub(&self) -> Vec<AuditEntry> {
        let hub = &self.running.hub;
        let leaves = hub.store.leaves(&Log::Hub, 0, 1_000).await.unwrap();
        let opened = leaves.iter().map(|leaf| hub.keyring.hub.open(&Aad::row(LeafDraft::TABLE, leaf.id), &leaf.entry));
        opened.map(|bytes| SaltedEntry::from_bytes(bytes.unwrap()).entry().unwrap()).collect()
    }
}

impl Agency {
    async fn asks_for_counts(&self, municipality: &str, criteria: &str) -> (u16, String) {
        let answer = self.posts("/v1/cases/query", query(self, municipality, criteria).as_bytes()).await;
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    async fn counts(&self, municipality: &str) -> String {
        let (status, text) = self.asks_for_counts(municipality, "").await;
        assert_eq!(status, 200, "{text}");
        text
    }
}

/// Every number that is told, in the order of the answer.
fn told(answer: &str) -> Vec<u32> {
    let parts = answer.split("<cg:CaseQuantity>").skip(1);
    parts.map(|part| part.split('<').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn a_count_tells_of_many_and_nothing_of_anybody() {
    let city = city_with_cases().await;
    city.set("2026-11-13T09:30:00+09:00");
    let answer = city.guidance_center().counts(sample::CITY).await;
    assert!(answer.contains("<cg:AsOfDate>2026-10-31</cg:AsOfDate>"), "{answer}");
    assert!(told(&answer).iter().filter(|number| **number == 29).count() >= 3, "a total in each table: {answer}");
    assert!(told(&answer).contains(&17), "those in need of support: {answer}");
    assert!(told(&answer).iter().all(|number| *number >= 10), "{answer}");
    assert!(!told(&answer).contains(&12), "it hides that nobody is of no category: {answer}");
    assert!(answer.contains("<cg:Withheld>true</cg:Withheld>"));
    for hidden in [CANARY, "南児", "浜通", "p-1", "<cg:Hit", "PersonName", "CaseTrackingID"] {
        assert!(!answer.contains(hidden), "{hidden}: {answer}");
    }
}

#[tokio::test]
async fn the_same_is_told_over_grpc_and_the_log_says_who_had_whom_counted() {
    let city = city_with_cases().await;
    city.set("2026-11-13T09:30:00+09:00");
    let xml = city.guidance_center().counts(sample::CITY).await;
    let counts = |staff: &str, municipality: &str| {
        let request = CountRequest { staff_id: staff.to_owned(), municipalities: vec![municipality.to_owned()] };
        let client = city.guidance_center().client;
        async move { client.records().count(request).await.map(|answer| answer.into_inner().municipalities) }
    };
    let before = city.log_of_the_hub().await.len();
    let told_too = counts("w-0412", sample::CITY).await.unwrap();
    assert_eq!(told_too.len(), 1);
    assert_eq!(told_too[0].counted_on, "2026-10-31");
    let tables = &told_too[0].tables;
    let numbers: Vec<u32> = tables.iter().flat_map(|table| &table.counts).filter_map(|count| count.number).collect();
    assert_eq!(numbers, told(&xml), "in the same order");
    assert!(tables.iter().all(|table| table.counts.iter().all(|count| count.words.len() == table.dimensions.len())));
    assert!(!format!("{told_too:?}").contains(CANARY));

    let log = city.log_of_the_hub().await;
    let counted: Vec<&AuditEntry> = log[before..].iter().filter(|entry| entry.action == "count").collect();
    assert_eq!(counted.len(), 1);
    let said = [&counted[0].agency, &counted[0].staff_id, &counted[0].purpose, &counted[0].note].map(String::as_str);
    assert_eq!(said, [sample::GUIDANCE_CENTER, "w-0412", "P12", sample::CITY]);

    let elsewhere = counts("w-0412", "131016").await.unwrap_err();
    assert!(elsewhere.message().contains("CG-E301"), "{elsewhere}");
    let no_code = counts("w-0412", "汐音").await.unwrap_err();
    assert_eq!(no_code.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn within_a_month_the_counts_stand_still() {
    let city = city_with_cases().await;
    city.set("2026-11-13T09:30:00+09:00");
    let before = city.guidance_center().counts(sample::CITY).await;
    let new = registration(30, "ChildInNeedOfProtection", 2022, "Medical");
    city.guidance_center().hands_in("cgc-xml", new.as_bytes()).await.accepted();
    assert_eq!(city.guidance_center().counts(sample::CITY).await, before, "every byte");
    city.set("2026-12-01T00:00:00+09:00");
    assert!(told(&city.guidance_center().counts(sample::CITY).await).contains(&30));
}

#[tokio::test]
async fn each_center_counts_its_own_municipalities_each_by_itself() {
    let city = city_with_cases().await;
    city.set("2026-11-13T09:30:00+09:00");
    let area = city.guidance_center().counts("").await;
    assert_eq!(area.matches("<cg:CaseStatistics>").count(), 2, "no sum of the two");
    let own = city.center().counts("").await;
    assert_eq!(own, city.guidance_center().counts(sample::CITY).await);
    let (status, text) = city.center().asks_for_counts(sample::NEIGHBOUR, "").await;
    assert!(status == 422 && text.contains("CG-E301"), "{status} {text}");
}

#[tokio::test]
async fn who_may_not_count_or_chooses_some_cases_gets_no_number() {
    let city = city_with_cases().await;
    city.set("2026-11-13T09:30:00+09:00");
    let unborn = "<cg:IncludeUnborn>true</cg:IncludeUnborn>";
    let stranger = city.other(sample::GUIDANCE_CENTER, "w-9999");
    let auditor = city.other(sample::CENTER, "hayakawa");
    for (who, criteria, status, code) in [
        (city.guidance_center(), unborn, 422, "CG-E308"),
        (city.hospital(), "", 403, "CG-E302"),
        (city.health_center(), "", 403, "CG-E302"),
        (city.provider(), "", 403, "CG-E302"),
        (auditor, "", 403, "CG-E302"),
        (stranger, "", 403, "CG-E302"),
    ] {
        let (said, text) = who.asks_for_counts("", criteria).await;
        assert!(said == status && text.contains(code), "{} {said} {text}", who.id);
        assert!(told(&text).is_empty() && !text.contains("CaseStatistics"), "{text}");
    }
}

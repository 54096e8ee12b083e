//! Row 11: break-glass. Two steps, one subject, one member of staff, four hours, one review.

use crate::agencies::{Agency, by_name, person};
use crate::city::City;
use crate::steps::{akari, chinatsu, rin, saya};
use musubi::edge::grpc::client::{
    AnswerWorkRequest, BreakGlassAccess, BreakGlassOffer, BreakGlassRequest, ConfirmBreakGlassRequest,
    EndGroundRequest, PersonRef, ShowBreakGlassRequest, WorkItem,
};
use musubi::sample_city as sample;
use tonic::{Code, Status};

const REASON: &str = "189に泣き声の通報。乳児の安否を今夜確認する必要がある";

fn first_step(staff: &str, subject: PersonRef) -> BreakGlassRequest {
    BreakGlassRequest {
        staff_id: staff.to_owned(),
        subject: Some(subject),
        reason_code: "abuse".to_owned(),
        reason: REASON.to_owned(),
        threatened_person: "生後3週の児".to_owned(),
        why_consent_impossible: "深夜で母に連絡が取れない".to_owned(),
    }
}

impl Agency {
    async fn asks_in_an_emergency(&self, request: BreakGlassRequest) -> Result<BreakGlassOffer, Status> {
        Ok(self.client.grounds().break_glass(request).await?.into_inner())
    }

    async fn confirms(&self, staff: &str, offer: &BreakGlassOffer) -> Result<BreakGlassAccess, Status> {
        let request = ConfirmBreakGlassRequest {
            staff_id: staff.to_owned(),
            fact_id: offer.fact_id.clone(),
            categories: offer.categories.iter().map(|shown| shown.category.clone()).collect(),
        };
        Ok(self.client.grounds().confirm_break_glass(request).await?.into_inner())
    }

    pub(crate) async fn breaks_the_glass(&self, subject: PersonRef) -> BreakGlassAccess {
        let offer = self.asks_in_an_emergency(first_step(self.staff, subject)).await.unwrap();
        self.confirms(self.staff, &offer).await.unwrap()
    }

    pub(crate) async fn answers(
        &self,
        staff: &str,
        item: &WorkItem,
        answer: &str,
        note: &str,
    ) -> Result<WorkItem, Status> {
        let (staff_id, answer, note) = (staff.to_owned(), answer.to_owned(), note.to_owned());
        let request = AnswerWorkRequest { staff_id, id: item.id.clone(), answer, note, ..AnswerWorkRequest::default() };
        Ok(self.client.work_items().answer(request).await?.into_inner())
    }
}

impl City {
    /// Saturday night, after two visits in vain.
    pub(crate) async fn on_the_night() -> City {
        let city = City::after_the_visits().await;
        city.set("2026-11-14T23:40:00+09:00");
        city
    }
}

#[tokio::test]
async fn one_step_opens_nothing_and_two_open_the_mask_for_four_hours() {
    let city = City::on_the_night().await;
    let cgc = city.guidance_center();
    assert!(cgc.looks_up("P11", akari(), "").await.is_empty());
    let offer = cgc.asks_in_an_emergency(first_step("w-0412", akari())).await.unwrap();
    let shown: Vec<&str> = offer.categories.iter().map(|shown| shown.category.as_str()).collect();
    assert_eq!(shown.join(" "), "C01 C02 C04 C05 C06 C07 C08 C09 C10 C11 C13 C14");
    assert!(cgc.looks_up("P11", akari(), "").await.is_empty(), "one step");
    let access = cgc.confirms("w-0412", &offer).await.unwrap();
    assert_eq!(access.until, "2026-11-15T03:40:00+09:00");
    assert_eq!(access.review_by, "2026-11-19T00:00:00+09:00", "three working days");
    let seen = cgc.looks_up("P11", akari(), "").await;
    assert_eq!(seen.kinds().iter().filter(|kind| **kind == "home_visit").count(), 2);
    assert!(seen.json().contains("浜通2丁目") && seen.json().contains("T3.BG"), "{}", seen.json());
    assert!(cgc.looks_up("P11", chinatsu(), "").await.is_empty(), "one subject");
    assert!(cgc.looks_up("P5", akari(), "").await.is_empty(), "one purpose");
    city.set("2026-11-15T03:39:59+09:00");
    assert!(!cgc.looks_up("P11", akari(), "").await.is_empty());
    city.set("2026-11-15T03:40:00+09:00");
    assert!(cgc.looks_up("P11", akari(), "").await.is_empty(), "over at 03:40");
}

#[tokio::test]
async fn the_glass_is_not_broken_without_a_name_a_reason_and_the_offered_list() {
    let city = City::on_the_night().await;
    let cgc = city.guidance_center();
    for staff in ["", "w-9999"] {
        let refused = cgc.asks_in_an_emergency(first_step(staff, akari())).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let clerk = city.hospital().asks_in_an_emergency(first_step("clerk-07", akari())).await.unwrap_err();
    assert_eq!(clerk.code(), Code::PermissionDenied);
    let wanting = [
        ("MU-E442", BreakGlassRequest { reason: "通報があった".to_owned(), ..first_step("w-0412", akari()) }),
        ("M634", BreakGlassRequest { reason_code: "curious".to_owned(), ..first_step("w-0412", akari()) }),
        ("M635", BreakGlassRequest { threatened_person: " ".to_owned(), ..first_step("w-0412", akari()) }),
        ("M635", BreakGlassRequest { why_consent_impossible: String::new(), ..first_step("w-0412", akari()) }),
    ];
    for (code, request) in wanting {
        let refused = cgc.asks_in_an_emergency(request).await.unwrap_err();
        assert!(refused.code() == Code::InvalidArgument && refused.message().contains(code), "{refused}");
    }
    let mut offer = cgc.asks_in_an_emergency(first_step("w-0412", akari())).await.unwrap();
    let other = cgc.confirms("w-0107", &offer).await.unwrap_err();
    assert!(other.message().contains("M631"), "a colleague cannot confirm it: {other}");
    assert!(city.hospital().confirms("namiki", &offer).await.is_err(), "nor another agency");
    let left_out = offer.categories.pop().unwrap();
    assert!(cgc.confirms("w-0412", &offer).await.unwrap_err().message().contains("M633"));
    offer.categories.push(left_out);
    city.set("2026-11-14T23:56:00+09:00");
    assert!(cgc.confirms("w-0412", &offer).await.unwrap_err().message().contains("M632"), "too late");
    let offer = cgc.asks_in_an_emergency(first_step("w-0412", akari())).await.unwrap();
    cgc.confirms("w-0412", &offer).await.unwrap();
    assert!(cgc.confirms("w-0412", &offer).await.is_err(), "once");
    assert!(cgc.asks_as("w-0107", "P11", akari(), "").await.unwrap().is_empty(), "for one member of staff");
    assert_eq!(city.center().work("emergency_review").await.len(), 1, "exactly one review for one break-glass");
}

#[tokio::test]
async fn the_shield_stays_in_an_emergency_and_the_unknown_are_answered_alike() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    city.center().shields_the_hidden_family("2027-06-30").await;
    city.health_center().hands_in("ph05", &crate::hidden::visits_with_a_place()).await;
    city.set("2026-11-14T23:40:00+09:00");
    // Her perpetrator works there: whatever it breaks, the place is not shown.
    let hospital = Agency { staff: "namiki", ..city.hospital() };
    let hidden = hospital.asks_in_an_emergency(first_step("namiki", rin())).await.unwrap();
    let nobody = hospital.asks_in_an_emergency(first_step("namiki", by_name("汐野 某", "1990-08-03"))).await.unwrap();
    assert_eq!(hidden.categories, nobody.categories);
    let (one, other) =
        (hospital.confirms("namiki", &hidden).await.unwrap(), hospital.confirms("namiki", &nobody).await.unwrap());
    let shape = |access: &BreakGlassAccess| {
        let receipt = access.receipt.clone().unwrap();
        (access.until.clone(), access.review_by.clone(), receipt.status, receipt.origin)
    };
    assert_eq!(shape(&one), shape(&other));
    assert!(hospital.work("").await.is_empty(), "no work item at the asker tells which of them is known");
    let seen = hospital.looks_up("P11", rin(), "").await;
    assert!(!seen.json().contains("Kakurega-9-17"), "{}", seen.json());
    assert!(hospital.looks_up("P11", by_name("汐野 某", "1990-08-03"), "").await.is_empty());
}

#[tokio::test]
async fn the_center_and_the_authors_are_told_at_once_and_the_authors_not_by_whom() {
    let city = City::on_the_night().await;
    city.guidance_center().breaks_the_glass(akari()).await;
    city.guidance_center().looks_up("P11", akari(), "").await;
    let notices = city.health_center().work("emergency_notice").await;
    assert_eq!(notices.len(), 1);
    let said = format!("{}{}{}{}", notices[0].code, notices[0].text_ja, notices[0].text_en, notices[0].about);
    assert!(!said.contains("CGC") && !said.contains("189") && !said.contains("w-0412"), "{said}");
    assert!(city.hospital().work("emergency_notice").await.is_empty(), "it wrote nothing about her");
    let review = city.center().work("emergency_review").await.remove(0);
    let said = format!("{}{}", review.text_ja, review.text_en);
    assert!(!said.contains("189") && !said.contains("w-0412"), "why stands in the record, not on the list");
    let show = |staff: &str| ShowBreakGlassRequest { staff_id: staff.to_owned(), fact_id: review.about.clone() };
    let record = city.center().client.grounds().show_break_glass(show("fukatsu")).await.unwrap().into_inner();
    assert_eq!((record.agency.as_str(), record.staff_id.as_str()), (sample::GUIDANCE_CENTER, "w-0412"));
    assert!(
        record.reason == REASON && record.shown.len() == 1 && record.shown[0].categories.contains(&"C10".to_owned())
    );
    for (agency, staff) in [(city.center(), "ooba"), (city.health_center(), "shiina"), (city.hospital(), "namiki")] {
        let refused = agency.client.grounds().show_break_glass(show(staff)).await.unwrap_err();
        assert!(refused.message().contains("M631"), "{staff}: {refused}");
    }
}

#[tokio::test]
async fn a_review_is_answered_by_another_officer_and_then_the_subject_is_informed() {
    let city = City::on_the_night().await;
    city.guidance_center().breaks_the_glass(akari()).await;
    let review = city.center().work("emergency_review").await.remove(0);
    assert!(city.center().answers("ooba", &review, "justified", "").await.unwrap_err().message().contains("M809"));
    assert!(city.center().answers("fukatsu", &review, "done", "").await.unwrap_err().message().contains("M636"));
    city.center().answers("fukatsu", &review, "justified", "").await.unwrap();
    assert!(city.center().answers("fukatsu", &review, "not_justified", "").await.is_err(), "answered once");
    let inform = city.center().work("inform_subject").await.remove(0);
    let short = city.center().answers("fukatsu", &inform, "withheld", "危険").await.unwrap_err();
    assert!(short.message().contains("M637"), "{short}");
    let note = "知らせると同居の男性に伝わり、児と母に暴力が向くおそれがある";
    city.center().answers("fukatsu", &inform, "withheld", note).await.unwrap();
}

#[tokio::test]
async fn an_overdue_review_escalates_and_bars_the_same_person() {
    let city = City::on_the_night().await;
    city.guidance_center().breaks_the_glass(akari()).await;
    city.set("2026-11-18T23:59:59+09:00");
    city.running.hub.look_after_overdue().await.unwrap();
    assert!(city.center().work("escalation").await.is_empty(), "within the deadline");
    city.guidance_center().asks_in_an_emergency(first_step("w-0412", saya())).await.unwrap();
    city.set("2026-11-19T00:00:00+09:00");
    for _ in 0..2 {
        city.running.hub.look_after_overdue().await.unwrap();
    }
    for agency in [city.center(), city.guidance_center()] {
        let escalated = agency.work("escalation").await;
        assert_eq!(escalated.iter().map(|item| item.code.as_str()).collect::<Vec<_>>(), ["REVIEW_OVERDUE"], "once");
    }
    let refused = city.guidance_center().asks_in_an_emergency(first_step("w-0412", saya())).await.unwrap_err();
    assert!(refused.code() == Code::PermissionDenied && refused.message().contains("M808"), "{refused}");
    let review = city.center().work("emergency_review").await.remove(0);
    city.center().answers("fukatsu", &review, "not_justified", "").await.unwrap();
    city.guidance_center().asks_in_an_emergency(first_step("w-0412", saya())).await.unwrap();
}

#[tokio::test]
async fn a_break_glass_that_is_ended_is_over_at_once() {
    let city = City::on_the_night().await;
    let access = city.guidance_center().breaks_the_glass(akari()).await;
    let fact_id = access.receipt.unwrap().fact_id;
    let end = EndGroundRequest { staff_id: "w-0412".to_owned(), fact_id };
    assert!(
        city.hospital()
            .client
            .grounds()
            .end(EndGroundRequest { staff_id: "namiki".to_owned(), ..end.clone() })
            .await
            .is_err()
    );
    city.guidance_center().client.grounds().end(end).await.unwrap();
    assert!(city.guidance_center().looks_up("P11", akari(), "").await.is_empty());
    assert_eq!(city.center().work("emergency_review").await.len(), 1, "it is reviewed all the same");
}

#[tokio::test]
async fn more_than_five_of_one_agency_within_a_week_raise_an_alarm() {
    let city = City::on_the_night().await;
    for number in 0..6 {
        assert!(city.center().work("emergency_alarm").await.is_empty());
        let somebody = person(sample::GUIDANCE_CENTER, &format!("N-{number}"), "child");
        city.guidance_center().breaks_the_glass(somebody).await;
    }
    let alarms = city.center().work("emergency_alarm").await;
    assert_eq!(alarms.iter().map(|item| item.about.as_str()).collect::<Vec<_>>(), [sample::GUIDANCE_CENTER]);
}

#[tokio::test]
async fn every_release_under_break_glass_stands_in_the_statement() {
    let city = City::on_the_night().await;
    city.guidance_center().breaks_the_glass(akari()).await;
    assert!(!city.guidance_center().looks_up("P11", akari(), "").await.is_empty());
    let rows = city.statement("hayakawa", akari()).await;
    let emergency: Vec<_> = rows.iter().filter(|row| row.bases.contains(&"T3.BG".to_owned())).collect();
    assert_eq!(emergency.len(), 1, "{rows:?}");
    assert_eq!((emergency[0].recipient.as_str(), emergency[0].purpose.as_str()), (sample::GUIDANCE_CENTER, "P11"));
    // Her own statement leaves it out until she was told of it.
    let hers = |rows: &[musubi::edge::grpc::client::StatementRow]| rows.iter().any(|row| row.purpose == "P11");
    // A child of some weeks asks for nothing herself: an officer decides.
    assert!(city.statement("isobe", akari()).await.is_empty());
    let access = city.center().work_of("isobe", "access_review").await.remove(0);
    city.center().answers("isobe", &access, "disclose", crate::weighing::REASON).await.unwrap();
    let rows = city.statement("isobe", akari()).await;
    assert!(!rows.is_empty() && !hers(&rows));
    let review = city.center().work("emergency_review").await.remove(0);
    city.center().answers("fukatsu", &review, "justified", "").await.unwrap();
    let inform = city.center().work("inform_subject").await.remove(0);
    city.center().answers("ooba", &inform, "informed", "").await.unwrap();
    let rows = city.statement("isobe", akari()).await;
    assert!(hers(&rows), "{rows:?}");
    let blocked =
        |row: &musubi::edge::grpc::client::StatementRow| row.categories.iter().any(|c| c == "C13" || c == "C14");
    assert!(!rows.iter().any(blocked), "{rows:?}");
}

//! A case is handed over (移管・送致): taken by a named officer, and never left between two chairs (Meguro 2018).

use crate::agencies::Agency;
use crate::city::City;
use crate::steps::akari;
use musubi::edge::grpc::client::{ReferRequest, ReferralState, ReferralStepRequest};
use musubi::sample_city as sample;
use tonic::Status;

impl Agency {
    async fn hands_over(&self) -> ReferralState {
        let request = ReferRequest {
            staff_id: self.staff.to_owned(),
            persons: vec![akari()],
            kind: "case_transfer".to_owned(),
            to: sample::GUIDANCE_CENTER.to_owned(),
            reason: "一時保護を要する".to_owned(),
            ..ReferRequest::default()
        };
        self.client.referrals().refer(request).await.unwrap().into_inner()
    }

    async fn accepts(&self, referral: &ReferralState, staff: &str) -> Result<ReferralState, Status> {
        let (staff_id, state) = (staff.to_owned(), "accepted".to_owned());
        let referral_id = referral.referral_id.clone();
        let request = ReferralStepRequest { staff_id, referral_id, state, ..ReferralStepRequest::default() };
        Ok(self.client.referrals().step(request).await?.into_inner())
    }

    async fn transfers_overdue(&self) -> usize {
        self.work("escalation").await.iter().filter(|item| item.code == "TRANSFER_OVERDUE").count()
    }
}

#[tokio::test]
async fn a_case_that_nobody_takes_within_a_day_is_put_before_both_sides_and_does_not_lapse() {
    let city = City::after_the_visits().await;
    city.set("2026-11-12T10:00:00+09:00");
    let referral = Agency { staff: "fukatsu", ..city.center() }.hands_over().await;
    let asked = city.guidance_center().work("referral").await;
    let due: Vec<(&str, &str)> = asked.iter().map(|item| (item.code.as_str(), item.due_at.as_str())).collect();
    assert_eq!(due, [("CASE_TRANSFER", "2026-11-13T10:00:00+09:00")]);
    let overdue =
        || async { (city.center().transfers_overdue().await, city.guidance_center().transfers_overdue().await) };
    city.set("2026-11-13T09:59:00+09:00");
    city.running.hub.look_after_overdue().await.unwrap();
    assert_eq!(overdue().await, (0, 0));
    city.set("2026-11-30T10:00:00+09:00");
    for _ in 0..2 {
        city.running.hub.look_after_overdue().await.unwrap();
    }
    assert_eq!(overdue().await, (1, 1), "both, once");
    let refused = city.guidance_center().accepts(&referral, "").await.unwrap_err();
    assert!(refused.message().contains("M609"), "nobody is named: {refused}");
    assert_eq!(city.guidance_center().accepts(&referral, "w-0412").await.unwrap().state, "accepted");
}

#[tokio::test]
async fn a_case_that_was_taken_is_not_escalated() {
    let city = City::after_the_visits().await;
    city.set("2026-11-12T10:00:00+09:00");
    let referral = Agency { staff: "fukatsu", ..city.center() }.hands_over().await;
    city.guidance_center().accepts(&referral, "w-0412").await.unwrap();
    city.set("2026-11-14T10:00:00+09:00");
    city.running.hub.look_after_overdue().await.unwrap();
    assert_eq!((city.center().transfers_overdue().await, city.guidance_center().transfers_overdue().await), (0, 0));
}

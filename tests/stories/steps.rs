//! Steps that several stories begin with.

use crate::agencies::{Agency, person, words};
use crate::city::{City, MOTHER, NEWBORN, VISITS};
use musubi::edge::grpc::client::{
    CareApprovalTerms, FactReceipt, GroundAnswer, GroundRequest, PersonRef, RecordConsentRequest, ReferRequest,
    ReferralState, ReferralStepRequest, ShieldRequest, WithdrawConsentAnswer, WithdrawConsentRequest,
};
use musubi::sample_city as sample;
use tonic::Status;

/// Number of 榎本's approval of care.
pub(crate) const APPROVAL: &str = "SK08-0041";
/// Number of the council case of 髙柳.
pub(crate) const COUNCIL_CASE: &str = "要対協8-017";

/// 榎本 千夏, as the hospital knows her.
pub(crate) fn chinatsu() -> PersonRef {
    person(sample::HOSPITAL, "00012345", "mother")
}

/// Her son 湊, as the hospital knows him.
pub(crate) fn minato() -> PersonRef {
    person(sample::HOSPITAL, "00067890", "child")
}

/// 髙柳 沙耶, as the city knows her.
pub(crate) fn saya() -> PersonRef {
    person(sample::CITY, "K0100102", "mother")
}

/// Her daughter 灯.
pub(crate) fn akari() -> PersonRef {
    person(sample::CITY, "K0300102", "child")
}

/// 槙野 葵, who is in hiding.
pub(crate) fn aoi() -> PersonRef {
    person(sample::CITY, "K0100103", "mother")
}

/// Her daughter 凜.
pub(crate) fn rin() -> PersonRef {
    person(sample::CITY, "K0300103", "child")
}

/// The permit that 榎本 signs: everything but her state of mind.
pub(crate) fn permit(subject: PersonRef, relationship: &str) -> RecordConsentRequest {
    RecordConsentRequest {
        staff_id: "ooba".to_owned(),
        subject: Some(subject),
        grantor: Some(chinatsu()),
        relationship: relationship.to_owned(),
        authority: "母子健康手帳".to_owned(),
        grantee_agency: sample::CENTER.to_owned(),
        categories: words(&["C01", "C02", "C04", "C05", "C06", "C07"]),
        purposes: words(&["P3", "P4"]),
        valid_until: "2027-10-25".to_owned(),
        form_id: "SK-01".to_owned(),
        form_version: "2026-04".to_owned(),
        language: "ja".to_owned(),
        witness: "ooba".to_owned(),
        explanation_given: "提供先と、断っても支援が変わらないこと".to_owned(),
        ..RecordConsentRequest::default()
    }
}

impl Agency {
    pub(crate) async fn records(&self, consent: RecordConsentRequest) -> FactReceipt {
        self.client.consents().record(consent).await.unwrap().into_inner()
    }

    /// Both of 榎本's permits: for herself and for her child.
    pub(crate) async fn records_both_permits(&self) {
        for (subject, relationship) in [(chinatsu(), "self"), (minato(), "parental_authority")] {
            assert_eq!(self.records(permit(subject, relationship)).await.status, "active");
        }
    }

    pub(crate) async fn withdraws_for(&self, subject: PersonRef, relationship: &str) -> WithdrawConsentAnswer {
        let request = WithdrawConsentRequest {
            staff_id: self.staff.to_owned(),
            subject: Some(subject),
            relationship: relationship.to_owned(),
        };
        self.client.consents().withdraw(request).await.unwrap().into_inner()
    }

    /// Shields 槙野 and her child: their place is for the city's own two offices, and H1 is close to the perpetrator.
    pub(crate) async fn shields_the_hidden_family(&self, until: &str) {
        for subject in [aoi(), rin()] {
            let request = ShieldRequest {
                staff_id: self.staff.to_owned(),
                subject: Some(subject),
                from: "2026-07-01".to_owned(),
                until: until.to_owned(),
                allowed_agencies: words(&[sample::CENTER, sample::HEALTH_CENTER]),
                linked_agencies: words(&[sample::HOSPITAL]),
            };
            self.client.consents().shield(request).await.unwrap();
        }
    }

    /// Refers 榎本 to a provider with an approval of so many days.
    pub(crate) async fn refers_to(&self, to: &str, days: u32, extension: &str) -> Result<ReferralState, Status> {
        let approval = CareApprovalTerms {
            approval_number: APPROVAL.to_owned(),
            kinds: words(&["stay", "day"]),
            from: "2026-11-13".to_owned(),
            until: "2027-10-25".to_owned(),
            units: days,
            reductions: if days == 0 { 0 } else { 5 },
            income_class: "taxed".to_owned(),
            extension_number: extension.to_owned(),
            ..CareApprovalTerms::default()
        };
        let request = ReferRequest {
            staff_id: self.staff.to_owned(),
            persons: vec![chinatsu()],
            kind: "postnatal_care".to_owned(),
            to: to.to_owned(),
            reason: "産後ケア".to_owned(),
            approval: Some(approval),
            ..ReferRequest::default()
        };
        Ok(self.client.referrals().refer(request).await?.into_inner())
    }

    pub(crate) async fn steps(&self, referral: &ReferralState, state: &str) -> Result<ReferralState, Status> {
        let request = ReferralStepRequest {
            staff_id: self.staff.to_owned(),
            referral_id: referral.referral_id.clone(),
            state: state.to_owned(),
            ..ReferralStepRequest::default()
        };
        Ok(self.client.referrals().step(request).await?.into_inner())
    }

    /// Opens a council case with the guidance center and the clinic as members.
    pub(crate) async fn opens_a_council_case(&self, persons: Vec<PersonRef>, categories: &[&str]) -> GroundAnswer {
        let members = [sample::CENTER, sample::GUIDANCE_CENTER, sample::CLINIC];
        self.lists_a_council_case(persons, categories, &members).await
    }

    /// Puts the case on file with these members.
    pub(crate) async fn lists_a_council_case(
        &self,
        persons: Vec<PersonRef>,
        categories: &[&str],
        members: &[&str],
    ) -> GroundAnswer {
        let request = GroundRequest {
            staff_id: "fukatsu".to_owned(),
            code: "L05".to_owned(),
            number: COUNCIL_CASE.to_owned(),
            persons,
            categories: words(categories),
            necessity: "支援方針の協議".to_owned(),
            from: "2026-11-17".to_owned(),
            until: "2027-05-16".to_owned(),
            members: words(members),
            meeting: "個別ケース検討会議 2026-11-17".to_owned(),
            ..GroundRequest::default()
        };
        self.client.grounds().request(request).await.unwrap().into_inner()
    }
}

impl City {
    /// Row 5 without a permit: the hospital has told about 榎本 and 湊.
    pub(crate) async fn after_the_discharge() -> City {
        let city = City::at("2026-10-30T11:05:40+09:00").await;
        city.hospital().sends(NEWBORN).await.accepted();
        city.hospital().sends(MOTHER).await.accepted();
        city
    }

    /// Rows 4 and 5: the same under both permits, and the center has what it may have.
    pub(crate) async fn after_the_permitted_discharge() -> City {
        let city = City::at("2026-10-28T10:00:00+09:00").await;
        city.center().records_both_permits().await;
        city.set("2026-10-30T11:05:40+09:00");
        city.hospital().sends(NEWBORN).await.accepted();
        city.hospital().sends(MOTHER).await.accepted();
        city
    }

    /// Row 8: the health center has handed in its five visits.
    pub(crate) async fn after_the_visits() -> City {
        let city = City::at("2026-11-11T17:15:00+09:00").await;
        assert_eq!(city.health_center().hands_in("ph05", VISITS).await.taken(), [true, true, true, true, false]);
        city
    }

    /// Row 9: 汐の宿 has accepted 榎本 for seven days.
    pub(crate) async fn after_the_approval() -> City {
        let city = City::after_the_discharge().await;
        city.set("2026-11-12T10:00:00+09:00");
        let referral = city.center().refers_to(sample::PROVIDER, 7, "").await.unwrap();
        assert_eq!(city.provider().steps(&referral, "accepted").await.unwrap().state, "accepted");
        city
    }
}

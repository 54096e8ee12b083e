//! The end of a referral: what reports it, what the agency that referred sees of that, and when nobody answers.

use super::*;
use musubi_core::id::{EntryId, ReferralId};
use musubi_core::record::kind_of;

const HOSPITAL: &str = "MED-4810700122";

/// An answer of the clinic, about its own patient, with her weight in it.
fn answer(id: &str, state: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|HIS|MINAMI|MUSUBI|SHIONE-CITY|20261103100000+0900||RRI^I12^RRI_I12|{id}|P|2.5||||||UNICODE UTF-8\r\
         RF1|A|||||R26-0031|20261103100000|||{state}^^99MUSUBI-RF~^授乳は良好\r\
         PRD|RP||||||MED-4810700122\rPRD|RT||||||MED-4810700452\r\
         PID|1||99^^^^PI||榎本^千夏^^^^^L^I~エノモト^チナツ^^^^^L^P||19960514|F\r\
         OBR|1|||29463-7^体重^LN|||20261103\rOBX|1|NM|29463-7^体重^LN||54.2|kg||||F|||20261103\r"
    )
    .into_bytes()
}

impl City {
    /// The hospital has referred the mother to the clinic, which has taken her on.
    async fn the_clinic_accepts(&self) -> ReferralId {
        self.two_hospitals().await;
        self.set("2026-10-31T10:01:00+09:00");
        let referred =
            String::from_utf8(REFERRED.to_vec()).unwrap().replace("||||OSC-482072", &format!("||||{CLINIC}"));
        self.submit(HOSPITAL, "hl7v2", referred.as_bytes()).await;
        self.set("2026-11-01T09:00:00+09:00");
        let accepted = String::from_utf8(answer("C-1", "accepted")).unwrap();
        let accepted: String = accepted.split("OBR").next().unwrap().to_owned();
        self.submit(CLINIC, "hl7v2", accepted.as_bytes()).await;
        self.hears(CLINIC).await;
        self.hears(HOSPITAL).await;
        let listed = self.hub.referrals(&self.caller(HOSPITAL, "m-1")).await.unwrap();
        listed[0].standing.referral.id()
    }

    /// An officer says that the two patients are one.
    async fn she_is_known_as_one(&self) {
        let officer = self.caller("OSC-482072", "ooba");
        let (one, other) = (named(CLINIC, "99"), named(HOSPITAL, "00012345"));
        self.hub.join(&officer, &one, &other, "same").await.unwrap();
    }

    /// The mother permits the hospital everything.
    async fn she_permits_all(&self) {
        let permit = crate::hub::consents::ConsentTerms {
            grantee: Grantee::Agency(AgencyId::new(HOSPITAL).unwrap()),
            categories: Scope::All,
            purposes: vec![Purpose::P1],
            ..self.terms(named(HOSPITAL, "00012345"))
        };
        self.hub.record_consent(&self.caller("OSC-482072", "ooba"), permit).await.unwrap();
        self.set("2026-11-01T09:30:00+09:00");
    }

    async fn state(&self, id: ReferralId) -> State {
        self.hub.referral(&self.caller(HOSPITAL, "m-1"), id).await.unwrap().referral.state().clone()
    }

    /// An entry of this kind about the mother that an agency wrote itself.
    async fn own_entry(&self, of: &str, staff: &str, whom: &Named, wanted: fn(&str) -> bool) -> EntryId {
        let seen = self.hub.get(&self.caller(of, staff), Purpose::P1, whom, "").await.unwrap();
        let entries = seen.iter().flat_map(|released| &released.record().entries);
        let own = entries.filter(|entry| entry.author == of);
        let found = own.into_iter().find(|entry| entry.body.as_ref().is_some_and(|body| wanted(kind_of(body))));
        EntryId::parse(&found.unwrap().id).unwrap()
    }
}

#[tokio::test]
async fn the_report_in_a_message_reaches_the_agency_that_referred_as_far_as_it_may_see_it_and_once() {
    let city = City::new().await;
    let id = city.the_clinic_accepts().await;
    city.she_is_known_as_one().await;
    city.she_permits_all().await;
    city.set("2026-11-03T10:00:00+09:00");
    let said = city.submit(CLINIC, "hl7v2", &answer("C-2", "completed")).await;
    assert!(said.iter().flat_map(|(_, said)| said).all(|said| !said.contains("M621")), "{said:?}");
    let State::Closed(Outcome::Completed { report, entries }) = city.state(id).await else { panic!("not completed") };
    assert_eq!((report.as_str(), entries.len()), ("授乳は良好", 1));
    let [[messages, document]] = city.the_hospital_hears().await.try_into().unwrap();
    assert!(messages.contains("\rRF1|A|||||R26-0031|") && messages.contains("completed^^99MUSUBI-RF"), "{messages}");
    assert!(messages.contains("|54.2|kg") && messages.contains("授乳は良好"), "{messages}");
    assert!(messages.contains("\rPID|1||00012345^^^^PI|"), "under its own number: {messages}");
    assert!(document.contains("\"status\":\"completed\"") && document.contains("\"output\":["), "{document}");
    city.submit(CLINIC, "hl7v2", &answer("C-2", "completed")).await;
    city.submit(CLINIC, "hl7v2", &answer("C-3", "completed")).await;
    assert!(city.the_hospital_hears().await.is_empty(), "once");
}

#[tokio::test]
async fn without_a_permit_the_agency_that_referred_hears_the_end_and_no_trace_of_the_report() {
    let city = City::new().await;
    let id = city.the_clinic_accepts().await;
    city.she_is_known_as_one().await;
    city.set("2026-11-03T10:00:00+09:00");
    city.submit(CLINIC, "hl7v2", &answer("C-2", "completed")).await;
    assert!(matches!(city.state(id).await, State::Closed(Outcome::Completed { entries, .. }) if entries.len() == 1));
    let [[messages, document]] = city.the_hospital_hears().await.try_into().unwrap();
    assert!(messages.contains("completed^^99MUSUBI-RF"), "{messages}");
    assert!(!messages.contains("54.2") && !messages.contains("|ORU^R01"), "{messages}");
    assert!(document.contains("\"status\":\"completed\"") && !document.contains("\"output\""), "{document}");
}

#[tokio::test]
async fn a_report_about_somebody_who_is_not_known_to_be_the_same_is_kept_and_only_the_end_is_told() {
    let city = City::new().await;
    let id = city.the_clinic_accepts().await;
    city.she_permits_all().await;
    city.set("2026-11-03T10:00:00+09:00");
    let said = city.submit(CLINIC, "hl7v2", &answer("C-2", "completed")).await;
    assert!(said[0].1.iter().any(|said| said.contains("M621")), "{said:?}");
    assert!(matches!(city.state(id).await, State::Closed(Outcome::Completed { entries, .. }) if entries.is_empty()));
    let [[messages, document]] = city.the_hospital_hears().await.try_into().unwrap();
    assert!(messages.contains("completed^^99MUSUBI-RF") && !messages.contains("54.2"), "{messages}");
    assert!(!document.contains("\"output\""), "{document}");
}

#[tokio::test]
async fn a_report_is_named_by_who_wrote_it_and_about_the_person_of_the_referral() {
    let city = City::new().await;
    let id = city.the_clinic_accepts().await;
    city.submit(HOSPITAL, "hl7v2", NEWBORN).await;
    city.submit(CLINIC, "hl7v2", MINAMI).await;
    city.she_is_known_as_one().await;
    city.she_permits_all().await;
    let weight = String::from_utf8(answer("C-9", "in_service")).unwrap();
    let weight = weight.replace("RRI^I12^RRI_I12", "ORU^R01^ORU_R01").replace("R26-0031", "");
    let weight: String = weight
        .split('\r')
        .filter(|line| !line.starts_with("RF1") && !line.starts_with("PRD"))
        .map(|line| format!("{line}\r"))
        .collect();
    city.submit(CLINIC, "hl7v2", weight.as_bytes()).await;
    let (clinic, mother) = (city.caller(CLINIC, "m-2"), named(HOSPITAL, "00012345"));
    let complete = |entries: Vec<EntryId>| {
        let report = Report { words: String::new(), entries };
        city.hub.step(&clinic, id, Step::Complete(report))
    };
    let refused = |entries| async { code(&complete(entries).await.err().unwrap()) };
    let of_hospital = city.own_entry(HOSPITAL, "m-1", &mother, |kind| kind == "discharge_notice").await;
    let nobodys = EntryId::parse("0198c0de-0000-7000-8000-000000000001").unwrap();
    assert_eq!(
        refused(vec![of_hospital]).await,
        refused(vec![nobodys]).await,
        "what another wrote is as if it were not there"
    );
    assert_eq!(refused(vec![nobodys]).await, "M618");
    assert_eq!(refused(vec![]).await, "M605", "nothing is no report");
    let who = city.own_entry(CLINIC, "m-2", &named(CLINIC, "99"), |kind| kind == "person_details").await;
    assert_eq!(refused(vec![who]).await, "M620");
    let own = city.own_entry(CLINIC, "m-2", &named(CLINIC, "99"), |kind| kind == "observation").await;
    complete(vec![own]).await.unwrap();
    assert_eq!(city.state(id).await, State::Closed(Outcome::Completed { report: String::new(), entries: vec![own] }));
    let [[messages, document]] = city.the_hospital_hears().await.try_into().unwrap();
    assert!(messages.contains("|54.2|kg") && document.contains("\"output\":["), "{messages}{document}");
}

#[tokio::test]
async fn an_appointment_that_was_missed_is_told() {
    let city = City::new().await;
    let id = city.the_clinic_accepts().await;
    let clinic = city.caller(CLINIC, "m-2");
    city.hub.step(&clinic, id, Step::Schedule(at("2026-11-02T10:00:00+09:00"))).await.unwrap();
    city.hub.step(&clinic, id, Step::NoShow).await.unwrap();
    let [[scheduled, _], [missed, task]] = city.the_hospital_hears().await.try_into().unwrap();
    assert!(scheduled.contains("\rRF1|A|||||R26-0031|") && scheduled.contains("scheduled^^99MUSUBI-RF"), "{scheduled}");
    assert!(missed.contains("\rRF1|A|||||R26-0031|") && missed.contains("no_show^^99MUSUBI-RF"), "{missed}");
    assert!(task.contains("\"status\":\"in-progress\"") && task.contains("\"code\":\"5.1.2\""), "{task}");
}

#[tokio::test]
async fn silence_closes_a_referral_and_the_agency_that_referred_is_told_once() {
    let city = City::new().await;
    city.two_hospitals().await;
    city.set("2026-10-31T10:01:00+09:00");
    let referred = String::from_utf8(REFERRED.to_vec()).unwrap().replace("||||OSC-482072", &format!("||||{CLINIC}"));
    city.submit(HOSPITAL, "hl7v2", referred.as_bytes()).await;
    city.hub.look_after_overdue().await.unwrap();
    assert!(city.the_hospital_hears().await.is_empty(), "there is time left");
    city.set("2026-11-08T10:00:00+09:00");
    city.hub.look_after_overdue().await.unwrap();
    let [[message, task]] = city.the_hospital_hears().await.try_into().unwrap();
    assert!(message.contains("|RRI^I12^RRI_I12|") && message.contains("\rRF1|E|||||R26-0031|"), "{message}");
    assert!(task.contains("\"status\":\"failed\""), "{task}");
    city.hub.look_after_overdue().await.unwrap();
    assert!(city.the_hospital_hears().await.is_empty(), "once");
    let late = city.submit(CLINIC, "hl7v2", &answer("C-1", "accepted")).await;
    assert!(late[0].0.is_none() && late[0].1.iter().any(|said| said.contains("M605")), "{late:?}");
}

#[tokio::test]
async fn a_hospital_that_takes_cda_alone_is_told_of_the_end_alone() {
    let city = City::new().await;
    let id = city.the_clinic_accepts().await;
    city.she_is_known_as_one().await;
    city.she_permits_all().await;
    let mut hospital = agency(HOSPITAL, AgencyKind::Med, "SHIONE-HOSP", &[("m-1", Role::Midwife)]);
    hospital.settings.subscriptions = vec![Subscription {
        purpose: Purpose::P1,
        formats: vec!["cda".to_owned()],
        folder: None,
        https: None,
        mllp: None,
    }];
    city.hub.register.put(&city.hub.store, hospital, Change::default()).await.unwrap();
    let clinic = city.caller(CLINIC, "m-2");
    city.hub.step(&clinic, id, Step::Begin).await.unwrap();
    let caller = city.caller(HOSPITAL, "");
    assert!(city.hub.receive(&caller, Fetching::default()).await.unwrap().is_empty(), "CDA has no word for it");
    city.submit(CLINIC, "hl7v2", &answer("C-2", "completed")).await;
    let ready = city.hub.receive(&caller, Fetching::default()).await.unwrap();
    let [note] = ready.as_slice() else { panic!("{} deliveries", ready.len()) };
    let note = String::from_utf8(note.renderings[0].bytes().to_vec()).unwrap();
    assert!(note.contains("code=\"11488-4\"") && note.contains("extension=\"R26-0031\""), "{note}");
    assert!(note.contains("54.2") && note.contains("授乳は良好"), "{note}");
    let center = city.caller("OSC-482072", "ooba");
    assert!(city.hub.work_items(&center, Some(true), "no_channel").await.unwrap().is_empty());
}

/// The clinic's Tasks that complete both referrals, each with a weight of its own.
fn both_completed() -> String {
    let urn = |number: u8| format!("urn:uuid:5e0c1c1e-0000-4000-8000-00000000000{number}");
    let weight = |place: u8, day: &str, value: &str| {
        format!(
            r#",{{"fullUrl":"{}","resource":{{"resourceType":"Observation","status":"final","subject":{{"reference":"{}"}},
             "code":{{"coding":[{{"system":"http://loinc.org","code":"29463-7"}}]}},"effectiveDateTime":"{day}",
             "valueQuantity":{{"value":{value},"system":"http://unitsofmeasure.org","code":"kg"}}}}}}"#,
            urn(place),
            urn(1)
        )
    };
    let task = |number: &str, output: u8| {
        format!(
            r#",{{"resource":{{"resourceType":"Task","status":"completed","intent":"order","for":{{"reference":"{}"}},
             "basedOn":[{{"identifier":{{"value":"{number}"}}}}],
             "output":[{{"type":{{"text":"報告"}},"valueReference":{{"reference":"{}"}}}}]}}}}"#,
            urn(1),
            urn(output)
        )
    };
    let (weights, tasks) = (
        [weight(2, "2026-11-02", "54.2"), weight(3, "2026-11-03", "53.8")].concat(),
        [task("R26-0031", 2), task("R26-0032", 3)].concat(),
    );
    format!(
        r#"{{"resourceType":"Bundle","type":"collection","timestamp":"2026-11-03T10:00:00+09:00","entry":[
        {{"fullUrl":"{}","resource":{{"resourceType":"Patient","identifier":[{{"value":"99"}}],
         "name":[{{"text":"榎本 千夏"}}],"gender":"female","birthDate":"1996-05-14"}}}}{weights}{tasks}]}}"#,
        urn(1)
    )
}

#[tokio::test]
async fn of_two_referrals_that_one_message_completes_each_has_its_own_report() {
    let city = City::new().await;
    let first = city.the_clinic_accepts().await;
    let second = String::from_utf8(REFERRED.to_vec()).unwrap().replace("||||OSC-482072", &format!("||||{CLINIC}"));
    let second = second.replace("R26-0031", "R26-0032").replacen("S261030", "S261031", 1);
    city.submit(HOSPITAL, "hl7v2", second.as_bytes()).await;
    city.hears(CLINIC).await;
    city.she_is_known_as_one().await;
    city.she_permits_all().await;
    city.set("2026-11-03T10:00:00+09:00");
    city.submit(CLINIC, "fhir-json", both_completed().as_bytes()).await;
    let listed = city.hub.referrals(&city.caller(HOSPITAL, "m-1")).await.unwrap();
    let mut reports = Vec::new();
    for one in &listed {
        let State::Closed(Outcome::Completed { entries, .. }) = one.standing.referral.state() else { panic!("open") };
        assert_eq!(entries.len(), 1);
        reports.push((one.standing.referral.id() == first, entries[0]));
    }
    assert_eq!(reports.len(), 2);
    assert_ne!(reports[0].1, reports[1].1);
    let heard = city.the_hospital_hears().await;
    let of = |number: &str| {
        let told: Vec<&[String; 2]> = heard
            .iter()
            .filter(|[messages, _]| messages.contains(&format!("|{number}|")) && messages.contains("completed^^"))
            .collect();
        let [told] = told.as_slice() else { panic!("{} of {number}", told.len()) };
        [told[0].contains("|54.2|"), told[0].contains("|53.8|")]
    };
    assert_eq!((of("R26-0031"), of("R26-0032")), ([true, false], [false, true]));
}

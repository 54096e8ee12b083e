//! The uses of the hub, without sockets: a store in a temporary folder, and a clock that stands until it is set.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::consents::ConsentTerms;
use super::fetching::Fetching;
use super::grounds::GroundTerms;
use super::persons::Named;
use super::register::{Agency, AgencySettings, Subscription};
use super::{Caller, Hub};
use crate::clock::ManualClock;
use crate::entropy;
use crate::store::{Change, Keyring, Store};
use musubi_core::adapter::{LocalCode, Profile};
use musubi_core::agency::{AgencyId, AgencyKind, Category, Purpose, Role};
use musubi_core::consent::records::{Channel, ConsentKind, Grantee, Proof, Relationship, Scope};
use musubi_core::consent::{GroundCode, Policy};
use musubi_core::id::{MessageId, Municipality};
use musubi_core::record::PersonKey;
use musubi_core::reviewed::Reviewed;
use musubi_core::time::Time;
use std::sync::Arc;

mod consents;
mod custody;
mod deliver;
mod grounds;
mod oversee;
mod query;
mod refer;
mod several;
mod statement;

const NEWBORN: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_a03_newborn.hl7");
const MOTHER: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_a03_mother.hl7");
const OWN_EPDS: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_epds_own.hl7");
const TWO_WEEK: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_two_week_check.hl7");
const CORRECTION: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_a08_correction.hl7");
const REPLACING: &str = include_str!("../../adapters/hospital/cda/samples/shione_referral_pdf.xml");
const MINAMI: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/minami_a03_ssmix2.hl7");
const VISITS: &[u8] = include_bytes!("../../adapters/public_health/ph05/samples/demo-visits.csv");

struct City {
    hub: Hub,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

fn agency(id: &str, kind: AgencyKind, sender: &str, staff: &[(&str, Role)]) -> Agency {
    let id = AgencyId::new(id).unwrap();
    let municipality = Municipality::new("482072").unwrap();
    let mut profile = Profile::plain(id.clone(), Time::MIN);
    profile.sender_names = vec![sender.to_owned()];
    profile.default_municipality = Some(municipality.clone());
    profile.commissioned_codes = vec!["PPC2W".to_owned()];
    profile.observation_codes = (1..=10)
        .map(|n| LocalCode { system: "99SHI".to_owned(), code: format!("EPDS{n:02}"), loinc: format!("EPDS-{n}") })
        .collect();
    let subscriptions = match kind {
        AgencyKind::Osc => vec![Subscription {
            purpose: Purpose::P3,
            formats: vec!["fhir-json".to_owned(), "notice-html".to_owned(), "notice-csv".to_owned()],
            folder: None,
            https: None,
            mllp: None,
        }],
        _ => Vec::new(),
    };
    Agency {
        id,
        kind,
        name: String::new(),
        municipality,
        active: true,
        settings: AgencySettings { profile: Some(profile), subscriptions, ..AgencySettings::default() },
        staff: staff.iter().map(|(id, role)| ((*id).to_owned(), *role)).collect(),
    }
}

impl City {
    async fn new() -> City {
        let folder = tempfile::tempdir().unwrap();
        let keyring = Keyring::open(folder.path(), "musubi", &mut |bytes| entropy::fill(bytes)).unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        City::over(store, keyring, folder).await
    }

    async fn over(store: Store, keyring: Keyring, folder: tempfile::TempDir) -> City {
        City::under(Policy::reviewed(), store, keyring, folder).await
    }

    async fn under(policy: Policy, store: Store, keyring: Keyring, folder: tempfile::TempDir) -> City {
        let clock = Arc::new(ManualClock::at(at("2026-10-27T16:20:00+09:00")));
        let hub = Hub::open(store, keyring, Reviewed { policy, ..Reviewed::shipped() }, clock.clone()).await.unwrap();
        for one in [
            agency("OSC-482072", AgencyKind::Osc, "", &[("ooba", Role::Phn), ("hayakawa", Role::Auditor)]),
            agency("PHO-482072-01", AgencyKind::Pho, "", &[]),
            agency("MED-4810700122", AgencyKind::Med, "SHIONE-HOSP", &[("m-1", Role::Midwife)]),
            agency("MED-4810700452", AgencyKind::Med, "MINAMI", &[("m-2", Role::Midwife)]),
            agency("CGC-480002-02", AgencyKind::Cgc, "", &[("w-0412", Role::ChildWelfareOfficer)]),
        ] {
            hub.register.put(&hub.store, one, Change::default()).await.unwrap();
        }
        City { hub, clock, _folder: folder }
    }

    fn caller(&self, id: &str, staff: &str) -> Caller {
        self.hub.caller(&AgencyId::new(id).unwrap(), staff).unwrap()
    }

    fn set(&self, text: &str) {
        self.clock.set(at(text));
    }

    /// Hands in a document; returns the message id and the codes of each row.
    async fn submit(&self, id: &str, format: &str, bytes: &[u8]) -> Vec<(Option<String>, Vec<String>)> {
        let answer = self.hub.submit_document(&self.caller(id, ""), format, bytes).await.unwrap();
        answer
            .rows
            .into_iter()
            .map(|row| (row.custody.map(|c| c.message), row.diagnostics.iter().map(ToString::to_string).collect()))
            .collect()
    }

    /// A permit for the center, from the mother herself.
    fn terms(&self, subject: Named) -> ConsentTerms {
        ConsentTerms {
            kind: ConsentKind::Permit,
            subject,
            grantor: None,
            relationship: Relationship::Subject,
            authority: "母子健康手帳".to_owned(),
            grantee: Grantee::Agency(AgencyId::new("OSC-482072").unwrap()),
            categories: Scope::Named(
                [Category::C01, Category::C02, Category::C04, Category::C05, Category::C06, Category::C07]
                    .into_iter()
                    .collect(),
            ),
            purposes: vec![Purpose::P3],
            valid_from: self.hub.now(),
            valid_until: Some(at("2027-10-26T00:00:00+09:00")),
            evidence: Proof {
                form: "SK-1".to_owned(),
                form_version: "2026-04".to_owned(),
                language: "ja".to_owned(),
                scan_sha256: None,
                witness: Some("ooba".to_owned()),
                channel: Channel::Paper,
            },
            explanation_given: "説明済み".to_owned(),
            lifts: None,
        }
    }

    async fn permit(&self, issuer: &str, identifier: &str, relationship: Relationship) {
        let mut terms = self.terms(named(issuer, identifier));
        terms.relationship = relationship;
        self.hub.record_consent(&self.caller("OSC-482072", "ooba"), terms).await.unwrap();
    }

    async fn received(&self) -> Vec<String> {
        let ready = self.hub.receive(&self.caller("OSC-482072", ""), Fetching::default()).await.unwrap();
        let mut texts = Vec::new();
        for one in ready {
            let all: Vec<String> =
                one.renderings.iter().map(|r| String::from_utf8_lossy(r.bytes()).into_owned()).collect();
            let id = one.delivery.id;
            self.hub.acknowledge(&self.caller("OSC-482072", ""), &[id]).await.unwrap();
            texts.push(all.join("\n"));
        }
        texts
    }
}

fn named(issuer: &str, identifier: &str) -> Named {
    let key = PersonKey { issuer: issuer.to_owned(), identifier: identifier.to_owned() };
    Named { key: Some(key), ..Named::default() }
}

#[tokio::test]
async fn the_center_receives_what_the_mother_consented_to_and_nothing_else() {
    let city = City::new().await;
    city.set("2026-10-28T10:00:00+09:00");
    city.permit("MED-4810700122", "00012345", Relationship::Subject).await;
    city.permit("MED-4810700122", "00067890", Relationship::ParentalAuthority).await;
    city.set("2026-10-30T11:05:00+09:00");
    for message in [NEWBORN, MOTHER, OWN_EPDS] {
        let rows = city.submit("MED-4810700122", "hl7v2", message).await;
        assert!(rows[0].0.is_some(), "{rows:?}");
        assert!(rows[0].1.iter().all(|d| !d.contains("C05") && !d.contains("C06")), "{rows:?}");
    }
    let texts = city.received().await;
    assert!(!texts.is_empty());
    assert!(texts.iter().any(|t| t.contains("2486") || t.contains("2,486")), "{texts:?}");
    assert!(texts.iter().all(|t| !t.contains("EPDS") && !t.contains("99046-5")));
}

#[tokio::test]
async fn a_withdrawal_suppresses_what_was_waiting() {
    let city = City::new().await;
    city.set("2026-10-28T10:00:00+09:00");
    city.permit("MED-4810700122", "00012345", Relationship::Subject).await;
    city.set("2026-10-30T11:05:00+09:00");
    city.submit("MED-4810700122", "hl7v2", MOTHER).await;
    assert_eq!(city.received().await.len(), 1);
    city.set("2026-11-20T10:00:00+09:00");
    city.submit("MED-4810700122", "hl7v2", CORRECTION).await;
    city.set("2026-11-20T10:05:00+09:00");
    let officer = city.caller("OSC-482072", "ooba");
    let subject = named("MED-4810700122", "00012345");
    let done = city.hub.withdraw(&officer, &subject, Relationship::Subject).await.unwrap();
    assert_eq!(done.released_before.len(), 1);
    city.set("2026-11-20T10:06:00+09:00");
    assert!(city.received().await.is_empty());
    let told = city.hub.work_items(&city.caller("MED-4810700122", "m-1"), Some(true), "not_delivered").await.unwrap();
    assert_eq!(told.len(), 1);
}

#[tokio::test]
async fn what_has_no_basis_waits_until_the_hospital_asserts_one() {
    let city = City::new().await;
    let rows = city.submit("MED-4810700452", "hl7v2", MINAMI).await;
    assert!(rows[0].1.iter().any(|d| d.contains("H108") && d.contains("C05")), "{rows:?}");
    assert!(city.received().await.is_empty());
    city.set("2026-10-27T16:40:00+09:00");
    let mut terms = GroundTerms {
        message: MessageId::parse(rows[0].0.as_deref().unwrap()),
        categories: [Category::C01, Category::C02, Category::C05].into_iter().collect(),
        necessity: "late notification, alone".to_owned(),
        until: Some(at("2026-12-27T00:00:00+09:00")),
        ..GroundTerms::default()
    };
    terms.evidence.insert("why_support".to_owned(), "alone".to_owned());
    terms.evidence.insert("consent_sought".to_owned(), "no".to_owned());
    let midwife = city.caller("MED-4810700452", "m-2");
    city.hub.assert_ground(&midwife, GroundCode::L03, None, terms).await.unwrap();
    let texts = city.received().await;
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains("高柳"));
}

#[tokio::test]
async fn a_commissioned_check_reaches_the_center_and_asks_for_a_call_today() {
    let city = City::new().await;
    city.set("2026-11-09T15:12:30+09:00");
    let rows = city.submit("MED-4810700122", "hl7v2", TWO_WEEK).await;
    assert!(rows[0].0.is_some(), "{rows:?}");
    let items = city.hub.work_items(&city.caller("OSC-482072", "ooba"), Some(true), "signal").await.unwrap();
    assert!(items.iter().any(|item| item.body.code == "SELF_HARM"), "{:?}", items.len());
    assert_eq!(city.received().await.len(), 1);
}

#[tokio::test]
async fn a_file_of_visits_is_answered_row_by_row_and_an_unmet_infant_is_noticed() {
    let city = City::new().await;
    city.set("2026-11-11T17:15:00+09:00");
    let rows = city.submit("PHO-482072-01", "ph05", VISITS).await;
    let taken: Vec<bool> = rows.iter().map(|row| row.0.is_some()).collect();
    assert_eq!(taken, [true, true, true, true, false], "{rows:?}");
    assert!(rows[4].1.iter().any(|d| d.contains("JP-E602")));
    let items = city.hub.work_items(&city.caller("OSC-482072", "ooba"), Some(true), "signal").await.unwrap();
    assert!(items.iter().any(|item| item.body.code == "UNMET_INFANT"), "{}", items.len());
}

#[tokio::test]
async fn the_same_message_again_is_answered_again_and_stored_once() {
    let city = City::new().await;
    city.set("2026-10-30T11:05:00+09:00");
    let first = city.submit("MED-4810700122", "hl7v2", MOTHER).await;
    let second = city.submit("MED-4810700122", "hl7v2", MOTHER).await;
    assert_eq!(first[0].0, second[0].0);
}

impl City {
    /// Family B after the visits: the mother is named to the center by the child's record.
    async fn family_b(&self) {
        self.set("2026-11-11T17:15:00+09:00");
        self.submit("PHO-482072-01", "ph05", VISITS).await;
    }

    fn light() -> Vec<Named> {
        vec![named("482072", "K0100102"), Named::by_name("タカヤナギ アカリ", "2026-10-19")]
    }

    async fn seen(&self, ground: &str, purpose: Purpose) -> Vec<String> {
        let caller = self.caller("CGC-480002-02", "w-0412");
        let child = City::light().remove(1);
        let seen = self.hub.get(&caller, purpose, &child, ground).await.unwrap();
        seen.iter()
            .flat_map(|released| released.record().entries.iter().map(|e| format!("{:?}", e.body.is_some())))
            .collect()
    }
}

fn categories(all: &[Category]) -> musubi_core::agency::CategorySet {
    all.iter().copied().collect()
}

#[tokio::test]
async fn a_request_under_l04_opens_what_the_city_approves_and_holds_the_rest() {
    let city = City::new().await;
    city.family_b().await;
    city.set("2026-11-16T10:00:00+09:00");
    let caseworker = city.caller("CGC-480002-02", "w-0412");
    assert!(city.seen("", Purpose::P5).await.is_empty());
    let mut terms = GroundTerms {
        number: "汐児8-204".to_owned(),
        persons: City::light(),
        categories: categories(&[Category::C09, Category::C10]),
        necessity: "安全確認".to_owned(),
        until: Some(at("2026-12-16T00:00:00+09:00")),
        ..GroundTerms::default()
    };
    for key in ["request_number", "requesting_head", "persons_covered", "necessity", "period"] {
        terms.evidence.insert(key.to_owned(), "x".to_owned());
    }
    let parts = city.hub.request_ground(&caseworker, GroundCode::L04, terms).await.unwrap();
    assert!(parts.parts.iter().all(|(_, _, state)| *state == "HOLD"));
    assert!(city.seen("汐児8-204", Purpose::P5).await.is_empty());
    let officer = city.caller("OSC-482072", "ooba");
    let c10 = categories(&[Category::C10]);
    let parts = city.hub.approve_ground(&officer, parts.fact, c10, false, false).await.unwrap();
    let states: Vec<&str> = parts.parts.iter().map(|(_, _, state)| *state).collect();
    assert_eq!(states, ["HOLD", "PERMIT"]);
    assert_eq!(city.seen("汐児8-204", Purpose::P5).await.len(), 2);
    assert!(city.seen("汐児8-205", Purpose::P5).await.is_empty());
}

#[tokio::test]
async fn a_council_case_opens_exactly_its_family() {
    let city = City::new().await;
    city.family_b().await;
    city.set("2026-11-17T10:00:00+09:00");
    let officer = city.caller("OSC-482072", "ooba");
    let member = |id: &str| AgencyId::new(id).unwrap();
    let mut terms = GroundTerms {
        number: "要対協8-017".to_owned(),
        persons: City::light(),
        categories: categories(&[Category::C01, Category::C10, Category::C13, Category::C16]),
        necessity: "支援方針の協議".to_owned(),
        until: Some(at("2027-05-17T00:00:00+09:00")),
        members: vec![member("OSC-482072"), member("CGC-480002-02"), member("MED-4810700452")],
        ..GroundTerms::default()
    };
    for key in ["case", "meeting", "members"] {
        terms.evidence.insert(key.to_owned(), "x".to_owned());
    }
    city.hub.request_ground(&officer, GroundCode::L05, terms).await.unwrap();
    let caseworker = city.caller("CGC-480002-02", "w-0412");
    let query = musubi_core::cases::CaseQuery::new("要対協8-017", Purpose::P6, musubi_core::cases::Level::L3);
    let answer = city.hub.search_cases(&caseworker, Purpose::P6, &query, None).await.unwrap();
    assert_eq!(answer.hits.len(), 1);
    let other = musubi_core::cases::CaseQuery::new("要対協8-999", Purpose::P6, musubi_core::cases::Level::L3);
    assert!(city.hub.search_cases(&caseworker, Purpose::P6, &other, None).await.unwrap().hits.is_empty());
}

const STAY_1: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-stay-1.csv");
const STAY_2_1: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-stay-2-revision-1.csv");
const STAY_2_2: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-stay-2-revision-2.csv");
const DAY_8: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-day-8.csv");

impl City {
    async fn approve(&self, units: u32, reductions: u32, extension: Option<&str>) {
        let day = |text: &str| text.parse().unwrap();
        let terms = super::refer::ReferralTerms {
            persons: vec![named("MED-4810700122", "00012345")],
            kind: "postnatal_care".to_owned(),
            to: AgencyId::new("PRV-482072-07").unwrap(),
            reason: "産後ケア".to_owned(),
            reply_by: None,
            approval: Some(musubi_core::postnatal::approval::ApprovalTerms {
                number: "SK08-0041".to_owned(),
                kinds: vec![musubi_core::postnatal::Kind::Stay, musubi_core::postnatal::Kind::Day],
                from: day("2026-11-13"),
                until: day("2027-10-25"),
                units,
                reductions,
                income: musubi_core::postnatal::Income::Taxed,
                outreach: false,
                extension: extension.map(str::to_owned),
            }),
        };
        self.hub.refer(&self.caller("OSC-482072", "ooba"), terms).await.unwrap();
    }
}

#[tokio::test]
async fn care_is_taken_within_the_approval_and_refused_with_every_code_beyond_it() {
    let city = City::new().await;
    let provider = agency("PRV-482072-07", AgencyKind::Prv, "", &[("nogami", Role::ProviderStaff)]);
    city.hub.register.put(&city.hub.store, provider, Change::default()).await.unwrap();
    city.set("2026-10-30T11:05:00+09:00");
    city.submit("MED-4810700122", "hl7v2", NEWBORN).await;
    city.submit("MED-4810700122", "hl7v2", MOTHER).await;
    city.set("2026-11-12T10:00:00+09:00");
    city.approve(7, 5, None).await;
    city.set("2026-11-18T10:00:00+09:00");
    let rows = city.submit("PRV-482072-07", "pv02", STAY_1).await;
    assert!(rows[0].0.is_some(), "{rows:?}");
    city.set("2026-11-27T11:00:00+09:00");
    let rows = city.submit("PRV-482072-07", "pv02", STAY_2_1).await;
    assert!(rows[0].0.is_none() && rows[0].1.iter().any(|d| d.contains("PV-E201") && d.contains("01:00")), "{rows:?}");
    let rows = city.submit("PRV-482072-07", "pv02", STAY_2_2).await;
    assert!(rows[0].0.is_some(), "{rows:?}");
    city.set("2026-12-01T16:00:00+09:00");
    let rows = city.submit("PRV-482072-07", "pv02", DAY_8).await;
    assert!(rows[0].0.is_none() && rows[0].1.iter().any(|d| d.contains("PV-E105")), "{rows:?}");
    city.approve(0, 0, Some("SK08-0041-E1")).await;
    let rows = city.submit("PRV-482072-07", "pv02", DAY_8).await;
    assert!(rows[0].0.is_some(), "{rows:?}");
}

#[tokio::test]
async fn the_provider_sees_whom_it_cares_for_and_nothing_of_her_mind() {
    let city = City::new().await;
    let provider = agency("PRV-482072-07", AgencyKind::Prv, "", &[("nogami", Role::ProviderStaff)]);
    city.hub.register.put(&city.hub.store, provider, Change::default()).await.unwrap();
    city.set("2026-10-30T11:05:00+09:00");
    city.submit("MED-4810700122", "hl7v2", NEWBORN).await;
    city.submit("MED-4810700122", "hl7v2", MOTHER).await;
    city.set("2026-11-09T15:12:30+09:00");
    city.submit("MED-4810700122", "hl7v2", TWO_WEEK).await;
    city.set("2026-11-12T10:00:00+09:00");
    city.approve(7, 5, None).await;
    let caller = city.caller("PRV-482072-07", "nogami");
    let seen = city.hub.get(&caller, Purpose::P7, &named("482072", "SK08-0041"), "").await.unwrap();
    let [released] = seen.as_slice() else { panic!("{}", seen.len()) };
    let kinds: Vec<String> = released.shown().iter().map(|s| format!("{:?}", s.full.union(s.general))).collect();
    let all = released.shown().iter().fold(musubi_core::agency::CategorySet::EMPTY, |a, s| a.union(s.full));
    assert!(all.has(Category::C01) && all.has(Category::C16), "{kinds:?}");
    assert!(!all.has(Category::C08) && !all.has(Category::C05) && !all.has(Category::C02), "{kinds:?}");
}

#[tokio::test]
async fn somebody_hidden_and_somebody_unknown_are_answered_alike() {
    let city = City::new().await;
    city.family_b().await;
    let caller = city.caller("MED-4810700122", "m-1");
    let ask = Named::by_name;
    let hidden = city.hub.get(&caller, Purpose::P1, &ask("マキノ リン", "2026-09-14"), "").await.unwrap();
    let unknown = city.hub.get(&caller, Purpose::P1, &ask("シオノ ボウ", "1990-08-03"), "").await.unwrap();
    assert!(hidden.is_empty() && unknown.is_empty());
}

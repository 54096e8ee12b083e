//! Non-interference with random records of the schema over every channel of the hub (`consent.md` section 9, properties 1 to 3, and
//! 8): a city in which somebody keeps things to themselves answers like one in which they are not, and like one in which they are
//! others; and no word of what is hidden is heard.
//!
//! What is left of a record for an agency is what it was shown: told again to an empty city, it must be answered alike.
//! `MUSUBI_WORLDS` says how many are tried.

use crate::agencies::{Agency, person, words};
use crate::city::City;
use crate::histories::Dice;
use crate::interference::{Everything, same};
use crate::schema::{BIRD, Schema};
use crate::steps::{APPROVAL, permit};
use musubi::edge::grpc::client::{CareApprovalTerms, GroundRequest, PersonRef, RecordConsentRequest, ReferRequest};
use musubi::sample_city as sample;
use musubi_core::agency::{Category, CategorySet};
use musubi_core::wire::agency_side::Draft;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Tried when nothing else is said.
const WORLDS: u64 = 1;
const SEED: u64 = 0x6d75_7375_6269_0009;
/// Things that are told in one world.
const TOLD: u64 = 36;
const REQUEST: &str = "汐児8-301";
const MOTHER: &str = "70009001";
const CHILD: &str = "70009002";
/// Of whom nothing is told to anybody but a guidance center.
const STRANGER: &str = "N-7009";

/// One thing that an agency tells the hub.
#[derive(Clone)]
struct Told {
    agency: &'static str,
    key: String,
    whom: (&'static str, &'static str, &'static str),
    /// The day is the thing's own: it is found again by it.
    day: u64,
    entry: Map<String, Value>,
}

/// What is told, and what the mother and the guidance center's holders say to it: the same in every city of a world.
struct World {
    told: Vec<Told>,
    permitted: Vec<String>,
    approved: Vec<String>,
}

fn some_categories(dice: &mut Dice) -> Vec<String> {
    let consentable = CategorySet::ALL.iter().filter(|category| *category != Category::C20);
    consentable.filter(|_| dice.below(2) == 0).map(|category| category.to_string()).collect()
}

impl World {
    fn new(seed: u64) -> World {
        let (mut dice, mut schema) = (Dice(SEED ^ seed), Schema::read());
        let mut told: Vec<Told> = Vec::new();
        for number in 0..TOLD {
            let agencies = [sample::HOSPITAL, sample::CLINIC, sample::HEALTH_CENTER, sample::GUIDANCE_CENTER];
            let agency = agencies[dice.below(4) as usize];
            let (body, content) = schema.body(&mut dice);
            let child = matches!(body.as_str(), "newborn" | "infantCheck") || body != "delivery" && dice.below(2) == 0;
            let strange = agency == sample::GUIDANCE_CENTER && child && dice.below(2) == 0;
            let whom = match (child, strange) {
                (_, true) => (sample::GUIDANCE_CENTER, STRANGER, "CHILD"),
                (true, _) => (sample::HOSPITAL, CHILD, "CHILD"),
                (false, _) => (sample::HOSPITAL, MOTHER, "MOTHER"),
            };
            let mut entry = Map::from_iter([(body, content)]);
            if dice.below(4) == 0 {
                entry.insert("label".to_owned(), json!("V"));
            }
            told.push(Told { agency, key: format!("told-{number}"), whom, day: 1 + number, entry });
        }
        World { told, permitted: some_categories(&mut dice), approved: some_categories(&mut dice) }
    }

    /// A city in which these things are told, one after another while the clock stands. Which of them were taken.
    async fn city(&self, told: &[Told]) -> (City, BTreeSet<String>) {
        let city = City::at("2026-11-16T10:00:00+09:00").await;
        for (number, relationship) in [(MOTHER, "self"), (CHILD, "parental_authority")] {
            let terms = permit(person(sample::HOSPITAL, number, "other"), relationship);
            let grantor = Some(person(sample::HOSPITAL, MOTHER, "mother"));
            let permit = RecordConsentRequest { grantor, categories: self.permitted.clone(), ..terms };
            city.center().records(permit).await;
        }
        let mut taken = BTreeSet::new();
        for told in details().iter().chain(told) {
            let draft = Draft::from_json(&told.submission().to_string()).ok().unwrap();
            if city.agency(told.agency).intake().submit(draft).await.is_ok() {
                taken.insert(told.key.clone());
            }
        }
        self.request(&city).await;
        refer(&city).await;
        (city, taken)
    }

    /// The guidance center asks under L04, and the two that hold most approve some of it.
    async fn request(&self, city: &City) {
        let request = GroundRequest {
            staff_id: "w-0412".to_owned(),
            code: "L04".to_owned(),
            number: REQUEST.to_owned(),
            persons: people()[..2].to_vec(),
            categories: words(&["C01", "C04", "C05", "C06", "C07", "C08", "C09", "C10", "C11", "C15"]),
            requesting_head: "南部児童相談所長".to_owned(),
            necessity: "通告を受けた安全確認".to_owned(),
            from: "2026-11-16".to_owned(),
            until: "2026-12-16".to_owned(),
            ..GroundRequest::default()
        };
        let mut fact_id = city.guidance_center().client.grounds().request(request).await.unwrap().into_inner().fact_id;
        for (agency, staff) in [(city.center(), "fukatsu"), (city.hospital(), "namiki")] {
            let approval = musubi::edge::grpc::client::ApproveGroundRequest {
                staff_id: staff.to_owned(),
                fact_id,
                categories: self.approved.clone(),
                ..Default::default()
            };
            fact_id = agency.client.grounds().approve(approval).await.unwrap().into_inner().fact_id;
        }
    }
}

/// The mother is to be cared for by a provider, under an approval: it may see what it needs for that.
async fn refer(city: &City) {
    let approval = CareApprovalTerms {
        approval_number: APPROVAL.to_owned(),
        kinds: words(&["stay", "day"]),
        from: "2026-11-13".to_owned(),
        until: "2027-10-25".to_owned(),
        units: 7,
        income_class: "taxed".to_owned(),
        ..CareApprovalTerms::default()
    };
    let request = ReferRequest {
        staff_id: city.center().staff.to_owned(),
        persons: people()[..1].to_vec(),
        kind: "postnatal_care".to_owned(),
        to: sample::PROVIDER.to_owned(),
        reason: "産後ケア".to_owned(),
        approval: Some(approval),
        ..ReferRequest::default()
    };
    city.center().client.referrals().refer(request).await.unwrap();
}

/// Who the two are: facts of decisions, told in every city.
fn details() -> [Told; 2] {
    let one = |number, role, day, names: Value, born: Value| Told {
        agency: sample::HOSPITAL,
        key: format!("details-{number}"),
        whom: (sample::HOSPITAL, number, role),
        day,
        entry: Map::from_iter([("personDetails".to_owned(), json!({"names": [names], "birthDate": born}))]),
    };
    let (mother, child) = (json!({"family": "汐野", "given": "某"}), json!({"family": "汐野", "given": "子"}));
    [
        one(MOTHER, "MOTHER", 80, mother, json!({"year": 1990, "month": 8, "day": 3})),
        one(CHILD, "CHILD", 81, child, json!({"year": 2026, "month": 10, "day": 26})),
    ]
}

impl Told {
    fn submission(&self) -> Value {
        let (issuer, identifier, role) = self.whom;
        let mut entry = self.entry.clone();
        entry.insert("sourceKey".to_owned(), json!(self.key));
        entry.insert("subjects".to_owned(), json!([{"role": role, "issuer": issuer, "identifier": identifier}]));
        entry.insert("occurredAt".to_owned(), json!({"date": occurred(self.day)}));
        json!({"format": "grpc", "messageId": self.key, "entries": [entry]})
    }

    /// What is left of it in what an agency was shown.
    fn left_in(&self, shown: &[Value]) -> Option<Told> {
        let mut entry = shown.iter().find(|entry| entry["occurredAt"]["date"] == occurred(self.day))?.clone();
        let entry = entry.as_object_mut()?;
        const OF_THE_HUB: [&str; 13] = [
            "id",
            "sourceKey",
            "subjects",
            "author",
            "authorOfProtection",
            "municipality",
            "recordedAtMicros",
            "raised",
            "sourceMessage",
            "sourcePath",
            "personIds",
            "roles",
            "sourceTime",
        ];
        entry.retain(|name, _| !OF_THE_HUB.contains(&name.as_str()));
        Some(Told { entry: entry.clone(), ..self.clone() })
    }
}

fn occurred(day: u64) -> Value {
    json!({"year": 2026, "month": 1 + day / 28, "day": 1 + day % 28})
}

fn people() -> [PersonRef; 3] {
    [
        person(sample::HOSPITAL, MOTHER, "mother"),
        person(sample::HOSPITAL, CHILD, "child"),
        person(sample::GUIDANCE_CENTER, STRANGER, "child"),
    ]
}

impl Agency {
    /// Every entry that it is shown for a purpose.
    async fn shown(&self, purpose: &str, ground: &str) -> Vec<Value> {
        let mut entries = Vec::new();
        for whom in people() {
            for received in self.looks_up(purpose, whom, ground).await.0 {
                let record: Value = serde_json::from_str(&received.to_json()).unwrap();
                entries.extend(record["entries"].as_array().cloned().unwrap_or_default());
            }
        }
        entries
    }
}

/// Who looks, for what, and under which ground.
const LOOKING: [(&str, &str, &str); 4] = [
    (sample::CENTER, "P3", ""),
    (sample::GUIDANCE_CENTER, "P5", REQUEST),
    (sample::HEALTH_CENTER, "P1", ""),
    (sample::PROVIDER, "P7", ""),
];

fn looking(city: &City, agency: &str) -> Agency {
    match agency {
        sample::CENTER => city.center(),
        sample::GUIDANCE_CENTER => city.guidance_center(),
        sample::PROVIDER => city.provider(),
        _ => city.health_center(),
    }
}

/// The days of what is shown.
fn days(shown: &[Value]) -> Vec<String> {
    let mut days: Vec<String> = shown.iter().map(|entry| entry["occurredAt"]["date"].to_string()).collect();
    days.sort_unstable();
    days
}

/// The same things with others of their kind in the place of those of which nothing is shown.
fn changed(seed: u64, told: &[Told], shown: &[Value]) -> Vec<Told> {
    let (mut dice, mut schema) = (Dice(SEED ^ seed ^ 0xff), Schema::read());
    let mut change = |told: &Told| {
        let mut changed = told.clone();
        if told.left_in(shown).is_none() {
            for (body, content) in changed.entry.iter_mut().filter(|(name, _)| *name != "label") {
                *content = schema.content(body, &mut dice);
            }
        }
        changed
    };
    told.iter().map(&mut change).collect()
}

/// Words of the schema's texts in something that was said.
fn birds(text: &str) -> BTreeSet<String> {
    let found = text.split(BIRD).skip(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect());
    found.collect()
}

#[tokio::test]
async fn what_an_agency_may_not_see_of_random_records_changes_nothing_that_it_gets() {
    crate::canary::watch_the_logs();
    let worlds = std::env::var("MUSUBI_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(WORLDS);
    let (mut shown_to, mut hidden_from, mut channels, mut compared) = (0, 0, 0, 0);
    for seed in 0..worlds {
        let world = World::new(seed);
        for (agency, purpose, ground) in LOOKING {
            // Each looks into a city of its own: who fetches what waits for it changes what its authors are told.
            let (whole, taken) = world.city(&world.told).await;
            let told: Vec<Told> = world.told.iter().filter(|told| taken.contains(&told.key)).cloned().collect();
            let observer = looking(&whole, agency);
            let people = people();
            let asked =
                Everything { purposes: &[purpose], people: &people, numbers: &[MOTHER, CHILD], grounds: &[ground] };
            let shown = observer.shown(purpose, ground).await;
            let left: Vec<Told> = told.iter().filter_map(|told| told.left_in(&shown)).collect();
            let got = whole.everything(&observer, &asked).await;
            let name = format!("world {seed} {agency}");

            let may_hear = birds(&serde_json::to_string(&shown).unwrap());
            for (channel, text) in &got {
                let heard: Vec<String> = birds(text).difference(&may_hear).cloned().collect();
                assert!(heard.is_empty(), "{name}: hidden words {heard:?} on the channel {channel}");
            }

            let (erased, again) = world.city(&left).await;
            assert_eq!(again.len(), left.len() + details().len(), "{name}: what is left can be told");
            same(
                "what is left from the whole",
                &name,
                &got,
                &erased.everything(&looking(&erased, agency), &asked).await,
            );

            let (other, _) = world.city(&changed(seed, &told, &shown)).await;
            let still_hidden = days(&looking(&other, agency).shown(purpose, ground).await) == days(&shown);
            if still_hidden {
                let got_there = other.everything(&looking(&other, agency), &asked).await;
                same("others in the place of what is hidden", &name, &got, &got_there);
                compared += 1;
            }
            shown_to += left.len();
            hidden_from += told.len() - left.len();
            channels = got.len();
            let (folder, outbox) = (whole.folder.path().to_owned(), sample::center_folder(&whole.config));
            let City { folder: _kept, running, .. } = whole;
            running.stop().await.unwrap();
            crate::canary::no_word_in_a_file(&folder, &outbox, BIRD);
        }
    }
    crate::canary::no_word_in_the_logs();
    println!(
        "figure erased {worlds} worlds ({shown_to} entries shown, {hidden_from} hidden, {channels} channels of each observer, seed {SEED:#x})"
    );
    assert!(
        shown_to > 8 && hidden_from > 30 && compared > 0,
        "{shown_to} shown, {hidden_from} hidden, {compared} changed"
    );
}

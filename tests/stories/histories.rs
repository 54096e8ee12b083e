//! Random histories with a fixed seed (`consent.md` section 9, property 7): consents, withdrawals, objections, messages,
//! retries, restarts, crashes in the midst of a step and looks in any order. Everything that was transmitted must be justified by a release row that comes
//! out again when it is decided anew, and by a small model of what was permitted at that moment.
//!
//! `MUSUBI_HISTORIES` says how many are played; the line `figure histories` how many were.

use crate::agencies::{person, replaced, words};
use crate::city::{City, MOTHER};
use crate::explain::releases;
use crate::steps::permit;
use musubi::clock::Clock;
use musubi::edge::grpc::client::{ObjectRequest, PersonRef, RecordConsentRequest};
use musubi::sample_city as sample;
use musubi_core::time::Time;
use std::time::Duration;

/// Played when nothing else is said.
const HISTORIES: u64 = 20;
/// Steps of one history.
const STEPS: usize = 24;
/// So many histories between two restarts of the hub.
const RESTART_EVERY: u64 = 7;
/// One of so many steps is cut off by a crash, and taken again afterwards.
const CRASH_IN: u64 = 30;
/// A crash comes within so many milliseconds of the beginning of its step.
const CRASH_MILLIS: u64 = 40;
const SEED: u64 = 0x6d75_7375_6269_0007;

/// A small generator (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// What the mother said, as simple as it can be written down.
#[derive(Default)]
struct Said {
    permitted_until: Vec<Time>,
    objections: Vec<String>,
}

impl Said {
    fn permits(&self, now: Time) -> bool {
        self.objections.is_empty() && self.permitted_until.iter().any(|until| now < *until)
    }
}

/// Something that left the hub, and whether the model permitted the discharge then.
struct Transmitted {
    release: String,
    entries: Vec<String>,
    permitted: bool,
}

/// One history: a mother of her own, whose number nobody else has.
struct History {
    number: String,
    born: String,
    said: Said,
    transmitted: Vec<Transmitted>,
    sent: Vec<Vec<u8>>,
    /// Looks at something sent that was not permitted.
    closed: usize,
}

impl History {
    /// Born on a day of her own, so that nobody seems to be the same.
    fn new(number: u64) -> Self {
        let born = Time::MIN.plus_days(1 + i64::try_from(number).unwrap()).day().to_string().replace('-', "");
        let (said, transmitted, sent) = (Said::default(), Vec::new(), Vec::new());
        History { number: format!("{:08}", 70_000_000 + number), born, said, transmitted, sent, closed: 0 }
    }

    fn mother(&self) -> PersonRef {
        person(sample::HOSPITAL, &self.number, "mother")
    }

    /// Her discharge, under a control id of its own.
    fn message(&self) -> Vec<u8> {
        let id = format!("H{}-{}", self.number, self.sent.len());
        let message = replaced(MOTHER, b"00012345", self.number.as_bytes());
        let message = replaced(&message, b"S261030-0102", id.as_bytes());
        replaced(&message, b"19960514", self.born.as_bytes())
    }

    async fn step(&mut self, city: &City, dice: &mut Dice) {
        city.clock.advance_minutes(1 + dice.below(90) as i64);
        let (center, now) = (city.center(), city.clock.now());
        match dice.below(12) {
            0 | 1 | 10 => {
                let until = now.plus_minutes(600 + dice.below(6000) as i64);
                let terms = RecordConsentRequest {
                    grantor: Some(self.mother()),
                    valid_until: until.rfc3339(),
                    ..permit(self.mother(), "self")
                };
                assert_eq!(center.records(terms).await.status, "active");
                self.said.permitted_until.push(until);
            }
            2 => {
                center.withdraws_for(self.mother(), "self").await;
                self.said.permitted_until.clear();
            }
            3 => {
                let objection = ObjectRequest {
                    staff_id: "ooba".to_owned(),
                    subject: Some(self.mother()),
                    categories: words(&["C01", "C04", "C05"]),
                    ..ObjectRequest::default()
                };
                let recorded = center.client.consents().object(objection).await.unwrap().into_inner();
                self.said.objections.push(recorded.fact_id);
            }
            4 => {
                let Some(lifts) = self.said.objections.pop() else { return };
                let lifting = ObjectRequest {
                    staff_id: "ooba".to_owned(),
                    subject: Some(self.mother()),
                    categories: words(&["C01", "C04", "C05"]),
                    lifts,
                    ..ObjectRequest::default()
                };
                center.client.consents().object(lifting).await.unwrap();
            }
            5 | 6 => {
                let message = self.message();
                city.hospital().sends(&message).await.accepted();
                self.sent.push(message);
            }
            7 => {
                // The hospital did not hear the answer, and sends the same again.
                let Some(message) = self.sent.last() else { return };
                city.hospital().sends(message).await.accepted();
            }
            8 => self.fetch(city, dice.below(2) == 0).await,
            _ => self.look(city).await,
        }
    }

    /// A step in whose midst the hub crashes. Whether it took effect is not known to whoever asked, so that it is taken again.
    async fn crash(&mut self, city: City, dice: &mut Dice) -> City {
        let millis = dice.below(CRASH_MILLIS);
        let again = dice.0;
        {
            let step = tokio::time::timeout(Duration::from_millis(millis), self.step(&city, dice));
            step.await.ok();
        }
        let city = city.crashed().await;
        *dice = Dice(again);
        self.step(&city, dice).await;
        city
    }

    async fn look(&mut self, city: &City) {
        let seen = city.center().looks_up("P3", self.mother(), "").await;
        let permitted = self.said.permits(city.clock.now());
        self.closed += usize::from(!permitted && !self.sent.is_empty());
        for received in &seen.0 {
            let json = received.to_json();
            assert!(permitted || !received.kinds().contains(&"discharge_notice"), "{}: {json}", self.number);
            self.transmitted.push(Transmitted {
                release: releases(&json).remove(0),
                entries: entries(&json),
                permitted,
            });
        }
    }

    /// What waits for the center; sometimes the acknowledgement is lost, and it comes again later.
    async fn fetch(&mut self, city: &City, acknowledged: bool) {
        let before = city.clock.now();
        let mail = if acknowledged { city.center().receives().await } else { city.center().looks_into_its_box().await };
        for delivered in &mail.0 {
            let id = musubi_core::id::DeliveryId::parse(delivered.id()).unwrap();
            let row = city.running.hub.store.delivery(id).await.unwrap().unwrap();
            let persons: Vec<_> = row.persons.iter().map(|c| c.person).collect();
            let released = city.running.hub.store.releases_of(&persons).await.unwrap();
            let last = released.iter().rfind(|row| row.delivery == Some(id)).expect("no byte without a release row");
            assert!(last.decided_at >= before, "decided when it was fetched");
            let permitted = self.said.permits(before);
            self.transmitted.push(Transmitted { release: last.id.to_string(), entries: Vec::new(), permitted });
        }
    }

    /// Every release comes out again, names every entry that was seen, and shows no discharge that was not permitted.
    async fn justify(&self, city: &City) {
        for Transmitted { release, entries, permitted } in &self.transmitted {
            let explained = city.center().explains("hayakawa", release).await.unwrap();
            assert_eq!(explained.reproduced, "yes", "{}: {:?}", self.number, explained.lines);
            let shown = |entry: &String| {
                explained.decisions.iter().any(|d| d.entry_id == *entry && d.outcome.starts_with("PERMIT"))
            };
            assert!(entries.iter().all(shown), "{}: an entry without a decision", self.number);
            let discharge = explained.decisions.iter().any(|d| d.category == "C05" && d.outcome == "PERMIT");
            assert!(*permitted || !discharge, "{}: {:?}", self.number, explained.lines);
        }
    }
}

/// Ids of the entries in a record.
fn entries(json: &str) -> Vec<String> {
    let record: serde_json::Value = serde_json::from_str(json).unwrap();
    let entries = record["entries"].as_array().cloned().unwrap_or_default();
    entries.iter().filter_map(|entry| Some(entry["id"].as_str()?.to_owned())).collect()
}

#[tokio::test]
async fn whatever_happened_every_byte_that_left_is_justified() {
    let asked = std::env::var("MUSUBI_HISTORIES").ok().and_then(|text| text.parse().ok());
    let histories: u64 = asked.unwrap_or(HISTORIES);
    let (mut dice, mut transmitted, mut closed, mut crashes) = (Dice(SEED), 0, 0, 0);
    let mut city = City::that_crashes("2026-10-30T11:05:40+09:00").await;
    for number in 0..histories {
        let mut history = History::new(number);
        for _ in 0..STEPS {
            if dice.below(CRASH_IN) == 0 {
                city = history.crash(city, &mut dice).await;
                crashes += 1;
            } else {
                history.step(&city, &mut dice).await;
            }
        }
        history.look(&city).await;
        history.justify(&city).await;
        transmitted += history.transmitted.len();
        closed += history.closed;
        // What still waits for the center is the next history's no more.
        city.center().withdraws_for(history.mother(), "self").await;
        city.clock.advance_days(1);
        city.center().receives().await;
        if number % RESTART_EVERY == RESTART_EVERY - 1 {
            city = city.restarted().await;
        }
    }
    println!(
        "figure histories {histories} histories ({transmitted} transmissions justified, {closed} looks at what was closed, {crashes} crashes, seed {SEED:#x})"
    );
    assert!(histories < 10 || transmitted > 10 && closed > 10, "both sides were tried");
}

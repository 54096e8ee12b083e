//! What is delivered, how often, and what becomes of what is not.

use super::super::attempts::ATTEMPTS_MAX;
use super::super::dead_letters::Replay;
use super::*;
use crate::hub::answer::Answer;
use crate::hub::deliver::Ready;
use crate::hub::register::Address;
use crate::store::{DeliveryRow, DeliveryStage, DeliveryState, Row};

impl City {
    async fn fetched(&self) -> Vec<String> {
        let ready = self.hub.receive(&self.caller("OSC-482072", ""), Fetching::default()).await.unwrap();
        ready.iter().map(|one| one.delivery.id.to_string()).collect()
    }

    /// What is handed out behind a cursor.
    async fn behind(&self, cursor: &str) -> Vec<Ready> {
        let asked = Fetching { cursor, ..Fetching::default() };
        self.hub.receive(&self.caller("OSC-482072", ""), asked).await.unwrap()
    }

    async fn all(&self, state: DeliveryState) -> Vec<DeliveryRow> {
        self.hub.store.deliveries_in(state, 100).await.unwrap()
    }

    async fn consented(&self) {
        self.set("2026-10-28T10:00:00+09:00");
        self.permit("MED-4810700122", "00012345", Relationship::Subject).await;
        self.set("2026-10-30T11:05:00+09:00");
        self.submit("MED-4810700122", "hl7v2", MOTHER).await;
    }
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_after_a_pause_and_is_given_up_after_many() {
    let city = City::new().await;
    city.consented().await;
    assert_eq!(city.fetched().await.len(), 1);
    assert!(city.fetched().await.is_empty());
    let mut time = at("2026-10-30T12:05:00+09:00");
    for _ in 1..ATTEMPTS_MAX {
        city.clock.set(time);
        assert_eq!(city.fetched().await.len(), 1, "{}", time.rfc3339());
        time = time.plus_minutes(61);
    }
    city.clock.set(time);
    assert!(city.fetched().await.is_empty());
    assert_eq!(city.all(DeliveryState::Dead).await.len(), 1);
    let items = city.hub.work_items(&city.caller("OSC-482072", "ooba"), Some(true), "dead_delivery").await.unwrap();
    assert_eq!(items.len(), 1);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_holds_up_nobody_else() {
    let city = City::new().await;
    city.consented().await;
    let first = city.all(DeliveryState::Waiting).await.remove(0);
    let person = first.persons.first().unwrap().person;
    city.set("2026-11-09T15:12:30+09:00");
    city.family_b().await;
    assert_eq!(city.all(DeliveryState::Waiting).await.len(), 5);
    // A fact of the first family that is not what was written.
    let now = city.hub.now();
    let body =
        city.hub.keyring.hub.seal(entropy::bytes(), &musubi_core::sealing::Aad::row("fact", first.id.0), b"not a fact");
    let fact = crate::store::FactRow {
        municipality: first.municipality.clone(),
        id: musubi_core::id::FactId(first.id.0),
        kind: crate::store::FactKind::Shield,
        recipient: None,
        recorded_at: now,
        superseded_at: None,
        superseded_by: None,
        persons: vec![person.into()],
        body,
    };
    city.hub.store.commit("test", Change { rows: vec![Row::Fact(fact)], ..Change::default() }).await.unwrap();
    assert_eq!(city.fetched().await.len(), 4);
    let left = city.hub.store.delivery(first.id).await.unwrap().unwrap();
    assert_eq!((left.state, left.attempts, left.reason.as_str()), (DeliveryState::Waiting, 1, "unreadable"));
    assert!(left.next_at > now && left.next_at < now.plus_minutes(1));
}

/// What the last leaf of a family says.
async fn last_leaf(hub: &Hub, row: &DeliveryRow) -> musubi_core::audit::AuditEntry {
    let persons: Vec<_> = row.persons.iter().map(|c| c.person).collect();
    let family = hub.family(&persons, hub.now()).await.unwrap();
    let leaf = hub.store.leaves_of(&persons).await.unwrap().pop().unwrap();
    let aad = musubi_core::sealing::Aad::row(crate::store::LeafDraft::TABLE, leaf.id);
    let plain = family.open(persons, &leaf.entry, &hub.keyring.hub, &aad).unwrap();
    musubi_core::audit::SaltedEntry::from_bytes(plain.into()).entry().unwrap()
}

#[tokio::test]
async fn f06_what_waited_while_the_policy_changed_is_decided_by_the_new_one_and_names_both() {
    let city = City::new().await;
    city.consented().await;
    let before = city.hub.policy.hash();
    city.hub.store.close().await.unwrap();
    let City { hub, clock, _folder: folder } = city;
    drop(hub);
    clock.set(at("2026-11-01T09:00:00+09:00"));
    let keyring = Keyring::open(folder.path(), "musubi", &mut |bytes| entropy::fill(bytes)).unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let masks = include_str!("../../../policy/masks.toml").replace("緊急閲覧で見える範囲", "緊急時に見える範囲");
    let (matrix, grounds) = (include_str!("../../../policy/matrix.toml"), include_str!("../../../policy/grounds.toml"));
    let policy = Policy::load(matrix, grounds, &masks).unwrap();
    let hub = Hub::open(store, keyring, Reviewed { policy, ..Reviewed::shipped() }, clock.clone()).await.unwrap();
    let waiting = hub.store.deliveries_in(DeliveryState::Waiting, 100).await.unwrap().remove(0);
    let ready = hub.release_delivery(&waiting, &[]).await.unwrap();
    assert!(ready.is_some());
    let said = last_leaf(&hub, &waiting).await;
    assert_eq!((said.action.as_str(), said.facts_hash.len()), ("release", 32));
    assert_eq!((said.policy_before, said.policy_hash), (before.to_vec(), hub.policy.hash().to_vec()));
    assert_ne!(before, hub.policy.hash());
    assert_eq!(hub.policies.before(hub.now()), None, "what is intended now is decided by what is in force now");
}

#[tokio::test]
async fn an_old_screening_is_not_sent_again_with_something_new() {
    let city = City::new().await;
    city.consented().await;
    city.set("2026-11-09T15:12:30+09:00");
    city.submit("MED-4810700122", "hl7v2", TWO_WEEK).await;
    assert_eq!(city.received().await.len(), 2);
    city.set("2026-11-12T10:00:00+09:00");
    city.submit("MED-4810700122", "hl7v2", CORRECTION).await;
    let texts = city.received().await;
    assert_eq!(texts.len(), 1);
    assert!(!texts[0].contains("99046-5") && !texts[0].contains("EPDS"), "{texts:?}");
}

#[tokio::test]
async fn a_permit_that_begins_later_opens_what_waits_without_another_act() {
    let city = City::new().await;
    city.set("2026-10-30T11:05:00+09:00");
    city.submit("MED-4810700452", "hl7v2", MINAMI).await;
    let held = city.all(DeliveryState::Held).await;
    assert_eq!(held.len(), 1);
    city.hub.look_after_held().await.unwrap();
    assert_eq!(city.all(DeliveryState::Held).await.len(), 1);
    city.permit_at("MED-4810700452", at("2026-11-05T00:00:00+09:00"), &held[0]).await;
    city.hub.look_after_held().await.unwrap();
    assert_eq!(city.all(DeliveryState::Held).await.len(), 1);
    city.set("2026-11-05T00:00:00+09:00");
    city.hub.look_after_held().await.unwrap();
    assert!(city.all(DeliveryState::Held).await.is_empty());
    assert_eq!(city.received().await.len(), 1);
}

impl City {
    /// A permit for whoever a delivery concerns, from a moment on.
    async fn permit_at(&self, _author: &str, from: Time, of: &DeliveryRow) {
        for concerned in &of.persons {
            let mut terms = self.terms(Named { person: Some(concerned.person), ..Named::default() });
            terms.valid_from = from;
            self.hub.record_consent(&self.caller("OSC-482072", "ooba"), terms).await.unwrap();
        }
    }
}

#[tokio::test]
async fn after_thirty_days_without_a_basis_the_author_is_told_once() {
    let city = City::new().await;
    city.submit("MED-4810700452", "hl7v2", MINAMI).await;
    let told = async || {
        let clinic = city.caller("MED-4810700452", "m-2");
        city.hub.work_items(&clinic, None, "no_basis").await.unwrap().len()
    };
    city.hub.look_after_held().await.unwrap();
    assert_eq!(told().await, 0);
    city.set("2026-11-27T16:20:00+09:00");
    for _ in 0..3 {
        city.hub.look_after_held().await.unwrap();
        assert_eq!(told().await, 1);
    }
}

#[tokio::test]
async fn how_long_an_author_waits_for_a_basis_stands_in_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = Keyring::open(folder.path(), "musubi", &mut |bytes| entropy::fill(bytes)).unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let masks = include_str!("../../../policy/masks.toml").replace("no_basis_days = 30", "no_basis_days = 3");
    let (matrix, grounds) = (include_str!("../../../policy/matrix.toml"), include_str!("../../../policy/grounds.toml"));
    let policy = Policy::load(matrix, grounds, &masks).unwrap();
    let city = City::under(policy, store, keyring, folder).await;
    city.submit("MED-4810700452", "hl7v2", MINAMI).await;
    let told = async || {
        city.hub.look_after_held().await.unwrap();
        city.hub.work_items(&city.caller("MED-4810700452", "m-2"), None, "no_basis").await.unwrap().len()
    };
    city.set("2026-10-30T16:19:59+09:00");
    assert_eq!(told().await, 0);
    city.set("2026-10-30T16:20:00+09:00");
    assert_eq!(told().await, 1);
}

#[tokio::test]
async fn a_later_consent_completes_what_was_delivered_in_part() {
    let city = City::new().await;
    city.set("2026-10-28T10:00:00+09:00");
    let officer = city.caller("OSC-482072", "ooba");
    let consent = async |of: &[Category]| {
        for (number, relationship) in
            [("00012345", Relationship::Subject), ("00067890", Relationship::ParentalAuthority)]
        {
            let mut terms = city.terms(named("MED-4810700122", number));
            (terms.relationship, terms.categories) = (relationship, Scope::Named(categories(of)));
            city.hub.record_consent(&officer, terms).await.unwrap();
        }
    };
    consent(&[Category::C01, Category::C06]).await;
    city.set("2026-10-30T11:05:00+09:00");
    city.submit("MED-4810700122", "hl7v2", NEWBORN).await;
    let first = city.received().await;
    city.set("2026-11-02T10:00:00+09:00");
    consent(&[Category::C01, Category::C04, Category::C05, Category::C06, Category::C07]).await;
    let more = city.received().await;
    assert_eq!((first.len(), more.len()), (1, 1), "{first:?}");
    assert_ne!(first, more);
    city.set("2026-11-03T10:00:00+09:00");
    consent(&[Category::C01, Category::C05, Category::C06]).await;
    assert!(city.received().await.is_empty());
}

#[tokio::test]
async fn a_center_that_no_channel_reaches_is_told_by_a_work_item() {
    let city = City::new().await;
    let mut center = agency("OSC-482072", AgencyKind::Osc, "", &[("ooba", Role::Phn)]);
    center.settings.subscriptions.clear();
    city.hub.register.put(&city.hub.store, center, Change::default()).await.unwrap();
    city.consented().await;
    let items = city.hub.work_items(&city.caller("OSC-482072", "ooba"), Some(true), "no_channel").await.unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].body.code, "NO_CHANNEL");
}

#[tokio::test]
async fn a_dry_run_says_how_what_would_be_shown_and_handed_over_differs_from_the_last_time() {
    let city = City::new().await;
    city.set("2026-10-28T10:00:00+09:00");
    let officer = city.caller("OSC-482072", "ooba");
    let consent = async |of: &[Category]| {
        let mut terms = city.terms(named("MED-4810700122", "00012345"));
        terms.categories = Scope::Named(categories(of));
        city.hub.record_consent(&officer, terms).await.unwrap();
    };
    let compared = async |id| city.hub.replay(&officer, id, true).await.unwrap();
    consent(&[Category::C01, Category::C04, Category::C05]).await;
    city.set("2026-10-30T11:05:00+09:00");
    city.submit("MED-4810700122", "hl7v2", MOTHER).await;
    let row = city.all(DeliveryState::Waiting).await.remove(0);
    let first = compared(row.id).await;
    let sizes = |replay: &Replay| {
        let compared = replay.compared.clone().unwrap();
        compared.into_iter().map(|one| (one.format, one.bytes.0, one.bytes.1)).collect::<Vec<_>>()
    };
    assert!(!first.outputs.is_empty() && sizes(&first).iter().all(|(_, _, before)| before.is_none()), "never sent");
    assert_eq!(city.fetched().await.len(), 1);

    let same = compared(row.id).await;
    assert!(same.changed.is_empty());
    assert!(sizes(&same).iter().all(|(_, now, before)| now == before), "{:?}", same.compared);
    assert_eq!(sizes(&same).len(), first.outputs.len());

    city.hub.withdraw(&officer, &named("MED-4810700122", "00012345"), Relationship::Subject).await.unwrap();
    consent(&[Category::C01, Category::C05]).await;
    let less = compared(row.id).await;
    assert!(!less.changed.is_empty() && less.changed.iter().all(|entry| entry.more.is_empty()), "{:?}", less.changed);
    let differs = less.compared.unwrap();
    assert!(differs.iter().any(|one| one.bytes.0 < one.bytes.1 && one.lines.1 > 0), "{differs:?}");
    assert_eq!(city.hub.store.delivery(row.id).await.unwrap().unwrap().attempts, 1, "nothing is sent");
}

#[tokio::test]
async fn about_mother_and_child_and_who_was_joined_with_them_nothing_overtakes_and_others_go_beside_them() {
    let city = City::new().await;
    city.consented().await;
    let mother = city.all(DeliveryState::Waiting).await.remove(0);
    city.submit("MED-4810700122", "hl7v2", NEWBORN).await;
    city.submit("MED-4810700452", "hl7v2", MINAMI).await;
    let mut later = city.all(DeliveryState::Held).await;
    later.sort_by_key(|row| row.sequence);
    let (newborn, other) = (&later[0], &later[1]);
    let of = |row: &DeliveryRow| row.persons.iter().map(|one| one.person).collect::<Vec<_>>();
    let child = of(newborn).into_iter().find(|person| !of(&mother).contains(person)).unwrap();
    let about = |person, row: &DeliveryRow| DeliveryRow {
        persons: vec![crate::store::Concerned::from(person)],
        format: mother.format.clone(),
        ..row.clone()
    };
    let before = async |row: DeliveryRow| city.hub.delivered_before(&row).await.unwrap().map(|earlier| earlier.id);
    assert_eq!(before(about(child, newborn)).await, Some(mother.id), "of the child alone, behind the mother's");
    assert_eq!(before(DeliveryRow { format: "folder:ph05".to_owned(), ..about(child, newborn) }).await, None);
    let stranger = of(other)[0];
    assert_eq!(before(about(stranger, other)).await, None, "another family");
    let join = Row::Join { person: stranger, into: of(&mother)[0] };
    city.hub.store.commit("join", Change { rows: vec![join], ..Change::default() }).await.unwrap();
    assert_eq!(before(about(stranger, other)).await, Some(mother.id), "who turned out to be the mother");
    city.hub.delivery_done(&mother).await.unwrap();
    assert_eq!(before(about(child, newborn)).await, None, "once that is with its recipient");
}

fn ids(ready: &[Ready]) -> Vec<String> {
    ready.iter().map(|one| one.delivery.id.to_string()).collect()
}

#[tokio::test]
async fn behind_its_cursor_a_reader_gets_at_once_what_it_lost_and_it_is_the_same_attempt() {
    let city = City::new().await;
    city.consented().await;
    city.set("2026-11-09T15:12:30+09:00");
    city.submit("MED-4810700122", "hl7v2", TWO_WEEK).await;
    let first = city.behind("").await;
    assert_eq!(first.len(), 2);
    assert!(city.behind("").await.is_empty(), "without a cursor it comes after its pause");
    for _ in 0..2 * ATTEMPTS_MAX {
        let again = city.behind(&first[0].cursor).await;
        assert_eq!(ids(&again), ids(&first[1..]), "behind what it has");
        assert_eq!((again[0].delivery.attempts, again[0].delivery.next_at), (1, first[1].delivery.next_at));
    }
    let last = city.behind(&first[0].cursor).await.remove(0).cursor;
    assert!(city.behind(&last).await.is_empty());
    city.set("2026-11-09T15:14:00+09:00");
    let after_the_pause = city.behind(&last).await;
    assert_eq!(ids(&after_the_pause), ids(&first), "what is not acknowledged comes again, in its order");
    assert!(after_the_pause.iter().all(|one| one.delivery.attempts == 2));
    let acknowledged: Vec<_> = first.iter().map(|one| one.delivery.id).collect();
    city.hub.acknowledge(&city.caller("OSC-482072", ""), &acknowledged).await.unwrap();
    city.set("2026-11-10T15:14:00+09:00");
    assert!(city.behind("").await.is_empty() && city.behind(&last).await.is_empty());
}

#[tokio::test]
async fn nothing_newer_about_a_family_is_handed_out_before_what_its_reader_does_not_have() {
    let city = City::new().await;
    city.consented().await;
    city.set("2026-11-09T15:12:30+09:00");
    city.family_b().await;
    let center = city.caller("OSC-482072", "");
    let mother = city.hub.receive(&center, Fetching { limit: 1, ..Fetching::default() }).await.unwrap();
    city.submit("MED-4810700122", "hl7v2", TWO_WEEK).await;
    let newer = city.all(DeliveryState::Waiting).await.into_iter().max_by_key(|row| row.sequence).unwrap();
    let others = city.behind("").await;
    assert_eq!(others.len(), 4, "another family waits for nobody");
    assert!(!ids(&others).contains(&newer.id.to_string()), "what the reader lost comes first");
    let behind = ids(&city.behind(&mother[0].cursor).await);
    assert_eq!(behind.len(), 5);
    assert_eq!(behind.last(), Some(&newer.id.to_string()), "who has the older one gets the newer");
    city.clock.advance_minutes(1);
    let all = ids(&city.behind("").await);
    assert_eq!((all.len(), all.first(), all.last()), (6, ids(&mother).first(), Some(&newer.id.to_string())));
}

impl City {
    /// A mother's delivery, and behind it one about her child alone.
    async fn of_mother_and_of_child(&self) -> [DeliveryRow; 2] {
        self.consented().await;
        self.permit("MED-4810700122", "00067890", Relationship::ParentalAuthority).await;
        let mother = self.all(DeliveryState::Waiting).await.remove(0);
        self.submit("MED-4810700122", "hl7v2", NEWBORN).await;
        let newborn = self.all(DeliveryState::Waiting).await.into_iter().find(|row| row.id != mother.id).unwrap();
        let mothers: Vec<_> = mother.persons.iter().map(|one| one.person).collect();
        let child = newborn.persons.iter().map(|one| one.person).find(|person| !mothers.contains(person)).unwrap();
        self.hub.delivery_done(&newborn).await.unwrap();
        let id = musubi_core::id::DeliveryId(self.hub.id(self.hub.now()));
        let of_child = DeliveryRow { id, persons: vec![crate::store::Concerned::from(child)], ..newborn };
        let rows = vec![Row::Delivery(of_child)];
        self.hub.store.commit("queue", Change { rows, ..Change::default() }).await.unwrap();
        [mother, self.hub.store.delivery(id).await.unwrap().unwrap()]
    }
}

#[tokio::test]
async fn what_is_about_the_child_alone_comes_behind_what_is_about_its_mother() {
    let city = City::new().await;
    let [mother, of_child] = city.of_mother_and_of_child().await;
    let center = city.caller("OSC-482072", "");
    let first = city.hub.receive(&center, Fetching { limit: 1, ..Fetching::default() }).await.unwrap();
    assert_eq!(ids(&first), [mother.id.to_string()]);
    assert!(city.behind("").await.is_empty(), "the mother's waits for its pause");
    assert_eq!(ids(&city.behind(&first[0].cursor).await), [of_child.id.to_string()]);
}

#[tokio::test]
async fn what_was_decided_beside_something_older_of_the_family_that_another_call_took_is_put_back() {
    let city = City::new().await;
    let [mother, of_child] = city.of_mother_and_of_child().await;
    let mut call = city.hub.call(&city.caller("OSC-482072", ""), Fetching::default()).await.unwrap();
    call.take(mother.clone()).await.unwrap();
    call.take(of_child.clone()).await.unwrap();
    // Another call is faster.
    city.hub.release_delivery(&mother, &[]).await.unwrap().unwrap();
    call.decide().await.unwrap();
    assert!(call.ready.is_empty());
    assert_eq!(city.hub.store.delivery(of_child.id).await.unwrap(), Some(of_child));
}

#[tokio::test]
async fn a_cursor_of_another_agency_a_broken_one_and_one_too_old_are_refused_in_both_languages() {
    let city = City::new().await;
    city.consented().await;
    let cursor = city.behind("").await.remove(0).cursor;
    let refused = async |agency: &str, cursor: &str| {
        let asked = Fetching { cursor, ..Fetching::default() };
        let refusal = city.hub.receive(&city.caller(agency, ""), asked).await.err().unwrap();
        let said = &refusal.diagnostics[0];
        assert_eq!(said.place, "cursor");
        assert!(said.text.ja.contains("カーソル") && said.text.en.contains("cursor"));
        said.code.to_string()
    };
    assert_eq!(refused("MED-4810700122", &cursor).await, "M615");
    let mut broken = cursor.clone();
    broken.replace_range(..1, if broken.starts_with('A') { "B" } else { "A" });
    for broken in [broken.as_str(), "x", "%", &cursor[1..], &cursor.repeat(400)] {
        assert_eq!(refused("OSC-482072", broken).await, "M615");
    }
    city.set("2026-11-29T11:04:59+09:00");
    assert!(!city.behind(&cursor).await.is_empty());
    city.set("2026-11-29T11:05:00+09:00");
    assert_eq!(refused("OSC-482072", &cursor).await, "M616");
}

#[tokio::test]
async fn a_cursor_from_before_a_restore_is_too_old() {
    let (city, restored) = (City::new().await, City::new().await);
    city.consented().await;
    let handed_out = city.behind("").await.remove(0).delivery;
    // The same keys, and a store that has not got that far.
    let cursor = super::super::cursor::Cursor::behind(&handed_out, city.hub.now());
    let center = restored.caller("OSC-482072", "");
    let shown = restored.hub.seal_cursor(center.id(), cursor);
    let asked = Fetching { cursor: &shown, ..Fetching::default() };
    restored.set("2026-10-30T11:05:00+09:00");
    let refusal = restored.hub.receive(&center, asked).await.err().unwrap();
    assert_eq!(refusal.diagnostics[0].code, "M616");
}

#[tokio::test]
async fn cursors_are_of_one_length_and_never_the_same_twice() {
    let city = City::new().await;
    city.consented().await;
    city.set("2026-11-09T15:12:30+09:00");
    city.family_b().await;
    let ready = city.behind("").await;
    let cursors: std::collections::BTreeSet<&str> = ready.iter().map(|one| one.cursor.as_str()).collect();
    let lengths: std::collections::BTreeSet<usize> = cursors.iter().map(|cursor| cursor.len()).collect();
    assert_eq!((cursors.len(), lengths.len()), (ready.len(), 1));
}

#[tokio::test]
async fn each_stage_of_a_delivery_is_written_before_what_follows_from_it() {
    let city = City::new().await;
    city.submit("MED-4810700452", "hl7v2", MINAMI).await;
    assert_eq!(city.all(DeliveryState::Held).await[0].stage(), DeliveryStage::Received);
    city.consented().await;
    let committed = city.all(DeliveryState::Waiting).await.remove(0);
    assert_eq!(committed.stage(), DeliveryStage::Committed);
    let stored = async || city.hub.store.delivery(committed.id).await.unwrap().unwrap();

    let released = city.hub.release_delivery(&committed, &[]).await.unwrap().unwrap().delivery;
    assert_eq!((stored().await.stage(), stored().await.sent_at), (DeliveryStage::Released, None));
    city.set("2026-10-30T11:05:02+09:00");
    let sent = city.hub.delivery_leaves(&released).await.unwrap().unwrap();
    assert_eq!((stored().await.stage(), stored().await.sent_at), (DeliveryStage::Sent, Some(city.hub.now())));
    city.hub.delivery_answered(&sent, Answer::Transient("busy"), false).await.unwrap();
    let failed = stored().await;
    assert_eq!((failed.stage(), failed.released_at, failed.sent_at), (DeliveryStage::FailedTransient, None, None));
    assert!(city.hub.delivery_leaves(&sent).await.unwrap().is_none(), "it has been moved since");

    for (answer, stage) in [
        (Answer::Ambiguous("silence"), DeliveryStage::FailedAmbiguous),
        (Answer::Rejected("refused"), DeliveryStage::Rejected),
    ] {
        let sent = city.hub.release_delivery(&stored().await, &[]).await.unwrap().unwrap().delivery;
        city.hub.delivery_answered(&sent, answer, false).await.unwrap();
        assert_eq!(stored().await.stage(), stage);
        let officer = city.caller("OSC-482072", "ooba");
        let again = city.hub.replay(&officer, committed.id, false).await.unwrap().row;
        assert_eq!((again.stage(), again.released_at), (DeliveryStage::Committed, None));
    }
    let sent = city.hub.release_delivery(&stored().await, &[]).await.unwrap().unwrap().delivery;
    city.hub.delivery_done(&sent).await.unwrap();
    assert_eq!(stored().await.stage(), DeliveryStage::Acknowledged);
}

#[tokio::test]
async fn what_had_not_left_when_a_hub_stopped_is_sent_though_its_destination_knows_nothing_twice() {
    let city = City::new().await;
    let mut center = agency("OSC-482072", AgencyKind::Osc, "", &[("ooba", Role::Phn)]);
    center.settings.subscriptions[0].https = Some(Address {
        address: "localhost:1".to_owned(),
        server_name: "localhost".to_owned(),
        agency: None,
        path: "/".to_owned(),
        repeats: false,
    });
    city.hub.register.put(&city.hub.store, center, Change::default()).await.unwrap();
    city.consented().await;
    let waiting = city.all(DeliveryState::Waiting).await.remove(0);
    let stored = async || city.hub.store.delivery(waiting.id).await.unwrap().unwrap();
    city.hub.release_delivery(&waiting, &[]).await.unwrap().unwrap();
    city.hub.deliver_unfinished_again(&["https:"]).await.unwrap();
    assert_eq!((stored().await.state, stored().await.next_at), (DeliveryState::Waiting, city.hub.now()));

    let released = city.hub.release_delivery(&stored().await, &[]).await.unwrap().unwrap().delivery;
    city.hub.delivery_leaves(&released).await.unwrap().unwrap();
    city.hub.deliver_unfinished_again(&["https:"]).await.unwrap();
    assert_eq!((stored().await.stage(), stored().await.reason.as_str()), (DeliveryStage::FailedAmbiguous, "stopped"));
}

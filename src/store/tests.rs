//! The store against a folder and a database of its own.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::sql::value::{Sql, Value};
use super::*;
use musubi_core::agency::{Actor, AgencyKind, Purpose, Role};
use musubi_core::audit::{AuditEntry, LogKey, SaltedEntry, SignedNote, inclusion_proof, verify_inclusion};
use musubi_core::id::{EntryId, ReleaseId};
use musubi_core::sealing::{Aad, DataKey, WrappedKey};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use zeroize::Zeroizing;

#[path = "../../tests/support/postgres.rs"]
mod server;

mod cosigned;
mod deliveries;
mod logs;
mod several;

use cosigned::s35_what_a_witness_signed_is_kept_once_beside_its_checkpoint;
use deliveries::{
    a_delivery_moves_on_only_from_where_it_was_read, held_deliveries_are_read_page_by_page_and_none_is_passed_over,
    the_oldest_of_each_destination_is_known_however_many_wait_for_one,
    what_is_due_for_one_destination_hides_nothing_for_another,
    when_a_delivery_was_released_and_when_it_left_is_kept_and_taken_back_with_it,
};
use logs::{
    a_log_is_verified_as_far_as_it_reached_however_it_grows_meanwhile,
    s33_checkpoints_are_made_when_due_on_request_and_at_the_end,
    s37_a_store_that_was_closed_while_it_worked_takes_nothing_and_signs_nothing_more,
    s37_a_tail_that_does_not_verify_closes_the_store_for_changes, s38_the_first_index_that_was_tampered_with_is_named,
};
use server::Postgres;

const CANARY: &str = "カナリア花子";
const NOW: Time = Time::from_micros(1_795_000_000_000_000);

static NEXT: AtomicU64 = AtomicU64::new(1);

fn uuid() -> Uuid {
    Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into())
}

fn person() -> PersonId {
    PersonId(uuid())
}

fn city() -> Municipality {
    Municipality::new("482072").unwrap()
}

fn agency() -> AgencyId {
    AgencyId::new("MED-4810700122").unwrap()
}

fn blind(text: &str) -> Blind {
    musubi_core::sealing::BlindKey::from_bytes([1; 32]).blind("test", text)
}

fn key() -> DataKey {
    DataKey::from_random([7; 32])
}

fn sealed(table: &str, row: Uuid) -> Sealed {
    key().seal([9; 12], &Aad::row(table, row), CANARY.as_bytes())
}

fn leaf(persons: &[PersonId]) -> LeafDraft {
    let id = uuid();
    let entry = AuditEntry { action: "receive".to_owned(), note: CANARY.to_owned(), ..AuditEntry::default() };
    let salted = SaltedEntry::new([3; 32], &entry);
    let aad = Aad::row(LeafDraft::TABLE, id);
    let entry = key().seal([9; 12], &aad, salted.as_bytes());
    LeafDraft { log: Log::Municipality(city()), id, hash: salted.leaf(), entry, persons: persons.to_vec() }
}

fn open_leaf(leaf: &LeafRow) -> Result<Option<SaltedEntry>, musubi_core::sealing::DoesNotOpen> {
    let opened = key().open(&Aad::row(LeafDraft::TABLE, leaf.id), &leaf.entry)?;
    Ok(Some(SaltedEntry::from_bytes(Zeroizing::new(opened.to_vec()))))
}

fn person_row(id: PersonId) -> Row {
    let key = Some(WrappedKey::from_stored(vec![1; 60]));
    Row::Person(PersonRow { id, municipality: city(), epoch: 0, key, joined_into: None })
}

fn entries_row(person: PersonId) -> EntriesRow {
    let id = EntryId(uuid());
    EntriesRow {
        municipality: city(),
        id,
        message: MessageId(uuid()),
        sequence: 0,
        persons: vec![Concerned { person, role: 1 }],
        contained: vec![Contained { id, kind: 12 }, Contained { id: EntryId(uuid()), kind: 0 }],
        body: sealed(EntriesRow::TABLE, id.0),
    }
}

fn fact_row(person: PersonId) -> FactRow {
    let id = FactId(uuid());
    FactRow {
        municipality: city(),
        id,
        kind: FactKind::Consent,
        recipient: Some(agency()),
        recorded_at: NOW,
        superseded_at: None,
        superseded_by: None,
        persons: vec![person.into()],
        body: sealed("fact", id.0),
    }
}

fn delivery_row(person: PersonId, state: DeliveryState) -> DeliveryRow {
    DeliveryRow {
        municipality: city(),
        id: DeliveryId(uuid()),
        recipient: agency(),
        purpose: Purpose::P2,
        format: "notice-html".to_owned(),
        message: None,
        entries: vec![EntryId(uuid()), EntryId(uuid())],
        question: None,
        state,
        attempts: 0,
        created_at: NOW,
        next_at: NOW,
        reason: String::new(),
        released_at: None,
        sent_at: None,
        sequence: 0,
        persons: vec![person.into()],
    }
}

fn message(name: &str, content: [u8; 32]) -> MessageDraft {
    let id = MessageId(uuid());
    MessageDraft {
        municipality: city(),
        id,
        agency: agency(),
        key: blind(name),
        content: Some(content),
        format: "hl7v2".to_owned(),
        received_at: NOW,
        test: false,
        repeats: true,
        forget_before: None,
        raw: Some(sealed("message", id.0)),
        answer: Box::new(|receipts| receipts.iter().map(Receipt::msa3).collect::<String>().into_bytes()),
    }
}

fn rows(rows: Vec<Row>) -> Change {
    Change { rows, ..Change::default() }
}

/// Where a test keeps its store: in a folder or a database of its own.
enum Home {
    Folder(TempDir),
    Database(Server, String),
}

/// A location for tests of the hub: a database of its own. `None` where no server is installed.
pub(crate) fn database() -> Option<Location> {
    Home::database().map(|home| home.location())
}

/// One server for all tests of this binary.
static SERVER: LazyLock<Option<Postgres>> = LazyLock::new(Postgres::start);

impl Home {
    fn folder() -> Home {
        Home::Folder(tempfile::tempdir().unwrap())
    }

    /// `None` where no server is installed.
    fn database() -> Option<Home> {
        let postgres = SERVER.as_ref()?;
        let folder = tempfile::tempdir().unwrap();
        let address = folder.path().join("database");
        let name = postgres.database();
        std::fs::write(&address, postgres.url(&name)).unwrap();
        Some(Home::Database(Server::read(&address).unwrap(), name))
    }

    /// Another one, as empty as this was.
    fn fresh(&self) -> Home {
        match self {
            Home::Folder(_) => Home::folder(),
            Home::Database(..) => Home::database().unwrap(),
        }
    }

    fn location(&self) -> Location {
        match self {
            Home::Folder(folder) => Location::Folder(folder.path().to_owned()),
            Home::Database(server, _) => Location::Server(server.clone()),
        }
    }

    fn database_name(&self) -> &str {
        match self {
            Home::Folder(_) => DATABASE,
            Home::Database(_, name) => name,
        }
    }

    async fn open(&self) -> Store {
        let key = LogKey::from_bytes("musubi.example", &[5; 32]);
        let sign: SignCheckpoint = Arc::new(move |checkpoint| checkpoint.sign(&key).to_string());
        let settings = Settings { hub: "musubi.example".to_owned(), checkpoint_entries: 10, sign: Some(sign) };
        Store::open_at(&self.location(), settings).await.unwrap()
    }

    /// Does something to the bare database.
    async fn tamper(&self, statement: &'static str, value: Option<Value>) {
        let mut connection = engine::Opened::at(&self.location()).await.unwrap().connection;
        let order = value.into_iter().fold(Sql::new(statement), Sql::bind);
        connection.execute(order).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// The same test on both databases.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(&super::Home::folder()).await;
            })+
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                if let Some(home) = super::Home::database() {
                    super::$name(&home).await;
                }
            })+
        }
    };
}

on_both! {
    s30_sixty_four_callers_at_once_are_all_durable_and_answered,
    a_failed_expectation_refuses_its_own_change_alone,
    a_row_that_clashes_refuses_its_own_change_alone,
    s20_a_message_that_comes_again_is_answered_byte_for_byte,
    s20_a_control_id_is_forgotten_after_its_time_and_a_refused_one_at_once,
    two_senders_of_one_new_identifier_make_one_person,
    joined_persons_are_one_until_they_are_parted,
    a_superseded_fact_holds_no_more_and_can_be_superseded_once,
    a_delivery_moves_on_only_from_where_it_was_read,
    when_a_delivery_was_released_and_when_it_left_is_kept_and_taken_back_with_it,
    held_deliveries_are_read_page_by_page_and_none_is_passed_over,
    what_is_due_for_one_destination_hides_nothing_for_another,
    the_oldest_of_each_destination_is_known_however_many_wait_for_one,
    every_row_is_read_as_it_was_written,
    s52_a_key_is_not_destroyed_when_something_arrives_that_was_not_looked_at,
    what_the_sign_in_keeps_changes_only_from_where_it_was_read,
    s33_checkpoints_are_made_when_due_on_request_and_at_the_end,
    s35_what_a_witness_signed_is_kept_once_beside_its_checkpoint,
    a_log_is_verified_as_far_as_it_reached_however_it_grows_meanwhile,
    s38_the_first_index_that_was_tampered_with_is_named,
    s37_a_tail_that_does_not_verify_closes_the_store_for_changes,
    s37_a_store_that_was_closed_while_it_worked_takes_nothing_and_signs_nothing_more,
}

fn conflict(result: Result<Committed, StoreError>) -> Conflict {
    match result {
        Err(StoreError::Conflict(conflict)) => conflict,
        other => unreachable!("a conflict was expected: {other:?}"),
    }
}

async fn s30_sixty_four_callers_at_once_are_all_durable_and_answered(home: &Home) {
    let store = home.open().await;
    let callers = (0..64).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let mother = person();
            let change = Change {
                rows: vec![person_row(mother), Row::Entries(entries_row(mother))],
                message: Some(message(&format!("message {number}"), [1; 32])),
                leaves: vec![leaf(&[mother])],
                ..Change::default()
            };
            (mother, store.commit("receive", change).await.unwrap())
        })
    });
    let mut indexes = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        let (mother, committed) = caller.await.unwrap();
        let [receipt] = committed.receipts.as_slice() else { unreachable!("one leaf, one receipt") };
        assert_eq!(committed.answer, receipt.msa3().into_bytes());
        assert_eq!(receipt.origin, "musubi.example/482072");
        assert_eq!(store.entries_of(&[mother]).await.unwrap().len(), 1);
        assert_eq!(store.leaves_of(&[mother]).await.unwrap().first().unwrap().index, receipt.index);
        indexes.push(receipt.index);
    }
    indexes.sort_unstable();
    assert_eq!(indexes, (0..64).collect::<Vec<u64>>());
    let log = Log::Municipality(city());
    let leaves = store.leaf_hashes(&log, 64).await.unwrap();
    let proof = inclusion_proof(&leaves, 63).unwrap();
    verify_inclusion(leaves[63], 63, 64, &proof, &musubi_core::audit::root(&leaves)).unwrap();
    store.close().await.unwrap();
    let again = home.open().await;
    assert!(again.faults().is_empty());
    let committed = again.commit("more", Change { leaves: vec![leaf(&[])], ..Change::default() }).await.unwrap();
    assert_eq!(committed.receipts.first().unwrap().index, 64);
}

async fn a_failed_expectation_refuses_its_own_change_alone(home: &Home) {
    let store = home.open().await;
    let mother = person();
    store.commit("person", rows(vec![person_row(mother), Row::PolicyEpoch(3)])).await.unwrap();
    let expecting = |expect: Expect, row: Row| Change { expect: vec![expect], rows: vec![row], ..Change::default() };
    let epoch = Expect::Epoch { person: mother, epoch: 0 };
    let fact = fact_row(mother);
    let policy = entries_row(mother);
    let (one, two, three, four) = tokio::join!(
        store.commit("consent", expecting(epoch.clone(), Row::Fact(fact.clone()))),
        store.commit("release", expecting(epoch, Row::Entries(entries_row(mother)))),
        store.commit("old policy", expecting(Expect::PolicyEpoch(2), Row::Entries(entries_row(mother)))),
        store.commit("policy", expecting(Expect::PolicyEpoch(3), Row::Entries(policy.clone()))),
    );
    one.unwrap();
    assert_eq!(conflict(two), Conflict::Epoch(mother));
    assert_eq!(conflict(three), Conflict::PolicyEpoch);
    four.unwrap();
    let entries: Vec<EntryId> = store.entries_of(&[mother]).await.unwrap().iter().map(|row| row.id).collect();
    assert_eq!(entries, [policy.id]);
    assert_eq!(store.persons(&[mother]).await.unwrap().first().unwrap().epoch, 1);
    assert_eq!(store.facts_of(&[mother], NOW).await.unwrap(), [fact]);
}

async fn a_row_that_clashes_refuses_its_own_change_alone(home: &Home) {
    let store = home.open().await;
    let mother = person();
    let twice = entries_row(mother);
    let with_leaf = |row: &EntriesRow| Change { leaves: vec![leaf(&[])], ..rows(vec![Row::Entries(row.clone())]) };
    let (one, two, three) = tokio::join!(
        store.commit("first", with_leaf(&twice)),
        store.commit("second", with_leaf(&twice)),
        store.commit("third", with_leaf(&entries_row(mother))),
    );
    assert_eq!(one.unwrap().receipts.first().unwrap().index, 0);
    assert_eq!(conflict(two), Conflict::Row { table: EntriesRow::TABLE.to_owned() });
    assert_eq!(three.unwrap().receipts.first().unwrap().index, 1);
    assert_eq!(store.logs().await.unwrap(), [(Log::Municipality(city()), 2)]);
}

async fn s20_a_message_that_comes_again_is_answered_byte_for_byte(home: &Home) {
    let store = home.open().await;
    let with = |content| Change { message: Some(message("m", content)), leaves: vec![leaf(&[])], ..Change::default() };
    let (first, same_batch) = tokio::join!(store.commit("one", with([1; 32])), store.commit("two", with([1; 32])));
    let answer = first.unwrap().answer;
    let later = store.commit("three", with([2; 32])).await;
    for (again, same) in [(same_batch, true), (later, false)] {
        let Conflict::DuplicateMessage(stored) = conflict(again) else { unreachable!("a duplicate was expected") };
        assert_eq!(stored.answer, answer);
        assert_eq!(stored.is_of(if same { &[1; 32] } else { &[2; 32] }), same);
    }
    assert_eq!(store.message_answer(&agency(), blind("m")).await.unwrap().unwrap().answer, answer);
    let stranger = AgencyId::new("OSC-482072").unwrap();
    assert_eq!(store.message_answer(&stranger, blind("m")).await.unwrap(), None);
    assert_eq!(store.logs().await.unwrap(), [(Log::Municipality(city()), 1)]);
}

async fn s20_a_control_id_is_forgotten_after_its_time_and_a_refused_one_at_once(home: &Home) {
    let store = home.open().await;
    let refused = MessageDraft { repeats: false, content: None, raw: None, ..message("m", [1; 32]) };
    store.commit("refuse", Change { message: Some(refused), ..Change::default() }).await.unwrap();
    store.commit("accept", Change { message: Some(message("m", [1; 32])), ..Change::default() }).await.unwrap();
    let later = NOW.plus_days(31);
    let reused = |forget_before| MessageDraft { received_at: later, forget_before, ..message("m", [2; 32]) };
    let kept = store.commit("kept", Change { message: Some(reused(Some(NOW))), ..Change::default() }).await;
    assert!(matches!(conflict(kept), Conflict::DuplicateMessage(_)));
    let forgotten = reused(Some(NOW.plus_days(1)));
    store.commit("forgotten", Change { message: Some(forgotten), ..Change::default() }).await.unwrap();
    assert_eq!(store.message_answer(&agency(), blind("m")).await.unwrap().unwrap().received_at, later);
}

async fn two_senders_of_one_new_identifier_make_one_person(home: &Home) {
    let store = home.open().await;
    let new = |id: PersonId| {
        let alias = AliasRow { blind: blind("MRN 1"), person: id, municipality: city() };
        let expect = vec![Expect::NoAlias { blind: alias.blind }];
        Change { expect, ..rows(vec![person_row(id), Row::Alias(alias)]) }
    };
    let (one, two) = (person(), person());
    let (first, second) = tokio::join!(store.commit("one", new(one)), store.commit("two", new(two)));
    first.unwrap();
    assert_eq!(conflict(second), Conflict::Alias(one));
    assert_eq!(store.persons_by_alias(&[blind("x"), blind("MRN 1")]).await.unwrap(), [None, Some(one)]);
    assert!(store.persons(&[two]).await.unwrap().is_empty());
}

async fn joined_persons_are_one_until_they_are_parted(home: &Home) {
    let store = home.open().await;
    let [a, b, c] = [person(), person(), person()];
    store.commit("persons", rows([a, b, c].map(person_row).to_vec())).await.unwrap();
    let join = |person, into| rows(vec![Row::Join { person, into }]);
    let stale = Change { expect: vec![Expect::Epoch { person: b, epoch: 0 }], ..rows(vec![Row::Epoch(b)]) };
    let (joined, late) = tokio::join!(store.commit("join", join(a, b)), store.commit("stale", stale));
    joined.unwrap();
    assert_eq!(conflict(late), Conflict::Epoch(b));
    store.commit("join", join(b, c)).await.unwrap();
    let group = |rows: Vec<PersonRow>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    for one in [a, b, c] {
        assert_eq!(group(store.joined_with(&[one]).await.unwrap()), [a, b, c]);
    }
    assert_eq!(conflict(store.commit("circle", join(c, a)).await), Conflict::Join(c));
    assert_eq!(conflict(store.commit("twice", join(a, c)).await), Conflict::Join(a));
    assert_eq!(conflict(store.commit("self", join(c, c)).await), Conflict::Join(c));
    store.commit("part", rows(vec![Row::Part { person: b }])).await.unwrap();
    assert_eq!(group(store.joined_with(&[a]).await.unwrap()), [a, b]);
    assert_eq!(group(store.joined_with(&[c]).await.unwrap()), [c]);
    assert_eq!(conflict(store.commit("part", rows(vec![Row::Part { person: b }])).await), Conflict::Join(b));
}

async fn a_superseded_fact_holds_no_more_and_can_be_superseded_once(home: &Home) {
    let store = home.open().await;
    let mother = person();
    let (consent, newer) = (fact_row(mother), fact_row(mother));
    store.commit("consent", rows(vec![person_row(mother), Row::Fact(consent.clone())])).await.unwrap();
    let end = NOW.plus_minutes(5);
    let withdraw = |by| Row::Superseded { fact: consent.id, at: end, by };
    let change = Change {
        expect: vec![Expect::FactHolds { id: consent.id }],
        ..rows(vec![Row::Fact(newer.clone()), withdraw(Some(newer.id))])
    };
    store.commit("withdraw", change).await.unwrap();
    assert_eq!(store.persons(&[mother]).await.unwrap().first().unwrap().epoch, 3);
    let at = |facts: Vec<FactRow>| facts.iter().map(|fact| fact.id).collect::<Vec<_>>();
    assert_eq!(at(store.facts_of(&[mother], NOW).await.unwrap()), [consent.id, newer.id]);
    assert_eq!(at(store.facts_of(&[mother], end).await.unwrap()), [newer.id]);
    assert_eq!(at(store.facts_for(&agency(), FactKind::Consent, end).await.unwrap()), [newer.id]);
    assert!(store.facts_for(&agency(), FactKind::Shield, NOW).await.unwrap().is_empty());
    assert_eq!(conflict(store.commit("again", rows(vec![withdraw(None)])).await), Conflict::Fact(consent.id));
}

async fn what_the_sign_in_keeps_changes_only_from_where_it_was_read(home: &Home) {
    let store = home.open().await;
    let key = blind("somebody");
    let row = |version, ends_at| SignInRow {
        key,
        kind: SignInKind::Attempts,
        agency: agency(),
        version,
        ends_at,
        body: sealed(SignInRow::TABLE, uuid()),
    };
    let put = |before, row| Change { expect: vec![Expect::SignIn { key, version: before }], ..rows(vec![row]) };
    let (first, second) = (row(1, None), row(2, Some(NOW)));
    let (one, two) = tokio::join!(
        store.commit("new", put(0, Row::SignIn(first.clone()))),
        store.commit("new too", put(0, Row::SignIn(first.clone()))),
    );
    one.unwrap();
    assert_eq!(conflict(two), Conflict::SignIn);
    assert_eq!(store.sign_in(key).await.unwrap(), Some(first.clone()));
    assert!(store.sign_ins_ended(NOW.plus_minutes(1), 10).await.unwrap().is_empty(), "without an end it stays");
    store.commit("change", put(1, Row::SignIn(second.clone()))).await.unwrap();
    let listed = |kind| store.sign_ins_of(&second.agency, kind, 10);
    assert_eq!(listed(SignInKind::Attempts).await.unwrap(), std::slice::from_ref(&second));
    assert!(listed(SignInKind::Account).await.unwrap().is_empty());
    assert!(store.sign_ins_ended(NOW, 10).await.unwrap().is_empty());
    assert_eq!(store.sign_ins_ended(NOW.plus_minutes(1), 10).await.unwrap(), std::slice::from_ref(&second));
    // What is taken away is not put back by who read it before, not even in one batch.
    let (ended, late) = tokio::join!(
        store.commit("end", put(2, Row::SignInEnded(key))),
        store.commit("late", put(2, Row::SignIn(row(3, None)))),
    );
    ended.unwrap();
    assert_eq!(conflict(late), Conflict::SignIn);
    assert_eq!(store.sign_in(key).await.unwrap(), None);
}

async fn every_row_is_read_as_it_was_written(home: &Home) {
    let store = home.open().await;
    let mother = person();
    let center = AgencyRow {
        id: agency(),
        kind: AgencyKind::Osc,
        name: "こども家庭センター".to_owned(),
        municipality: city(),
        active: true,
        profile: "{}".to_owned(),
    };
    let actor = Actor { staff_id: "S-1".to_owned(), role: Role::Midwife };
    let staff = StaffRow { agency: agency(), actor, active: true };
    let mut entries = entries_row(mother);
    let id = ReferralId(uuid());
    let referral = ReferralRow {
        municipality: city(),
        id,
        version: 1,
        state: "sent".to_owned(),
        from: agency(),
        to: AgencyId::new("OSC-482072").unwrap(),
        updated_at: NOW,
        persons: vec![mother.into()],
        body: sealed("referral", id.0),
    };
    let id = WorkItemId(uuid());
    let item = WorkItemRow {
        municipality: city(),
        id,
        owner: agency(),
        kind: "approve".to_owned(),
        open: true,
        created_at: NOW,
        due_at: Some(NOW.plus_days(1)),
        answered_at: None,
        version: 1,
        persons: vec![mother.into()],
        body: sealed("work_item", id.0),
    };
    let id = ReleaseId(uuid());
    let release = ReleaseRow {
        municipality: city(),
        id,
        recipient: agency(),
        purpose: Purpose::P5,
        decided_at: NOW,
        policy_hash: [4; 32],
        delivery: None,
        query: Some(uuid()),
        persons: vec![mother.into()],
        detail: sealed("release", id.0),
    };
    let all = vec![
        Row::Agency(center.clone()),
        person_row(mother),
        Row::Staff(staff.clone()),
        Row::Entries(entries.clone()),
        Row::Referral(referral.clone()),
        Row::WorkItem(item.clone()),
        Row::Release(release.clone()),
        Row::Index(IndexRow { blind: blind("kana"), person: mother, municipality: city() }),
        Row::Setting { name: "policy".to_owned(), value: "x".to_owned() },
    ];
    store.commit("all", rows(all)).await.unwrap();
    entries.sequence = 1;
    assert_eq!(store.agencies().await.unwrap(), std::slice::from_ref(&center));
    assert_eq!(store.agency(&agency()).await.unwrap(), Some(center));
    assert_eq!(store.staff(&agency()).await.unwrap(), std::slice::from_ref(&staff));
    assert_eq!(store.staff_member(&agency(), "S-1").await.unwrap(), Some(staff));
    assert_eq!(store.entries_of_message(&city(), entries.message).await.unwrap(), std::slice::from_ref(&entries));
    assert_eq!(store.entries_of(&[mother]).await.unwrap(), [entries]);
    assert_eq!(store.referral(referral.id).await.unwrap(), Some(referral.clone()));
    assert_eq!(store.referrals_of(&[mother]).await.unwrap(), std::slice::from_ref(&referral));
    assert_eq!(store.referrals_with(&agency(), 5).await.unwrap(), std::slice::from_ref(&referral));
    assert_eq!(store.work_item(item.id).await.unwrap(), Some(item.clone()));
    assert_eq!(store.work_items(&agency(), Some(true), "", 5).await.unwrap(), std::slice::from_ref(&item));
    assert_eq!(store.work_items_of(&[mother]).await.unwrap(), std::slice::from_ref(&item));
    assert_eq!(store.releases_of(&[mother]).await.unwrap(), std::slice::from_ref(&release));
    assert_eq!(store.release(release.id).await.unwrap(), Some(release));
    let indexed = store.persons_by_index(&[blind("nobody"), blind("kana")], 5).await.unwrap();
    assert!(matches!(indexed.as_slice(), [(found_by, person)] if *found_by == blind("kana") && person.id == mother));
    assert_eq!(store.setting("policy").await.unwrap().as_deref(), Some("x"));
    assert_eq!(store.policy_epoch().await.unwrap(), 0);
    let answered = Change {
        expect: vec![Expect::WorkItemOpen { id: item.id }, Expect::ReferralVersion { id: referral.id, version: 1 }],
        ..rows(vec![
            Row::WorkItem(WorkItemRow { open: false, version: 2, ..item.clone() }),
            Row::Referral(ReferralRow { version: 2, state: "accepted".to_owned(), ..referral.clone() }),
        ])
    };
    store.commit("answer", answered).await.unwrap();
    let late = Change { expect: vec![Expect::WorkItemOpen { id: item.id }], ..Change::default() };
    assert_eq!(conflict(store.commit("late", late).await), Conflict::WorkItem(item.id));
    assert_eq!(store.referral(referral.id).await.unwrap().unwrap().state, "accepted");
}

#[tokio::test]
async fn s54_no_plaintext_stands_in_the_files() {
    let home = Home::folder();
    let (Home::Folder(folder), store) = (&home, home.open().await) else { unreachable!("a folder") };
    let mother = person();
    let change = Change {
        rows: vec![person_row(mother), Row::Entries(entries_row(mother)), Row::Fact(fact_row(mother))],
        message: Some(message(CANARY, [1; 32])),
        leaves: vec![leaf(&[mother])],
        ..Change::default()
    };
    store.commit("receive", change).await.unwrap();
    let canary = |bytes: &[u8]| bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    let look = || {
        let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        let files: Vec<_> = files.filter(|file| file.is_file()).collect();
        assert!(files.iter().all(|file| !canary(&std::fs::read(file).unwrap())));
        files
    };
    assert!(look().iter().any(|file| file.ends_with("hub.db-wal")));
    store.close().await.unwrap();
    let modes = look().into_iter().map(|file| std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(file).unwrap()));
    assert!(modes.into_iter().all(|mode| mode & 0o077 == 0));
}

#[tokio::test]
async fn s52_a_destroyed_key_is_in_no_file_any_more() {
    let home = Home::folder();
    let (Home::Folder(folder), store) = (&home, home.open().await) else { unreachable!("a folder") };
    let mother = person();
    let secret = b"wrapped key of a mother, sixty bytes long or thereabouts ...".to_vec();
    let key = Some(WrappedKey::from_stored(secret.clone()));
    let row = PersonRow { id: mother, municipality: city(), epoch: 0, key, joined_into: None };
    store.commit("person", rows(vec![Row::Person(row)])).await.unwrap();
    store.commit("destroy", rows(vec![Row::DestroyKey { person: mother, at: NOW, seen: None }])).await.unwrap();
    let stored = store.persons(&[mother]).await.unwrap();
    assert_eq!(stored.first().map(|row| (row.key.clone(), row.epoch)), Some((None, 1)));
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(20).any(|window| window == &secret[..20]));
    }
}

async fn s52_a_key_is_not_destroyed_when_something_arrives_that_was_not_looked_at(home: &Home) {
    let store = home.open().await;
    let (mother, other) = (person(), person());
    let first = vec![person_row(mother), person_row(other), Row::Entries(entries_row(mother))];
    store.commit("take", rows(first)).await.unwrap();
    let seen = store.entries_of(&[mother]).await.unwrap()[0].sequence;
    store.commit("arrives", rows(vec![Row::Entries(entries_row(mother))])).await.unwrap();
    let destroy = |seen| rows([other, mother].map(|person| Row::DestroyKey { person, at: NOW, seen }).to_vec());
    assert_eq!(conflict(store.commit("destroy", destroy(Some(seen))).await), Conflict::Epoch(mother));
    assert!(store.tombstones().await.unwrap().is_empty(), "nobody's, not even who has nothing new");
    store.commit("destroy", destroy(Some(seen + 1))).await.unwrap();
    assert_eq!(store.tombstones().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_second_process_may_read_and_not_write() {
    let home = Home::folder();
    let (Home::Folder(folder), store) = (&home, home.open().await) else { unreachable!("a folder") };
    let mother = person();
    store.commit("person", rows(vec![person_row(mother)])).await.unwrap();
    assert!(matches!(Store::open(folder.path()).await, Err(StoreError::Unavailable { .. })));
    let reader = Store::open_reading(folder.path()).await.unwrap();
    assert_eq!(reader.persons(&[mother]).await.unwrap().len(), 1);
    let refused = reader.commit("person", rows(vec![person_row(person())])).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })));
    store.close().await.unwrap();
    assert!(store.commit("late", Change::default()).await.is_err());
    Store::open(folder.path()).await.unwrap();
}

//! Random worlds: a family's entries, what is on file about the family, and who asks what for. The same seed gives the
//! same world.

use crate::agency::{Actor, AgencyId, AgencyKind, Category, CategorySet, Purpose, Role};
use crate::consent::{Facts, Policy, Request, SubjectFacts};
use crate::id::{FactId, MessageId, Municipality, PersonId};
use crate::record::{SharedEntry, SharedRecord, attribute_absences, kind_of};
use crate::release::{Released, release};
use crate::time::Time;
use musubi_proto::v1 as proto;
use musubi_proto::{Dice, Random};
use proto::entry::Body;
use std::sync::LazyLock;
use uuid::Uuid;

/// The reviewed policy.
pub static POLICY: LazyLock<Policy> = LazyLock::new(Policy::reviewed);

/// The moment of every decision.
pub fn now() -> Time {
    Time::MIN.plus_days(20_000)
}

/// A family's entries, what is on file, and who asks.
pub struct World {
    /// The entries, as the hub completed them.
    pub entries: Vec<proto::Entry>,
    /// Who asks, and what for.
    pub request: Request,
    /// What is on file.
    pub facts: Facts,
    /// What makes more of it.
    pub dice: Dice,
    next: u128,
}

/// Worlds with these seeds.
pub fn worlds(count: u64) -> impl Iterator<Item = (u64, World)> {
    (0..count).map(|seed| (seed, World::new(seed)))
}

/// Persons of a world.
pub const PEOPLE: u64 = 3;

/// A person by number.
pub fn person(number: u64) -> PersonId {
    PersonId(Uuid::from_u128(0x1000 + u128::from(number)))
}

/// A message by number.
pub fn message(number: u64) -> MessageId {
    MessageId(Uuid::from_u128(0x2000 + u128::from(number)))
}

/// An agency by kind and number.
pub fn agency(kind: AgencyKind, number: u64) -> AgencyId {
    AgencyId::new(format!("{kind}-{number}")).unwrap()
}

/// One of these.
pub fn one<T: Clone>(dice: &mut Dice, of: &[T]) -> T {
    of[dice.below(of.len() as u64) as usize].clone()
}

/// True in so many of a hundred.
pub fn in_hundred(dice: &mut Dice, share: u64) -> bool {
    dice.below(100) < share
}

/// Around now: some not yet, some long past.
pub fn moment(dice: &mut Dice) -> Time {
    now().plus_days(dice.below(60) as i64 - 50)
}

/// Before now.
pub fn past(dice: &mut Dice) -> Time {
    now().plus_days(-(dice.below(90) as i64))
}

/// One in so many of a hundred.
pub fn sometimes<T>(dice: &mut Dice, share: u64, make: impl FnOnce(&mut Dice) -> T) -> Option<T> {
    in_hundred(dice, share).then(|| make(dice))
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let kind = one(&mut dice, AgencyKind::ALL);
        let purpose = (0..20).map(|_| one(&mut dice, Purpose::ALL)).find(|purpose| POLICY.allows(kind, *purpose));
        let request = Request {
            recipient: agency(kind, 0),
            kind,
            purpose: if in_hundred(&mut dice, 4) {
                one(&mut dice, Purpose::ALL)
            } else {
                purpose.unwrap_or(Purpose::P11)
            },
            actor: Actor {
                staff_id: "s-1".to_owned(),
                role: if dice.coin() { Role::ChildWelfareOfficer } else { one(&mut dice, Role::ALL) },
            },
            municipality: sometimes(&mut dice, 40, |_| Municipality::new("482072").unwrap()),
            cited_ground: None,
        };
        let mut world = World { entries: Vec::new(), request, facts: Facts::default(), dice, next: 0 };
        for _ in 0..4 + world.dice.below(6) {
            let entry = world.entry();
            world.entries.push(entry);
        }
        world.facts.recipient_active = !in_hundred(&mut world.dice, 3);
        for number in 0..PEOPLE {
            let subject = world.subject_facts(person(number));
            world.facts.subjects.insert(person(number), subject);
        }
        for _ in 0..world.dice.below(4) {
            let ground = world.ground();
            world.facts.grounds.push(ground);
        }
        for _ in 0..world.dice.below(3) {
            let standing = world.standing();
            world.facts.standing.push(standing);
        }
        if in_hundred(&mut world.dice, 10) {
            world.request.cited_ground = world.facts.grounds.first().map(|ground| ground.id);
        }
        world
    }

    /// The entries as a record.
    pub fn record(&self) -> SharedRecord {
        SharedRecord::as_sent(self.entries.iter().cloned().map(SharedEntry::new).collect())
    }

    /// What the recipient gets.
    pub fn release(&self) -> Released {
        release(self.record(), &self.request, &self.facts, &POLICY, now())
    }

    /// Did the recipient write it?
    pub fn is_own(&self, entry: &proto::Entry) -> bool {
        author(entry) == self.request.recipient.as_str()
    }

    /// The file of a person.
    pub fn subject(&mut self, number: u64) -> &mut SubjectFacts {
        self.facts.subjects.entry(person(number)).or_default()
    }

    /// True in so many of a hundred.
    pub fn chance(&mut self, share: u64) -> bool {
        in_hundred(&mut self.dice, share)
    }

    /// The number of a person.
    pub fn anyone(&mut self) -> u64 {
        self.dice.below(PEOPLE)
    }

    /// A new id.
    pub fn id(&mut self) -> FactId {
        self.next += 1;
        // Not in the order in which they are made.
        FactId(Uuid::from_u128(self.next.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)))
    }

    fn text_id(&mut self) -> String {
        self.id().to_string()
    }

    /// Any agency, sometimes the recipient.
    pub fn any_agency(&mut self) -> AgencyId {
        if self.chance(18) {
            return self.request.recipient.clone();
        }
        let kind = one(&mut self.dice, AgencyKind::ALL);
        agency(kind, 1)
    }

    /// One who wrote something.
    pub fn a_source(&mut self) -> AgencyId {
        let at = self.dice.below(self.entries.len() as u64) as usize;
        self.entries
            .get(at)
            .map_or_else(|| self.request.recipient.clone(), |entry| AgencyId::new(author(entry)).unwrap())
    }

    /// Mostly the recipient.
    pub fn towards_recipient(&mut self) -> AgencyId {
        if self.chance(85) { self.request.recipient.clone() } else { self.any_agency() }
    }

    /// Some categories.
    pub fn categories(&mut self) -> CategorySet {
        match self.dice.below(3) {
            0 => CategorySet::ALL,
            _ => CategorySet::from_bits(self.dice.uint64() as u32 | self.dice.uint64() as u32),
        }
    }

    /// An entry of a random kind, as the hub completes one.
    pub fn entry(&mut self) -> proto::Entry {
        let mut entry = loop {
            let entry = proto::Entry::random(&mut self.dice);
            if !matches!(entry.body, None | Some(Body::Withdrawal(_))) {
                break entry;
            }
        };
        entry.id = self.text_id();
        entry.source_key = format!("key {}", entry.id);
        let author = self.any_agency().to_string();
        self.attribute(&mut entry, author);
        let first = self.anyone();
        let mut people = vec![first];
        if self.chance(25) {
            people.push((first + 1) % PEOPLE);
        }
        let author = author_of(&entry);
        entry.subjects = people.iter().map(|number| subject(&author, *number)).collect();
        entry.person_ids = people.iter().map(|number| person(*number).to_string()).collect();
        entry.roles = people.iter().map(|number| (*number as i32 % 4) + 1).collect();
        entry.municipality = "482072".to_owned();
        entry.recorded_at_micros = past(&mut self.dice).micros();
        if self.chance(70) {
            (entry.label, entry.originator, entry.whereabouts) = (0, 0, false);
        }
        entry.raised = if self.chance(20) { vec![self.dice.below(20) as i32 + 1] } else { Vec::new() };
        self.leave_out(&mut entry);
        entry.source_message = message(self.dice.below(3)).to_string();
        entry.source_path = format!("OBX[{}]", self.dice.below(9));
        let named = self.any_agency().to_string();
        let reports = self.entries.iter().map(|earlier| earlier.id.clone()).chain([entry.id.clone()]).collect();
        match &mut entry.body {
            Some(Body::CareDelivery(delivery)) => delivery.provider = named,
            Some(Body::Claim(claim)) => claim.provider = named,
            Some(Body::CareApproval(approval)) => approval.provider = named,
            Some(Body::Referral(referral)) => referral.to = named,
            Some(Body::ReferralStep(step)) => (step.to_agency, step.report_entries) = (named, reports),
            _ => {}
        }
        entry
    }

    /// Sometimes one field of which the source says why it has no value.
    fn leave_out(&mut self, entry: &mut proto::Entry) {
        entry.absent.clear();
        let kind = entry.body.as_ref().map_or("", kind_of);
        let below = |path: &'static str| path.strip_prefix(kind)?.strip_prefix('.')?.split(['.', '[']).next();
        let fields: Vec<&str> = musubi_proto::dictionary().iter().filter_map(|row| below(row.path)).collect();
        if self.chance(30) {
            let (field, reason) = (one(&mut self.dice, &fields).to_owned(), "unknown".to_owned());
            entry.absent.push(proto::Absence { field, reason, ..proto::Absence::default() });
            attribute_absences(entry);
        }
    }

    /// Says who wrote it, as the hub does.
    pub fn attribute(&self, entry: &mut proto::Entry, author: String) {
        let protection = author.starts_with("CGC");
        (entry.author, entry.author_of_protection) =
            if protection { (String::new(), author) } else { (author, String::new()) };
    }

    /// Any category.
    pub fn any_category(&mut self) -> Category {
        one(&mut self.dice, Category::ALL)
    }

    /// In another order, which hangs on the dice.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.dice.below(last as u64 + 1) as usize);
        }
    }
}

/// Who wrote an entry.
pub fn author(entry: &proto::Entry) -> &str {
    if entry.author.is_empty() { &entry.author_of_protection } else { &entry.author }
}

fn author_of(entry: &proto::Entry) -> String {
    author(entry).to_owned()
}

fn subject(issuer: &str, number: u64) -> proto::Subject {
    proto::Subject { role: 1, issuer: issuer.to_owned(), identifier: format!("number {number}") }
}

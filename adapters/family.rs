//! A release arranged by person, for the formats that write one document about a family. It borrows and adds nothing.

use musubi_core::release::Released;
use musubi_proto::v1 as proto;
use proto::SubjectRole as Role;
use proto::entry::Body;

/// The people of a release and how they belong together.
#[derive(Debug, Default)]
pub struct Family<'a> {
    /// Mothers first, then guardians, children by order of birth, others.
    pub people: Vec<Person<'a>>,
    /// Links of a parent and a child, in the order of the record.
    pub links: Vec<Link<'a>>,
}

/// One person with what was released about it.
#[derive(Debug)]
pub struct Person<'a> {
    /// Musubi's id; only to tell the people of one release apart.
    pub id: &'a str,
    /// Role in the family.
    pub role: Role,
    /// Entries whose first subject it is, in the order of the record; links are not among them.
    pub entries: Vec<&'a proto::Entry>,
}

/// A parent and a child.
#[derive(Debug)]
pub struct Link<'a> {
    /// Position of the parent in [`Family::people`].
    pub parent: usize,
    /// Position of the child.
    pub child: usize,
    /// What the record says about the link.
    pub body: &'a proto::ParentChild,
    /// The parent as the author names it, where that was released.
    pub named: Option<&'a proto::Subject>,
}

impl<'a> Family<'a> {
    /// Arranges what was released.
    pub fn of(released: &'a Released) -> Self {
        let entries = &released.record().entries;
        let mut people: Vec<Person<'a>> = Vec::new();
        for entry in entries {
            let own = !matches!(entry.body, Some(Body::ParentChild(_)));
            for (number, (id, role)) in entry.person_ids.iter().zip(entry.roles()).enumerate() {
                let Some(person) = find_or_add(&mut people, id, role) else { continue };
                if own && number == 0 {
                    person.entries.push(entry);
                }
            }
        }
        people.sort_by_key(|person| (rank(person.role), person.birth_order().unwrap_or(i32::MAX)));
        let links = entries.iter().filter_map(|entry| link(&people, entry)).collect();
        Family { people, links }
    }

    /// The links of one child to its parents.
    pub fn parents_of(&self, child: usize) -> impl Iterator<Item = &Link<'a>> {
        self.links.iter().filter(move |link| link.child == child)
    }

    /// Every body of a kind, with its entry.
    pub fn bodies<T: 'a>(&self, pick: impl Fn(&'a Body) -> Option<&'a T>) -> Vec<(&'a proto::Entry, &'a T)> {
        self.people.iter().flat_map(|person| person.bodies(&pick)).collect()
    }
}

impl<'a> Person<'a> {
    /// Its bodies of a kind, each with its entry.
    pub fn bodies<T: 'a>(&self, pick: impl Fn(&'a Body) -> Option<&'a T>) -> Vec<(&'a proto::Entry, &'a T)> {
        self.entries.iter().filter_map(|entry| Some((*entry, pick(entry.body.as_ref()?)?))).collect()
    }

    /// What identifies it, from each agency that said something.
    pub fn details(&self) -> Vec<&'a proto::PersonDetails> {
        self.bodies(details).into_iter().map(|(_, details)| details).collect()
    }

    /// What was measured at its birth.
    pub fn newborns(&self) -> Vec<&'a proto::Newborn> {
        self.bodies(newborn).into_iter().map(|(_, newborn)| newborn).collect()
    }

    /// Its first name in a representation.
    pub fn name(&self, representation: proto::NameRepresentation) -> Option<&'a str> {
        let names = self.details().into_iter().flat_map(|details| &details.names);
        names
            .filter(|name| name.representation() == representation)
            .map(|name| name.text.as_str())
            .find(|text| !text.is_empty())
    }

    /// First or second of twins, if the release says so.
    pub fn birth_order(&self) -> Option<i32> {
        let told = self.details().into_iter().find_map(|details| details.birth_order);
        told.or_else(|| self.newborns().into_iter().find_map(|newborn| newborn.birth_order))
    }
}

/// Picks person details.
pub const fn details(body: &Body) -> Option<&proto::PersonDetails> {
    if let Body::PersonDetails(details) = body { Some(details) } else { None }
}

/// Picks a newborn.
pub const fn newborn(body: &Body) -> Option<&proto::Newborn> {
    if let Body::Newborn(newborn) = body { Some(newborn) } else { None }
}

/// Picks a discharge notice.
pub const fn discharge(body: &Body) -> Option<&proto::DischargeNotice> {
    if let Body::DischargeNotice(notice) = body { Some(notice) } else { None }
}

/// Picks a delivery.
pub const fn delivery(body: &Body) -> Option<&proto::Delivery> {
    if let Body::Delivery(delivery) = body { Some(delivery) } else { None }
}

/// Picks an encounter.
pub const fn encounter(body: &Body) -> Option<&proto::Encounter> {
    if let Body::Encounter(encounter) = body { Some(encounter) } else { None }
}

/// Picks a condition.
pub const fn condition(body: &Body) -> Option<&proto::Condition> {
    if let Body::Condition(condition) = body { Some(condition) } else { None }
}

/// Picks a referral.
pub const fn referral(body: &Body) -> Option<&proto::Referral> {
    if let Body::Referral(referral) = body { Some(referral) } else { None }
}

fn find_or_add<'a, 'b>(people: &'b mut Vec<Person<'a>>, id: &'a str, role: Role) -> Option<&'b mut Person<'a>> {
    if !people.iter().any(|person| person.id == id) {
        people.push(Person { id, role, entries: Vec::new() });
    }
    let person = people.iter_mut().find(|person| person.id == id)?;
    if rank(role) < rank(person.role) {
        person.role = role;
    }
    Some(person)
}

const fn rank(role: Role) -> u8 {
    match role {
        Role::Mother => 0,
        Role::Guardian => 1,
        Role::Child => 2,
        Role::OtherPerson | Role::Unspecified => 3,
    }
}

fn link<'a>(people: &[Person<'a>], entry: &'a proto::Entry) -> Option<Link<'a>> {
    let Some(Body::ParentChild(body)) = &entry.body else { return None };
    let of = |wanted: bool| {
        let mut subjects = entry.person_ids.iter().zip(entry.roles());
        let id = subjects.find(|(_, role)| (*role == Role::Child) == wanted).map(|(id, _)| id)?;
        people.iter().position(|person| person.id == id)
    };
    let named = entry.subjects.iter().find(|subject| subject.role() != Role::Child);
    Some(Link { parent: of(false)?, child: of(true)?, body, named })
}

//! What a person reads on a screen: a release put into words, for the console. The console makes its pages of nothing else
//! that a record says, as a format makes its bytes of nothing else.

mod charts;
mod enclosed;
mod english;

pub use charts::{Point, Series};
pub use enclosed::Enclosed;
pub use english::english;

use crate::family::{Family, Person};
use crate::markup::visible;
use crate::wording::{self, Row, codes, iso_date, iso_moment, japanese_moment, joined, person, title, told};
use musubi_core::agency::AgencyId;
use musubi_core::id::{EntryId, PersonId};
use musubi_core::record::kind_of;
use musubi_core::release::{Released, Shown};
use musubi_proto::v1 as proto;
use proto::SubjectRole as Role;
use proto::entry::Body;

/// One family as it was released.
#[derive(Clone, Debug, PartialEq)]
pub struct Household {
    /// Its people, mothers first.
    pub people: Vec<Individual>,
    /// What happened, the latest first.
    pub timeline: Vec<Item>,
    /// Weight of each child.
    pub weights: Vec<Series>,
    /// EPDS of each mother.
    pub epds: Vec<Series>,
    /// The rule for passing on.
    pub notice: String,
    /// For which purpose it was released.
    pub purpose: String,
    /// On which basis.
    pub basis: String,
}

/// One of its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Individual {
    /// Musubi's id.
    pub id: Option<PersonId>,
    /// A child, and not a mother or guardian.
    pub is_child: bool,
    /// 母, 児, 第1子 …
    pub role: String,
    /// Name; empty where it was not released.
    pub name: String,
    /// Its reading.
    pub kana: String,
    /// Everything else that says who it is and how to reach them.
    pub rows: Vec<Row>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// In both calendars.
    pub when: String,
    /// As ISO 8601, for programs and for order.
    pub at: String,
    /// Whose it is: 母, 児 …
    pub whose: String,
    /// What it is.
    pub heading: &'static str,
    /// What is said of it.
    pub rows: Vec<Row>,
    /// Who wrote it, where that may be told.
    pub author: Option<AgencyId>,
    /// Why it is shown: 本人の同意、法定の事務.
    pub basis: String,
    /// The entry, where it is a document that can be opened.
    pub document: Option<EntryId>,
}

impl Household {
    /// Puts a release into words.
    pub fn of(released: &Released) -> Self {
        let family = Family::of(released);
        let mut timeline: Vec<Item> =
            shown(released).filter_map(|(entry, shown)| item(&family, entry, shown)).collect();
        timeline.sort_by(|one, other| other.at.cmp(&one.at));
        Household {
            people: family.people.iter().map(individual).collect(),
            timeline,
            weights: charts::weights(&family),
            epds: charts::epds(&family),
            notice: released.record().notice.clone(),
            purpose: wording::purpose(released),
            basis: wording::basis(released).unwrap_or_default(),
        }
    }

    /// The first of its people who is no child, else the first of all.
    pub fn head(&self) -> Option<&Individual> {
        self.people.iter().find(|person| !person.is_child).or_else(|| self.people.first())
    }
}

/// Each entry of a release, with what was decided of it.
fn shown(released: &Released) -> impl Iterator<Item = (&proto::Entry, &Shown)> {
    released.record().entries.iter().zip(released.shown())
}

fn individual(one: &Person<'_>) -> Individual {
    let seen = |text: Option<String>| text.map(|text| visible(&text)).unwrap_or_default();
    Individual {
        id: PersonId::parse(one.id),
        is_child: one.role == Role::Child,
        role: person::heading(one),
        name: seen(person::name(one)),
        kana: seen(person::kana(one)),
        rows: person::rows(one).into_iter().map(seen_row).collect(),
    }
}

fn seen_row(row: Row) -> Row {
    Row { label: visible(&row.label), value: visible(&row.value), marked: row.marked }
}

/// An entry as an item of the timeline; who somebody is stands elsewhere on the page.
fn item(family: &Family<'_>, entry: &proto::Entry, shown: &Shown) -> Option<Item> {
    let body = entry.body.as_ref()?;
    if matches!(body, Body::PersonDetails(_) | Body::ParentChild(_) | Body::Withdrawal(_)) {
        return None;
    }
    let (heading, rows) = told(entry).unwrap_or_else(|| (title(kind_of(body)), rows_of_document(body)));
    let (when, at) = when(entry, body);
    let named = if entry.author.is_empty() { &entry.author_of_protection } else { &entry.author };
    let mut bases: Vec<String> = Vec::new();
    for word in shown.rules.iter().map(|(_, rule)| codes::basis(&rule.to_string())) {
        if !bases.contains(&word) {
            bases.push(word);
        }
    }
    let whose = entry.person_ids.iter().filter_map(|id| family.people.iter().find(|person| person.id == id));
    Some(Item {
        when,
        at,
        whose: joined(whose.map(person::heading), "・").unwrap_or_default(),
        heading,
        rows: rows.into_iter().map(seen_row).collect(),
        author: AgencyId::new(named.clone()).ok(),
        basis: joined(bases, "、").unwrap_or_default(),
        document: matches!(body, Body::Document(document) if !document.content.is_empty()).then_some(shown.entry),
    })
}

/// What a document is called, where it has a name.
fn rows_of_document(body: &Body) -> Vec<Row> {
    let Body::Document(document) = body else { return Vec::new() };
    let named = (!document.title.is_empty()).then(|| document.title.clone());
    named.map(|value| Row { label: "標題".to_owned(), value, marked: false }).into_iter().collect()
}

/// When it happened, else when the hub had it.
fn when(entry: &proto::Entry, body: &Body) -> (String, String) {
    let of_day = |day: Option<&proto::Date>| Some((wording::japanese_date(day?)?, iso_date(day?)?));
    let of_moment = |at: Option<&proto::DateTime>| Some((japanese_moment(at?)?, iso_moment(at?)?));
    let told = match body {
        Body::HomeVisit(visit) => of_day(visit.visited_on.as_ref()),
        Body::InfantCheck(check) => of_day(check.visited_on.as_ref()),
        Body::PrenatalCheck(check) => of_day(check.visited_on.as_ref()),
        Body::PostpartumCheck(check) => of_day(check.visited_on.as_ref()),
        Body::PregnancyNotification(notification) => of_day(notification.notified_on.as_ref()),
        Body::Screening(screening) => of_day(screening.answered_on.as_ref()),
        Body::DischargeNotice(notice) => of_moment(notice.discharged_at.as_ref()),
        Body::Delivery(delivery) => of_moment(delivery.delivered_at.as_ref()),
        Body::Newborn(newborn) => of_moment(newborn.born_at.as_ref()),
        Body::CareDelivery(care) => of_moment(care.start.as_ref()),
        Body::Consultation(consultation) => of_moment(consultation.at.as_ref()),
        Body::ContactAttempt(attempt) => of_moment(attempt.at.as_ref()),
        _ => None,
    };
    told.or_else(|| of_moment(entry.occurred_at.as_ref())).unwrap_or_else(|| {
        let recorded = musubi_core::time::Time::from_micros(entry.recorded_at_micros);
        (wording::dates::japanese_time(recorded), recorded.rfc3339())
    })
}

//! Who is meant by the names of a parcel, which of them may stay, and where somebody lives of whom that was not known.

use super::{Custody, Parcel};
use crate::hub::caller::Caller;
use crate::hub::{Hub, Refusal};
use crate::store::{Change, Concerned, FactKind, FactRow, Row};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::AgencyKind;
use musubi_core::consent::records::{Relation, RelationKind};
use musubi_core::id::{FactId, Municipality, PersonId};
use musubi_core::record::{PersonKey, SubjectRole};
use musubi_core::sealing::Blind;

impl Hub {
    /// Who is known under these names. Musubi's own ids are taken from centers alone.
    pub(super) async fn persons_named(
        &self,
        caller: &Caller,
        parcel: &Parcel,
        named: &[(PersonKey, SubjectRole)],
    ) -> Result<Vec<Option<PersonId>>, Refusal> {
        let by_center = caller.agency.kind == AgencyKind::Osc || parcel.by_hub;
        let blinds: Vec<Blind> = named.iter().map(|(key, _)| self.alias(key)).collect();
        let mut found = self.store.persons_by_alias(&blinds).await?;
        for ((key, _), found) in named.iter().zip(&mut found) {
            if key.issuer != PersonKey::MUSUBI {
                continue;
            }
            let person = key.as_known().filter(|_| by_center).ok_or_else(not_yours_to_name)?;
            *found = self.store.persons(&[person]).await?.first().map(|row| row.id);
            if found.is_none() {
                return Err(not_yours_to_name());
            }
        }
        Ok(found)
    }
}

/// The names that a sender may give to a person who is not on file.
pub(super) struct Names<'a> {
    caller: &'a Caller,
    by_hub: bool,
    /// Names of this parcel that are on file already.
    known: Vec<PersonKey>,
}

impl<'a> Names<'a> {
    pub(super) fn of(
        caller: &'a Caller,
        parcel: &Parcel,
        named: &[(PersonKey, SubjectRole)],
        found: &[Option<PersonId>],
    ) -> Self {
        let known = named.iter().zip(found).filter(|(_, found)| found.is_some()).map(|((key, _), _)| key.clone());
        Names { caller, by_hub: parcel.by_hub, known: known.collect() }
    }

    /// An agency gives its own numbers, and those that stand below it; the offices of a municipality give that one's.
    /// Below the number of an approval that is on file stand the children of it.
    pub(super) fn may_stay(&self, key: &PersonKey) -> bool {
        let (agency, issuer) = (&self.caller.agency, key.issuer.as_str());
        let below = issuer.strip_prefix(agency.id.as_str()).is_some_and(|rest| rest.starts_with('/'));
        let office = matches!(agency.kind, AgencyKind::Osc | AgencyKind::Pho);
        let of_office = office && issuer == agency.municipality.to_string();
        let child_of = |known: &PersonKey| {
            let rest = key.identifier.strip_prefix(known.identifier.as_str());
            known.issuer == issuer && rest.is_some_and(|rest| rest.starts_with("-c"))
        };
        self.by_hub
            || issuer == agency.id.as_str()
            || below
            || of_office
            || (agency.kind == AgencyKind::Prv && self.known.iter().any(child_of))
    }
}

impl Custody<'_> {
    /// Does the parcel name somebody by another issuer's number? Asked of the names alone: whether such a number is on
    /// file is nothing that its sender may learn. A provider is told by the check of its approvals.
    pub(super) fn names_of_others(&self) -> bool {
        let names = Names { caller: self.caller, by_hub: self.parcel.by_hub, known: Vec::new() };
        let other = |key: &PersonKey| key.as_known().is_none() && !names.may_stay(key);
        self.caller.agency.kind != AgencyKind::Prv && self.people.keys().any(other)
    }

    /// Somebody was kept without a municipality, and now one is known: its center is that of the residence.
    pub(super) fn residence_rows(&mut self, change: &mut Change) -> Result<(), Refusal> {
        let unassigned = Municipality::unassigned();
        let Some(center) = self.hub.register.center(&self.municipality) else { return Ok(()) };
        let kept = |person: &PersonId| self.family.persons.get(person).map(|row| row.municipality.clone());
        let homeless: Vec<PersonId> =
            self.persons().into_iter().filter(|person| kept(person).as_ref() == Some(&unassigned)).collect();
        for person in homeless {
            let known = self.family.known_as(person);
            let facts = self.family.facts.entry(known).or_default();
            let is_home =
                |tie: &Relation| tie.kind == RelationKind::Residence && tie.agency == center.id && tie.live(self.now);
            if facts.relations.iter().any(is_home) {
                continue;
            }
            let id = FactId(self.hub.id(self.now));
            let relation = Relation {
                id,
                subject: known,
                agency: center.id.clone(),
                kind: RelationKind::Residence,
                from: self.now,
                until: None,
                recorded_at: self.now,
            };
            facts.relations.push(relation.clone());
            let body = self.hub.seal_json(&self.family, &[known], "fact", id.0, 0, &relation)?;
            change.rows.push(Row::Fact(FactRow {
                municipality: self.municipality.clone(),
                id,
                kind: FactKind::Relation,
                recipient: Some(center.id.clone()),
                recorded_at: self.now,
                superseded_at: None,
                superseded_by: None,
                persons: vec![Concerned::from(known)],
                body,
            }));
        }
        Ok(())
    }
}

fn not_yours_to_name() -> Refusal {
    Refusal::invalid(
        "M110",
        "subjects",
        "Musubiの番号(発行者 musubi)は、登録されている方についてセンターだけが使えます。自機関の番号で送ってください。",
        "Ids of Musubi (issuer musubi) are for centers, and for persons on file. Use a number of your own.",
    )
}

pub(super) fn foreign_name() -> Diagnostic {
    Diagnostic::warning(
        "M111",
        "subjects",
        "他の発行者の番号が使われています。内容は保管しましたが、その発行者がまだ使っていない番号では、次回以降も結びつきません。自機関の番号を使ってください。",
        "A number of another issuer is used. The contents are kept, but a number that its issuer has not used names nobody; use a number of your own.",
    )
}

//! Random facts on file, most of them about the recipient of the world.

use super::world::{PEOPLE, World, in_hundred, message, moment, now, one, past, person, sometimes};
use crate::agency::{AgencyId, Purpose};
use crate::consent::records::*;
use crate::consent::{Custody, GroundCode, SubjectFacts};
use crate::id::{Municipality, PersonId, ReferralId};
use crate::time::Day;
use musubi_proto::Dice;
use uuid::Uuid;

impl World {
    /// Everything on one person's file.
    pub fn subject_facts(&mut self, subject: PersonId) -> SubjectFacts {
        let mut facts = SubjectFacts {
            homes: if self.chance(50) { vec![Municipality::new("482072").unwrap()] } else { Vec::new() },
            birth_date: sometimes(&mut self.dice, 70, born),
            died_at: sometimes(&mut self.dice, 5, moment),
            custody: one(&mut self.dice, &[Custody::Ordinary, Custody::Ordinary, Custody::Joint, Custody::Protective]),
            conflicts: if self.chance(15) { vec![person(2)] } else { Vec::new() },
            ..SubjectFacts::default()
        };
        if self.chance(45) {
            facts.consents.push(self.generous_permit(subject));
        }
        for _ in 0..self.dice.below(4) {
            let kinds = [ConsentKind::Permit, ConsentKind::Permit, ConsentKind::Permit, ConsentKind::Withdrawal];
            let more = [ConsentKind::Objection, ConsentKind::ObjectionLifted];
            let kind = one(&mut self.dice, &[kinds.as_slice(), &more].concat());
            let mut consent = self.consent(subject, kind);
            consent.supersedes = facts.consents.first().map(|first: &Consent| first.id).filter(|_| self.chance(15));
            facts.consents.push(consent);
        }
        for _ in 0..self.dice.below(5) {
            facts.relations.push(self.relation(subject));
        }
        if self.chance(20) {
            facts.shields.push(self.shield(subject));
        }
        if self.chance(6) {
            facts.seals.push(self.seal(subject));
        }
        if self.chance(10) {
            facts.perpetrator_links.push(self.link(subject));
        }
        if self.chance(50) {
            facts.council_cases.push(self.council_case(subject));
        }
        if self.chance(30) {
            facts.break_glass.push(self.break_glass(subject));
        }
        facts
    }

    /// A consent record.
    pub fn consent(&mut self, subject: PersonId, kind: ConsentKind) -> Consent {
        let relationships = [Relationship::Subject, Relationship::Subject, Relationship::ParentalAuthority];
        let others = [Relationship::Guardian, Relationship::CentreDirector, Relationship::Court, Relationship::Other];
        let grantee = match self.dice.below(6) {
            0 => Grantee::Kind(self.request.kind),
            1 => Grantee::Provider { service: "stay".to_owned() },
            2 | 3 if kind != ConsentKind::Permit => Grantee::Everyone,
            _ => Grantee::Agency(self.towards_recipient()),
        };
        let purposes = if self.chance(80) { Purpose::ALL.to_vec() } else { vec![one(&mut self.dice, Purpose::ALL)] };
        Consent {
            id: self.id(),
            version: 1,
            supersedes: None,
            kind,
            subject,
            grantor: sometimes(&mut self.dice, 60, |dice| person(dice.below(PEOPLE))),
            relationship: one(&mut self.dice, &[relationships.as_slice(), &others].concat()),
            authority: String::new(),
            grantee,
            categories: if self.chance(30) { Scope::All } else { Scope::Named(self.categories()) },
            purposes: if kind != ConsentKind::Permit && self.chance(30) { Vec::new() } else { purposes },
            valid_from: past(&mut self.dice),
            valid_until: Some(now().plus_days(30 - self.dice.below(40) as i64)),
            recorded_at: moment(&mut self.dice),
            evidence: Proof {
                channel: if self.chance(95) { Channel::Electronic } else { Channel::Paper },
                ..Proof::spoken()
            },
            status: if self.chance(90) { Status::Active } else { Status::Unverified },
            explanation_given: String::new(),
        }
    }

    /// One that counts, for nearly everything.
    fn generous_permit(&mut self, subject: PersonId) -> Consent {
        let categories = Scope::Named(self.categories().union(self.categories()));
        Consent {
            grantor: None,
            relationship: Relationship::Court,
            grantee: Grantee::Agency(self.request.recipient.clone()),
            categories,
            purposes: Purpose::ALL.to_vec(),
            valid_until: Some(now().plus_days(1)),
            recorded_at: past(&mut self.dice),
            status: Status::Active,
            ..self.consent(subject, ConsentKind::Permit)
        }
    }

    /// A tie to an agency.
    pub fn relation(&mut self, subject: PersonId) -> Relation {
        let outreach = self.dice.coin();
        let kinds = [
            RelationKind::Residence,
            RelationKind::Stay,
            RelationKind::Move,
            RelationKind::OpenReferral(ReferralId(Uuid::from_u128(1))),
            RelationKind::ClosedReferral(ReferralId(Uuid::from_u128(1))),
            RelationKind::CareEpisode,
            RelationKind::CareEpisode,
            RelationKind::Assignment { service: "stay".to_owned(), outreach },
            RelationKind::Council,
        ];
        Relation {
            id: self.id(),
            subject,
            agency: self.towards_recipient(),
            kind: one(&mut self.dice, &kinds),
            from: past(&mut self.dice),
            until: sometimes(&mut self.dice, 30, moment),
            recorded_at: past(&mut self.dice),
        }
    }

    fn allowed(&mut self) -> Vec<AgencyId> {
        if self.chance(30) { vec![self.any_agency()] } else { Vec::new() }
    }

    /// An address shield.
    pub fn shield(&mut self, subject: PersonId) -> Shield {
        Shield {
            id: self.id(),
            subject,
            since: past(&mut self.dice),
            until: now().plus_days(10),
            allowed: self.allowed(),
            recorded_at: past(&mut self.dice),
            lifted_at: None,
        }
    }

    /// A seal.
    pub fn seal(&mut self, subject: PersonId) -> Seal {
        Seal {
            id: self.id(),
            subject,
            allowed: self.allowed(),
            since: past(&mut self.dice),
            recorded_at: past(&mut self.dice),
            lifted_at: None,
        }
    }

    /// A link of an agency to the perpetrator.
    pub fn link(&mut self, subject: PersonId) -> PerpetratorLink {
        PerpetratorLink {
            id: self.id(),
            subject,
            agency: self.towards_recipient(),
            since: past(&mut self.dice),
            recorded_at: past(&mut self.dice),
            lifted_at: None,
        }
    }

    /// A council case.
    pub fn council_case(&mut self, subject: PersonId) -> CouncilCase {
        let member = Member { agency: self.towards_recipient(), from: past(&mut self.dice), until: None };
        CouncilCase {
            supersedes: Vec::new(),
            id: self.id(),
            number: "K-1".to_owned(),
            subjects: vec![subject],
            members: vec![member],
            recorded_at: past(&mut self.dice),
            closed_at: None,
        }
    }

    /// Emergency access.
    pub fn break_glass(&mut self, subject: PersonId) -> BreakGlass {
        let asked_at = now().plus_minutes(-(self.dice.below(300) as i64));
        BreakGlass {
            id: self.id(),
            subject,
            agency: self.towards_recipient(),
            staff_id: "s-1".to_owned(),
            reason_code: "life".to_owned(),
            reason: "A reason of more than twenty characters".to_owned(),
            evidence: Default::default(),
            asked_at,
            confirmed_at: Some(asked_at),
            ended_at: None,
        }
    }

    /// A ground.
    pub fn ground(&mut self) -> Ground {
        let source = self.a_source();
        let approval = Approval {
            source: source.clone(),
            categories: self.categories(),
            approved_at: past(&mut self.dice),
            with_objection_in_view: self.dice.coin(),
        };
        let proviso = Proviso { source: self.a_source(), noted_at: past(&mut self.dice), lifted_at: None };
        Ground {
            id: self.id(),
            supersedes: None,
            code: one(&mut self.dice, GroundCode::ALL),
            statute_version: String::new(),
            number: None,
            recipient: self.towards_recipient(),
            asserting_agency: if self.chance(30) { source } else { self.any_agency() },
            asserting_officer: "s-2".to_owned(),
            subjects: (0..PEOPLE).filter(|_| in_hundred(&mut self.dice, 80)).map(person).collect(),
            categories: self.categories(),
            necessity: String::new(),
            evidence: Default::default(),
            from: past(&mut self.dice),
            until: Some(now().plus_days(20)),
            recorded_at: past(&mut self.dice),
            ended_at: sometimes(&mut self.dice, 10, moment),
            approvals: if self.dice.coin() { vec![approval] } else { Vec::new() },
            provisos: if self.chance(25) { vec![proviso] } else { Vec::new() },
            message: sometimes(&mut self.dice, 20, |dice| message(dice.below(3))),
            sources: if self.chance(20) { vec![self.any_agency()] } else { Vec::new() },
            level: None,
            refusals: Vec::new(),
        }
    }

    /// A standing approval.
    pub fn standing(&mut self) -> StandingApproval {
        let code = self.facts.grounds.last().map(|ground| ground.code).filter(|_| self.dice.coin());
        StandingApproval {
            id: self.id(),
            source: self.a_source(),
            recipient: self.towards_recipient(),
            code: code.unwrap_or_else(|| one(&mut self.dice, GroundCode::ALL)),
            categories: self.categories(),
            from: past(&mut self.dice),
            until: None,
            recorded_at: past(&mut self.dice),
        }
    }
}

fn born(dice: &mut Dice) -> Day {
    now().plus_days(-(dice.below(35 * 365) as i64)).day()
}

//! Who asks: the agency of the certificate, still on the register at this moment, and the member of staff it names.

use super::query::default_purpose;
use super::{Hub, Refusal};
use crate::digits::hex;
use crate::hub::register::Agency;
use musubi_core::agency::{Actor, AgencyId, AgencyKind, Purpose, Role};
use musubi_core::consent::{Request, role_may_use};
use musubi_core::id::FactId;
use musubi_core::second_person::Hand;
use std::sync::Arc;

/// A checked caller. Made anew for every request and every message of a stream (S-09).
#[derive(Clone)]
pub struct Caller {
    /// The agency.
    pub agency: Arc<Agency>,
    /// Who acts, with the role of the register.
    pub actor: Actor,
    /// SHA-256 of the certificate whose system says so; none where the person signed in.
    certificate: Option<[u8; 32]>,
}

impl Hub {
    /// Checks the agency of a session, and the member of staff that it names; an empty id means a machine.
    ///
    /// # Errors
    /// When the agency is unknown or suspended (S-03, S-09), or the staff id is not on its register (S-12).
    pub fn caller(&self, agency: &AgencyId, staff_id: &str) -> Result<Caller, Refusal> {
        let known = self.register.agency(agency).filter(|agency| agency.active).ok_or_else(|| {
            Refusal::forbidden(
                "M801",
                "certificate",
                "この証明書の機関は登録されていないか、停止されています。運用者に確認してください。",
                "The agency of this certificate is not registered, or suspended. Ask the operator.",
            )
        })?;
        let actor = if staff_id.is_empty() {
            Actor::system()
        } else {
            let role = known.staff.get(staff_id).copied().ok_or_else(|| {
                Refusal::forbidden(
                    "M802",
                    "staff_id",
                    "この職員IDは機関の職員名簿にありません。名簿に登録してください。",
                    "This staff id is not on the agency's register of staff. Register it first.",
                )
            })?;
            Actor { staff_id: staff_id.to_owned(), role }
        };
        Ok(Caller { agency: known, actor, certificate: None })
    }
}

impl Caller {
    /// The agency's id.
    pub fn id(&self) -> &AgencyId {
        &self.agency.id
    }

    /// The same, named by a system that holds this certificate.
    #[must_use]
    pub fn named_by(self, certificate: &[u8; 32]) -> Self {
        Caller { certificate: Some(*certificate), ..self }
    }

    /// Whose hand it is, where two are needed.
    pub(super) fn hand(&self) -> Hand {
        let certificate = self.certificate.map(|fingerprint| hex(&fingerprint));
        Hand { staff_id: self.actor.staff_id.clone(), certificate }
    }

    /// Does a member of staff act, and no machine?
    pub fn is_person(&self) -> bool {
        self.actor.role != Role::System
    }

    /// May the caller do this at all?
    ///
    /// # Errors
    /// When its kind and role may not (S-10, S-11, S-13).
    pub fn check(&self, operation: Operation) -> Result<(), Refusal> {
        if may(self.agency.kind, self.actor.role, operation) {
            return Ok(());
        }
        Err(Refusal::forbidden(
            "M803",
            "staff_id",
            "この操作・目的は、この職員の役割では認められていません。権限のある登録職員のIDが必要です。",
            "The role of the caller does not allow this. It needs the id of a registered member of staff who may.",
        ))
    }

    /// What it asks the decision for.
    ///
    /// # Errors
    /// When the kind and role may not read for the purpose (S-11 to S-13).
    pub fn request(&self, purpose: Purpose, cited_ground: Option<FactId>) -> Result<Request, Refusal> {
        self.check(Operation::Read(purpose))?;
        Ok(request_of(&self.agency, self.actor.clone(), purpose, cited_ground))
    }
}

/// What an agency may ask the hub to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// To read content for a purpose.
    Read(Purpose),
    /// To read content for some purpose.
    ReadAny,
    /// To fetch what waits for the agency, and acknowledge it.
    Fetch,
    /// To record what a person consents or objects to.
    RecordConsent,
    /// To assert, ask for or approve a ground.
    AssertGround,
    /// To list what waits for a person at the agency.
    ListWork,
    /// To answer it.
    AnswerWork,
    /// To see what was given up on the way to or from the agency: recipient, purpose and reason, and nothing of the record.
    SeeDeadLetters,
    /// To say that two are one, to shield and to seal.
    KeepPersons,
    /// To page through everybody whom a center keeps in view.
    SeeRoster,
    /// To have cases counted.
    Count,
    /// To hand in a file by hand.
    HandIn,
    /// To see the agency's referrals, and take their steps.
    SeeReferrals,
    /// To see the approvals that the agency holds, and what it claims.
    SeeOwnCare,
    /// To see who is on the agency's staff. Who enrols others is a matter of their account.
    KeepStaff,
    /// To order that a record be preserved, or no longer.
    Preserve,
    /// To look over the log, the agencies and what was shown of a person.
    Oversee,
}

/// The one table of who may do what (S-10, S-11, S-13): what is not said here is refused.
pub fn may(kind: AgencyKind, role: Role, operation: Operation) -> bool {
    let machine = role == Role::System;
    let sees_metadata_only = matches!(role, Role::Auditor | Role::PrivacyOfficer);
    match operation {
        Operation::Read(purpose) => !sees_metadata_only && role_may_use(role, purpose) && may_read(kind, role, purpose),
        Operation::ReadAny => Purpose::ALL.iter().any(|purpose| may(kind, role, Operation::Read(*purpose))),
        Operation::Fetch => !sees_metadata_only,
        Operation::ListWork => role != Role::Auditor,
        Operation::SeeDeadLetters => may(kind, role, Operation::ListWork) || may(kind, role, Operation::Oversee),
        Operation::RecordConsent | Operation::AnswerWork => !machine && role != Role::Auditor,
        Operation::AssertGround => !machine && !sees_metadata_only && role != Role::Clerk,
        Operation::KeepPersons => kind == AgencyKind::Osc && !machine && role != Role::Auditor,
        Operation::SeeRoster => kind == AgencyKind::Osc && !machine && may(kind, role, Operation::Read(Purpose::P3)),
        // Whose task the cases are; numbers tell a clerk of no case.
        Operation::Count => {
            matches!(kind, AgencyKind::Osc | AgencyKind::Cgc) && !machine && may(kind, role, Operation::ReadAny)
        }
        Operation::KeepStaff => !machine && role != Role::Auditor,
        Operation::HandIn | Operation::SeeReferrals => !machine && !sees_metadata_only,
        Operation::SeeOwnCare => kind == AgencyKind::Prv && !machine && may(kind, role, Operation::Read(Purpose::P7)),
        Operation::Preserve => kind == AgencyKind::Osc && matches!(role, Role::PrivacyOfficer | Role::LegalOfficer),
        Operation::Oversee => kind == AgencyKind::Osc && sees_metadata_only,
    }
}

fn may_read(kind: AgencyKind, role: Role, purpose: Purpose) -> bool {
    // Of the purposes that a kind has in the matrix, a child guidance center has protection, council and emergency alone.
    let guidance = kind != AgencyKind::Cgc || matches!(purpose, Purpose::P5 | Purpose::P6 | Purpose::P11);
    let by_role = match role {
        Role::System => purpose == default_purpose(kind),
        Role::Clerk => !matches!(purpose, Purpose::P5 | Purpose::P6 | Purpose::P11),
        Role::ProviderStaff => kind == AgencyKind::Prv,
        Role::ChildWelfareOfficer => matches!(kind, AgencyKind::Osc | AgencyKind::Cgc),
        _ => true,
    };
    guidance && by_role && !matches!(purpose, Purpose::P10 | Purpose::P12)
}

/// What a decision is asked for, with an agency as recipient.
pub(super) fn request_of(agency: &Agency, actor: Actor, purpose: Purpose, cited_ground: Option<FactId>) -> Request {
    Request {
        recipient: agency.id.clone(),
        kind: agency.kind,
        purpose,
        actor,
        municipality: Some(agency.municipality.clone()),
        cited_ground,
    }
}

//! Who asks: the agency of the certificate, still on the register at this moment, and the member of staff it names.

use super::{Hub, Refusal};
use crate::hub::register::Agency;
use musubi_core::agency::{Actor, AgencyId, Purpose};
use musubi_core::consent::{Request, role_may_use};
use musubi_core::id::FactId;
use std::sync::Arc;

/// A checked caller. Made anew for every request and every message of a stream (S-09).
#[derive(Clone)]
pub struct Caller {
    /// The agency.
    pub agency: Arc<Agency>,
    /// Who acts, with the role of the register.
    pub actor: Actor,
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
        Ok(Caller { agency: known, actor })
    }
}

impl Caller {
    /// The agency's id.
    pub fn id(&self) -> &AgencyId {
        &self.agency.id
    }

    /// What it asks the decision for.
    ///
    /// # Errors
    /// When the role may not use the purpose: protection and emergency need a person (S-12).
    pub fn request(&self, purpose: Purpose, cited_ground: Option<FactId>) -> Result<Request, Refusal> {
        if !role_may_use(self.actor.role, purpose) {
            return Err(Refusal::forbidden(
                "M803",
                "staff_id",
                "この目的の照会には、名簿に登録された職員のIDが必要です。",
                "This purpose needs the id of a registered member of staff.",
            ));
        }
        Ok(request_of(&self.agency, self.actor.clone(), purpose, cited_ground))
    }
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

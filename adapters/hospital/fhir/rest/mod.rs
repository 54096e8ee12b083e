//! What the FHIR edge reads and writes besides documents: the table of what is there, questions, answers, and what is wrong
//! (`formats/hospital.md` 4 and 6). Nothing here knows a socket.

mod answer;
mod audit;
mod capability;
mod consent;
mod outcome;
mod page;
mod provenance;
mod question;

#[cfg(test)]
mod tests;

pub use answer::{searchset, view};
pub use audit::{Disclosed, Search, audit_events, search};
pub use capability::statement;
pub use consent::{Said, consent};
pub use outcome::outcome;
pub use page::{Cursor, Page};
pub use provenance::staff;
pub use question::{Question, identifier_of_condition, question};

use super::draft::Draft;
use super::ids::Ids;
use super::json::Json;
use super::xml_out;
use super::{FhirJson, FhirXml, read_json, read_xml};
use crate::json::Tree;
use musubi_core::adapter::{Adapter, Diagnostic};

/// A type of resource that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its name.
    pub kind: &'static str,
    /// Has it an identifier of its own by which a sending is known again (`If-None-Exist`)?
    pub conditional: bool,
    /// What becomes of it.
    documentation: &'static str,
}

const fn taken(kind: &'static str, documentation: &'static str) -> Taken {
    Taken { kind, conditional: false, documentation }
}

/// Everything that may be sent, in the order of the alphabet: the router asks this table, and the CapabilityStatement is
/// made from it.
pub const TAKEN: [Taken; 26] = [
    taken("AllergyIntolerance", "An observation of kind allergy."),
    Taken {
        kind: "Bundle",
        conditional: true,
        documentation: "A document or a collection, whole; no transaction or batch. \
            If-None-Exist: identifier=[system]|[value] of the Bundle itself.",
    },
    taken("CarePlan", "What it says in words, as a document."),
    taken("Condition", "A condition."),
    taken(
        "Consent",
        "A permit for one agency or kind, or a denial; active and of scope patient-privacy. Classes are C01 to C20 of \
            urn:musubi:category, purposes P1 to P11 of urn:musubi:purpose; exceptions are flattened, what is not understood \
            closes. The header X-Provenance names the member of staff who records it.",
    ),
    taken("Coverage", "A coverage."),
    taken("DiagnosticReport", "What a report concludes, and the report where it is attached."),
    taken("DocumentReference", "A document that is in the resource."),
    taken("Encounter", "A stay or visit; a discharge notice when the stay has ended."),
    taken("EpisodeOfCare", "What it says in words, as a document."),
    taken("FamilyMemberHistory", "An observation of kind family_history for each illness."),
    taken("Goal", "What it says in words, as a document."),
    taken("ImagingStudy", "An observation of kind procedure: that pictures were taken, not the pictures."),
    taken("Immunization", "An observation of kind immunization."),
    taken("Media", "A picture that is in the resource."),
    taken("MedicationAdministration", "An observation of kind medication."),
    taken("MedicationDispense", "An observation of kind medication."),
    taken("MedicationRequest", "An observation of kind medication; a proposal or a plan is none."),
    taken("MedicationStatement", "An observation of kind medication."),
    taken("Observation", "An observation, a screening, or a value of a birth."),
    taken("Patient", "Who somebody is."),
    taken("Procedure", "An observation of kind procedure."),
    taken("QuestionnaireResponse", "The EPDS as a screening; any other form as a document in words."),
    taken("RelatedPerson", "The link of a child to its parent."),
    taken("ServiceRequest", "A referral to an organization."),
    taken("Task", "A step of a referral."),
];

/// The type of this name, if it may be sent.
pub fn served(kind: &str) -> Option<&'static Taken> {
    TAKEN.iter().find(|taken| taken.kind == kind)
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/fhir+json`
    Json,
    /// `application/fhir+xml`
    Xml,
}

impl Form {
    /// The form that a media type names; parameters do not count.
    pub fn named(media_type: &str) -> Option<Self> {
        let bare = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match bare.as_str() {
            "application/fhir+json" | "application/json" | "json" => Some(Form::Json),
            "application/fhir+xml" | "application/xml" | "text/xml" | "xml" => Some(Form::Xml),
            _ => None,
        }
    }

    /// What is written is of this media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Form::Json => "application/fhir+json; charset=utf-8",
            Form::Xml => "application/fhir+xml; charset=utf-8",
        }
    }

    /// The format of bodies in this form.
    pub fn adapter(self) -> &'static dyn Adapter {
        match self {
            Form::Json => &FhirJson,
            Form::Xml => &FhirXml,
        }
    }

    fn read(self, bytes: &[u8]) -> Result<Tree<'_>, Diagnostic> {
        match self {
            Form::Json => read_json(bytes),
            Form::Xml => read_xml(bytes),
        }
    }

    fn write(self, resource: &Json, ids: &Ids) -> Vec<u8> {
        match self {
            Form::Json => Draft::of(resource, super::USUAL_LENGTH).with(ids),
            Form::Xml => xml_out::write(resource, ids, super::USUAL_LENGTH).into_bytes(),
        }
    }
}

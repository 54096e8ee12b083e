//! The names of the format: those that may stand in a place of a diagnostic.

const NAMES: &[&str] = &[
    "AbuseKindCode",
    "AbuseNeglectSeverityCode",
    "AccessNotification",
    "Acknowledgement",
    "ActivityDate",
    "Address",
    "AddressFullText",
    "AddressPostalCode",
    "AgeMonthsFrom",
    "AgeMonthsTo",
    "Allegation",
    "AssessmentItem",
    "Attachment",
    "BirthOrderNumeric",
    "CaseInitiationReasonCode",
    "CaseQueryRequest",
    "CaseQueryResponse",
    "CaseRegistration",
    "CaseStatus",
    "CaseTrackingID",
    "CaseUpdate",
    "CategoryCode",
    "ChildPersonID",
    "ChildSeen",
    "ChildWelfareAgencyCaseID",
    "ChildWelfareCase",
    "ContactActivity",
    "ContactID",
    "ContactResultCode",
    "Criteria",
    "DataPrivacy",
    "DateTime",
    "ExpectedBirthDate",
    "Extension",
    "IncludeUnborn",
    "IntakeDateTime",
    "JurisdictionCode",
    "KinshipCode",
    "LeadAgency",
    "LegalBasisCode",
    "MethodCode",
    "MovedSince",
    "NextReviewDate",
    "OccurredFrom",
    "OccurredTo",
    "OrganizationIdentification",
    "OtherAgency",
    "OverrideReason",
    "ParentChildAssociation",
    "ParentPersonID",
    "PerformedBy",
    "PerpetratorCode",
    "PersonBirthDate",
    "PersonCriterion",
    "PersonFullName",
    "PersonGivenName",
    "PersonID",
    "PersonKanaName",
    "PersonName",
    "PersonSexCode",
    "PersonSurName",
    "PlanSummary",
    "PreviousNotificationCount",
    "Primary",
    "PurposeCode",
    "RelatedCaseID",
    "RelatedPerson",
    "ReporterRouteCode",
    "RequestedLevel",
    "RiskAssessment",
    "RoleCode",
    "Sender",
    "SensitivityText",
    "SeverityAtLeast",
    "ShieldedIndicator",
    "Signal",
    "SignalCode",
    "SubjectPerson",
    "TelephoneNumberFullID",
    "TransferAcceptance",
    "TransferRequest",
    "UnresponsiveVisitCount",
    "UrgencyCode",
    "WitnessedDV",
    "WorkerID",
];

/// Is it one of the format's names?
pub(super) fn is_known(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted_so_that_each_is_found() {
        assert!(NAMES.is_sorted());
        assert!(NAMES.iter().all(|name| is_known(name)));
        assert!(!is_known("山田"));
    }
}

//! What a message is about: MSH-9, of the messages of `formats/hospital.md` 2.10.

use super::reader::Reader;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A01, A04: a stay or a visit begins.
    Admission,
    /// A14: a stay is planned.
    PlannedAdmission,
    /// A11, A27: it did not begin, or is planned no longer.
    CancelAdmission,
    /// A02: to another ward.
    Transfer,
    /// A12: back to the ward before.
    CancelTransfer,
    /// A03.
    Discharge,
    /// A16: a discharge is planned.
    PlannedDischarge,
    /// A13: the stay goes on.
    CancelDischarge,
    /// A25: no discharge is planned any longer.
    CancelPlannedDischarge,
    /// A08: what is known of patient and stay.
    Update,
    /// A28, A31: what is known of the person.
    Person,
    /// A23: the record of the person is deleted.
    Deletion,
    /// A40: two identifiers were one person.
    Merge,
    /// A60.
    Allergies,
    /// ORU^R01, ORU^R30, OUL^R22.
    Results,
    /// PPR^ZD1: diagnoses.
    Problems,
    /// REF^I12, I13: a referral, new or changed.
    Referral,
    /// REF^I14, RRI^I12 to I14: where a referral stands.
    ReferralStep,
    /// REF^I15, RRI^I15: a question about it.
    ReferralQuestion,
    /// Another, from a peer whose unknown messages are kept.
    Unknown,
}

/// Reads MSH-9. `None` refuses the message, and the reason is noted.
pub(super) fn of(reader: &mut Reader<'_>) -> Option<Event> {
    let header = reader.header;
    match (header.message_type.as_str(), header.event.as_str()) {
        ("ADT" | "ORU" | "OUL" | "PPR" | "REF" | "RRI", "") => {
            reader.error("H003", "MSH-9.2", "イベント(MSH-9.2)が必要です。", "An event (MSH-9.2) is required.");
            None
        }
        ("ADT", event) => adt(event).or_else(|| unsupported_event(reader)),
        ("ORU", "R01" | "R30") | ("OUL", "R22") => Some(Event::Results),
        ("PPR", "ZD1") => Some(Event::Problems),
        ("REF", "I12" | "I13") => Some(Event::Referral),
        ("REF", "I14") | ("RRI", "I12" | "I13" | "I14") => Some(Event::ReferralStep),
        ("REF" | "RRI", "I15") => Some(Event::ReferralQuestion),
        ("ORU" | "OUL" | "PPR" | "REF" | "RRI", _) => unsupported_event(reader),
        ("", _) => {
            reader.error("H004", "MSH-9", "電文の種類(MSH-9)が必要です。", "A message type (MSH-9) is required.");
            None
        }
        ("ACK" | "MCF", _) => unsupported_type(reader),
        _ => archived(reader, "MSH-9.1").or_else(|| unsupported_type(reader)),
    }
}

fn unsupported_type(reader: &mut Reader<'_>) -> Option<Event> {
    reader.error(
        "H003",
        "MSH-9.1",
        "この種類の電文には対応していません(ADT、ORU、OUL、PPR、REF、RRI)。",
        "This message type is not supported (ADT, ORU, OUL, PPR, REF, RRI).",
    );
    None
}

/// A message that nobody reads is kept, where the peer's profile says so (`archive_unknown`).
fn archived(reader: &mut Reader<'_>, place: &'static str) -> Option<Event> {
    if !reader.profile.archive_unknown {
        return None;
    }
    reader.warning(
        "H003",
        place,
        "この電文には対応していません。記録には写さず、原文のまま保管しました。",
        "This message is not supported: nothing of it went into the record, its bytes are kept.",
    );
    Some(Event::Unknown)
}

fn adt(event: &str) -> Option<Event> {
    Some(match event {
        "A01" | "A04" => Event::Admission,
        "A02" => Event::Transfer,
        "A03" => Event::Discharge,
        "A08" => Event::Update,
        "A11" | "A27" => Event::CancelAdmission,
        "A12" => Event::CancelTransfer,
        "A13" => Event::CancelDischarge,
        "A14" => Event::PlannedAdmission,
        "A16" => Event::PlannedDischarge,
        "A23" => Event::Deletion,
        "A25" => Event::CancelPlannedDischarge,
        "A28" | "A31" => Event::Person,
        "A40" => Event::Merge,
        "A60" => Event::Allergies,
        _ => return None,
    })
}

fn unsupported_event(reader: &mut Reader<'_>) -> Option<Event> {
    if let Some(kept) = archived(reader, "MSH-9.2") {
        return Some(kept);
    }
    reader.error(
        "H003",
        "MSH-9.2",
        "このイベントには対応していません。対応する電文の一覧を確かめてください。",
        "This event is not supported; see the list of messages that are.",
    );
    None
}

impl Event {
    /// Has it an EVN?
    pub(super) fn is_adt(self) -> bool {
        !matches!(
            self,
            Event::Results
                | Event::Problems
                | Event::Referral
                | Event::ReferralStep
                | Event::ReferralQuestion
                | Event::Unknown
        )
    }

    /// Does it tell about one stay?
    pub(super) fn of_stay(self) -> bool {
        self.is_adt() && !matches!(self, Event::Person | Event::Deletion | Event::Merge | Event::Allergies)
    }

    /// Does it take back what an earlier one told?
    pub(super) fn cancels(self) -> bool {
        matches!(
            self,
            Event::CancelAdmission | Event::CancelTransfer | Event::CancelDischarge | Event::CancelPlannedDischarge
        )
    }
}

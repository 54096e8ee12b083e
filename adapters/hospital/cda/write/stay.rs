//! The stay that a notice reports, or the visit that answers a referral.

use super::values::coded;
use super::{ACT, Subject, author_of, ts};
use crate::family;
use crate::xml::Writer;
use musubi_proto::v1 as proto;

/// Where, from when and until when.
pub(super) fn write(out: &mut Writer, subject: &Subject<'_>) {
    let mut visits = subject.one.bodies(family::encounter).into_iter();
    let visit = match subject.notice {
        Some((entry, _)) => visits.find(|(of, _)| of.source_message == entry.source_message),
        None => visits.next().filter(|_| subject.answer.is_some()),
    };
    let visit = visit.map(|(_, visit)| visit);
    let Some(stay) = Stay::of(subject.notice.map(|(_, notice)| notice), visit) else { return };
    out.open("componentOf");
    out.open("encompassingEncounter");
    if let Some(number) = visit.map(|visit| visit.visit_number.as_str()).filter(|number| !number.is_empty()) {
        out.empty("id", &[("extension", number), ("assigningAuthorityName", author_of(subject))]);
    }
    if !stay.class.is_empty() {
        out.empty("code", &[("code", stay.class), ("codeSystem", ACT)]);
    }
    let (from, until) = (ts(stay.from), ts(stay.until));
    if from.is_none() && until.is_none() {
        out.empty("effectiveTime", &[("nullFlavor", "NI")]);
    } else {
        out.open("effectiveTime");
        for (name, at) in [("low", &from), ("high", &until)] {
            at.iter().for_each(|at| out.empty(name, &[("value", at)]));
        }
        out.close();
    }
    if let Some(to) = stay.destination {
        coded(out, "dischargeDispositionCode", to, "");
    }
    if !stay.attending.is_empty() {
        out.open_with("encounterParticipant", &[("typeCode", "ATND")]);
        out.open("assignedEntity");
        out.empty("id", &[("nullFlavor", "NI")]);
        out.open("assignedPerson");
        out.leaf("name", stay.attending);
        for _ in 0..3 {
            out.close();
        }
    }
    if !stay.ward.is_empty() {
        for name in ["location", "healthCareFacility", "location"] {
            out.open(name);
        }
        out.leaf("name", stay.ward);
        for _ in 0..3 {
            out.close();
        }
    }
    out.close();
    out.close();
}

/// What is said of a stay or a visit.
struct Stay<'a> {
    class: &'static str,
    from: Option<&'a proto::DateTime>,
    until: Option<&'a proto::DateTime>,
    destination: Option<&'a proto::Coded>,
    attending: &'a str,
    ward: &'a str,
}

impl<'a> Stay<'a> {
    fn of(notice: Option<&'a proto::DischargeNotice>, visit: Option<&'a proto::Encounter>) -> Option<Self> {
        let class = match visit.map_or("", |visit| &visit.class) {
            "outpatient" => "AMB",
            "emergency" => "EMER",
            "" if notice.is_none() => "",
            _ => "IMP",
        };
        if let Some(notice) = notice {
            return Some(Stay {
                class,
                from: notice.admitted_at.as_ref(),
                until: notice.discharged_at.as_ref(),
                destination: notice.destination.as_ref(),
                attending: &notice.attending,
                ward: &notice.ward,
            });
        }
        let visit = visit?;
        let period = visit.period.as_ref();
        Some(Stay {
            class,
            from: period.and_then(|period| period.start.as_ref()),
            until: period.and_then(|period| period.end.as_ref()),
            destination: None,
            attending: &visit.attending,
            ward: &visit.ward,
        })
    }
}

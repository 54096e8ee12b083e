//! In which order segments stand (2.10). A message out of it is read all the same, with a warning.

use super::event::Event;
use super::reader::Reader;

/// Groups of segments in their order; those of one group may repeat and mix. What is named in none may stand anywhere.
type Order = &'static [&'static [&'static str]];

const ADMISSION: Order = &[
    &["EVN"],
    &["PID"],
    &["PD1"],
    &["NK1"],
    &["PV1"],
    &["PV2"],
    &["OBX"],
    &["AL1", "IAM"],
    &["DG1", "DRG"],
    &["PR1"],
    &["GT1"],
    &["IN1", "IN2", "IN3"],
];
const RESULTS: Order = &[&["PID"], &["PD1"], &["NK1"], &["PV1"], &["PV2"], &["ORC", "OBR", "OBX", "SPM"]];
const PROBLEMS: Order = &[&["PID"], &["PV1"], &["PV2"], &["PRB"]];
const REFERRAL: Order = &[&["RF1"], &["PRD", "CTD"], &["PID"], &["NK1"], &["IN1"], &["OBR", "OBX"], &["PV1"]];

/// Warns of the first segment that stands behind one that it should precede.
pub(super) fn check(reader: &mut Reader<'_>, event: Event) {
    let order = match event {
        // Its group of patient and MRG repeats.
        Event::Merge | Event::Unknown => return,
        Event::Results => RESULTS,
        Event::Problems => PROBLEMS,
        Event::Referral | Event::ReferralStep | Event::ReferralQuestion => REFERRAL,
        _ => ADMISSION,
    };
    let message = reader.message;
    let mut reached = 0;
    for segment in message.segments() {
        let Some(rank) = order.iter().position(|group| group.contains(&segment.name())) else { continue };
        if rank < reached {
            let place = reader.place(segment);
            return reader.warning(
                "H008",
                place,
                "セグメントの順序が規則と違います。そのまま読みました。",
                "This segment stands out of its order; it was read all the same.",
            );
        }
        reached = rank;
    }
}

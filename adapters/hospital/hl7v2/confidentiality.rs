//! How carefully a message asks to be handled: PV1-16 (VIP) and ARV (access restriction), as labels of all that it tells.

use super::reader::Reader;
use musubi_proto::v1 as proto;
use proto::Label;

/// What table 0717 restricts that the law and this project hold most sensitive.
const SENSITIVE: [&str; 5] = ["DRG", "HIV", "PSY", "SMD", "STD"];
/// What restricts nothing: nobody is kept out, or the patient opted in.
const OPEN: [&str; 2] = ["NO", "OI"];

/// Raises the label of every entry by what the message asks. It can only raise (`consent.md` section 2).
pub(super) fn raise(reader: &mut Reader<'_>) {
    let label = asked(reader);
    for entry in &mut reader.entries {
        entry.label = entry.label.max(label.into());
    }
}

fn asked(reader: &mut Reader<'_>) -> Label {
    let message = reader.message;
    let mut label = Label::Unspecified;
    if let Some(pv1) = message.first("PV1") {
        let vip = pv1.value(16);
        if !vip.is_empty() {
            reader.mapped(pv1, 16, "label");
        }
        if !matches!(&*vip, "" | "N") {
            label = Label::R;
        }
    }
    for arv in message.all("ARV").filter(|arv| &*arv.value(2) != "D") {
        let restriction = reader.take(arv, 3, "label").component(1).text().into_owned();
        let asked = match &*restriction {
            code if OPEN.contains(&code) => Label::Unspecified,
            code if SENSITIVE.contains(&code) => Label::V,
            _ => Label::R,
        };
        label = label.max(asked);
    }
    label
}

//! The entries of a pregnancy and of a delivery: what has a LOINC by it, the rest by what it is called.

use super::body::entry;
use super::values::{coded, number};
use super::{date, ts};
use crate::hospital::cda::maternity::{CHILDREN, DELIVERED_AT, METHOD, OUTCOME, OWN, PRESENTATION, TRANSFUSION};
use crate::hospital::pregnancy::{self, Part};
use crate::wording;
use crate::wording::codes::{DELIVERY_METHOD, DELIVERY_OUTCOME, word};
use crate::xml::Writer;
use musubi_proto::v1 as proto;

pub(super) fn pregnancy(out: &mut Writer, notification: &proto::PregnancyNotification) {
    for (part, code, text) in Part::WRITTEN {
        if let Some(day) = pregnancy::date_of(notification, part).and_then(date) {
            entry(out, &loinc(code, text), "completed", None, |out| time(out, &day));
        }
        quantity(out, (code, text), pregnancy::quantity_of(notification, part), None);
    }
}

pub(super) fn delivery(out: &mut Writer, delivery: &proto::Delivery) {
    let at = ts(delivery.delivered_at.as_ref());
    let at = at.as_deref();
    if let Some(moment) = at {
        entry(out, &own("DELIVERED_AT", DELIVERED_AT), "completed", Some(moment), |out| time(out, moment));
    }
    if let Some(days) = delivery.gestation_days {
        entry(out, &loinc("11884-4", "在胎週数"), "completed", at, |out| number(out, &days.to_string(), "d", ""));
    }
    quantity(out, ("55103-6", "分娩時出血量"), delivery.blood_loss.as_ref(), at);
    let said = |table, code: &str| if code.is_empty() { String::new() } else { word(table, code) };
    for (code, text, words) in [
        ("METHOD", METHOD, said(DELIVERY_METHOD, &delivery.method)),
        ("OUTCOME", OUTCOME, said(DELIVERY_OUTCOME, &delivery.outcome)),
        ("PRESENTATION", PRESENTATION, delivery.presentation.clone()),
        ("TRANSFUSION", TRANSFUSION, wording::yes_no(delivery.transfusion).unwrap_or_default()),
    ] {
        if !words.is_empty() {
            let string = |out: &mut Writer| out.leaf_with("value", &[("xsi:type", "cda:ST")], &words);
            entry(out, &own(code, text), "completed", at, string);
        }
    }
    if let Some(children) = delivery.child_count {
        entry(out, &own("CHILDREN", CHILDREN), "completed", at, |out| number(out, &children.to_string(), "", ""));
    }
    for complication in &delivery.complications {
        let problem = loinc("29308-4", "Diagnosis");
        entry(out, &problem, "completed", at, |out| coded(out, "value", complication, "cda:CD"));
    }
}

fn quantity(out: &mut Writer, (code, text): (&str, &str), value: Option<&proto::Quantity>, at: Option<&str>) {
    if let Some(value) = value {
        let write = |out: &mut Writer| number(out, &value.value, &value.unit, &value.comparator);
        entry(out, &loinc(code, text), "completed", at, write);
    }
}

fn time(out: &mut Writer, at: &str) {
    out.empty("value", &[("xsi:type", "cda:TS"), ("value", at)]);
}

fn loinc(code: &str, text: &str) -> proto::Coded {
    named("LN", code, text)
}

fn own(code: &str, text: &str) -> proto::Coded {
    named(OWN, code, text)
}

fn named(system: &str, code: &str, text: &str) -> proto::Coded {
    proto::Coded { system: system.to_owned(), code: code.to_owned(), text: text.to_owned() }
}

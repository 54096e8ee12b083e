//! An entry that says only what is new: what it leaves out stays as its series said before, and what it takes away in so
//! many words is gone (`formats/hospital.md` 2.5).

use super::absence;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Fills each field that the new body leaves out from the old one, unless it is cleared. Names every field, so that one
/// that is added to the schema is not forgotten here.
macro_rules! fill {
    ($kind:ident { $($field:ident),+ $(,)? }, $new:ident, $old:ident, $cleared:ident) => {{
        let (nothing, proto::$kind { $($field),+ }) = (proto::$kind::default(), $old.clone());
        $(if $new.$field == nothing.$field && !$cleared.iter().any(|name| name == stringify!($field)) {
            $new.$field = $field;
        })+
    }};
}

/// The update, completed by the entry that it updates. Whatever guards one of the two guards the result.
pub(super) fn upon(mut update: proto::Entry, before: &proto::Entry) -> proto::Entry {
    let cleared = std::mem::take(&mut update.cleared);
    let same = match (&mut update.body, &before.body) {
        (Some(Body::PersonDetails(new)), Some(Body::PersonDetails(old))) => {
            person_details(new, old, &cleared);
            true
        }
        (Some(Body::Encounter(new)), Some(Body::Encounter(old))) => {
            encounter(new, old, &cleared);
            true
        }
        (Some(Body::DischargeNotice(new)), Some(Body::DischargeNotice(old))) => {
            discharge_notice(new, old, &cleared);
            true
        }
        (Some(Body::Newborn(new)), Some(Body::Newborn(old))) => {
            newborn(new, old, &cleared);
            true
        }
        (Some(Body::Delivery(new)), Some(Body::Delivery(old))) => {
            delivery(new, old, &cleared);
            true
        }
        (Some(Body::PregnancyNotification(new)), Some(Body::PregnancyNotification(old))) => {
            pregnancy_notification(new, old, &cleared);
            true
        }
        _ => false,
    };
    if same {
        update.label = update.label.max(before.label);
        update.originator = update.originator.max(before.originator);
        update.whereabouts |= before.whereabouts;
        let more = before.raised.iter().filter(|category| !update.raised.contains(category));
        let more: Vec<i32> = more.copied().collect();
        update.raised.extend(more);
        absence::complete(&mut update, before);
    }
    update
}

fn person_details(new: &mut proto::PersonDetails, old: &proto::PersonDetails, cleared: &[String]) {
    fill!(
        PersonDetails {
            identifiers,
            names,
            birth_date,
            birth_time,
            sex,
            addresses,
            contacts,
            deceased,
            deceased_at,
            not_disclosed,
            birth_order,
            multiple_birth,
            former_identifiers,
        },
        new,
        old,
        cleared
    );
}

fn encounter(new: &mut proto::Encounter, old: &proto::Encounter, cleared: &[String]) {
    let gone = |field: &str| cleared.iter().any(|name| name == field);
    if let (Some(new), Some(old)) = (&mut new.period, &old.period) {
        new.start = new.start.or(old.start);
        new.end = new.end.or(old.end);
    }
    fill!(
        Encounter { class, visit_number, period, ward, department, attending, admit_source, status, expected_start },
        new,
        old,
        cleared
    );
    if let Some(period) = &mut new.period {
        period.end = period.end.take().filter(|_| !gone("end"));
        period.start = period.start.take().filter(|_| !gone("start"));
    }
}

fn discharge_notice(new: &mut proto::DischargeNotice, old: &proto::DischargeNotice, cleared: &[String]) {
    // A text that is new, or gone, never has the tables of the old one.
    let stays = |new: &str, name: &str| new.is_empty() && !cleared.iter().any(|cleared| cleared == name);
    let mut old = old.clone();
    for (stays, xhtml) in [
        (stays(&new.course, "course"), &mut old.course_xhtml),
        (stays(&new.instructions, "instructions"), &mut old.instructions_xhtml),
        (stays(&new.request, "request"), &mut old.request_xhtml),
    ] {
        if !stays {
            xhtml.clear();
        }
    }
    fill!(
        DischargeNotice {
            admitted_at,
            discharged_at,
            expected_discharge_at,
            destination,
            outcome,
            ward,
            department,
            attending,
            diagnoses,
            course,
            instructions,
            request,
            institution,
            course_xhtml,
            instructions_xhtml,
            request_xhtml,
        },
        new,
        old,
        cleared
    );
}

/// Of two times of one day the one with more to it stands: who says the day alone takes no hour away.
fn keep_hour(new: &mut Option<proto::DateTime>, old: Option<&proto::DateTime>) {
    if let (Some(new), Some(old)) = (new, old)
        && new.hour.is_none()
        && new.date.is_some()
        && new.date == old.date
    {
        *new = *old;
    }
}

fn newborn(new: &mut proto::Newborn, old: &proto::Newborn, cleared: &[String]) {
    keep_hour(&mut new.born_at, old.born_at.as_ref());
    fill!(
        Newborn {
            birth_weight,
            birth_length,
            head_circumference,
            chest_circumference,
            gestation_days,
            apgar_1,
            apgar_5,
            apgar_10,
            birth_order,
            intensive_care,
            born_at,
            sex,
            low_weight_notified,
            present_location,
        },
        new,
        old,
        cleared
    );
}

fn delivery(new: &mut proto::Delivery, old: &proto::Delivery, cleared: &[String]) {
    keep_hour(&mut new.delivered_at, old.delivered_at.as_ref());
    fill!(
        Delivery {
            delivered_at,
            gestation_days,
            method,
            presentation,
            duration_minutes,
            blood_loss,
            transfusion,
            complications,
            child_count,
            outcome,
            place,
            attendant,
        },
        new,
        old,
        cleared
    );
}

fn pregnancy_notification(
    new: &mut proto::PregnancyNotification,
    old: &proto::PregnancyNotification,
    cleared: &[String],
) {
    fill!(
        PregnancyNotification {
            notified_on,
            gestation_days,
            pregnancy_month,
            due_date,
            last_menstrual_period,
            age,
            parity_order,
            fetus_count,
            height,
            weight_before,
            diagnosed_by,
            institution,
            institution_code,
            physician_note,
            concerns,
            sti_checked,
            tuberculosis_checked,
            smoking,
            smoking_in_household,
            alcohol,
            occupation,
            birth_away_from_home,
            stay_municipality,
            interviewer_role,
            unwanted,
        },
        new,
        old,
        cleared
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date_time(day: i32) -> proto::DateTime {
        let date = proto::Date { year: 2026, month: Some(10), day: Some(day) };
        proto::DateTime { date: Some(date), hour: None, minute: None, second: None }
    }

    fn details(ward: &str, phones: usize, sex: Option<proto::Sex>) -> proto::Entry {
        let contact = proto::Contact { system: "phone".to_owned(), r#use: ward.to_owned(), value: String::new() };
        let body = proto::PersonDetails {
            contacts: vec![contact; phones],
            sex: sex.map(Into::into),
            ..proto::PersonDetails::default()
        };
        proto::Entry { update: true, body: Some(Body::PersonDetails(body)), ..proto::Entry::default() }
    }

    fn read(entry: &proto::Entry) -> (usize, Option<i32>) {
        match &entry.body {
            Some(Body::PersonDetails(details)) => (details.contacts.len(), details.sex),
            _ => (0, None),
        }
    }

    #[test]
    fn what_is_left_out_stays_and_a_list_that_is_sent_replaces_the_whole_list() {
        let before = details("home", 2, Some(proto::Sex::Female));
        assert_eq!(read(&upon(details("", 0, None), &before)), (2, Some(proto::Sex::Female.into())));
        assert_eq!(read(&upon(details("work", 1, None), &before)).0, 1);
    }

    #[test]
    fn what_is_cleared_is_gone_and_nothing_else() {
        let before = details("home", 2, Some(proto::Sex::Female));
        let update = proto::Entry { cleared: vec!["contacts".to_owned()], ..details("", 0, None) };
        let after = upon(update, &before);
        assert_eq!(read(&after), (0, Some(proto::Sex::Female.into())));
        assert!(after.cleared.is_empty(), "a name of a field is nobody's business");
    }

    #[test]
    fn one_value_of_a_newborn_is_taken_back_and_the_others_stay() {
        let newborn = |weight: &str, apgar_1: Option<i32>, cleared: &[&str]| {
            let weight = proto::Quantity { value: weight.to_owned(), ..proto::Quantity::default() };
            let birth_weight = Some(weight).filter(|weight| !weight.value.is_empty());
            let body = Body::Newborn(proto::Newborn { birth_weight, apgar_1, ..proto::Newborn::default() });
            let cleared = cleared.iter().map(|name| (*name).to_owned()).collect();
            proto::Entry { update: true, cleared, body: Some(body), ..proto::Entry::default() }
        };
        let after = |update: proto::Entry| match upon(update, &newborn("2986", Some(8), &[])).body {
            Some(Body::Newborn(newborn)) => (newborn.birth_weight.map(|weight| weight.value), newborn.apgar_1),
            _ => (None, None),
        };
        assert_eq!(after(newborn("", None, &["birth_weight"])), (None, Some(8)));
        assert_eq!(after(newborn("2896", None, &["birth_weight"])), (Some("2896".to_owned()), Some(8)));
        assert_eq!(after(newborn("", Some(9), &[])), (Some("2986".to_owned()), Some(9)));
    }

    #[test]
    fn what_guarded_the_earlier_entry_guards_the_later() {
        let before =
            proto::Entry { label: proto::Label::R.into(), raised: vec![8], whereabouts: true, ..details("", 1, None) };
        let after = upon(proto::Entry { raised: vec![10], ..details("", 0, None) }, &before);
        assert_eq!((after.label(), after.raised, after.whereabouts), (proto::Label::R, vec![10, 8], true));
    }

    #[test]
    fn a_stay_keeps_its_beginning_and_loses_an_end_that_was_cancelled() {
        let stay = |start: Option<i32>, end: Option<i32>, cleared: &[&str]| {
            let period = proto::Period { start: start.map(date_time), end: end.map(date_time) };
            let encounter = proto::Encounter { period: Some(period), ..proto::Encounter::default() };
            let cleared = cleared.iter().map(|name| (*name).to_owned()).collect();
            proto::Entry { cleared, body: Some(Body::Encounter(encounter)), ..proto::Entry::default() }
        };
        let period = |entry: proto::Entry| match entry.body {
            Some(Body::Encounter(encounter)) => encounter.period.map(|p| (p.start.is_some(), p.end.is_some())),
            _ => None,
        };
        assert_eq!(period(upon(stay(None, Some(30), &[]), &stay(Some(26), None, &[]))), Some((true, true)));
        assert_eq!(period(upon(stay(None, None, &["end"]), &stay(Some(26), Some(30), &[]))), Some((true, false)));
    }

    #[test]
    fn a_delivery_keeps_what_a_later_word_on_its_method_leaves_out() {
        let entry = |body: proto::Delivery| proto::Entry {
            update: true,
            body: Some(Body::Delivery(body)),
            ..proto::Entry::default()
        };
        let before = proto::Delivery { delivered_at: Some(date_time(26)), child_count: Some(1), ..Default::default() };
        let method = proto::Delivery { method: "caesarean".to_owned(), ..Default::default() };
        let both = proto::Delivery { method: "caesarean".to_owned(), ..before.clone() };
        assert_eq!(upon(entry(method), &entry(before)).body, Some(Body::Delivery(both)));
    }

    #[test]
    fn the_day_of_a_birth_takes_away_no_hour_of_that_day() {
        let (hour, other) = (proto::DateTime { hour: Some(4), ..date_time(26) }, date_time(27));
        let entry = |at: proto::DateTime| {
            let body = Body::Newborn(proto::Newborn { born_at: Some(at), ..proto::Newborn::default() });
            proto::Entry { update: true, body: Some(body), ..proto::Entry::default() }
        };
        let after = |new, old| match upon(entry(new), &entry(old)).body {
            Some(Body::Newborn(newborn)) => newborn.born_at,
            _ => None,
        };
        assert_eq!(after(date_time(26), hour), Some(hour));
        assert_eq!(after(other, hour), Some(other), "another day is a correction");
        assert_eq!(after(proto::DateTime { hour: Some(5), ..hour }, hour).and_then(|at| at.hour), Some(5));
    }

    #[test]
    fn a_pregnancy_keeps_what_a_later_word_on_it_leaves_out_and_loses_what_that_takes_back() {
        let entry = |body: proto::PregnancyNotification, cleared: &[&str]| proto::Entry {
            update: true,
            cleared: cleared.iter().map(|name| (*name).to_owned()).collect(),
            body: Some(Body::PregnancyNotification(body)),
            ..proto::Entry::default()
        };
        let dated = |due: Option<i32>, period: Option<i32>| proto::PregnancyNotification {
            due_date: due.and_then(|day| date_time(day).date),
            last_menstrual_period: period.and_then(|day| date_time(day).date),
            ..proto::PregnancyNotification::default()
        };
        let after = |new, cleared| upon(entry(new, cleared), &entry(dated(Some(5), Some(29)), &[])).body;
        assert_eq!(after(dated(Some(7), None), &[]), Some(Body::PregnancyNotification(dated(Some(7), Some(29)))));
        let taken_back = after(dated(None, None), &["due_date"]);
        assert_eq!(taken_back, Some(Body::PregnancyNotification(dated(None, Some(29)))));
    }

    #[test]
    fn a_text_never_stands_beside_the_tables_of_an_older_one() {
        let notice = |course: &str, xhtml: &str| proto::DischargeNotice {
            course: course.to_owned(),
            course_xhtml: xhtml.to_owned(),
            ..proto::DischargeNotice::default()
        };
        let read = |new: proto::DischargeNotice, cleared: &[&str]| {
            let entry = |notice, cleared: &[&str]| proto::Entry {
                update: true,
                cleared: cleared.iter().map(|name| (*name).to_owned()).collect(),
                body: Some(Body::DischargeNotice(notice)),
                ..proto::Entry::default()
            };
            let before = entry(notice("古い", "<table/>"), &[]);
            match upon(entry(new, cleared), &before).body {
                Some(Body::DischargeNotice(notice)) => (notice.course, notice.course_xhtml),
                _ => Default::default(),
            }
        };
        let both = |text: &str, xhtml: &str| (text.to_owned(), xhtml.to_owned());
        assert_eq!(read(notice("", ""), &[]), both("古い", "<table/>"), "what says nothing changes nothing");
        assert_eq!(read(notice("新しい", ""), &[]), both("新しい", ""));
        assert_eq!(read(notice("新しい", "<ul/>"), &[]), both("新しい", "<ul/>"));
        assert_eq!(read(notice("", ""), &["course"]), both("", ""));
    }
}

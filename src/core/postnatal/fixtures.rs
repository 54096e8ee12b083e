//! Policies and reports that the tests of the rules share.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::care::*;
use super::policy::*;
use crate::id::Municipality;
use crate::time::{Day, Time};
use jiff::civil::date;

pub(super) fn shione() -> CarePolicy {
    CarePolicy::from_toml(include_str!("../../../policy/municipal/482072.toml")).unwrap()
}

pub(super) fn at(day: i8, hour: i8, minute: i8) -> Time {
    Time::from_japan(date(2026, 11, day).at(hour, minute, 0, 0))
}

pub(super) fn november(day: i8) -> Day {
    date(2026, 11, day)
}

fn stay_only(taxed: u32) -> CarePolicy {
    let mut policy = shione();
    policy.fee.stay = Some(Tiers { taxed, nontaxed: 0, welfare: 0 });
    policy.reduction = Reduction::default();
    policy
}

/// Five tickets of 2,500 (stay) and 2,000 (day); 5,000 a stay and 1,000 for each further child.
pub(super) fn yashio() -> CarePolicy {
    let mut policy = stay_only(5_000);
    policy.day_count.stay = StayCount::Nights;
    policy.multiples_add.stay = Some(1_000);
    policy.reduction = Reduction {
        mode: ReductionMode::Ticket,
        max_uses: 5,
        amount: 2_500,
        amounts: KindYen { day: Some(2_000), ..KindYen::default() },
        kinds: vec![Kind::Stay, Kind::Day],
        extra_child: true,
    };
    policy
}

/// A coupon for each day of the calendar, not for a further child.
pub(super) fn setagaya() -> CarePolicy {
    let mut policy = yashio();
    policy.day_count.stay = StayCount::CalendarDays;
    policy.reduction.extra_child = false;
    policy
}

/// 9,000 for each day of the calendar, 1,800 more for a further child; free on welfare.
pub(super) fn nanao() -> CarePolicy {
    let mut policy = stay_only(9_000);
    policy.multiples_add.stay = Some(1_800);
    policy
}

/// The city bears a share of the price.
pub(super) fn omaezaki(price: u32) -> CarePolicy {
    let mut policy = stay_only(15_000);
    policy.fee.mode = FeeMode::PublicShare;
    policy.fee.stay = Some(Tiers { taxed: 15_000, nontaxed: 30_000, welfare: 30_000 });
    policy.fee.at_least.stay = Some(Tiers { taxed: 0, nontaxed: 2_500, welfare: 2_500 });
    policy.price.stay = Some(price);
    policy
}

pub(super) fn approval() -> Approval {
    Approval {
        approval_no: "SK08-0041".to_owned(),
        municipality: Municipality::new("482072").unwrap(),
        provider: "PRV-482072-07".to_owned(),
        subject: Subject::MotherInfant,
        kinds: vec![Kind::Stay, Kind::Day],
        from: november(13),
        to: date(2027, 10, 25),
        birth_date: date(2026, 10, 26),
        gestation_days: Some(38 * 7 + 4),
        infants: vec![ApprovedInfant { key: "c-1".to_owned(), birth_date: date(2026, 10, 26) }],
        income: Income::Taxed,
        units_left: 7,
        reductions_left: 5,
        revised_on: november(12),
        extension: false,
        extension_pending: false,
    }
}

fn report(record_id: &str, kind: Kind, start: Time, end: Time) -> CareUse {
    CareUse {
        record_id: record_id.to_owned(),
        revision: 1,
        municipality: Municipality::new("482072").unwrap(),
        approval_no: "SK08-0041".to_owned(),
        provider: "PRV-482072-07".to_owned(),
        facility: "F1".to_owned(),
        kind,
        start,
        end,
        days: None,
        nights: None,
        status: Status::Done,
        staff: vec![StaffMember { role: StaffRole::Midwife, named: true }],
        night_staff: Vec::new(),
        care_recorded: true,
        infants: vec![InfantReport { key: "c-1".to_owned(), birth_order: Some(1) }],
        epds: None,
        separated_minutes: None,
        sleep_check_interval_min: Some(10),
        followup: Some(1),
        income: None,
        user_fee: 0,
        reduction: 0,
    }
}

fn midwife(from: Time, to: Time) -> Shift {
    Shift { role: StaffRole::Midwife, from, to }
}

/// Row 14 of the story: two nights, a midwife all night.
pub(super) fn first_stay() -> CareUse {
    let (start, end) = (at(16, 10, 0), at(18, 10, 0));
    let mut stay = report("R-0001", Kind::Stay, start, end);
    (stay.days, stay.nights) = (Some(3), Some(2));
    stay.night_staff = vec![midwife(start, at(17, 9, 0)), midwife(at(17, 9, 0), end)];
    (stay.user_fee, stay.reduction) = (3_000, 7_500);
    stay
}

/// Row 16 of the story: three nights, nobody on duty on the 27th from 01:00 to 02:30.
pub(super) fn second_stay() -> CareUse {
    let (start, end) = (at(24, 10, 0), at(27, 10, 0));
    let mut stay = report("R-0002", Kind::Stay, start, end);
    (stay.days, stay.nights) = (Some(4), Some(3));
    stay.night_staff = vec![midwife(at(27, 2, 30), end), midwife(start, at(27, 1, 0))];
    (stay.user_fee, stay.reduction) = (9_000, 5_000);
    stay
}

/// Row 17 of the story: a day use, the eighth day.
pub(super) fn eighth_day() -> CareUse {
    let day = date(2026, 12, 1);
    let moment = |hour| Time::from_japan(day.at(hour, 0, 0, 0));
    let mut use_of_day = report("R-0003", Kind::Day, moment(10), moment(16));
    use_of_day.user_fee = 1_500;
    use_of_day
}

pub(super) fn context(own_uses: Vec<CareUse>) -> CareContext {
    CareContext {
        place: "row 1".to_owned(),
        approval: Some(approval()),
        own_uses,
        capacity: Some(Capacity { stay: 2, day: 2 }),
        ..CareContext::default()
    }
}

//! What one municipality decided about postnatal care for one period, as data.

use super::care::{Kind, Subject};
use crate::days;
use crate::id::Municipality;
use crate::japan::one_year::{AgeBasis, OneYearEnd};
use crate::time::Day;
use serde::{Deserialize, Serialize};

/// Postnatal care policy of one municipality for one period (市町村の産後ケア事業実施要綱).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarePolicy {
    /// Whose policy it is.
    pub municipality: Municipality,
    /// First day of the period.
    #[serde(with = "days")]
    pub valid_from: Day,
    /// Last day of the period; open when absent.
    #[serde(default, with = "days::optional", skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Day>,
    /// Which day is the last of "within one year after birth".
    #[serde(default)]
    pub one_year_end: OneYearEnd,
    /// From which day the age of a preterm child is counted.
    #[serde(default)]
    pub age_basis: AgeBasis,
    /// Limits on units.
    pub limit: Limit,
    /// How a stay is counted.
    pub day_count: DayCount,
    /// Further limits on one kind.
    #[serde(default)]
    pub sub_limits: Vec<SubLimit>,
    /// What the user pays.
    pub fee: Fee,
    /// What lowers the fee.
    #[serde(default)]
    pub reduction: Reduction,
    /// Added for each further child and unit.
    #[serde(default)]
    pub multiples_add: KindYen,
    /// What the municipality pays the provider for one unit, additions not included (委託料単価).
    #[serde(default)]
    pub price: KindYen,
    /// Who may use the care at all.
    pub eligible: Vec<Subject>,
    /// Which reasons make a person eligible.
    #[serde(default)]
    pub eligibility: Eligibility,
    /// Care away from home (里帰り).
    #[serde(default)]
    pub satogaeri: Satogaeri,
    /// Do arrears of tax bar an application?
    #[serde(default)]
    pub tax_arrears_block: bool,
    /// Days after the use until the report is due.
    pub report_due_days: u32,
    /// Day of the next month on which the claim is due.
    pub claim_due_day: u32,
    /// Hours until a grave incident must have been reported.
    pub incident_due_hours: u32,
    /// Who pays when a use is cancelled.
    #[serde(default)]
    pub cancel_fee: CancelFee,
}

/// How much care a birth brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Over all kinds together, or for each kind.
    pub scope: Scope,
    /// What is counted.
    pub unit: LimitUnit,
    /// Units for each birth.
    pub max: u32,
    /// Units for each birth of several children.
    pub multiples_max: u32,
    /// What may lift the limit.
    pub extension: Extension,
    /// Longest single stay, in calendar days, without an extension.
    #[serde(default = "Limit::stay_days_default")]
    pub stay_days_max: u32,
}

impl Limit {
    /// Seven days in principle, as the ministry's model outline has it.
    const fn stay_days_default() -> u32 {
        7
    }
}

/// Over what a limit runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All kinds together.
    AllKinds,
    /// Each kind by itself.
    EachKind,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitUnit {
    /// Days, a stay as the policy counts it.
    Days,
    /// Uses: a stay is one, however long.
    Uses,
}

/// What may lift a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extension {
    /// A further approval of the municipality.
    Approval,
    /// Nothing.
    None,
}

/// How many units a use has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayCount {
    /// How a stay is counted.
    pub stay: StayCount,
}

/// How a stay is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StayCount {
    /// Days of the calendar, both ends included: one night is two days.
    CalendarDays,
    /// Nights: one night is one.
    Nights,
    /// Each 24 hours from the arrival, a part counting as one.
    Units,
}

/// A further limit on one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubLimit {
    /// The kind.
    pub kind: Kind,
    /// Most uses of it.
    #[serde(default)]
    pub max_uses: Option<u32>,
    /// The child must be younger than so many months.
    #[serde(default)]
    pub infant_age_months_lt: Option<i32>,
}

/// Something for each kind of care; a kind without it is not offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerKind<T> {
    /// Stay (宿泊型).
    #[serde(default = "none")]
    pub stay: Option<T>,
    /// Day use, individual (デイサービス・個別).
    #[serde(default = "none")]
    pub day: Option<T>,
    /// Day use in a group (デイサービス・集団).
    #[serde(default = "none")]
    pub day_group: Option<T>,
    /// Short day use (短時間).
    #[serde(default = "none")]
    pub day_short: Option<T>,
    /// Visit at home (アウトリーチ).
    #[serde(default = "none")]
    pub visit: Option<T>,
}

const fn none<T>() -> Option<T> {
    None
}

impl<T> Default for PerKind<T> {
    fn default() -> Self {
        PerKind { stay: None, day: None, day_group: None, day_short: None, visit: None }
    }
}

impl<T: Copy> PerKind<T> {
    /// What stands for this kind.
    pub const fn of(&self, kind: Kind) -> Option<T> {
        match kind {
            Kind::Stay => self.stay,
            Kind::Day => self.day,
            Kind::DayGroup => self.day_group,
            Kind::DayShort => self.day_short,
            Kind::Visit => self.visit,
        }
    }
}

/// Whole yen for each kind.
pub type KindYen = PerKind<u32>;

/// Income class of a household (所得区分), fixed on the day of the approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Income {
    /// On public assistance (生活保護).
    Welfare,
    /// Not taxed (非課税).
    Nontaxed,
    /// Taxed (課税).
    Taxed,
}

impl Income {
    /// Every class.
    pub const ALL: [Income; 3] = [Income::Welfare, Income::Nontaxed, Income::Taxed];

    /// From the code of layout PV01.
    pub const fn from_code(code: i32) -> Option<Self> {
        match code {
            1 => Some(Income::Welfare),
            2 => Some(Income::Nontaxed),
            3 => Some(Income::Taxed),
            _ => None,
        }
    }
}

/// Whole yen for each income class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tiers {
    /// Taxed household.
    pub taxed: u32,
    /// Household that is not taxed.
    pub nontaxed: u32,
    /// Household on welfare.
    pub welfare: u32,
}

impl Tiers {
    /// The amount for a class.
    pub const fn of(&self, income: Income) -> u32 {
        match income {
            Income::Welfare => self.welfare,
            Income::Nontaxed => self.nontaxed,
            Income::Taxed => self.taxed,
        }
    }
}

/// What the user pays for one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// How the amounts below are to be read.
    #[serde(default)]
    pub mode: FeeMode,
    /// Stay.
    #[serde(default)]
    pub stay: Option<Tiers>,
    /// Day use, individual.
    #[serde(default)]
    pub day: Option<Tiers>,
    /// Day use in a group.
    #[serde(default)]
    pub day_group: Option<Tiers>,
    /// Short day use.
    #[serde(default)]
    pub day_short: Option<Tiers>,
    /// Visit at home.
    #[serde(default)]
    pub visit: Option<Tiers>,
    /// In mode `public_share`: what the user pays at least.
    #[serde(default)]
    pub at_least: PerKind<Tiers>,
}

/// How a fee is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeMode {
    /// The table holds what the user pays.
    #[default]
    Table,
    /// The table holds what the municipality bears; the user pays the rest of the contract price.
    PublicShare,
}

impl Fee {
    /// The table's amounts for a kind.
    pub const fn of(&self, kind: Kind) -> Option<Tiers> {
        match kind {
            Kind::Stay => self.stay,
            Kind::Day => self.day,
            Kind::DayGroup => self.day_group,
            Kind::DayShort => self.day_short,
            Kind::Visit => self.visit,
        }
    }
}

/// What lowers the fee (利用者負担の減免).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reduction {
    /// How it is given.
    pub mode: ReductionMode,
    /// Units for each birth that may be reduced.
    pub max_uses: u32,
    /// Yen for each unit.
    pub amount: u32,
    /// Kinds for which another amount holds.
    #[serde(default)]
    pub amounts: KindYen,
    /// Kinds that may be reduced.
    pub kinds: Vec<Kind>,
    /// May the addition for a further child be reduced too?
    #[serde(default = "Reduction::extra_child_default")]
    pub extra_child: bool,
}

impl Reduction {
    const fn extra_child_default() -> bool {
        true
    }

    /// Yen by which one unit of this kind is reduced; nothing for a kind outside the list.
    pub fn amount_for(&self, kind: Kind) -> u32 {
        if self.kinds.contains(&kind) { self.amounts.of(kind).unwrap_or(self.amount) } else { 0 }
    }
}

impl Default for Reduction {
    fn default() -> Self {
        Reduction {
            mode: ReductionMode::None,
            max_uses: 0,
            amount: 0,
            amounts: KindYen::default(),
            kinds: Vec::new(),
            extra_child: true,
        }
    }
}

/// How a reduction is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReductionMode {
    /// The provider collects tickets (減免券).
    Ticket,
    /// The user claims it back later; the provider charges the full fee.
    Refund,
    /// The fee is reduced already.
    BuiltIn,
    /// There is none.
    None,
}

/// Which reasons make a person eligible: one of each list of `all_of`, none of `none_of`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eligibility {
    /// Of each of these lists one reason must be there.
    #[serde(default)]
    pub all_of: Vec<Vec<String>>,
    /// None of these reasons may be there.
    #[serde(default)]
    pub none_of: Vec<String>,
}

impl Eligibility {
    /// Do these reasons make a person eligible?
    pub fn met_by(&self, reasons: &[&str]) -> bool {
        let given = |reason: &String| reasons.contains(&reason.as_str());
        self.all_of.iter().all(|any| any.iter().any(given)) && !self.none_of.iter().any(given)
    }
}

/// Care away from home.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Satogaeri {
    /// Only with the municipality's own providers.
    #[default]
    OwnOnly,
    /// With any provider in the prefecture.
    Prefecture,
}

/// Who pays when a use is cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelFee {
    /// The user, by the provider's own terms; the municipality pays nothing.
    #[default]
    User,
    /// The municipality.
    Municipality,
}

/// A policy file that cannot be read. Names the problem, not the file's content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not of the form of a policy.
    #[error("not a postnatal care policy: {0}")]
    Form(String),
    /// Two policies of one municipality for one day.
    #[error("two policies of municipality {0} hold on the same day")]
    Overlap(Municipality),
}

impl CarePolicy {
    /// Reads one policy file.
    ///
    /// # Errors
    /// When a key is unknown or missing, or a value is of another type.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        toml::from_str(text).map_err(|error| PolicyError::Form(error.message().to_owned()))
    }

    fn holds_on(&self, day: Day) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }

    fn overlaps(&self, other: &CarePolicy) -> bool {
        self.municipality == other.municipality
            && self.valid_to.is_none_or(|last| other.valid_from <= last)
            && other.valid_to.is_none_or(|last| self.valid_from <= last)
    }
}

/// The policies of every municipality that the hub serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies(Vec<CarePolicy>);

impl Policies {
    /// Takes policies together.
    ///
    /// # Errors
    /// When two of one municipality hold on the same day.
    pub fn new(all: Vec<CarePolicy>) -> Result<Self, PolicyError> {
        for (index, one) in all.iter().enumerate() {
            if all.iter().skip(index + 1).any(|other| one.overlaps(other)) {
                return Err(PolicyError::Overlap(one.municipality.clone()));
            }
        }
        Ok(Policies(all))
    }

    /// The policies in `policy/municipal/`, built in.
    ///
    /// # Errors
    /// Never for the files as they were released; a test reads them.
    pub fn shipped() -> Result<Self, PolicyError> {
        Policies::new(vec![CarePolicy::from_toml(include_str!("../../../policy/municipal/482072.toml"))?])
    }

    /// The policy of a municipality on a day of use.
    pub fn at(&self, municipality: &Municipality, day: Day) -> Option<&CarePolicy> {
        self.0.iter().find(|policy| policy.municipality == *municipality && policy.holds_on(day))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::fixtures::shione;
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_shipped_policies_can_be_read() {
        let policies = Policies::shipped().unwrap();
        let city = Municipality::new("482072").unwrap();
        assert_eq!(policies.at(&city, date(2026, 3, 31)), None);
        assert_eq!(policies.at(&city, date(2026, 4, 1)), Some(&shione()));
    }

    #[test]
    fn an_unknown_key_in_a_policy_is_refused() {
        let text = include_str!("../../../policy/municipal/482072.toml").replace("satogaeri", "satogaerl");
        assert!(matches!(CarePolicy::from_toml(&text), Err(PolicyError::Form(_))));
    }

    #[test]
    fn two_policies_for_one_day_are_refused() {
        let mut ended = shione();
        ended.valid_to = Some(date(2026, 9, 30));
        let mut next = shione();
        next.valid_from = date(2026, 10, 1);
        assert!(Policies::new(vec![ended.clone(), next.clone()]).is_ok());
        next.valid_from = date(2026, 9, 30);
        assert!(matches!(Policies::new(vec![ended, next]), Err(PolicyError::Overlap(_))));
    }

    #[test]
    fn support_missing_and_anxiety_make_eligible_but_need_of_hospital_care_does_not() {
        let rule = shione().eligibility;
        assert!(rule.met_by(&["no_family_support", "trouble_or_anxiety"]));
        assert!(rule.met_by(&["no_family_support", "special_need"]));
        assert!(!rule.met_by(&["trouble_or_anxiety", "special_need"]));
        assert!(!rule.met_by(&["no_family_support"]));
        assert!(!rule.met_by(&["no_family_support", "special_need", "hospital_care_needed"]));
    }

    #[test]
    fn the_example_of_the_format_document_can_be_read() {
        let text = r#"{"municipality":"401005","valid_from":"2024-10-01",
         "one_year_end":"day_before_birthday","age_basis":"chronological",
         "limit":{"scope":"all_kinds","unit":"days","max":7,"multiples_max":7,"extension":"approval"},
         "day_count":{"stay":"nights"},
         "sub_limits":[{"kind":"day_short","max_uses":3,"infant_age_months_lt":4}],
         "fee":{"stay":{"taxed":3000,"nontaxed":1000,"welfare":1000},"day":{"taxed":1000,"nontaxed":300,"welfare":300}},
         "reduction":{"mode":"built_in","max_uses":0,"amount":0,"kinds":[]},
         "multiples_add":{"stay":0,"day":0},"eligible":["mother_infant"],"satogaeri":"own_only","tax_arrears_block":false,
         "report_due_days":10,"claim_due_day":10,"incident_due_hours":24,"cancel_fee":"user"}"#;
        let policy: CarePolicy = serde_json::from_str(text).unwrap();
        assert_eq!(policy.day_count.stay, StayCount::Nights);
        assert_eq!(policy.limit.stay_days_max, 7);
    }
}

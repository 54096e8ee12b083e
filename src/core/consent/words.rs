//! The words of a decision: cells, grounds, outcomes, rules.

use crate::agency::{UnknownWord, words};
use serde::{Deserialize, Serialize, de, ser};
use std::fmt;
use std::str::FromStr;

words! {
    /// What a cell of the matrix allows (`consent.md` section 5).
    Cell {
        /// Statutory task or delegated processing (法定事務・委託).
        Task = "D!",
        /// Default while a relation exists; an objection ends it.
        Default = "D",
        /// Default in a generalised form; full with consent.
        General = "G",
        /// Consent.
        Consent = "C",
        /// Consent or a ground.
        ConsentOrGround = "CS",
        /// A ground only; consent does not help.
        Ground = "S",
        /// Never by tiers T5 to T10.
        Never = "-",
    }
}

words! {
    /// Legal ground (法的根拠) of the registry. There is no L11 and no L15.
    GroundCode {
        /// CAPTA 6: notification of abuse (虐待通告).
        L01 = "L01",
        /// CWA 25: notification of a child in need of protection (要保護児童の通告).
        L02 = "L02",
        /// CWA 21-10-5: information on a family that seems to need support.
        L03 = "L03",
        /// CAPTA 13-4: material on request.
        L04 = "L04",
        /// CWA 25-2, 25-3: local council (要保護児童対策地域協議会).
        L05 = "L05",
        /// CWA 25-7, 25-8, 26: referral between authorities (送致).
        L06 = "L06",
        /// MCH 19-2: check-ups after a move.
        L07 = "L07",
        /// APPI 27(1)(ii), 69(2)(iv): break-glass.
        L08 = "L08",
        /// APPI 27(1)(iii): sound upbringing of children.
        L09 = "L09",
        /// APPI 27(1)(iv): cooperation with a public task.
        L10 = "L10",
        /// APPI 69(2)(iii): to another public body for its task.
        L12 = "L12",
        /// APPI 69(2)(iv): clearly in the person's interest.
        L13 = "L13",
        /// APPI 27(5)(i), 66: delegation (委託).
        L14 = "L14",
        /// Court order, warrant, 弁護士会照会: a legal officer releases by hand.
        L16 = "L16",
    }
}

words! {
    /// What a ground does to the one who holds the data.
    Nature {
        /// A duty: tier T2.
        Duty = "duty",
        /// An effort duty or a power of the holder: tier T5.
        Power = "power",
        /// An emergency: tier T3.
        Emergency = "emergency",
        /// Delegated processing: the cells `D!` and `D`.
        Delegation = "delegation",
        /// Outside the automatic path.
        Manual = "manual",
    }
}

words! {
    /// Sensitivity label, asserted by the source; can only raise.
    #[derive(Default)]
    Label {
        /// Normal.
        #[default]
        N = "N",
        /// Restricted: no default applies.
        R = "R",
        /// Very restricted: consent must name the category.
        V = "V",
    }
}

words! {
    /// The source's restriction on onward release (再提供の制限).
    #[derive(Default)]
    Originator {
        /// None.
        #[default]
        None = "none",
        /// Ask first.
        Ask = "ask",
        /// No.
        No = "no",
    }
}

words! {
    /// What an adjustment of a cell depends on.
    Condition {
        /// Result of work that the municipality commissioned.
        Commissioned = "commissioned",
        /// The child-welfare role of the member of staff.
        ChildWelfareRole = "child_welfare_role",
        /// The assigned service comes to the home.
        Outreach = "outreach",
        /// Party to the referral.
        Party = "party",
        /// The recipient's own report.
        OwnReport = "own_report",
    }
}

words! {
    /// What a decision says, from open to shut.
    Outcome {
        /// May be shown.
        Permit = "PERMIT",
        /// The general form may be shown.
        General = "PERMIT-G",
        /// A person must decide.
        Hold = "HOLD",
        /// Is not shown.
        Deny = "DENY",
        /// Is not even taken in.
        Refuse = "REFUSE",
    }
}

/// Which rule decided; in the order of the tiers. Written as in `consent.md` section 6: `T0.8`, `T5.L04`, `T9.consent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// T0.1: an individual number (個人番号).
    IndividualNumber,
    /// T0.2: the agency is revoked or suspended.
    Inactive,
    /// T0.3: the purpose is not allowed for the kind.
    Purpose,
    /// T0.4: not a listed member of the council case.
    Membership,
    /// T0.5: the notifier's identity.
    Notifier,
    /// T0.6: sealed.
    Seal,
    /// T0.7: the recipient is linked to the perpetrator.
    Perpetrator,
    /// T0.8: address shield.
    Shield,
    /// T1: the author's own version.
    Author,
    /// T2: a duty.
    Duty(GroundCode),
    /// T3: break-glass.
    BreakGlass,
    /// T4: outside the ceiling.
    Ceiling,
    /// T5: a permissive ground that the source approved.
    Ground(GroundCode),
    /// T5: the source has not approved.
    Approval,
    /// T5: the source marked a risk of unjust harm.
    Proviso,
    /// T6: a statutory task.
    Task,
    /// T6, and an objection that the officer is shown.
    TaskDespiteObjection,
    /// T7: an objection.
    Objection,
    /// T7: an objection by someone in a conflict of interest.
    Conflict,
    /// T8: the source's restriction.
    Originator,
    /// T9: consent.
    Consent,
    /// T10: a default with a relation.
    Default,
    /// T11: nothing opens it.
    DefaultDeny,
}

impl Rule {
    const FIXED: [(Rule, &'static str); 21] = [
        (Rule::IndividualNumber, "T0.1"),
        (Rule::Inactive, "T0.2"),
        (Rule::Purpose, "T0.3"),
        (Rule::Membership, "T0.4"),
        (Rule::Notifier, "T0.5"),
        (Rule::Seal, "T0.6"),
        (Rule::Perpetrator, "T0.7"),
        (Rule::Shield, "T0.8"),
        (Rule::Author, "T1.author"),
        (Rule::BreakGlass, "T3.BG"),
        (Rule::Ceiling, "T4.ceiling"),
        (Rule::Approval, "T5.approval"),
        (Rule::Proviso, "T5.proviso"),
        (Rule::Task, "T6.task"),
        (Rule::TaskDespiteObjection, "T6.task+objection-notice"),
        (Rule::Objection, "T7.objection"),
        (Rule::Conflict, "T7.conflict"),
        (Rule::Originator, "T8.originator"),
        (Rule::Consent, "T9.consent"),
        (Rule::Default, "T10.default"),
        (Rule::DefaultDeny, "T11.default-deny"),
    ];
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Duty(code) => write!(f, "T2.{code}"),
            Rule::Ground(code) => write!(f, "T5.{code}"),
            fixed => f.write_str(Rule::FIXED.iter().find(|(rule, _)| rule == fixed).map_or("", |(_, text)| text)),
        }
    }
}

impl FromStr for Rule {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        if let Some((rule, _)) = Rule::FIXED.iter().find(|(_, fixed)| *fixed == text) {
            return Ok(*rule);
        }
        match text.split_once('.') {
            Some(("T2", code)) => code.parse().map(Rule::Duty),
            Some(("T5", code)) => code.parse().map(Rule::Ground),
            _ => Err(UnknownWord("Rule")),
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

words! {
    /// A fact that a decision rests on.
    Seen {
        /// An individual number was found.
        IndividualNumber = "individual_number",
        /// The agency's state.
        Inactive = "inactive",
        /// The council's list of members.
        Membership = "council_member",
        /// A seal.
        Seal = "seal",
        /// A link to the perpetrator.
        Perpetrator = "linked_to_perpetrator",
        /// A shield.
        Shield = "shield",
        /// Authorship.
        Author = "author",
        /// The ground that was asserted.
        Ground = "ground",
        /// The source's approval of this request.
        Approved = "approved",
        /// A standing approval of the source.
        Standing = "standing",
        /// The source's mark of a risk of unjust harm.
        Proviso = "proviso_harm",
        /// A live break-glass record.
        BreakGlass = "break_glass",
        /// The relation that the purpose needs.
        Relation = "relation",
        /// That there is no relation, where one would have opened it.
        NoRelation = "no_relation",
        /// The source's sensitivity label, where the default opens only what bears none.
        Label = "label",
        /// An objection.
        Objection = "objection",
        /// The objector's conflict of interest.
        Conflict = "objector_conflict",
        /// The source's restriction.
        Originator = "originator",
        /// A permit.
        Permit = "permit",
        /// A condition that adjusted the cell.
        Adjusted = "adjusted",
    }
}

/// What a decision rests on: the cell, and the facts that counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// The cell after its adjustments; `None` when a gate decided before the matrix was read.
    pub cell: Option<Cell>,
    seen: u32,
}

impl Evidence {
    /// The cell alone.
    pub const fn of(cell: Cell) -> Self {
        Evidence { cell: Some(cell), seen: 0 }
    }

    /// With one more fact.
    #[must_use]
    pub const fn and(mut self, fact: Seen) -> Self {
        self.seen |= 1 << fact as u32;
        self
    }

    /// With one more fact, when it holds.
    #[must_use]
    pub const fn and_if(self, holds: bool, fact: Seen) -> Self {
        if holds { self.and(fact) } else { self }
    }

    /// What both rest on.
    #[must_use]
    pub const fn merge(self, other: Self) -> Self {
        let cell = if self.cell.is_some() { self.cell } else { other.cell };
        Evidence { cell, seen: self.seen | other.seen }
    }

    /// The facts, in order.
    pub fn seen(self) -> impl Iterator<Item = Seen> {
        Seen::ALL.iter().copied().filter(move |fact| self.seen & (1 << *fact as u32) != 0)
    }
}

/// The cell and the facts: `CS ground approved`; `-` where no cell was read.
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cell {
            Some(cell) => write!(f, "{cell}")?,
            None => f.write_str("-")?,
        }
        self.seen().try_for_each(|fact| write!(f, " {fact}"))
    }
}

impl Serialize for Evidence {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("cell", &self.cell)?;
        map.serialize_entry("facts", &self.seen().collect::<Vec<_>>())?;
        map.end()
    }
}

/// The answer to one question. Displays as `DENY T11.default-deny`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What it says.
    pub outcome: Outcome,
    /// The rule that decided.
    pub rule: Rule,
    /// What it rests on.
    pub evidence: Evidence,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.outcome, self.rule)
    }
}

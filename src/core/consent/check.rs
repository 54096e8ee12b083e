//! What must be true of a record before it is taken on file.

use super::grantor::birthday;
use super::policy::Policy;
use super::records::{BreakGlass, Consent, ConsentKind, CouncilCase, Grantee, Ground, Relationship, Scope, Shield};
use super::words::{GroundCode, Nature};
use crate::adapter::Text;
use crate::agency::{AgencyKind, Category, CategorySet, Purpose};
use crate::time::{Day, Time};
use jiff::ToSpan;
use std::fmt;

/// Why a record is not taken. Names the field, never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFault {
    /// `MU-E401` …
    pub code: &'static str,
    /// The field.
    pub place: &'static str,
    /// What is wrong and the mend.
    pub text: Text,
}

impl fmt::Display for RecordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} / {}", self.code, self.place, self.text.ja, self.text.en)
    }
}

impl std::error::Error for RecordFault {}

/// A permit lasts this long at most, in months; a child's until its first or third birthday at most, when that is later.
const PERMIT_MONTHS_MAX: i32 = 24;
/// Birthdays at which a permit for a child may end.
const BIRTHDAYS: [u8; 2] = [1, 3];

pub(super) const fn fault(code: &'static str, place: &'static str, ja: &'static str, en: &'static str) -> RecordFault {
    let text = Text { ja: std::borrow::Cow::Borrowed(ja), en: std::borrow::Cow::Borrowed(en) };
    RecordFault { code, place, text }
}

pub(super) fn faults<const N: usize>(all: [Option<RecordFault>; N]) -> Result<(), Vec<RecordFault>> {
    let all: Vec<RecordFault> = all.into_iter().flatten().collect();
    if all.is_empty() { Ok(()) } else { Err(all) }
}

pub(super) fn blank(text: &str) -> bool {
    text.trim().is_empty()
}

impl Consent {
    /// Checks a consent record. A record that passes may still have no effect: who gave it is weighed at each decision, and
    /// paper without scan or witness is to be recorded as `unverified` (see [`Consent::verified`]).
    ///
    /// # Errors
    /// Every fault, with the field.
    pub fn check(&self, birth_date: Option<Day>) -> Result<(), Vec<RecordFault>> {
        let permit = self.kind == ConsentKind::Permit;
        let nobody = matches!(self.categories, Scope::Named(named) if named.is_empty());
        let operations = self.purposes.iter().any(|p| matches!(p, Purpose::P10 | Purpose::P12));
        let notifier = matches!(self.categories, Scope::Named(named) if permit && named.has(Category::C20));
        let backwards = self.valid_until.is_some_and(|until| until <= self.valid_from);
        let claims =
            !matches!(self.relationship, Relationship::Subject | Relationship::ParentalAuthority | Relationship::Other);
        faults([
            (permit && self.grantee == Grantee::Everyone).then(|| {
                fault(
                    "MU-E401",
                    "grantee",
                    "同意の相手は機関、種別または担当事業者を指定してください。",
                    "A permit names an agency, a kind or the assigned provider, never everyone.",
                )
            }),
            nobody.then(|| {
                fault("MU-E402", "categories", "区分を一つ以上指定してください。", "Name at least one category.")
            }),
            notifier.then(|| {
                fault(
                    "MU-E403",
                    "categories",
                    "通告者の情報は同意の対象になりません。",
                    "No consent opens the notifier's identity.",
                )
            }),
            (permit && self.purposes.is_empty() || operations).then(|| {
                fault(
                    "MU-E404",
                    "purposes",
                    "目的を P1 から P9 または P11 で指定してください。",
                    "List the purposes: P1 to P9 or P11.",
                )
            }),
            (permit && self.valid_until.is_none())
                .then(|| fault("MU-E405", "valid_until", "同意には期限が必要です。", "A permit needs an end.")),
            (permit && self.too_long(birth_date)).then(|| {
                fault(
                    "MU-E406",
                    "valid_until",
                    "同意の期限は24か月以内、または子の1歳・3歳の誕生日までです。",
                    "A permit ends within 24 months, or at the child's first or third birthday.",
                )
            }),
            backwards
                .then(|| fault("MU-E407", "valid_until", "終わりが始まりより前です。", "It ends before it begins.")),
            (permit && (blank(&self.evidence.form) || blank(&self.evidence.form_version))).then(|| {
                fault(
                    "MU-E408",
                    "evidence.form",
                    "様式の番号と版を記録してください。",
                    "Record the form and its version.",
                )
            }),
            (permit && claims && blank(&self.authority)).then(|| {
                fault(
                    "MU-E409",
                    "authority",
                    "代理の権限を示す資料を記録してください。",
                    "Record the evidence of authority.",
                )
            }),
            (self.version == 0).then(|| fault("MU-E410", "version", "版は1から始まります。", "Versions begin at 1.")),
        ])
    }

    fn too_long(&self, birth_date: Option<Day>) -> bool {
        let Some(until) = self.valid_until else { return false };
        let begins = self.valid_from.japan();
        let latest = begins.checked_add(PERMIT_MONTHS_MAX.months()).map_or(self.valid_from, Time::from_japan);
        // A date-only end is 24:00 of its day: the same day of the month two years on is still within.
        let latest = latest.max(Time::end_of(latest.day()));
        let to_birthday = |age: &u8| birth_date.is_some_and(|born| until <= Time::end_of(birthday(born, *age).day()));
        until > latest && !BIRTHDAYS.iter().any(to_birthday)
    }

    /// Is it proven? If not, it must be recorded as `unverified` (E15). Only paper and spoken permits need a scan or witness.
    pub fn verified(&self) -> bool {
        let opens = matches!(self.kind, ConsentKind::Permit | ConsentKind::ObjectionLifted);
        !opens || self.evidence.stands()
    }
}

impl Ground {
    /// Checks an assertion against the registry.
    ///
    /// # Errors
    /// Every fault, with the field.
    pub fn check(&self, policy: &Policy, recipient: AgencyKind) -> Result<(), Vec<RecordFault>> {
        let Some(entry) = policy.ground(self.code) else { return Err(vec![not_automatic()]) };
        let begins = self.from.day();
        let version = self.statute_version.parse::<Day>().ok();
        let version_known = version.is_some_and(|version| {
            let in_force =
                |v: &super::policy::StatuteVersion| v.from <= version && v.until.is_none_or(|end| version <= end);
            version <= begins && entry.versions.iter().any(in_force)
        });
        let evidence = entry.evidence.iter().all(|name| self.evidence.get(name).is_some_and(|text| !blank(text)));
        let backwards = self.until.is_some_and(|until| until <= self.from);
        let days_max = entry.days_max.map(i64::from);
        let too_long = days_max
            .is_some_and(|days| self.until.is_some_and(|until| until > Time::end_of(self.from.plus_days(days).day())));
        faults([
            matches!(entry.nature, Nature::Manual | Nature::Emergency).then(not_automatic),
            (!entry.recipients.contains(&recipient)).then(|| {
                fault(
                    "MU-E421",
                    "recipient",
                    "この根拠では、この種別の機関は提供を受けられません。",
                    "This ground has no recipients of this kind.",
                )
            }),
            (!version_known).then(|| {
                fault(
                    "MU-E422",
                    "statute_version",
                    "法令の版(施行日)が台帳にありません。",
                    "The registry has no such version of the statute; write a date on which it is in force.",
                )
            }),
            self.until
                .is_none()
                .then(|| fault("MU-E423", "until", "根拠には終わりが必要です。", "A ground needs an end.")),
            backwards.then(|| fault("MU-E424", "until", "終わりが始まりより前です。", "It ends before it begins.")),
            too_long.then(|| {
                fault("MU-E425", "until", "根拠の期間が長すぎます。", "The period is longer than this ground allows.")
            }),
            (self.subjects.is_empty()).then(|| {
                fault("MU-E426", "subjects", "対象者を一人以上指定してください。", "Name at least one person.")
            }),
            outside(self.categories, entry.mask).then(|| {
                fault(
                    "MU-E427",
                    "categories",
                    "この根拠で提供できる区分を指定してください。",
                    "Name categories that this ground can open, and no others.",
                )
            }),
            (!evidence).then(|| {
                fault(
                    "MU-E428",
                    "evidence",
                    "根拠に必要な記録がそろっていません。",
                    "Evidence that the registry requires is missing.",
                )
            }),
            (blank(&self.asserting_officer)).then(|| {
                fault(
                    "MU-E429",
                    "asserting_officer",
                    "主張した職員を記録してください。",
                    "Record the officer who asserts it.",
                )
            }),
            (self.code == GroundCode::L04 && blank(&self.necessity)).then(|| {
                fault("MU-E430", "necessity", "必要とする理由を記録してください。", "Record why it is necessary.")
            }),
        ])
    }
}

fn outside(asserted: CategorySet, mask: CategorySet) -> bool {
    asserted.is_empty() || !asserted.minus(mask).is_empty()
}

const fn not_automatic() -> RecordFault {
    fault(
        "MU-E420",
        "code",
        "この根拠は自動では扱えません。法務担当者に相談してください。",
        "This ground is not handled here: ask the legal officer, or use break-glass in an emergency.",
    )
}

impl BreakGlass {
    /// Checks the first step.
    ///
    /// # Errors
    /// Every fault, with the field.
    pub fn check(&self) -> Result<(), Vec<RecordFault>> {
        faults([
            blank(&self.reason_code).then(|| {
                fault("MU-E441", "reason_code", "理由の符号を選んでください。", "Choose the code of the reason.")
            }),
            (self.reason.trim().chars().count() < BreakGlass::REASON_MIN).then(|| {
                fault(
                    "MU-E442",
                    "reason",
                    "理由を20文字以上で書いてください。",
                    "Give the reason in 20 characters or more.",
                )
            }),
            (blank(&self.staff_id) || self.staff_id == "system").then(|| {
                fault(
                    "MU-E443",
                    "staff_id",
                    "緊急閲覧は職員本人に限ります。",
                    "Only a member of staff may break the glass.",
                )
            }),
        ])
    }
}

impl Shield {
    /// Checks the period.
    ///
    /// # Errors
    /// Every fault, with the field.
    pub fn check(&self) -> Result<(), Vec<RecordFault>> {
        faults([(self.until <= self.since)
            .then(|| fault("MU-E451", "until", "終わりが始まりより前です。", "It ends before it begins."))])
    }
}

impl CouncilCase {
    /// Checks number, persons and dates of members.
    ///
    /// # Errors
    /// Every fault, with the field.
    pub fn check(&self) -> Result<(), Vec<RecordFault>> {
        let backwards = self.members.iter().any(|m| m.until.is_some_and(|until| until <= m.from));
        faults([
            blank(&self.number).then(|| {
                fault("MU-E461", "number", "ケース番号を記録してください。", "Record the number of the case.")
            }),
            self.subjects.is_empty().then(|| {
                fault("MU-E462", "subjects", "対象者を一人以上指定してください。", "Name at least one person.")
            }),
            backwards.then(|| {
                fault("MU-E463", "members", "終わりが始まりより前です。", "A membership ends before it begins.")
            }),
        ])
    }
}

//! Notifications (通告) and information on families that need support, out of the concerns that agencies hand in (`consent.md`
//! section 5, flow 3; the rules are `musubi_core::notification`'s). The authority is told at once, those of it whose task it is; an
//! author is told that it was received, or exactly what is missing, and never what followed.

use super::access::reason_too_short;
use super::caller::Caller;
use super::emergency::not_an_answer;
use super::family::Family;
use super::grounds::GroundTerms;
use super::work::{Answer, Question, WorkBody, WorkItem, no_such_item};
use super::{Hub, Refusal};
use crate::store::{Change, WorkItemRow};
use musubi_core::adapter::{Diagnostic, Severity, Text};
use musubi_core::agency::{AgencyId, CategorySet};
use musubi_core::consent::GroundCode;
use musubi_core::consent::records::Ground;
use musubi_core::consent::weighing::Weighing;
use musubi_core::id::{MessageId, PersonId, WorkItemId};
use musubi_core::notification::{GROUND, NOTIFYING_PERSON, OFFERED_UNDER, Offer, offers};
use musubi_core::record::{CONCERN, SharedEntry};
use musubi_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Kind of the work item by which an authority is told.
pub(super) const NOTIFICATION: &str = "notification";
/// Kind of the work item by which an author is asked for what is missing.
pub(super) const FORM: &str = "notification_form";
/// Days in which somebody at the authority has looked at it: a child is to be seen within 48 hours of a notification.
const LOOKED_AT_DAYS: i64 = 1;
/// Days in which the author states what is missing.
const STATED_DAYS: i64 = 1;

/// What may have to be stated: its name in the registry, in Japanese, in English.
pub const STATEMENTS: [(&str, &str, &str); 7] = [
    (
        GROUND,
        "根拠(L01 虐待の通告・L02 要保護児童の通告・L03 支援を要する家庭の情報提供)",
        "the ground (L01, L02 or L03)",
    ),
    (NOTIFYING_PERSON, "通告者(気づいた職員)", "who notifies"),
    ("notifying_office", "通告する機関", "the office that notifies"),
    ("suspicion", "疑いの内容", "what is suspected"),
    ("time", "気づいた日時", "when it was noticed"),
    ("why_support", "支援が必要と思う理由", "why the family seems to need support"),
    ("consent_sought", "本人・家族の同意を求めたか", "whether the family was asked"),
];

/// A concern that waits for what is missing, for its author.
pub struct Wanting {
    /// The work item.
    pub item: WorkItem,
    /// The message that holds it.
    pub message: MessageId,
    /// What the author stated so far.
    pub offers: Vec<Offer>,
    /// Names of what is missing.
    pub missing: Vec<String>,
}

impl Wanting {
    /// Is this missing?
    pub fn lacks(&self, name: &str) -> bool {
        self.missing.iter().any(|missing| missing == name)
    }
}

impl Hub {
    /// The ground that an offer becomes: of its author alone, about the message that holds it.
    pub(super) fn offered_ground(
        &self,
        caller: &Caller,
        (offer, code): (&Offer, GroundCode),
        recipient: AgencyId,
        message: MessageId,
        now: Time,
    ) -> Result<Ground, Refusal> {
        let mut evidence = offer.evidence.clone();
        self.keep_asked(code, &mut evidence);
        let terms = GroundTerms {
            categories: Offer::categories(&self.policy, code),
            evidence,
            until: Some(self.last_moment(code, now)),
            message: Some(message),
            ..GroundTerms::default()
        };
        let persons: Vec<PersonId> = offer.persons.iter().copied().collect();
        self.may_disclose(caller, code)?;
        let mut ground = self.ground(caller, code, recipient, &persons, &terms, now);
        if !caller.is_person() {
            ground.asserting_officer = offer.evidence.get(NOTIFYING_PERSON).cloned().unwrap_or_default();
        }
        ground.sources = vec![caller.id().clone()];
        self.check_ground(&ground)?;
        self.check_duty(&ground)?;
        Ok(ground)
    }

    /// What the message of an assertion says of its concerns stands in for what the assertion itself leaves out.
    pub(super) fn fill_in(
        &self,
        caller: &Caller,
        code: GroundCode,
        terms: &mut GroundTerms,
        family: &Family,
        now: Time,
    ) {
        let Some(message) = terms.message.filter(|_| OFFERED_UNDER.contains(&code)) else { return };
        let offered = offers(family.came_with(message), caller.id());
        if offered.is_empty() {
            return;
        }
        for (name, stated) in offered.into_iter().flat_map(|offer| offer.evidence) {
            terms.evidence.entry(name).or_insert(stated);
        }
        self.keep_asked(code, &mut terms.evidence);
        if terms.categories == CategorySet::EMPTY {
            terms.categories = Offer::categories(&self.policy, code);
        }
        terms.until = terms.until.or_else(|| Some(self.last_moment(code, now)));
    }

    /// Of what is stated, what the registry asks for.
    fn keep_asked(&self, code: GroundCode, stated: &mut BTreeMap<String, String>) {
        let asked = self.policy.ground(code).map(|entry| entry.evidence.as_slice()).unwrap_or_default();
        stated.retain(|name, _| asked.contains(name));
    }

    /// A notification that a person asserts goes to its recipient at once, and the author need not state anything more.
    pub(super) async fn notify(
        &self,
        caller: &Caller,
        ground: &Ground,
        family: &Family,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        let of_concern = ground.message.is_some_and(|message| family.came_with(message).any(is_concern));
        if !OFFERED_UNDER.contains(&ground.code) || ground.code == GroundCode::L03 && !of_concern {
            return Ok(());
        }
        let (municipality, now) = (self.municipality_of(family, caller), ground.recorded_at);
        let question = Question {
            owner: &ground.recipient,
            kind: NOTIFICATION,
            due: told_by(now),
            municipality: &municipality,
            family,
            persons: &ground.subjects,
        };
        change.rows.push(self.ask(now, &question, &self.told(ground))?);
        for (row, body) in self.forms_of(caller.id(), family, &|message| Some(message) == ground.message).await? {
            self.over(now, family, row, body, change)?;
        }
        Ok(())
    }

    /// The open questions to an author about messages of its own.
    pub(super) async fn forms_of(
        &self,
        author: &AgencyId,
        family: &Family,
        about: &(dyn Fn(MessageId) -> bool + Sync),
    ) -> Result<Vec<(WorkItemRow, WorkBody)>, Refusal> {
        let persons: Vec<PersonId> = family.persons.keys().copied().collect();
        let mut rows = self.store.work_items_of(&persons).await?;
        rows.retain(|row| row.open && row.kind == FORM && row.owner == *author);
        let opened = rows.into_iter().filter_map(|row| Some((self.body_of(family, &row)?, row)));
        let meant = |body: &WorkBody| MessageId::parse(&body.about).is_some_and(about);
        Ok(opened.filter(|(body, _)| meant(body)).map(|(body, row)| (row, body)).collect())
    }

    /// What the authority reads: under which ground, and from whom. What was noticed stands in the record.
    pub(super) fn told(&self, ground: &Ground) -> WorkBody {
        let label = self.policy.ground(ground.code).map_or("", |entry| entry.label.as_str());
        let (author, code) = (&ground.asserting_agency, ground.code);
        let text = Text::new(
            format!(
                "{label}({code})が届きました: {author}。記録を開いて内容を確かめ、通告であれば48時間以内に子どもの安全を確認してください。誰が知らせたかは、家族にもほかの機関にも伝えないでください。"
            ),
            format!(
                "{author} notifies you under {code}. Open the record; where it is a notification of abuse, see the child within 48 hours. Tell neither the family nor another agency who told you."
            ),
        );
        let about = ground.message.map_or_else(|| ground.id.to_string(), |message| message.to_string());
        WorkBody::new(format!("NOTIFICATION_{code}"), text, about)
    }

    /// The concern of a work item, for its author.
    ///
    /// # Errors
    /// When the item is not the caller's or asks for something else, or the store fails.
    pub async fn wanting(&self, caller: &Caller, item: WorkItemId) -> Result<Wanting, Refusal> {
        let item = self.work_item(caller, item).await?;
        let message = MessageId::parse(&item.body.about).filter(|_| item.row.kind == FORM && item.row.open);
        let message = message.ok_or_else(no_such_item)?;
        let persons: Vec<PersonId> = item.row.persons.iter().map(|concerned| concerned.person).collect();
        let family = self.family(&persons, self.now()).await?;
        let offers = offers(family.came_with(message), caller.id());
        let missing = self.missing_in(&offers);
        Ok(Wanting { item, message, offers, missing })
    }

    /// What a member of staff is asked for. Where no ground was named, everything that one of them may need.
    fn missing_in(&self, offers: &[Offer]) -> Vec<String> {
        let stated = |name: &str| offers.iter().any(|offer| offer.evidence.contains_key(name));
        let lacking = |offer: &Offer| offer.missing(&self.policy, true);
        let lacks: BTreeSet<String> = offers.iter().flat_map(lacking).collect();
        let names = STATEMENTS.iter().map(|(name, ..)| (*name).to_owned());
        names.filter(|name| lacks.contains(name) || lacks.contains(GROUND) && !stated(name)).collect()
    }

    /// States what was missing: asserts the ground for the message that the item is about.
    ///
    /// # Errors
    /// As [`Hub::wanting`] and [`Hub::assert_ground`].
    pub async fn state_wanting(
        &self,
        caller: &Caller,
        item: WorkItemId,
        code: GroundCode,
        stated: BTreeMap<String, String>,
    ) -> Result<(), Refusal> {
        let message = self.wanting(caller, item).await?.message;
        let terms = GroundTerms { evidence: stated, message: Some(message), ..GroundTerms::default() };
        self.assert_ground(caller, code, None, terms).await?;
        Ok(())
    }
}

/// A person of the author may decide that a concern is not offered, and says why.
pub(super) fn decline_to_offer(answer: &Answer<'_>) -> Result<(), Refusal> {
    if answer.word != "not_offered" {
        return Err(not_an_answer("not_offered"));
    }
    if answer.note.trim().chars().count() < Weighing::REASON_MIN {
        return Err(reason_too_short());
    }
    Ok(())
}

/// When somebody at the authority must have looked.
pub(super) fn told_by(now: Time) -> Time {
    now.plus_days(LOOKED_AT_DAYS)
}

pub(super) fn is_concern(entry: &SharedEntry) -> bool {
    entry.kind() == CONCERN
}

/// By when an author states what is missing, and what it is asked.
pub(super) fn form(missing: &[String], message: MessageId, now: Time) -> (Time, WorkBody) {
    let (ja, en) = in_words(missing);
    let text = Text::new(
        format!("届いた懸念を通告・情報提供としてセンターに届けるには、次の記入が必要です: {ja}。"),
        format!("To offer this concern to the center, state: {en}. (Grounds.Assert, naming the message in `about`.)"),
    );
    (now.plus_days(STATED_DAYS), WorkBody::new("NOTIFICATION_INCOMPLETE", text, message.to_string()))
}

/// What an author is answered whose concern went to the authority: that it was received, and nothing else ever.
pub(super) fn received(code: GroundCode) -> Diagnostic {
    Diagnostic::new(
        Severity::Information,
        "M511",
        CONCERN,
        format!("懸念は{code}に基づきセンターに届けました。"),
        format!("The concern was handed to the center under {code}."),
    )
}

/// What an author is answered whose concern lacks something.
pub(super) fn incomplete(missing: &[String]) -> Diagnostic {
    let (ja, en) = in_words(missing);
    Diagnostic::warning(
        "M512",
        CONCERN,
        format!(
            "懸念はまだセンターに届いていません。今日の一覧から、または直して送り直して、次を記入してください: {ja}。"
        ),
        format!("The concern is not with the center yet. State in the work item, or send again with: {en}."),
    )
}

fn in_words(missing: &[String]) -> (String, String) {
    let words = |name: &String| STATEMENTS.iter().find(|(known, ..)| known == name);
    let ja: Vec<&str> = missing.iter().map(|name| words(name).map_or(name.as_str(), |(_, ja, _)| ja)).collect();
    let en: Vec<&str> = missing.iter().map(|name| words(name).map_or(name.as_str(), |(.., en)| en)).collect();
    (ja.join("、"), en.join(", "))
}

//! What a hospital tells of a pregnancy, by LOINC (`formats/hospital.md` 2.11), read alike in every format.
//!
//! It becomes the record's one body of a pregnancy, `pregnancy_notification`, without the day of a notification: a hospital's word
//! is none. How long the pregnancy had lasted is not filled there, since that counts from the notification.

use super::hl7v2::times::Stamp;
use musubi_proto::v1 as proto;

/// What an observation of the mother says of her pregnancy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    DueDate,
    LastPeriod,
    WeightBefore,
    /// Anybody's, unless it stands beside another part.
    Height,
}

impl Part {
    /// Each part once, with the LOINC by which it is written, and what it is called.
    pub(super) const WRITTEN: [(Part, &'static str, &'static str); 4] = [
        (Part::DueDate, "11778-8", "分娩予定日"),
        (Part::LastPeriod, "8665-2", "最終月経"),
        (Part::Height, "3137-7", "身長"),
        (Part::WeightBefore, "56077-1", "妊娠前体重"),
    ];

    /// The part of this LOINC.
    pub(super) fn of(loinc: &str) -> Option<Self> {
        Some(match loinc {
            "11778-8" | "11779-6" | "11780-4" => Part::DueDate,
            "8665-2" => Part::LastPeriod,
            "56077-1" => Part::WeightBefore,
            "3137-7" => Part::Height,
            _ => return None,
        })
    }

    /// The field that holds it.
    pub(super) fn field(self) -> &'static str {
        match self {
            Part::DueDate => "due_date",
            Part::LastPeriod => "last_menstrual_period",
            Part::WeightBefore => "weight_before",
            Part::Height => "height",
        }
    }

    pub(super) fn is_date(self) -> bool {
        matches!(self, Part::DueDate | Part::LastPeriod)
    }

    /// Does it tell of a pregnancy by itself?
    pub(super) fn tells(self) -> bool {
        self != Part::Height
    }
}

/// What one message or document tells of a pregnancy.
#[derive(Default)]
pub(super) struct Told {
    pub(super) body: proto::PregnancyNotification,
    /// When the first of it was observed.
    pub(super) at: Option<Stamp>,
    /// Fields whose values were put down by mistake.
    pub(super) cleared: Vec<&'static str>,
}

impl Told {
    /// Is this part still to be told? The first of each stands; another one stays an observation.
    pub(super) fn lacks(&self, part: Part) -> bool {
        date_of(&self.body, part).is_none() && quantity_of(&self.body, part).is_none()
    }

    /// Fills a part that is a date.
    pub(super) fn date(&mut self, part: Part, date: Stamp) {
        let field = if part == Part::DueDate { &mut self.body.due_date } else { &mut self.body.last_menstrual_period };
        *field = Some(date.date());
    }

    /// Fills a part that is measured.
    pub(super) fn quantity(&mut self, part: Part, quantity: proto::Quantity) {
        let field = if part == Part::Height { &mut self.body.height } else { &mut self.body.weight_before };
        *field = Some(quantity);
    }

    /// Is nothing told or taken back?
    pub(super) fn is_empty(&self) -> bool {
        self.cleared.is_empty() && self.says_nothing()
    }

    /// Is nothing told?
    pub(super) fn says_nothing(&self) -> bool {
        self.body == proto::PregnancyNotification::default()
    }
}

/// The date that a pregnancy tells as this part.
pub(super) fn date_of(body: &proto::PregnancyNotification, part: Part) -> Option<&proto::Date> {
    match part {
        Part::DueDate => body.due_date.as_ref(),
        Part::LastPeriod => body.last_menstrual_period.as_ref(),
        Part::WeightBefore | Part::Height => None,
    }
}

/// The quantity that a pregnancy tells as this part.
pub(super) fn quantity_of(body: &proto::PregnancyNotification, part: Part) -> Option<&proto::Quantity> {
    match part {
        Part::WeightBefore => body.weight_before.as_ref(),
        Part::Height => body.height.as_ref(),
        Part::DueDate | Part::LastPeriod => None,
    }
}

/// Does a pregnancy say nothing but these parts?
pub(super) fn is_all_parts(body: &proto::PregnancyNotification) -> bool {
    let proto::PregnancyNotification { due_date, last_menstrual_period, height, weight_before, .. } = body.clone();
    *body
        == proto::PregnancyNotification { due_date, last_menstrual_period, height, weight_before, ..Default::default() }
}

//! The two languages of the pages, and the words for what the hub's types say in codes.

use crate::hub::deliver::DeliveryStage;
use musubi_adapters::screen::{Household, english};
use musubi_adapters::wording::dates::japanese_time;
use musubi_core::adapter::Text;
use musubi_core::agency::{AgencyKind, Role};
use musubi_core::release::Released;
use musubi_core::time::Time;

/// The language of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    /// 日本語.
    #[default]
    Japanese,
    /// English.
    English,
}

impl Language {
    /// One of two words.
    pub(super) const fn of<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        match self {
            Language::Japanese => ja,
            Language::English => en,
        }
    }

    /// One of two sentences.
    pub(super) fn text(self, text: &Text) -> &str {
        self.of(&text.ja, &text.en)
    }

    /// What the adapters say in Japanese, in the language of the page; what people wrote stays as it stands.
    pub(super) fn said(self, text: &str) -> String {
        match self {
            Language::Japanese => text.to_owned(),
            Language::English => english(text),
        }
    }

    /// A moment with the era and the western year beside it, 令和8年(2026年)11月9日 10:00; in English 2026-11-09 10:00.
    pub(super) fn moment(self, at: Time) -> String {
        self.said(&japanese_time(at))
    }

    /// The day alone.
    pub(super) fn day(self, at: Time) -> String {
        let whole = self.moment(at);
        whole.split(' ').next().unwrap_or_default().to_owned()
    }

    /// A family as it was released, in the language of the page.
    pub(super) fn household(self, released: &Released) -> Household {
        let household = Household::of(released);
        match self {
            Language::Japanese => household,
            Language::English => household.in_english(),
        }
    }

    /// As the attribute `lang` names it.
    pub(super) const fn code(self) -> &'static str {
        self.of("ja", "en")
    }

    /// What somebody is at work.
    pub(super) const fn role(self, role: Role) -> &'static str {
        match role {
            Role::Phn => self.of("保健師", "public health nurse"),
            Role::Midwife => self.of("助産師", "midwife"),
            Role::SocialWorker => self.of("社会福祉士", "social worker"),
            Role::ChildWelfareOfficer => self.of("児童福祉司", "child-welfare officer"),
            Role::Physician => self.of("医師", "physician"),
            Role::Nurse => self.of("看護師", "nurse"),
            Role::Clerk => self.of("事務職員", "clerk"),
            Role::ProviderStaff => self.of("事業所職員", "provider staff"),
            Role::LegalOfficer => self.of("法務担当", "legal officer"),
            Role::PrivacyOfficer => self.of("個人情報保護担当", "privacy officer"),
            Role::Auditor => self.of("監査担当", "auditor"),
            Role::System => self.of("システム", "system"),
        }
    }

    /// Where a delivery stands.
    pub(super) const fn stage(self, stage: DeliveryStage) -> &'static str {
        match stage {
            DeliveryStage::Received => self.of("根拠待ち", "received, waits for a basis"),
            DeliveryStage::Committed => self.of("送信待ち", "committed"),
            DeliveryStage::Released => self.of("提供決定済み・送信前", "released, not sent yet"),
            DeliveryStage::Sent => self.of("送信済み", "sent"),
            DeliveryStage::Acknowledged => self.of("受領確認済み", "acknowledged"),
            DeliveryStage::FailedTransient => self.of("再送待ち", "failed, is tried again"),
            DeliveryStage::FailedAmbiguous => self.of("届いたか不明", "nobody knows whether it arrived"),
            DeliveryStage::Rejected => self.of("相手が受領せず", "rejected"),
            DeliveryStage::Suppressed => self.of("提供せず", "suppressed"),
            DeliveryStage::Dead => self.of("送信を断念", "given up"),
        }
    }

    /// What an agency is.
    pub(super) const fn kind(self, kind: AgencyKind) -> &'static str {
        match kind {
            AgencyKind::Osc => self.of("こども家庭センター", "one-stop center"),
            AgencyKind::Med => self.of("医療機関", "medical institution"),
            AgencyKind::Pho => self.of("保健所・保健センター", "public health office"),
            AgencyKind::Cgc => self.of("児童相談所", "child guidance center"),
            AgencyKind::Prv => self.of("委託事業者", "contracted provider"),
            AgencyKind::Mun => self.of("他の市区町村", "other municipality"),
        }
    }
}

//! What a page is given, and what it may answer with.

use super::Window;
use super::form::Form;
use super::layout::Page;
use super::sessions::{Of, Session};
use super::words::Language;
use crate::hub::persons::Named;
use crate::hub::{Caller, Hub, Refusal};
use axum::http::StatusCode;
use musubi_core::adapter::Text;
use musubi_core::agency::AgencyId;
use musubi_core::id::{DeliveryId, FactId, MessageId, PersonId, ReferralId, WorkItemId};
use std::sync::Arc;
use uuid::Uuid;

/// One request of somebody who may open the page.
pub(super) struct Visit {
    pub(super) window: Window,
    pub(super) session: Arc<Session>,
    /// Made anew for this request: the agency is on the register now, and the role is the register's (S-09, S-12).
    pub(super) caller: Caller,
    pub(super) form: Form,
    /// What stands in the address where the route has a handle.
    pub(super) handle: String,
}

/// What a page answers with.
pub(super) enum Answer {
    /// A page.
    Page(Box<Page>),
    /// Look there now: after something was done, so that loading the page again does not do it twice.
    Go(String),
    /// A file to keep.
    File { name: String, kind: &'static str, bytes: Vec<u8> },
}

impl From<Page> for Answer {
    fn from(page: Page) -> Self {
        Answer::Page(Box::new(page))
    }
}

/// What comes of a page.
pub(super) type Answered = Result<Answer, Refusal>;

impl Visit {
    pub(super) fn hub(&self) -> &Hub {
        &self.window.hub
    }

    pub(super) fn language(&self) -> Language {
        self.session.language()
    }

    /// One of two words, in the language of the session.
    pub(super) fn say<'a>(&self, ja: &'a str, en: &'a str) -> &'a str {
        self.language().of(ja, en)
    }

    /// One of two sentences.
    pub(super) fn text<'a>(&self, text: &'a Text) -> &'a str {
        self.language().text(text)
    }

    /// A page of this visit.
    pub(super) fn page(&self, ja: &str, en: &str, body: maud::Markup) -> Page {
        Page::new(self.say(ja, en), body)
    }

    /// The name of an agency as the register has it.
    pub(super) fn agency_name(&self, id: &AgencyId) -> String {
        self.hub().register.agency(id).map_or_else(|| id.to_string(), |agency| agency.name.clone())
    }

    /// The address of a page about a person.
    pub(super) fn of_person(&self, page: &str, person: PersonId) -> String {
        format!("/{page}/{}", self.session.handle(Of::Person, person.0))
    }

    /// The person that the address stands for.
    pub(super) fn person(&self) -> Result<PersonId, Refusal> {
        self.behind(Of::Person).map(PersonId)
    }

    /// The person whom the form names in these fields, where both name and birth date are there.
    pub(super) fn named(&self, name: &str, born: &str) -> Option<Named> {
        let (name, born) = (self.form.get(name), self.form.get(born));
        (!name.is_empty() && !born.is_empty()).then(|| Named::by_name(name, born))
    }

    /// The work item that the address stands for.
    pub(super) fn item(&self) -> Result<WorkItemId, Refusal> {
        self.behind(Of::Item).map(WorkItemId)
    }

    /// The referral that the address stands for.
    pub(super) fn referral(&self) -> Result<ReferralId, Refusal> {
        self.behind(Of::Referral).map(ReferralId)
    }

    /// The fact that the address stands for.
    pub(super) fn fact(&self) -> Result<FactId, Refusal> {
        self.behind(Of::Fact).map(FactId)
    }

    /// The delivery that the address stands for.
    pub(super) fn delivery(&self) -> Result<DeliveryId, Refusal> {
        self.behind(Of::Delivery).map(DeliveryId)
    }

    /// The message that the address stands for.
    pub(super) fn message(&self) -> Result<MessageId, Refusal> {
        self.behind(Of::Message).map(MessageId)
    }

    fn behind(&self, of: Of) -> Result<Uuid, Refusal> {
        self.session.behind(of, &self.handle).ok_or_else(|| {
            Refusal::invalid(
                "M840",
                "address",
                "このページの有効期限が切れています。一覧から開き直してください。",
                "This address belongs to another session. Open the page from its list again.",
            )
        })
    }
}

/// The status that a refusal has on a page.
pub(super) fn status_of(refusal: &Refusal) -> StatusCode {
    use crate::hub::RefusalKind;
    match refusal.kind {
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        RefusalKind::Conflict => StatusCode::CONFLICT,
        RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        RefusalKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
    }
}

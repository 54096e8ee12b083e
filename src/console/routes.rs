//! The one table of pages: where each is, who may open it, and what answers (S-10). A page that is not here is not served,
//! and one cannot be put here without saying who may.

use super::pages::{
    claim, consent, consent_form, council, custody, document, family, find, hold, item, notify, objection, plan, scan,
    shield,
};
use super::pages::{emergency, letters, messages, oversight, preserve, question, staff, statement};
use super::pages::{own_care, referrals, roster, sign_in, suggestion, today, upload};
use super::visit::{Answered, Visit};
use crate::hub::caller::Operation;
use musubi_core::agency::Purpose;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// How a page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// To look.
    Get,
    /// To do something; carries the token of the session.
    Post,
    /// To do something, with a file.
    Upload,
}

/// Who may open a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Whoever is signed in.
    Session,
    /// Whoever may do this.
    May(Operation),
}

/// A page.
pub struct Route {
    /// How it is asked for.
    pub method: Method,
    /// Where it is; `{handle}` stands for an opaque word.
    pub path: &'static str,
    /// Who may open it.
    pub need: Need,
    /// Only after showing once more who one is (S-18).
    pub proof: bool,
    /// Its name in the menu, in Japanese and English.
    pub menu: Option<(&'static str, &'static str)>,
    pub(super) answer: Handler,
}

/// What answers.
pub(super) type Handler = fn(Arc<Visit>) -> Pin<Box<dyn Future<Output = Answered> + Send>>;

/// `get "/path", who may, menu, handler`.
macro_rules! route {
    ($method:ident $path:literal, $need:expr, $answer:path $(, menu $ja:literal $en:literal)? $(; $proof:ident)?) => {
        Route {
            method: Method::$method,
            path: $path,
            need: $need,
            proof: route!(@proof $($proof)?),
            menu: route!(@menu $($ja $en)?),
            answer: |visit| Box::pin($answer(visit)),
        }
    };
    (@proof) => { false };
    (@proof proof) => { true };
    (@menu) => { None };
    (@menu $ja:literal $en:literal) => { Some(($ja, $en)) };
}

const WORK: Need = Need::May(Operation::ListWork);
const READ: Need = Need::May(Operation::ReadAny);
const KEEP: Need = Need::May(Operation::KeepPersons);
const PROTECT: Need = Need::May(Operation::Read(Purpose::P5));
const GLASS: Need = Need::May(Operation::Read(Purpose::P11));
const OVERSEE: Need = Need::May(Operation::Oversee);
const GROUND: Need = Need::May(Operation::AssertGround);
const OWN_CARE: Need = Need::May(Operation::SeeOwnCare);
const PRESERVE: Need = Need::May(Operation::Preserve);
const STAFF: Need = Need::May(Operation::KeepStaff);
const ANSWER: Need = Need::May(Operation::AnswerWork);

/// Every page behind the sign-in, in the order of the menu.
pub const ROUTES: &[Route] = &[
    route!(Get "/today", WORK, today::list, menu "今日の一覧" "Today"),
    route!(Get "/item/{handle}", WORK, item::show),
    route!(Post "/item/{handle}", ANSWER, item::answer),
    route!(Post "/weigh/{handle}", ANSWER, item::weigh; proof),
    route!(Get "/answered", ANSWER, item::answered),
    route!(Get "/suggestion/{handle}", KEEP, suggestion::show),
    route!(Get "/roster", Need::May(Operation::SeeRoster), roster::list, menu "名簿" "Roster"),
    route!(Get "/find", READ, find::ask, menu "人をさがす" "Find"),
    route!(Post "/find", READ, find::answer),
    route!(Get "/family/{handle}", READ, family::show),
    route!(Get "/document/{handle}", READ, document::open),
    route!(Get "/referrals", Need::May(Operation::SeeReferrals), referrals::list, menu "連携の依頼" "Referrals"),
    route!(Post "/referral/{handle}", Need::May(Operation::SeeReferrals), referrals::step),
    route!(Get "/refer/{handle}", KEEP, referrals::blank),
    route!(Post "/refer/{handle}", KEEP, referrals::refer),
    route!(Get "/consent", KEEP, consent::blank, menu "同意" "Consent"),
    route!(Post "/consent", KEEP, consent::record; proof),
    route!(Get "/consent/{handle}", KEEP, consent::show),
    route!(Post "/consent/{handle}", KEEP, consent::record; proof),
    route!(Post "/withdraw/{handle}", KEEP, consent::withdraw; proof),
    route!(Get "/shield/{handle}", KEEP, shield::show),
    route!(Post "/shield/{handle}", KEEP, shield::open; proof),
    route!(Get "/objection/{handle}", KEEP, objection::show),
    route!(Post "/objection/{handle}", KEEP, objection::record; proof),
    route!(Post "/lifting/{handle}", KEEP, objection::lift; proof),
    route!(Post "/seal/{handle}", KEEP, shield::seal; proof),
    route!(Get "/custody/{handle}", KEEP, custody::show),
    route!(Post "/custody/{handle}", KEEP, custody::record; proof),
    route!(Get "/scan/{handle}", KEEP, scan::show),
    route!(Post "/copy/{handle}", KEEP, scan::ask; proof),
    route!(Upload "/scan/{handle}", KEEP, scan::send),
    route!(Get "/plan/{handle}", KEEP, plan::show),
    route!(Post "/plan/{handle}", KEEP, plan::record),
    route!(Get "/consent-form", KEEP, consent_form::show),
    route!(Get "/hold/{handle}", GROUND, hold::show),
    route!(Post "/hold/{handle}", GROUND, hold::answer; proof),
    route!(Get "/notify/{handle}", GROUND, notify::show),
    route!(Post "/notify/{handle}", GROUND, notify::state; proof),
    route!(Get "/own-care", OWN_CARE, own_care::show, menu "利用承認・請求" "Own care"),
    route!(Get "/claim/{handle}", OWN_CARE, claim::show),
    route!(Get "/upload", Need::May(Operation::HandIn), upload::blank, menu "ファイルの提出" "Hand in"),
    route!(Upload "/upload", Need::May(Operation::HandIn), upload::send),
    route!(Get "/corrected/{handle}", Need::May(Operation::HandIn), upload::corrected),
    route!(Get "/template/{handle}", Need::May(Operation::HandIn), upload::template),
    route!(Get "/question", PROTECT, question::blank, menu "照会" "Ask"),
    route!(Post "/question", PROTECT, question::ask),
    route!(Post "/request", GROUND, question::send_request),
    route!(Get "/leave", GROUND, council::list, menu "要対協のケース" "Council"),
    route!(Post "/leave", GROUND, council::leave; proof),
    route!(Get "/emergency", GLASS, emergency::blank, menu "緊急閲覧" "Break-glass"),
    route!(Post "/emergency", GLASS, emergency::ask; proof),
    route!(Post "/emergency/{handle}", GLASS, emergency::confirm; proof),
    route!(Post "/emergency-end/{handle}", GLASS, emergency::end),
    route!(Get "/letters", Need::May(Operation::SeeDeadLetters), letters::list, menu "届かなかったもの" "Dead letters"),
    route!(Post "/letter/{handle}", ANSWER, letters::replay; proof),
    route!(Get "/statement", OVERSEE, statement::blank, menu "開示記録" "Statement"),
    route!(Post "/statement", OVERSEE, statement::make; proof),
    route!(Get "/preserve", PRESERVE, preserve::blank, menu "記録の保全" "Preserve"),
    route!(Post "/preserve", PRESERVE, preserve::order; proof),
    route!(Get "/oversight", OVERSEE, oversight::show, menu "監査" "Oversight"),
    route!(Get "/checkpoint/{handle}", OVERSEE, oversight::checkpoint),
    route!(Get "/proof/{handle}", OVERSEE, oversight::proof),
    route!(Get "/messages", OVERSEE, messages::list, menu "受信の経過" "Messages"),
    route!(Get "/message/{handle}", OVERSEE, messages::show),
    route!(Get "/staff", STAFF, staff::list, menu "職員" "Staff"),
    route!(Post "/staff", STAFF, staff::propose; proof),
    route!(Post "/staff/confirm", STAFF, staff::confirm; proof),
    route!(Post "/staff/shut-out", STAFF, staff::shut_out; proof),
    route!(Post "/language", Need::Session, sign_in::language),
    route!(Post "/sign-out", Need::Session, sign_in::leave),
];

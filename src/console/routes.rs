//! The one table of pages: where each is, who may open it, and what answers (S-10). A page that is not here is not served,
//! and one cannot be put here without saying who may.

use super::pages::{family, find, roster, sign_in, today};
use super::visit::{Answered, Visit};
use crate::hub::caller::Operation;
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
const ANSWER: Need = Need::May(Operation::AnswerWork);

/// Every page behind the sign-in, in the order of the menu.
pub const ROUTES: &[Route] = &[
    route!(Get "/today", WORK, today::list, menu "今日の一覧" "Today"),
    route!(Post "/item/{handle}", ANSWER, today::answer),
    route!(Get "/roster", Need::May(Operation::SeeRoster), roster::list, menu "名簿" "Roster"),
    route!(Get "/find", READ, find::ask, menu "人をさがす" "Find"),
    route!(Post "/find", READ, find::answer),
    route!(Get "/family/{handle}", READ, family::show),
    route!(Post "/language", Need::Session, sign_in::language),
    route!(Post "/sign-out", Need::Session, sign_in::leave),
];

//! Why the hub did not do what it was asked: a kind for the edge to translate, and what to tell the caller.

use crate::store::{Conflict, StoreError};
use musubi_core::adapter::Diagnostic;
use musubi_core::consent::RecordFault;
use std::fmt;

/// What kind of refusal; each edge maps it to its wire in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The agency or member of staff may not do this.
    Forbidden,
    /// What was asked is not well formed or breaks a rule.
    Invalid,
    /// It contradicts what is on file.
    Conflict,
    /// Not now; the caller may try again.
    Unavailable,
    /// The caller asks for more than its share (S-80).
    TooMany,
}

/// A refusal. Codes and places, never a value.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Its kind.
    pub kind: RefusalKind,
    /// What is wrong and how to mend it.
    pub diagnostics: Vec<Diagnostic>,
}

impl Refusal {
    /// One reason.
    pub fn new(kind: RefusalKind, diagnostic: Diagnostic) -> Self {
        Refusal { kind, diagnostics: vec![diagnostic] }
    }

    /// The caller may not do this.
    pub fn forbidden(code: &'static str, place: &str, ja: &'static str, en: &'static str) -> Self {
        Self::new(RefusalKind::Forbidden, Diagnostic::error(code, place, ja, en))
    }

    /// What was asked breaks a rule.
    pub fn invalid(code: &'static str, place: &str, ja: &'static str, en: &'static str) -> Self {
        Self::new(RefusalKind::Invalid, Diagnostic::error(code, place, ja, en))
    }

    /// It contradicts what is on file.
    pub fn conflict(code: &'static str, place: &str, ja: &'static str, en: &'static str) -> Self {
        Self::new(RefusalKind::Conflict, Diagnostic::error(code, place, ja, en))
    }

    /// Is it about the moment, or about who asks, and not about what was handed in?
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self.kind, RefusalKind::Unavailable | RefusalKind::Forbidden | RefusalKind::TooMany)
    }

    /// A consent or ground that cannot be put on file.
    pub(crate) fn of_faults(faults: Vec<RecordFault>) -> Self {
        let said =
            faults.into_iter().map(|fault| Diagnostic::error(fault.code, fault.place, fault.text.ja, fault.text.en));
        Refusal { kind: RefusalKind::Invalid, diagnostics: said.collect() }
    }

    /// What it rests on kept changing.
    pub(crate) fn kept_changing() -> Self {
        Self::new(
            RefusalKind::Unavailable,
            Diagnostic::error(
                "M901",
                "store",
                "処理中に関係する記録が変わり続けました。もう一度お試しください。",
                "What this rests on kept changing. Try again.",
            ),
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.diagnostics.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Refusal {}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => {
                // The kind alone: the text names a person.
                tracing::info!(conflict = conflict_word(&conflict), "a change was refused by the store");
                Self::conflict(
                    "M902",
                    "store",
                    "同時に行われた変更と食い違います。最新の状態を確かめてもう一度お試しください。",
                    "It contradicts a change made at the same time. Look at the present state and try again.",
                )
            }
            StoreError::Tampered(fault) => {
                tracing::error!(%fault, "a change was refused: the hub is closed");
                Self::new(
                    RefusalKind::Unavailable,
                    Diagnostic::error(
                        "M903",
                        "store",
                        "監査ログに食い違いが見つかったため、このハブは受領も開示も止めています。受領していません。急ぐ内容は電話で伝え、ハブの運用者に\
                         連絡してください。",
                        "The hub has found its audit log contradicted, and takes and releases nothing. It was not accepted. Tell by \
                         telephone what cannot wait, and call the operator of the hub.",
                    ),
                )
            }
            other => {
                tracing::error!(error = %other, "the store did not take a change");
                Self::new(
                    RefusalKind::Unavailable,
                    Diagnostic::error(
                        "M900",
                        "store",
                        "保存できませんでした。受領していません。しばらくして送り直してください。",
                        "It could not be stored and was not accepted. Send it again in a while.",
                    ),
                )
            }
        }
    }
}

/// The kind of a conflict, without whom or what it is about.
fn conflict_word(conflict: &Conflict) -> &'static str {
    match conflict {
        Conflict::Epoch(_) => "epoch",
        Conflict::PolicyEpoch => "policy",
        Conflict::Delivery(_) => "delivery",
        Conflict::Referral(_) => "referral",
        Conflict::WorkItem(_) => "work item",
        Conflict::SignIn => "sign-in",
        Conflict::Setting => "setting",
        Conflict::Fact(_) => "fact",
        Conflict::Alias(_) => "alias",
        Conflict::Join(_) => "join",
        _ => "row",
    }
}

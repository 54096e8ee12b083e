//! The facts on file: consents, grounds, shields, seals, links, council cases, relations, break-glass.
//!
//! They are append-only: a change is a new record that `supersedes` the old one. Every interval is half-open, `[from, until)`;
//! who reads a date without a time stores [`Time::end_of`] it. What counts at a moment is what was recorded by then
//! (`recorded_at`), so a replay at an earlier moment gives the earlier answer (F04).

mod emergency;
mod ground;
mod protection;
mod tie;
mod will;

pub use emergency::BreakGlass;
pub use ground::{Approval, Ground, Level, Proviso, SourceRefusal, StandingApproval};
pub use protection::{PerpetratorLink, Seal, Shield, ShieldState};
pub use tie::{CouncilCase, Member, Relation, RelationKind};
pub use will::{Channel, Consent, ConsentKind, Grantee, Proof, Relationship, Scope, Status};

use crate::time::Time;

/// Half-open: `from <= now < until`.
pub(crate) fn within(now: Time, from: Time, until: Option<Time>) -> bool {
    from <= now && until.is_none_or(|until| now < until)
}

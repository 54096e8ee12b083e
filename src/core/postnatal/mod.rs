//! Postnatal care (産後ケア事業): units, limits, fees, reductions and staffing as pure rules over a municipality's policy.
//!
//! Nothing about one municipality is written in code: how a night is counted, what a household pays and how many
//! tickets a birth brings stand in `policy/municipal/*.toml`. [`check`] answers with every code of a report, not with
//! the first alone.

pub mod approval;
mod care;
mod check;
mod claim;
mod fee;
mod limits;
mod money;
pub mod own;
mod policy;
pub mod record;
mod staffing;

#[cfg(test)]
mod fixtures;

pub use crate::japan::one_year::{AgeBasis, OneYearEnd};
pub use care::{
    Approval, ApprovedInfant, Capacity, CareContext, CareUse, Epds, InfantReport, Kind, KindUnknown, Occupancy, Shift,
    StaffMember, StaffRole, Status, Subject,
};
pub use check::{check, overlap_elsewhere};
pub use claim::{Claim, ClaimLine, check_claim, line_for};
pub use fee::{Charge, charge, count, tickets_used};
pub use limits::{last_day, limit_units, units_used};
pub use policy::{
    CancelFee, CarePolicy, DayCount, Eligibility, Extension, Fee, FeeMode, Income, KindYen, Limit, LimitUnit, PerKind,
    Policies, PolicyError, Reduction, ReductionMode, Satogaeri, Scope, StayCount, SubLimit, Tiers,
};

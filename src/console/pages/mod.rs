//! The pages, one file for each.

pub(super) mod assets;
pub(super) mod chart;
pub(super) mod consent;
pub(super) mod consent_form;
pub(super) mod custody;
pub(super) mod emergency;
pub(super) mod family;
pub(super) mod find;
pub(super) mod hold;
pub(super) mod letters;
pub(super) mod messages;
pub(super) mod objection;
pub(super) mod oversight;
pub(super) mod own_care;
pub(super) mod plan;
pub(super) mod question;
pub(super) mod referrals;
pub(super) mod roster;
pub(super) mod scan;
pub(super) mod shield;
pub(super) mod sign_in;
pub(super) mod statement;
pub(super) mod suggestion;
pub(super) mod today;
pub(super) mod upload;

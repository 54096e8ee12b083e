//! The rules of Musubi: no sockets, no SQL, no async, no clock and no randomness of its own.

pub mod adapter;
pub mod agency;
pub mod audit;
pub mod cases;
pub mod consent;
mod days;
pub mod id;
pub mod identity;
pub mod japan;
pub mod notification;
pub mod outlook;
pub mod plan;
pub mod postnatal;
pub mod protection;
pub mod record;
pub mod referral;
pub mod release;
pub mod retention;
pub mod reviewed;
pub mod sealing;
pub mod second_person;
pub mod sign_in;
pub mod signals;
pub mod statistics;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod wire;

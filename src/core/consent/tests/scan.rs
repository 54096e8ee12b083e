//! What the copy of a signed form proves (E15).

use super::super::records::{Consent, ConsentKind, Status};
use super::super::scan::evidenced;
use super::people::*;

const SIGNED: &str = "2026-10-28T10:00:00+09:00";

fn unproven() -> Consent {
    let mut permit = Consent { status: Status::Unverified, ..said(1, ConsentKind::Permit, SIGNED) };
    permit.evidence.witness = None;
    permit
}

#[test]
fn a_copy_proves_a_permit_as_it_was_recorded_so_that_a_withdrawal_since_then_ends_it() {
    let proven = evidenced(&unproven(), fact(2), "ab".to_owned()).unwrap();
    assert_eq!((proven.status, proven.version, proven.supersedes), (Status::Active, 2, Some(unproven().id)));
    assert!(proven.evidence.stands() && proven.recorded_at == at(SIGNED));
}

#[test]
fn a_copy_changes_nothing_of_a_permit_that_is_in_force_or_waits_for_something_else() {
    let of_a_defective_form = Consent { status: Status::Unverified, ..said(1, ConsentKind::Permit, SIGNED) };
    assert!(of_a_defective_form.evidence.stands());
    for permit in [of_a_defective_form, Consent { status: Status::Active, ..unproven() }] {
        assert_eq!(evidenced(&permit, fact(2), "ab".to_owned()), None);
    }
}

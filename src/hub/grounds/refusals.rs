//! Why a ground is not taken.

use crate::hub::caller::{Caller, Operation};
use crate::hub::{Refusal, RefusalKind};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::{AgencyKind, Role};
use musubi_core::consent::GroundCode;

pub(in crate::hub) fn no_such_ground() -> Refusal {
    Refusal::invalid("M502", "fact_id", "この番号の根拠は見つかりません。", "No such ground is known to you.")
}

pub(super) fn no_recipient() -> Refusal {
    Refusal::invalid(
        "M503",
        "recipient",
        "提供先が決まりません。提供先の機関、または自治体のセンターを確かめてください。",
        "There is no recipient: name one, or see that the municipality has a center.",
    )
}

pub(super) fn only_coordinator(caller: &Caller) -> Result<(), Refusal> {
    if caller.agency.kind == AgencyKind::Osc {
        return Ok(());
    }
    Err(Refusal::forbidden(
        "M805",
        "code",
        "要対協のケースは調整機関(センター)が登録します。",
        "A council case is put on file by the center that coordinates it.",
    ))
}

pub(super) fn not_asked(code: GroundCode) -> Refusal {
    Refusal::new(
        RefusalKind::Invalid,
        Diagnostic::error(
            "M506",
            "code",
            format!("{code} は保有機関に求める根拠ではありません。求めに使えるのは L04, L05, L07, L12 です。"),
            format!("{code} is not a ground that holders are asked under: L04, L05, L07, L12."),
        ),
    )
}

pub(super) fn for_itself() -> Refusal {
    Refusal::forbidden(
        "M505",
        "recipient",
        "自分の機関を提供先とする根拠は申し出られません。情報を求めるときは根拠に基づく求め(Request)を使ってください。",
        "A ground is asserted by whoever discloses, never for itself; to receive, request one.",
    )
}

pub(super) fn not_yours_to_end() -> Refusal {
    Refusal::forbidden(
        "M507",
        "fact_id",
        "この根拠を終了・拒否できるのは、申し出た機関か対象者の自治体のセンターだけです(他機関の義務に基づくものは終了できません)。",
        "A ground is ended by who asserted it, or by the center where the persons are kept; a duty of another agency by nobody.",
    )
}

pub(in crate::hub) fn person_acts(caller: &Caller) -> Result<(), Refusal> {
    if caller.actor.role == Role::System {
        return Err(Refusal::forbidden(
            "M802",
            "staff_id",
            "根拠の申出・承認には、名簿に登録された職員のIDが必要です。",
            "A ground is asserted by a registered member of staff.",
        ));
    }
    caller.check(Operation::AssertGround)
}

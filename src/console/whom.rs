//! Whom a form is about: name and birth date, both or neither (S-60).

use super::layout::field;
use super::visit::Visit;
use crate::hub::Refusal;
use crate::hub::persons::Named;
use maud::{Markup, html};

/// Both fields, under a heading that says whose they are.
pub(super) fn fields(visit: &Visit, legend: &str) -> Markup {
    html! {
        fieldset {
            legend { (legend) }
            (field(visit.say("氏名(漢字またはカナ)", "Name, in either script"), "text", "name", visit.form.get("name"), ""))
            (field(visit.say("生年月日", "Birth date"), "date", "born", visit.form.get("born"), ""))
        }
    }
}

/// The person whom the form names in two fields.
///
/// # Errors
/// When either is empty (`M824`).
pub(super) fn given(visit: &Visit, name: &str, born: &str) -> Result<Named, Refusal> {
    visit.named(name, born).ok_or_else(|| {
        Refusal::invalid(
            "M824",
            name,
            "氏名と生年月日の両方を入力してください。",
            "Name the person by name and birth date, both.",
        )
    })
}

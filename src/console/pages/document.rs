//! A document of the record (文書), as it came: a scanned form, a letter. Decided and on record like the page that leads here.

use super::family::purpose;
use crate::console::sessions::Of;
use crate::console::visit::{Answer, Answered, Visit};
use crate::hub::Refusal;
use crate::hub::persons::Named;
use musubi_adapters::screen::Enclosed;
use musubi_core::id::EntryId;
use std::sync::Arc;

/// Field of the address that says which.
pub(super) const ENTRY: &str = "entry";

/// The file.
pub(in crate::console) async fn open(visit: Arc<Visit>) -> Answered {
    let named = Named { person: Some(visit.person()?), ..Named::default() };
    let entry = visit.session.behind(Of::Entry, visit.form.get(ENTRY)).map(EntryId).ok_or_else(nothing)?;
    let released = visit.hub().get(&visit.caller, purpose(&visit), &named, "").await?;
    let document = released.iter().find_map(|family| Enclosed::of(family, entry)).ok_or_else(nothing)?;
    let title = if document.title.is_empty() { visit.say("文書", "document") } else { &document.title };
    let name = format!("{title}.{}", document.extension);
    Ok(Answer::File { name, kind: document.media_type, bytes: document.content })
}

fn nothing() -> Refusal {
    Refusal::invalid(
        "M843",
        ENTRY,
        "表示できる文書がありません。家族のページから開き直してください。",
        "There is no document to show. Open it again from the page of the family.",
    )
}

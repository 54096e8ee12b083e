//! The rows of a document, taken into custody. Each is a transaction of its own, so that rows of two cities go to two logs and
//! one wrong row costs nobody else anything. Rows about different people wait for the disk together.

use super::RowAnswer;
use crate::hub::abreast::{AT_ONCE, abreast, run};
use crate::hub::caller::Caller;
use crate::hub::{Hub, Refusal, RefusalKind};
use musubi_core::adapter::{Adapter, Item, RaisedConcern, Severity};
use musubi_core::record::Submission;
use std::collections::BTreeSet;

impl Hub {
    /// Takes what was read, and answers in its order.
    pub(super) async fn take_rows(
        &self,
        caller: &Caller,
        adapter: &'static dyn Adapter,
        items: Vec<Item>,
    ) -> Result<Vec<RowAnswer>, Refusal> {
        let mut rows = Vec::with_capacity(items.len());
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let run = run(&mut items, AT_ONCE, |item| item.submission.as_ref().map(names).unwrap_or_default());
            let taken = abreast(run, |item| {
                let (hub, caller) = (self.clone(), caller.clone());
                async move { hub.take_row(&caller, adapter, item).await }
            });
            for row in taken.await? {
                rows.push(row?);
            }
        }
        Ok(rows)
    }

    async fn take_row(&self, caller: &Caller, adapter: &dyn Adapter, item: Item) -> Result<RowAnswer, Refusal> {
        let Item { place, submission, diagnostics, concern } = item;
        let format = adapter.name();
        let refused = diagnostics.iter().any(|said| said.severity == Severity::Error);
        let Some(submission) = submission.filter(|_| !refused) else {
            let mut row = RowAnswer { place, custody: None, diagnostics };
            self.keep_concern(caller, format, &mut row, concern).await?;
            return Ok(row);
        };
        let concern = concern_beside(&submission);
        match self.take_at(caller, format, &place, submission, diagnostics.clone()).await {
            Ok((custody, diagnostics)) => Ok(RowAnswer { place, custody: Some(custody), diagnostics }),
            Err(refusal) if matches!(refusal.kind, RefusalKind::Conflict | RefusalKind::Invalid) => {
                let diagnostics = diagnostics.into_iter().chain(refusal.diagnostics).collect();
                let mut row = RowAnswer { place, custody: None, diagnostics };
                self.keep_concern(caller, format, &mut row, concern).await?;
                Ok(row)
            }
            Err(other) => Err(other),
        }
    }
}

/// What a submission raises that stays where the rest is refused.
fn concern_beside(submission: &Submission) -> RaisedConcern {
    if !submission.raises_concern() {
        return RaisedConcern::None;
    }
    submission.concerns_alone().map_or(RaisedConcern::Unreadable, |alone| RaisedConcern::Alone(Box::new(alone)))
}

/// What must not be in work twice at once.
fn names(submission: &Submission) -> Vec<String> {
    let people = submission.people().into_iter().map(|(key, _)| key);
    let people = people.chain(submission.merged().into_iter().map(|(_, retired)| retired));
    let people = people.map(|key| format!("{}\u{1f}{}", key.issuer, key.identifier));
    let id = submission.header().message_id.clone();
    people.collect::<BTreeSet<_>>().into_iter().chain([id]).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use musubi_core::wire::agency_side::Draft;
    use serde_json::json;

    /// A row about these people, by their numbers.
    fn row(id: &str, people: &[&str]) -> Item {
        let subjects: Vec<_> =
            people.iter().map(|number| json!({"role": "CHILD", "issuer": "482072", "identifier": number})).collect();
        let entries = json!([{"sourceKey": "a", "subjects": subjects, "consultation": {"method": "phone"}}]);
        let draft = json!({"format": "ph05", "messageId": id, "entries": entries});
        let submission = Draft::from_json(&draft.to_string()).unwrap().check().unwrap();
        Item::new(id, Some(submission), Vec::new())
    }

    #[test]
    fn rows_that_share_a_person_or_an_id_are_not_in_work_at_once() {
        let share = |a: &Item, b: &Item| {
            let [a, b] = [a, b].map(|row| row.submission.as_ref().map(names).unwrap_or_default());
            a.iter().any(|name| b.contains(name))
        };
        let [first, second] = [row("a", &["1"]), row("b", &["2", "3"])];
        assert!(!share(&first, &second));
        assert!(share(&second, &row("c", &["3"])) && share(&first, &row("a", &["4"])));
    }
}

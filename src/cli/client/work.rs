//! `musubi client work`: what waits for a person, and the answers to it.

use super::person::FreeText;
use super::show::{Shown, fields};
use super::{Calling, Exit, Stopped};
use crate::edge::grpc::client as grpc;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// What to do with work items.
#[derive(Debug, Subcommand)]
pub(super) enum Arguments {
    /// List them, the most urgent first (一覧を見る)
    List(List),
    /// Answer one (回答する)
    Answer(Answer),
}

/// Which to list.
#[derive(Args, Debug)]
pub(super) struct List {
    /// Those that are answered, instead of the open ones (回答済みを表示する)
    #[arg(long)]
    answered: bool,
    /// Only this kind: suggestion, hold, signal, no_basis, conflict, unassigned … (種類)
    #[arg(long, value_name = "KIND", default_value = "", hide_default_value = true)]
    kind: String,
}

/// An answer.
#[derive(Args, Debug)]
pub(super) struct Answer {
    /// Id of the work item (用件の番号)
    #[arg(value_name = "ITEM")]
    item: String,
    /// The answer, as the item asks: join, keep_apart, approve, permit, refuse, justified, renew, lift, done … (回答)
    #[arg(value_name = "ANSWER")]
    answer: String,
    /// A text or @FILE (メモ)
    #[arg(long, value_name = "TEXT")]
    note: Option<FreeText>,
    /// What the answer rests on: a document, a talk (根拠となる資料)
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    evidence: String,
    /// Until when it holds, where it has a period (期限)
    #[arg(long, value_name = "DATE", default_value = "", hide_default_value = true)]
    until: String,
}

/// Lists or answers.
pub(super) async fn run(arguments: &Arguments, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let staff_id = calling.staff.clone();
    match arguments {
        Arguments::List(list) => {
            let state = if list.answered { "answered" } else { "open" }.to_owned();
            let request = grpc::ListWorkRequest { staff_id, state, kind: list.kind.clone() };
            let mut stream = calling.client.work_items().list(request).await?.into_inner();
            let mut items = Vec::new();
            while let Some(item) = stream.message().await? {
                items.push(item);
            }
            calling.print_all(&items)?;
        }
        Arguments::Answer(Answer { item, answer, note, evidence, until }) => {
            let note = calling.text(note.as_ref())?;
            let (id, answer) = (item.clone(), answer.clone());
            let (evidence, until) = (evidence.clone(), until.clone());
            let request = grpc::AnswerWorkRequest { staff_id, id, answer, note, evidence, until };
            let item = calling.client.work_items().answer(request).await?.into_inner();
            calling.print(&item)?;
        }
    }
    Ok(Exit::Success)
}

impl Shown for grpc::WorkItem {
    fn json(&self) -> Value {
        json!({
            "id": self.id, "kind": self.kind, "code": self.code, "state": self.state, "dueAt": self.due_at,
            "raisedAt": self.raised_at, "personIds": self.person_ids, "textJa": self.text_ja, "textEn": self.text_en,
            "about": self.about,
        })
    }

    fn lines(&self) -> Vec<String> {
        let text = format!("{} / {}", self.text_ja, self.text_en);
        let persons = self.person_ids.join(" ");
        vec![fields(&[&self.id, &self.state, &self.kind, &self.code, &self.due_at, &persons, &text])]
    }
}

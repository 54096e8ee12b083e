//! `WorkItems`: what waits for a person.

use super::{Parts, Services, moment, server, status, wrong};
use crate::hub::watch::WatchedWork;
use crate::hub::work::Answer;
use musubi_core::id::WorkItemId;
use server::{AnswerWorkRequest, ListWorkRequest, WorkItem};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl server::work_items_server::WorkItems for Services {
    type ListStream = Parts<WorkItem>;

    async fn list(&self, request: Request<ListWorkRequest>) -> Result<Response<Parts<WorkItem>>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let open = match asked.state.as_str() {
            "" | "open" => Some(true),
            "answered" => Some(false),
            "all" => None,
            _ => return Err(wrong("state", "open、answered、all のいずれかです。", "state is open, answered or all.")),
        };
        let items = self.hub.work_items(&caller, open, &asked.kind).await.map_err(|r| status(&r))?;
        let items: Vec<WorkItem> = items.iter().map(read).collect();
        Ok(Response::new(self.parts(&caller, items)))
    }

    type WatchStream = Parts<WorkItem>;

    async fn watch(&self, request: Request<ListWorkRequest>) -> Result<Response<Parts<WorkItem>>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        if !matches!(asked.state.as_str(), "" | "open") {
            return Err(wrong("state", "見守るのは open の用件だけです。", "Only what is open is watched."));
        }
        self.watching(&caller, WatchedWork::new(&caller, &asked.kind), |item| read(&item)).await
    }

    async fn answer(&self, request: Request<AnswerWorkRequest>) -> Result<Response<WorkItem>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let id = WorkItemId::parse(&asked.id)
            .ok_or_else(|| wrong("id", "番号の形式が正しくありません。", "id is not a UUID."))?;
        let until = moment(&asked.until, "until", true)?;
        let answer = Answer { word: &asked.answer, note: &asked.note, evidence: &asked.evidence, until };
        let item = self.hub.answer_work(&caller, id, &answer).await.map_err(|r| status(&r))?;
        Ok(Response::new(read(&item)))
    }
}

fn read(item: &crate::hub::work::WorkItem) -> WorkItem {
    WorkItem {
        id: item.row.id.to_string(),
        kind: item.row.kind.clone(),
        code: item.body.code.clone(),
        state: match (item.row.open, item.body.escalated) {
            (false, _) => "answered",
            (true, false) => "open",
            (true, true) => "overdue",
        }
        .to_owned(),
        due_at: item.row.due_at.map(|due| due.rfc3339()).unwrap_or_default(),
        raised_at: item.row.created_at.rfc3339(),
        person_ids: item.row.persons.iter().map(|c| c.person.to_string()).collect(),
        text_ja: item.body.ja.clone(),
        text_en: item.body.en.clone(),
        about: item.body.about.clone(),
    }
}

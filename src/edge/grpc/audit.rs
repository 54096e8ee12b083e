//! `Audit`: proof of what was done.

use super::consents::relationship;
use super::{Services, named, server, status, wrong};
use crate::hub::access::Requester;
use crate::store::Log;
use server::{
    CheckpointAnswer, CheckpointRequest, ProveAnswer, ProveRequest, StatementAnswer, StatementRequest, StatementRow,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl server::audit_server::Audit for Services {
    async fn statement(&self, request: Request<StatementRequest>) -> Result<Response<StatementAnswer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let subject = named(request.get_ref().subject.as_ref())?;
        let asked = request.get_ref();
        let requester = match &asked.requester {
            Some(person) => {
                Some(Requester { named: named(Some(person))?, relationship: relationship(&asked.relationship)? })
            }
            None => None,
        };
        let disclosures = self.hub.statement(&caller, &subject, requester.as_ref()).await.map_err(|r| status(&r))?;
        let rows = disclosures.into_iter().map(|disclosure| StatementRow {
            recipient: disclosure.recipient.to_string(),
            purpose: disclosure.purpose.to_string(),
            shown_at: disclosure.shown_at.rfc3339(),
            categories: disclosure.categories.iter().map(|category| category.to_string()).collect(),
            bases: disclosure.bases,
        });
        Ok(Response::new(StatementAnswer { rows: rows.collect() }))
    }

    async fn checkpoint(&self, request: Request<CheckpointRequest>) -> Result<Response<CheckpointAnswer>, Status> {
        self.caller(&request, "")?;
        let log = log(&request.get_ref().log)?;
        let note = self.hub.note_of(&log, request.get_ref().witnessed).await.map_err(|r| status(&r))?;
        Ok(Response::new(CheckpointAnswer { note: note.unwrap_or_default() }))
    }

    async fn prove(&self, request: Request<ProveRequest>) -> Result<Response<ProveAnswer>, Status> {
        self.caller(&request, "")?;
        let asked = request.into_inner();
        let log = log(&asked.log)?;
        let path = self.hub.path(&log, asked.index, asked.size).await.map_err(|r| status(&r))?;
        let path = path.ok_or_else(|| {
            wrong("index", "このログにその位置はありません。", "The log has no such index at that size.")
        })?;
        let note = self.hub.note_of(&log, false).await.map_err(|r| status(&r))?.unwrap_or_default();
        Ok(Response::new(ProveAnswer { path: path.into_iter().map(|hash| hash.to_vec()).collect(), note }))
    }
}

/// An auditor may read any log's checkpoint; its positions tell nothing about a person (S-39).
fn log(name: &str) -> Result<Log, Status> {
    Log::parse(name).ok_or_else(|| {
        wrong("log", "ログの名前は自治体コードまたは hub です。", "A log is a municipality code or `hub`.")
    })
}

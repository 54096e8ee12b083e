//! `Intake`: what an agency hands in.

use super::{Parts, Services, said, server, status, wrong};
use crate::edge::quota::{Lane, OnlyConcerns};
use crate::hub::document::{Custody, RowAnswer};
use crate::hub::{Caller, Hub};
use musubi_core::adapter::{Decoded, Diagnostic};
use musubi_core::record::Submission;
use server::{Receipt, SubmitDocumentAnswer, SubmitDocumentRequest};
use std::sync::Arc;
use tokio_stream::StreamExt;
use tonic::{Request, Response, Status, Streaming};

/// Rows that are answered before the next are read: how far a stream may run ahead of the disk.
const AHEAD_MAX: usize = 32;

#[tonic::async_trait]
impl server::intake_server::Intake for Services {
    async fn submit(&self, request: Request<Submission>) -> Result<Response<Receipt>, Status> {
        let caller = self.caller(&request, "")?;
        self.quotas.admit(caller.id(), lane(request.get_ref()))?;
        Ok(Response::new(take(&self.hub, &caller, request.into_inner()).await?))
    }

    type SubmitStreamStream = Parts<Receipt>;

    async fn submit_stream(&self, request: Request<Streaming<Submission>>) -> Result<Response<Parts<Receipt>>, Status> {
        let caller = self.caller(&request, "")?;
        let (agency, hub, quotas) = (caller.id().clone(), self.hub.clone(), Arc::clone(&self.quotas));
        let mut submissions = request.into_inner();
        let (send, receive) = tokio::sync::mpsc::channel(AHEAD_MAX);
        tokio::spawn(async move {
            while let Some(next) = submissions.next().await {
                // A stream that is too fast is read more slowly.
                while let Some(wait) = next.as_ref().ok().and_then(|said| quotas.take(&agency, lane(said)).err()) {
                    tokio::time::sleep(wait).await;
                }
                let answer = match (next, hub.caller(&agency, "")) {
                    (Ok(submission), Ok(caller)) => take(&hub, &caller, submission).await,
                    (Err(fault), _) => Err(fault),
                    (_, Err(refusal)) => Err(status(&refusal)),
                };
                let over = answer.is_err();
                if send.send(answer).await.is_err() || over {
                    break;
                }
            }
        });
        Ok(Response::new(Box::pin(tokio_stream::wrappers::ReceiverStream::new(receive))))
    }

    async fn submit_document(
        &self,
        request: Request<SubmitDocumentRequest>,
    ) -> Result<Response<SubmitDocumentAnswer>, Status> {
        let caller = self.caller(&request, "")?;
        let only = request.extensions().get::<OnlyConcerns>().copied();
        let asked = request.into_inner();
        let format = if asked.format.is_empty() { "auto" } else { &asked.format };
        let expected = |decoded: &Decoded| OnlyConcerns::holds(only, decoded);
        let answer = self.hub.submit_of_format(&caller, format, &asked.content, &expected).await;
        let answer = answer.map_err(|r| status(&r))?;
        let taken = answer.rows.iter().filter(|row| row.custody.is_some()).count();
        let refused = answer.rows.len() - taken;
        Ok(Response::new(SubmitDocumentAnswer {
            diagnostics: answer.diagnostics.iter().map(said).collect(),
            taken: u32::try_from(taken).unwrap_or(u32::MAX),
            refused: u32::try_from(refused).unwrap_or(u32::MAX),
            rows: answer.rows.into_iter().map(row).collect(),
        }))
    }
}

/// A notification of abuse stands behind nothing else (S-80).
fn lane(submission: &Submission) -> Lane {
    if submission.raises_concern() { Lane::Notification } else { Lane::General }
}

async fn take(hub: &Hub, caller: &Caller, submission: Submission) -> Result<Receipt, Status> {
    if submission.header().message_id.is_empty() {
        return Err(wrong(
            "message_id",
            "送信の番号(message_id)が必要です。",
            "A submission needs a message_id of yours.",
        ));
    }
    let (custody, diagnostics) = hub.take_submission(caller, submission).await.map_err(|r| status(&r))?;
    Ok(receipt(custody, &diagnostics))
}

fn row(row: RowAnswer) -> server::RowAnswer {
    server::RowAnswer {
        place: row.place,
        receipt: row.custody.map(|custody| receipt(custody, &[])),
        diagnostics: row.diagnostics.iter().map(said).collect(),
    }
}

fn receipt(custody: Custody, diagnostics: &[Diagnostic]) -> Receipt {
    Receipt {
        message_id: custody.message,
        origin: custody.origin,
        index: custody.index,
        leaf: custody.leaf,
        signature: custody.signature,
        repeated: custody.repeated,
        diagnostics: diagnostics.iter().map(said).collect(),
    }
}

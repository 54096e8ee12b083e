//! `Deliveries`: what waits for an agency, decided at the moment it is fetched.

use super::{Parts, Services, ended, server, status, wrong};
use crate::hub::Hub;
use crate::hub::deliver::Ready;
use crate::hub::fetching::{Fetching, LEAVE_TOGETHER};
use musubi_core::agency::AgencyId;
use musubi_core::id::DeliveryId;
use musubi_core::release::Dispatch;
use server::{
    AcknowledgeAnswer, AcknowledgeRequest, ChangedEntry, ComparedOutput, DeadLetter, DeadLettersRequest,
    ReceiveRequest, RenderedSize, ReplayAnswer, ReplayRequest,
};
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl server::deliveries_server::Deliveries for Services {
    type ReceiveStream = Parts<Dispatch>;

    async fn receive(&self, request: Request<ReceiveRequest>) -> Result<Response<Parts<Dispatch>>, Status> {
        let caller = self.caller(&request, "")?;
        let server::ReceiveRequest { limit, formats, cursor } = request.into_inner();
        let asked = Fetching { limit, formats: &formats, cursor: &cursor };
        let ready = self.hub.receive(&caller, asked).await.map_err(|r| status(&r))?;
        let (sender, parts) = channel(1);
        let handing = HandingOut { hub: self.hub.clone(), agency: caller.id().clone(), sender };
        tokio::spawn(handing.all(ready));
        Ok(Response::new(Box::pin(ReceiverStream::new(parts))))
    }

    async fn acknowledge(&self, request: Request<AcknowledgeRequest>) -> Result<Response<AcknowledgeAnswer>, Status> {
        let caller = self.caller(&request, "")?;
        let ids: Vec<DeliveryId> =
            request.get_ref().delivery_ids.iter().filter_map(|id| DeliveryId::parse(id)).collect();
        let acknowledged = self.hub.acknowledge(&caller, &ids).await.map_err(|r| status(&r))?;
        Ok(Response::new(AcknowledgeAnswer { acknowledged }))
    }

    type DeadLettersStream = Parts<DeadLetter>;

    async fn dead_letters(&self, request: Request<DeadLettersRequest>) -> Result<Response<Parts<DeadLetter>>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let letters = self.hub.dead_letters(&caller).await.map_err(|r| status(&r))?;
        let parts = letters.into_iter().map(|letter| DeadLetter {
            delivery_id: letter.row.id.to_string(),
            recipient: letter.row.recipient.to_string(),
            purpose: letter.row.purpose.to_string(),
            state: letter.row.stage().to_string(),
            attempts: letter.row.attempts,
            created_at: letter.row.created_at.rfc3339(),
            owner: letter.owner.to_string(),
            due_at: letter.row.next_at.rfc3339(),
            reason: letter.row.reason,
        });
        Ok(Response::new(self.parts(&caller, parts)))
    }

    async fn replay(&self, request: Request<ReplayRequest>) -> Result<Response<ReplayAnswer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let id = DeliveryId::parse(&asked.delivery_id)
            .ok_or_else(|| wrong("delivery_id", "配信番号の形式が正しくありません。", "delivery_id is not a UUID."))?;
        let replay = self.hub.replay(&caller, id, asked.dry_run).await.map_err(|r| status(&r))?;
        let words = |set: musubi_core::agency::CategorySet| set.iter().map(|category| category.to_string()).collect();
        let changed = replay.changed.into_iter().map(|entry| ChangedEntry {
            entry_id: entry.entry.to_string(),
            more: words(entry.more),
            less: words(entry.less),
        });
        let outputs = replay.outputs.into_iter().map(|(format, bytes)| RenderedSize { format, bytes: bytes as u64 });
        let not_comparable = asked.dry_run && replay.compared.is_none();
        let compared = replay.compared.into_iter().flatten().map(|one| ComparedOutput {
            format: one.format,
            bytes: one.bytes.0.map(|bytes| bytes as u64),
            bytes_before: one.bytes.1.map(|bytes| bytes as u64),
            lines_more: one.lines.0 as u64,
            lines_less: one.lines.1 as u64,
        });
        Ok(Response::new(ReplayAnswer {
            state: replay.row.stage().to_string(),
            changed: changed.collect(),
            outputs: outputs.collect(),
            compared: compared.collect(),
            not_comparable,
        }))
    }
}

/// Where the answer to a `Receive` goes.
struct HandingOut {
    hub: Hub,
    agency: AgencyId,
    sender: Sender<Result<Dispatch, Status>>,
}

impl HandingOut {
    /// Hands all of them out, unless their recipient leaves before. That some leave is on record before the first of them does.
    async fn all(self, ready: Vec<Ready>) {
        let mut ready = ready.into_iter().peekable();
        while ready.peek().is_some() {
            if let Err(end) = self.some(ready.by_ref().take(LEAVE_TOGETHER).collect()).await {
                self.sender.send(Err(end)).await.ok();
                return;
            }
        }
    }

    async fn some(&self, ready: Vec<Ready>) -> Result<(), Status> {
        self.served()?;
        for one in self.hub.deliveries_leave(ready).await.map_err(|refusal| status(&refusal))? {
            self.served()?;
            self.sender.send(Ok(one.into_dispatch())).await.map_err(|_| ended())?;
        }
        Ok(())
    }

    fn served(&self) -> Result<(), Status> {
        if self.hub.hands_out_to(&self.agency) { Ok(()) } else { Err(ended()) }
    }
}

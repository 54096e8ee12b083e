//! `Deliveries`: what waits for an agency, decided at the moment it is fetched.

use super::{Parts, Services, not_served, server, status};
use musubi_core::id::DeliveryId;
use musubi_core::release::Dispatch;
use server::{AcknowledgeAnswer, AcknowledgeRequest, DeadLettersRequest, ReceiveRequest, ReplayAnswer, ReplayRequest};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl server::deliveries_server::Deliveries for Services {
    type ReceiveStream = Parts<Dispatch>;

    async fn receive(&self, request: Request<ReceiveRequest>) -> Result<Response<Parts<Dispatch>>, Status> {
        let caller = self.caller(&request, "")?;
        let asked = request.into_inner();
        let ready = self.hub.receive(&caller, asked.limit, &asked.formats).await.map_err(|r| status(&r))?;
        let parts = ready.into_iter().map(|ready| Ok(ready.into_dispatch()));
        Ok(Response::new(Box::pin(tokio_stream::iter(parts))))
    }

    async fn acknowledge(&self, request: Request<AcknowledgeRequest>) -> Result<Response<AcknowledgeAnswer>, Status> {
        let caller = self.caller(&request, "")?;
        let ids: Vec<DeliveryId> =
            request.get_ref().delivery_ids.iter().filter_map(|id| DeliveryId::parse(id)).collect();
        let acknowledged = self.hub.acknowledge(&caller, &ids).await.map_err(|r| status(&r))?;
        Ok(Response::new(AcknowledgeAnswer { acknowledged }))
    }

    type DeadLettersStream = Parts<Dispatch>;

    async fn dead_letters(&self, _: Request<DeadLettersRequest>) -> Result<Response<Parts<Dispatch>>, Status> {
        Err(not_served("Deliveries.DeadLetters"))
    }

    async fn replay(&self, _: Request<ReplayRequest>) -> Result<Response<ReplayAnswer>, Status> {
        Err(not_served("Deliveries.Replay"))
    }
}

//! `Registry`: agencies, staff, and persons that are one.

use super::{Parts, Services, named, not_served, server, status};
use server::{Agency, LinkPersonsAnswer, LinkPersonsRequest, ListAgenciesRequest, Staff, Subscription};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl server::registry_server::Registry for Services {
    type ListAgenciesStream = Parts<Agency>;

    async fn list_agencies(&self, request: Request<ListAgenciesRequest>) -> Result<Response<Parts<Agency>>, Status> {
        self.caller(&request, "")?;
        let agencies = self.hub.register.all();
        let list: Vec<Result<Agency, Status>> = agencies
            .iter()
            .map(|agency| {
                Ok(Agency {
                    id: agency.id.to_string(),
                    kind: agency.kind.to_string(),
                    name: agency.name.clone(),
                    municipality: agency.municipality.to_string(),
                    active: agency.active,
                })
            })
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(list))))
    }

    async fn register_agency(&self, _: Request<Agency>) -> Result<Response<Agency>, Status> {
        Err(not_served("Registry.RegisterAgency: agencies are registered with `musubi agency`"))
    }

    async fn register_staff(&self, _: Request<Staff>) -> Result<Response<Staff>, Status> {
        Err(not_served("Registry.RegisterStaff: staff is registered with `musubi agency`"))
    }

    async fn subscribe(&self, _: Request<Subscription>) -> Result<Response<Subscription>, Status> {
        Err(not_served("Registry.Subscribe: subscriptions are registered with `musubi agency`"))
    }

    async fn link_persons(&self, request: Request<LinkPersonsRequest>) -> Result<Response<LinkPersonsAnswer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let (one, other) = (named(asked.one.as_ref())?, named(asked.other.as_ref())?);
        let person = self.hub.join(&caller, &one, &other, &asked.reason).await.map_err(|r| status(&r))?;
        Ok(Response::new(LinkPersonsAnswer { person_id: person.to_string() }))
    }
}

//! A call that stays open: what its caller watches is looked at again and again, and what is new is handed on.
//!
//! Who takes nothing is cut as with every answer (S-82); who has left is watched for no longer.

use super::{Parts, Services, ended, status};
use crate::edge::quota::{NothingShown, Watching};
use crate::hub::Hub;
use crate::hub::caller::Caller;
use crate::hub::watch::Watched;
use musubi_core::agency::AgencyId;
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};

/// Between two looks: the time by which something may be known later than it could be.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two looks at whether the caller may still be served (F09).
const SERVED_EVERY: Duration = Duration::from_millis(200);

impl Services {
    /// Answers with all that is there now, and then with what is new, as long as there is something to watch.
    pub(super) async fn watching<W: Watched, T: Send + 'static>(
        &self,
        caller: &Caller,
        mut watched: W,
        said: fn(W::Part) -> T,
    ) -> Result<Response<Parts<T>>, Status> {
        let place = self.quotas.watch(caller.id())?;
        let first = watched.look(&self.hub).await.map_err(|refusal| status(&refusal))?.unwrap_or_default();
        let nothing = first.is_empty();
        let (sender, parts) = channel(1);
        let handing = HandingOut { hub: self.hub.clone(), agency: caller.id().clone(), sender, said, _place: place };
        tokio::spawn(handing.until_it_ends(watched, first));
        let parts: Parts<T> = Box::pin(ReceiverStream::new(parts));
        let mut answer = Response::new(parts);
        if nothing {
            answer.extensions_mut().insert(NothingShown);
        }
        Ok(answer)
    }
}

/// Where it goes.
struct HandingOut<P, T> {
    hub: Hub,
    agency: AgencyId,
    sender: Sender<Result<T, Status>>,
    said: fn(P) -> T,
    _place: Watching,
}

impl<P: Send + 'static, T: Send + 'static> HandingOut<P, T> {
    async fn until_it_ends<W: Watched<Part = P>>(self, mut watched: W, first: Vec<P>) {
        let mut new = first;
        let end = loop {
            if let Err(end) = self.hand_on(new).await {
                break Some(end);
            }
            if let Err(end) = self.rest().await {
                break Some(end);
            }
            match watched.look(&self.hub).await {
                Ok(Some(found)) => new = found,
                Ok(None) => break None,
                Err(refusal) => break Some(status(&refusal)),
            }
        };
        if let Some(end) = end {
            self.sender.send(Err(end)).await.ok();
        }
    }

    async fn hand_on(&self, parts: Vec<P>) -> Result<(), Status> {
        for part in parts {
            self.served()?;
            self.sender.send(Ok((self.said)(part))).await.map_err(|_| ended())?;
        }
        Ok(())
    }

    /// Until the next look.
    async fn rest(&self) -> Result<(), Status> {
        let mut rested = Duration::ZERO;
        while rested < LOOK_EVERY {
            tokio::select! {
                () = sleep(SERVED_EVERY) => rested += SERVED_EVERY,
                () = self.sender.closed() => return Err(ended()),
            }
            self.served()?;
        }
        Ok(())
    }

    fn served(&self) -> Result<(), Status> {
        if self.hub.hands_out_to(&self.agency) { Ok(()) } else { Err(ended()) }
    }
}

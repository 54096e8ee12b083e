//! What may leave the hub: rendered releases, and replies without any text from records.

use super::Released;
use crate::adapter::{Adapter, Diagnostic, EncodeError, Profile};
use crate::agency::AgencyId;
use crate::id::{DeliveryId, ReleaseId};
use musubi_proto::v1 as proto;

/// A release in one format. Made only from an adapter and a [`Released`]; the recipient travels inside, so bytes that
/// were filtered for one agency cannot be sent to another.
#[must_use]
pub struct Outgoing {
    recipient: AgencyId,
    format: &'static str,
    bytes: Vec<u8>,
}

impl Outgoing {
    /// Renders a release.
    ///
    /// # Errors
    /// When the format is only read, or can say nothing of what was released.
    pub fn render(adapter: &dyn Adapter, released: &Released, profile: &Profile) -> Result<Self, EncodeError> {
        let bytes = adapter.encode(released, profile)?;
        Ok(Outgoing { recipient: released.recipient().clone(), format: adapter.name(), bytes })
    }

    /// Renders several releases for one recipient into one answer (a list of cases). Releases for another recipient
    /// are left out.
    pub fn render_all(
        recipient: &AgencyId,
        format: &'static str,
        releases: &[Released],
        write: impl FnOnce(&[&Released]) -> Vec<u8>,
    ) -> Self {
        let own: Vec<&Released> = releases.iter().filter(|released| released.recipient() == recipient).collect();
        Outgoing { recipient: recipient.clone(), format, bytes: write(&own) }
    }

    /// For whom.
    pub fn recipient(&self) -> &AgencyId {
        &self.recipient
    }

    /// In which format.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Codes, places and receipts: the only other thing that leaves. Holds no text from records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Reply {
    /// What is said.
    pub diagnostics: Vec<Diagnostic>,
}

/// A delivery to one agency over gRPC: a release in the formats that the agency subscribes to.
#[must_use]
pub struct Dispatch {
    message: proto::OutgoingDelivery,
}

impl Dispatch {
    /// From what was rendered for one release. What was rendered for another recipient is left out.
    pub fn new(id: DeliveryId, release: ReleaseId, kind: &str, released: &Released, renderings: Vec<Outgoing>) -> Self {
        let own = renderings.into_iter().filter(|rendering| rendering.recipient == released.recipient);
        let renderings =
            own.map(|rendering| proto::Rendering { format: rendering.format.to_owned(), content: rendering.bytes });
        Dispatch {
            message: proto::OutgoingDelivery {
                delivery_id: id.to_string(),
                release_id: release.to_string(),
                purpose: released.purpose().to_string(),
                renderings: renderings.collect(),
                kind: kind.to_owned(),
                late_match: None,
                cursor: String::new(),
            },
        }
    }

    /// With the word by which its recipient goes on reading behind it.
    pub fn with_cursor(mut self, cursor: String) -> Self {
        self.message.cursor = cursor;
        self
    }

    /// That a question, of which nothing was found before, would be shown something by now: the number of its ground, and its id.
    pub fn late_match(
        id: DeliveryId,
        release: ReleaseId,
        released: &Released,
        (ground, in_response_to): (&str, &str),
        renderings: Vec<Outgoing>,
    ) -> Self {
        let mut dispatch = Dispatch::new(id, release, "late_match", released, renderings);
        let (ground, in_response_to) = (ground.to_owned(), in_response_to.to_owned());
        dispatch.message.late_match = Some(proto::LateMatch { ground, in_response_to });
        dispatch
    }

    pub(crate) fn message(&self) -> &proto::OutgoingDelivery {
        &self.message
    }
}

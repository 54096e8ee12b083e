//! What may stand in a gRPC message: the wall between the hub's services and the bare record (`spine.md` section 4).
//!
//! The hub's own codec writes an [`Answer`] and reads a [`Question`]. A bare record is neither, and the hub has no type
//! for one.

use crate::record::Submission;
use crate::release::{Dispatch, Released};
use musubi_proto::v1 as proto;
use prost::Message;

/// Something that the hub may answer with.
pub trait Answer: Send + 'static {
    /// The protobuf bytes.
    fn write(&self) -> Vec<u8>;
}

/// Something that the hub may be asked with.
pub trait Question: Sized + Send + 'static {
    /// From protobuf bytes.
    ///
    /// # Errors
    /// When the bytes are not that message. Never says what stood there.
    fn read(bytes: &[u8]) -> Result<Self, NotReadable>;
}

/// The bytes are not the message that the call asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotReadable(pub String);

impl Answer for Released {
    fn write(&self) -> Vec<u8> {
        self.record().encode_to_vec()
    }
}

impl Answer for Dispatch {
    fn write(&self) -> Vec<u8> {
        self.message().encode_to_vec()
    }
}

impl Question for Submission {
    fn read(bytes: &[u8]) -> Result<Self, NotReadable> {
        let unreadable = || NotReadable("M001 Submission: not a message of the schema musubi.v1".to_owned());
        let message = proto::Submission::decode(bytes).map_err(|_| unreadable())?;
        Submission::check(message).map_err(|faults| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            NotReadable(lines.join("\n"))
        })
    }
}

/// The recipient's side of a [`Released`], and the sender's side of a [`Submission`]: for `musubi client` and the tests
/// of agencies. The hub has no use for them.
pub mod agency_side {
    use super::{Answer, NotReadable, Question, proto};
    use crate::adapter::Diagnostic;
    use crate::record::Submission;
    use prost::Message;

    /// What an agency received.
    pub struct Received(pub(super) proto::ReleasedRecord);

    /// What an agency was delivered.
    pub struct Delivered(pub(super) proto::OutgoingDelivery);

    /// What an agency is about to send.
    pub struct Draft(proto::Submission);

    impl Question for Received {
        fn read(bytes: &[u8]) -> Result<Self, NotReadable> {
            let unreadable = |_| NotReadable("M001 ReleasedRecord: not a message of the schema musubi.v1".to_owned());
            Ok(Received(proto::ReleasedRecord::decode(bytes).map_err(unreadable)?))
        }
    }

    impl Question for Delivered {
        fn read(bytes: &[u8]) -> Result<Self, NotReadable> {
            let unreadable = |_| NotReadable("M001 Delivery: not a message of the schema musubi.v1".to_owned());
            Ok(Delivered(proto::OutgoingDelivery::decode(bytes).map_err(unreadable)?))
        }
    }

    impl Answer for Draft {
        fn write(&self) -> Vec<u8> {
            self.0.encode_to_vec()
        }
    }

    impl Received {
        /// As JSON of the schema.
        pub fn to_json(&self) -> String {
            serde_json::to_string_pretty(&self.0).unwrap_or_default()
        }

        /// Kinds of the entries that were received, in order.
        pub fn kinds(&self) -> Vec<&'static str> {
            self.0.entries.iter().filter_map(|entry| entry.body.as_ref().map(crate::record::kind_of)).collect()
        }

        /// Musubi's ids of the persons in it, once each.
        pub fn persons(&self) -> Vec<String> {
            let mut ids: Vec<String> = self.0.entries.iter().flat_map(|entry| entry.person_ids.clone()).collect();
            ids.sort();
            ids.dedup();
            ids
        }
    }

    impl Delivered {
        /// Id of the delivery, to acknowledge it with.
        pub fn id(&self) -> &str {
            &self.0.delivery_id
        }

        /// What to go on reading with, once it is on disk.
        pub fn cursor(&self) -> &str {
            &self.0.cursor
        }

        /// What kind of delivery.
        pub fn kind(&self) -> &str {
            &self.0.kind
        }

        /// The content in a format, if it was delivered in it.
        pub fn rendering(&self, format: &str) -> Option<&[u8]> {
            self.0.renderings.iter().find(|r| r.format == format).map(|r| r.content.as_slice())
        }

        /// The formats that it was delivered in.
        pub fn formats(&self) -> Vec<&str> {
            self.0.renderings.iter().map(|r| r.format.as_str()).collect()
        }
    }

    impl Draft {
        /// From JSON of the schema.
        ///
        /// # Errors
        /// When it is not a submission; the text of the JSON is never repeated.
        pub fn from_json(text: &str) -> Result<Self, NotReadable> {
            let unreadable = |e: serde_json::Error| {
                NotReadable(format!("M001 line {}, column {}: not a Submission", e.line(), e.column()))
            };
            Ok(Draft(serde_json::from_str(text).map_err(unreadable)?))
        }

        /// Checked as the hub checks it.
        ///
        /// # Errors
        /// One diagnostic for each fault, with its place in the submission.
        pub fn check(self) -> Result<Submission, Vec<Diagnostic>> {
            Submission::check(self.0)
        }
    }
}

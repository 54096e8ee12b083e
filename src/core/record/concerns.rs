//! The concerns of a submission, apart from the rest of it.

use super::Submission;
use musubi_proto::v1::entry::Body;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Bytes of the hash in the id: enough to tell the versions of one row apart.
const HASH_BYTES: usize = 8;

impl Submission {
    /// Does it raise a concern (心配な様子)?
    pub fn raises_concern(&self) -> bool {
        self.message().entries.iter().any(|entry| matches!(entry.body, Some(Body::Concern(_))))
    }

    /// Its concerns as a submission of their own, to be taken although the rest is refused. Its id follows from that of the whole
    /// and from what the concerns say: the same again is the same, and other words are not the same. `None` where it raises none,
    /// or where an individual number stands in them: no digit of one is kept.
    pub fn concerns_alone(&self) -> Option<Submission> {
        let mut message = self.message().clone();
        message.entries.retain(|entry| matches!(entry.body, Some(Body::Concern(_))));
        if message.entries.is_empty() {
            return None;
        }
        let said: Vec<u8> = message.entries.iter().flat_map(prost::Message::encode_to_vec).collect();
        let mut id = format!("{}:concern:", message.message_id);
        for byte in Sha256::digest(said).iter().take(HASH_BYTES) {
            write!(id, "{byte:02x}").ok()?;
        }
        message.message_id = id;
        Submission::check(message).ok().filter(|alone| alone.individual_number().is_none())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use musubi_proto::v1 as proto;

    fn entry(body: Body) -> proto::Entry {
        let role = proto::SubjectRole::Mother.into();
        let subject = proto::Subject { role, issuer: "482072".to_owned(), identifier: "SK08-0041".to_owned() };
        proto::Entry { source_key: "R-1".to_owned(), subjects: vec![subject], body: Some(body), ..Default::default() }
    }

    fn row(text: &str) -> Submission {
        let concern = proto::Concern { text: text.to_owned(), ..Default::default() };
        let (format, message_id) = ("pv02".to_owned(), "R-1:1".to_owned());
        let entries = vec![entry(Body::CareDelivery(proto::CareDelivery::default())), entry(Body::Concern(concern))];
        Submission::check(proto::Submission { format, message_id, entries, ..Default::default() }).unwrap()
    }

    #[test]
    fn a_concern_stands_alone_under_an_id_of_what_it_says() {
        let alone = row("上腕にあざ").concerns_alone().unwrap();
        assert_eq!(alone.kinds(), ["concern"]);
        let id = |text| row(text).concerns_alone().unwrap().header().message_id;
        assert!(id("上腕にあざ").starts_with("R-1:1:concern:"));
        assert_eq!(id("上腕にあざ"), id("上腕にあざ"));
        assert_ne!(id("上腕にあざ"), id("上腕に複数のあざ"));
    }

    #[test]
    fn without_a_concern_nothing_stands_alone_and_no_individual_number_does() {
        let whole = row("上腕にあざ");
        let mut without = whole.message().clone();
        without.entries.retain(|entry| !matches!(entry.body, Some(Body::Concern(_))));
        assert!(Submission::check(without).unwrap().concerns_alone().is_none());
        let number = [12, 34, 56, 78, 90, 18].map(|pair: u32| format!("{pair:02}")).concat();
        assert!(crate::japan::my_number::contains(&number));
        assert!(row(&format!("番号 {number}")).concerns_alone().is_none());
    }
}

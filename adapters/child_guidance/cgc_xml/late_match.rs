//! `LateMatchNotification`: a query that found nothing would find something by now (`formats/child_guidance.md` section 5). The
//! schema's `LateMatch` in XML. It names the query and its ground, and nothing of what may be seen: the center asks again.

use super::{NAMESPACE, SCHEMA_VERSION};
use crate::xml::Writer;
use musubi_core::release::NOTICE;
use musubi_core::time::Time;

/// Writes it: the number of the ground as the query cited it, and the query's `messageID`.
pub fn encode_late_match(in_response_to: &str, ground: &str, now: Time) -> Vec<u8> {
    let attributes = [("schemaVersion", SCHEMA_VERSION), ("createdAt", &now.rfc3339())];
    let mut writer = Writer::new("cg", NAMESPACE, "LateMatchNotification", &attributes);
    writer.leaf("InResponseTo", in_response_to);
    writer.leaf("RelatedCaseID", ground);
    writer.leaf("UseLimitationText", NOTICE);
    writer.finish()
}

//! `X-Provenance`: the Provenance beside a resource that is sent, which tells who of the agency's staff records it.

use super::Form;

/// Longest header, in bytes.
const BYTES_MAX: usize = 4 * 1024;

/// The member of staff that a Provenance in JSON names: the identifier of its first agent that has one. `None` when it is no
/// Provenance, or names nobody.
pub fn staff(header: &str) -> Option<String> {
    let bytes = Some(header.as_bytes()).filter(|bytes| bytes.len() <= BYTES_MAX)?;
    let tree = Form::Json.read(bytes).ok()?;
    let root = tree.root();
    if root.peek("resourceType") != "Provenance" {
        return None;
    }
    let agents = root.all("agent").filter_map(|agent| agent.first("who")?.first("identifier"));
    let mut named = agents.map(|id| id.peek("value")).filter(|value| !value.is_empty());
    named.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::staff;

    #[test]
    fn the_first_agent_with_a_number_records_it() {
        let header = r#"{"resourceType":"Provenance","recorded":"2026-10-28T10:00:00+09:00","agent":[{"who":{"display":"x"}},{"who":{"identifier":{"value":"ooba"}}}]}"#;
        assert_eq!(staff(header).as_deref(), Some("ooba"));
        for nobody in ["", "{}", r#"{"resourceType":"Provenance"}"#, &format!("{header}{}", " ".repeat(5_000))] {
            assert_eq!(staff(nobody), None);
        }
    }
}

//! What the agencies send in the story, and the five ways in which row 6 sends it wrong.

/// H2's discharge notice for 髙柳 沙耶, ISO-2022-JP as SS-MIX2 writes it.
pub(super) const MINAMI: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/minami_a03_ssmix2.hl7");
/// H1's discharge notice of 湊.
pub(super) const NEWBORN: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_a03_newborn.hl7");
/// H1's discharge notice of 榎本 千夏.
pub(super) const MOTHER: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_a03_mother.hl7");
/// H1's own EPDS of her.
pub(super) const OWN_EPDS: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_epds_own.hl7");
/// The two-week check that the city pays for.
pub(super) const TWO_WEEK: &[u8] =
    include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_two_week_check.hl7");
/// H1's correction.
pub(super) const CORRECTION: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_a08_correction.hl7");
/// Five visits of the health center, CP932.
pub(super) const VISITS: &[u8] = include_bytes!("../../adapters/public_health/ph05/samples/demo-visits.csv");
/// Two nights.
pub(super) const STAY_1: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-stay-1.csv");
/// Three nights, 90 minutes of them without anybody on duty.
pub(super) const STAY_2: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-stay-2-revision-1.csv");
/// The same, mended.
pub(super) const STAY_2_MENDED: &[u8] =
    include_bytes!("../../adapters/provider/pv02/samples/demo-stay-2-revision-2.csv");
/// The eighth day.
pub(super) const DAY_8: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-day-8.csv");

/// The same control id with another weight.
pub(super) fn other_weight() -> Vec<u8> {
    replaced(NEWBORN, b"||2486|", b"||2586|")
}

/// Cut at half, under a control id of its own.
pub(super) fn cut() -> Vec<u8> {
    let message = replaced(NEWBORN, b"S261030-0101", b"S261030-0191");
    let middle = message.windows(4).position(|window| window == b"PID|").unwrap_or(message.len() / 2);
    message[..middle + 24].to_vec()
}

/// With an individual number. The specimen is put together here, so that it stands in no file.
pub(super) fn with_individual_number() -> Vec<u8> {
    let number = ["1234", "5678", "9018"].concat();
    let message = replaced(MOTHER, b"S261030-0102", b"S261030-0192");
    replaced(&message, b"090-0000-0011", number.as_bytes())
}

/// The specimen's digits, to look for where they must not be.
pub(super) fn individual_number() -> String {
    ["1234", "5678", "9018"].concat()
}

/// Under a control id of its own, for the wrong certificate.
pub(super) fn from_elsewhere() -> Vec<u8> {
    replaced(MOTHER, b"S261030-0102", b"S261030-0193")
}

fn replaced(message: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    match message.windows(what.len()).position(|window| window == what) {
        Some(at) => [&message[..at], with, &message[at + what.len()..]].concat(),
        None => message.to_vec(),
    }
}

/// A pregnancy notification as the health center hands it in over gRPC, in the words of the schema.
pub(super) fn notification(
    key: &str,
    names: [&str; 4],
    birth: [i32; 3],
    days: i32,
    on: [i32; 3],
    due: [i32; 3],
) -> String {
    let [family, given, family_kana, given_kana] = names;
    let date = |[year, month, day]: [i32; 3]| serde_json::json!({"year": year, "month": month, "day": day});
    let name = |representation: &str, family: &str, given: &str| {
        serde_json::json!({"representation": representation, "use": "LEGAL",
            "text": format!("{family}　{given}"), "family": family, "given": given})
    };
    let subject = serde_json::json!([{"role": "MOTHER", "issuer": "482072", "identifier": key}]);
    serde_json::json!({
        "format": "grpc",
        "messageId": format!("notification-{key}"),
        "municipality": "482072",
        "entries": [
            {"sourceKey": "person", "subjects": subject, "personDetails": {
                "names": [name("IDEOGRAPHIC", family, given), name("PHONETIC", family_kana, given_kana)],
                "birthDate": date(birth), "sex": "FEMALE"}},
            {"sourceKey": "notification", "subjects": subject, "occurredAt": {"date": date(on)},
             "pregnancyNotification": {"notifiedOn": date(on), "gestationDays": days, "dueDate": date(due)}},
        ],
    })
    .to_string()
}

/// What the center writes down about 灯 after two visits in vain.
pub(super) fn concern() -> String {
    let subject = serde_json::json!([{"role": "CHILD", "issuer": "482072", "identifier": "K0300102"}]);
    serde_json::json!({
        "format": "grpc",
        "messageId": "concern-K0300102",
        "municipality": "482072",
        "entries": [{"sourceKey": "concern-1", "subjects": subject,
            "concern": {"text": "2回の訪問とも児に会えていない", "urgency": "B"}}],
    })
    .to_string()
}

//! Non-interference over the hub's channels (`consent.md` section 9, properties 1 to 3): what an agency may not see changes
//! nothing of what it gets: records, lists, deliveries, work, errors, acknowledgements, answers over HTTPS, pages.

use crate::agencies::{Agency, by_name, case_request, replaced};
use crate::city::{CLINIC, City, MOTHER, NEWBORN, QUERY, VISITS};
use crate::steps::{COUNCIL_CASE, akari, aoi, chinatsu, minato, rin, saya};
use musubi::edge::grpc::client::{ListWorkRequest, PersonRef, ReceiveRequest};
use musubi::sample_city as sample;
use musubi_core::wire::agency_side::Draft;
use std::collections::BTreeMap;

const OWN_EPDS: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_epds_own.hl7");

/// Ids are random, and of what came in one moment they are the order; log positions are the stated exception (S-39). So an
/// id and a receipt are replaced by a word, and the pieces of an answer are put in an order of their own.
fn comparable(text: &str) -> String {
    let (mut out, mut at) = (String::new(), 0);
    while at < text.len() {
        let rest = &text[at..];
        if let Some(receipt) = rest.strip_prefix("musubi:1:") {
            let end =
                receipt.find(|c: char| !(c.is_ascii_alphanumeric() || ":-_".contains(c))).unwrap_or(receipt.len());
            out.push_str("RECEIPT");
            at += "musubi:1:".len() + end;
        } else if is_uuid(rest.as_bytes()) {
            out.push_str("ID");
            at += 36;
        } else {
            let letter = rest.chars().next().unwrap();
            out.push(letter);
            at += letter.len_utf8();
        }
    }
    let mut pieces: Vec<&str> = out.split(['\n', '{', '<', ',']).collect();
    pieces.sort_unstable();
    pieces.join("\n")
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() >= 36
        && bytes[..36].iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn everybody() -> Vec<PersonRef> {
    let by_names = [
        by_name("エノモト チナツ", "1996-05-14"),
        by_name("汐野 某", "1990-08-03"),
        by_name("マキノ リン", "2026-09-14"),
    ];
    [chinatsu(), minato(), saya(), akari(), aoi(), rin()].into_iter().chain(by_names).collect()
}

/// What an agency asks on every channel: for which purposes, about whom, under which grounds.
pub(crate) struct Everything<'a> {
    pub(crate) purposes: &'a [&'a str],
    pub(crate) people: &'a [PersonRef],
    /// The same by the hospital's numbers, for FHIR.
    pub(crate) numbers: &'a [&'a str],
    pub(crate) grounds: &'a [&'a str],
}

/// Pages that need no handle of another page.
const PAGES: [&str; 8] =
    ["/today", "/roster", "/find", "/referrals", "/consent", "/question", "/emergency", "/letters"];

/// Letters of the longest word of an address or a choice; a token and a handle have more.
const LONGEST_WORD: usize = 20;

/// A page without what is made anew for each session: the token and the handles in its addresses.
fn without_the_session(page: &str) -> String {
    let (mut out, mut rest) = (String::new(), page);
    while let Some(at) = ["value=\"", "href=\"/", "action=\"/"].iter().filter_map(|mark| rest.find(mark)).min() {
        let (before, from) = rest.split_at(at);
        let end = from.match_indices('"').nth(1).map_or(from.len(), |(end, _)| end);
        out.push_str(before);
        let opaque = |word: &str| if word.len() > LONGEST_WORD { "OPAQUE".to_owned() } else { word.to_owned() };
        let words: Vec<String> = from[..end].split(['/', '"']).map(opaque).collect();
        out.push_str(&words.join("/"));
        rest = &from[end..];
    }
    out + rest
}

impl City {
    /// Everything that an agency gets on every channel, by channel.
    pub(crate) async fn everything(&self, agency: &Agency, asked: &Everything<'_>) -> BTreeMap<String, String> {
        let mut all = agency.everything(asked).await;
        for (purpose, number) in
            asked.purposes.iter().flat_map(|purpose| asked.numbers.iter().map(move |n| (purpose, n)))
        {
            let read = self.asks_about(&agency.id, agency.staff, purpose, number).await;
            let said = format!("{} {:?} {}", read.status, read.headers, String::from_utf8_lossy(&read.body));
            all.insert(format!("fhir {purpose} {number}"), comparable(&said));
        }
        let mut browser = self.signed_in(&agency.id, agency.staff).await;
        for page in PAGES {
            let seen = browser.get(page).await;
            all.insert(
                format!("page {page}"),
                comparable(&format!("{} {}", seen.status, without_the_session(&seen.body))),
            );
        }
        all
    }
}

impl Agency {
    async fn everything(&self, asked: &Everything<'_>) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for purpose in asked.purposes {
            for (number, whom) in asked.people.iter().cloned().enumerate() {
                for ground in asked.grounds {
                    let seen = match self.asks_as(self.staff, purpose, whom.clone(), ground).await {
                        Ok(seen) => seen.json(),
                        Err(status) => format!("{:?} {}", status.code(), status.message()),
                    };
                    all.insert(format!("get {purpose} {number} {ground}"), seen);
                }
            }
            let ground = asked.grounds.last().copied().unwrap_or_default();
            let request = case_request(self.staff, purpose, ground, &[sample::CITY]);
            let cases = match self.client.records().search_cases(request).await {
                Ok(stream) => {
                    let (mut metadata, stream, _) = stream.into_parts();
                    metadata.remove("date");
                    let hits = crate::agencies::whole(stream).await.unwrap();
                    let hits: Vec<String> = hits.iter().map(|hit| hit.to_json()).collect();
                    format!("{metadata:?} {} {hits:?}", hits.len())
                }
                Err(status) => format!("{:?} {}", status.code(), status.message()),
            };
            all.insert(format!("cases {purpose}"), cases);
        }
        let list = ListWorkRequest { state: "all".to_owned(), ..ListWorkRequest::default() };
        let work =
            crate::agencies::whole(self.client.work_items().list(list).await.unwrap().into_inner()).await.unwrap();
        all.insert("work".to_owned(), work.iter().map(|item| format!("{item:?}\n")).collect());
        let box_of = self.client.deliveries().receive(ReceiveRequest::default()).await.unwrap().into_inner();
        let mail = crate::agencies::Mail(crate::agencies::whole(box_of).await.unwrap());
        all.insert("deliveries".to_owned(), format!("{} {}", mail.0.len(), mail.text()));
        let xml = self.posts("/v1/cases/query", QUERY).await;
        all.insert(
            "xml".to_owned(),
            format!("{} {:?} {}", xml.status, xml.headers, String::from_utf8_lossy(&xml.body)),
        );
        let wrong = self.posts("/v1/documents?format=hl7v2", b"MSH|^~\\&|").await;
        all.insert(
            "error".to_owned(),
            format!("{} {:?} {}", wrong.status, wrong.headers, String::from_utf8_lossy(&wrong.body)),
        );
        all.into_iter().map(|(channel, text)| (channel, comparable(&text))).collect()
    }
}

#[track_caller]
pub(crate) fn same(variant: &str, agency: &str, one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) {
    for (channel, text) in one {
        assert_eq!(Some(text), other.get(channel), "{agency} can tell {variant} on the channel {channel}");
    }
}

fn of_everybody<'a>(purposes: &'a [&'a str], people: &'a [PersonRef]) -> Everything<'a> {
    Everything { purposes, people, numbers: &["00012345"], grounds: &["", COUNCIL_CASE] }
}

/// What is hidden from the center, and from everybody but the hospital that wrote it.
const OF_THE_HOSPITAL: [&str; 6] =
    ["nothing", "its EPDS", "another EPDS", "its EPDS twice", "its EPDS first", "a person whom nobody may see"];

async fn after_the_hospital_told(hidden: &str) -> City {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    city.center().records_both_permits().await;
    city.set("2026-10-30T11:06:10+09:00");
    let alarming = replaced(&replaced(OWN_EPDS, b"||7|", b"||28|"), b"||0|{score}", b"||3|{score}");
    let answers: String =
        (1..10).map(|item| format!("OBX|{}|NM|EPDS{item:02}^EPDS^99SHI||3|{{score}}|||||F\r", item + 2)).collect();
    let noted = [&alarming, format!("{answers}NTE|1||夜がひとりで不安\r").as_bytes()].concat();
    for message in [NEWBORN, MOTHER] {
        city.hospital().sends(message).await.accepted();
    }
    let epds = match hidden {
        "an alarming EPDS" => alarming,
        "an EPDS with a note and every answer" => noted,
        _ => OWN_EPDS.to_vec(),
    };
    city.hospital().sends(&epds).await.accepted();
    if hidden == "a person whom nobody may see" {
        let mut other = MOTHER.to_vec();
        for (what, with) in [
            ("00012345", "00099999"),
            ("19960514", "19900803"),
            ("S261030-0102", "S261030-0122"),
            ("榎本^千夏", "汐野^某"),
            ("エノモト^チナツ", "シオノ^ボウ"),
        ] {
            other = replaced(&other, what.as_bytes(), with.as_bytes());
        }
        city.hospital().sends(&other).await.accepted();
    }
    city
}

#[tokio::test]
async fn what_a_hospital_keeps_to_itself_changes_nothing_for_anybody_else() {
    let everybody = everybody();
    let mut first: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for hidden in OF_THE_HOSPITAL {
        let city = after_the_hospital_told(hidden).await;
        for day in ["2026-10-30T13:00:00+09:00", "2026-12-05T13:00:00+09:00"] {
            city.set(day);
            city.running.hub.look_after_held().await.unwrap();
            city.running.hub.look_after_overdue().await.unwrap();
            let observers = [
                (city.center(), ["P3", "P4"].as_slice()),
                (city.provider(), &["P7"]),
                (city.guidance_center(), &["P5", "P6"]),
                (city.clinic(), &["P1", "P6"]),
                (city.prefectural_health_center(), &["P1"]),
            ];
            for (agency, purposes) in observers {
                let got = city.everything(&agency, &of_everybody(purposes, &everybody)).await;
                let base = first.entry(format!("{} {day}", agency.id)).or_insert_with(|| got.clone());
                same(hidden, &agency.id, base, &got);
            }
        }
        let answer = city.clinic().sends(CLINIC).await.accepted();
        // The control id of the answer itself is made anew each time.
        let text = answer.text();
        let own_id = text.split('|').nth(9).unwrap();
        let acknowledgement = BTreeMap::from([("MSA".to_owned(), comparable(&text.replace(own_id, "ID")))]);
        let base = first.entry("acknowledgement".to_owned()).or_insert_with(|| acknowledgement.clone());
        same(hidden, "the clinic", base, &acknowledgement);
    }
    let center = &first["OSC-482072 2026-10-30T13:00:00+09:00"];
    assert!(center.values().any(|text| text.contains("dischargeNotice")), "the center did see what it may");
}

/// What the city's offices keep to themselves.
const OF_THE_CITY: [&str; 4] = ["nothing", "five visits", "a concern", "a shield and a link to the hospital"];

#[tokio::test]
async fn what_the_city_keeps_to_itself_changes_nothing_for_a_hospital() {
    let everybody = everybody();
    let mut first: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for hidden in OF_THE_CITY {
        let city = City::after_the_discharge().await;
        city.set("2026-11-11T17:15:00+09:00");
        match hidden {
            "five visits" => drop(city.health_center().hands_in("ph05", VISITS).await),
            "a concern" => {
                let subject =
                    serde_json::json!([{"role": "CHILD", "issuer": sample::HOSPITAL, "identifier": "00067890"}]);
                let concern = serde_json::json!({
                    "format": "grpc", "messageId": "concern-1", "municipality": sample::CITY,
                    "entries": [{"sourceKey": "concern-1", "subjects": subject, "concern": {"text": "2回とも会えていない"}}],
                });
                let draft = Draft::from_json(&concern.to_string()).unwrap();
                city.center().client.intake().submit(draft).await.unwrap();
            }
            "a shield and a link to the hospital" => city.center().shields_the_hidden_family("2027-06-30").await,
            _ => {}
        }
        city.set("2026-11-12T10:00:00+09:00");
        let hospital = Agency { staff: "namiki", ..city.hospital() };
        for (agency, purposes) in [(hospital, ["P1", "P6", "P11"].as_slice()), (city.clinic(), &["P1", "P6"])] {
            let got = city.everything(&agency, &of_everybody(purposes, &everybody)).await;
            let base = first.entry(agency.id.clone()).or_insert_with(|| got.clone());
            same(hidden, &agency.id, base, &got);
        }
    }
    assert!(first[sample::HOSPITAL].values().any(|text| text.contains("newborn")), "it did see its own");
}

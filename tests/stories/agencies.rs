//! What the agencies of the city say and hear, each over its own connection and with its own certificate.

use crate::city::City;
use musubi::agency_client::{AgencyClient, HttpAnswer};
use musubi::edge::grpc::client::{
    AcknowledgeRequest, Diagnostic, GetRecordRequest, ListWorkRequest, PersonRef, ReceiveRequest, RowAnswer,
    SearchCasesRequest, SubmitDocumentRequest, WorkItem,
};
use musubi::sample_city as sample;
use musubi_core::wire::agency_side::{Delivered, Received};
use tokio_stream::StreamExt;
use tonic::{Status, Streaming};

/// An agency with its connection, and the member of its staff who acts.
pub(crate) struct Agency {
    pub(crate) id: String,
    pub(crate) staff: &'static str,
    pub(crate) client: AgencyClient,
}

impl City {
    fn staffed(&self, id: &str, staff: &'static str) -> Agency {
        Agency { id: id.to_owned(), staff, client: self.agency(id) }
    }

    /// 朝凪県立汐音総合病院.
    pub(crate) fn hospital(&self) -> Agency {
        self.staffed(sample::HOSPITAL, "clerk-07")
    }

    /// 汐音みなみ産院, with its midwife.
    pub(crate) fn clinic(&self) -> Agency {
        self.staffed(sample::CLINIC, "kaida")
    }

    /// 汐音市こども家庭センター, with 大庭.
    pub(crate) fn center(&self) -> Agency {
        self.staffed(sample::CENTER, "ooba")
    }

    /// 汐音市保健センター.
    pub(crate) fn health_center(&self) -> Agency {
        self.staffed(sample::HEALTH_CENTER, "shiina")
    }

    /// 朝凪県汐音保健所.
    pub(crate) fn prefectural_health_center(&self) -> Agency {
        self.staffed(sample::PREFECTURAL_HEALTH_CENTER, "hamano")
    }

    /// 朝凪県南部児童相談所, with 真壁.
    pub(crate) fn guidance_center(&self) -> Agency {
        self.staffed(sample::GUIDANCE_CENTER, "w-0412")
    }

    /// 助産院 汐の宿.
    pub(crate) fn provider(&self) -> Agency {
        self.staffed(sample::PROVIDER, "nogami")
    }

    /// An agency that is none of the sample's.
    pub(crate) fn other(&self, id: &str, staff: &'static str) -> Agency {
        self.staffed(id, staff)
    }
}

impl Agency {
    /// One v2 message over MLLP.
    pub(crate) async fn sends(&self, message: &[u8]) -> Acknowledgement {
        let mut connection = self.client.mllp().await.unwrap();
        let answer = Acknowledgement(connection.send(message).await.unwrap());
        connection.close().await.unwrap();
        answer
    }

    /// A file over gRPC.
    pub(crate) async fn hands_in(&self, format: &str, content: &[u8]) -> Rows {
        let request =
            SubmitDocumentRequest { format: format.to_owned(), content: content.to_vec(), file_name: String::new() };
        Rows(self.client.intake().submit_document(request).await.unwrap().into_inner().rows)
    }

    /// What waits for it, without saying that it has arrived.
    pub(crate) async fn looks_into_its_box(&self) -> Mail {
        let stream = self.client.deliveries().receive(ReceiveRequest::default()).await.unwrap().into_inner();
        Mail(whole(stream).await.unwrap())
    }

    /// What waits for it, acknowledged.
    pub(crate) async fn receives(&self) -> Mail {
        let mail = self.looks_into_its_box().await;
        let delivery_ids = mail.0.iter().map(|delivered| delivered.id().to_owned()).collect();
        self.client.deliveries().acknowledge(AcknowledgeRequest { delivery_ids }).await.unwrap();
        mail
    }

    /// What it may see of one person; nothing, when its staff may not ask for the purpose at all.
    pub(crate) async fn looks_up(&self, purpose: &str, whom: PersonRef, ground: &str) -> Seen {
        seen_or_refused(self.asks_as(self.staff, purpose, whom, ground).await)
    }

    /// The same, as a certain member of staff or as a machine.
    pub(crate) async fn asks_as(
        &self,
        staff: &str,
        purpose: &str,
        whom: PersonRef,
        ground: &str,
    ) -> Result<Seen, Status> {
        let request = record_request(staff, purpose, whom, ground);
        Ok(Seen(whole(self.client.records().get(request).await?.into_inner()).await?))
    }

    /// The cases of the city that it may see under a ground.
    pub(crate) async fn searches_cases(&self, purpose: &str, ground: &str) -> Seen {
        let request = case_request(self.staff, purpose, ground, &[]);
        let answer = match self.client.records().search_cases(request).await {
            Ok(answer) => whole(answer.into_inner()).await.map(Seen),
            Err(refused) => Err(refused),
        };
        seen_or_refused(answer)
    }

    /// A body over HTTPS.
    pub(crate) async fn posts(&self, path: &str, body: &[u8]) -> HttpAnswer {
        self.client.post(path, "application/octet-stream", body.to_vec()).await.unwrap()
    }

    /// The open items of one kind that wait for it.
    pub(crate) async fn work(&self, kind: &str) -> Vec<WorkItem> {
        let request = ListWorkRequest { staff_id: String::new(), state: "open".to_owned(), kind: kind.to_owned() };
        whole(self.client.work_items().list(request).await.unwrap().into_inner()).await.unwrap()
    }
}

/// A stream to its end.
pub(crate) async fn whole<T>(mut stream: Streaming<T>) -> Result<Vec<T>, Status> {
    let mut parts = Vec::new();
    while let Some(part) = stream.next().await {
        parts.push(part?);
    }
    Ok(parts)
}

pub(crate) fn record_request(staff: &str, purpose: &str, whom: PersonRef, ground: &str) -> GetRecordRequest {
    GetRecordRequest {
        purpose: purpose.to_owned(),
        staff_id: staff.to_owned(),
        person_id: whom.person_id,
        issuer: whom.issuer,
        identifier: whom.identifier,
        name: whom.name,
        birth_date: whom.birth_date,
        ground: ground.to_owned(),
    }
}

pub(crate) fn case_request(staff: &str, purpose: &str, ground: &str, municipalities: &[&str]) -> SearchCasesRequest {
    SearchCasesRequest {
        purpose: purpose.to_owned(),
        staff_id: staff.to_owned(),
        ground: ground.to_owned(),
        municipalities: words(municipalities),
        level: "L3".to_owned(),
        ..SearchCasesRequest::default()
    }
}

/// A person by issuer and identifier.
pub(crate) fn person(issuer: &str, identifier: &str, role: &str) -> PersonRef {
    PersonRef {
        issuer: issuer.to_owned(),
        identifier: identifier.to_owned(),
        role: role.to_owned(),
        ..PersonRef::default()
    }
}

/// A person by name and birth date.
pub(crate) fn by_name(name: &str, birth_date: &str) -> PersonRef {
    PersonRef { name: name.to_owned(), birth_date: birth_date.to_owned(), ..PersonRef::default() }
}

pub(crate) fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|word| (*word).to_owned()).collect()
}

/// A message in which one thing stands in the place of another.
pub(crate) fn replaced(message: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let at = message.windows(what.len()).position(|window| window == what).unwrap();
    [&message[..at], with, &message[at + what.len()..]].concat()
}

/// The answer to a v2 message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Acknowledgement(pub(crate) Vec<u8>);

impl Acknowledgement {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// A field of MSA, from 1.
    pub(crate) fn msa(&self, field: usize) -> String {
        let text = self.text();
        let segment = text.split('\r').find(|segment| segment.starts_with("MSA|")).unwrap();
        segment.split('|').nth(field).unwrap_or_default().to_owned()
    }

    /// Severity, code of Musubi and place of each `ERR`.
    pub(crate) fn said(&self) -> Vec<String> {
        let text = self.text();
        let errors = text.split('\r').filter(|segment| segment.starts_with("ERR|"));
        let fields = errors.map(|segment| segment.split('|').collect::<Vec<_>>());
        fields.map(|f| format!("{} {} {}", f[4], f[5].split('^').next().unwrap_or_default(), f[2])).collect()
    }

    /// It was taken, with a receipt.
    #[track_caller]
    pub(crate) fn accepted(self) -> Self {
        assert_eq!(self.msa(1), "AA", "{}", self.text());
        assert!(self.msa(3).starts_with("musubi:1:"), "{}", self.text());
        self
    }

    /// It was not taken, for something in this segment.
    #[track_caller]
    pub(crate) fn refused(self, code: &str, segment: &str) -> Self {
        assert_eq!(self.msa(1), code, "{}", self.text());
        let errors: Vec<String> = self.said().into_iter().filter(|said| said.starts_with("E ")).collect();
        assert!(errors.iter().any(|said| said.rsplit(' ').next().unwrap().starts_with(segment)), "{errors:?}");
        assert_eq!(self.msa(3), "", "no receipt for what was not taken");
        self
    }
}

/// The answer to a file, row by row.
pub(crate) struct Rows(pub(crate) Vec<RowAnswer>);

impl Rows {
    pub(crate) fn taken(&self) -> Vec<bool> {
        self.0.iter().map(|row| row.receipt.is_some()).collect()
    }

    pub(crate) fn said(&self) -> Vec<&Diagnostic> {
        self.0.iter().flat_map(|row| &row.diagnostics).collect()
    }

    pub(crate) fn codes(&self) -> Vec<&str> {
        self.said().into_iter().map(|said| said.code.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn accepted(self) -> Self {
        assert!(!self.0.is_empty() && self.taken().iter().all(|taken| *taken), "{:?}", self.said());
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, code: &str) -> Self {
        assert!(self.taken().iter().all(|taken| !taken), "something was taken");
        assert!(self.codes().contains(&code), "{:?}", self.said());
        self
    }
}

/// What was delivered.
pub(crate) struct Mail(pub(crate) Vec<Delivered>);

impl Mail {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every rendering, as text.
    pub(crate) fn text(&self) -> String {
        let each = self.0.iter().flat_map(|one| one.formats().into_iter().filter_map(|format| one.rendering(format)));
        each.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }

    /// The last one in a format.
    pub(crate) fn last(&self, format: &str) -> String {
        let last = self.0.iter().rev().find_map(|one| one.rendering(format)).unwrap_or_default();
        String::from_utf8_lossy(last).into_owned()
    }
}

/// What was seen of persons.
pub(crate) struct Seen(pub(crate) Vec<Received>);

impl Seen {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn json(&self) -> String {
        self.0.iter().map(Received::to_json).collect()
    }

    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.0.iter().flat_map(Received::kinds).collect()
    }
}

/// A refusal that rests on who asks, and not on what there is, shows nothing.
fn seen_or_refused(answer: Result<Seen, Status>) -> Seen {
    match answer {
        Ok(seen) => seen,
        Err(refused) => {
            assert!(refused.code() == tonic::Code::PermissionDenied && refused.message().contains("M803"), "{refused}");
            Seen(Vec::new())
        }
    }
}

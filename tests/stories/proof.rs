//! Row 20: what the hub did can be checked by others, with the public key alone.

use crate::city::{City, MOTHER, NEWBORN};
use crate::steps::{chinatsu, minato};
use musubi::edge::grpc::client::{CheckpointRequest, ProveRequest, StatementRequest, StatementRow};
use musubi::sample_city as sample;
use musubi::store::{Log, Settings, Store};
use musubi_core::audit::{Checkpoint, LeafHash, LogVerifier, Receipt, SignedNote, verify_inclusion};
use std::path::Path;

const TWO_WEEK: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_two_week_check.hl7");
const VISITS: &[u8] = crate::city::VISITS;

impl City {
    fn public_key(&self) -> LogVerifier {
        self.running.hub.keyring.signing.verifier()
    }

    /// The newest checkpoint of the city's log, as an agency fetches it.
    async fn note(&self) -> SignedNote {
        self.running.hub.store.checkpoint().await.unwrap();
        let request = CheckpointRequest { log: sample::CITY.to_owned(), witnessed: false };
        let note = self.hospital().client.audit().checkpoint(request).await.unwrap().into_inner().note;
        SignedNote::parse(&note).unwrap()
    }

    pub(crate) async fn statement(
        &self,
        staff: &str,
        subject: musubi::edge::grpc::client::PersonRef,
    ) -> Vec<StatementRow> {
        let request =
            StatementRequest { staff_id: staff.to_owned(), subject: Some(subject), ..StatementRequest::default() };
        self.center().client.audit().statement(request).await.unwrap().into_inner().rows
    }
}

#[tokio::test]
async fn a_checkpoint_holds_under_the_hubs_key_and_under_no_other() {
    let city = City::after_the_discharge().await;
    let other = City::at("2026-10-30T11:05:40+09:00").await;
    let note = city.note().await;
    note.verify(&city.public_key()).unwrap();
    assert!(note.verify(&other.public_key()).is_err());
    let mut forged = note.clone();
    forged.text = forged.text.replacen(char::is_numeric, "9", 1);
    assert!(forged == note || forged.verify(&city.public_key()).is_err());
}

#[tokio::test]
async fn the_receipt_of_a_message_is_proved_to_stand_in_the_log() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let mut receipts = Vec::new();
    for message in [NEWBORN, MOTHER] {
        receipts.push(city.hospital().sends(message).await.accepted().msa(3));
    }
    let note = city.note().await;
    let checkpoint = Checkpoint::parse(&note.text).unwrap();
    for receipt in receipts {
        let receipt = Receipt::from_msa3(checkpoint.origin.clone(), &receipt).unwrap();
        let request = ProveRequest { log: sample::CITY.to_owned(), index: receipt.index, size: checkpoint.size };
        let answer = city.hospital().client.audit().prove(request).await.unwrap().into_inner();
        let path: Vec<[u8; 32]> = answer.path.iter().map(|hash| hash.as_slice().try_into().unwrap()).collect();
        let holds = |leaf| verify_inclusion(leaf, receipt.index, checkpoint.size, &path, &checkpoint.root);
        holds(receipt.leaf).unwrap();
        assert!(holds(LeafHash([7; 32])).is_err(), "another leaf is not proved by it");
    }
}

#[tokio::test]
async fn the_receipt_of_a_file_is_signed() {
    let city = City::after_the_visits().await;
    let rows = city.health_center().hands_in("ph05", VISITS).await;
    let given = rows.0[0].receipt.clone().unwrap();
    let leaf = LeafHash(given.leaf.try_into().unwrap());
    let mut receipt = Receipt { origin: given.origin, index: given.index, leaf };
    receipt.verify(&city.public_key(), &given.signature).unwrap();
    receipt.index += 1;
    assert!(receipt.verify(&city.public_key(), &given.signature).is_err());
}

#[tokio::test]
async fn a_statement_lists_who_was_shown_what_when_and_on_which_basis() {
    let city = City::after_the_permitted_discharge().await;
    city.center().receives().await;
    city.set("2026-11-09T15:13:00+09:00");
    city.hospital().sends(TWO_WEEK).await.accepted();
    city.center().receives().await;
    city.set("2026-11-12T10:00:00+09:00");
    city.center().refers_to(sample::PROVIDER, 7, "").await.unwrap();
    let approval = crate::agencies::person(sample::CITY, crate::steps::APPROVAL, "mother");
    assert!(!city.provider().looks_up("P7", approval, "").await.is_empty());
    city.set("2026-11-13T09:30:00+09:00");
    assert!(city.guidance_center().looks_up("P5", chinatsu(), "").await.is_empty());
    city.set("2026-11-20T10:05:00+09:00");
    city.center().withdraws_for(chinatsu(), "self").await;
    city.center().withdraws_for(minato(), "parental_authority").await;
    city.center().receives().await;

    city.set("2026-12-02T15:00:00+09:00");
    let mut rows = city.statement("hayakawa", chinatsu()).await;
    rows.extend(city.statement("hayakawa", minato()).await);
    let shown = |recipient: &str, basis: &str, category: &str| {
        rows.iter().any(|row| {
            row.recipient == recipient
                && row.bases.iter().any(|known| known.starts_with(basis))
                && row.categories.iter().any(|known| known == category)
        })
    };
    assert!(shown(sample::CENTER, "T9", "C05"), "the center, by consent: {rows:?}");
    assert!(shown(sample::CENTER, "T6", "C08"), "the center, as a task: {rows:?}");
    assert!(shown(sample::PROVIDER, "T10", "C01"), "the provider, as assigned: {rows:?}");
    assert!(rows.iter().all(|row| row.recipient != sample::GUIDANCE_CENTER), "it was shown nothing");
    let by_consent = rows.iter().filter(|row| row.bases.iter().any(|basis| basis.starts_with("T9")));
    assert!(by_consent.map(|row| row.shown_at.as_str()).max() < Some("2026-11-20T10:05"));
}

#[tokio::test]
async fn a_statement_is_made_by_an_auditor_or_the_privacy_officer_and_by_nobody_else() {
    let city = City::after_the_discharge().await;
    for (agency, staff) in [(city.center(), "ooba"), (city.center(), ""), (city.hospital(), "namiki")] {
        let request =
            StatementRequest { staff_id: staff.to_owned(), subject: Some(chinatsu()), ..StatementRequest::default() };
        let refused = agency.client.audit().statement(request).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{staff}");
    }
    city.statement("isobe", chinatsu()).await;
}

#[tokio::test]
async fn one_flipped_bit_of_the_log_is_found_by_its_index() {
    let city = City::after_the_visits().await;
    let log = Log::parse(sample::CITY).unwrap();
    let store = &city.running.hub.store;
    let (_, size) = store.logs().await.unwrap().into_iter().find(|(known, _)| *known == log).unwrap();
    let leaf = store.leaf_hashes(&log, size).await.unwrap()[3].0;
    let folder = city.folder.path().to_owned();
    let City { folder: _kept, running, .. } = city;
    running.stop().await.unwrap();
    assert_eq!(first_fault(&folder, &log).await, None, "as it was left");
    let path = folder.join("hub.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let place = bytes.windows(leaf.len()).position(|window| window == leaf).unwrap();
    bytes[place] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(first_fault(&folder, &log).await, Some(3));
}

async fn first_fault(folder: &Path, log: &Log) -> Option<u64> {
    let store = Store::open_with(folder, Settings::default()).await.unwrap();
    let fault = match store.faults().first() {
        Some(fault) => Some(fault.index),
        None => {
            let extent = store.extent(log).await.unwrap();
            store.verify_log(extent, None, &|_| Ok(None)).await.unwrap().fault.map(|fault| fault.index)
        }
    };
    store.close().await.unwrap();
    fault
}

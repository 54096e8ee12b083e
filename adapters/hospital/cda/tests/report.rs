//! The answer to a referral: the note of a consultation, written and read.

use super::*;

fn step(reports: &[&str]) -> proto::Entry {
    let body = proto::ReferralStep {
        referral_id: text("R26-0031"),
        state: text("completed"),
        at: Some(crate::testing::minute(crate::testing::day(2026, 11, 3), 10, 0)),
        by_agency: text("MED-4810700122"),
        to_agency: text("MED-4810700452"),
        note: text("11月3日に訪問"),
        report_entries: reports.iter().map(|key| text(key)).collect(),
        ..Default::default()
    };
    of_mother("referral/R26-0031/completed", Body::ReferralStep(body))
}

fn consultation() -> proto::Entry {
    of_mother("advice", Body::Consultation(proto::Consultation { note: text("授乳の相談"), ..Default::default() }))
}

fn paper(media_type: &str, content: &[u8]) -> proto::Entry {
    let body = proto::Document {
        title: text("訪問記録"),
        media_type: text(media_type),
        content: content.to_vec(),
        categories: vec![proto::Category::C10Narrative.into()],
        ..Default::default()
    };
    of_mother("paper", Body::Document(body))
}

fn write(mut entries: Vec<proto::Entry>) -> String {
    entries.extend(mother_alone().into_iter().filter(|entry| matches!(entry.body, Some(Body::PersonDetails(_)))));
    let document = Cda.encode(&released(entries), &profile()).unwrap();
    assert_eq!(schema::faults(&document), [""; 0]);
    String::from_utf8(document).unwrap()
}

#[test]
fn a_completed_referral_is_answered_with_the_note_of_a_consultation() {
    let note = write(vec![step(&["advice"]), consultation(), paper("text/plain", "訪問の記録".as_bytes())]);
    assert!(note.contains("<cda:code code=\"11488-4\""), "{note}");
    assert!(!note.contains("templateId"), "no profile is claimed");
    let order = "<cda:order classCode=\"ACT\" moodCode=\"RQO\"><cda:id extension=\"R26-0031\" assigningAuthorityName=\"MED-4810700452\"/></cda:order>";
    let flat: String = note.lines().map(str::trim).collect();
    assert!(flat.contains(order), "{note}");
    for word in ["11月3日に訪問", "授乳の相談", "訪問の記録", "4810700452"] {
        assert!(note.contains(word), "{word}: {note}");
    }
    assert!(flat.contains("<cda:time value=\"202611031000+0900\"/>"), "{note}");
}

#[test]
fn the_note_is_an_answer_though_a_discharge_is_its_report() {
    let mut entries = mother_alone();
    entries.push(step(&[]));
    let note = String::from_utf8(Cda.encode(&released(entries), &profile()).unwrap()).unwrap();
    assert!(note.contains("<cda:code code=\"11488-4\"") && note.contains("encompassingEncounter"), "{note}");
}

#[test]
fn another_step_of_a_referral_is_no_document() {
    let mut accepted = step(&[]);
    if let Some(Body::ReferralStep(step)) = &mut accepted.body {
        step.state = text("accepted");
    }
    assert_eq!(Cda.encode(&released(vec![accepted]), &profile()).unwrap_err(), EncodeError::NothingToSay);
}

#[test]
fn a_note_is_read_as_the_report_that_completes_the_referral_of_its_order() {
    for packed in [paper("text/plain", "訪問の記録".as_bytes()), paper("application/pdf", b"%PDF-1.4\ninvented")] {
        let decoded = decode(&write(vec![step(&["paper"]), packed]));
        let entries = entries(&decoded);
        let read = &entry(&entries, "referralStep")["referralStep"];
        assert_eq!((&read["referralId"], &read["state"]), (&"R26-0031".into(), &"completed".into()));
        assert_eq!((&read["byAgency"], &read["toAgency"]), (&"MED-4810700122".into(), &"MED-4810700452".into()));
        let papers = entries.iter().filter(|entry| entry.get("document").is_some());
        let keys: Vec<&Value> = papers.map(|entry| &entry["sourceKey"]).collect();
        assert!(!keys.is_empty());
        let named = read["reportEntries"].as_array().unwrap();
        assert!(keys.iter().all(|key| named.contains(key)), "{named:?}");
    }
}

#[test]
fn the_consultation_notes_of_others_complete_the_referral_that_they_name() {
    let Some(files) = corpus("hospital/cda") else { return };
    let closing = files.iter().filter(|path| path.to_string_lossy().contains("Closing"));
    let mut read = 0;
    for path in closing {
        let mut profile = profile();
        profile.any_sender = true;
        let decoded = Cda.decode(&std::fs::read(path).unwrap(), &profile);
        let Some(submission) = decoded.items.first().and_then(|item| item.submission.as_ref()) else { continue };
        let record: Value = serde_json::from_str(&submission.to_author_json()).unwrap();
        let entries = record["entries"].as_array().unwrap().clone();
        let step = &entry(&entries, "referralStep")["referralStep"];
        assert_eq!(step["state"], "completed", "{path:?}");
        assert!(!step["referralId"].as_str().unwrap().is_empty(), "{path:?}");
        read += 1;
    }
    assert!(read > 0, "no note of the corpus that closes a referral was taken");
}

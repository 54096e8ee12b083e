//! What stands around the document: its namespace, its limits, and what it replaces.

use super::*;
use musubi_core::adapter::Profile;

/// The discharge summary with its elements in no namespace.
fn bare() -> String {
    changed(" xmlns=\"urn:hl7-org:v3\"", "")
}

#[test]
fn a_document_without_a_namespace_is_read_only_where_the_profile_allows_it_and_that_is_said() {
    assert_eq!(errors(&bare()), ["H001 /ClinicalDocument"]);
    let lenient = Profile { cda_without_namespace: true, ..profile() };
    let decoded = Cda.decode(bare().as_bytes(), &lenient);
    assert_eq!(entries(&decoded), entries(&decode(&sample("shione_discharge"))));
    assert_eq!(codes(&decoded)[0], "H105 /ClinicalDocument");
    let strict = Cda.decode(sample("shione_discharge").as_bytes(), &lenient);
    assert!(!codes(&strict).iter().any(|said| said.starts_with("H105 ")));
}

#[test]
fn another_namespace_is_none_of_cda_whatever_the_profile_allows() {
    let lenient = Profile { cda_without_namespace: true, ..profile() };
    let other = changed("xmlns=\"urn:hl7-org:v3\"", "xmlns=\"urn:other\"");
    assert_eq!(Cda.decode(other.as_bytes(), &lenient).taken(), 0);
    let inner = changed("<realmCode code=\"JP\"/>", "<realmCode xmlns=\"\" code=\"JP\"/>");
    let decoded = Cda.decode(inner.as_bytes(), &lenient);
    assert!(
        decoded.ledger.lines().any(|line| line.place == "/ClinicalDocument/*/@code"),
        "only where the root has none"
    );
}

#[test]
fn a_document_without_a_namespace_is_recognised_for_what_it_is() {
    assert!(Cda.recognises(bare().as_bytes()));
    assert!(Cda.recognises(b"<?xml version='1.0'?><!-- x --><ClinicalDocument>"));
    for other in ["<ClinicalDocuments>", "<x><ClinicalDocument>", "ClinicalDocument", ""] {
        assert!(!Cda.recognises(other.as_bytes()), "{other}");
    }
}

fn refused_as(text: &str) -> Option<String> {
    let decoded = decode(text);
    let mut errors = decoded.all_diagnostics().filter(|told| told.severity == Severity::Error);
    errors.next().map(|told| told.code.to_string())
}

/// Of a limit: nothing at `most - 1` and at it, H007 beyond.
fn assert_limit(most: usize, document: impl Fn(usize) -> String) {
    for (number, refused) in [(most - 1, None), (most, None), (most + 1, Some("H007".to_owned()))] {
        assert_eq!(refused_as(&document(number)), refused, "{number} of {most}");
    }
}

#[test]
fn fifty_namespaces_may_be_in_scope_and_no_more() {
    // Three stand at the root of the sample.
    assert_limit(50, |number| {
        let more: String = (3..number).map(|n| format!(" xmlns:n{n}=\"urn:{n}\"")).collect();
        changed("<realmCode code=\"JP\"/>", &format!("<realmCode code=\"JP\"{more}/>"))
    });
    let beside: String = (0..100).map(|n| format!("<n{n}:x xmlns:n{n}=\"urn:{n}\"/>")).collect();
    assert_eq!(
        refused_as(&changed("<realmCode code=\"JP\"/>", &beside)),
        None,
        "beside each other they are not in scope"
    );
}

#[test]
fn an_element_has_256_attributes_and_no_more() {
    assert_limit(256, |number| {
        let more: String = (1..number).map(|n| format!(" a{n}=\"\"")).collect();
        changed("<realmCode code=\"JP\"/>", &format!("<realmCode code=\"JP\"{more}/>"))
    });
}

#[test]
fn an_attribute_has_a_mebibyte_and_no_more() {
    assert_limit(1024 * 1024, |number| {
        changed("<realmCode code=\"JP\"/>", &format!("<realmCode code=\"{}\"/>", "x".repeat(number)))
    });
}

#[test]
fn a_text_has_eight_mebibytes_and_no_more() {
    assert_limit(8 * 1024 * 1024, |number| changed("相良 紘子", &"x".repeat(number)));
}

#[test]
fn a_narrative_has_five_mebibytes_of_words_and_no_more() {
    const MOST: usize = 5 * 1024 * 1024;
    assert_limit(MOST, |number| changed("2週間後に健診。", &"x".repeat(number)));
    // Two paragraphs of one narrative, with the end of the line between them.
    assert_limit(MOST, |number| {
        let half = "x".repeat(MOST / 2);
        let rest = "x".repeat(number - MOST / 2 - 1);
        changed("2週間後に健診。", &format!("<paragraph>{half}</paragraph><paragraph>{rest}</paragraph>"))
    });
    let refused = decode(&changed("2週間後に健診。", &"x".repeat(MOST + 1)));
    let places: Vec<String> = codes(&refused).into_iter().filter(|said| said.starts_with("H007 ")).collect();
    assert_eq!(places, ["H007 /ClinicalDocument/component/structuredBody/component[6]/section/text"]);
}

#[test]
fn elements_stand_128_deep_and_no_deeper() {
    assert_limit(128, |number| {
        let (open, shut) = ("<x>".repeat(number - 1), "</x>".repeat(number - 1));
        changed("<realmCode code=\"JP\"/>", &[open, shut].concat())
    });
}

#[test]
fn a_replacement_says_that_it_is_one() {
    let replaces = |text: &str| {
        let submission = decode(text).items.remove(0).submission.unwrap();
        submission.replaces()
    };
    assert!(!replaces(&sample("shione_discharge")));
    assert!(replaces(&sample("shione_referral_pdf")));
    let appended = sample("shione_referral_pdf").replace("typeCode=\"RPLC\"", "typeCode=\"APND\"");
    assert!(!replaces(&appended), "what is added takes nobody's place");
}

//! Insurance and family, written and read.

use super::read::{PATIENT, assert_stable, collection, decode, entries, whole};
use super::*;

fn insured() -> proto::Coverage {
    proto::Coverage {
        r#type: Some(coded("JHSD0001", "06", "組合管掌健康保険")),
        insurer: text("06050116"),
        symbol: text("１２－３４"),
        number: text("５６７８"),
        branch: text("01"),
        period: Some(proto::Period { start: Some(minute(day(2025, 4, 1), 0, 0)), end: None }),
        relationship: text("SEL"),
        public_expense_number: String::new(),
    }
}

/// The document of the mother with one entry more.
fn with(key: &str, body: Body) -> Value {
    let mut all = mother_alone();
    all.push(of_mother(key, body));
    bundle(all)
}

fn read_back(document: &Value, kind: &str) -> Value {
    let decoded = decode(&document.to_string());
    assert_stable(&decoded, kind);
    let all = entries(&decoded);
    all.iter().find_map(|entry| entry.get(kind)).unwrap_or_else(|| panic!("no {kind}")).clone()
}

#[test]
fn a_coverage_has_what_jp_core_demands_and_comes_back() {
    let document = with("coverage/1", Body::Coverage(insured()));
    check_structure(&document);
    let coverage = resources(&document, "Coverage")[0];
    let mother = format!("urn:uuid:{}", resources(&document, "Patient")[0]["id"].as_str().unwrap());
    assert_eq!(coverage["status"], "active");
    assert_eq!(coverage["beneficiary"]["reference"], mother);
    assert_eq!(coverage["identifier"][0]["value"], "\"06050116\",\"１２－３４\",\"５６７８\",\"01\"");
    assert_eq!(coverage["payor"][0]["identifier"]["value"], "06050116");
    assert_eq!(coverage["extension"].as_array().unwrap().len(), 3);
    let mut expected = serde_json::to_value(insured()).unwrap();
    // FHIR has no time to the minute, and midnight is one.
    expected["period"]["start"]["second"] = Value::Null;
    let mut read = read_back(&document, "coverage");
    read["period"]["start"]["second"] = Value::Null;
    assert_eq!(read, expected);
}

#[test]
fn who_pays_is_required_and_said_to_be_unknown_where_no_number_is_told() {
    let unknown = proto::Coverage { insurer: String::new(), ..insured() };
    let document = with("coverage/1", Body::Coverage(unknown));
    let coverage = resources(&document, "Coverage")[0];
    assert_eq!(coverage["payor"][0]["display"], "不明");
    assert!(coverage.get("identifier").is_none(), "half a number is none");
    assert!(read_back(&document, "coverage").get("insurer").is_none());
}

#[test]
fn a_public_expense_stays_one() {
    let kind = Some(coded("JHSD0001", "23", "養育医療"));
    let public =
        proto::Coverage { r#type: kind, public_expense_number: text("23480013"), ..proto::Coverage::default() };
    let document = with("coverage/1", Body::Coverage(public.clone()));
    assert_eq!(resources(&document, "Coverage")[0]["type"]["coding"][1]["code"], "8");
    assert_eq!(read_back(&document, "coverage"), serde_json::to_value(public).unwrap());
}

#[test]
fn relatives_are_written_and_what_fhir_cannot_say_stands_in_words() {
    let name = |text: &str, representation: proto::NameRepresentation| proto::HumanName {
        text: text.to_owned(),
        representation: representation.into(),
        ..proto::HumanName::default()
    };
    let husband = proto::Relative {
        relationship: Some(coded("HL70063", "SPO", "配偶者")),
        names: vec![
            name("榎本 拓", proto::NameRepresentation::Ideographic),
            name("エノモト タク", proto::NameRepresentation::Phonetic),
        ],
        contacts: vec![proto::Contact { system: text("mobile"), r#use: text("other"), value: text("090-0000-0003") }],
        ..proto::Relative::default()
    };
    let mother = proto::Relative { relationship: Some(coded("HL70063", "MTH", "母")), ..proto::Relative::default() };
    let relatives = vec![husband, mother];
    let told = proto::Family { relatives, ..proto::Family::default() };
    let document = with("family", Body::Family(told.clone()));
    check_structure(&document);
    assert_eq!(resources(&document, "RelatedPerson").len(), 2);
    assert_eq!(read_back(&document, "family"), serde_json::to_value(&told).unwrap());

    let more = proto::Family { household_size: Some(3), occupation: text("会社員"), ..told };
    let document = with("family", Body::Family(more));
    let section = document["entry"][0]["resource"]["section"].as_array().unwrap().last().unwrap();
    assert_eq!(section["text"]["status"], "additional");
    for said in ["3人", "会社員"] {
        assert!(section["text"]["div"].as_str().unwrap().contains(said), "{said}");
    }
}

/// The insurances in what is read of these resources beside the mother.
fn insurances(resources: &[&str]) -> Vec<Value> {
    let all = [&[PATIENT], resources].concat();
    let decoded = decode(&collection(&all));
    let mut read = whole(&decoded);
    read.retain(|entry| entry.get("coverage").is_some());
    read
}

#[test]
fn an_insurance_without_a_number_of_its_own_has_the_same_key_wherever_it_stands() {
    let coverage = |member: &str| {
        format!(
            "{{\"resourceType\":\"Coverage\",\"status\":\"active\",\"beneficiary\":{{\"reference\":\"Patient/p\"}},\
             \"subscriberId\":\"{member}\",\"payor\":[{{\"identifier\":{{\"value\":\"06050116\"}}}}]}}"
        )
    };
    let keys = |read: Vec<Value>| read.into_iter().map(|entry| entry["sourceKey"].clone()).collect::<Vec<_>>();
    let (one, other) = (coverage("５６７８"), coverage("99"));
    let first = keys(insurances(&[&one, &other]));
    assert!(first[0].as_str().unwrap().ends_with("/coverage/06050116/5678"), "{first:?}");
    assert_eq!(keys(insurances(&[&other, &one])), [first[1].clone(), first[0].clone()]);
    assert_eq!(keys(insurances(&[&coverage("5678")])), [first[0].clone()], "in either width");
}

#[test]
fn an_insurance_that_was_entered_in_error_is_withdrawn() {
    let withdrawn = "{\"resourceType\":\"Coverage\",\"status\":\"entered-in-error\",\"subscriberId\":\"5678\",\
                     \"beneficiary\":{\"reference\":\"Patient/p\"}}";
    let decoded = decode(&collection(&[PATIENT, withdrawn]));
    let read = whole(&decoded);
    let told = read.iter().find(|entry| entry.get("withdrawal").is_some()).unwrap();
    assert_eq!(told["withdrawal"]["bodyKind"], "coverage");
    assert!(told["sourceKey"].as_str().unwrap().ends_with("/coverage/5678"));
    assert_eq!(told["raised"], serde_json::json!(["C03_INSURANCE"]));
}

#[test]
fn earlier_documents_number_an_insurance_by_its_parts() {
    let id = |system: &str, value: &str| format!("{{\"system\":\"{system}\",\"value\":\"{value}\"}}");
    let of = |ids: &[String]| {
        let coverage = format!(
            "{{\"resourceType\":\"Coverage\",\"status\":\"draft\",\"beneficiary\":{{\"reference\":\"Patient/p\"}},\
             \"payor\":[{{\"display\":\"協会けんぽ\"}}],\"identifier\":[{}]}}",
            ids.join(",")
        );
        insurances(&[&coverage]).remove(0)["coverage"].clone()
    };
    let [insurer, symbol, number, payer] =
        ["61", "62", "63", "71"].map(|last| format!("urn:oid:1.2.392.100495.20.3.{last}"));
    let told = of(&[id(&insurer, "06050116"), id(&symbol, "12-34"), id("OID:1.2.392.100495.20.3.63", "5678")]);
    assert_eq!(
        (&told["insurer"], &told["symbol"], &told["number"]),
        (&"06050116".into(), &"12-34".into(), &"5678".into())
    );
    let public = of(&[id(&payer, "23480013"), id(&number, "1234567")]);
    assert_eq!((&public["publicExpenseNumber"], public.get("insurer")), (&"23480013".into(), None));
    let whole = of(&[id(
        "http://jpfhir.jp/fhir/core/IdSystem/JP_Coverage_id",
        "\\\"00012345\\\",\\\"12-34\\\",\\\"5678\\\",\\\"01\\\"",
    )]);
    assert_eq!((&whole["symbol"], &whole["number"], &whole["branch"]), (&"12-34".into(), &"5678".into(), &"01".into()));
}

#[test]
fn the_insured_person_identifier_of_jp_clins_is_insurance_and_no_number_of_the_person() {
    let member = "{\"system\":\"http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID\",\"value\":\"06050116:１２:３４:05\"}";
    let patient = PATIENT.replacen("\"identifier\":[", &format!("\"identifier\":[{member},"), 1);
    let read = entries(&decode(&collection(&[&patient])));
    let find = |kind: &str| read.iter().find_map(|entry| entry.get(kind)).unwrap();
    let told = find("coverage");
    assert_eq!(
        (&told["insurer"], &told["symbol"], &told["branch"]),
        (&"06050116".into(), &"１２".into(), &"05".into())
    );
    let numbers = find("personDetails")["identifiers"].to_string();
    assert!(!numbers.contains("06050116"), "who may see who she is may not see her insurance: {numbers}");
    let coverage = "{\"resourceType\":\"Coverage\",\"status\":\"active\",\"beneficiary\":{\"reference\":\"Patient/p\"},\
                    \"identifier\":[{\"value\":\"\\\"06050116\\\",\\\"12\\\",\\\"34\\\",\\\"05\\\"\"}]}";
    let both = entries(&decode(&collection(&[&patient, coverage])));
    assert_eq!(both.iter().filter(|entry| entry.get("coverage").is_some()).count(), 1, "told twice, it is one");
}

#[test]
fn who_is_known_by_an_insurance_alone_is_named_by_its_hash() {
    let member = "{\"system\":\"http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID\",\"value\":\"06050116:１２:３４:05\"}";
    let patient = PATIENT.replacen("{\"value\":\"0012345\"}", member, 1);
    let named = format!(
        "{{\"resourceType\":\"Condition\",\"subject\":{{\"identifier\":{member}}},\"code\":{{\"text\":\"貧血\"}}}}"
    );
    let read = whole(&decode(&collection(&[&patient, &named])));
    let subjects: BTreeSet<String> = read.iter().map(|entry| entry["subjects"][0]["identifier"].to_string()).collect();
    assert_eq!(subjects.len(), 1, "one person: {subjects:?}");
    assert!(subjects.iter().all(|subject| subject.starts_with("\"sha256:")), "{subjects:?}");
    for entry in read.iter().filter(|entry| entry.get("coverage").is_none()) {
        assert!(!entry.to_string().contains("06050116"), "{entry}");
    }
}

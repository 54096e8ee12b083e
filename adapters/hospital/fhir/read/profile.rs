//! The rules of JP-CLINS, where a document claims one of its profiles (`formats/hospital.md` 4.4): a document of another kind
//! is refused, the rest is a warning (H008), with the place of what is missing.

use super::super::datatypes::{INSTITUTION, REPRESENTATION};
use super::bundle::Document;
use crate::hospital::reading::Reading;
use crate::json::Node;
use unicode_normalization::UnicodeNormalization;

/// What a document of one kind must hold.
struct Rules {
    /// End of the name of its profile.
    profile: &'static str,
    /// Sections that stand beside 200 and 300.
    sections: &'static [&'static str],
    /// Sections of the structured information (300).
    structured: &'static [&'static str],
    /// Resources of which there is exactly one, and those of which there is at least one.
    one: &'static [&'static str],
    some: &'static [&'static str],
}

const DISCHARGE: Rules = Rules {
    profile: "/JP_Bundle_eDischargeSummary",
    sections: &[],
    structured: &["322", "342", "352", "312", "362", "333", "324", "344", "444", "424"],
    one: &["Composition", "Patient", "Encounter"],
    some: &["Practitioner", "Organization", "Condition"],
};

const REFERRAL: Rules = Rules {
    profile: "/JP_Bundle_eReferral",
    sections: &["910", "920"],
    structured: &["950", "340", "360"],
    one: &["Composition", "Patient"],
    some: &["Practitioner", "Organization"],
};

/// The version of a document, which stands in an extension.
const VERSION: &str = "http://hl7.org/fhir/StructureDefinition/composition-clinicaldocument-versionNumber";

/// Checks a document against the profile that it claims.
pub(super) fn check(reading: &mut Reading<'_>, bundle: Node<'_>, document: &Document<'_>) {
    let profiles: Vec<&str> = bundle.all("meta").flat_map(|meta| meta.all("profile")).map(Node::text).collect();
    let claims =
        |rules: &Rules| profiles.iter().any(|url| url.split('|').next().unwrap_or_default().ends_with(rules.profile));
    let Some(composition) = document.composition else { return };
    for (rules, is_of_kind) in [(DISCHARGE, document.is_discharge()), (REFERRAL, document.is_referral())] {
        if !claims(&rules) {
            continue;
        }
        if !is_of_kind {
            reading.error_at(
                "H008",
                composition,
                "type",
                "文書の種類が、宣言したプロファイルと合いません。",
                "The type of the document is not that of the profile that it claims.",
            );
        }
        members(reading, bundle, composition, is_of_kind && document.is_discharge());
        resources(reading, bundle, &rules);
        names(reading, bundle);
        addresses(reading, bundle);
        institutions(reading, bundle);
        sections(reading, composition, &rules);
    }
}

fn missing(reading: &mut Reading<'_>, at: Node<'_>, name: &str) {
    reading.warning_at(
        "H008",
        at,
        name,
        "宣言したプロファイルで必須の項目がありません。",
        "An element that the claimed profile requires is missing.",
    );
}

/// Members of the Bundle and of the Composition; the end of the event is that of the stay.
fn members(reading: &mut Reading<'_>, bundle: Node<'_>, composition: Node<'_>, has_end: bool) {
    for (at, name) in [
        (bundle, "identifier"),
        (bundle, "timestamp"),
        (composition, "identifier"),
        (composition, "category"),
        (composition, "title"),
        (composition, "custodian"),
        (composition, "event"),
    ] {
        if at.get(name).is_none() {
            missing(reading, at, name);
        }
    }
    if bundle.first("meta").is_some_and(|meta| meta.get("lastUpdated").is_none()) {
        missing(reading, bundle, "meta.lastUpdated");
    }
    if composition.peek("status") != "final" {
        reading.warning_at(
            "H008",
            composition,
            "status",
            "宣言したプロファイルの文書は確定版(final)です。",
            "A document of the claimed profile is final.",
        );
    }
    if !composition.all("extension").any(|extension| extension.peek("url") == VERSION) {
        missing(reading, composition, "extension.where(url.endsWith('versionNumber'))");
    }
    let period = composition.first("event").map(|event| (event, event.first("period")));
    for name in ["start", "end"].into_iter().take(1 + usize::from(has_end)) {
        if let Some((event, period)) = period
            && period.is_none_or(|period| period.get(name).is_none())
        {
            missing(reading, event, if name == "end" { "period.end" } else { "period.start" });
        }
    }
    let is_other = |entry: &Node<'_>| !entry.peek("fullUrl").starts_with("urn:uuid:");
    if let Some(entry) = bundle.all("entry").find(is_other) {
        reading.warning_at(
            "H008",
            entry,
            "fullUrl",
            "宣言したプロファイルでは、各エントリのfullUrlがurn:uuid:で始まります。",
            "In the claimed profile the fullUrl of every entry begins with urn:uuid:.",
        );
    }
}

fn resources(reading: &mut Reading<'_>, bundle: Node<'_>, rules: &Rules) {
    let count = |wanted| of_type(bundle, wanted).count();
    for kind in rules.one.iter().chain(rules.some).filter(|kind| count(kind) == 0) {
        missing(reading, bundle, &format!("entry.resource.ofType({kind})"));
    }
    for kind in rules.one.iter().filter(|kind| count(kind) > 1) {
        reading.warning_at(
            "H008",
            bundle,
            &format!("entry.resource.ofType({kind})"),
            "宣言したプロファイルでは1つだけのリソースが複数あります。",
            "There are several resources of which the claimed profile allows one.",
        );
    }
}

/// The resources of a type.
fn of_type<'n>(bundle: Node<'n>, wanted: &'static str) -> impl Iterator<Item = Node<'n>> {
    let resources = bundle.all("entry").filter_map(|entry| entry.get("resource"));
    resources.filter(move |one| one.peek("resourceType") == wanted)
}

/// The names of the patient: one in kanji or kana (eCS R1112), their parts set apart by a half-width blank (R1113).
fn names(reading: &mut Reading<'_>, bundle: Node<'_>) {
    for patient in of_type(bundle, "Patient") {
        let extensions = || patient.all("name").flat_map(|name| name.all("extension"));
        let mut kinds = extensions().filter(|one| one.peek("url") == REPRESENTATION).map(|one| one.peek("valueCode"));
        if !kinds.any(|kind| matches!(kind, "IDE" | "SYL")) {
            reading.warning_at(
                "H008",
                patient,
                "name",
                "漢字(IDE)またはカナ(SYL)と示された氏名がありません(R1112)。",
                "No name says that it is in kanji (IDE) or kana (SYL) (R1112).",
            );
        }
        if let Some(name) = patient.all("name").find(|name| name.peek("text").contains('\u{3000}')) {
            reading.warning_at(
                "H008",
                name,
                "text",
                "氏名の区切りは半角空白です(R1113)。",
                "The parts of a name are set apart by a half-width blank (R1113).",
            );
        }
    }
}

/// An address is told in words, without the postal code, which stands apart (eCS).
fn addresses(reading: &mut Reading<'_>, bundle: Node<'_>) {
    for address in of_type(bundle, "Patient").flat_map(|patient| patient.all("address")) {
        match address.peek("text") {
            "" => missing(reading, address, "text"),
            text if holds_postal_code(text) => reading.warning_at(
                "H008",
                address,
                "text",
                "住所の文字列に郵便番号があります。郵便番号はpostalCodeに書いてください。",
                "A postal code stands in the text of the address; it belongs into postalCode.",
            ),
            _ => {}
        }
    }
}

fn holds_postal_code(text: &str) -> bool {
    let text: String = text.nfkc().collect();
    let code = text.trim_start().trim_start_matches('〒').trim_start();
    let is_code = |code: &str| {
        let shape = |(at, byte): (usize, u8)| if at == 3 { byte == b'-' } else { byte.is_ascii_digit() };
        code.len() == 8 && code.bytes().enumerate().all(shape)
    };
    text.contains('〒') || code.get(..8).is_some_and(is_code)
}

/// The kind of an institution, which is the third of its ten digits: eCS knows 1 to 3, others are taken all the same
/// (`formats/hospital.md` 4.2).
fn institutions(reading: &mut Reading<'_>, bundle: Node<'_>) {
    for number in of_type(bundle, "Organization")
        .flat_map(|one| one.all("identifier"))
        .filter(|one| one.peek("system") == INSTITUTION)
    {
        if !matches!(number.peek("value").as_bytes().get(2), Some(b'1'..=b'3')) {
            reading.warning_at(
                "H008",
                number,
                "value",
                "医療機関コードの3桁目は1(医科)・2(自由診療の健診等)・3(歯科)のいずれかです。",
                "The third digit of an institution's number is 1 (medical), 2 (uninsured screening) or 3 (dental).",
            );
        }
    }
}

/// A section that says why it is empty is there.
fn sections(reading: &mut Reading<'_>, composition: Node<'_>, rules: &Rules) {
    let structured = section(composition, "300");
    if section(composition, "200").is_some() == structured.is_some() {
        reading.warning_at(
            "H008",
            composition,
            "section",
            "CDA参照(200)と構造情報(300)は、どちらか一方だけが必要です。",
            "Exactly one of the sections 200 (CDA reference) and 300 (structured information) is required.",
        );
    }
    let inside = structured.map(|structured| (structured, rules.structured));
    for (above, wanted) in [(composition, rules.sections)].into_iter().chain(inside) {
        for code in wanted {
            match section(above, code) {
                None => missing(reading, above, &format!("section.where(code.coding.code='{code}')")),
                Some(found) if says_nothing(found) => missing(reading, found, "entry"),
                Some(_) => {}
            }
        }
    }
}

/// Is there nothing in a section, no word either, and no reason why?
fn says_nothing(section: Node<'_>) -> bool {
    ["text", "entry", "section", "emptyReason"].iter().all(|name| section.get(name).is_none())
}

/// The section of a code directly within another, or within the Composition.
fn section<'n>(above: Node<'n>, wanted: &str) -> Option<Node<'n>> {
    above.all("section").find(|section| {
        let mut codings = section.all("code").flat_map(|code| code.all("coding"));
        codings.any(|coding| coding.peek("code") == wanted)
    })
}

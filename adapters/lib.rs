//! Formats: bytes to [`Submission`](musubi_core::record::Submission), [`Released`](musubi_core::release::Released) to bytes.

pub mod child_guidance;
mod digest;
mod digits;
pub mod family;
pub mod hospital;
pub mod json;
pub mod markup;
pub mod notice;
pub mod provider;
pub mod public_health;
pub mod screen;
mod seek;
pub mod table;
mod unrecognised;
pub mod wording;
pub mod xml;

pub use unrecognised::unrecognised;

use musubi_core::adapter::Adapter;

/// Every format, in the order in which `auto` tries them.
pub const ADAPTERS: &[&dyn Adapter] = &[
    &hospital::hl7v2::Hl7v2,
    &public_health::ph05::Ph05,
    &provider::pv02::Pv02,
    &hospital::fhir::FhirJson,
    &hospital::fhir::FhirXml,
    &hospital::cda::Cda,
    &child_guidance::cgc_xml::CgcXml,
    &hospital::hp01::Hp01,
    &HP01_XLSX,
    &PH05_XLSX,
    &PV02_XLSX,
    &notice::NoticeHtml,
    &notice::NoticeCsv,
];

static HP01_XLSX: table::Workbook = table::Workbook {
    name: "hp01-xlsx",
    title: ("退院連絡票 (HP01, Excel)", "Discharge sheet of a hospital (HP01, Excel)"),
    rows: &hospital::hp01::Discharges,
};

static PH05_XLSX: table::Workbook = table::Workbook {
    name: "ph05-xlsx",
    title: ("新生児訪問・乳児家庭全戸訪問 (PH05, Excel)", "Visits to newborns and infants' homes (PH05, Excel)"),
    rows: &public_health::ph05::Visits,
};

static PV02_XLSX: table::Workbook = table::Workbook {
    name: "pv02-xlsx",
    title: ("産後ケア 実施報告 (PV02, Excel)", "Reports of postnatal care (PV02, Excel)"),
    rows: &provider::pv02::Reports,
};

/// The format of this name.
pub fn adapter(name: &str) -> Option<&'static dyn Adapter> {
    ADAPTERS.iter().copied().find(|adapter| adapter.name() == name)
}

/// The first format that says that these bytes are its own.
pub fn recognise(bytes: &[u8]) -> Option<&'static dyn Adapter> {
    ADAPTERS.iter().copied().find(|adapter| adapter.recognises(bytes))
}

#[cfg(test)]
mod testing;

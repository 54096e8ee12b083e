//! What is told of a family and its insurance, for the documents that hospitals exchange. A notice to a center does not say it.

use super::{Row, Rows, coded, japanese_moment, yes_no};
use musubi_proto::v1 as proto;

/// The family of a person (家族の状況).
pub fn family(family: &proto::Family) -> Vec<Row> {
    let mut rows = Rows::default();
    for relative in &family.relatives {
        let label = coded(relative.relationship.as_ref()).unwrap_or_else(|| "家族".to_owned());
        let names = relative.names.iter().map(|name| name.text.clone());
        let contacts = relative.contacts.iter().map(|contact| contact.value.clone());
        let together = relative.lives_together.map(|together| if together { "同居" } else { "別居" }.to_owned());
        let addresses = relative.addresses.iter().map(|address| address.text.clone());
        let said: Vec<String> =
            names.chain(contacts).chain(addresses).chain(together).filter(|text| !text.is_empty()).collect();
        // Of one who is only said to be there, that is the word.
        rows.text(&label, if said.is_empty() { "あり".to_owned() } else { said.join(" ") }.as_str());
    }
    rows.add("世帯の人数", family.household_size.map(|size| format!("{size}人")));
    rows.add("独居", yes_no(family.lives_alone));
    rows.add("同居者の喫煙", yes_no(family.smoking_in_household));
    rows.text("使う言語", &family.language);
    rows.text("職業", &family.occupation);
    rows.text("支援の状況", &family.support);
    rows.into_rows()
}

/// Insurance (被保険者情報).
pub fn coverage(coverage: &proto::Coverage) -> Vec<Row> {
    let period = coverage.period.as_ref();
    let mut rows = Rows::default();
    rows.add("保険の種類", coded(coverage.r#type.as_ref()));
    rows.text("保険者番号", &coverage.insurer);
    rows.text("公費負担者番号", &coverage.public_expense_number);
    rows.text("記号", &coverage.symbol);
    rows.text("番号", &coverage.number);
    rows.text("枝番", &coverage.branch);
    rows.text("本人・家族の別", &coverage.relationship);
    rows.add("有効期間の開始", period.and_then(|period| period.start.as_ref()).and_then(japanese_moment));
    rows.add("有効期間の終了", period.and_then(|period| period.end.as_ref()).and_then(japanese_moment));
    rows.into_rows()
}

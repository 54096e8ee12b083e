//! Japanese words for the record's codes. A code that is not in a table is shown as it stands.

/// Pairs of a code and its word.
type Table = &'static [(&'static str, &'static str)];

/// How a child was born.
pub const DELIVERY_METHOD: Table = &[
    ("vaginal", "経腟分娩"),
    ("caesarean", "帝王切開"),
    ("vacuum", "吸引分娩"),
    ("forceps", "鉗子分娩"),
    ("other", "その他"),
];
/// How a pregnancy ended.
pub const DELIVERY_OUTCOME: Table =
    &[("live", "生産"), ("stillbirth", "死産"), ("miscarriage", "流産"), ("termination", "人工妊娠中絶")];
/// Kinds of visit.
pub const ENCOUNTER_CLASS: Table =
    &[("inpatient", "入院"), ("outpatient", "外来"), ("emergency", "救急"), ("obstetrics", "産科")];
/// Kinds of diagnosis.
pub const CONDITION_KIND: Table = &[("admission", "入院時"), ("working", "暫定"), ("final", "確定")];
/// Whether a diagnosis or an allergy is there now.
pub const CLINICAL_STATE: Table = &[
    ("active", "現在あり"),
    ("recurrence", "再発"),
    ("relapse", "再燃"),
    ("inactive", "現在なし"),
    ("remission", "寛解"),
    ("resolved", "治癒"),
];
/// How an illness went (HL7 table 0241).
pub const OUTCOME: Table = &[
    ("D", "死亡"),
    ("F", "完全に回復"),
    ("N", "回復していない"),
    ("R", "回復中"),
    ("S", "後遺症あり"),
    ("U", "不明"),
    ("W", "悪化"),
];
/// Kinds of allergy (FHIR allergy-intolerance-category; HL7 table 0127).
pub const ALLERGY_KIND: Table = &[
    ("food", "食物"),
    ("FA", "食物"),
    ("medication", "薬剤"),
    ("DA", "薬剤"),
    ("environment", "環境"),
    ("EA", "環境"),
    ("biologic", "生物製剤"),
];
/// Use of an address.
pub const ADDRESS_USE: Table = &[
    ("home", "自宅"),
    ("stay", "滞在先"),
    ("work", "勤務先"),
    ("registered", "住民登録地"),
    ("birthplace", "出生地"),
    ("temporary", "一時滞在先"),
];
/// Ways to reach somebody.
pub const CONTACT_SYSTEM: Table = &[("phone", "電話"), ("mobile", "携帯"), ("fax", "FAX"), ("email", "メール")];
/// Use of a contact.
pub const CONTACT_USE: Table = &[("home", "自宅"), ("work", "勤務先"), ("emergency", "緊急連絡先")];
/// Relationship of a parent.
pub const PARENT: Table =
    &[("MTH", "母"), ("FTH", "父"), ("NMTH", "実母"), ("ADOPT", "養親"), ("FOST", "里親"), ("GUARD", "後見人")];
/// Questionnaires.
pub const INSTRUMENT: Table = &[
    ("epds", "エジンバラ産後うつ病質問票(EPDS)"),
    ("bonding", "赤ちゃんへの気持ち質問票"),
    ("support_checklist", "育児支援チェックリスト"),
];
/// Kinds of home visit.
pub const VISIT_KIND: Table = &[
    ("newborn", "新生児訪問"),
    ("all_infant", "乳児家庭全戸訪問"),
    ("premature", "未熟児訪問"),
    ("support", "養育支援訪問"),
];
/// Results of a home visit.
pub const VISIT_RESULT: Table = &[
    ("met_both", "母子に面会"),
    ("met_mother", "母に面会"),
    ("met_family", "家族に面会"),
    ("absent", "不在"),
    ("refused", "拒否"),
    ("address_unknown", "居所不明"),
    ("postponed_hospital", "入院中のため延期"),
    ("postponed_stay", "里帰り中のため延期"),
    ("done_elsewhere", "他で実施"),
];
/// Need of support after a visit.
pub const SUPPORT_NEED: Table =
    &[("none", "なし"), ("continue", "継続支援"), ("refer", "他機関へ連携"), ("urgent", "緊急対応")];
/// Judgement of an infant check.
pub const JUDGEMENT: Table = &[
    ("normal", "異常なし"),
    ("advice", "要指導"),
    ("observe", "要観察"),
    ("detailed", "要精密検査"),
    ("treatment", "要治療"),
    ("under_care", "治療中"),
];
/// Kinds of postnatal care.
pub const CARE_KIND: Table = &[
    ("stay", "宿泊型"),
    ("day", "デイサービス型"),
    ("day_group", "デイサービス型(集団)"),
    ("day_short", "デイサービス型(短時間)"),
    ("visit", "アウトリーチ型"),
];
/// Infant checks.
pub const INFANT_CHECK: Table = &[
    ("1m", "1か月児健診"),
    ("3-4m", "3~4か月児健診"),
    ("9-10m", "9~10か月児健診"),
    ("1y6m", "1歳6か月児健診"),
    ("3y", "3歳児健診"),
    ("5y", "5歳児健診"),
];
/// Kinds of referral.
pub const REFERRAL_KIND: Table = &[
    ("information", "情報提供"),
    ("postnatal_care", "産後ケア"),
    ("support", "支援依頼"),
    ("case_transfer", "ケース移管"),
];
/// Urgency of a referral.
pub const URGENCY: Table = &[("routine", "通常"), ("soon", "早め"), ("urgent", "至急")];

/// Grounds under which a concern is offered to an authority.
pub const NOTIFICATION: Table =
    &[("L01", "虐待の通告(L01)"), ("L02", "要保護児童の通告(L02)"), ("L03", "支援を要する家庭の情報提供(L03)")];
/// Was the family asked before a concern was offered?
pub const CONSENT_SOUGHT: Table = &[("agreed", "同意あり"), ("declined", "同意なし"), ("not_asked", "求めていない")];

/// HL7 table 0112, as far as a discharge notice needs it; used when the source gives a code without a text.
pub const DESTINATION: Table =
    &[("01", "自宅"), ("02", "他の病院"), ("07", "医師の勧めによらない退院"), ("20", "死亡")];

/// Purposes for which a recipient is shown something.
pub const PURPOSE: Table = &[
    ("P1", "ケア・保健指導"),
    ("P2", "退院調整"),
    ("P3", "妊産婦等の継続的な把握"),
    ("P4", "アセスメント・支援計画"),
    ("P5", "児童の保護"),
    ("P6", "要保護児童対策地域協議会"),
    ("P7", "委託事業"),
    ("P8", "請求"),
    ("P9", "転出入・里帰り"),
    ("P10", "本人への開示"),
    ("P11", "緊急"),
];

/// Tiers of the decision (`consent.md` section 4), by what stands before the point.
const BASIS: Table = &[
    ("T1", "自機関が作成した記録"),
    ("T2", "法令上の義務"),
    ("T3", "緊急時の閲覧"),
    ("T5", "法令の定め"),
    ("T6", "法定の事務"),
    ("T9", "本人の同意"),
    ("T10", "関係機関としての共有"),
];

/// The code of a word, else the word itself.
pub fn code_of(table: Table, word: &str) -> String {
    table.iter().find(|(_, known)| *known == word).map_or(word, |(code, _)| code).to_owned()
}

/// The word for a code, else the code itself.
pub fn word(table: Table, code: &str) -> String {
    table.iter().find(|(known, _)| *known == code).map_or(code, |(_, word)| word).to_owned()
}

/// Why it was released: `本人の同意`, `法令上の義務(L01)`.
pub fn basis(rule: &str) -> String {
    let (tier, code) = rule.split_once('.').unwrap_or((rule, ""));
    let word = word(BASIS, tier);
    if matches!(tier, "T2" | "T5") && !code.is_empty() { format!("{word}({code})") } else { word }
}

/// A unit as people write it; others as they stand.
pub fn unit(ucum: &str) -> &str {
    match ucum {
        "{score}" => "点",
        "d" => "日",
        "wk" => "週",
        "Cel" => "℃",
        "mm[Hg]" => "mmHg",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basis_is_told_in_words_and_a_ground_with_its_number() {
        assert_eq!(basis("T9.consent"), "本人の同意");
        assert_eq!(basis("T2.L01"), "法令上の義務(L01)");
        assert_eq!(basis("T1.author"), "自機関が作成した記録");
        assert_eq!(basis("X"), "X");
    }
}

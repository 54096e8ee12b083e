//! Why there is no value, in words.

use musubi_proto::v1 as proto;

/// Fields of an observation, any of which may be its value.
const VALUES: [&str; 3] = ["quantity", "coded", "text"];

/// The reason in words; as it stands, where there are none.
pub(super) fn reason(reason: &str) -> String {
    let word = match reason {
        "unknown" => "不明",
        "asked-unknown" => "尋ねたが不明",
        "asked-declined" => "回答を望まず",
        "temp-unknown" => "現時点では不明",
        "not-asked" => "尋ねていない",
        "not-performed" => "実施せず",
        "not-applicable" => "該当しない",
        "unsupported" => "扱えない値",
        "error" => "誤りのため値なし",
        "no-information" => "情報なし",
        "not-present" => "記載なし",
        "other" => "その他の理由で値なし",
        other => other,
    };
    word.to_owned()
}

/// Why an observation has no value.
pub fn of_observation(absent: &[proto::Absence]) -> Option<&proto::Absence> {
    absent.iter().find(|absence| VALUES.contains(&absence.field.as_str()))
}

/// What a field is called; its name in the schema, where there is no word.
pub(super) fn label(field: &str) -> &str {
    match field {
        "admitted_at" => "入院日",
        "apgar_1" => "アプガースコア(1分)",
        "apgar_5" => "アプガースコア(5分)",
        "apgar_10" => "アプガースコア(10分)",
        "birth_date" => "生年月日",
        "birth_length" => "出生時身長",
        "birth_weight" => "出生体重",
        "blood_loss" => "出血量",
        "discharged_at" => "退院日",
        "due_date" => "分娩予定日",
        "gestation_days" => "在胎週数",
        "head_circumference" => "頭囲",
        "total" => "合計点",
        other => other,
    }
}

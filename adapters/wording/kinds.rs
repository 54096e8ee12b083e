//! What each kind of entry is called.

/// The title of a kind of body, named as the schema's field is.
pub fn title(kind: &str) -> &'static str {
    match kind {
        "person_details" => "本人の情報",
        "family" => "家族の状況",
        "parent_child" => "親子関係",
        "coverage" => "保険",
        "encounter" => "受療",
        "condition" => "診断",
        "observation" => "検査・観察",
        "pregnancy_notification" => "妊娠",
        "handbook" => "母子健康手帳の交付",
        "prenatal_check" => "妊婦健康診査",
        "delivery" => "分娩",
        "newborn" => "新生児",
        "discharge_notice" => "退院",
        "postpartum_check" => "産婦健康診査",
        "screening" => "質問票",
        "home_visit" => "家庭訪問",
        "infant_check" => "乳幼児健康診査",
        "consultation" => "相談",
        "contact_attempt" => "連絡・接触",
        "signal" => "気づきのサイン",
        "welfare_case" => "児童相談所のケース",
        "council_case" => "要保護児童対策地域協議会のケース",
        "concern" => "心配な様子",
        "support_plan" => "サポートプラン",
        "care_application" => "産後ケアの申請",
        "care_approval" => "産後ケアの利用承認",
        "care_delivery" => "産後ケアの実施",
        "claim" => "産後ケアの請求",
        "incident" => "事故の報告",
        "referral" => "連携依頼",
        "referral_step" => "連携依頼の経過",
        "document" => "文書",
        "withdrawal" => "取消し",
        _ => "記録",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_core::record::KINDS;

    #[test]
    fn every_kind_has_a_title_of_its_own_in_both_languages() {
        for (number, kind) in KINDS.iter().enumerate() {
            let others = KINDS.iter().skip(number + 1);
            assert!(title(kind) != title("") && others.clone().all(|other| title(other) != title(kind)), "{kind}");
            assert_ne!(crate::screen::english(title(kind)), title(kind), "{kind}");
        }
    }
}

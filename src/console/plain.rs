//! The categories and purposes in words that a mother understands.

use super::words::Language;
use musubi_adapters::wording::codes::{PURPOSE, word};
use musubi_core::agency::{Category, CategorySet, Purpose};

/// Those that an ordinary consent may cover.
pub(super) const ORDINARY: [Category; 13] = [
    Category::C01,
    Category::C02,
    Category::C03,
    Category::C04,
    Category::C05,
    Category::C06,
    Category::C07,
    Category::C09,
    Category::C10,
    Category::C11,
    Category::C15,
    Category::C16,
    Category::C17,
];

/// Those that must be named one by one (`consent.md` section 3.1).
pub(super) const MUST_BE_NAMED: [Category; 4] = [Category::C08, Category::C12, Category::C14, Category::C19];

/// A category as it is said to a mother.
pub(super) const fn plain(language: Language, category: Category) -> &'static str {
    match category {
        Category::C01 => language.of("お名前・生年月日", "name and birth date"),
        Category::C02 => language.of("住所・電話番号・いる場所", "address, telephone, where you are"),
        Category::C03 => language.of("健康保険の番号", "numbers of the health insurance"),
        Category::C04 => language.of("妊娠中の経過", "course of the pregnancy"),
        Category::C05 => language.of("お産と退院のこと", "the birth and the discharge"),
        Category::C06 => language.of("生まれたときの赤ちゃんのこと", "the baby at birth"),
        Category::C07 => language.of("産後のからだのこと", "your body after the birth"),
        Category::C08 => {
            language.of("こころのこと(気持ちの質問票など)", "your state of mind (questionnaires and the like)")
        }
        Category::C09 => language.of("赤ちゃん・お子さんの健診", "checks of the baby and the child"),
        Category::C10 => language.of("家庭訪問や相談の記録", "visits and talks"),
        Category::C11 => language.of("ご家族のこと", "the family"),
        Category::C12 => language.of("家計のこと", "money"),
        Category::C13 => {
            language.of("見守りや保護が必要とされたこと", "that protection or watching was found necessary")
        }
        Category::C14 => language.of("暴力からの安全に関わること", "safety from violence"),
        Category::C15 => language.of("サポートプラン", "the support plan"),
        Category::C16 => language.of("支援のつなぎ先", "where you were referred to"),
        Category::C17 => language.of("産後ケアを利用したときの様子", "how it was when you used postnatal care"),
        Category::C18 => language.of("産後ケアの費用", "costs of postnatal care"),
        Category::C19 => {
            language.of("中絶・不妊治療・感染症など", "termination, fertility treatment, infections and the like")
        }
        Category::C20 => language.of("通告した人", "who notified"),
    }
}

/// Several categories as officers read them.
pub(super) fn categories_in_words(language: Language, categories: CategorySet) -> String {
    language.said(&categories.iter().map(Category::japanese).collect::<Vec<_>>().join("、"))
}

/// A purpose with its number.
pub(super) fn purpose_in_words(language: Language, purpose: Purpose) -> String {
    language.said(&format!("{}({purpose})", word(PURPOSE, purpose.word())))
}

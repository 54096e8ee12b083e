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
pub(super) const fn plain(category: Category) -> &'static str {
    match category {
        Category::C01 => "お名前・生年月日",
        Category::C02 => "住所・電話番号・いる場所",
        Category::C03 => "健康保険の番号",
        Category::C04 => "妊娠中の経過",
        Category::C05 => "お産と退院のこと",
        Category::C06 => "生まれたときの赤ちゃんのこと",
        Category::C07 => "産後のからだのこと",
        Category::C08 => "こころのこと(気持ちの質問票など)",
        Category::C09 => "赤ちゃん・お子さんの健診",
        Category::C10 => "家庭訪問や相談の記録",
        Category::C11 => "ご家族のこと",
        Category::C12 => "家計のこと",
        Category::C13 => "見守りや保護が必要とされたこと",
        Category::C14 => "暴力からの安全に関わること",
        Category::C15 => "サポートプラン",
        Category::C16 => "支援のつなぎ先",
        Category::C17 => "産後ケアを利用したときの様子",
        Category::C18 => "産後ケアの費用",
        Category::C19 => "中絶・不妊治療・感染症など",
        Category::C20 => "通告した人",
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

//! The display form and the comparing forms of text (`formats/common_japan.md` sections 2 and 3).

use super::dates::fold_hyphen;
use super::kanji::is_variation_selector;
use super::problem::Problem;
use unicode_normalization::UnicodeNormalization;

/// A name as screens and messages show it: trimmed, one full-width space between its parts, no control characters.
pub fn display_name(raw: &str) -> String {
    let visible: String = raw.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join("\u{3000}")
}

/// Free text as screens and messages show it: trimmed, no control characters but line ends and tabs.
pub fn display_text(raw: &str) -> String {
    let text = raw.replace("\r\n", "\n").replace('\r', "\n");
    text.trim().chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

/// The key of a text for searching: NFKC, lower case, no spaces, one hyphen and one tilde. Never stored for the text or sent.
pub fn key(text: &str) -> String {
    stable(text, |text| {
        let letters = text.chars().filter(|c| !c.is_whitespace() && !is_variation_selector(*c) && !c.is_control());
        letters
            .map(|letter| if letter == '〜' { '~' } else { fold_hyphen(letter) })
            .flat_map(char::to_lowercase)
            .collect()
    })
}

/// The strict key of a kana name: full-width katakana without spaces and points, with one long mark.
pub fn kana_strict(text: &str) -> String {
    stable(&voiced_marks(text), strict_fold)
}

/// The loose key of a kana name: small letters large, ヴ as バ, ヂ as ジ, long vowels dropped. Agreement in it alone is weaker.
pub fn kana_loose(text: &str) -> String {
    stable(&kana_strict(text), |text| shorten(&unify(&strict_fold(text))))
}

/// Half-width katakana composed to full-width, hiragana to katakana, spaces to full-width ones; all else untouched.
pub fn full_width_kana(text: &str) -> String {
    let composed = |part: &str| part.nfkc().map(to_katakana).collect::<String>();
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for letter in text.chars() {
        if matches!(letter, '\u{FF65}'..='\u{FF9F}' | '\u{3041}'..='\u{3096}' | '\u{3099}' | '\u{309A}') {
            run.push(letter);
            continue;
        }
        out.push_str(&composed(&run));
        run.clear();
        out.push(if letter == ' ' { '\u{3000}' } else { letter });
    }
    out.push_str(&composed(&run));
    out
}

/// Is this a name in kana: ァ to ヶ, ー, ・ and full-width spaces, after composing half-width letters?
///
/// # Errors
/// [`Problem::NotKana`]; the empty name is not an error here.
pub fn check_kana(text: &str) -> Result<(), Problem> {
    let text = full_width_kana(text);
    let right = text.chars().all(|letter| matches!(letter, 'ァ'..='ヶ' | 'ー' | '・' | '\u{3000}'));
    if right { Ok(()) } else { Err(Problem::NotKana) }
}

/// How many letters a kana name has once half-width voiced marks are composed.
pub fn kana_length(text: &str) -> usize {
    full_width_kana(text).chars().count()
}

/// NFKC and the fold, again until nothing changes: a fold may bring a letter and its mark together.
fn stable(text: &str, fold: impl Fn(&str) -> String) -> String {
    let mut now: String = fold(&text.nfkc().collect::<String>());
    for _ in 0..8 {
        let next = fold(&now.nfkc().collect::<String>());
        if next == now {
            break;
        }
        now = next;
    }
    now
}

fn strict_fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars().filter(|letter| !is_dropped(*letter)) {
        let letter = match to_katakana(letter) {
            mark if is_long_mark(mark) && is_katakana(before) => 'ー',
            other => other,
        };
        before = letter;
        out.push(letter);
    }
    out
}

/// Voiced marks that stand alone become those that join.
fn voiced_marks(text: &str) -> String {
    text.replace('\u{309B}', "\u{3099}").replace('\u{309C}', "\u{309A}")
}

/// Spaces, points and voiced marks that no letter took.
const fn is_dropped(letter: char) -> bool {
    letter == '\u{20}'
        || letter == '\u{3000}'
        || letter == '\t'
        || letter == '\n'
        || letter == '\r'
        || matches!(letter, '・' | '.' | '\'' | '\u{2019}' | '\u{3099}' | '\u{309A}')
}

/// Hiragana to katakana.
fn to_katakana(letter: char) -> char {
    match letter {
        'ぁ'..='ゖ' => char::from_u32(u32::from(letter) + 0x60).unwrap_or(letter),
        other => other,
    }
}

const fn is_katakana(letter: char) -> bool {
    matches!(letter, 'ァ'..='ヺ' | 'ー')
}

const fn is_long_mark(letter: char) -> bool {
    matches!(letter, 'ー' | '-' | '~' | '〜' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// One letter for those that are spelt in two ways.
fn unify(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().map(full_size).peekable();
    while let Some(letter) = letters.next() {
        let vowel = letters.peek().copied().filter(|_| letter == 'ヴ');
        let voiced = match vowel {
            Some('ア') => Some('バ'),
            Some('イ') => Some('ビ'),
            Some('エ') => Some('ベ'),
            Some('オ') => Some('ボ'),
            _ => None,
        };
        if voiced.is_some() {
            letters.next();
        }
        out.push(voiced.unwrap_or(match letter {
            'ヴ' => 'ブ',
            'ヂ' => 'ジ',
            'ヅ' => 'ズ',
            'ヲ' => 'オ',
            'ヰ' => 'イ',
            'ヱ' => 'エ',
            other => other,
        }));
    }
    out
}

const fn full_size(letter: char) -> char {
    match letter {
        'ァ' => 'ア',
        'ィ' => 'イ',
        'ゥ' => 'ウ',
        'ェ' => 'エ',
        'ォ' => 'オ',
        'ッ' => 'ツ',
        'ャ' => 'ヤ',
        'ュ' => 'ユ',
        'ョ' => 'ヨ',
        'ヮ' => 'ワ',
        'ヵ' => 'カ',
        'ヶ' => 'ケ',
        other => other,
    }
}

/// Drops long marks, and ウ or オ that lengthens the letter before it.
fn shorten(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        let after_o = "オコゴソゾトドノホボポモヨロ".contains(before) && matches!(letter, 'ウ' | 'オ');
        let after_u = "ウクグスズツヌフブプムユル".contains(before) && letter == 'ウ';
        if letter != 'ー' && !after_o && !after_u {
            before = letter;
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_display_form_keeps_the_letters_and_one_space() {
        assert_eq!(display_name("  髙柳 \u{3000} 沙耶\t"), "髙柳　沙耶");
        assert_eq!(display_name("\u{FA19}田"), "\u{FA19}田");
        assert_eq!(display_text(" 一行\r\n二行\u{7}\u{3000}"), "一行\n二行");
    }

    #[test]
    fn the_search_key_makes_compatible_writings_equal() {
        assert_eq!(key("㈱ Ａ－Ｂ～Ｃ"), key("(株)a−b〜c"));
    }

    #[test]
    fn the_strict_key_makes_writings_of_one_kana_name_equal() {
        let cases = [
            ("ﾀｶﾔﾅｷﾞ ｻﾔ", "タカヤナギサヤ"),
            ("たかやなぎ　さや", "タカヤナギサヤ"),
            ("タカヤナキ゛サヤ", "タカヤナギサヤ"),
            ("マリ－", "マリー"),
            ("マリ−・ルイ〜ズ", "マリールイーズ"),
            ("ﾏﾘｰ", "マリー"),
            ("オカ'ー", "オカー"),
            ("A-B", "A-B"),
        ];
        for (text, expected) in cases {
            assert_eq!(kana_strict(text), expected, "{text}");
        }
    }

    #[test]
    fn the_loose_key_forgives_spelling() {
        let pairs = [
            ("オオノ", "オーノ"),
            ("ユウコ", "ユーコ"),
            ("ユウコ", "ユコ"),
            ("コウヘイ", "コーヘイ"),
            ("キョウコ", "キヨウコ"),
            ("ヴァレリ", "バレリ"),
            ("ミヅキ", "ミズキ"),
            ("ヰヲリ", "イオリ"),
            ("リョッカ", "リヨツカ"),
        ];
        for (one, other) in pairs {
            assert_eq!(kana_loose(one), kana_loose(other), "{one} {other}");
            assert_ne!(kana_strict(one), kana_strict(other), "{one} {other}");
        }
        assert_ne!(kana_loose("サヤ"), kana_loose("サヤカ"));
    }

    #[test]
    fn a_kana_name_holds_kana_only() {
        for right in ["タカヤナギ　サヤ", "ﾀｶﾔﾅｷﾞ ｻﾔ", "たかやなぎ　さや", "マリー・ルイーズ", "ヴィ", ""]
        {
            assert_eq!(check_kana(right), Ok(()), "{right}");
        }
        for wrong in ["高柳", "ＬＡＮ", "サヤ2", "サヤ\u{3000}?"] {
            assert_eq!(check_kana(wrong), Err(Problem::NotKana), "{wrong}");
        }
    }

    #[test]
    fn half_width_letters_are_counted_after_composition() {
        assert_eq!(kana_length("ｶﾞｷﾞｸﾞ"), 3);
        assert_eq!(full_width_kana("ﾀｶﾔﾅｷﾞ ｱｶﾘ"), "タカヤナギ　アカリ");
        assert_eq!(full_width_kana("Ａ１ ㈱"), "Ａ１　㈱");
    }

    proptest! {
        #[test]
        fn a_key_of_a_key_is_itself(text in any::<String>()) {
            prop_assert_eq!(kana_strict(&kana_strict(&text)), kana_strict(&text));
            prop_assert_eq!(kana_loose(&kana_loose(&text)), kana_loose(&text));
            prop_assert_eq!(key(&key(&text)), key(&text));
            let _ = (display_name(&text), display_text(&text), check_kana(&text));
        }

        #[test]
        fn a_key_of_a_kana_key_is_itself(text in "[ぁ-ゖァ-ヺー\u{3099}-\u{309C}ｦ-ﾟ \\-~]{0,12}") {
            prop_assert_eq!(kana_strict(&kana_strict(&text)), kana_strict(&text));
            prop_assert_eq!(kana_loose(&kana_loose(&text)), kana_loose(&text));
            prop_assert_eq!(full_width_kana(&full_width_kana(&text)), full_width_kana(&text));
        }
    }
}

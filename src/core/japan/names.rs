//! Names of persons: their parts, the readings of a register entry, and the names that hospitals give before there is one.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Family and given name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// Family name (姓).
    pub family: String,
    /// Given name (名).
    pub given: String,
}

/// Splits a name at its one space or `＿`. `None` when there is none or more than one: nobody guesses.
pub fn split(name: &str) -> Option<Parts> {
    let mut parts = name
        .split(|letter: char| letter.is_whitespace() || matches!(letter, '＿' | '_'))
        .filter(|part| !part.is_empty());
    let (family, given) = (parts.next()?, parts.next()?);
    parts.next().is_none().then(|| Parts { family: family.to_owned(), given: given.to_owned() })
}

/// Every way to read a register entry: `東京［日本］　花子` is two names, `ALLEN JACKSON＿鈴木　一郎（高橋　二郎）` three.
pub fn readings(name: &str) -> Vec<String> {
    let mut readings = Vec::new();
    for part in name.split(['＿', '（', '）', '(', ')']).map(str::trim).filter(|part| !part.is_empty()) {
        let bracket = part.split_once(['［', '[']).and_then(|(before, rest)| {
            let (inside, after) = rest.split_once(['］', ']'])?;
            Some([format!("{before}{after}"), format!("{inside}{after}")])
        });
        match bracket {
            Some(two) => readings.extend(two),
            None => readings.push(part.to_owned()),
        }
    }
    readings
}

/// Is this no name yet, but what a newborn is called until it has one (`formats/common_japan.md` 5.4)?
///
/// `ベビー`, `児`, `山田ベビーＡ`, `Baby`, `BB`, `第１子`, `A児`, `(仮)`, nothing. A given name that stands apart and only
/// ends in 児 (`山田　健児`) is a name.
pub fn is_provisional(name: &str) -> bool {
    let name: String = name.nfkc().collect::<String>().to_lowercase();
    let given = split(&name).map(|parts| parts.given);
    let whole: String = name.chars().filter(|letter| !letter.is_whitespace()).collect();
    if whole.is_empty() || whole.contains("(仮)") || whole.contains("仮名") {
        return true;
    }
    let base = without_order(given.as_deref().unwrap_or(&whole));
    let latin = base.trim_start_matches(|letter: char| !letter.is_ascii_alphabetic());
    let by_word =
        ["ベビー", "べびー", "ベイビー", "baby"].iter().any(|word| base.ends_with(word) || base.starts_with(word));
    let child = if given.is_some() { is_child_word(base) } else { base.ends_with('児') };
    by_word || child || is_ordinal(base) || matches!(latin, "bb" | "bg" | "babyboy" | "babygirl")
}

/// Without the letter, number or bracket that tells twins apart: ベビーA, ベビー2, ベビー(男).
fn without_order(name: &str) -> &str {
    let name = match name.strip_suffix(')').and_then(|name| name.rsplit_once('(')) {
        Some((before, _)) => before,
        None => name,
    };
    let shorter = name.strip_suffix(|letter: char| letter.is_ascii_digit() || matches!(letter, 'a'..='e' | '①'..='⑨'));
    match shorter {
        Some(shorter) if shorter.ends_with(['ー', '児', '子']) || shorter.ends_with("baby") => shorter,
        _ => name,
    }
}

/// 児, 男児, 女児, 新生児, A児, 第1児, 1児 …
fn is_child_word(name: &str) -> bool {
    let Some(before) = name.strip_suffix('児') else { return false };
    let order = before.chars().all(|letter| letter.is_ascii_alphanumeric() || "第一二三四五".contains(letter));
    order || matches!(before, "男" | "女" | "新生" | "新生男" | "新生女" | "胎")
}

/// 第1子, 第二子, also behind a family name.
fn is_ordinal(name: &str) -> bool {
    let Some((_, order)) = name.strip_suffix(['子', '児']).and_then(|name| name.rsplit_once('第')) else {
        return false;
    };
    !order.is_empty() && order.chars().all(|letter| letter.is_ascii_digit() || "一二三四五六七八九十".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_split_at_its_one_space() {
        let parts = |family: &str, given: &str| Some(Parts { family: family.to_owned(), given: given.to_owned() });
        assert_eq!(split("髙柳　沙耶"), parts("髙柳", "沙耶"));
        assert_eq!(split("ﾀｶﾔﾅｷﾞ ｻﾔ"), parts("ﾀｶﾔﾅｷﾞ", "ｻﾔ"));
        assert_eq!(split("愛知＿花子"), parts("愛知", "花子"));
        for unsplit in ["愛知花子", "NGUYEN THI LAN", "", "　"] {
            assert_eq!(split(unsplit), None, "{unsplit}");
        }
    }

    #[test]
    fn a_register_entry_has_every_reading() {
        assert_eq!(readings("東京［日本］　花子"), ["東京　花子", "日本　花子"]);
        assert_eq!(readings("ALLEN JACKSON＿鈴木　一郎（高橋　二郎）"), ["ALLEN JACKSON", "鈴木　一郎", "高橋　二郎"]);
        assert_eq!(readings("山田　太郎"), ["山田　太郎"]);
        assert_eq!(readings(""), Vec::<String>::new());
    }

    #[test]
    fn what_a_newborn_is_called_before_its_name_is_no_name() {
        let provisional = [
            "",
            "　",
            "ベビー",
            "児",
            "山田ベビー",
            "山田　ベビー",
            "山田花子ベビー",
            "山田ベビーＡ",
            "山田ベビー２",
            "ﾔﾏﾀﾞ ﾍﾞﾋﾞｰ",
            "Baby",
            "YAMADA BABY",
            "山田BB",
            "山田　ＢＧ",
            "第１子",
            "山田　第二子",
            "A児",
            "Ｂ児",
            "山田　女児",
            "山田児",
            "山田　第１児",
            "(仮)山田",
            "灯（仮）",
            "ベビー（女）",
        ];
        for name in provisional {
            assert!(is_provisional(name), "{name}");
        }
        for name in
            ["髙柳　灯", "山田　健児", "山田花子", "山田　恵子", "凜", "BOB", "バビ", "NGUYEN LAN", "山田　笑子"]
        {
            assert!(!is_provisional(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_name_stops_the_readers(text in any::<String>()) {
            let _ = (split(&text), readings(&text), is_provisional(&text));
        }
    }
}

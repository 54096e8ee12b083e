//! Escape sequences, both ways (`formats/hospital.md` 2.4).

use super::charset::Charset;
use super::message::Delimiters;
use std::borrow::Cow;

/// Undoes the escapes. The flag tells that one did not follow the rules and stands as it was written.
pub fn undo(raw: &str, delimiters: Delimiters, charset: Charset) -> (Cow<'_, str>, bool) {
    let escape = char::from(delimiters.escape);
    if !raw.as_bytes().contains(&delimiters.escape) {
        return (Cow::Borrowed(raw), false);
    }
    let mut text = String::with_capacity(raw.len());
    let mut odd = false;
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once(escape) {
        text.push_str(before);
        let meaning = after.split_once(escape).and_then(|(code, tail)| {
            let meaning = meaning(code, delimiters, charset)?;
            Some((meaning, tail))
        });
        match meaning {
            Some((Meaning::Text(meant), tail)) => {
                text.push_str(&meant);
                rest = tail;
            }
            Some((Meaning::Literal { code, warn }, tail)) => {
                text.push(escape);
                text.push_str(code);
                text.push(escape);
                odd |= warn;
                rest = tail;
            }
            None => {
                text.push(escape);
                odd = true;
                rest = after;
            }
        }
    }
    text.push_str(rest);
    (Cow::Owned(text), odd)
}

enum Meaning<'c> {
    Text(Cow<'c, str>),
    Literal { code: &'c str, warn: bool },
}

/// What stands between two escape characters; `None` when that is no escape sequence.
fn meaning(code: &str, delimiters: Delimiters, charset: Charset) -> Option<Meaning<'_>> {
    let one = |byte: u8| Some(Meaning::Text(Cow::Owned(char::from(byte).to_string())));
    let said = |text: &'static str| Some(Meaning::Text(Cow::Borrowed(text)));
    match code {
        "F" => one(delimiters.field),
        "S" => one(delimiters.component),
        "R" => one(delimiters.repetition),
        "T" => one(delimiters.subcomponent),
        "E" => one(delimiters.escape),
        "P" => one(b'#'),
        "H" | "N" => said(""),
        ".br" | ".BR" => said("\n"),
        _ => longer(code, charset),
    }
}

fn longer(code: &str, charset: Charset) -> Option<Meaning<'_>> {
    let first = *code.as_bytes().first()?;
    let rest = code.get(1..)?;
    let hex = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    match first {
        b'X' if hex && rest.len().is_multiple_of(2) => {
            Some(Meaning::Text(Cow::Owned(charset.decode_escape(&bytes_of(rest)).into_owned())))
        }
        b'X' if hex => Some(Meaning::Literal { code, warn: true }),
        b'C' if hex && rest.len() == 4 => Some(Meaning::Literal { code, warn: true }),
        b'M' if hex && (rest.len() == 4 || rest.len() == 6) => Some(Meaning::Literal { code, warn: true }),
        b'Z' if rest.len() <= 32 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            Some(Meaning::Literal { code, warn: false })
        }
        b'.' => formatting(rest),
        _ => None,
    }
}

/// `.sp N` is so many new lines, `.sk N` so many blanks, the others are layout and dropped.
fn formatting(command: &str) -> Option<Meaning<'static>> {
    const REPEATED_MAX: usize = 100;
    let (name, number) = command.split_at_checked(2)?;
    let number = number.trim();
    let signed = number.strip_prefix(['+', '-']).unwrap_or(number);
    if !signed.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count = signed.parse::<usize>().unwrap_or(1).clamp(1, REPEATED_MAX);
    match name {
        "sp" => Some(Meaning::Text(Cow::Owned("\n".repeat(count)))),
        "sk" => Some(Meaning::Text(Cow::Owned(" ".repeat(count)))),
        "in" | "ti" => Some(Meaning::Text(Cow::Borrowed(""))),
        "fi" | "nf" | "ce" if number.is_empty() => Some(Meaning::Text(Cow::Borrowed(""))),
        _ => None,
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    let pair = |pair: &[u8]| pair.iter().fold(0, |byte, &next| byte << 4 | digit(next));
    hex.as_bytes().chunks(2).map(pair).collect()
}

/// Escapes text for a field: the escape character, then the delimiters, line ends and control characters.
pub fn write(text: &str, delimiters: Delimiters) -> String {
    let escape = char::from(delimiters.escape);
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        let code = match u8::try_from(u32::from(c)) {
            Ok(byte) if byte == delimiters.escape => "E",
            Ok(byte) if byte == delimiters.field => "F",
            Ok(byte) if byte == delimiters.component => "S",
            Ok(byte) if byte == delimiters.repetition => "R",
            Ok(byte) if byte == delimiters.subcomponent => "T",
            Ok(b'\r' | b'\n') => ".br",
            Ok(byte) if byte.is_ascii_control() => &format!("X{byte:02X}"),
            _ => {
                out.push(c);
                continue;
            }
        };
        out.push(escape);
        out.push_str(code);
        out.push(escape);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn undone(raw: &str) -> (String, bool) {
        let (text, odd) = undo(raw, Delimiters::USUAL, Charset::Utf8);
        (text.into_owned(), odd)
    }

    #[test]
    fn every_escape_of_the_table_is_undone() {
        for (raw, text) in [
            (r"a\F\b", "a|b"),
            (r"\S\\R\\T\\E\\P\", "^~&\\#"),
            (r"x\.br\y", "x\ny"),
            (r"x\.sp 2\y\.sp2\z", "x\n\ny\n\nz"),
            (r"x\.sk 3\y", "x   y"),
            (r"\.in 4\\.ti -2\\.fi\\.nf\\.ce\x", "x"),
            (r"\H\bold\N\", "bold"),
            (r"\XE5B1B1\", "山"),
            (r"\Zab1\", r"\Zab1\"),
            (r"点\F\b", "点|b"),
        ] {
            assert_eq!(undone(raw), (text.to_owned(), false), "{raw}");
        }
    }

    #[test]
    fn what_is_no_escape_stays_and_is_told() {
        for raw in [r"C:\temp", r"\X123\", r"\C2842\", r"\M2442AB\", r"a\", r"a\山\b", r"\.zz\"] {
            assert_eq!(undone(raw), (raw.to_owned(), true), "{raw}");
        }
    }

    #[test]
    fn a_lone_escape_character_does_not_hide_the_next_sequence() {
        assert_eq!(undone(r"C:\temp \F\"), (r"C:\temp |".to_owned(), true));
    }

    #[test]
    fn the_hex_escape_uses_the_charset_of_the_message() {
        let (text, _) = undo(r"\X82A0\", Delimiters::USUAL, Charset::Windows31J);
        assert_eq!(text, "あ");
    }

    #[test]
    fn what_is_written_cannot_break_out_of_its_field() {
        assert_eq!(write("a|b^c~d\\e&f\r\ng\u{7}", Delimiters::USUAL), r"a\F\b\S\c\R\d\E\e\T\f\.br\g\X07\");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_its_escaped_form(text in "[^\r]*") {
            prop_assert_eq!(undone(&write(&text, Delimiters::USUAL)), (text, false));
        }

        #[test]
        fn any_text_is_undone_without_a_panic(text in "[\\\\A-Z0-9.a-z山 ]*") {
            undone(&text);
        }
    }
}

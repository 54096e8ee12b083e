//! Character sets of office files (`formats/common_japan.md` section 1). "Shift_JIS" always means CP932.

use super::kanji;
use super::problem::{Problem, Read};
use encoding_rs::{DecoderResult, EncoderResult, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};
use unicode_normalization::char::compose;

/// A character set that office files may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// CP932, also called Shift_JIS, SJIS, Windows-31J and MS932.
    Cp932,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Charset {
    /// By the name that a profile or a file declares.
    ///
    /// # Errors
    /// [`Problem::CharsetRefused`] for EUC-JP, ISO-2022-JP and every name that is not known.
    pub fn from_label(label: &str) -> Result<Self, Problem> {
        let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
        match label.to_ascii_lowercase().as_str() {
            "utf8" => Ok(Charset::Utf8),
            "cp932" | "shiftjis" | "sjis" | "windows31j" | "ms932" | "cswindows31j" | "xsjis" => Ok(Charset::Cp932),
            "utf16" | "utf16le" => Ok(Charset::Utf16Le),
            "utf16be" => Ok(Charset::Utf16Be),
            _ => Err(Problem::CharsetRefused),
        }
    }

    fn encoding(self) -> &'static Encoding {
        match self {
            Charset::Utf8 => UTF_8,
            Charset::Cp932 => SHIFT_JIS,
            Charset::Utf16Le => UTF_16LE,
            Charset::Utf16Be => UTF_16BE,
        }
    }
}

/// A whole file as text, and what it was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text as received: not normalised, without its byte order mark.
    pub text: String,
    /// The character set in which it was read.
    pub charset: Charset,
}

/// Decodes a file: as declared, by its byte order mark, as strict UTF-8, as strict CP932. Never with replacement characters.
///
/// # Errors
/// [`Problem::NotDecodable`] when it is valid in none, [`Problem::ControlCharacter`] when it holds C1 controls.
pub fn decode(bytes: &[u8], declared: Option<Charset>) -> Result<Read<Decoded>, Problem> {
    let decoded = ladder(bytes, declared).ok_or(Problem::NotDecodable)?;
    let mut warnings = Vec::new();
    if declared.is_some_and(|declared| declared != decoded.charset) && !bytes.is_ascii() {
        warnings.push(Problem::DeclaredOtherwise);
    }
    if decoded.text.chars().any(is_c1) {
        return Err(Problem::ControlCharacter);
    }
    if decoded.text.chars().any(is_gaiji) {
        warnings.push(Problem::Gaiji);
    }
    Ok(Read { value: decoded, warnings })
}

/// Is this a user-defined character (外字)? Its meaning is known to the sender alone: never compare it across issuers.
pub const fn is_gaiji(letter: char) -> bool {
    matches!(letter, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{FFFFD}' | '\u{100000}'..='\u{10FFFD}')
}

const fn is_c1(letter: char) -> bool {
    matches!(letter, '\u{80}'..='\u{9F}')
}

fn ladder(bytes: &[u8], declared: Option<Charset>) -> Option<Decoded> {
    let bom = match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Some(Charset::Utf8),
        [0xFF, 0xFE, ..] => Some(Charset::Utf16Le),
        [0xFE, 0xFF, ..] => Some(Charset::Utf16Be),
        _ => None,
    };
    let multibyte_utf8 = !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok();
    let declared = declared.filter(|declared| *declared != Charset::Cp932 || !multibyte_utf8);
    let utf16 = |charset: &Charset| matches!(charset, Charset::Utf16Le | Charset::Utf16Be);
    let declared = declared.filter(|declared| !utf16(declared) || bom.is_none());
    [declared, bom, Some(Charset::Utf8), Some(Charset::Cp932)]
        .into_iter()
        .flatten()
        .find_map(|charset| strict(bytes, charset))
}

/// All bytes in one character set, or nothing.
fn strict(bytes: &[u8], charset: Charset) -> Option<Decoded> {
    let mut decoder = charset.encoding().new_decoder_with_bom_removal();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?);
    let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    matches!(result, DecoderResult::InputEmpty).then_some(Decoded { text, charset })
}

/// What to do with a character that CP932 does not have and no other can stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmappable {
    /// Write the geta mark (〓) and warn.
    #[default]
    Geta,
    /// Refuse.
    Refuse,
}

/// A character for which another was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Substitution {
    /// Which character of the text, from 0.
    pub position: usize,
    /// What stood there.
    pub from: char,
    /// What was written.
    pub to: char,
}

/// Text in CP932, and what it lost on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// A variation selector was dropped.
    pub itaiji_lost: bool,
    /// Variants written for characters that CP932 lacks.
    pub substituted: Vec<Substitution>,
    /// [`Problem::GetaWritten`] when a character became 〓.
    pub warnings: Vec<Problem>,
}

/// Encodes to CP932 in the order of `formats/common_japan.md` 1.4. Never writes an HTML reference or a backslash for ¥.
///
/// # Errors
/// [`Problem::NotEncodable`] when a character cannot be written and the caller said to refuse.
pub fn encode_cp932(text: &str, unmappable: Unmappable) -> Result<Encoded, Problem> {
    let mut out = Encoded::default();
    let mut letters = text.chars().enumerate().peekable();
    while let Some((position, letter)) = letters.next() {
        if kanji::is_variation_selector(letter) {
            out.itaiji_lost = true;
            continue;
        }
        let mark = letters.peek().map(|(_, next)| *next).filter(|next| matches!(next, '\u{3099}' | '\u{309A}'));
        let composed = mark.and_then(|mark| compose(letter, mark));
        if composed.is_some() {
            letters.next();
        }
        let letter = fold_for_cp932(composed.unwrap_or(letter));
        if cp932(letter, &mut out.bytes) {
            continue;
        }
        let variant = kanji::variants(letter).find(|variant| cp932(*variant, &mut out.bytes));
        if let Some(to) = variant {
            out.substituted.push(Substitution { position, from: letter, to });
        } else if unmappable == Unmappable::Geta && cp932('〓', &mut out.bytes) {
            if out.warnings.is_empty() {
                out.warnings.push(Problem::GetaWritten);
            }
        } else {
            return Err(Problem::NotEncodable);
        }
    }
    Ok(out)
}

/// Code points that CP932 has under another number.
const fn fold_for_cp932(letter: char) -> char {
    match letter {
        '\u{301C}' => '\u{FF5E}',
        '\u{2016}' => '\u{2225}',
        '\u{2014}' => '\u{2015}',
        '\u{00A2}' => '\u{FFE0}',
        '\u{00A3}' => '\u{FFE1}',
        '\u{00AC}' => '\u{FFE2}',
        '\u{00A5}' => '\u{FFE5}',
        '\u{203E}' => '\u{FFE3}',
        '\u{00A0}' => ' ',
        '\u{3094}' => '\u{30F4}',
        other => other,
    }
}

/// Appends one character; false when CP932 has none for it.
fn cp932(letter: char, bytes: &mut Vec<u8>) -> bool {
    if letter.is_ascii() {
        bytes.extend(u8::try_from(letter));
        return true;
    }
    let (mut text, mut buffer) = ([0; 4], [0; 8]);
    let mut encoder = SHIFT_JIS.new_encoder();
    let text = letter.encode_utf8(&mut text);
    let (result, _, written) = encoder.encode_from_utf8_without_replacement(text, &mut buffer, true);
    let right = matches!(result, EncoderResult::InputEmpty) && !is_c1(letter);
    if let (true, Some(written)) = (right, buffer.get(..written)) {
        bytes.extend_from_slice(written);
    }
    right
}

#[cfg(test)]
#[path = "charset_tests.rs"]
mod tests;

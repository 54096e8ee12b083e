//! Attachments of documents: which kinds are taken, and whether they are what they say (`formats/hospital.md` 3.1).

use base64::Engine as _;

/// Most bytes of an attachment, once its Base64 is undone.
pub(crate) const BYTES_MAX: usize = 10 * 1024 * 1024;

/// Why an attachment is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not Base64.
    NotBase64,
    /// More bytes than allowed.
    TooLarge,
    /// A kind that is not taken.
    Kind,
    /// It begins as something else than it says.
    Disguised,
}

impl Fault {
    /// The code of the catalogue (`formats/hospital.md` 6).
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Fault::TooLarge | Fault::Kind | Fault::Disguised => "H007",
            Fault::NotBase64 => "H008",
        }
    }

    pub(crate) const fn ja(self) -> &'static str {
        match self {
            Fault::NotBase64 => "添付がBase64として読めません。",
            Fault::TooLarge => "添付が大きすぎます(10 MiBまで)。",
            Fault::Kind => "この種類の添付は受け取れません。PDF、JPEG、PNG、テキストで送ってください。",
            Fault::Disguised => "添付の中身が、書かれた種類と一致しません。",
        }
    }

    pub(crate) const fn en(self) -> &'static str {
        match self {
            Fault::NotBase64 => "The attachment is not Base64.",
            Fault::TooLarge => "The attachment is too large (10 MiB at most).",
            Fault::Kind => "Attachments of this kind are not taken; send PDF, JPEG, PNG or plain text.",
            Fault::Disguised => "The attachment is not of the kind that it says.",
        }
    }
}

/// Undoes the Base64 of an attachment of at most this many bytes. Returns its kind without parameters.
pub(crate) fn attachment(media_type: &str, packed: &str, bytes_max: usize) -> Result<(&'static str, Vec<u8>), Fault> {
    let written = media_type.split(';').next().unwrap_or_default().trim();
    let known = ["application/pdf", "image/jpeg", "image/png", "text/plain"];
    let kind = known.into_iter().find(|kind| written.eq_ignore_ascii_case(kind)).ok_or(Fault::Kind)?;
    let packed: Vec<u8> = packed.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if packed.len() / 4 * 3 > bytes_max + 2 {
        return Err(Fault::TooLarge);
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(packed).map_err(|_| Fault::NotBase64)?;
    if bytes.len() > bytes_max {
        return Err(Fault::TooLarge);
    }
    let right = match kind {
        "application/pdf" => bytes.starts_with(b"%PDF-"),
        "image/jpeg" => bytes.starts_with(b"\xFF\xD8\xFF"),
        "image/png" => bytes.starts_with(b"\x89PNG\r\n\x1A\n"),
        _ => std::str::from_utf8(&bytes).is_ok_and(|text| !text.contains('\0')),
    };
    if right { Ok((kind, bytes)) } else { Err(Fault::Disguised) }
}

/// The text that is packed in Base64, if it is text.
pub(crate) fn text(packed: &str) -> Option<String> {
    let packed: Vec<u8> = packed.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(packed).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, bytes: &[u8]) -> Result<(&'static str, Vec<u8>), Fault> {
        attachment(kind, &base64::engine::general_purpose::STANDARD.encode(bytes), 32)
    }

    #[test]
    fn an_attachment_is_of_a_kind_that_is_taken_and_of_the_kind_that_it_says() {
        assert_eq!(read("application/PDF; a=b", b"%PDF-1.7"), Ok(("application/pdf", b"%PDF-1.7".to_vec())));
        assert_eq!(read("text/plain", "紹介".as_bytes()), Ok(("text/plain", "紹介".as_bytes().to_vec())));
        assert_eq!(read("application/pdf", b"<html>"), Err(Fault::Disguised));
        assert_eq!(read("image/png", b"%PDF-1.7"), Err(Fault::Disguised));
        assert_eq!(read("text/html", b"<html>"), Err(Fault::Kind));
        assert_eq!(attachment("text/plain", "***", 32), Err(Fault::NotBase64));
    }

    #[test]
    fn the_size_of_an_attachment_is_limited() {
        assert!(read("text/plain", &[b'x'; 31]).is_ok());
        assert!(read("text/plain", &[b'x'; 32]).is_ok());
        assert_eq!(read("text/plain", &[b'x'; 33]), Err(Fault::TooLarge));
        assert_eq!(read("text/plain", &[b'x'; 100]), Err(Fault::TooLarge));
    }
}

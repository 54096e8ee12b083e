//! Why nobody can tell what format some bytes are, so that whoever sent them knows what to mend.

use musubi_core::adapter::Diagnostic;

/// How far a message header is looked for behind something else.
const LOOKED_AT: usize = 4096;

/// What to say of bytes that [`recognise`](crate::recognise) knows nothing about.
pub fn unrecognised(bytes: &[u8]) -> Diagnostic {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let head = text.get(..LOOKED_AT).unwrap_or(text);
    let (ja, en) = match text.first() {
        None => ("ファイルが空です。", "The file is empty."),
        Some(b'<') => (
            "XMLですが、ルート要素からどの形式か分かりません。文書の一部ではなく全体を、名前空間の宣言を付けて送ってください(CDAはurn:hl7-org:v3、FHIRはhttp://hl7.org/fhir)。",
            "XML, but its root tells no format. Send the whole document, not a part, and declare its namespace (CDA: urn:hl7-org:v3, FHIR: http://hl7.org/fhir).",
        ),
        Some(b'{' | b'[') => {
            ("JSONですが、FHIRのresourceTypeがありません。", "JSON, but without the resourceType of FHIR.")
        }
        _ if head.windows(4).any(|part| part == b"MSH|") => (
            "MSHの前に余分な文字があります。HL7 v2の電文はMSHから始めてください。",
            "There is something before MSH; a message of HL7 v2 begins with it.",
        ),
        _ => (
            "どの形式にも当てはまりません。形式を指定してください(一覧は musubi formats)。",
            "This is none of the formats; name yours (`musubi formats` lists them).",
        ),
    };
    Diagnostic::error("M002", "file", ja, en)
}

#[cfg(test)]
mod tests {
    use super::unrecognised;

    #[test]
    fn what_is_none_of_the_formats_is_told_why() {
        for (bytes, said) in [
            (b"".as_slice(), "empty"),
            (b" \r\n", "empty"),
            (b"\xEF\xBB\xBF<section><code/></section>", "its root tells no format"),
            (b"<Document><id/></Document>", "its root tells no format"),
            (b"{\"a\":1}", "resourceType"),
            (b"/* examples */\nMSH|^~\\&|A", "before MSH"),
            (b"begin 644 WAV.DAT", "none of the formats"),
        ] {
            assert!(crate::recognise(bytes).is_none());
            assert!(unrecognised(bytes).text.en.contains(said), "{said}");
        }
    }
}

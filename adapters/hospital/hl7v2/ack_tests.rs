#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::super::header::header;
use super::*;
use jiff::civil::date;

const MESSAGE: &str =
    "MSH|^~\\&|APP|SHIONE-HOSP|MUSUBI|OSC|20261030110500||ADT^A03^ADT_A03|A-1|P|2.5||||||UNICODE UTF-8\rPID|1";

fn jis(text: &str) -> Vec<u8> {
    encoding_rs::ISO_2022_JP.encode(text).0.into_owned()
}

fn error(code: &'static str, place: &str) -> Diagnostic {
    Diagnostic::error(code, place, "日本語", "English")
}

fn answer_in(message: &[u8], receipt: Option<&str>, diagnostics: &[Diagnostic]) -> Option<Vec<u8>> {
    let header = header(message).unwrap();
    let now = Time::from_japan(date(2026, 10, 30).at(11, 5, 1, 0));
    write(&Answer {
        header: &header,
        stage: Stage::Application,
        control_id: "M-9",
        now,
        receipt,
        referral_status: "P",
        diagnostics,
    })
}

fn answer(receipt: Option<&str>, diagnostics: &[Diagnostic]) -> String {
    String::from_utf8(answer_in(MESSAGE.as_bytes(), receipt, diagnostics).unwrap()).unwrap()
}

#[test]
fn a_taken_message_is_answered_with_its_receipt() {
    let expected = "MSH|^~\\&|MUSUBI|OSC|APP|SHIONE-HOSP|20261030110501+0900||ACK^A03^ACK|M-9|P|2.5||||||UNICODE UTF-8\r\
                    MSA|AA|A-1|musubi:1:7:abc\r";
    assert_eq!(answer(Some("musubi:1:7:abc"), &[]), expected);
}

#[test]
fn a_refused_message_names_place_and_reason_and_no_receipt() {
    let text = answer(Some("musubi:1:7:abc"), &[error("H006", "OBX[2]-5.1")]);
    assert!(text.contains("\rMSA|AE|A-1\r"), "{text}");
    let line = "ERR||OBX^2^5^1^1|102^Data type error^HL70357|E|H006^^MUSUBI||H006 OBX[2]-5.1: English|日本語\r";
    assert!(text.ends_with(line), "{text}");
}

#[test]
fn a_fault_of_an_entry_is_located_at_its_segment() {
    let text = answer(None, &[error("M105", "OBX[2], subjects[0]")]);
    assert!(text.contains("\rERR||OBX^2|207^"), "{text}");
    let text = answer(None, &[Diagnostic::warning("H105", "line 3", "注意", "careful")]);
    assert!(text.contains("\rERR|||0^"), "{text}");
}

#[test]
fn every_code_of_the_catalogue_has_its_answer() {
    for (code_name, place, answer_code, condition_code) in [
        ("H002", "MSH-4", Code::Reject, "103"),
        ("H003", "MSH-9.1", Code::Reject, "200"),
        ("H003", "MSH-9.2", Code::Reject, "201"),
        ("H003", "MSH-11", Code::Reject, "202"),
        ("H003", "MSH-12", Code::Reject, "203"),
        ("H004", "MSH-10", Code::Reject, "101"),
        ("H004", "PID", Code::Error, "100"),
        ("H004", "PID-3", Code::Error, "101"),
        ("H005", "PID-5", Code::Error, "204"),
        ("H006", "PID-7", Code::Error, "102"),
        ("H007", "MSH", Code::Reject, "207"),
        ("H008", "PV1-45", Code::Error, "103"),
        ("H009", "PID-3", Code::Error, "102"),
        ("H107", "MSH-10", Code::Error, "205"),
        ("M104", "entries[0]", Code::Error, "207"),
        ("M105", "PID, subjects[0]", Code::Error, "207"),
        ("STORE", "", Code::Reject, "207"),
    ] {
        let diagnostic = error(code_name, place);
        assert_eq!(condition(&diagnostic).0, condition_code, "{code_name} {place}");
        assert_eq!(code(&[diagnostic]), Some(answer_code), "{code_name} {place}");
    }
}

#[test]
fn warnings_do_not_change_the_answer_and_the_worst_error_decides_it() {
    for warning in ["H101", "H102", "H103", "H104", "H105", "H106", "H108", "H109", "H110"] {
        let diagnostic = Diagnostic::warning(warning, "PID-5", "注意", "careful");
        let text = answer(None, std::slice::from_ref(&diagnostic));
        assert!(text.contains("\rMSA|AA|A-1\r") && text.contains("|0^Message accepted^HL70357|W|"), "{text}");
    }
    assert_eq!(code(&[error("H003", "MSH-9.2"), error("H006", "PID-7")]), Some(Code::Reject));
    assert_eq!(code(&[error("H001", "MSH")]), None);
}

#[test]
fn the_answer_is_in_the_charset_and_with_the_separators_of_the_question() {
    let japanese = "MSH|^~\\&|A|B|C|D|||ADT^A03|1|P|2.5||||||~ISO IR87||ISO 2022-1994\r";
    let bytes = answer_in(japanese.as_bytes(), None, &[error("H004", "PID")]).unwrap();
    assert!(bytes.is_ascii());
    let (text, _, bad) = encoding_rs::ISO_2022_JP.decode(&bytes);
    assert!(!bad && text.contains("|日本語\r") && text.contains("|~ISO IR87||ISO 2022-1994\r"));
    let ascii = answer_in(b"MSH^~|\\&^A^B^C^D^^^ADT~A03^1^P^2.5", None, &[error("H004", "PID-3")]).unwrap();
    let text = String::from_utf8(ascii).unwrap();
    assert!(text.starts_with("MSH^~|\\&^C^D^A^B^") && text.contains("^ACK~A03~ACK^"), "{text}");
    assert!(text.contains("ERR^^PID~1~3^101~"), "{text}");
}

#[test]
fn no_more_errors_are_told_than_the_limit() {
    let count = |n: usize| answer(None, &vec![error("H006", "PID-7"); n]).matches("\rERR|").count();
    assert_eq!(count(ERRORS_ANSWERED_MAX), ERRORS_ANSWERED_MAX);
    assert_eq!(count(ERRORS_ANSWERED_MAX + 1), ERRORS_ANSWERED_MAX);
}

#[test]
fn the_accept_answer_of_enhanced_mode_has_its_own_codes() {
    let header = header(MESSAGE.as_bytes()).unwrap();
    let answer = Answer {
        referral_status: "P",
        header: &header,
        stage: Stage::Accept,
        control_id: "M",
        now: Time::MIN,
        receipt: None,
        diagnostics: &[],
    };
    assert!(String::from_utf8(write(&answer).unwrap()).unwrap().contains("\rMSA|CA|A-1\r"));
}

#[test]
fn a_referral_is_answered_as_one_with_its_number() {
    let referral =
        "MSH|^~\\&|A|B|C|D|||REF^I12^REF_I12|R-1|P|2.5||||||UNICODE UTF-8\rRF1|P|R||||R26-1^B|20261030\rPRD|RT";
    let text = String::from_utf8(answer_in(referral.as_bytes(), Some("musubi:1:7:abc"), &[]).unwrap()).unwrap();
    assert!(
        text.contains("|RRI^I12^RRI_I12|") && text.ends_with("MSA|AA|R-1|musubi:1:7:abc\rRF1|P|||||R26-1^B\r"),
        "{text}"
    );
    let refused = String::from_utf8(answer_in(referral.as_bytes(), None, &[error("H004", "PRD")]).unwrap()).unwrap();
    assert!(refused.contains("MSA|AE|R-1\r") && !refused.contains("RF1"), "{refused}");
}

#[test]
fn an_acknowledgement_is_never_acknowledged() {
    let ack = answer(None, &[]);
    assert_eq!(answer_in(ack.as_bytes(), None, &[error("H003", "MSH-9.1")]), None);
}

#[test]
fn an_acknowledgement_of_others_is_read_in_any_separators() {
    let read_text = |text: &str| read(text.as_bytes());
    let told =
        |code: &str, id: &str, error| Some(Acknowledged { code: code.to_owned(), control_id: id.to_owned(), error });
    assert_eq!(read_text("MSH|^~\\&|A|B|||1||ACK|9|P|2.5\rMSA|AA|0A1B\r"), told("AA", "0A1B", None));
    let refused = "MSH^~|\\&^A^B^^^1^^ACK^9^P^2.5\nMSA^AR^0A1B\nERR^^PID~1~3^207~Internal~HL70357^E\nERR^^^101\n";
    assert_eq!(read_text(refused), told("AR", "0A1B", Some(207)));
    for other in ["", "MSH|^~\\&|A|B|||1||ADT^A01|9|P|2.5\rPID|1\r", "HTTP/1.1 200 OK"] {
        assert_eq!(read_text(other), None, "{other}");
    }
}

#[test]
fn a_message_can_be_made_to_ask_for_one_answer() {
    let enhanced = b"MSH|^~\\&|A|B|C|D|1||ADT^A01|7|P|2.5|||AL|NE|JPN\rPID|1|AL|NE\r";
    let plain = in_original_mode(enhanced);
    assert_eq!(plain, b"MSH|^~\\&|A|B|C|D|1||ADT^A01|7|P|2.5|||||JPN\rPID|1|AL|NE\r");
    assert_eq!(super::super::header(&plain).unwrap().mode, Mode::Original);
    assert_eq!(in_original_mode(&plain), plain);
    // In JIS this kanji holds the byte of the separator.
    let kanji: String = ('一'..='龥').filter(|letter| jis(&letter.to_string()).contains(&b'|')).take(2).collect();
    let enhanced = jis(&format!("MSH|^~\\&|{kanji}|B|C|D|1||ADT^A01|7|P|2.5|||AL|NE|JPN\r"));
    let plain = jis(&format!("MSH|^~\\&|{kanji}|B|C|D|1||ADT^A01|7|P|2.5|||||JPN\r"));
    assert_eq!(in_original_mode(&enhanced), plain);
    assert_eq!(in_original_mode(b"no message"), b"no message");
}

#[test]
fn an_application_acknowledgement_that_asks_for_it_is_answered_that_it_was_received() {
    let now = Time::from_japan(date(2026, 10, 30).at(11, 5, 1, 0));
    let answered = |conditions: &str, code: &str, ours| {
        let text = format!("MSH|^~\\&|HIS|FAC|MUSUBI|OSC|1||ACK^A03^ACK|7|P|2.5|||{conditions}\rMSA|{code}|A-1\r");
        received(text.as_bytes(), ours, now).map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let text = answered("AL|NE", "AA", true).unwrap();
    assert!(text.starts_with("MSH|^~\\&|MUSUBI|OSC|HIS|FAC|20261030110501+0900||ACK^A03^ACK|"), "{text}");
    assert!(text.ends_with("\rMSA|CA|7\r"), "{text}");
    assert!(answered("SU|NE", "AE", true).unwrap().contains("\rMSA|CA|7\r"), "it was received, whatever it says");
    let wrong = answered("ER|NE", "AR", false).unwrap();
    assert!(wrong.contains("\rMSA|CE|7\r") && wrong.contains("|204^"), "{wrong}");
    for (conditions, code, ours) in
        [("", "AA", true), ("NE|AL", "AA", true), ("ER|NE", "AA", true), ("AL|NE", "CA", true), ("SU|NE", "AA", false)]
    {
        assert_eq!(answered(conditions, code, ours), None, "{conditions} {code} {ours}");
    }
}

#[test]
fn an_acknowledgement_that_nobody_waits_for_is_refused_where_it_asks_and_starts_no_circle() {
    let write = |code: &str, stage| {
        let text = format!("MSH|^~\\&|HIS|FAC|MUSUBI|OSC|1||ACK^A03^ACK|7|P|2.5|||AL|AL\rMSA|{code}|A-1\r");
        let header = header(text.as_bytes()).unwrap();
        let now = Time::from_japan(date(2026, 10, 30).at(11, 5, 1, 0));
        let diagnostics = &[error("H003", "MSH-9.1")];
        let answer =
            Answer { header: &header, stage, control_id: "M-9", now, receipt: None, referral_status: "", diagnostics };
        super::write(&answer).map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert!(write("AE", Stage::Accept).unwrap().contains("\rMSA|CR|7\r"));
    assert_eq!(write("AE", Stage::Application), None);
    assert_eq!((write("CA", Stage::Accept), write("CR", Stage::Accept)), (None, None));
}

//! The command line, through the binary itself: what it prints where, and how it exits.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What one run gave.
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn last_line(&self) -> &str {
        self.err.lines().last().unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_musubi"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn musubi(arguments: &[&str]) -> Run {
    Run::of(command(arguments).stdin(Stdio::null()).output().unwrap())
}

/// With this on standard input.
fn musubi_fed(arguments: &[&str], input: impl AsRef<[u8]>) -> Run {
    let mut child =
        command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.as_ref().to_vec();
    let feeder = std::thread::spawn(move || pipe.write_all(&input));
    let run = Run::of(child.wait_with_output().unwrap());
    feeder.join().unwrap().ok();
    run
}

/// What a hospital is sent, and how files of it end.
const READ_BACK: [(&str, &str); 4] = [("hl7v2", "hl7"), ("fhir-json", "fhir"), ("fhir-xml", "xml"), ("cda", "xml")];

/// Python with the packages of `tests/support/read_back.py`, named by `MUSUBI_PYTHON` where it is not `python3`.
#[test]
fn what_is_written_is_read_back_by_programs_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = Vec::new();
    for (number, sample) in samples().iter().enumerate() {
        if !sample.components().any(|part| part.as_os_str() == "hospital") {
            continue;
        }
        for (format, ending) in READ_BACK {
            let run = musubi(&["convert", "--from", "auto", "--to", format, sample.to_str().unwrap()]);
            if run.code == 0 && !run.out.is_empty() {
                let path = folder.path().join(format!("{number}-{format}.{ending}"));
                std::fs::write(&path, run.out).unwrap();
                written.push(path);
            }
        }
    }
    assert!(written.len() > 40, "{}", written.len());
    let python = std::env::var("MUSUBI_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/read_back.py");
    match Command::new(python).arg(script).args(&written).output() {
        Ok(output) if output.status.code() != Some(77) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
            println!("{said}");
        }
        _ => println!("skipped: no Python with hl7apy, fhir.resources and lxml here (MUSUBI_PYTHON names one)"),
    }
}

const VISITS: &str = "adapters/public_health/ph05/samples/demo-visits.csv";

/// One visit, as a file of its own: header and first row.
fn one_visit() -> Vec<u8> {
    let all = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(VISITS)).unwrap();
    all.split_inclusive(|byte| *byte == b'\n').take(2).flatten().copied().collect()
}

/// Samples that lie beside the formats which are read.
fn samples() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let in_samples = path.parent().is_some_and(|parent| parent.ends_with("samples"));
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if in_samples && !name.ends_with(".json") && !name.ends_with(".md") && !name.starts_with('.') {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_format_is_listed_with_its_direction_and_both_titles() {
    let run = musubi(&["formats"]);
    assert_eq!(run.code, 0);
    for adapter in musubi_adapters::ADAPTERS {
        let line = run.out.lines().find(|line| line.starts_with(&format!("{}\t", adapter.name()))).unwrap();
        assert!(line.contains(&*adapter.title().ja) && line.contains(&*adapter.title().en), "{line}");
    }
    assert!(run.out.lines().any(|line| line.starts_with("record\tin/out\t")));
}

#[test]
fn a_template_is_a_file_of_its_format_and_only_what_people_fill_in_has_one() {
    for format in ["hp01", "ph05", "pv02"] {
        let run = musubi(&["formats", "--template", format]);
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.out.starts_with("\u{FEFF}処理区分,"), "{format}");
    }
    assert_eq!(musubi(&["formats", "--template", "hl7v2"]).code, 2);
    assert_eq!(musubi(&["formats", "--template", "nothing"]).code, 2);
}

#[test]
fn one_row_becomes_one_json_object_and_nothing_is_refused() {
    let run = musubi_fed(&["convert", "--from", "ph05", "--to", "record", "-"], one_visit());
    assert_eq!((run.code, run.last_line()), (0, "1 read, 0 refused, 1 warnings"), "{}", run.err);
    assert_eq!(run.json().get("format"), Some(&Value::from("ph05")));
}

#[test]
fn several_rows_become_an_array_and_a_refused_row_ends_with_exit_1() {
    let run = musubi(&["convert", "--from", "ph05", "--to", "record", VISITS]);
    assert_eq!((run.code, run.last_line()), (1, "4 read, 1 refused, 1 warnings"), "{}", run.err);
    assert_eq!(run.json().as_array().unwrap().len(), 4);
    assert!(run.err.lines().any(|line| line.starts_with("error JP-E602 row 5, ")), "{}", run.err);
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let written = musubi(&["convert", "--from", "auto", "--to", "record", VISITS]).out;
    let again = musubi_fed(&["convert", "--from", "record", "--to", "record", "-"], &written);
    assert_eq!((again.code, again.out == written), (0, true));
    let guessed = musubi_fed(&["convert", "--from", "auto", "--to", "record", "-"], &written);
    assert_eq!((guessed.code, guessed.out == written), (0, true));
}

#[test]
fn of_several_files_each_diagnostic_begins_with_the_file() {
    let run = musubi(&["convert", "--to", "record", VISITS, "no-such-file.csv"]);
    assert_eq!(run.code, 1);
    let (last, lines) = run.err.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(lines, "4 read, 2 refused, 1 warnings");
    let named = |line: &str| line.starts_with(&format!("{VISITS}: ")) || line.starts_with("no-such-file.csv: ");
    assert!(last.lines().all(named), "{last}");
}

#[test]
fn the_ledger_accounts_for_the_fields_of_every_item() {
    let run = musubi(&["convert", "--from", "ph05", "--to", "record", "--ledger", VISITS]);
    let lines = run.json();
    let items: std::collections::BTreeSet<u64> =
        lines.as_array().unwrap().iter().map(|line| line.get("item").unwrap().as_u64().unwrap()).collect();
    assert!((1..=4).all(|item| items.contains(&item)), "{items:?}");
    assert!(lines.as_array().unwrap().iter().all(|line| line.get("fate").is_some() && line.get("place").is_some()));
}

#[test]
fn a_table_of_several_rows_has_one_header() {
    let run = musubi(&["convert", "--from", "ph05", "--to", "notice-csv", VISITS]);
    assert_eq!(run.out.matches("フリガナ").count(), 1, "{}", run.out);
    assert!(run.out.lines().count() >= 5);
}

#[test]
fn wrong_usage_exits_with_2_and_prints_no_result() {
    let wrong: [&[&str]; 9] = [
        &[],
        &["unknown"],
        &["convert", VISITS],
        &["convert", "--to", "record"],
        &["convert", "--from", "no-such-format", "--to", "record", VISITS],
        &["convert", "--to", "ph05", VISITS],
        &["convert", "--from", "notice-html", "--to", "record", VISITS],
        &["policy", "decide"],
        &["policy", "explain", "OSC", "P3", "C21"],
    ];
    for arguments in wrong {
        let run = musubi(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn what_is_no_format_is_refused_and_never_repeated() {
    let run = musubi_fed(&["convert", "--to", "record", "-"], "秘密の文字列");
    assert_eq!((run.code, run.last_line()), (1, "0 read, 1 refused, 0 warnings"));
    assert!(run.err.starts_with("error M002 ") && !run.err.contains("秘密"), "{}", run.err);
}

#[test]
fn every_sample_of_the_project_is_recognised_and_accounted_for() {
    let samples = samples();
    assert!(!samples.is_empty());
    for sample in samples {
        let run = musubi(&["convert", "--to", "record", sample.to_str().unwrap()]);
        assert!(run.code < 2 && !run.err.contains("M002"), "{}: {}", sample.display(), run.err);
        let counted = run.last_line();
        let refused = run.err.lines().filter(|line| line.starts_with("error ")).count();
        assert_eq!(run.code == 0, counted.contains(" 0 refused"), "{}: {counted}", sample.display());
        assert!(run.code == 0 || refused > 0, "{}: refused without a reason", sample.display());
    }
}

/// The worked decisions: facts and the expected answer.
fn worked() -> Vec<(String, String)> {
    let cases = include_str!("../src/core/consent/cases/decisions.jsonl").lines().map(|line| {
        let case: Value = serde_json::from_str(line).unwrap();
        (case.get("facts").unwrap().to_string(), case.get("expected").unwrap().as_str().unwrap().to_owned())
    });
    cases.collect()
}

#[test]
fn the_worked_decisions_are_answered_line_by_line() {
    let cases = worked();
    assert_eq!(cases.len(), 68);
    let lines: String = cases.iter().map(|(facts, _)| format!("{facts}\n")).collect();
    let run = musubi_fed(&["policy", "decide", "--lines", "-"], &lines);
    let expected: Vec<&str> = cases.iter().map(|(_, expected)| expected.as_str()).collect();
    assert_eq!((run.code, run.out.lines().collect::<Vec<_>>()), (0, expected));
}

#[test]
fn the_evidence_is_answered_as_json() {
    let facts = r#"{"kind":"CGC","purpose":"P5","category":"C09","ground":"L04","standing":true,"objection":true}"#;
    assert_eq!(musubi_fed(&["policy", "decide", "-"], facts).out, "HOLD T5.approval\n");
    let answer = musubi_fed(&["policy", "decide", "-", "--json"], facts).json();
    assert_eq!(answer.get("outcome"), Some(&Value::from("HOLD")));
    assert_eq!(answer.get("rule"), Some(&Value::from("T5.approval")));
    assert_eq!(answer.pointer("/evidence/cell"), Some(&Value::from("CS")));
}

#[test]
fn a_fault_names_line_and_key_and_the_other_lines_are_answered() {
    let right = r#"{"kind":"OSC","purpose":"P3","category":"C05","permit":true}"#;
    let unknown = r#"{"kind":"OSC","purpose":"P3","category":"C05","colour":"秘密"}"#;
    let missing = r#"{"kind":"OSC","purpose":"P3"}"#;
    let typed = r#"{"kind":"OSC","purpose":"P3","category":"C05","home":"秘密"}"#;
    let long = format!("{{\"kind\":\"{}\"}}", "x".repeat(70_000));
    let lines = ["\u{feff}", &[right, unknown, right, missing, typed, &long, "[]", right].join("\n")].concat();
    let run = musubi_fed(&["policy", "decide", "--lines", "-"], &lines);
    assert_eq!(run.code, 1);
    let permitted = "PERMIT T9.consent";
    let expected = [
        permitted,
        "ERROR line 2 key \"colour\"",
        permitted,
        "ERROR line 4 key \"category\"",
        "ERROR line 5 key \"home\"",
        "ERROR line 6",
        "ERROR line 7",
        permitted,
    ];
    assert_eq!(run.out.lines().collect::<Vec<_>>(), expected);
    assert!(run.err.contains("line 2") && run.err.contains("\"colour\"") && !run.err.contains("秘密"), "{}", run.err);
}

#[test]
fn the_policy_files_are_checked_explained_and_compared() {
    assert_eq!(musubi(&["policy", "check"]).code, 0);
    assert_eq!(musubi(&["policy", "check", "--from", "policy"]).code, 0);
    assert_eq!(musubi(&["policy", "check", "--from", "docs"]).code, 1);
    let cell = musubi(&["policy", "explain", "CGC", "P5", "C09"]);
    assert!(cell.out.starts_with("CGC/P5 C09(乳幼児健診)\n") && cell.out.contains("T5.L04"), "{}", cell.out);
    let same = musubi(&["policy", "diff", "policy", "policy"]);
    assert_eq!(
        (same.code, same.out.as_str()),
        (0, "0 differences, 0 of them may open something\n0 worked cases come out otherwise, 0 of them more open\n")
    );
}

#[test]
fn a_default_deny_says_what_was_wanting() {
    let facts = r#"{"kind":"PRV","purpose":"P7","category":"C01","relation":false,"label":"R"}"#;
    let answer = musubi_fed(&["policy", "decide", "-", "--json"], facts).json();
    assert_eq!(answer["rule"], "T11.default-deny");
    assert_eq!(answer["evidence"]["facts"], serde_json::json!(["no_relation", "label"]));
}

#[test]
fn what_has_no_answer_is_not_passed_over_in_silence() {
    let facts = r#"{"kind":"PRV","purpose":"P7","category":"C01"}"#;
    let run = musubi_fed(&["policy", "decide", "--lines", "-"], format!("{facts}\n\n{facts}\n"));
    assert_eq!((run.code, run.out.lines().count()), (0, 2));
    assert!(run.err.contains("line 2") && run.err.contains("空行"), "{}", run.err);
    let run = musubi_fed(&["policy", "decide", "-"], " ".repeat(70_000));
    assert_eq!((run.code, run.out.as_str()), (1, "ERROR\n"));
    assert!(run.err.contains("65536"), "{}", run.err);
}

#[test]
fn a_changed_cell_is_shown_by_diff_and_decides_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["matrix.toml", "grounds.toml", "masks.toml", "codes.toml"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("policy").join(name)).unwrap();
        let changed = text.replacen("C05 = \"CS\"", "C05 = \"-\"", usize::from(name == "matrix.toml"));
        std::fs::write(folder.path().join(name), changed).unwrap();
    }
    let folder = folder.path().to_str().unwrap();
    let differs = musubi(&["policy", "diff", "policy", folder]);
    assert_eq!(differs.code, 1);
    assert!(differs.out.starts_with("matrix OSC/P3 C05: CS -> -\n") && differs.out.contains("case D02: "));
    assert!(differs.out.contains("\n1 differences, 0 of them may open something\n"), "{}", differs.out);
    assert!(differs.out.ends_with(", 0 of them more open\n"), "{}", differs.out);
    let checked = musubi(&["policy", "check", "--from", folder]);
    assert_eq!(checked.code, 1);
    let facts = r#"{"kind":"OSC","purpose":"P3","category":"C05","permit":true}"#;
    let decided = musubi_fed(&["policy", "decide", "--from", folder, "-"], facts);
    assert_eq!(decided.out, "DENY T4.ceiling\n");
}

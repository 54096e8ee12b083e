//! `musubi client cases` and `musubi client record`: reading the record through a decision.

use super::person::{self, PersonArgument};
use super::show::{outline, plain};
use super::{Calling, Exit, Failure, Stopped};
use crate::edge::grpc::client as grpc;
use clap::Args;
use musubi_core::wire::agency_side::Received;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tonic::Streaming;

/// Where a case query in XML is posted.
const CASES_PATH: &str = "/v1/cases/query";
const XML: &str = "application/xml";
/// Longest query in XML (S-70).
const QUERY_BYTES_MAX: u64 = 5 * 1024 * 1024;

/// A question for cases.
#[derive(Args, Debug)]
pub(super) struct CasesArguments {
    /// Post this cgc-xml query instead, and print the answer as it came (cgc-xmlの照会を送る)
    #[arg(long, value_name = "FILE")]
    xml: Option<PathBuf>,
    /// Purpose, P1 to P12 (目的)
    #[arg(long, value_name = "P", required_unless_present = "xml")]
    purpose: Option<String>,
    /// Request or case number of the ground (根拠の番号)
    #[arg(long, value_name = "NUMBER", required_unless_present = "xml")]
    ground: Option<String>,
    /// Municipality code with its check digit; several: any of them (自治体コード)
    #[arg(long = "municipality", value_name = "CODE")]
    municipalities: Vec<String>,
    /// Category of the case; several: any of them (種別)
    #[arg(long = "category", value_name = "WORD")]
    categories: Vec<String>,
    /// Least severity (重症度の下限)
    #[arg(long, value_name = "WORD")]
    severity_at_least: Option<String>,
    /// Youngest age of the child in months (月齢の下限)
    #[arg(long, value_name = "MONTHS")]
    age_from: Option<u32>,
    /// Oldest age of the child in months (月齢の上限)
    #[arg(long, value_name = "MONTHS")]
    age_to: Option<u32>,
    /// Signal; several: any of them (サイン)
    #[arg(long = "signal", value_name = "CODE")]
    signals: Vec<String>,
    /// At least so many visits at which nobody was met (会えなかった訪問の回数)
    #[arg(long, value_name = "COUNT")]
    unresponsive_visits: Option<u32>,
    /// Those visits within so many days (その期間の日数)
    #[arg(long, value_name = "DAYS", requires = "unresponsive_visits")]
    within_days: Option<u32>,
    /// Level of detail, L0 to L3 (詳細の水準)
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
}

/// A question for one person.
#[derive(Args, Debug)]
pub(super) struct RecordArguments {
    /// Purpose, P1 to P12 (目的)
    #[arg(long, value_name = "P")]
    purpose: String,
    /// Request or case number of the ground that the call cites (根拠の番号)
    #[arg(long, value_name = "NUMBER")]
    ground: Option<String>,
    /// Whose record (対象者)
    #[arg(value_name = "PERSON")]
    person: PersonArgument,
}

/// Asks for cases, by options or with a file.
pub(super) async fn search(arguments: &CasesArguments, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    if let Some(file) = &arguments.xml {
        return post(file, calling).await;
    }
    let request = request(arguments, &calling.staff);
    let stream = calling.client.records().search_cases(request).await?.into_inner();
    calling.print_records(stream).await
}

/// Asks for what may be seen of one person.
pub(super) async fn record(arguments: &RecordArguments, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let person = person::one(&arguments.person, calling.terminal)?;
    let request = grpc::GetRecordRequest {
        purpose: arguments.purpose.clone(),
        staff_id: calling.staff.clone(),
        person_id: person.person_id,
        issuer: person.issuer,
        identifier: person.identifier,
        name: person.name,
        birth_date: person.birth_date,
        ground: arguments.ground.clone().unwrap_or_default(),
    };
    let stream = calling.client.records().get(request).await?.into_inner();
    calling.print_records(stream).await
}

fn request(arguments: &CasesArguments, staff: &str) -> grpc::SearchCasesRequest {
    let word = |given: &Option<String>| given.clone().unwrap_or_default();
    grpc::SearchCasesRequest {
        purpose: word(&arguments.purpose),
        staff_id: staff.to_owned(),
        ground: word(&arguments.ground),
        municipalities: arguments.municipalities.clone(),
        categories: arguments.categories.clone(),
        severity_at_least: word(&arguments.severity_at_least),
        age_months_from: arguments.age_from,
        age_months_to: arguments.age_to,
        signals: arguments.signals.clone(),
        unresponsive_visits_at_least: arguments.unresponsive_visits,
        unresponsive_visits_within_days: arguments.within_days,
        level: word(&arguments.level),
    }
}

async fn post(file: &Path, calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let query = calling.terminal.read(file, QUERY_BYTES_MAX)?;
    let answer = calling.client.post(CASES_PATH, XML, query).await;
    let answer = answer.map_err(|error| Failure::Fault(error.to_string()))?;
    calling.terminal.out.write_all(&answer.body)?;
    if !answer.body.is_empty() && !answer.body.ends_with(b"\n") {
        writeln!(calling.terminal.out)?;
    }
    if (200..300).contains(&answer.status) {
        return Ok(Exit::Success);
    }
    writeln!(calling.terminal.err, "error CL05 {CASES_PATH} HTTP {}", answer.status)?;
    Ok(Exit::Refused)
}

impl Calling<'_, '_> {
    /// Prints each record as it comes; an empty answer prints nothing, or as JSON an empty array.
    async fn print_records(&mut self, mut stream: Streaming<Received>) -> Result<Exit, Stopped> {
        let mut records = Vec::new();
        while let Some(received) = stream.message().await? {
            let value: Value = serde_json::from_str(&received.to_json()).unwrap_or_default();
            if self.json {
                records.push(value);
                continue;
            }
            for line in record_lines(&received.persons(), &received.kinds(), &value) {
                writeln!(self.terminal.out, "{line}")?;
            }
        }
        if self.json {
            self.print_json(&Value::Array(records))?;
        }
        Ok(Exit::Success)
    }
}

/// A heading with persons and kinds, then everything that was received, indented.
fn record_lines(persons: &[String], kinds: &[&str], record: &Value) -> Vec<String> {
    let mut lines = vec![format!("record {} ({})", plain(&persons.join(" ")), plain(&kinds.join(", ")))];
    lines.extend(outline(record).into_iter().map(|line| format!("  {line}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_is_an_outline_under_its_persons_and_kinds() {
        let record = json!({ "entries": [{ "home_visit": { "result": "absent", "child_seen": false } }] });
        let lines = record_lines(&["p-1".to_owned()], &["home_visit"], &record);
        let expected = [
            "record p-1 (home_visit)",
            "  entries:",
            "    -",
            "      home_visit:",
            "        child_seen: false",
            "        result: absent",
        ];
        assert_eq!(lines, expected);
    }
}

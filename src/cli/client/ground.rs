//! `musubi client ground`: grounds in law, asked for, asserted, answered in parts, ended.

use super::person::{self, FreeText, PersonArgument};
use super::show::{Shown, fields};
use super::{Calling, Exit, Failure, Stopped};
use crate::edge::grpc::client as grpc;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// What to do with a ground.
#[derive(Debug, Subcommand)]
pub(super) enum Arguments {
    /// Ask the holders under a power: what is approved is open at once (権限に基づき求める)
    Request(Request),
    /// Assert a ground of one's own for what one holds (自機関の根拠を主張する)
    Assert(Assert),
    /// Approve categories of a request (求めの一部または全部を認める)
    Approve(Approve),
    /// Refuse categories of a request (求めの一部または全部を断る)
    Refuse(Refuse),
    /// End a ground (根拠を終える)
    End(End),
    /// Leave a council case (要対協のケースの構成員から外れる)
    Leave(Leave),
}

/// A request.
#[derive(Args, Debug)]
pub(super) struct Request {
    /// L04, L05, L07 … (根拠の符号)
    #[arg(value_name = "CODE")]
    code: String,
    /// Request or case number (文書番号・ケース番号)
    #[arg(long, value_name = "NUMBER")]
    number: String,
    /// Person concerned, several times (対象者)
    #[arg(long = "person", required = true, value_name = "PERSON")]
    persons: Vec<PersonArgument>,
    /// Category C01 to C20, several times (データ区分)
    #[arg(long = "category", required = true, value_name = "C")]
    categories: Vec<String>,
    /// Head of the agency who requests (求める長)
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    requesting_head: String,
    /// Why it is needed; a text or @FILE (必要とする理由)
    #[arg(long, value_name = "TEXT")]
    necessity: Option<FreeText>,
    /// First day, YYYY-MM-DD; none: now (開始日)
    #[arg(long, value_name = "DAY", default_value = "", hide_default_value = true)]
    from: String,
    /// Last day, YYYY-MM-DD (終了日)
    #[arg(long, value_name = "DAY", default_value = "", hide_default_value = true)]
    until: String,
    /// Member of the council case, several times (構成機関)
    #[arg(long = "member", value_name = "AGENCY")]
    members: Vec<String>,
    /// Meeting of the council (会議)
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    meeting: String,
}

/// An assertion.
#[derive(Args, Debug)]
pub(super) struct Assert {
    /// L01 to L03, L06, L09 … (根拠の符号)
    #[arg(value_name = "CODE")]
    code: String,
    /// Message that it is asserted for, by the id of its receipt (対象の受領番号)
    #[arg(
        long,
        value_name = "MESSAGE",
        default_value = "",
        hide_default_value = true,
        required_unless_present = "persons"
    )]
    message: String,
    /// Person concerned, several times (対象者)
    #[arg(long = "person", value_name = "PERSON")]
    persons: Vec<PersonArgument>,
    /// Category C01 to C20, several times (データ区分)
    #[arg(long = "category", value_name = "C")]
    categories: Vec<String>,
    /// Agency that is to see it (提供先の機関ID)
    #[arg(long, value_name = "AGENCY", default_value = "", hide_default_value = true)]
    to: String,
    /// What the registry of grounds asks for; several times, the text may be @FILE (根拠ごとの記載事項)
    #[arg(long = "evidence", value_name = "KEY=TEXT")]
    evidence: Vec<String>,
    /// Last day, YYYY-MM-DD (終了日)
    #[arg(long, value_name = "DAY", default_value = "", hide_default_value = true)]
    until: String,
}

/// An approval.
#[derive(Args, Debug)]
pub(super) struct Approve {
    /// Id of the ground (根拠の番号)
    #[arg(value_name = "FACT")]
    fact: String,
    /// Category, several times (データ区分)
    #[arg(long = "category", required = true, value_name = "C")]
    categories: Vec<String>,
    /// The person's objection was considered (異議を踏まえて判断した)
    #[arg(long)]
    with_objection_in_view: bool,
    /// The proviso about harm was considered (ただし書きの支障を確認した)
    #[arg(long)]
    proviso_harm: bool,
}

/// A refusal.
#[derive(Args, Debug)]
pub(super) struct Refuse {
    /// Id of the ground (根拠の番号)
    #[arg(value_name = "FACT")]
    fact: String,
    /// Category, several times (データ区分)
    #[arg(long = "category", required = true, value_name = "C")]
    categories: Vec<String>,
    /// Why; a text or @FILE (理由)
    #[arg(long, value_name = "TEXT")]
    reason: Option<FreeText>,
}

/// An end.
#[derive(Args, Debug)]
pub(super) struct End {
    /// Id of the ground (根拠の番号)
    #[arg(value_name = "FACT")]
    fact: String,
}

/// A member leaves.
#[derive(Args, Debug)]
pub(super) struct Leave {
    /// Number of the case (ケース番号)
    #[arg(value_name = "NUMBER")]
    number: String,
    /// Last day of the membership, YYYY-MM-DD; none: at once (最終日)
    #[arg(long, value_name = "DAY", default_value = "", hide_default_value = true)]
    last_day: String,
}

/// Does it and prints the answer.
pub(super) async fn run(arguments: &Arguments, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let mut grounds = calling.client.grounds();
    match arguments {
        Arguments::Request(request) => {
            let request = request.message(&mut calling)?;
            let answer = grounds.request(request).await?.into_inner();
            calling.print(&answer)?;
        }
        Arguments::Assert(assertion) => {
            let request = assertion.message(&mut calling)?;
            let receipt = grounds.assert(request).await?.into_inner();
            calling.print(&receipt)?;
        }
        Arguments::Approve(approval) => {
            let request = grpc::ApproveGroundRequest {
                staff_id: calling.staff.clone(),
                fact_id: approval.fact.clone(),
                categories: approval.categories.clone(),
                sources: Vec::new(),
                with_objection_in_view: approval.with_objection_in_view,
                proviso_harm: approval.proviso_harm,
            };
            let answer = grounds.approve(request).await?.into_inner();
            calling.print(&answer)?;
        }
        Arguments::Refuse(refusal) => {
            let request = grpc::RefuseGroundRequest {
                staff_id: calling.staff.clone(),
                fact_id: refusal.fact.clone(),
                categories: refusal.categories.clone(),
                reason: calling.text(refusal.reason.as_ref())?,
            };
            let answer = grounds.refuse(request).await?.into_inner();
            calling.print(&answer)?;
        }
        Arguments::End(End { fact }) => {
            let request = grpc::EndGroundRequest { staff_id: calling.staff.clone(), fact_id: fact.clone() };
            let receipt = grounds.end(request).await?.into_inner();
            calling.print(&receipt)?;
        }
        Arguments::Leave(Leave { number, last_day }) => {
            let (number, last_day) = (number.clone(), last_day.clone());
            let request = grpc::LeaveCaseRequest { staff_id: calling.staff.clone(), number, last_day };
            let receipt = grounds.leave_case(request).await?.into_inner();
            calling.print(&receipt)?;
        }
    }
    Ok(Exit::Success)
}

impl Request {
    fn message(&self, calling: &mut Calling<'_, '_>) -> Result<grpc::GroundRequest, Stopped> {
        Ok(grpc::GroundRequest {
            staff_id: calling.staff.clone(),
            code: self.code.clone(),
            number: self.number.clone(),
            persons: person::all(&self.persons, calling.terminal)?,
            categories: self.categories.clone(),
            requesting_head: self.requesting_head.clone(),
            necessity: calling.text(self.necessity.as_ref())?,
            from: self.from.clone(),
            until: self.until.clone(),
            members: self.members.clone(),
            meeting: self.meeting.clone(),
        })
    }
}

impl Assert {
    fn message(&self, calling: &mut Calling<'_, '_>) -> Result<grpc::AssertGroundRequest, Stopped> {
        let mut evidence = Vec::new();
        for given in &self.evidence {
            let (key, text) = key_and_text(given)?;
            let value = text.read(calling.terminal)?;
            evidence.push(grpc::Evidence { key, value });
        }
        Ok(grpc::AssertGroundRequest {
            staff_id: calling.staff.clone(),
            code: self.code.clone(),
            message: self.message.clone(),
            persons: person::all(&self.persons, calling.terminal)?,
            categories: self.categories.clone(),
            recipient: self.to.clone(),
            evidence,
            until: self.until.clone(),
        })
    }
}

fn key_and_text(given: &str) -> Result<(String, FreeText), Failure> {
    let pair = given.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, text) = pair.ok_or_else(|| {
        Failure::Usage("--evidence is KEY=TEXT / --evidence は「項目=内容」で指定してください".to_owned())
    })?;
    Ok((key.to_owned(), FreeText::from(text.to_owned())))
}

impl Shown for grpc::GroundAnswer {
    fn json(&self) -> Value {
        let part =
            |part: &grpc::GroundPart| json!({ "holder": part.holder, "category": part.category, "state": part.state });
        json!({
            "factId": self.fact_id, "number": self.number, "answerBy": self.answer_by,
            "parts": self.parts.iter().map(part).collect::<Vec<_>>(),
        })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![fields(&[&self.fact_id, &self.number, &self.answer_by])];
        lines.extend(self.parts.iter().map(|part| fields(&[&part.state, &part.category, &part.holder])));
        lines
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn evidence_without_a_key_is_wrong_usage_and_not_repeated() {
        assert_eq!(key_and_text("necessity=夜がひとりで不安").unwrap().0, "necessity");
        for given in ["榎本", "=榎本"] {
            let Err(Failure::Usage(said)) = key_and_text(given) else { panic!("taken") };
            assert!(!said.contains("榎本"));
        }
    }

    #[test]
    fn an_answer_lists_its_parts_below_its_number() {
        let part =
            grpc::GroundPart { holder: "OSC-1".to_owned(), category: "C09".to_owned(), state: "HOLD".to_owned() };
        let answer = grpc::GroundAnswer {
            fact_id: "f".to_owned(),
            number: "汐児8-204".to_owned(),
            parts: vec![part],
            answer_by: "2026-11-18".to_owned(),
        };
        assert_eq!(answer.lines(), ["f\t汐児8-204\t2026-11-18", "HOLD\tC09\tOSC-1"]);
    }
}

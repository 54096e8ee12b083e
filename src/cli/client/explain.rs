//! `musubi client explain`: why something was shown, and what would open the rest.

use super::show::{Shown, fields, plain};
use super::{Calling, Exit, Stopped};
use crate::edge::grpc::client as grpc;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// What to explain.
#[derive(Debug, Subcommand)]
pub(super) enum Arguments {
    /// A release, as far as the caller may know (提供の理由)
    Release(Release),
    /// What a recipient would be shown of a message of one's own now (自機関の電文が提供先にどう見えるか)
    WhatIf(WhatIf),
}

/// A release.
#[derive(Args, Debug)]
pub(super) struct Release {
    /// Id of the release, as it travels with the data (提供の番号)
    #[arg(value_name = "RELEASE")]
    release: String,
}

/// A message of one's own, towards a recipient.
#[derive(Args, Debug)]
pub(super) struct WhatIf {
    /// Control id of the message, or the id of its receipt (電文の番号)
    #[arg(value_name = "MESSAGE")]
    message: String,
    /// The recipient (提供先の機関ID)
    #[arg(long, value_name = "AGENCY")]
    to: String,
    /// Its purpose (目的)
    #[arg(long, value_name = "P")]
    purpose: String,
}

/// Asks and prints.
pub(super) async fn run(arguments: &Arguments, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let mut consents = calling.client.consents();
    let staff_id = calling.staff.clone();
    match arguments {
        Arguments::Release(Release { release }) => {
            let request = grpc::ExplainRequest { staff_id, release_id: release.clone() };
            let answer = consents.explain(request).await?.into_inner();
            calling.print(&answer)?;
        }
        Arguments::WhatIf(WhatIf { message, to, purpose }) => {
            let (message, recipient, purpose) = (message.clone(), to.clone(), purpose.clone());
            let request = grpc::WhatIfRequest { staff_id, message, recipient, purpose };
            let answer = consents.what_if(request).await?.into_inner();
            calling.print_all(&answer.parts)?;
        }
    }
    Ok(Exit::Success)
}

fn decision(decision: &grpc::ExplainedDecision) -> Value {
    json!({
        "entryId": decision.entry_id, "category": decision.category, "outcome": decision.outcome,
        "rule": decision.rule, "basis": decision.basis, "evidence": decision.evidence,
    })
}

impl Shown for grpc::ExplainAnswer {
    fn json(&self) -> Value {
        json!({
            "recipient": self.recipient, "purpose": self.purpose, "decidedAt": self.decided_at,
            "policyHash": self.policy_hash, "reproduced": self.reproduced,
            "factsHash": self.facts_hash, "sameFacts": self.same_facts,
            "decisions": self.decisions.iter().map(decision).collect::<Vec<_>>(),
        })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![fields(&[&self.recipient, &self.purpose, &self.decided_at, &self.reproduced])];
        lines.extend(self.lines.iter().map(|line| plain(line)));
        lines
    }
}

impl Shown for grpc::WhatIfPart {
    fn json(&self) -> Value {
        json!({ "now": self.now.as_ref().map(decision), "changedBy": self.changed_by })
    }

    fn lines(&self) -> Vec<String> {
        let Some(now) = &self.now else { return Vec::new() };
        let changed_by = self.changed_by.join(" ");
        vec![fields(&[&now.category, &now.outcome, &now.rule, &changed_by, &now.entry_id])]
    }
}

//! `Consents`: what the persons said, and what protects them.

use super::{Services, agency_id, categories, moment, named, purpose, server, status, wrong};
use crate::hub::consents::{Before, ConsentTerms, Recorded};
use crate::hub::explain::{Explained, Explanation, in_words};
use musubi_core::agency::{AgencyKind, Purpose};
use musubi_core::consent::Custody;
use musubi_core::consent::records::{Channel, ConsentKind, Grantee, Proof, Relationship, Scope, Status as State};
use musubi_core::id::{FactId, ReleaseId};
use server::{
    ExplainAnswer, ExplainRequest, ExplainedDecision, FactReceipt, LegalHoldRequest, ObjectRequest,
    RecordConsentRequest, RecordCustodyRequest, SealRequest, ShieldRequest, WhatIfAnswer, WhatIfPart, WhatIfRequest,
    WithdrawConsentAnswer, WithdrawConsentRequest, WithdrawFormAnswer, WithdrawFormRequest,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl server::consents_server::Consents for Services {
    async fn record(&self, request: Request<RecordConsentRequest>) -> Result<Response<FactReceipt>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let end = moment(&asked.valid_until, "valid_until", true)?;
        let now = self.hub.now();
        let terms = ConsentTerms {
            kind: ConsentKind::Permit,
            subject: named(asked.subject.as_ref())?,
            grantor: asked.grantor.as_ref().map(|grantor| named(Some(grantor))).transpose()?,
            relationship: relationship(&asked.relationship)?,
            authority: asked.authority,
            grantee: grantee(&asked.grantee_agency, &asked.grantee_kind, &asked.grantee_service)?,
            categories: scope(&asked.categories)?,
            purposes: purposes(&asked.purposes)?,
            valid_from: moment(&asked.valid_from, "valid_from", false)?.unwrap_or(now),
            valid_until: end,
            evidence: Proof {
                form: asked.form_id,
                form_version: asked.form_version,
                language: asked.language,
                scan_sha256: (!asked.scan_sha256.is_empty()).then_some(asked.scan_sha256),
                witness: (!asked.witness.is_empty()).then_some(asked.witness),
                channel: Channel::Paper,
            },
            explanation_given: asked.explanation_given,
            lifts: None,
        };
        let recorded = self.hub.record_consent(&caller, terms).await.map_err(|r| status(&r))?;
        Ok(Response::new(fact_receipt(&recorded)))
    }

    async fn withdraw(
        &self,
        request: Request<WithdrawConsentRequest>,
    ) -> Result<Response<WithdrawConsentAnswer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let subject = named(asked.subject.as_ref())?;
        let done =
            self.hub.withdraw(&caller, &subject, relationship(&asked.relationship)?).await.map_err(|r| status(&r))?;
        let receipt = Some(fact_receipt(&done.recorded));
        Ok(Response::new(WithdrawConsentAnswer { receipt, released_before: said(&done.released_before) }))
    }

    async fn object(&self, request: Request<ObjectRequest>) -> Result<Response<FactReceipt>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let nobody_named = asked.grantee_agency.is_empty() && asked.grantee_kind.is_empty();
        let wrong_number = || wrong("lifts", "解く異議の番号の形式が正しくありません。", "`lifts` is not a UUID.");
        let lifts = Some(asked.lifts.as_str()).filter(|id| !id.is_empty());
        let lifts = lifts.map(|id| FactId::parse(id).ok_or_else(wrong_number)).transpose()?;
        let terms = ConsentTerms {
            kind: if asked.lifts.is_empty() { ConsentKind::Objection } else { ConsentKind::ObjectionLifted },
            subject: named(asked.subject.as_ref())?,
            grantor: asked.grantor.as_ref().map(|grantor| named(Some(grantor))).transpose()?,
            relationship: relationship(&asked.relationship)?,
            authority: String::new(),
            grantee: if nobody_named {
                Grantee::Everyone
            } else {
                grantee(&asked.grantee_agency, &asked.grantee_kind, "")?
            },
            categories: if asked.categories.is_empty() { Scope::All } else { scope(&asked.categories)? },
            purposes: if asked.purposes.is_empty() { every_purpose() } else { purposes(&asked.purposes)? },
            valid_from: self.hub.now(),
            valid_until: None,
            evidence: Proof::spoken(),
            explanation_given: String::new(),
            lifts,
        };
        let recorded = self.hub.record_consent(&caller, terms).await.map_err(|r| status(&r))?;
        Ok(Response::new(fact_receipt(&recorded)))
    }

    async fn shield(&self, request: Request<ShieldRequest>) -> Result<Response<FactReceipt>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let subject = named(asked.subject.as_ref())?;
        let from = moment(&asked.from, "from", false)?.unwrap_or(self.hub.now());
        let until = moment(&asked.until, "until", true)?
            .ok_or_else(|| wrong("until", "期限を指定してください(1年以内)。", "A shield has an end."))?;
        let allowed: Result<Vec<_>, _> =
            asked.allowed_agencies.iter().map(|id| agency_id(id, "allowed_agencies")).collect();
        let linked: Result<Vec<_>, _> =
            asked.linked_agencies.iter().map(|id| agency_id(id, "linked_agencies")).collect();
        let done =
            self.hub.shield(&caller, &subject, (from, until), allowed?, linked?).await.map_err(|r| status(&r))?;
        Ok(Response::new(fact_receipt(&done)))
    }

    async fn seal(&self, request: Request<SealRequest>) -> Result<Response<FactReceipt>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let subject = named(asked.subject.as_ref())?;
        let allowed: Result<Vec<_>, _> =
            asked.allowed_agencies.iter().map(|id| agency_id(id, "allowed_agencies")).collect();
        let done = self.hub.seal_record(&caller, &subject, allowed?).await.map_err(|r| status(&r))?;
        Ok(Response::new(fact_receipt(&done)))
    }

    async fn legal_hold(&self, request: Request<LegalHoldRequest>) -> Result<Response<FactReceipt>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let subject = named(asked.subject.as_ref())?;
        let done = self.hub.legal_hold(&caller, &subject, &asked.reason, asked.lift).await.map_err(|r| status(&r))?;
        Ok(Response::new(fact_receipt(&done)))
    }

    async fn record_custody(&self, request: Request<RecordCustodyRequest>) -> Result<Response<FactReceipt>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let subject = named(asked.subject.as_ref())?;
        let conflicts: Result<Vec<_>, _> = asked.conflicts.iter().map(|person| named(Some(person))).collect();
        let custody = match asked.custody.as_str() {
            "" | "ordinary" => Custody::Ordinary,
            "joint" => Custody::Joint,
            "protective" => Custody::Protective,
            _ => {
                return Err(wrong(
                    "custody",
                    "親権の状況は ordinary, joint, protective のいずれかです。",
                    "Custody is ordinary, joint or protective.",
                ));
            }
        };
        let done = self.hub.record_standing(&caller, &subject, custody, &conflicts?).await.map_err(|r| status(&r))?;
        Ok(Response::new(fact_receipt(&done)))
    }

    async fn withdraw_form(
        &self,
        request: Request<WithdrawFormRequest>,
    ) -> Result<Response<WithdrawFormAnswer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        if asked.form_id.is_empty() || asked.form_version.is_empty() {
            return Err(wrong("form", "様式の番号と版を指定してください。", "Name the form and its version."));
        }
        let done =
            self.hub.withdraw_form(&caller, &asked.form_id, &asked.form_version).await.map_err(|r| status(&r))?;
        Ok(Response::new(WithdrawFormAnswer { permits: done.permits, released: said(&done.released) }))
    }

    async fn explain(&self, request: Request<ExplainRequest>) -> Result<Response<ExplainAnswer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let release = ReleaseId::parse(&request.get_ref().release_id)
            .ok_or_else(|| wrong("release_id", "番号の形式が正しくありません。", "release_id is not a UUID."))?;
        let explained = self.hub.explain(&caller, release).await.map_err(|r| status(&r))?;
        Ok(Response::new(explanation(&explained)))
    }

    async fn what_if(&self, request: Request<WhatIfRequest>) -> Result<Response<WhatIfAnswer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let (recipient, purpose) = (agency_id(&asked.recipient, "recipient")?, purpose(&asked.purpose)?);
        let parts = self.hub.what_if(&caller, &asked.message, &recipient, purpose).await.map_err(|r| status(&r))?;
        let parts = parts.iter().map(|part| WhatIfPart {
            now: Some(decision(&part.now)),
            changed_by: part.changed_by.iter().map(|word| (*word).to_owned()).collect(),
        });
        Ok(Response::new(WhatIfAnswer { parts: parts.collect() }))
    }
}

fn explanation(explained: &Explanation) -> ExplainAnswer {
    ExplainAnswer {
        lines: explained.decisions.iter().map(line).collect(),
        recipient: explained.recipient.to_string(),
        purpose: explained.purpose.to_string(),
        decided_at: explained.at.rfc3339(),
        policy_hash: explained.policy_hash.clone(),
        reproduced: match explained.reproduced {
            Some(true) => "yes",
            Some(false) => "no",
            None => "policy_changed",
        }
        .to_owned(),
        decisions: explained.decisions.iter().map(decision).collect(),
        facts_hash: explained.facts_hash.clone(),
        same_facts: match explained.same_facts {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        }
        .to_owned(),
    }
}

fn decision(explained: &Explained) -> ExplainedDecision {
    ExplainedDecision {
        entry_id: explained.entry.to_string(),
        category: explained.category.to_string(),
        outcome: explained.outcome.to_string(),
        rule: explained.rule.clone(),
        basis: explained.basis.clone(),
        evidence: explained.evidence.iter().map(ToString::to_string).collect(),
    }
}

fn line(explained: &Explained) -> String {
    let Explained { category, outcome, rule, .. } = explained;
    let head = format!("{category} {}: {outcome} {rule}", category.japanese());
    in_words(rule).map_or_else(|| head.clone(), |(ja, en)| format!("{head} {ja} / {en}"))
}

pub(super) fn fact_receipt(recorded: &Recorded) -> FactReceipt {
    let status = match recorded.status {
        State::Draft => "draft",
        State::Active => "active",
        State::Unverified => "unverified",
        State::Ended => "ended",
        State::EnteredInError => "entered_in_error",
    };
    FactReceipt {
        fact_id: recorded.fact.to_string(),
        status: status.to_owned(),
        origin: recorded.receipt.origin.clone(),
        index: recorded.receipt.index,
        leaf: recorded.receipt.leaf.0.to_vec(),
    }
}

/// A line for each release.
fn said(released: &[Before]) -> Vec<String> {
    released.iter().map(ToString::to_string).collect()
}

/// Every purpose under which anything is released; subject access and statistics are operations.
fn every_purpose() -> Vec<Purpose> {
    Purpose::ALL.iter().copied().filter(|p| !matches!(p, Purpose::P10 | Purpose::P12)).collect()
}

pub(super) fn relationship(word: &str) -> Result<Relationship, Status> {
    match word {
        "" | "self" => Ok(Relationship::Subject),
        "parental_authority" => Ok(Relationship::ParentalAuthority),
        "guardian" => Ok(Relationship::Guardian),
        "institution_head" => Ok(Relationship::InstitutionHead),
        "court" => Ok(Relationship::Court),
        "other" => Ok(Relationship::Other),
        _ => Err(wrong(
            "relationship",
            "続柄は self, parental_authority, guardian, institution_head, court のいずれかです。",
            "A relationship is self, parental_authority, guardian, institution_head, court or other.",
        )),
    }
}

fn grantee(agency: &str, kind: &str, service: &str) -> Result<Grantee, Status> {
    match (agency, kind, service) {
        ("", "", "") => {
            Err(wrong("grantee", "提供先を1つ指定してください。", "Name one grantee: an agency, a kind, or a service."))
        }
        ("", "", service) => Ok(Grantee::Provider { service: service.to_owned() }),
        ("", kind, "") => {
            let kind: AgencyKind = kind
                .parse()
                .map_err(|_| wrong("grantee_kind", "機関の種別が正しくありません。", "Not a kind of agency."))?;
            Ok(Grantee::Kind(kind))
        }
        (agency, "", "") => Ok(Grantee::Agency(agency_id(agency, "grantee_agency")?)),
        _ => Err(wrong("grantee", "提供先は1つだけ指定してください。", "Name one grantee, not several.")),
    }
}

fn scope(words: &[String]) -> Result<Scope, Status> {
    match words {
        [word] if word == "ordinary" => Ok(Scope::All),
        [] => Err(wrong("categories", "区分を指定してください。", "Name the categories.")),
        words => Ok(Scope::Named(categories(words)?)),
    }
}

fn purposes(words: &[String]) -> Result<Vec<Purpose>, Status> {
    if words.is_empty() {
        return Err(wrong("purposes", "目的を指定してください。", "Name the purposes."));
    }
    words.iter().map(|word| purpose(word)).collect()
}

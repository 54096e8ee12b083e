//! `Grounds`: asked for, asserted, approved in parts.

use super::{Services, agency_id, categories, consents::fact_receipt, moment, named, server, status, wrong};
use crate::edge::quota::Lane;
use crate::hub::emergency::{EmergencyRecord, EmergencyTerms};
use crate::hub::grounds::{GroundParts, GroundTerms};
use musubi_core::agency::CategorySet;
use musubi_core::consent::GroundCode;
use musubi_core::id::FactId;
use musubi_core::notification::OFFERED_UNDER;
use server::{
    ApproveGroundRequest, AssertGroundRequest, BreakGlassAccess, BreakGlassOffer, BreakGlassRecord, BreakGlassRequest,
    BreakGlassShown, ConfirmBreakGlassRequest, EndGroundRequest, FactReceipt, GroundAnswer, GroundPart, GroundRequest,
    LeaveCaseRequest, RefuseGroundRequest, ShowBreakGlassRequest, ShownCategory,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl server::grounds_server::Grounds for Services {
    async fn request(&self, request: Request<GroundRequest>) -> Result<Response<GroundAnswer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let persons: Result<Vec<_>, _> = asked.persons.iter().map(|person| named(Some(person))).collect();
        let members: Result<Vec<_>, _> = asked.members.iter().map(|id| agency_id(id, "members")).collect();
        let mut evidence = std::collections::BTreeMap::new();
        let persons_covered = asked.persons.len().to_string();
        let period = format!("{} - {}", asked.from, asked.until);
        let listed = asked.members.join(" ");
        for (key, value) in [
            ("request_number", &asked.number),
            ("case", &asked.number),
            ("requesting_head", &asked.requesting_head),
            ("necessity", &asked.necessity),
            ("meeting", &asked.meeting),
            ("members", &listed),
            ("persons_covered", &persons_covered),
            ("period", &period),
        ] {
            if !value.is_empty() {
                evidence.insert(key.to_owned(), value.clone());
            }
        }
        let terms = GroundTerms {
            number: asked.number,
            persons: persons?,
            categories: categories(&asked.categories)?,
            necessity: asked.necessity,
            evidence,
            from: moment(&asked.from, "from", false)?,
            until: moment(&asked.until, "until", true)?,
            members: members?,
            message: None,
        };
        let code = code(&asked.code)?;
        let parts = self.hub.request_ground(&caller, code, terms).await.map_err(|r| status(&r))?;
        Ok(Response::new(answer(&parts)))
    }

    async fn assert(&self, request: Request<AssertGroundRequest>) -> Result<Response<FactReceipt>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        self.quotas.admit(caller.id(), lane(&request.get_ref().code))?;
        let asked = request.into_inner();
        let persons: Result<Vec<_>, _> = asked.persons.iter().map(|person| named(Some(person))).collect();
        let message = match asked.message.as_str() {
            "" => None,
            name => Some(self.hub.message_meant(&caller, name).await.map_err(|r| status(&r))?.ok_or_else(|| {
                wrong(
                    "message",
                    "送信した電文の管理番号(MSH-10)か、受領時に返された番号を指定してください。",
                    "Name your message by its control id (MSH-10), or by the id that you were given.",
                )
            })?),
        };
        let recipient = match asked.recipient.as_str() {
            "" => None,
            id => Some(agency_id(id, "recipient")?),
        };
        let evidence: std::collections::BTreeMap<String, String> =
            asked.evidence.into_iter().map(|evidence| (evidence.key, evidence.value)).collect();
        let terms = GroundTerms {
            number: String::new(),
            persons: persons?,
            categories: categories(&asked.categories)?,
            necessity: evidence.values().cloned().collect::<Vec<_>>().join(" / "),
            evidence,
            from: None,
            until: moment(&asked.until, "until", true)?,
            members: Vec::new(),
            message,
        };
        let code = code(&asked.code)?;
        let recorded = self.hub.assert_ground(&caller, code, recipient, terms).await.map_err(|r| status(&r))?;
        Ok(Response::new(fact_receipt(&recorded)))
    }

    async fn approve(&self, request: Request<ApproveGroundRequest>) -> Result<Response<GroundAnswer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let categories = categories(&asked.categories)?;
        let parts = self
            .hub
            .approve_ground(
                &caller,
                fact(&asked.fact_id)?,
                categories,
                asked.with_objection_in_view,
                asked.proviso_harm,
            )
            .await
            .map_err(|r| status(&r))?;
        Ok(Response::new(answer(&parts)))
    }

    async fn refuse(&self, request: Request<RefuseGroundRequest>) -> Result<Response<GroundAnswer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let categories = categories(&asked.categories)?;
        let parts = self.hub.refuse_ground(&caller, fact(&asked.fact_id)?, categories).await.map_err(|r| status(&r))?;
        Ok(Response::new(answer(&parts)))
    }

    async fn end(&self, request: Request<EndGroundRequest>) -> Result<Response<FactReceipt>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let parts = self.hub.end_ground(&caller, fact(&request.get_ref().fact_id)?).await.map_err(|r| status(&r))?;
        let receipt =
            FactReceipt { fact_id: parts.fact.to_string(), status: "ended".to_owned(), ..FactReceipt::default() };
        Ok(Response::new(receipt))
    }

    async fn leave_case(&self, request: Request<LeaveCaseRequest>) -> Result<Response<FactReceipt>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let at = moment(&asked.last_day, "last_day", true)?;
        let left = self.hub.leave_case(&caller, &asked.number, at).await.map_err(|r| status(&r))?;
        let fact_id = left.last().map(ToString::to_string).unwrap_or_default();
        Ok(Response::new(FactReceipt { fact_id, status: "ended".to_owned(), ..FactReceipt::default() }))
    }

    async fn break_glass(&self, request: Request<BreakGlassRequest>) -> Result<Response<BreakGlassOffer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let terms = EmergencyTerms {
            subject: named(asked.subject.as_ref())?,
            reason_code: asked.reason_code,
            reason: asked.reason,
            threatened: asked.threatened_person,
            no_consent: asked.why_consent_impossible,
        };
        let offer = self.hub.ask_emergency(&caller, &terms).await.map_err(|r| status(&r))?;
        let shown = offer
            .categories
            .iter()
            .map(|category| ShownCategory { category: category.to_string(), label_ja: category.japanese().to_owned() });
        Ok(Response::new(BreakGlassOffer {
            fact_id: offer.fact.to_string(),
            categories: shown.collect(),
            confirm_by: offer.confirm_by.rfc3339(),
        }))
    }

    async fn confirm_break_glass(
        &self,
        request: Request<ConfirmBreakGlassRequest>,
    ) -> Result<Response<BreakGlassAccess>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let (fact, shown) = (fact(&asked.fact_id)?, categories(&asked.categories)?);
        let access = self.hub.confirm_emergency(&caller, fact, shown).await.map_err(|r| status(&r))?;
        Ok(Response::new(BreakGlassAccess {
            receipt: Some(fact_receipt(&access.recorded)),
            until: access.until.rfc3339(),
            review_by: access.review_by.rfc3339(),
        }))
    }

    async fn show_break_glass(
        &self,
        request: Request<ShowBreakGlassRequest>,
    ) -> Result<Response<BreakGlassRecord>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let fact = fact(&request.get_ref().fact_id)?;
        let record = self.hub.emergency_record(&caller, fact).await.map_err(|r| status(&r))?;
        Ok(Response::new(emergency(record)))
    }
}

fn emergency(EmergencyRecord { glass, shown }: EmergencyRecord) -> BreakGlassRecord {
    let stated = |key: &str| glass.evidence.get(key).cloned().unwrap_or_default();
    let words = |categories: &CategorySet| categories.iter().map(|category| category.to_string()).collect();
    BreakGlassRecord {
        threatened_person: stated("threatened_person"),
        why_consent_impossible: stated("why_consent_impossible"),
        confirmed_at: glass.confirmed_at.map(|at| at.rfc3339()).unwrap_or_default(),
        until: glass.ends().map(|at| at.rfc3339()).unwrap_or_default(),
        agency: glass.agency.to_string(),
        staff_id: glass.staff_id,
        reason_code: glass.reason_code,
        reason: glass.reason,
        shown: shown.iter().map(|(at, shown)| BreakGlassShown { at: at.rfc3339(), categories: words(shown) }).collect(),
    }
}

/// What is offered to an authority stands behind nothing else (S-80).
fn lane(code: &str) -> Lane {
    let offered = code.parse().is_ok_and(|code| OFFERED_UNDER.contains(&code));
    if offered { Lane::Notification } else { Lane::General }
}

fn code(word: &str) -> Result<GroundCode, Status> {
    word.parse().map_err(|_| wrong("code", "根拠は L01 から L14 で指定してください。", "A ground is L01 to L14."))
}

fn fact(text: &str) -> Result<FactId, Status> {
    FactId::parse(text).ok_or_else(|| wrong("fact_id", "番号の形式が正しくありません。", "fact_id is not a UUID."))
}

fn answer(parts: &GroundParts) -> GroundAnswer {
    GroundAnswer {
        fact_id: parts.fact.to_string(),
        number: parts.number.clone(),
        parts: parts
            .parts
            .iter()
            .map(|(holder, category, state)| GroundPart {
                holder: holder.as_ref().map(ToString::to_string).unwrap_or_default(),
                category: category.to_string(),
                state: (*state).to_owned(),
            })
            .collect(),
        answer_by: parts.answer_by.rfc3339(),
    }
}

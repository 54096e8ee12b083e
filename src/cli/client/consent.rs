//! `musubi client consent`: what a person permits, objects to, takes back, and what protects it.

use super::person::{self, PersonArgument};
use super::show::{Shown, plain};
use super::{Calling, Exit, Stopped};
use crate::edge::grpc::client as grpc;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// What to record.
#[derive(Debug, Subcommand)]
pub(super) enum Arguments {
    /// Record a signed permit (署名された同意を記録する)
    Permit(Box<Permit>),
    /// End every permit of a person; the defaults of the law remain (同意をすべて撤回する)
    Withdraw(Withdrawal),
    /// Record an objection, or that one is lifted (異議を記録する、または解く)
    Object(Objection),
    /// Hide whereabouts from all but the named (支援措置: 居所を秘匿する)
    Shield(Shield),
    /// Close a record to all but the named (記録を封鎖する)
    Seal(Seal),
    /// Order that nothing of a record be destroyed, or lift that: the center's privacy or legal officer (保全を命じる、または解く)
    Preserve(Preserve),
}

/// Whose data.
#[derive(Args, Debug)]
pub(super) struct Whose {
    /// Whose data (対象者)
    #[arg(long, value_name = "PERSON")]
    person: PersonArgument,
}

/// To whom; one of the three.
#[derive(Args, Debug)]
#[group(multiple = false)]
struct Grantee {
    /// One agency (提供先の機関ID)
    #[arg(long, value_name = "AGENCY")]
    to: Option<String>,
    /// A kind of agency: OSC, MED, PHO, CGC, PRV, MUN (提供先の種別)
    #[arg(long, value_name = "KIND")]
    to_kind: Option<String>,
    /// Whoever provides this service (提供先の事業)
    #[arg(long, value_name = "SERVICE")]
    to_service: Option<String>,
}

/// Who gives or objects, where that is not the subject.
#[derive(Args, Debug)]
struct Grantor {
    /// self, parental_authority, guardian, institution_head, court or other (同意・申出をする人の立場)
    #[arg(long, value_name = "WORD", default_value = "self")]
    relationship: String,
    /// That person, where it is not the one whose data it is (本人以外の同意・申出者)
    #[arg(long, value_name = "PERSON")]
    grantor: Option<PersonArgument>,
}

/// A withdrawal.
#[derive(Args, Debug)]
pub(super) struct Withdrawal {
    #[command(flatten)]
    whose: Whose,
    /// self, parental_authority, guardian, institution_head, court or other (撤回する人の立場)
    #[arg(long, value_name = "WORD", default_value = "self")]
    relationship: String,
}

/// A permit.
#[derive(Args, Debug)]
pub(super) struct Permit {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    grantee: Grantee,
    /// Category C01 to C20, several times, or the word `ordinary` (データ区分)
    #[arg(long = "category", required = true, value_name = "C")]
    categories: Vec<String>,
    /// Purpose P1 to P12, several times (目的)
    #[arg(long = "purpose", required = true, value_name = "P")]
    purposes: Vec<String>,
    /// From: RFC 3339 or YYYY-MM-DD; none: now (開始)
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until: RFC 3339, or YYYY-MM-DD to the end of that day (終了)
    #[arg(long, value_name = "TIME")]
    until: String,
    #[command(flatten)]
    grantor: Grantor,
    /// Evidence of the signer's authority (権限を示す資料)
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    authority: String,
    /// Id of the form (様式の番号)
    #[arg(long, value_name = "ID")]
    form: String,
    /// Version of the form (様式の版)
    #[arg(long, value_name = "VERSION")]
    form_version: String,
    /// Language of the form (様式の言語)
    #[arg(long, value_name = "LANGUAGE", default_value = "ja")]
    language: String,
    /// SHA-256 of the scan, in hexadecimal (スキャンのSHA-256)
    #[arg(long, value_name = "HEX", default_value = "", hide_default_value = true)]
    scan_sha256: String,
    /// Staff id of the witness (立会職員のID)
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    witness: String,
    /// What was explained (説明した内容)
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    explanation: String,
}

/// An objection.
#[derive(Args, Debug)]
pub(super) struct Objection {
    #[command(flatten)]
    whose: Whose,
    /// Against one agency; without it and --to-kind, against all (提供を拒む機関ID)
    #[arg(long, value_name = "AGENCY", conflicts_with = "to_kind")]
    to: Option<String>,
    /// Against a kind of agency (提供を拒む種別)
    #[arg(long, value_name = "KIND")]
    to_kind: Option<String>,
    /// Category, several times; none: all (データ区分)
    #[arg(long = "category", value_name = "C")]
    categories: Vec<String>,
    /// Purpose, several times; none: all (目的)
    #[arg(long = "purpose", value_name = "P")]
    purposes: Vec<String>,
    #[command(flatten)]
    grantor: Grantor,
    /// The objection that this lifts (解く異議の番号)
    #[arg(long, value_name = "FACT", default_value = "", hide_default_value = true)]
    lifts: String,
}

/// A shield.
#[derive(Args, Debug)]
pub(super) struct Shield {
    #[command(flatten)]
    whose: Whose,
    /// First day, YYYY-MM-DD; none: now (開始日)
    #[arg(long, value_name = "DAY", default_value = "", hide_default_value = true)]
    from: String,
    /// Last day, YYYY-MM-DD (終了日)
    #[arg(long, value_name = "DAY")]
    until: String,
    /// Agency that may still see, several times (閲覧できる機関)
    #[arg(long = "allow", value_name = "AGENCY")]
    allowed: Vec<String>,
    /// Agency linked to the perpetrator, several times (加害者とつながりのある機関)
    #[arg(long = "linked", value_name = "AGENCY")]
    linked: Vec<String>,
}

/// A seal.
#[derive(Args, Debug)]
pub(super) struct Seal {
    #[command(flatten)]
    whose: Whose,
    /// Why (理由)
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Agency that may still see, several times (閲覧できる機関)
    #[arg(long = "allow", value_name = "AGENCY")]
    allowed: Vec<String>,
}

/// An order that a record be preserved.
#[derive(Args, Debug)]
pub(super) struct Preserve {
    #[command(flatten)]
    whose: Whose,
    /// Why, in 10 characters or more (理由)
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Lift every order on file about the person (保全命令を解く)
    #[arg(long)]
    lift: bool,
}

/// Records it and prints the receipt.
pub(super) async fn run(arguments: &Arguments, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let whose = match arguments {
        Arguments::Permit(permit) => &permit.whose,
        Arguments::Withdraw(withdrawal) => &withdrawal.whose,
        Arguments::Object(objection) => &objection.whose,
        Arguments::Shield(shield) => &shield.whose,
        Arguments::Seal(seal) => &seal.whose,
        Arguments::Preserve(preserve) => &preserve.whose,
    };
    let subject = person::one(&whose.person, calling.terminal)?;
    let grantor = match arguments {
        Arguments::Permit(permit) => permit.grantor.read(&mut calling)?,
        Arguments::Object(objection) => objection.grantor.read(&mut calling)?,
        _ => None,
    };
    let staff = calling.staff.clone();
    let mut consents = calling.client.consents();
    let receipt = match arguments {
        Arguments::Permit(permit) => consents.record(permit.request(staff, subject, grantor)).await?,
        Arguments::Object(objection) => consents.object(objection.request(staff, subject, grantor)).await?,
        Arguments::Shield(shield) => consents.shield(shield.request(staff, subject)).await?,
        Arguments::Seal(seal) => consents.seal(seal.request(staff, subject)).await?,
        Arguments::Preserve(Preserve { reason, lift, .. }) => {
            let (subject, reason) = (Some(subject), reason.clone());
            consents.legal_hold(grpc::LegalHoldRequest { staff_id: staff, subject, reason, lift: *lift }).await?
        }
        Arguments::Withdraw(Withdrawal { relationship, .. }) => {
            let (subject, relationship) = (Some(subject), relationship.clone());
            let request = grpc::WithdrawConsentRequest { staff_id: staff, subject, relationship };
            let answer = consents.withdraw(request).await?.into_inner();
            calling.print(&answer)?;
            return Ok(Exit::Success);
        }
    };
    calling.print(&receipt.into_inner())?;
    Ok(Exit::Success)
}

impl Grantor {
    fn read(&self, calling: &mut Calling<'_, '_>) -> Result<Option<grpc::PersonRef>, Stopped> {
        Ok(self.grantor.as_ref().map(|named| person::one(named, calling.terminal)).transpose()?)
    }
}

impl Permit {
    fn request(
        &self,
        staff_id: String,
        subject: grpc::PersonRef,
        grantor: Option<grpc::PersonRef>,
    ) -> grpc::RecordConsentRequest {
        let word = |given: &Option<String>| given.clone().unwrap_or_default();
        grpc::RecordConsentRequest {
            staff_id,
            subject: Some(subject),
            relationship: self.grantor.relationship.clone(),
            authority: self.authority.clone(),
            grantee_agency: word(&self.grantee.to),
            grantee_kind: word(&self.grantee.to_kind),
            grantee_service: word(&self.grantee.to_service),
            categories: self.categories.clone(),
            purposes: self.purposes.clone(),
            valid_from: word(&self.from),
            valid_until: self.until.clone(),
            form_id: self.form.clone(),
            form_version: self.form_version.clone(),
            language: self.language.clone(),
            scan_sha256: self.scan_sha256.clone(),
            witness: self.witness.clone(),
            explanation_given: self.explanation.clone(),
            grantor,
        }
    }
}

impl Objection {
    fn request(
        &self,
        staff_id: String,
        subject: grpc::PersonRef,
        grantor: Option<grpc::PersonRef>,
    ) -> grpc::ObjectRequest {
        grpc::ObjectRequest {
            staff_id,
            subject: Some(subject),
            relationship: self.grantor.relationship.clone(),
            grantee_agency: self.to.clone().unwrap_or_default(),
            grantee_kind: self.to_kind.clone().unwrap_or_default(),
            categories: self.categories.clone(),
            purposes: self.purposes.clone(),
            lifts: self.lifts.clone(),
            grantor,
        }
    }
}

impl Shield {
    fn request(&self, staff_id: String, subject: grpc::PersonRef) -> grpc::ShieldRequest {
        grpc::ShieldRequest {
            staff_id,
            subject: Some(subject),
            from: self.from.clone(),
            until: self.until.clone(),
            allowed_agencies: self.allowed.clone(),
            linked_agencies: self.linked.clone(),
        }
    }
}

impl Seal {
    fn request(&self, staff_id: String, subject: grpc::PersonRef) -> grpc::SealRequest {
        let (reason, allowed_agencies) = (self.reason.clone(), self.allowed.clone());
        grpc::SealRequest { staff_id, subject: Some(subject), reason, allowed_agencies }
    }
}

impl Shown for grpc::WithdrawConsentAnswer {
    fn json(&self) -> Value {
        let receipt = self.receipt.as_ref().map(Shown::json);
        json!({ "receipt": receipt, "releasedBefore": self.released_before })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = self.receipt.as_ref().map(Shown::lines).unwrap_or_default();
        lines.extend(self.released_before.iter().map(|row| format!("released before\t{}", plain(row))));
        lines
    }
}

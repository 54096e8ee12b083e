//! The person's side of an enrolment: both halves of the one-time code, then a password and the second factor.

use super::account_key;
use super::kept::Kept;
use super::tries::{Source, Trier};
use crate::hub::ledger::act;
use crate::hub::{Hub, Refusal, RefusalKind};
use crate::store::Change;
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::{Actor, AgencyId};
use musubi_core::sign_in::{Account, Password, Secret};

/// What somebody enrols with.
#[derive(Clone, Copy)]
pub struct OneTime<'a> {
    /// The agency of the certificate.
    pub agency: &'a AgencyId,
    /// As it was typed.
    pub staff_id: &'a str,
    /// Both halves, as they were typed.
    pub halves: [&'a str; 2],
    /// From where.
    pub from: &'a Source,
}

impl OneTime<'_> {
    fn trier(&self) -> Trier<'_> {
        Trier { agency: self.agency, staff_id: self.staff_id, from: Some(self.from) }
    }
}

fn wrong_code() -> Refusal {
    Refusal::forbidden(
        "M834",
        "one-time code",
        "登録用コードで入れませんでした。2人から受け取った半分ずつと職員IDを確かめてください。期限は24時間です。",
        "Not enrolled with this code. Check the halves that two people gave you, and your staff id; they are good for 24 hours.",
    )
}

impl Hub {
    /// The secret for the person's authenticator. The code is not used up by looking.
    ///
    /// # Errors
    /// `M834` when the code is not right, or nobody may try now.
    pub async fn invitation(&self, one_time: &OneTime<'_>) -> Result<Secret, Refusal> {
        Ok(self.invited(one_time).await?.1)
    }

    /// The account that waits for this person, and its secret.
    async fn invited(&self, one_time: &OneTime<'_>) -> Result<(Kept<Account>, Secret), Refusal> {
        let trier = one_time.trier();
        self.count_try(trier).await?;
        let kept: Kept<Account> = self.kept(account_key(self, one_time.agency, one_time.staff_id)).await?;
        let invited = kept.value.as_ref().and_then(|account| account.invitation(one_time.halves, self.now()));
        let Some(secret) = invited.cloned() else {
            self.note_failure(trier, "enrol refused").await?;
            return Err(wrong_code());
        };
        let mut change = Change::default();
        self.take_back_try(trier, &mut change).await?;
        self.store.commit("right code", change).await?;
        Ok((kept, secret))
    }

    /// Enrols: from now on the person signs in with this password and what the authenticator shows.
    ///
    /// # Errors
    /// `M834` as [`Hub::invitation`], `M835` when the password is easily guessed, `M836` when the authenticator shows another code;
    /// and when the store fails.
    pub async fn enrol_person(&self, one_time: &OneTime<'_>, password: &str, code: &str) -> Result<(), Refusal> {
        let (kept, secret) = self.invited(one_time).await?;
        let (Some(account), Some(agency)) = (&kept.value, self.register.agency(one_time.agency)) else {
            return Err(wrong_code());
        };
        let names = [&*account.terms.staff_id, &*account.terms.name, agency.id.as_str(), &*agency.name];
        let password = Password::chosen(password, names).map_err(|weak| {
            let text = weak.text();
            Refusal::new(RefusalKind::Invalid, Diagnostic::error("M835", "password", text.ja, text.en))
        })?;
        if secret.accepts(code, self.now(), None).is_none() {
            return Err(wrong_second_factor());
        }
        let hash = self.hash_password(password).await?;
        let now = self.now();
        let enrolled = account.enrolled(one_time.halves, code, hash, now).ok_or_else(wrong_second_factor)?;
        let actor = Actor { staff_id: account.terms.staff_id.clone(), role: account.terms.role };
        let leaves = vec![self.hub_leaf(now, &act(now, "enrol", one_time.agency, &actor))];
        let mut change = Change { leaves, ..Change::default() };
        self.keep(&mut change, (one_time.agency, &kept), &enrolled, None)?;
        self.store.commit("enrol", change).await?;
        Ok(())
    }
}

fn wrong_second_factor() -> Refusal {
    Refusal::invalid(
        "M836",
        "code",
        "認証アプリの確認コードが違います。端末の時刻を自動設定にして、いま表示されている6桁を入れてください。",
        "The authenticator shows another code. Set its clock automatically, and type the six digits that it shows now.",
    )
}

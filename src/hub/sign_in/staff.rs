//! The staff's side of an enrolment: one who keeps the staff proposes, another confirms, either shuts out (S-14). The first ones of
//! an agency are enrolled by two operators of the hub, who can do so only while the agency cannot do it itself (S-57).

use super::account_key;
use super::kept::Kept;
use crate::entropy;
use crate::hub::caller::{Caller, Operation};
use crate::hub::ledger::act;
use crate::hub::register::Agency;
use crate::hub::{Hub, Refusal, RefusalKind};
use crate::store::{Change, SignInKind};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::{Actor, AgencyId, Role};
use musubi_core::sign_in::{Account, By, EnrolFault, Half, HalfHash, Secret, State, Terms};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most accounts of one agency that are looked through.
const ACCOUNTS_MAX: u32 = 5_000;
/// So many who keep the staff can do so without the operators.
const KEEPERS: usize = 2;

/// A member of staff, as colleagues see them.
pub struct StaffMember {
    /// As the agency numbers its staff.
    pub staff_id: String,
    /// The role of the register, or the one that is proposed.
    pub role: Role,
    /// The account; none for who has never been proposed.
    pub account: Option<Account>,
}

/// What two operators order, one after the other: somebody who keeps the staff of an agency.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// The agency.
    pub agency: AgencyId,
    /// As whom; none to confirm what another operator proposed.
    pub terms: Option<Terms>,
    /// The person.
    pub staff_id: String,
    /// Hash of the half that this operator hands over.
    pub half: HalfHash,
}

fn refused(fault: EnrolFault) -> Refusal {
    let text = fault.text();
    Refusal::new(RefusalKind::Invalid, Diagnostic::error("M837", "staff", text.ja, text.en))
}

impl Hub {
    /// The caller's colleagues, and where their accounts stand.
    ///
    /// # Errors
    /// When the caller may not, or the store fails.
    pub async fn colleagues(&self, caller: &Caller) -> Result<Vec<StaffMember>, Refusal> {
        caller.check(Operation::KeepStaff)?;
        let mut members: BTreeMap<String, StaffMember> = BTreeMap::new();
        for (staff_id, role) in &caller.agency.staff {
            let member = StaffMember { staff_id: staff_id.clone(), role: *role, account: None };
            members.insert(staff_id.clone(), member);
        }
        for account in self.accounts(caller.id()).await? {
            let staff_id = account.terms.staff_id.clone();
            let role = caller.agency.staff.get(&staff_id).copied().unwrap_or(account.terms.role);
            members.insert(staff_id.clone(), StaffMember { staff_id, role, account: Some(account) });
        }
        Ok(members.into_values().collect())
    }

    /// May the caller enrol others and shut them out?
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keeps_staff(&self, caller: &Caller) -> Result<bool, Refusal> {
        let own = account_key(self, caller.id(), &caller.actor.staff_id);
        let account = self.kept::<Account>(own).await?.value;
        let keeps = account.is_some_and(|account| account.is_active() && account.terms.keeper);
        Ok(keeps && caller.check(Operation::KeepStaff).is_ok())
    }

    async fn only_keepers(&self, caller: &Caller) -> Result<(), Refusal> {
        if self.keeps_staff(caller).await? {
            return Ok(());
        }
        Err(Refusal::forbidden(
            "M832",
            "staff",
            "職員の登録・停止は、職員管理者だけができます。",
            "Only those who keep the staff of the agency enrol others and shut them out.",
        ))
    }

    /// Proposes a colleague. Returns the half of the code that the caller hands over, once. Whoever had an account is out from now on.
    ///
    /// # Errors
    /// When the caller may not, or the terms are not those of somebody else; and when the store fails.
    pub async fn propose_colleague(&self, caller: &Caller, terms: Terms) -> Result<Half, Refusal> {
        self.only_keepers(caller).await?;
        let half = Half::from_random(entropy::bytes());
        let by = By::Staff(caller.actor.staff_id.clone());
        self.propose(caller.id(), terms, by, half.hash(), &caller.actor).await?;
        Ok(half)
    }

    /// Confirms what another proposed: the person is on the register from now on, and can enrol. Returns the half of the code that
    /// the caller hands over, once.
    ///
    /// # Errors
    /// As [`Hub::propose_colleague`], and when nothing waits to be confirmed by this caller.
    pub async fn confirm_colleague(&self, caller: &Caller, staff_id: &str) -> Result<Half, Refusal> {
        self.only_keepers(caller).await?;
        let half = Half::from_random(entropy::bytes());
        let by = By::Staff(caller.actor.staff_id.clone());
        self.confirm(caller.id(), staff_id, by, half.hash(), &caller.actor.staff_id).await?;
        Ok(half)
    }

    /// Shuts a colleague out: no longer on the register, and every session ends with this moment.
    ///
    /// # Errors
    /// When the caller may not, or means themselves; and when the store fails.
    pub async fn shut_out_colleague(&self, caller: &Caller, staff_id: &str) -> Result<(), Refusal> {
        self.only_keepers(caller).await?;
        if staff_id == caller.actor.staff_id {
            return Err(refused(EnrolFault::Oneself));
        }
        let mut changed = Agency::clone(&*self.registered(caller.id()).await?);
        let mut change = Change::default();
        if changed.staff.remove(staff_id).is_none() {
            self.close_account(caller.id(), staff_id, &mut change).await?;
        }
        self.enter("shut out staff", changed, &caller.actor.staff_id, change).await
    }

    /// Carries out the order of an operator about somebody who keeps the staff of an agency.
    ///
    /// # Errors
    /// `M833` when the agency has two who can do that themselves; else as [`Hub::confirm_colleague`].
    pub async fn order_officer(&self, order: Officer, by: &str) -> Result<(), Refusal> {
        let agency = self.registered(&order.agency).await?.id.clone();
        let accounts = self.accounts(&agency).await?;
        let keepers = accounts.iter().filter(|account| account.is_active() && account.terms.keeper);
        if keepers.count() >= KEEPERS {
            return Err(Refusal::forbidden(
                "M833",
                "agency",
                "この機関には職員管理者が2人以上います。職員の登録は機関の画面から行います。",
                "The agency has two who keep its staff. They enrol others in the agency's own pages.",
            ));
        }
        let operator = By::Operator(by.to_owned());
        match order.terms {
            Some(terms) => {
                let actor = Actor { staff_id: by.to_owned(), role: Role::System };
                self.propose(&agency, terms, operator, order.half, &actor).await
            }
            None => self.confirm(&agency, &order.staff_id, operator, order.half, by).await,
        }
    }

    async fn propose(
        &self,
        agency: &AgencyId,
        terms: Terms,
        by: By,
        half: HalfHash,
        actor: &Actor,
    ) -> Result<(), Refusal> {
        let now = self.now();
        let kept: Kept<Account> = self.kept(account_key(self, agency, &terms.staff_id)).await?;
        let mut entry = act(now, "propose staff", agency, actor);
        entry.note = format!("{} {}", terms.staff_id, terms.role);
        let proposed = Account::proposed(terms, by, half, kept.value.as_ref(), now).map_err(refused)?;
        let mut change = Change { leaves: vec![self.hub_leaf(now, &entry)], ..Change::default() };
        self.keep(&mut change, (agency, &kept), &proposed, None)?;
        self.store.commit("propose staff", change).await?;
        Ok(())
    }

    async fn confirm(
        &self,
        agency: &AgencyId,
        staff_id: &str,
        by: By,
        half: HalfHash,
        who: &str,
    ) -> Result<(), Refusal> {
        let kept: Kept<Account> = self.kept(account_key(self, agency, staff_id)).await?;
        let secret = Secret::from(entropy::bytes());
        let account = kept.value.as_ref().ok_or(EnrolFault::NothingProposed).map_err(refused)?;
        let confirmed = account.confirmed(&by, half, secret, self.now()).map_err(refused)?;
        let mut change = Change::default();
        self.keep(&mut change, (agency, &kept), &confirmed, None)?;
        let mut changed = Agency::clone(&*self.registered(agency).await?);
        changed.staff.insert(staff_id.to_owned(), confirmed.terms.role);
        self.enter("confirm staff", changed, who, change).await
    }

    /// Nobody signs in with this account any more, and who did is out.
    pub(in crate::hub) async fn close_account(
        &self,
        agency: &AgencyId,
        staff_id: &str,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        let kept: Kept<Account> = self.kept(account_key(self, agency, staff_id)).await?;
        match kept.value.as_ref().filter(|account| !matches!(account.state, State::Closed)) {
            Some(account) => self.keep(change, (agency, &kept), &account.closed(), None),
            None => Ok(()),
        }
    }

    async fn accounts(&self, agency: &AgencyId) -> Result<Vec<Account>, Refusal> {
        let rows = self.store.sign_ins_of(agency, SignInKind::Account, ACCOUNTS_MAX).await?;
        rows.iter().map(|row| self.opened_sign_in(row)).collect()
    }
}

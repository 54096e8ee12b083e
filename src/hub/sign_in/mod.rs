//! Who comes to the console, and goes (S-14, S-15, S-18). The agency is that of the certificate; the person shows a password and a
//! second factor. Whoever may not come in is told one and the same, and about as late: wrong password, wrong code, no such account,
//! none that is enrolled, too many tries. The rules are in `musubi_core::sign_in`; each step stands in the hub's own log (S-30).

mod enrol;
mod kept;
mod passwords;
mod sessions;
mod staff;
mod tries;

pub use enrol::OneTime;
pub(super) use passwords::turns;
pub use sessions::SignedIn;
pub use staff::{Officer, StaffMember};
pub use tries::Source;

use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, StoreError};
use kept::Kept;
use musubi_core::agency::AgencyId;
use musubi_core::sealing::Blind;
use musubi_core::sign_in::Account;
use tries::Trier;

/// What somebody shows at the door.
#[derive(Clone, Copy)]
pub struct Knock<'a> {
    /// The agency of the certificate.
    pub agency: &'a AgencyId,
    /// As it was typed.
    pub staff_id: &'a str,
    /// As it was typed.
    pub password: &'a str,
    /// What the authenticator shows.
    pub code: &'a str,
    /// From where.
    pub from: &'a Source,
}

/// How an account is found. Ids of agencies have no blanks.
fn account_name(agency: &AgencyId, staff_id: &str) -> String {
    format!("{agency} {staff_id}")
}

fn account_key(hub: &Hub, agency: &AgencyId, staff_id: &str) -> Blind {
    hub.keyring.blind.blind("account", &account_name(agency, staff_id))
}

/// What everybody is told who is not let in.
fn not_let_in() -> Refusal {
    Refusal::forbidden(
        "M830",
        "sign-in",
        "入れませんでした。職員ID・パスワード・確認コードを確かめてください。失敗が続くと、しばらく入れなくなります。",
        "Not signed in. Check staff id, password and code. After several failures nobody can sign in for a while.",
    )
}

impl Hub {
    /// Lets somebody in. Returns what the browser is to hold.
    ///
    /// # Errors
    /// `M830` when they may not, whatever the reason; `M831` when too many sign in at once; and when the store fails.
    pub async fn sign_in(&self, knock: &Knock<'_>) -> Result<String, Refusal> {
        let trier = Trier { agency: knock.agency, staff_id: knock.staff_id, from: Some(knock.from) };
        self.count_try(trier).await?;
        let key = account_key(self, knock.agency, knock.staff_id);
        let account = self.kept::<Account>(key).await?.value;
        let is_password = self.is_password(Account::password(account.as_ref()), knock.password).await?;
        if let (Some(account), true) = (account, is_password)
            && let Some(cookie) = self.let_in(knock, trier, &account).await?
        {
            return Ok(cookie);
        }
        self.note_failure(trier, "sign in refused").await?;
        Err(not_let_in())
    }

    /// The password was that of this account: the code is used, the session opened, and the tries are forgotten, all at once.
    async fn let_in(&self, knock: &Knock<'_>, trier: Trier<'_>, account: &Account) -> Result<Option<String>, Refusal> {
        let Ok(caller) = self.caller(knock.agency, knock.staff_id) else { return Ok(None) };
        for _ in 0..DECIDE_AGAIN_MAX {
            let (now, mut change) = (self.now(), Change::default());
            let kept: Kept<Account> = self.kept(account_key(self, knock.agency, knock.staff_id)).await?;
            let same = kept.value.as_ref().filter(|now| now.number == account.number);
            let Some(shown) = same.and_then(|account| account.shown(knock.code, now)) else { return Ok(None) };
            self.keep(&mut change, (knock.agency, &kept), &shown, None)?;
            self.take_back_try(trier, &mut change).await?;
            let cookie = self.open_session(&caller, Some(shown.number), knock.from.certificate, &mut change)?;
            match self.store.commit("sign in", change).await {
                Ok(_) => return Ok(Some(cookie)),
                Err(StoreError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(None)
    }
}

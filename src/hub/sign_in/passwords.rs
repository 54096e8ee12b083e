//! Passwords are dear to check, on purpose: away from the threads that serve, few at a time, and nobody waits for long, so that a
//! flood of sign-ins leaves the notices of hospitals alone (S-80).

use crate::entropy;
use crate::hub::{Hub, Refusal, RefusalKind};
use musubi_core::adapter::Diagnostic;
use musubi_core::sign_in::{Password, PasswordHash};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// At once: each takes 64 MiB and a core.
const AT_ONCE_MAX: usize = 4;
/// How long somebody waits for a turn.
const WAIT_MAX: Duration = Duration::from_secs(8);

/// Turns for half of the cores.
pub(crate) fn turns() -> Arc<Semaphore> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new((cores / 2).clamp(1, AT_ONCE_MAX)))
}

impl Hub {
    /// Is it the password of this hash?
    pub(super) async fn is_password(&self, hash: PasswordHash, typed: &str) -> Result<bool, Refusal> {
        let password = Password::typed(typed);
        self.away(move || hash.is_of(&password)).await
    }

    /// The hash of a new password.
    pub(super) async fn hash_password(&self, password: Password) -> Result<PasswordHash, Refusal> {
        self.away(move || PasswordHash::new(&password, entropy::bytes())).await
    }

    async fn away<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        let turn = tokio::time::timeout(WAIT_MAX, Arc::clone(&self.passwords).acquire_owned()).await;
        let turn: OwnedSemaphorePermit = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        // The turn ends with the work, not with who waits for it.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| busy())
    }
}

fn busy() -> Refusal {
    let (ja, en) = (
        "サインインが混み合っています。少し待ってからもう一度お試しください。",
        "Many are signing in at this moment. Wait a little and try again.",
    );
    Refusal::new(RefusalKind::Unavailable, Diagnostic::error("M831", "sign-in", ja, en))
}

//! Messages about the same persons are taken in the order in which they came, all others side by side.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// A person as a sender names one: issuer and identifier.
type Name = (String, String);

/// Who is being written about.
#[derive(Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<Name, CancellationToken>>>);

/// A place in line. It is over when this is dropped.
pub(super) struct Turn {
    line: Arc<Mutex<HashMap<Name, CancellationToken>>>,
    names: Vec<Name>,
    before: Vec<CancellationToken>,
    over: CancellationToken,
}

impl Turns {
    /// Stands in line behind everybody who came before and names one of these. Does not wait.
    pub(super) fn enter(&self, names: Vec<Name>) -> Turn {
        let over = CancellationToken::new();
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = Vec::new();
        for name in &names {
            before.extend(line.insert(name.clone(), over.clone()));
        }
        Turn { line: Arc::clone(&self.0), names, before, over }
    }
}

impl Turn {
    /// Waits until everybody before is done. They came earlier, so nobody waits in a circle.
    pub(super) async fn comes(&mut self) {
        for token in self.before.drain(..) {
            // The same person twice in one message is no reason to wait for oneself.
            if !is_same(&token, &self.over) {
                token.cancelled().await;
            }
        }
    }
}

fn is_same(one: &CancellationToken, other: &CancellationToken) -> bool {
    one == other
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        for name in &self.names {
            if line.get(name).is_some_and(|last| is_same(last, &self.over)) {
                line.remove(name);
            }
        }
        self.over.cancel();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn names(all: &[&str]) -> Vec<Name> {
        all.iter().map(|name| ("MED-1".to_owned(), (*name).to_owned())).collect()
    }

    #[tokio::test]
    async fn messages_about_one_person_wait_for_each_other_and_others_do_not() {
        let turns = Turns::default();
        let mut first = turns.enter(names(&["1", "1"]));
        let mut second = turns.enter(names(&["1", "2"]));
        let mut other = turns.enter(names(&["3"]));
        first.comes().await;
        other.comes().await;
        let done = Arc::new(Mutex::new(false));
        let watched = Arc::clone(&done);
        let waiting = tokio::spawn(async move {
            second.comes().await;
            assert!(*watched.lock().unwrap(), "the second came before the first was done");
        });
        tokio::task::yield_now().await;
        *done.lock().unwrap() = true;
        drop(first);
        waiting.await.unwrap();
        drop(other);
        assert!(turns.0.lock().unwrap().is_empty(), "whoever is done leaves the line");
    }
}

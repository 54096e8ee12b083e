//! Several things in work at once, so that they wait for the disk together. What concerns the same is done in its order.

use super::Refusal;
use std::collections::BTreeSet;
use std::iter::Peekable;
use tokio::task::JoinSet;

/// Things that are in work at once.
pub(super) const AT_ONCE: usize = 16;

/// The next things that may be done in any order, so many at most: no two concern the same.
pub(super) fn run<T, N: Ord>(
    things: &mut Peekable<impl Iterator<Item = T>>,
    most: usize,
    concerned: impl Fn(&T) -> Vec<N>,
) -> Vec<T> {
    let (mut run, mut named) = (Vec::new(), BTreeSet::new());
    while run.len() < most.min(AT_ONCE) {
        let Some(next) = things.peek() else { break };
        let names = concerned(next);
        if names.iter().any(|name| named.contains(name)) {
            break;
        }
        named.extend(names);
        run.extend(things.next());
    }
    run
}

/// Does these beside each other; what came of them, in their order.
pub(super) async fn abreast<T, R, F>(run: Vec<T>, mut work: impl FnMut(T) -> F) -> Result<Vec<R>, Refusal>
where
    F: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    let mut at_work = JoinSet::new();
    for (number, thing) in run.into_iter().enumerate() {
        let work = work(thing);
        at_work.spawn(async move { (number, work.await) });
    }
    let mut done = Vec::with_capacity(at_work.len());
    while let Some(one) = at_work.join_next().await {
        done.push(one.map_err(|_| Refusal::kept_changing())?);
    }
    done.sort_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, one)| one).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn runs(things: &[&'static str], most: usize) -> Vec<String> {
        let mut things = things.iter().copied().peekable();
        let mut runs = Vec::new();
        while things.peek().is_some() {
            runs.push(run(&mut things, most, |thing| thing.chars().collect()).join(" "));
        }
        runs
    }

    #[test]
    fn what_concerns_the_same_waits_and_what_stands_behind_it_too() {
        assert_eq!(runs(&["a", "bc", "cd", "e", "a", "", "a"], AT_ONCE), ["a bc", "cd e a ", "a"]);
    }

    #[test]
    fn so_many_are_in_work_at_once_and_no_more() {
        let things = vec![""; 2 * AT_ONCE + 1];
        let lengths = |most| -> Vec<usize> { runs(&things, most).iter().map(|run| run.split(' ').count()).collect() };
        assert_eq!(lengths(usize::MAX), [AT_ONCE, AT_ONCE, 1]);
        assert_eq!(lengths(12), [12, 12, 9]);
    }

    #[tokio::test]
    async fn what_came_of_them_stands_in_their_order() {
        let slowest_first = |number: u64| async move {
            tokio::time::sleep(std::time::Duration::from_millis(10 - number)).await;
            number
        };
        assert_eq!(abreast((0..10).collect(), slowest_first).await.unwrap(), (0..10).collect::<Vec<_>>());
    }
}

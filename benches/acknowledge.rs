//! How many v2 messages a second the hub answers durably over MLLP/TLS: decided, sealed, with their audit entries on disk.
//! Against the bare group commit of the same bytes, in turns with it. Then how fast `musubi serve` starts, and its memory.

#[path = "acknowledge/bare.rs"]
mod bare;
#[path = "acknowledge/city.rs"]
mod city;
#[path = "measure/figure.rs"]
mod figure;
#[path = "acknowledge/serve.rs"]
mod serve;

use bare::Bare;
use city::City;
use figure::{figure, median};
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Builder;

/// Callers at once, and messages of one round for all of them together.
const LOADS: [(usize, usize); 3] = [(1, 200), (8, 800), (32, 1600)];
/// Rounds of each load: the median of these is printed. One more before them warms up.
const ROUNDS: usize = 5;
/// The load that has a goal.
const GOAL_CALLERS: usize = 32;
/// Least ratio of acknowledgements to bare commits at that load.
const GOAL_RATIO: f64 = 0.4;
/// Longest time to an acknowledgement at that load, in milliseconds, for 99 of 100 messages.
const GOAL_P99: f64 = 30.0;

fn main() {
    // On disk: a temporary folder of the system may be in memory.
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(place).expect("a folder on disk");
    let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(acknowledgements(folder.path()));
    runtime.shutdown_timeout(Duration::from_secs(1));
    serve::measure(&folder.path().join("serve"));
}

/// What one round at one load took.
pub(crate) struct Round {
    /// Messages a second.
    pub(crate) rate: f64,
    /// Milliseconds of each message, in order.
    pub(crate) times: Vec<f64>,
}

impl Round {
    /// From the time of all and of each.
    pub(crate) fn of(all: Duration, each: Vec<Duration>) -> Self {
        let mut times: Vec<f64> = each.iter().map(|time| time.as_secs_f64() * 1000.0).collect();
        times.sort_by(f64::total_cmp);
        let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
        Round { rate: f64::from(count) / all.as_secs_f64(), times }
    }

    /// So many of a hundred messages took no longer.
    fn percentile(&self, of_hundred: usize) -> f64 {
        self.times.get(self.times.len() * of_hundred / 100).copied().unwrap_or(f64::NAN)
    }
}

async fn acknowledgements(folder: &Path) {
    let mut city = City::start(&folder.join("hub")).await;
    let bare = Bare::open(&folder.join("bare.db")).await;
    println!("message: {} bytes, an A03 with results, a person not known before", city.message().len());
    for (callers, messages) in LOADS {
        let (mut hub, mut commits) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let batch = city.messages(messages);
            let committed = bare.round(&batch, callers).await;
            let answered = city.round(batch, callers).await;
            if round > 0 {
                hub.push(answered);
                commits.push(committed);
            }
        }
        report(callers, &hub, &commits);
    }
    city.stop().await;
}

fn report(callers: usize, hub: &[Round], commits: &[Round]) {
    let of = |rounds: &[Round], value: fn(&Round) -> f64| median(rounds.iter().map(value).collect());
    let ratio = median(hub.iter().zip(commits).map(|(hub, bare)| hub.rate / bare.rate).collect());
    let name = |what: &str| format!("{what}_{callers}");
    let same = format!("{callers} callers; hub, senders and disk on one machine");
    figure(&name("mllp_acknowledgements"), of(hub, |round| round.rate), "messages/s", &same);
    let p99 = of(hub, |round| round.percentile(99));
    figure(&name("mllp_acknowledgement_p50"), of(hub, |round| round.percentile(50)), "ms", &same);
    figure(&name("mllp_acknowledgement_p99"), p99, "ms", &with_goal(callers, &same, p99 < GOAL_P99, "below 30"));
    let against = format!("{callers} callers of one SQLite writer, FULL, one row of the same bytes each");
    figure(&name("bare_commits"), of(commits, |round| round.rate), "messages/s", &against);
    figure(&name("bare_commit_p99"), of(commits, |round| round.percentile(99)), "ms", &against);
    let against =
        with_goal(callers, "the bare group commit of the same bytes = 1", ratio >= GOAL_RATIO, "at least 0.4");
    figure(&name("mllp_commit_ratio"), ratio, "times", &against);
}

/// Met or missed, where there is a goal.
fn with_goal(callers: usize, against: &str, met: bool, goal: &str) -> String {
    if callers == GOAL_CALLERS {
        format!("{against}; goal {goal}: {}", if met { "met" } else { "MISSED" })
    } else {
        against.to_owned()
    }
}

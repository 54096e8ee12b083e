//! The load generator against a hub of its own, on either store: in small, to see that it pushes, is answered and cleans up.

use crate::postgres::Postgres;
use crate::serve_commands::plain;
use crate::server_faults::site_on;
use crate::site::Site;
use musubi::cli::Exit;
use std::path::Path;

/// A few notices over both edges. The lines that are printed.
fn push(site: &Site) -> String {
    let (machines, mllp) = (&site.addresses.machines, &site.addresses.mllp);
    let load = format!("load --senders 1,3 --each 2 --rounds 1 --machines {machines} --mllp {mllp}");
    let pushed = site.musubi(&load);
    assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    String::from_utf8(pushed.stdout).unwrap()
}

fn assert_figures(said: &str) {
    for edge in ["mllp", "grpc"] {
        for senders in [1, 3] {
            for what in ["acknowledgements", "acknowledgement_p99", "bare_commits", "commit_ratio"] {
                let name = format!("figure {edge}_{what}_{senders} ");
                let value = said.lines().find_map(|line| line.strip_prefix(&name)?.split(' ').next());
                // The ratio may be rounded to nothing where the machine does other work.
                let least = if what == "commit_ratio" { 0.0 } else { f64::MIN_POSITIVE };
                assert!(value.unwrap().parse::<f64>().unwrap() >= least, "{name}: {said}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_is_pushed_over_both_edges_beside_a_bare_commit() {
    let site = Site::new().await;
    assert_figures(&push(&site));
    if let Some(server) = Postgres::start() {
        assert_figures(&push(&site_on(&server, Path::new(&server.folder)).await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_that_is_open_is_found_among_few_persons_and_among_more() {
    let folder = tempfile::tempdir().unwrap();
    let ask = format!("load cases --within {} --persons 5,40 --cases 3 --rounds 2", folder.path().display());
    for filled in [true, false] {
        let (exit, said) = plain(&ask).await;
        assert_eq!(exit, Exit::Success, "{said}");
        assert_eq!(said.contains("figure filled_40 "), filled, "{said}");
        assert!(said.contains("figure cases_p99_5 ") && said.contains("figure cases_ratio_40 "), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_notice_that_waits_leaves_by_fetching_and_by_the_folder_in_each_round() {
    let folder = tempfile::tempdir().unwrap();
    let (exit, said) =
        plain(&format!("load deliveries --within {} --notices 5 --rounds 2", folder.path().display())).await;
    assert_eq!(exit, Exit::Success, "{said}");
    let files = std::fs::read_dir(folder.path().join("outbox/OSC-482072")).unwrap().count();
    assert_eq!(files, 10, "{said}");
    assert!(said.contains("figure outbound_fetched ") && said.contains("figure outbound_written "), "{said}");
}

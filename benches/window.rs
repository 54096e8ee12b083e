//! How long the hub takes for a page of the window: one family with 200 entries, the list of today and the roster of a city with
//! 5,000 families, and a file of 10,000 rows. Over TLS on one connection that stays, as a browser has it; nothing is drawn.

#[path = "window/browser.rs"]
mod browser;
#[path = "acknowledge/city.rs"]
#[expect(dead_code, reason = "each bench takes what it needs of the city")]
mod city;

use browser::Browser;
use musubi::sample_city::{CENTER, HEALTH_CENTER};
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Builder;

/// Families of the city, each visited twice in vain: so many questions stand on the list of today.
const FAMILIES: usize = 5_000;
/// Entries of the one family that is looked at.
const VISITS: usize = 200;
/// Pages of a kind that are asked for; of the roster, which reads everybody, fewer.
const PAGES: usize = 100;
const ROSTERS: usize = 5;
/// The most that a page may have.
const GOAL_KB: f64 = 60.0;
const HEAD: &str = "処理区分,記録ID,改版番号,自治体コード,自治体別本人キー,氏名,カナ氏名,生年月日,性別,住所,電話番号,不開示フラグ,\
    作成日時,母の本人キー,訪問年月日,訪問種別,訪問者職種,実施結果,児を目視,体重(g),支援の必要性\n";

fn main() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(place).expect("a folder on disk");
    let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(pages(folder.path()));
    runtime.shutdown_timeout(Duration::from_secs(1));
}

async fn pages(folder: &Path) {
    let city = city::City::start(folder).await;
    let mut visitor = Browser::signed_in(&city, HEALTH_CENTER, "shiina").await;
    let one: String = (0..VISITS).map(|visit| row(0, visit, true)).collect();
    let seconds = visitor.upload(&format!("{HEAD}{one}")).await;
    figure(
        "upload_200_rows_of_one_child",
        seconds * 1000.0 / VISITS as f64,
        "ms/row",
        "each row reads the whole family",
    );
    let mut nurse = Browser::signed_in(&city, CENTER, "ooba").await;
    let roster = nurse.get("/roster").await;
    let family = roster.first_link("/family/").expect("one family is in view");
    let mut largest = of_page(&mut nurse, "family_200", &family, PAGES).await;

    let many: String = (1..=FAMILIES).flat_map(|family| (0..2).map(move |visit| row(family, visit, false))).collect();
    let seconds = visitor.upload(&format!("{HEAD}{many}")).await;
    let rows = (FAMILIES * 2) as f64;
    figure("upload_10000_rows", seconds, "s", &format!("{:.0} rows/s, each durable by itself", rows / seconds));
    // The hub closes a connection on which nobody asks for a minute.
    let mut nurse = Browser::signed_in(&city, CENTER, "ooba").await;
    largest = largest.max(of_page(&mut nurse, "today_5000", "/today", PAGES).await);
    largest = largest.max(of_page(&mut nurse, "roster_5000", "/roster", ROSTERS).await);
    let verdict = if largest < GOAL_KB { "met" } else { "MISSED" };
    figure("largest_page", largest, "KB", &format!("as it goes over the wire; goal under {GOAL_KB} KB: {verdict}"));
    city.stop().await;
}

fn figure(name: &str, value: f64, unit: &str, against: &str) {
    println!("{}", musubi::load::figure(name, value, unit, against));
}

/// Asks for a page again and again; returns its size in KB.
async fn of_page(browser: &mut Browser, name: &str, path: &str, pages: usize) -> f64 {
    let (mut millis, mut bytes) = (Vec::new(), 0);
    for _ in 0..pages {
        let began = city::now();
        bytes = browser.get(path).await.bytes();
        millis.push(city::elapsed(began).as_secs_f64() * 1000.0);
    }
    millis.sort_by(f64::total_cmp);
    let at = |share: usize| millis[(millis.len() * share / 100).min(millis.len() - 1)];
    let kilobytes = bytes as f64 / 1000.0;
    figure(&format!("{name}_p50"), at(50), "ms", &format!("{pages} pages of {kilobytes:.1} KB, one after another"));
    figure(&format!("{name}_p99"), at(99), "ms", "the same");
    kilobytes
}

/// A visit of the health center: the child was seen, or nobody was at home.
fn row(family: usize, visit: usize, seen: bool) -> String {
    let (name, kana) = (format!("汐音　{family}"), "シオネ　コ");
    let (day, hour, minute) = (visit % 25 + 1, visit / 60 % 24, visit % 60);
    let result = if seen { "1,1,\"4,000\"" } else { "4,0," };
    format!(
        "1,V-{family}-{visit},1,482072,K3{family:06},{name},{kana},2026-10-01,2,朝凪県汐音市本町1丁目{family},,0,\
         2026-11-26T{hour:02}:{minute:02}:00+09:00,K1{family:06},2026-11-{day:02},2,1,{result},1\n"
    )
}

//! What a provider claims for a month (請求明細): beside its approvals, as a sheet to print, and as a table.

use super::own_care::{kind_in_words, own, policies};
use crate::console::layout::{Said, day_of};
use crate::console::visit::{Answer, Answered, Visit};
use crate::hub::Refusal;
use maud::{Markup, html};
use musubi_adapters::table::{Formulas, write_csv};
use musubi_core::agency::Purpose;
use musubi_core::postnatal::own::Own;
use musubi_core::postnatal::{CareUse, Claim, ClaimLine};
use musubi_core::time::Day;
use std::collections::BTreeSet;
use std::sync::Arc;

const HEAD: [(&str, &str); 6] = [
    ("報告", "Report"),
    ("利用", "Use"),
    ("数量", "Units"),
    ("委託料", "Fee"),
    ("利用者負担", "Paid by her"),
    ("請求額", "Claimed"),
];

/// A month of a claim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Month {
    year: i16,
    month: i8,
}

impl Month {
    fn of(day: Day) -> Self {
        Month { year: day.year(), month: day.month() }
    }

    /// The month of an address: 2026-11.
    fn parse(text: &str) -> Option<Self> {
        format!("{text}-01").parse().ok().map(Month::of)
    }

    fn address(self) -> String {
        format!("/claim/{:04}-{:02}", self.year, self.month)
    }

    /// 令和8年(2026年)11月, or 2026-11.
    fn in_words(self, visit: &Visit) -> String {
        let first = Day::new(self.year, self.month, 1).map(|day| day_of(visit, day)).unwrap_or_default();
        first.trim_end_matches(visit.say("1日", "-01")).to_owned()
    }

    fn claim(self, own: &Own<'_>, uses: &[CareUse]) -> Claim {
        own.claim(uses, (self.year, self.month))
    }
}

/// Every month in which something was claimed, the latest first.
pub(super) fn by_month(visit: &Visit, own: &Own<'_>, uses: &[CareUse]) -> Markup {
    let months: BTreeSet<Month> = uses.iter().map(|one| Month::of(one.end.day())).collect();
    html! {
        @if months.is_empty() { p.empty { (visit.say("受け付けられた実施報告はありません。", "No report was accepted yet.")) } }
        @for month in months.into_iter().rev() {
            @let claim = month.claim(own, uses);
            section.panel {
                h3 { (month.in_words(visit)) "  " b { (yen(visit, claim.amount)) } }
                div.scroll { (table(visit, uses, &claim)) }
                p.buttons { a.button href=(month.address()) { (visit.say("明細を印刷・CSVで受け取る", "Print, or take as CSV")) } }
            }
        }
    }
}

/// One month, as a sheet or as a table.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let month = Month::parse(&visit.handle).ok_or_else(no_month)?;
    let families = visit.hub().cared_for(&visit.caller, Purpose::P7).await?;
    let policies = policies()?;
    let own = own(&visit, &policies);
    let uses: Vec<CareUse> = families.iter().flat_map(|family| own.uses(family)).collect();
    let claim = month.claim(&own, &uses);
    if visit.form.get("as") == "csv" {
        let name = format!("{}_{}.csv", visit.say("請求明細", "claim"), visit.handle);
        return Ok(Answer::File { name, kind: "text/csv; charset=utf-8", bytes: csv(&visit, &uses, &claim) });
    }
    let body = html! {
        p.buttons.noprint {
            a.button href=(format!("{}?as=csv", month.address())) { (visit.say("CSVで受け取る", "As CSV")) }
            a.button href="/own-care" { (visit.say("戻る", "Back")) }
        }
        p.hint.noprint { (visit.say("このページを印刷して使います(Ctrl+P)。", "Print this page (Ctrl+P).")) }
        article.sheet {
            p.right { (day_of(&visit, visit.hub().now().day())) br; (Said(&visit.caller.agency.name)) }
            h2.center { (visit.say("産後ケア事業 請求明細", "Claim for postnatal care")) }
            p { (month.in_words(&visit)) }
            div.scroll { (table(&visit, &uses, &claim)) }
            dl.pairs {
                dt { (visit.say("件数", "Reports")) } dd { (claim.count) }
                dt { (visit.say("委託料の計", "Fees")) } dd { (yen(&visit, claim.fee)) }
                dt { (visit.say("利用者負担の計", "Paid by users")) } dd { (yen(&visit, claim.user_fee)) }
                dt { (visit.say("請求額", "Claimed")) } dd { b { (yen(&visit, claim.amount)) } }
            }
        }
    };
    Ok(visit.page("請求明細", "Claim", body).into())
}

fn table(visit: &Visit, uses: &[CareUse], claim: &Claim) -> Markup {
    html! {
        table.cards {
            thead { tr { @for (ja, en) in HEAD { th scope="col" { (visit.say(ja, en)) } } } }
            tbody { @for line in &claim.lines {
                tr { @for (cell, (ja, en)) in cells(visit, uses, line).iter().zip(HEAD) { td data-label=(visit.say(ja, en)) { (Said(cell)) } } }
            } }
        }
    }
}

fn cells(visit: &Visit, uses: &[CareUse], line: &ClaimLine) -> [String; 6] {
    let used = uses.iter().find(|one| one.record_id == line.report_id);
    let used = used.map(|one| format!("{} {}", day_of(visit, one.start.day()), kind_in_words(visit, one.kind)));
    [
        line.report_id.clone(),
        used.unwrap_or_default(),
        line.quantity.to_string(),
        yen(visit, line.fee),
        yen(visit, line.user_fee),
        yen(visit, line.amount),
    ]
}

/// The same for a spreadsheet: amounts as numbers, and nothing of it is run.
fn csv(visit: &Visit, uses: &[CareUse], claim: &Claim) -> Vec<u8> {
    let head = HEAD.map(|(ja, en)| visit.say(ja, en).to_owned());
    let rows = claim.lines.iter().map(|line| {
        let [report, used, quantity, ..] = cells(visit, uses, line);
        vec![report, used, quantity, line.fee.to_string(), line.user_fee.to_string(), line.amount.to_string()]
    });
    format!("\u{feff}{}", write_csv(std::iter::once(head.to_vec()).chain(rows), Formulas::Neutralised)).into_bytes()
}

/// 198,000円.
fn yen(visit: &Visit, amount: u32) -> String {
    visit.language().said(&format!("{}円", grouped(amount)))
}

/// Groups of three digits: 198,000.
fn grouped(amount: u32) -> String {
    match amount {
        0..1000 => amount.to_string(),
        _ => format!("{},{:03}", grouped(amount / 1000), amount % 1000),
    }
}

fn no_month() -> Refusal {
    Refusal::invalid(
        "M844",
        "address",
        "月を年と月で指定してください(例: 2026-11)。",
        "Name the month by year and month, as 2026-11.",
    )
}

//! What a provider has in hand (利用承認・請求): its approvals with the days left, and what it claims for a month, counted from
//! its own accepted reports.

use super::claim;
use super::roster::name;
use crate::console::layout::day_of;
use crate::console::visit::{Answered, Visit};
use crate::hub::Refusal;
use maud::{Markup, html};
use musubi_adapters::screen::Household;
use musubi_adapters::wording::codes::{CARE_KIND, word};
use musubi_core::agency::Purpose;
use musubi_core::postnatal::approval::word as schema_word;
use musubi_core::postnatal::own::{Holding, Own};
use musubi_core::postnatal::{CareUse, Kind, Policies};
use musubi_core::release::Released;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The page.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let families = visit.hub().cared_for(&visit.caller, Purpose::P7).await?;
    let billed = visit.hub().cared_for(&visit.caller, Purpose::P8).await?;
    let policies = policies()?;
    let own = own(&visit, &policies);
    let uses: Vec<CareUse> = families.iter().flat_map(|family| own.uses(family)).collect();
    let body = html! {
        h2 { (visit.say("手持ちの利用承認", "Approvals")) }
        (approvals(&visit, &own, &families, &tickets(&own, &billed)))
        h2 { (visit.say("月ごとの請求額", "Claims by month")) }
        (claim::by_month(&visit, &own, &uses))
        p.hint { (visit.say(
            "受け付けられた実施報告から、契約単価で数えています。請求書の金額がこれと違うときは、報告か請求書を確かめてください。",
            "Counted from accepted reports at the contract price. Where an invoice differs, look at the report or at the invoice.",
        )) }
    };
    Ok(visit.page("利用承認・請求", "Own care", body).into())
}

/// What this provider holds, for the municipality that it works for.
pub(super) fn own<'a>(visit: &'a Visit, policies: &'a Policies) -> Own<'a> {
    Own::new(visit.caller.id(), &visit.caller.agency.municipality, policies)
}

/// The rules that care is counted by.
pub(super) fn policies() -> Result<Policies, Refusal> {
    Policies::shipped().map_err(|_| no_policies())
}

/// Tickets left, by the number of the approval: what concerns money is asked for under the purpose of the bill.
fn tickets(own: &Own<'_>, billed: &[Released]) -> BTreeMap<String, u32> {
    let held = billed.iter().flat_map(|family| own.approvals(family));
    held.filter_map(|one| Some((one.number, one.reductions_left?))).collect()
}

fn approvals(visit: &Visit, own: &Own<'_>, families: &[Released], tickets: &BTreeMap<String, u32>) -> Markup {
    let today = visit.hub().now().day();
    let held: Vec<(Household, Vec<Holding>)> =
        families.iter().map(|family| (visit.language().household(family), own.approvals(family))).collect();
    let none = held.iter().all(|(_, approvals)| approvals.is_empty());
    html! {
        @if none { p.empty { (visit.say("利用承認はありません。", "There are none.")) } }
        @else {
            div.scroll { table.cards {
                thead { tr {
                    @for (ja, en) in [("利用者", "Who"), ("承認番号", "Number"), ("種類", "Kinds"), ("期間", "Period"), ("残り", "Left"), ("減免券", "Tickets")] {
                        th scope="col" { (visit.say(ja, en)) }
                    }
                } }
                tbody { @for (household, approvals) in &held { @for one in approvals {
                    tr {
                        td { @if let Some(head) = household.head() { (name(visit, head)) } }
                        td data-label=(visit.say("承認番号", "Number")) { (one.number) }
                        td data-label=(visit.say("種類", "Kinds")) { (kinds(visit, one)) }
                        td.mark[!one.holds_on(today)] data-label=(visit.say("期間", "Period")) { (day_of(visit, one.from)) " – " (day_of(visit, one.until)) }
                        td data-label=(visit.say("残り", "Left")) { (left(visit, one)) }
                        td data-label=(visit.say("減免券", "Tickets")) {
                            @match tickets.get(&one.number) { Some(left) => { (left) (visit.say("枚", "")) }, None => "—" }
                        }
                    }
                } } }
            } }
        }
    }
}

fn kinds(visit: &Visit, one: &Holding) -> String {
    one.kinds.iter().map(|kind| kind_in_words(visit, *kind)).collect::<Vec<_>>().join("、")
}

pub(super) fn kind_in_words(visit: &Visit, kind: Kind) -> String {
    visit.language().said(&word(CARE_KIND, schema_word(kind)))
}

/// What is left of an approval, large where a provider looks first.
fn left(visit: &Visit, one: &Holding) -> Markup {
    html! {
        @match &one.extension {
            Some(number) => { (visit.say("延長承認 ", "extended ")) (number) },
            None => b.mark[one.units_left == 0] { (visit.say("あと", "")) (one.units_left) (visit.say("日", " left")) },
        }
    }
}

fn no_policies() -> Refusal {
    Refusal::invalid(
        "PV-E109",
        "policy",
        "産後ケアの要綱データを読めません。運用者に連絡してください。",
        "The policy of care cannot be read. Tell the operator.",
    )
}

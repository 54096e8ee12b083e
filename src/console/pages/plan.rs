//! The plan that a mother and her nurse agree on (サポートプラン), in her own words, with what she applies for; printed for
//! her as it was agreed.

use super::consent::check;
use crate::console::layout::{Page, Said, area, choice, diagnostics, field, form};
use crate::console::visit::{Answered, Visit, status_of};
use crate::console::words::Language;
use crate::hub::Refusal;
use maud::{Markup, html};
use musubi_adapters::wording::codes::{CARE_KIND, word};
use musubi_core::plan::{ApplicationTerms, PlanTerms};
use musubi_core::postnatal::Kind;
use musubi_core::postnatal::approval::{kind_of, word as schema_word};
use musubi_core::time::{Day, Time};
use std::sync::Arc;

/// Kinds of care that can be applied for, and approved.
pub(super) const KINDS: [Kind; 5] = [Kind::Stay, Kind::Day, Kind::DayShort, Kind::DayGroup, Kind::Visit];
/// Reasons for care, as the ministry's guideline names them: word of the record, Japanese, English.
const GROUNDS: [(&str, &str, &str); 3] = [
    ("no_family_support", "家族などから十分な援助が受けられない", "not enough help in the family"),
    ("trouble_or_anxiety", "心身の不調や育児の不安がある", "trouble or anxiety"),
    ("special_need", "特に支援が必要と認められる", "special need"),
];

/// The form.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    visit.person()?;
    Ok(page(&visit, None).into())
}

/// Puts it on file, and shows the sheet that is printed for her.
pub(in crate::console) async fn record(visit: Arc<Visit>) -> Answered {
    let terms = terms(&visit);
    match visit.hub().record_plan(&visit.caller, visit.person()?, &terms).await {
        Ok(()) => {
            let body = html! {
                p.done.noprint role="status" { (visit.say("記録しました。印刷して本人に渡してください。", "On file. Print it for her.")) }
                (sheet(&visit, &terms))
                p.buttons.noprint {
                    a.button href=(format!("/refer/{}", visit.handle)) { (visit.say("連携を依頼する", "Refer")) }
                    a.button href=(format!("/family/{}", visit.handle)) { (visit.say("家族の記録へ", "To the family")) }
                }
            };
            Ok(visit.page("サポートプラン", "Support plan", body).into())
        }
        Err(refusal) => Ok(page(&visit, Some(&refusal)).with(status_of(&refusal)).into()),
    }
}

fn terms(visit: &Visit) -> PlanTerms {
    let typed = &visit.form;
    let chosen: Vec<Kind> = typed.all("kind").filter_map(kind_of).collect();
    let application = ApplicationTerms {
        kinds: chosen,
        grounds: typed.all("ground").map(str::to_owned).collect(),
        family_support: match typed.get("family_support") {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
    };
    PlanTerms {
        wish: typed.get("wish").to_owned(),
        goals: typed.get("goals").lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        agreed_on: visit.hub().now().day(),
        review_on: typed.get("review_on").parse().ok(),
        responsible: visit.caller.actor.staff_id.clone(),
        application: (!application.kinds.is_empty()).then_some(application),
    }
}

fn page(visit: &Visit, refused: Option<&Refusal>) -> Page {
    let typed = &visit.form;
    let support = [
        ("", visit.say("聞いていない", "not asked")),
        ("yes", visit.say("ある", "yes")),
        ("no", visit.say("ない", "no")),
    ];
    let body = html! {
        @if let Some(refusal) = refused { div.refusal role="alert" { (diagnostics(visit, &refusal.diagnostics)) } }
        (form(visit, &format!("/plan/{}", visit.handle), html! {
            fieldset {
                legend { (visit.say("サポートプラン", "Support plan")) }
                (area(visit.say("本人の希望(本人の言葉で)", "What she wishes, in her own words"), "wish", typed.get("wish"), visit.say("例: 一晩でいいから眠りたい", "")))
                (area(visit.say("目標(1行に1つ)", "Goals, one a line"), "goals", typed.get("goals"), ""))
                (field(visit.say("見直す日", "Looked at again on"), "date", "review_on", typed.get("review_on"), ""))
            }
            fieldset {
                legend { (visit.say("産後ケアの申請(申請するときだけ)", "Application for care, if she applies")) }
                div.checks { @for kind in KINDS {
                    @let name = schema_word(kind);
                    (check("kind", name, &visit.language().said(&word(CARE_KIND, name)), typed.chose("kind", name)))
                } }
                p { (visit.say("申請の理由", "Why")) }
                div.checks { @for (name, ja, en) in GROUNDS { (check("ground", name, visit.say(ja, en), typed.chose("ground", name))) } }
                (choice(visit.say("家族などの援助", "Help in the family"), "family_support", support, typed.get("family_support")))
            }
            button.main type="submit" { (visit.say("合意した内容を記録する", "Put on file what was agreed")) }
        }))
    };
    visit.page("サポートプラン", "Support plan", body)
}

/// What she takes home.
fn sheet(visit: &Visit, terms: &PlanTerms) -> Markup {
    html! {
        article.sheet lang="ja" {
            p.right { (in_japanese(terms.agreed_on)) }
            h2.center { "サポートプラン" }
            h3 { "あなたの希望" }
            p { (Said(&terms.wish)) }
            @if !terms.goals.is_empty() { h3 { "いっしょに目指すこと" } ul { @for goal in &terms.goals { li { (Said(goal)) } } } }
            @if let Some(application) = &terms.application {
                h3 { "申請した産後ケア" }
                p { (application.kinds.iter().map(|kind| word(CARE_KIND, schema_word(*kind))).collect::<Vec<_>>().join("、")) }
            }
            @if let Some(day) = terms.review_on { h3 { "次に見直す日" } p { (in_japanese(day)) } }
            p { "この内容は、あなたと相談して決めたものです。いつでも変えられます。" }
            p.right { (Said(&visit.caller.agency.name)) " 担当 " (Said(&terms.responsible)) }
        }
    }
}

/// The sheet is for her, whatever language the page is in.
fn in_japanese(day: Day) -> String {
    Language::Japanese.day(Time::start_of(day))
}

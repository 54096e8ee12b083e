//! Break-glass (緊急閲覧) in two steps: who is in danger and why, then what will be shown, and only then the record.

use super::family::whole;
use crate::console::layout::{area, button, choice, diagnostics, field, form, moment};
use crate::console::plain::categories_in_words;
use crate::console::sessions::Of;
use crate::console::visit::{Answered, Visit, status_of};
use crate::console::whom;
use crate::hub::Refusal;
use crate::hub::emergency::{EmergencyTerms, Offer};
use crate::hub::persons::Named;
use maud::{Markup, html};
use musubi_core::agency::{CategorySet, Purpose};
use std::sync::Arc;

/// What may be the reason.
pub(super) const REASONS: [(&str, &str, &str); 6] = [
    ("abuse", "虐待の疑い", "suspected abuse"),
    ("violence", "暴力", "violence"),
    ("medical", "医療上の緊急", "medical emergency"),
    ("missing", "行方不明", "missing"),
    ("suicide", "自死のおそれ", "danger of suicide"),
    ("other", "その他", "other"),
];

/// First step: the form.
pub(in crate::console) async fn blank(visit: Arc<Visit>) -> Answered {
    Ok(visit.page("緊急閲覧(1/2) 理由", "Break-glass (1/2): the reason", first(&visit)).into())
}

/// Records the first step, and says what the second would show. Nothing is open yet.
pub(in crate::console) async fn ask(visit: Arc<Visit>) -> Answered {
    let offered = match terms(&visit) {
        Ok(terms) => visit.hub().ask_emergency(&visit.caller, &terms).await,
        Err(refusal) => Err(refusal),
    };
    match offered {
        Ok(offer) => {
            Ok(visit.page("緊急閲覧(2/2) 見える内容の確認", "Break-glass (2/2)", second(&visit, &offer)).into())
        }
        Err(refusal) => {
            let body =
                html! { div.refusal role="alert" { (diagnostics(&visit, &refusal.diagnostics)) } (first(&visit)) };
            Ok(visit.page("緊急閲覧(1/2) 理由", "Break-glass (1/2)", body).with(status_of(&refusal)).into())
        }
    }
}

/// Second step: opens it, and shows what may be seen.
pub(in crate::console) async fn confirm(visit: Arc<Visit>) -> Answered {
    let shown: CategorySet = visit.form.all("category").filter_map(|word| word.parse().ok()).collect();
    let access = visit.hub().confirm_emergency(&visit.caller, visit.fact()?, shown).await?;
    let families = visit.hub().get(&visit.caller, Purpose::P11, &named(&visit), "").await?;
    let body = html! {
        p.refusal role="status" {
            b { (visit.say("緊急閲覧中です。", "The glass is broken. ")) }
            (visit.say("終了 ", "It ends ")) (moment(&visit, access.until)) "。 "
            (visit.say("事後確認の期限 ", "Review by ")) (moment(&visit, access.review_by)) "。 "
            (visit.say("センターと記録を作成した機関に知らせました。", "The center and the authors were told."))
        }
        (button(&visit, &format!("/emergency-end/{}", visit.session.handle(Of::Fact, access.recorded.fact.0)), visit.say("確認できたので終える", "Done: end it now")))
        @if families.is_empty() { p.empty { (visit.say("この方について表示できる記録はありません。", "There is nothing to show of this person.")) } }
        @for family in &families { (whole(&visit, family)) }
    };
    Ok(visit.page("緊急閲覧", "Break-glass", body).into())
}

/// Ends it before its time: who has seen enough sees no more.
pub(in crate::console) async fn end(visit: Arc<Visit>) -> Answered {
    visit.hub().end_ground(&visit.caller, visit.fact()?).await?;
    let body = html! {
        p.done role="status" { (visit.say(
            "緊急閲覧を終えました。この方の記録は、もう見えません。事後確認は行われます。",
            "It has ended, and nothing of the person can be seen any more. The review takes place.",
        )) }
    };
    Ok(visit.page("緊急閲覧", "Break-glass", body).into())
}

fn terms(visit: &Visit) -> Result<EmergencyTerms, Refusal> {
    let typed = |name| visit.form.get(name).to_owned();
    Ok(EmergencyTerms {
        subject: whom::given(visit, "name", "born")?,
        reason_code: typed("reason_code"),
        reason: typed("reason"),
        threatened: typed("threatened"),
        no_consent: typed("no_consent"),
    })
}

fn named(visit: &Visit) -> Named {
    Named::by_name(visit.form.get("name"), visit.form.get("born"))
}

fn first(visit: &Visit) -> Markup {
    let typed = &visit.form;
    let reasons = REASONS.iter().map(|(code, ja, en)| (*code, visit.say(ja, en)));
    html! {
        p { (visit.say(
            "命や安全が脅かされ、同意も法の手続も間に合わないときだけ使います。1人の方について、4時間だけ見えます。センターと記録を作成した機関に直ちに知らされ、3開庁日以内に事後確認を受けます。",
            "Only where life or safety is threatened and neither consent nor the law's procedure is in time: one person, four hours, told to the center and the authors at once, reviewed within three working days.",
        )) }
        (form(visit, "/emergency", html! {
            (whom::fields(visit, visit.say("誰について", "Whom")))
            fieldset {
                legend { (visit.say("なぜ", "Why")) }
                (choice(visit.say("理由", "Reason"), "reason_code", reasons, typed.get("reason_code")))
                (area(visit.say("状況(20文字以上)", "In words, 20 characters or more"), "reason", typed.get("reason"), ""))
                (field(visit.say("危険にさらされている方", "Who is threatened"), "text", "threatened", typed.get("threatened"), ""))
                (field(visit.say("同意を得られない理由", "Why consent cannot be had"), "text", "no_consent", typed.get("no_consent"), ""))
            }
            button.main type="submit" { (visit.say("次へ(まだ何も見えません)", "Next: nothing is open yet")) }
        }))
    }
}

fn second(visit: &Visit, offer: &Offer) -> Markup {
    let action = format!("/emergency/{}", visit.session.handle(Of::Fact, offer.fact.0));
    html! {
        (form(visit, &action, html! {
            @for name in ["name", "born"] { input type="hidden" name=(name) value=(visit.form.get(name)); }
            @for category in offer.categories.iter() { input type="hidden" name="category" value=(category); }
            section.panel {
                h2 { (visit.say("見えるようになる内容", "What will be shown")) }
                p { (categories_in_words(visit.language(), offer.categories)) }
                p.hint { (visit.say("この確認は次の時刻まで有効です: ", "To be confirmed by ")) (moment(visit, offer.confirm_by)) }
            }
            p.buttons {
                button.danger type="submit" { (visit.say("この内容を見る(記録され、知らされます)", "Show it: this is recorded and told")) }
                a.button href="/emergency" { (visit.say("やめる", "Stop")) }
            }
        }))
    }
}

//! Consent (同意): recorded from a signed form, withdrawn, and what is on file already.

use crate::console::layout::{Page, Said, area, choice, diagnostics, field, form, moment};
use crate::console::plain::{MUST_BE_NAMED, ORDINARY, categories_in_words, plain, purpose_in_words};
use crate::console::sessions::Of;
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::console::whom;
use crate::hub::Refusal;
use crate::hub::consents::ConsentTerms;
use crate::hub::on_file::OnFile;
use crate::hub::persons::Named;
use maud::{Markup, html};
use musubi_core::agency::{AgencyId, Category, CategorySet, Purpose};
use musubi_core::consent::records::{Channel, Consent, ConsentKind, Grantee, Proof, Relationship, Scope, Status};
use musubi_core::time::{Day, Time};
use std::sync::Arc;

/// The form that the center prints (`consent_form.rs`), and its version.
pub(in crate::console) const FORM: (&str, &str) = ("SK-01", "2026-04");
/// Purposes that a consent on this form names, the usual ones first.
const PURPOSES: [Purpose; 6] = [Purpose::P3, Purpose::P4, Purpose::P7, Purpose::P1, Purpose::P2, Purpose::P9];
/// Field of the address that says which permit was recorded just now.
const RECORDED: &str = "permit";
/// In what capacity somebody signs, or asks.
pub(super) const CAPACITIES: [(&str, Relationship, &str, &str); 4] = [
    ("self", Relationship::Subject, "本人", "herself, himself"),
    ("parental_authority", Relationship::ParentalAuthority, "親権者(子の記録について)", "holder of parental authority"),
    ("guardian", Relationship::Guardian, "未成年後見人", "guardian"),
    ("institution_head", Relationship::InstitutionHead, "施設長", "head of an institution"),
];

/// What else may be put on file about somebody in view: page, Japanese, English.
const PROTECTIONS: [(&str, &str, &str); 3] = [
    ("objection", "異議を記録・取り下げる", "Objection"),
    ("shield", "支援措置・封印", "Shield, seal"),
    ("custody", "親権・利益相反", "Custody, conflict"),
];

/// The page for somebody who is named by name and birth date: nobody need have seen her before.
pub(in crate::console) async fn blank(visit: Arc<Visit>) -> Answered {
    Ok(page(&visit, None, None).into())
}

/// The page for somebody who is in view.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let on_file = visit.hub().on_file(&visit.caller, visit.person()?).await?;
    Ok(page(&visit, Some(&on_file), None).into())
}

/// Records what was signed.
pub(in crate::console) async fn record(visit: Arc<Visit>) -> Answered {
    let recorded = match terms(&visit) {
        Ok(terms) => visit.hub().record_consent(&visit.caller, terms).await,
        Err(refusal) => Err(refusal),
    };
    match recorded {
        Ok(recorded) => {
            let permit = visit.session.handle(Of::Fact, recorded.fact.0);
            Ok(Answer::Go(format!("{}?recorded={}&{RECORDED}={permit}", here(&visit), state(recorded.status))))
        }
        Err(refusal) => again(&visit, &refusal).await,
    }
}

/// Ends the permits of a person: what the law itself allows remains.
pub(in crate::console) async fn withdraw(visit: Arc<Visit>) -> Answered {
    let named = Named { person: Some(visit.person()?), ..Named::default() };
    let relationship = match capacity(&visit) {
        Ok(relationship) => relationship,
        Err(refusal) => return again(&visit, &refusal).await,
    };
    let done = visit.hub().withdraw(&visit.caller, &named, relationship).await?;
    let body = html! {
        p.done { (visit.say("同意を撤回しました。これから先は、この同意による提供は行われません。", "Withdrawn. Nothing more is shown under it.")) }
        @if !done.released_before.is_empty() {
            h2 { (visit.say("撤回の前に提供されたもの", "Shown before")) }
            ul { @for before in &done.released_before { li {
                (Said(&visit.agency_name(&before.recipient))) " · " (purpose_in_words(visit.language(), before.purpose)) " · " (moment(&visit, before.at))
            } } }
        }
        p.buttons { a.button href=(here(&visit)) { (visit.say("戻る", "Back")) } }
    };
    Ok(visit.page("同意の撤回", "Withdrawal", body).into())
}

async fn again(visit: &Visit, refusal: &Refusal) -> Answered {
    let on_file = match visit.handle.as_str() {
        "" => None,
        _ => Some(visit.hub().on_file(&visit.caller, visit.person()?).await?),
    };
    Ok(page(visit, on_file.as_ref(), Some(refusal)).with(status_of(refusal)).into())
}

fn here(visit: &Visit) -> String {
    if visit.handle.is_empty() { "/consent".to_owned() } else { format!("/consent/{}", visit.handle) }
}

fn page(visit: &Visit, on_file: Option<&OnFile>, refused: Option<&Refusal>) -> Page {
    let body = html! {
        @if let Some(refusal) = refused { div.refusal role="alert" { (diagnostics(visit, &refusal.diagnostics)) } }
        @match visit.form.get("recorded") {
            "active" => p.done { (visit.say("記録しました。有効です。", "Recorded, and in force.")) },
            "" => {},
            _ => p.refusal {
                (visit.say("記録しましたが、まだ有効ではありません(証拠か確認が足りません)。", "Recorded, but not in force: evidence or a check is wanting."))
            },
        }
        @if !visit.form.get(RECORDED).is_empty() {
            p { a.button href=(format!("/scan/{}", visit.form.get(RECORDED))) { (visit.say("署名された同意書の写しを添える", "Add a copy of the signed form")) } }
        }
        p { a href="/consent-form" { (visit.say("同意書を印刷する", "Print the consent form")) } }
        @if let Some(on_file) = on_file { (known(visit, on_file)) }
        h2 { (visit.say("署名された同意書から記録する", "Record from a signed form")) }
        (blank_form(visit))
    };
    visit.page("同意", "Consent", body)
}

/// What is on file, with the way to end it.
fn known(visit: &Visit, on_file: &OnFile) -> Markup {
    let now = visit.hub().now();
    let in_force = on_file.consents.iter().any(|one| one.kind == ConsentKind::Permit && stands(on_file, one, now));
    html! {
        h2 { (visit.say("いまの同意・異議", "On file")) }
        @if on_file.consents.is_empty() { p.hint { (visit.say("記録はありません。", "Nothing is on file.")) } }
        @else {
            div.scroll { table.cards {
                thead { tr {
                    @for (ja, en) in [("種類", "Kind"), ("誰に", "To whom"), ("何を", "What"), ("何のために", "What for"), ("いつまで", "Until"), ("状態", "State")] {
                        th scope="col" { (visit.say(ja, en)) }
                    }
                } }
                tbody { @for one in &on_file.consents { (line(visit, on_file, one)) } }
            } }
        }
        @for shield in on_file.shields.iter().filter(|shield| shield.on(now)) {
            p.refusal {
                b { (visit.say("住所等の支援措置があります。", "An address shield is in force.")) } " "
                (visit.say("期限 ", "until ")) (moment(visit, shield.until))
            }
        }
        div.buttons {
            @if in_force {
                (form(visit, &format!("/withdraw/{}", visit.handle), html! {
                    (choice(visit.say("撤回を申し出た方", "Who withdraws"), "capacity", capacities(visit), ""))
                    button.danger type="submit" { (visit.say("同意を撤回する", "Withdraw consent")) }
                }))
            }
            @for (page, ja, en) in PROTECTIONS { a.button href=(format!("/{page}/{}", visit.handle)) { (visit.say(ja, en)) } }
        }
    }
}

/// Is it in force: not over, and not ended by a later withdrawal?
fn stands(on_file: &OnFile, one: &Consent, now: Time) -> bool {
    one.status == Status::Active && one.valid_until.is_none_or(|until| now < until) && !is_withdrawn(on_file, one)
}

fn is_withdrawn(on_file: &OnFile, one: &Consent) -> bool {
    let ends = |later: &Consent| {
        later.kind == ConsentKind::Withdrawal && later.status == Status::Active && later.recorded_at >= one.recorded_at
    };
    one.kind == ConsentKind::Permit && on_file.consents.iter().any(ends)
}

fn line(visit: &Visit, on_file: &OnFile, one: &Consent) -> Markup {
    let kind = match one.kind {
        ConsentKind::Permit => visit.say("同意", "permit"),
        ConsentKind::Withdrawal => visit.say("撤回", "withdrawal"),
        ConsentKind::Objection => visit.say("異議", "objection"),
        ConsentKind::ObjectionLifted => visit.say("異議の取下げ", "objection lifted"),
    };
    let categories = match (one.categories, one.kind) {
        (Scope::Named(categories), _) => categories_in_words(visit.language(), categories),
        (Scope::All, ConsentKind::Permit) => visit.say("すべて(慎重な項目を除く)", "all ordinary ones").to_owned(),
        (Scope::All, _) => visit.say("すべて", "all").to_owned(),
    };
    let purposes: Vec<String> =
        one.purposes.iter().map(|purpose| purpose_in_words(visit.language(), *purpose)).collect();
    let every = purposes.len() > PURPOSES.len();
    html! {
        tr {
            td { (kind) br; small { (moment(visit, one.recorded_at)) } }
            td data-label=(visit.say("誰に", "To whom")) { (grantee_in_words(visit, &one.grantee)) }
            td data-label=(visit.say("何を", "What")) { (categories) }
            td data-label=(visit.say("何のために", "What for")) {
                (if every { visit.say("すべて", "all").to_owned() } else { purposes.join("、") })
            }
            td data-label=(visit.say("いつまで", "Until")) { (last_day(visit, one)) }
            td data-label=(visit.say("状態", "State")) {
                (state_of(visit, on_file, one))
                @if one.kind == ConsentKind::Permit {
                    br; a href=(format!("/scan/{}", visit.session.handle(Of::Fact, one.id.0))) { (visit.say("写しを添える", "Add a copy")) }
                }
            }
        }
    }
}

/// The last day on which it holds: the end is the moment after it.
fn last_day(visit: &Visit, one: &Consent) -> String {
    one.valid_until.map_or_else(
        || "—".to_owned(),
        |until| format!("{}{}", visit.language().day(until.plus_minutes(-1)), visit.say("まで", "")),
    )
}

fn state_of<'a>(visit: &'a Visit, on_file: &OnFile, one: &Consent) -> &'a str {
    let now = visit.hub().now();
    if is_withdrawn(on_file, one) {
        return visit.say("撤回により終了", "ended by withdrawal");
    }
    if one.valid_until.is_some_and(|until| until <= now) {
        return visit.say("期限切れ", "over");
    }
    in_force(visit, one.status)
}

pub(super) fn in_force(visit: &Visit, status: Status) -> &str {
    match status {
        Status::Active => visit.say("有効", "in force"),
        Status::Unverified => visit.say("未確認(効力なし)", "unverified, no effect"),
        Status::Draft => visit.say("下書き", "draft"),
        Status::Ended => visit.say("終了", "ended"),
        Status::EnteredInError => visit.say("誤記録", "entered in error"),
    }
}

const fn state(status: Status) -> &'static str {
    if matches!(status, Status::Active) { "active" } else { "waiting" }
}

pub(super) fn grantee_in_words(visit: &Visit, grantee: &Grantee) -> Markup {
    html! {
        @match grantee {
            Grantee::Agency(id) => (Said(&visit.agency_name(id))),
            Grantee::Kind(kind) => (visit.language().kind(*kind)),
            Grantee::Provider { .. } => (visit.say("産後ケアの担当事業者", "the assigned provider")),
            Grantee::Everyone => (visit.say("すべての機関", "everyone")),
        }
    }
}

fn blank_form(visit: &Visit) -> Markup {
    let typed = &visit.form;
    let named = visit.handle.is_empty();
    let agencies = visit.hub().register.all();
    let own = visit.caller.id();
    let mut grantees: Vec<(&str, &str)> =
        agencies.iter().map(|agency| (agency.id.as_str(), agency.name.as_str())).collect();
    grantees.sort_by_key(|(id, _)| *id != own.as_str());
    grantees.push((ASSIGNED, visit.say("産後ケアの担当事業者", "the provider assigned for postnatal care")));
    let witness = if typed.is_empty() { visit.caller.actor.staff_id.as_str() } else { typed.get("witness") };
    html! {
        (form(visit, &here(visit), html! {
            @if named {
                (whom::fields(visit, visit.say("誰の記録についてか", "Whose record")))
            }
            fieldset {
                legend { (visit.say("誰が署名したか", "Who signed")) }
                (choice(visit.say("立場", "Capacity"), "capacity", capacities(visit), typed.get("capacity")))
                (field(visit.say("署名者の氏名(本人以外のとき)", "Name of the signer, if another"), "text", "grantor", typed.get("grantor"), ""))
                (field(visit.say("署名者の生年月日", "Birth date of the signer"), "date", "grantor_born", typed.get("grantor_born"), ""))
                (field(visit.say("立場を確かめた書類", "Evidence of the capacity"), "text", "authority", typed.get("authority"), visit.say("例: 母子健康手帳、戸籍", "")))
            }
            fieldset {
                legend { (visit.say("誰に、何のために", "To whom, and what for")) }
                (choice(visit.say("提供先", "Recipient"), "grantee", grantees, typed.get("grantee")))
                div.checks { @for purpose in PURPOSES { (check("purpose", purpose.word(), &purpose_in_words(visit.language(), purpose), typed.chose("purpose", purpose.word()))) } }
            }
            fieldset {
                legend { (visit.say("何を(ふだんの項目)", "What: ordinary")) }
                div.checks { @for one in ORDINARY { (category(visit, one)) } }
            }
            fieldset {
                legend { (visit.say("何を(特に慎重な項目: 本人がひとつずつ選んだものだけ)", "What: only those that were named one by one")) }
                div.checks { @for one in MUST_BE_NAMED { (category(visit, one)) } }
            }
            fieldset {
                legend { (visit.say("期限と証拠", "Term and evidence")) }
                (field(visit.say("いつまで", "Until"), "date", "until", typed.get("until"), visit.say("24か月以内、または子の1歳・3歳の誕生日まで", "within 24 months")))
                (field(visit.say("様式の版", "Version of the form"), "text", "version", if typed.is_empty() { FORM.1 } else { typed.get("version") }, FORM.0))
                (field(visit.say("立会った職員のID", "Staff id of the witness"), "text", "witness", witness, ""))
                (area(visit.say("説明したこと", "What was explained"), "explained", typed.get("explained"), visit.say("提供先と、断っても支援が変わらないこと", "")))
            }
            button.main type="submit" { (visit.say("記録する", "Record")) }
        }))
    }
}

/// Stands for whoever is assigned.
const ASSIGNED: &str = "assigned";

fn category(visit: &Visit, one: Category) -> Markup {
    check("category", one.word(), plain(visit.language(), one), visit.form.chose("category", one.word()))
}

pub(super) fn check(name: &str, value: &str, label: &str, checked: bool) -> Markup {
    html! { label { input type="checkbox" name=(name) value=(value) checked[checked]; span { (label) } } }
}

/// What the form says, checked as far as a form can be.
fn terms(visit: &Visit) -> Result<ConsentTerms, Refusal> {
    let typed = &visit.form;
    let relationship = capacity(visit)?;
    let categories: CategorySet = typed.all("category").filter_map(|word| word.parse().ok()).collect();
    let purposes: Vec<Purpose> = typed.all("purpose").filter_map(|word| word.parse().ok()).collect();
    if categories.is_empty() || purposes.is_empty() {
        return Err(wanting(if categories.is_empty() { "category" } else { "purpose" }));
    }
    let grantee = match typed.get("grantee") {
        ASSIGNED => Grantee::Provider { service: "postnatal_care".to_owned() },
        id => Grantee::Agency(AgencyId::new(id).map_err(|_| wanting("grantee"))?),
    };
    let until: Day = typed.get("until").parse().map_err(|_| wanting("until"))?;
    let witness = Some(typed.get("witness").to_owned()).filter(|id| !id.is_empty());
    Ok(ConsentTerms {
        kind: ConsentKind::Permit,
        subject: subject(visit)?,
        grantor: visit.named("grantor", "grantor_born"),
        relationship,
        authority: typed.get("authority").to_owned(),
        grantee,
        categories: Scope::Named(categories),
        purposes,
        valid_from: visit.hub().now(),
        valid_until: Some(Time::end_of(until)),
        evidence: Proof {
            form: FORM.0.to_owned(),
            form_version: typed.get("version").to_owned(),
            language: "ja".to_owned(),
            scan_sha256: None,
            witness,
            channel: Channel::Paper,
        },
        explanation_given: typed.get("explained").to_owned(),
        lifts: None,
    })
}

/// The capacities to choose from.
pub(super) fn capacities(visit: &Visit) -> Vec<(&str, &str)> {
    CAPACITIES.iter().map(|(word, _, ja, en)| (*word, visit.say(ja, en))).collect()
}

/// The capacity that was chosen.
pub(super) fn capacity(visit: &Visit) -> Result<Relationship, Refusal> {
    let chosen = CAPACITIES.iter().find(|(word, ..)| *word == visit.form.get("capacity"));
    chosen.map(|(_, relationship, ..)| *relationship).ok_or_else(|| wanting("capacity"))
}

/// Whose record: the person of the address, else whom the form names.
fn subject(visit: &Visit) -> Result<Named, Refusal> {
    if !visit.handle.is_empty() {
        return Ok(Named { person: Some(visit.person()?), ..Named::default() });
    }
    whom::given(visit, "name", "born")
}

pub(super) fn wanting(place: &str) -> Refusal {
    Refusal::invalid(
        "M821",
        place,
        "入力が足りません。対象者の氏名と生年月日、項目、目的、期限を確かめてください。",
        "Something is wanting: look at name and birth date, categories, purposes and term.",
    )
}

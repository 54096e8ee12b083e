//! What every page has around it, and the small parts that pages are made of.

use super::Admission;
use super::routes::ROUTES;
use super::visit::Visit;
use super::words::Language;
use crate::hub::Refusal;
use axum::http::StatusCode;
use maud::{DOCTYPE, Markup, Render, html};
use musubi_adapters::markup::visible;
use musubi_core::adapter::{Diagnostic, Severity};

/// The field of every form that carries the token of the session.
pub(super) const TOKEN: &str = "token";

/// Without what the policy of the page forbids anyway: styles and code that a script writes. Refusals are pages as well.
const HTMX: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"historyCacheSize":0,"responseHandling":[{"code":".*","swap":true}]}"#;

/// A page: its heading, and what stands below.
pub(super) struct Page {
    pub(super) status: StatusCode,
    title: String,
    body: Markup,
}

impl Page {
    pub(super) fn new(title: impl Into<String>, body: Markup) -> Self {
        Page { status: StatusCode::OK, title: title.into(), body }
    }

    /// With another status than 200.
    pub(super) fn with(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

/// Text that people wrote: what a reader cannot see, or what turns the order of letters round, shows as a mark (S-17).
pub(super) struct Said<'a>(pub(super) &'a str);

impl Render for Said<'_> {
    fn render_to(&self, out: &mut String) {
        let text = visible(self.0);
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                out.push_str("<br>");
            }
            line.render_to(out);
        }
    }
}

/// The page as a browser gets it.
pub(super) fn whole(visit: &Visit, page: &Page) -> Markup {
    let language = visit.language();
    document(
        language,
        visit.window.admission,
        &page.title,
        html! {
            header.top {
                a.name href="/" { "結び" }
                div.who {
                    span {
                        (Said(&visit.caller.agency.name)) " "
                        b { (Said(&visit.caller.actor.staff_id)) } " (" (language.role(visit.caller.actor.role)) ")"
                    }
                    (button(visit, "/language", language.of("English", "日本語")))
                    (button(visit, "/sign-out", language.of("サインアウト", "Sign out")))
                }
                nav aria-label=(language.of("メニュー", "Menu")) { (menu(visit)) }
            }
            main id="main" tabindex="-1" { h1 { (page.title) } (page.body) }
        },
    )
}

/// A page with nothing of a session around it.
pub(super) fn document(language: Language, admission: Admission, title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · 結び" }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/style.css";
                meta name="htmx-config" content=(HTMX);
                script src="/htmx-2.0.11.js" defer {}
                script src="/window.js" defer {}
            }
            body {
                a.skip href="#main" { (language.of("本文へ", "To the content")) }
                @if admission == Admission::Samples {
                    p.development role="note" {
                        (language.of(
                            "開発用の画面です。誰でも入れます。実在の人の情報を入れないでください。",
                            "A development hub: anybody can sign in. Put nothing about living people in here.",
                        ))
                    }
                }
                (body)
            }
        }
    }
}

fn menu(visit: &Visit) -> Markup {
    let open = ROUTES.iter().filter(|route| route.need.met_by(&visit.caller).is_ok());
    let entries = open.filter_map(|route| Some((route.path, route.menu?)));
    html! {
        ul {
            @for (number, (path, (ja, en))) in entries.enumerate() {
                li { a href=(path) accesskey=[(number < 9).then(|| number + 1)] { (visit.say(ja, en)) } }
            }
        }
    }
}

/// A form with the token of the session.
pub(super) fn form(visit: &Visit, action: &str, inner: Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name=(TOKEN) value=(visit.session.token);
            (inner)
        }
    }
}

/// A form that carries a file.
pub(super) fn upload_form(visit: &Visit, action: &str, inner: Markup) -> Markup {
    html! {
        form method="post" action=(action) enctype="multipart/form-data" hx-post=(action) hx-encoding="multipart/form-data"
            hx-target="#main" hx-select="#main" hx-swap="outerHTML" {
            input type="hidden" name=(TOKEN) value=(visit.session.token);
            (inner)
        }
    }
}

/// A button that does one thing.
pub(super) fn button(visit: &Visit, action: &str, label: &str) -> Markup {
    form(visit, action, html! { button type="submit" { (label) } })
}

/// A field with its label, holding what was typed before.
pub(super) fn field(label: &str, kind: &str, name: &str, typed: &str, hint: &str) -> Markup {
    html! {
        label.field {
            span { (label) }
            input type=(kind) name=(name) value=(Said(typed)) autocomplete="off";
            @if !hint.is_empty() { small { (hint) } }
        }
    }
}

/// A field of several lines.
pub(super) fn area(label: &str, name: &str, typed: &str, hint: &str) -> Markup {
    html! {
        label.field {
            span { (label) }
            textarea name=(name) rows="3" { (visible(typed)) }
            @if !hint.is_empty() { small { (hint) } }
        }
    }
}

/// A choice among words.
pub(super) fn choice<'a>(
    label: &str,
    name: &str,
    options: impl IntoIterator<Item = (&'a str, &'a str)>,
    typed: &str,
) -> Markup {
    html! {
        label.field {
            span { (label) }
            select name=(name) {
                @for (value, word) in options { option value=(value) selected[value == typed] { (word) } }
            }
        }
    }
}

/// Field of an address that says which page of a list; the first is 1.
const PAGE: &str = "page";

/// The page of a list that is asked for, from 1.
pub(super) fn page_asked(visit: &Visit) -> usize {
    visit.form.get(PAGE).parse().unwrap_or(1_usize).max(1)
}

/// The way to the pages of a list beside this one.
pub(super) fn pages(visit: &Visit, list: &str, page: usize, all: usize) -> Markup {
    let and = if list.contains('?') { '&' } else { '?' };
    let to = |page: usize| format!("{list}{and}{PAGE}={page}");
    html! {
        @if all > 1 {
            nav.buttons aria-label=(visit.say("ページ", "Pages")) {
                @if page > 1 { a.button href=(to(page - 1)) { (visit.say("前のページ", "Previous page")) } }
                span { (page) " / " (all) }
                @if page < all { a.button href=(to(page.saturating_add(1))) { (visit.say("次のページ", "Next page")) } }
            }
        }
    }
}

/// Why something was not done: code, place, and how to mend it.
pub(super) fn refusal(visit: &Visit, refusal: &Refusal) -> Markup {
    html! { div.refusal role="alert" { (diagnostics(visit, &refusal.diagnostics)) } }
}

/// What was said of a file, a row or a form.
pub(super) fn diagnostics(visit: &Visit, said: &[Diagnostic]) -> Markup {
    let word = |severity| match severity {
        Severity::Information => visit.say("お知らせ", "note"),
        Severity::Warning => visit.say("注意", "warning"),
        Severity::Hold => visit.say("確認待ち", "held"),
        Severity::Error => visit.say("誤り", "error"),
    };
    html! {
        ul.said {
            @for one in said {
                li { b { (word(one.severity)) } " " (visit.text(&one.text)) " " small { (one.code) " " (Said(&one.place)) } }
            }
        }
    }
}

/// A moment, for people and for programs.
pub(super) fn moment(visit: &Visit, at: musubi_core::time::Time) -> Markup {
    html! { time datetime=(at.rfc3339()) { (visit.language().moment(at)) } }
}

/// A day, in both calendars where the page is Japanese.
pub(super) fn day_of(visit: &Visit, day: musubi_core::time::Day) -> String {
    visit.language().day(musubi_core::time::Time::start_of(day))
}

//! The notice as one A4 page: no script, nothing from elsewhere, large enough to read at two in the morning.

use super::shared;
use crate::family::{Family, Person, discharge, encounter};
use crate::markup::Markup;
use crate::wording::dates::japanese_time;
use crate::wording::{self, Row, person, rows};
use musubi_core::adapter::{Adapter, Direction, EncodeError, Profile, Text};
use musubi_core::release::Released;

/// The notice as a Japanese page for print (退院連絡票).
#[derive(Clone, Copy, Debug, Default)]
pub struct NoticeHtml;

impl Adapter for NoticeHtml {
    fn name(&self) -> &'static str {
        "notice-html"
    }

    fn title(&self) -> Text {
        Text::new("退院連絡票(A4・印刷用ページ)", "Discharge notice, an A4 page for print")
    }

    fn direction(&self) -> Direction {
        Direction::Out
    }

    fn encode(&self, released: &Released, _profile: &Profile) -> Result<Vec<u8>, EncodeError> {
        let family = Family::of(released);
        let people = Markup::all(family.people.iter().map(block));
        if people.is_empty() {
            return Err(EncodeError::NothingToSay);
        }
        Ok(page(released, &family, &people).into_string().into_bytes())
    }
}

const HEAD: &str = concat!(
    "<!DOCTYPE html>\n<html lang=\"ja\">\n<head>\n<meta charset=\"utf-8\"/>\n",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n",
    "<meta name=\"referrer\" content=\"no-referrer\"/>\n<meta name=\"robots\" content=\"noindex\"/>\n",
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n",
);
const STYLE: &str = concat!("\n<style>\n", include_str!("page.css"), "</style>\n</head>\n");

fn page(released: &Released, family: &Family<'_>, people: &Markup) -> Markup {
    let title = Markup::text(shared::title(family));
    let heading = Markup::element("h1", title.clone()).then(&sent(released));
    let body = Markup::element("header", heading)
        .then(&Markup::element("main", people.clone()))
        .then(&Markup::element("footer", foot(released)));
    Markup::own(HEAD)
        .then(&Markup::element("title", title))
        .then(&Markup::own(STYLE))
        .then(&Markup::element("body", body))
        .then(&Markup::own("\n</html>\n"))
}

/// From whom, to whom, when.
fn sent(released: &Released) -> Markup {
    pairs([
        ("提供元", shared::authors(released)),
        ("提供先", Some(released.recipient().to_string())),
        ("提供日時", Some(japanese_time(released.at()))),
        ("提供番号", Some(released.record().release_id.clone())),
    ])
}

/// The rule for passing on, the purpose and the basis.
fn foot(released: &Released) -> Markup {
    let notice = Markup::classed("p", "notice", Markup::text(&released.record().notice));
    notice.then(&pairs([("利用目的", Some(wording::purpose(released))), ("提供の根拠", wording::basis(released))]))
}

fn pairs<const N: usize>(pairs: [(&str, Option<String>); N]) -> Markup {
    let known = pairs.into_iter().filter_map(|(label, value)| Some((label, value.filter(|text| !text.is_empty())?)));
    let line = |(label, value): (&str, String)| {
        Markup::element("dt", Markup::text(label)).then(&Markup::element("dd", Markup::text(&value)))
    };
    Markup::element("dl", Markup::all(known.map(line)))
}

/// One person: the name in large letters, who it is, and what was released, entry by entry.
fn block(one: &Person<'_>) -> Markup {
    // A discharge says what its stay says: one box, so that a mother and her child fit on the page.
    let discharged = !one.bodies(discharge).is_empty();
    let said = one.entries.iter().filter_map(|entry| entry.body.as_ref());
    let said = said.filter(|body| !(discharged && encounter(body).is_some()));
    let entries = said.filter_map(rows);
    let sections =
        Markup::all(entries.map(|(heading, rows)| section(&format!("{}・{heading}", person::heading(one)), &rows)));
    let who = name(one).then(&table(&person::rows(one)));
    let who = if who.is_empty() { who } else { boxed(&person::heading(one), &who) };
    who.then(&sections)
}

fn name(one: &Person<'_>) -> Markup {
    let Some(name) = person::name(one) else { return Markup::default() };
    let kana = person::kana(one).map(|kana| Markup::classed("span", "kana", Markup::text(&kana))).unwrap_or_default();
    Markup::classed("p", "who", kana.then(&Markup::text(&name)))
}

fn section(heading: &str, rows: &[Row]) -> Markup {
    boxed(heading, &table(rows))
}

fn boxed(heading: &str, inner: &Markup) -> Markup {
    Markup::element("section", Markup::element("h2", Markup::text(heading)).then(inner))
}

fn table(rows: &[Row]) -> Markup {
    let line = |row: &Row| {
        let cells =
            Markup::element("th", Markup::text(&row.label)).then(&Markup::element("td", Markup::text(&row.value)));
        match (row.marked, is_long(&row.value)) {
            (true, _) => Markup::classed("tr", "act", cells),
            (false, true) => Markup::classed("tr", "long", cells),
            (false, false) => Markup::element("tr", cells),
        }
    };
    let lines = Markup::all(rows.iter().map(line));
    if lines.is_empty() { lines } else { Markup::element("table", Markup::element("tbody", lines)) }
}

/// Does a value need the whole width of the page? Half a page holds 31 half-width letters.
fn is_long(value: &str) -> bool {
    const HALF_PAGE: usize = 31;
    let width = |letter: char| if letter.is_ascii() { 1 } else { 2 };
    value.contains('\n') || value.chars().map(width).sum::<usize>() > HALF_PAGE
}

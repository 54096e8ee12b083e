//! Enrolling (登録): somebody whom two colleagues enrolled brings the two halves of the one-time code, takes a secret into an
//! authenticator, and chooses a password.

use super::sign_in::{Stranger, code_field, secret_field, told};
use crate::console::door::{ENROL, SIGN_IN};
use crate::console::layout::{Said, document};
use crate::console::visit::status_of;
use crate::console::words::Language;
use crate::console::{Admission, Window};
use crate::edge::https::nothing_here;
use crate::hub::Refusal;
use crate::hub::sign_in::OneTime;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use musubi_core::agency::AgencyId;
use musubi_core::sign_in::Secret;
use qrcode::{Color, QrCode};
use std::fmt::Write;

/// Blank squares around the picture (ISO/IEC 18004, quiet zone).
const MARGIN: usize = 4;

/// The first step: who, and the code.
pub(in crate::console) async fn show(State(window): State<Window>, request: Request) -> Response {
    if window.admission != Admission::Staff {
        return nothing_here().await.into_response();
    }
    page(&window, StatusCode::OK, None, first_step(&window, &Stranger::looking(&request)))
}

/// Takes either step.
pub(in crate::console) async fn enter(State(window): State<Window>, request: Request) -> Response {
    if window.admission != Admission::Staff {
        return nothing_here().await.into_response();
    }
    let stranger = match Stranger::read(request).await {
        Ok(stranger) => stranger,
        Err(answer) => return answer,
    };
    let Some(peer) = &stranger.peer else { return StatusCode::FORBIDDEN.into_response() };
    let form = &stranger.form;
    let halves = [form.get("one"), form.get("other")];
    let one_time = OneTime { agency: peer.agency(), staff_id: form.get("staff"), halves, from: &stranger.from };
    let first = form.all("password").next().is_none();
    let done = if first { Ok(()) } else { choose(&window, &stranger, &one_time).await };
    if let (false, Ok(())) = (first, &done) {
        return page(&window, StatusCode::OK, None, enrolled());
    }
    // The secret again, whatever was not right about the second step.
    match window.hub.invitation(&one_time).await {
        Ok(secret) => {
            let said = done.err();
            let status = said.as_ref().map_or(StatusCode::OK, status_of);
            page(&window, status, said.as_ref(), second_step(&stranger, peer.agency(), &secret))
        }
        Err(refusal) => page(&window, status_of(&refusal), Some(&refusal), first_step(&window, &stranger)),
    }
}

async fn choose(window: &Window, stranger: &Stranger, one_time: &OneTime<'_>) -> Result<(), Refusal> {
    let form = &stranger.form;
    let mut typed = form.all("password");
    let (password, again) = (typed.next().unwrap_or_default(), typed.next().unwrap_or_default());
    if password != again {
        return Err(Refusal::invalid(
            "M839",
            "password",
            "2回入れたパスワードが違います。もう一度入れてください。",
            "The two passwords differ. Type both again.",
        ));
    }
    window.hub.enrol_person(one_time, password, form.get("code")).await
}

fn page(window: &Window, status: StatusCode, said: Option<&Refusal>, step: Markup) -> Response {
    let body = html! {
        main.gate id="main" {
            h1 { "結び" span.reading { "はじめての登録 · Enrolment" } }
            (told(said))
            (step)
        }
    };
    (status, Html(document(Language::Japanese, window.admission, "はじめての登録", body).into_string())).into_response()
}

fn first_step(window: &Window, stranger: &Stranger) -> Markup {
    html! {
        @if let Some(agency) = stranger.agency(window) { p { b { (Said(&agency.name)) } } }
        p {
            "職員2人から受け取った登録用コードを、半分ずつ入れてください。 "
            span lang="en" { "Type the two halves of the one-time code that two colleagues gave you." }
        }
        form.panel method="post" action=(ENROL) {
            (secret_field("職員ID", "Staff id", "text", "staff", "username", stranger.form.get("staff")))
            (secret_field("登録用コード(1人目から)", "Half of the first", "text", "one", "off", ""))
            (secret_field("登録用コード(2人目から)", "Half of the second", "text", "other", "off", ""))
            button.main type="submit" { "次へ " span lang="en" { "Next" } }
        }
    }
}

fn second_step(stranger: &Stranger, agency: &AgencyId, secret: &Secret) -> Markup {
    let (form, text) = (&stranger.form, secret.base32());
    let groups: Vec<String> =
        text.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
    html! {
        form.panel method="post" action=(ENROL) {
            @for name in ["staff", "one", "other"] { input type="hidden" name=(name) value=(form.get(name)); }
            h2 { "1. 認証アプリ " small lang="en" { "Authenticator" } }
            p {
                "認証アプリでこの図を読み取るか、下の文字を入れてください。 "
                span lang="en" { "Scan this picture with an authenticator, or type the letters below." }
            }
            (picture(&address(agency, form.get("staff"), &text)))
            p { code { (groups.join(" ")) } }
            (code_field())
            h2 { "2. パスワード " small lang="en" { "Password" } }
            p.hint {
                "12文字以上。短い文がおすすめです。氏名や職員IDは含めないでください。 "
                span lang="en" { "12 characters or more; a short sentence is best. Not your name or staff id." }
            }
            (secret_field("パスワード", "Password", "password", "password", "new-password", ""))
            (secret_field("パスワード(もう一度)", "The same again", "password", "password", "new-password", ""))
            button.main type="submit" { "登録する " span lang="en" { "Enrol" } }
        }
    }
}

fn enrolled() -> Markup {
    html! {
        p.done role="status" {
            "登録しました。次に表示される確認コードでサインインしてください。 "
            span lang="en" { "You are enrolled. Sign in with the next code that the authenticator shows." }
        }
        p { a.button.main href=(SIGN_IN) { "サインインへ " span lang="en" { "Sign in" } } }
    }
}

/// What an authenticator reads from the picture.
fn address(agency: &AgencyId, staff_id: &str, secret: &str) -> String {
    let name: String = form_urlencoded::byte_serialize(format!("{agency} {staff_id}").as_bytes()).collect();
    let name = name.replace('+', "%20");
    format!("otpauth://totp/Musubi:{name}?secret={secret}&issuer=Musubi")
}

/// A QR code, drawn in the page itself: the secret goes nowhere else.
fn picture(text: &str) -> Markup {
    let Ok(code) = QrCode::new(text.as_bytes()) else { return Markup::default() };
    let width = code.width();
    let mut path = String::new();
    for (at, colour) in code.into_colors().into_iter().enumerate() {
        if colour == Color::Dark {
            write!(path, "M{} {}h1v1h-1z", at % width + MARGIN, at / width + MARGIN).ok();
        }
    }
    let side = width + 2 * MARGIN;
    html! {
        svg.qr viewBox=(format!("0 0 {side} {side}")) role="img" aria-label="認証アプリで読み取る図 / QR code for an authenticator" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_staff_id_of_any_letters_stands_in_the_address_of_an_authenticator() {
        let agency = AgencyId::new("OSC-482072").unwrap();
        assert_eq!(
            address(&agency, "大場&secret=x", "ABC"),
            "otpauth://totp/Musubi:OSC-482072%20%E5%A4%A7%E5%A0%B4%26secret%3Dx?secret=ABC&issuer=Musubi"
        );
    }

    #[test]
    fn the_picture_has_its_corners_and_a_quiet_zone() {
        let drawn =
            picture("otpauth://totp/Musubi:OSC-482072%20ooba?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Musubi");
        let drawn = drawn.into_string();
        assert!(drawn.contains("d=\"M4 4h1v1h-1zM5 4h1v1h-1z") && !drawn.contains("M3 "), "{drawn}");
    }
}

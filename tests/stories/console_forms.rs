//! The window, for every form of every page: what people write is only ever text, and is kept when something is wrong; and what the
//! program itself says is in the language of the reader.

use crate::browser::{Browser, Seen};
use crate::city::City;
use crate::console_work::with_visits;
use musubi::console::{Method, ROUTES};
use musubi::sample_city as sample;
use musubi_core::wire::agency_side::Draft;

/// Those who between them see every page.
const EVERYBODY: [(&str, &str); 5] = [
    (sample::CENTER, "ooba"),
    (sample::CENTER, "fukatsu"),
    (sample::CENTER, "hayakawa"),
    (sample::GUIDANCE_CENTER, "w-0412"),
    (sample::PROVIDER, "nogami"),
];
/// Forms that end the visit, or change the language of the page.
const LEAVING: [&str; 2] = ["/sign-out", "/language"];

/// Names and notes as nobody is called, and as somebody will be one day.
const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "=cmd|'/c calc'!A1",
    "|^~\\&",
    "湊\u{202e}反転\u{200b}",
    "𠮷野\u{0}葛城",
    "ｱｶﾘ' OR '1'='1",
];

/// A form of a page.
struct Form {
    action: String,
    /// Fields that somebody types into.
    typed: Vec<String>,
    /// What else it carries, as it stands.
    carried: Vec<(String, String)>,
}

impl Seen {
    /// The forms of the page without a file.
    fn forms(&self) -> Vec<Form> {
        let parts = self.body.split("<form ").skip(1).map(|rest| rest.split("</form>").next().unwrap());
        let parts = parts.filter(|form| form.starts_with("method=\"post\"") && !form.contains("enctype="));
        let forms = parts.map(|form| {
            let (mut typed, mut carried) = (Vec::new(), Vec::new());
            for tag in form.split('<').skip(1) {
                let kind = attribute(tag, "type").unwrap_or_default();
                let Some(name) = attribute(tag, "name").filter(|name| name != "token") else { continue };
                match tag.split([' ', '>']).next().unwrap() {
                    "textarea" => typed.push(name),
                    "input" if matches!(kind.as_str(), "" | "text") => typed.push(name),
                    "input" if kind == "hidden" => carried.push((name, attribute(tag, "value").unwrap_or_default())),
                    _ => {}
                }
            }
            Form { action: attribute(form, "action").unwrap(), typed, carried }
        });
        forms.filter(|form| !LEAVING.contains(&form.action.as_str())).collect()
    }

    /// Addresses of the page behind which there is a page about somebody or something.
    fn onward(&self) -> Vec<String> {
        let links = self.body.split("href=\"/").skip(1).map(|rest| format!("/{}", rest.split('"').next().unwrap()));
        let pages = ROUTES.iter().filter(|route| route.method == Method::Get && route.path.ends_with("/{handle}"));
        let starts: Vec<String> = pages.map(|route| route.path.replace("{handle}", "")).collect();
        let mut found: Vec<String> = Vec::new();
        for link in links {
            let start = starts.iter().find(|start| link.starts_with(start.as_str()));
            if start.is_some_and(|start| !found.iter().any(|known| known.starts_with(start.as_str()))) {
                found.push(link.replace("&amp;", "&"));
            }
        }
        found
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split('>').next()?.split_once(&format!("{name}=\""))?.1;
    Some(rest.split('"').next()?.to_owned())
}

impl Browser {
    /// Every page that this person reaches: those of the menu, and one of each kind behind them.
    async fn every_page(&mut self) -> Vec<Seen> {
        let mut pages = Vec::new();
        let mut waiting: Vec<String> = ROUTES
            .iter()
            .filter(|r| r.method == Method::Get && !r.path.contains('{'))
            .map(|r| r.path.to_owned())
            .collect();
        let mut seen: Vec<String> = Vec::new();
        while let Some(path) = waiting.pop() {
            let page = self.get(&path).await;
            if page.status != 200 || !page.header("content-type").starts_with("text/html") {
                continue;
            }
            for next in page.onward() {
                let kind = next.split('/').nth(1).unwrap().to_owned();
                if !seen.contains(&kind) {
                    seen.push(kind);
                    waiting.push(next);
                }
            }
            pages.push(page);
        }
        pages
    }
}

/// A city with a permit, a request that waits, a referral and a break-glass.
async fn in_full_swing() -> City {
    let city = with_visits().await;
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let roster = nurse.get("/roster").await;
    let family = nurse.get(roster.link_of("/family/", "灯")).await;
    let form = nurse.get(family.link("/refer/")).await;
    let terms = [("to", sample::PROVIDER), ("kind", "support"), ("reason", "育児の手伝い"), ("reply_by", "2026-11-20")];
    assert_eq!(nurse.submit(&form, form.link("/refer/"), &terms).await.status, 303);
    let mut caseworker = city.signed_in(sample::GUIDANCE_CENTER, "w-0412").await;
    let page = caseworker.get("/question").await;
    let sent = caseworker.submit(&page, "/request", &crate::console_work::request()).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    city
}

#[tokio::test]
async fn s17_hostile_text_in_any_field_of_any_form_comes_back_as_text() {
    let city = in_full_swing().await;
    for (agency, staff) in EVERYBODY {
        let mut browser = city.signed_in(agency, staff).await;
        for page in browser.every_page().await {
            for form in page.forms() {
                for hostile in HOSTILE {
                    let carried = form.carried.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                    let typed = form.typed.iter().map(|name| (name.as_str(), hostile));
                    let fields: Vec<(&str, &str)> = carried.chain(typed).chain([("proof", "sample")]).collect();
                    let answer = browser.submit(&page, &form.action, &fields).await;
                    let answer = if answer.status == 303 { browser.follow(answer).await } else { answer };
                    for raw in ["<script>alert", "<img", "\u{202e}", "\u{200b}", "\u{0}"] {
                        assert!(!answer.says(raw), "{} {hostile:?}: {}", form.action, answer.body);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_form_that_is_refused_keeps_what_was_typed() {
    let (city, mut refused, mut lost) = (in_full_swing().await, Vec::new(), Vec::new());
    for (agency, staff) in EVERYBODY {
        let mut browser = city.signed_in(agency, staff).await;
        for page in browser.every_page().await {
            for form in page.forms().into_iter().filter(|form| !form.typed.is_empty()) {
                let words: Vec<String> = form.typed.iter().map(|name| format!("打った{name}")).collect();
                let typed = form.typed.iter().map(String::as_str).zip(words.iter().map(String::as_str));
                let carried = form.carried.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let fields: Vec<(&str, &str)> = carried.chain(typed).chain([("proof", "sample")]).collect();
                let answer = browser.submit(&page, &form.action, &fields).await;
                if matches!(answer.status, 200 | 303) {
                    continue;
                }
                let name = form.action.split('/').nth(1).unwrap().to_owned();
                lost.extend(words.iter().filter(|word| !answer.says(word)).map(|word| format!("{name} {word}")));
                refused.push(name);
            }
        }
    }
    lost.dedup();
    assert!(lost.is_empty(), "{lost:#?}");
    for form in ["consent", "custody", "emergency", "objection", "refer", "referral", "request", "statement"] {
        assert!(refused.iter().any(|known| known == form), "{form} was not refused: {refused:?}");
    }
}

/// What people wrote, and names: these stay as they are in whatever language.
const WRITTEN: [&str; 20] = [
    "髙柳",
    "灯",
    "沙耶",
    "タカヤナギ",
    "ﾀｶﾔﾅｷﾞ",
    "アカリ",
    "ｱｶﾘ",
    "槙野",
    "凜",
    "マキノ",
    "リン",
    "榎本",
    "湊",
    "エノモト",
    "ミナト",
    "朝凪県汐音市浜通2丁目7-1",
    "所長",
    "汐児8-204",
    "泣き声の通報があり、乳児の安全を確かめるため",
    "育児の手伝い",
];
/// How places in a table begin: its columns are called as in the file.
const PLACE: &str = "row ";

#[tokio::test]
async fn what_the_program_says_is_said_in_english_on_every_page() {
    let (city, mut japanese) = (in_full_swing().await, Vec::new());
    for (agency, staff) in EVERYBODY {
        let mut browser = city.signed_in(agency, staff).await;
        let page = browser.get("/find").await;
        let page = if page.status == 200 { page } else { browser.get("/statement").await };
        browser.submit(&page, "/language", &[]).await;
        for page in browser.every_page().await {
            let mut text = words_of(&page.body);
            for agency in sample::agencies() {
                text = text.replace(&agency.name, "");
            }
            for word in WRITTEN {
                text = text.replace(word, "");
            }
            let title = page.body.split("<title>").nth(1).unwrap().split('<').next().unwrap();
            let of_it = text.lines().filter(|line| line.contains(is_japanese) && !line.starts_with(PLACE));
            japanese.extend(of_it.map(|line| format!("{title}: {line}")));
        }
    }
    japanese.sort();
    japanese.dedup();
    assert!(japanese.is_empty(), "{japanese:#?}");
}

fn is_japanese(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')
}

/// The words that a reader sees, a line for each piece; without what is Japanese on purpose.
fn words_of(body: &str) -> String {
    let mut body = body.split("<main").nth(1).unwrap().to_owned();
    while let Some(at) = body.find("lang=\"ja\"") {
        let end = body[at..].find("</article>").map_or(body.len(), |end| at + end);
        body.replace_range(at..end, "");
    }
    body.split('<')
        .filter_map(|piece| piece.split_once('>'))
        .map(|(_, text)| text.trim())
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn s17_hostile_names_in_the_record_are_only_ever_text() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    for (number, hostile) in HOSTILE.iter().enumerate() {
        let subjects =
            serde_json::json!([{"role": "CHILD", "issuer": sample::CENTER, "identifier": number.to_string()}]);
        let names = serde_json::json!([{"text": hostile, "representation": "IDEOGRAPHIC"}]);
        let birth = serde_json::json!({"year": 2026, "month": 11, "day": 1});
        let entries = serde_json::json!([
            {"sourceKey": "p", "subjects": subjects, "personDetails": {"names": names, "birthDate": birth}},
            {"sourceKey": "n", "subjects": subjects, "newborn": {"presentLocation": hostile, "bornAt": {"date": birth}}},
        ]);
        let submission = serde_json::json!({"format": "grpc", "messageId": number.to_string(), "entries": entries});
        let draft = Draft::from_json(&submission.to_string()).unwrap();
        // A name that cannot be one (NUL) may be refused; what is taken must come out as text.
        drop(city.agency(sample::CENTER).intake().submit(draft).await);
    }
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let roster = nurse.get("/roster").await;
    assert!(roster.says("&lt;script&gt;alert(1)"), "{}", roster.body);
    let family = nurse.get(roster.link_of("/family/", "&lt;script&gt;")).await;
    assert!(family.says("&lt;script&gt;alert(1)"), "{}", family.body);
    for page in [roster, family, nurse.get("/today").await] {
        for raw in ["<script>alert", "<img", "\u{202e}", "\u{200b}", "\u{0}"] {
            assert!(!page.says(raw), "{raw:?}: {}", page.body);
        }
    }
}

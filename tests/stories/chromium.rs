//! A real browser without a screen. Chromium reads and writes the DevTools protocol on descriptors 3 and 4 when it is asked to:
//! one JSON message after another with a zero byte between, and neither a port nor a library is needed. Where none is
//! installed, what needs it is skipped, and says so.

mod pipe;

use crate::city::City;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pipe::Pipe;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Set where a browser must be there: then its absence is a failure.
const REQUIRED: &str = "MUSUBI_REQUIRE_CHROMIUM";
/// Set to write the screenshots of `docs/screenshots` anew.
const WRITE: &str = "MUSUBI_WRITE_SNAPSHOTS";
/// Where Chromium is, if not in the path.
const BINARY: &str = "MUSUBI_CHROMIUM";
/// How long a page may take on a busy machine, and how often it is looked at.
const WAIT_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often the tabulator is pressed on one page: a date has a stop for each of its parts.
const TABS_MAX: u32 = 500;
/// What looks at a page and works on it.
const HANDS: &str = include_str!("chromium/hands.js");
/// What checks that everybody can use a page.
const CHECKS: &str = include_str!("chromium/checks.js");

/// A screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    width: u32,
    height: u32,
    scale: f64,
    touch: bool,
}

/// 1366 × 768 at 125 %.
pub(crate) const OFFICE: Screen = Screen { width: 1092, height: 614, scale: 1.25, touch: false };
/// A telephone.
pub(crate) const TELEPHONE: Screen = Screen { width: 390, height: 844, scale: 2.0, touch: true };

/// The browser, at the console of one city.
pub(crate) struct Chromium {
    pipe: Arc<Pipe>,
    console: String,
}

/// The browser of one person, with cookies of its own.
pub(crate) struct Pane {
    pipe: Arc<Pipe>,
    session: String,
    console: String,
}

impl City {
    /// A browser that trusts the certificate of this city's hub and no other that it does not know.
    pub(crate) async fn chromium(&self) -> Option<Chromium> {
        let Some(binary) = binary() else {
            let why = format!("no Chromium: install Debian's `chromium` or set {BINARY}");
            assert!(std::env::var_os(REQUIRED).is_none(), "{why}");
            writeln!(std::io::stderr(), "SKIPPED: {why}").ok();
            return None;
        };
        let pipe = Arc::new(Pipe::open(&binary, &key_hash(&self.config.tls.certificate)));
        let console = format!("https://{}", self.running.addresses.console.expect("a console"));
        Some(Chromium { pipe, console })
    }
}

/// SHA-256 of the public key of a certificate.
fn key_hash(file: &Path) -> String {
    let certificate = CertificateDer::from_pem_file(file).unwrap();
    let (_, read) = x509_parser::parse_x509_certificate(&certificate).unwrap();
    STANDARD.encode(Sha256::digest(read.public_key().raw))
}

fn binary() -> Option<PathBuf> {
    let named = std::env::var_os(BINARY).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join("chromium"));
    named.into_iter().chain(in_path).find(|file| file.is_file())
}

impl Chromium {
    /// A browser in which nobody has signed in.
    pub(crate) async fn pane(&self, screen: Screen) -> Pane {
        let context = self.pipe.ask("", "Target.createBrowserContext", json!({})).await;
        let blank = json!({"url": "about:blank", "browserContextId": context["browserContextId"]});
        let target = self.pipe.ask("", "Target.createTarget", blank).await;
        let attached = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.pipe.ask("", "Target.attachToTarget", attached).await;
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let pane = Pane { pipe: Arc::clone(&self.pipe), session, console: self.console.clone() };
        pane.ask("Page.enable", json!({})).await;
        for source in [HANDS, CHECKS] {
            pane.ask("Page.addScriptToEvaluateOnNewDocument", json!({"source": source})).await;
        }
        pane.on(screen).await;
        pane
    }

    /// A browser in which a sample person has signed in by a click.
    pub(crate) async fn signed_in(&self, screen: Screen, staff: &str) -> Pane {
        let pane = self.pane(screen).await;
        pane.open("/sign-in").await;
        pane.press(staff).await;
        pane
    }
}

impl Pane {
    async fn ask(&self, method: &str, parameters: Value) -> Value {
        self.pipe.ask(&self.session, method, parameters).await
    }

    /// On another screen.
    pub(crate) async fn on(&self, screen: Screen) {
        let Screen { width, height, scale, touch } = screen;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": touch});
        self.ask("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// What an expression comes to on the page; null while there is none.
    async fn evaluate(&self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.pipe.try_ask(&self.session, "Runtime.evaluate", asked).await.unwrap_or_default();
        if let Some(thrown) = answer.get("exceptionDetails") {
            panic!("{expression}: {thrown}");
        }
        answer["result"]["value"].clone()
    }

    /// Calls one of the hands; waits until it finds what it is to work on.
    async fn hand(&self, name: &str, arguments: Value) -> Value {
        let call = format!("window.hands ? hands.{name}(...{arguments}) : null");
        let begun = Instant::now();
        loop {
            let found = self.evaluate(&call).await;
            if !found.is_null() {
                return found;
            }
            if begun.elapsed() > WAIT_MAX {
                panic!("{name}{arguments} finds nothing on:\n{}", self.text().await);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Opens an address of the console.
    pub(crate) async fn open(&self, path: &str) {
        self.hand_over(self.ask("Page.navigate", json!({"url": format!("{}{path}", self.console)}))).await;
    }

    /// Does something after which another page, or another main part of it, must be there.
    async fn hand_over(&self, act: impl Future<Output = Value>) {
        self.evaluate("window.hands && hands.mark()").await;
        act.await;
        self.hand("arrived", json!([])).await;
    }

    /// Presses the button, or follows the link, of these words with a click of the mouse; waits for the page after it.
    pub(crate) async fn press(&self, words: &str) {
        self.hand_over(self.click(words, "")).await;
    }

    /// The same inside the part of the page that says something.
    pub(crate) async fn press_where(&self, words: &str, part: &str) {
        self.hand_over(self.click(words, part)).await;
    }

    /// Opens or closes what stays on the page.
    pub(crate) async fn toggle(&self, words: &str) {
        self.click(words, "").await;
    }

    async fn click(&self, words: &str, part: &str) -> Value {
        let place = self.hand("place", json!([words, part])).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1});
            self.ask("Input.dispatchMouseEvent", event).await;
        }
        Value::Null
    }

    /// Types into the field of this label, in place of what stands there.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let kind = self.hand("focus", json!([label])).await;
        if kind == "text" {
            self.ask("Input.insertText", json!({"text": text})).await;
        } else {
            self.hand("choose", json!([label, text])).await;
        }
    }

    /// Ticks the boxes of these labels.
    pub(crate) async fn tick(&self, labels: &[&str]) {
        for label in labels {
            self.hand("tick", json!([label])).await;
        }
    }

    /// Chooses a file of the disk.
    pub(crate) async fn choose_file(&self, label: &str, file: &Path) {
        let asked = json!({"expression": format!("hands.field({})", json!(label))});
        let found = self.ask("Runtime.evaluate", asked).await;
        let files = json!({"files": [file], "objectId": found["result"]["objectId"]});
        self.ask("DOM.setFileInputFiles", files).await;
    }

    /// Drags a file onto the edge of the field of this label, and lets it go.
    pub(crate) async fn drop_file(&self, label: &str, file: &Path) {
        let edge = self.hand("edge", json!([label])).await;
        let data = json!({"items": [], "files": [file], "dragOperationsMask": 1});
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({"type": kind, "x": edge["x"], "y": edge["y"], "data": data});
            self.ask("Input.dispatchDragEvent", event).await;
        }
    }

    /// What a reader sees.
    pub(crate) async fn text(&self) -> String {
        self.evaluate("document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page says something.
    pub(crate) async fn sees(&self, words: &str) {
        self.hand("says", json!([words])).await;
    }

    /// The page says all of this, and none of that.
    pub(crate) async fn says(&self, words: &[&str], never: &[&str]) {
        let text = self.text().await;
        for word in words {
            assert!(text.contains(word), "{word} is missing:\n{text}");
        }
        for word in never {
            assert!(!text.contains(word), "{word} came out:\n{text}");
        }
    }

    /// How far the bar of an upload was seen to move since [`watch_the_bar`](Self::watch_the_bar), in percent.
    pub(crate) async fn bar_moved(&self) -> f64 {
        self.evaluate("hands.bar_moved()").await.as_f64().unwrap()
    }

    /// Looks at the bar of an upload from now on.
    pub(crate) async fn watch_the_bar(&self) {
        self.hand("watch_the_bar", json!([])).await;
    }

    /// The file at an address, fetched by the page as a click on its link would.
    pub(crate) async fn fetch(&self, path: &str) -> Vec<u8> {
        let fetched = self.evaluate(&format!("hands.fetched({})", json!(path))).await;
        STANDARD.decode(fetched.as_str().unwrap()).unwrap()
    }

    /// Everybody can use this page: labels, words for pictures, contrast, headings, no scrolling sideways on either screen, and
    /// each action reached with the tabulator.
    pub(crate) async fn is_for_everybody(&self) {
        for screen in [OFFICE, TELEPHONE] {
            self.on(screen).await;
            let faults = self.hand("faults", json!([])).await;
            assert_eq!(faults, json!([]), "{screen:?}:\n{}", self.text().await);
        }
        self.on(OFFICE).await;
        self.evaluate("hands.to_the_top()").await;
        for _ in 0..TABS_MAX {
            for kind in ["rawKeyDown", "keyUp"] {
                let key = json!({"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9});
                self.ask("Input.dispatchKeyEvent", key).await;
            }
            if self.evaluate("hands.reach()").await == json!(0) {
                return;
            }
        }
        let missed = self.evaluate("hands.missed()").await;
        assert_eq!(missed, json!([]), "not reached with the tabulator on:\n{}", self.text().await);
    }

    /// Writes what is to be seen as `docs/screenshots/NAME.webp`, where that was asked for.
    pub(crate) async fn shot(&self, name: &str, screen: Screen, height: u32) {
        if std::env::var_os(WRITE).is_none() {
            return;
        }
        self.on(Screen { height, ..screen }).await;
        self.evaluate("window.scrollTo(0, 0), document.activeElement?.blur()").await;
        let shot = self.ask("Page.captureScreenshot", json!({"format": "webp", "quality": 70})).await;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/screenshots/{name}.webp"));
        std::fs::write(file, STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()).unwrap();
        self.on(OFFICE).await;
    }
}

//! The pipe to a Chromium, and its process.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The shell moves our ends of the pipes to where Chromium looks for them.
const BEGIN: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--lang=ja",
    "--remote-debugging-pipe",
];

type Waiting = Arc<Mutex<BTreeMap<u64, oneshot::Sender<Value>>>>;

/// One Chromium. It ends when the pipe closes: with this process, however that ends.
pub(super) struct Pipe {
    child: Child,
    input: Mutex<(u64, ChildStdin)>,
    waiting: Waiting,
    /// Its profile, which goes with it.
    _profile: TempDir,
}

impl Pipe {
    /// Starts one that trusts the certificate with this key.
    pub(super) fn open(binary: &Path, key_hash: &str) -> Self {
        let profile = tempfile::Builder::new().prefix("musubi-chromium-").tempdir().unwrap();
        let mut child = Command::new("/bin/sh")
            .args(["-c", BEGIN])
            .arg(binary)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("--ignore-certificate-errors-spki-list={key_hash}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = Mutex::new((0, child.stdin.take().unwrap()));
        let waiting = Waiting::default();
        let (mut output, answered) = (BufReader::new(child.stdout.take().unwrap()), Arc::clone(&waiting));
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                let answer: Value =
                    serde_json::from_slice(message.strip_suffix(&[0]).unwrap_or(&message)).unwrap_or_default();
                let asked = answer["id"].as_u64().and_then(|id| answered.lock().unwrap().remove(&id));
                if let Some(asked) = asked {
                    asked.send(answer).ok();
                }
                message.clear();
            }
            // Nobody waits for what will not come.
            answered.lock().unwrap().clear();
        });
        Pipe { child, input, waiting, _profile: profile }
    }

    /// Sends a command, and waits for its answer; what went wrong as text.
    pub(super) async fn try_ask(&self, session: &str, method: &str, parameters: Value) -> Result<Value, String> {
        let (answer, asked) = oneshot::channel();
        {
            let mut input = self.input.lock().unwrap();
            input.0 += 1;
            let mut command = json!({"id": input.0, "method": method, "params": parameters});
            if !session.is_empty() {
                command["sessionId"] = json!(session);
            }
            self.waiting.lock().unwrap().insert(input.0, answer);
            input.1.write_all(format!("{command}\0").as_bytes()).map_err(|error| error.to_string())?;
        }
        let mut answer = asked.await.map_err(|_| format!("{method}: Chromium has ended"))?;
        match answer.get("error") {
            Some(error) => Err(format!("{method}: {error}")),
            None => Ok(answer["result"].take()),
        }
    }

    /// The same where nothing may go wrong.
    pub(super) async fn ask(&self, session: &str, method: &str, parameters: Value) -> Value {
        self.try_ask(session, method, parameters).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

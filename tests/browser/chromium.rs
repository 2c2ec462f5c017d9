//! Headless Chromium, driven over its DevTools protocol through two pipes (`--remote-debugging-pipe`: descriptors 3 and
//! 4, messages end with a zero byte). Owns the browser and its profile; both go with the value.

use crate::support::wait::LONG;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use tempfile::TempDir;

/// Without the last ones it asks hosts of its maker for updates.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--window-size=1300,760",
    "--no-first-run",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A page in a browser of its own.
pub(crate) struct Page {
    browser: Child,
    profile: TempDir,
    commands: File,
    answers: Receiver<Value>,
    session: Option<String>,
    last: u64,
    /// Errors and warnings of the page, and what its policy refused.
    pub(crate) complaints: Vec<String>,
}

impl Drop for Page {
    fn drop(&mut self) {
        drop(self.browser.kill());
        drop(self.browser.wait());
    }
}

fn pipe(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    path
}

impl Page {
    /// Opens a file, with a fragment such as `#q=web`.
    pub(crate) fn open(path: &Path, fragment: &str) -> Self {
        let profile = tempfile::Builder::new().prefix("phpeek-pm-browser-").tempdir().expect("a folder");
        let (to, from) = (pipe(profile.path(), "to"), pipe(profile.path(), "from"));
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
        let browser = Command::new("/bin/sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<\"$TO\" 4>\"$FROM\"", &program])
            .args(FLAGS)
            .arg("--remote-debugging-pipe")
            .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
            .env("TO", &to)
            .env("FROM", &from)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let commands = OpenOptions::new().write(true).open(&to).expect("the pipe to the browser");
        let mut reader = BufReader::new(File::open(&from).expect("the pipe from the browser"));
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while reader.read_until(0, &mut message).is_ok_and(|n| n > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice::<Value>(&message) else { return };
                if sender.send(value).is_err() {
                    return;
                }
                message.clear();
            }
        });
        let mut page =
            Self { browser, profile, commands, answers, session: None, last: 0, complaints: Vec::new() };
        page.attach();
        let address = format!("file://{}{fragment}", path.display());
        page.call("Page.navigate", json!({"url": address}));
        page.until(
            "the page is loaded",
            "document.readyState === 'complete' && location.protocol === 'file:'",
        );
        page
    }

    fn attach(&mut self) {
        let target = self.call("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let answer = self.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        self.session = answer["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.call(domain, json!({}));
        }
    }

    /// Calls a method of the protocol.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let missing = "Chromium is needed: apt-get install chromium, or its path in CHROMIUM";
        self.commands.write_all(&bytes).expect(missing);
        loop {
            let answer =
                self.answers.recv_timeout(LONG).unwrap_or_else(|e| panic!("{method}: {e}; {missing}"));
            if answer["id"] == self.last {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            let wanted = ["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"];
            if answer["method"].as_str().is_some_and(|m| wanted.contains(&m)) {
                self.complaints.push(answer["params"].to_string());
            }
        }
    }

    /// What an expression is in the page.
    pub(crate) fn ask(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&mut self, what: &str, expression: &str) {
        let began = std::time::Instant::now();
        // Each look takes a frame: nothing sleeps here.
        while self.ask(&format!("new Promise(r => requestAnimationFrame(() => r(Boolean({expression}))))"))
            != true
        {
            assert!(began.elapsed() < LONG, "not seen: {what}");
        }
    }

    /// Presses a key as a person does.
    pub(crate) fn key(&mut self, key: &str) {
        let mut down = json!({"type": "keyDown", "key": key});
        if key.len() == 1 {
            down["text"] = key.into();
        }
        self.call("Input.dispatchKeyEvent", down);
        self.call("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key}));
    }

    /// Types into what has the focus.
    pub(crate) fn text(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Something that the mouse does at a place.
    pub(crate) fn mouse(&mut self, kind: &str, (x, y): (f64, f64), more: Value) {
        let mut event = json!({"type": kind, "x": x, "y": y});
        if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        self.call("Input.dispatchMouseEvent", event);
    }

    /// Presses the left button and lets it go.
    pub(crate) fn click(&mut self, at: (f64, f64)) {
        let left = json!({"button": "left", "clickCount": 1});
        self.mouse("mousePressed", at, left.clone());
        self.mouse("mouseReleased", at, left);
    }

    /// The middle of an element.
    pub(crate) fn middle(&mut self, selector: &str) -> (f64, f64) {
        let found = self.ask(&format!(
            "(() => {{ const b = document.querySelector({selector:?}).getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; }})()"
        ));
        (found[0].as_f64().expect("a number"), found[1].as_f64().expect("a number"))
    }

    /// As if the window were so large.
    pub(crate) fn size(&mut self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// As if the system were set to `light` or `dark`.
    pub(crate) fn scheme(&mut self, name: &str) {
        let feature = json!([{"name": "prefers-color-scheme", "value": name}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": feature}));
    }

    /// Keeps a picture of the page in the target folder, to be looked at.
    pub(crate) fn shot(&mut self, name: &str) {
        let taken = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let png = base64(taken["data"].as_str().expect("a picture"));
        assert!(png.starts_with(b"\x89PNG"), "{name}");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.png")), png).expect("room for a picture");
    }

    /// Waits until the policy of the page has refused something like this.
    pub(crate) fn refused(&mut self, what: &str) {
        let began = std::time::Instant::now();
        while !self.complaints.iter().any(|c| c.contains(what)) {
            self.ask("new Promise(requestAnimationFrame)");
            assert!(began.elapsed() < LONG, "not refused: {what}: {:?}", self.complaints);
        }
    }

    /// Nothing went wrong in the page, and nothing was refused.
    pub(crate) fn well(&self) {
        assert!(self.complaints.is_empty(), "{:?} ({})", self.complaints, self.profile.path().display());
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> =
        text.bytes().filter_map(|b| DIGITS.iter().position(|d| *d == b)).map(|p| p as u32).collect();
    let of = |four: &[u32]| {
        let bits = (0..4).fold(0, |bits, at| bits << 6 | four.get(at).copied().unwrap_or(0));
        let three = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
        three.into_iter().take(four.len().saturating_sub(1)).collect::<Vec<u8>>()
    };
    digits.chunks(4).flat_map(of).collect()
}

//! A real browser, driven over Chromium's own debugging pipe (the Chrome DevTools Protocol): one page, looked at.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::prelude::{BASE64_STANDARD, Engine};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};

const OPTIONS: &str = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --remote-debugging-pipe";

/// Longer than anything takes on a busy machine.
const PATIENCE: Timespec = Timespec {
    tv_sec: 60,
    tv_nsec: 0,
};

/// Taller pictures take too long without a graphics card, pixels.
const TALLEST: u64 = 4000;

/// A browser with one page; gone when it is dropped.
pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    last_id: u64,
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts it with a profile of its own.
    pub fn start() -> Browser {
        let profile = tempfile::tempdir().unwrap();
        // it reads commands from descriptor 3 and answers on 4
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(format!(
                "exec chromium {OPTIONS} --user-data-dir=\"$0\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"
            ))
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut browser = Browser {
            to: child.stdin.take().unwrap(),
            from: BufReader::new(child.stdout.take().unwrap()),
            child,
            session: None,
            last_id: 0,
            events: Vec::new(),
            _profile: profile,
        };
        browser.attach();
        browser
    }

    fn attach(&mut self) {
        let target = self.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = json!({"targetId": target["targetId"], "flatten": true});
        let session = self.call("Target.attachToTarget", attached);
        self.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Opens the file by its file URL and waits until it is loaded.
    pub fn open(&mut self, page: &Path) {
        self.visit(&format!("file://{}", page.display()));
    }

    /// The same, at one of its parts.
    pub fn open_at(&mut self, page: &Path, part: &str) {
        // another part of the page that is open would be no loading
        self.visit("about:blank");
        self.visit(&format!("file://{}#{part}", page.display()));
    }

    fn visit(&mut self, url: &str) {
        self.events.clear();
        self.call("Page.navigate", json!({"url": url}));
        while !self.happened("Page.loadEventFired") {
            let message = self.receive();
            self.events.push(message);
        }
    }

    /// What the expression comes to.
    #[track_caller]
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", asked);
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression}: {answer:#}"
        );
        answer["result"]["value"].clone()
    }

    /// Presses and lets go a key, by its name in `KeyboardEvent.key`.
    pub fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.call(
                "Input.dispatchKeyEvent",
                json!({"type": kind, "key": key, "code": key}),
            );
        }
    }

    /// The window's size in CSS pixels.
    pub fn resize(&mut self, width: u64, height: u64) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// `screen` or `print`, `light` or `dark`.
    pub fn show_as(&mut self, media: &str, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"media": media, "features": features}),
        );
    }

    /// From now on pages run no script.
    pub fn without_scripts(&mut self) {
        self.call(
            "Emulation.setScriptExecutionDisabled",
            json!({"value": true}),
        );
    }

    /// The page from its top, down to where a picture would grow too large, as PNG. The window grows with it.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let size = self.evaluate("[innerWidth, document.documentElement.scrollHeight]");
        let (width, height) = (size[0].as_u64().unwrap(), size[1].as_u64().unwrap());
        self.resize(width, height.min(TALLEST));
        let wanted = json!({"format": "png"});
        let shot = self.call("Page.captureScreenshot", wanted);
        BASE64_STANDARD
            .decode(shot["data"].as_str().unwrap())
            .unwrap()
    }

    /// Everything that the console or the browser's log said since the page was opened.
    pub fn complaints(&self) -> Vec<String> {
        let kinds = [
            "Runtime.exceptionThrown",
            "Runtime.consoleAPICalled",
            "Log.entryAdded",
        ];
        let complaint =
            |event: &&Value| kinds.contains(&event["method"].as_str().unwrap_or_default());
        self.events
            .iter()
            .filter(complaint)
            .map(Value::to_string)
            .collect()
    }

    /// The addresses that were asked for since the page was opened, its own included.
    pub fn requests(&self) -> Vec<String> {
        let request = |event: &&Value| event["method"] == "Network.requestWillBeSent";
        let url = |event: &Value| {
            event["params"]["request"]["url"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        self.events.iter().filter(request).map(url).collect()
    }

    fn happened(&self, method: &str) -> bool {
        self.events.iter().any(|event| event["method"] == method)
    }

    /// Sends a command and waits for its answer; events that come before it are kept.
    #[track_caller]
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .unwrap();
        loop {
            let mut message = self.receive();
            if message["id"] == self.last_id {
                assert!(message.get("error").is_none(), "{method}: {message:#}");
                return message["result"].take();
            }
            self.events.push(message);
        }
    }

    fn receive(&mut self) -> Value {
        let mut message = Vec::new();
        if self.from.buffer().is_empty() {
            let mut pipe = [PollFd::new(self.from.get_ref(), PollFlags::IN)];
            let ready = poll(&mut pipe, Some(&PATIENCE)).unwrap();
            assert!(ready > 0, "the browser says nothing any more");
        }
        self.from.read_until(0, &mut message).unwrap();
        assert!(message.pop().is_some(), "the browser ended");
        serde_json::from_slice(&message).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // its other processes end with it
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

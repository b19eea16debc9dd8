//! Firefox, headless, with a token's module in its profile: it takes the only certificate by itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::browsers::{Card, picture};
use crate::house::{House, PATIENCE, until};
use crate::support::need;

/// It asks for no certificate, fetches nothing by itself, and tells its remote control's port in a file.
const PREFERENCES: &str = r#"
user_pref("security.default_personal_cert", "Select Automatically");
user_pref("security.osclientcerts.autoload", false);
user_pref("marionette.port", 0);
user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.page", 0);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("dom.disable_open_during_load", false);
user_pref("dom.security.https_first", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.proxy.type", 0);
user_pref("services.settings.server", "http://127.0.0.1:9/");
user_pref("toolkit.telemetry.enabled", false);
"#;

#[track_caller]
fn card(token: &'static str) -> Option<Card> {
    need(&["firefox-esr", "certutil", "modutil", "curl"])?;
    Card::new(token)
}

#[test]
fn firefox_with_a_good_token_reads_its_own_page() {
    let Some(card) = card("one-rsa") else { return };
    let house = House::open(&card.lab.path(""), &[]);
    let mut firefox = Firefox::start(&card, &house);
    let page = firefox.reads(&house.url("openssl-3.0"), "over TLS 1.3");
    assert!(
        page.contains("with rsa_pss_rsae_sha256 over TLS 1.3"),
        "{page}"
    );
    firefox.photograph("firefox-visit.png");
    let page = firefox.reads(&house.url("pkcs1-only"), "over TLS 1.2");
    assert!(
        page.contains("with rsa_pkcs1_sha256 over TLS 1.2"),
        "{page}"
    );
}

#[test]
fn firefox_without_pss_sends_no_certificate_over_tls13_and_pkcs1_over_tls12() {
    let Some(card) = card("one-rsa-no-pss") else {
        return;
    };
    let house = House::open(&card.lab.path(""), &[]);
    let mut firefox = Firefox::start(&card, &house);
    let page = firefox.reads(&house.url("openssl-3.0"), "no certificate came");
    assert!(page.contains("certificate_required (116)"), "{page}");
    let visit = house.visit(|visit| visit["door"] == "openssl-3.0");
    assert_eq!(
        visit["findings"][0]["id"], "no-certificate-sent",
        "{visit:#}"
    );
    let page = firefox.reads(&house.url("openssl-3.0-tls1.2"), "over TLS 1.2");
    assert!(
        page.contains("with rsa_pkcs1_sha256 over TLS 1.2"),
        "{page}"
    );
}

#[test]
fn firefox_with_a_lying_token_is_silent_and_the_index_tells_it() {
    let Some(card) = card("one-rsa-lying") else {
        return;
    };
    let house = House::open(&card.lab.path(""), &[]);
    let mut firefox = Firefox::start(&card, &house);
    let index = format!("http://localhost:{}/", house.port("index"));
    firefox.reads(&index, "None yet");
    firefox.opens(&house.url("openssl-3.0-tls1.2"));
    // the page changes by itself
    let page = firefox.shows("says nothing more");
    assert!(
        page.contains("asked for a certificate, no answer yet; silent for"),
        "{page}"
    );
    let silent = house.visit(|visit| visit["findings"][0]["id"] == "client-silent");
    assert_eq!(silent["door"], "openssl-3.0-tls1.2", "{silent:#}");
    assert_eq!(silent["verdict"], "under_way", "{silent:#}");
    assert!(
        silent["certificates"].is_null(),
        "it keeps even its certificate: {silent:#}"
    );
    assert!(
        silent["silent_ms"].as_f64().unwrap() >= 10_000.0,
        "{silent:#}"
    );
    firefox.photograph("firefox-silence.png");

    let page = firefox.reads(&house.url("pkcs1-only"), "over TLS 1.2");
    assert!(
        page.contains("with rsa_pkcs1_sha256 over TLS 1.2"),
        "{page}"
    );
    let visit = house.visit(|visit| visit["door"] == "openssl-3.0-tls1.2");
    assert_eq!(
        visit["findings"][0]["id"], "pss-listed-but-refused",
        "{visit:#}"
    );
    firefox.goes_to(&house.url("openssl-3.0"));
    let visit = house.visit(|visit| visit["door"] == "openssl-3.0" && !visit["end"].is_null());
    assert_eq!(visit["alert"], "internal_error", "{visit:#}");
    firefox.reads(&index, "the client sent internal_error");
    firefox.photograph("firefox-index.png");
}

/// Firefox, and the line of its remote control (Marionette): a length, a colon, JSON.
struct Firefox {
    child: Child,
    line: BufReader<TcpStream>,
    number: u64,
}

impl Firefox {
    fn start(card: &Card, house: &House) -> Firefox {
        let profile = card.lab.path("firefox");
        card.make_database(&profile, house);
        std::fs::write(profile.join("user.js"), PREFERENCES).unwrap();
        std::fs::create_dir_all(card.lab.path("home")).unwrap();
        let log = std::fs::File::create(card.lab.path("firefox.log")).unwrap();
        let mut firefox = card.command("firefox-esr");
        firefox
            .args(["--headless", "--no-remote", "--marionette", "--profile"])
            .arg(&profile)
            .env("MOZ_HEADLESS_WIDTH", "480")
            .env("MOZ_HEADLESS_HEIGHT", "900")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let child = firefox.spawn().unwrap();
        let port = until("Firefox is there", || {
            let port = std::fs::read_to_string(profile.join("MarionetteActivePort"));
            port.ok()?.trim().parse::<u16>().ok()
        });
        let stream = until("it listens", || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut firefox = Firefox {
            child,
            line: BufReader::new(stream),
            number: 0,
        };
        firefox.hear();
        // a page that never comes must not be waited for
        let wanted = json!({ "capabilities": { "alwaysMatch": { "pageLoadStrategy": "none" } } });
        firefox.does("WebDriver:NewSession", wanted);
        firefox
    }

    fn goes_to(&mut self, url: &str) {
        self.does("WebDriver:Navigate", json!({ "url": url }));
    }

    /// The page, once it holds this.
    #[track_caller]
    fn reads(&mut self, url: &str, text: &str) -> String {
        self.goes_to(url);
        self.shows(text)
    }

    /// The page that is there, once it holds this.
    #[track_caller]
    fn shows(&mut self, text: &str) -> String {
        let mut page = String::new();
        let place = std::panic::Location::caller();
        until(&format!("a page with `{text}` ({place})"), || {
            page = self.does("WebDriver:GetPageSource", json!({}))["value"]
                .as_str()?
                .to_owned();
            page.contains(text).then(|| page.clone())
        })
    }

    /// As somebody who clicks a link on this page that opens another.
    fn opens(&mut self, url: &str) {
        let script = "window.open(arguments[0]); return null";
        self.does(
            "WebDriver:ExecuteScript",
            json!({ "script": script, "args": [url] }),
        );
    }

    fn photograph(&mut self, name: &str) {
        let shot = self.does("WebDriver:TakeScreenshot", json!({ "full": true }));
        let png = BASE64_STANDARD
            .decode(shot["value"].as_str().unwrap())
            .unwrap();
        std::fs::write(picture(name), png).unwrap();
    }

    /// What the command came to; `null` if it failed, as it does while a page is changing.
    fn does(&mut self, command: &str, parameters: Value) -> Value {
        self.number += 1;
        let message = json!([0, self.number, command, parameters]).to_string();
        write!(self.line.get_mut(), "{}:{message}", message.len()).unwrap();
        let mut answer = self.hear();
        match answer[2].is_null() {
            true => answer[3].take(),
            false => Value::Null,
        }
    }

    fn hear(&mut self) -> Value {
        let mut length = Vec::new();
        self.line.read_until(b':', &mut length).unwrap();
        let length = String::from_utf8(length).unwrap();
        let mut message = vec![0; length.trim_end_matches(':').parse().unwrap()];
        self.line.read_exact(&mut message).unwrap();
        serde_json::from_slice(&message).unwrap()
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

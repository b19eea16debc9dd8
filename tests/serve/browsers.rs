//! A browser's profile that has a token's module in it, and Chromium, headless.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::house::{House, said};
use crate::support::{Lab, faulty_module, need, softhsm};

/// A token with one RSA key, whose PIN nobody has to type: browsers without a window can't ask for it.
pub(crate) struct Card {
    pub(crate) lab: Lab,
    token: &'static str,
}

impl Card {
    pub(crate) fn new(token: &'static str) -> Option<Card> {
        let lab = Lab::new(&[token])?;
        let rules = format!(
            "module {}\nlogged-in {}\n",
            softhsm().display(),
            crate::support::PIN
        );
        lab.write("rules", rules);
        Some(Card { lab, token })
    }

    /// A program that finds the token.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env(
                "SOFTHSM2_CONF",
                self.lab.path(self.token).join("softhsm2.conf"),
            )
            .env("CARDCHECK_FAULTS", self.lab.path("rules"))
            .env("HOME", self.lab.path("home"))
            .env("LC_ALL", "C.UTF-8");
        command
    }

    /// Makes a database for NSS in this directory, if there is none, that knows the token and trusts the house.
    pub(crate) fn make_database(&self, dir: &Path, house: &House) {
        if dir.exists() {
            return;
        }
        std::fs::create_dir_all(dir).unwrap();
        let database = format!("sql:{}", dir.display());
        said(
            self.command("certutil")
                .args(["-N", "--empty-password", "-d", &database]),
        );
        let mut trust = self.command("certutil");
        trust.args(["-A", "-n", "serve", "-t", "C,,", "-d", &database, "-i"]);
        said(trust.arg(house.ca()));
        let mut modutil = self.command("modutil");
        modutil.args(["-force", "-dbdir", &database, "-add", "tokens", "-libfile"]);
        let said = said(modutil.arg(faulty_module()));
        assert!(said.contains("added to database"), "{said}");
    }
}

/// Where pictures of the pages go, for people to look at.
pub(crate) fn picture(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve");
    std::fs::create_dir_all(&dir).unwrap();
    dir.join(name)
}

const CHROMIUM: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=420,900",
];

/// What Chromium shows at this door, taking the only certificate.
fn chromium(card: &Card, house: &House, url: &str, how: &str) -> String {
    let profile = card.lab.path("chromium");
    std::fs::create_dir_all(profile.join("Default")).unwrap();
    let setting =
        serde_json::json!({ "setting": { "filters": [{ "SUBJECT": { "CN": "rsa-2048 user" } }] } });
    let exceptions = serde_json::json!({ "auto_select_certificate": { format!("{},*", url.trim_end_matches('/')): setting } });
    let preferences =
        serde_json::json!({ "profile": { "content_settings": { "exceptions": exceptions } } });
    std::fs::write(profile.join("Default/Preferences"), preferences.to_string()).unwrap();
    card.make_database(&card.lab.path("home/.pki/nssdb"), house);
    // what waits for somebody to choose would wait for ever
    let mut chromium = card.command("timeout");
    chromium
        .args(["100", "chromium"])
        .args(CHROMIUM)
        .arg("--ignore-certificate-errors");
    chromium.arg(format!("--user-data-dir={}", profile.display()));
    said(chromium.arg(how).arg(url))
}

#[test]
fn chromium_reads_what_it_did() {
    if need(&["chromium", "certutil", "modutil", "curl"]).is_none() {
        return;
    }
    let Some(card) = Card::new("one-rsa") else {
        return;
    };
    let house = House::open(&card.lab.path(""), &["--profile", "openssl-3.0"]);
    let page = chromium(&card, &house, &house.url("openssl-3.0"), "--dump-dom");
    assert!(
        page.contains("with rsa_pss_rsae_sha256 over TLS 1.3"),
        "{page}\n{}",
        house.told()
    );
    assert!(page.contains("X25519MLKEM768"), "{page}");
    let index = format!("http://localhost:{}/", house.port("index"));
    let shown = chromium(&card, &house, &index, "--dump-dom");
    assert!(
        shown.contains("logged in as O=cardcheck demo, CN=rsa-2048 user"),
        "{shown}"
    );
    let shot = format!("--screenshot={}", picture("chromium-index.png").display());
    chromium(&card, &house, &index, &shot);
    let shot = format!("--screenshot={}", picture("chromium-visit.png").display());
    chromium(
        &card,
        &house,
        &format!("{index}visits/{}", newest(&house)),
        &shot,
    );
}

fn newest(house: &House) -> u64 {
    house.visits()[0]["number"].as_u64().unwrap()
}

#[test]
fn chromium_with_a_lying_token_leaves_without_a_word() {
    if need(&["chromium", "certutil", "modutil", "curl"]).is_none() {
        return;
    }
    let Some(card) = Card::new("one-rsa-lying") else {
        return;
    };
    let house = House::open(&card.lab.path(""), &["--profile", "openssl-3.0,pkcs1-only"]);
    let page = chromium(&card, &house, &house.url("openssl-3.0"), "--dump-dom");
    assert!(!page.contains("logged in"), "{page}");
    let visit = house.visit(|visit| !visit["end"].is_null());
    assert_eq!(visit["findings"][0]["id"], "client-gave-up", "{visit:#}");

    let page = chromium(&card, &house, &house.url("pkcs1-only"), "--dump-dom");
    assert!(
        page.contains("with rsa_pkcs1_sha256 over TLS 1.2"),
        "{page}"
    );
    let visit = house.visit(|visit| visit["door"] == "openssl-3.0");
    assert_eq!(
        visit["findings"][0]["id"], "pss-listed-but-refused",
        "{visit:#}"
    );
}

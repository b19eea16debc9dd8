//! The HTML report in a real browser: opened by its file URL, looked at, filtered, read.

#[path = "support/browser.rs"]
mod browser;
mod support;

use std::path::{Path, PathBuf};

use browser::Browser;
use serde_json::{Value, json};
use support::{Lab, Report, need};

/// A page and the JSON report of the same run.
struct Pages {
    page: PathBuf,
    report: Report,
}

/// A run over this token.
fn matrix(lab: &Lab, token: &str, args: &str) -> Pages {
    let page = lab.path(format!("{token}.html"));
    let run = lab.matrix(token).args(args).args("--format json");
    let report = run.arg("--export-html").arg(&page).run().report();
    Pages { page, report }
}

fn lab(tokens: &[&str]) -> Option<Lab> {
    need(&["chromium"])?;
    Lab::new(tokens)
}

impl Pages {
    fn cells(&self) -> &[Value] {
        self.report.0["cells"].as_array().unwrap()
    }

    fn count(&self, is_so: impl Fn(&Value) -> bool) -> usize {
        self.cells().iter().filter(|cell| is_so(cell)).count()
    }
}

/// Cells that can be seen.
const SEEN: &str =
    "[...document.querySelectorAll('.grid td a')].filter(a => a.offsetParent).length";

fn set(id: &str, property: &str, value: &str) -> String {
    format!(
        "{{ const control = document.getElementById('{id}'); control.{property} = {value}; \
         control.dispatchEvent(new Event('input', {{bubbles: true}})); {SEEN} }}"
    )
}

/// Puts what the page looks like beside the build, for whoever wants to look.
fn keep(name: &str, png: &[u8]) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(format!("{name}.png")), png).unwrap();
}

#[test]
fn it_fits_wide_and_narrow_windows_light_and_dark() {
    let Some(lab) = lab(&["lying", "many"]) else {
        return;
    };
    let pages = [
        ("one", matrix(&lab, "lying", "--key rsa-2048")),
        ("many", matrix(&lab, "many", "")),
    ];
    let mut browser = Browser::start();
    for (name, Pages { page, .. }) in &pages {
        for (size, width) in [("wide", 1440), ("narrow", 390)] {
            for scheme in ["light", "dark"] {
                browser.resize(width, 900);
                browser.show_as("screen", scheme);
                browser.open(page);
                keep(&format!("{name}-{size}-{scheme}"), &browser.screenshot());
                let overflow = "document.documentElement.scrollWidth - innerWidth";
                assert_eq!(browser.evaluate(overflow), 0, "{name} {size}");
            }
        }
    }
}

#[test]
fn every_cell_of_the_report_is_a_mark_that_opens_its_facts() {
    let Some(lab) = lab(&["lying"]) else {
        return;
    };
    let run = matrix(&lab, "lying", "");
    let mut browser = Browser::start();
    browser.open(&run.page);
    let marks = browser
        .evaluate("[...document.querySelectorAll('.grid td a')].map(a => [a.hash, a.textContent])");
    assert_eq!(marks.as_array().unwrap().len(), run.cells().len());
    for (at, cell) in run.cells().iter().enumerate() {
        let word = match cell["outcome"].as_str().unwrap() {
            "not_applicable" => "not applicable",
            "skipped" => "not tried",
            "error" => "could not tell",
            same => same,
        };
        let mark = [format!("#c{at}"), word.to_owned()];
        assert!(marks.as_array().unwrap().contains(&json!(mark)), "{mark:?}");
    }
    let refused = run
        .cells()
        .iter()
        .position(|cell| cell["stage"] == "sign")
        .unwrap();
    let mark = format!("document.querySelector('a[href=\"#c{refused}\"]')");
    browser.evaluate(&format!("{mark}.click()"));
    let facts = browser.evaluate("document.querySelector('.facts:target').innerText");
    for told in [
        "fail at sign",
        "rsa_pss_rsae_sha256",
        "CKM_RSA_PKCS_PSS",
        "CKR_MECHANISM_INVALID",
        "C_SignInit",
        "RSA-PSS, but its RSA key",
    ] {
        assert!(facts.as_str().unwrap().contains(told), "{told} in {facts}");
    }
    browser.evaluate("document.querySelector('.facts:target .messages summary').click()");
    let messages = browser.evaluate("document.querySelector('.facts:target .messages').innerText");
    for told in ["ClientHello", "CertificateRequest", "client", "server"] {
        assert!(
            messages.as_str().unwrap().contains(told),
            "{told} in {messages}"
        );
    }
    browser.press("Escape");
    assert_eq!(
        browser.evaluate("document.querySelector('.facts:target')"),
        Value::Null
    );
    assert_eq!(
        browser.evaluate(&format!("document.activeElement === {mark}")),
        true
    );
    browser.press("ArrowRight");
    assert_eq!(
        browser.evaluate("document.activeElement.closest('td') !== null"),
        true
    );
    assert_eq!(
        browser.evaluate(&format!("document.activeElement === {mark}")),
        false
    );
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn filters_leave_what_was_asked_for() {
    let Some(lab) = lab(&["lying"]) else {
        return;
    };
    let run = matrix(&lab, "lying", "");
    let mut browser = Browser::start();
    browser.open(&run.page);
    let all = run.cells().len();
    let not_firefox = run.count(|cell| cell["client"] != "firefox");
    assert_eq!(
        browser.evaluate(&set("client-0", "checked", "false")),
        not_firefox
    );
    let told = browser.evaluate("document.getElementById('count').textContent");
    assert_eq!(told, format!("{not_firefox} of {all} cells shown"));
    let reset = format!("document.querySelector('[type=reset]').click(); {SEEN}");
    assert_eq!(browser.evaluate(&reset), all);
    let tls12 = run.count(|cell| cell["tls"] == "1.2");
    assert_eq!(browser.evaluate(&set("v13", "checked", "false")), tls12);
    browser.evaluate(&reset);
    let first = run.count(|cell| cell["key"] == "k1");
    assert_eq!(browser.evaluate(&set("key", "value", "'0'")), first);
    browser.evaluate(&reset);
    let named = run.count(|cell| cell["profile"].as_str().unwrap().contains("schannel"));
    assert_eq!(
        browser.evaluate(&set("server", "value", "'Schannel'")),
        named
    );
    browser.evaluate(&reset);
    let shown = browser
        .evaluate(&set("unexpected", "checked", "true"))
        .as_u64()
        .unwrap();
    let unexpected = run.count(|cell| cell["as_expected"] == false) as u64;
    assert!((unexpected..all as u64).contains(&shown), "{shown}");
    browser.evaluate(&reset);
    browser.evaluate(&set("finding", "value", "'0'"));
    let bright = "[...document.querySelectorAll('.grid td a')].filter(a => getComputedStyle(a).opacity == 1).length";
    let explained = run.report.0["findings"][0]["cells"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(browser.evaluate(bright), explained);
}

#[test]
fn without_scripts_it_still_filters_and_opens() {
    let Some(lab) = lab(&["lying"]) else {
        return;
    };
    let run = matrix(&lab, "lying", "--key rsa-2048");
    let mut browser = Browser::start();
    browser.without_scripts();
    browser.open(&run.page);
    let count = "document.getElementById('count').hidden";
    assert_eq!(browser.evaluate(count), true, "the script didn't run");
    let not_firefox = run.count(|cell| cell["client"] != "firefox");
    assert_eq!(
        browser.evaluate(&set("client-0", "checked", "false")),
        not_firefox
    );
    browser.open_at(&run.page, "c0");
    let facts = browser.evaluate("document.querySelector('.facts:target').innerText");
    assert!(
        facts
            .as_str()
            .unwrap()
            .contains("what the key does with it"),
        "{facts}"
    );
}

#[test]
fn names_that_are_html_are_shown_as_text_and_nothing_is_asked_for() {
    let Some(lab) = lab(&["markup"]) else {
        return;
    };
    let Pages { page, .. } = matrix(&lab, "markup", "--profile openssl-3.0");
    let mut browser = Browser::start();
    browser.open(&page);
    let text = browser.evaluate("document.body.textContent");
    for name in [
        "<img/src=x/onerror=alert(1)>",
        "<script>document.title=\"owned\"</script>",
    ] {
        assert!(text.as_str().unwrap().contains(name), "{name}");
    }
    assert_eq!(
        browser.evaluate("document.images.length + document.scripts.length"),
        1
    );
    assert_ne!(browser.evaluate("document.title"), "owned");
    assert_eq!(browser.requests(), [format!("file://{}", page.display())]);
    assert_eq!(browser.complaints(), [""; 0]);
    // and what is put into the page later loads nothing either
    let refused = "new Promise(told => { \
        document.addEventListener('securitypolicyviolation', refused => told(refused.effectiveDirective)); \
        const image = new Image(); image.src = 'http://127.0.0.1:9/'; document.body.append(image) })";
    assert_eq!(browser.evaluate(refused), "img-src");
}

#[test]
fn tables_say_what_their_rows_and_columns_are() {
    let Some(lab) = lab(&["lying"]) else {
        return;
    };
    let Pages { page, .. } = matrix(&lab, "lying", "--key rsa-2048");
    let mut browser = Browser::start();
    browser.open(&page);
    let lacking = "[...document.querySelectorAll('table')].filter(t => !t.caption).length \
        + document.querySelectorAll('th:not([scope])').length";
    assert_eq!(browser.evaluate(lacking), 0);
    let ids = "{ const ids = [...document.querySelectorAll('[id]')].map(part => part.id); ids.length - new Set(ids).size }";
    assert_eq!(browser.evaluate(ids), 0, "two parts of one name");
    let dead = "[...document.querySelectorAll('a')].filter(a => !document.getElementById(decodeURIComponent(a.hash.slice(1)))).length";
    assert_eq!(browser.evaluate(dead), 0, "links that lead nowhere");
}

#[test]
fn on_paper_the_findings_are_open_and_no_control_is_left() {
    let Some(lab) = lab(&["lying"]) else {
        return;
    };
    let Pages { page, .. } = matrix(&lab, "lying", "--key rsa-2048");
    let mut browser = Browser::start();
    browser.show_as("print", "light");
    browser.open(&page);
    let snippets = "[...document.querySelectorAll('pre')].every(snippet => snippet.getClientRects().length > 0 && snippet.offsetHeight > 0)";
    assert_eq!(browser.evaluate(snippets), true);
    let controls = "[...document.querySelectorAll('input, select, button')].filter(control => control.offsetParent).length";
    assert_eq!(browser.evaluate(controls), 0);
    keep("paper", &browser.screenshot());
}

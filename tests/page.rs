//! The HTML report in a real browser: opened by its file URL, looked at, filtered, read.

#[path = "support/browser.rs"]
mod browser;
mod support;

use std::path::{Path, PathBuf};

use browser::Browser;
use support::{Lab, need};

/// A run over this token, as a page.
fn page(lab: &Lab, token: &str, args: &str) -> PathBuf {
    let page = lab.path(format!("{token}.html"));
    let run = lab.matrix(token).args(args).arg("--export-html");
    run.arg(&page).run();
    page
}

/// Puts what the page looks like beside the build, for whoever wants to look.
fn keep(name: &str, png: &[u8]) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(format!("{name}.png")), png).unwrap();
}

#[test]
fn it_looks_as_it_should_wide_and_narrow_light_and_dark() {
    let Some(lab) = Lab::new(&["lying", "many"]).filter(|_| need(&["chromium"]).is_some()) else {
        return;
    };
    let pages = [
        ("one", page(&lab, "lying", "--key rsa-2048")),
        ("many", page(&lab, "many", "")),
    ];
    let mut browser = Browser::start();
    for (name, page) in &pages {
        for (size, width) in [("wide", 1440), ("narrow", 390)] {
            for scheme in ["light", "dark"] {
                browser.resize(width, 900);
                browser.show_as("screen", scheme);
                browser.open(page);
                keep(
                    &format!("{name}-{size}-{scheme}"),
                    &browser.screenshot(true),
                );
                let overflow = "document.documentElement.scrollWidth - innerWidth";
                assert_eq!(browser.evaluate(overflow), 0, "{name} {size}");
            }
        }
    }
}

//! What stands in the page; how it looks and works in a browser is in `tests/page.rs`.

use super::super::sample;
use super::*;

/// The page without its style and script.
fn content(run: &Run) -> String {
    let page = render(run);
    let without = |page: String, text: &str| {
        assert!(page.contains(text));
        page.replace(text, "")
    };
    let page = without(page, SCRIPT);
    let page = without(page, &[STYLE, &filter_rules(run)].concat());
    page.lines()
        .map(|line| line.replace(&policy(&[STYLE, &filter_rules(run)].concat()), "POLICY"))
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_motivating_case() {
    let page = content(&sample::lying()).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(page);
}

#[test]
fn what_a_card_says_is_text_and_nothing_else() {
    let mut run = sample::lying();
    let hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}\u{9b}2J";
    run.keys[0].label = hostile.into();
    run.keys[0].uri = hostile.into();
    run.tokens[0].label = hostile.into();
    run.module.path = hostile.into();
    run.notes.push(hostile.into());
    run.findings[0].title = hostile.into();
    run.findings[0].remedies[0].snippet = Some(hostile.into());
    run.profiles[0].about = hostile.into();
    run.cells[0].reason = Some(hostile.into());
    let page = render(&run);
    assert!(!page.contains("<script>alert") && !page.contains("<img"));
    assert!(page.contains("&#60;script&#62;alert(1)"));
    assert!(!page.chars().any(|c| c != '\n' && steers(c)));
    assert_eq!(page.matches("<script>").count(), 1, "our own");
}

#[test]
fn the_style_and_the_script_stay_in_their_elements() {
    for text in [STYLE, SCRIPT] {
        assert!(!text.contains("</"), "it would end its element");
        assert!(!text.contains("http"), "it loads nothing");
    }
}

#[test]
fn twelve_keys_and_twenty_one_servers_fit_into_a_mail() {
    let run = sample::crowd();
    let page = render(&run);
    assert_eq!(run.cells.len(), 12 * 21 * 2 * 3);
    assert!(page.len() < 1_500_000, "{}", page.len());
}

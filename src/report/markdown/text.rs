//! Text that is not ours to trust, in Markdown: a card's label is neither HTML nor an image, and what a card or a module says
//! stands in code spans, where trackers make no links and mention nobody.

use super::super::style::printable;

/// What begins something in CommonMark or GitHub's dialect of it. CommonMark §2.4 lets any of them be escaped.
const SPECIAL: &str = "\\`*[]<>#|~&";

/// Plain text.
pub(super) fn escaped(text: &str) -> String {
    let text = printable(text);
    let mut escaped = String::with_capacity(text.len());
    let mut before = None;
    let mut after = text.chars().skip(1);
    for c in text.chars() {
        let next = after.next();
        let inside_a_word = is_of_a_word(before) && is_of_a_word(next);
        if SPECIAL.contains(c) || (c == '_' && !inside_a_word) {
            escaped.push('\\');
        }
        escaped.push(c);
        before = Some(c);
    }
    escaped
}

/// In a word an underline means nothing: `CKR_MECHANISM_INVALID` stays readable where nobody renders it.
fn is_of_a_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// A code span, in which nothing means anything; its fence is longer than any in the text (CommonMark §6.1).
pub(super) fn code(text: &str) -> String {
    let text = printable(text);
    if text.trim().is_empty() {
        return "(none)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let blank = if text.contains('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// A sentence of ours, in which names stand in backticks. Of one that holds backticks itself, some is shown as text.
pub(super) fn prose(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    let last = pieces.len() - 1;
    let piece = |(at, piece): (usize, &&str)| match at % 2 == 1 && at < last {
        true => code(piece),
        false => escaped(piece),
    };
    pieces.iter().enumerate().map(piece).collect()
}

/// Lines to copy, each behind `indent`.
pub(super) fn block(indent: &str, text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    let lines = text
        .lines()
        .map(|line| format!("{indent}{}\n", printable(line)));
    format!(
        "{indent}{fence}\n{}{indent}{fence}\n",
        lines.collect::<String>()
    )
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`');
    runs.map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    /// What a reader of the Markdown sees, and `None` where anything but text and code came of it.
    fn seen(markdown: &str) -> Option<String> {
        let mut seen = String::new();
        for event in Parser::new_ext(
            markdown,
            Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH,
        ) {
            match event {
                Event::Text(text) | Event::Code(text) => seen.push_str(&text),
                Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                _ => return None,
            }
        }
        Some(seen)
    }

    #[test]
    fn names_of_the_field_stay_readable_unrendered() {
        assert_eq!(
            escaped("sign: CKR_MECHANISM_INVALID"),
            "sign: CKR_MECHANISM_INVALID"
        );
        assert_eq!(prose("Token `my_card` refuses"), "Token `my_card` refuses");
        assert_eq!(escaped("_a_ <b>"), "\\_a\\_ \\<b\\>");
    }

    #[test]
    fn a_label_with_backticks_stays_in_its_span() {
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("  "), "(none)");
    }

    proptest! {
        #[test]
        fn plain_text_comes_out_as_it_went_in(text in "[ -~]{0,40}") {
            // what begins a block stands at the beginning of a line, where no text of ours stands bare
            let shown = seen(&format!("x {}", escaped(&text)));
            prop_assert_eq!(shown.map(|shown| shown.trim_end().to_owned()), Some(format!("x {text}").trim_end().to_owned()));
        }

        #[test]
        fn nothing_in_a_sentence_is_more_than_text_or_code(text in "[ -~]{0,40}") {
            let shown = seen(&format!("x {}", prose(&text)));
            prop_assert!(shown.is_some());
        }

        #[test]
        fn nothing_leaves_a_code_span(text in "[!-~]{1,40}") {
            prop_assert_eq!(seen(&format!("x {}", code(&text))), Some(format!("x {text}")));
        }
    }
}

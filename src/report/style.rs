//! How the table looks, in one place: symbols, colours, and what may be printed at all.
//!
//! Colour never says anything that a symbol or a word doesn't say too. Only the basic colours are used, which every
//! terminal theme shows readable on its own background.

use anstyle::{AnsiColor, Style};

pub use crate::model::printable::printable;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const MIXED: Style = AnsiColor::Yellow.on_default().bold();
const HEADING: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// What the table is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Columns; no line but a snippet to copy is longer.
    pub width: usize,
    /// May escape codes be used?
    pub colour: bool,
    /// May more than ASCII be used?
    pub unicode: bool,
}

impl Screen {
    /// Columns of a table that goes to no terminal.
    pub const PLAIN_WIDTH: usize = 100;

    /// A file, which somebody opens in an editor.
    pub fn of_a_file() -> Screen {
        Screen {
            width: Screen::PLAIN_WIDTH,
            colour: false,
            unicode: true,
        }
    }

    /// Before what works.
    pub(super) fn tick(&self) -> &'static str {
        if self.unicode { "✓" } else { "ok" }
    }

    /// Before what fails.
    pub(super) fn cross(&self) -> &'static str {
        if self.unicode { "✗" } else { "FAIL" }
    }

    /// Between equals.
    pub(super) fn dot(&self) -> &'static str {
        if self.unicode { "·" } else { "-" }
    }

    /// Before an item.
    pub(super) fn bullet(&self) -> &'static str {
        if self.unicode { "•" } else { "*" }
    }

    pub(super) fn heading(&self, text: &str) -> String {
        self.paint(HEADING, text)
    }

    pub(super) fn dim(&self, text: &str) -> String {
        self.paint(DIM, text)
    }

    pub(super) fn good(&self, text: &str) -> String {
        self.paint(GOOD, text)
    }

    pub(super) fn bad(&self, text: &str) -> String {
        self.paint(BAD, text)
    }

    pub(super) fn mixed(&self, text: &str) -> String {
        self.paint(MIXED, text)
    }

    /// Colours the symbols in text that is laid out already: their width doesn't change.
    pub(super) fn colour_symbols(&self, laid_out: &str) -> String {
        if !self.colour {
            return laid_out.to_owned();
        }
        let words = laid_out.split_inclusive([' ', '\n']);
        let coloured = words.map(|word| {
            let bare = word.trim_end();
            let painted = match bare {
                "✓" | "ok" => self.good(bare),
                "✗" | "FAIL" => self.bad(bare),
                "!" | "?" => self.mixed(bare),
                _ => return word.to_owned(),
            };
            word.replacen(bare, &painted, 1)
        });
        coloured.collect()
    }

    /// Wraps a text to the screen, each line after `indent` blanks.
    pub(super) fn wrap(&self, indent: usize, text: &str) -> String {
        let blanks = " ".repeat(indent);
        self.fill(&blanks, &blanks, text)
    }

    /// Wraps a text to the screen. Words with hyphens stay whole: `RSA-2048` and `openssl-1.1.1` are names.
    pub(super) fn fill(&self, first: &str, rest: &str, text: &str) -> String {
        let options = textwrap::Options::new(self.width)
            .initial_indent(first)
            .subsequent_indent(rest)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        textwrap::fill(text, options)
    }

    /// Wraps a list between its items, which stay whole where they can.
    pub(super) fn wrap_items(&self, items: &[String]) -> String {
        let whole: Vec<String> = items
            .iter()
            .map(|item| item.replace(' ', "\u{a0}"))
            .collect();
        let text = whole.join(&format!("\u{a0}{} ", self.dot()));
        self.wrap(0, &text).replace('\u{a0}', " ")
    }

    /// What the screen can show of a text that is laid out already.
    pub(super) fn shown(&self, laid_out: String) -> String {
        if self.unicode {
            return laid_out;
        }
        laid_out
            .chars()
            .map(|c| if c.is_ascii() { c } else { '?' })
            .collect()
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// `1 cell`, `2 cells`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_can_t_steer_the_terminal() {
        assert_eq!(
            printable("card\u{1b}[2J\n\u{202e}x"),
            "card\u{fffd}[2J\u{fffd}\u{fffd}x"
        );
        assert_eq!(printable("Müller's Karte"), "Müller's Karte");
    }

    #[test]
    fn names_are_not_broken_at_their_hyphens() {
        let screen = Screen {
            width: 12,
            colour: false,
            unicode: true,
        };
        let names = ["a RSA-2048".to_owned(), "b RSA-3072".to_owned()];
        assert_eq!(screen.wrap_items(&names), "a RSA-2048 ·\nb RSA-3072");
        assert_eq!(screen.wrap(2, "on openssl-3.0"), "  on\n  openssl-3.\n  0");
    }

    #[test]
    fn colour_touches_symbols_only() {
        let screen = Screen {
            width: 80,
            colour: true,
            unicode: true,
        };
        assert_eq!(
            screen.colour_symbols("✓ rsa ok-ish\n"),
            "\u{1b}[32m✓\u{1b}[0m rsa ok-ish\n"
        );
    }
}

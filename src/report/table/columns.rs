//! Columns of text without borders: as wide as what stands in them, and wrapped where that is too much.

use comfy_table::{ContentArrangement, Table, presets};
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

use super::super::style::Screen;

/// Blanks before the first column, and between columns.
const GAP: usize = 2;

/// What a column takes.
#[derive(Clone, Copy)]
pub(in crate::report) struct Column {
    /// At most this wide; the last column gets what is left of the screen.
    pub(super) widest: usize,
    /// Wrapped lines are set in, under the text after a symbol.
    pub(super) hangs: bool,
}

/// A column that is never wrapped but at this width.
pub(in crate::report) const fn up_to(widest: usize) -> Column {
    Column {
        widest,
        hangs: false,
    }
}

/// Rows as lines, each with its newline, symbols coloured.
pub(in crate::report) fn lay_out(
    screen: &Screen,
    columns: &[Column],
    rows: &[Vec<String>],
) -> String {
    let widths = widths(screen, columns, rows);
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    for row in rows {
        let cells = row.iter().zip(columns).zip(&widths);
        table.add_row(cells.map(|((text, column), width)| wrapped(text, *column, *width)));
    }
    // the crate puts one blank on either side of a column
    let text: String = table
        .lines()
        .map(|line| format!(" {}\n", line.trim_end()))
        .collect();
    screen.colour_symbols(&text)
}

/// How wide a column would like to be.
pub(in crate::report) fn natural_width(rows: &[Vec<String>], column: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(column));
    cells
        .flat_map(|cell| cell.lines())
        .map(display_width)
        .max()
        .unwrap_or(0)
}

fn widths(screen: &Screen, columns: &[Column], rows: &[Vec<String>]) -> Vec<usize> {
    let mut left = screen.width;
    let widths = columns.iter().enumerate().map(|(at, column)| {
        left = left.saturating_sub(GAP);
        let width = natural_width(rows, at).min(column.widest).min(left).max(1);
        left -= width.min(left);
        width
    });
    widths.collect()
}

/// Wrapped here and not by the table: it can't set wrapped lines in.
fn wrapped(text: &str, column: Column, width: usize) -> String {
    let options = Options::new(width)
        .subsequent_indent(if column.hangs { "  " } else { "" })
        .word_splitter(WordSplitter::NoHyphenation);
    let lines = text.lines().flat_map(|line| textwrap::wrap(line, &options));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter()
            .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
            .collect()
    }

    fn laid_out(width: usize, columns: &[Column], rows: &[Vec<String>]) -> String {
        let screen = Screen {
            width,
            colour: false,
            unicode: true,
        };
        lay_out(&screen, columns, rows)
    }

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them_and_the_last_one_wraps() {
        let columns = [
            up_to(9),
            Column {
                widest: 20,
                hangs: true,
            },
            up_to(usize::MAX),
        ];
        let rows = rows(&[
            &["TLS", "result", "servers"],
            &["1.2", "✗ sign\n  with x", "openssl-3.0, gnutls"],
        ]);
        insta::assert_snapshot!(laid_out(34, &columns, &rows), @r"
        TLS  result    servers
        1.2  ✗ sign    openssl-3.0,
               with x  gnutls
        ");
    }

    #[test]
    fn wide_characters_count_for_two() {
        let rows = rows(&[&["鍵鍵", "x"], &["key", "y"]]);
        let lines = laid_out(40, &[up_to(9), up_to(9)], &rows);
        assert_eq!(lines, "  鍵鍵  x\n  key   y\n");
    }

    #[test]
    fn a_word_too_long_is_broken_rather_than_the_screen_left() {
        let rows = rows(&[&["a", &"x".repeat(50)]]);
        assert!(
            laid_out(20, &[up_to(9), up_to(usize::MAX)], &rows)
                .lines()
                .all(|line| line.len() <= 20)
        );
    }
}

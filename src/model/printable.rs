//! Text that others wrote, before it is shown: a card's label or a client's name may hold what steers a terminal.

/// The text without what could steer a terminal.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Control characters, those that turn the direction of writing, and those that end a line.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// JSON with what could steer a terminal in JSON's own escapes: serde_json escapes only what JSON forbids, and U+009B begins
/// an escape sequence too. Outside of strings only the newline is met here.
pub fn json_escaped(json: &str) -> String {
    let escape = |c: char| match c {
        '\n' => c.to_string(),
        c if steers(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    json.chars().map(escape).collect()
}

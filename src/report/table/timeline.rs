//! Handshakes as timelines: one line a message, what it holds below it.

use super::super::style::{Screen, counted, printable};
use crate::model::trace::{Message, Side, Timeline};

/// Columns before what a message holds.
const INDENT: usize = 26;

/// All connections, each with its title.
pub fn render(timelines: &[Timeline], screen: &Screen) -> String {
    let all: Vec<String> = timelines
        .iter()
        .map(|timeline| one(timeline, screen))
        .collect();
    screen.shown(all.join("\n"))
}

fn one(timeline: &Timeline, screen: &Screen) -> String {
    let mut text = screen.heading(&printable(&timeline.title)) + "\n";
    if timeline.messages.is_empty() {
        text.push_str("  nothing was said\n");
    }
    let mut before = 0.0;
    for message in &timeline.messages {
        text.push_str(&line(message, message.at_ms - before, screen));
        before = message.at_ms;
    }
    text
}

/// When, after how long, whose, what.
fn line(message: &Message, after: f64, screen: &Screen) -> String {
    let (arrow, ascii) = match message.from {
        Side::Client => ("→", "->"),
        Side::Server => ("←", "<-"),
    };
    let arrow = if screen.unicode { arrow } else { ascii };
    let hidden = if message.encrypted { ", encrypted" } else { "" };
    let about = screen.dim(&format!("({}{hidden})", counted(message.bytes, "byte")));
    let after = screen.dim(&format!("{:>9}", format!("+{after:.1}")));
    let mut text = format!(
        "{:>9.1} ms {after} {arrow:<2} {} {about}\n",
        message.at_ms,
        printable(&message.name)
    );
    for (name, value) in &message.fields {
        let blanks = " ".repeat(INDENT);
        let first = format!("{blanks}{name}: ");
        let rest = format!("{blanks}  ");
        text.push_str(&(screen.fill(&first, &rest, &printable(value)) + "\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_tells_who_said_what_when() {
        let message = |at_ms, from, name: &str, fields| Message {
            at_ms,
            from,
            encrypted: from == Side::Server,
            name: name.into(),
            bytes: 7,
            fields,
        };
        let timeline = Timeline {
            title: "TLS 1.3 without a certificate".into(),
            messages: vec![
                message(
                    0.2,
                    Side::Client,
                    "ClientHello",
                    vec![("alpn", "h2".into())],
                ),
                message(
                    12.5,
                    Side::Server,
                    "Alert",
                    vec![("description", "certificate_required (116)\u{1b}[2J".into())],
                ),
            ],
        };
        insta::assert_snapshot!(render(&[timeline], &Screen::of_a_file()), @r"
        TLS 1.3 without a certificate
              0.2 ms      +0.2 →  ClientHello (7 bytes)
                                  alpn: h2
             12.5 ms     +12.3 ←  Alert (7 bytes, encrypted)
                                  description: certificate_required (116)�[2J
        ");
    }
}

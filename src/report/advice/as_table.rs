//! Advice for people: the few settings that are worth a thought, one of them in full, and the cards that none of them helps.

use super::super::style::{Screen, counted, printable};
use super::super::table::{columns, remedies};
use crate::model::advice::{Advice, Counts, Unsaved, Weighed};

/// Kinds of cards that are shown; the JSON report has more.
const MOST_KINDS: usize = 10;
/// Name, version and length of a setting come before the clients.
const BEFORE_CLIENTS: usize = 3;
/// Names are never longer, but for a user's own profiles.
const WIDEST: usize = 40;

/// The advice on a screen.
pub fn render(advice: &Advice, chosen: Option<&Weighed>, screen: &Screen) -> String {
    let mut parts = vec![totals(advice, screen), settings(advice, screen)];
    parts.extend(chosen.map(|chosen| in_full(advice, chosen, screen)));
    parts.push(unsaved(advice, screen));
    parts.push(notes(advice, screen));
    parts.retain(|part| !part.is_empty());
    screen.shown(parts.join("\n"))
}

fn totals(advice: &Advice, screen: &Screen) -> String {
    let cards = format!(
        "{} in {}",
        number(advice.cards, "card"),
        number(advice.reports, "report")
    );
    let repeated = (advice.repeated > 0).then(|| {
        format!(
            "{}, each counted as its latest report says",
            match advice.repeated {
                1 => "a card came twice".to_owned(),
                many => format!("cards came again {many} times"),
            }
        )
    });
    let skipped =
        (advice.skipped > 0).then(|| format!("{} left out", number(advice.skipped, "report")));
    let parts: Vec<String> = [Some(cards), repeated, skipped]
        .into_iter()
        .flatten()
        .collect();
    screen.wrap(0, &parts.join("; ")) + "\n"
}

fn number(count: u64, noun: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), noun)
}

/// Today's settings and the front, the strictest first.
fn settings(advice: &Advice, screen: &Screen) -> String {
    let worth_it = |weighed: &&Weighed| weighed.setting.today || weighed.on_front;
    let shown: Vec<&Weighed> = advice.settings.iter().filter(worth_it).collect();
    let rows = rows(advice, &shown);
    let title =
        screen.heading("cards that a server lets in, by what it asks for, with each client");
    let tables: Vec<String> = blocks(screen, &rows)
        .into_iter()
        .map(|block| table(screen, &rows, &block))
        .collect();
    format!("{title}\n{}{}", tables.join("\n"), legend(&shown, screen))
}

fn rows(advice: &Advice, shown: &[&Weighed]) -> Vec<Vec<String>> {
    let clients = advice.clients.iter().map(|client| client.name.clone());
    let head = ["setting", "TLS", "list"].map(str::to_owned);
    let mut rows = vec![head.into_iter().chain(clients).collect()];
    rows.extend(shown.iter().map(|weighed| row(weighed)));
    let none = ["let in by no setting", "", ""].map(str::to_owned);
    let unsaved = advice.unsaved.iter().map(u64::to_string);
    rows.push(none.into_iter().chain(unsaved).collect());
    rows
}

fn row(weighed: &Weighed) -> Vec<String> {
    let setting = &weighed.setting;
    let before = [
        match setting.today {
            true => format!("today: {}", printable(&setting.name)),
            false => setting.name.clone(),
        },
        setting.version.to_string(),
        setting.schemes.len().to_string(),
    ];
    let counts = weighed.counts.iter().map(shown_count);
    before.into_iter().chain(counts).collect()
}

/// `98`; `~98` if not all of it was measured; `98 +2?` if two are open.
fn shown_count(counts: &Counts) -> String {
    let sign = if counts.is_measured() { "" } else { "~" };
    match counts.could_not_tell {
        0 => format!("{sign}{}", counts.let_in),
        open => format!("{sign}{} +{open}?", counts.let_in),
    }
}

/// The clients' columns, as many together as the screen is wide.
fn blocks(screen: &Screen, rows: &[Vec<String>]) -> Vec<Vec<usize>> {
    let width = |at: usize| columns::natural_width(rows, at).min(WIDEST) + 2;
    let before: usize = (0..BEFORE_CLIENTS).map(width).sum();
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    let mut used = usize::MAX;
    for at in BEFORE_CLIENTS..rows.first().map_or(0, Vec::len) {
        match blocks.last_mut() {
            Some(block) if used + width(at) <= screen.width => block.push(at),
            _ => {
                blocks.push(vec![at]);
                used = before;
            }
        }
        used += width(at);
    }
    blocks
}

fn table(screen: &Screen, rows: &[Vec<String>], block: &[usize]) -> String {
    let shown = |row: &Vec<String>| {
        let before = row.iter().take(BEFORE_CLIENTS);
        let clients = block.iter().filter_map(|at| row.get(*at));
        before.chain(clients).cloned().collect()
    };
    let rows: Vec<Vec<String>> = rows.iter().map(shown).collect();
    let widths = vec![columns::up_to(WIDEST); BEFORE_CLIENTS + block.len()];
    columns::lay_out(screen, &widths, &rows)
}

fn legend(shown: &[&Weighed], screen: &Screen) -> String {
    let any = |of: fn(&Counts) -> bool| shown.iter().any(|weighed| weighed.counts.iter().any(of));
    let lines = [
        any(|counts| !counts.is_measured()).then_some(
            "~ inferred, at least in part: the client's rule, and what each card signed when it was tried. Without it all was \
             measured, by cells with this very list.",
        ),
        any(|counts| counts.could_not_tell > 0)
            .then_some("? could not tell: the reports don't hold what it takes."),
    ];
    let lines = lines.into_iter().flatten();
    lines
        .map(|line| screen.dim(&screen.fill("  ", "    ", line)) + "\n")
        .collect()
}

/// One setting with its list and the lines for each server.
fn in_full(advice: &Advice, chosen: &Weighed, screen: &Screen) -> String {
    let setting = &chosen.setting;
    let is_best = advice.best().is_some_and(|best| best.setting == *setting);
    let title = match is_best {
        true => format!("what lets most in: {}", printable(&setting.name)),
        false => printable(&setting.name),
    };
    let names: Vec<String> = setting.schemes.iter().map(ToString::to_string).collect();
    let asks = format!(
        "{}. It asks for {}; TLS 1.3 is {}.",
        printable(&setting.about),
        names.join(", "),
        if setting.version.name() == "1.3" {
            "on"
        } else {
            "off"
        }
    );
    let mut text = format!("{}\n{}\n", screen.heading(&title), screen.wrap(2, &asks));
    if !chosen.breaks.is_empty() {
        text.push_str(
            &(screen.wrap(2, &format!("It breaks {}.", chosen.breaks.join("; "))) + "\n"),
        );
    }
    text + &remedies(screen, &chosen.remedies)
}

fn unsaved(advice: &Advice, screen: &Screen) -> String {
    if advice.kinds.is_empty() {
        return String::new();
    }
    let mut text = screen.heading("cards that no setting lets in, with these clients") + "\n";
    for kind in advice.kinds.iter().take(MOST_KINDS) {
        text.push_str(&kind_of_card(kind, screen));
    }
    if advice.kinds.len() > MOST_KINDS {
        let rest = advice.kinds.len() - MOST_KINDS;
        let more = format!("{rest} more kinds; `--format json` names them");
        text.push_str(&(screen.wrap(2, &more) + "\n"));
    }
    text
}

fn kind_of_card(kind: &Unsaved, screen: &Screen) -> String {
    let bullet = format!("  {} ", screen.bullet());
    let examples = match kind.examples.is_empty() {
        true => String::new(),
        false => format!(", such as {}", kind.examples.join(", ")),
    };
    let title = format!(
        "{} with {}{examples}",
        number(kind.cards, "card"),
        kind.keys
    );
    let mut text = screen.fill(&bullet, "    ", &printable(&title)) + "\n";
    for (clients, reason) in &kind.reasons {
        let line = format!("{}: {reason}", clients.join(", "));
        text.push_str(&(screen.fill("    ", "      ", &printable(&line)) + "\n"));
    }
    text
}

fn notes(advice: &Advice, screen: &Screen) -> String {
    let notes = advice.notes.iter();
    let dim =
        |note: &String| screen.dim(&screen.wrap(0, &format!("note: {}", printable(note)))) + "\n";
    notes.map(dim).collect()
}

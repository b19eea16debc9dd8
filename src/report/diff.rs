//! Two reports held against each other, for people.

use super::changes;
use super::style::{Screen, printable};
use crate::model::comparison::Comparison;
use crate::model::record::Origin;

/// The comparison as a table that is `screen.width` columns wide.
pub fn render(comparison: &Comparison, screen: &Screen) -> String {
    let about = [("before", &comparison.before), ("now", &comparison.now)];
    let lines = about.map(|(what, origin)| line(what, origin, screen));
    let text = format!(
        "{}\n{}",
        lines.concat(),
        changes::render(comparison, screen)
    );
    screen.shown(text)
}

fn line(what: &str, origin: &Origin, screen: &Screen) -> String {
    let mut text = format!(
        "{what:<6}  {}, module {}, cardcheck {}",
        origin.started, origin.module, origin.cardcheck
    );
    if !origin.complete {
        text.push_str(", incomplete");
    }
    screen.dim(&screen.fill("", "        ", &printable(&text))) + "\n"
}

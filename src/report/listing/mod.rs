//! What `cardcheck list` found, for people.

mod contents;

use super::style::{Screen, counted, printable};
use crate::model::listing::{Contents, InSlot, ListedModule, ListedSlot, Listing, Loaded};
use crate::model::obstacle::Obstacle;
use crate::model::reader::{Holds, Reader, Service, atr_for_people};

/// The listing, no line longer than the screen but URIs, which are there to be copied.
pub fn render(listing: &Listing, screen: &Screen) -> String {
    let page = Page {
        screen,
        now: listing.now,
    };
    let readers = listing
        .service
        .as_ref()
        .map(|service| page.readers(service));
    let modules = listing.modules.iter().map(|module| page.module(module));
    let default = listing.default_module.as_ref().map(|path| {
        let text = format!("where no --module is given, cardcheck takes {path}");
        screen.dim(&page.line(0, &text))
    });
    let parts = readers.into_iter().chain(modules).chain(default);
    screen.shown(parts.collect::<Vec<_>>().join("\n"))
}

struct Page<'a> {
    screen: &'a Screen,
    /// Seconds since 1970-01-01 UTC.
    now: i64,
}

impl Page<'_> {
    /// Wrapped, with its newline; what came from a card can't steer the terminal.
    fn line(&self, indent: usize, text: &str) -> String {
        let (first, rest) = (" ".repeat(indent), " ".repeat(indent + 2));
        self.screen.fill(&first, &rest, &printable(text)) + "\n"
    }

    /// To be copied: not wrapped.
    fn to_copy(&self, indent: usize, uri: &str) -> String {
        format!(
            "{}{}\n",
            " ".repeat(indent),
            self.screen.dim(&printable(uri))
        )
    }

    fn heading(&self, text: &str) -> String {
        let line = self.line(0, text);
        self.screen.heading(line.trim_end()) + "\n"
    }

    fn obstacle(&self, indent: usize, obstacle: &Obstacle) -> String {
        let what = format!("{} {}", self.screen.cross(), obstacle.what);
        let next = format!("next: {}", obstacle.next);
        let what = self.screen.colour_symbols(&self.line(indent, &what));
        what + &self.line(indent + 2, &next)
    }

    fn readers(&self, service: &Service) -> String {
        let Service::Running(readers) = service else {
            return self.heading("readers: pcscd can't be asked, see below");
        };
        if readers.is_empty() {
            return self.heading("readers: none, says pcscd");
        }
        let lines = readers
            .iter()
            .map(|reader| self.line(2, &in_reader(reader)));
        self.heading("readers, as pcscd sees them") + &lines.collect::<String>()
    }

    fn module(&self, module: &ListedModule) -> String {
        let found_by = format!("known by {}", module.found_by.join(", "));
        let found_by = self.screen.dim(&self.line(2, &found_by));
        match &module.contents {
            Contents::Loaded(loaded) => {
                let facts = &loaded.facts;
                let title = format!(
                    "module {} ({} {})",
                    module.path, facts.description, facts.version
                );
                self.heading(&title) + &found_by + &self.loaded(loaded)
            }
            Contents::Unusable(obstacle) => {
                self.heading(&format!("module {}", module.path))
                    + &found_by
                    + &self.obstacle(2, obstacle)
            }
            Contents::NotLoaded(why) => {
                self.heading(&format!("module {}", module.path))
                    + &found_by
                    + &self.line(2, &format!("not loaded: {why}"))
            }
        }
    }

    fn loaded(&self, loaded: &Loaded) -> String {
        let obstacles = loaded.obstacles.iter();
        let mut text: String = obstacles
            .map(|obstacle| self.obstacle(2, obstacle))
            .collect();
        let empty = loaded
            .slots
            .iter()
            .filter(|slot| matches!(slot.holds, InSlot::Nothing));
        let empty: Vec<&str> = empty.map(|slot| slot.description.as_str()).collect();
        for slot in &loaded.slots {
            text.push_str(&self.slot(slot));
        }
        match (loaded.slots.len(), empty.as_slice()) {
            (0, _) => text.push_str(&self.line(2, "no slot")),
            (_, []) => {}
            (_, names) => {
                let count = counted(names.len(), "slot");
                let names = names.join("; ");
                text.push_str(&self.line(2, &format!("{count} without a token: {names}")));
            }
        }
        text
    }

    fn slot(&self, slot: &ListedSlot) -> String {
        let place = format!("slot {} ({})", slot.id, slot.description);
        match &slot.holds {
            InSlot::Nothing => String::new(),
            InSlot::Silent(refusal) => {
                let what = format!("{place}: a token that doesn't say what it is: {refusal}");
                self.line(2, &what)
            }
            InSlot::Token(token) => self.token(token, &place),
        }
    }
}

fn in_reader(reader: &Reader) -> String {
    let holds = match &reader.holds {
        Holds::Nothing => "no card".to_owned(),
        Holds::Card(atr) => format!("card in, ATR {}", atr_for_people(atr)),
        Holds::MuteCard => "a card that does not answer".to_owned(),
        Holds::Unknown => "could not tell".to_owned(),
    };
    let held = if reader.exclusive {
        ", held exclusively by a program"
    } else {
        ""
    };
    format!("{}: {holds}{held}", reader.name)
}

//! What `cardcheck list` found, for people.

use time::OffsetDateTime;

use super::style::{Screen, counted, printable};
use crate::model::certificate::Certificate;
use crate::model::key::{Key, Pairing};
use crate::model::listing::{
    Access, Contents, InSlot, ListedModule, ListedSlot, ListedToken, Listing, Loaded,
};
use crate::model::obstacle::Obstacle;
use crate::model::reader::{Holds, Reader, Service, atr_for_people};
use crate::model::token::{PinState, Token};
use crate::model::{uri, usage};

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
        let ListedSlot {
            id, description, ..
        } = slot;
        match &slot.holds {
            InSlot::Nothing => String::new(),
            InSlot::Silent(refusal) => {
                let what = format!(
                    "slot {id} ({description}): a token that doesn't say what it is: {refusal}"
                );
                self.line(2, &what)
            }
            InSlot::Token(token) => {
                self.line(2, &format!("slot {id} ({description})")) + &self.token(token)
            }
        }
    }

    fn token(&self, listed: &ListedToken) -> String {
        let Token {
            label,
            serial,
            model,
            manufacturer,
            ..
        } = &listed.token;
        let title = match listed.initialized {
            true => format!("token {label}  {model}, {manufacturer}, serial {serial}"),
            false => format!("an uninitialised token, {model}, {manufacturer}"),
        };
        let mut text = self.screen.heading(self.line(2, &title).trim_end()) + "\n";
        if listed.initialized {
            text.push_str(&self.to_copy(4, &uri::of_token(&listed.token)));
            text.push_str(&self.line(4, &pin(listed)));
        }
        if let Some(obstacle) = &listed.obstacle {
            text.push_str(&self.obstacle(4, obstacle));
        }
        text.push_str(&self.mechanisms(&listed.token));
        text.push_str(&self.objects(listed));
        text
    }

    /// Those that sign; the whole list is in the JSON report.
    fn mechanisms(&self, token: &Token) -> String {
        let mechanisms = &token.mechanisms;
        if mechanisms.is_empty() {
            return String::new();
        }
        let names = mechanisms.iter().filter(|facts| facts.sign);
        let names = names.map(|facts| facts.mechanism.to_string().replacen("CKM_", "", 1));
        let names: Vec<String> = names.collect();
        let count = counted(mechanisms.len(), "mechanism");
        let text = match names.is_empty() {
            true => format!("{count}, none of which signs"),
            false => format!("{count}; CKM_ that sign: {}", names.join(", ")),
        };
        self.line(4, &text)
    }

    fn objects(&self, listed: &ListedToken) -> String {
        let token = &listed.token;
        let mut text: String = listed.keys.iter().map(|key| self.key(token, key)).collect();
        for certificate in &token.orphan_certificates {
            text.push_str(&self.orphan(token, certificate, listed.access));
        }
        for name in &token.unreadable_certificates {
            text.push_str(&self.line(
                4,
                &format!("! certificate object {name}: no DER certificate"),
            ));
        }
        let hint = match (listed.access, listed.keys.len()) {
            _ if !listed.initialized || listed.obstacle.is_some() => return text,
            (Access::Public, 0) => {
                "no private key is seen without a login; --login would show those that are there"
            }
            (Access::Public, _) => "a login may show more private keys: --login",
            (_, 0) => "no private key",
            _ => return text,
        };
        text + &self.line(4, hint)
    }

    fn key(&self, token: &Token, key: &Key) -> String {
        let mut about = vec![
            key.type_for_people(),
            format!("id {}", hex::encode(&key.cka_id)),
        ];
        if !key.can_sign {
            about.push("not for signing (CKA_SIGN)".into());
        }
        if key.always_authenticate {
            about.push("wants the PIN for every signature (CKA_ALWAYS_AUTHENTICATE)".into());
        }
        let name = key.name_for_people();
        let mut text = self.line(4, &format!("key {name}  {}", about.join(", ")));
        text.push_str(&self.to_copy(6, &key.uri));
        match &key.certificate {
            Some(certificate) => {
                text.push_str(&self.certificate(token, certificate, &key.chain_on_token));
            }
            None => text.push_str(&self.line(6, "! an orphan: no certificate for it on the token")),
        }
        let doubt = match key.pairing {
            Pairing::KeyOnly => "! key and certificate have different CKA_IDs",
            Pairing::WrongKey => "! the certificate of this CKA_ID holds another public key",
            Pairing::Unreadable => "! the certificate object of this CKA_ID holds no certificate",
            Pairing::IdAndKey | Pairing::IdOnly | Pairing::None => return text,
        };
        text + &self.line(6, doubt)
    }

    fn orphan(&self, token: &Token, certificate: &Certificate, access: Access) -> String {
        let Certificate { label, cka_id, .. } = certificate;
        let (mark, why) = match access {
            Access::Public => ("", "its key is not seen without a login"),
            Access::LoggedIn | Access::Open => ("! ", "an orphan: no key for it on the token"),
        };
        let title = format!(
            "{mark}certificate {label}  id {}, {why}",
            hex::encode(cka_id)
        );
        self.line(4, &title) + &self.certificate(token, certificate, &[])
    }

    fn certificate(
        &self,
        token: &Token,
        certificate: &Certificate,
        chain: &[Certificate],
    ) -> String {
        let usages = [
            usage::key_usage(certificate).map(|usage| usage.join(", ")),
            usage::extended_key_usage(certificate).map(|usage| usage.join(", ")),
        ];
        let [usage, extended] = usages.map(|usage| usage.unwrap_or_else(|| "any".into()));
        let mut lines = vec![
            format!("subject {}", certificate.subject),
            format!("issuer {}", certificate.issuer),
            self.validity(certificate),
            format!("key usage: {usage}; extended: {extended}"),
        ];
        if !chain.is_empty() {
            let names: Vec<&str> = chain.iter().map(|issuer| issuer.subject.as_str()).collect();
            lines.push(format!("chain on the token: {}", names.join(" / ")));
        }
        let lines = lines.iter().map(|line| self.line(6, line));
        lines.collect::<String>() + &self.to_copy(6, &uri::of_certificate(token, certificate))
    }

    fn validity(&self, certificate: &Certificate) -> String {
        let (from, to) = (certificate.not_before, certificate.not_after);
        let state = match self.now {
            now if now > to => " ! expired",
            now if now < from => " ! not valid yet",
            _ => "",
        };
        format!("valid {} to {}{state}", day(from), day(to))
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

fn pin(listed: &ListedToken) -> String {
    let state = match listed.token.pin {
        PinState::Ok => "nothing wrong with it",
        PinState::Low => "a wrong one was given before",
        PinState::FinalTry => "one try left",
        PinState::Locked => "locked",
        PinState::NotSet => "not set",
    };
    let (least, most) = listed.pin_length;
    let pad = if listed.token.pad {
        ", typed at the reader's own pad"
    } else {
        ""
    };
    let access = match listed.access {
        Access::LoggedIn => "logged in",
        Access::Open => "no login needed",
        Access::Public => "not logged in",
    };
    format!("PIN: {state}; {least} to {most} characters{pad}; {access}")
}

/// `2026-11-27`, UTC.
fn day(seconds: i64) -> String {
    let date = OffsetDateTime::from_unix_timestamp(seconds).map(OffsetDateTime::date);
    date.map_or_else(|_| "beyond the calendar".into(), |date| date.to_string())
}

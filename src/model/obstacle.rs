//! What stands between a module and a card, found before any key is tried, each with its next step.

use super::reader::{Holds, Program, Reader, Service, atr_for_people};

/// Something that has to be put right first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// A stable id, such as `no-card`.
    pub id: &'static str,
    /// What is wrong.
    pub what: String,
    /// The next step.
    pub next: String,
}

impl Obstacle {
    /// Is it a card that is in the way, and not that there is none?
    pub fn is_about_a_card(&self) -> bool {
        matches!(self.id, "card-mute" | "card-not-recognised" | "reader-held")
    }

    fn new(id: &'static str, what: impl Into<String>, next: impl Into<String>) -> Obstacle {
        let (what, next) = (what.into(), next.into());
        Obstacle { id, what, next }
    }
}

/// What keeps a module that uses PC/SC from its cards. `known`: the slotDescriptions of the slots in which it sees a token.
pub fn at_the_readers(service: &Service, known: &[String]) -> Vec<Obstacle> {
    match service {
        Service::Running(readers) if readers.is_empty() => vec![no_reader()],
        Service::Running(readers) if !readers.iter().any(Reader::has_card) => no_card(readers),
        Service::Running(readers) => in_readers(readers, known),
        out_of_order => at_the_service(out_of_order).into_iter().collect(),
    }
}

fn at_the_service(service: &Service) -> Option<Obstacle> {
    let obstacle = match service {
        Service::Running(_) => return None,
        Service::NotRunning(socket) => Obstacle::new(
            "pcscd-not-running",
            format!("pcscd does not run: nobody listens at {socket}"),
            "start it with `systemctl enable --now pcscd.socket`; if it is not there, install it (Debian: pcscd)",
        ),
        Service::Forbidden(socket) => Obstacle::new(
            "pcscd-not-allowed",
            format!("this user may not open pcscd's socket {socket}: permission denied"),
            format!("run as a user who may, or have the permissions changed: `ls -l {socket}`"),
        ),
        Service::HungUp(socket) => Obstacle::new(
            "pcscd-hung-up",
            format!("pcscd at {socket} hung up without an answer"),
            "so it does to a user whom polkit does not allow, mostly one who is not at the machine itself (ssh): allow \
             org.debian.pcsc-lite.access_pcsc and .access_card in /etc/polkit-1/rules.d; `journalctl -u pcscd` says whether it \
             is that, or whether pcscd could not start",
        ),
        Service::Unclear(why) => Obstacle::new(
            "readers-unclear",
            format!("could not tell what is in the readers: {why}"),
            "`opensc-tool --list-readers` shows what pcscd sees; `systemctl restart pcscd` may help",
        ),
    };
    Some(obstacle)
}

fn no_reader() -> Obstacle {
    Obstacle::new(
        "no-reader",
        "pcscd runs and sees no reader",
        "connect the reader; if it is, `lsusb` must show it, and pcscd needs its driver (Debian: libccid)",
    )
}

fn no_card(readers: &[Reader]) -> Vec<Obstacle> {
    let unclear = |reader: &&Reader| reader.holds == Holds::Unknown;
    if let Some(reader) = readers.iter().find(unclear) {
        let why = format!("reader `{}` does not say", reader.name);
        return at_the_service(&Service::Unclear(why)).into_iter().collect();
    }
    let what = match readers {
        [reader] => format!("no card in reader `{}`", reader.name),
        _ => format!("no card in any of {} readers", readers.len()),
    };
    vec![Obstacle::new(
        "no-card",
        what,
        "put the card into the reader, as far as it goes",
    )]
}

/// Cards that the module makes nothing of.
fn in_readers(readers: &[Reader], known: &[String]) -> Vec<Obstacle> {
    let is_known = |reader: &Reader| known.iter().any(|slot| reader.is_in_slot(slot));
    // a module that calls its slots otherwise than the readers: which card it sees can't be told
    if !known.is_empty() && !readers.iter().any(is_known) {
        return Vec::new();
    }
    let unknown = readers.iter().filter(|reader| !is_known(reader));
    unknown.filter_map(in_reader).collect()
}

fn in_reader(reader: &Reader) -> Option<Obstacle> {
    let name = &reader.name;
    match &reader.holds {
        _ if reader.exclusive => Some(held(reader)),
        Holds::MuteCard => Some(Obstacle::new(
            "card-mute",
            format!("the card in reader `{name}` does not answer"),
            "turn it over, clean its contacts, push it in as far as it goes; if it stays mute here and elsewhere, it is broken",
        )),
        Holds::Card(atr) => Some(Obstacle::new(
            "card-not-recognised",
            format!(
                "the card in reader `{name}` is not one that this module knows (ATR {})",
                atr_for_people(atr)
            ),
            "name its issuer's module with --module; `cardcheck list` tries all that are found here",
        )),
        Holds::Nothing | Holds::Unknown => None,
    }
}

fn held(reader: &Reader) -> Obstacle {
    let who = match reader.holders.as_slice() {
        [] => "which one can't be told; root can see more".to_owned(),
        [program] => format!("it could be {}", named(program)),
        several => {
            let names: Vec<String> = several.iter().map(named).collect();
            format!("it could be one of {}", names.join(", "))
        }
    };
    Obstacle::new(
        "reader-held",
        format!(
            "another program holds reader `{}` exclusively: {who}",
            reader.name
        ),
        "end that program, or have it let the card go (GnuPG: `gpgconf --kill scdaemon`, and `pcsc-shared` in scdaemon.conf); \
         cardcheck never does",
    )
}

fn named(program: &Program) -> String {
    format!("{} (process {})", program.name, program.pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(name: &str, holds: Holds) -> Reader {
        Reader {
            name: name.into(),
            holds,
            exclusive: false,
            holders: Vec::new(),
        }
    }

    fn ids(service: &Service, known: &[&str]) -> Vec<&'static str> {
        let known: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        let found = at_the_readers(service, &known);
        found.into_iter().map(|obstacle| obstacle.id).collect()
    }

    fn running(readers: &[Reader]) -> Service {
        Service::Running(readers.to_vec())
    }

    #[test]
    fn each_state_has_its_own_name() {
        let socket = || "/run/pcscd/pcscd.comm".to_owned();
        let card = || Holds::Card(vec![0x3b, 0x80]);
        let held = Reader {
            exclusive: true,
            ..reader("a", card())
        };
        let states = [
            (Service::NotRunning(socket()), "pcscd-not-running"),
            (Service::Forbidden(socket()), "pcscd-not-allowed"),
            (Service::HungUp(socket()), "pcscd-hung-up"),
            (Service::Unclear("?".into()), "readers-unclear"),
            (running(&[]), "no-reader"),
            (running(&[reader("a", Holds::Nothing)]), "no-card"),
            (running(&[reader("a", Holds::Unknown)]), "readers-unclear"),
            (running(&[reader("a", Holds::MuteCard)]), "card-mute"),
            (running(&[reader("a", card())]), "card-not-recognised"),
            (running(&[held]), "reader-held"),
        ];
        for (service, id) in states {
            assert_eq!(ids(&service, &[]), [id], "{service:?}");
        }
    }

    #[test]
    fn a_card_that_the_module_knows_is_no_obstacle_and_the_others_are() {
        let card = || Holds::Card(vec![0x3b]);
        let two = running(&[reader("a", card()), reader("b", card())]);
        assert_eq!(ids(&two, &["a"]), ["card-not-recognised"]);
        assert!(ids(&two, &["a", "b"]).is_empty());
        assert!(ids(&two, &["Slot 1"]).is_empty(), "it can't be told");
        let empty_beside = running(&[reader("a", card()), reader("b", Holds::Nothing)]);
        assert!(ids(&empty_beside, &["a"]).is_empty());
    }

    #[test]
    fn who_may_hold_it_is_said_as_surely_as_it_is_known() {
        let program = |pid| Program {
            pid,
            name: "scdaemon".into(),
        };
        let said = |holders: Vec<Program>| {
            held(&Reader {
                exclusive: true,
                holders,
                ..reader("a", Holds::Unknown)
            })
            .what
        };
        assert!(said(vec![]).ends_with("which one can't be told; root can see more"));
        assert!(said(vec![program(7)]).ends_with("it could be scdaemon (process 7)"));
        assert!(said(vec![program(7), program(8)]).contains("it could be one of scdaemon"));
    }
}

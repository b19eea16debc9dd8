//! Is a token away that the module doesn't show any more? A module loses sight of all cards when pcscd is restarted, and a
//! card that was taken for another one would be asked for its PIN again.
#![forbid(unsafe_code)]

use std::time::Duration;

use crate::model::reader::{Reader, Service};

/// A token may take that long to say what it is: cards answer late.
pub(super) const LATE: Duration = Duration::from_secs(10);

/// What the readers say of a token that the module doesn't show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// It has left.
    Left,
    /// It may come back in sight.
    InDoubt,
}

/// `service`: `None` where the module uses no PC/SC; `reader`: the slotDescription that the token had; `missed`: for how long
/// no process of the module has shown it; `silent`: some slot has a token that doesn't say yet what it is.
pub(super) fn of(
    service: Option<&Service>,
    reader: &str,
    missed: Duration,
    silent: bool,
) -> Absence {
    let still_in = match service {
        None => false,
        Some(Service::Running(readers)) => card_is_in(readers, reader),
        // whatever is the matter with pcscd: it says nothing of the card
        Some(_) => return Absence::InDoubt,
    };
    match (still_in || silent) && missed < LATE {
        true => Absence::InDoubt,
        false => Absence::Left,
    }
}

/// A reader that was unplugged is not among them.
fn card_is_in(readers: &[Reader], slot: &str) -> bool {
    let mut same = readers.iter().filter(|reader| reader.is_in_slot(slot));
    same.any(Reader::has_card)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reader::Holds;

    fn with(holds: Holds) -> Service {
        Service::Running(vec![Reader {
            name: "a 00 00".into(),
            holds,
            exclusive: false,
            holders: Vec::new(),
        }])
    }

    #[test]
    fn only_a_reader_that_says_so_is_empty() {
        let soon = Duration::from_secs(1);
        let card = with(Holds::Card(vec![0x3b]));
        let down = Service::NotRunning("/run/x".into());
        let said = |service, missed| of(service, "a 00 00", missed, false);
        assert_eq!(said(Some(&card), soon), Absence::InDoubt);
        assert_eq!(said(Some(&card), LATE), Absence::Left);
        assert_eq!(said(Some(&with(Holds::Nothing)), soon), Absence::Left);
        assert_eq!(said(Some(&down), LATE * 9), Absence::InDoubt);
        assert_eq!(said(None, soon), Absence::Left);
        let unplugged = of(Some(&card), "b 00 00", soon, false);
        assert_eq!(unplugged, Absence::Left);
    }

    #[test]
    fn a_token_that_does_not_say_yet_what_it_is_may_be_it() {
        assert_eq!(of(None, "", Duration::ZERO, true), Absence::InDoubt);
        assert_eq!(of(None, "", LATE, true), Absence::Left);
    }
}

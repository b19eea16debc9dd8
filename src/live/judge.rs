//! What a server asks for, told from what it did: a pure rule over at most two conversations.

use crate::model::probe::{Asks, HttpAnswer, HttpMeaning, Moment, Reaction, Spoken};

/// A conversation, as far as it tells whether a certificate is asked for.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// A CertificateRequest came.
    pub(super) requested: bool,
    /// The client's part of the handshake was done.
    pub(super) done: bool,
    /// A HelloRequest came.
    pub(super) hello_requested: bool,
    pub(super) reaction: Reaction,
    /// The reaction was no word of consent, only no refusal.
    pub(super) inferred: bool,
    pub(super) http: Option<HttpAnswer>,
}

/// What was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) asks: Asks,
    pub(super) asked_during: Option<Moment>,
    pub(super) inferred: bool,
    pub(super) reason: String,
}

fn verdict(asks: Asks, asked_during: Option<Moment>, reason: impl Into<String>) -> Verdict {
    Verdict {
        asks,
        asked_during,
        inferred: false,
        reason: reason.into(),
    }
}

/// Does the server ask? `bare` is the conversation without a certificate, `stranger` the one with one that nobody issued.
pub(super) fn judge(bare: &Heard, stranger: Option<&Heard>) -> Verdict {
    if bare.requested {
        return in_handshake(bare, stranger);
    }
    if !bare.done {
        let reason = format!("the handshake came to no end: {}", said(&bare.reaction));
        return verdict(Asks::Unknown, None, reason);
    }
    if bare.hello_requested {
        let reason = "after the request it wanted another handshake (HelloRequest), which cardcheck refuses: whether a \
                      certificate is optional there, and what it is asked for with, could not be told";
        return verdict(Asks::Unknown, Some(Moment::Renegotiation), reason);
    }
    match bare.http.as_ref().and_then(|http| http.meaning) {
        Some(HttpMeaning::PostHandshake) => verdict(
            Asks::Unknown,
            Some(Moment::PostHandshake),
            "its page says that it would ask after the handshake; cardcheck does not offer that, so whether a \
             certificate is optional there, and what it is asked for with, could not be told",
        ),
        Some(HttpMeaning::Required | HttpMeaning::Refused) => verdict(
            Asks::Required,
            Some(Moment::Http),
            "only its page says that a certificate is required",
        ),
        None => verdict(Asks::None, None, "no CertificateRequest came"),
    }
}

/// A CertificateRequest came: does it insist?
fn in_handshake(bare: &Heard, stranger: Option<&Heard>) -> Verdict {
    let moment = Some(Moment::Handshake);
    match (&bare.reaction, &bare.http) {
        (
            _,
            Some(HttpAnswer {
                meaning: Some(HttpMeaning::Required),
                status,
                ..
            }),
        ) => {
            let reason =
                format!("it completes the handshake without one and then refuses by HTTP {status}");
            verdict(Asks::Required, moment, reason)
        }
        (Reaction::Accepted, _) => Verdict {
            inferred: bare.inferred,
            ..verdict(Asks::Optional, moment, goes_on(bare.inferred))
        },
        (Reaction::Silent, _) if bare.done => Verdict {
            inferred: true,
            ..verdict(Asks::Optional, moment, "it kept silent and did not refuse")
        },
        (Reaction::Alert(alert), _) => {
            let reason = format!("without one it answers with alert {alert} ({})", alert.0);
            verdict(Asks::Required, moment, reason)
        }
        (Reaction::Refused(words), _) => verdict(
            Asks::Required,
            moment,
            format!("without one it says: {words}"),
        ),
        (Reaction::Closed, _) => Verdict {
            inferred: true,
            ..verdict(Asks::Required, moment, closes(stranger))
        },
        (reaction, _) => {
            let reason = format!(
                "it asks, but what it does without one could not be told: {}",
                said(reaction)
            );
            verdict(Asks::Unknown, moment, reason)
        }
    }
}

fn goes_on(inferred: bool) -> &'static str {
    match inferred {
        true => "without one it says goodbye in good form, and does not refuse",
        false => "without one it goes on",
    }
}

fn closes(stranger: Option<&Heard>) -> &'static str {
    match stranger.map(|heard| &heard.reaction) {
        Some(Reaction::Accepted) => {
            "without one it closes the connection, and with one that nobody issued it goes on"
        }
        _ => "without one it closes the connection and says nothing",
    }
}

/// A reaction in words.
pub(super) fn said(reaction: &Reaction) -> String {
    match reaction {
        Reaction::Accepted => "it goes on".into(),
        Reaction::Alert(alert) => format!("alert {alert} ({})", alert.0),
        Reaction::Closed => "it closes the connection without a word".into(),
        Reaction::Refused(words) => format!("it says: {words}"),
        Reaction::Silent => "it keeps silent".into(),
        Reaction::Unknown(why) => why.clone(),
    }
}

/// Does the server speak the version that alone was offered, if it came to nothing more than this?
pub(super) fn refuses_version(reaction: &Reaction) -> Spoken {
    /// protocol_version, handshake_failure, insufficient_security, internal_error.
    const REFUSALS: &[u8] = &[70, 40, 71, 80];
    match reaction {
        Reaction::Alert(alert) if REFUSALS.contains(&alert.0) => Spoken::No(said(reaction)),
        Reaction::Closed => Spoken::No(said(reaction)),
        // an older version came back, which the client did not offer
        Reaction::Unknown(why) if why.contains("not support") => Spoken::No(why.clone()),
        other => Spoken::Unknown(said(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::Alert;

    fn heard(requested: bool, reaction: Reaction) -> Heard {
        Heard {
            requested,
            done: true,
            hello_requested: false,
            reaction,
            inferred: false,
            http: None,
        }
    }

    fn answer(status: u16, meaning: Option<HttpMeaning>) -> Option<HttpAnswer> {
        Some(HttpAnswer {
            path: "/".into(),
            status,
            location: None,
            meaning,
        })
    }

    fn told(bare: &Heard) -> (Asks, Option<Moment>, bool) {
        let verdict = judge(bare, None);
        (verdict.asks, verdict.asked_during, verdict.inferred)
    }

    #[test]
    fn who_does_not_ask_asks_for_none() {
        let bare = heard(false, Reaction::Accepted);
        assert_eq!(told(&bare), (Asks::None, None, false));
    }

    #[test]
    fn who_asks_and_goes_on_finds_it_optional_and_silence_only_seems_to() {
        let moment = Some(Moment::Handshake);
        let bare = heard(true, Reaction::Accepted);
        assert_eq!(told(&bare), (Asks::Optional, moment, false));
        let bare = heard(true, Reaction::Silent);
        assert_eq!(told(&bare), (Asks::Optional, moment, true));
    }

    #[test]
    fn who_refuses_requires_whatever_the_way() {
        let moment = Some(Moment::Handshake);
        let alert = heard(true, Reaction::Alert(Alert(116)));
        assert_eq!(told(&alert), (Asks::Required, moment, false));
        assert_eq!(
            told(&heard(true, Reaction::Closed)),
            (Asks::Required, moment, true)
        );
        let nginx = Heard {
            http: answer(400, Some(HttpMeaning::Required)),
            ..heard(true, Reaction::Accepted)
        };
        assert_eq!(told(&nginx), (Asks::Required, moment, false));
    }

    #[test]
    fn who_asks_later_is_not_said_to_ask_for_none() {
        let renegotiates = Heard {
            hello_requested: true,
            http: answer(403, None),
            ..heard(false, Reaction::Accepted)
        };
        let later = (Asks::Unknown, Some(Moment::Renegotiation), false);
        assert_eq!(told(&renegotiates), later);
        let page = Heard {
            http: answer(403, Some(HttpMeaning::PostHandshake)),
            ..heard(false, Reaction::Accepted)
        };
        assert_eq!(told(&page).1, Some(Moment::PostHandshake));
        let iis = Heard {
            http: answer(403, Some(HttpMeaning::Required)),
            ..heard(false, Reaction::Accepted)
        };
        assert_eq!(told(&iis), (Asks::Required, Some(Moment::Http), false));
    }

    #[test]
    fn a_handshake_that_came_to_nothing_tells_nothing() {
        let bare = Heard {
            done: false,
            ..heard(false, Reaction::Silent)
        };
        assert_eq!(told(&bare), (Asks::Unknown, None, false));
    }
}

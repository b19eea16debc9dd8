//! `pss-listed-but-refused`: the token lists PSS, the key refuses it. Mechanisms are listed for a token, but what a key may
//! do is the key's own affair; Firefox and Chrome look at the list only.

use super::case::{Case, cases, is_real};
use super::prose::{self, distinct, number, sentence};
use super::refusal::is_about_mechanism;
use super::remedy::{self, OTHER_KEY, card};
use super::tried::{self, Works};
use super::{Facts, Rule};
use crate::model::capability::Answer;
use crate::model::cell::{Cell, Stage};
use crate::model::ckr::Ckr;
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::Key;
use crate::model::mechanism::Mechanism;
use crate::model::route::Route;
use crate::model::version::TlsVersion;

pub(super) static RULE: Rule = Rule {
    id: "pss-listed-but-refused",
    title: "the token lists RSA-PSS, but its key refuses it",
    explanation: "\
C_GetMechanismList says what a token can do, not what each key may do. Some modules list CKM_RSA_PKCS_PSS although the card, \
or this key on it, can't pad that way. Firefox and Chrome look at the list only: they choose PSS, C_SignInit or C_Sign answers \
with an error, and the login fails. In Firefox over TLS 1.2 the page then loads for ever, without a message.

How it is told: the handshake chose a PSS scheme whose mechanism the token lists, and the token refused it with an error about \
the mechanism or the key, while PKCS1 on the same key works or was not tried. If CKA_ALLOWED_MECHANISMS of the key leaves the \
mechanism out, that is the reason.

What helps: over TLS 1.2 a server that asks its clients for no RSA-PSS, so that they use PKCS1. Set the list that is asked of \
clients (ClientSignatureAlgorithms, -client_sigalgs). The well-known -sigalgs and SignatureAlgorithms also limit what the \
server itself signs with, and end TLS 1.3 for everybody where its key is RSA. Over TLS 1.3 no list helps: PKCS1 is not legal \
there (RFC 8446 4.4.3), so a list without PSS has to go with TLS 1.2. To put PKCS1 first helps the clients that follow the \
server's order; Firefox and Chrome have their own. At the card: a module that pads PSS itself over raw RSA, as OpenSC 0.20 and \
later does, or a key of another type.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let refused = facts
        .failed_at(Stage::Sign)
        .filter(|(_, cell)| is_refused_pss(facts, cell));
    let by_pkcs1 = |cell: &Cell| facts.key(&cell.key).map(tried::pkcs1);
    cases(facts, refused, by_pkcs1)
        .iter()
        .map(finding)
        .collect()
}

fn is_refused_pss(facts: &Facts<'_>, cell: &Cell) -> bool {
    let Some((key, token)) = facts.card(cell) else {
        return false;
    };
    cell.scheme.is_some_and(|scheme| scheme.is_pss())
        && cell.ckr.is_some_and(is_about_mechanism)
        && token.lists(listed_mechanism(cell))
        && !tried::worked(key, cell)
        && tried::pss(key, listed_route(cell)) != Works::Yes
        && (tried::pkcs1(key) != Works::No || !key.allows(listed_mechanism(cell)))
}

/// The route of the PSS that the token lists. A client that pads PSS itself and is refused the raw signature has no better
/// luck with the token's own.
fn listed_route(cell: &Cell) -> Route {
    match cell.route {
        Some(Route::ShaRsaPkcsPss) => Route::ShaRsaPkcsPss,
        _ => Route::RsaPkcsPss,
    }
}

fn listed_mechanism(cell: &Cell) -> Mechanism {
    let mechanism = |scheme| listed_route(cell).mechanism(scheme);
    cell.scheme.map_or(Mechanism::RSA_PKCS_PSS, mechanism)
}

fn finding(case: &Case<'_>) -> Finding {
    let keys = number(case.keys().len(), "key refuses", "keys refuse");
    let title = format!(
        "{} lists RSA-PSS, but its RSA {keys} it",
        sentence(&case.token_named())
    );
    let parts = [
        refusal(case),
        allowed(case),
        trust(case),
        pkcs1(case),
        raw(case),
    ];
    let cause: Vec<String> = parts.into_iter().flatten().collect();
    case.finding(
        RULE.id,
        Severity::Error,
        title,
        cause.join(" "),
        remedies(case),
    )
}

fn refusal(case: &Case<'_>) -> Option<String> {
    let keys = case.keys();
    let mechanisms = distinct(
        case.cells
            .iter()
            .map(|(_, cell)| listed_mechanism(cell).to_string()),
    );
    let ckrs: Vec<String> = ckrs(case).iter().map(ToString::to_string).collect();
    let step = step(&keys).map_or(String::new(), |step| format!(" at {step}"));
    Some(format!(
        "{} lists {}, but {} {} it{step} with {}.",
        sentence(&case.token_named()),
        prose::and(&mechanisms),
        case.keys_named(),
        number(keys.len(), "refuses", "refuse"),
        prose::and(&ckrs)
    ))
}

/// The token's codes; those of clients' own libraries, which asked no token, only where there are no others.
fn ckrs(case: &Case<'_>) -> Vec<Ckr> {
    let of = |asked: bool| {
        let cells = case.cells.iter().map(|(_, cell)| *cell);
        let cells = cells.filter(|cell| cell.route.is_some() == asked);
        distinct(cells.filter_map(|cell| cell.ckr))
    };
    match of(true) {
        token if token.is_empty() => of(false),
        token => token,
    }
}

/// The call that refuses, if the trials tell and all keys agree.
fn step(keys: &[&Key]) -> Option<&'static str> {
    let trials = keys.iter().flat_map(|key| &key.capabilities);
    let refusals = trials.filter(|trial| trial.scheme.is_pss() && trial.route == Route::RsaPkcsPss);
    let steps = distinct(
        refusals.filter_map(|trial| match (trial.sign_init, trial.sign) {
            (Answer::Ckr(_), _) => Some("C_SignInit"),
            (_, Answer::Ckr(_)) => Some("C_Sign"),
            _ => None,
        }),
    );
    match steps.as_slice() {
        [step] => Some(step),
        _ => None,
    }
}

fn allowed(case: &Case<'_>) -> Option<String> {
    let keys = case.keys();
    let restricted = |key: &&&Key| key.can_sign && !key.allows(Mechanism::RSA_PKCS_PSS);
    let restricted: Vec<&Key> = keys.iter().filter(restricted).copied().collect();
    (!restricted.is_empty()).then(|| {
        let of = match restricted.len() == keys.len() {
            true => number(keys.len(), "this key", "these keys").to_owned(),
            false => prose::keys(&restricted),
        };
        format!("The reason: CKA_ALLOWED_MECHANISMS of {of} leaves PSS out.")
    })
}

fn trust(case: &Case<'_>) -> Option<String> {
    let clients: Vec<&str> = case
        .clients()
        .into_iter()
        .filter(|name| is_real(name))
        .collect();
    (!clients.is_empty()).then(|| {
        let (who, chooses) = (
            prose::and(&clients),
            number(clients.len(), "chooses", "choose"),
        );
        format!("So {who} {chooses} PSS and can't sign.")
    })
}

fn pkcs1(case: &Case<'_>) -> Option<String> {
    let works = case.keys().first().map(|key| tried::pkcs1(key));
    let over_tls12 = match works {
        Some(Works::Yes) => "PKCS1 signatures work, but TLS 1.3 does not allow them",
        Some(Works::No) => "PKCS1 signatures are refused too",
        _ => "Whether PKCS1 signatures work was not tried; TLS 1.3 does not allow them",
    };
    let tls13 = match case.has(TlsVersion::V1_3) {
        true => "; no list of the server helps there.",
        false => ".",
    };
    Some(format!("{over_tls12}{tls13}"))
}

fn raw(case: &Case<'_>) -> Option<String> {
    let works = case
        .keys()
        .iter()
        .all(|key| tried::raw_rsa(key) == Works::Yes);
    works.then(|| {
        let padding = "Raw RSA (CKM_RSA_X_509) works";
        match passing_over_raw(case).as_slice() {
            [] => format!(
                "{padding}, so a client or module that makes the PSS padding itself can log in."
            ),
            clients => {
                let makes = number(clients.len(), "makes", "make");
                format!(
                    "{padding}: {} {makes} the PSS padding on the host and can log in.",
                    prose::and(clients)
                )
            }
        }
    })
}

fn passing_over_raw<'a>(case: &Case<'a>) -> Vec<&'a str> {
    case.clients_let_in(|cell| cell.route == Some(Route::RsaX509))
}

fn remedies(case: &Case<'_>) -> Vec<Remedy> {
    let mut remedies = remedy::tls12_at_server(case).remedies(case);
    if !remedy::for_all(&remedies) {
        remedies = remedy::without_pss(case).remedies(case);
        remedies.extend(remedy::pkcs1_first(case).remedies(case));
    }
    remedies.extend(remedy::tls12_at_client(case));
    remedies.extend(remedy::no_pss_at_client(case));
    if allowed(case).is_some() {
        remedies.push(card("Have CKM_RSA_PKCS_PSS put into CKA_ALLOWED_MECHANISMS of the key, if the card can do it"));
    }
    remedies.extend(remedy::software_padding(case));
    remedies.push(card(OTHER_KEY));
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, refusing, rsa, working};
    use crate::model::cell::Outcome;
    use crate::model::finding::Change;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    /// PSS is listed and refused, all else works: the motivating case.
    fn lying() -> Fixture {
        let lie = |id: &str, bits: u32| {
            let key = working(rsa(id, bits), 0x0401, Route::RsaPkcs);
            let key = working(key, 0x0804, Route::RsaX509);
            Key {
                allowed_mechanisms: Some(vec![Mechanism::RSA_PKCS, Mechanism::RSA_X_509]),
                ..refusing(key, 0x0804, Route::RsaPkcsPss)
            }
        };
        let fixture = Fixture::new()
            .listing(Mechanism::RSA_PKCS_PSS)
            .listing(Mechanism::RSA_X_509);
        fixture.key(lie("k1", 2048)).key(lie("k2", 3072))
    }

    fn software(finding: &Finding) -> Vec<&str> {
        finding
            .remedies
            .iter()
            .filter_map(|remedy| remedy.software.as_deref())
            .collect()
    }

    #[test]
    fn the_lying_token_is_told_in_plain_words() {
        let mut fixture = lying();
        for key in ["k1", "k2"] {
            fixture.refuses_pss(key, V1_2, "firefox", Route::RsaPkcsPss);
            fixture.refuses_pss(key, V1_3, "firefox", Route::RsaPkcsPss);
            fixture
                .cell(key, "openssl-1.1.1", V1_3, "openssl", Outcome::Pass)
                .route = Some(Route::RsaX509);
        }
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].cells, [0, 1, 3, 4]);
        insta::assert_snapshot!(format!("{}\n{}", found[0].title, found[0].cause), @r"
        Token `card` lists RSA-PSS, but its RSA keys refuse it
        Token `card` lists CKM_RSA_PKCS_PSS, but keys `k1` and `k2` refuse it at C_SignInit with CKR_MECHANISM_INVALID. The reason: CKA_ALLOWED_MECHANISMS of these keys leaves PSS out. So firefox chooses PSS and can't sign. PKCS1 signatures work, but TLS 1.3 does not allow them; no list of the server helps there. Raw RSA (CKM_RSA_X_509) works: openssl makes the PSS padding on the host and can log in.
        ");
    }

    #[test]
    fn the_remedy_is_a_client_list_without_pss_and_tls12_in_each_server_s_syntax() {
        let mut fixture = lying();
        fixture.refuses_pss("k1", V1_2, "firefox", Route::RsaPkcsPss);
        let found = find(&fixture.facts());
        assert_eq!(
            software(&found[0]),
            ["apache", "nginx", "haproxy", "stunnel", "openssl"]
        );
        let lists = found[0]
            .remedies
            .iter()
            .filter_map(|remedy| remedy.snippet.as_deref());
        insta::assert_snapshot!(lists.collect::<Vec<_>>().join("\n"), @r"
        SSLProtocol all -SSLv3 -TLSv1 -TLSv1.1 -TLSv1.3
        SSLOpenSSLConfCmd ClientSignatureAlgorithms ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:RSA+SHA256:RSA+SHA384:RSA+SHA512
        # nginx 1.19.4 or later
        ssl_protocols TLSv1.2;
        ssl_conf_command ClientSignatureAlgorithms ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:RSA+SHA256:RSA+SHA384:RSA+SHA512;
        # HAProxy 2.8 or later
        bind ... ssl-max-ver TLSv1.2 client-sigalgs ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:RSA+SHA256:RSA+SHA384:RSA+SHA512
        sslVersionMax = TLSv1.2
        config = ClientSignatureAlgorithms:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:RSA+SHA256:RSA+SHA384:RSA+SHA512
        openssl s_server ... -no_tls1_3 -client_sigalgs ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:RSA+SHA256:RSA+SHA384:RSA+SHA512
        ");
        let schemes = match &found[0].remedies[0].change {
            Some(Change::ClientSchemes {
                schemes,
                tls12_only: true,
            }) => schemes,
            other => panic!("{other:?}"),
        };
        assert!(!schemes.iter().any(|scheme| scheme.is_pss()));
        assert!(found[0].remedies.iter().all(|remedy| !remedy.proven));
    }

    #[test]
    fn reordering_is_offered_to_clients_that_follow_the_server_and_not_to_firefox() {
        let mut fixture = lying();
        fixture.keys[0]
            .capabilities
            .retain(|trial| trial.route != Route::RsaX509);
        fixture.refuses_pss("k1", V1_2, "firefox", Route::RsaPkcsPss);
        fixture.refuses_pss("k1", V1_2, "openssl", Route::RsaX509);
        let found = find(&fixture.facts());
        let keeps_pss = |remedy: &&Remedy| matches!(&remedy.change, Some(Change::ClientSchemes { schemes, .. }) if schemes.iter().any(|scheme| scheme.is_pss()));
        let reordering: Vec<_> = found[0].remedies.iter().filter(keeps_pss).collect();
        assert!(!reordering.is_empty());
        assert!(
            reordering
                .iter()
                .all(|remedy| remedy.clients == ["openssl"])
        );
    }

    #[test]
    fn where_tls12_is_enough_the_list_stays() {
        let mut fixture = lying();
        fixture.refuses_pss("k1", V1_3, "chrome", Route::RsaPkcsPss);
        let found = find(&fixture.facts());
        let changes = found[0]
            .remedies
            .iter()
            .filter_map(|remedy| remedy.change.as_ref());
        let mut changes = changes.peekable();
        assert!(changes.peek().is_some());
        assert!(changes.all(|change| *change == Change::Tls12Only));
    }

    #[test]
    fn a_code_of_the_client_s_own_library_is_not_the_token_s() {
        let mut fixture = lying();
        fixture.refuses_pss("k1", V1_2, "firefox", Route::RsaPkcsPss);
        let gave_up = fixture.refuses_pss("k1", V1_2, "openssl-provider", Route::RsaPkcsPss);
        gave_up.route = None;
        gave_up.ckr = Some(Ckr(0x1b));
        let found = find(&fixture.facts());
        assert!(
            found[0]
                .cause
                .contains("at C_SignInit with CKR_MECHANISM_INVALID. "),
            "{}",
            found[0].cause
        );
    }

    #[test]
    fn servers_without_a_setting_are_told_so() {
        let mut fixture = lying();
        fixture
            .refuses_pss("k1", V1_2, "firefox", Route::RsaPkcsPss)
            .profile = "go".into();
        fixture
            .refuses_pss("k1", V1_2, "firefox", Route::RsaPkcsPss)
            .profile = "java-17".into();
        let found = find(&fixture.facts());
        assert_eq!(software(&found[0]), ["go", "java"]);
        assert_eq!(found[0].remedies[0].change, None);
        assert!(found[0].remedies[0].title.contains("no setting"));
    }

    #[test]
    fn two_tokens_are_two_findings() {
        let mut fixture = lying();
        let second = crate::model::token::Token {
            id: "t2".into(),
            ..fixture.tokens[0].clone()
        };
        fixture.tokens.push(second);
        fixture.keys[1].token = "t2".into();
        fixture.refuses_pss("k1", V1_2, "firefox", Route::RsaPkcsPss);
        fixture.refuses_pss("k2", V1_2, "firefox", Route::RsaPkcsPss);
        assert_eq!(find(&fixture.facts()).len(), 2);
    }

    #[test]
    fn a_pin_that_is_locked_is_no_refusal_of_pss() {
        let mut fixture = lying();
        fixture
            .refuses_pss("k1", V1_2, "firefox", Route::RsaPkcsPss)
            .ckr = Some(Ckr::PIN_LOCKED);
        assert!(find(&fixture.facts()).is_empty());
    }

    #[test]
    fn a_key_that_signs_pss_in_trials_is_not_blamed() {
        let key = working(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss);
        let mut fixture = Fixture::new().listing(Mechanism::RSA_PKCS_PSS).key(key);
        fixture.refuses_pss("k1", V1_2, "firefox", Route::RsaPkcsPss);
        assert!(find(&fixture.facts()).is_empty());
    }

    #[test]
    fn a_key_that_refuses_everything_does_not_refuse_pss_in_particular() {
        let key = refusing(rsa("k1", 2048), 0x0401, Route::RsaPkcs);
        let mut fixture = Fixture::new().listing(Mechanism::RSA_PKCS_PSS).key(key);
        fixture.refuses_pss("k1", V1_2, "firefox", Route::RsaPkcsPss);
        assert!(find(&fixture.facts()).is_empty());
    }

    #[test]
    fn a_token_that_lists_no_pss_does_not_lie() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.refuses_pss("k1", V1_2, "openssl", Route::RsaX509);
        assert!(find(&fixture.facts()).is_empty());
    }
}

//! What a person sees.

use super::super::sample;
use super::*;
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::run::Reach;
use crate::model::version::TlsVersion;

fn screen(width: usize) -> Screen {
    Screen {
        width,
        colour: false,
        unicode: true,
    }
}

fn ascii() -> Screen {
    Screen {
        unicode: false,
        ..screen(80)
    }
}

/// A third of the cells was reached; one key has no certificate, another fits no server.
fn interrupted() -> Run {
    let mut run = sample::lying();
    run.reach = Reach::Interrupted;
    run.keys.push(sample::rsa("k2", "orphan", 3072));
    run.keys.push(sample::p256("k3", "curve"));
    let of = |key: &'static str, outcome, reason: &'static str| {
        run.cells.clone().into_iter().map(move |mut cell| {
            cell.key = key.into();
            sample::outcome(&mut cell, outcome, reason);
            cell
        })
    };
    let orphan: Vec<Cell> = of("k2", Outcome::Skipped, "no certificate").collect();
    let curve: Vec<Cell> = of("k3", Outcome::NotApplicable, "no scheme for an EC key").collect();
    for cell in run.cells.iter_mut().skip(7) {
        sample::outcome(cell, Outcome::Skipped, "interrupted");
    }
    run.cells.extend(orphan.into_iter().chain(curve));
    run.findings.clear();
    run
}

/// No two of them fail at the same servers.
fn many_clients() -> Run {
    let names: Vec<String> = (1..=12).map(|n| format!("client-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let servers = (1..=3).map(|n| sample::profile(&format!("server-{n}"), &TlsVersion::ALL));
    let keys = vec![sample::rsa("k1", "login", 2048)];
    let mut run = sample::run(
        vec![sample::token("t1", "card")],
        keys,
        servers.collect(),
        &names,
    );
    for (at, cell) in run.cells.iter_mut().enumerate() {
        let (of_client, client) = (at / names.len(), at % names.len() + 1);
        if client >> of_client & 1 == 1 {
            cell.outcome = Outcome::Fail;
            cell.stage = Some(Stage::Sign);
        }
    }
    run
}

/// Clients one to four do the same, and so do all the others.
fn two_kinds_of_clients() -> Run {
    let mut run = many_clients();
    for (at, cell) in run.cells.iter_mut().enumerate() {
        let odd = at % run.clients.len() < 4 && cell.profile == "server-2";
        cell.outcome = if odd { Outcome::Fail } else { Outcome::Pass };
        cell.stage = odd.then_some(Stage::Sign);
    }
    for (client, evidence) in run
        .clients
        .iter_mut()
        .zip(["observed", "documented", "own"])
    {
        client.evidence = evidence;
    }
    run
}

#[test]
fn clients_that_agree_share_a_column_and_a_line() {
    let text = render(&two_kinds_of_clients(), &screen(80));
    insta::assert_snapshot!(text, @r"
    module /usr/lib/softhsm/libsofthsm2.so (Implementation of PKCS11 2.6)
    token card  SoftHSM v2, serial a1b2c3d4, slot 0

    logs in to how many servers
      key              TLS  client-1,  client-5,
                            client-2,  client-6,
                            client-3,  client-7,
                            client-4   client-8,
                                       client-9,
                                       client-10,
                                       client-11,
                                       client-12
      login  RSA-2048  1.2  ! 2/3      ✓ 3/3
                       1.3  ! 2/3      ✓ 3/3
      evidence: observed (client-1, client-4, client-5, client-6, client-7,
      client-8, client-9, client-10, client-11, client-12), documented (client-2),
      own (client-3)

    login (RSA-2048, id 01)
      TLS  client                result, servers
      1.2  client-1, client-2,   ✗ sign
           client-3, client-4    server-2
           client-1, client-2,   ✓
           client-3, client-4    server-1, server-3
           client-5, client-6,   ✓
           client-7, client-8,   all 3
           client-9, client-10,
           client-11, client-12
      1.3  client-1, client-2,   ✗ sign
           client-3, client-4    server-2
           client-1, client-2,   ✓
           client-3, client-4    server-1, server-3
           client-5, client-6,   ✓
           client-7, client-8,   all 3
           client-9, client-10,
           client-11, client-12

    72 cells: 64 pass, 8 fail; 12 signatures in 1.2 s; 8 not as expected
    ");
}

#[test]
fn the_motivating_case() {
    insta::assert_snapshot!(render(&sample::lying(), &screen(80)), @r"
    module /usr/lib/softhsm/libsofthsm2.so (Implementation of PKCS11 2.6)
    token lying  SoftHSM v2, serial a1b2c3d4, slot 0

    logs in to how many servers
      key              TLS  any    firefox
      login  RSA-2048  1.2  ✓ 3/3  ! 1/3
                       1.3  ✓ 2/2  ✗ 0/2
      evidence: own (any), observed (firefox)

    login (RSA-2048, id 01)
      TLS  client   result                         servers
      1.2  firefox  ✗ sign: CKR_MECHANISM_INVALID  openssl-1.1.1, openssl-3.0
                      with rsa_pss_rsae_sha256
           any      ✓ rsa_pkcs1_sha256             all 3
           firefox  ✓ rsa_pkcs1_sha256             openssl-1.1.0
      1.3  firefox  ✗ sign: CKR_MECHANISM_INVALID  openssl-1.1.1, openssl-3.0
                      with rsa_pss_rsae_sha256
           any      ✓ rsa_pss_rsae_sha256          openssl-1.1.1, openssl-3.0

    what it means

    error the token lists RSA-PSS, but its RSA keys refuse it
      [pss-listed-but-refused]
      C_GetMechanismList holds CKM_RSA_PKCS_PSS, so the client chooses PSS, and then
      C_SignInit answers CKR_MECHANISM_INVALID.
      where: login · firefox · TLS 1.2, 1.3 · openssl-1.1.1, openssl-3.0
      firefox shows over TLS 1.2: nothing; the page never loads
      firefox shows over TLS 1.3: SSL_ERROR_HANDSHAKE_FAILED
      • server: ask for PKCS1 only, in TLS 1.2 only · breaks TLS 1.3 for everybody
          nginx:
            ssl_protocols TLSv1.2;
            ssl_conf_command ClientSignatureAlgorithms ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512;

    10 cells: 6 pass, 4 fail; 12 signatures in 1.2 s; 4 not as expected
    ");
}

#[test]
fn twelve_keys_and_twenty_one_servers() {
    insta::assert_snapshot!(render(&sample::crowd(), &screen(80)));
}

#[test]
fn on_a_narrow_screen_the_servers_stand_below_the_result() {
    let text = render(&sample::lying(), &screen(60));
    let details = text.split("\n\n").nth(2).unwrap();
    insta::assert_snapshot!(details, @r"
    login (RSA-2048, id 01)
      TLS  client   result, servers
      1.2  firefox  ✗ sign: CKR_MECHANISM_INVALID
                      with rsa_pss_rsae_sha256
                    openssl-1.1.1, openssl-3.0
           any      ✓ rsa_pkcs1_sha256
                    all 3
           firefox  ✓ rsa_pkcs1_sha256
                    openssl-1.1.0
      1.3  firefox  ✗ sign: CKR_MECHANISM_INVALID
                      with rsa_pss_rsae_sha256
                    openssl-1.1.1, openssl-3.0
           any      ✓ rsa_pss_rsae_sha256
                    openssl-1.1.1, openssl-3.0
    ");
}

#[test]
fn what_was_not_reached_and_what_does_not_apply_is_told_apart() {
    insta::assert_snapshot!(render(&interrupted(), &ascii()), @r"
    module /usr/lib/softhsm/libsofthsm2.so (Implementation of PKCS11 2.6)
    token lying  SoftHSM v2, serial a1b2c3d4, slot 0

    logs in to how many servers
      key               TLS  any      firefox
      login   RSA-2048  1.2  ok 3/3   ! 1/3
                        1.3  ? 1/2    ! 0/2
      orphan  RSA-3072  1.2  skipped  skipped
                        1.3  skipped  skipped
      curve   EC P-256  1.2  -        -
                        1.3  -        -
      evidence: own (any), observed (firefox)

    login (RSA-2048, id 01)
      TLS  client   result                            servers
      1.2  firefox  FAIL sign: CKR_MECHANISM_INVALID  openssl-1.1.1
                      with rsa_pss_rsae_sha256
           any      ok rsa_pkcs1_sha256               all 3
           firefox  ok rsa_pkcs1_sha256               openssl-1.1.0
      1.3  firefox  FAIL sign: CKR_MECHANISM_INVALID  openssl-1.1.1
                      with rsa_pss_rsae_sha256
           any      ok rsa_pss_rsae_sha256            openssl-1.1.1
      skipped: interrupted (openssl-3.0)

    orphan (RSA-3072, id 01)
      skipped: no certificate (all 3 servers)

    curve (EC P-256, id 01)
      not for this type of key (all 3 servers)

    30 cells: 5 pass, 2 fail, 10 not applicable, 13 skipped; 12 signatures in 1.2 s;
    2 not as expected; interrupted, the rest was not tried
    ");
}

#[test]
fn what_could_not_be_told_is_no_failure() {
    let mut run = sample::lying();
    run.findings.clear();
    for cell in run.cells.iter_mut().filter(|cell| cell.client == "firefox") {
        cell.outcome = Outcome::Error;
        cell.stage = Some(Stage::Transport);
        cell.reason = Some("no answer from C_Sign in 30 s; the module was given up".into());
    }
    let text = render(&run, &screen(80));
    let (overview, details) = (
        text.split("\n\n").nth(1).unwrap(),
        text.split("\n\n").nth(2).unwrap(),
    );
    insta::assert_snapshot!(format!("{overview}\n\n{details}"), @r"
    logs in to how many servers
      key              TLS  any    firefox
      login  RSA-2048  1.2  ✓ 3/3  ? 0/3
                       1.3  ✓ 2/2  ? 0/2
      evidence: own (any), observed (firefox)

    login (RSA-2048, id 01)
      TLS  client   result                            servers
      1.2  firefox  ? could not tell: no answer from  all 3
                      C_Sign in 30 s; the module was
                      given up
           any      ✓ rsa_pkcs1_sha256                all 3
      1.3  firefox  ? could not tell: no answer from  openssl-1.1.1, openssl-3.0
                      C_Sign in 30 s; the module was
                      given up
           any      ✓ rsa_pss_rsae_sha256             openssl-1.1.1, openssl-3.0
    ");
}

#[test]
fn clients_that_find_no_room_get_a_table_of_their_own() {
    let text = render(&many_clients(), &screen(80));
    insta::assert_snapshot!(text.split("login (").next().unwrap(), @r"
    module /usr/lib/softhsm/libsofthsm2.so (Implementation of PKCS11 2.6)
    token card  SoftHSM v2, serial a1b2c3d4, slot 0

    logs in to how many servers
      key              TLS  client-1  client-2  client-3  client-4  client-5
      login  RSA-2048  1.2  ! 2/3     ✓ 3/3     ! 2/3     ! 2/3     ! 1/3
                       1.3  ✓ 3/3     ! 2/3     ! 2/3     ✓ 3/3     ✓ 3/3

      key              TLS  client-6  client-7  client-8  client-9  client-10
      login  RSA-2048  1.2  ! 2/3     ! 1/3     ✓ 3/3     ! 2/3     ✓ 3/3
                       1.3  ! 2/3     ! 2/3     ! 2/3     ! 2/3     ! 1/3

      key              TLS  client-11  client-12
      login  RSA-2048  1.2  ! 2/3      ! 2/3
                       1.3  ! 1/3      ! 2/3
      evidence: observed (client-1, client-2, client-3, client-4, client-5,
      client-6, client-7, client-8, client-9, client-10, client-11, client-12)
    ");
}

#[test]
fn no_line_is_wider_than_the_screen_but_a_snippet() {
    let mut long = interrupted();
    long.tokens[0].label = "a label of thirty-two characters".into();
    long.keys[0].label = "x".repeat(100);
    long.keys[1].label = "a name in several words that is long".into();
    let mut long_name = many_clients();
    long_name.clients[1].name = "openssl-provider".into();
    for cell in &mut long_name.cells {
        cell.client = cell.client.replace("client-2", "openssl-provider");
    }
    let runs = [
        sample::lying(),
        sample::crowd(),
        many_clients(),
        two_kinds_of_clients(),
        long,
        long_name,
    ];
    for run in runs {
        for width in 60..=200 {
            let text = render(&run, &screen(width));
            let too_wide = |line: &&str| {
                textwrap::core::display_width(line) > width && !line.contains("ssl_conf_command")
            };
            assert_eq!(text.lines().find(too_wide), None, "at {width} columns");
        }
    }
}

#[test]
fn a_snippet_is_never_wrapped() {
    let run = sample::lying();
    let snippet = run.findings[0].remedies[0].snippet.clone().unwrap();
    let text = render(&run, &screen(60));
    assert!(snippet.lines().all(|line| text.contains(line)));
}

#[test]
fn colour_adds_escape_codes_and_nothing_else() {
    for run in [sample::lying(), sample::crowd(), interrupted()] {
        let plain = render(&run, &screen(80));
        let colour = Screen {
            colour: true,
            ..screen(80)
        };
        let coloured = render(&run, &colour);
        assert!(!plain.contains('\u{1b}') && coloured.contains('\u{1b}'));
        let codes = ["0", "1", "2", "31", "32", "33"].map(|code| format!("\u{1b}[{code}m"));
        let stripped = codes
            .iter()
            .fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(stripped, plain);
    }
}

#[test]
fn a_token_that_was_given_up_is_not_called_good_unless_it_was_called_bad() {
    let mut run = sample::lying();
    run.reach = Reach::GivenUp;
    let totals = |run: &Run| render(run, &screen(200)).lines().last().unwrap().to_owned();
    assert_eq!(
        prose::verdict(&run, &screen(80)),
        "✗ not good: 6 of 10 logins work"
    );
    assert!(
        totals(&run).ends_with("; a token was given up, the rest of it was not tried"),
        "{}",
        totals(&run)
    );
    for cell in run.cells.iter_mut().filter(|cell| !cell.as_expected()) {
        sample::outcome(cell, Outcome::Skipped, "the token was removed");
    }
    assert_eq!(
        prose::verdict(&run, &screen(80)),
        "? not all was tried: 6 of 10 logins work"
    );
}

#[test]
fn of_what_was_not_tried_in_the_earlier_run_either_nothing_is_expected() {
    let mut run = sample::changed();
    run.reach = Reach::GivenUp;
    for cell in run.cells.iter_mut().filter(|cell| !cell.as_expected()) {
        sample::outcome(cell, Outcome::Skipped, "the token was removed");
    }
    assert!(!run.is_conclusive(), "it was tried then");
    for cell in &mut run.cells {
        cell.was.take_if(|_| cell.outcome == Outcome::Skipped);
    }
    assert!(run.is_conclusive());
}

#[test]
fn without_unicode_all_is_ascii() {
    let mut run = sample::crowd();
    run.tokens[0].label = "Müllers Karte".into();
    assert!(render(&run, &ascii()).is_ascii());
}

#[test]
fn nothing_that_comes_from_a_token_steers_the_terminal() {
    let mut run = interrupted();
    let evil = "\u{1b}[2J\u{9b}2J\n\u{202e}";
    run.tokens[0].label = evil.into();
    run.tokens[0].model = evil.into();
    run.keys[0].label = evil.into();
    run.profiles[0].name = evil.into();
    run.cells[0].profile = evil.into();
    run.cells[9].reason = Some(evil.into());
    run.notes.push(evil.into());
    run.findings = sample::lying().findings;
    run.findings[0].title = evil.into();
    run.findings[0].cause = evil.into();
    let text = render(&run, &screen(80));
    assert!(
        !text
            .chars()
            .any(|c| c != '\n' && crate::model::printable::steers(c))
    );
}

#[test]
fn of_several_tokens_a_key_is_named_with_its_own() {
    let mut run = many_clients();
    run.tokens.push(sample::token("t2", "other"));
    run.keys.push(crate::model::key::Key {
        token: "t2".into(),
        ..sample::rsa("k2", "login", 2048)
    });
    let text = render(&run, &screen(80));
    assert!(
        text.contains("card/login") && text.contains("other/login"),
        "{text}"
    );
}

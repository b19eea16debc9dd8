//! What a ticket shows.

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::super::sample;
use super::*;

#[test]
fn the_lying_token_as_a_ticket() {
    insta::assert_snapshot!(render(&sample::lying()), @r"
    # cardcheck: ✗ not good: 6 of 10 logins work

    - module `/usr/lib/softhsm/libsofthsm2.so` (`Implementation of PKCS11 2.6`)
    - token `lying`: `SoftHSM v2`, serial `a1b2c3d4`, slot 0
    - 2026-11-21T04:00:00Z by cardcheck 0.1.0

    ## Logs in to how many servers

    | key |  | TLS | any | firefox |
    | --- | --- | --- | --- | --- |
    | `login` | RSA-2048 | 1.2 | ✓ 3/3 | ! 1/3 |
    |  |  | 1.3 | ✓ 2/2 | ✗ 0/2 |

    evidence: own (any), observed (firefox)

    ## What it means

    ### error: the token lists RSA-PSS, but its RSA keys refuse it (pss-listed-but-refused)

    C_GetMechanismList holds CKM_RSA_PKCS_PSS, so the client chooses PSS, and then C_SignInit answers CKR_MECHANISM_INVALID.

    - where: `login · firefox · TLS 1.2, 1.3 · openssl-1.1.1, openssl-3.0`
    - firefox shows over TLS 1.2: nothing; the page never loads
    - firefox shows over TLS 1.3: SSL_ERROR_HANDSHAKE_FAILED

    * server: ask for PKCS1 only, in TLS 1.2 only (breaks TLS 1.3 for everybody)

      nginx:

      ```
      ssl_protocols TLSv1.2;
      ssl_conf_command ClientSignatureAlgorithms ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512;
      ```

    ## Results

    ### `login (RSA-2048, id 01)`

    | TLS | client | result | servers |
    | --- | --- | --- | --- |
    | 1.2 | firefox | ✗ sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 | openssl-1.1.1, openssl-3.0 |
    | 1.2 | any | ✓ rsa_pkcs1_sha256 | all 3 |
    | 1.2 | firefox | ✓ rsa_pkcs1_sha256 | openssl-1.1.0 |
    | 1.3 | firefox | ✗ sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 | openssl-1.1.1, openssl-3.0 |
    | 1.3 | any | ✓ rsa_pss_rsae_sha256 | openssl-1.1.1, openssl-3.0 |

    10 cells: 6 pass, 4 fail; 12 signatures in 1.2 s; 4 not as expected
    ");
}

/// Elements and raw HTML that a reader of the Markdown would get.
fn odd_events(markdown: &str) -> Vec<String> {
    let odd = |event: Event<'_>| match event {
        Event::Html(html) | Event::InlineHtml(html) => Some(format!("HTML {html}")),
        Event::Start(tag @ (Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock)) => {
            Some(format!("{tag:?}"))
        }
        _ => None,
    };
    Parser::new_ext(markdown, Options::ENABLE_TABLES)
        .filter_map(odd)
        .collect()
}

#[test]
fn a_hostile_label_is_text_wherever_it_is_shown() {
    let hostile = "`x` <img src=//evil> [a](//evil) |\n# h ``` @all \u{1b}[2J";
    let mut run = sample::lying();
    run.tokens[0].label = hostile.into();
    run.tokens[0].serial = hostile.into();
    run.keys[0].label = hostile.into();
    run.module.path = hostile.into();
    run.notes = vec![format!("token `{hostile}`: gone")];
    run.findings[0].cause = format!("Token `{hostile}` refuses.");
    run.findings[0].remedies[0].snippet = Some(hostile.into());
    let markdown = render(&run);
    assert_eq!(odd_events(&markdown), [""; 0]);
    assert!(!markdown.contains('\u{1b}'));
    let plain = render(&sample::lying());
    let shape = |markdown: &str| {
        let starts = Parser::new_ext(markdown, Options::ENABLE_TABLES);
        let starts = starts.filter(|event| matches!(event, Event::Start(_)));
        // a note of its own is the only thing more
        starts.count()
    };
    assert_eq!(shape(&markdown), shape(&plain) + 2);
}

#[test]
fn a_run_without_findings_has_no_heading_for_them() {
    let mut run = sample::crowd();
    run.findings.clear();
    assert!(!render(&run).contains("What it means"));
}

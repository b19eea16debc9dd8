//! The command as a user meets it: what it prints, its report against the schema, its errors.

use serde_json::Value;

use crate::pki::Pki;
use crate::programs::s_server;
use crate::support::{cardcheck, need};
use crate::truth::probe;

#[test]
fn the_screen_says_first_what_one_wants_to_know() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    let peer = s_server(
        &pki,
        "-Verify 1 -verify_return_error -client_sigalgs RSA-PSS+SHA256:ECDSA+SHA256",
    );
    let run = probe(peer.address).arg("--ca").arg(pki.path("ca.pem"));
    let screen = run.run().exits(0).stdout();
    let steady = screen.replace(&peer.address.to_string(), "ADDRESS");
    let steady: Vec<&str> = steady
        .lines()
        .filter(|line| !line.contains("valid until"))
        .collect();
    insta::assert_snapshot!(steady.join("\n"), @r"
    ADDRESS · server name localhost
    negotiates TLS 1.3, TLS_AES_256_GCM_SHA384, X25519

    does it ask for a certificate?
      TLS  asks        without a certificate       with a stranger's
      1.3  required    certificate_required (116)  unknown_ca (48)
      1.2  required    handshake_failure (40)      unknown_ca (48)
      1.1  not spoken  alert internal_error (80)   ·
      1.0  not spoken  alert internal_error (80)   ·
      TLS 1.3: without one it answers with alert certificate_required (116)
      TLS 1.2: without one it answers with alert handshake_failure (40)

    what it asks with
      TLS 1.3
        signature_algorithms    rsa_pss_rsae_sha256 ecdsa_secp256r1_sha256
        CA names                2 names in 98 bytes
          O=Acme,CN=Acme Issuing CA 001
          O=Acme,CN=Acme Issuing CA 002
      TLS 1.2
        signature_algorithms    rsa_pss_rsae_sha256 ecdsa_secp256r1_sha256
        certificate_types       rsa_sign ecdsa_sign
        CA names                the same 2 names in 98 bytes

    the server's own certificate
        subject                 CN=localhost
        issuer                  CN=Acme Server CA, O=Acme
        trusted                 yes
    ");
}

#[test]
fn the_report_fits_the_schema_that_the_program_prints() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    for args in ["-Verify 1", "", "-tls1_2 -verify 1"] {
        let peer = s_server(&pki, args);
        for trace in ["", "--trace"] {
            let report = probe(peer.address)
                .args("--format json")
                .args(trace)
                .run()
                .report()
                .0;
            assert_eq!(report["schema"], "cardcheck.probe.v1");
            let traced = report["trace"].as_array().unwrap().len();
            assert_eq!(traced > 0, trace == "--trace");
        }
    }
}

#[test]
fn a_timeline_has_the_messages_of_both_sides_in_both_versions() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    let peer = s_server(&pki, "-Verify 1");
    let report = probe(peer.address)
        .args("--format json --trace")
        .run()
        .exits(0)
        .report()
        .0;
    let names = |title: &str| {
        let all = report["trace"].as_array().unwrap();
        let timeline = all
            .iter()
            .find(|timeline| timeline["title"] == title)
            .unwrap();
        let messages = timeline["messages"].as_array().unwrap().iter();
        let name = |message: &Value| {
            format!(
                "{}:{}",
                message["from"].as_str().unwrap(),
                message["name"].as_str().unwrap()
            )
        };
        messages.map(name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        names("TLS 1.3 with a throw-away certificate"),
        "client:ClientHello server:ServerHello server:ChangeCipherSpec server:EncryptedExtensions server:CertificateRequest \
         server:Certificate server:CertificateVerify server:Finished client:ChangeCipherSpec client:Certificate \
         client:CertificateVerify client:Finished server:NewSessionTicket server:NewSessionTicket server:Alert"
    );
    let tls12 = names("TLS 1.2 without a certificate");
    let flight = "server:ServerHello server:Certificate server:ServerKeyExchange server:CertificateRequest server:ServerHelloDone \
                  client:Certificate";
    assert!(tls12.contains(flight), "{tls12}");
    let screen = probe(peer.address).arg("--trace").run().exits(0).stdout();
    assert!(
        screen.contains("certificate_authorities: 2 in "),
        "{screen}"
    );
}

#[test]
fn a_script_can_say_what_it_expects() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    let peer = s_server(&pki, "-Verify 1");
    probe(peer.address).args("--expect required").run().exits(0);
    probe(peer.address).args("--expect optional").run().exits(1);
    probe(peer.address).args("--expect none").run().exits(1);
}

#[test]
fn what_is_wrong_on_the_command_line_is_said_with_what_to_do() {
    let said = |args: &str| {
        let ran = cardcheck().args(args).run().exits(2);
        ran.stderr()
    };
    insta::assert_snapshot!(said("probe host:port"), @r"
    error: `port` is no port; it is a number from 1 to 65535
    help: write it as HOST, HOST:PORT, [IPV6]:PORT or https://HOST/PATH
    ");
    insta::assert_snapshot!(said("probe mail.example --starttls smpt"), @r"
    error: unknown protocol `smpt`, did you mean `smtp`?
    help: --starttls takes smtp, lmtp, pop3, imap, ftp, xmpp, xmpp-server, irc, postgres, mysql, nntp, sieve, ldap
    ");
    insta::assert_snapshot!(said("probe portal.example --path login"), @r"
    error: `login` is no path
    help: it begins with `/` and holds no blanks, such as /login; write a blank as %20
    ");
    let ran = cardcheck()
        .args("probe portal.example --ca /nonexistent")
        .run()
        .exits(3);
    assert!(
        ran.stderr()
            .contains("can't read certificates from /nonexistent"),
        "{}",
        ran.stderr()
    );
}

//! Programs for the terminal: curl, wget, `openssl s_client`, `gnutls-cli`, Java; with keys in files, which are as good here.

use std::process::{Command, Stdio};

use crate::house::{House, said};
use crate::support::{Lab, need};

/// The house, with a lab whose keys are in files; `None`: something is not installed.
#[track_caller]
fn open(programs: &[&str], args: &[&str]) -> Option<(House, Lab)> {
    need(programs)?;
    need(&["curl"])?;
    let lab = Lab::new(&["bench"])?;
    Some((House::open(&lab.path(""), args), lab))
}

/// curl with a key.
fn curl(house: &House, lab: &Lab, key: &str, door: &str) -> Command {
    let mut curl = Command::new("curl");
    curl.arg("-sS").arg("--cacert").arg(house.ca());
    curl.arg("--cert")
        .arg(lab.path(format!("keys/{key}.cert.pem")));
    curl.arg("--key")
        .arg(lab.path(format!("keys/{key}.key.pem")));
    curl.arg(house.url(door));
    curl
}

#[test]
fn curl_reads_what_it_did_as_text_html_and_json() {
    let Some((house, lab)) = open(&["curl"], &["--profile", "openssl-3.0,pkcs1-only"]) else {
        return;
    };
    let text = said(&mut curl(&house, &lab, "rsa-2048", "openssl-3.0"));
    let first = text.lines().next().unwrap_or_default();
    assert_eq!(
        first,
        "✓ logged in as O=cardcheck demo, CN=rsa-2048 user with rsa_pss_rsae_sha256 over TLS 1.3",
        "{text}"
    );
    for fact in [
        "What the client offered (ClientHello)",
        "server name (SNI)          localhost",
        "X25519",
        "What was asked for (CertificateRequest)",
        "key                        RSA-2048",
        "CertificateVerify came, rsa_pss_rsae_sha256",
        "-----BEGIN CERTIFICATE-----",
    ] {
        assert!(
            text.to_lowercase().contains(&fact.to_lowercase()),
            "no `{fact}`: {text}"
        );
    }

    let mut html = curl(&house, &lab, "p-256", "openssl-3.0");
    let html = said(html.args(["-H", "Accept: text/html"]));
    assert!(html.starts_with("<!doctype html>"), "{html}");
    assert!(
        html.contains("logged in as O=cardcheck demo, CN=p-256 user with ecdsa_secp256r1_sha256"),
        "{html}"
    );
    assert!(!html.contains("<script"), "it is read without one: {html}");

    let mut json = curl(&house, &lab, "rsa-2048", "pkcs1-only");
    let url = format!("{}visit.json", house.url("pkcs1-only"));
    let json = said(json.arg("--next").args(["-sS", "-k", &url]));
    assert!(
        json.contains("\"schema\": \"cardcheck.visit.v1\""),
        "{json}"
    );

    let visits = house.visits();
    let schemes: Vec<&str> = visits
        .iter()
        .filter_map(|visit| visit["signed_with"].as_str())
        .collect();
    assert_eq!(
        schemes,
        [
            "rsa_pkcs1_sha256",
            "ecdsa_secp256r1_sha256",
            "rsa_pss_rsae_sha256"
        ]
    );
    let number = visits.last().unwrap()["number"].as_u64().unwrap();
    let page = house.page(&format!("/visits/{number}"));
    assert_eq!(page.lines().next(), Some(first));
    assert!(
        house
            .told()
            .starts_with("✓ #1 openssl-3.0 from 127.0.0.1: logged in as"),
        "{}",
        house.told()
    );
}

#[test]
fn wget_reads_it_too() {
    let Some((house, lab)) = open(&["wget"], &["--profile", "openssl-3.0"]) else {
        return;
    };
    let mut wget = Command::new("wget");
    wget.args(["-q", "-O", "-", "--ca-certificate"])
        .arg(house.ca());
    wget.arg("--certificate")
        .arg(lab.path("keys/rsa-2048.cert.pem"));
    wget.arg("--private-key")
        .arg(lab.path("keys/rsa-2048.key.pem"));
    let text = said(wget.arg(house.url("openssl-3.0")));
    assert!(
        text.starts_with("✓ logged in as O=cardcheck demo, CN=rsa-2048 user with rsa_p"),
        "{text}"
    );
}

#[test]
fn gnutls_cli_reads_it_too() {
    let Some((house, lab)) = open(&["gnutls-cli", "sh"], &["--profile", "gnutls"]) else {
        return;
    };
    lab.write("get", "GET / HTTP/1.0\r\n\r\n");
    let script = format!(
        "gnutls-cli --x509cafile={ca} --x509certfile={dir}/rsa-2048.cert.pem --x509keyfile={dir}/rsa-2048.key.pem \
         --port={port} localhost < {get}",
        ca = house.ca().display(),
        dir = lab.path("keys").display(),
        port = house.port("gnutls"),
        get = lab.path("get").display(),
    );
    said(Command::new("sh").args(["-c", &script]));
    // it may leave before the page comes: its input has ended
    let visit = house.visit(|visit| visit["verdict"] == "good");
    assert_eq!(visit["signed_with"], "rsa_pss_rsae_sha256", "{visit:#}");
}

#[test]
fn who_sends_no_certificate_is_told_what_a_strict_server_says() {
    let Some((house, _lab)) = open(&["curl"], &["--profile", "openssl-3.0"]) else {
        return;
    };
    let mut text = String::new();
    for (tls, alert) in [
        ("1.3", "certificate_required (116)"),
        ("1.2", "handshake_failure (40)"),
    ] {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--tls-max", tls, "--cacert"])
            .arg(house.ca());
        text = said(curl.arg(house.url("openssl-3.0")));
        let line = format!(
            "✗ let in; a strict server would have refused with {alert}: no certificate came"
        );
        assert_eq!(text.lines().next(), Some(line.as_str()), "{text}");
    }
    insta::with_settings!({filters => vec![(r"\d{4}-\d\d-\d\dT[\d:]+Z", "[time]"), (r"\d+\.\d m?s", "[ms]"), (r"(?s)What the client offered.*", "[..]")]}, {
        insta::assert_snapshot!(text, @r"
        ✗ let in; a strict server would have refused with handshake_failure (40): no certificate came

        visit 2 to openssl-3.0 from 127.0.0.1, [time]

        The client answered, but sent no certificate (no-certificate-sent)
          One of these: nobody chose one; the client has none, or doesn't see the card; nothing in the list
          fits its key. Why can't be told from here.
          - client: See that the browser has the card's module and lists the certificate; end it and start
            it again, for it remembers a Cancel
          - client: Try the other ports: where only PKCS1 is asked for over TLS 1.2, a card without RSA-PSS
            can log in
          - client: `cardcheck matrix --module M` tells it for certain from the card's side

        What came of it
          stage                      select
          a strict server says       handshake_failure (40): no certificate came
          version                    TLS 1.2
          cipher suite               TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
          group                      x25519

        [..]
        ");
    });
}

#[test]
fn who_does_not_trust_the_server_is_told_how_to() {
    let Some((house, _lab)) = open(&["curl"], &["--profile", "openssl-3.0"]) else {
        return;
    };
    let refused = said(Command::new("curl").args(["-sS", &house.url("openssl-3.0")]));
    assert!(refused.contains("certificate"), "{refused}");
    let visit = house.visit(|visit| visit["end"] == "alert");
    assert_eq!(
        visit["findings"][0]["id"], "server-not-trusted",
        "{visit:#}"
    );
    assert_eq!(visit["alert"], "unknown_ca");
}

#[test]
fn http_at_a_port_for_tls_is_answered_in_http() {
    let Some((house, _lab)) = open(&["curl"], &["--profile", "openssl-3.0"]) else {
        return;
    };
    let url = house.url("openssl-3.0").replace("https:", "http:");
    let answer = said(Command::new("curl").args(["-sS", &url]));
    assert!(
        answer.contains("this port speaks TLS: open it with \"https://\""),
        "{answer}"
    );
    let visit = house.visit(|visit| visit["end"] == "not_tls");
    assert_eq!(visit["findings"][0]["id"], "not-tls", "{visit:#}");
}

#[test]
fn a_certificate_with_flaws_is_let_in_and_told() {
    let Some((house, _)) = open(&["curl"], &["--profile", "openssl-3.0"]) else {
        return;
    };
    let Some(lab) = Lab::new(&["objections"]) else {
        return;
    };
    for (key, id, alert) in [
        (
            "p-256-expired",
            "certificate-expired",
            "certificate_expired",
        ),
        (
            "p-256-early",
            "certificate-not-yet-valid",
            "bad_certificate",
        ),
        (
            "p-256-email",
            "eku-lacks-client-auth",
            "unsupported_certificate",
        ),
        (
            "p-256-documents",
            "ku-lacks-digital-signature",
            "unsupported_certificate",
        ),
        (
            "p-256-sha1",
            "weak-certificate-signature",
            "bad_certificate",
        ),
    ] {
        let mut client = Command::new("openssl");
        client.args([
            "s_client",
            "-quiet",
            "-cipher",
            "DEFAULT@SECLEVEL=0",
            "-connect",
        ]);
        client.arg(format!("127.0.0.1:{}", house.port("openssl-3.0")));
        client
            .arg("-cert")
            .arg(lab.path(format!("keys/{key}.cert.pem")));
        client
            .arg("-key")
            .arg(lab.path(format!("keys/{key}.key.pem")));
        said(&mut client);
        let visit = house
            .visit(|visit| !visit["certificates"].is_null() && visit["findings"][0]["id"] == id);
        assert_eq!(visit["verdict"], "refused", "{visit:#}");
        assert_eq!(visit["objections"][0]["alert"], alert, "{visit:#}");
    }
}

#[test]
fn java_reads_it_too() {
    let Some((house, lab)) = open(&["java", "openssl"], &["--profile", "java-17"]) else {
        return;
    };
    let mut bundle = Command::new("openssl");
    bundle
        .args(["pkcs12", "-export", "-passout", "pass:secret", "-out"])
        .arg(lab.path("key.p12"));
    bundle.arg("-in").arg(lab.path("keys/p-256.cert.pem"));
    bundle.arg("-inkey").arg(lab.path("keys/p-256.key.pem"));
    assert!(bundle.stdin(Stdio::null()).status().unwrap().success());
    let source = lab.write("Read.java", JAVA);
    let mut java = Command::new("java");
    java.arg(source).arg(lab.path("key.p12")).arg(house.ca());
    let text = said(java.arg(house.url("java-17")));
    assert!(
        text.contains("logged in as O=cardcheck demo, CN=p-256 user with ecdsa_secp256r1_sha256"),
        "{text}"
    );
}

const JAVA: &str = r#"
import java.io.FileInputStream;
import java.net.URL;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.*;

public class Read {
  public static void main(String[] args) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(new FileInputStream(args[0]), "secret".toCharArray());
    KeyManagerFactory km = KeyManagerFactory.getInstance("SunX509");
    km.init(keys, "secret".toCharArray());
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(new FileInputStream(args[1])));
    TrustManagerFactory tm = TrustManagerFactory.getInstance("PKIX");
    tm.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(km.getKeyManagers(), tm.getTrustManagers(), null);
    HttpsURLConnection page = (HttpsURLConnection) new URL(args[2]).openConnection();
    page.setSSLSocketFactory(context.getSocketFactory());
    page.setRequestProperty("Accept", "text/plain");
    System.out.write(page.getInputStream().readAllBytes());
    System.out.flush();
  }
}
"#;

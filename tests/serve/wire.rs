//! What goes over the wire, read by another implementation: the profile's list byte for byte, or told where not.

use std::process::Command;

use crate::house::{House, said};
use crate::support::need;

/// The CertificateRequest as `openssl s_client` saw it, in hex.
fn request(house: &House, door: &str, tls: &str) -> String {
    let mut client = Command::new("openssl");
    client.args([
        "s_client",
        "-msg",
        "-sigalgs",
        "ECDSA+SHA256:RSA-PSS+SHA256",
        tls,
        "-connect",
    ]);
    let said = said(client.arg(format!("127.0.0.1:{}", house.port(door))));
    let lines = said
        .lines()
        .skip_while(|line| !line.contains(", CertificateRequest"));
    let dump = lines.skip(1).take_while(|line| line.starts_with("    "));
    let hex: String = dump.collect();
    hex.split_whitespace().collect()
}

fn hex(codes: &[&str]) -> String {
    codes.concat()
}

#[test]
fn over_tls13_every_list_goes_out_whole() {
    if need(&["openssl", "curl"]).is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let house = House::open(dir.path(), &["--profile", "openssl-4.0,go", "--tls", "1.3"]);
    #[rustfmt::skip]
    let openssl = [
        "0905", "0906", "0904", "0403", "0503", "0603", "0807", "0808", "081a", "081b", "081c", "0809", "080a", "080b", "0804",
        "0805", "0806", "0401", "0501", "0601", "0708",
    ];
    let go = [
        "0804", "0403", "0807", "0805", "0806", "0401", "0501", "0601", "0503", "0603",
    ];
    for (door, codes) in [("openssl-4.0-tls1.3", &openssl[..]), ("go-tls1.3", &go[..])] {
        let list = hex(codes);
        let length = list.len() / 2;
        // signature_algorithms: type, length, length of the list
        let extension = format!("000d{:04x}{length:04x}{list}", length + 2);
        let request = request(&house, door, "-tls1_3");
        assert!(
            request.contains(&extension),
            "{door}: {extension} in {request}"
        );
    }
}

#[test]
fn over_tls12_what_rustls_drops_is_told() {
    if need(&["openssl", "curl"]).is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let house = House::open(
        dir.path(),
        &["--profile", "openssl-1.1.0,pkcs1-first", "--tls", "1.2"],
    );
    let request = request(&house, "openssl-1.1.0", "-tls1_2");
    let sent = hex(&[
        "0601", "0603", "0501", "0503", "0401", "0403", "0201", "0203",
    ]);
    assert!(
        request.contains(&format!("{:04x}{sent}", sent.len() / 2)),
        "{request}"
    );
    let visit = house.visit(|visit| !visit["request"].is_null());
    let told = &visit["request"]["not_sent"];
    #[rustfmt::skip]
    let lost = serde_json::json!([
        "dsa_sha512", "dsa_sha384", "dsa_sha256", "rsa_pkcs1_sha224", "dsa_sha224", "ecdsa_sha224", "dsa_sha1",
    ]);
    assert_eq!(*told, lost, "{visit:#}");
    let index = house.page_as("/", "text/html");
    assert!(
        index.contains("over TLS 1.2 rustls can&#39;t ask for dsa_sha512, "),
        "{index}"
    );
}

#[test]
fn the_names_of_the_cas_go_out_and_certificates_are_held_against_them() {
    let Some(()) = need(&["openssl", "curl"]) else {
        return;
    };
    let Some(lab) = crate::support::Lab::new(&["leaf-only"]) else {
        return;
    };
    let ca = lab.path("keys/ca.cert.pem");
    let house = House::open(
        &lab.path(""),
        &["--profile", "openssl-3.0", "--ca", ca.to_str().unwrap()],
    );
    for (key, verdict) in [("p-256-chained", "refused"), ("ca", "good")] {
        let mut client = Command::new("openssl");
        client.args([
            "s_client",
            "-connect",
            &format!("127.0.0.1:{}", house.port("openssl-3.0")),
        ]);
        client
            .arg("-cert")
            .arg(lab.path(format!("keys/{key}.cert.pem")));
        client
            .arg("-key")
            .arg(lab.path(format!("keys/{key}.key.pem")));
        let said = said(&mut client);
        assert!(
            said.contains("Acceptable client certificate CA names"),
            "{said}"
        );
        if verdict == "refused" {
            let visit = house.visit(|visit| !visit["signed_with"].is_null());
            assert_eq!(visit["verdict"], "refused", "{visit:#}");
            assert_eq!(visit["objections"][0]["alert"], "unknown_ca", "{visit:#}");
            assert_eq!(
                visit["findings"][0]["id"], "intermediate-missing",
                "{visit:#}"
            );
        }
    }
}

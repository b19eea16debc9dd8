//! InterNetNews, for NNTP: it never asks.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::pki::Pki;
use crate::support::need_file;
use crate::truth::{Peer, Truth, holds, probe};

/// What its overview of no groups looks like: the head of `group.index`.
const NO_GROUPS: [u8; 8192] = [0; 8192];

/// Where the package is installed, or was unpacked by scripts/test.
fn unpacked() -> PathBuf {
    std::env::var_os("CARDCHECK_INN").map_or_else(|| "/".into(), PathBuf::from)
}

#[test]
fn innd_s_reader_is_told_over_nntp() {
    let news = unpacked().join("usr/lib/news");
    if need_file(&news.join("bin/nnrpd")).is_none() {
        return;
    }
    let pki = Pki::new(1);
    configure(&pki, &news);
    let peer = Peer::start(&pki.path("nnrpd.log"), |address| {
        let mut server = Command::new(news.join("bin/nnrpd"));
        server
            .args(["-D", "-f", "-4", &address.ip().to_string()])
            .args(["-p", &address.port().to_string(), "-c"])
            .arg(pki.path("readers.conf"))
            .env("INNCONF", pki.path("inn.conf"))
            .env("LD_LIBRARY_PATH", libraries());
        server
    });
    let truth = Truth {
        server: "nnrpd tlscafile",
        tls13: "none",
        tls12: "none",
        during: "handshake",
        names: 0,
    };
    let ran = probe(peer.address)
        .args("--format json --starttls nntp")
        .run()
        .exits(0);
    holds(&truth, &ran, &peer);
}

/// Its own, and those that its package needs.
fn libraries() -> String {
    let architecture = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    let dirs = [architecture.as_str(), "usr/lib/news"].map(|dir| unpacked().join(dir));
    let dirs = dirs.map(|dir| dir.display().to_string());
    dirs.join(":")
}

/// A server without a single group, whose files all lie in one directory.
fn configure(pki: &Pki, news: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let dir = pki.dir().display();
    let write = |name: &str, text: &[u8]| std::fs::write(pki.path(name), text).unwrap();
    let mut config =
        String::from("mta: \"/bin/true %s\"\nhismethod: hisv6\novmethod: tradindexed\n");
    for path in "news archive articles control db etc filter http incoming log outgoing overview run spool tmp"
        .split(' ')
    {
        config += &format!("path{path}: {dir}\n");
    }
    config += &format!(
        "pathbin: {}/bin\npathhost: localhost\ndomain: localhost\nrunasuser: {}\nrunasgroup: {}\ntlscafile: {dir}/clients.pem\n\
         tlscertfile: {dir}/server.crt\ntlskeyfile: {dir}/server.key\n",
        news.display(),
        own("-un"),
        own("-gn")
    );
    write("inn.conf", config.as_bytes());
    write(
        "readers.conf",
        b"auth all { hosts: \"*\" default: \"<all>\" }\naccess all { users: \"<all>\" newsgroups: \"*\" }\n",
    );
    write("storage.conf", b"method trash { newsgroups: * class: 0 }\n");
    write("active", b"");
    write("group.index", &NO_GROUPS);
    // others could read the key otherwise, which it minds
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(pki.path("server.key"), private).unwrap();
}

/// The name of who runs this test.
fn own(what: &str) -> String {
    let told = Command::new("id").arg(what).output().unwrap();
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

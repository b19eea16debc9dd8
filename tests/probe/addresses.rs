//! IPv6, and names behind which there are several addresses: what the system's own resolver makes of a hosts file that only the
//! probe sees, in a mount namespace of its own.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::Command;

use serde_json::Value;

use crate::pki::Pki;
use crate::programs::s_server_at;
use crate::support::{Cardcheck, cardcheck, cardcheck_by, need};
use crate::truth::{Peer, free_address, version};

const NAME: &str = "portal.test";

fn s_server(pki: &Pki, address: SocketAddr, args: &str) -> Peer {
    let log = pki.path(&format!("{}.log", address.ip()).replace(':', "-"));
    Peer::start_at(address, &log, |address| s_server_at(pki, address, args))
}

/// A free port on `::1`. Not every container has that address, and no script can give it one.
#[track_caller]
fn free_ipv6() -> Option<SocketAddr> {
    let bound = TcpListener::bind((Ipv6Addr::LOCALHOST, 0));
    if let Err(error) = &bound {
        let place = std::panic::Location::caller();
        eprintln!("SKIPPED at {place}: no IPv6 loopback here ({error})");
    }
    Some(bound.ok()?.local_addr().unwrap())
}

/// `cardcheck probe` of that port of [`NAME`], which has these addresses.
#[track_caller]
fn probe_name(pki: &Pki, addresses: &[IpAddr], port: u16) -> Option<Cardcheck> {
    need(&["unshare", "mount"])?;
    let lines = addresses
        .iter()
        .map(|address| format!("{address} {NAME}\n"));
    let hosts = pki.path("hosts");
    std::fs::write(&hosts, lines.collect::<String>()).unwrap();
    let begin = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
    let starter = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        begin,
    ];
    let mut starter = starter.map(str::to_owned).to_vec();
    starter.push(hosts.display().to_string());
    let may = Command::new(&starter[0])
        .args(&starter[1..])
        .arg("true")
        .output()
        .unwrap();
    if !may.status.success() {
        let place = std::panic::Location::caller();
        let why = String::from_utf8_lossy(&may.stderr);
        eprintln!(
            "SKIPPED at {place}: no mount namespace of one's own here ({})",
            why.trim()
        );
        return None;
    }
    let run = cardcheck_by(&starter)
        .arg("probe")
        .arg(format!("{NAME}:{port}"));
    Some(run.args("--timeout 25s --server-name localhost"))
}

/// What was found at an address: the word, and the reason.
#[track_caller]
fn found(report: &Value, address: IpAddr) -> (String, String) {
    let all = report["addresses"].as_array().unwrap().iter();
    let mut same = all.filter(|known| known["address"] == address.to_string());
    let one = same
        .next()
        .unwrap_or_else(|| panic!("{address}: {report:#}"));
    let word = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
    (word("found"), word("reason"))
}

#[test]
fn an_address_of_ipv6_is_probed_and_written_in_brackets() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let Some(address) = free_ipv6() else { return };
    let pki = Pki::new(1);
    let _peer = s_server(&pki, address, "-Verify 1");
    let run = || cardcheck().arg("probe").arg(address.to_string());
    let report = run().args("--format json").run().exits(0).report().0;
    assert_eq!(report["host"], "::1");
    assert_eq!(report["address"], "::1");
    // RFC 6066 §3: an address is no server_name
    assert_eq!(report["server_name"], Value::Null);
    assert_eq!(version(&report, "1.3")["asks"], "required");
    let screen = run().run().exits(0).stdout();
    assert!(screen.starts_with(&format!("{address}\n")), "{screen}");
}

#[test]
fn addresses_of_one_name_that_ask_differently_or_not_at_all_are_told_apart() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    let [asks, silent, nobody] = [(); 3].map(|()| free_address());
    let at_port = |other: SocketAddr| SocketAddr::new(other.ip(), asks.port());
    let all = [asks, silent, nobody].map(|address| address.ip());
    let _peers = [
        s_server(&pki, asks, "-Verify 1"),
        s_server(&pki, at_port(silent), ""),
    ];
    let Some(run) = probe_name(&pki, &all, asks.port()) else {
        return;
    };
    let report = run.args("--format json").run().exits(0).report().0;
    // the resolver says which comes first
    let (first, second, differs) = match report["address"] == asks.ip().to_string() {
        true => (asks.ip(), silent.ip(), "it asks for no certificate"),
        false => (silent.ip(), asks.ip(), "it asks for a certificate"),
    };
    assert_eq!(found(&report, first), ("probed".into(), String::new()));
    assert_eq!(found(&report, second), ("differs".into(), differs.into()));
    let (dead, why) = found(&report, nobody.ip());
    assert_eq!(dead, "unreachable");
    assert!(why.contains("nothing listens there"), "{why}");

    let screen = probe_name(&pki, &all, asks.port())
        .unwrap()
        .run()
        .exits(0)
        .screen();
    for words in [
        format!("{first} probed"),
        format!("{second} differs: {differs}"),
        format!("{} not reached: no connection to", nobody.ip()),
    ] {
        assert!(screen.contains(&words), "{words}: {screen}");
    }
}

#[test]
fn ipv6_and_ipv4_of_one_name_are_compared() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let Some(six) = free_ipv6() else { return };
    let pki = Pki::new(1);
    let four = SocketAddr::new(free_address().ip(), six.port());
    let _peers = [six, four].map(|address| s_server(&pki, address, "-Verify 1"));
    let Some(run) = probe_name(&pki, &[six.ip(), four.ip()], six.port()) else {
        return;
    };
    let report = run.args("--format json").run().exits(0).report().0;
    let mut found = [six, four].map(|address| found(&report, address.ip()).0);
    found.sort();
    assert_eq!(found, ["probed", "same"]);
}

#[test]
fn a_name_of_which_no_address_answers_is_told_with_each_reason() {
    let pki = Pki::new(1);
    let [one, other] = [(); 2].map(|()| free_address());
    let Some(run) = probe_name(&pki, &[one.ip(), other.ip()], one.port()) else {
        return;
    };
    let said = run.run().exits(3).stderr();
    assert!(
        said.contains(&format!("no address of {NAME} can be talked to")),
        "{said}"
    );
    for address in [one, other] {
        assert!(said.contains(&address.ip().to_string()), "{said}");
    }
}

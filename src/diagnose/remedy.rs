//! Remedies that are no server's directive, and the proposals that several findings share.

use super::case::Case;
use super::software::Proposal;
use super::{client_list, prose, tried, what_if};
use crate::model::finding::{Change, Remedy, Where};
use crate::model::scheme::{Kind, Scheme};
use crate::model::version::TlsVersion;

const NO_TLS13: &str = "TLS 1.3 on that host, for everybody";
const NO_TLS13_KEYS: &str = "logins with ML-DSA and brainpool keys, which need TLS 1.3";
const PKCS1_POLICY: &str = "a policy that rules out PKCS1 signatures, such as BSI TR-02102-2";
const PSS_PSS_KEYS: &str = "logins with certificates that allow PSS only (id-RSASSA-PSS)";

/// A setting of a client.
struct Setting {
    client: &'static str,
    title: &'static str,
    snippet: &'static str,
    breaks: &'static str,
}

#[rustfmt::skip] // one row, one client
const TLS12: &[Setting] = &[
    setting("firefox", "Firefox: TLS 1.2 at most, in about:config", "security.tls.version.max = 3",
        "TLS 1.3 in that Firefox, with every server"),
    setting("chrome", "Chrome: TLS 1.2 at most, on its command line", "--ssl-version-max=tls1.2",
        "TLS 1.3 in that Chrome, with every server"),
    setting("openssl", "openssl s_client: TLS 1.2", "openssl s_client -tls1_2", "TLS 1.3 on that connection"),
    setting("openssl-provider", "openssl s_client: TLS 1.2", "openssl s_client -tls1_2", "TLS 1.3 on that connection"),
    setting("curl", "curl: TLS 1.2 at most", "curl --tls-max 1.2", "TLS 1.3 on that connection"),
    setting("gnutls", "gnutls-cli: TLS 1.2 at most", "gnutls-cli --priority NORMAL:-VERS-TLS1.3", "TLS 1.3 on that connection"),
    setting("java", "Java: TLS 1.2 at most, for the whole JVM", "-Djdk.tls.client.protocols=TLSv1.2",
        "TLS 1.3 in that JVM, with every server"),
    setting("go", "Go programs: TLS 1.2 at most", "tls.Config{MaxVersion: tls.VersionTLS12}", "TLS 1.3 in that program"),
];

const fn setting(
    client: &'static str,
    title: &'static str,
    snippet: &'static str,
    breaks: &'static str,
) -> Setting {
    Setting {
        client,
        title,
        snippet,
        breaks,
    }
}

/// A client whose own schemes can be set: without PSS among them it doesn't take PSS from the server's list. The settings
/// limit what it takes from the server, too.
#[rustfmt::skip]
const NO_PSS: &[Setting] = &[
    setting("openssl", "openssl s_client: TLS 1.2, and no RSA-PSS among its own schemes",
        "openssl s_client -tls1_2 -sigalgs RSA+SHA256:RSA+SHA384:RSA+SHA512:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512",
        "TLS 1.3 on that connection; servers that sign with RSA-PSS only"),
    setting("openssl-provider", "openssl s_client: TLS 1.2, and no RSA-PSS among its own schemes",
        "openssl s_client -tls1_2 -sigalgs RSA+SHA256:RSA+SHA384:RSA+SHA512:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512",
        "TLS 1.3 on that connection; servers that sign with RSA-PSS only"),
    setting("java", "Java: TLS 1.2, and no RSA-PSS among its own schemes, for the whole JVM",
        "-Djdk.tls.client.protocols=TLSv1.2 -Djdk.tls.client.SignatureSchemes=rsa_pkcs1_sha256,rsa_pkcs1_sha384,rsa_pkcs1_sha512,\
         ecdsa_secp256r1_sha256,ecdsa_secp384r1_sha384,ecdsa_secp521r1_sha512",
        "TLS 1.3 in that JVM, with every server; servers that sign with RSA-PSS only"),
    setting("go", "Go programs: no RSA-PSS among the certificate's schemes, and TLS 1.2 at most",
        "tls.Certificate{SupportedSignatureAlgorithms: []tls.SignatureScheme{tls.PKCS1WithSHA256}}, \
         tls.Config{MaxVersion: tls.VersionTLS12}",
        "TLS 1.3 in that program: over it no certificate would go out"),
];

/// A key of another type.
pub(super) const OTHER_KEY: &str =
    "Use a key of another type, such as EC P-256, which needs no PSS";

/// Another module, or the same one in a newer version.
pub(super) const NEWER_MODULE: &str =
    "Try a newer version of the module, or another one for this card";

/// Something to change at the card, its module or by whoever issued it.
pub(super) fn card(title: impl Into<String>) -> Remedy {
    plain(Where::Card, title.into())
}

/// Something to change at the server for which no snippet is known.
pub(super) fn server(title: impl Into<String>) -> Remedy {
    plain(Where::Server, title.into())
}

/// Something to change at the client for which no snippet is known.
pub(super) fn client(title: impl Into<String>) -> Remedy {
    plain(Where::Client, title.into())
}

/// Where a key wants another PIN than the login's.
pub(super) fn another_pin() -> Vec<Remedy> {
    vec![
        card(
            "See whether the module shows the card in a second slot, with a PIN of its own for this key, and use that (--slot)",
        ),
        card("Use the card's key for authentication, if this is another"),
    ]
}

fn plain(place: Where, title: String) -> Remedy {
    Remedy {
        place,
        title,
        software: None,
        snippet: None,
        clients: Vec::new(),
        change: None,
        proven: false,
        breaks: Vec::new(),
    }
}

/// TLS 1.2 at the clients that have a setting for it and that it helps.
pub(super) fn tls12_at_client(case: &Case<'_>) -> Vec<Remedy> {
    settings(case, TLS12, &Change::Tls12Only)
}

/// No PSS among the clients' own schemes, where TLS 1.2 alone is not enough: what a list without PSS is at the server, but for
/// one client only.
pub(super) fn no_pss_at_client(case: &Case<'_>) -> Vec<Remedy> {
    let capped = what_if::helped(case, &Change::Tls12Only);
    let mut remedies = settings(case, NO_PSS, &client_list::own_without_pss(case));
    remedies.retain(|remedy| !capped.iter().any(|client| remedy.helps(client)));
    remedies
}

/// The rows of clients in this case that the change helps.
fn settings(case: &Case<'_>, rows: &[Setting], change: &Change) -> Vec<Remedy> {
    let helped = what_if::helped(case, change);
    let rows = rows
        .iter()
        .filter(|row| helped.iter().any(|client| client == row.client));
    rows.map(|row| Remedy {
        software: Some(row.client.into()),
        snippet: Some(row.snippet.into()),
        clients: vec![row.client.into()],
        change: Some(change.clone()),
        breaks: vec![row.breaks.into()],
        ..client(row.title)
    })
    .collect()
}

/// A module that makes the PSS padding itself, if there is raw RSA for it to use.
pub(super) fn software_padding(case: &Case<'_>) -> Option<Remedy> {
    tried::raw_rsa_is_there(case).then(|| {
        card("Use a module that makes the PSS padding itself over raw RSA, as OpenSC 0.20 and later does")
    })
}

/// A list without what can't be signed; nothing else changes.
pub(super) fn fewer(title: String, change: Change) -> Proposal {
    Proposal {
        title,
        change,
        breaks: Vec::new(),
    }
}

/// A client list without PKCS1.
pub(super) fn without_pkcs1(case: &Case<'_>) -> Proposal {
    let is_pkcs1 = |scheme: Scheme| matches!(scheme.kind(), Kind::RsaPkcs1(_));
    fewer(
        "Ask clients for no RSA PKCS1".into(),
        client_list::without(case, is_pkcs1),
    )
}

/// Does any of them help every client that failed?
pub(super) fn for_all(remedies: &[Remedy]) -> bool {
    remedies.iter().any(|remedy| remedy.clients.is_empty())
}

/// TLS 1.3 off; the lists stay.
pub(super) fn tls12_at_server(case: &Case<'_>) -> Proposal {
    Proposal {
        title: "Switch TLS 1.3 off on that host".into(),
        change: Change::Tls12Only,
        breaks: tls13_off(case),
    }
}

/// A wider list, if one is known; else, or for clients that it doesn't help, TLS 1.2.
pub(super) fn wider_or_tls12(case: &Case<'_>, wider: Option<Proposal>) -> Vec<Remedy> {
    let wider = wider.iter().flat_map(|wider| wider.remedies(case));
    let mut remedies: Vec<Remedy> = wider.collect();
    remedies.extend(tls12_at_server(case).remedies(case));
    remedies.extend(tls12_at_client(case));
    remedies
}

/// A client list without PSS.
pub(super) fn without_pss(case: &Case<'_>) -> Proposal {
    Proposal {
        title: "Ask clients for no RSA-PSS, and switch TLS 1.3 off on that host".into(),
        change: client_list::without_pss(case),
        breaks: [
            tls13_off(case),
            pss_certificates(case),
            vec![PKCS1_POLICY.into()],
        ]
        .concat(),
    }
}

/// PKCS1 before PSS: for clients that follow the server's order.
pub(super) fn pkcs1_first(case: &Case<'_>) -> Proposal {
    let cap = case.has(TlsVersion::V1_3);
    let title = match cap {
        true => "Ask clients for PKCS1 before RSA-PSS, and switch TLS 1.3 off on that host",
        false => "Ask clients for PKCS1 before RSA-PSS",
    };
    let tls13 = if cap { tls13_off(case) } else { Vec::new() };
    Proposal {
        title: format!("{title}. {}", orders(case)),
        change: client_list::pkcs1_first(case, cap),
        breaks: [tls13, vec![PKCS1_POLICY.into()]].concat(),
    }
}

/// Whom another order helps: asked of every client's rule, whether it was in this run or not.
fn orders(case: &Case<'_>) -> String {
    let (follow, ignore) = what_if::by_order(case);
    let helps = match follow.is_empty() {
        true => "It helps clients that follow the server's order".to_owned(),
        false => format!(
            "It helps clients that follow the server's order: {}",
            prose::joined(&follow, "and")
        ),
    };
    match ignore.is_empty() {
        true => helps,
        false => format!("{helps}; not {}", prose::or(&ignore)),
    }
}

/// PKCS1 beside PSS, at a server that has none.
pub(super) fn with_pkcs1(case: &Case<'_>) -> Proposal {
    Proposal {
        title: "Ask clients for PKCS1 too, and have TLS 1.2 negotiated: TLS 1.3 on, these keys still fail".into(),
        change: client_list::with_pkcs1(case),
        breaks: [tls13_off(case), vec![PKCS1_POLICY.into()]].concat(),
    }
}

/// What a change to a server takes from everybody, whoever its clients are.
pub fn breaks(change: &Change) -> Vec<String> {
    let Change::ClientSchemes {
        schemes,
        tls12_only,
    } = change
    else {
        return vec![NO_TLS13.into()];
    };
    let pkcs1 = |scheme: &Scheme| matches!(scheme.kind(), Kind::RsaPkcs1(_));
    let rules = [
        (*tls12_only, NO_TLS13),
        (*tls12_only && schemes.iter().any(pkcs1), PKCS1_POLICY),
    ];
    let broken = rules.into_iter().filter(|(holds, _)| *holds);
    broken.map(|(_, what)| what.to_owned()).collect()
}

/// What stops when TLS 1.3 does; keys that need it only where the servers ask for such.
fn tls13_off(case: &Case<'_>) -> Vec<String> {
    let needs_tls13 =
        |scheme: Scheme| !scheme.legal_in(TlsVersion::V1_2) && scheme.legal_in(TlsVersion::V1_3);
    let keys = asks_for(case, needs_tls13).then(|| NO_TLS13_KEYS.to_owned());
    [NO_TLS13.to_owned()].into_iter().chain(keys).collect()
}

/// Keys that may sign nothing but PSS, where the servers ask for such.
fn pss_certificates(case: &Case<'_>) -> Vec<String> {
    let asked = asks_for(case, |scheme| matches!(scheme.kind(), Kind::RsaPssPss(_)));
    asked.then(|| PSS_PSS_KEYS.to_owned()).into_iter().collect()
}

fn asks_for(case: &Case<'_>, wanted: impl Fn(Scheme) -> bool) -> bool {
    let profiles = case.profiles();
    let lists = profiles
        .iter()
        .flat_map(|profile| [&profile.tls12, &profile.tls13]);
    lists.flatten().flatten().any(|scheme| wanted(*scheme))
}

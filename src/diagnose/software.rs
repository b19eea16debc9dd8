//! A server-side change in each server's own syntax. A new server is a row.

use super::case::Case;
use super::what_if;
use crate::model::finding::{Change, Remedy, Where};
use crate::model::profile::Profile;
use crate::model::scheme::Scheme;

/// A server on OpenSSL: it takes OpenSSL's lists under a directive of its own.
struct OnOpenSsl {
    name: &'static str,
    /// The first version that has the directive for the list, as a comment.
    since: &'static str,
    /// What comes before all else.
    prefix: &'static str,
    /// TLS 1.3 off.
    cap: &'static str,
    /// The list asked of clients: `ClientSignatureAlgorithms`, never `SignatureAlgorithms`, which also limits what the
    /// server signs with and so ends TLS 1.3 for everybody where its key is RSA (openssl#28942).
    list: &'static str,
    separator: &'static str,
}

const ON_OPENSSL: &[OnOpenSsl] = &[
    OnOpenSsl {
        name: "apache",
        since: "",
        prefix: "",
        cap: "SSLProtocol all -SSLv3 -TLSv1 -TLSv1.1 -TLSv1.3",
        list: "SSLOpenSSLConfCmd ClientSignatureAlgorithms LIST",
        separator: "\n",
    },
    OnOpenSsl {
        name: "nginx",
        since: "# nginx 1.19.4 or later\n",
        prefix: "",
        cap: "ssl_protocols TLSv1.2;",
        list: "ssl_conf_command ClientSignatureAlgorithms LIST;",
        separator: "\n",
    },
    OnOpenSsl {
        name: "haproxy",
        since: "# HAProxy 2.8 or later\n",
        prefix: "bind ... ",
        cap: "ssl-max-ver TLSv1.2",
        list: "client-sigalgs LIST",
        separator: " ",
    },
    OnOpenSsl {
        name: "stunnel",
        since: "",
        prefix: "",
        cap: "sslVersionMax = TLSv1.2",
        list: "config = ClientSignatureAlgorithms:LIST",
        separator: "\n",
    },
    OnOpenSsl {
        name: "openssl",
        since: "",
        prefix: "openssl s_server ... ",
        cap: "-no_tls1_3",
        list: "-client_sigalgs LIST",
        separator: " ",
    },
];

/// A server on another TLS library, told by the name of its profile.
struct Other {
    profile: &'static str,
    name: &'static str,
    /// Where the list is set, or that it can't be; a sentence.
    list: &'static str,
    /// `None`: no snippet can say it. A function that gives `None`: not this list.
    list_snippet: Option<fn(&[Scheme], bool) -> Option<String>>,
    /// How to switch TLS 1.3 off; a sentence.
    cap: &'static str,
    cap_snippet: Option<&'static str>,
}

const OTHERS: &[Other] = &[
    Other {
        profile: "go",
        name: "go",
        list: "Go (Caddy, Traefik) has no setting for this list: end TLS at another server that has one, or use other keys",
        list_snippet: None,
        cap: "Go programs: TLS 1.2 at most",
        cap_snippet: Some("tls.Config{MaxVersion: tls.VersionTLS12}"),
    },
    Other {
        profile: "java",
        name: "java",
        list: "Java (JSSE): system properties for the whole JVM; the list also limits what the server itself signs with",
        list_snippet: Some(java_properties),
        cap: "Java (JSSE): a system property for the whole JVM",
        cap_snippet: Some("-Djdk.tls.server.protocols=TLSv1.2"),
    },
    Other {
        profile: "schannel",
        name: "schannel",
        list: "Windows: the list is the registry value `Functions` under HKLM\\SYSTEM\\CurrentControlSet\\Control\\Cryptography\\\
               Configuration\\Local\\SSL\\00010003; it holds for the whole machine",
        list_snippet: None,
        cap: "Windows: switch TLS 1.3 off for servers in the registry; it holds for the whole machine",
        cap_snippet: None,
    },
    Other {
        profile: "gnutls",
        name: "gnutls",
        list: "GnuTLS: the priority string; it also limits what the server itself signs with",
        list_snippet: Some(gnutls_priority),
        cap: "GnuTLS: the priority string",
        cap_snippet: Some("NORMAL:-VERS-TLS1.3"),
    },
    Other {
        profile: "rustls",
        name: "rustls",
        list: "rustls has no setting for this list: the program's code decides (ClientCertVerifier::supported_verify_schemes)",
        list_snippet: None,
        cap: "rustls: the program's code decides on the versions",
        cap_snippet: None,
    },
];

/// A change to a server, in words.
pub(super) struct Proposal {
    pub(super) title: String,
    pub(super) change: Change,
    pub(super) breaks: Vec<String>,
}

impl Proposal {
    /// A remedy for each software that the case's servers may run on; none if it helps nobody.
    pub(super) fn remedies(&self, case: &Case<'_>) -> Vec<Remedy> {
        let helped = what_if::helped(case, &self.change);
        if helped.is_empty() {
            return Vec::new();
        }
        let clients = match helped.len() == case.clients().len() {
            true => Vec::new(),
            false => helped,
        };
        let mut breaks = self.breaks.clone();
        breaks.extend(what_if::stops(case, &self.change));
        let blank = Remedy {
            place: Where::Server,
            title: self.title.clone(),
            software: None,
            snippet: None,
            clients,
            change: None,
            proven: false,
            breaks,
        };
        self.on_openssl(case, &blank)
            .chain(self.others(case, &blank))
            .collect()
    }

    fn on_openssl(&self, case: &Case<'_>, blank: &Remedy) -> impl Iterator<Item = Remedy> {
        let wanted = case
            .profiles()
            .iter()
            .any(|profile| other(profile).is_none());
        let rows = ON_OPENSSL.iter().filter(move |_| wanted);
        rows.map(|row| Remedy {
            software: Some(row.name.into()),
            snippet: Some(row.snippet(&self.change)),
            change: Some(self.change.clone()),
            ..blank.clone()
        })
    }

    /// What there is for other libraries, and where there is nothing, that.
    fn others(&self, case: &Case<'_>, blank: &Remedy) -> impl Iterator<Item = Remedy> {
        let profiles = case.profiles();
        let rows = OTHERS
            .iter()
            .filter(move |row| profiles.iter().any(|profile| row.is(profile)));
        rows.filter_map(|row| {
            let (title, snippet) = row.words(&self.change)?;
            Some(Remedy {
                title: title.into(),
                software: Some(row.name.into()),
                change: snippet.as_ref().map(|_| self.change.clone()),
                snippet,
                ..blank.clone()
            })
        })
    }
}

impl OnOpenSsl {
    fn snippet(&self, change: &Change) -> String {
        let lines = match change {
            Change::Tls12Only => vec![self.cap.to_owned()],
            Change::ClientSchemes {
                schemes,
                tls12_only,
            } => {
                let cap = tls12_only.then(|| self.cap.to_owned());
                let list = self.list.replace("LIST", &openssl_list(schemes));
                cap.into_iter().chain([list]).collect()
            }
        };
        let since = match change {
            Change::Tls12Only => "",
            Change::ClientSchemes { .. } => self.since,
        };
        format!("{since}{}{}", self.prefix, lines.join(self.separator))
    }
}

impl Other {
    fn is(&self, profile: &Profile) -> bool {
        let rest = profile.name.strip_prefix(self.profile);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Sentence and snippet; `None` where this software can't be told such a list.
    fn words(&self, change: &Change) -> Option<(&'static str, Option<String>)> {
        match (change, self.list_snippet) {
            (Change::Tls12Only, _) => Some((self.cap, self.cap_snippet.map(str::to_owned))),
            (Change::ClientSchemes { .. }, None) => Some((self.list, None)),
            (
                Change::ClientSchemes {
                    schemes,
                    tls12_only,
                },
                Some(snippet),
            ) => Some((self.list, Some(snippet(schemes, *tls12_only)?))),
        }
    }
}

/// `RSA+SHA256:RSA-PSS+SHA256`.
pub(super) fn openssl_list(schemes: &[Scheme]) -> String {
    let names: Vec<&str> = schemes
        .iter()
        .filter_map(|scheme| scheme.openssl_name())
        .collect();
    names.join(":")
}

fn other(profile: &Profile) -> Option<&'static Other> {
    OTHERS.iter().find(|row| row.is(profile))
}

fn java_properties(schemes: &[Scheme], tls12_only: bool) -> Option<String> {
    let names: Vec<String> = schemes.iter().map(ToString::to_string).collect();
    let cap = if tls12_only {
        "-Djdk.tls.server.protocols=TLSv1.2 "
    } else {
        ""
    };
    Some(format!(
        "{cap}-Djdk.tls.server.SignatureSchemes={}",
        names.join(",")
    ))
}

/// Leaves PSS out; `None` for a list that keeps it.
fn gnutls_priority(schemes: &[Scheme], tls12_only: bool) -> Option<String> {
    if !tls12_only || schemes.iter().any(|scheme| scheme.is_pss()) {
        return None;
    }
    let hashes = ["SHA256", "SHA384", "SHA512"];
    let left_out = hashes.map(|hash| format!(":-SIGN-RSA-PSS-RSAE-{hash}:-SIGN-RSA-PSS-{hash}"));
    Some(format!("NORMAL:-VERS-TLS1.3{}", left_out.concat()))
}

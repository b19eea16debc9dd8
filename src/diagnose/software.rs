//! A server-side change in each server's own syntax. A new server is a row.

use super::case::Case;
use super::what_if;
use crate::model::finding::{Change, Remedy, Where};
use crate::model::hash::Hash;
use crate::model::key_type::Curve;
use crate::model::profile::Profile;
use crate::model::scheme::{Kind, Scheme};

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
    list: Way,
    cap: Way,
}

/// How a change is made there.
#[derive(Clone, Copy)]
enum Way {
    /// There is no setting; a sentence.
    Nowhere(&'static str),
    /// Where it is set; a sentence.
    Somewhere(&'static str),
    /// Where it is set, a sentence, and what to write there; `None`: this change can't be written.
    Written(&'static str, fn(&Change) -> Option<String>),
}

const OTHERS: &[Other] = &[
    Other {
        profile: "go",
        name: "go",
        list: Way::Nowhere(
            "Go (Caddy, Traefik) has no setting for this list: end TLS at another server that has one, or use other keys",
        ),
        cap: Way::Written("In Go programs", |_| {
            Some("tls.Config{MaxVersion: tls.VersionTLS12}".into())
        }),
    },
    Other {
        profile: "java",
        name: "java",
        list: Way::Written(
            "In Java (JSSE) for the whole JVM; the list also limits what the server itself signs with",
            java_properties,
        ),
        cap: Way::Written("In Java (JSSE) for the whole JVM", java_properties),
    },
    Other {
        profile: "schannel",
        name: "schannel",
        list: Way::Somewhere(
            "In Windows the list is the registry value `Functions` under HKLM\\SYSTEM\\CurrentControlSet\\Control\\\
             Cryptography\\Configuration\\Local\\SSL\\00010003; it holds for the whole machine",
        ),
        cap: Way::Somewhere(
            "In Windows by the registry value `Enabled` = 0 under HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\\
             SCHANNEL\\Protocols\\TLS 1.3\\Server; it holds for the whole machine",
        ),
    },
    Other {
        profile: "gnutls",
        name: "gnutls",
        list: Way::Written(
            "In GnuTLS by the priority string; it also limits what the server itself signs with",
            gnutls_priority,
        ),
        cap: Way::Written("In GnuTLS by the priority string", gnutls_priority),
    },
    Other {
        profile: "rustls",
        name: "rustls",
        list: Way::Nowhere(
            "rustls has no setting for this list: the program's code decides (ClientCertVerifier::supported_verify_schemes)",
        ),
        cap: Way::Nowhere("With rustls the program's code decides on the versions"),
    },
    Other {
        profile: "boringssl",
        name: "boringssl",
        list: Way::Nowhere(
            "BoringSSL has no setting for this list: the program's code decides (SSL_CTX_set_verify_algorithm_prefs)",
        ),
        cap: Way::Written("In Envoy, for the listener", |_| {
            Some("tls_params: { tls_maximum_protocol_version: TLSv1_2 }".into())
        }),
    },
    Other {
        profile: "nss",
        name: "nss",
        list: Way::Nowhere(
            "A server on NSS has no setting for this list: the program's code decides (SSL_SignatureSchemePrefSet)",
        ),
        cap: Way::Nowhere("With NSS the program's code decides on the versions"),
    },
];

/// Said of every list: the well-known advice is harmful.
const NOT_SIGALGS: &str = " (never by `-sigalgs` or `SignatureAlgorithms`: they also limit what the server itself signs with)";

/// A change in the syntax of every server software that is known: for a fleet, whose servers nobody has named.
pub fn everywhere(title: &str, change: &Change) -> Vec<Remedy> {
    let proposal = Proposal {
        title: title.into(),
        change: change.clone(),
        breaks: Vec::new(),
    };
    let blank = blank(title.into(), Vec::new(), Vec::new());
    let others = proposal.others(|_| true, &blank);
    let remedies = proposal.on_openssl(&blank).chain(others);
    // nobody's cells are there to run again
    let unproven = |remedy| Remedy {
        change: None,
        ..remedy
    };
    remedies.map(unproven).collect()
}

/// For no software yet.
fn blank(title: String, clients: Vec<String>, breaks: Vec<String>) -> Remedy {
    Remedy {
        place: Where::Server,
        title,
        software: None,
        snippet: None,
        clients,
        change: None,
        proven: false,
        breaks,
    }
}

/// A change to a server, in words.
pub(super) struct Proposal {
    /// The change in a sentence, without a full stop.
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
        let blank = blank(self.title.clone(), clients, breaks);
        let profiles = case.profiles();
        let on_openssl = profiles.iter().any(|profile| other(profile).is_none());
        let meant = |row: &Other| profiles.iter().any(|profile| row.is(profile));
        let on_openssl = on_openssl.then(|| self.on_openssl(&blank));
        let others = self.others(meant, &blank);
        on_openssl.into_iter().flatten().chain(others).collect()
    }

    fn on_openssl(&self, blank: &Remedy) -> impl Iterator<Item = Remedy> {
        let warning = match self.change {
            Change::Tls12Only => "",
            Change::ClientSchemes { .. } => NOT_SIGALGS,
        };
        ON_OPENSSL.iter().map(move |row| Remedy {
            title: format!("{}{warning}", self.title),
            software: Some(row.name.into()),
            snippet: Some(row.snippet(&self.change)),
            change: Some(self.change.clone()),
            ..blank.clone()
        })
    }

    /// What there is for other libraries, and where there is nothing, that.
    fn others(
        &self,
        meant: impl Fn(&Other) -> bool,
        blank: &Remedy,
    ) -> impl Iterator<Item = Remedy> {
        let rows = OTHERS.iter().filter(move |row| meant(row));
        rows.filter_map(|row| self.other(row, blank))
    }

    /// What can be tried out for a library whose setting of the list limits the server's own signatures too: the version,
    /// but not the list, for running the cells again would prove something else than the setting.
    fn exact_elsewhere(&self) -> Option<Change> {
        (self.change == Change::Tls12Only).then(|| self.change.clone())
    }

    fn other(&self, row: &Other, blank: &Remedy) -> Option<Remedy> {
        let named = Remedy {
            software: Some(row.name.into()),
            ..blank.clone()
        };
        let full = |sentence| format!("{}. {sentence}", self.title);
        Some(match row.way(&self.change) {
            Way::Nowhere(sentence) => Remedy {
                title: sentence.into(),
                breaks: Vec::new(),
                ..named
            },
            Way::Somewhere(sentence) => Remedy {
                title: full(sentence),
                ..named
            },
            Way::Written(sentence, snippet) => Remedy {
                title: full(sentence),
                snippet: Some(snippet(&self.change)?),
                change: self.exact_elsewhere(),
                ..named
            },
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

    fn way(&self, change: &Change) -> Way {
        match change {
            Change::Tls12Only => self.cap,
            Change::ClientSchemes { .. } => self.list,
        }
    }
}

/// `RSA+SHA256:RSA-PSS+SHA256`.
fn openssl_list(schemes: &[Scheme]) -> String {
    let names: Vec<&str> = schemes
        .iter()
        .filter_map(|scheme| scheme.openssl_name())
        .collect();
    names.join(":")
}

fn other(profile: &Profile) -> Option<&'static Other> {
    OTHERS.iter().find(|row| row.is(profile))
}

fn java_properties(change: &Change) -> Option<String> {
    let cap = "-Djdk.tls.server.protocols=TLSv1.2";
    let Change::ClientSchemes {
        schemes,
        tls12_only,
    } = change
    else {
        return Some(cap.into());
    };
    let names: Vec<String> = schemes.iter().map(ToString::to_string).collect();
    let list = format!("-Djdk.tls.server.SignatureSchemes={}", names.join(","));
    Some(if *tls12_only {
        format!("{cap} {list}")
    } else {
        list
    })
}

/// Leaves PSS out where it is that which has to go; any other list in full, for the order of a priority string is the list's.
fn gnutls_priority(change: &Change) -> Option<String> {
    let cap = "NORMAL:-VERS-TLS1.3";
    let Change::ClientSchemes {
        schemes,
        tls12_only,
    } = change
    else {
        return Some(cap.into());
    };
    let base = if *tls12_only { cap } else { "NORMAL" };
    let signs = match *tls12_only && !schemes.iter().any(|scheme| scheme.is_pss()) {
        true => ["SHA256", "SHA384", "SHA512"]
            .map(|hash| format!(":-SIGN-RSA-PSS-RSAE-{hash}:-SIGN-RSA-PSS-{hash}"))
            .concat(),
        false => format!(":-SIGN-ALL{}", gnutls_signs(schemes)?),
    };
    Some(format!("{base}{signs}"))
}

/// `:+SIGN-RSA-SHA256`; `None` where GnuTLS knows none of the schemes.
fn gnutls_signs(schemes: &[Scheme]) -> Option<String> {
    let names = schemes.iter().filter_map(|scheme| {
        let hash = scheme.hash().map_or("", Hash::name);
        Some(match scheme.kind() {
            Kind::RsaPkcs1(_) => format!(":+SIGN-RSA-{hash}"),
            Kind::RsaPssRsae(_) => format!(":+SIGN-RSA-PSS-RSAE-{hash}"),
            Kind::RsaPssPss(_) => format!(":+SIGN-RSA-PSS-{hash}"),
            // over TLS 1.3 GnuTLS has a name of its own for each curve
            Kind::Ecdsa { curve, .. } => {
                let tls13 = gnutls_curve(curve).map(|curve| format!(":+SIGN-ECDSA-{curve}-{hash}"));
                format!(":+SIGN-ECDSA-{hash}{}", tls13.unwrap_or_default())
            }
            Kind::Ed25519 => ":+SIGN-EDDSA-ED25519".into(),
            Kind::Ed448 => ":+SIGN-EDDSA-ED448".into(),
            Kind::MlDsa | Kind::Dsa | Kind::Unknown => return None,
        })
    });
    let names: String = names.collect();
    (!names.is_empty()).then_some(names)
}

fn gnutls_curve(curve: Option<Curve>) -> Option<&'static str> {
    match curve? {
        Curve::P256 => Some("SECP256R1"),
        Curve::P384 => Some("SECP384R1"),
        Curve::P521 => Some("SECP521R1"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priority(codes: &[u16], tls12_only: bool) -> Option<String> {
        gnutls_priority(&Change::ClientSchemes {
            schemes: codes.iter().copied().map(Scheme).collect(),
            tls12_only,
        })
    }

    #[test]
    fn a_priority_string_leaves_pss_out_or_names_the_whole_list_in_its_order() {
        let without_pss = priority(&[0x0403, 0x0401], true).unwrap();
        assert!(without_pss.starts_with("NORMAL:-VERS-TLS1.3:-SIGN-RSA-PSS-RSAE-SHA256:"));
        assert_eq!(
            priority(&[0x0401, 0x0804, 0x0503, 0x0807], false).unwrap(),
            "NORMAL:-SIGN-ALL:+SIGN-RSA-SHA256:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-ECDSA-SHA384:+SIGN-ECDSA-SECP384R1-SHA384:\
             +SIGN-EDDSA-ED25519"
        );
        assert_eq!(priority(&[0x0904], false), None);
    }
}

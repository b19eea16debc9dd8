//! What servers make of a certificate, seen by itself.

use super::prose::{self, quoted};
use crate::model::anatomy::Anatomy;
use crate::model::certificate::Certificate;
use crate::model::finding::Severity;
use crate::model::inspection::Remark;
use crate::model::path::{End, Path};
use crate::model::public_key::PublicKey;

/// What a remark is made from.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// The same, taken apart.
    pub anatomy: &'a Anatomy,
    /// Where its chain leads; `None`: nobody said whom the server trusts.
    pub path: Option<&'a Path>,
    /// Seconds since 1970-01-01 UTC.
    pub now: i64,
}

/// Each looks at one point.
const POINTS: &[fn(&Subject<'_>) -> Option<Remark>] = &[
    validity,
    extended_key_usage,
    key_usage,
    key_size,
    signature,
    ca,
    critical,
    string_types,
    chain,
];

/// All that there is to say, the worst first.
pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = POINTS.iter().filter_map(|point| point(subject)).collect();
    remarks.sort_by_key(|remark| remark.severity);
    remarks
}

fn remark(severity: Severity, about: &'static str, text: impl Into<String>) -> Option<Remark> {
    Some(Remark {
        severity,
        about,
        text: text.into(),
    })
}

fn validity(subject: &Subject<'_>) -> Option<Remark> {
    let certificate = subject.certificate;
    if certificate.not_after < subject.now {
        let day = prose::date(certificate.not_after);
        return remark(
            Severity::Error,
            "validity",
            format!(
                "It expired on {day}. Servers refuse it, mostly with certificate_expired (45)."
            ),
        );
    }
    if certificate.not_before > subject.now {
        let day = prose::date(certificate.not_before);
        return remark(
            Severity::Error,
            "validity",
            format!(
                "It is not valid before {day}. Servers refuse it until then, by their own clocks."
            ),
        );
    }
    None
}

/// OpenSSL (crypto/x509/v3_purp.c, check_purpose_ssl_client) asks for clientAuth itself.
fn extended_key_usage(subject: &Subject<'_>) -> Option<Remark> {
    let usage = subject.anatomy.extended_key_usage.as_ref()?;
    let has = |name: &str| usage.iter().any(|known| known == name);
    if has("clientAuth") {
        return None;
    }
    if has("anyExtendedKeyUsage") {
        return remark(
            Severity::Warning,
            "extendedKeyUsage",
            "It has anyExtendedKeyUsage and not clientAuth. OpenSSL, and with it Apache, nginx and HAProxy, wants clientAuth \
             itself and answers unsupported_certificate (43); others take it.",
        );
    }
    remark(
        Severity::Error,
        "extendedKeyUsage",
        "It has no clientAuth, so it is not for logins. Servers refuse it, mostly with unsupported_certificate (43), and \
         browsers don't offer it.",
    )
}

/// The same function wants digitalSignature or keyAgreement.
fn key_usage(subject: &Subject<'_>) -> Option<Remark> {
    let usage = subject.anatomy.key_usage.as_ref()?;
    let has = |name: &str| usage.iter().any(|known| known == name);
    match (has("digitalSignature"), has("keyAgreement")) {
        (true, _) => None,
        (false, true) => remark(
            Severity::Warning,
            "keyUsage",
            "It has no digitalSignature, and a TLS login is a signature. OpenSSL takes it for keyAgreement's sake; others refuse it.",
        ),
        (false, false) => remark(
            Severity::Error,
            "keyUsage",
            "It has no digitalSignature, and a TLS login is a signature (RFC 5280 §4.2.1.3). Servers refuse it, mostly with \
             unsupported_certificate (43) or bad_certificate (42).",
        ),
    }
}

fn key_size(subject: &Subject<'_>) -> Option<Remark> {
    let rsa @ PublicKey::Rsa { .. } = &subject.certificate.public_key else {
        return None;
    };
    match rsa.bits()? {
        0..1024 => remark(
            Severity::Error,
            "key",
            "The RSA key is shorter than 1024 bits. Servers refuse it.",
        ),
        1024..2048 => remark(
            Severity::Warning,
            "key",
            "The RSA key is shorter than 2048 bits. OpenSSL at security level 2 refuses it (`ee key too small`): Debian's and \
             Ubuntu's default, and OpenSSL's own from 3.2 on.",
        ),
        _ => None,
    }
}

fn signature(subject: &Subject<'_>) -> Option<Remark> {
    let issuers = subject.path.map_or(&[][..], |path| &path.issuers);
    let chain = std::iter::once(subject.certificate).chain(issuers);
    let mut signed = chain.filter(|certificate| !certificate.is_self_issued());
    let weak = signed.find(|certificate| certificate.signature_algorithm.broken_hash.is_some())?;
    let hash = weak.signature_algorithm.broken_hash?;
    let which = match weak == subject.certificate {
        true => "It".to_owned(),
        false => format!("Its issuer {}", quoted(&weak.subject)),
    };
    remark(
        Severity::Error,
        "signature",
        format!("{which} is signed with {hash}. Today's servers refuse that (`ca md too weak`)."),
    )
}

fn ca(subject: &Subject<'_>) -> Option<Remark> {
    match subject.certificate.is_ca {
        true => remark(
            Severity::Warning,
            "basicConstraints",
            "It is a CA's certificate. Some servers take no CA for a client.",
        ),
        false => None,
    }
}

fn critical(subject: &Subject<'_>) -> Option<Remark> {
    let unknown = &subject.anatomy.unknown_critical;
    match unknown.is_empty() {
        true => None,
        false => remark(
            Severity::Warning,
            "extensions",
            format!(
                "A critical extension is unknown here: {}. A server that doesn't know it has to refuse the certificate \
                 (RFC 5280 §4.2).",
                prose::and(unknown)
            ),
        ),
    }
}

/// RFC 5280 §4.1.2.4 leaves UTF8String and PrintableString; older CAs have others.
fn string_types(subject: &Subject<'_>) -> Option<Remark> {
    const USUAL: &[&str] = &["UTF8String", "PrintableString", "IA5String"];
    let issuer = subject.anatomy.issuer.iter();
    let mut unusual = issuer.filter(|attribute| !USUAL.contains(&attribute.string_type.as_str()));
    let attribute = unusual.next()?;
    remark(
        Severity::Note,
        "issuer",
        format!(
            "{} of the issuer is a {}. A server whose CA file has the same name with another string type doesn't find the \
             issuer (unknown_ca, 48), and its list of CA names doesn't match either.",
            attribute.name, attribute.string_type
        ),
    )
}

fn chain(subject: &Subject<'_>) -> Option<Remark> {
    let path = subject.path?;
    let error = |text: String| remark(Severity::Error, "chain", text);
    match &path.end {
        End::Trusted => remark(
            Severity::Note,
            "chain",
            match path.issuers.len() {
                0 => "It is itself in the CA file.".to_owned(),
                1 => "Its issuer is in the CA file: the certificate alone is enough.".to_owned(),
                _ => format!(
                    "It leads to {} in the CA file, if the server has or gets {} between them.",
                    path.issuers
                        .last()
                        .map_or(String::new(), |ca| quoted(&ca.subject)),
                    between(path.issuers.len() - 1)
                ),
            },
        ),
        End::UntrustedRoot => {
            error("Its root is not in the CA file. Servers answer unknown_ca (48).".into())
        }
        End::IssuerMissing { issuer } => error(format!(
            "The certificate of {} is neither in the CA file nor beside it. Servers answer unknown_ca (48), unless they have it.",
            quoted(issuer)
        )),
        End::OtherStringType { issuer } => error(format!(
            "The CA file has {} with other string types or blanks: to the eye the same name, to a server another one. It \
             answers unknown_ca (48).",
            quoted(issuer)
        )),
        End::NotSignedBy { issuer } => error(format!(
            "The certificate of {} that is at hand did not sign it: another key of the same CA did, or it was changed. Servers \
             answer unknown_ca (48) or decrypt_error (51).",
            quoted(issuer)
        )),
        End::TooLong => error("Its chain does not end.".into()),
    }
}

fn between(count: usize) -> String {
    format!(
        "{count} {}",
        prose::number(count, "certificate", "certificates")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(anatomy: Anatomy) -> Vec<(Severity, &'static str)> {
        let certificate = Certificate {
            not_after: 100,
            ..Certificate::default()
        };
        let subject = Subject {
            certificate: &certificate,
            anatomy: &anatomy,
            path: None,
            now: 50,
        };
        let remarks = remarks(&subject);
        remarks
            .iter()
            .map(|remark| (remark.severity, remark.about))
            .collect()
    }

    fn usage(key_usage: &[&str], extended: &[&str]) -> Anatomy {
        let owned = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        Anatomy {
            key_usage: owned(key_usage),
            extended_key_usage: owned(extended),
            ..Anatomy::default()
        }
    }

    #[test]
    fn without_extensions_there_is_nothing_to_object_to() {
        assert_eq!(with(Anatomy::default()), []);
    }

    #[test]
    fn usages_are_judged_as_openssl_does() {
        let good = usage(&["digitalSignature"], &["clientAuth"]);
        assert_eq!(with(good), []);
        let any = usage(&["keyAgreement"], &["anyExtendedKeyUsage"]);
        assert_eq!(
            with(any),
            [
                (Severity::Warning, "extendedKeyUsage"),
                (Severity::Warning, "keyUsage")
            ]
        );
        let none = usage(&["nonRepudiation"], &["emailProtection"]);
        assert_eq!(
            with(none),
            [
                (Severity::Error, "extendedKeyUsage"),
                (Severity::Error, "keyUsage")
            ]
        );
    }
}

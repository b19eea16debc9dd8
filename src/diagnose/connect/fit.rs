//! Does a certificate fit what a server asks for? Pure rules over the CertificateRequest and the certificate.

use super::super::prose::{self, quoted};
use super::candidate::{Asked, AtHand, Candidate, excluded};
use super::issuer;
use crate::model::certificate_request::CertificateType;
use crate::model::fit::{Bridge, Exclusion, Fit, FitRule};
use crate::model::key::{Key, Pairing};
use crate::model::key_type::KeyType;
use crate::model::scheme::{Misfit, Scheme};

/// Every certificate that is nobody's CA, against what the server asks for in each version: those of keys first.
pub fn fits(asked: &[Asked<'_>], at_hand: &AtHand<'_>) -> Vec<Fit> {
    let of_keys = at_hand
        .keys
        .iter()
        .flat_map(|key| asked.iter().map(move |asked| of_key(key, asked, at_hand)));
    let orphans = at_hand.tokens.iter().flat_map(|token| {
        let certificates = token.orphan_certificates.iter();
        certificates.map(move |certificate| (token, certificate))
    });
    let of_orphans = orphans.flat_map(|(token, certificate)| {
        let candidate = move || Candidate {
            certificate,
            key: None,
            at_hand,
        };
        asked
            .iter()
            .map(move |asked| judged(&token.id, &candidate(), asked))
    });
    of_keys.chain(of_orphans).collect()
}

fn of_key(key: &Key, asked: &Asked<'_>, at_hand: &AtHand<'_>) -> Fit {
    match &key.certificate {
        Some(certificate) => {
            let candidate = Candidate {
                certificate,
                key: Some(key),
                at_hand,
            };
            judged(&key.token, &candidate, asked)
        }
        None => Fit {
            key: Some(key.id.clone()),
            token: key.token.clone(),
            subject: None,
            sha256: None,
            version: asked.version,
            exclusions: vec![no_certificate(key)],
            bridge: None,
        },
    }
}

fn no_certificate(key: &Key) -> Exclusion {
    let reason = match key.pairing {
        Pairing::Unreadable => "What lies on the token as the key's certificate is none.",
        _ => "The key has no certificate on the token.",
    };
    Exclusion {
        rule: FitRule::NoKey,
        reason: reason.into(),
    }
}

fn judged(token: &str, candidate: &Candidate<'_>, asked: &Asked<'_>) -> Fit {
    let (issuer, bridge): (Option<Exclusion>, Option<Bridge>) =
        issuer::judge(candidate, asked.request);
    let others = OTHERS.iter().filter_map(|rule| rule(candidate, asked));
    Fit {
        key: candidate.key.map(|key| key.id.clone()),
        token: token.to_owned(),
        subject: Some(candidate.certificate.subject.clone()),
        sha256: Some(candidate.certificate.sha256.clone()),
        version: asked.version,
        exclusions: issuer.into_iter().chain(others).collect(),
        bridge,
    }
}

type OneRule = fn(&Candidate<'_>, &Asked<'_>) -> Option<Exclusion>;

/// What is asked after the issuer, in this order.
const OTHERS: &[OneRule] = &[
    certificate_types,
    schemes,
    schemes_cert,
    extended_key_usage,
    key_usage,
    validity,
    key,
];

const RSA_SIGN: CertificateType = CertificateType(1);
const ECDSA_SIGN: CertificateType = CertificateType(64);

/// RFC 5246 §7.4.4; for EdDSA RFC 8422 §5.5. TLS 1.3 has no such list.
fn certificate_types(candidate: &Candidate<'_>, asked: &Asked<'_>) -> Option<Exclusion> {
    let types = &asked.request.certificate_types;
    let key = candidate.key?;
    let wanted = match key.key_type {
        KeyType::Rsa => RSA_SIGN,
        KeyType::Ec | KeyType::Ed25519 | KeyType::Ed448 => ECDSA_SIGN,
        KeyType::MlDsa | KeyType::Other => return None,
    };
    if types.is_empty() || types.contains(&wanted) {
        return None;
    }
    let listed: Vec<String> = types.iter().map(ToString::to_string).collect();
    excluded(
        FitRule::KeyTypeNotInCertificateTypes,
        format!(
            "It is for a key of type {}, and the server's certificate_types are {}, without {wanted}.",
            key.type_for_people(),
            prose::joined(&listed, "and")
        ),
    )
}

fn schemes(candidate: &Candidate<'_>, asked: &Asked<'_>) -> Option<Exclusion> {
    let listed = asked.request.schemes.as_ref()?;
    let key = candidate.key?;
    let shape = key.shape();
    let misfits: Vec<Misfit> = listed
        .iter()
        .map_while(|scheme| scheme.fits(&shape, asked.version).err())
        .collect();
    if misfits.len() < listed.len() {
        return None;
    }
    let of_type = |why: Misfit| {
        let schemes = listed.iter().zip(&misfits);
        let those = schemes.filter(|(_, misfit)| **misfit == why);
        those
            .map(|(scheme, _)| scheme.to_string())
            .collect::<Vec<_>>()
    };
    let (illegal, other_curve) = (of_type(Misfit::Version), of_type(Misfit::Curve));
    let type_named = key.type_for_people();
    let reason = match (illegal.is_empty(), other_curve.is_empty()) {
        (true, true) => format!(
            "Nothing in the server's signature_algorithms is for a key of type {type_named}."
        ),
        (false, _) => format!(
            "For a key of type {type_named} the server's signature_algorithms have only {}, which TLS {} does not allow in a \
             handshake.",
            prose::and(&illegal),
            asked.version
        ),
        (true, false) => format!(
            "The server's signature_algorithms have only {}, each for another curve than that of a key of type {type_named}.",
            prose::and(&other_curve)
        ),
    };
    excluded(FitRule::NoCommonScheme, reason)
}

/// What the certificate, and those between it and a root, are signed with.
fn schemes_cert(candidate: &Candidate<'_>, asked: &Asked<'_>) -> Option<Exclusion> {
    let listed: &[Scheme] = asked.request.schemes_cert.as_ref()?;
    let behind = candidate.key.map_or(&[][..], |key| &key.chain_on_token);
    let chain = std::iter::once(candidate.certificate).chain(behind);
    let mut signed = chain.filter(|certificate| !certificate.is_self_issued());
    let left_out = signed.find(|one| one.signature_algorithm.is_in(listed) == Some(false))?;
    let which = match left_out == candidate.certificate {
        true => "It".to_owned(),
        false => format!("Its issuer {}", prose::certificate(left_out)),
    };
    excluded(
        FitRule::SignedOtherwise,
        format!(
            "{which} is signed with {}, which the server's signature_algorithms_cert leave out.",
            left_out.signature_algorithm.name
        ),
    )
}

fn extended_key_usage(candidate: &Candidate<'_>, _: &Asked<'_>) -> Option<Exclusion> {
    if candidate.certificate.client_auth != Some(false) {
        return None;
    }
    let usages = crate::model::usage::extended_key_usage(candidate.certificate).unwrap_or_default();
    excluded(
        FitRule::EkuLacksClientAuth,
        format!(
            "Its extendedKeyUsage has no clientAuth; it has {}.",
            listed_or_nothing(&usages)
        ),
    )
}

fn key_usage(candidate: &Candidate<'_>, _: &Asked<'_>) -> Option<Exclusion> {
    if candidate.certificate.digital_signature != Some(false) {
        return None;
    }
    let usages = crate::model::usage::key_usage(candidate.certificate).unwrap_or_default();
    excluded(
        FitRule::KuLacksDigitalSignature,
        format!(
            "Its keyUsage has no digitalSignature, and a login is a signature; it has {}.",
            listed_or_nothing(&usages)
        ),
    )
}

fn listed_or_nothing<S: AsRef<str>>(items: &[S]) -> String {
    match items.is_empty() {
        true => "nothing".into(),
        false => prose::and(items),
    }
}

fn validity(candidate: &Candidate<'_>, _: &Asked<'_>) -> Option<Exclusion> {
    let (certificate, now) = (candidate.certificate, candidate.at_hand.now);
    if certificate.not_after < now {
        let day = prose::date(certificate.not_after);
        return excluded(FitRule::Expired, format!("It expired on {day}."));
    }
    if certificate.not_before > now {
        let day = prose::date(certificate.not_before);
        return excluded(
            FitRule::NotYetValid,
            format!("It is not valid before {day}."),
        );
    }
    None
}

fn key(candidate: &Candidate<'_>, _: &Asked<'_>) -> Option<Exclusion> {
    match candidate.key {
        None => excluded(
            FitRule::NoKey,
            "No key on the token belongs to it: it can't be used to log in.",
        ),
        Some(key) if key.pairing == Pairing::WrongKey => excluded(
            FitRule::NoKey,
            format!(
                "The key of its CKA_ID, {}, is another one: servers find that the signature does not check.",
                quoted(&key.name_for_people())
            ),
        ),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;

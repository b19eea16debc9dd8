//! Is the certificate's issuer one of the CAs that the server named, or is there a way from it to one of them?

use super::super::prose::{self, quoted};
use super::candidate::{Candidate, excluded};
use crate::model::anatomy::{Anatomy, attributes_of};
use crate::model::certificate::Certificate;
use crate::model::certificate_request::{CaName, CertificateRequest};
use crate::model::distinguished_name;
use crate::model::fit::{Bridge, Exclusion, FitRule, Place};
use crate::model::path::{looks_alike, path};

/// No names: any issuer will do.
pub(super) fn judge(
    candidate: &Candidate<'_>,
    request: &CertificateRequest,
) -> (Option<Exclusion>, Option<Bridge>) {
    let names = &request.ca_names;
    let named =
        |certificate: &Certificate| names.iter().any(|name| name.der == certificate.issuer_der);
    if names.is_empty() || named(candidate.certificate) {
        return (None, None);
    }
    let on_token = candidate.key.map_or(&[][..], |key| &key.chain_on_token);
    if let Some(bridge) = on_token.iter().find(|one| named(one)) {
        return (None, Some(bridged(bridge, Place::Token)));
    }
    let pool = [on_token, candidate.at_hand.from_file].concat();
    let issuers = path(candidate.certificate, &pool, &[]).issuers;
    if let Some(bridge) = issuers.iter().find(|one| named(one)) {
        return (None, Some(bridged(bridge, Place::File)));
    }
    let top = issuers.last().unwrap_or(candidate.certificate);
    let exclusion = issuers
        .iter()
        .chain([candidate.certificate])
        .find_map(|certificate| of_other_type(certificate, names))
        .or_else(|| not_named(candidate.certificate, top, names));
    (exclusion, None)
}

fn bridged(certificate: &Certificate, place: Place) -> Bridge {
    Bridge {
        subject: certificate.subject.clone(),
        place,
    }
}

/// A name that reads the same, and is another one byte by byte.
fn of_other_type(certificate: &Certificate, names: &[CaName]) -> Option<Exclusion> {
    let ours = distinguished_name::text(&certificate.issuer_der)?;
    let alike = |name: &&CaName| {
        let text = name.text.as_ref();
        text.is_some_and(|text| looks_alike(text, &ours))
    };
    let name = names.iter().find(alike)?;
    let difference = difference(&certificate.issuer_der, &name.der);
    excluded(
        FitRule::IssuerOfOtherStringType,
        format!(
            "The server names {}, which reads as its issuer does and is another name byte by byte: {difference}. To clients \
             and servers that compare bytes these are two CAs.",
            quoted(&ours)
        ),
    )
}

fn difference(ours: &[u8], theirs: &[u8]) -> String {
    let (ours, theirs) = (attributes_of(ours), attributes_of(theirs));
    let pairs = ours.iter().zip(&theirs);
    let differing = pairs.filter(|(one, other)| one != other);
    let told = differing.map(|(one, other)| {
        let name = &one.name;
        match one.string_type == other.string_type {
            true => format!(
                "{name} is {} in the certificate and {} in the server's list",
                quoted(&one.value),
                quoted(&other.value)
            ),
            false => format!(
                "{name} is a {} in the certificate and a {} in the server's list",
                one.string_type, other.string_type
            ),
        }
    });
    let told: Vec<String> = told.collect();
    match told.is_empty() {
        true => "the same strings are put together otherwise".into(),
        false => prose::and(&told),
    }
}

/// Whether there is a certificate that would bridge the gap can only be told if it is at hand.
fn not_named(leaf: &Certificate, top: &Certificate, names: &[CaName]) -> Option<Exclusion> {
    let shown: Vec<String> = names.iter().map(|name| quoted(&name.to_string())).collect();
    let mut reason = format!(
        "Its issuer {} is not among the CAs that the server names: {}.",
        quoted(&leaf.issuer),
        prose::and(&shown)
    );
    if !top.is_self_issued() {
        reason.push_str(&format!(
            " A certificate of {} that one of them issued would bridge that; there is none on the token{}.",
            quoted(&top.issuer),
            where_to_get(top)
        ));
    }
    excluded(FitRule::IssuerNotInCaNames, reason)
}

fn where_to_get(certificate: &Certificate) -> String {
    let anatomy = Anatomy::of(certificate);
    let places = anatomy.map_or_else(|_| Vec::new(), |anatomy| anatomy.ca_issuers);
    match places.first() {
        Some(place) => format!(", and the certificate says that it can be had at {place}"),
        None => " nor in a file named with --chain".into(),
    }
}

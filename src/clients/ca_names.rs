//! CA names: the clients that look at them send no certificate that the server seems not to want.

use super::Card;
use crate::model::certificate::Certificate;

/// Why a certificate stays at home.
pub(super) const UNWANTED: &str =
    "no issuer of the certificate is among the CA names that the server sent";

/// Is an issuer of the certificate, or of one of these `intermediates`, among the names? None sent means all will do.
pub(super) fn want(card: &Card<'_>, intermediates: &[Certificate], ca_names: &[Vec<u8>]) -> bool {
    ca_names.is_empty() || wanted(card, intermediates, ca_names).is_some()
}

/// The intermediates up to the one whose issuer is named; none where the certificate's own issuer is, or nobody is.
pub(super) fn up_to_named<'a>(card: &Card<'a>, ca_names: &[Vec<u8>]) -> &'a [Certificate] {
    let all = &card.key.chain_on_token;
    let needed = wanted(card, all, ca_names).unwrap_or(0);
    all.get(..needed).unwrap_or_default()
}

/// How many intermediates lie between the certificate and a named issuer.
fn wanted(card: &Card<'_>, intermediates: &[Certificate], ca_names: &[Vec<u8>]) -> Option<usize> {
    let mut chain = card.key.certificate.iter().chain(intermediates);
    chain.position(|certificate| ca_names.contains(&certificate.issuer_der))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{below_an_intermediate, token};
    use super::*;

    #[test]
    fn a_name_anywhere_in_the_chain_will_do_and_no_name_at_all_too() {
        let (key, token) = (below_an_intermediate(), token(&[]));
        let card = Card {
            key: &key,
            token: &token,
        };
        let names = |name: &str| vec![name.as_bytes().to_vec()];
        let all = &key.chain_on_token;
        assert!(want(&card, all, &[]) && want(&card, all, &names("issuing CA")));
        assert!(want(&card, all, &names("root CA")) && !want(&card, all, &names("other CA")));
        assert!(!want(&card, &[], &names("root CA")));

        let sent = |names: &[Vec<u8>]| up_to_named(&card, names).len();
        assert_eq!(sent(&names("root CA")), 1);
        let nothing_needed = [vec![], names("issuing CA"), names("other CA")];
        assert!(nothing_needed.iter().all(|names| sent(names) == 0));
    }
}

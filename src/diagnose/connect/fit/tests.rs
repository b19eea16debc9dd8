use super::*;
use crate::diagnose::fixtures::{NOW, certificate, ec, ed25519, rsa, token};
use crate::model::certificate::Certificate;
use crate::model::certificate_request::{CaName, CertificateRequest};
use crate::model::fit::Place;
use crate::model::key_type::Curve;
use crate::model::scheme::Scheme;
use crate::model::token::Token;
use crate::model::version::TlsVersion;
use rcgen::{BasicConstraints, CertificateParams, DnType, DnValue, IsCa, Issuer, KeyPair};

fn request(schemes: &[u16]) -> CertificateRequest {
    CertificateRequest {
        schemes: Some(schemes.iter().map(|code| Scheme(*code)).collect()),
        certificate_types: vec![RSA_SIGN, ECDSA_SIGN],
        ..CertificateRequest::default()
    }
}

fn naming(names: &[&[u8]]) -> CertificateRequest {
    CertificateRequest {
        ca_names: names.iter().map(|der| CaName::new(der.to_vec())).collect(),
        ..request(&[0x0804, 0x0401, 0x0403])
    }
}

fn judge_in(
    version: TlsVersion,
    key: &Key,
    request: &CertificateRequest,
    file: &[Certificate],
) -> Fit {
    let at_hand = AtHand {
        tokens: &[token("t1")],
        keys: std::slice::from_ref(key),
        from_file: file,
        now: NOW,
    };
    fits(&[Asked { version, request }], &at_hand).remove(0)
}

fn judge(key: &Key, request: &CertificateRequest) -> Fit {
    judge_in(TlsVersion::V1_2, key, request, &[])
}

fn rules(fit: &Fit) -> Vec<FitRule> {
    fit.exclusions.iter().map(|one| one.rule).collect()
}

fn changed(key: Key, change: impl FnOnce(&mut Certificate)) -> Key {
    let mut key = key;
    change(key.certificate.as_mut().unwrap());
    key
}

#[test]
fn without_names_every_issuer_fits() {
    let fit = judge(&rsa("k1", 2048), &request(&[0x0401]));
    assert_eq!((rules(&fit), fit.bridge), (vec![], None));
}

#[test]
fn an_issuer_that_is_not_named_is_told_with_what_would_bridge_the_gap() {
    let fit = judge(&rsa("k1", 2048), &naming(&[b"CN=Else"]));
    assert_eq!(rules(&fit), [FitRule::IssuerNotInCaNames]);
    insta::assert_snapshot!(fit.exclusions[0].reason, @"Its issuer `CN=CA` is not among the CAs that the server names: `#434e3d456c7365`. A certificate of `CN=CA` that one of them issued would bridge that; there is none on the token nor in a file named with --chain.");
}

#[test]
fn an_intermediate_on_the_token_bridges() {
    let key = Key {
        chain_on_token: vec![certificate("CN=CA", "CN=Root")],
        ..rsa("k1", 2048)
    };
    let fit = judge(&key, &naming(&[b"CN=Root"]));
    assert!(fit.fits());
    let bridge = fit.bridge.unwrap();
    assert_eq!(
        (bridge.subject.as_str(), bridge.place),
        ("CN=CA", Place::Token)
    );
}

/// A CA, and a certificate below it.
struct Issued {
    ca: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

fn name(value: DnValue) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, value);
    params
}

fn printable(text: &str) -> DnValue {
    DnValue::PrintableString(text.try_into().unwrap())
}

fn root(value: DnValue) -> Issued {
    let mut params = name(value);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let der = params.self_signed(&key).unwrap();
    Issued {
        ca: Certificate::from_der(der.der()).unwrap(),
        issuer: Issuer::new(params, key),
    }
}

fn below(issuer: &Issued, value: DnValue, is_ca: bool) -> Issued {
    let mut params = name(value);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    let der = params.signed_by(&key, &issuer.issuer).unwrap();
    Issued {
        ca: Certificate::from_der(der.der()).unwrap(),
        issuer: Issuer::new(params, key),
    }
}

fn holding(certificate: &Certificate) -> Key {
    Key {
        certificate: Some(Certificate {
            not_after: NOW + 1,
            not_before: 0,
            ..certificate.clone()
        }),
        ..ec("k1", Curve::P256)
    }
}

#[test]
fn an_intermediate_in_a_file_bridges_too() {
    let root = root("Root".into());
    let middle = below(&root, "Middle".into(), true);
    let leaf = below(&middle, "Jo".into(), false);
    let request = naming(&[&root.ca.subject_der]);
    let with = judge_in(
        TlsVersion::V1_3,
        &holding(&leaf.ca),
        &request,
        std::slice::from_ref(&middle.ca),
    );
    assert_eq!(with.bridge.map(|bridge| bridge.place), Some(Place::File));
    let without = judge(&holding(&leaf.ca), &request);
    assert_eq!(rules(&without), [FitRule::IssuerNotInCaNames]);
}

#[test]
fn the_same_name_in_another_string_type_is_another_name() {
    let ours = root("Acme CA".into());
    let theirs = root(printable("Acme CA"));
    let leaf = below(&ours, "Jo".into(), false);
    let fit = judge(&holding(&leaf.ca), &naming(&[&theirs.ca.subject_der]));
    assert_eq!(rules(&fit), [FitRule::IssuerOfOtherStringType]);
    insta::assert_snapshot!(fit.exclusions[0].reason, @"The server names `CN=Acme CA`, which reads as its issuer does and is another name byte by byte: CN is a UTF8String in the certificate and a PrintableString in the server's list. To clients and servers that compare bytes these are two CAs.");
}

#[test]
fn certificate_types_count_below_tls_1_3() {
    let only_rsa = CertificateRequest {
        certificate_types: vec![RSA_SIGN],
        ..request(&[0x0403, 0x0807])
    };
    for key in [ec("k1", Curve::P256), ed25519("k1")] {
        let fit = judge(&key, &only_rsa);
        assert_eq!(rules(&fit), [FitRule::KeyTypeNotInCertificateTypes]);
    }
    let fit = judge(&ec("k1", Curve::P256), &only_rsa);
    insta::assert_snapshot!(fit.exclusions[0].reason, @"It is for a key of type EC P-256, and the server's certificate_types are rsa_sign, without ecdsa_sign.");
}

#[test]
fn a_scheme_must_be_for_the_key_and_legal_in_the_version() {
    let reason = |version, key: &Key, schemes: &[u16]| {
        let fit = judge_in(version, key, &request(schemes), &[]);
        let reasons = fit.exclusions.iter();
        let told: Vec<String> = reasons.map(|one| one.reason.clone()).collect();
        told.join("|")
    };
    let (rsa, p256) = (rsa("k1", 2048), ec("k1", Curve::P256));
    assert_eq!(reason(TlsVersion::V1_2, &rsa, &[0x0401]), "");
    insta::assert_snapshot!(reason(TlsVersion::V1_3, &rsa, &[0x0401, 0x0403]), @"For a key of type RSA-2048 the server's signature_algorithms have only rsa_pkcs1_sha256, which TLS 1.3 does not allow in a handshake.");
    insta::assert_snapshot!(reason(TlsVersion::V1_3, &p256, &[0x0503, 0x0804]), @"The server's signature_algorithms have only ecdsa_secp384r1_sha384, each for another curve than that of a key of type EC P-256.");
    insta::assert_snapshot!(reason(TlsVersion::V1_2, &p256, &[0x0401]), @"Nothing in the server's signature_algorithms is for a key of type EC P-256.");
}

#[test]
fn what_the_certificates_are_signed_with_counts_where_the_server_says_so() {
    let signed_with = |name: &str, cert: Option<&[u16]>| {
        let key = changed(rsa("k1", 2048), |leaf| {
            leaf.signature_algorithm.name = name.into()
        });
        let asked = CertificateRequest {
            schemes_cert: cert.map(|codes| codes.iter().map(|code| Scheme(*code)).collect()),
            ..request(&[0x0804])
        };
        rules(&judge(&key, &asked))
    };
    assert_eq!(signed_with("ecdsa-with-SHA384", None), []);
    assert_eq!(signed_with("ecdsa-with-SHA384", Some(&[0x0503])), []);
    assert_eq!(
        signed_with("ecdsa-with-SHA384", Some(&[0x0403])),
        [FitRule::SignedOtherwise]
    );
    // what is not known is no reason
    assert_eq!(signed_with("1.2.3", Some(&[0x0403])), []);
}

#[test]
fn usages_validity_and_keys_are_looked_at_last() {
    let key = rsa("k1", 2048);
    let of = |change: fn(&mut Certificate)| {
        rules(&judge(&changed(key.clone(), change), &request(&[0x0401])))
    };
    assert_eq!(
        of(|leaf| leaf.client_auth = Some(false)),
        [FitRule::EkuLacksClientAuth]
    );
    assert_eq!(
        of(|leaf| leaf.digital_signature = Some(false)),
        [FitRule::KuLacksDigitalSignature]
    );
    assert_eq!(of(|leaf| leaf.not_after = NOW - 1), [FitRule::Expired]);
    assert_eq!(of(|leaf| leaf.not_before = NOW + 1), [FitRule::NotYetValid]);
    let wrong = Key {
        pairing: Pairing::WrongKey,
        ..key.clone()
    };
    assert_eq!(rules(&judge(&wrong, &request(&[0x0401]))), [FitRule::NoKey]);
    let bare = Key {
        certificate: None,
        ..key
    };
    assert_eq!(rules(&judge(&bare, &request(&[0x0401]))), [FitRule::NoKey]);
}

#[test]
fn a_certificate_without_a_key_is_judged_as_well() {
    let orphaned = Token {
        orphan_certificates: vec![certificate("CN=Jo", "CN=CA")],
        ..token("t1")
    };
    let request = request(&[0x0401]);
    let asked = Asked {
        version: TlsVersion::V1_2,
        request: &request,
    };
    let at_hand = AtHand {
        tokens: &[orphaned],
        keys: &[],
        from_file: &[],
        now: NOW,
    };
    let found = fits(&[asked], &at_hand);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].key.as_ref(), rules(&found[0])),
        (None, vec![FitRule::NoKey])
    );
}

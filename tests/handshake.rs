//! Real handshakes with a key in software: what the TLS floor promises, without any token.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, RsaKeyPair};
use cardcheck::model::choice::Choice;
use cardcheck::model::ckr::Ckr;
use cardcheck::model::request::Request;
use cardcheck::model::route::Route;
use cardcheck::model::scheme::Scheme;
use cardcheck::model::sign::{Sign, SignError, SignStep, Signed};
use cardcheck::model::version::TlsVersion::{self, V1_2, V1_3};
use cardcheck::tls::{Attempt, Authority, Client, End, Server, attempt, sendable};
use rcgen::{CertificateParams, KeyPair};

/// A key in software, which signs whatever it is asked to, also what TLS forbids.
struct SoftwareKey {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
}

impl Sign for SoftwareKey {
    fn sign(&self, scheme: Scheme, _: Route, message: &[u8]) -> Result<Signed, SignError> {
        let random = SystemRandom::new();
        let mut signature = vec![0; 256];
        match scheme.0 {
            0x0401 => self
                .rsa
                .sign(&lc::RSA_PKCS1_SHA256, &random, message, &mut signature)
                .unwrap(),
            0x0804 => self
                .rsa
                .sign(&lc::RSA_PSS_SHA256, &random, message, &mut signature)
                .unwrap(),
            _ => signature = self.ec.sign(&random, message).unwrap().as_ref().to_vec(),
        }
        Ok(Signed { signature, ms: 0.1 })
    }
}

/// A token that always refuses with this CKR.
struct Refusing(SignStep, Ckr);

impl Sign for Refusing {
    fn sign(&self, _: Scheme, _: Route, _: &[u8]) -> Result<Signed, SignError> {
        Err(SignError::refused(self.0, self.1))
    }
}

struct Lab {
    authority: Authority,
    key: Arc<SoftwareKey>,
    rsa_certificate: Vec<u8>,
    p384_certificate: Vec<u8>,
}

fn certificate(key: &KeyPair) -> Vec<u8> {
    let certificate = CertificateParams::new(vec!["user".into()])
        .unwrap()
        .self_signed(key);
    certificate.unwrap().der().to_vec()
}

fn lab() -> Lab {
    let rsa = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let key = SoftwareKey {
        rsa: RsaKeyPair::from_pkcs8(&rsa.serialize_der()).unwrap(),
        ec: EcdsaKeyPair::from_pkcs8(&lc::ECDSA_P384_SHA384_ASN1_SIGNING, &p384.serialize_der())
            .unwrap(),
    };
    Lab {
        authority: Authority::new().unwrap(),
        key: Arc::new(key),
        rsa_certificate: certificate(&rsa),
        p384_certificate: certificate(&p384),
    }
}

fn server(version: TlsVersion, codes: &[u16]) -> Server {
    Server {
        version,
        schemes: codes.iter().copied().map(Scheme).collect(),
        ca_names: Vec::new(),
        min_rsa_bits: 0,
    }
}

fn signs_with(code: u16) -> Choice {
    Choice::Sign {
        scheme: Scheme(code),
        routes: vec![Route::RsaPkcs],
    }
}

fn no_certificate() -> Choice {
    Choice::NoCertificate {
        why: "nothing fits".into(),
    }
}

impl Lab {
    fn rsa(&self, server: &Server, choice: Choice) -> Attempt {
        self.with(
            server,
            choice,
            self.rsa_certificate.clone(),
            self.key.clone(),
        )
    }

    fn with(
        &self,
        server: &Server,
        choice: Choice,
        certificate: Vec<u8>,
        sign: Arc<dyn Sign>,
    ) -> Attempt {
        let rule = move |_: &Request| choice.clone();
        let client = Client {
            chain: vec![certificate],
            rule: Arc::new(rule),
            sign,
        };
        attempt(&self.authority, server, client)
    }
}

fn refusal(attempt: &Attempt) -> (String, String) {
    match &attempt.end {
        End::Refused { alert, why } => (
            alert.map_or("none".into(), |alert| alert.to_string()),
            why.clone().unwrap_or_default(),
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_signature_logs_in_over_both_versions() {
    let lab = lab();
    assert_eq!(
        lab.rsa(&server(V1_2, &[0x0401]), signs_with(0x0401)).end,
        End::Accepted
    );
    assert_eq!(
        lab.rsa(&server(V1_3, &[0x0804]), signs_with(0x0804)).end,
        End::Accepted
    );
    assert_eq!(
        lab.rsa(&server(V1_2, &[0x0804]), signs_with(0x0804)).end,
        End::Accepted
    );
}

#[test]
fn the_tap_hears_the_list_as_it_is_on_the_wire_and_not_what_rustls_makes_of_it() {
    let lab = lab();
    // PKCS1 and an unknown scheme, which rustls keeps from a TLS 1.3 resolver
    let tls13 = [0x0401, 0x0804, 0xfe01, 0x0203, 0x0809];
    let heard = lab.rsa(&server(V1_3, &tls13), signs_with(0x0804));
    assert_eq!(heard.request.unwrap().schemes, tls13.map(Scheme));
    assert_eq!(heard.end, End::Accepted);
    let tls12 = [0x0601, 0x0401, 0x0203];
    let heard = lab.rsa(&server(V1_2, &tls12), signs_with(0x0401));
    assert_eq!(heard.request.unwrap().schemes, tls12.map(Scheme));
}

#[test]
fn what_sendable_says_is_what_the_wire_carries() {
    let lab = lab();
    let all: Vec<Scheme> = Scheme::all().chain([Scheme(0xfe01)]).collect();
    for version in TlsVersion::ALL {
        let server = Server {
            schemes: all.clone(),
            ..server(version, &[])
        };
        let heard = lab.rsa(&server, signs_with(0x0804)).request.unwrap();
        assert_eq!(heard.schemes, sendable(&all, version), "TLS {version}");
    }
}

#[test]
fn ca_names_arrive_as_they_were_given() {
    let lab = lab();
    for version in TlsVersion::ALL {
        let names = vec![hex::decode("300d310b3009060355040613024445").unwrap()];
        let server = Server {
            ca_names: names.clone(),
            ..server(version, &[0x0804])
        };
        let attempt = lab.rsa(&server, signs_with(0x0804));
        assert_eq!(attempt.request.unwrap().ca_names, names, "TLS {version}");
    }
}

#[test]
fn a_scheme_that_was_not_asked_for_is_refused() {
    let lab = lab();
    for version in TlsVersion::ALL {
        let attempt = lab.rsa(&server(version, &[0x0804]), signs_with(0x0401));
        let (alert, why) = refusal(&attempt);
        assert_eq!(
            (alert.as_str(), why.as_str()),
            ("illegal_parameter", "rsa_pkcs1_sha256 was not asked for")
        );
    }
}

#[test]
fn pkcs1_is_refused_in_tls13_although_it_was_asked_for() {
    let lab = lab();
    let attempt = lab.rsa(&server(V1_3, &[0x0401, 0x0804]), signs_with(0x0401));
    assert_eq!(refusal(&attempt).1, "TLS 1.3 forbids rsa_pkcs1_sha256");
}

#[test]
fn a_curve_that_tls13_binds_to_another_scheme_is_refused() {
    let lab = lab();
    let p384 = |server| {
        lab.with(
            server,
            signs_with(0x0503),
            lab.p384_certificate.clone(),
            lab.key.clone(),
        )
    };
    assert_eq!(p384(&server(V1_3, &[0x0503])).end, End::Accepted);
    let wrong = |server| {
        lab.with(
            server,
            signs_with(0x0403),
            lab.p384_certificate.clone(),
            lab.key.clone(),
        )
    };
    let refused = wrong(&server(V1_3, &[0x0403]));
    assert_eq!(
        refusal(&refused).1,
        "TLS 1.3 binds ecdsa_secp256r1_sha256 to another curve"
    );
}

#[test]
fn a_tls13_refusal_is_seen_although_the_client_was_done_before_it() {
    let lab = lab();
    let wrong = lab.with(
        &server(V1_3, &[0x0503]),
        signs_with(0x0503),
        lab.rsa_certificate.clone(),
        lab.key.clone(),
    );
    assert_eq!(refusal(&wrong).0, "illegal_parameter");
    let none = lab.rsa(&server(V1_3, &[0x0804]), no_certificate());
    assert_eq!(refusal(&none).0, "certificate_required");
}

#[test]
fn a_bad_signature_is_a_decrypt_error() {
    let lab = lab();
    let other = self::lab();
    for version in TlsVersion::ALL {
        let attempt = lab.with(
            &server(version, &[0x0804]),
            signs_with(0x0804),
            other.rsa_certificate.clone(),
            lab.key.clone(),
        );
        assert_eq!(refusal(&attempt).0, "decrypt_error");
    }
}

#[test]
fn the_token_s_ckr_survives_and_the_next_route_is_tried_only_where_the_token_refused() {
    let lab = lab();
    let two_routes = Choice::Sign {
        scheme: Scheme(0x0804),
        routes: vec![Route::RsaPkcsPss, Route::RsaX509],
    };
    for (step, tried) in [
        (SignStep::SignInit, 2),
        (SignStep::Sign, 2),
        (SignStep::ContextLogin, 1),
    ] {
        let token = Arc::new(Refusing(step, Ckr::MECHANISM_INVALID));
        let attempt = lab.with(
            &server(V1_3, &[0x0804]),
            two_routes.clone(),
            lab.rsa_certificate.clone(),
            token,
        );
        assert_eq!(
            attempt.end,
            End::SignFailed(SignError::refused(step, Ckr::MECHANISM_INVALID))
        );
        assert_eq!(attempt.signatures, tried, "{step:?}");
    }
}

#[test]
fn a_client_that_gives_up_asks_nothing_of_the_token() {
    let lab = lab();
    for version in [V1_2, V1_3] {
        let choice = Choice::GiveUp {
            scheme: Some(Scheme(0x0804)),
            ckr: Some(Ckr::MECHANISM_INVALID),
            why: "no PSS here".into(),
        };
        let made = lab.rsa(&server(version, &[0x0804]), choice.clone());
        let End::SignFailed(error) = &made.end else {
            panic!("{made:?}");
        };
        assert_eq!(error.ckr, Some(Ckr::MECHANISM_INVALID));
        assert!(error.to_string().ends_with("no PSS here"));
        assert_eq!((made.choice, made.signatures), (Some(choice), 0));
    }
}

#[test]
fn a_list_that_is_all_illegal_in_tls13_stops_the_client_and_the_rule_still_says_why() {
    let lab = lab();
    let attempt = lab.rsa(&server(V1_3, &[0x0401]), no_certificate());
    assert!(
        matches!(attempt.end, End::ClientStopped { .. }),
        "{:?}",
        attempt.end
    );
    assert_eq!(attempt.choice, Some(no_certificate()));
    assert_eq!(attempt.request.unwrap().schemes, [Scheme(0x0401)]);
}

#[test]
fn an_rsa_key_below_the_server_s_minimum_is_refused_before_its_signature() {
    let lab = lab();
    let strict = Server {
        min_rsa_bits: 3072,
        ..server(V1_3, &[0x0804])
    };
    let (alert, why) = refusal(&lab.rsa(&strict, signs_with(0x0804)));
    assert_eq!(alert, "bad_certificate");
    assert_eq!(
        why,
        "the server's policy takes RSA keys of 3072 bits or more, this one has 2048"
    );
}

#[test]
fn bytes_that_are_no_certificate_are_refused() {
    let lab = lab();
    let attempt = lab.with(
        &server(V1_2, &[0x0401]),
        signs_with(0x0401),
        b"rubbish".to_vec(),
        lab.key.clone(),
    );
    assert_eq!(refusal(&attempt).0, "bad_certificate");
}

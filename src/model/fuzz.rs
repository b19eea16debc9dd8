//! The fuzzer's door to what reads names and certificates; see [`tls::fuzz`](crate::tls::fuzz).

use super::anatomy::{Anatomy, attributes_of};
use super::certificate::{Certificate, chain_of, to_pem};
use super::certificate_request::{CaName, CertificateRequest};
use super::path::path;
use super::probe::{Asks, Probe, Spoken, VersionFacts};
use super::protocol::Protocol;
use super::public_key::PublicKey;
use super::scheme::Scheme;
use super::{spki, usage};

/// A name of a CA, and its text.
pub fn name(bytes: &[u8]) {
    let name = CaName::new(bytes.to_vec());
    assert!(!name.to_string().is_empty() || name.text.is_some());
    let _ = attributes_of(bytes);
}

/// A certificate, all that is made of it, and its path by itself.
pub fn certificate(bytes: &[u8]) {
    let _ = PublicKey::from_spki(bytes);
    let Ok(read) = Certificate::from_der(bytes) else {
        return;
    };
    let _ = Anatomy::of(&read);
    let _ = (usage::key_usage(&read), usage::extended_key_usage(&read));
    let _ = spki::sha256(&read.public_key);
    let all = [read.clone()];
    let _ = (path(&read, &all, &[]), chain_of(&read, &all));
    assert_eq!(path(&read, &[], &all).issuers, []);
    assert!(to_pem(&read.der).starts_with("-----BEGIN CERTIFICATE-----"));
}

/// What is known of a server that asks with these CA names, each with its length in front.
pub fn asking(mut bytes: &[u8]) -> Probe {
    let mut ca_names = Vec::new();
    while let Some((&length, rest)) = bytes.split_first() {
        let (name, rest) = rest.split_at(rest.len().min(length.into()));
        ca_names.push(CaName::new(name.to_vec()));
        bytes = rest;
    }
    Probe {
        host: "portal.example".into(),
        versions: vec![VersionFacts {
            spoken: Spoken::Yes,
            asks: Asks::Required,
            request: Some(CertificateRequest {
                schemes: Some(vec![Scheme(0x0403)]),
                ca_names,
                ..CertificateRequest::default()
            }),
            ..VersionFacts::unknown(Protocol::V1_3)
        }],
        ..Probe::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(
            at in 0_usize..400, byte: u8, bytes in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            name(&bytes);
            let _ = asking(&bytes);
            let mut der = rcgen::generate_simple_self_signed(["jo.example.test".to_owned()]).unwrap().cert.der().to_vec();
            if let Some(place) = der.get_mut(at) {
                *place = byte;
            }
            certificate(&der);
        }
    }
}

//! Each finding on the user's screen: a token that has the trouble, made with SoftHSM2 or by the fault-injecting module, and
//! what `cardcheck matrix` says of it.

mod support;

use support::{Lab, Ran};

/// The trouble, and what the screen has to say.
struct Scene {
    id: &'static str,
    token: &'static str,
    /// For the fault-injecting module; empty: SoftHSM2 itself.
    rules: &'static str,
    args: &'static str,
    says: &'static [&'static str],
}

const ALL_PADDING: &str = "0x01,0x06,0x0d,0x0e,0x40,0x41,0x42,0x43,0x44,0x45,0x46,0x47";

#[rustfmt::skip] // they read as a table
const TOKENS: &[Scene] = &[
    Scene { id: "pss-listed-but-refused", token: "lying", rules: "",
        args: "--key rsa-2048 --client firefox --profile openssl-1.1.1",
        says: &["lists CKM_RSA_PKCS_PSS, but key `rsa-2048` refuses it at C_SignInit"] },
    Scene { id: "pss-missing", token: "no-pss", rules: "",
        args: "--key rsa-2048 --client firefox --profile pss-only --tls 1.2",
        says: &["server `pss-only` asked for PSS only"] },
    Scene { id: "tls13-needs-pss", token: "no-pss", rules: "",
        args: "--key rsa-2048 --client firefox --profile openssl-1.1.1",
        says: &["Nothing in the server's list changes that", "security.tls.version.max"] },
    Scene { id: "pss-hash-limited", token: "bench", rules: "on C_Sign mech 0x0d data 48,64 ckr 0x21",
        args: "--key rsa-2048 --client gnutls --sigalgs RSA-PSS+SHA512:RSA-PSS+SHA256:RSA+SHA256 --tls 1.2",
        says: &["refuses RSA-PSS with SHA-512 on key `rsa-2048`: CKR_DATA_LEN_RANGE. With SHA-256 it works",
            "Ask clients for no RSA-PSS with SHA-384 and SHA-512", "proven"] },
    Scene { id: "pkcs1-hash-limited", token: "bench", rules: "on C_Sign mech 0x01 data 67,83 ckr 0x21",
        args: "--key rsa-2048 --client openssl --profile openssl-1.1.0",
        says: &["refuses PKCS1 with SHA-512 on key `rsa-2048`: CKR_DATA_LEN_RANGE", "proven",
            "ClientSignatureAlgorithms"] },
    Scene { id: "raw-rsa-only", token: "bench", rules: "on C_SignInit mech ALL_PADDING ckr 0x70",
        args: "--key rsa-2048 --client firefox,openssl --profile openssl-3.0",
        says: &["does raw RSA (CKM_RSA_X_509) and makes no padding", "With raw RSA, padded on the host, openssl can log in"] },
    Scene { id: "hash-on-token-only", token: "bench", rules: "on C_SignInit mech 0x01,0x03,0x0d ckr 0x68",
        args: "--key rsa-2048 --client firefox,java --profile openssl-3.0 --tls 1.2",
        says: &["takes no digest with key `rsa-2048`", "But firefox hands over a digest. With the same key java can log in."] },
    Scene { id: "works-only-below-tls13", token: "bench", rules: "",
        args: "--key rsa-2048 --client firefox --sigalgs RSA+SHA256:ECDSA+SHA256",
        says: &["firefox logs in with key `rsa-2048` on token `bench` over TLS 1.2, but not over TLS 1.3",
            "Ask clients for RSA-PSS too", "proven"] },
    Scene { id: "curve-not-for-scheme", token: "p-521", rules: "",
        args: "--client firefox --profile boringssl",
        says: &["Server `boringssl` asked for P-256 and P-384, but key `p-521`"] },
    Scene { id: "ed25519-not-in-list", token: "healthy", rules: "",
        args: "--key ed25519 --client firefox --profile openssl-3.0",
        says: &["asked for Ed25519, but firefox does not sign with such keys"] },
    Scene { id: "no-common-scheme", token: "healthy", rules: "",
        args: "--key p-384 --client java --sigalgs ECDSA+SHA256:RSA+SHA256 --tls 1.2",
        says: &["asked for nothing that java signs with key `p-384`"] },
    Scene { id: "sha1-only", token: "bench", rules: "",
        args: "--key rsa-2048 --client openssl --profile sha1-only",
        says: &["asks for signatures with SHA-1 only", "proven"] },
    Scene { id: "key-not-for-signing", token: "decrypt-only", rules: "",
        args: "--client openssl --profile openssl-3.0",
        says: &["CKA_SIGN of key `rsa-2048` is false, and no signature worked"] },
    Scene { id: "sign-refused", token: "bench", rules: "on C_Sign mech 0x1041 ckr 0x30",
        args: "--key p-256 --client firefox --profile openssl-3.0",
        says: &["refuses to sign: CKR_DEVICE_ERROR"] },
    Scene { id: "always-authenticate", token: "always-authenticate", rules: "",
        args: "--client firefox --profile openssl-3.0",
        says: &["note Key `rsa-2048`", "the PIN has to be given to the program for every signature"] },
    Scene { id: "slow-card", token: "healthy", rules: "on C_Sign mech 0x1057 delay 1000",
        args: "--key ed25519 --client any --profile openssl-3.0 --tls 1.3",
        says: &["A signature on token `healthy` takes 1.0 s with key `ed25519`"] },
];

/// Signatures that come and are wrong.
#[rustfmt::skip]
const MISTAKES: &[Scene] = &[
    Scene { id: "pss-salt-wrong", token: "bench", rules: "salt 20",
        args: "--key rsa-2048 --client firefox --profile openssl-3.0 --tls 1.2",
        says: &["by rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS) and answered CKR_OK, but the salt is 20 bytes long",
            "Ask clients for no RSA-PSS", "proven"] },
    Scene { id: "digestinfo-missing", token: "bench", rules: "bare-hash",
        args: "--key rsa-2048 --client chrome --profile openssl-3.0 --tls 1.2",
        says: &["the signature holds the bare hash, without the DigestInfo", "Ask clients for no RSA PKCS1", "proven"] },
    Scene { id: "ecdsa-der-instead-of-raw", token: "bench", rules: "on C_Sign mech 0x1041 der",
        args: "--key p-256 --client firefox --profile openssl-3.0",
        says: &["the signature came in DER, where PKCS#11 wants the numbers r and s side by side"] },
    Scene { id: "ecdsa-hash-truncation", token: "healthy", rules: "fill 48",
        args: "--key p-384 --client firefox --profile openssl-3.0 --tls 1.2",
        says: &["the hash was not brought to the curve's length as it should be", "Ask clients for no ecdsa_secp256r1_sha256",
            "proven"] },
    Scene { id: "ecdsa-hash-truncation", token: "healthy", rules: "on C_Sign mech 0x1041 data 32 ckr 0x21",
        args: "--key p-384 --client firefox --profile openssl-3.0 --tls 1.2",
        says: &["refuses ecdsa_secp256r1_sha256 with key `p-384` (EC P-384): CKR_DATA_LEN_RANGE"] },
    Scene { id: "signature-does-not-verify", token: "bench", rules: "on C_Sign mech 0x0d corrupt",
        args: "--key rsa-2048 --client firefox --profile openssl-3.0 --tls 1.2",
        says: &["does not check against the certificate"] },
    Scene { id: "signature-malformed", token: "bench", rules: "on C_Sign mech 0x1041 length -1",
        args: "--key p-256 --client firefox --profile openssl-3.0",
        says: &["signature of 63 bytes where r||s of 64 is due"] },
];

/// What servers object to in a certificate; all but the last two lie on one token.
#[rustfmt::skip]
const CERTIFICATES: &[Scene] = &[
    Scene { id: "certificate-expired", token: "objections", rules: "", args: QUICKLY,
        says: &["p-256-expired user`, was valid until 2021-01-01."] },
    Scene { id: "certificate-not-yet-valid", token: "objections", rules: "", args: QUICKLY,
        says: &["p-256-early user`, is valid from 2048-01-01 on."] },
    Scene { id: "eku-lacks-client-auth", token: "objections", rules: "", args: QUICKLY,
        says: &["p-256-email user`, has an extendedKeyUsage without clientAuth."] },
    Scene { id: "ku-lacks-digital-signature", token: "objections", rules: "", args: QUICKLY,
        says: &["p-256-documents user`, has a keyUsage without digitalSignature."] },
    Scene { id: "weak-certificate-signature", token: "objections", rules: "", args: QUICKLY,
        says: &["p-256-sha1 user`, is signed with SHA-1."] },
    Scene { id: "intermediate-on-token-not-sent", token: "intermediate", rules: "", args: "--client openssl --profile openssl-3.0",
        says: &["that certificate lies on the token too. But openssl sends the leaf only"] },
];

const QUICKLY: &str = "--client any --profile openssl-3.0 --tls 1.3";

fn play(lab: &Lab, scene: &Scene) -> Ran {
    let rules = scene.rules.replace("ALL_PADDING", ALL_PADDING);
    let matrix = match rules.is_empty() {
        true => lab.matrix(scene.token),
        false => lab.faulty(scene.token, &rules),
    };
    matrix.args(scene.args).run()
}

#[track_caller]
fn shows(lab: &Lab, scene: &Scene) {
    let ran = play(lab, scene);
    let screen = ran.screen();
    let all = || format!("{}:\n{}\n{}", scene.id, ran.stdout(), ran.stderr());
    assert!(screen.contains(&format!("[{}]", scene.id)), "{}", all());
    for says in scene.says {
        assert!(screen.contains(says), "not said: {says}\n{}", all());
    }
}

#[test]
fn what_a_token_lacks_or_refuses_is_told_on_the_screen() {
    let tokens = [
        "lying",
        "no-pss",
        "bench",
        "p-521",
        "healthy",
        "decrypt-only",
        "always-authenticate",
    ];
    let Some(lab) = Lab::new(&tokens) else {
        return;
    };
    TOKENS.iter().for_each(|scene| shows(&lab, scene));
}

#[test]
fn what_is_wrong_with_a_signature_is_told_on_the_screen() {
    let Some(lab) = Lab::new(&["bench", "healthy"]) else {
        return;
    };
    MISTAKES.iter().for_each(|scene| shows(&lab, scene));
}

#[test]
fn what_is_wrong_with_a_signature_is_in_the_report() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let salt = lab.faulty("bench", "salt 222");
    let report = salt
        .args("--key rsa-2048 --client any --profile openssl-3.0 --format json")
        .run()
        .report();
    let row = report.capability("rsa-2048", "rsa_pss_rsae_sha256", "CKM_RSA_PKCS_PSS");
    assert_eq!(
        (&row["verified"], &row["flaw"], &row["salt_length"]),
        (&false.into(), &"salt_length".into(), &222.into())
    );
    let good = report.capability("rsa-2048", "rsa_pkcs1_sha256", "CKM_RSA_PKCS");
    assert!(good["flaw"].is_null(), "{good}");
}

#[test]
fn what_servers_object_to_in_a_certificate_is_a_warning_and_no_failure() {
    let Some(lab) = Lab::new(&["objections", "intermediate"]) else {
        return;
    };
    for scene in CERTIFICATES {
        shows(&lab, scene);
        play(&lab, scene).exits(0);
    }
}

#[test]
fn a_chain_that_does_not_lead_to_a_ca_that_the_server_named_is_told() {
    let Some(lab) = Lab::new(&["leaf-only", "intermediate"]) else {
        return;
    };
    let profile = lab.write(
        "portal.toml",
        r#"[[profile]]
name = "portal"
about = "a server that names the root"
source = "a test"
tls12 = ["ecdsa_secp256r1_sha256"]
ca_names = ["CN=cardcheck demo CA,O=cardcheck demo"]
"#,
    );
    let told = |token: &str| {
        let matrix = lab.matrix(token).args("--client openssl --profile");
        matrix.arg(&profile).run().screen()
    };
    let screen = told("leaf-only");
    assert!(
        screen.contains("[intermediate-missing]")
            && screen.contains("is not on the token; if none did"),
        "{screen}"
    );
    let screen = told("intermediate");
    assert!(!screen.contains("[intermediate-missing]"), "{screen}");
}

#[test]
fn a_healthy_token_has_nothing_to_tell() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let report = lab
        .matrix("healthy")
        .args("--client any --profile openssl-3.0,openssl-3.5 --format json")
        .run()
        .exits(0)
        .report();
    assert!(report.findings().is_empty(), "{:?}", report.findings());
}

#[test]
fn a_token_that_denies_pss_in_every_call_is_believed_by_all_who_ask() {
    let Some(lab) = Lab::new(&["no-pss"]) else {
        return;
    };
    let args = "--key rsa-2048 --client firefox,gnutls --profile openssl-1.1.1 --probe-unlisted --format json";
    let report = lab.honest("no-pss").args(args).run().exits(1).report();
    let pss = report.capability("rsa-2048", "rsa_pss_rsae_sha256", "CKM_RSA_PKCS_PSS");
    assert_eq!(pss["listed"], false);
    for fact in ["info", "sign_init"] {
        assert_eq!(pss[fact], "CKR_MECHANISM_INVALID", "{pss}");
    }
    for client in ["firefox", "gnutls"] {
        let cell = report.cell("rsa-2048", "openssl-1.1.1", "1.2", client);
        assert_eq!(cell["scheme"], "rsa_pkcs1_sha256", "{cell:#}");
        let cell = report.cell("rsa-2048", "openssl-1.1.1", "1.3", client);
        assert_eq!(cell["findings"][0], "tls13-needs-pss", "{cell:#}");
    }
    // what SoftHSM2 alone says: GnuTLS asks C_GetMechanismInfo, which answers for what the list hides
    let report = lab.matrix("no-pss").args(args).run().exits(1).report();
    let cell = report.cell("rsa-2048", "openssl-1.1.1", "1.2", "gnutls");
    assert_eq!(
        (&cell["outcome"], &cell["stage"]),
        (&"fail".into(), &"sign".into())
    );
}

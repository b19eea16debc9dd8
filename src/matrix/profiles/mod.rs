//! Where profiles come from: the built-in file, users' files in the same format, and `--sigalgs`.

mod ca_name;
mod file;
mod problem;

use std::sync::LazyLock;

use crate::model::profile::Profile;
use crate::model::scheme::{UnknownScheme, parse_openssl_list};
use crate::model::version::TlsVersion;
use crate::model::{did_you_mean, nearest_name};

pub use file::parse;
pub use problem::{Problem, ProfileError};

const BUILTIN: &str = include_str!("../profiles.toml");

/// The built-in profiles, in the file's order; each says in `source` where its lists were learnt.
pub fn builtin() -> &'static [Profile] {
    // the tests read the file through `parse`, so that it can't come out empty here
    static PROFILES: LazyLock<Vec<Profile>> =
        LazyLock::new(|| parse(BUILTIN, "profiles.toml").unwrap_or_default());
    &PROFILES
}

/// The built-in profile of that name.
///
/// # Errors
/// No profile has it; the error names the nearest, and all.
pub fn by_name(name: &str) -> Result<Profile, UnknownProfile> {
    builtin()
        .iter()
        .find(|profile| profile.name == name)
        .cloned()
        .ok_or_else(|| UnknownProfile {
            name: name.to_owned(),
            nearest: nearest_name(name, names()),
        })
}

/// A profile named `sigalgs` that asks for a list in OpenSSL's syntax (`RSA+SHA256:RSA-PSS+SHA256`) in both versions, as
/// `openssl s_server -client_sigalgs` does.
///
/// # Errors
/// The first name that is no scheme; the list itself if it names none.
pub fn from_sigalgs(list: &str) -> Result<Profile, UnknownScheme> {
    let schemes = parse_openssl_list(list)?;
    if schemes.is_empty() {
        return Err(UnknownScheme {
            name: list.to_owned(),
            nearest: None,
        });
    }
    Ok(Profile {
        name: "sigalgs".to_owned(),
        about: format!("a server that asks for {list}"),
        source: "--sigalgs".to_owned(),
        tls12: Some(schemes.clone()),
        tls13: Some(schemes),
        ca_names: Vec::new(),
        min_rsa_bits: 0,
        negotiates: Some(TlsVersion::V1_3),
    })
}

/// A name that no built-in profile has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile `{name}`{} (built in: {})", did_you_mean(*nearest), names().collect::<Vec<_>>().join(", "))]
pub struct UnknownProfile {
    /// What was given.
    pub name: String,
    /// The nearest name, if one is near.
    pub nearest: Option<&'static str>,
}

fn names() -> impl Iterator<Item = &'static str> {
    builtin().iter().map(|profile| profile.name.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::model::scheme::Scheme;

    fn list(name: &str, version: TlsVersion) -> Vec<String> {
        let profile = by_name(name).unwrap();
        let schemes = profile.schemes(version).unwrap();
        schemes.iter().map(Scheme::to_string).collect()
    }

    fn place(list: &[String], scheme: &str) -> usize {
        list.iter().position(|name| name == scheme).unwrap()
    }

    #[test]
    fn the_built_in_profiles_are_these() {
        let read = parse(BUILTIN, "profiles.toml").map_err(|error| error.to_string());
        assert_eq!(read.as_deref(), Ok(builtin()));
        assert_eq!(
            names().collect::<Vec<_>>().join(" "),
            "openssl-1.0.2 openssl-1.1.0 openssl-1.1.1 openssl-3.0 openssl-3.3 openssl-3.5 openssl-4.0 boringssl gnutls nss go \
             java-17 schannel-2016 schannel-2022 rustls pss-only pkcs1-only ecdsa-only sha1-only pkcs1-first openssl-1.1.1-blog"
        );
    }

    #[test]
    fn a_built_in_profile_says_what_it_is_and_whence() {
        for profile in builtin() {
            assert!(!profile.about.is_empty(), "{}", profile.name);
            assert!(!profile.source.is_empty(), "{}", profile.name);
        }
    }

    #[test]
    fn a_built_in_list_is_not_empty_and_names_a_known_scheme_once() {
        for profile in builtin() {
            for schemes in TlsVersion::ALL.iter().filter_map(|v| profile.schemes(*v)) {
                let once: BTreeSet<_> = schemes.iter().collect();
                assert!(!schemes.is_empty(), "{}", profile.name);
                assert_eq!(once.len(), schemes.len(), "{}", profile.name);
                assert!(
                    schemes
                        .iter()
                        .all(|s| Scheme::all().any(|known| known == *s))
                );
            }
        }
    }

    #[test]
    fn a_tls13_list_has_something_legal_in_tls13_and_no_dsa() {
        for profile in builtin() {
            let Some(schemes) = profile.tls13.as_deref() else {
                continue;
            };
            assert!(
                schemes.iter().any(|s| s.legal_in(TlsVersion::V1_3)),
                "{}",
                profile.name
            );
            assert!(
                !schemes.iter().any(|s| s.to_string().starts_with("dsa_")),
                "{}",
                profile.name
            );
        }
    }

    #[test]
    fn openssl_111_prefers_pss() {
        let tls12 = list("openssl-1.1.1", TlsVersion::V1_2);
        assert_eq!(tls12.first().unwrap(), "ecdsa_secp256r1_sha256");
        assert!(place(&tls12, "rsa_pss_rsae_sha256") < place(&tls12, "rsa_pkcs1_sha256"));
        assert!(tls12.contains(&"rsa_pkcs1_sha1".to_owned()));
        assert_eq!(tls12.len(), 23);
        assert_eq!(list("openssl-1.1.1", TlsVersion::V1_3), tls12[..18]);
    }

    #[test]
    fn openssl_110_and_the_blog_have_no_pss_and_no_tls13() {
        for name in [
            "openssl-1.0.2",
            "openssl-1.1.0",
            "openssl-1.1.1-blog",
            "schannel-2016",
        ] {
            let profile = by_name(name).unwrap();
            assert_eq!(profile.tls13, None, "{name}");
            assert_eq!(profile.negotiates, Some(TlsVersion::V1_2), "{name}");
            assert!(!profile.tls12.unwrap().iter().any(|s| s.is_pss()), "{name}");
        }
        assert_eq!(
            list("openssl-1.1.0", TlsVersion::V1_2)[0],
            "rsa_pkcs1_sha512"
        );
    }

    #[test]
    fn the_blog_is_what_its_option_says() {
        let blog = by_name("openssl-1.1.1-blog").unwrap();
        let (_, option) = blog.source.split_once("-sigalgs ").unwrap();
        assert_eq!(blog.tls12, from_sigalgs(option).unwrap().tls12);
    }

    #[test]
    fn schannel_2022_is_2016_after_pss() {
        let new = list("schannel-2022", TlsVersion::V1_2);
        assert_eq!(new[3..], list("schannel-2016", TlsVersion::V1_2));
        assert_eq!(by_name("schannel-2022").unwrap().negotiates, None);
    }

    #[test]
    fn later_openssl_adds_to_the_tls13_list() {
        let tls13 = list("openssl-3.5", TlsVersion::V1_3);
        assert_eq!(
            tls13[..4],
            ["mldsa65", "mldsa87", "mldsa44", "ecdsa_secp256r1_sha256"]
        );
        let newer = list("openssl-4.0", TlsVersion::V1_3);
        assert_eq!(newer[..20], tls13);
        assert_eq!(newer[20..], ["sm2sig_sm3"]);
        assert_eq!(
            list("openssl-3.3", TlsVersion::V1_3)[5],
            "ecdsa_brainpoolP256r1tls13_sha256"
        );
    }

    #[test]
    fn security_levels() {
        let bits = |name| by_name(name).unwrap().min_rsa_bits;
        assert_eq!(bits("openssl-1.0.2"), 0);
        assert_eq!(bits("openssl-1.1.1"), 1024);
        assert_eq!(bits("openssl-3.0"), 2048);
    }

    #[test]
    fn an_unknown_profile_is_answered_with_the_nearest_and_all() {
        let told = by_name("openssl-1.1.").unwrap_err().to_string();
        let (first, all) = told.split_once(" (built in: ").unwrap();
        assert_eq!(
            first,
            "unknown profile `openssl-1.1.`, did you mean `openssl-1.1.1`?"
        );
        assert!(all.starts_with("openssl-1.0.2, openssl-1.1.0, ") && all.ends_with("-blog)"));
        assert_eq!(by_name("GnuTLS").unwrap_err().nearest, Some("gnutls"));
        assert_eq!(by_name("?").unwrap_err().nearest, None);
    }

    #[test]
    fn sigalgs_make_a_profile_of_both_versions() {
        let profile = from_sigalgs("RSA+SHA256:RSA-PSS+SHA256").unwrap();
        assert_eq!(profile.name, "sigalgs");
        assert_eq!(profile.tls12, Some(vec![Scheme(0x0401), Scheme(0x0804)]));
        assert_eq!(profile.tls13, profile.tls12);
        assert_eq!(
            from_sigalgs("RSA+SHA265").unwrap_err().nearest,
            Some("RSA+SHA256")
        );
        assert!(from_sigalgs("").is_err());
        assert!(from_sigalgs(" : ").is_err());
    }

    proptest! {
        #[test]
        fn no_sigalgs_make_the_reader_panic(list in "\\PC{0,40}") {
            let _ = from_sigalgs(&list);
        }
    }
}

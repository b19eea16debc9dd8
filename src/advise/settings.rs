//! The settings that are weighed: data, and why each is there.
//!
//! Every login signs with a key of one of four kinds, so a list is made of four blocks, in an order. Which blocks: what a card
//! can't do, it must not be asked for by a client that doesn't look first. Which order: some clients take the first that fits.
//! Which hashes: SHA-256 alone is the shortest list, all three let P-384 and P-521 in over TLS 1.3, and tokens that lack one.

use crate::model::advice::Setting;
use crate::model::profile::Profile;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion::{self, V1_2, V1_3};

/// What OpenSSL's security level 2 takes, the default from 3.2 on and of Debian and Ubuntu before.
const MIN_RSA_BITS: u32 = 2048;

/// Schemes of one kind, those with SHA-256 first.
type Block = &'static [u16];

const EC: Block = &[0x0403, 0x0503, 0x0603];
const EDDSA: Block = &[0x0807];
const PSS: Block = &[0x0804, 0x0805, 0x0806];
const PKCS1: Block = &[0x0401, 0x0501, 0x0601];

/// A list in blocks.
struct Row {
    name: &'static str,
    about: &'static str,
    versions: &'static [TlsVersion],
    blocks: &'static [Block],
}

#[rustfmt::skip] // one row, one list
const ROWS: &[Row] = &[
    row("ec", "EC keys only", &[V1_3, V1_2], &[EC]),
    row("pss", "RSA keys only, with PSS", &[V1_3, V1_2], &[PSS]),
    row("ec-pss", "EC keys, and RSA keys with PSS", &[V1_3, V1_2], &[EC, PSS]),
    row("ec-eddsa-pss", "EC and Ed25519 keys, and RSA keys with PSS", &[V1_3, V1_2], &[EC, EDDSA, PSS]),
    // over TLS 1.2 only: PKCS1 is not legal in TLS 1.3 (RFC 8446 4.4.3), so that there these would be the ones above
    row("ec-pss-pkcs1", "EC keys, RSA keys with PSS, else PKCS1", &[V1_2], &[EC, PSS, PKCS1]),
    row("ec-pkcs1-pss", "EC keys, RSA keys with PKCS1, else PSS", &[V1_2], &[EC, PKCS1, PSS]),
    row("pkcs1", "RSA keys only, with PKCS1", &[V1_2], &[PKCS1]),
    row("ec-pkcs1", "EC keys, and RSA keys with PKCS1", &[V1_2], &[EC, PKCS1]),
    row("ec-eddsa-pkcs1", "EC and Ed25519 keys, and RSA keys with PKCS1", &[V1_2], &[EC, EDDSA, PKCS1]),
    row("ec-eddsa-pkcs1-pss", "EC and Ed25519 keys, RSA keys with PKCS1, else PSS", &[V1_2], &[EC, EDDSA, PKCS1, PSS]),
];

const fn row(
    name: &'static str,
    about: &'static str,
    versions: &'static [TlsVersion],
    blocks: &'static [Block],
) -> Row {
    Row {
        name,
        about,
        versions,
        blocks,
    }
}

/// The settings that may be advised, the strictest first.
pub fn proposed() -> Vec<Setting> {
    let settings = |version: TlsVersion| {
        let rows = ROWS
            .iter()
            .filter(move |row| row.versions.contains(&version));
        rows.flat_map(move |row| [row.short(version), row.whole(version)])
    };
    settings(V1_3).chain(settings(V1_2)).collect()
}

/// What a server with this profile asks today; `None`: it speaks no version.
pub fn of_profile(profile: &Profile) -> Option<Setting> {
    let spoken = |version: &TlsVersion| profile.schemes(*version).is_some();
    let version = profile.negotiates.filter(spoken);
    let version = version.or_else(|| TlsVersion::ALL.into_iter().rev().find(spoken))?;
    Some(Setting {
        name: profile.name.clone(),
        about: profile.about.clone(),
        version,
        schemes: profile.schemes(version)?.to_vec(),
        min_rsa_bits: profile.min_rsa_bits,
        today: true,
    })
}

impl Row {
    fn whole(&self, version: TlsVersion) -> Setting {
        let codes = self.blocks.iter().copied().flatten();
        self.setting(version, "", "", codes.copied().map(Scheme).collect())
    }

    /// With SHA-256 alone.
    fn short(&self, version: TlsVersion) -> Setting {
        let codes = self.blocks.iter().filter_map(|block| block.first());
        let schemes = codes.copied().map(Scheme).collect();
        self.setting(version, "-sha256", "; SHA-256 only", schemes)
    }

    fn setting(
        &self,
        version: TlsVersion,
        suffix: &str,
        aside: &str,
        schemes: Vec<Scheme>,
    ) -> Setting {
        Setting {
            name: format!("tls{version}-{}{suffix}", self.name),
            about: format!("{}{aside}", self.about),
            version,
            schemes,
            min_rsa_bits: MIN_RSA_BITS,
            today: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_settings_have_a_name_or_a_list_in_common() {
        let settings = proposed();
        for (at, one) in settings.iter().enumerate() {
            for other in settings.iter().skip(at + 1) {
                assert_ne!(one.name, other.name);
                assert_ne!((one.version, &one.schemes), (other.version, &other.schemes));
            }
        }
    }

    #[test]
    fn what_is_advised_is_legal_in_its_version_and_has_a_name_in_openssl() {
        for setting in proposed() {
            let mut schemes = setting.schemes.iter();
            assert!(
                schemes
                    .all(|scheme| scheme.legal_in(setting.version)
                        && scheme.openssl_name().is_some())
            );
        }
    }
}

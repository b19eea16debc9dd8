//! What lies on the tokens that `scripts/modules` brings up, and which of it a TLS client can log in with. What else a module can
//! is in the table of tests/modules/README.md.

pub(crate) struct Expected {
    pub(crate) name: &'static str,
    /// Takes long to install, or changes more of a system than tests should without being asked: its package starts a daemon.
    pub(crate) heavy: bool,
    pub(crate) keys: &'static [Key],
}

pub(crate) struct Key {
    pub(crate) label: &'static str,
    pub(crate) kind: &'static str,
    /// The versions of TLS over which client `any` logs in.
    pub(crate) logs_in: &'static [&'static str],
    /// Of the default clients, those that don't.
    pub(crate) but_not: &'static [&'static str],
    /// Whether a login comes out depends on what went before it, so that nothing is expected.
    pub(crate) by_chance: bool,
}

const fn key(label: &'static str, kind: &'static str) -> Key {
    Key {
        label,
        kind,
        logs_in: &["1.2", "1.3"],
        but_not: &[],
        by_chance: false,
    }
}

const fn unusable(label: &'static str, kind: &'static str) -> Key {
    Key {
        logs_in: &[],
        ..key(label, kind)
    }
}

/// None of the default clients signs with such a key on a token.
const ED25519: Key = Key {
    but_not: &["firefox", "chrome", "openssl", "java"],
    ..key("ed25519", "Ed25519")
};

const HEALTHY: &[Key] = &[
    key("rsa-2048", "RSA-2048"),
    key("rsa-3072", "RSA-3072"),
    key("p-256", "P-256"),
    key("p-384", "P-384"),
    ED25519,
];

/// p11-kit 0.24 takes no mechanism over its wire that it doesn't know; EdDSA is one.
const HEALTHY_AFAR: &[Key] = &[
    key("rsa-2048", "RSA-2048"),
    key("rsa-3072", "RSA-3072"),
    key("p-256", "P-256"),
    key("p-384", "P-384"),
    unusable("ed25519", "Ed25519"),
];

const THREE: &[Key] = &[
    key("rsa-2048", "RSA-2048"),
    key("p-256", "P-256"),
    key("p-384", "P-384"),
];

pub(crate) const ALL: &[Expected] = &[
    light("softhsm2", HEALTHY),
    light("p11-kit-proxy", HEALTHY),
    light("p11-kit-remote", HEALTHY_AFAR),
    heavy("p11-kit-ssh", HEALTHY_AFAR),
    light(
        "opensc",
        &[
            key("PIV AUTH key", "RSA-2048"),
            key("SIGN key", "RSA-2048"),
            key("KEY MAN key", "P-256"),
            key("CARD AUTH key", "P-384"),
        ],
    ),
    light(
        "ykcs11",
        &[
            key("Private key for PIV Authentication", "RSA-2048"),
            key("Private key for Digital Signature", "RSA-2048"),
            key("Private key for Key Management", "P-256"),
            key("Private key for Card Authentication", "P-384"),
        ],
    ),
    light(
        "cackey",
        &[
            Key {
                logs_in: &["1.2"],
                // it makes PSS over raw RSA, which the module lacks, and the server asks for PSS first
                but_not: &["openssl"],
                ..key("Authentication", "RSA-2048")
            },
            // the module hides that the PIN is wanted each time, so every other signature fails
            Key {
                by_chance: true,
                ..key("Signature", "RSA-2048")
            },
            // an EC key, which the module takes for one of RSA; the fourth it doesn't show at all
            unusable("Key Management", "RSA"),
        ],
    ),
    light("nss", THREE),
    heavy("kryoptic", THREE),
    heavy("tpm2-pkcs11", THREE),
    heavy(
        "opencryptoki",
        &[
            key("rsa-2048", "RSA-2048"),
            // it takes the keys and can't use them
            unusable("p-256", "P-256"),
            unusable("p-384", "P-384"),
        ],
    ),
];

const fn light(name: &'static str, keys: &'static [Key]) -> Expected {
    Expected {
        name,
        heavy: false,
        keys,
    }
}

const fn heavy(name: &'static str, keys: &'static [Key]) -> Expected {
    Expected {
        name,
        heavy: true,
        keys,
    }
}

pub(crate) fn of(name: &str) -> &'static Expected {
    let found = ALL.iter().find(|module| module.name == name);
    found.unwrap_or_else(|| panic!("nothing is expected of `{name}`"))
}

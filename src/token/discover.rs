//! Finding a module when none was named: p11-kit's proxy, else the well-known places.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use super::p11kit;

/// Directories in which distributions put PKCS#11 modules; `{triplet}` is Debian's multiarch name.
const DIRECTORIES: &[&str] = &[
    "/usr/lib/{triplet}",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
    "/opt/homebrew/lib",
    "/usr/lib/{triplet}/pkcs11",
    "/usr/lib64/pkcs11",
    "/usr/lib/pkcs11",
    "/usr/lib/{triplet}/softhsm",
    "/usr/lib64/softhsm",
    "/usr/lib/softhsm",
    "/usr/local/lib/softhsm",
    "/opt/homebrew/lib/softhsm",
];

/// Modules by preference: the proxy shows the tokens of all that p11-kit knows.
const NAMES: &[&str] = &[
    "p11-kit-proxy.so",
    "p11-kit-proxy.dylib",
    "opensc-pkcs11.so",
    "libykcs11.so",
    "libsofthsm2.so",
];

/// The module to take, or `None`: nothing is installed where it would be looked for.
pub fn default_module() -> Option<PathBuf> {
    NAMES.iter().find_map(|name| find(name))
}

/// The module of this file name, where distributions put modules.
pub fn find(name: &str) -> Option<PathBuf> {
    let mut paths = DIRECTORIES
        .iter()
        .map(|directory| Path::new(&expand(directory)).join(name));
    paths.find(|path| path.exists())
}

/// More modules that are installed where distributions put them, or their makers do.
const OTHERS: &[&str] = &[
    "libcackey.so",
    "libkryoptic_pkcs11.so",
    "libtpm2_pkcs11.so",
    "libbeidpkcs11.so",
    "libpteidpkcs11.so",
    "libeTPkcs11.so",
    "libIDPrimePKCS11.so",
    "libbit4xpki.so",
    "libASEP11.so",
    "libcryptoki.so",
];

/// A module that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its file.
    pub path: PathBuf,
    /// Who knows of it: `p11-kit (opensc-pkcs11.module)`, `well-known path`.
    pub found_by: Vec<String>,
    /// p11-kit's configuration says that it holds authorities, and no keys.
    pub trust_policy: bool,
}

/// All modules that p11-kit is configured with, then those at the well-known places, each file once. p11-kit's proxy is
/// none of its own: it shows the others.
pub fn all() -> Vec<Found> {
    let configured = p11kit::configured().into_iter().map(|module| Found {
        path: in_p11_kit_s_directory(&module.module),
        found_by: vec![format!("p11-kit ({})", module.file)],
        trust_policy: module.trust_policy,
    });
    let names = NAMES.iter().chain(OTHERS);
    let names = names.filter(|name| !name.starts_with("p11-kit-proxy"));
    let well_known = names.filter_map(|name| find(name)).map(|path| Found {
        path,
        found_by: vec!["well-known path".into()],
        trust_policy: false,
    });
    each_once(configured.chain(well_known))
}

fn each_once(all: impl Iterator<Item = Found>) -> Vec<Found> {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut found: Vec<Found> = Vec::new();
    for module in all {
        let same = |known: &&mut Found| whole(&known.path) == whole(&module.path);
        match found.iter_mut().find(same) {
            Some(known) => known.found_by.extend(module.found_by),
            None => found.push(module),
        }
    }
    found
}

/// p11-kit takes a path without a root from its own directory.
fn in_p11_kit_s_directory(module: &Path) -> PathBuf {
    if module.is_absolute() {
        return module.to_owned();
    }
    let own = DIRECTORIES
        .iter()
        .filter(|directory| directory.ends_with("/pkcs11"));
    let mut paths = own.map(|directory| Path::new(&expand(directory)).join(module));
    let there = paths.find(|path| path.exists());
    there
        .or_else(|| find(&module.to_string_lossy()))
        .unwrap_or_else(|| module.to_owned())
}

/// The file names that were looked for, for an error message.
pub fn names_looked_for() -> String {
    NAMES.join(", ")
}

fn expand(directory: &str) -> String {
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    directory.replace("{triplet}", &triplet)
}

//! Finding a module when none was named: p11-kit's proxy, else the well-known places.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

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

/// The file names that were looked for, for an error message.
pub fn names_looked_for() -> String {
    NAMES.join(", ")
}

fn expand(directory: &str) -> String {
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    directory.replace("{triplet}", &triplet)
}

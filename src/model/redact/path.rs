//! Paths of modules: where a system keeps them says which package they are of, somebody's own directory says whose it is.

/// Where packages are installed.
const SYSTEM: &[&str] = &[
    "/usr/",
    "/lib/",
    "/lib64/",
    "/opt/",
    "/nix/store/",
    "/gnu/store/",
    "/Library/",
    "/System/",
];

/// The path as it is where a system's packages are, else the file's name alone.
pub(super) fn shortened(path: &str) -> String {
    let plain = !path.split('/').any(|part| ["..", "home"].contains(&part));
    if plain && SYSTEM.iter().any(|directory| path.starts_with(directory)) {
        return path.to_owned();
    }
    match path.rsplit_once('/') {
        Some((_, name)) => format!(".../{name}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_system_s_own_directories_stay() {
        let same = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";
        assert_eq!(shortened(same), same);
        assert_eq!(shortened("p11-kit-proxy.so"), "p11-kit-proxy.so");
        for somebodys in ["/home/jane/x.so", "./jane/x.so", "/usr/../home/jane/x.so"] {
            assert_eq!(shortened(somebodys), ".../x.so");
        }
    }
}

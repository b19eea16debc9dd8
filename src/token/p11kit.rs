//! The modules that p11-kit is configured with: its `.module` files, found and merged as p11-kit does it (pkcs11.conf(5),
//! p11-kit's `conf.c`): the user's before the system's before the packages', field by field.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// No configuration file is longer, bytes.
const LONGEST: u64 = 64 << 10;

const SYSTEM: &str = "/etc/pkcs11";
const PACKAGES: &str = "/usr/share/p11-kit/modules";

/// A module that p11-kit knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Configured {
    /// `opensc-pkcs11.module`.
    pub(super) file: String,
    /// The library as it is named there, without a directory where it lies in p11-kit's own.
    pub(super) module: PathBuf,
    /// `trust-policy: yes`: it holds authorities, and no keys.
    pub(super) trust_policy: bool,
}

/// The fields of a file.
type Fields = BTreeMap<String, String>;

/// All modules that p11-kit would load here, in its order.
pub(super) fn configured() -> Vec<Configured> {
    let user = user_directory();
    let directories = directories(
        &fields_of(&Path::new(SYSTEM).join("pkcs11.conf")),
        user.as_deref(),
    );
    in_order(merged(&directories))
}

fn user_directory() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let config = set("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| Some(Path::new(&set("HOME")?).join(".config")));
    config.map(|config| config.join("pkcs11"))
}

/// Where modules' files lie, those first that count most. `user-config` is `merge` unless it is set; the user may set it,
/// too, if the system doesn't say `none`.
fn directories(system: &Fields, user: Option<&Path>) -> Vec<PathBuf> {
    let mode = |fields: &Fields| fields.get("user-config").cloned();
    let system_mode = mode(system).unwrap_or_else(|| "merge".into());
    let own_mode = user.and_then(|user| mode(&fields_of(&user.join("pkcs11.conf"))));
    let mode = match system_mode.as_str() {
        "none" => system_mode,
        _ => own_mode.unwrap_or(system_mode),
    };
    let user = user.map(|user| user.join("modules")).into_iter();
    let others = [Path::new(SYSTEM).join("modules"), PACKAGES.into()];
    match mode.as_str() {
        "none" => others.into(),
        "only" | "override" => user.collect(),
        _ => user.chain(others).collect(),
    }
}

/// The files of all directories by their names; a field that an earlier directory's file has is not taken from a later one's.
fn merged(directories: &[PathBuf]) -> BTreeMap<String, Fields> {
    let mut merged: BTreeMap<String, Fields> = BTreeMap::new();
    for directory in directories {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".module") {
                let known = merged.entry(name).or_default();
                for (field, value) in fields_of(&entry.path()) {
                    known.entry(field).or_insert(value);
                }
            }
        }
    }
    merged
}

/// By `priority`, the highest first, then by name. A module without a path is switched off, or a remote one.
fn in_order(files: BTreeMap<String, Fields>) -> Vec<Configured> {
    let priority = |fields: &Fields| fields.get("priority")?.parse::<i64>().ok();
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_by_key(|(_, fields)| std::cmp::Reverse(priority(fields).unwrap_or(0)));
    let module = |(file, fields): (String, Fields)| {
        let module = fields.get("module").filter(|module| !module.is_empty())?;
        Some(Configured {
            file,
            module: module.into(),
            trust_policy: fields
                .get("trust-policy")
                .is_some_and(|value| value == "yes"),
        })
    };
    files.into_iter().filter_map(module).collect()
}

fn fields_of(file: &Path) -> Fields {
    let readable = fs::metadata(file).is_ok_and(|file| file.is_file() && file.len() <= LONGEST);
    let text = readable.then(|| fs::read(file).ok()).flatten();
    fields(&String::from_utf8_lossy(&text.unwrap_or_default()))
}

/// `name: value` lines; `#` begins a comment line.
pub(super) fn fields(text: &str) -> Fields {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'));
    let fields = lines.filter_map(|line| line.split_once(':'));
    fields
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Directories of files.
    fn laid(files: &[(&str, &str)]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let root = tempfile::tempdir().unwrap();
        let directories = ["user", "system"].map(|name| root.path().join(name));
        for directory in &directories {
            fs::create_dir(directory).unwrap();
        }
        for (file, text) in files {
            fs::write(root.path().join(file), text).unwrap();
        }
        (root, directories.to_vec())
    }

    #[test]
    fn the_user_s_fields_count_and_a_blank_module_is_off() {
        let (_root, directories) = laid(&[
            ("user/a.module", "priority: 5"),
            ("user/b.module", "module:"),
            ("system/a.module", "# a comment\nmodule: a.so\npriority: 1"),
            ("system/b.module", "module: b.so"),
            ("system/c.module", "module: /c.so\ntrust-policy: yes"),
            ("system/d.conf", "module: d.so"),
            ("system/e.module", "remote: |ssh x"),
            ("system/f.module", "module: f.so\npriority: 9"),
        ]);
        let found = in_order(merged(&directories));
        let names: Vec<_> = found
            .iter()
            .map(|m| (m.module.to_str().unwrap(), m.trust_policy))
            .collect();
        assert_eq!(names, [("f.so", false), ("a.so", false), ("/c.so", true)]);
    }

    #[test]
    fn who_counts_is_the_system_s_and_then_the_user_s_to_say() {
        let (root, _) = laid(&[("user/pkcs11.conf", "user-config: only")]);
        let user = root.path().join("user");
        let count = |system: &str| directories(&fields(system), Some(&user)).len();
        assert_eq!(count(""), 1);
        assert_eq!(count("user-config: none"), 2);
        fs::remove_file(user.join("pkcs11.conf")).unwrap();
        assert_eq!(count(""), 3);
        assert_eq!(count("user-config: only"), 1);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".*") {
            let _ = fields(&text);
        }
    }
}

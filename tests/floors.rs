//! The floors of the house: which module may import which, and where foreign names may stand. ARCHITECTURE.md draws them.

use std::fs;
use std::path::{Path, PathBuf};

/// Each floor and the floors it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("token", &["model"]),
    ("tls", &["model"]),
    ("clients", &["model"]),
    ("diagnose", &["model", "clients"]),
    ("matrix", &["model", "tls", "clients", "diagnose"]),
    ("advise", &["model", "clients", "diagnose"]),
    ("serve", &["model", "tls", "diagnose"]),
    ("live", &["model", "tls", "clients", "diagnose"]),
    ("report", &["model"]),
    (
        "cli",
        &[
            "model", "token", "tls", "clients", "diagnose", "matrix", "advise", "live", "serve",
            "report",
        ],
    ),
];

/// A word, and the only floor whose code may say it.
const SPOKEN_ONLY_BY: &[(&str, &str)] = &[
    ("cryptoki_sys", "token"),
    ("rustls::", "tls"),
    ("use rustls", "tls"),
    ("println!", "nobody"),
    ("eprintln!", "nobody"),
    ("print!", "nobody"),
    ("process::exit", "nobody"),
    ("std::io::stdout", "cli"),
    ("anstream::", "cli"),
    ("rpassword", "cli"),
];

/// The one file that may hold unsafe code.
const UNSAFE: &str = "token/raw.rs";

struct Source {
    floor: String,
    name: String,
    /// Without comments, strings and tests.
    code: String,
    whole: String,
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for (floor, _) in MAY_IMPORT {
        walk(&src.join(floor), &mut files);
    }
    files.iter().map(|file| source(&src, file)).collect()
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn source(src: &Path, file: &Path) -> Source {
    let name = file.strip_prefix(src).unwrap().display().to_string();
    let whole = fs::read_to_string(file).unwrap();
    Source {
        floor: name.split('/').next().unwrap().to_owned(),
        code: code_only(&whole),
        name,
        whole,
    }
}

/// Leaves out comments, the contents of strings, and the tests at a file's foot, which may use any tool.
fn code_only(whole: &str) -> String {
    let code = whole
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    code.lines()
        .map(without_comment_and_strings)
        .collect::<Vec<_>>()
        .join("\n")
}

fn without_comment_and_strings(line: &str) -> String {
    let mut kept = String::new();
    for (at, piece) in line.split('"').enumerate() {
        if at % 2 == 1 {
            continue;
        }
        match piece.split_once("//") {
            Some((code, _)) => {
                kept.push_str(code);
                break;
            }
            None => kept.push_str(piece),
        }
    }
    kept
}

fn imports(code: &str) -> impl Iterator<Item = &str> {
    let floors = code.split("crate::").skip(1);
    floors.map(|rest| {
        rest.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default()
    })
}

#[test]
fn no_floor_imports_one_that_it_may_not() {
    for source in sources() {
        let (_, allowed) = MAY_IMPORT
            .iter()
            .find(|(floor, _)| *floor == source.floor)
            .unwrap();
        for import in imports(&source.code) {
            let known = MAY_IMPORT.iter().any(|(floor, _)| *floor == import);
            let fine = !known || import == source.floor || allowed.contains(&import);
            assert!(fine, "{} imports {import}", source.name);
        }
    }
}

/// The files of a floor that a file takes names from. A floor's `mod.rs` holds what its files share; it doesn't count.
fn siblings(source: &Source) -> Vec<String> {
    let floor = format!("crate::{}::", source.floor);
    let uses = source
        .code
        .replace("use super::{", "use super::")
        .replace(&floor, "super::");
    let names = uses.split("super::").skip(1);
    let first = |rest: &str| {
        rest.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    names.map(first).collect()
}

#[test]
fn no_file_of_a_floor_comes_back_to_itself() {
    let all = sources();
    let stem = |name: &str| {
        name.rsplit('/')
            .next()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned()
    };
    for start in all.iter().filter(|source| !source.name.ends_with("mod.rs")) {
        let mut reached: Vec<String> = Vec::new();
        let mut next = siblings(start);
        while let Some(name) = next.pop() {
            let file = all
                .iter()
                .find(|s| s.floor == start.floor && stem(&s.name) == name);
            let Some(file) = file.filter(|_| !reached.contains(&name)) else {
                continue;
            };
            assert!(
                file.name != start.name,
                "{} comes back to itself by {reached:?}",
                start.name
            );
            next.extend(siblings(file));
            reached.push(name);
        }
    }
}

#[test]
fn foreign_names_and_the_terminal_stay_on_their_own_floor() {
    for source in sources() {
        for (word, floor) in SPOKEN_ONLY_BY {
            let word_is_said = source.code.contains(word);
            assert!(
                !word_is_said || source.floor == *floor,
                "{} says {word}",
                source.name
            );
        }
    }
}

#[test]
fn only_one_file_may_be_unsafe() {
    for source in sources().iter().filter(|source| source.name != UNSAFE) {
        assert!(!source.code.contains("unsafe {"), "{}", source.name);
        let floor_forbids = source.floor != "token";
        let own = source.whole.contains("#![forbid(unsafe_code)]");
        let root = source.name == format!("{}/mod.rs", source.floor);
        let fine = own || (floor_forbids && !root) || source.name == "token/mod.rs";
        assert!(fine, "{} lacks #![forbid(unsafe_code)]", source.name);
    }
}

#[test]
fn the_house_has_every_floor_and_no_other() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found: Vec<String> = fs::read_dir(src)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".rs"))
        .collect();
    found.sort();
    let mut known: Vec<&str> = MAY_IMPORT.iter().map(|(floor, _)| *floor).collect();
    known.sort_unstable();
    assert_eq!(found, known);
}

/// The functions of the floors' doors for the fuzzer, as targets call them.
fn fuzzed() -> Vec<String> {
    let doors = sources();
    let doors = doors
        .iter()
        .filter(|source| source.name.ends_with("/fuzz.rs"));
    let called = |source: &Source| -> Vec<String> {
        let functions = source.code.split("\npub fn ").skip(1);
        let takes_bytes = functions.filter(|rest| rest.contains("(bytes: &[u8]) {"));
        let names = takes_bytes.filter_map(|rest| rest.split('(').next());
        names
            .map(|name| format!("cardcheck::{}::fuzz::{name}(bytes)", source.floor))
            .collect()
    };
    doors.flat_map(called).collect()
}

#[test]
fn each_of_the_fuzzer_s_targets_is_declared_and_calls_a_door_and_no_door_lacks_one() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let manifest = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
    let mut targets = Vec::new();
    walk(&dir.join("fuzz_targets"), &mut targets);
    let mut doors = fuzzed();
    assert!(doors.len() > 10, "{doors:?}");
    for target in targets {
        let name = target.file_name().unwrap().to_str().unwrap();
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{name}\"")),
            "{name} is not declared"
        );
        let text = fs::read_to_string(&target).unwrap();
        let called = doors.iter().position(|door| text.contains(door.as_str()));
        doors.remove(called.unwrap_or_else(|| panic!("{name} calls no door of its own")));
    }
    assert_eq!(doors, [""; 0], "without a target");
}

#[test]
fn the_checker_sees_what_it_should() {
    let code = code_only(
        "use crate::token::x; // crate::tls\nlet s = \"rustls\";\n#[cfg(test)]\nmod tests { use crate::cli; }",
    );
    assert_eq!(imports(&code).collect::<Vec<_>>(), ["token"]);
    assert!(!code.contains("rustls"));
}

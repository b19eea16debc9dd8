//! Where `watch` saves its reports: a path with places for what is only known when a card is in.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::error::CliError;
use crate::model::run::Run;
use crate::model::token::Token;
use crate::report::{self, Format, Screen};

/// Its name, and what stands there for a run.
type Place = (&'static str, fn(&Run) -> &str);

/// What may stand in braces.
const PLACES: &[Place] = &[
    ("serial", |run| first_token(run, |token| &token.serial)),
    ("label", |run| first_token(run, |token| &token.label)),
    ("model", |run| first_token(run, |token| &token.model)),
    ("time", |run| &run.started),
];

/// More reports of the same name than that are a mistake.
const MOST: usize = 10_000;

/// `reports/{serial}.json`.
#[derive(Clone, Debug)]
pub(super) struct Saving {
    pattern: String,
    format: Format,
}

impl Saving {
    /// Checks the pattern, and makes its directory if it isn't there yet.
    ///
    /// # Errors
    /// A place that isn't known, a name that tells no format, a directory that can't be made.
    pub(super) fn new(pattern: &str) -> Result<Saving, CliError> {
        let format = format_of(pattern)?;
        if let Some(unknown) = unknown_place(pattern) {
            let known: Vec<String> = PLACES.iter().map(|(name, _)| braced(name)).collect();
            return Err(
                CliError::usage(format!("--save {pattern}: {unknown} is no place"))
                    .help(format!("what may stand in braces is {}", known.join(", "))),
            );
        }
        let directory = Path::new(pattern).parent();
        if let Some(directory) = directory.filter(|path| !path.to_string_lossy().contains('{')) {
            fs::create_dir_all(directory)
                .map_err(|error| CliError::unwritable(directory, &error))?;
        }
        Ok(Saving {
            pattern: pattern.to_owned(),
            format,
        })
    }

    /// Writes the report into a new file and gives its path. A report that is there already is kept: the new one gets a number.
    ///
    /// # Errors
    /// The file can't be written.
    pub(super) fn save(&self, run: &Run) -> Result<PathBuf, CliError> {
        let report = report::render(run, self.format, &Screen::of_a_file());
        let wanted = self.path(run);
        let unwritable = |path: &Path, error: &std::io::Error| {
            CliError::unwritable(path, error)
                .help("the report was not saved; mend that, and put the card in again")
        };
        if let Some(directory) = wanted.parent() {
            fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
        }
        for number in 1..=MOST {
            let path = numbered(&wanted, number);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unwritable(&path, &error)),
                Ok(mut file) => {
                    let written = file.write_all(report.as_bytes());
                    return match written {
                        Ok(()) => Ok(path),
                        Err(error) => Err(unwritable(&path, &error)),
                    };
                }
            }
        }
        Err(unwritable(&wanted, &ErrorKind::AlreadyExists.into()))
    }

    fn path(&self, run: &Run) -> PathBuf {
        let fill = |path: String, (name, value): &Place| {
            path.replace(&braced(name), &as_file_name(value(run)))
        };
        PLACES.iter().fold(self.pattern.clone(), fill).into()
    }
}

fn first_token(run: &Run, of: fn(&Token) -> &String) -> &str {
    run.tokens.first().map_or("", |token| of(token))
}

fn braced(name: &str) -> String {
    format!("{{{name}}}")
}

fn format_of(pattern: &str) -> Result<Format, CliError> {
    let extension = Path::new(pattern).extension();
    let format = extension.and_then(|extension| Format::of_extension(&extension.to_string_lossy()));
    format.ok_or_else(|| {
        CliError::usage(format!("--save {pattern}: its ending tells no format")).help(format!(
            "end it in one of {}",
            Format::extensions().join(", ")
        ))
    })
}

/// The first thing in braces that isn't one of ours.
fn unknown_place(pattern: &str) -> Option<String> {
    let known = PLACES.iter().map(|(name, _)| braced(name));
    let rest = known.fold(pattern.to_owned(), |rest, place| rest.replace(&place, ""));
    let from = rest.find(['{', '}'])?;
    let rest = rest.get(from..)?;
    let to = rest.find('}').map_or(rest.len(), |at| at + 1);
    rest.get(..to).map(str::to_owned)
}

/// A card's own text may be anything: what is left names a file, and no other directory.
fn as_file_name(text: &str) -> String {
    let safe = |c: char| match c.is_alphanumeric() || matches!(c, '-' | '_' | '.') {
        true => c,
        false => '_',
    };
    let name: String = text.chars().take(100).map(safe).collect();
    match name.trim_matches('.') {
        "" => "unknown".into(),
        name => name.to_owned(),
    }
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let part =
        |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let (stem, extension) = (part(path.file_stem()), part(path.extension()));
    path.with_file_name(format!("{stem}-{number}.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_known_places_may_stand_in_braces() {
        for good in ["x.json", "{serial}.json", "{label}-{time}.txt"] {
            assert_eq!(unknown_place(good), None, "{good}");
        }
        assert_eq!(unknown_place("{serail}.json"), Some("{serail}".into()));
        assert_eq!(unknown_place("a{.json"), Some("{.json".into()));
        assert_eq!(unknown_place("{serial}}.json"), Some("}".into()));
    }

    #[test]
    fn a_second_report_gets_a_number() {
        let path = Path::new("reports/12.ab.json");
        assert_eq!(numbered(path, 1), path);
        assert_eq!(numbered(path, 2), Path::new("reports/12.ab-2.json"));
    }

    proptest! {
        #[test]
        fn no_card_s_text_leads_out_of_the_directory(text in ".*") {
            let name = as_file_name(&text);
            prop_assert!(!name.is_empty() && !name.starts_with('.'));
            prop_assert!(!name.contains(['/', '\\', '\0']) && !name.chars().any(char::is_control));
        }
    }
}

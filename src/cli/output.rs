//! Where reports go: files that are opened before the run, and stdout.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, IsTerminal, Seek, Write};
use std::path::{Path, PathBuf};

use super::args;
use super::error::CliError;
use super::speak;
use crate::model::run::Run;
use crate::report::{self, Format, Screen};

/// The narrowest table that can still be read.
const LEAST_WIDTH: usize = 60;

/// Everything that the run's report is written to.
pub(super) struct Output {
    format: Format,
    screen: Screen,
    files: Vec<Export>,
}

struct Export {
    sink: Sink,
    format: Format,
}

/// A file that is opened before there is anything to write.
pub(super) struct Sink {
    path: PathBuf,
    file: File,
    /// It was made by us, and nothing is in it yet: a run that fails leaves none behind.
    fresh: bool,
}

impl Output {
    /// Opens the files. What they held is kept until there is a report to put in its place.
    ///
    /// # Errors
    /// A path that can't be written.
    pub(super) fn open(wanted: &args::Output) -> Result<Output, CliError> {
        let files = [
            (&wanted.export_json, Format::Json),
            (&wanted.export_html, Format::Html),
            (&wanted.export_junit, Format::Junit),
            (&wanted.export_markdown, Format::Markdown),
            (&wanted.export_table, Format::Table),
        ];
        Output::of(wanted.format.into(), &wanted.manner, &files)
    }

    /// The same for a report that has fewer formats.
    ///
    /// # Errors
    /// As [`open`](Output::open).
    pub(super) fn plain(wanted: &args::PlainOutput) -> Result<Output, CliError> {
        let files = [
            (&wanted.export_json, Format::Json),
            (&wanted.export_table, Format::Table),
        ];
        Output::of(wanted.format.into(), &wanted.manner, &files)
    }

    fn of(
        format: Format,
        manner: &args::Manner,
        files: &[(&Vec<PathBuf>, Format)],
    ) -> Result<Output, CliError> {
        let files = files
            .iter()
            .flat_map(|(paths, format)| paths.iter().map(move |path| (path, *format)))
            .map(|(path, format)| {
                Ok(Export {
                    sink: Sink::open(path)?,
                    format,
                })
            });
        Ok(Output {
            format,
            screen: screen(manner.color),
            files: files.collect::<Result<_, CliError>>()?,
        })
    }

    /// Writes the report everywhere. The files come first: stdout may be closed.
    ///
    /// # Errors
    /// A file could not be written whole, or stdout failed for another reason than that nobody reads it.
    pub(super) fn write(&mut self, run: &Run) -> Result<(), CliError> {
        self.write_as(|format, screen| report::render(run, format, screen))
    }

    /// The same of any report that has these formats.
    ///
    /// # Errors
    /// As [`write`](Output::write).
    pub(super) fn write_as(
        &mut self,
        render: impl Fn(Format, &Screen) -> String,
    ) -> Result<(), CliError> {
        for export in &mut self.files {
            let report = render(export.format, &Screen::of_a_file());
            export.sink.write(&report)?;
        }
        stdout(&render(self.format, &self.screen))
    }
}

/// Writes to stdout; that nobody reads it any more (`| head`) is no error.
///
/// # Errors
/// Any other failure to write.
pub(super) fn stdout(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::environment(format!("stdout: {error}")))
        }
        _ => Ok(()),
    }
}

impl From<args::Format> for Format {
    fn from(format: args::Format) -> Format {
        match format {
            args::Format::Table => Format::Table,
            args::Format::Json => Format::Json,
            args::Format::Html => Format::Html,
            args::Format::Junit => Format::Junit,
            args::Format::Markdown => Format::Markdown,
        }
    }
}

impl From<args::PlainFormat> for Format {
    fn from(format: args::PlainFormat) -> Format {
        match format {
            args::PlainFormat::Table => Format::Table,
            args::PlainFormat::Json => Format::Json,
        }
    }
}

impl Sink {
    /// Opens the file, and keeps what it held for now.
    ///
    /// # Errors
    /// It can't be written.
    pub(super) fn open(path: &Path) -> Result<Sink, CliError> {
        let fresh = !path.exists();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path);
        let file = file.map_err(|error| CliError::unwritable(path, &error))?;
        Ok(Sink {
            path: path.to_owned(),
            file,
            fresh,
        })
    }

    /// Puts this in place of what the file held.
    ///
    /// # Errors
    /// It could not be written whole.
    pub(super) fn write(&mut self, report: &str) -> Result<(), CliError> {
        let written = empty(&mut self.file).and_then(|()| self.file.write_all(report.as_bytes()));
        self.fresh = false;
        written.map_err(|error| {
            CliError::environment(format!("can't write {}: {error}", self.path.display()))
        })
    }
}

/// Empties a regular file; a pipe or a device has nothing to empty.
fn empty(file: &mut File) -> std::io::Result<()> {
    if file.metadata()?.is_file() {
        file.set_len(0)?;
        file.rewind()?;
    }
    Ok(())
}

impl Drop for Sink {
    fn drop(&mut self) {
        if self.fresh {
            // an empty file left behind is a nuisance, not a failure
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// What stdout is.
pub(super) fn screen(color: args::Color) -> Screen {
    let terminal = std::io::stdout().is_terminal();
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let columns = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    Screen {
        width: terminal
            .then(columns)
            .flatten()
            .unwrap_or(Screen::PLAIN_WIDTH)
            .max(LEAST_WIDTH),
        colour: match color {
            args::Color::Auto => terminal && wanted && !speak::on_a_dumb_terminal(),
            args::Color::Always => true,
            args::Color::Never => false,
        },
        unicode: speaks_utf8() || !terminal,
    }
}

/// Does the locale say UTF-8? Unset (a bare CI shell) counts as yes; `C` and `POSIX` as no.
fn speaks_utf8() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"));
    locale.is_none_or(|locale| {
        locale
            .to_ascii_uppercase()
            .replace('-', "")
            .contains("UTF8")
    })
}

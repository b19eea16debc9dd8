//! Where reports come from: files, directories, a pipe.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Endings of the files in a directory that are taken for reports.
const ENDINGS: [&str; 3] = ["json", "jsonl", "ndjson"];

/// Where reports come from.
pub enum Source {
    /// A file, or a directory with files in it, however deep.
    Path(PathBuf),
    /// A pipe, and its name.
    Pipe(&'static str, Box<dyn Read + Send>),
}

/// Something to read.
pub(super) struct Input {
    pub(super) name: String,
    from: From,
}

enum From {
    File(PathBuf),
    Pipe(Box<dyn Read + Send>),
    /// A directory in which something can't be looked at.
    Nowhere(io::Error),
}

impl Source {
    /// Hands on what there is to read, one after the other; nothing of it is opened yet.
    pub(super) fn each(self, mut hand_on: impl FnMut(Input)) {
        let path = match self {
            Source::Pipe(name, pipe) => {
                return hand_on(Input {
                    name: name.into(),
                    from: From::Pipe(pipe),
                });
            }
            Source::Path(path) => path,
        };
        if !path.is_dir() {
            return hand_on(Input::file(path));
        }
        for entry in WalkDir::new(&path).follow_links(true) {
            match entry {
                Ok(entry) if is_report(&entry) => hand_on(Input::file(entry.into_path())),
                Ok(_) => {}
                Err(error) => hand_on(Input {
                    name: error.path().unwrap_or(&path).display().to_string(),
                    from: From::Nowhere(error.into()),
                }),
            }
        }
    }
}

fn is_report(entry: &walkdir::DirEntry) -> bool {
    let ending = Path::new(entry.file_name()).extension();
    let ending = ending.and_then(OsStr::to_str);
    entry.file_type().is_file() && ending.is_some_and(|ending| ENDINGS.contains(&ending))
}

impl Input {
    fn file(path: PathBuf) -> Input {
        Input {
            name: path.display().to_string(),
            from: From::File(path),
        }
    }

    /// # Errors
    /// The file can't be opened.
    pub(super) fn open(self) -> io::Result<Box<dyn Read + Send>> {
        match self.from {
            From::File(path) => Ok(Box::new(File::open(path)?)),
            From::Pipe(pipe) => Ok(pipe),
            From::Nowhere(error) => Err(error),
        }
    }
}

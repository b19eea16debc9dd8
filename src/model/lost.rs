//! A module that did not answer, or took its process with it.

use std::fmt;
use std::time::Duration;

use super::function::Function;

/// How a module was lost in the middle of its work, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The function that was being called; `None`: none was.
    pub during: Option<Function>,
    /// How.
    pub how: How,
    /// The last line that the module, or the system for it, said on stderr.
    pub last_words: Option<String>,
}

/// The ways in which a module is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// It gave no answer for so long, and its process was ended.
    NoAnswer(Duration),
    /// A signal ended its process: `SIGSEGV`.
    Signal(String),
    /// It ended its process with this status.
    Exit(i32),
    /// Its process never began, or what came from it can't be read; why.
    Unusable(String),
}

impl Lost {
    /// Did it hang, rather than crash?
    pub fn hung(&self) -> bool {
        matches!(self.how, How::NoAnswer(_))
    }

    /// `no_answer` or `crashed`, for the JSON report.
    pub fn name(&self) -> &'static str {
        match self.hung() {
            true => "no_answer",
            false => "crashed",
        }
    }

    fn place(&self) -> String {
        match self.during {
            Some(Function::Load) => "while it was loaded".into(),
            Some(function) => format!("in {function}"),
            None => "between two calls".into(),
        }
    }
}

impl fmt::Display for Lost {
    /// `no answer from C_Sign in 30 s`, `the module crashed: SIGSEGV in C_Sign`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        match (&self.how, self.during) {
            (How::NoAnswer(limit), Some(Function::Load)) => {
                write!(f, "the module did not load in {}", seconds(*limit))?;
            }
            (How::NoAnswer(limit), Some(function)) => {
                write!(f, "no answer from {function} in {}", seconds(*limit))?;
            }
            (How::NoAnswer(limit), None) => {
                write!(f, "no answer from the module in {}", seconds(*limit))?;
            }
            (How::Signal(signal), _) => write!(f, "the module crashed: {signal} {place}")?,
            (How::Exit(status), _) => {
                write!(
                    f,
                    "the module ended its process: exit status {status} {place}"
                )?;
            }
            (How::Unusable(why), _) => write!(f, "{why} {place}")?,
        }
        match &self.last_words {
            Some(words) => write!(f, "; its last words: {words}"),
            None => Ok(()),
        }
    }
}

/// `30 s`, `1.5 s`.
pub fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(during: Option<Function>, how: How) -> Lost {
        Lost {
            during,
            how,
            last_words: None,
        }
    }

    #[test]
    fn it_says_what_happened_and_where() {
        let hung = lost(Some(Function::Sign), How::NoAnswer(Duration::from_secs(30)));
        assert_eq!(hung.to_string(), "no answer from C_Sign in 30 s");
        let crashed = lost(Some(Function::Load), How::Signal("SIGABRT".into()));
        assert_eq!(
            crashed.to_string(),
            "the module crashed: SIGABRT while it was loaded"
        );
        let left = Lost {
            last_words: Some("free(): invalid pointer".into()),
            ..lost(None, How::Exit(3))
        };
        assert_eq!(
            left.to_string(),
            "the module ended its process: exit status 3 between two calls; its last words: free(): invalid pointer"
        );
    }
}

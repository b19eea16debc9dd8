//! The `cardcheck` program; see the library for how it is built.

use std::process::ExitCode;

fn main() -> ExitCode {
    cardcheck::cli::main()
}

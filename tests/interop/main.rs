//! Real programs do what cardcheck's cells say: `openssl s_server` asks with a list, the program answers it with the keys of
//! throw-away tokens, and a run of `matrix` over the same token says the same. A file for each family of programs.

#[path = "../support/mod.rs"]
mod support;

mod chromium;
mod curl;
mod desk;
mod gnutls;
mod java;
mod libraries;
mod lists;
mod servers;
mod signed_by;
mod started;

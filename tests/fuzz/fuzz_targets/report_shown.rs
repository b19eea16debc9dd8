//! What is shown of a server.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::report::fuzz::shown(bytes));

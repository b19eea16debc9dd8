//! Names of servers.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::live::fuzz::target(bytes));

//! Profiles in TOML.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::matrix::fuzz::profiles(bytes));

//! Reports in JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::report::fuzz::read(bytes));

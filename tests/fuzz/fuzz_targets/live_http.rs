//! Answers to HTTP.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::live::fuzz::http(bytes));

//! What is saved of a server.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::matrix::fuzz::saved(bytes));

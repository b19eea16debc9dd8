//! What pcscd answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::token::fuzz::pcscd(bytes));

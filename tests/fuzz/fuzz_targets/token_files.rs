//! Files about modules.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::token::fuzz::files(bytes));

//! The pipe to a token's host.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::token::fuzz::pipe(bytes));

//! What a card says of its curves.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::token::fuzz::curves(bytes));

//! The reports of many cards.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::advise::fuzz::reports(bytes));

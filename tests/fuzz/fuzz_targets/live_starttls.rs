//! Dialogues that lead to TLS.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::live::fuzz::starttls(bytes));

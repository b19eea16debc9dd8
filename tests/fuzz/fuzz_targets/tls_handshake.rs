//! Handshake messages.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::tls::fuzz::handshake(bytes));

//! What a server says in clear.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::tls::fuzz::flight(bytes));

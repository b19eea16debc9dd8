//! A server that rustls talks with.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::tls::fuzz::conversation(bytes));

//! Certificates.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::model::fuzz::certificate(bytes));

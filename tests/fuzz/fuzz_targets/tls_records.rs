//! Records, on their way through the tap to a timeline.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cardcheck::tls::fuzz::records(bytes));

//! The fuzzer's door to what reads reports back, and what shows a hostile server's words; see
//! [`tls::fuzz`](crate::tls::fuzz).

use super::{Format, Screen, json, render_probe};
use crate::model::fuzz::asking;
use crate::model::printable::steers;

/// A matrix report.
pub fn read(bytes: &[u8]) {
    let _ = json::read(&String::from_utf8_lossy(bytes));
}

/// A server's CA names on the screen and in JSON: they steer no terminal, and the JSON is whole.
pub fn shown(bytes: &[u8]) {
    let probe = asking(bytes);
    for format in [Format::Table, Format::Json] {
        let text = render_probe(&probe, format, &Screen::of_a_file());
        let steering = text.chars().find(|c| steers(*c) && *c != '\n');
        assert_eq!(steering, None, "{text}");
        let whole = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        assert!(whole || format == Format::Table, "{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_report_makes_the_reader_panic(at in 0_usize..20_000, byte: u8) {
            let mut report = json::render(&sample::lying()).into_bytes();
            if let Some(place) = report.get_mut(at) {
                *place = byte;
            }
            read(&report);
        }

        #[test]
        fn no_name_steers_the_terminal(tag in 0u8..31, value in proptest::collection::vec(any::<u8>(), 0..40)) {
            let attribute = [&[6, 3, 0x55, 4, 3, tag, value.len() as u8], value.as_slice()].concat();
            let wrap = |tag: u8, inside: Vec<u8>| [&[tag, inside.len() as u8], inside.as_slice()].concat();
            let name = wrap(0x30, wrap(0x31, wrap(0x30, attribute)));
            shown(&[&[name.len() as u8], name.as_slice(), &[4], &value].concat());
        }
    }
}

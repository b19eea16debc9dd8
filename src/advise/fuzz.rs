//! The fuzzer's door to what reads the reports of many cards; see [`tls::fuzz`](crate::tls::fuzz).

use super::card::cards;
use super::judge::judge;
use super::{Question, document, proposed};
use crate::clients;

/// Reports one after the other, and what is advised for the cards in them.
pub fn reports(bytes: &[u8]) {
    let question = Question {
        settings: proposed(),
        clients: clients::DEFAULT.to_vec(),
    };
    let taken = document::each(bytes, &mut Vec::new(), |report| {
        for card in report.iter().flat_map(|report| cards(report, &question)) {
            let _ = judge(&card.facts, &question);
        }
    });
    assert!(taken.is_ok(), "memory can be read");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            begin in "(\\{\"schema\": \"cardcheck.matrix.v1\", )?", bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            reports(&[begin.as_bytes(), &bytes].concat());
        }
    }
}

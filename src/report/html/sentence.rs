//! Sentences with names in backticks, as findings write them.

/// A part of a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    /// It stood in backticks.
    pub(super) code: bool,
}

/// The parts of a sentence, without the backticks. One whose backticks don't match stays whole: a card's label may hold some.
pub(super) fn parts(sentence: &str) -> Vec<Part<'_>> {
    let pieces: Vec<&str> = sentence.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return vec![Part {
            text: sentence,
            code: false,
        }];
    }
    let pieces = pieces.into_iter().enumerate();
    let parts = pieces.map(|(at, text)| Part {
        text,
        code: at % 2 == 1,
    });
    parts.filter(|part| !part.text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sentence: &str) -> String {
        let part = |part: Part<'_>| match part.code {
            true => format!("<{}>", part.text),
            false => part.text.to_owned(),
        };
        parts(sentence).into_iter().map(part).collect()
    }

    #[test]
    fn what_stands_in_backticks_is_code() {
        assert_eq!(told("key `a` of `b`"), "key <a> of <b>");
        assert_eq!(told("no name"), "no name");
    }

    #[test]
    fn backticks_that_don_t_match_are_left_alone() {
        assert_eq!(told("key `a` of `b"), "key `a` of `b");
    }
}

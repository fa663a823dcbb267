//! Which words does nobody get to see? Those on the operator's list become `*`, a star for each character, in what a
//! packet shows (`send_name`, `wishing`, `act_name`; official page 4011974053).

use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};

/// A list of words.
#[derive(Clone, Default)]
pub struct MaskedWords(Option<AhoCorasick>);

/// A list of words that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the list of masked words can't be used: {0}")]
pub struct MaskedWordsError(String);

impl MaskedWords {
    /// The list of these words; empty ones are left out. Latin letters match in either case.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<MaskedWords, MaskedWordsError> {
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return Ok(MaskedWords(None));
        }
        let searcher = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(words)
            .map_err(|error| MaskedWordsError(error.to_string()))?;
        Ok(MaskedWords(Some(searcher)))
    }

    /// The text without the words.
    pub(crate) fn mask(&self, text: &str) -> String {
        let Some(searcher) = &self.0 else { return text.to_owned() };
        let mut masked = String::with_capacity(text.len());
        let mut rest = 0;
        for found in searcher.find_iter(text) {
            masked.push_str(&text[rest..found.start()]);
            masked.extend(text[found.range()].chars().map(|_| '*'));
            rest = found.end();
        }
        masked.push_str(&text[rest..]);
        masked
    }
}

impl fmt::Debug for MaskedWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.as_ref().map_or(0, AhoCorasick::patterns_len);
        write!(f, "MaskedWords({count} words)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_stars_the_longest_first_and_nothing_else_changes() {
        let words = MaskedWords::new(["彩票", "彩票中奖", "Bet", ""]).unwrap();
        assert_eq!(words.mask("恭喜彩票中奖，BET 彩票！"), "恭喜****，*** **！");
        assert_eq!(words.mask("恭喜发财"), "恭喜发财");
        assert_eq!(MaskedWords::default().mask("彩票"), "彩票");
    }
}

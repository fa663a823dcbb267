//! What do the reference pages say? A sentence in both languages, so that neither can be forgotten.

/// The same in Chinese and in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

/// The same in Chinese and in English.
pub const fn words(zh: &'static str, en: &'static str) -> Words {
    Words { zh, en }
}

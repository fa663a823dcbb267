//! What travels in a message? Ordered name–value pairs, each name once, values exactly as they came.
//!
//! Nothing is interpreted here: unknown names are kept, values are never trimmed. The one promise is
//! that a `Params` which exists can be written as XML and read back unchanged, so names and
//! characters that XML cannot carry are refused at the door.

use std::fmt;

/// The parameters of one request or reply, in the order in which they came.
///
/// `Debug` shows names and the lengths of values only: openids, signatures and texts must not
/// reach a log.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

/// Why a pair cannot be a parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// The name is there already.
    #[error("parameter given twice: {name}")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// The name is empty, longer than 64 characters, or no plain XML name.
    #[error("a parameter's name must be 1 to 64 of A-Z a-z 0-9 _ . : -, beginning with a letter, _ or ':': {name:?}")]
    BadName {
        /// The name, shortened to 64 characters.
        name: String,
    },
    /// The value has a character that XML 1.0 cannot carry (a control character, say).
    #[error("parameter's value has a character that XML cannot carry: {name}")]
    BadCharacter {
        /// The parameter's name.
        name: String,
    },
}

impl Params {
    /// No parameters.
    pub fn new() -> Params {
        Params::default()
    }

    /// The pairs, in this order.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Params, ParamError>
    where
        N: Into<String>,
        V: Into<String>,
    {
        let mut params = Params::new();
        for (name, value) in pairs {
            params.push(name, value)?;
        }
        Ok(params)
    }

    /// Adds a pair at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) -> Result<(), ParamError> {
        let (name, value) = checked(name.into(), value.into())?;
        if self.get(&name).is_some() {
            return Err(ParamError::Duplicate { name });
        }
        self.pairs.push((name, value));
        Ok(())
    }

    /// Gives a name a value: in its old place if it is there, at the end otherwise.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> Result<(), ParamError> {
        let (name, value) = checked(name.into(), value.into())?;
        match self.pairs.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.pairs.push((name, value)),
        }
        Ok(())
    }

    /// The value of a name; an empty value is `Some("")`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The pairs, in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.pairs.iter())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Adds a pair whose name and characters the caller has checked already.
    pub(crate) fn append_unique(&mut self, name: String, value: String) {
        debug_assert!(self.get(&name).is_none() && is_name(&name), "the caller has checked {name:?}");
        self.pairs.push((name, value));
    }
}

/// Iterates over name and value, in order.
#[derive(Clone)]
pub struct Iter<'a>(std::slice::Iter<'a, (String, String)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'a> IntoIterator for &'a Params {
    type Item = (&'a str, &'a str);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Params")?;
        f.debug_map().entries(self.iter().map(|(name, value)| (name, format!("{} bytes", value.len())))).finish()
    }
}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iter({} left)", self.0.len())
    }
}

/// Whether a text can be a parameter's, or a root element's, name.
pub(crate) fn is_name(text: &str) -> bool {
    let begins = |b: u8| b.is_ascii_alphabetic() || b == b'_' || b == b':';
    let continues = |b: u8| begins(b) || b.is_ascii_digit() || b == b'.' || b == b'-';
    text.len() <= 64 && text.bytes().next().is_some_and(begins) && text.bytes().all(continues)
}

/// Whether XML 1.0 allows the character in a document (its production `Char`).
pub(crate) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

fn checked(name: String, value: String) -> Result<(String, String), ParamError> {
    if !is_name(&name) {
        Err(ParamError::BadName { name: name.chars().take(64).collect() })
    } else if !value.chars().all(is_xml_char) {
        Err(ParamError::BadCharacter { name })
    } else {
        Ok((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_names_and_lengths_but_no_values() {
        let params = Params::from_pairs([("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E"), ("sign", "AB")]).unwrap();
        assert_eq!(format!("{params:?}"), r#"Params{"re_openid": "28 bytes", "sign": "2 bytes"}"#);
    }

    #[test]
    fn a_name_is_there_once_and_set_keeps_its_place() {
        let mut params = Params::from_pairs([("a", "1"), ("b", "2")]).unwrap();
        assert_eq!(params.push("a", "3"), Err(ParamError::Duplicate { name: "a".into() }));
        params.set("a", "4").unwrap();
        params.set("c", "5").unwrap();
        assert_eq!(params.iter().collect::<Vec<_>>(), [("a", "4"), ("b", "2"), ("c", "5")]);
    }

    #[test]
    fn what_xml_cannot_carry_is_refused() {
        let mut params = Params::new();
        let long = "a".repeat(65);
        for name in ["", "a b", "<a>", "1a", "-a", "红包", long.as_str()] {
            assert!(matches!(params.push(name, ""), Err(ParamError::BadName { .. })), "{name:?}");
        }
        for value in ["\u{7}", "a\0", "\u{FFFE}", "\u{1B}[31m"] {
            assert!(matches!(params.set("a", value), Err(ParamError::BadCharacter { .. })), "{value:?}");
        }
        assert!(params.is_empty());
    }
}

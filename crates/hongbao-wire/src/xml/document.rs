//! How is a document read? Element by element, as deep as the protocol goes and no further.
//!
//! quick-xml splits the bytes into pieces. It leaves to its user what is checked here: one root that
//! is closed, no text between elements, plain names, the entities, the characters, and where a
//! declaration may stand.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::{BytesDecl, BytesStart, Event};

use super::{DecodeError, FIELD_LIMIT, SHARE_LIMIT};
use crate::Params;
use crate::params::{is_name, is_xml_char};

/// A document that is being read, past its root's start tag.
pub(super) struct Document<'a> {
    reader: Reader<&'a [u8]>,
    /// Where the latest piece began.
    at: usize,
}

/// What a document is made of, as far as this protocol goes.
enum Piece<'a> {
    Open(BytesStart<'a>),
    Close,
    Text(Cow<'a, str>),
    Cdata(Cow<'a, str>),
    /// A resolved reference.
    Char(char),
    Comment,
    End,
}

impl<'a> Document<'a> {
    /// Checks what can be checked at a glance, then reads up to and including the root's start tag.
    pub(super) fn open(body: &'a [u8], limit: usize) -> Result<Document<'a>, DecodeError> {
        if body.len() > limit {
            return Err(DecodeError::TooLarge { limit });
        }
        let text = std::str::from_utf8(body).map_err(|e| DecodeError::NotUtf8 { at: e.valid_up_to() })?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        if is_blank(text) {
            return Err(DecodeError::Empty);
        }
        // The reader below would swallow a second byte order mark without a word.
        if text.starts_with('\u{FEFF}') {
            return Err(DecodeError::StrayText { at: 0 });
        }
        if let Some((at, _)) = text.char_indices().find(|&(_, c)| !is_xml_char(c)) {
            return Err(DecodeError::ForbiddenCharacter { at });
        }

        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut document = Document { reader, at: 0 };
        loop {
            match document.next()? {
                Piece::Open(root) => {
                    return if is_name(root.name().as_ref()) { Ok(document) } else { Err(document.bad_name()) };
                }
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Comment => {}
                Piece::Text(_) | Piece::Cdata(_) | Piece::Char(_) => return Err(document.stray_text()),
                Piece::Close | Piece::End => return Err(document.truncated()),
            }
        }
    }

    /// Reads fields up to the end tag of the element that has them. With `shares`, an `hblist` is
    /// read into it; it stays `None` when there is none.
    pub(super) fn fields(&mut self, mut shares: Option<&mut Option<Vec<Params>>>) -> Result<Params, DecodeError> {
        let mut params = Params::new();
        loop {
            match self.next()? {
                Piece::Open(tag) => {
                    let name = self.field_name(&tag)?;
                    match &mut shares {
                        Some(Some(_)) if name == "hblist" => return Err(DecodeError::DuplicateField { field: name }),
                        Some(list) if name == "hblist" => **list = Some(self.shares()?),
                        _ if params.len() == FIELD_LIMIT => return Err(DecodeError::TooManyFields),
                        _ => {
                            let value = self.value(&name)?;
                            if params.get(&name).is_some() {
                                return Err(DecodeError::DuplicateField { field: name });
                            }
                            params.append_unique(name, value);
                        }
                    }
                }
                Piece::Close => return Ok(params),
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Comment => {}
                Piece::Text(_) | Piece::Cdata(_) | Piece::Char(_) => return Err(self.stray_text()),
                Piece::End => return Err(self.truncated()),
            }
        }
    }

    /// Reads the inside of an `hblist`, up to its end tag.
    fn shares(&mut self) -> Result<Vec<Params>, DecodeError> {
        let mut shares = Vec::new();
        loop {
            match self.next()? {
                Piece::Open(tag) => {
                    if self.field_name(&tag)? != "hbinfo" {
                        return Err(DecodeError::NestedElement { field: "hblist".to_owned() });
                    }
                    if shares.len() == SHARE_LIMIT {
                        return Err(DecodeError::TooManyShares);
                    }
                    shares.push(self.fields(None)?);
                }
                Piece::Close => return Ok(shares),
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Comment => {}
                Piece::Text(_) | Piece::Cdata(_) | Piece::Char(_) => return Err(self.stray_text()),
                Piece::End => return Err(self.truncated()),
            }
        }
    }

    /// Reads a field's value, up to its end tag.
    fn value(&mut self, field: &str) -> Result<String, DecodeError> {
        let mut value = String::new();
        loop {
            match self.next()? {
                Piece::Text(text) if text.contains("]]>") => {
                    return Err(DecodeError::StrayCdataEnd { at: self.at });
                }
                Piece::Text(text) | Piece::Cdata(text) => value.push_str(&text),
                Piece::Char(c) => value.push(c),
                Piece::Close => return Ok(value),
                Piece::Open(_) => return Err(DecodeError::NestedElement { field: field.to_owned() }),
                Piece::Comment => return Err(DecodeError::CommentInValue { field: field.to_owned() }),
                Piece::End => return Err(self.truncated()),
            }
        }
    }

    /// Makes sure that nothing of meaning follows the root.
    pub(super) fn finish(mut self) -> Result<(), DecodeError> {
        loop {
            match self.next()? {
                Piece::End => return Ok(()),
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Comment => {}
                Piece::Open(_) | Piece::Close | Piece::Text(_) | Piece::Cdata(_) | Piece::Char(_) => {
                    return Err(DecodeError::TrailingContent { at: self.at });
                }
            }
        }
    }

    fn next(&mut self) -> Result<Piece<'a>, DecodeError> {
        loop {
            self.at = offset(self.reader.buffer_position());
            return Ok(match self.reader.read_event().map_err(|e| self.malformed(&e))? {
                // The declaration means nothing to the reader of the document: go on.
                Event::Decl(declaration) => {
                    self.check_declaration(&declaration)?;
                    continue;
                }
                Event::Start(tag) | Event::Empty(tag) => Piece::Open(tag),
                Event::End(_) => Piece::Close,
                // `into_inner` is the text as it stands; the `content` methods would normalise newlines.
                Event::Text(text) => Piece::Text(text.into_inner()),
                Event::CData(text) => Piece::Cdata(text.into_inner()),
                Event::GeneralRef(reference) => Piece::Char(self.resolve(&reference)?),
                Event::Comment(_) => Piece::Comment,
                Event::DocType(_) => return Err(DecodeError::Doctype { at: self.at }),
                Event::PI(_) => return Err(DecodeError::ProcessingInstruction { at: self.at }),
                Event::Eof => Piece::End,
            });
        }
    }

    fn check_declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), DecodeError> {
        if self.at != 0 {
            return Err(DecodeError::MisplacedDeclaration { at: self.at });
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8") => Ok(()),
            Some(Ok(_)) => Err(DecodeError::OtherEncoding),
            Some(Err(_)) => Err(DecodeError::Malformed { at: self.at }),
        }
    }

    /// The character that `&name;` stands for.
    fn resolve(&self, name: &str) -> Result<char, DecodeError> {
        let Some(number) = name.strip_prefix('#') else {
            return match name {
                "amp" => Ok('&'),
                "lt" => Ok('<'),
                "gt" => Ok('>'),
                "quot" => Ok('"'),
                "apos" => Ok('\''),
                _ => Err(DecodeError::UnknownEntity { at: self.at }),
            };
        };
        let (digits, radix) = match number.strip_prefix('x') {
            Some(hexadecimal) => (hexadecimal, 16),
            None => (number, 10),
        };
        if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
            return Err(DecodeError::BadReference { at: self.at });
        }
        u32::from_str_radix(digits, radix)
            .ok()
            .and_then(char::from_u32)
            .filter(|&c| is_xml_char(c))
            .ok_or(DecodeError::ForbiddenCharacter { at: self.at })
    }

    fn field_name(&self, tag: &BytesStart<'_>) -> Result<String, DecodeError> {
        let name = tag.name();
        if !is_name(name.as_ref()) {
            Err(self.bad_name())
        } else if is_blank(tag.attributes_raw()) {
            Ok(name.as_ref().to_owned())
        } else {
            Err(DecodeError::Attributes { field: name.as_ref().to_owned() })
        }
    }

    fn malformed(&self, error: &Error) -> DecodeError {
        let at = offset(self.reader.error_position());
        if matches!(error, Error::IllFormed(IllFormedError::UnclosedReference)) {
            DecodeError::BadReference { at }
        } else if matches!(error, Error::IllFormed(_)) {
            DecodeError::MismatchedTag { at }
        } else if matches!(error, Error::Syntax(what) if *what != SyntaxError::InvalidBangMarkup) {
            DecodeError::Truncated { at }
        } else {
            DecodeError::Malformed { at }
        }
    }

    fn bad_name(&self) -> DecodeError {
        DecodeError::BadName { at: self.at }
    }

    fn stray_text(&self) -> DecodeError {
        DecodeError::StrayText { at: self.at }
    }

    fn truncated(&self) -> DecodeError {
        DecodeError::Truncated { at: self.at }
    }
}

/// Whether there is nothing but XML's four blanks (a no-break space is not one of them).
fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
}

/// A reader's position as an index; bodies are far shorter than either type's maximum.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

//! What can be wrong with a body? One variant each, with a place or a field, never with a value.

use super::{FIELD_LIMIT, SHARE_LIMIT};

/// Why a body could not be read. `at` is a byte offset into the body (a byte order mark not counted).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// There is nothing but blanks.
    #[error("body is empty")]
    Empty,
    /// The body is longer than the limit.
    #[error("body is too large: more than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The bytes are not UTF-8.
    #[error("body is not UTF-8 at byte {at}")]
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// A character that XML 1.0 forbids, as it is or by a numeric reference.
    #[error("character not allowed in XML at byte {at}")]
    ForbiddenCharacter {
        /// Where.
        at: usize,
    },
    /// A DOCTYPE, which could define entities.
    #[error("DOCTYPE at byte {at}")]
    Doctype {
        /// Where.
        at: usize,
    },
    /// A processing instruction other than the XML declaration.
    #[error("processing instruction at byte {at}")]
    ProcessingInstruction {
        /// Where.
        at: usize,
    },
    /// An XML declaration that is not at the very beginning.
    #[error("XML declaration is not at the beginning, but at byte {at}")]
    MisplacedDeclaration {
        /// Where.
        at: usize,
    },
    /// The XML declaration names an encoding other than UTF-8.
    #[error("XML declaration names an encoding other than UTF-8")]
    OtherEncoding,
    /// An entity that is not one of the five predefined ones.
    #[error("unknown entity at byte {at}")]
    UnknownEntity {
        /// Where.
        at: usize,
    },
    /// An `&` without its `;`, or a numeric reference without a number.
    #[error("malformed reference at byte {at}")]
    BadReference {
        /// Where.
        at: usize,
    },
    /// A field that is there twice.
    #[error("field given twice: {field}")]
    DuplicateField {
        /// Its name.
        field: String,
    },
    /// An element inside a field.
    #[error("element inside a field: {field}")]
    NestedElement {
        /// The field's name.
        field: String,
    },
    /// A field with attributes.
    #[error("field with attributes: {field}")]
    Attributes {
        /// Its name.
        field: String,
    },
    /// A comment inside a value: whether it splits the value is anyone's guess.
    #[error("comment inside a value: {field}")]
    CommentInValue {
        /// The field's name.
        field: String,
    },
    /// A name longer than 64 characters, or other than `[A-Za-z_:][A-Za-z0-9_.:-]*`.
    #[error("element name not allowed at byte {at}")]
    BadName {
        /// Where.
        at: usize,
    },
    /// More fields than [`FIELD_LIMIT`].
    #[error("more than {FIELD_LIMIT} fields")]
    TooManyFields,
    /// More shares than [`SHARE_LIMIT`].
    #[error("more than {SHARE_LIMIT} shares")]
    TooManyShares,
    /// Text where only elements may stand.
    #[error("text outside of any field at byte {at}")]
    StrayText {
        /// Where.
        at: usize,
    },
    /// `]]>` in bare text: the mark of a client that doesn't escape it in CDATA.
    #[error("']]>' outside of CDATA, in or after byte {at}")]
    StrayCdataEnd {
        /// Where the text begins.
        at: usize,
    },
    /// Something other than blanks and comments after the root.
    #[error("content after the root element at byte {at}")]
    TrailingContent {
        /// Where.
        at: usize,
    },
    /// An end tag that closes another element than the one that is open, or none.
    #[error("end tag without its start tag at byte {at}")]
    MismatchedTag {
        /// Where.
        at: usize,
    },
    /// The document ends before its root does.
    #[error("document is cut off: the part from byte {at} is not finished")]
    Truncated {
        /// Where the unfinished part begins.
        at: usize,
    },
    /// Markup that is none of the above.
    #[error("malformed markup at byte {at}")]
    Malformed {
        /// Where.
        at: usize,
    },
}

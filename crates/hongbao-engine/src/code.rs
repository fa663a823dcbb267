//! What is a code of web authorisation (网页授权) known by, and for how long is it good?

use hongbao_types::Timestamp;

/// How long a code is good, in milliseconds of the store's time (official page: five minutes).
pub const CODE_LIFETIME_MS: i64 = 300_000;

/// For how long it is known that a code was redeemed: long after it is good for anything.
pub const CODE_REMEMBERED_MS: i64 = 24 * 3_600_000;

/// What a code is known by. Drawn when it is issued; nothing is stored until it is redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeKey {
    /// When it was issued, in the store's time. First, so that rows come in the order of time.
    pub issued_at: Timestamp,
    /// Drawn at random.
    pub nonce: [u8; 8],
}

/// A code that was redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedeemedCode {
    /// Which.
    pub key: CodeKey,
    /// The attempt that redeemed it.
    pub attempt: [u8; 16],
}

impl CodeKey {
    /// Whether its time is over at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.issued_at.plus_millis(CODE_LIFETIME_MS)
    }
}

//! What can sends and claims be compared with? Whatever answers them instead of engine and store, behind the same doors.
//! Never in a release.

use std::fmt::Debug;
use std::pin::Pin;

use hongbao_engine::command::{ClaimShare, SendPacket};
use hongbao_engine::outcome::{ClaimRejection, Claimed, SendOutcome};
use hongbao_store::CallError;

/// An answer to come.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, CallError>> + Send + 'a>>;

/// Answers instead of engine and store.
pub trait Peer: Debug + Send + Sync {
    /// Sends a packet.
    fn send_packet(&self, send: Box<SendPacket>) -> Answer<'_, SendOutcome>;
    /// Opens a share.
    fn claim_share(&self, claim: ClaimShare) -> Answer<'_, Result<Claimed, ClaimRejection>>;
}

//! The values that every part of Hongbao shares: money, identifiers, time, secrets.
//!
//! No I/O and no policy live here. A value that exists is well formed; what it may do is decided
//! elsewhere.

mod fen;
mod generation;
mod ids;
mod secret;
mod timestamp;

pub use fen::{Fen, FenError};
pub use generation::Generation;
pub use ids::{AppId, BillNo, IdError, MerchantId, OpenId, PacketId, Reference};
pub use secret::{ApiKey, PersonKey, WorkwxSecret};
pub use timestamp::{BeijingDay, Timestamp};

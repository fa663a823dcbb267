//! The values that every part of Hongbao shares: money, identifiers, time, secrets.
//!
//! No I/O and no policy live here. A value that exists is well formed; what it may do is decided
//! elsewhere.

mod fen;
mod ids;
mod secret;
mod service;
mod timestamp;

pub use fen::{Fen, FenError};
pub use ids::{AppId, BillNo, IdError, LotteryId, MerchantId, OpenId, PacketId, Reference};
pub use secret::{ApiKey, AppSecret, DrawKey, PersonKey, WorkwxSecret};
pub use service::{Generation, Mode};
pub use timestamp::{BeijingDay, Timestamp};

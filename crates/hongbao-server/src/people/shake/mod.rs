//! The shake (摇一摇红包): an official account's server makes a campaign and puts pre-orders into its bucket; people draw,
//! and open what they drew like any other packet.
//!
//! Official pages `Shake_Nearby` and `Shake_RedPack`; protocol, sections 13.4 and 13.5.

pub(super) mod campaigns;
pub(super) mod draw;
mod pool;

pub(crate) use pool::PrizePools;

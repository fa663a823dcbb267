//! Everything between a socket and a decision.
//!
//! Three doors: merchants (`gateway`, the wire protocol), people (`people`, JSON with signed
//! assertions) and operators (`admin`, JSON on an address of its own). All of them ask the same
//! [`Platform`], which hands commands to the engine through a lane and reads through the store.
//! No rule about money lives here: a door translates.

mod admin;
mod api_error;
mod balancers;
mod body;
mod bounds;
mod change;
mod client_certificate;
mod directory_cache;
mod gateway;
mod jobs;
mod json_door;
mod listener;
mod masked_words;
mod packet_ids;
mod patience;
#[cfg(feature = "peer")]
mod peer;
mod people;
mod platform;
mod readiness;
mod seal;
mod server;
mod tls;
mod tokens;
mod unsettled;

pub use admin::AuditReply;
pub use bounds::HttpBounds;
pub use client_certificate::public_key_sha256;
pub use directory_cache::DIRECTORY_MAX_AGE;
pub use masked_words::{MaskedWords, MaskedWordsError};
#[cfg(feature = "peer")]
pub use peer::{Answer, Peer};
pub use people::{ASSERTION_AUDIENCE, PeopleLimits, Rate};
pub use platform::{Platform, PlatformOptions};
pub use readiness::NotReady;
pub use server::{Addresses, AdminDoor, Doors, Server, StartError, TOKEN_LEN_MIN};
pub use tls::{TlsError, TlsOptions};

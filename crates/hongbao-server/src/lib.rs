//! Everything between a socket and a decision.
//!
//! Three doors: merchants (`gateway`, the wire protocol), people (`people`, JSON with signed
//! assertions) and operators (`admin`, JSON on an address of its own). All of them ask the same
//! [`Platform`], which hands commands to the engine through a lane and reads through the store.
//! No rule about money lives here: a door translates.

mod admin;
mod api_error;
mod body;
mod directory;
mod gateway;
mod jobs;
mod json_door;
mod listener;
mod packet_ids;
mod patience;
mod people;
mod platform;
mod presented;
mod server;
mod tls;

pub use directory::DIRECTORY_MAX_AGE;
pub use listener::HttpBounds;
pub use people::ASSERTION_AUDIENCE;
pub use platform::{Platform, PlatformOptions};
pub use presented::public_key_sha256;
pub use server::{Addresses, AdminDoor, Doors, Server, StartError, TOKEN_LEN_MIN};
pub use tls::{TlsError, TlsOptions};

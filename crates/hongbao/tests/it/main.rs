//! The SDK from the outside: what goes out, and what it makes of whatever comes back.

#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap like the tests themselves")]

mod building;
mod calls;
mod fixtures;
mod mock;
mod queries;
mod replies;
mod requests;
mod secrets;
mod tls;

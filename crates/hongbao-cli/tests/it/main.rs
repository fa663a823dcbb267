//! Does the command keep its promises? What a person sees who uses it rightly or wrongly, and what is left
//! of his money when the platform is stopped or killed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failure")]

mod calls;
mod demo;
mod doctor;
mod failover;
mod kill;
mod machines;
mod migrate_store;

mod mistakes;
mod postgres;
mod running;
mod sandbox;
mod senders;
mod signatures;

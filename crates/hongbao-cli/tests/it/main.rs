//! Does the command keep its promises? What a person sees who uses it rightly or wrongly, and what is left
//! of his money when the platform is stopped or killed.
#![cfg(unix)]

mod demo;
mod kill;
mod mistakes;
mod running;
mod sandbox;
mod senders;

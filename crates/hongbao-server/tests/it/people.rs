//! The people's door: who opens what, and who finds out what.

mod claims;
mod erasure;
mod group;
mod mini_program;
mod oauth;
mod shake;
mod storms;
mod wallet;
mod ways;

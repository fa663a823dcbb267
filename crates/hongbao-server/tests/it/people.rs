//! The people's door: who opens what, and who finds out what.

pub(crate) mod claims;
mod erasure;
mod group;
mod mini_program;
mod oauth;
mod shake;
mod wallet;
mod ways;

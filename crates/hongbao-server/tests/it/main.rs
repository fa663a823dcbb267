//! The three doors, knocked at as strangers knock: over sockets, with whatever bytes.
#![expect(clippy::unwrap_used, reason = "a test fails when one of its steps does")]

mod admin;
mod codes;
mod gethbinfo;
mod hostile;
mod people;
mod products;
mod rig;
mod seeds;
mod sendredpack;
mod stop;
mod tls;
mod traces;

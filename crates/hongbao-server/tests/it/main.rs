//! The three doors, knocked at as strangers knock: over sockets, with whatever bytes.
#![expect(clippy::unwrap_used, reason = "a test fails when one of its steps does")]

mod admin;
mod balancers;
mod codes;
mod gethbinfo;
mod hostile;
mod people;
mod products;
mod ready;
mod rig;
mod seeds;
mod sendredpack;
mod stop;
#[path = "people/storms.rs"]
mod storms;
#[path = "store_memory.rs"]
mod test_store;
mod tls;
mod traces;

//! Does everything that merchants, people and operators are promised hold on PostgreSQL, behind several nodes and a
//! balancer? The same tests as on a store in memory, but for those of a single process: its sockets, its memory, its end.
#![expect(clippy::unwrap_used, reason = "a test fails when one of its steps does")]

mod admin;
mod codes;
mod gethbinfo;
mod people;
mod products;
#[expect(dead_code, reason = "shared with the other tests, which use more of it")]
mod rig;
mod seeds;
mod sendredpack;
#[path = "store_postgres.rs"]
mod test_store;
mod traces;

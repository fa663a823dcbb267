//! How fast is Hongbao, and what limits it?
//!
//! Five tables. *Sends over HTTP*: durable ones beside a null server, the same process but for engine and store;
//! without TLS and over mTLS, connections kept alive. *Claims of one packet*: by everybody at once, and by those who
//! come too late. *The store alone*, in batches of several sizes, beside what
//! the disk does. *The time of a wrong signature*: whether it tells how much of it is right. *On PostgreSQL*:
//! one packet, one merchant, one to three nodes, beside plain transactions. Rounds are interleaved, so that whatever else the machine is doing hits all alike; medians are
//! printed, with the least and the most.

mod claims;
mod client;
mod disk;
mod measured;
mod peers;
mod postgres;
mod sends;
mod server;
mod setup;
mod stats;
mod store;
mod timing;

use std::path::PathBuf;

use clap::Parser;

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "How fast is Hongbao, and what limits it?")]
struct Arguments {
    /// How many rounds
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many requests in a round
    #[arg(long, default_value_t = 60_000)]
    requests: usize,
    /// How many connections
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// How many packets in a round of the store alone
    #[arg(long, default_value_t = 20_000)]
    packets: usize,
    /// Where stores are put while it runs: the disk that is measured
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// Only this table
    #[arg(long, value_parser = ["sends", "claims", "store", "timing", "postgres", "postgres-store"])]
    only: Option<String>,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(clap::Subcommand)]
enum Role {
    /// Be a server to be measured; started by the benchmark itself
    #[command(hide = true)]
    Server(server::Options),
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(Role::Server(options)) = arguments.role {
        return server::run(&options);
    }
    let folder = tempfile::Builder::new().prefix("hongbao-bench-").tempdir_in(&arguments.folder)?;
    let wants = |table| arguments.only.as_deref().is_none_or(|only| only == table);
    println!("{}\n", setup::machine());
    if wants("sends") {
        let load = measured::Load {
            rounds: arguments.rounds,
            requests: arguments.requests,
            connections: arguments.connections,
        };
        println!("{}", sends::run(&load, folder.path())?);
    }
    if wants("claims") {
        println!("{}", claims::run(arguments.rounds, arguments.connections, folder.path())?);
    }
    if wants("store") {
        println!("{}", store::run(arguments.rounds, arguments.packets, folder.path())?);
    }
    if wants("postgres") {
        println!("{}", postgres::run(arguments.rounds, arguments.connections, folder.path())?);
    }
    if wants("postgres-store") {
        println!("{}", postgres::store_alone(arguments.rounds)?);
    }
    if wants("timing") {
        println!("{}", timing::run()?);
    }
    Ok(())
}

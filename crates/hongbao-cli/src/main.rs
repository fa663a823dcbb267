//! The command `hongbao`: the only place where platform, store and SDK meet, and the only one that
//! reads arguments and environment.

mod admin_client;
mod args;
mod commands;
mod error;
mod files;
mod http;
mod identity_files;
mod kit;
mod logging;
mod money;
mod output;
mod people_client;
mod profile;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use error::{Explain, Result};
use output::Output;

/// A request's memory is taken by one thread and let go by another, the lane's: the system's allocator makes them
/// wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output { is_json: arguments.json };
    match run(arguments.command, output) {
        Ok(code) => code,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, output: Output) -> Result<ExitCode> {
    logging::init(&command);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().explain("no threads could be started")?;
    runtime.block_on(commands::run(command, output))
}

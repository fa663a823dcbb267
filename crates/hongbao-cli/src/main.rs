//! The command `hongbao`: the only place where platform, store and SDK meet, and the only one that
//! reads arguments and environment.

mod admin_client;
mod args;
mod commands;
mod config;
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
use error::{Explain, Failure, Result};
use output::{Output, say};

/// A request's memory is taken by one thread and let go by another, the lane's: the system's allocator makes them
/// wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error),
    };
    let output = Output { is_json: arguments.json };
    match run(arguments.command, output) {
        Ok(code) => code,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::FAILURE
        }
    }
}

/// What can't be understood is said as everything else is; help and version are no errors.
fn not_understood(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        say!("{}", error.render().to_string().trim_end());
        return ExitCode::SUCCESS;
    }
    let output = Output { is_json: std::env::args().any(|argument| argument == "--json") };
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let (message, _) = text.split_once("\n\nFor more information").unwrap_or((text, ""));
    output.failure(
        &Failure::new(message.trim_end()).hint("`hongbao help`, or --help behind a command, says what it takes"),
    );
    ExitCode::from(2)
}

fn run(command: Command, output: Output) -> Result<ExitCode> {
    logging::init(&command);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().explain("no threads could be started")?;
    runtime.block_on(commands::run(command, output))
}

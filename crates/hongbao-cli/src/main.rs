//! The command `hongbao`: the only place where platform, store and SDK meet, and the only one that
//! reads arguments and environment.
#![expect(clippy::print_stdout, reason = "a command's results go to standard output")]

mod admin_client;
mod args;
mod commands;
mod error;
mod kit;
mod money;
mod people_client;
mod profile;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use error::{Explain, Failure, Result, chain};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {}", failure.message);
            if let Some(hint) = failure.hint {
                eprintln!("\nhint: {hint}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    init_logging(&arguments.command);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().explain("no threads could be started")?;
    runtime.block_on(commands::run(arguments.command))
}

/// Servers log what they do, other commands only what is odd; `RUST_LOG` says otherwise. Logs go to
/// standard error.
fn init_logging(command: &Command) {
    let usual = if command.is_server() { "info" } else { "error" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal)
        .with_target(false)
        .init();
}

/// A client for the platform's JSON doors.
fn http_client(root_ca: Option<&str>) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder();
    if let Some(pem) = root_ca {
        let certificate =
            reqwest::Certificate::from_pem(pem.as_bytes()).explain("the root certificate makes no sense")?;
        builder = builder.tls_certs_only([certificate]);
    }
    builder.build().map_err(|error| Failure::new(chain(&error)))
}

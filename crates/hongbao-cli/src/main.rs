//! The command `hongbao`: the only place where platform, store and SDK meet, and the only one that
//! reads arguments and environment.

mod admin_client;
mod args;
mod commands;
mod error;
mod identity_files;
mod kit;
mod money;
mod output;
mod people_client;
mod profile;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use error::{Explain, Failure, Result, chain};
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
    init_logging(&command);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().explain("no threads could be started")?;
    runtime.block_on(commands::run(command, output))
}

/// Prints a line of a command's result. Who was to read it may be gone (`hongbao audit | head -1`): then the
/// command ends here, so that nothing is done that nobody was told of.
fn print_line(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    if let Err(error) = writeln!(std::io::stdout(), "{line}") {
        eprintln!("error: the result can't be printed: {error}");
        std::process::exit(1);
    }
}

/// As `println!`, without its panic.
macro_rules! say {
    ($($line:tt)*) => { $crate::print_line(format_args!($($line)*)) };
}
use say;

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

/// How long a JSON door may take to answer; an audit reads everything.
const JSON_PATIENCE: std::time::Duration = std::time::Duration::from_mins(10);

/// A client for the platform's JSON doors. A proxy is for what is far away, not for them.
fn http_client(root_ca: Option<&str>) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy().timeout(JSON_PATIENCE);
    if let Some(pem) = root_ca {
        let wrong = |why: &str| {
            Failure::new(format!("the root certificate can't be used: it must be PEM{why}"))
                .hint("root_ca_file in the profile names a PEM certificate: rootca.pem")
        };
        let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes());
        let roots = roots.map_err(|error| wrong(&format!(": {}", chain(&error))))?;
        if roots.is_empty() {
            return Err(wrong(""));
        }
        return builder.tls_certs_only(roots).build().map_err(|error| wrong(&format!(": {}", chain(&error))));
    }
    builder.build().map_err(|error| Failure::new(chain(&error)))
}

//! What is logged, and where? To standard error; what may never be logged, `crates/hongbao-server/tests/logs.rs` says.

use crate::args::Command;

/// Servers log what they do, other commands only what is odd; `RUST_LOG` says otherwise. Logs go to
/// standard error.
pub(crate) fn init(command: &Command) {
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

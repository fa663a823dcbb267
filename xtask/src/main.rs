//! What does a developer do with this repository? `cargo xtask` lists it; CI calls the same names.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod interop;
mod runner;
mod tools;

use std::process::ExitCode;

use runner::{Report, cargo, root, step};

const HELP: &str = "\
cargo xtask test        everything below, in this order, with the minutes of each layer
cargo xtask lint        formatting, clippy with warnings denied, licences and bans (deny.toml)
cargo xtask docs        the documentation builds without a warning
cargo xtask unit        unit and integration tests of the crates
cargo xtask interop     foreign clients, unmodified, against a running platform; one of them: `cargo xtask interop NAME`
cargo xtask reference   docs/protocol.md and the errors of docs/people.md anew, of the tables
cargo xtask bench       how fast it is, and what limits it; `cargo xtask bench --help` says what can be set";

/// The benchmark's workspace, whose lock file is its own.
const BENCH: &str = "bench/Cargo.toml";

/// One layer of the tests.
type Layer = (&'static str, fn(&mut Report) -> Result<(), String>);

const LAYERS: [Layer; 4] = [("lint", lint), ("docs", docs), ("unit", unit), ("interop", interop::run)];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    if command == "bench" {
        return ended(&bench(&arguments.collect::<Vec<_>>()));
    }
    if command == "reference" {
        return ended(&reference());
    }
    if command == "interop"
        && let Some(name) = arguments.next()
    {
        let mut report = Report::default();
        let result = report.time("interop", |report| interop::run_one(report, &name));
        report.print();
        return ended(&result);
    }
    let rest = arguments.next();
    let layers: Vec<Layer> = match (command.as_str(), rest) {
        ("test", None) => LAYERS.to_vec(),
        (name, None) if LAYERS.iter().any(|layer| layer.0 == name) => {
            LAYERS.iter().filter(|layer| layer.0 == name).copied().collect()
        }
        _ => {
            println!("{HELP}");
            return ExitCode::from(if command.is_empty() || command == "help" || command == "--help" { 0 } else { 2 });
        }
    };
    let mut report = Report::default();
    let result = layers.iter().try_for_each(|(name, layer)| report.time(name, *layer));
    report.print();
    ended(&result)
}

fn ended(result: &Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The test that finds the page stale writes it when it is told to.
fn reference() -> Result<(), String> {
    cargo(&["test", "--package", "hongbao-wire", "--package", "hongbao-server", "--locked", "--quiet", "reference"])
        .env("HONGBAO_WRITE_REFERENCE", "1")
        .run()
}

/// In a workspace of its own, and optimised. Its stores lie in `target/`: on the disk that is measured.
fn bench(arguments: &[String]) -> Result<(), String> {
    let folder = format!("{}/target/bench", root());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let how = ["run", "--release", "--locked", "--manifest-path", BENCH, "--target-dir", &folder, "--"];
    cargo(&[&how[..], &["--folder", &folder], &arguments].concat()).run()
}

fn lint(_: &mut Report) -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"]).run()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"]).run()?;
    cargo(&["fmt", "--manifest-path", BENCH, "--check"]).run()?;
    let target = format!("{}/target", root());
    let bench = ["clippy", "--manifest-path", BENCH, "--target-dir", &target, "--locked", "--", "-D", "warnings"];
    cargo(&bench).run()?;
    let deny = tools::cargo_deny()?;
    for manifest in ["Cargo.toml", BENCH] {
        let how =
            ["--locked", "--manifest-path", manifest, "--config", "deny.toml", "check", "bans", "licenses", "sources"];
        step(&deny, &how).run()?;
    }
    Ok(())
}

fn docs(_: &mut Report) -> Result<(), String> {
    cargo(&["doc", "--workspace", "--no-deps", "--all-features", "--locked"]).env("RUSTDOCFLAGS", "-D warnings").run()
}

fn unit(report: &mut Report) -> Result<(), String> {
    tools::databases()?;
    report.count(cargo(&["test", "--workspace", "--all-features", "--locked", "--no-fail-fast"]))
}

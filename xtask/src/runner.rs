//! How is a command run, and what did it count? Output goes through as it comes; the lines in which
//! test runners count are added up.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command to run.
pub(crate) struct Step(Command);

/// What was run so far.
#[derive(Default)]
pub(crate) struct Report {
    passed: u64,
    failed: u64,
    times: Vec<(String, Duration)>,
}

/// `cargo` with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Step {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    step(cargo, arguments)
}

/// Any program with these arguments.
pub(crate) fn step(program: impl AsRef<OsStr>, arguments: &[&str]) -> Step {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    Step(command)
}

/// The repository.
pub(crate) fn root() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/..")
}

impl Step {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Step {
        self.0.env(name, value);
        self
    }

    /// Runs it; an error when it fails.
    pub(crate) fn run(mut self) -> Result<(), String> {
        println!("$ {}", self.line());
        let status = self.0.status().map_err(|error| format!("{}: {error}", self.line()))?;
        if status.success() { Ok(()) } else { Err(format!("{} failed ({status})", self.line())) }
    }

    /// Whether it can be run at all and succeeds; what it prints is thrown away.
    pub(crate) fn succeeds(mut self) -> bool {
        self.0.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    fn line(&self) -> String {
        let words = std::iter::once(self.0.get_program()).chain(self.0.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }
}

impl Report {
    /// Runs one layer and takes its time.
    pub(crate) fn time(
        &mut self,
        name: &str,
        layer: impl FnOnce(&mut Report) -> Result<(), String>,
    ) -> Result<(), String> {
        println!("\n== {name}");
        let since = Instant::now();
        let result = layer(self);
        self.times.push((name.to_owned(), since.elapsed()));
        result
    }

    /// Runs a test runner and adds up what it counts. One that counts nothing has failed.
    pub(crate) fn count(&mut self, mut step: Step) -> Result<(), String> {
        println!("$ {}", step.line());
        let mut child = step.0.stdout(Stdio::piped()).spawn().map_err(|error| format!("{}: {error}", step.line()))?;
        let mut ran = 0;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).lines() {
                let line = line.map_err(|error| error.to_string())?;
                println!("{line}");
                if let Some((passed, failed)) = counted(&line) {
                    self.passed += passed;
                    self.failed += failed;
                    ran += passed + failed;
                }
            }
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("{} failed ({status})", step.line()));
        }
        if ran == 0 { Err(format!("{} ran no test", step.line())) } else { Ok(()) }
    }

    /// The minutes of each layer, then the count.
    pub(crate) fn print(&self) {
        println!("\n== minutes");
        for (name, time) in &self.times {
            println!("{name:10} {}", minutes(*time));
        }
        println!("{:10} {}", "total", minutes(self.times.iter().map(|(_, time)| *time).sum()));
        if self.passed + self.failed > 0 {
            println!("\n{} passed, {} failed", self.passed, self.failed);
        }
    }
}

fn minutes(time: Duration) -> String {
    format!("{:>2}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

/// The numbers in `test result: ok. 3 passed; 0 failed; …` and in `3 passed, 0 failed`.
fn counted(line: &str) -> Option<(u64, u64)> {
    let rest = match line.strip_prefix("test result: ") {
        Some(rest) => rest.split_once(". ")?.1,
        None => line,
    };
    let mut words = rest.split([' ', ';', ',']).filter(|word| !word.is_empty());
    let passed = words.next()?.parse().ok()?;
    (words.next()? == "passed").then_some(())?;
    let failed = words.next()?.parse().ok()?;
    (words.next()? == "failed").then_some((passed, failed))
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn both_kinds_of_closing_line_are_counted_and_nothing_else() {
        let line = "test result: ok. 24 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.13s";
        assert_eq!(counted(line), Some((24, 1)));
        assert_eq!(counted("6 passed, 0 failed"), Some((6, 0)));
        assert_eq!(counted("test a_claim ... ok"), None);
        assert_eq!(counted("6 tests passed, 0 failed"), None);
    }
}

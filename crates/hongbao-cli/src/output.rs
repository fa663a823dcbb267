//! How is a result shown? For people, as lines of a name and a value; for machines (`--json`), as one JSON object
//! in one line on standard output, whether it succeeded or not.

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Failure;

/// For whom a command prints.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) is_json: bool,
}

impl Output {
    /// Says what must be known before a call, so that whoever loses the answer still has it. A program has it in
    /// the result as well; it is told beforehand, on standard error, only what it did not choose itself.
    pub(crate) fn announce(self, name: &str, value: impl std::fmt::Display, is_made_up: bool) {
        if !self.is_json {
            say!("{name:<11} {value}");
        } else if is_made_up {
            eprintln!("{name:<11} {value}");
        }
    }

    /// The result: an object for machines, `lines` for people.
    pub(crate) fn result(self, object: impl Serialize, lines: impl FnOnce()) {
        if self.is_json {
            let object =
                serde_json::to_value(object).unwrap_or_else(|error| json!({ "unprintable": error.to_string() }));
            say!("{object}");
        } else {
            lines();
        }
    }

    /// Why there is no result.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.is_json {
            let mut error = json!({ "message": failure.message, "hint": failure.hint });
            for (name, value) in &failure.facts {
                error[*name] = Value::clone(value);
            }
            say!("{}", json!({ "error": error }));
        } else {
            eprintln!("error: {}", failure.message);
            if let Some(hint) = &failure.hint {
                eprintln!("\nhint: {hint}");
            }
        }
    }
}

/// A text that came from outside, in one line that can't pass for another: control characters and those that
/// turn the direction of writing are escaped (`\n`, `\u{202e}`). JSON has it as it is.
pub(crate) fn plain(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Prints a line of a command's result. Who was to read it may be gone (`hongbao audit | head -1`): then the
/// command ends here, so that nothing is done that nobody was told of.
pub(crate) fn print_line(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    if let Err(error) = writeln!(std::io::stdout(), "{line}") {
        // Who has left did so on purpose.
        if error.kind() != std::io::ErrorKind::BrokenPipe {
            eprintln!("error: the result can't be printed: {error}");
        }
        std::process::exit(1);
    }
}

/// As `println!`, without its panic.
macro_rules! say {
    ($($line:tt)*) => { $crate::output::print_line(format_args!($($line)*)) };
}
pub(crate) use say;

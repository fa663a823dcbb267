//! What is a person told when a command fails? One sentence with the value in it, and what to do. And a machine:
//! whether money moved.

use std::fmt::Display;

use serde_json::Value;

/// Why a command failed. Printed as `error: …`, then, after a blank line, `hint: …`.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// What a machine wants to know besides.
    pub(crate) facts: Vec<(&'static str, Value)>,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(message: impl Display) -> Failure {
        Failure { message: message.to_string(), hint: None, facts: Vec::new() }
    }

    pub(crate) fn hint(mut self, hint: impl Display) -> Failure {
        self.hint = Some(hint.to_string());
        self
    }

    pub(crate) fn fact(mut self, name: &'static str, value: impl Into<Value>) -> Failure {
        self.facts.push((name, value.into()));
        self
    }
}

/// Adds what was being done, or what to do, to any error.
pub(crate) trait Explain<T> {
    /// The message becomes `what: error`.
    fn explain(self, what: impl Display) -> Result<T>;
}

impl<T, E: Display> Explain<T> for std::result::Result<T, E> {
    fn explain(self, what: impl Display) -> Result<T> {
        self.map_err(|error| Failure::new(format!("{what}: {error}")))
    }
}

/// A message with its causes, each once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

//! `hongbao completions`: what a shell needs to complete this command's words.

use std::process::ExitCode;

use clap::CommandFactory;

use super::refuse_json;
use crate::args::{Arguments, CompletionsArgs};
use crate::error::Result;
use crate::output::{Output, say};

pub(crate) fn run(args: &CompletionsArgs, output: Output) -> Result<ExitCode> {
    refuse_json(output, "a completion script")?;
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "hongbao", &mut script);
    say!("{}", String::from_utf8_lossy(&script).trim_end());
    Ok(ExitCode::SUCCESS)
}

//! `dmfab completions`: a script that completes commands and options in a shell.

use clap::CommandFactory;

use super::args::{Arguments, CompletionsArguments};
use super::exit::{CommandError, Exit};
use super::output;

/// Prints the script.
pub(crate) fn run(arguments: &CompletionsArguments) -> Result<Exit, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "dmfab", &mut script);
    let text = String::from_utf8(script).map_err(|error| CommandError::internal(error.into()))?;
    output::to_stdout(&text);
    Ok(Exit::Done)
}

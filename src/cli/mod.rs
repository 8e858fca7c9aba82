//! The command line: arguments in, text and an exit code out. One file for each command.

mod action;
mod args;
mod check;
mod completions;
mod config;
mod exit;
mod explain;
mod hosts;
mod interruption;
mod output;
mod progress;
mod ps;
mod run;
mod schema;
mod session;
mod version;

use std::process::ExitCode;

use clap::Parser;
use dmfab::plan::Options;

use args::{Arguments, Command};
use exit::{CommandError, Exit};

/// Parses the arguments, runs the command, and turns its end into an exit code.
pub(crate) fn main() -> ExitCode {
    output::init_log();
    let arguments = Arguments::parse();
    let colour = arguments.colour();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&CommandError::internal(error.into()), colour).into(),
    };
    let exit = match runtime.block_on(dispatch(arguments)) {
        Ok(exit) => exit,
        Err(error) => fail(&error, colour),
    };
    // A lookup or a read of standard input that hangs must not keep the program alive.
    runtime.shutdown_background();
    exit.into()
}

async fn dispatch(arguments: Arguments) -> Result<Exit, CommandError> {
    let colour = arguments.colour();
    match arguments.command {
        Command::Check(command) => check::run(&command, colour),
        Command::Hosts(command) => hosts::run(&command, colour),
        Command::Config(command) => config::run(&command, colour),
        Command::Plan(command) => action::plan(&command, colour).await,
        Command::Deploy(command) => action::start(dmfab::plan::Goal::Deploy, &command, colour).await,
        Command::Startup(command) => action::start(dmfab::plan::Goal::Startup, &command, colour).await,
        Command::Shutdown(command) => {
            action::run(dmfab::plan::Goal::Shutdown, &command, &Options::default(), colour).await
        }
        Command::Ps(command) => ps::run(&command, colour).await,
        Command::Version(command) => version::run(&command, colour).await,
        Command::Run(command) => run::run(&command, colour).await,
        Command::Explain(command) => explain::run(&command),
        Command::Schema(command) => schema::run(&command),
        Command::Completions(command) => completions::run(&command),
    }
}

/// Prints an error once, as one chain with its remedy.
fn fail(error: &CommandError, colour: bool) -> Exit {
    output::to_stderr(&error.render(colour));
    error.exit()
}

//! The command line: arguments in, text and an exit code out. One file for each command.

mod action;
mod apply;
mod args;
mod check;
mod completions;
mod config;
mod exit;
mod explain;
mod hosts;
mod interruption;
mod output;
mod plan_file;
mod progress;
mod ps;
mod run;
mod schema;
mod script;
mod session;
mod version;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use dmfab::plan::Goal;

use args::{Arguments, Command};
use exit::{CommandError, Exit};

/// Parses the arguments, runs the command, and turns its end into an exit code.
pub(crate) fn main() -> ExitCode {
    output::init_log();
    let arguments = parse().unwrap_or_else(|error| error.exit());
    let colour = arguments.colour();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&CommandError::internal(error.into()), colour).into(),
    };
    let exit = match runtime.block_on(dispatch(arguments)) {
        Ok(exit) => exit,
        Err(error) => fail(&error, colour).into(),
    };
    // A lookup or a read of standard input that hangs must not keep the program alive.
    runtime.shutdown_background();
    exit
}

fn parse() -> Result<Arguments, clap::Error> {
    let matches = Arguments::command().try_get_matches()?;
    args::refuse_unfit_options(&matches)?;
    Arguments::from_arg_matches(&matches)
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode, CommandError> {
    let colour = arguments.colour();
    let exit = match arguments.command {
        Command::Script(command) => return script::script(command, colour).await,
        Command::Cmd(command) => return script::command(command, colour).await,
        Command::Check(command) => check::run(&command, colour),
        Command::Hosts(command) => hosts::run(&command, colour),
        Command::Config(command) => config::run(&command, colour),
        Command::Plan(command) => action::plan(&command, colour).await,
        Command::Apply(command) => apply::run(&command, colour).await,
        Command::Deploy(command) => action::run(Goal::Deploy, &command, colour).await,
        Command::Update(command) => action::run(Goal::Update, &command, colour).await,
        Command::Startup(command) => action::run(Goal::Startup, &command, colour).await,
        Command::Shutdown(command) => action::run(Goal::Shutdown, &command, colour).await,
        Command::Create(command) => action::run(Goal::Create, &command, colour).await,
        Command::Start(command) => action::run(Goal::Start, &command, colour).await,
        Command::Stop(command) => action::run(Goal::Stop, &command, colour).await,
        Command::Restart(command) => action::run(Goal::Restart, &command, colour).await,
        Command::Remove(command) => action::run(Goal::Remove, &command, colour).await,
        Command::Pull(command) => action::run(Goal::Pull, &command, colour).await,
        Command::Signal(command) => action::run(Goal::Signal, &command, colour).await,
        Command::Ps(command) => ps::run(&command, colour).await,
        Command::Version(command) => version::run(&command, colour).await,
        Command::Run(command) => run::run(&command, colour).await,
        Command::Explain(command) => explain::run(&command),
        Command::Schema(command) => schema::run(&command),
        Command::Completions(command) => completions::run(&command),
    };
    Ok(exit?.into())
}

/// Prints an error once, as one chain with its remedy.
fn fail(error: &CommandError, colour: bool) -> Exit {
    output::to_stderr(&error.render(colour));
    error.exit()
}

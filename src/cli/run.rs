//! `dmfab run`: one command on many hosts, equal output shown once.

use std::time::Duration;

use dmfab::event::Events;
use dmfab::fleet::RunError;
use dmfab::host::ssh::{CommandOutput, RemoteCommand};
use dmfab::model::ranges;
use dmfab::report::problem;
use serde_json::json;

use super::args::RunArguments;
use super::exit::{CommandError, Exit};
use super::{output, session};

/// What one host said.
type Answer = (String, Result<CommandOutput, RunError>);

/// Runs the command and shows what came of it.
pub(crate) async fn run(arguments: &RunArguments, colour: bool) -> Result<Exit, CommandError> {
    let fleet = session::load(&arguments.files, colour)?;
    let host_names = fleet.select_hosts(arguments.hosts.hosts.as_deref())?;
    let command = command(&arguments.command).with_deadline(Duration::from_secs(arguments.timeout));
    let answers = fleet.run(&host_names, &command, arguments.hosts.options(), &Events::ignored()).await;
    if arguments.output.json {
        let hosts: Vec<_> = answers.iter().map(document).collect();
        output::json(&output::document("command", json!({ "hosts": hosts })))?;
    } else {
        show(&answers);
    }
    Ok(exit(&answers))
}

/// One word may hold a whole shell line; several are taken exactly as they are.
fn command(words: &[String]) -> RemoteCommand {
    match words {
        [line] => RemoteCommand::new(["sh", "-c", line]),
        words => RemoteCommand::new(words),
    }
}

fn document((host_name, answer): &Answer) -> serde_json::Value {
    match answer {
        Ok(output) => json!({
            "host_name": host_name,
            "exit_status": output.exit_status,
            "stdout": output.stdout_text(),
            "stderr": String::from_utf8_lossy(&output.stderr),
        }),
        Err(error) => json!({ "host_name": host_name, "problem": error.problem() }),
    }
}

/// Hosts that wrote the same and ended alike stand together.
fn show(answers: &[Answer]) {
    let mut blocks: Vec<(Vec<&str>, &CommandOutput)> = Vec::new();
    for (host_name, answer) in answers {
        let Ok(found) = answer else { continue };
        match blocks.iter_mut().find(|(_, other)| is_equal(other, found)) {
            Some((hosts, _)) => hosts.push(host_name),
            None => blocks.push((vec![host_name], found)),
        }
    }
    for (hosts, found) in blocks {
        let status =
            if found.is_success() { String::new() } else { format!(" (exit status {})", found.exit_status) };
        output::to_stderr(&format!("{}{status}:", ranges::fold(hosts)));
        output::to_stdout(&found.stdout_text());
        output::to_stderr(&String::from_utf8_lossy(&found.stderr));
    }
    for (host_name, answer) in answers {
        if let Err(error) = answer {
            output::to_stderr(&problem::render(host_name, error.problem()));
        }
    }
}

fn is_equal(one: &CommandOutput, other: &CommandOutput) -> bool {
    one.exit_status == other.exit_status && one.stdout == other.stdout && one.stderr == other.stderr
}

fn exit(answers: &[Answer]) -> Exit {
    let failed = |answer: &Result<CommandOutput, RunError>| match answer {
        Ok(output) => !output.is_success(),
        Err(error) => matches!(error, RunError::NoResult(_)),
    };
    if answers.iter().any(|(_, answer)| failed(answer)) {
        return Exit::StepFailed;
    }
    if answers.iter().any(|(_, answer)| answer.is_err()) { Exit::Unreachable } else { Exit::Done }
}

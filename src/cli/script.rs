//! `script` and `cmd`: plan, run, show what is written while it is written, end as the container did.

use std::io::{self, Write};
use std::process::ExitCode;

use dmfab::event::{OutputReceiver, RunSummary, ScriptResult, Scripts};
use dmfab::fleet::script::local_files;
use dmfab::fleet::{FleetSession, HostPlan};
use dmfab::model::output::OutputStream;
use dmfab::plan::script::{Script, ScriptFiles};
use dmfab::plan::{Action, Goal, Options, Plan};
use dmfab::report::script::{OutputLines, Piece, ending};
use dmfab::report::{json, plan_view, summary};
use dmfab::wording;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::action::{
    Confirmation, Prepared, confirm, interrupted_early, inventory_name, told_of, without_plan,
};
use super::args::{
    CmdArguments, FileArguments, PlanFormat, PlanOptions, RunOptions, ScriptArguments, SelectionArguments,
};
use super::exit::{CommandError, Exit};
use super::session::Progress;
use super::{interruption, output};

/// The shell that takes a line of `cmd`.
const SHELL: &str = "/bin/sh";

/// `dmfab script`.
pub(crate) async fn script(arguments: ScriptArguments, colour: bool) -> Result<ExitCode, CommandError> {
    let ScriptArguments { files, container, script, upload_dir, host_path, command, run, arguments } =
        arguments;
    let of_script = match (&script, host_path) {
        (Some(path), _) => local_files(path, upload_dir).map_err(|error| {
            CommandError::usage(error.to_string(), Some("name a file or a folder".to_owned()))
        })?,
        (None, Some(path)) => ScriptFiles::OnHost { path },
        (None, None) => ScriptFiles::Nothing,
    };
    let command = command.map(|words| words.0);
    let wish = Script { files: of_script, command, arguments, ..run.script() };
    execute(files, container, wish, run, colour).await
}

/// `dmfab cmd`.
pub(crate) async fn command(arguments: CmdArguments, colour: bool) -> Result<ExitCode, CommandError> {
    let CmdArguments { files, container, run, command } = arguments;
    let wish = Script { arguments: command, ..run.script() };
    execute(files, container, with_shell(wish), run, colour).await
}

/// One word may hold a whole shell line; several are taken exactly as they are.
fn with_shell(wish: Script) -> Script {
    match (&wish.entrypoint, wish.arguments.as_slice()) {
        (None, [line]) => Script {
            entrypoint: Some(vec![SHELL.to_owned()]),
            arguments: vec!["-c".to_owned(), line.clone()],
            ..wish
        },
        _ => wish,
    }
}

async fn execute(
    files: FileArguments,
    container: String,
    mut wish: Script,
    run: RunOptions,
    colour: bool,
) -> Result<ExitCode, CommandError> {
    let mut options = Options::of(Goal::Script);
    run.apply(&mut options);
    let RunOptions { hosts, output, progress, no_prefix, plan: is_plan_only, yes, .. } = run;
    let arguments = SelectionArguments { files, items: vec![container], hosts, output, progress };
    let prepared = Prepared::new(&arguments, colour)?;
    if let Some(download) = &mut wish.download {
        download.by_host = prepared.selection.host_names.len() > 1;
    }
    options.script = Some(wish);
    let interruption = interruption::watch();
    let (session, plans) = tokio::select! {
        planned = prepared.plan(Goal::Script, &options, &arguments) => planned,
        () = interruption.cancelled() => return Ok(interrupted_early().into()),
    };
    let exit = if is_plan_only {
        prepared.show_plan(Goal::Script, &plans, &arguments, PlanFormat::Tree).map(ExitCode::from)
    } else {
        let stage = Stage { prepared: &prepared, arguments: &arguments, no_prefix, yes };
        stage.run(&session, &plans, &interruption).await
    };
    session.close().await;
    exit
}

/// How a run is shown.
struct Stage<'a> {
    prepared: &'a Prepared,
    arguments: &'a SelectionArguments,
    no_prefix: bool,
    yes: bool,
}

impl Stage<'_> {
    async fn run(
        &self,
        session: &FleetSession<'_>,
        plans: &[HostPlan],
        interruption: &CancellationToken,
    ) -> Result<ExitCode, CommandError> {
        let Self { prepared, arguments, .. } = self;
        let made: Vec<Plan> = plans.iter().filter_map(|found| found.plan.clone().ok()).collect();
        if made.iter().any(Plan::destroys) {
            output::to_stderr(&plan_view::render(&inventory_name(arguments), &made, prepared.style));
        }
        if confirm(&made, self.yes, interruption).await? == Confirmation::Interrupted {
            return Ok(interrupted_early().into());
        }
        let (scripts, receiver) = self.scripts();
        let printing = receiver.map(|receiver| {
            tokio::task::spawn_blocking({
                let lines = self.lines();
                move || print(receiver, lines)
            })
        });
        let host_names = &prepared.selection.host_names;
        let ended = without_plan(Goal::Script, plans).hosts;
        let progress = arguments.progress.progress.beside_output();
        let display = Progress::start(progress, host_names, ended, prepared.colour);
        let done = tokio::select! {
            done = session.execute_scripts(Goal::Script, plans, &display.events, interruption, &scripts) => done,
            never = told_of(interruption) => match never {},
        };
        display.finish().await;
        // The printer ends when there is no sender any more.
        let (results, remarks) = scripts.into_results();
        if let Some(printing) = printing {
            printing.await.map_err(|error| CommandError::internal(error.into()))?;
        }
        let exit = exit(&done, &made, &results);
        self.tell(&made, &done, &results, &remarks, exit)?;
        Ok(ExitCode::from(exit))
    }

    /// With a document, output is in it and nowhere else.
    fn scripts(&self) -> (Scripts, Option<OutputReceiver>) {
        if self.arguments.output.json {
            return (Scripts::unseen(), None);
        }
        let (scripts, receiver) = Scripts::channel();
        (scripts, Some(receiver))
    }

    fn lines(&self) -> OutputLines {
        if self.no_prefix {
            OutputLines::unchanged()
        } else {
            OutputLines::of_hosts(&self.prepared.selection.host_names)
        }
    }

    /// Standard output is the container's; what is told of it is on standard error.
    fn tell(
        &self,
        made: &[Plan],
        done: &RunSummary,
        results: &[ScriptResult],
        remarks: &[(String, String)],
        exit: u8,
    ) -> Result<(), CommandError> {
        for (host_name, remark) in remarks {
            output::to_stderr(&format!("{host_name}: {remark}"));
        }
        if self.arguments.output.json {
            let mut document = json::run_document(&inventory_name(self.arguments), made, done, exit);
            document["document"] = Value::from("script");
            document["scripts"] = serde_json::to_value(results).unwrap_or_default();
            return output::json(&document);
        }
        for line in results.iter().filter_map(ending) {
            output::to_stderr(&line);
        }
        if Exit::of(done) != Exit::Done {
            output::to_stderr(&summary::render(done, self.prepared.style));
        }
        Ok(())
    }
}

/// Writes until nothing more comes. A reader that went away stops nothing.
fn print(mut receiver: OutputReceiver, mut lines: OutputLines) {
    let runtime = tokio::runtime::Handle::current();
    while let Some(output) = runtime.block_on(receiver.next()) {
        write(lines.take(output));
    }
    lines.rest().into_iter().for_each(write);
    if receiver.left_out_bytes() > 0 {
        output::to_stderr(&format!(
            "{} of output were left out, since they were not read in time",
            wording::count(usize::try_from(receiver.left_out_bytes()).unwrap_or(usize::MAX), "byte")
        ));
    }
}

fn write((stream, bytes): Piece) {
    fn write_to(mut stream: impl Write, bytes: &[u8]) {
        // As for all output.
        let _ = stream.write_all(bytes).and_then(|()| stream.flush());
    }
    match stream {
        OutputStream::Stdout => write_to(io::stdout().lock(), &bytes),
        OutputStream::Stderr => write_to(io::stderr().lock(), &bytes),
    }
}

/// One container's own exit code; of several, whether one has another than 0.
fn exit(done: &RunSummary, made: &[Plan], results: &[ScriptResult]) -> u8 {
    let of_run = Exit::of(done);
    if of_run != Exit::Done {
        return of_run as u8;
    }
    let steps = made.iter().flat_map(|plan| &plan.steps);
    let script_count = steps.filter(|step| matches!(step.action, Action::RunScript { .. })).count();
    match results {
        [only] if script_count == 1 && done.hosts.len() == 1 => {
            only.exit_code.and_then(|code| u8::try_from(code).ok()).unwrap_or(Exit::StepFailed as u8)
        }
        all if all.iter().all(|result| result.exit_code == Some(0)) => Exit::Done as u8,
        _ => Exit::StepFailed as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(entrypoint: Option<&str>, words: &[&str]) -> Script {
        let entrypoint = entrypoint.map(|word| vec![word.to_owned()]);
        with_shell(Script {
            entrypoint,
            arguments: words.iter().map(|word| (*word).to_owned()).collect(),
            ..Script::default()
        })
    }

    #[test]
    fn one_argument_is_a_line_for_the_shell_unless_somebody_else_takes_it() {
        let line = wish(None, &["ls | head"]);
        assert_eq!(line.entrypoint, Some(vec![SHELL.to_owned()]));
        assert_eq!(line.arguments, ["-c", "ls | head"]);
        for (entrypoint, words) in [(None, &["ls", "-l"][..]), (Some("redis-cli"), &["flushdb"]), (None, &[])]
        {
            let taken = wish(entrypoint, words);
            assert_eq!(
                (taken.entrypoint.is_some(), taken.arguments.len()),
                (entrypoint.is_some(), words.len())
            );
        }
    }
}

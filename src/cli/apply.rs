//! `apply`: carries out a saved plan, if hosts and files are as it saw them.

use dmfab::event::RunSummary;
use dmfab::fleet::HostPlan;
use dmfab::plan::Plan;
use dmfab::report::plan_file::{Outdated, PlanFile, render};
use dmfab::report::{json, summary};

use super::action::{Prepared, interrupted_early, inventory_name, without_plan};
use super::args::{ApplyArguments, FileArguments, HostArguments, SelectionArguments};
use super::exit::{CommandError, Exit};
use super::{interruption, output, plan_file, session};

/// `dmfab apply`.
pub(crate) async fn run(arguments: &ApplyArguments, colour: bool) -> Result<Exit, CommandError> {
    let file = plan_file::read(&arguments.file)?;
    let selection = selection(arguments, &file)?;
    let goal = file.request.goal;
    let prepared = Prepared::new(&selection, colour)?;
    refuse(arguments, &selection, &file.other_hosts(&prepared.selection.host_names))?;
    let interruption = interruption::watch();
    let planning = prepared.plan(goal, &file.request.options, &selection);
    let (session, plans) = tokio::select! {
        planned = planning => planned,
        () = interruption.cancelled() => return Ok(interrupted_early()),
    };
    let missed = without_plan(goal, &plans);
    let outdated = file.outdated(&prepared.saved_hosts(&plans));
    let exit = if !missed.hosts.is_empty() {
        show_missed(&prepared, &selection, &plans, &missed, &outdated)
    } else if let Err(refusal) = refuse(arguments, &selection, &outdated) {
        Err(refusal)
    } else {
        prepared.execute(goal, &selection, arguments.yes, &session, &plans, &interruption).await
    };
    session.close().await;
    exit
}

/// The request of the file, with what is typed now.
fn selection(arguments: &ApplyArguments, file: &PlanFile) -> Result<SelectionArguments, CommandError> {
    let request = &file.request;
    let is_given = |name: &str| arguments.variables.iter().any(|(given, _)| given == name);
    let is_known = |name: &str| is_given(name) || std::env::var_os(name).is_some();
    if let Some(name) = request.variables.iter().find(|name| !is_known(name)) {
        let help = Some(format!("give it again with `--var {name}=VALUE`; values are not saved"));
        return Err(CommandError::usage(format!("the plan was made with the variable `{name}`"), help));
    }
    let files = FileArguments {
        inventory: plan_file::path_now(&request.inventory),
        maps: request.maps.iter().map(plan_file::path_now).collect(),
        variables: arguments.variables.clone(),
    };
    Ok(SelectionArguments {
        files,
        items: request.items.clone(),
        hosts: HostArguments { hosts: request.hosts.clone(), connections: arguments.connections },
        output: arguments.output,
        progress: arguments.progress,
    })
}

/// Refuses a plan that does not hold any more.
fn refuse(
    arguments: &ApplyArguments,
    selection: &SelectionArguments,
    outdated: &[Outdated],
) -> Result<(), CommandError> {
    if outdated.is_empty() {
        return Ok(());
    }
    let file = arguments.file.display();
    if arguments.output.json {
        output::json(&json::outdated_document(&file.to_string(), outdated))?;
    }
    let message =
        format!("the plan in `{file}` does not hold any more; nothing was changed\n{}", render(outdated));
    let inventory = selection.files.inventory.display();
    let help = format!("look at what is to be done now, with `dmfab plan {inventory} -o {file}`");
    Err(CommandError::usage(message.trim_end().to_owned(), Some(help)))
}

/// Tells which hosts cannot be looked at: a plan is carried out on all of its hosts, or on none.
fn show_missed(
    prepared: &Prepared,
    selection: &SelectionArguments,
    plans: &[HostPlan],
    missed: &RunSummary,
    outdated: &[Outdated],
) -> Result<Exit, CommandError> {
    let exit = Exit::of(missed);
    if selection.output.json {
        let made: Vec<Plan> = plans.iter().filter_map(|found| found.plan.clone().ok()).collect();
        output::json(&json::run_document(&inventory_name(selection), &made, missed, exit as u8))?;
    } else {
        output::to_stdout(&summary::render(missed, prepared.style));
    }
    output::to_stderr(&render(outdated));
    let planned = session::echo_hosts(&prepared.selection.host_names);
    output::to_stderr(&format!("nothing was changed: a saved plan is for all of its hosts ({planned})"));
    Ok(exit)
}

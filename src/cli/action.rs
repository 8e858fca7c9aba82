//! `plan`, `deploy`, `startup`, `shutdown`: look, plan, ask, execute, sum up.

use std::io::{self, BufRead, IsTerminal};

use dmfab::event::{HostOutcome, HostSummary, RunSummary};
use dmfab::fleet::{Fleet, FleetSession, HostPlan, Selection};
use dmfab::plan::{Goal, Plan};
use dmfab::report::style::Style;
use dmfab::report::{json, plan_view, summary};
use tokio_util::sync::CancellationToken;

use super::args::{ActionArguments, GoalChoice, PlanArguments, PlanFormat, SelectionArguments};
use super::exit::{CommandError, Exit};
use super::session::Progress;
use super::{interruption, output, session};

/// `dmfab plan`.
pub(crate) async fn plan(arguments: &PlanArguments, colour: bool) -> Result<Exit, CommandError> {
    let goal = match arguments.goal {
        GoalChoice::Deploy => Goal::Deploy,
        GoalChoice::Startup => Goal::Startup,
        GoalChoice::Shutdown => Goal::Shutdown,
    };
    let prepared = Prepared::new(&arguments.selection, colour)?;
    let (session, plans) = prepared.plan(goal, &arguments.selection, colour).await;
    session.close().await;
    let exit = prepared.show_plan(goal, &plans, &arguments.selection, arguments.format)?;
    let is_pending = plans.iter().any(|found| found.plan.as_ref().is_ok_and(|plan| !plan.is_empty()));
    Ok(if exit == Exit::Done && arguments.exit_code && is_pending { Exit::ChangesPending } else { exit })
}

/// `dmfab deploy`, `dmfab startup`, `dmfab shutdown`.
pub(crate) async fn run(goal: Goal, arguments: &ActionArguments, colour: bool) -> Result<Exit, CommandError> {
    let selection = &arguments.selection;
    let prepared = Prepared::new(selection, colour)?;
    let interruption = interruption::watch();
    let planning = prepared.plan(goal, selection, colour);
    let (session, plans) = tokio::select! {
        planned = planning => planned,
        () = interruption.cancelled() => {
            output::to_stderr("interrupted before anything was changed");
            return Ok(Exit::Interrupted);
        }
    };
    let exit = if arguments.plan {
        prepared.show_plan(goal, &plans, selection, PlanFormat::Tree)
    } else {
        prepared.execute(goal, arguments, &session, &plans, &interruption).await
    };
    session.close().await;
    exit
}

/// Files that are right, and what was chosen of them.
struct Prepared {
    fleet: Fleet,
    selection: Selection,
    style: Style,
    colour: bool,
}

impl Prepared {
    fn new(arguments: &SelectionArguments, colour: bool) -> Result<Self, CommandError> {
        let fleet = session::load(&arguments.files, colour)?;
        let selection = fleet.select(arguments.hosts.hosts.as_deref(), &arguments.items)?;
        if selection.host_names.is_empty() {
            let help = "give the inventory a map, or name one with `--map FILE`".to_owned();
            return Err(CommandError::usage("there is nothing to do: no map runs on any host", Some(help)));
        }
        Ok(Self { fleet, selection, style: Style { colour }, colour })
    }

    async fn plan(
        &self,
        goal: Goal,
        arguments: &SelectionArguments,
        colour: bool,
    ) -> (FleetSession<'_>, Vec<HostPlan>) {
        let host_names = &self.selection.host_names;
        output::to_stderr(&session::echo_hosts(host_names));
        let display = Progress::start(arguments.progress.progress, host_names, colour);
        let session = self.fleet.connect(host_names, arguments.hosts.options(), &display.events).await;
        let plans = session.plan(goal, &self.selection, &display.events).await;
        display.finish().await;
        for (host_name, notice) in session.notices() {
            output::to_stderr(&format!("{host_name}: {notice}"));
        }
        (session, plans)
    }

    async fn execute(
        &self,
        goal: Goal,
        arguments: &ActionArguments,
        session: &FleetSession<'_>,
        plans: &[HostPlan],
        interruption: &CancellationToken,
    ) -> Result<Exit, CommandError> {
        let made: Vec<Plan> = plans.iter().filter_map(|found| found.plan.clone().ok()).collect();
        if made.iter().any(|plan| !plan.is_empty()) {
            output::to_stderr(&plan_view::render(&inventory_name(&arguments.selection), &made, self.style));
        }
        confirm(&made, arguments.yes)?;
        let progress = arguments.selection.progress.progress;
        let display = Progress::start(progress, &self.selection.host_names, self.colour);
        let done = session.execute(goal, plans, &display.events, interruption).await;
        display.finish().await;
        let exit = Exit::of(&done);
        if arguments.selection.output.json {
            output::json(&json::run_document(
                &inventory_name(&arguments.selection),
                &made,
                &done,
                exit as u8,
            ))?;
        } else {
            output::to_stdout(&summary::render(&done, self.style));
        }
        Ok(exit)
    }

    /// Shows plans, and the hosts that have none.
    fn show_plan(
        &self,
        goal: Goal,
        plans: &[HostPlan],
        arguments: &SelectionArguments,
        format: PlanFormat,
    ) -> Result<Exit, CommandError> {
        let made: Vec<Plan> = plans.iter().filter_map(|found| found.plan.clone().ok()).collect();
        let missed = without_plan(goal, plans);
        let exit = Exit::of(&missed);
        let inventory = inventory_name(arguments);
        if arguments.output.json {
            let mut document = json::plan_document(&inventory, &made);
            document["unplanned"] = serde_json::to_value(&missed.hosts).unwrap_or_default();
            output::json(&document)?;
            return Ok(exit);
        }
        match format {
            PlanFormat::Tree => output::to_stdout(&plan_view::render(&inventory, &made, self.style)),
            PlanFormat::Steps => output::to_stdout(&plan_view::stable(&made)),
        }
        if !missed.hosts.is_empty() {
            output::to_stderr(&summary::render(&missed, self.style));
        }
        Ok(exit)
    }
}

fn inventory_name(arguments: &SelectionArguments) -> String {
    arguments.files.inventory.display().to_string()
}

/// Hosts that could not be planned, as the summary of a run that did nothing.
fn without_plan(goal: Goal, plans: &[HostPlan]) -> RunSummary {
    let hosts = plans.iter().filter_map(|found| {
        let outcome: HostOutcome = found.plan.as_ref().err()?.clone();
        Some(HostSummary { host_name: found.host_name.clone(), outcome, took: found.took })
    });
    let took = plans.iter().map(|found| found.took).max().unwrap_or_default();
    RunSummary { goal, hosts: hosts.collect(), took }
}

/// Asks before something that runs is stopped or removed. Without a terminal nobody can be asked,
/// and the answer is no.
fn confirm(plans: &[Plan], yes: bool) -> Result<(), CommandError> {
    let destructive = plans.iter().filter(|plan| plan.destroys());
    let host_count = destructive.count();
    if yes || host_count == 0 {
        return Ok(());
    }
    let hosts = dmfab::wording::count(host_count, "host");
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(CommandError::usage(
            format!("the plan stops or removes containers on {hosts}, and there is no terminal to ask"),
            Some("look at the plan above, then add `--yes`".to_owned()),
        ));
    }
    output::to_stderr(&format!("This stops or removes containers on {hosts}. Proceed? (y/N)"));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| CommandError::internal(error.into()))?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CommandError::usage("not confirmed; nothing was changed", None)),
    }
}

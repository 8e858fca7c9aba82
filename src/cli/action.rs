//! `plan` and all actions: look, plan, ask, execute, sum up.

use std::convert::Infallible;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use clap::Args;
use dmfab::event::{HostOutcome, HostSummary, RunSummary};
use dmfab::fleet::{Fleet, FleetSession, HostPlan, Selection};
use dmfab::model::ranges;
use dmfab::plan::states::ItemState;
use dmfab::plan::{Action, Goal, Options, Plan, Registries};
use dmfab::report::plan_file::{PlanFile, SavedHost};
use dmfab::report::style::Style;
use dmfab::report::{json, plan_view, states as states_view, summary};
use tokio_util::sync::CancellationToken;

use super::args::{ActionArguments, PlanArguments, PlanFormat, PlanOptions, SelectionArguments};
use super::exit::{CommandError, Exit};
use super::session::Progress;
use super::{interruption, output, plan_file, session};

/// `dmfab plan`.
pub(crate) async fn plan(arguments: &PlanArguments, colour: bool) -> Result<Exit, CommandError> {
    let goal = arguments.goal.goal();
    if let Some(file) = &arguments.file {
        plan_file::check_target(file)?;
    }
    let prepared = if arguments.offline { Prepared::offline } else { Prepared::new };
    let prepared = prepared(&arguments.selection, colour)?;
    let options = options(goal, &arguments.options, &prepared.fleet)?;
    let plans = prepared.look(goal, &options, arguments).await;
    if arguments.states {
        output::to_stdout(&states_view::render(&states(&plans)));
    }
    let format = if arguments.states { PlanFormat::None } else { arguments.format };
    let exit = prepared.show_plan(goal, &plans, &arguments.selection, format)?;
    if let Some(file) = &arguments.file {
        prepared.save(file, goal, &options, &plans, &arguments.selection)?;
    }
    let is_pending = plans.iter().any(|found| found.plan.as_ref().is_ok_and(|plan| !plan.is_empty()));
    Ok(if exit == Exit::Done && arguments.exit_code && is_pending { Exit::ChangesPending } else { exit })
}

/// The states of items, by host.
fn states(plans: &[HostPlan]) -> Vec<(&str, &[ItemState])> {
    plans.iter().map(|found| (found.host_name.as_str(), &found.states[..])).collect()
}

/// What was asked for beside a goal.
fn options(goal: Goal, typed: &impl PlanOptions, fleet: &Fleet) -> Result<Options, CommandError> {
    let mut options = Options::of(goal);
    typed.apply(&mut options);
    options.force_update = fleet.find_items(&typed.forced_items())?;
    Ok(options)
}

/// `dmfab deploy`, `dmfab stop`, ...
pub(crate) async fn run<Own: Args + PlanOptions>(
    goal: Goal,
    arguments: &ActionArguments<Own>,
    colour: bool,
) -> Result<Exit, CommandError> {
    let selection = &arguments.selection;
    let prepared = Prepared::new(selection, colour)?;
    let interruption = interruption::watch();
    let options = options(goal, &arguments.own, &prepared.fleet)?;
    let planning = prepared.plan(goal, &options, selection);
    let (session, plans) = tokio::select! {
        planned = planning => planned,
        () = interruption.cancelled() => return Ok(interrupted_early()),
    };
    let exit = if arguments.plan {
        prepared.show_plan(goal, &plans, selection, PlanFormat::Tree)
    } else {
        prepared.execute(goal, selection, arguments.yes, &session, &plans, &interruption).await
    };
    session.close().await;
    exit
}

/// Files that are right, and what was chosen of them.
pub(super) struct Prepared {
    fleet: Fleet,
    pub(super) selection: Selection,
    pub(super) style: Style,
    pub(super) colour: bool,
}

impl Prepared {
    pub(super) fn new(arguments: &SelectionArguments, colour: bool) -> Result<Self, CommandError> {
        let Self { fleet, selection, style, colour } = Self::offline(arguments, colour)?;
        let fleet = session::with_secrets(fleet, &selection.host_names)?;
        Ok(Self { fleet, selection, style, colour })
    }

    /// What is needed where no host is contacted: secrets that commands print are not asked for.
    fn offline(arguments: &SelectionArguments, colour: bool) -> Result<Self, CommandError> {
        let fleet = session::load(&arguments.files, colour)?;
        let selection = fleet.select(arguments.hosts.hosts.as_deref(), &arguments.items)?;
        if selection.host_names.is_empty() {
            let help = "give the inventory a map, or name one with `--map FILE`".to_owned();
            return Err(CommandError::usage("there is nothing to do: no map runs on any host", Some(help)));
        }
        Ok(Self { fleet, selection, style: Style { colour }, colour })
    }

    /// Plans, on the hosts or without them.
    async fn look(&self, goal: Goal, options: &Options, arguments: &PlanArguments) -> Vec<HostPlan> {
        if arguments.offline {
            output::to_stderr("no host is contacted: planned as if all were empty");
            return self.fleet.plan_offline(goal, options, &self.selection);
        }
        let (session, plans) = self.plan(goal, options, &arguments.selection).await;
        session.close().await;
        plans
    }

    pub(super) async fn plan(
        &self,
        goal: Goal,
        options: &Options,
        arguments: &SelectionArguments,
    ) -> (FleetSession<'_>, Vec<HostPlan>) {
        let host_names = &self.selection.host_names;
        output::to_stderr(&session::echo_hosts(host_names));
        let display = Progress::start(arguments.progress.progress, host_names, Vec::new(), self.colour);
        let session = self.fleet.connect(host_names, arguments.hosts.options(), &display.events).await;
        let plans = session.plan(goal, options, &self.selection, &display.events).await;
        display.finish().await;
        session::show_notices(&session);
        (session, plans)
    }

    /// What is to be saved of plans.
    pub(super) fn saved_hosts(&self, plans: &[HostPlan]) -> Vec<SavedHost> {
        let hosts = plans.iter().filter_map(|found| {
            let engine = self.fleet.spec().hosts.get(&found.host_name)?.connection.to_string();
            Some(SavedHost::new(engine, found.plan.as_ref().ok()?, &found.seen))
        });
        hosts.collect()
    }

    /// A plan that leaves out hosts would say nothing of them when it is carried out.
    fn save(
        &self,
        file: &Path,
        goal: Goal,
        options: &Options,
        plans: &[HostPlan],
        arguments: &SelectionArguments,
    ) -> Result<(), CommandError> {
        let missed: Vec<&str> =
            plans.iter().filter(|found| found.plan.is_err()).map(|found| found.host_name.as_str()).collect();
        if !missed.is_empty() {
            let hosts = ranges::fold(missed);
            output::to_stderr(&format!(
                "the plan was not saved: there is none for {hosts}\n\
                 help: choose the other hosts with `--hosts`, or plan again when all of them answer"
            ));
            return Ok(());
        }
        let request = plan_file::request(arguments, goal, options)?;
        plan_file::write(file, &PlanFile::new(request, self.saved_hosts(plans)))?;
        let file = file.display();
        output::to_stderr(&format!("saved in `{file}`; carry it out with `dmfab apply {file}`"));
        Ok(())
    }

    pub(super) async fn execute(
        &self,
        goal: Goal,
        arguments: &SelectionArguments,
        yes: bool,
        session: &FleetSession<'_>,
        plans: &[HostPlan],
        interruption: &CancellationToken,
    ) -> Result<Exit, CommandError> {
        let made: Vec<Plan> = plans.iter().filter_map(|found| found.plan.clone().ok()).collect();
        if made.iter().any(|plan| !plan.is_empty() || !plan.notices.is_empty()) {
            output::to_stderr(&plan_view::render(&inventory_name(arguments), &made, self.style));
        }
        if confirm(&made, yes, interruption).await? == Confirmation::Interrupted {
            return Ok(interrupted_early());
        }
        let progress = arguments.progress.progress;
        let ended = without_plan(goal, plans).hosts;
        let display = Progress::start(progress, &self.selection.host_names, ended, self.colour);
        let done = tokio::select! {
            done = session.execute(goal, plans, &display.events, interruption) => done,
            never = told_of(interruption) => match never {},
        };
        display.finish().await;
        let exit = Exit::of(&done);
        if arguments.output.json {
            output::json(&json::run_document(&inventory_name(arguments), &made, &done, exit as u8))?;
        } else {
            output::to_stdout(&summary::render(&done, self.style));
        }
        Ok(exit)
    }

    /// Shows plans, and the hosts that have none.
    pub(super) fn show_plan(
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
            let planned =
                plans.iter().filter_map(|found| Some((found.plan.as_ref().ok()?, &found.states[..])));
            let mut document = json::plan_document(&inventory, planned);
            document["unplanned"] = serde_json::to_value(&missed.hosts).unwrap_or_default();
            output::json(&document)?;
            return Ok(exit);
        }
        output::to_stdout(&plan_text(&inventory, &made, format, self.style));
        if made.iter().any(|plan| plan.registries == Registries::NotAsked) {
            output::to_stderr("registries were not asked whether tags have moved; `--pull always` asks them");
        }
        if !missed.hosts.is_empty() {
            output::to_stderr(&summary::render(&missed, self.style));
        }
        Ok(exit)
    }
}

/// Nothing where there is no plan: that there is nothing to do is not known of hosts that could not
/// be looked at.
fn plan_text(inventory: &str, plans: &[Plan], format: PlanFormat, style: Style) -> String {
    match format {
        PlanFormat::Tree if plans.is_empty() => String::new(),
        PlanFormat::Tree => plan_view::render(inventory, plans, style),
        PlanFormat::Steps => plan_view::stable(plans),
        PlanFormat::None => String::new(),
    }
}

pub(super) fn inventory_name(arguments: &SelectionArguments) -> String {
    arguments.files.inventory.display().to_string()
}

/// Hosts that could not be planned, as the summary of a run that did nothing.
pub(super) fn without_plan(goal: Goal, plans: &[HostPlan]) -> RunSummary {
    let hosts = plans.iter().filter_map(|found| {
        let outcome: HostOutcome = found.plan.as_ref().err()?.clone();
        Some(HostSummary { host_name: found.host_name.clone(), outcome, took: found.took })
    });
    let took = plans.iter().map(|found| found.took).max().unwrap_or_default();
    RunSummary { goal, hosts: hosts.collect(), took }
}

/// The end of a run that was interrupted while nothing had begun.
pub(super) fn interrupted_early() -> Exit {
    output::to_stderr("interrupted before anything was changed");
    Exit::Interrupted
}

/// Tells, once it is so, that steps are still ending.
pub(super) async fn told_of(interruption: &CancellationToken) -> Infallible {
    interruption.cancelled().await;
    output::to_stderr("interrupted: finishing the steps that run; interrupt again to stop at once");
    std::future::pending().await
}

/// Whether to go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// Yes, or there was nothing to ask.
    Given,
    /// There was no answer, but an interruption.
    Interrupted,
}

/// Asks before something that runs is stopped or removed. Without a terminal nobody can be asked,
/// and the answer is no.
pub(super) async fn confirm(
    plans: &[Plan],
    yes: bool,
    interruption: &CancellationToken,
) -> Result<Confirmation, CommandError> {
    let destructive = plans.iter().filter(|plan| plan.destroys());
    let host_count = destructive.count();
    if yes || host_count == 0 {
        return Ok(Confirmation::Given);
    }
    let hosts = dmfab::wording::count(host_count, "host");
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(CommandError::usage(
            format!("the plan {} on {hosts}, and there is no terminal to ask", damage(plans)),
            Some("look at the plan above, then add `--yes`".to_owned()),
        ));
    }
    output::to_stderr(&format!("This {} on {hosts}. Proceed? (y/N)", damage(plans)));
    let read = || {
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map(|_| answer)
    };
    answer(read, interruption).await
}

/// What plans do to what is there, at worst.
fn damage(plans: &[Plan]) -> &'static str {
    let is_of = |is_meant: fn(&Action) -> bool| {
        plans.iter().flat_map(|plan| &plan.steps).any(|step| is_meant(&step.action))
    };
    let ends =
        is_of(|action| matches!(action, Action::StopContainer { .. } | Action::RemoveContainer { .. }));
    if is_of(|action| matches!(action, Action::RemoveVolume { .. })) {
        return "removes volumes with their files, and may stop or remove containers,";
    }
    let signals = is_of(|action| matches!(action, Action::SignalContainer { .. }));
    if signals && !ends { "sends signals to containers" } else { "stops or removes containers" }
}

/// Waits for an answer, which a terminal gives in its own time, or for an interruption.
async fn answer(
    read: impl FnOnce() -> io::Result<String> + Send + 'static,
    interruption: &CancellationToken,
) -> Result<Confirmation, CommandError> {
    let answer = tokio::select! {
        biased;
        () = interruption.cancelled() => return Ok(Confirmation::Interrupted),
        answer = tokio::task::spawn_blocking(read) => answer,
    };
    let answer = answer.map_err(io::Error::other).flatten();
    let answer = answer.map_err(|error| CommandError::internal(error.into()))?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(Confirmation::Given),
        _ => Err(CommandError::usage("not confirmed; nothing was changed", None)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn without_plans_nothing_is_said_of_what_is_to_do() {
        for format in [PlanFormat::Tree, PlanFormat::Steps] {
            assert_eq!(plan_text("prod.yaml", &[], format, Style::PLAIN), "", "{format:?}");
        }
        let idle = Plan::empty("web1", Goal::Deploy);
        let text = plan_text("prod.yaml", &[idle], PlanFormat::Tree, Style::PLAIN);
        assert!(text.contains("nothing to do"), "{text}");
    }

    #[tokio::test]
    async fn only_yes_is_a_yes() {
        let token = CancellationToken::new();
        for yes in ["y\n", "Yes\n", " YES \n"] {
            let given = answer(move || Ok(yes.to_owned()), &token).await;
            assert!(matches!(given, Ok(Confirmation::Given)), "{yes}");
        }
        for no in ["", "\n", "n\n", "yess\n"] {
            let refused = answer(move || Ok(no.to_owned()), &token).await.expect_err(no);
            assert_eq!(refused.exit(), Exit::Usage, "{no}");
        }
        let broken = answer(|| Err(io::Error::other("no terminal")), &token).await;
        assert_eq!(broken.expect_err("no answer").exit(), Exit::Internal);
    }

    #[tokio::test]
    async fn an_interruption_is_not_kept_waiting_for_an_answer() {
        let (keyboard, read) = mpsc::channel::<String>();
        let token = CancellationToken::new();
        let interrupted = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            token.cancel();
        };
        let read = move || read.recv().map_err(io::Error::other);
        let (found, ()) = tokio::join!(answer(read, &token), interrupted);
        assert!(matches!(found, Ok(Confirmation::Interrupted)));
        drop(keyboard);
    }
}

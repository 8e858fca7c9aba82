//! Carries out a plan on one host: independent steps at the same time, dependents afterwards.
//!
//! The executor decides nothing: it starts what the graph allows, skips what depends on a
//! failure, and takes back the finished steps of a replacement that failed. It must not look at
//! the host to find out what to do next; that is the planner's.

pub mod action;
pub mod prepare;
mod prepare_in_container;
mod script;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures_util::future::Either;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::event::{EventKind, Events, HostOutcome, Problem, Scripts, SkipReason, StepFailure, Undo};
use crate::host::engine::{Engine, ExecOutcome};
use crate::host::shell::Shell;
use crate::model::item::ItemKind;
use crate::model::ownership::PREDECESSOR_SUFFIX;
use crate::plan::{Action, Finally, Plan, ReplacementId, Step, StepId};

use action::Host;
pub use script::ScriptError;
use script::Stage;

/// Steps of one host that run at the same time. Those that mostly wait are not
/// counted: ten stops of ten seconds are to take no longer than one.
pub const DEFAULT_STEPS_AT_ONCE: usize = 8;

/// Carries out a plan and tells how the host stands then.
///
/// An interruption lets running steps end, begins no further ones, and takes back replacements
/// that are not complete.
pub async fn execute<E: Engine, S: Shell>(
    plan: &Plan,
    host: &Host<'_, E, S>,
    events: &Events,
    interruption: &CancellationToken,
) -> HostOutcome {
    execute_scripts(plan, host, events, interruption, &Scripts::unseen()).await
}

/// The same, and `scripts` gets what scripts write and how they end. An interruption ends scripts, and
/// what clears up after them is done nevertheless.
pub async fn execute_scripts<E: Engine, S: Shell>(
    plan: &Plan,
    host: &Host<'_, E, S>,
    events: &Events,
    interruption: &CancellationToken,
    scripts: &Scripts,
) -> HostOutcome {
    let told = Told { events, interruption, scripts };
    let mut run = Run::new(plan, host, told);
    run.walk(interruption).await;
    let outcome = run.outcome(interruption.is_cancelled());
    events.send(&plan.host_name, EventKind::Finished { outcome: outcome.clone() });
    outcome
}

/// Who is told of steps, and who tells them to end.
#[derive(Clone, Copy)]
struct Told<'a> {
    events: &'a Events,
    interruption: &'a CancellationToken,
    scripts: &'a Scripts,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
    Undone,
    /// There was nothing to clear up.
    Unneeded,
}

struct Run<'a, E, S> {
    plan: &'a Plan,
    host: &'a Host<'a, E, S>,
    told: Told<'a>,
    progress: Vec<Progress>,
    /// Failed steps in the plan's order, with the replacement each was part of.
    failures: BTreeMap<StepId, (StepFailure, Option<ReplacementId>)>,
    /// Replacements that will not be completed and have to be taken back.
    doomed: BTreeSet<ReplacementId>,
    /// Failed steps that may have had their effect.
    uncertain: BTreeSet<StepId>,
    /// Scripts that took too long.
    timed_out: BTreeSet<StepId>,
}

/// What comes to an end while a plan is carried out.
enum Ended {
    Step(StepId, Result<(), Failed>),
    Interrupted(StepId),
    Undo(ReplacementId, Undo),
}

/// How a step failed.
struct Failed {
    problem: Problem,
    /// It may have had its effect: what takes it back is tried, too.
    is_uncertain: bool,
    /// It is a script that took too long.
    is_timeout: bool,
}

impl<'a, E: Engine, S: Shell> Run<'a, E, S> {
    fn new(plan: &'a Plan, host: &'a Host<'a, E, S>, told: Told<'a>) -> Self {
        let progress = vec![Progress::Waiting; plan.steps.len()];
        Self {
            plan,
            host,
            told,
            progress,
            failures: BTreeMap::new(),
            doomed: BTreeSet::new(),
            uncertain: BTreeSet::new(),
            timed_out: BTreeSet::new(),
        }
    }

    async fn walk(&mut self, interruption: &CancellationToken) {
        let mut running = FuturesUnordered::new();
        loop {
            if interruption.is_cancelled() {
                self.abandon_waiting();
            }
            self.drop_unneeded();
            for id in self.ready_steps() {
                self.progress[id.0] = Progress::Running;
                running.push(Either::Left(perform(self.plan, id, self.host, self.told)));
            }
            for (replacement, steps) in self.ready_undos() {
                running.push(Either::Right(undo(self.plan, replacement, steps, self.host, self.told.events)));
            }
            match running.next().await {
                Some(Ended::Step(id, Ok(()))) => self.progress[id.0] = Progress::Done,
                Some(Ended::Step(id, Err(failed))) => self.fail(id, failed),
                Some(Ended::Interrupted(id)) => {
                    self.skip(id, &self.plan.steps[id.0], SkipReason::Interrupted);
                }
                Some(Ended::Undo(replacement, undone)) => self.note_undo(replacement, &undone),
                None => break,
            }
        }
    }

    /// Steps to begin now. Those that mostly wait take no place of others.
    fn ready_steps(&self) -> Vec<StepId> {
        let of = |wanted: Progress| self.steps().filter(move |(id, _)| self.progress[id.0] == wanted);
        let at_work = of(Progress::Running).filter(|(_, step)| !is_waiting(step)).count();
        let mut places = DEFAULT_STEPS_AT_ONCE.saturating_sub(at_work);
        let mut has_place = |step: &Step| {
            let has_place = is_waiting(step) || places > 0;
            places -= usize::from(has_place && !is_waiting(step));
            has_place
        };
        of(Progress::Waiting)
            .filter(|(_, step)| self.may_begin(step))
            .filter(|(_, step)| has_place(step))
            .map(|(id, _)| id)
            .collect()
    }

    /// What clears up waits only for ends.
    fn may_begin(&self, step: &Step) -> bool {
        let progress = |id: &StepId| self.progress[id.0];
        match step.finally {
            None => step.after.iter().all(|id| progress(id) == Progress::Done),
            Some(_) => {
                step.after.iter().all(|id| !matches!(progress(id), Progress::Waiting | Progress::Running))
            }
        }
    }

    /// Settles what would clear up where nothing is to be cleared up.
    fn drop_unneeded(&mut self) {
        let waiting = self.steps().filter(|(id, _)| self.progress[id.0] == Progress::Waiting);
        let unneeded: Vec<StepId> = waiting
            .filter(|(_, step)| self.may_begin(step))
            .filter(|(_, step)| step.finally.is_some_and(|finally| !self.is_needed(finally)))
            .map(|(id, _)| id)
            .collect();
        for id in unneeded {
            self.progress[id.0] = Progress::Unneeded;
        }
    }

    fn is_needed(&self, finally: Finally) -> bool {
        let made = finally.takes_away;
        let is_made = self.progress[made.0] == Progress::Done || self.uncertain.contains(&made);
        is_made && !finally.unless_timed_out.is_some_and(|run| self.timed_out.contains(&run))
    }

    /// Doomed replacements of which no step runs any more, with their finished steps, last first, and
    /// whether each only may have been done.
    fn ready_undos(&mut self) -> Vec<(ReplacementId, Vec<(StepId, bool)>)> {
        let runs = |replacement: ReplacementId| {
            self.members(replacement).any(|id| self.progress[id.0] == Progress::Running)
        };
        let (waiting, ready): (BTreeSet<_>, BTreeSet<_>) =
            self.doomed.iter().copied().partition(|replacement| runs(*replacement));
        self.doomed = waiting;
        ready.into_iter().map(|replacement| (replacement, self.take_done(replacement))).collect()
    }

    fn take_done(&mut self, replacement: ReplacementId) -> Vec<(StepId, bool)> {
        let is_done = |id: StepId| self.progress[id.0] == Progress::Done;
        let is_uncertain = |id: StepId| self.uncertain.contains(&id);
        let mut done: Vec<(StepId, bool)> = self
            .members(replacement)
            .filter(|id| is_done(*id) || is_uncertain(*id))
            .map(|id| (id, is_uncertain(id)))
            .collect();
        done.reverse();
        for (id, _) in done.iter().filter(|(_, is_uncertain)| !is_uncertain) {
            self.progress[id.0] = Progress::Undone;
        }
        done
    }

    fn members(&self, replacement: ReplacementId) -> impl Iterator<Item = StepId> + use<'a, E, S> {
        let is_member = move |step: &Step| step.replacement == Some(replacement);
        self.steps().filter(move |(_, step)| is_member(step)).map(|(id, _)| id)
    }

    fn steps(&self) -> impl Iterator<Item = (StepId, &'a Step)> + use<'a, E, S> {
        self.plan.steps.iter().enumerate().map(|(index, step)| (StepId(index), step))
    }

    fn fail(&mut self, id: StepId, failed: Failed) {
        let Failed { problem, is_uncertain, is_timeout } = failed;
        self.progress[id.0] = Progress::Failed;
        self.timed_out.extend(is_timeout.then_some(id));
        self.uncertain.extend(is_uncertain.then_some(id));
        let step = &self.plan.steps[id.0];
        self.doomed.extend(step.replacement);
        let failure = StepFailure { text: step.action.to_string(), problem, undo: Undo::NotNeeded };
        self.failures.insert(id, (failure, step.replacement));
        self.skip_lost(SkipReason::DependencyFailed);
    }

    /// Skips what waits for something that will not be done, or stands or falls with it. That may
    /// doom replacements, and these again further steps.
    fn skip_lost(&mut self, reason: SkipReason) {
        loop {
            let lost: Vec<_> = self.steps().filter(|(id, step)| self.is_lost(*id, step)).collect();
            if lost.is_empty() {
                return;
            }
            for (id, step) in lost {
                self.skip(id, step, reason);
            }
        }
    }

    fn is_lost(&self, id: StepId, step: &Step) -> bool {
        let waits_in_vain = step.after.iter().any(|wait| {
            matches!(self.progress[wait.0], Progress::Failed | Progress::Skipped | Progress::Undone)
        });
        let is_doomed = step.replacement.is_some_and(|replacement| self.doomed.contains(&replacement));
        self.progress[id.0] == Progress::Waiting && step.finally.is_none() && (waits_in_vain || is_doomed)
    }

    fn skip(&mut self, id: StepId, step: &Step, reason: SkipReason) {
        self.progress[id.0] = Progress::Skipped;
        self.doomed.extend(step.replacement);
        let text = step.action.to_string();
        self.told.events.send(&self.plan.host_name, EventKind::StepSkipped { step: id, text, reason });
    }

    fn abandon_waiting(&mut self) {
        for (id, step) in self.steps() {
            if self.progress[id.0] == Progress::Waiting && step.finally.is_none() {
                self.skip(id, step, SkipReason::Interrupted);
            }
        }
    }

    /// A replacement may be lost because of a failure elsewhere; then only its own undoing can
    /// fail, and that is told by the failure it came from.
    fn note_undo(&mut self, replacement: ReplacementId, undone: &Undo) {
        let undone = match undone {
            Undo::Done if self.is_first_creation(replacement) => &Undo::Removed,
            undone => undone,
        };
        let own = self.failures.values_mut().filter(|(_, failed)| *failed == Some(replacement));
        let mut is_told = false;
        for (failure, _) in own {
            failure.undo = undone.clone();
            is_told = true;
        }
        if let (false, Undo::Failed(problem)) = (is_told, undone) {
            let text = "put back what had been begun".to_owned();
            let failure = StepFailure { text, problem: problem.clone(), undo: undone.clone() };
            let last = self.members(replacement).last().unwrap_or(StepId(self.plan.steps.len()));
            self.failures.insert(last, (failure, Some(replacement)));
        }
        self.skip_lost(SkipReason::DependencyFailed);
    }

    /// Whether something is made that was not there before the plan.
    fn is_first_creation(&self, replacement: ReplacementId) -> bool {
        let is_made = |id: StepId| {
            matches!(
                self.plan.steps[id.0].action,
                Action::CreateContainer { .. } | Action::CreateVolume { .. } | Action::CreateNetwork { .. }
            )
        };
        let items: BTreeSet<_> = self.members(replacement).map(|id| &self.plan.steps[id.0].item).collect();
        let of_items = self.plan.steps.iter().filter(|step| items.contains(&step.item));
        self.members(replacement).any(is_made) && !of_items.into_iter().any(takes_away)
    }

    fn outcome(self, was_interrupted: bool) -> HostOutcome {
        // Items that are not what they were before.
        let changed = self.items(Progress::Done);
        let unchanged = self.plan.unchanged.len();
        let skipped = self.count(Progress::Skipped);
        if self.failures.is_empty() {
            return if was_interrupted && skipped > 0 {
                let put_back = self.items(Progress::Undone);
                HostOutcome::Interrupted { changed, unchanged, skipped, put_back }
            } else {
                HostOutcome::Done { changed, unchanged }
            };
        }
        let failures: Vec<StepFailure> = self.failures.values().map(|(failure, _)| failure.clone()).collect();
        let touched = self
            .steps()
            .any(|(id, step)| self.progress[id.0] == Progress::Done && step.item.kind == ItemKind::Container);
        let rolled_back = !touched && failures.iter().all(|failure| failure.undo.is_complete());
        HostOutcome::Failed { changed, unchanged, failures, skipped, rolled_back }
    }

    fn count(&self, wanted: Progress) -> usize {
        self.progress.iter().filter(|progress| **progress == wanted).count()
    }

    /// Items of which some step came to this.
    fn items(&self, progress: Progress) -> usize {
        let steps = self.steps().filter(|(id, _)| self.progress[id.0] == progress);
        steps.map(|(_, step)| &step.item).collect::<BTreeSet<_>>().len()
    }
}

/// Whether a step takes away what bears the name of its item, or sets it aside.
fn takes_away(step: &Step) -> bool {
    match &step.action {
        Action::RenameContainer { container_name, new_name } => {
            *container_name == step.item.name && new_name.ends_with(PREDECESSOR_SUFFIX)
        }
        Action::RemoveVolume { .. } | Action::RemoveNetwork { .. } => true,
        _ => false,
    }
}

/// Whether a step mostly waits: for what a container shows, or for its end.
fn is_waiting(step: &Step) -> bool {
    matches!(
        step.action,
        Action::VerifyContainer { .. } | Action::StopContainer { .. } | Action::RunScript { .. }
    )
}

/// Performs one step; its end is always told, whichever it is.
async fn perform<E: Engine, S: Shell>(
    plan: &Plan,
    id: StepId,
    host: &Host<'_, E, S>,
    told: Told<'_>,
) -> Ended {
    let action = &plan.steps[id.0].action;
    let text = action.to_string();
    let Told { events, interruption, scripts } = told;
    events.send(&plan.host_name, EventKind::StepStarted { step: id, text: text.clone() });
    let started = Instant::now();
    let stage = Stage { engine: host.engine, host_name: &plan.host_name, scripts };
    let work = async {
        match stage.perform(action).await {
            Some(ended) => ended.map(|()| None),
            None => host.perform(action).await,
        }
    };
    let ended = tokio::select! {
        biased;
        ended = work => ended,
        () = interruption.cancelled(), if ends_when_interrupted(action) => return Ended::Interrupted(id),
    };
    match ended {
        Ok(outcome) => {
            let took = started.elapsed();
            if let Some(ExecOutcome { exit_code, output }) = outcome {
                let (text, output) = (text.clone(), host.secrets.mask(&output));
                let told = EventKind::CommandRun { step: id, text, exit_code, output };
                events.send(&plan.host_name, told);
            }
            events.send(&plan.host_name, EventKind::StepFinished { step: id, text, took });
            Ended::Step(id, Ok(()))
        }
        Err(error) => {
            let problem = host.explain(action, &error).await;
            let told = EventKind::StepFailed { step: id, text, problem: problem.clone() };
            events.send(&plan.host_name, told);
            let (is_uncertain, is_timeout) = (error.is_uncertain(), error.is_script_timeout());
            Ended::Step(id, Err(Failed { problem, is_uncertain, is_timeout }))
        }
    }
}

/// Whether a step may take any time, and leaves nothing behind that is not cleared up.
fn ends_when_interrupted(action: &Action) -> bool {
    matches!(action, Action::UploadFiles { .. } | Action::RunScript { .. } | Action::DownloadFiles { .. })
}

/// Takes back finished steps of a replacement, in the order given. One that cannot be taken back
/// stops nothing, for the container that served before is worth every try; only a host that does
/// not answer any more is left alone.
async fn undo<E: Engine, S: Shell>(
    plan: &Plan,
    replacement: ReplacementId,
    steps: Vec<(StepId, bool)>,
    host: &Host<'_, E, S>,
    events: &Events,
) -> Ended {
    let mut outcome = Undo::Done;
    for (step, may_be_undone) in steps {
        let Some(action) = &plan.steps[step.0].undo else { continue };
        let text = action.to_string();
        let Err(error) = host.perform(action).await else {
            events.send(&plan.host_name, EventKind::StepUndone { step, text });
            continue;
        };
        // Nothing was there to be taken back.
        if may_be_undone && error.is_not_found_or_conflict() {
            continue;
        }
        let problem = host.explain(action, &error).await;
        outcome = Undo::Failed(problem.clone());
        events.send(&plan.host_name, EventKind::UndoFailed { step, text, problem });
        if error.is_uncertain() {
            break;
        }
    }
    Ended::Undo(replacement, outcome)
}

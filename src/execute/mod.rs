//! Carries out a plan on one host: independent steps at the same time, dependents afterwards.
//!
//! The executor decides nothing: it starts what the graph allows, skips what depends on a
//! failure, and takes back the finished steps of a replacement that failed. It must not look at
//! the host to find out what to do next; that is the planner's.

pub mod action;
pub mod prepare;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Instant;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::event::{EventKind, Events, HostOutcome, Problem, SkipReason, StepFailure, Undo};
use crate::host::engine::Engine;
use crate::host::shell::Shell;
use crate::plan::{Action, Plan, ReplacementId, Step, StepId};

use action::{ActionError, Host};

/// Steps of one host that run at the same time.
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
    let mut run = Run::new(plan, host, events);
    run.walk(interruption).await;
    let outcome = run.outcome(interruption.is_cancelled());
    events.send(&plan.host_name, EventKind::Finished { outcome: outcome.clone() });
    outcome
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
    Undone,
}

struct Run<'a, E, S> {
    plan: &'a Plan,
    host: &'a Host<'a, E, S>,
    events: &'a Events,
    progress: Vec<Progress>,
    failures: Vec<StepFailure>,
}

impl<'a, E: Engine, S: Shell> Run<'a, E, S> {
    fn new(plan: &'a Plan, host: &'a Host<'a, E, S>, events: &'a Events) -> Self {
        Self { plan, host, events, progress: vec![Progress::Waiting; plan.steps.len()], failures: Vec::new() }
    }

    async fn walk(&mut self, interruption: &CancellationToken) {
        let mut running = FuturesUnordered::new();
        loop {
            if !interruption.is_cancelled() {
                for id in self.ready_steps(DEFAULT_STEPS_AT_ONCE.saturating_sub(running.len())) {
                    self.progress[id.0] = Progress::Running;
                    running.push(perform(self.plan, id, self.host, self.events));
                }
            }
            let Some((id, result)) = running.next().await else { break };
            match result {
                Ok(()) => self.progress[id.0] = Progress::Done,
                Err(problem) => self.fail(id, problem).await,
            }
        }
        self.skip_rest(SkipReason::Interrupted).await;
    }

    fn ready_steps(&self, limit: usize) -> Vec<StepId> {
        let waiting = self.steps().filter(|(id, _)| self.progress[id.0] == Progress::Waiting);
        let ready =
            waiting.filter(|(_, step)| step.after.iter().all(|id| self.progress[id.0] == Progress::Done));
        ready.map(|(id, _)| id).take(limit).collect()
    }

    fn steps(&self) -> impl Iterator<Item = (StepId, &'a Step)> + use<'a, E, S> {
        self.plan.steps.iter().enumerate().map(|(index, step)| (StepId(index), step))
    }

    async fn fail(&mut self, id: StepId, problem: Problem) {
        self.progress[id.0] = Progress::Failed;
        self.skip_dependents(id);
        let step = &self.plan.steps[id.0];
        let undo = match step.replacement {
            Some(replacement) => self.undo(replacement).await,
            None => Undo::NotNeeded,
        };
        self.failures.push(StepFailure { text: step.action.to_string(), problem, undo });
    }

    fn skip_dependents(&mut self, failed: StepId) {
        let mut lost = BTreeSet::from([failed]);
        for (id, step) in self.steps() {
            let is_lost = step.after.iter().any(|wait| lost.contains(wait));
            if is_lost && self.progress[id.0] == Progress::Waiting {
                lost.insert(id);
                self.skip(id, step, SkipReason::DependencyFailed);
            }
        }
    }

    fn skip(&mut self, id: StepId, step: &Step, reason: SkipReason) {
        self.progress[id.0] = Progress::Skipped;
        let text = step.action.to_string();
        self.events.send(&self.plan.host_name, EventKind::StepSkipped { step: id, text, reason });
    }

    /// Skips what was not begun, and takes back the replacements that are therefore incomplete.
    async fn skip_rest(&mut self, reason: SkipReason) {
        let mut incomplete = BTreeSet::new();
        for (id, step) in self.steps() {
            if self.progress[id.0] == Progress::Waiting {
                self.skip(id, step, reason);
                incomplete.extend(step.replacement);
            }
        }
        for replacement in incomplete {
            self.undo(replacement).await;
        }
    }

    /// Takes back the finished steps of a replacement, last one first. One that cannot be taken back
    /// stops nothing: the container that served before is worth every try.
    async fn undo(&mut self, replacement: ReplacementId) -> Undo {
        let mut outcome = Undo::Done;
        let steps: Vec<_> = self.steps().filter(|(_, step)| step.replacement == Some(replacement)).collect();
        for (id, step) in steps.into_iter().rev() {
            if self.progress[id.0] != Progress::Done {
                continue;
            }
            if let Some(undo) = &step.undo
                && let Err(problem) = self.undo_step(id, undo).await
            {
                outcome = Undo::Failed(problem);
            }
            self.progress[id.0] = Progress::Undone;
        }
        outcome
    }

    async fn undo_step(&self, step: StepId, undo: &Action) -> Result<(), Problem> {
        let text = undo.to_string();
        let result = self.host.perform(undo).await.map_err(|error| Problem::of(&error));
        let told = match &result {
            Ok(()) => EventKind::StepUndone { step, text },
            Err(problem) => EventKind::UndoFailed { step, text, problem: problem.clone() },
        };
        self.events.send(&self.plan.host_name, told);
        result
    }

    fn outcome(self, was_interrupted: bool) -> HostOutcome {
        let changed = self.changed_items();
        let unchanged = self.plan.unchanged.len();
        let skipped = self.count(Progress::Skipped);
        if self.failures.is_empty() {
            return match skipped {
                0 => HostOutcome::Done { changed, unchanged },
                _ if was_interrupted => HostOutcome::Interrupted { changed, unchanged, skipped },
                _ => HostOutcome::Done { changed, unchanged },
            };
        }
        let rolled_back = changed == 0 && self.failures.iter().all(|failure| failure.undo == Undo::Done);
        HostOutcome::Failed { changed, unchanged, failures: self.failures, skipped, rolled_back }
    }

    fn count(&self, wanted: Progress) -> usize {
        self.progress.iter().filter(|progress| **progress == wanted).count()
    }

    /// Items whose steps were all done.
    fn changed_items(&self) -> usize {
        let is_done = |id: StepId| self.progress[id.0] == Progress::Done;
        let (done, open): (Vec<_>, Vec<_>) = self.steps().partition(|(id, _)| is_done(*id));
        let open: BTreeSet<_> = open.into_iter().map(|(_, step)| &step.item).collect();
        let done: BTreeSet<_> = done.into_iter().map(|(_, step)| &step.item).collect();
        done.difference(&open).count()
    }
}

/// Performs one step; its end is always told, whichever it is.
async fn perform<E: Engine, S: Shell>(
    plan: &Plan,
    id: StepId,
    host: &Host<'_, E, S>,
    events: &Events,
) -> (StepId, Result<(), Problem>) {
    let action = &plan.steps[id.0].action;
    let text = action.to_string();
    events.send(&plan.host_name, EventKind::StepStarted { step: id, text: text.clone() });
    let started = Instant::now();
    let result: Result<(), ActionError> = host.perform(action).await;
    match result {
        Ok(()) => {
            let took = started.elapsed();
            events.send(&plan.host_name, EventKind::StepFinished { step: id, text, took });
            (id, Ok(()))
        }
        Err(error) => {
            let problem = host.explain(action, &error).await;
            let told = EventKind::StepFailed { step: id, text, problem: problem.clone() };
            events.send(&plan.host_name, told);
            (id, Err(problem))
        }
    }
}

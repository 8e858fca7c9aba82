//! What every host is doing at a moment, as far as events tell.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;

use crate::event::{Event, EventKind, HostOutcome};
use crate::plan::StepId;

use super::shown::one_line;

/// Hosts on which nothing is done, as they are called while others are at work.
pub(super) const UNREACHABLE: &str = "unreachable";
pub(super) const REFUSED: &str = "refused";

/// The hosts of a run, in the order they were given.
#[derive(Debug)]
pub(super) struct Activity {
    hosts: IndexMap<String, HostActivity>,
}

/// What one host is doing.
#[derive(Debug, Default)]
pub(super) struct HostActivity {
    /// Connecting, or looking at the host.
    preliminary: Option<Work>,
    steps: BTreeMap<StepId, Work>,
    /// Steps that were done, failed, or skipped.
    pub(super) ended_steps: usize,
    /// Steps of the plan, once there is one.
    pub(super) step_count: Option<usize>,
    /// Nothing more will happen.
    pub(super) has_ended: bool,
    /// Something failed.
    pub(super) has_failed: bool,
    /// Nothing is done on it, since it cannot be: `unreachable`, `refused`.
    pub(super) is_out: Option<&'static str>,
}

/// Something that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Work {
    /// `start container shop.web`.
    pub(super) text: String,
    /// Time of the run at which it began.
    pub(super) since: Duration,
}

impl Activity {
    pub(super) fn new(host_names: &[String]) -> Self {
        let hosts = host_names.iter().map(|name| (name.clone(), HostActivity::default())).collect();
        Self { hosts }
    }

    /// Takes an event in; a host that was not announced is added.
    pub(super) fn note(&mut self, event: &Event, elapsed: Duration) {
        self.hosts.entry(event.host_name.clone()).or_default().note(&event.kind, elapsed);
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = (&str, &HostActivity)> {
        self.hosts.iter().map(|(name, host)| (name.as_str(), host))
    }

    pub(super) fn host(&self, name: &str) -> Option<&HostActivity> {
        self.hosts.get(name)
    }
}

impl HostActivity {
    fn note(&mut self, kind: &EventKind, elapsed: Duration) {
        let begins = |text: &str| Some(Work { text: one_line(text), since: elapsed });
        match kind {
            EventKind::ConnectStarted => self.preliminary = begins("connect"),
            // Hosts may have to wait for others before they are read; both takes its time here.
            EventKind::Connected { .. } => self.preliminary = begins("connected, not read yet"),
            EventKind::Planned { step_count, .. } => {
                self.preliminary = None;
                self.step_count = Some(*step_count);
            }
            EventKind::StepStarted { step, text } => {
                self.steps.extend(begins(text).map(|work| (*step, work)));
            }
            EventKind::StepFinished { step, .. } | EventKind::StepSkipped { step, .. } => {
                self.end_step(*step);
            }
            EventKind::StepFailed { step, .. } => {
                self.has_failed = true;
                self.end_step(*step);
            }
            EventKind::CommandRun { .. } | EventKind::StepUndone { .. } => {}
            EventKind::UndoFailed { .. } => self.has_failed = true,
            EventKind::Unreachable { .. } => {
                self.is_out = Some(UNREACHABLE);
                self.end();
            }
            EventKind::Finished { outcome } => {
                match outcome {
                    HostOutcome::Unreachable { .. } => self.is_out = Some(UNREACHABLE),
                    HostOutcome::Refused { .. } => self.is_out = Some(REFUSED),
                    HostOutcome::Failed { .. } => self.has_failed = true,
                    HostOutcome::Done { .. } | HostOutcome::Interrupted { .. } => {}
                }
                self.end();
            }
        }
    }

    fn end_step(&mut self, step: StepId) {
        self.steps.remove(&step);
        self.ended_steps += 1;
    }

    fn end(&mut self) {
        self.preliminary = None;
        self.steps.clear();
        self.has_ended = true;
    }

    /// What runs longest, if anything runs.
    pub(super) fn oldest_work(&self) -> Option<&Work> {
        self.preliminary.iter().chain(self.steps.values()).min_by_key(|work| work.since)
    }

    /// How many things run.
    pub(super) fn work_count(&self) -> usize {
        self.steps.len() + usize::from(self.preliminary.is_some())
    }

    /// The step, if it runs.
    pub(super) fn running_step(&self, step: StepId) -> Option<&Work> {
        self.steps.get(&step)
    }
}

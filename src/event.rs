//! What happened, in the past tense: the only thing that reports are made from.
//!
//! Events are facts without presentation. Executing sends them; the terminal, plain and JSON
//! reporters receive the same ones and know nothing of one another.

mod output;

use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;

use crate::model::observed::EngineVersion;
use crate::plan::{Goal, Plan, StepId};

pub(crate) use output::KeptLog;
pub use output::{KEPT_LOG_BYTES, Output, OutputReceiver, ScriptResult, Scripts};

/// Something that happened on a host.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// The host.
    pub host_name: String,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A connection is being made.
    ConnectStarted,
    /// The Engine answered.
    Connected {
        /// Its version.
        engine: EngineVersion,
        /// From the first packet to the answer.
        #[serde(rename = "took_seconds", serialize_with = "as_seconds")]
        took: Duration,
    },
    /// The host cannot be reached.
    Unreachable {
        /// Why, and what to do.
        problem: Problem,
    },
    /// The host was looked at and a plan was made.
    Planned {
        /// Steps to do.
        step_count: usize,
        /// Items that are as they should be.
        unchanged_count: usize,
    },
    /// A step began.
    StepStarted {
        /// Which.
        step: StepId,
        /// `start container shop.web`.
        text: String,
    },
    /// A step was done.
    StepFinished {
        /// Which.
        step: StepId,
        /// `start container shop.web`.
        text: String,
        /// How long it took.
        #[serde(rename = "took_seconds", serialize_with = "as_seconds")]
        took: Duration,
    },
    /// A command in a container has ended with 0, or is left running; told before its step is finished.
    CommandRun {
        /// Step that it is.
        step: StepId,
        /// `run in container shop.web: migrate`.
        text: String,
        /// Its exit code; `None` if it still runs.
        exit_code: Option<i64>,
        /// Last lines it wrote.
        output: String,
    },
    /// A step failed.
    StepFailed {
        /// Which.
        step: StepId,
        /// `start container shop.web`.
        text: String,
        /// Why.
        problem: Problem,
    },
    /// A step was not begun.
    StepSkipped {
        /// Which.
        step: StepId,
        /// `start container shop.web`.
        text: String,
        /// Why not.
        reason: SkipReason,
    },
    /// A finished step was taken back.
    StepUndone {
        /// Which.
        step: StepId,
        /// `start container shop.web`: what was done to undo it.
        text: String,
    },
    /// A finished step could not be taken back.
    UndoFailed {
        /// Which.
        step: StepId,
        /// What should have been done.
        text: String,
        /// Why it could not.
        problem: Problem,
    },
    /// The host is done with.
    Finished {
        /// How it stands.
        outcome: HostOutcome,
    },
}

/// Why a step was not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// A step it waits for failed.
    DependencyFailed,
    /// The operator interrupted the run.
    Interrupted,
}

/// What went wrong, as one chain from the outermost to the deepest cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// One line a level.
    pub chain: Vec<String>,
    /// What to do; begins with a verb.
    pub help: Option<String>,
    /// Last lines the container or command wrote.
    pub output: Option<String>,
}

impl Problem {
    /// The chain of an error and its sources.
    pub fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut chain = Vec::new();
        let mut next = Some(error);
        while let Some(level) = next {
            chain.push(level.to_string());
            next = level.source();
        }
        chain.dedup();
        Self { chain, help: None, output: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// Adds what was written last; nothing if that is blank.
    #[must_use]
    pub fn with_output(mut self, output: String) -> Self {
        self.output = Some(output).filter(|text| !text.trim().is_empty());
        self
    }

    /// The chain in one line.
    pub fn line(&self) -> String {
        self.chain.join(": ")
    }
}

/// How a host stands at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum HostOutcome {
    /// Everything was done.
    Done {
        /// Items changed.
        changed: usize,
        /// Items that were as they should be.
        unchanged: usize,
    },
    /// Some step failed.
    Failed {
        /// Items that are not what they were before, whether or not they are as wanted.
        changed: usize,
        /// Items that were as they should be.
        unchanged: usize,
        /// The failed steps.
        failures: Vec<StepFailure>,
        /// Steps that were not begun.
        skipped: usize,
        /// Whether everything that failed was put back and nothing else was changed.
        rolled_back: bool,
    },
    /// The host could not be reached, or not be read; nothing was changed.
    Unreachable {
        /// Why.
        problem: Problem,
    },
    /// No plan could be made; nothing was changed.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// The operator interrupted the run.
    Interrupted {
        /// Items whose steps were all done.
        changed: usize,
        /// Items that were as they should be.
        unchanged: usize,
        /// Steps that were not begun.
        skipped: usize,
        /// Containers whose replacement or creation had been begun and was taken back.
        put_back: usize,
    },
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepFailure {
    /// `start container shop.web`.
    pub text: String,
    /// Why.
    pub problem: Problem,
    /// What became of the steps before it.
    pub undo: Undo,
}

/// What became of the steps that a failed one stood or fell with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// It stood alone: there is nothing to take back.
    NotNeeded,
    /// All is as it was before.
    Done,
    /// What was made is removed again; there was nothing before.
    Removed,
    /// Something could not be taken back; the next run finds it.
    Failed(Problem),
}

impl Undo {
    /// Whether nothing is left of what had been begun.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Done | Self::Removed)
    }
}

/// How a run ended, host by host: each host of the run exactly once, in the inventory's order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// What was to be brought about.
    pub goal: Goal,
    /// The hosts.
    pub hosts: Vec<HostSummary>,
    /// Wall time of the run.
    #[serde(rename = "took_seconds", serialize_with = "as_seconds")]
    pub took: Duration,
}

/// How a host stands at the end of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostSummary {
    /// The host.
    pub host_name: String,
    /// How it stands.
    #[serde(flatten)]
    pub outcome: HostOutcome,
    /// Wall time from connecting to the end.
    #[serde(rename = "took_seconds", serialize_with = "as_seconds")]
    pub took: Duration,
}

/// Where events go. Sending never waits and never fails: a reporter that is gone is no reason to
/// stop a deployment.
#[derive(Debug, Clone)]
pub struct Events {
    sender: Option<mpsc::UnboundedSender<Event>>,
}

impl Events {
    /// A sink and the end where events come out.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender: Some(sender) }, receiver)
    }

    /// A sink that nobody listens to.
    pub fn ignored() -> Self {
        Self { sender: None }
    }

    /// Tells what happened on a host.
    pub fn send(&self, host_name: &str, kind: EventKind) {
        if let Some(sender) = &self.sender {
            // The receiver is gone when nobody reports any more; that is theirs to decide.
            let _ = sender.send(Event { host_name: host_name.to_owned(), kind });
        }
    }

    /// Tells that a plan was made.
    pub fn planned(&self, plan: &Plan) {
        let (step_count, unchanged_count) = (plan.steps.len(), plan.unchanged.len());
        self.send(&plan.host_name, EventKind::Planned { step_count, unchanged_count });
    }
}

fn as_seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1000.0).round() / 1000.0)
}

//! How commands end: the documented exit codes, and errors that carry theirs.

use std::process::ExitCode;

use dmfab::event::{HostOutcome, RunSummary};
use dmfab::fleet::{Findings, LoadError};
use dmfab::resolve::selection::SelectionError;
use dmfab::source::render::RenderOptions;

/// What the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// An error of ours.
    Internal = 1,
    /// Usage, inventory or map is wrong; nothing was touched.
    Usage = 2,
    /// Changes are pending (`plan --exit-code`).
    ChangesPending = 3,
    /// A step failed on some host, or a host was refused.
    StepFailed = 4,
    /// A host could not be reached.
    Unreachable = 5,
    /// Failed and rolled back: every host was reached and is on its old containers.
    RolledBack = 7,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// What a run's summary says in one number: the worst that is true of any host.
    pub(crate) fn of(summary: &RunSummary) -> Self {
        let outcomes = || summary.hosts.iter().map(|host| &host.outcome);
        let is_changed = |outcome: &HostOutcome| matches!(outcome, HostOutcome::Done { changed: 1.., .. });
        let rolled_back =
            |outcome: &HostOutcome| matches!(outcome, HostOutcome::Failed { rolled_back: true, .. });
        let failed = |outcome: &HostOutcome| {
            matches!(outcome, HostOutcome::Failed { .. } | HostOutcome::Refused { .. })
        };
        if outcomes().any(|outcome| matches!(outcome, HostOutcome::Interrupted { .. })) {
            return Self::Interrupted;
        }
        let is_any_unreachable = outcomes().any(|outcome| matches!(outcome, HostOutcome::Unreachable { .. }));
        if outcomes().any(failed) {
            let is_as_before = !is_any_unreachable
                && !outcomes().any(is_changed)
                && outcomes().filter(|outcome| failed(outcome)).all(rolled_back);
            return if is_as_before { Self::RolledBack } else { Self::StepFailed };
        }
        if is_any_unreachable { Self::Unreachable } else { Self::Done }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// Mistakes in the files.
    Files(Box<Findings>),
    /// The command line asks for something that is not there, or leaves something out.
    Usage {
        /// One sentence.
        message: String,
        /// What to do; begins with a verb.
        help: Option<String>,
    },
    /// Our own error.
    Internal(eyre::Report),
}

impl CommandError {
    /// An error of ours.
    pub(crate) fn internal(report: eyre::Report) -> Self {
        Self::Internal(report)
    }

    /// A mistake on the command line.
    pub(crate) fn usage(message: impl Into<String>, help: Option<String>) -> Self {
        Self::Usage { message: message.into(), help }
    }

    /// The exit code that goes with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Files(_) | Self::Usage { .. } => Exit::Usage,
            Self::Internal(_) => Exit::Internal,
        }
    }

    /// The whole screen.
    pub(crate) fn render(&self, colour: bool) -> String {
        match self {
            Self::Files(findings) => findings.render(RenderOptions { colour, ..RenderOptions::default() }),
            Self::Usage { message, help } => {
                let help = help.as_ref().map(|help| format!("help: {help}\n")).unwrap_or_default();
                format!("error: {message}\n{help}")
            }
            Self::Internal(report) => format!("error: {report:#}\n"),
        }
    }
}

impl From<LoadError> for CommandError {
    fn from(error: LoadError) -> Self {
        Self::Files(Box::new(error.findings))
    }
}

impl From<SelectionError> for CommandError {
    fn from(error: SelectionError) -> Self {
        Self::usage(error.message, error.help)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dmfab::event::{HostSummary, Problem};
    use dmfab::plan::Goal;

    use super::*;

    fn exit(outcomes: Vec<HostOutcome>) -> Exit {
        let hosts = outcomes.into_iter().enumerate().map(|(index, outcome)| HostSummary {
            host_name: format!("h{index}"),
            outcome,
            took: Duration::ZERO,
        });
        Exit::of(&RunSummary { goal: Goal::Deploy, hosts: hosts.collect(), took: Duration::ZERO })
    }

    fn problem() -> Problem {
        Problem { chain: vec!["broken".to_owned()], help: None, output: None }
    }

    fn failed(rolled_back: bool) -> HostOutcome {
        HostOutcome::Failed { changed: 0, unchanged: 0, failures: vec![], skipped: 0, rolled_back }
    }

    #[test]
    fn the_exit_code_says_the_worst_that_is_true() {
        let done = || HostOutcome::Done { changed: 1, unchanged: 0 };
        let idle = || HostOutcome::Done { changed: 0, unchanged: 3 };
        let unreachable = || HostOutcome::Unreachable { problem: problem() };
        let interrupted = || HostOutcome::Interrupted { changed: 0, unchanged: 0, skipped: 1, put_back: 0 };
        for (outcomes, expected) in [
            (vec![], Exit::Done),
            (vec![done(), idle()], Exit::Done),
            (vec![done(), unreachable()], Exit::Unreachable),
            (vec![failed(false), unreachable()], Exit::StepFailed),
            (vec![failed(true), idle()], Exit::RolledBack),
            (vec![failed(true), unreachable()], Exit::StepFailed),
            (vec![failed(true), HostOutcome::Refused { problem: problem() }], Exit::StepFailed),
            (vec![failed(true), interrupted()], Exit::Interrupted),
            (vec![failed(true), done()], Exit::StepFailed),
            (vec![failed(true), failed(false)], Exit::StepFailed),
            (vec![HostOutcome::Refused { problem: problem() }], Exit::StepFailed),
            (vec![failed(false), interrupted()], Exit::Interrupted),
        ] {
            assert_eq!(exit(outcomes.clone()), expected, "{outcomes:?}");
        }
    }
}

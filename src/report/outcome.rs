//! How a host stands, in a word and in numbers.

use crate::event::{HostOutcome, StepFailure, Undo};
use crate::plan::Goal;
use crate::wording::count;

use super::style::Tone;

/// What is done to items where there is no better word.
pub(super) const CHANGED: &str = "changed";

/// What an outcome is called, and where it stands among others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// The worst has the lowest.
    pub(super) rank: u8,
    /// `FAILED`, `done`.
    pub(super) word: &'static str,
    /// Its colour.
    pub(super) tone: Tone,
}

pub(super) fn standing(outcome: &HostOutcome) -> Standing {
    let (rank, word, tone) = match outcome {
        HostOutcome::Failed { .. } => (0, "FAILED", Tone::Bad),
        HostOutcome::Unreachable { .. } => (1, "UNREACHABLE", Tone::Bad),
        HostOutcome::Refused { .. } => (2, "REFUSED", Tone::Bad),
        HostOutcome::Interrupted { .. } => (3, "INTERRUPTED", Tone::Caution),
        HostOutcome::Done { .. } => (4, "done", Tone::Good),
    };
    Standing { rank, word, tone }
}

/// What a goal makes of the items it changes, in a word. Some do several things; these only change.
pub(super) fn done_word(goal: Goal) -> &'static str {
    match goal {
        Goal::Create => "created",
        Goal::Start => "started",
        Goal::Stop => "stopped",
        Goal::Restart => "restarted",
        Goal::Remove => "removed",
        Goal::Pull => "pulled",
        Goal::Signal => "signalled",
        _ => CHANGED,
    }
}

/// What was changed and what was left: `3 changed, 2 unchanged`.
pub(super) fn changes(outcome: &HostOutcome, done_word: &str) -> String {
    match outcome {
        HostOutcome::Done { changed: 0, unchanged } => format!("nothing to do, {unchanged} unchanged"),
        HostOutcome::Done { changed, unchanged: 0 } => format!("{changed} {done_word}"),
        HostOutcome::Done { changed, unchanged } => format!("{changed} {done_word}, {unchanged} unchanged"),
        HostOutcome::Failed { failures, .. } if is_put_back(outcome) => put_back(failures).to_owned(),
        HostOutcome::Failed { changed, unchanged, skipped, .. } => {
            incomplete(*changed, done_word, *unchanged, *skipped)
        }
        HostOutcome::Interrupted { changed, unchanged, skipped, put_back } => {
            let rest = incomplete(*changed, done_word, *unchanged, *skipped);
            if *put_back == 0 { rest } else { format!("{rest}, {} put back", count(*put_back, "container")) }
        }
        HostOutcome::Unreachable { .. } | HostOutcome::Refused { .. } => "nothing was changed".to_owned(),
    }
}

/// Where a container is made for the first time, there is no old one.
fn put_back(failures: &[StepFailure]) -> &'static str {
    let removed = failures.iter().filter(|failure| failure.undo == Undo::Removed).count();
    match removed {
        0 => "put back: every container is the old one",
        number if number == failures.len() => "put back: what was made is removed again",
        _ => "put back: every container is the old one, new ones are removed again",
    }
}

/// Items that are changed in part are in none of the numbers: where there is no other, it is not said
/// that none was changed.
fn incomplete(changed: usize, done_word: &str, unchanged: usize, skipped: usize) -> String {
    let changed = if changed == 0 { String::new() } else { format!("{changed} {done_word}, ") };
    let not_begun =
        if skipped == 0 { String::new() } else { format!(", {} not begun", count(skipped, "step")) };
    format!("{changed}{unchanged} unchanged{not_begun}")
}

/// Whether all that failed was put back, and nothing else was changed.
pub(super) fn is_put_back(outcome: &HostOutcome) -> bool {
    let HostOutcome::Failed { failures, rolled_back: true, .. } = outcome else { return false };
    failures.iter().all(|failure| failure.undo.is_complete())
}

/// Whether it is certain that nothing was done on the host.
pub(super) fn is_untouched(outcome: &HostOutcome) -> bool {
    match outcome {
        HostOutcome::Done { changed, .. } => *changed == 0,
        HostOutcome::Unreachable { .. } | HostOutcome::Refused { .. } => true,
        HostOutcome::Failed { .. } | HostOutcome::Interrupted { .. } => false,
    }
}

/// How many items a host has that are now different.
pub(super) fn changed_items(outcome: &HostOutcome) -> usize {
    match outcome {
        HostOutcome::Done { changed, .. }
        | HostOutcome::Failed { changed, .. }
        | HostOutcome::Interrupted { changed, .. } => *changed,
        HostOutcome::Unreachable { .. } | HostOutcome::Refused { .. } => 0,
    }
}

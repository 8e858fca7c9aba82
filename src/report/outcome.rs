//! How a host stands, in a word and in numbers.

use crate::event::HostOutcome;
use crate::wording::count;

use super::style::Tone;

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

/// What was changed and what was left: `3 changed, 2 unchanged`.
pub(super) fn changes(outcome: &HostOutcome) -> String {
    match outcome {
        HostOutcome::Done { changed: 0, unchanged } => format!("nothing to do, {unchanged} unchanged"),
        HostOutcome::Done { changed, unchanged: 0 } => format!("{changed} changed"),
        HostOutcome::Done { changed, unchanged } => format!("{changed} changed, {unchanged} unchanged"),
        HostOutcome::Failed { rolled_back: true, .. } => "put back as it was, nothing is changed".to_owned(),
        HostOutcome::Failed { changed, unchanged, skipped, .. } => {
            format!("{changed} changed, {unchanged} unchanged{}", not_begun(*skipped))
        }
        HostOutcome::Unreachable { .. } | HostOutcome::Refused { .. } => "nothing was changed".to_owned(),
        HostOutcome::Interrupted { changed, unchanged, skipped } => {
            format!("{changed} changed, {unchanged} unchanged{}", not_begun(*skipped))
        }
    }
}

fn not_begun(skipped: usize) -> String {
    if skipped == 0 { String::new() } else { format!(", {} not begun", count(skipped, "step")) }
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

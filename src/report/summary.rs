//! The end of a run: where every host stands, each named once, the worst first.
//!
//! ```text
//! web3      FAILED       2 changed, 3 unchanged, 1 step not begun  31.2 s
//!     start container shop.app: failed, put back as it was
//!         container `shop.app` is unhealthy after 30 s
//!         help: look at its log with `dmfab logs`
//!         | Error: missing CACHE_URL
//! db1       UNREACHABLE  nothing was changed                       10.0 s
//!         connecting to 10.0.0.9:22 took more than 10 s
//! web[1-2]  done         3 changed, 2 unchanged                    6.1 s
//!
//! 4 hosts: 1 failed, 1 unreachable, 2 done · 8 items changed · 31.2 s
//! ```

use std::time::Duration;

use crate::event::{HostOutcome, HostSummary, Problem, RunSummary, StepFailure};
use crate::wording::count;

use super::problem::{self, MOST_OUTPUT_LINES};
use super::shown::{fold_hosts, one_line, padded, seconds, width};
use super::style::{Style, Tone};

/// Output lines of each failure where a host has several: together they must not bury the rest.
const OUTPUT_LINES_OF_SEVERAL: usize = 3;

/// The end of a run on one screen. Hosts that stand alike share a row.
pub fn render(summary: &RunSummary, style: Style) -> String {
    let groups = groups(&summary.hosts);
    let rows: Vec<[String; 4]> = groups.iter().map(Group::cells).collect();
    let widths = [0, 1, 2].map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0));
    let mut lines = Vec::new();
    for (group, [names, status, details, took]) in groups.iter().zip(&rows) {
        let names = style.paint(Tone::Heading, &padded(names, widths[0]));
        let status = style.paint(standing(group.outcome).tone, &padded(status, widths[1]));
        let took = style.paint(Tone::Aside, took);
        lines.push(format!("{names}  {status}  {}  {took}", padded(details, widths[2])));
        lines.extend(group.details(style));
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(total(summary));
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Hosts that stand alike.
struct Group<'a> {
    host_names: Vec<&'a str>,
    outcome: &'a HostOutcome,
    /// The slowest of them.
    took: Duration,
    /// What was written last is not the same everywhere; the first host's is shown.
    has_other_output: bool,
}

/// Groups, the worst first, each in the inventory's order.
fn groups(hosts: &[HostSummary]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for host in hosts {
        let wanted = without_output(&host.outcome);
        match groups.iter_mut().find(|group| without_output(group.outcome) == wanted) {
            Some(group) => {
                group.host_names.push(&host.host_name);
                group.took = group.took.max(host.took);
                group.has_other_output |= *group.outcome != host.outcome;
            }
            None => groups.push(Group {
                host_names: vec![&host.host_name],
                outcome: &host.outcome,
                took: host.took,
                has_other_output: false,
            }),
        }
    }
    groups.sort_by_key(|group| standing(group.outcome).rank);
    groups
}

/// Hosts that fail for one reason rarely write the same last lines: times and ids differ.
fn without_output(outcome: &HostOutcome) -> HostOutcome {
    let mut outcome = outcome.clone();
    match &mut outcome {
        HostOutcome::Failed { failures, .. } => {
            failures.iter_mut().for_each(|failure| failure.problem.output = None);
        }
        HostOutcome::Unreachable { problem } | HostOutcome::Refused { problem } => problem.output = None,
        HostOutcome::Done { .. } | HostOutcome::Interrupted { .. } => {}
    }
    outcome
}

/// How an outcome is called and where it stands.
struct Standing {
    rank: u8,
    word: &'static str,
    tone: Tone,
}

fn standing(outcome: &HostOutcome) -> Standing {
    let (rank, word, tone) = match outcome {
        HostOutcome::Failed { .. } => (0, "FAILED", Tone::Bad),
        HostOutcome::Unreachable { .. } => (1, "UNREACHABLE", Tone::Bad),
        HostOutcome::Refused { .. } => (2, "REFUSED", Tone::Bad),
        HostOutcome::Interrupted { .. } => (3, "INTERRUPTED", Tone::Caution),
        HostOutcome::Done { .. } => (4, "done", Tone::Good),
    };
    Standing { rank, word, tone }
}

impl Group<'_> {
    /// Hosts, status, what was changed, time.
    fn cells(&self) -> [String; 4] {
        let names = fold_hosts(self.host_names.iter().copied());
        [names, standing(self.outcome).word.to_owned(), changes(self.outcome), seconds(self.took)]
    }

    fn details(&self, style: Style) -> Vec<String> {
        match self.outcome {
            HostOutcome::Failed { failures, .. } => {
                let limit = if failures.len() == 1 { MOST_OUTPUT_LINES } else { OUTPUT_LINES_OF_SEVERAL };
                failures.iter().flat_map(|failure| self.failure_lines(failure, limit, style)).collect()
            }
            HostOutcome::Unreachable { problem } | HostOutcome::Refused { problem } => {
                self.problem_lines(problem, MOST_OUTPUT_LINES)
            }
            HostOutcome::Done { .. } | HostOutcome::Interrupted { .. } => Vec::new(),
        }
    }

    fn failure_lines(&self, failure: &StepFailure, output_limit: usize, style: Style) -> Vec<String> {
        let text = style.paint(Tone::Bad, &one_line(&failure.text));
        // A step outside a replacement has nothing to go back to; saying so would only alarm.
        let ending = if failure.undone { "failed, put back as it was" } else { "failed" };
        let mut lines = vec![format!("    {text}: {ending}")];
        lines.extend(self.problem_lines(&failure.problem, output_limit));
        lines
    }

    fn problem_lines(&self, problem: &Problem, output_limit: usize) -> Vec<String> {
        let mut lines = problem::explanation(problem);
        let output = problem::output(problem, output_limit);
        if self.has_other_output && !output.is_empty() {
            lines.push(format!("output of the first of {}:", count(self.host_names.len(), "host")));
        }
        lines.extend(output);
        lines.into_iter().map(|line| format!("        {line}")).collect()
    }
}

fn changes(outcome: &HostOutcome) -> String {
    match outcome {
        HostOutcome::Done { changed: 0, unchanged } => format!("nothing to do, {unchanged} unchanged"),
        HostOutcome::Done { changed, unchanged: 0 } => format!("{changed} changed"),
        HostOutcome::Done { changed, unchanged } => format!("{changed} changed, {unchanged} unchanged"),
        HostOutcome::Failed { rolled_back: true, .. } => "put back as it was, nothing is changed".to_owned(),
        HostOutcome::Failed { changed, unchanged, skipped, .. } => {
            format!("{changed} changed, {unchanged} unchanged{}", not_begun(*skipped))
        }
        HostOutcome::Unreachable { .. } | HostOutcome::Refused { .. } => "nothing was changed".to_owned(),
        HostOutcome::Interrupted { changed, skipped } => format!("{changed} changed{}", not_begun(*skipped)),
    }
}

fn not_begun(skipped: usize) -> String {
    if skipped == 0 { String::new() } else { format!(", {} not begun", count(skipped, "step")) }
}

/// `4 hosts: 1 failed, 3 done · 8 items changed · 31.2 s`.
fn total(summary: &RunSummary) -> String {
    let mut kinds: Vec<(Standing, usize)> = Vec::new();
    for host in &summary.hosts {
        let standing = standing(&host.outcome);
        match kinds.iter_mut().find(|(known, _)| known.rank == standing.rank) {
            Some((_, number)) => *number += 1,
            None => kinds.push((standing, 1)),
        }
    }
    kinds.sort_by_key(|(standing, _)| standing.rank);
    let kinds: Vec<String> =
        kinds.iter().map(|(standing, number)| format!("{number} {}", standing.word.to_lowercase())).collect();
    let separator = if kinds.is_empty() { "" } else { ": " };
    let hosts = count(summary.hosts.len(), "host");
    let changed = match summary.hosts.iter().map(|host| changed_items(&host.outcome)).sum() {
        0 => "nothing changed".to_owned(),
        number => format!("{} changed", count(number, "item")),
    };
    format!("{hosts}{separator}{} · {changed} · {}", kinds.join(", "), seconds(summary.took))
}

fn changed_items(outcome: &HostOutcome) -> usize {
    match outcome {
        HostOutcome::Done { changed, .. }
        | HostOutcome::Failed { changed, .. }
        | HostOutcome::Interrupted { changed, .. } => *changed,
        HostOutcome::Unreachable { .. } | HostOutcome::Refused { .. } => 0,
    }
}

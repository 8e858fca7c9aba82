//! Lines that are only ever appended: for logs, and for output that is no terminal.
//!
//! ```text
//! [   0.1s] web1   | connected to Engine 20.10.24 in 0.1 s
//! [   1.2s] web1   | start container shop.web done in 0.4 s
//! [  20.0s]        | waiting for web[1-2]: start container shop.app, for 12.0 s
//! ```
//!
//! A line tells what has ended; what only began would stand there as if it had. What takes long is
//! named by [`PlainReporter::heartbeat`].

use std::collections::BTreeSet;
use std::time::Duration;

use crate::event::{Event, EventKind, HostOutcome, Problem, SkipReason};
use crate::plan::StepId;
use crate::wording::count;

use super::activity::{Activity, Work};
use super::problem::{self, MOST_OUTPUT_LINES};
use super::shown::{fold_hosts, one_line, padded, seconds, width};
use super::style::{Style, Tone};

/// How often to ask for a heartbeat.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);

/// What has run for less is not worth a heartbeat: lines come by themselves.
const WORTH_NAMING: Duration = Duration::from_secs(5);

/// Makes lines of the events of one run.
#[derive(Debug)]
pub struct PlainReporter {
    activity: Activity,
    host_width: usize,
    style: Style,
    output_limit: usize,
    /// Hosts whose end was told: being unreachable is told twice, by its own event and as outcome.
    told_ends: BTreeSet<String>,
}

impl PlainReporter {
    /// For a run on these hosts.
    pub fn new(host_names: &[String], style: Style) -> Self {
        Self {
            activity: Activity::new(host_names),
            host_width: host_names.iter().map(|name| width(name)).max().unwrap_or(0),
            style,
            output_limit: MOST_OUTPUT_LINES,
            told_ends: BTreeSet::new(),
        }
    }

    /// Leaves out what containers wrote: for a terminal, where the summary shows it in a moment.
    #[must_use]
    pub fn without_output(mut self) -> Self {
        self.output_limit = 0;
        self
    }

    /// What to print about an event: nothing, a line, or several with line breaks between them.
    /// `elapsed` is the time since the run began.
    pub fn line(&mut self, event: &Event, elapsed: Duration) -> Option<String> {
        let lines = self.told(event, elapsed);
        self.activity.note(event, elapsed);
        let prefix = self.prefix(&event.host_name, elapsed);
        let lines: Vec<String> = lines.into_iter().map(|line| format!("{prefix}{line}")).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// What takes longest at the moment, and on which hosts; nothing if nothing takes long.
    pub fn heartbeat(&self, elapsed: Duration) -> Option<String> {
        let running: Vec<(&str, &Work)> =
            self.activity.hosts().filter_map(|(name, host)| Some((name, host.oldest_work()?))).collect();
        let (_, slowest) = running.iter().min_by_key(|(_, work)| work.since)?;
        let lasting = elapsed.saturating_sub(slowest.since);
        if lasting < WORTH_NAMING {
            return None;
        }
        let (same, others): (Vec<_>, Vec<_>) = running.iter().partition(|(_, work)| work.text == slowest.text);
        let names = fold_hosts(same.iter().map(|(name, _)| *name));
        let mut line = format!("waiting for {names}: {}, for {}", slowest.text, seconds(lasting));
        if !others.is_empty() {
            line.push_str(&format!("; {} at work", count(others.len(), "other host")));
        }
        Some(format!("{}{}", self.prefix("", elapsed), self.style.paint(Tone::Aside, &line)))
    }

    fn prefix(&self, host_name: &str, elapsed: Duration) -> String {
        let time = format!("[{:6.1}s]", elapsed.as_secs_f64());
        let name = padded(host_name, self.host_width);
        format!("{} {} | ", self.style.paint(Tone::Aside, &time), self.style.paint(Tone::Heading, &name))
    }

    fn told(&mut self, event: &Event, elapsed: Duration) -> Vec<String> {
        match &event.kind {
            EventKind::ConnectStarted | EventKind::StepStarted { .. } => Vec::new(),
            EventKind::Connected { engine, took } => {
                vec![format!("connected to Engine {} in {}", one_line(&engine.version), seconds(*took))]
            }
            EventKind::Planned { step_count, unchanged_count } => vec![planned(*step_count, *unchanged_count)],
            EventKind::StepFinished { text, took, .. } => {
                vec![format!("{} done in {}", one_line(text), seconds(*took))]
            }
            EventKind::StepFailed { step, text, problem } => {
                let lasted = self.lasted(&event.host_name, *step, elapsed);
                self.failed(&format!("FAILED {}{lasted}", one_line(text)), problem)
            }
            EventKind::StepSkipped { text, reason, .. } => skipped(text, *reason).into_iter().collect(),
            EventKind::StepUndone { text, .. } => vec![format!("put back: {}", one_line(text))],
            EventKind::UndoFailed { text, problem, .. } => {
                self.failed(&format!("NOT PUT BACK, failed: {}", one_line(text)), problem)
            }
            EventKind::Unreachable { problem } => {
                self.told_ends.insert(event.host_name.clone());
                self.failed("UNREACHABLE", problem)
            }
            EventKind::Finished { outcome } => self.finished(&event.host_name, outcome),
        }
    }

    fn lasted(&self, host_name: &str, step: StepId, elapsed: Duration) -> String {
        let work = self.activity.host(host_name).and_then(|host| host.running_step(step));
        work.map(|work| format!(" after {}", seconds(elapsed.saturating_sub(work.since)))).unwrap_or_default()
    }

    fn failed(&self, headline: &str, problem: &Problem) -> Vec<String> {
        let mut lines = vec![self.style.paint(Tone::Bad, headline)];
        let details = problem::lines(problem, self.output_limit);
        lines.extend(details.into_iter().map(|line| format!("  {line}")));
        lines
    }

    fn finished(&mut self, host_name: &str, outcome: &HostOutcome) -> Vec<String> {
        if !self.told_ends.insert(host_name.to_owned()) {
            return Vec::new();
        }
        let (tone, text) = match outcome {
            HostOutcome::Done { changed: 0, unchanged } => {
                (Tone::Good, format!("done: nothing changed, {unchanged} unchanged"))
            }
            HostOutcome::Done { changed, unchanged } => {
                (Tone::Good, format!("done: {changed} changed, {unchanged} unchanged"))
            }
            HostOutcome::Failed { rolled_back: true, .. } => {
                (Tone::Bad, "FAILED: put back as it was, nothing is changed".to_owned())
            }
            HostOutcome::Failed { changed, failures, skipped, .. } => {
                let failures = count(failures.len(), "failure");
                let skipped = count(*skipped, "step");
                (Tone::Bad, format!("FAILED: {failures}, {changed} changed, {skipped} not begun"))
            }
            HostOutcome::Unreachable { problem } => return self.failed("UNREACHABLE", problem),
            HostOutcome::Refused { problem } => return self.failed("REFUSED", problem),
            HostOutcome::Interrupted { changed, skipped } => {
                let skipped = count(*skipped, "step");
                (Tone::Caution, format!("INTERRUPTED: {changed} changed, {skipped} not begun"))
            }
        };
        vec![self.style.paint(tone, &text)]
    }
}

fn planned(step_count: usize, unchanged_count: usize) -> String {
    match step_count {
        0 => format!("nothing to do, {} as wanted", count(unchanged_count, "item")),
        _ => format!("{} to do, {} unchanged", count(step_count, "step"), count(unchanged_count, "item")),
    }
}

/// An interruption skips everything that is left: the outcome counts it, one line a step would
/// bury what matters.
fn skipped(text: &str, reason: SkipReason) -> Option<String> {
    match reason {
        SkipReason::DependencyFailed => {
            Some(format!("not begun: {} (a step it waits for failed)", one_line(text)))
        }
        SkipReason::Interrupted => None,
    }
}

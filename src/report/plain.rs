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

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::event::{Event, EventKind, HostOutcome, Problem};
use crate::plan::StepId;
use crate::wording::count;

use super::activity::{Activity, Work};
use super::outcome::{CHANGED, changes, standing};
use super::problem;
use super::shown::{fold_hosts, one_line, padded, seconds, width};
use super::style::{Style, Tone};

/// How often to ask for a heartbeat.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);

/// What has run for less is not worth a heartbeat: lines come by themselves.
const WORTH_NAMING: Duration = Duration::from_secs(5);

/// Lines that are shown of what a command wrote that went well.
const COMMAND_OUTPUT_LINES: usize = 3;

/// Makes lines of the events of one run.
#[derive(Debug)]
pub struct PlainReporter {
    activity: Activity,
    host_width: usize,
    style: Style,
    /// How many steps of each host were taken back: told at its end, as those that were not begun are.
    undone: BTreeMap<String, usize>,
    /// Hosts whose end was told: being unreachable is told twice, by its own event and as outcome.
    told_ends: BTreeSet<String>,
    /// Hosts of which another display has told why nothing is done on them.
    told_reasons: BTreeSet<String>,
}

impl PlainReporter {
    /// For a run on these hosts.
    pub fn new(host_names: &[String], style: Style) -> Self {
        Self {
            activity: Activity::new(host_names),
            host_width: host_names.iter().map(|name| width(name)).max().unwrap_or(0),
            style,
            undone: BTreeMap::new(),
            told_ends: BTreeSet::new(),
            told_reasons: BTreeSet::new(),
        }
    }

    /// Why nothing is done on this host was told before: its end is told in one line without it.
    pub fn skip_reason(&mut self, host_name: &str) {
        self.told_reasons.insert(host_name.to_owned());
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
        let (same, others): (Vec<_>, Vec<_>) =
            running.iter().partition(|(_, work)| work.text == slowest.text);
        let names = fold_hosts(same.iter().map(|(name, _)| *name));
        let others = match others.len() {
            0 => String::new(),
            number => format!("; {} at work", count(number, "other host")),
        };
        let line = format!("waiting for {names}: {}, for {}{others}", slowest.text, seconds(lasting));
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
            EventKind::Planned { step_count, unchanged_count } => {
                vec![planned(*step_count, *unchanged_count)]
            }
            EventKind::StepFinished { text, took, .. } => {
                vec![format!("{} done in {}", one_line(text), seconds(*took))]
            }
            EventKind::CommandRun { text, exit_code, output, .. } => command_run(text, *exit_code, output),
            EventKind::StepFailed { step, text, problem } => {
                let lasted = self.lasted(&event.host_name, *step, elapsed);
                self.failed_step(&format!("FAILED {}{lasted}", one_line(text)), problem)
            }
            // One line a step would bury what failed.
            EventKind::StepSkipped { .. } => Vec::new(),
            EventKind::StepUndone { .. } => {
                *self.undone.entry(event.host_name.clone()).or_default() += 1;
                Vec::new()
            }
            EventKind::UndoFailed { text, problem, .. } => {
                self.failed_step(&format!("NOT PUT BACK, failed: {}", one_line(text)), problem)
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
        lines.extend(problem::explanation(problem).into_iter().map(|line| format!("  {line}")));
        lines
    }

    /// One line: what to do and what was written last is in the summary.
    fn failed_step(&self, headline: &str, problem: &Problem) -> Vec<String> {
        let line = format!("{}: {}", self.style.paint(Tone::Bad, headline), one_line(&problem.line()));
        vec![line]
    }

    fn finished(&mut self, host_name: &str, outcome: &HostOutcome) -> Vec<String> {
        if !self.told_ends.insert(host_name.to_owned()) {
            return Vec::new();
        }
        let standing = standing(outcome);
        let mut text = format!("{}: {}", standing.word, changes(outcome, CHANGED));
        if let HostOutcome::Unreachable { problem } | HostOutcome::Refused { problem } = outcome
            && !self.told_reasons.contains(host_name)
        {
            text.push_str("; ");
            text.push_str(&one_line(&problem.line()));
        }
        if let Some(number) = self.undone.remove(host_name) {
            text.push_str(&format!(" ({} taken back)", count(number, "step")));
        }
        vec![self.style.paint(standing.tone, &text)]
    }
}

fn planned(step_count: usize, unchanged_count: usize) -> String {
    match step_count {
        0 => format!("nothing to do, {} as wanted", count(unchanged_count, "item")),
        _ => format!("{} to do, {} unchanged", count(step_count, "step"), count(unchanged_count, "item")),
    }
}

/// A command that has ended is done, which its step tells.
fn command_run(text: &str, exit_code: Option<i64>, output: &str) -> Vec<String> {
    let still_runs =
        exit_code.is_none().then(|| format!("{}: still runs, and is left running", one_line(text)));
    let written = problem::output_lines(output, COMMAND_OUTPUT_LINES);
    still_runs.into_iter().chain(written.into_iter().map(|line| format!("  {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{
        done, event, failed, finished, names, seconds as at, started, unhealthy, unreachable,
    };
    use super::*;
    use crate::event::SkipReason;
    use crate::model::observed::EngineVersion;

    fn told(reporter: &mut PlainReporter, events: Vec<(f64, Event)>) -> String {
        let lines = events.into_iter().filter_map(|(time, event)| reporter.line(&event, at(time)));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn run() -> Vec<(f64, Event)> {
        let engine = EngineVersion { version: "20.10.24".to_owned(), ..EngineVersion::default() };
        let app = "start container shop.app";
        let text = app.to_owned();
        let (worker, reason) = ("create container shop.worker".to_owned(), SkipReason::DependencyFailed);
        vec![
            (0.0, event("web1", EventKind::ConnectStarted)),
            (0.0, event("apps10", EventKind::ConnectStarted)),
            (0.1, event("web1", EventKind::Connected { engine, took: at(0.08) })),
            (0.2, event("web1", EventKind::Planned { step_count: 3, unchanged_count: 1 })),
            (0.8, started("web1", 0, "create volume shop.data")),
            (1.2, finished("web1", 0, "create volume shop.data", 0.4)),
            (1.3, started("web1", 1, app)),
            (10.0, event("apps10", EventKind::Unreachable { problem: unreachable() })),
            (
                10.0,
                event(
                    "apps10",
                    EventKind::Finished { outcome: HostOutcome::Unreachable { problem: unreachable() } },
                ),
            ),
            (
                31.3,
                event(
                    "web1",
                    EventKind::StepFailed { step: StepId(1), text: text.clone(), problem: unhealthy() },
                ),
            ),
            (31.3, event("web1", EventKind::StepSkipped { step: StepId(2), text: worker, reason })),
            (31.9, event("web1", EventKind::StepUndone { step: StepId(1), text })),
            (32.0, event("web1", EventKind::Finished { outcome: failed(unhealthy(), true) })),
            (32.0, event("web2", EventKind::Finished { outcome: done(3) })),
            (
                32.0,
                event(
                    "web3",
                    EventKind::Finished { outcome: HostOutcome::Refused { problem: unreachable() } },
                ),
            ),
        ]
    }

    #[test]
    fn a_run_is_told_line_by_line() {
        let mut reporter = PlainReporter::new(&names(&["web1", "web2", "apps10"]), Style::PLAIN);
        insta::assert_snapshot!(told(&mut reporter, run()), @"
        [   0.1s] web1   | connected to Engine 20.10.24 in 0.1 s
        [   0.2s] web1   | 3 steps to do, 1 item unchanged
        [   1.2s] web1   | create volume shop.data done in 0.4 s
        [  10.0s] apps10 | UNREACHABLE
        [  10.0s] apps10 |   could not connect to 10.0.0.9:22
        [  10.0s] apps10 |   cause: no answer within 10 s
        [  10.0s] apps10 |   help: check that the host is up and that its address is right
        [  31.3s] web1   | FAILED start container shop.app after 30.0 s: container `shop.app` is unhealthy after 30 s: health check ended with 1
        [  32.0s] web1   | FAILED: put back: every container is the old one (1 step taken back)
        [  32.0s] web2   | done: 3 changed, 2 unchanged
        [  32.0s] web3   | REFUSED: nothing was changed; could not connect to 10.0.0.9:22: no answer within 10 s
        ");
    }

    #[test]
    fn a_reason_that_was_told_before_is_not_told_again() {
        let mut reporter = PlainReporter::new(&names(&["web1", "web2"]), Style::PLAIN);
        reporter.skip_reason("web1");
        let outcome = HostOutcome::Unreachable { problem: unreachable() };
        let ended = |name| (0.0, event(name, EventKind::Finished { outcome: outcome.clone() }));
        insta::assert_snapshot!(told(&mut reporter, vec![ended("web1"), ended("web2")]), @"
        [   0.0s] web1 | UNREACHABLE: nothing was changed
        [   0.0s] web2 | UNREACHABLE: nothing was changed; could not connect to 10.0.0.9:22: no answer within 10 s
        ");
    }

    #[test]
    fn what_follows_from_a_failure_is_told_in_one_line() {
        let mut reporter = PlainReporter::new(&names(&["web1"]), Style::PLAIN);
        let (step, reason) = (StepId(1), SkipReason::DependencyFailed);
        let skip =
            |text: &str| (1.0, event("web1", EventKind::StepSkipped { step, text: text.to_owned(), reason }));
        let undo = |text: &str| (2.0, event("web1", EventKind::StepUndone { step, text: text.to_owned() }));
        let end = event("web1", EventKind::Finished { outcome: failed(unhealthy(), true) });
        let events = vec![skip("a"), skip("b"), undo("c"), undo("d"), undo("e"), (3.0, end)];
        insta::assert_snapshot!(told(&mut reporter, events), @"
        [   3.0s] web1 | FAILED: put back: every container is the old one (3 steps taken back)
        ");
    }

    #[test]
    fn the_heartbeat_names_what_takes_longest() {
        let mut reporter = PlainReporter::new(&names(&["web1", "web2", "apps1"]), Style::PLAIN);
        assert_eq!(reporter.heartbeat(at(10.0)), None);
        let app = "start container shop.app";
        let events = vec![
            (8.0, started("web1", 0, app)),
            (9.0, started("web2", 0, app)),
            (9.5, started("apps1", 0, "pull image app:42")),
        ];
        told(&mut reporter, events);
        assert_eq!(reporter.heartbeat(at(10.0)), None);
        let heartbeat = reporter.heartbeat(at(20.0)).expect("something takes long");
        insta::assert_snapshot!(heartbeat, @"[  20.0s]       | waiting for web[1-2]: start container shop.app, for 12.0 s; 1 other host at work");
        told(
            &mut reporter,
            vec![(21.0, finished("web1", 0, app, 13.0)), (21.0, finished("web2", 0, app, 12.0))],
        );
        let heartbeat = reporter.heartbeat(at(30.0)).expect("something takes long");
        insta::assert_snapshot!(heartbeat, @"[  30.0s]       | waiting for apps1: pull image app:42, for 20.5 s");
    }
}

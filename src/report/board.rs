//! The moving lines of a terminal: what every host is doing now.
//!
//! The board only says which lines there are at a moment; drawing them is the binary's.

use std::time::Duration;

use crate::event::Event;
use crate::wording::count;

use super::activity::{Activity, HostActivity};
use super::shown::{seconds, width};
use super::style::{Style, Tone};

/// Hosts that have a line each; with more of them, only those at work have one.
const MOST_LINES: usize = 15;

/// The board of one run.
#[derive(Debug)]
pub struct Board {
    activity: Activity,
    host_width: usize,
    style: Style,
}

/// One line of a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardLine {
    /// Something goes on: the line has a spinner.
    pub is_working: bool,
    /// What it says.
    pub text: String,
}

impl Board {
    /// For a run on these hosts.
    pub fn new(host_names: &[String], style: Style) -> Self {
        let host_width = host_names.iter().map(|name| width(name)).max().unwrap_or(0);
        Self { activity: Activity::new(host_names), host_width, style }
    }

    /// Takes an event in. `elapsed` is the time since the run began.
    pub fn note(&mut self, event: &Event, elapsed: Duration) {
        self.activity.note(event, elapsed);
    }

    /// The lines at a moment: one for each host that has not ended, or, for a large fleet, a total
    /// and the hosts that have been at work longest.
    pub fn lines(&self, elapsed: Duration) -> Vec<BoardLine> {
        let open: Vec<_> = self.activity.hosts().filter(|(_, host)| !host.has_ended).collect();
        if self.activity.hosts().count() <= MOST_LINES {
            return open.into_iter().map(|(name, host)| self.host_line(name, host, elapsed)).collect();
        }
        let mut working: Vec<_> = open.into_iter().filter(|(_, host)| host.work_count() > 0).collect();
        working.sort_by_key(|(_, host)| host.oldest_work().map(|work| work.since));
        let shown = working.iter().take(MOST_LINES - 1);
        let lines = shown.map(|(name, host)| self.host_line(name, host, elapsed));
        std::iter::once(self.total_line(elapsed)).chain(lines).collect()
    }

    fn total_line(&self, elapsed: Duration) -> BoardLine {
        let (mut ended, mut failed, mut working, mut waiting) = (0, 0, 0, 0);
        for (_, host) in self.activity.hosts() {
            let counter = match host {
                _ if host.has_failed => &mut failed,
                _ if host.has_ended => &mut ended,
                _ if host.work_count() > 0 => &mut working,
                _ => &mut waiting,
            };
            *counter += 1;
        }
        let hosts = count(self.activity.hosts().count(), "host");
        let failed = match failed {
            0 => String::new(),
            _ => format!("{} · ", self.style.paint(Tone::Bad, &format!("{failed} failed"))),
        };
        let time = seconds(elapsed);
        let text = format!("{hosts}: {failed}{working} at work · {waiting} waiting · {ended} done  {time}");
        BoardLine { is_working: working > 0, text }
    }

    fn host_line(&self, name: &str, host: &HostActivity, elapsed: Duration) -> BoardLine {
        let indent = " ".repeat(self.host_width.saturating_sub(width(name)));
        let name = self.style.paint(Tone::Heading, name);
        let Some(work) = host.oldest_work() else {
            let rest = self.style.paint(Tone::Aside, resting(host));
            return BoardLine { is_working: false, text: format!("{indent}{name}  {rest}") };
        };
        let lasting = seconds(elapsed.saturating_sub(work.since));
        let more = match host.work_count() - 1 {
            0 => String::new(),
            further => format!(" and {further} more"),
        };
        let aside = format!("{lasting}{more}{}", progress(host));
        let aside = self.style.paint(Tone::Aside, &aside);
        BoardLine { is_working: true, text: format!("{indent}{name}  {}  {aside}", work.text) }
    }
}

/// `, 3 of 7 steps`.
fn progress(host: &HostActivity) -> String {
    match host.step_count {
        Some(step_count) if step_count > 0 => format!(", {} of {}", host.ended_steps, count(step_count, "step")),
        _ => String::new(),
    }
}

fn resting(host: &HostActivity) -> &'static str {
    match host.step_count {
        Some(0) => "nothing to do",
        Some(_) if host.ended_steps == 0 => "planned",
        _ => "waiting",
    }
}

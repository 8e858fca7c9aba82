//! The moving lines of a terminal: what every host is doing now.
//!
//! The board only says which lines there are at a moment; drawing them is the binary's.

use std::time::Duration;

use crate::event::Event;
use crate::wording::count;

use super::activity::{Activity, HostActivity, REFUSED, UNREACHABLE};
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

    /// The lines at a moment: one for each host that has not ended, or on which nothing can be
    /// done; for a large fleet, a total and the hosts that have been at work longest. Nothing when
    /// all have ended.
    pub fn lines(&self, elapsed: Duration) -> Vec<BoardLine> {
        if self.activity.hosts().all(|(_, host)| host.has_ended) {
            return Vec::new();
        }
        if self.activity.hosts().count() <= MOST_LINES {
            let shown = self.activity.hosts().filter(|(_, host)| !host.has_ended || host.is_out.is_some());
            return shown.map(|(name, host)| self.host_line(name, host, elapsed)).collect();
        }
        let mut working: Vec<_> = self.activity.hosts().filter(|(_, host)| host.work_count() > 0).collect();
        working.sort_by_key(|(_, host)| host.oldest_work().map(|work| work.since));
        let shown = working.iter().take(MOST_LINES - 1);
        let lines = shown.map(|(name, host)| self.host_line(name, host, elapsed));
        std::iter::once(self.total_line(elapsed)).chain(lines).collect()
    }

    fn total_line(&self, elapsed: Duration) -> BoardLine {
        let (mut failed, mut unreachable, mut refused) = (0, 0, 0);
        let (mut ended, mut working, mut waiting) = (0, 0, 0);
        for (_, host) in self.activity.hosts() {
            let counter = match host {
                _ if host.has_failed => &mut failed,
                _ if host.is_out == Some(UNREACHABLE) => &mut unreachable,
                _ if host.is_out == Some(REFUSED) => &mut refused,
                _ if host.has_ended => &mut ended,
                _ if host.work_count() > 0 => &mut working,
                _ => &mut waiting,
            };
            *counter += 1;
        }
        let hosts = count(self.activity.hosts().count(), "host");
        let bad = [(failed, "failed"), (unreachable, UNREACHABLE), (refused, REFUSED)];
        let bad = bad.into_iter().filter(|(number, _)| *number > 0);
        let bad = bad.map(|(number, word)| self.style.paint(Tone::Bad, &format!("{number} {word}")) + " · ");
        let bad: String = bad.collect();
        let time = seconds(elapsed);
        let text = format!("{hosts}: {bad}{working} at work · {waiting} waiting · {ended} done  {time}");
        BoardLine { is_working: working > 0, text }
    }

    fn host_line(&self, name: &str, host: &HostActivity, elapsed: Duration) -> BoardLine {
        let indent = " ".repeat(self.host_width.saturating_sub(width(name)));
        let name = self.style.paint(Tone::Heading, name);
        let Some(work) = host.oldest_work() else {
            let rest = match host.is_out {
                Some(word) => self.style.paint(Tone::Bad, word),
                None => self.style.paint(Tone::Aside, resting(host)),
            };
            return BoardLine { is_working: false, text: format!("{indent}{name}  {rest}") };
        };
        let lasting = seconds(elapsed.saturating_sub(work.since));
        let more = match host.work_count() - 1 {
            0 => String::new(),
            further => format!(" and {further} more"),
        };
        let aside = format!("{lasting}{}", progress(host));
        let aside = self.style.paint(Tone::Aside, &aside);
        BoardLine { is_working: true, text: format!("{indent}{name}  {}{more}  {aside}", work.text) }
    }
}

/// `, 3 of 7 steps`.
fn progress(host: &HostActivity) -> String {
    match host.step_count {
        Some(step_count) if step_count > 0 => {
            format!(", {} of {}", host.ended_steps, count(step_count, "step"))
        }
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

#[cfg(test)]
mod tests {
    use super::super::samples::{done, event, finished, names, seconds as at, started, unreachable};
    use super::*;
    use crate::event::{EventKind, HostOutcome};

    fn screen(board: &Board, time: f64) -> String {
        let lines = board.lines(at(time)).into_iter();
        let lines = lines.map(|line| format!("{} {}", if line.is_working { "*" } else { " " }, line.text));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_open_host_has_a_line() {
        let mut board = Board::new(&names(&["web1", "web2", "apps10", "db1"]), Style::PLAIN);
        let planned = EventKind::Planned { step_count: 3, unchanged_count: 1 };
        for (time, event) in [
            (0.0, event("web1", EventKind::ConnectStarted)),
            (0.2, event("web2", planned.clone())),
            (0.2, event("web1", planned)),
            (1.0, started("web1", 0, "pull image app:42")),
            (1.5, started("web1", 1, "create volume shop.data")),
            (2.0, finished("web1", 1, "create volume shop.data", 0.5)),
            (2.5, started("web1", 2, "create network shop.net")),
            (0.0, event("apps10", EventKind::ConnectStarted)),
            (3.0, event("db1", EventKind::Finished { outcome: done(0) })),
        ] {
            board.note(&event, at(time));
        }
        insta::assert_snapshot!(screen(&board, 4.2), @"
        *   web1  pull image app:42 and 1 more  3.2 s, 1 of 3 steps
            web2  planned
        * apps10  connect  4.2 s
        ");
    }

    #[test]
    fn a_large_fleet_shows_a_total_and_those_at_work_longest() {
        let host_names: Vec<String> = (1..=40).map(|number| format!("n{number:02}")).collect();
        let mut board = Board::new(&host_names, Style::PLAIN);
        for (index, name) in host_names.iter().enumerate().take(30) {
            board.note(
                &started(name, 0, "pull image app:42"),
                at(30.0 - f64::from(u8::try_from(index).expect("few"))),
            );
        }
        board.note(&event("n30", EventKind::Finished { outcome: done(1) }), at(31.0));
        board.note(&event("n40", EventKind::Unreachable { problem: unreachable() }), at(31.0));
        let screen = screen(&board, 32.0);
        assert_eq!(screen.lines().count(), MOST_LINES);
        let first: Vec<&str> = screen.lines().take(3).collect();
        insta::assert_snapshot!(first.join("\n"), @"
        * 40 hosts: 1 unreachable · 29 at work · 9 waiting · 1 done  32.0 s
        * n29  pull image app:42  30.0 s
        * n28  pull image app:42  29.0 s
        ");
    }

    #[test]
    fn hosts_on_which_nothing_is_done_stay_as_long_as_others_are_at_work() {
        let mut board = Board::new(&names(&["web1", "web2", "web3"]), Style::PLAIN);
        let outcome = HostOutcome::Unreachable { problem: unreachable() };
        board.note(&event("web1", EventKind::Finished { outcome }), at(0.0));
        let outcome = HostOutcome::Refused { problem: unreachable() };
        board.note(&event("web2", EventKind::Finished { outcome }), at(0.0));
        insta::assert_snapshot!(screen(&board, 1.0), @"
            web1  unreachable
            web2  refused
            web3  waiting
        ");
        board.note(&event("web3", EventKind::Finished { outcome: done(1) }), at(2.0));
        assert_eq!(board.lines(at(2.0)), []);
    }

    #[test]
    fn when_all_have_ended_nothing_is_left() {
        let mut board = Board::new(&names(&["web1"]), Style::PLAIN);
        board.note(&event("web1", EventKind::Finished { outcome: done(1) }), at(1.0));
        assert_eq!(board.lines(at(2.0)), []);
    }
}

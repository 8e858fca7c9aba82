//! The end of a run: where every host stands, each named once, the worst first.
//!
//! ```text
//! web3      FAILED       2 changed, 3 unchanged, 1 step not begun  31.2 s
//!     start container shop.app: failed, put back as it was
//!         container `shop.app` is unhealthy after 30 s
//!         help: look at its log with `docker logs shop.app` on the host
//!         | Error: missing CACHE_URL
//! db1       UNREACHABLE  nothing was changed                       10.0 s
//!         connecting to 10.0.0.9:22 took more than 10 s
//! web[1-2]  done         3 changed, 2 unchanged                    6.1 s
//!
//! 4 hosts: 1 failed, 1 unreachable, 2 done · 8 items changed · 31.2 s
//! ```

use std::time::Duration;

use crate::event::{HostOutcome, HostSummary, Problem, RunSummary, StepFailure, Undo};
use crate::wording::count;

use super::outcome::{Standing, changed_items, changes, done_word, is_put_back, is_untouched, standing};
use super::problem::{self, MOST_OUTPUT_LINES};
use super::shown::{fold_hosts, one_line, padded, seconds, width};
use super::style::{Style, Tone};

/// Output lines of each failure where a host has several: together they must not bury the rest.
const OUTPUT_LINES_OF_SEVERAL: usize = 3;

/// The end of a run on one screen. Hosts that stand alike share a row.
pub fn render(summary: &RunSummary, style: Style) -> String {
    let groups = groups(&summary.hosts);
    let done_word = done_word(summary.goal);
    let rows: Vec<[String; 4]> = groups.iter().map(|group| group.cells(done_word)).collect();
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
            for failure in failures {
                failure.problem.output = None;
            }
        }
        HostOutcome::Unreachable { problem } | HostOutcome::Refused { problem } => problem.output = None,
        HostOutcome::Done { .. } | HostOutcome::Interrupted { .. } => {}
    }
    outcome
}

impl Group<'_> {
    /// Hosts, status, what was changed, time.
    fn cells(&self, done_word: &str) -> [String; 4] {
        let names = fold_hosts(self.host_names.iter().copied());
        [names, standing(self.outcome).word.to_owned(), changes(self.outcome, done_word), seconds(self.took)]
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
        let ending = match failure.undo {
            Undo::NotNeeded => "failed",
            Undo::Done => "failed, put back as it was",
            Undo::Removed => "failed, removed again; there was none before",
            Undo::Failed(_) => "failed, NOT PUT BACK; the next run will finish or undo it",
        };
        let mut lines = vec![format!("    {text}: {ending}")];
        lines.extend(self.problem_lines(&failure.problem, output_limit));
        if let Undo::Failed(problem) = &failure.undo {
            lines.push("    could not be put back:".to_owned());
            lines.extend(self.problem_lines(problem, output_limit));
        }
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

/// `4 hosts: 1 failed, 3 done · 8 items changed · 31.2 s`. Where a host may have been changed in part
/// and no item as a whole, nothing is said of changes.
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
    let outcomes = || summary.hosts.iter().map(|host| &host.outcome);
    let changed = match outcomes().map(changed_items).sum() {
        0 if outcomes().all(is_untouched) => " · nothing changed".to_owned(),
        0 if outcomes().all(|outcome| is_untouched(outcome) || is_put_back(outcome)) => {
            " · all put back".to_owned()
        }
        0 => String::new(),
        number => format!(" · {} {}", count(number, "item"), done_word(summary.goal)),
    };
    format!("{hosts}{separator}{}{changed} · {}", kinds.join(", "), seconds(summary.took))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::samples::{done, failed, names, summary, unhealthy, unreachable};
    use super::*;
    use crate::model::ranges;
    use crate::plan::Goal;

    fn shown(hosts: Vec<(&str, HostOutcome, f64)>) -> String {
        render(&summary(hosts), Style::PLAIN)
    }

    #[test]
    fn the_worst_stands_first_and_equal_hosts_share_a_row() {
        let screen = shown(vec![
            ("web1", done(3), 5.9),
            ("web2", done(3), 6.1),
            ("apps1", HostOutcome::Done { changed: 0, unchanged: 5 }, 1.0),
            ("apps2", HostOutcome::Interrupted { changed: 1, unchanged: 2, skipped: 4, put_back: 0 }, 3.0),
            ("web3", failed(unhealthy(), false), 31.2),
            ("db1", HostOutcome::Unreachable { problem: unreachable() }, 10.0),
        ]);
        insta::assert_snapshot!(screen, @"
        web3      FAILED       2 changed, 3 unchanged, 1 step not begun   31.2 s
            start container shop.app: failed, put back as it was
                container `shop.app` is unhealthy after 30 s
                cause: health check ended with 1
                help: look at its log with `docker logs shop.app` on the host
                | Error: missing CACHE_URL
        db1       UNREACHABLE  nothing was changed                        10.0 s
                could not connect to 10.0.0.9:22
                cause: no answer within 10 s
                help: check that the host is up and that its address is right
        apps2     INTERRUPTED  1 changed, 2 unchanged, 4 steps not begun  3.0 s
        web[1-2]  done         3 changed, 2 unchanged                     6.1 s
        apps1     done         nothing to do, 5 unchanged                 1.0 s

        6 hosts: 1 failed, 1 unreachable, 1 interrupted, 3 done · 9 items changed · 31.2 s
        ");
    }

    #[test]
    fn one_failure_fits_a_screen() {
        let mut problem = unhealthy();
        problem.output = Some((1..50).map(|number| format!("line {number}")).collect::<Vec<_>>().join("\n"));
        let screen = shown(vec![("web1", done(3), 5.9), ("web2", failed(problem, true), 31.2)]);
        insta::assert_snapshot!(screen, @"
        web2  FAILED  put back: every container is the old one  31.2 s
            start container shop.app: failed, put back as it was
                container `shop.app` is unhealthy after 30 s
                cause: health check ended with 1
                help: look at its log with `docker logs shop.app` on the host
                | line 45
                | line 46
                | line 47
                | line 48
                | line 49
        web1  done    3 changed, 2 unchanged                    5.9 s

        2 hosts: 1 failed, 1 done · 3 items changed · 31.2 s
        ");
        assert!(screen.lines().count() < 25);
    }

    #[test]
    fn hosts_that_differ_only_in_output_share_a_row() {
        let with_output = |output: &str| {
            let mut problem = unhealthy();
            problem.output = Some(output.to_owned());
            failed(problem, false)
        };
        let hosts =
            vec![("web1", with_output("at 03:00:01"), 1.0), ("web2", with_output("at 03:00:02"), 2.0)];
        insta::assert_snapshot!(shown(hosts), @"
        web[1-2]  FAILED  2 changed, 3 unchanged, 1 step not begun  2.0 s
            start container shop.app: failed, put back as it was
                container `shop.app` is unhealthy after 30 s
                cause: health check ended with 1
                help: look at its log with `docker logs shop.app` on the host
                output of the first of 2 hosts:
                | at 03:00:01

        2 hosts: 2 failed · 4 items changed · 2.0 s
        ");
    }

    #[test]
    fn nothing_is_said_to_be_unchanged_that_may_be_changed_in_part() {
        let with_undo = |undo: Undo, rolled_back: bool| {
            let mut outcome = failed(unhealthy(), true);
            if let HostOutcome::Failed { failures, rolled_back: told, .. } = &mut outcome {
                failures[0].undo = undo;
                *told = rolled_back;
            }
            outcome
        };
        let lost = || Undo::Failed(unreachable());
        let interrupted = || HostOutcome::Interrupted { changed: 0, unchanged: 2, skipped: 4, put_back: 1 };
        for outcome in [
            with_undo(Undo::NotNeeded, false),
            with_undo(Undo::NotNeeded, true),
            with_undo(lost(), false),
            with_undo(lost(), true),
            interrupted(),
        ] {
            let screen = shown(vec![("web1", outcome, 1.0), ("web2", done(0), 1.0)]);
            for wrong in
                ["nothing changed", "nothing is changed", "all put back", "is the old one", " 0 changed"]
            {
                assert!(!screen.contains(wrong), "{wrong}: {screen}");
            }
        }
        let hosts = vec![
            ("web1", with_undo(lost(), false), 1.0),
            ("web2", with_undo(Undo::Done, true), 1.0),
            ("web3", interrupted(), 1.0),
        ];
        insta::assert_snapshot!(shown(hosts), @"
        web1  FAILED       3 unchanged, 1 step not begun                         1.0 s
            start container shop.app: failed, NOT PUT BACK; the next run will finish or undo it
                container `shop.app` is unhealthy after 30 s
                cause: health check ended with 1
                help: look at its log with `docker logs shop.app` on the host
                | Error: missing CACHE_URL
            could not be put back:
                could not connect to 10.0.0.9:22
                cause: no answer within 10 s
                help: check that the host is up and that its address is right
        web2  FAILED       put back: every container is the old one              1.0 s
            start container shop.app: failed, put back as it was
                container `shop.app` is unhealthy after 30 s
                cause: health check ended with 1
                help: look at its log with `docker logs shop.app` on the host
                | Error: missing CACHE_URL
        web3  INTERRUPTED  2 unchanged, 4 steps not begun, 1 container put back  1.0 s

        3 hosts: 2 failed, 1 interrupted · 1.0 s
        ");
        let hosts = vec![("web1", with_undo(Undo::Removed, true), 1.0)];
        let screen = shown(hosts);
        assert!(screen.contains("put back: what was made is removed again"), "{screen}");
        assert!(screen.contains("shop.app: failed, removed again; there was none before"), "{screen}");
        let hosts = vec![("web1", with_undo(Undo::Done, true), 1.0), ("web2", done(0), 1.0)];
        assert!(shown(hosts).ends_with("2 hosts: 1 failed, 1 done · all put back · 1.0 s\n"));
    }

    #[test]
    fn each_action_has_its_word() {
        let summary = |goal, items| RunSummary { goal, ..summary(vec![("web1", done(items), 1.0)]) };
        insta::assert_snapshot!(render(&summary(Goal::Stop, 3), Style::PLAIN), @"
        web1  done  3 stopped, 2 unchanged  1.0 s

        1 host: 1 done · 3 items stopped · 1.0 s
        ");
        let idle = render(&summary(Goal::Stop, 0), Style::PLAIN);
        assert!(idle.contains("nothing to do") && idle.contains("nothing changed"), "{idle}");
        for (goal, word) in [(Goal::Pull, "3 items pulled"), (Goal::Shutdown, "3 items changed")] {
            assert!(render(&summary(goal, 3), Style::PLAIN).contains(word), "{goal:?}");
        }
    }

    #[test]
    fn a_run_that_had_nothing_to_do_says_so() {
        insta::assert_snapshot!(shown(vec![("web1", done(0), 1.0), ("web2", done(0), 2.0)]), @"
        web[1-2]  done  nothing to do, 2 unchanged  2.0 s

        2 hosts: 2 done · nothing changed · 2.0 s
        ");
        insta::assert_snapshot!(shown(Vec::new()), @"0 hosts · nothing changed · 0.0 s");
    }

    fn any_problem() -> impl Strategy<Value = Problem> {
        (0..3_usize, "[ -~\n\u{1b}]{0,40}").prop_map(|(depth, output)| {
            let chain = names(&["no", "because", "of"])[..depth].to_vec();
            Problem { chain, help: None, output: Some(output) }
        })
    }

    fn any_outcome() -> impl Strategy<Value = HostOutcome> {
        let failure = any_problem().prop_map(|problem| failed(problem, false));
        let counts = (0..3_usize, 0..3_usize);
        prop_oneof![
            (0..3_usize).prop_map(done),
            failure,
            any_problem().prop_map(|problem| HostOutcome::Unreachable { problem }),
            any_problem().prop_map(|problem| HostOutcome::Refused { problem }),
            counts.prop_map(|(changed, skipped)| HostOutcome::Interrupted {
                changed,
                unchanged: 0,
                skipped,
                put_back: 0
            }),
        ]
    }

    /// Rows begin at the left edge; what explains them is indented.
    fn named_hosts(screen: &str) -> BTreeMap<String, usize> {
        let mut named = BTreeMap::new();
        let rows = screen.lines().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with(' '));
        for folded in rows.filter_map(|row| row.split("  ").next()) {
            for part in split_outside_brackets(folded) {
                let members = ranges::expand(&part).expect("a range or a name");
                let members = members.map(|members| members.into_iter().map(|member| member.name).collect());
                for name in members.unwrap_or_else(|| vec![part]) {
                    *named.entry(name).or_default() += 1;
                }
            }
        }
        named
    }

    fn split_outside_brackets(folded: &str) -> Vec<String> {
        let mut parts = vec![String::new()];
        let mut depth = 0;
        for character in folded.chars() {
            depth += i32::from(character == '[') - i32::from(character == ']');
            if character == ',' && depth == 0 {
                parts.push(String::new());
            } else if let Some(part) = parts.last_mut() {
                part.push(character);
            }
        }
        parts
    }

    proptest! {
        #[test]
        fn every_host_is_named_exactly_once(
            hosts in proptest::collection::btree_map("[a-z]{1,3}-?0?[0-9]{0,2}", any_outcome(), 1..12),
            colour: bool,
        ) {
            let wanted: BTreeMap<String, usize> = hosts.keys().map(|name| (name.clone(), 1)).collect();
            let hosts = hosts.into_iter().map(|(host_name, outcome)| {
                HostSummary { host_name, outcome, took: Duration::ZERO }
            });
            let summary = RunSummary { goal: Goal::Deploy, hosts: hosts.collect(), took: Duration::ZERO };
            let screen = render(&summary, Style { colour });
            let stripped: Vec<String> = screen.lines().map(super::super::shown::without_escapes).collect();
            prop_assert_eq!(named_hosts(&stripped.join("\n")), wanted);
        }
    }
}

//! A plan for people: what will happen to which item, why, and where that is written.
//!
//! ```text
//! Plan prod.yaml  3 hosts: apps1,web[1-2]
//!
//! web[1-2]
//!   ~ container shop.app  replace, stops for the switch
//!       image app:41 -> app:42               shop.yaml:37
//!       environment.CACHE_TTL "60" -> "120"  shop.yaml:44
//!   2 unchanged
//!
//! nothing to do on apps1
//!
//! 2 to replace (interrupts service) · 6 unchanged · on 2 of 3 hosts
//! ```

use indexmap::IndexMap;
use serde_json::json;

use crate::plan::{Cause, Difference, Goal, Notice, Plan, text};
use crate::wording::count;

use super::rows::{Change, Counts, Row, rows};
use super::shown::{fold_hosts, one_line, padded, width};
use super::style::{Style, Tone};

/// A change that takes more columns is shown in two lines, found above wanted. Values are never cut
/// off: two images may differ in the last letter.
const WIDEST_CAUSE: usize = 90;

/// The plans of a run on one screen. Hosts whose plans read alike share a block.
pub fn render(inventory: &str, plans: &[Plan], style: Style) -> String {
    let mut parts = vec![header(inventory, plans, style)];
    let mut blocks: IndexMap<String, Vec<&str>> = IndexMap::new();
    let mut idle = Vec::new();
    for plan in plans {
        if plan.is_empty() && plan.notices.is_empty() {
            idle.push(plan.host_name.as_str());
        } else {
            blocks.entry(block(plan, style)).or_default().push(&plan.host_name);
        }
    }
    for (block, host_names) in blocks {
        parts.push(format!("{}\n{block}", style.paint(Tone::Heading, &fold_hosts(host_names))));
    }
    let counts = Counts::of(plans);
    if !idle.is_empty() && counts.changed_hosts > 0 {
        parts.push(format!("nothing to do on {}\n", fold_hosts(idle)));
    }
    let is_compared = plans.first().is_none_or(|plan| plan.goal.compares_settings());
    parts.push(footer(&counts, is_compared, style));
    parts.join("\n")
}

/// One line a step and host, in a form that stays the same from version to version: for comparing
/// plans with `diff`.
pub fn stable(plans: &[Plan]) -> String {
    let mut lines = Vec::new();
    for plan in plans {
        let steps = text::lines(plan).into_iter();
        let notices = plan.notices.iter().map(|notice| format!("notice: {notice}"));
        let idle = plan.is_empty().then(|| "nothing to do".to_owned());
        let told = steps.chain(idle).chain(notices);
        lines.extend(told.map(|line| format!("{} {}\n", text::word(&plan.host_name), one_line(&line))));
    }
    lines.concat()
}

fn header(inventory: &str, plans: &[Plan], style: Style) -> String {
    let names = fold_hosts(plans.iter().map(|plan| plan.host_name.as_str()));
    // `deploy` is what is planned where nobody says; all else is named.
    let goal = plans.first().map(|plan| plan.goal).filter(|goal| *goal != Goal::Deploy);
    let goal = goal.map(|goal| format!(" for {}", json!(goal).as_str().unwrap_or_default()));
    let title = format!("Plan {}{}", one_line(inventory), goal.unwrap_or_default());
    let title = style.paint(Tone::Heading, &title);
    match plans.len() {
        0 => format!("{title}  no hosts\n"),
        number => format!("{title}  {}: {names}\n", count(number, "host")),
    }
}

/// Everything about a host but its name.
fn block(plan: &Plan, style: Style) -> String {
    let rows = rows(plan);
    let name_width = rows.iter().map(|row| width(&row.item.to_string())).max().unwrap_or(0);
    let mut lines = Vec::new();
    for row in &rows {
        lines.push(headline(row, name_width, style));
        lines.extend(cause_lines(row, style));
    }
    if !plan.unchanged.is_empty() {
        lines.push(style.paint(Tone::Aside, &format!("  {} unchanged", plan.unchanged.len())));
    }
    lines.extend(plan.notices.iter().map(|notice| notice_line(notice, style)));
    lines.into_iter().map(|line| line + "\n").collect()
}

fn headline(row: &Row<'_>, name_width: usize, style: Style) -> String {
    let (symbol, tone) = symbol(row.change());
    let name = padded(&one_line(&row.item.to_string()), name_width);
    let interruption = row.interruption().map(|words| format!(", {}", style.paint(Tone::Caution, words)));
    let what = one_line(&row.what());
    format!("  {} {name}  {what}{}", style.paint(tone, symbol), interruption.unwrap_or_default())
}

fn symbol(change: Change) -> (&'static str, Tone) {
    match change {
        Change::Create | Change::Pull => ("+", Tone::Good),
        Change::Replace => ("~", Tone::Caution),
        Change::RunScript | Change::Start | Change::Run | Change::PutBack => (">", Tone::Good),
        Change::Stop => ("-", Tone::Caution),
        Change::Remove | Change::ClearUp => ("-", Tone::Bad),
        Change::Restart | Change::Signal | Change::Prepare | Change::Alter => ("!", Tone::Caution),
    }
}

/// Causes, their places in one column.
fn cause_lines(row: &Row<'_>, style: Style) -> Vec<String> {
    let causes: Vec<(Vec<String>, Option<String>)> = row.causes().into_iter().map(shown_cause).collect();
    let with_place = causes.iter().filter(|(_, place)| place.is_some());
    let place_column = with_place.filter_map(|(lines, _)| lines.last()).map(|line| width(line)).max();
    let mut shown = Vec::new();
    for (mut lines, place) in causes {
        if let (Some(last), Some(place)) = (lines.last_mut(), place) {
            let place = style.paint(Tone::Aside, &place);
            *last = format!("{}  {place}", padded(last, place_column.unwrap_or(0)));
        }
        shown.extend(lines.into_iter().map(|line| format!("      {line}")));
    }
    shown
}

/// What a cause says, and where that is written.
fn shown_cause(cause: &Cause) -> (Vec<String>, Option<String>) {
    match cause {
        Cause::Changed(difference) => {
            let place = difference.place.as_ref().map(|place| one_line(&place.to_string()));
            (shown_difference(difference), place)
        }
        Cause::Absent { place } => {
            let text = Cause::Absent { place: None }.to_string();
            (vec![text], place.as_ref().map(|place| one_line(&place.to_string())))
        }
        other => (vec![one_line(&other.to_string())], None),
    }
}

fn shown_difference(difference: &Difference) -> Vec<String> {
    let without_place = Difference { place: None, ..difference.clone() };
    let line = one_line(&without_place.to_string());
    if width(&line) <= WIDEST_CAUSE {
        return vec![line];
    }
    let side = |value: &Option<String>| one_line(value.as_deref().unwrap_or("(not set)"));
    vec![
        one_line(&difference.field),
        format!("  found   {}", side(&difference.found)),
        format!("  wanted  {}", side(&difference.wanted)),
    ]
}

fn notice_line(notice: &Notice, style: Style) -> String {
    format!("  {} {}", style.paint(Tone::Caution, "note:"), one_line(&notice.to_string()))
}

/// Items are said to be as wanted only where all of their settings were compared.
fn footer(counts: &Counts, is_compared: bool, style: Style) -> String {
    let hosts = count(counts.hosts, "host");
    if counts.changed_hosts == 0 && !is_compared {
        return format!("nothing to do: {} on {hosts} left alone\n", count(counts.unchanged, "item"));
    }
    if counts.changed_hosts == 0 {
        let verb = if counts.unchanged == 1 { "is" } else { "are" };
        let items = count(counts.unchanged, "item");
        return format!("nothing to do: {items} on {hosts} {verb} as wanted\n");
    }
    let mut parts: Vec<String> =
        counts.changes.iter().map(|(change, number)| footer_part(counts, *change, *number, style)).collect();
    parts.push(format!("{} unchanged", counts.unchanged));
    parts.push(match counts.changed_hosts {
        changed if changed == counts.hosts => format!("on {hosts}"),
        changed => format!("on {changed} of {hosts}"),
    });
    format!("{}\n", parts.join(" · "))
}

fn footer_part(counts: &Counts, change: Change, number: usize, style: Style) -> String {
    let phrase = match change {
        Change::RunScript => "to run a script in",
        Change::Create => "to create",
        Change::Replace => "to replace",
        Change::Start => "to start",
        Change::PutBack => "to put back",
        Change::Remove => "to remove",
        Change::ClearUp => "to clear up",
        Change::Pull => "to pull",
        Change::Prepare => "to prepare",
        Change::Stop => "to stop",
        Change::Restart => "to restart",
        Change::Signal => "to signal",
        Change::Run => "to run commands in",
        Change::Alter => "to alter",
    };
    let interruption = match counts.interruptions.get(&change).copied().unwrap_or(0) {
        0 => return format!("{number} {phrase}"),
        1 if number > 1 => "1 interrupts service".to_owned(),
        some if some < number => format!("{some} interrupt service"),
        _ => "interrupts service".to_owned(),
    };
    format!("{number} {phrase} ({})", style.paint(Tone::Caution, &interruption))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{
        changed, container_steps, creation, difference, new_volume, plan, remove, rename, replacement,
        restart, start, stop,
    };
    use super::*;
    use crate::model::item::ItemId;

    fn shown(plans: &[Plan]) -> String {
        render("prod.yaml", plans, Style::PLAIN)
    }

    #[test]
    fn hosts_with_equal_plans_share_a_block() {
        let with_all = |name| {
            let steps = [new_volume(), replacement(), creation(), restart()].concat();
            plan(name, steps, &["shop.db", "shop.cache"])
        };
        let idle = |name| plan(name, Vec::new(), &["shop.web"]);
        let plans =
            [with_all("web1"), plan("db1", creation(), &[]), with_all("web2"), idle("apps1"), idle("apps2")];
        insta::assert_snapshot!(shown(&plans), @r#"
        Plan prod.yaml  5 hosts: web[1-2],db1,apps[1-2]

        web[1-2]
          + volume shop.data       create, chown 1000:1000, chmod 0750
              not there  shop.yaml:12
          ~ container shop.app     replace, stops for the switch
              image app:41 -> app:42               shop.yaml:37
              environment.CACHE_TTL "60" -> "120"  shop.yaml:44
          + container shop.worker  create, start
              not there  shop.yaml:52
          > container shop.cron    start
              not running: exited with 1
          2 unchanged

        db1
          + container shop.worker  create, start
              not there  shop.yaml:52

        nothing to do on apps[1-2]

        5 to create · 2 to replace (interrupts service) · 2 to start · 6 unchanged · on 3 of 5 hosts
        "#);
    }

    #[test]
    fn a_plan_without_steps_says_so() {
        let plans = [plan("web1", Vec::new(), &["a", "b"]), plan("web2", Vec::new(), &["a"])];
        insta::assert_snapshot!(shown(&plans), @"
        Plan prod.yaml  2 hosts: web[1-2]

        nothing to do: 3 items on 2 hosts are as wanted
        ");
        insta::assert_snapshot!(shown(&[plan("web1", Vec::new(), &["a"])]), @"
        Plan prod.yaml  1 host: web1

        nothing to do: 1 item on 1 host is as wanted
        ");
        insta::assert_snapshot!(shown(&[]), @"
        Plan prod.yaml  no hosts

        nothing to do: 0 items on 0 hosts are as wanted
        ");
    }

    #[test]
    fn the_goal_is_named_and_what_was_not_compared_is_not_called_as_wanted() {
        let with_goal = |goal, steps| Plan { goal, ..plan("web1", steps, &["shop.app"]) };
        let stopped = container_steps("shop.a", vec![Cause::Requested], vec![stop("shop.a")]);
        insta::assert_snapshot!(shown(&[with_goal(Goal::Stop, stopped)]), @"
        Plan prod.yaml for stop  1 host: web1

        web1
          - container shop.a  stop
          1 unchanged

        1 to stop (interrupts service) · 1 unchanged · on 1 host
        ");
        insta::assert_snapshot!(shown(&[with_goal(Goal::Shutdown, Vec::new())]), @"
        Plan prod.yaml for shutdown  1 host: web1

        nothing to do: 1 item on 1 host left alone
        ");
    }

    #[test]
    fn notices_stand_with_their_host_even_where_nothing_is_to_be_done() {
        let mut noted = plan("web1", Vec::new(), &["shop.app"]);
        noted.notices.push(Notice::Orphaned { item: ItemId::container("shop.old") });
        noted.notices.push(Notice::Deviates {
            item: ItemId::network("shop.net"),
            difference: difference("driver", "bridge", "overlay", 3),
        });
        insta::assert_snapshot!(shown(&[noted]), @"
        Plan prod.yaml  1 host: web1

        web1
          1 unchanged
          note: container shop.old is in no map any more; it is left alone
          note: network shop.net differs and is left as it is: driver bridge -> overlay (shop.yaml:3)

        nothing to do: 1 item on 1 host is as wanted
        ");
    }

    #[test]
    fn leftovers_removals_and_restored_names_are_told_apart() {
        let steps = [
            container_steps("shop.a", vec![Cause::Requested], vec![stop("shop.a"), remove("shop.a")]),
            container_steps("shop.b", vec![Cause::Leftover], vec![remove("shop.b.dmfab-new")]),
            container_steps("shop.c", vec![Cause::Leftover], vec![rename("shop.c.dmfab-old", "shop.c")]),
            container_steps("shop.d", vec![Cause::Requested], vec![remove("shop.d")]),
        ];
        insta::assert_snapshot!(shown(&[plan("web1", steps.concat(), &[])]), @"
        Plan prod.yaml  1 host: web1

        web1
          - container shop.a  stop, remove
          - container shop.b  clear up
              left by an interrupted run
          > container shop.c  put back
              left by an interrupted run
          - container shop.d  remove

        1 to put back · 2 to remove (1 interrupts service) · 1 to clear up · 0 unchanged · on 1 host
        ");
    }

    #[test]
    fn long_values_are_shown_in_full_and_in_lines_of_their_own() {
        let [found, wanted] = ["a", "b"].map(|end| format!("registry/app@sha256:{}{end}", "0".repeat(63)));
        let causes = vec![changed("image", &found, &wanted, 7), changed("user", "", "a\u{1b}[2J\nb", 8)];
        let plans = [plan("web1", container_steps("shop.app", causes, vec![start("shop.app")]), &[])];
        insta::assert_snapshot!(shown(&plans), @r"
        Plan prod.yaml  1 host: web1

        web1
          > container shop.app  start
              image
                found   registry/app@sha256:000000000000000000000000000000000000000000000000000000000000000a
                wanted  registry/app@sha256:000000000000000000000000000000000000000000000000000000000000000b  shop.yaml:7
              user (not set) -> a\u{1b}[2J\nb                                                                 shop.yaml:8

        1 to start · 0 unchanged · on 1 host
        ");
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let plans = [plan("web1", [new_volume(), replacement(), restart()].concat(), &["a"])];
        let coloured = render("prod.yaml", &plans, Style { colour: true });
        assert_ne!(coloured, shown(&plans));
        let stripped: Vec<String> = coloured.lines().map(super::super::shown::without_escapes).collect();
        assert_eq!(stripped, shown(&plans).lines().map(str::to_owned).collect::<Vec<_>>());
    }

    #[test]
    fn the_stable_form_has_a_line_for_each_step_and_host() {
        let mut noted = plan("web2", Vec::new(), &[]);
        noted.notices.push(Notice::Orphaned { item: ItemId::container("shop.old") });
        let plans = [plan("web1", new_volume(), &[]), noted];
        insta::assert_snapshot!(stable(&plans), @"
        web1 #1 create volume shop.data  <- not there (shop.yaml:12)
        web1 #2 prepare volume shop.data: chown 1000:1000 chmod 0750  after #1
        web2 nothing to do
        web2 notice: container shop.old is in no map any more; it is left alone
        ");
    }
}

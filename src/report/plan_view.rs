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

use crate::plan::{Cause, Difference, Notice, Plan, text};
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
    parts.push(footer(&counts, style));
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
        lines.extend(told.map(|line| format!("{} {}\n", plan.host_name, one_line(&line))));
    }
    lines.concat()
}

fn header(inventory: &str, plans: &[Plan], style: Style) -> String {
    let names = fold_hosts(plans.iter().map(|plan| plan.host_name.as_str()));
    let title = style.paint(Tone::Heading, &format!("Plan {}", one_line(inventory)));
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
        Change::Start | Change::PutBack => (">", Tone::Good),
        Change::Remove | Change::ClearUp => ("-", Tone::Bad),
        Change::Prepare | Change::Alter => ("!", Tone::Caution),
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

fn footer(counts: &Counts, style: Style) -> String {
    let hosts = count(counts.hosts, "host");
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
        Change::Create => "to create",
        Change::Replace => "to replace",
        Change::Start => "to start",
        Change::PutBack => "to put back",
        Change::Remove => "to remove",
        Change::ClearUp => "to clear up",
        Change::Pull => "to pull",
        Change::Prepare => "to prepare",
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

//! A plan as a file: what was asked for, what was planned, and what that rests on.
//!
//! `apply` asks for the same again, and plans again. It carries out what it planned then, if that is
//! what the file says: so a file can neither be carried out on hosts that have changed since, nor
//! bring anything about that dmfab would not have planned by itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::item::ItemId;
use crate::plan::seen::{Change, SeenItem, Side, changes};
use crate::plan::{Goal, Options, Plan};

use super::json::plan_of_host;
use super::shown::{fold_hosts, one_line};

/// Raised when older programs would take a file for something else.
const VERSION: u32 = 1;
const DOCUMENT: &str = "plan_file";
/// The field that says whether a host is chosen.
const SELECTION: &str = "selection";
/// More changes than that have one cause.
const LONGEST_LIST: usize = 20;

/// Plans with all that is needed to make them again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    document: String,
    version: u32,
    /// The version of dmfab that planned.
    dmfab: String,
    /// What was asked for.
    pub request: SavedRequest,
    /// Each host with its plan.
    pub hosts: Vec<SavedHost>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedRequest {
    /// The inventory.
    pub inventory: SavedPath,
    /// Maps beside the inventory's.
    pub maps: Vec<SavedPath>,
    /// Names of the variables that were given. Their values may be secrets, and are not kept.
    pub variables: Vec<String>,
    /// The chosen items as typed.
    pub items: Vec<String>,
    /// The chosen hosts as typed.
    pub hosts: Option<String>,
    /// What to bring about.
    pub goal: Goal,
    /// What was asked for beside.
    pub options: Options,
}

/// A file's path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPath {
    /// As typed.
    pub typed: PathBuf,
    /// From the root.
    pub absolute: PathBuf,
}

/// One host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedHost {
    /// Its name.
    pub host_name: String,
    /// How its Engine is reached.
    pub engine: String,
    /// What is to be done, as in the document of `plan --json`.
    pub plan: Value,
    /// What the plan rests on.
    pub seen: Vec<SeenItem>,
}

impl SavedHost {
    /// A plan with what it rests on.
    pub fn new(engine: String, plan: &Plan, seen: &[SeenItem]) -> Self {
        let host_name = plan.host_name.clone();
        Self { host_name, engine, plan: plan_of_host(plan), seen: seen.to_vec() }
    }
}

/// Why a file is no plan that can be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFileError {
    /// It is something else.
    #[error("it is no plan that dmfab has saved")]
    Foreign,
    /// It is of a later program.
    #[error("dmfab {dmfab} has saved it, in a form that this dmfab does not know")]
    Newer {
        /// The version of that program.
        dmfab: String,
    },
    /// It was cut off or changed.
    #[error("it is damaged: {reason}")]
    Damaged {
        /// What was found in it.
        reason: String,
    },
}

impl PlanFileError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Foreign => "save a plan with `dmfab plan INVENTORY -o FILE`",
            Self::Newer { .. } => "use that version of dmfab, or plan again",
            Self::Damaged { .. } => "plan again, with `dmfab plan INVENTORY -o FILE`",
        }
    }
}

impl PlanFile {
    /// The plans of some hosts.
    pub fn new(request: SavedRequest, hosts: Vec<SavedHost>) -> Self {
        let dmfab = env!("CARGO_PKG_VERSION").to_owned();
        Self { document: DOCUMENT.to_owned(), version: VERSION, dmfab, request, hosts }
    }

    /// What is written.
    ///
    /// # Errors
    /// A path that is no Unicode.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Reads what [`Self::text`] has written.
    ///
    /// # Errors
    /// Whatever else it is.
    pub fn parse(text: &str) -> Result<Self, PlanFileError> {
        let damaged = |error: serde_json::Error| PlanFileError::Damaged { reason: error.to_string() };
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) if text.contains(&format!("\"{DOCUMENT}\"")) => return Err(damaged(error)),
            Err(_) => return Err(PlanFileError::Foreign),
        };
        if value["document"] != DOCUMENT {
            return Err(PlanFileError::Foreign);
        }
        if value["version"].as_u64().is_some_and(|version| version > u64::from(VERSION)) {
            let dmfab = value["dmfab"].as_str().unwrap_or("of an unknown version");
            return Err(PlanFileError::Newer { dmfab: one_line(dmfab) });
        }
        serde_json::from_value(value).map_err(damaged)
    }

    /// What is no longer as these plans saw it, or planned it, on the hosts that are planned now.
    pub fn outdated(&self, now: &[SavedHost]) -> Vec<Outdated> {
        let now: BTreeMap<&str, &SavedHost> =
            now.iter().map(|host| (host.host_name.as_str(), host)).collect();
        let both = self.hosts.iter().filter_map(|then| Some((then, *now.get(then.host_name.as_str())?)));
        both.flat_map(|(then, now)| outdated_host(then, now)).collect()
    }

    /// Hosts that are chosen now and have no plan here, and those that have one and are not chosen.
    pub fn other_hosts(&self, chosen: &[String]) -> Vec<Outdated> {
        let has_plan = |name: &str| self.hosts.iter().any(|host| host.host_name == name);
        let is_chosen = |name: &str| chosen.iter().any(|chosen| chosen == name);
        let selection = |host_name: &str, was_chosen: bool| {
            let word = |is: bool| Some(if is { "chosen" } else { "not chosen" }.to_owned());
            let (then, now) = (word(was_chosen), word(!was_chosen));
            let what = What::Host { field: SELECTION.to_owned(), then, now };
            Outdated { host_name: host_name.to_owned(), what }
        };
        let gone = self.hosts.iter().map(|host| host.host_name.as_str()).filter(|name| !is_chosen(name));
        let gone = gone.map(|name| selection(name, true));
        let new = chosen.iter().filter(|name| !has_plan(name)).map(|name| selection(name, false));
        gone.chain(new).collect()
    }
}

/// Something that keeps a plan from being carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outdated {
    /// The host.
    pub host_name: String,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum What {
    /// The host itself.
    Host {
        /// What of it.
        field: String,
        /// Then.
        then: Option<String>,
        /// Now.
        now: Option<String>,
    },
    /// An item.
    Item(Change),
    /// Nothing that can be named, but the plan is another one.
    Step {
        /// The item of the first step that differs.
        item: Option<ItemId>,
        /// The step that was planned; `None` is none.
        then: Option<String>,
        /// The step that is planned now; `None` is none.
        now: Option<String>,
    },
}

fn outdated_host(then: &SavedHost, now: &SavedHost) -> Vec<Outdated> {
    let outdated = |what| Outdated { host_name: then.host_name.clone(), what };
    if then.engine != now.engine {
        let (before, after) = (Some(then.engine.clone()), Some(now.engine.clone()));
        return vec![outdated(What::Host { field: "engine".to_owned(), then: before, now: after })];
    }
    let found = changes(&then.seen, &now.seen);
    if !found.is_empty() {
        return found.into_iter().map(|change| outdated(What::Item(change))).collect();
    }
    let step = (without_places(&then.plan) != without_places(&now.plan))
        .then(|| first_other_step(&then.plan, &now.plan));
    step.into_iter().map(outdated).collect()
}

/// A line that has moved within its file changes nothing.
fn without_places(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| *name != "place");
            Value::Object(kept.map(|(name, value)| (name.clone(), without_places(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_places).collect()),
        other => other.clone(),
    }
}

fn first_other_step(then: &Value, now: &Value) -> What {
    let steps = |plan: &Value| plan["steps"].as_array().cloned().unwrap_or_default();
    let (then, now) = (steps(then), steps(now));
    let differs = |index: &usize| then.get(*index).map(without_places) != now.get(*index).map(without_places);
    let index = (0..then.len().max(now.len())).find(differs).unwrap_or_default();
    let text = |step: &Value| step["text"].as_str().map(str::to_owned);
    let (then, now) = (then.get(index), now.get(index));
    let item = now.or(then).and_then(|step| serde_json::from_value(step["item"].clone()).ok());
    What::Step { item, then: then.and_then(text), now: now.and_then(text) }
}

/// The refusal, a line for each thing that has changed; hosts with the same change share one.
pub fn render(outdated: &[Outdated]) -> String {
    let mut hosts_by_line: IndexMap<String, Vec<&str>> = IndexMap::new();
    for Outdated { host_name, what } in outdated {
        hosts_by_line.entry(one_line(&line(what))).or_default().push(host_name);
    }
    let more = hosts_by_line.len().saturating_sub(LONGEST_LIST);
    let shown = hosts_by_line.into_iter().take(LONGEST_LIST);
    let mut lines: Vec<String> =
        shown.map(|(line, hosts)| format!("  {}: {line}\n", fold_hosts(hosts))).collect();
    if more > 0 {
        lines.push(format!("  and {more} more; `--json` lists all\n"));
    }
    lines.concat()
}

fn line(what: &What) -> String {
    let side = |value: &Option<String>, without: &str| value.clone().unwrap_or_else(|| without.to_owned());
    match what {
        What::Host { field, then, now } => {
            let field = if field == SELECTION { String::new() } else { format!("{field} ") };
            format!("{field}was {}, is {}", side(then, "(not set)"), side(now, "(not set)"))
        }
        What::Item(Change { item, side: of, field, then, now }) => {
            let (was, is) = match of {
                Side::Found => ("was", "is"),
                Side::Wanted => ("was to be", "is to be"),
            };
            let [then, now] = [then, now].map(|value| side(value, "(not set)"));
            let [then, now] = [then, now].map(|value| if field == "id" { short_id(&value) } else { value });
            format!("{item}: {field} {was} {then}, {is} {now}")
        }
        What::Step { item, then, now } => {
            let item = item.as_ref().map(|item| format!("{item}: ")).unwrap_or_default();
            let (then, now) = (side(then, "no further step"), side(now, "no further step"));
            format!("{item}planned was `{then}`, planned now is `{now}`")
        }
    }
}

/// As Docker shows ids.
fn short_id(id: &str) -> String {
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    hex.get(..12).unwrap_or(hex).to_owned()
}

#[cfg(test)]
mod tests;

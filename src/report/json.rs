//! The same facts for programs: documents with a version.
//!
//! Within a version, fields are only added. Ids count from 0 and are the ones that `after` and
//! events refer to. Every field that holds an amount of something names its unit.
//!
//! Documents hold what is shown to people as well, and nothing else: of a step its words, not the
//! options behind it, since an option of a volume driver may be a password.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::event::{Event, RunSummary};
use crate::plan::{Action, Cause, Notice, Plan, Step};

use super::rows::Counts;

/// Version of all documents; raised when a field is removed or changes its meaning.
pub const VERSION: u32 = 1;

/// The document of `plan --json`.
pub fn plan_document(inventory: &str, plans: &[Plan]) -> Value {
    json!({
        "version": VERSION,
        "document": "plan",
        "inventory": inventory,
        "hosts": plans.iter().map(plan_of_host).collect::<Vec<_>>(),
        "counts": counts(plans),
    })
}

/// The document of a run with `--json`: how much was planned, where every host stands, and the
/// exit code of the process.
pub fn run_document(inventory: &str, plans: &[Plan], summary: &RunSummary, exit_code: u8) -> Value {
    json!({
        "version": VERSION,
        "document": "run",
        "inventory": inventory,
        "goal": shown(&summary.goal),
        "planned": counts(plans),
        "hosts": summary.hosts.iter().map(shown).collect::<Vec<_>>(),
        "took_seconds": in_seconds(summary.took),
        "exit_code": exit_code,
    })
}

/// One line of `--progress json`; `elapsed` is the time since the run began.
pub fn event_line(event: &Event, elapsed: Duration) -> String {
    let mut line = json!({"version": VERSION, "elapsed_seconds": in_seconds(elapsed)});
    if let (Some(fields), Value::Object(facts)) = (line.as_object_mut(), shown(event)) {
        fields.extend(facts);
    }
    line.to_string()
}

fn plan_of_host(plan: &Plan) -> Value {
    json!({
        "host_name": plan.host_name,
        "goal": shown(&plan.goal),
        "steps": plan.steps.iter().enumerate().map(|(id, step)| step_value(id, step)).collect::<Vec<_>>(),
        "unchanged": plan.unchanged.iter().map(shown).collect::<Vec<_>>(),
        "notices": plan.notices.iter().map(notice_value).collect::<Vec<_>>(),
    })
}

fn step_value(id: usize, step: &Step) -> Value {
    json!({
        "id": id,
        "action": action_name(&step.action),
        "text": step.action.to_string(),
        "item": shown(&step.item),
        "causes": step.causes.iter().map(cause_value).collect::<Vec<_>>(),
        "after": step.after.iter().map(|id| id.0).collect::<Vec<_>>(),
        "interrupts_service": step.interrupts_service,
    })
}

fn action_name(action: &Action) -> &'static str {
    match action {
        Action::PullImage { .. } => "pull_image",
        Action::CreateNetwork { .. } => "create_network",
        Action::CreateVolume { .. } => "create_volume",
        Action::PrepareVolume { .. } => "prepare_volume",
        Action::RemoveVolume { .. } => "remove_volume",
        Action::CreateContainer { .. } => "create_container",
        Action::ConnectNetwork { .. } => "connect_network",
        Action::StartContainer { .. } => "start_container",
        Action::RunCommand { .. } => "run_command",
        Action::StopContainer { .. } => "stop_container",
        Action::RenameContainer { .. } => "rename_container",
        Action::RemoveContainer { .. } => "remove_container",
    }
}

/// A cause with a place in a file whose name is not Unicode has no JSON form; its words remain.
fn cause_value(cause: &Cause) -> Value {
    serde_json::to_value(cause).unwrap_or_else(|_| json!({"text": cause.to_string()}))
}

/// As [`cause_value`].
fn notice_value(notice: &Notice) -> Value {
    serde_json::to_value(notice).unwrap_or_else(|_| json!({"text": notice.to_string()}))
}

fn counts(plans: &[Plan]) -> Value {
    shown(&Counts::of(plans))
}

/// A value whose form cannot fail: strings, numbers and lists of them.
fn shown(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Thousandths are as exact as the measurement.
fn in_seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

//! The same facts for programs: documents with a version.
//!
//! Within a version, fields are only added. Ids count from 0 and are the ones that `after` and
//! events refer to. Every field that holds an amount of something names its unit.
//!
//! Documents hold what may be shown to people, and nothing else: options of drivers are named, but have no
//! values there, since an option of a volume driver may be a password.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::event::{Event, RunSummary};
use crate::plan::states::ItemState;
use crate::plan::{Action, Cause, Notice, Plan, Step};

use super::parameters::parameters;
use super::plan_file::Outdated;
use super::rows::Counts;

/// Version of all documents; raised when a field is removed or changes its meaning.
pub const VERSION: u32 = 1;

/// The document of `plan --json`; each plan with the states of its items.
pub fn plan_document<'a>(
    inventory: &str,
    planned: impl IntoIterator<Item = (&'a Plan, &'a [ItemState])>,
) -> Value {
    let (mut plans, mut hosts) = (Vec::new(), Vec::new());
    for (plan, states) in planned {
        let mut host = plan_of_host(plan);
        host["items"] = states.iter().map(shown).collect();
        hosts.push(host);
        plans.push(plan.clone());
    }
    json!({
        "version": VERSION,
        "document": "plan",
        "inventory": inventory,
        "hosts": hosts,
        "counts": counts(&plans),
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

/// The document of `apply --json` that was refused: what is no longer as the saved plan saw it.
pub fn outdated_document(file: &str, outdated: &[Outdated]) -> Value {
    json!({
        "version": VERSION,
        "document": "outdated",
        "file": file,
        "changes": outdated.iter().map(shown).collect::<Vec<_>>(),
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

pub(super) fn plan_of_host(plan: &Plan) -> Value {
    json!({
        "host_name": plan.host_name,
        "goal": shown(&plan.goal),
        "registries": shown(&plan.registries),
        "steps": plan.steps.iter().enumerate().map(|(id, step)| step_value(id, step)).collect::<Vec<_>>(),
        "unchanged": plan.unchanged.iter().map(shown).collect::<Vec<_>>(),
        "notices": plan.notices.iter().map(notice_value).collect::<Vec<_>>(),
    })
}

fn step_value(id: usize, step: &Step) -> Value {
    let mut value = json!({
        "id": id,
        "action": action_name(&step.action),
        "text": step.action.to_string(),
        "item": shown(&step.item),
        "causes": step.causes.iter().map(cause_value).collect::<Vec<_>>(),
        "after": step.after.iter().map(|id| id.0).collect::<Vec<_>>(),
        "interrupts_service": step.interrupts_service,
        "parameters": parameters(&step.action),
        "replacement": step.replacement.map(|replacement| replacement.0),
        "undo": step.undo.as_ref().map(action_value),
    });
    if let Some(finally) = step.finally {
        value["finally"] = shown(&finally);
    }
    value
}

fn action_value(action: &Action) -> Value {
    json!({
        "action": action_name(action),
        "text": action.to_string(),
        "parameters": parameters(action),
    })
}

fn action_name(action: &Action) -> &'static str {
    match action {
        Action::PullImage { .. } => "pull_image",
        Action::CreateNetwork { .. } => "create_network",
        Action::RemoveNetwork { .. } => "remove_network",
        Action::CreateVolume { .. } => "create_volume",
        Action::PrepareVolume { .. } => "prepare_volume",
        Action::RemoveVolume { .. } => "remove_volume",
        Action::CreateContainer { .. } => "create_container",
        Action::ConnectNetwork { .. } => "connect_network",
        Action::DisconnectNetwork { .. } => "disconnect_network",
        Action::UpdateContainer { .. } => "update_container",
        Action::StartContainer { .. } => "start_container",
        Action::VerifyContainer { .. } => "verify_container",
        Action::RunCommand { .. } => "run_command",
        Action::StopContainer { .. } => "stop_container",
        Action::SignalContainer { .. } => "signal_container",
        Action::RenameContainer { .. } => "rename_container",
        Action::RemoveContainer { .. } => "remove_container",
        Action::UploadFiles { .. } => "upload_files",
        Action::RunScript { .. } => "run_script",
        Action::DownloadFiles { .. } => "download_files",
        Action::TakeAwayContainer { .. } => "take_away_container",
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

#[cfg(test)]
mod tests {
    use super::super::samples::{
        done, failed, finished, new_volume, plan, replacement, seconds, summary, unhealthy,
    };
    use super::*;
    use crate::model::item::ItemId;
    use crate::plan::states::{BaseState, StateFlag};

    fn app_state() -> ItemState {
        let (item, flags) = (ItemId::container("shop.app"), vec![StateFlag::Persistent]);
        ItemState { item, state: BaseState::Running, flags, process_id: Some(4711) }
    }

    #[test]
    fn a_plan_is_a_document() {
        let document =
            plan_document("prod.yaml", [(&plan("web1", new_volume(), &["shop.app"]), &[app_state()][..])]);
        insta::assert_snapshot!(serde_json::to_string_pretty(&document).expect("JSON"), @r#"
        {
          "counts": {
            "changed_hosts": 1,
            "changes": {
              "create": 1
            },
            "hosts": 1,
            "interruptions": {},
            "unchanged": 1
          },
          "document": "plan",
          "hosts": [
            {
              "goal": "deploy",
              "host_name": "web1",
              "items": [
                {
                  "flags": [
                    "persistent"
                  ],
                  "item": {
                    "kind": "container",
                    "name": "shop.app"
                  },
                  "process_id": 4711,
                  "state": "running"
                }
              ],
              "notices": [],
              "registries": "not_needed",
              "steps": [
                {
                  "action": "create_volume",
                  "after": [],
                  "causes": [
                    {
                      "cause": "absent",
                      "place": {
                        "column": 5,
                        "file": "shop.yaml",
                        "line": 12
                      }
                    }
                  ],
                  "id": 0,
                  "interrupts_service": false,
                  "item": {
                    "kind": "volume",
                    "name": "shop.data"
                  },
                  "parameters": {
                    "driver": "local",
                    "driver_options": [
                      "o"
                    ],
                    "volume_name": "shop.data"
                  },
                  "replacement": null,
                  "text": "create volume shop.data",
                  "undo": null
                },
                {
                  "action": "prepare_volume",
                  "after": [
                    0
                  ],
                  "causes": [],
                  "id": 1,
                  "interrupts_service": false,
                  "item": {
                    "kind": "volume",
                    "name": "shop.data"
                  },
                  "parameters": {
                    "container_image": null,
                    "mode": "0750",
                    "only_if_empty": false,
                    "owner": "1000:1000",
                    "volume_name": "shop.data"
                  },
                  "replacement": null,
                  "text": "prepare volume shop.data: chown 1000:1000 chmod 0750",
                  "undo": null
                }
              ],
              "unchanged": [
                {
                  "kind": "container",
                  "name": "shop.app"
                }
              ]
            }
          ],
          "inventory": "prod.yaml",
          "version": 1
        }
        "#);
    }

    /// features: ACT-24, ACT-25
    #[test]
    fn a_run_is_a_document() {
        let summary = summary(vec![("web1", done(3), 6.1), ("web2", failed(unhealthy(), true), 31.25)]);
        let document = run_document("prod.yaml", &[plan("web1", replacement(), &[])], &summary, 7);
        insta::assert_snapshot!(serde_json::to_string_pretty(&document).expect("JSON"), @r#"
        {
          "document": "run",
          "exit_code": 7,
          "goal": "deploy",
          "hosts": [
            {
              "changed": 3,
              "host_name": "web1",
              "outcome": "done",
              "took_seconds": 6.1,
              "unchanged": 2
            },
            {
              "changed": 0,
              "failures": [
                {
                  "problem": {
                    "chain": [
                      "container `shop.app` is unhealthy after 30 s",
                      "health check ended with 1"
                    ],
                    "help": "look at its log with `docker logs shop.app` on the host",
                    "output": "\u001b[31mError\u001b[0m: missing CACHE_URL\n"
                  },
                  "text": "start container shop.app",
                  "undo": "done"
                }
              ],
              "host_name": "web2",
              "outcome": "failed",
              "rolled_back": true,
              "skipped": 1,
              "took_seconds": 31.25,
              "unchanged": 3
            }
          ],
          "inventory": "prod.yaml",
          "planned": {
            "changed_hosts": 1,
            "changes": {
              "replace": 1
            },
            "hosts": 1,
            "interruptions": {
              "replace": 1
            },
            "unchanged": 0
          },
          "took_seconds": 31.25,
          "version": 1
        }
        "#);
    }

    #[test]
    fn an_event_is_a_line() {
        let line = event_line(&finished("web1", 4, "start container shop.app", 0.41), seconds(1.2));
        insta::assert_snapshot!(line, @r#"{"elapsed_seconds":1.2,"event":"step_finished","host_name":"web1","step":4,"text":"start container shop.app","took_seconds":0.41,"version":1}"#);
    }

    #[test]
    fn options_of_volume_drivers_are_not_told() {
        let plan = plan("web1", new_volume(), &[]);
        let document = plan_document("prod.yaml", [(&plan, &[][..])]).to_string();
        assert!(!document.contains("hunter2"), "{document}");
    }

    #[cfg(unix)]
    #[test]
    fn a_cause_in_a_file_without_unicode_name_is_told_in_words() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let file = std::path::Path::new(OsStr::from_bytes(b"sh\xffop.yaml")).into();
        let place = Some(crate::model::place::Place { file, line: 1, column: 1 });
        let value = cause_value(&Cause::Absent { place });
        assert_eq!(value, json!({"text": "not there (sh\u{fffd}op.yaml:1)"}));
    }
}

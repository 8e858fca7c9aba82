//! One step of a scenario as a command of dmfab.

use std::path::Path;

use serde_json::{Value, json};

use super::{NotSaid, script};

/// Actions by Docker-Map's names, and the commands that do them.
const COMMANDS: &[(&str, &str)] = &[
    ("create", "create"),
    ("start", "start"),
    ("stop", "stop"),
    ("restart", "restart"),
    ("remove", "remove"),
    ("startup", "startup"),
    ("shutdown", "shutdown"),
    ("update", "update"),
    ("signal", "signal"),
    ("pull_images", "pull"),
];

/// Options that need no word: what is passed on to a call of the Engine as it is.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("start", "restart_policy", "Engines take it when a container is created, and ignore it at its start"),
    ("remove", "force", "what runs is stopped before"),
];

/// Arguments of one run.
pub(super) struct CommandLine {
    pub(super) command: &'static str,
    pub(super) items: Vec<String>,
    /// What comes last.
    pub(super) flags: Vec<String>,
}

impl CommandLine {
    /// The command of a request's step; none where it only changes files or the world.
    pub(super) fn of(request: &Value) -> Result<Option<Self>, NotSaid> {
        let step = &request["step"];
        if let Some(utility) = step["util"].as_str() {
            return Err(NotSaid(format!("dmfab has no command for `{utility}`")));
        }
        let Some(action) = step["action"].as_str() else {
            let check = Self { command: "check", items: Vec::new(), flags: vec!["--json".to_owned()] };
            return Ok(step.get("dump_config").map(|_| check));
        };
        if action == "run_script" {
            return script::command_line(request).map(Some);
        }
        let known = COMMANDS.iter().find(|(name, _)| *name == action);
        let (_, command) = *known.ok_or_else(|| NotSaid(format!("dmfab has no action `{action}`")))?;
        let mut flags = always();
        flags.extend(default_flags(action, &request["option_defaults"])?);
        flags.extend(flags_of(action, request)?);
        Ok(Some(Self { command, items: items(request)?, flags }))
    }

    /// What is typed after the program's name.
    pub(super) fn arguments(&self, inventory: &Path) -> Vec<String> {
        let head = [self.command.to_owned(), inventory.display().to_string()];
        head.into_iter().chain(self.items.iter().cloned()).chain(self.flags.iter().cloned()).collect()
    }
}

/// How every action is run.
pub(super) fn always() -> Vec<String> {
    ["--json", "--yes", "--progress=json"].map(str::to_owned).into()
}

/// The selected containers: `config`, `map` and `instances` in dmfab's notation.
pub(super) fn items(request: &Value) -> Result<Vec<String>, NotSaid> {
    let configs = texts(&request["step"]["config"])?;
    let instances = texts(&request["step"]["instances"])?;
    let mut items = Vec::new();
    for config in configs {
        let item = qualified(&config, request)?;
        if instances.is_empty() {
            items.push(item);
        } else {
            items.extend(instances.iter().map(|instance| format!("{item}.{instance}")));
        }
    }
    Ok(items)
}

/// A selected item with the name of its map, where the step, the default or the only map gives one.
fn qualified(config: &str, request: &Value) -> Result<String, NotSaid> {
    let maps = request["maps"].as_object().ok_or_else(|| NotSaid("`maps` is missing".to_owned()))?;
    let given = request["step"]["map"].as_str().or_else(|| request["default_map"].as_str());
    let only = maps.keys().next().filter(|_| maps.len() == 1).map(String::as_str);
    let map_name = given.or(only).filter(|name| !name.starts_with('_'));
    let first = config.split('.').next().unwrap_or_default();
    Ok(match (config, map_name) {
        ("__all__", None | Some("__all__")) => "all".to_owned(),
        ("__all__", Some(name)) => name.to_owned(),
        (_, _) if config.contains('.') && maps.contains_key(first) => config.to_owned(),
        (_, Some(name)) => format!("{name}.{config}"),
        (_, None) => config.to_owned(),
    })
}

/// A text or a list of texts; nothing is an empty list. What is in a list may be a list of parts: `[map, configuration]`.
fn texts(value: &Value) -> Result<Vec<String>, NotSaid> {
    let one = |value: &Value| match value {
        Value::Array(parts) => {
            parts.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(|parts| parts.join("."))
        }
        value => value.as_str().map(str::to_owned),
    };
    let found = match value {
        Value::Null => Some(Vec::new()),
        Value::Array(values) => values.iter().map(one).collect(),
        value => one(value).map(|text| vec![text]),
    };
    found.ok_or_else(|| NotSaid(format!("`{value}` is no list of names")))
}

/// Flags for the options of a step.
fn flags_of(action: &str, request: &Value) -> Result<Vec<String>, NotSaid> {
    let mut flags = Vec::new();
    for (option, value) in request["step"]["options"].as_object().into_iter().flatten() {
        if LEFT_OUT.iter().any(|(of, name, _)| *of == action && name == option) {
            continue;
        }
        let found = flag(option, value, request)?;
        flags.extend(found.ok_or_else(|| NotSaid(format!("dmfab has no `{option}={value}` of `{action}`")))?);
    }
    Ok(flags)
}

/// The flags of one option; none where dmfab has no word for it.
fn flag(option: &str, value: &Value, request: &Value) -> Result<Option<Vec<String>>, NotSaid> {
    let switch = |name: &str| vec![name.to_owned()];
    let with = |name: &str| vec![format!("{name}={}", plain(value))];
    Ok(Some(match (option, value) {
        ("nonrecoverable_exit_codes", codes) => vec![exit_codes(codes)],
        ("force_update", items) => {
            let items = texts(items)?.into_iter().map(|item| qualified(&item, request));
            items.map(|item| Ok(format!("--force-update={}", item?))).collect::<Result<_, NotSaid>>()?
        }
        ("update_persistent", Value::Bool(true)) => switch("--update-persistent"),
        ("check_exec_commands", Value::String(_)) => with("--check-exec-commands"),
        ("skip_limit_reset", Value::Bool(true)) => switch("--skip-limit-reset"),
        ("restart_exec_commands", Value::Bool(true)) => switch("--restart-exec-commands"),
        ("remove_persistent", Value::Bool(false)) => switch("--keep-persistent"),
        ("remove_attached", Value::Bool(true)) => switch("--remove-attached"),
        ("pull_before_update", Value::Bool(true)) => switch("--pull=always"),
        ("pull_all_images", Value::Bool(false)) => switch("--missing"),
        ("timeout", Value::Number(_)) => with("--timeout"),
        ("signal", Value::String(_) | Value::Number(_)) => with("--signal"),
        _ => return Ok(None),
    }))
}

pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn exit_codes(codes: &Value) -> String {
    let codes: Vec<String> = codes.as_array().into_iter().flatten().map(Value::to_string).collect();
    format!("--nonrecoverable-exit-codes={}", codes.join(","))
}

/// Flags for what a mapping client is told for all its actions.
pub(super) fn default_flags(action: &str, defaults: &Value) -> Result<Vec<String>, NotSaid> {
    let mut flags = Vec::new();
    for (option, value) in defaults.as_object().into_iter().flatten() {
        match option.as_str() {
            "core_image" if MAKE.contains(&action) => flags.push(format!("--core-image={}", plain(value))),
            "nonrecoverable_exit_codes" if ["startup", "update"].contains(&action) => {
                flags.push(exit_codes(value));
            }
            "remove_persistent" if *value == json!(false) && ["remove", "shutdown"].contains(&action) => {
                flags.push("--keep-persistent".to_owned());
            }
            "core_image" | "nonrecoverable_exit_codes" | "remove_persistent" => {}
            _ => return Err(NotSaid(format!("dmfab has no default for `{option}`"))),
        }
    }
    Ok(flags)
}

/// Actions that may prepare a volume.
const MAKE: &[&str] = &["create", "startup", "update"];

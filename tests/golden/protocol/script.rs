//! Scripts: `run_script` as `script` or `cmd`, and what they gave back.

use serde_json::{Value, json};

use super::NotSaid;
use super::command_line::{CommandLine, always, default_flags, items, plain};

/// `script` for a file or folder that is on the host, `cmd` for a command alone.
pub(super) fn command_line(request: &Value) -> Result<CommandLine, NotSaid> {
    let mut flags = always();
    flags.extend(default_flags("run_script", &request["option_defaults"])?);
    let options = &request["step"]["options"];
    let has_script = options["script_path"].is_string();
    let mut words = Vec::new();
    for (option, value) in options.as_object().into_iter().flatten() {
        match option.as_str() {
            "command_format" if !has_script => words = words_of(value),
            _ => flags.extend(flag(option, value)?),
        }
    }
    if !words.is_empty() {
        flags.push("--".to_owned());
        flags.extend(words);
    }
    let command = if has_script { "script" } else { "cmd" };
    Ok(CommandLine { command, items: items(request)?, flags })
}

fn flag(option: &str, value: &Value) -> Result<Option<String>, NotSaid> {
    Ok(match (option, value) {
        ("script_path", Value::String(path)) => Some(format!("--host-path={path}")),
        ("command_format", Value::String(line)) => Some(format!("--command={line}")),
        ("command_format", Value::Array(_)) => Some(format!("--command={value}")),
        ("entrypoint", value) => Some(format!("--entrypoint={}", plain(value))),
        ("container_script_dir", Value::String(path)) => Some(format!("--container-dir={path}")),
        ("wait_timeout", Value::Number(seconds)) => Some(format!("--wait-timeout={seconds}")),
        ("tail", Value::Number(lines)) => Some(format!("--tail={lines}")),
        ("timestamps", Value::Bool(true)) => Some("--timestamps".to_owned()),
        ("remove_existing_before", Value::Bool(true)) => Some("--remove-existing".to_owned()),
        ("remove_created_after", Value::Bool(false)) => Some("--keep".to_owned()),
        ("remove_existing_before" | "timestamps", Value::Bool(false)) => None,
        ("remove_created_after", Value::Bool(true)) => None,
        _ => return Err(NotSaid(format!("dmfab has no `{option}={value}` of `run_script`"))),
    })
}

/// A command as words: a list has them, a line is split as a shell would.
fn words_of(value: &Value) -> Vec<String> {
    match value {
        Value::Array(words) => words.iter().map(plain).collect(),
        line => shlex::split(&plain(line)).unwrap_or_else(|| vec![plain(line)]),
    }
}

/// Results of scripts in the form of the protocol.
pub(super) fn outputs(document: &Value) -> Value {
    let scripts = document["scripts"].as_array().into_iter().flatten();
    let outputs = scripts.map(|script| {
        let mut result = json!({"id": script["id"], "client": script["host_name"]});
        if script["exit_code"].is_null() {
            result["error"] = script["error"].clone();
        } else {
            result["exit_code"] = script["exit_code"].clone();
            result["log"] = script["log"].clone();
        }
        let item = format!("container:{}", plain(&script["container"]));
        json!({"client": script["host_name"], "item": item, "action": "script", "result": result})
    });
    outputs.collect()
}

/// Whether scripts were run on all hosts. Their own exit codes, which dmfab ends with, are results and no errors; so is that one took too long.
pub(super) fn were_run(document: &Value) -> bool {
    let scripts = document["scripts"].as_array().cloned().unwrap_or_default();
    let took_too_long = |host: &Value| {
        scripts.iter().any(|script| script["host_name"] == host["host_name"] && script["error"].is_string())
    };
    let mut hosts = document["hosts"].as_array().into_iter().flatten();
    !scripts.is_empty() && hosts.all(|host| host["outcome"] == "done" || took_too_long(host))
}

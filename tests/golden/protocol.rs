//! Steps in Docker-Map's words, done by the dmfab binary.
//!
//! A request holds maps, clients and a step; README.md has its keys. It becomes an inventory in a file and one command line. What dmfab has no word for is
//! answered with an error that says so, and never left out in silence.

mod command_line;
mod inventory;
mod script;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use wait_timeout::ChildExt;

use command_line::CommandLine;

/// Steps have two minutes, unless they say otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(110);

/// Why a step has no command.
#[derive(Debug)]
struct NotSaid(String);

/// How the program ended.
struct Ended {
    /// `None`: it was killed, or did not end in time.
    exit_code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Does a step; what is wrong is in the answer, too.
pub(super) fn answer(request: &Value, dmfab: &Path) -> Value {
    let command_line = match CommandLine::of(request) {
        Ok(Some(command_line)) => command_line,
        Ok(None) => return json!({"error": null, "plan": [], "outputs": []}),
        Err(NotSaid(message)) => return refusal("NotSupported", &message),
    };
    match run(request, &command_line, dmfab) {
        Ok(ended) => told(&ended),
        Err(message) => refusal("NotRun", &message),
    }
}

fn refusal(kind: &str, message: &str) -> Value {
    json!({"error": {"type": kind, "message": message}, "plan": [], "outputs": []})
}

/// Error or none, the steps that were done, and what commands gave back.
fn told(ended: &Ended) -> Value {
    let document: Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
    let error = match ended.exit_code {
        Some(0) => Value::Null,
        Some(_) if script::were_run(&document) => Value::Null,
        Some(code) => json!({"type": format!("exit code {code}"), "message": message(ended)}),
        None => json!({"type": "HANG", "message": message(ended)}),
    };
    json!({"error": error, "plan": steps(&ended.stderr), "outputs": script::outputs(&document)})
}

/// What was said on standard error; of lines of progress, why steps failed.
fn message(ended: &Ended) -> String {
    let said = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(event) => event.get("problem").map(Value::to_string),
        Err(_) => Some(line.to_owned()),
    };
    let text = ended.stderr.lines().filter_map(said).collect::<Vec<_>>().join("\n");
    if text.trim().is_empty() { ended.stdout.clone() } else { text }
}

/// Steps as lines of progress tell them.
fn steps(stderr: &str) -> Vec<Value> {
    let events = stderr.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_done = |event: &Value| {
        event["event"].as_str().is_some_and(|kind| ["step_finished", "step_failed"].contains(&kind))
    };
    let step = |event: Value| json!({"client": event["host_name"], "action": event["text"]});
    events.filter(is_done).map(step).collect()
}

fn run(request: &Value, command_line: &CommandLine, dmfab: &Path) -> Result<Ended, String> {
    let folder = Path::new(request["workdir"].as_str().ok_or("`workdir` is missing")?);
    let file = folder.join("inventory.yaml");
    // JSON is YAML.
    let written = fs::write(&file, inventory::document(request).to_string());
    written.map_err(|error| format!("{}: {error}", file.display()))?;
    let mut command = Command::new(dmfab);
    command.args(command_line.arguments(&file)).current_dir(folder).env_clear().env("HOME", folder);
    // dmfab's own settings come from whoever starts the adapter.
    let own = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DMFAB_"));
    command.envs(own).envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    for (name, value) in request["environ"].as_object().into_iter().flatten() {
        command.env(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let ended = ended(&mut command, time_limit(request));
    ended.map_err(|error| format!("{}: {error}", dmfab.display()))
}

fn time_limit(request: &Value) -> Duration {
    let given = request["step"]["timeout"].as_u64();
    given.map_or(TIME_LIMIT, |seconds| Duration::from_secs(seconds.saturating_sub(1).max(1)))
}

/// Runs to the end, or kills what takes too long.
fn ended(command: &mut Command, limit: Duration) -> std::io::Result<Ended> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().map(|stream| thread::spawn(|| std::io::read_to_string(stream)));
    let stderr = child.stderr.take().map(|stream| thread::spawn(|| std::io::read_to_string(stream)));
    let status = child.wait_timeout(limit)?;
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    let text = |reader: Option<thread::JoinHandle<std::io::Result<String>>>| {
        reader.and_then(|reader| reader.join().ok()).and_then(Result::ok).unwrap_or_default()
    };
    Ok(Ended {
        exit_code: status.and_then(|status| status.code()),
        stdout: text(stdout),
        stderr: text(stderr),
    })
}

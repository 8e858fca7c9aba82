//! Options of `HostConfig` that have no field of their own: one form for what is typed and for
//! what an Engine reports, so that both can be compared.
//!
//! An Engine reports every field, also those nobody asked for, and it fills some with its
//! defaults. [`normalised`] takes away what means the same as nothing. It is applied to what is
//! wanted and to what was found alike.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Fields that have a place of their own in
/// [`ContainerSettings`](super::container::ContainerSettings).
pub const OWN_FIELDS: [&str; 6] = ["Binds", "Links", "Mounts", "NetworkMode", "PortBindings", "VolumesFrom"];

/// Paths that every Engine since 20.10 hides from containers that are not privileged. Newer ones
/// hide more, so a list that holds all of these is the Engine's own.
const MASKED_PATHS: [&str; 8] = [
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
];

/// Paths that every Engine since 20.10 lets such containers only read.
const READ_ONLY_PATHS: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// What an Engine puts where nothing was asked for, other than null, 0, false, and empty.
///
/// | field | value | reason |
/// |---|---|---|
/// | `ShmSize` | 64 MiB | the daemon's `default-shm-size` |
/// | `RestartPolicy` | `no` | the CLI sends `no`, the API keeps the empty name |
/// | `LogConfig` | `json-file` without options | the daemon's `log-driver` |
/// | `IpcMode` | `private` | the daemon's `default-ipc-mode` |
/// | `CgroupnsMode` | `private` with cgroup v2, `host` with v1 (API 1.41) | the daemon's `default-cgroupns-mode` |
/// | `Runtime` | `runc` | the daemon's `default-runtime` |
/// | `MemorySwappiness` | -1 | API before 1.42 |
/// | `CpuQuota`, `PidsLimit` | -1 | the same as 0, no limit |
/// | `ConsoleSize` | `[0, 0]` | reported on every system, meant for Windows |
/// | `MaskedPaths`, `ReadonlyPaths` | the stock lists | filled in unless privileged |
/// | `Isolation` | `default` | meant for Windows |
/// | `VolumeDriver` | `local` | older CLIs send it |
fn is_engine_default(name: &str, value: &Value) -> bool {
    match name {
        "ShmSize" => value.as_i64() == Some(64 << 20),
        "RestartPolicy" => matches!(member_text(value, "Name"), None | Some("" | "no")),
        "LogConfig" => {
            matches!(member_text(value, "Type"), None | Some("" | "json-file"))
                && value.get("Config").is_none_or(is_nothing)
        }
        "IpcMode" => value.as_str() == Some("private"),
        "CgroupnsMode" => matches!(value.as_str(), Some("private" | "host")),
        "Runtime" => value.as_str() == Some("runc"),
        "CpuQuota" | "MemorySwappiness" | "PidsLimit" => value.as_i64() == Some(-1),
        "ConsoleSize" => value.as_array().is_some_and(|sizes| sizes.iter().all(is_nothing)),
        "MaskedPaths" => holds_all(value, &MASKED_PATHS),
        "ReadonlyPaths" => holds_all(value, &READ_ONLY_PATHS),
        "Isolation" => value.as_str() == Some("default"),
        "VolumeDriver" => value.as_str() == Some("local"),
        _ => false,
    }
}

/// Whether the daemon's own configuration decides where a container asks for nothing.
///
/// What [`normalised`] takes away are the values of a daemon that is not configured. On one that
/// is (`log-driver`, `default-shm-size`, ...), a container that asked for nothing reports the
/// daemon's choice, and nothing tells it from a wish.
pub fn is_decided_by_daemon(name: &str) -> bool {
    matches!(name, "CgroupnsMode" | "IpcMode" | "LogConfig" | "Runtime" | "ShmSize")
}

/// Fields whose members are given by the API, so that an empty member means none. Others, like
/// `Tmpfs` and `Sysctls`, are maps of the user's own keys, where an empty value is a value.
const RECORDS: [&str; 5] = ["RestartPolicy", "LogConfig", "DeviceRequests", "Devices", "BlkioWeightDevice"];

/// The options without those that say nothing, in the form an Engine reports.
pub fn normalised(options: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut kept = BTreeMap::new();
    for (name, value) in options {
        let value = normalised_value(name, value, options);
        let says_nothing = is_nothing(&value) && !is_set_by_nothing(name, &value);
        if !says_nothing && !is_engine_default(name, &value) {
            kept.insert(name.clone(), value);
        }
    }
    kept
}

fn normalised_value(name: &str, value: &Value, options: &BTreeMap<String, Value>) -> Value {
    match name {
        "CapAdd" | "CapDrop" => capabilities(value),
        "SecurityOpt" if is_unconfined(options) => without_text(value, "label=disable"),
        _ if RECORDS.contains(&name) => without_empty_members(value),
        _ => value.clone(),
    }
}

/// `cap_net_admin` and `NET_ADMIN` are one capability, and their order means nothing; Engines
/// since 23 report them sorted and with the prefix.
fn capabilities(value: &Value) -> Value {
    let Value::Array(names) = value else { return value.clone() };
    let mut names: Vec<String> = names.iter().filter_map(Value::as_str).map(capability).collect();
    names.sort();
    names.dedup();
    Value::from(names)
}

fn capability(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
}

/// Whether the Engine switches labels off by itself, which it then reports as an option.
fn is_unconfined(options: &BTreeMap<String, Value>) -> bool {
    let is_host = |name| options.get(name).and_then(Value::as_str) == Some("host");
    options.get("Privileged") == Some(&Value::Bool(true)) || is_host("PidMode") || is_host("IpcMode")
}

fn without_text(value: &Value, text: &str) -> Value {
    match value {
        Value::Array(words) => {
            Value::Array(words.iter().filter(|word| word.as_str() != Some(text)).cloned().collect())
        }
        other => other.clone(),
    }
}

/// A record of the API without members that say nothing. `Config`, `Options` and `Labels` hold the
/// user's own keys and stay.
pub fn without_empty_members(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut kept = Map::new();
            for (name, member) in members {
                // These hold the user's own keys.
                let is_users = matches!(name.as_str(), "Config" | "Options" | "Labels");
                let member = if is_users { member.clone() } else { without_empty_members(member) };
                if !is_nothing(&member) {
                    kept.insert(name.clone(), member);
                }
            }
            Value::Object(kept)
        }
        Value::Array(elements) => Value::Array(elements.iter().map(without_empty_members).collect()),
        other => other.clone(),
    }
}

/// Null, 0, false, and everything empty: what the Engine takes for "not set".
pub fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// Whether a value that otherwise means "not set" is one here. The Engine tells it from null: no
/// swapping at all, and no `init` on a daemon that gives one to everybody.
pub fn is_set_by_nothing(name: &str, value: &Value) -> bool {
    match name {
        "MemorySwappiness" => value.as_i64() == Some(0),
        "Init" => *value == Value::Bool(false),
        _ => false,
    }
}

fn member_text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn holds_all(value: &Value, paths: &[&str]) -> bool {
    let Value::Array(found) = value else { return false };
    paths.iter().all(|path| found.iter().any(|value| value.as_str() == Some(path)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(value: Value) -> BTreeMap<String, Value> {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn what_nobody_asked_for_is_gone() {
        let reported = options(json!({
            "ShmSize": 67_108_864, "Memory": 0, "Privileged": false, "PidMode": "", "Dns": [], "Tmpfs": {},
            "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
            "LogConfig": {"Type": "json-file", "Config": {}},
            "IpcMode": "private", "CgroupnsMode": "host", "Runtime": "runc", "ConsoleSize": [0, 0],
            "MaskedPaths": ["/proc/interrupts", "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys",
                "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
                "/proc/scsi", "/sys/firmware"],
            "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
            "PidsLimit": null, "OomKillDisable": null,
        }));
        assert_eq!(normalised(&reported), BTreeMap::new());
    }

    #[test]
    fn what_was_asked_for_stays() {
        let wanted = json!({
            "ShmSize": 1024, "Memory": 9, "Tmpfs": {"/run": ""}, "Sysctls": {"net.ipv4.ip_forward": "1"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
            "MaskedPaths": ["/proc/kcore"], "IpcMode": "host", "Devices": [{"PathOnHost": "/dev/null"}],
            "MemorySwappiness": 0, "Init": false,
        });
        let wanted = options(wanted);
        assert_eq!(normalised(&wanted), wanted);
    }

    #[test]
    fn two_ways_of_saying_one_thing_are_one() {
        for (one, other) in [
            (
                json!({"CapAdd": ["cap_sys_time", "NET_ADMIN"]}),
                json!({"CapAdd": ["NET_ADMIN", "CAP_SYS_TIME"]}),
            ),
            (
                json!({"RestartPolicy": {"Name": "always"}}),
                json!({"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}),
            ),
            (json!({"Privileged": true}), json!({"Privileged": true, "SecurityOpt": ["label=disable"]})),
        ] {
            assert_eq!(normalised(&options(one)), normalised(&options(other)));
        }
    }
}

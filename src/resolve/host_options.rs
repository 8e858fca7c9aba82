//! Keywords of `host_config`: docker-py's names and the API's own, and what they become.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::host_options::is_set_by_nothing;
use crate::source::diagnostic::Diagnostic;
use crate::source::node::Node;
use crate::wording;

use super::values::OptionReader;

/// How a value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bytes,
    Integer,
    Boolean,
    Text,
    Texts,
    TextMapping,
    RestartPolicy,
    Ulimits,
    Devices,
    ExtraHosts,
    LogConfig,
    Tmpfs,
    /// From 10 to 1000.
    Weight,
    WeightDevices,
    ThrottleDevices,
    DeviceRequests,
    /// Accepted only where it is switched off.
    AutoRemove,
    CgroupNamespace,
    Isolation,
}

/// Keywords that version 1.42 of the API took away.
pub(super) const DROPPED_KEYWORDS: [&str; 2] = ["kernel_memory", "KernelMemory"];

/// docker-py's keyword, the API's field of `HostConfig`, and how its value is read.
const KEYWORDS: [(&str, &str, Kind); 53] = [
    ("auto_remove", "AutoRemove", Kind::AutoRemove),
    ("blkio_weight", "BlkioWeight", Kind::Weight),
    ("blkio_weight_device", "BlkioWeightDevice", Kind::WeightDevices),
    ("cap_add", "CapAdd", Kind::Texts),
    ("cap_drop", "CapDrop", Kind::Texts),
    ("cgroup_parent", "CgroupParent", Kind::Text),
    ("cgroupns", "CgroupnsMode", Kind::CgroupNamespace),
    ("cpu_count", "CpuCount", Kind::Integer),
    ("cpu_percent", "CpuPercent", Kind::Integer),
    ("cpu_period", "CpuPeriod", Kind::Integer),
    ("cpu_quota", "CpuQuota", Kind::Integer),
    ("cpu_rt_period", "CpuRealtimePeriod", Kind::Integer),
    ("cpu_rt_runtime", "CpuRealtimeRuntime", Kind::Integer),
    ("cpu_shares", "CpuShares", Kind::Integer),
    ("cpuset_cpus", "CpusetCpus", Kind::Text),
    ("cpuset_mems", "CpusetMems", Kind::Text),
    ("device_cgroup_rules", "DeviceCgroupRules", Kind::Texts),
    ("device_read_bps", "BlkioDeviceReadBps", Kind::ThrottleDevices),
    ("device_read_iops", "BlkioDeviceReadIOps", Kind::ThrottleDevices),
    ("device_requests", "DeviceRequests", Kind::DeviceRequests),
    ("device_write_bps", "BlkioDeviceWriteBps", Kind::ThrottleDevices),
    ("device_write_iops", "BlkioDeviceWriteIOps", Kind::ThrottleDevices),
    ("devices", "Devices", Kind::Devices),
    ("dns", "Dns", Kind::Texts),
    ("dns_opt", "DnsOptions", Kind::Texts),
    ("dns_search", "DnsSearch", Kind::Texts),
    ("extra_hosts", "ExtraHosts", Kind::ExtraHosts),
    ("group_add", "GroupAdd", Kind::Texts),
    ("init", "Init", Kind::Boolean),
    ("ipc_mode", "IpcMode", Kind::Text),
    ("isolation", "Isolation", Kind::Isolation),
    ("log_config", "LogConfig", Kind::LogConfig),
    ("mem_limit", "Memory", Kind::Bytes),
    ("mem_reservation", "MemoryReservation", Kind::Bytes),
    ("mem_swappiness", "MemorySwappiness", Kind::Integer),
    ("memswap_limit", "MemorySwap", Kind::Bytes),
    ("nano_cpus", "NanoCpus", Kind::Integer),
    ("oom_kill_disable", "OomKillDisable", Kind::Boolean),
    ("oom_score_adj", "OomScoreAdj", Kind::Integer),
    ("pid_mode", "PidMode", Kind::Text),
    ("pids_limit", "PidsLimit", Kind::Integer),
    ("privileged", "Privileged", Kind::Boolean),
    ("publish_all_ports", "PublishAllPorts", Kind::Boolean),
    ("read_only", "ReadonlyRootfs", Kind::Boolean),
    ("restart_policy", "RestartPolicy", Kind::RestartPolicy),
    ("runtime", "Runtime", Kind::Text),
    ("security_opt", "SecurityOpt", Kind::Texts),
    ("shm_size", "ShmSize", Kind::Bytes),
    ("storage_opt", "StorageOpt", Kind::TextMapping),
    ("sysctls", "Sysctls", Kind::TextMapping),
    ("tmpfs", "Tmpfs", Kind::Tmpfs),
    ("ulimits", "Ulimits", Kind::Ulimits),
    ("userns_mode", "UsernsMode", Kind::Text),
];

/// The API's field that a keyword of docker-py becomes; both are taken.
pub(crate) fn api_name(keyword: &str) -> Option<&'static str> {
    KEYWORDS.iter().find(|(known, ..)| *known == keyword).map(|(_, field, _)| *field)
}

/// Every keyword, for suggestions.
pub(super) fn keywords() -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().map(|(keyword, ..)| *keyword)
}

/// Whether this is a keyword of the table, in either spelling.
pub(super) fn is_keyword(name: &str) -> bool {
    find(name).is_some()
}

fn find(name: &str) -> Option<(&'static str, Kind)> {
    KEYWORDS
        .iter()
        .find(|(keyword, field, _)| *keyword == name || *field == name)
        .map(|(_, field, kind)| (*field, *kind))
}

/// Reads a keyword into the API's field and names that field. Values that mean "not set" leave the
/// field out, as the Engine does when it reports them back.
pub(super) fn read(
    reader: &OptionReader<'_>,
    name: &str,
    node: &Node,
    options: &mut BTreeMap<String, Value>,
) -> Option<&'static str> {
    let (field, kind) = find(name)?;
    if node.is_null() {
        return None;
    }
    let value = read_value(reader, kind, node)?;
    if is_unset(&value) && !is_set_by_nothing(field, &value) {
        options.remove(field);
    } else {
        options.insert(field.to_owned(), value);
    }
    Some(field)
}

fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is_set) => !is_set,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn read_value(reader: &OptionReader<'_>, kind: Kind, node: &Node) -> Option<Value> {
    match kind {
        Kind::Bytes => reader.bytes(node).map(Value::from),
        Kind::Integer => reader.integer(node).map(Value::from),
        Kind::Boolean => reader.boolean(node).map(Value::from),
        Kind::Text => reader.text(node).map(Value::from),
        Kind::Texts => reader.texts(node).map(Value::from),
        Kind::TextMapping => text_mapping(reader, node),
        Kind::RestartPolicy => restart_policy(reader, node),
        Kind::Ulimits => ulimits(reader, node),
        Kind::Devices => devices(reader, node),
        Kind::ExtraHosts => extra_hosts(reader, node),
        Kind::LogConfig => log_config(reader, node),
        Kind::Tmpfs => tmpfs(reader, node),
        Kind::Weight => weight(reader, node).map(Value::from),
        Kind::WeightDevices => records(reader, node, "`{Path: /dev/vda, Weight: 400}`", weight_device),
        Kind::ThrottleDevices => records(reader, node, "`{Path: /dev/vda, Rate: 1m}`", throttle_device),
        Kind::DeviceRequests => {
            records(reader, node, "`{driver: nvidia, count: 1, capabilities: [[gpu]]}`", device_request)
        }
        Kind::AutoRemove => auto_remove(reader, node),
        Kind::CgroupNamespace => choice(reader, node, &["", "private", "host"]),
        Kind::Isolation => choice(reader, node, &["", "default", "process", "hyperv"]),
    }
}

/// dmfab goes back to the predecessor when a successor does not start, so it must stay until then.
fn auto_remove(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let wanted = reader.boolean(node)?;
    if wanted {
        reader.context.report(
            Diagnostic::error(
                "`auto_remove` is not supported: dmfab keeps a container until its successor runs",
            )
            .at(node.span, "switched on here")
            .help("take it out"),
        );
        return None;
    }
    Some(Value::Bool(false))
}

fn choice(reader: &OptionReader<'_>, node: &Node, known: &[&str]) -> Option<Value> {
    let text = reader.text(node)?;
    if !known.contains(&text.as_str()) {
        let named: Vec<&str> = known.iter().copied().filter(|word| !word.is_empty()).collect();
        reader.wrong_text(node, &text, &wording::one_of(&named));
        return None;
    }
    Some(Value::String(text))
}

/// 0 means none.
fn weight(reader: &OptionReader<'_>, node: &Node) -> Option<i64> {
    let weight = reader.integer(node)?;
    if weight != 0 && !(10..=1000).contains(&weight) {
        reader.wrong_text(node, &weight.to_string(), "a number from 10 to 1000");
        return None;
    }
    Some(weight)
}

/// A list of mappings, each read by `read`, which gives `None` for a member that it does not know.
fn records(
    reader: &OptionReader<'_>,
    node: &Node,
    expected: &str,
    read: impl Fn(&OptionReader<'_>, &str, &Node) -> Option<(&'static str, Option<Value>)>,
) -> Option<Value> {
    let Some(items) = node.as_sequence() else {
        reader.wrong(node, &format!("a list of {expected}"));
        return None;
    };
    let mut found = Vec::new();
    for item in items {
        let Some(members) = item.as_mapping() else {
            reader.wrong(item, expected);
            return None;
        };
        let mut record = Map::new();
        for (key, value) in members {
            let name = key.as_text().unwrap_or_default();
            if value.is_null() {
                continue;
            }
            let Some((member, value)) = read(reader, name, value) else {
                let message = format!("unknown key `{name}` in `{}`", reader.field);
                reader.context.error(message, key.span, &format!("expected {expected}"));
                return None;
            };
            record.insert(member.to_owned(), value?);
        }
        found.push(Value::Object(record));
    }
    Some(Value::Array(found))
}

fn weight_device(
    reader: &OptionReader<'_>,
    name: &str,
    node: &Node,
) -> Option<(&'static str, Option<Value>)> {
    Some(match name {
        "Path" | "path" => ("Path", reader.text(node).map(Value::from)),
        "Weight" | "weight" => ("Weight", weight(reader, node).map(Value::from)),
        _ => return None,
    })
}

fn throttle_device(
    reader: &OptionReader<'_>,
    name: &str,
    node: &Node,
) -> Option<(&'static str, Option<Value>)> {
    Some(match name {
        "Path" | "path" => ("Path", reader.text(node).map(Value::from)),
        "Rate" | "rate" => ("Rate", reader.bytes(node).map(Value::from)),
        _ => return None,
    })
}

/// docker-py's members are the API's in other letters.
fn device_request(
    reader: &OptionReader<'_>,
    name: &str,
    node: &Node,
) -> Option<(&'static str, Option<Value>)> {
    Some(match name {
        "Driver" | "driver" => ("Driver", reader.text(node).map(Value::from)),
        "Count" | "count" => ("Count", reader.integer(node).map(Value::from)),
        "DeviceIDs" | "device_ids" => ("DeviceIDs", reader.texts(node).map(Value::from)),
        "Capabilities" | "capabilities" => ("Capabilities", capabilities(reader, node)),
        "Options" | "options" => ("Options", text_mapping(reader, node)),
        _ => return None,
    })
}

/// A list of lists: one of them must hold entirely.
fn capabilities(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let alternatives =
        node.as_sequence().filter(|lists| lists.iter().all(|list| list.as_sequence().is_some()));
    let Some(alternatives) = alternatives else {
        reader.context.error(
            format!("the capabilities of `{}` are no list of lists", reader.field),
            node.span,
            "expected `[[gpu]]`",
        );
        return None;
    };
    alternatives
        .iter()
        .map(|list| reader.texts(list).map(Value::from))
        .collect::<Option<Vec<_>>>()
        .map(Value::Array)
}

fn text_mapping(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let entries = reader.text_entries(node)?;
    let values: Option<serde_json::Map<String, Value>> = entries
        .into_iter()
        .map(|(key, raw)| Some((key, Value::String(reader.context.free_text(&raw)?))))
        .collect();
    values.map(Value::Object)
}

/// `{Name, MaximumRetryCount}`, or `always`, `on-failure:3`. `no` is what the Engine does anyway.
fn restart_policy(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let (name, retries) = if node.as_mapping().is_some() {
        let name = node.get("Name").or_else(|| node.get("name")).and_then(|name| reader.text(name));
        let retries = node.get("MaximumRetryCount").or_else(|| node.get("maximum_retry_count"));
        (name.unwrap_or_default(), retries.map_or(Some(0), |count| reader.integer(count))?)
    } else {
        let text = reader.text(node)?;
        match text.split_once(':') {
            Some((name, count)) => (name.to_owned(), count.parse().unwrap_or(-1)),
            None => (text, 0),
        }
    };
    let is_known = matches!(name.as_str(), "" | "no" | "always" | "unless-stopped" | "on-failure");
    if !is_known || retries < 0 {
        reader.wrong_text(node, &name, "`no`, `always`, `unless-stopped` or `on-failure`");
        return None;
    }
    let has_retries = retries > 0 && name != "on-failure";
    if has_retries {
        reader.context.report(
            Diagnostic::error(format!("`{}` counts retries of `{name}`", reader.field))
                .at(node.span, "only `on-failure` gives up after some")
                .help(format!("write `{name}`, or `on-failure:{retries}`")),
        );
        return None;
    }
    if name.is_empty() || name == "no" {
        return Some(Value::Null);
    }
    Some(json!({ "Name": name, "MaximumRetryCount": retries }))
}

fn ulimits(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let Some(items) = node.as_sequence() else {
        reader.wrong(node, "a list of `{name, soft, hard}`");
        return None;
    };
    let limit = |item: &Node| {
        let member = |name: &str, api_name: &str| item.get(name).or_else(|| item.get(api_name));
        let name = reader.text(member("name", "Name")?)?;
        let soft = member("soft", "Soft").and_then(|value| reader.integer(value));
        let hard = member("hard", "Hard").and_then(|value| reader.integer(value)).or(soft);
        Some(json!({ "Name": name, "Soft": soft.or(hard)?, "Hard": hard? }))
    };
    let mut limits = Vec::new();
    for item in items {
        match limit(item) {
            Some(value) => limits.push(value),
            None => reader.wrong(item, "`{name: nofile, soft: 1024, hard: 2048}`"),
        }
    }
    Some(Value::Array(limits))
}

/// `host[:container[:permissions]]`.
fn devices(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let device = |text: String| {
        let mut parts = text.split(':');
        let on_host = parts.next().unwrap_or_default().to_owned();
        let in_container = parts.next().filter(|path| !path.is_empty()).unwrap_or(&on_host).to_owned();
        let permissions = parts.next().unwrap_or("rwm").to_owned();
        json!({ "PathOnHost": on_host, "PathInContainer": in_container, "CgroupPermissions": permissions })
    };
    if node.as_sequence().is_some_and(|items| items.iter().any(|item| item.as_mapping().is_some())) {
        let expected = "`{PathOnHost: /dev/fuse, PathInContainer: /dev/fuse, CgroupPermissions: rwm}`";
        return records(reader, node, expected, |reader, name, node| {
            let members = ["PathOnHost", "PathInContainer", "CgroupPermissions"];
            let member = members.into_iter().find(|member| *member == name)?;
            Some((member, reader.text(node).map(Value::from)))
        });
    }
    Some(Value::Array(reader.texts(node)?.into_iter().map(device).collect()))
}

/// A mapping becomes a sorted list of `host:address`, as docker-py makes it.
fn extra_hosts(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    if node.as_mapping().is_none() {
        return reader.texts(node).map(Value::from);
    }
    let entries = reader.text_entries(node)?;
    let mut hosts: Vec<String> = entries
        .into_iter()
        .map(|(name, address)| Some(format!("{name}:{}", reader.context.text(&address)?)))
        .collect::<Option<_>>()?;
    hosts.sort();
    Some(Value::from(hosts))
}

fn log_config(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let member = |name: &str, api_name: &str| node.get(name).or_else(|| node.get(api_name));
    let Some(driver) = member("type", "Type") else {
        reader.wrong(node, "`{type: json-file, config: {max-size: 10m}}`");
        return None;
    };
    let driver = reader.text(driver)?;
    let config = member("config", "Config").map_or(Some(json!({})), |config| text_mapping(reader, config))?;
    Some(json!({ "Type": driver, "Config": config }))
}

/// A list of `path[:options]` is a mapping, too.
fn tmpfs(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    if node.as_mapping().is_some() {
        return text_mapping(reader, node);
    }
    let mounts = reader.texts(node)?.into_iter().map(|text| {
        let (path, options) = text.split_once(':').unwrap_or((&text, ""));
        (path.to_owned(), Value::String(options.to_owned()))
    });
    Some(Value::Object(mounts.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted_and_unique_in_both_spellings() {
        assert!(KEYWORDS.is_sorted_by_key(|(keyword, ..)| *keyword));
        let fields: std::collections::BTreeSet<_> = KEYWORDS.iter().map(|(_, field, _)| field).collect();
        assert_eq!(fields.len(), KEYWORDS.len());
    }

    /// What is in that file is held against the Engine's API by a test beside the conversion.
    #[test]
    fn every_keyword_has_a_sample() {
        let samples = include_str!("host_options/samples.yaml");
        let keys: std::collections::BTreeSet<_> = samples
            .lines()
            .filter_map(|line| Some(line.split_once(':')?.0))
            .filter(|key| !key.starts_with(['#', ' ']))
            .collect();
        let known: std::collections::BTreeSet<_> = keywords().collect();
        assert_eq!(keys, known);
    }
}

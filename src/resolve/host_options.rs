//! Keywords of `host_config`: docker-py's names and the API's own, and what they become.

mod limits;
mod records;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use super::values::OptionReader;
use crate::model::host_options::is_set_by_nothing;
use crate::source::diagnostic::Diagnostic;
use crate::source::node::Node;

/// How a value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bytes,
    Integer,
    /// A whole number from the first to the second.
    Between(i64, i64),
    /// IP addresses.
    Addresses,
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
    /// Those of the host, or own ones.
    HostNames,
}

/// Keywords that the API has dropped, with its version. Engines that are older heed them, and are
/// spoken to in the newer form.
pub(super) const DROPPED_KEYWORDS: [(&str, &str); 4] =
    [("kernel_memory", "1.42"), ("KernelMemory", "1.42"), ("init_path", "1.29"), ("InitPath", "1.29")];
/// What the Engine replaces with the host's own address.
const HOST_GATEWAY: &str = "host-gateway";
/// Keywords that mean nothing to any Engine that is supported.
pub(crate) const WITHOUT_EFFECT: [&str; 3] = ["lxc_conf", "LxcConf", "version"];

/// docker-py's keyword, the API's field of `HostConfig`, and how its value is read.
const KEYWORDS: [(&str, &str, Kind); 55] = [
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
    ("dns", "Dns", Kind::Addresses),
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
    ("mem_swappiness", "MemorySwappiness", Kind::Between(-1, 100)),
    ("memswap_limit", "MemorySwap", Kind::Bytes),
    ("nano_cpus", "NanoCpus", Kind::Integer),
    ("oom_kill_disable", "OomKillDisable", Kind::Boolean),
    ("oom_score_adj", "OomScoreAdj", Kind::Between(-1000, 1000)),
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
    ("uts_mode", "UTSMode", Kind::HostNames),
    ("volume_driver", "VolumeDriver", Kind::Text),
];

/// Every keyword with how its value is read, for the schema.
pub(crate) fn kinds() -> impl Iterator<Item = (&'static str, Kind)> {
    KEYWORDS.iter().map(|(keyword, _, kind)| (*keyword, *kind))
}

/// Every keyword with the API's name.
pub(super) fn keywords() -> impl Iterator<Item = (&'static str, &'static str)> {
    KEYWORDS.iter().map(|(keyword, field, _)| (*keyword, *field))
}

/// docker-py's name of a keyword in either spelling.
pub(super) fn canonical(name: &str) -> Option<&'static str> {
    keywords().find(|(keyword, field)| *keyword == name || *field == name).map(|(keyword, _)| keyword)
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
    let value = read_value(reader, field, kind, node)?;
    if is_unset(&value) && !is_set_by_nothing(field, &value) {
        options.remove(field);
    } else {
        options.insert(field.to_owned(), value);
    }
    Some(field)
}

/// Whether a value means "not set".
pub(super) fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is_set) => !is_set,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn read_value(reader: &OptionReader<'_>, field: &str, kind: Kind, node: &Node) -> Option<Value> {
    match kind {
        Kind::Bytes => size(reader, field, node).map(Value::from),
        Kind::Integer => limits::number(reader, field, node).map(Value::from),
        Kind::Boolean => reader.boolean(node).map(Value::from),
        Kind::Text => limits::mode(reader, field, node).map(Value::from),
        Kind::Texts => reader.texts(node).map(Value::from),
        Kind::TextMapping => reader.text_mapping(node),
        Kind::RestartPolicy => records::restart_policy(reader, node),
        Kind::Ulimits => records::ulimits(reader, node),
        Kind::Devices => records::devices(reader, node),
        Kind::ExtraHosts => extra_hosts(reader, node),
        Kind::LogConfig => records::log_config(reader, node),
        Kind::Tmpfs => tmpfs(reader, node),
        Kind::Between(least, most) => between(reader, node, least, most).map(Value::from),
        Kind::Addresses => addresses(reader, node),
        Kind::Weight => weight(reader, node).map(Value::from),
        Kind::WeightDevices => records::weight_devices(reader, node),
        Kind::ThrottleDevices => records::throttle_devices(reader, node),
        Kind::DeviceRequests => records::device_requests(reader, node),
        Kind::AutoRemove => auto_remove(reader, node),
        Kind::CgroupNamespace => reader.choice(node, &["", "private", "host"]).map(Value::from),
        Kind::Isolation => reader.choice(node, &["", "default", "process", "hyperv"]).map(Value::from),
        Kind::HostNames => reader.choice(node, &["", "host"]).map(Value::from),
    }
}

/// Only a limit of swap may be negative: -1 is none.
fn size(reader: &OptionReader<'_>, field: &str, node: &Node) -> Option<i64> {
    let bytes = reader.bytes(node)?;
    if bytes < 0 && !(field == "MemorySwap" && bytes == -1) {
        let expected =
            if field == "MemorySwap" { "a size, or -1 for no limit" } else { "a size such as `512m`" };
        reader.wrong_text(node, &bytes.to_string(), expected);
        return None;
    }
    Some(bytes)
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

/// 0 means none.
pub(super) fn weight(reader: &OptionReader<'_>, node: &Node) -> Option<i64> {
    let weight = reader.integer(node)?;
    if weight != 0 && !(10..=1000).contains(&weight) {
        reader.wrong_text(node, &weight.to_string(), "a number from 10 to 1000");
        return None;
    }
    Some(weight)
}

fn between(reader: &OptionReader<'_>, node: &Node, least: i64, most: i64) -> Option<i64> {
    let number = reader.integer(node)?;
    if !(least..=most).contains(&number) {
        reader.wrong_text(node, &number.to_string(), &format!("a number from {least} to {most}"));
        return None;
    }
    Some(number)
}

fn addresses(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let texts = reader.texts(node)?;
    let wrong = texts.iter().find(|text| text.parse::<IpAddr>().is_err());
    if let Some(text) = wrong {
        reader.wrong_text(node, text, "an IP address, or a list of them");
        return None;
    }
    Some(Value::from(texts))
}

/// A mapping becomes a sorted list of `host:address`, as docker-py makes it.
fn extra_hosts(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let hosts = if node.as_mapping().is_none() {
        reader.texts(node)?
    } else {
        let entries = reader.text_entries(node)?.into_iter();
        let named = entries.map(|(name, address)| Some(format!("{name}:{}", reader.context.text(&address)?)));
        let mut hosts: Vec<String> = named.collect::<Option<_>>()?;
        hosts.sort();
        hosts
    };
    let is_known = |host: &&String| {
        let address = host.split_once([':', '=']).map_or("", |(_, address)| address);
        let inner = address.trim_start_matches('[').trim_end_matches(']');
        inner == HOST_GATEWAY || inner.parse::<IpAddr>().is_ok()
    };
    if let Some(wrong) = hosts.iter().find(|host| !is_known(host)) {
        reader.wrong_text(node, wrong, "`name: address`, with an IP address or `host-gateway`");
        return None;
    }
    Some(Value::from(hosts))
}

/// A list of `path[:options]` is a mapping, too.
fn tmpfs(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let nodes: Vec<&Node> = match (node.as_mapping(), node.as_sequence()) {
        (Some(entries), _) => entries.iter().map(|(path, _)| path).collect(),
        (None, Some(items)) => items.iter().collect(),
        (None, None) => vec![node],
    };
    let relative = nodes
        .into_iter()
        .find(|node| node.tag.is_none() && node.as_text().is_some_and(|path| !path.starts_with('/')));
    if let Some(relative) = relative {
        reader.wrong_text(relative, relative.as_text().unwrap_or_default(), "a path that begins with `/`");
        return None;
    }
    if node.as_mapping().is_some() {
        return reader.text_mapping(node);
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
}

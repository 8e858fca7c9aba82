//! Values of `host_config` that are records, or lists of them.

use serde_json::{Map, Value, json};

use crate::source::diagnostic::Diagnostic;
use crate::source::node::{Node, NodeValue};

use super::super::values::OptionReader;
use super::weight;

type Names = &'static [(&'static str, &'static str)];

/// A list of records, each member of which is read by `read`.
fn records(
    reader: &OptionReader<'_>,
    node: &Node,
    names: Names,
    expected: &str,
    read: impl Fn(&str, &Node) -> Option<Value>,
) -> Option<Value> {
    let Some(items) = node.as_sequence() else {
        reader.wrong(node, &format!("a list of {expected}"));
        return None;
    };
    let record = |item: &Node| {
        let members = reader.members(item, names, expected)?;
        let fields: Option<Map<String, Value>> = members
            .into_iter()
            .map(|(member, value)| Some((member.to_owned(), read(member, value)?)))
            .collect();
        fields.map(Value::Object)
    };
    // All are read, so that everything that is wrong is said at once.
    let found: Vec<Option<Value>> = items.iter().map(record).collect();
    found.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
}

pub(super) fn weight_devices(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let names: Names = &[("path", "Path"), ("weight", "Weight")];
    records(reader, node, names, "`{Path: /dev/vda, Weight: 400}`", |member, value| match member {
        "Path" => reader.text(value).map(Value::from),
        _ => weight(reader, value).map(Value::from),
    })
}

pub(super) fn throttle_devices(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let names: Names = &[("path", "Path"), ("rate", "Rate")];
    records(reader, node, names, "`{Path: /dev/vda, Rate: 1m}`", |member, value| match member {
        "Path" => reader.text(value).map(Value::from),
        _ => reader.bytes(value).map(Value::from),
    })
}

pub(super) fn device_requests(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let names: Names = &[
        ("driver", "Driver"),
        ("count", "Count"),
        ("device_ids", "DeviceIDs"),
        ("capabilities", "Capabilities"),
        ("options", "Options"),
    ];
    let expected = "`{driver: nvidia, count: 1, capabilities: [[gpu]]}`";
    records(reader, node, names, expected, |member, value| match member {
        "Driver" => reader.text(value).map(Value::from),
        "Count" => reader.integer(value).map(Value::from),
        "DeviceIDs" => reader.texts(value).map(Value::from),
        "Capabilities" => capabilities(reader, value),
        _ => reader.text_mapping(value),
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

/// `{Name, MaximumRetryCount}`, or `always`, `on-failure:3`. `no` is what the Engine does anyway.
pub(super) fn restart_policy(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let (name, retries) = if node.as_mapping().is_some() {
        let names = [("name", "Name"), ("maximum_retry_count", "MaximumRetryCount")];
        let (mut name, mut retries) = (String::new(), 0);
        for (member, value) in reader.members(node, &names, "`{Name: on-failure, MaximumRetryCount: 3}`")? {
            match member {
                "Name" => name = reader.text(value)?,
                _ => retries = reader.integer(value)?,
            }
        }
        (name, retries)
    } else {
        let text = reader.text(node)?;
        match text.split_once(':') {
            Some((_, count)) if count.parse::<i64>().is_err() => (text, 0),
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

const ULIMIT_FORMS: &str = "`{name: nofile, soft: 1024, hard: 2048}` or `nofile=1024:2048`";

/// A list of `{name, soft, hard}` or `name=soft[:hard]`, or a mapping of name to limits. One limit is
/// both.
pub(super) fn ulimits(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let limits: Vec<Option<Value>> = match &node.value {
        NodeValue::Sequence(items) => items.iter().map(|item| ulimit(reader, item)).collect(),
        NodeValue::Mapping(entries) => {
            let named = |(name, limits): &(Node, Node)| named_ulimit(reader, &reader.text(name)?, limits);
            entries.iter().map(named).collect()
        }
        NodeValue::Scalar { .. } => {
            reader.wrong(node, &format!("a list of {ULIMIT_FORMS}"));
            return None;
        }
    };
    let limits = limits.into_iter().collect::<Option<Vec<_>>>()?;
    let nodes: Vec<&Node> = match &node.value {
        NodeValue::Sequence(items) => items.iter().collect(),
        NodeValue::Mapping(entries) => entries.iter().map(|(_, limits)| limits).collect(),
        NodeValue::Scalar { .. } => Vec::new(),
    };
    let softer = nodes.iter().zip(&limits).filter(|(_, limit)| is_softer(limit));
    let softer = softer.map(|(node, limit)| report_softer(reader, node, limit)).count();
    (softer == 0).then_some(Value::Array(limits))
}

/// Whether the soft limit is above the hard one, which Engines refuse; -1 is no limit.
fn is_softer(limit: &Value) -> bool {
    let number = |name: &str| match limit[name].as_i64() {
        Some(-1) | None => i64::MAX,
        Some(number) => number,
    };
    number("Soft") > number("Hard")
}

fn report_softer(reader: &OptionReader<'_>, node: &Node, limit: &Value) {
    let (soft, hard) = (&limit["Soft"], &limit["Hard"]);
    reader.context.report(
        Diagnostic::error(format!(
            "`{}` has a soft limit of {soft} above the hard one of {hard}",
            reader.field
        ))
        .at(node.span, "expected the soft limit first, and no larger than the hard one")
        .help(format!("write `soft: {hard}, hard: {soft}`, or make them equal")),
    );
}

fn ulimit(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    if let NodeValue::Scalar { .. } = node.value {
        let text = reader.text(node)?;
        let found = text.split_once('=').and_then(|(name, limits)| ulimit_text(name, limits));
        if found.is_none() {
            reader.wrong_text(node, &text, ULIMIT_FORMS);
        }
        return found;
    }
    let (mut name, mut soft, mut hard) = (None, None, None);
    let names = [("name", "Name"), ("soft", "Soft"), ("hard", "Hard")];
    for (member, value) in reader.members(node, &names, ULIMIT_FORMS)? {
        match member {
            "Name" => name = Some(reader.text(value)?),
            "Soft" => soft = Some(reader.integer(value)?),
            _ => hard = Some(reader.integer(value)?),
        }
    }
    match (name, soft.or(hard), hard.or(soft)) {
        (Some(name), Some(soft), Some(hard)) => Some(json!({ "Name": name, "Soft": soft, "Hard": hard })),
        _ => {
            reader.wrong(node, ULIMIT_FORMS);
            None
        }
    }
}

/// `nofile: 1024`, `nofile: 1024:2048`, `nofile: {soft: 1024, hard: 2048}`.
fn named_ulimit(reader: &OptionReader<'_>, name: &str, node: &Node) -> Option<Value> {
    let names = [("soft", "Soft"), ("hard", "Hard")];
    if let NodeValue::Scalar { .. } = node.value {
        let text = reader.text(node)?;
        let found = ulimit_text(name, &text);
        if found.is_none() {
            reader.wrong_text(node, &text, "`1024` or `1024:2048`");
        }
        return found;
    }
    let (mut soft, mut hard) = (None, None);
    for (member, value) in reader.members(node, &names, "`{soft: 1024, hard: 2048}`")? {
        let limit = reader.integer(value)?;
        if member == "Soft" { soft = Some(limit) } else { hard = Some(limit) }
    }
    match (soft.or(hard), hard.or(soft)) {
        (Some(soft), Some(hard)) => Some(json!({ "Name": name, "Soft": soft, "Hard": hard })),
        _ => {
            reader.wrong(node, "`{soft: 1024, hard: 2048}`");
            None
        }
    }
}

fn ulimit_text(name: &str, limits: &str) -> Option<Value> {
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    let (soft, hard): (i64, i64) = (soft.trim().parse().ok()?, hard.trim().parse().ok()?);
    (!name.is_empty()).then(|| json!({ "Name": name, "Soft": soft, "Hard": hard }))
}

/// A list of `host[:container[:permissions]]`, and of the API's records.
pub(super) fn devices(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    let devices: Vec<Option<Value>> = items.iter().map(|item| device(reader, item)).collect();
    devices.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
}

fn device(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    const FORMS: &str = "`/dev/fuse:/dev/fuse:rwm`";
    let record = |on_host: &str, in_container: &str, permissions: &str| json!({ "PathOnHost": on_host, "PathInContainer": in_container, "CgroupPermissions": permissions });
    if node.as_mapping().is_some() {
        let names = [("", "PathOnHost"), ("", "PathInContainer"), ("", "CgroupPermissions")];
        let (mut on_host, mut in_container, mut permissions) = (String::new(), None, "rwm".to_owned());
        for (member, value) in reader.members(node, &names, "`{PathOnHost: /dev/fuse}`")? {
            let text = reader.text(value)?;
            match member {
                "PathOnHost" => on_host = text,
                "PathInContainer" => in_container = Some(text),
                _ => permissions = text,
            }
        }
        if on_host.is_empty() {
            reader.wrong(node, "`{PathOnHost: /dev/fuse}`");
            return None;
        }
        return Some(record(&on_host, in_container.as_deref().unwrap_or(&on_host), &permissions));
    }
    let text = reader.text(node)?;
    let parts: Vec<&str> = text.split(':').collect();
    let is_mode = |mode: &str| !mode.is_empty() && mode.chars().all(|letter| "rwm".contains(letter));
    match parts[..] {
        [on_host] if !on_host.is_empty() => Some(record(on_host, on_host, "rwm")),
        // As the command line has it: `/dev/fuse:rw`.
        [on_host, mode] if !on_host.is_empty() && is_mode(mode) => Some(record(on_host, on_host, mode)),
        [on_host, in_container] if !on_host.is_empty() => {
            let in_container = if in_container.is_empty() { on_host } else { in_container };
            Some(record(on_host, in_container, "rwm"))
        }
        [on_host, in_container, mode] if !on_host.is_empty() && is_mode(mode) => {
            let in_container = if in_container.is_empty() { on_host } else { in_container };
            Some(record(on_host, in_container, mode))
        }
        _ => {
            reader.wrong_text(node, &text, FORMS);
            None
        }
    }
}

pub(super) fn log_config(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    const FORMS: &str = "`{type: json-file, config: {max-size: 10m}}`";
    let (mut driver, mut config) = (None, json!({}));
    for (member, value) in reader.members(node, &[("type", "Type"), ("config", "Config")], FORMS)? {
        match member {
            "Type" => driver = Some(reader.text(value)?),
            _ => config = reader.text_mapping(value)?,
        }
    }
    let Some(driver) = driver else {
        reader.wrong(node, FORMS);
        return None;
    };
    Some(json!({ "Type": driver, "Config": config }))
}

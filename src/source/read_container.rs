//! One container configuration.

use std::collections::HashMap;

use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::raw::{RawContainer, RawName, Setting};
use super::read_commands::read_exec_commands;
use super::read_links::read_links;
use super::read_mounts::{read_attaches, read_binds, read_uses};
use super::read_networks::read_endpoints;
use super::read_ports::read_ports;
use super::reader::Reader;
use super::slips::{self, Parts};
use super::span::Span;

/// Every property, and the two names that older files use.
pub(crate) const CONTAINER_KEYS: [&str; 25] = [
    "abstract",
    "extends",
    "image",
    "instances",
    "clients",
    "shares",
    "binds",
    "attaches",
    "uses",
    "links",
    "exposes",
    "user",
    "permissions",
    "stop_timeout",
    "stop_signal",
    "start_delay",
    "network_mode",
    "networks",
    "exec_commands",
    "healthcheck",
    "persistent",
    "create_options",
    "host_config",
    "start_options",
    "network",
];

/// Reads a container configuration; null is an empty one.
pub(super) fn read_container(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<RawContainer> {
    let entries = match &node.value {
        NodeValue::Mapping(entries) => entries.as_slice(),
        _ if node.is_null() => &[],
        _ => {
            let what = format!("container configuration `{name}`");
            slips::report_no_mapping(reader, node, &what, name, Parts::Container);
            // Those who need it shall not be told that it is missing.
            return (!CONTAINER_KEYS.contains(&name)).then(RawContainer::default);
        }
    };
    let mut reader = reader.with_subject(format!("container `{name}`"));
    let mut container = RawContainer::default();
    for (key, value) in entries {
        let property = key.as_text().unwrap_or_default();
        let is_known = read_scalar_property(&mut container, property, value, &mut reader)
            || read_list_property(&mut container, property, value, &mut reader)
            || read_renamed_property(&mut container, property, key.span, value, &mut reader);
        if !is_known {
            let help = slips::container_key(property);
            reader.unknown_key_with(key, &CONTAINER_KEYS, help);
        }
    }
    Some(container)
}

/// Reads a property with one value; `false` if the key is none of them.
fn read_scalar_property(
    container: &mut RawContainer,
    property: &str,
    value: &Node,
    reader: &mut Reader<'_>,
) -> bool {
    match property {
        "abstract" => container.is_abstract = reader.switch(value, property),
        "image" => container.image = reader.text_setting(value, property),
        "user" => container.user = reader.user_setting(value, property),
        "permissions" => container.permissions = reader.text_setting(value, property),
        "stop_timeout" => {
            container.stop_timeout = reader
                .setting(value, |reader, node| reader.whole(node, property, "a whole number of seconds"));
        }
        "stop_signal" => container.stop_signal = reader.text_setting(value, property),
        "start_delay" => {
            container.start_delay = reader.setting(value, |reader, node| reader.seconds(node, property));
        }
        "healthcheck" => {
            container.healthcheck = reader.setting(value, |reader, node| reader.healthcheck(node, property));
        }
        "persistent" => {
            container.persistent = reader.setting(value, |reader, node| reader.switch(node, property));
        }
        _ => return false,
    }
    true
}

/// Reads a property with a list or mapping; `false` if the key is none of them.
fn read_list_property(
    container: &mut RawContainer,
    property: &str,
    value: &Node,
    reader: &mut Reader<'_>,
) -> bool {
    match property {
        "extends" => container.extends = reader.names(value, property),
        "instances" => container.instances = reader.names(value, property),
        "clients" => container.clients = reader.names(value, property),
        "shares" => container.shares = reader.texts(value, property),
        "binds" => container.binds = read_binds(value, reader),
        "attaches" => container.attaches = read_attaches(value, reader),
        "uses" => container.uses = read_uses(value, reader),
        "links" => container.links = read_links(value, reader),
        "exposes" => container.exposes = read_ports(value, reader),
        "networks" => container.networks = read_endpoints(value, reader),
        "exec_commands" => container.exec_commands = read_exec_commands(value, reader),
        "create_options" => container.create_options = reader.node_entries(value, property),
        _ => return false,
    }
    true
}

/// Reads the properties that have an older name beside today's.
fn read_renamed_property(
    container: &mut RawContainer,
    property: &str,
    key: Span,
    value: &Node,
    reader: &mut Reader<'_>,
) -> bool {
    match property {
        "host_config" | "start_options" => {
            let options = reader.node_entries(value, property);
            add_host_config(container, options, reader);
        }
        "network_mode" | "network" => {
            let is_second = container.network_mode != Setting::Unset;
            if property == "network" && !is_second {
                let message = format!("`network` of {} is called `network_mode` today", reader.subject());
                let help = "rename it to `network_mode`";
                reader.report(Diagnostic::warning(message).at(key, "old name").help(help));
            }
            if is_second {
                let message = format!("`network_mode` of {} is set twice", reader.subject());
                let help = "remove `network`";
                reader.report(Diagnostic::error(message).at(key, "set again here").help(help));
            }
            container.network_mode =
                reader.setting(value, |reader, node| reader.network_mode(node, property));
        }
        _ => return false,
    }
    true
}

/// `host_config` and `start_options` are two names for the same mapping and may both be there.
fn add_host_config(container: &mut RawContainer, options: Vec<(RawName, Node)>, reader: &mut Reader<'_>) {
    let known: HashMap<String, Span> =
        container.host_config.iter().map(|(key, _)| (key.value.clone(), key.span)).collect();
    for (key, value) in options {
        if let Some(first) = known.get(&key.value) {
            let message =
                format!("`{}` is in `host_config` and `start_options` of {}", *key, reader.subject());
            let diagnostic = Diagnostic::error(message).at(key.span, "set again here");
            reader.report(diagnostic.also(*first, "first set here").help("remove one of them"));
        } else {
            container.host_config.push((key, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{RawContainer, Setting};
    use super::super::testing::{assert_forms, container, joined, map, text};
    use super::CONTAINER_KEYS;

    #[test]
    fn every_known_key_is_read() {
        for key in CONTAINER_KEYS {
            let read = container(key, "");
            assert!(!read.messages().iter().any(|message| message.contains("unknown")), "{key}");
        }
    }

    #[test]
    fn simple_lists_take_one_value_many_or_none() {
        for key in ["extends", "instances", "clients", "shares"] {
            let mapping = format!("error: `{key}` needs a list or a single value, found a mapping of 1 key");
            let forms = [
                ("", ""),
                ("[]", ""),
                ("a", "a"),
                ("[a, b]", "a; b"),
                ("1", "1"),
                ("{a: b}", mapping.as_str()),
            ];
            assert_forms(key, &forms, |container| match key {
                "extends" => joined(&container.extends, |name| name.value.clone()),
                "instances" => joined(&container.instances, |name| name.value.clone()),
                "clients" => joined(&container.clients, |name| name.value.clone()),
                _ => joined(&container.shares, text),
            });
        }
        assert_forms(
            "instances",
            &[("[a, ]", "a"), ("[a, null]", "error: `instances` needs a name, found nothing")],
            |found| joined(&found.instances, |name| name.value.clone()),
        );
    }

    #[test]
    fn null_is_told_from_absent() {
        let read = map("web: {image: , stop_timeout: null, user: ~, persistent: , healthcheck: }").good();
        let found = &read.containers[0].1;
        assert!(matches!(found.image, Setting::Null(_)));
        assert!(matches!(found.stop_timeout, Setting::Null(_)));
        assert!(matches!(found.user, Setting::Null(_)));
        assert!(matches!(found.persistent, Setting::Null(_)));
        assert!(matches!(found.healthcheck, Setting::Null(_)));
        assert_eq!(found.permissions, Setting::Unset);
        assert_eq!(map("web:").good().containers[0].1, RawContainer::default());
    }

    #[test]
    fn texts_are_taken_as_typed() {
        for (form, expected) in
            [("0750", "0750"), ("u=rwX,g=,o=", "u=rwX,g=,o="), ("1.30", "1.30"), ("!env M", "!env M")]
        {
            assert_forms("permissions", &[(form, expected)], |found| match &found.permissions {
                Setting::Value(mode) => text(mode),
                other => format!("{other:?}"),
            });
        }
        let empty = "error: `image` needs text, found an empty text";
        assert_forms(
            "image",
            &[("''", empty), ("[a]", "error: `image` needs text, found a list of 1 item")],
            |_| String::new(),
        );
    }

    #[test]
    fn numbers_and_switches_are_plain() {
        let seconds = "error: `stop_timeout` needs a whole number of seconds, found";
        let errors: Vec<String> =
            ["`010`", "`1_0`", "`0x10`", "`1e1`", "`1:30`", "`10s`", "`-1`", "`1.5`", "a list of 0 items"]
                .iter()
                .map(|found| format!("{seconds} {found}"))
                .collect();
        let forms = ["010", "1_0", "0x10", "1e1", "1:30", "10s", "-1", "1.5", "[]"];
        let mut table: Vec<(&str, &str)> =
            forms.iter().copied().zip(errors.iter().map(String::as_str)).collect();
        table.extend([("10", "10"), ("'10'", "10"), ("0", "0")]);
        assert_forms("stop_timeout", &table, |found| match &found.stop_timeout {
            Setting::Value(timeout) => timeout.value.to_string(),
            other => format!("{other:?}"),
        });
        let delay = "error: `start_delay` needs a number of seconds, found `1s`";
        assert_forms("start_delay", &[("0.5", "0.5"), ("2", "2"), ("1s", delay)], |found| {
            match &found.start_delay {
                Setting::Value(delay) => delay.value.to_string(),
                other => format!("{other:?}"),
            }
        });
        let switch = [
            ("true", "true"),
            ("No", "false"),
            ("ON", "true"),
            ("'true'", "error: `persistent` needs `true` or `false`, found the text `true`"),
            ("1", "error: `persistent` needs `true` or `false`, found `1`"),
            ("!env X", "error: `persistent` cannot have a tag"),
        ];
        assert_forms("persistent", &switch, |found| match &found.persistent {
            Setting::Value(persistent) => persistent.value.to_string(),
            other => format!("{other:?}"),
        });
    }

    #[test]
    fn start_options_are_host_config() {
        let read =
            map("web: {start_options: {privileged: true}, host_config: {restart_policy: {name: always}}}")
                .good();
        let keys = joined(&read.containers[0].1.host_config, |(key, _)| key.value.clone());
        assert_eq!(keys, "privileged; restart_policy");
        let twice = map("web: {start_options: {privileged: true}, host_config: {privileged: false}}");
        assert_eq!(
            twice.messages(),
            ["`privileged` is in `host_config` and `start_options` of container `web`"]
        );
    }

    #[test]
    fn options_keep_their_values_unread() {
        let read = map("web: {create_options: {environment: {A: 0750}}}").good();
        let (key, value) = &read.containers[0].1.create_options[0];
        assert_eq!(key.value, "environment");
        assert_eq!(value.get("A").and_then(|value| value.as_plain_text()), Some("0750"));
    }
}

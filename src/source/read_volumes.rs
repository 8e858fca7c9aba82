//! A map's `volumes` and `host`: aliases with their paths inside containers and on hosts.

use super::node::{Node, NodeValue};
use super::raw::{RawHostPath, RawName, RawText, RawVolume};
use super::reader::Reader;

const VOLUME_KEYS: [&str; 6] =
    ["default_path", "driver", "driver_options", "create_options", "user", "permissions"];

/// Reads one entry of `volumes`: a path, settings, or nothing.
pub(super) fn read_volume(node: &Node, alias: &str, reader: &mut Reader<'_>) -> Option<RawVolume> {
    let mut reader = reader.with_subject(format!("volume `{alias}`"));
    let mut volume = RawVolume::default();
    match &node.value {
        _ if node.is_null() => {}
        NodeValue::Scalar { .. } => volume.default_path = reader.text(node, "default_path"),
        NodeValue::Mapping(entries) => {
            for (key, value) in entries {
                read_volume_property(&mut volume, key, value, &mut reader);
            }
        }
        NodeValue::Sequence(_) => return reader.wrong(node, "volumes", "a path or a mapping of settings"),
    }
    Some(volume)
}

fn read_volume_property(volume: &mut RawVolume, key: &Node, value: &Node, reader: &mut Reader<'_>) {
    let name = key.as_text().unwrap_or_default();
    match name {
        "default_path" => volume.default_path = reader.optional_text(value, name),
        "driver" => volume.driver = reader.optional_text(value, name),
        "driver_options" => volume.driver_options = reader.text_entries(value, name),
        "create_options" => volume.create_options = reader.node_entries(value, name),
        "user" => volume.user = reader.user_setting(value, name),
        "permissions" => volume.permissions = reader.text_setting(value, name),
        _ => reader.unknown_key(key, &VOLUME_KEYS),
    }
}

/// A map's `host`.
#[derive(Default)]
pub(super) struct HostPaths {
    /// The special entry `root` with its key.
    pub(super) root: Option<(RawName, RawText)>,
    pub(super) aliases: Vec<(RawName, RawHostPath)>,
}

/// Reads `host`.
pub(super) fn read_host_paths(node: &Node, reader: &mut Reader<'_>) -> HostPaths {
    let mut paths = HostPaths::default();
    for (key, value) in reader.entries(node, "host") {
        let Some(alias) = reader.key(key, "host") else { continue };
        if *alias == "root" {
            paths.root = reader.optional_text(value, "root").map(|root| (alias, root));
        } else if let Some(path) = read_host_path(value, &alias, reader) {
            paths.aliases.push((alias, path));
        }
    }
    paths
}

/// Reads a path on the host: one, or one for each instance.
pub(super) fn read_host_path(node: &Node, property: &str, reader: &mut Reader<'_>) -> Option<RawHostPath> {
    match &node.value {
        NodeValue::Scalar { text, .. } if !text.is_empty() && !node.is_null() => {
            reader.text(node, property).map(RawHostPath::One)
        }
        NodeValue::Mapping(entries) if !entries.is_empty() => {
            let paths = reader.text_entries(node, property);
            Some(RawHostPath::PerInstance(paths, node.span))
        }
        _ => reader.wrong(node, property, "a path, or a path for each instance"),
    }
}

//! A map's `volumes` and `host`: aliases with their paths inside containers and on hosts.

use super::node::{Node, NodeValue};
use super::raw::{RawHostPath, RawName, RawText, RawVolume};
use super::reader::Reader;
use super::span::Span;

const VOLUME_KEYS: [&str; 6] =
    ["default_path", "driver", "driver_options", "create_options", "user", "permissions"];

/// Reads one entry of `volumes`: a path, settings, or nothing.
pub(super) fn read_volume(node: &Node, alias: &str, reader: &mut Reader<'_>) -> RawVolume {
    let mut reader = reader.with_subject(format!("volume `{alias}`"));
    let mark = reader.diagnostics().mark();
    let mut volume = RawVolume::default();
    match &node.value {
        _ if node.is_null() => {}
        NodeValue::Scalar { .. } => volume.default_path = reader.text(node, "default_path"),
        NodeValue::Mapping(entries) => {
            for (key, value) in entries {
                read_volume_property(&mut volume, key, value, &mut reader);
            }
        }
        NodeValue::Sequence(_) => {
            reader.wrong::<()>(node, "default_path", "a path or a mapping of settings");
        }
    }
    if volume.default_path.is_none() && reader.diagnostics().has_errors_since(mark) {
        volume.default_path = Some(stand_in(alias, node.span));
    }
    volume
}

/// Volumes of a map that are no mapping, which has been told: those that are named nevertheless.
pub(super) fn misread_volumes(node: &Node) -> Vec<(RawName, RawVolume)> {
    let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    let names = items.iter().filter_map(Node::to_name).filter(|name| !name.value.is_empty());
    let volume = |name: RawName| {
        let default_path = Some(stand_in(&name.value, name.span));
        (name, RawVolume { default_path, ..RawVolume::default() })
    };
    names.map(volume).collect()
}

/// A path like no other in the place of one that is wrong, so that nothing more is said about it.
fn stand_in(alias: &str, span: Span) -> RawText {
    RawText { text: format!("/{alias}"), tag: None, span }
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
        } else {
            let path = read_host_path(value, &alias, reader);
            let path = path.unwrap_or_else(|| RawHostPath::One(stand_in(&alias, alias.span)));
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

#[cfg(test)]
mod tests {
    use super::super::raw::{RawUser, RawVolume, Setting};
    use super::super::testing::{host_path, map, text};

    #[test]
    fn volumes_are_a_path_or_settings_or_nothing() {
        let read = map(
            "volumes:\n  a: /p\n  b: !path $P\n  c:\n  d: {default_path: /d, driver: local, driver_options: {type: tmpfs, o: size=1}, \
             create_options: {labels: {x: y}}, user: app, permissions: 0750}\n",
        );
        let volumes = read.good().volumes;
        let paths: Vec<_> =
            volumes.iter().map(|(_, volume)| volume.default_path.as_ref().map(text)).collect();
        assert_eq!(paths, [Some("/p".into()), Some("!path $P".into()), None, Some("/d".into())]);
        assert_eq!(volumes[2].1, RawVolume::default());
        let all = &volumes[3].1;
        assert_eq!(all.driver.as_ref().map(text).as_deref(), Some("local"));
        assert_eq!(all.driver_options.len(), 2);
        assert_eq!(all.create_options.len(), 1);
        assert!(
            matches!(&all.user, Setting::Value(user) if matches!(&user.value, RawUser::Text(user) if user.text == "app"))
        );
        assert!(matches!(&all.permissions, Setting::Value(mode) if mode.text == "0750"));
    }

    #[test]
    fn wrong_volumes_are_refused() {
        for (form, message) in [
            (
                "[a]",
                "`default_path` of volume `v` needs a path or a mapping of settings, found a list of 1 item",
            ),
            ("{path: /d}", "unknown key `path` in volume `v`"),
            (
                "{driver_options: {a: [b]}}",
                "`driver_options` of volume `v` needs text, found a list of 1 item",
            ),
        ] {
            assert_eq!(map(&format!("volumes: {{v: {form}}}")).messages(), [message], "{form}");
        }
    }

    #[test]
    fn host_paths_are_one_or_one_for_each_instance() {
        let found = map("host: {a: data, b: {i1: x, i2: !env Y}, root: /r, c: !path [x]}");
        assert_eq!(
            found.messages(),
            ["`c` of the map needs a path, or a path for each instance, found a list of 1 item"]
        );
        let found = found.value.expect("a map");
        let paths: Vec<String> = found.host.iter().map(|(_, path)| host_path(path)).collect();
        assert_eq!(paths, ["data", "{i1=x i2=!env Y}", "/c"]);
        assert_eq!(found.host_root.as_ref().map(text).as_deref(), Some("/r"));
    }

    #[test]
    fn the_later_of_two_roots_counts_with_a_warning() {
        let found = map("host_root: /a\nhost: {root: /b}\n");
        assert_eq!(found.messages(), ["`host_root` and `root` of `host` are the same setting"]);
        assert!(!found.diagnostics.has_errors());
        assert_eq!(found.value.and_then(|map| map.host_root).map(|root| root.text).as_deref(), Some("/b"));
    }
}

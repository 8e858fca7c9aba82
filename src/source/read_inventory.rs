//! An inventory: hosts, and the maps that run on them.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::{Node, NodeValue};
use super::raw::{RawHost, RawInventory, RawMapEntry, RawName};
use super::read_container::CONTAINER_KEYS;
use super::read_host::{HOST_KEYS, read_host};
use super::read_map::{MAP_KEYS, read_map};
use super::reader::{Entry, Reader, describe};
use crate::wording;

pub(crate) const INVENTORY_KEYS: [&str; 7] =
    ["maps", "map_defaults", "hosts", "clients", "defaults", "groups", "default_host"];

/// Reads an inventory, or a file of Docker-Map's or Docker-Fabric's clients, which is nothing but hosts.
///
/// `None` if the document is neither; other mistakes leave out what is wrong.
pub fn read_inventory(node: &Node, diagnostics: &mut Diagnostics) -> Option<RawInventory> {
    let mut reader = Reader::new("the inventory", diagnostics);
    let Some(entries) = node.as_mapping() else {
        let message = format!("an inventory must be a mapping, found {}", node.kind());
        reader.report(Diagnostic::error(message).at(node.span, "expected keys with values"));
        return None;
    };
    let span = entries.first().map_or(node.span, |(key, _)| key.span);
    let mut inventory = RawInventory::default();
    if is_client_file(entries) {
        if is_container_map(node) {
            let diagnostic = Diagnostic::error("this is a container map, an inventory was expected");
            reader.report(
                diagnostic.at(span, "a key of a map").help("name the map under `maps` of an inventory"),
            );
            return None;
        }
        inventory.hosts = read_hosts(node, "hosts", &mut reader);
        return Some(inventory);
    }
    refuse_both_names(node, &mut reader);
    for (key, value) in entries {
        read_key(&mut inventory, key, value, &mut reader);
    }
    Some(inventory)
}

fn is_client_file(entries: &[Entry]) -> bool {
    !entries.iter().any(|(key, _)| key.as_text().is_some_and(|text| INVENTORY_KEYS.contains(&text)))
}

/// Whether a document is a container map and no inventory: it has a key of maps that inventories
/// lack, or a value with a property of containers, and no value with a setting of hosts.
pub(super) fn is_container_map(node: &Node) -> bool {
    let entries = node.as_mapping().unwrap_or_default();
    let has = |entries: &[Entry], keys: &[&str], others: &[&str]| {
        let is_meant = |key: &str| keys.contains(&key) && !others.contains(&key);
        entries.iter().any(|(key, _)| key.as_text().is_some_and(is_meant))
    };
    let any_value_has = |keys: &[&str], others: &[&str]| {
        entries.iter().any(|(_, value)| has(value.as_mapping().unwrap_or_default(), keys, others))
    };
    if has(entries, &["maps", "hosts", "defaults", "default_host", "map_defaults"], &[]) {
        return false;
    }
    let is_like_map = has(entries, &MAP_KEYS, &INVENTORY_KEYS) || any_value_has(&CONTAINER_KEYS, &HOST_KEYS);
    is_like_map && !any_value_has(&HOST_KEYS, &CONTAINER_KEYS)
}

fn refuse_both_names(node: &Node, reader: &mut Reader<'_>) {
    let key = |name: &str| {
        let entries = node.as_mapping().unwrap_or_default();
        entries.iter().map(|(key, _)| key).find(|key| key.as_text() == Some(name))
    };
    if let (Some(hosts), Some(clients)) = (key("hosts"), key("clients")) {
        let diagnostic =
            Diagnostic::error("the inventory has both `hosts` and `clients`, which are the same");
        let diagnostic =
            diagnostic.at(clients.span, "the same as `hosts`").also(hosts.span, "hosts are here");
        reader.report(diagnostic.help("move all hosts to `hosts`"));
    }
}

fn read_key(inventory: &mut RawInventory, key: &Node, value: &Node, reader: &mut Reader<'_>) {
    read_named(inventory, key.as_text().unwrap_or_default(), (key, value), reader);
}

fn read_named(
    inventory: &mut RawInventory,
    name: &str,
    (key, value): (&Node, &Node),
    reader: &mut Reader<'_>,
) {
    match name {
        "maps" => inventory.maps = read_maps(value, reader),
        "map_defaults" if value.is_null() => {}
        "map_defaults" => {
            inventory.map_defaults = read_map(value, None, reader.diagnostics()).map(Box::new);
        }
        "hosts" | "clients" => inventory.hosts.extend(read_hosts(value, name, reader)),
        "defaults" => inventory.defaults = read_host(value, "`defaults`", reader),
        "groups" => inventory.groups = read_groups(value, reader),
        "default_host" if value.is_null() => {}
        "default_host" => inventory.default_host = reader.name(value, name),
        _ => {
            reader.unknown_key(key, &INVENTORY_KEYS);
            // What it defines is there: nothing more is to be said about those who need it.
            let is_free = |meant: &&str| match *meant {
                "hosts" | "clients" => inventory.hosts.is_empty(),
                "maps" => inventory.maps.is_empty(),
                "groups" => inventory.groups.is_empty(),
                _ => false,
            };
            let meant = wording::nearest(name, INVENTORY_KEYS).filter(is_free);
            if let Some(meant) = meant.filter(|_| value.as_mapping().is_some()) {
                read_named(inventory, meant, (key, value), reader);
            }
        }
    }
}

fn read_hosts(node: &Node, property: &str, reader: &mut Reader<'_>) -> Vec<(RawName, RawHost)> {
    let mut hosts = Vec::new();
    for (key, value) in reader.entries(node, property) {
        let Some(name) = reader.key(key, property) else { continue };
        if let Some(host) = read_host(value, &format!("host `{}`", *name), reader) {
            hosts.push((name, host));
        }
    }
    hosts
}

fn read_groups(node: &Node, reader: &mut Reader<'_>) -> Vec<(RawName, Vec<RawName>)> {
    let mut groups = Vec::new();
    for (key, value) in reader.entries(node, "groups") {
        let Some(name) = reader.key(key, "groups") else { continue };
        let subject = format!("host group `{}`", *name);
        let members = reader.with_subject(subject).names(value, "groups");
        groups.push((name, members));
    }
    groups
}

/// One path, a list of paths and inline maps, or a mapping of names to either.
fn read_maps(node: &Node, reader: &mut Reader<'_>) -> Vec<RawMapEntry> {
    match &node.value {
        NodeValue::Mapping(entries) => {
            let maps = entries.iter().map(|(key, value)| {
                let name = reader.key(key, "maps")?;
                read_map_entry(Some(name), value, reader)
            });
            maps.collect::<Vec<_>>().into_iter().flatten().collect()
        }
        _ => {
            reader.items(node, "maps").iter().filter_map(|item| read_map_entry(None, item, reader)).collect()
        }
    }
}

fn read_map_entry(name: Option<RawName>, node: &Node, reader: &mut Reader<'_>) -> Option<RawMapEntry> {
    match &node.value {
        NodeValue::Scalar { text, .. } if !text.is_empty() && !node.is_null() => {
            reader.text(node, "maps").map(|path| RawMapEntry::File { name, path })
        }
        NodeValue::Mapping(_) => {
            let map = read_map(node, name, reader.diagnostics())?;
            if map.name.is_none() {
                let diagnostic =
                    Diagnostic::error("a map in the inventory has no name").at(map.start.span, "this map");
                reader.report(diagnostic.help("add `name`, or write it as a value of `maps` by its name"));
                return None;
            }
            Some(RawMapEntry::Inline(Box::new(map)))
        }
        _ => {
            let what = name.map_or_else(|| "an item of `maps`".to_owned(), |name| format!("map `{}`", *name));
            let message = format!("{what} must be a path or a mapping, found {}", describe(node));
            reader.report(Diagnostic::error(message).at(node.span, "expected a path"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{RawInventory, RawMapEntry};
    use super::super::testing::{inventory, joined, text};

    /// The example of Docker-Map's manual, with addresses filled in.
    const CLIENTS: &str = "\
apps1:
  base_url: apps1_host
  interfaces:
    private: 10.0.0.11
web1:
  base_url: web1_host
  interfaces:
    private: 10.0.0.21
    public: 178.0.0.1
local:
";

    fn maps(inventory: &RawInventory) -> String {
        joined(&inventory.maps, |entry| match entry {
            RawMapEntry::File { name, path } => {
                format!(
                    "{}{}",
                    name.as_ref().map(|name| format!("{}=", **name)).unwrap_or_default(),
                    text(path)
                )
            }
            RawMapEntry::Inline(map) => format!("{}*", map.name.as_ref().expect("a name").value),
        })
    }

    #[test]
    fn a_file_of_clients_is_an_inventory_of_hosts() {
        let read = inventory(CLIENTS).good();
        assert_eq!(joined(&read.hosts, |(name, _)| name.value.clone()), "apps1; web1; local");
        assert_eq!(read.hosts[1].1.interfaces.len(), 2);
        assert!(read.maps.is_empty());
    }

    #[test]
    fn all_parts_are_read() {
        let read = inventory(
            "maps: a.yaml\ndefaults: {user: deploy}\nhosts: {apps1-3: , web1: {port: 22}}\n\
             groups: {all: [apps1-3, web1], one: web1}\ndefault_host: web1\n",
        )
        .good();
        assert_eq!(maps(&read), "a.yaml");
        assert_eq!(joined(&read.hosts, |(name, _)| name.value.clone()), "apps1-3; web1");
        assert_eq!(
            joined(&read.groups, |(name, terms)| format!("{}={}", **name, terms.len())),
            "all=2; one=1"
        );
        assert_eq!(read.default_host.map(|name| name.value).as_deref(), Some("web1"));
        assert_eq!(read.defaults.and_then(|host| host.user).as_ref().map(text).as_deref(), Some("deploy"));
        assert_eq!(inventory("clients: {a: }").good().hosts.len(), 1);
    }

    #[test]
    fn maps_are_paths_or_written_in_place() {
        for (form, expected) in [
            ("", ""),
            ("a.yaml", "a.yaml"),
            ("[a.yaml, !path ~/b.yaml]", "a.yaml; !path ~/b.yaml"),
            ("{main: a.yaml, other: {web: {image: x}}}", "main=a.yaml; other*"),
            ("[{name: main, web: {image: x}}]", "main*"),
            ("{main: {name: dropped, web: }}", "main*"),
        ] {
            assert_eq!(maps(&inventory(&format!("maps: {form}")).good()), expected, "{form}");
        }
    }

    #[test]
    fn wrong_inventories_are_refused() {
        for (yaml, expected) in [
            ("[a]", vec!["an inventory must be a mapping, found a list"]),
            (
                "hosts: {a: }\nclients: {b: }",
                vec!["the inventory has both `hosts` and `clients`, which are the same"],
            ),
            ("maps: a\nhsots: {a: }", vec!["unknown key `hsots` in the inventory"]),
            ("maps: [{web: {image: x}}]", vec!["a map in the inventory has no name"]),
            ("maps: [[a]]", vec!["an item of `maps` must be a path or a mapping, found a list of 1 item"]),
            ("maps: {a: }", vec!["map `a` must be a path or a mapping, found nothing"]),
            ("hosts: [a]", vec!["`hosts` of the inventory needs a mapping, found a list of 1 item"]),
            ("web: {image: x}\nvolumes: {a: /b}", vec!["this is a container map, an inventory was expected"]),
            ("web: {image: x}", vec!["this is a container map, an inventory was expected"]),
            ("web: {base_url: x, image: x}", vec!["unknown key `image` in host `web`"]),
            (
                "default_host: [a]",
                vec!["`default_host` of the inventory needs a name, found a list of 1 item"],
            ),
        ] {
            assert_eq!(inventory(yaml).messages(), expected, "{yaml}");
        }
    }
}

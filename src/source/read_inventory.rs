//! An inventory: hosts, and the maps that run on them.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::{Node, NodeValue};
use super::raw::{RawHost, RawInventory, RawMapEntry, RawName};
use super::read_host::{HOST_KEYS, read_host};
use super::read_map::{MAP_KEYS, read_map};
use super::reader::{Entry, Reader, describe};

const INVENTORY_KEYS: [&str; 6] = ["maps", "hosts", "clients", "defaults", "groups", "default_host"];

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
    let mut inventory = RawInventory { span, ..RawInventory::default() };
    if is_client_file(entries) {
        if is_container_map(entries) {
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

/// Whether a document without any key of an inventory is a map: it has a key of maps, and no value
/// that looks like the settings of a host.
fn is_container_map(entries: &[Entry]) -> bool {
    let has = |entries: &[Entry], keys: &[&str]| {
        entries.iter().any(|(key, _)| key.as_text().is_some_and(|text| keys.contains(&text)))
    };
    has(entries, &MAP_KEYS)
        && !entries.iter().any(|(_, value)| has(value.as_mapping().unwrap_or_default(), &HOST_KEYS[..2]))
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
    let name = key.as_text().unwrap_or_default();
    match name {
        "maps" => inventory.maps = read_maps(value, reader),
        "hosts" | "clients" => inventory.hosts.extend(read_hosts(value, name, reader)),
        "defaults" => inventory.defaults = read_host(value, "`defaults`", reader),
        "groups" => inventory.groups = read_groups(value, reader),
        "default_host" if value.is_null() => {}
        "default_host" => inventory.default_host = reader.name(value, name),
        _ => reader.unknown_key(key, &INVENTORY_KEYS),
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
                    Diagnostic::error("a map in the inventory has no name").at(map.span, "this map");
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

//! Files of other programs, and inventories in the place of maps: told as such, since what they hold
//! would give a mistake for each of their keys.

use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::read_container::CONTAINER_KEYS;
use super::read_host::HOST_KEYS;
use super::read_inventory::INVENTORY_KEYS;

/// What a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Inventory,
    Map,
    /// One of the two.
    Either,
}

/// What a document is instead of an inventory or a map, if it is plainly that.
pub(super) fn recognise(node: &Node, wanted: Wanted) -> Option<Diagnostic> {
    let (key, what, help) = compose(node)
        .or_else(|| kubernetes(node))
        .or_else(|| ansible(node))
        .or_else(|| if wanted == Wanted::Map { inventory(node) } else { None })?;
    let wanted = match wanted {
        Wanted::Inventory => "an inventory",
        Wanted::Map => "a container map",
        Wanted::Either => "an inventory or a container map",
    };
    let diagnostic = Diagnostic::error(format!("this is {what}, {wanted} was expected"));
    Some(diagnostic.at(key.span, "by this key").help(help))
}

/// The key that tells, what the file is, and what to do.
type Recognised<'n> = (&'n Node, &'static str, &'static str);

/// `services` with a mapping for each, none of which is a property of a container of that name.
fn compose(node: &Node) -> Option<Recognised<'_>> {
    let (key, services) = entry(node, "services")?;
    let services = services.as_mapping()?;
    let is_service = |(name, value): &(Node, Node)| {
        let is_property = name.as_text().is_some_and(|name| CONTAINER_KEYS.contains(&name));
        !is_property && value.as_mapping().is_some()
    };
    let is_compose = !services.is_empty() && services.iter().all(is_service);
    let help =
        "write each service as a configuration of a map, such as `web: {image: nginx, exposes: {80: 8080}}`";
    is_compose.then_some((key, "a Docker Compose file", help))
}

fn kubernetes(node: &Node) -> Option<Recognised<'_>> {
    let (key, version) = entry(node, "apiVersion")?;
    let (_, kind) = entry(node, "kind")?;
    let help = "write each container as a configuration of a map, such as `web: {image: nginx}`";
    (version.as_text().is_some() && kind.as_text().is_some()).then_some((key, "a Kubernetes manifest", help))
}

/// An inventory of Ansible is a group of hosts called `all`, a playbook a list.
fn ansible(node: &Node) -> Option<Recognised<'_>> {
    if let NodeValue::Sequence(plays) = &node.value {
        let (key, _) = plays.iter().find_map(|play| entry(play, "hosts"))?;
        let help = "name hosts under `hosts` of an inventory, and containers in a map";
        return Some((key, "an Ansible playbook", help));
    }
    let (key, group) = entry(node, "all")?;
    let has = |name: &str| group.get(name).is_some_and(|value| value.as_mapping().is_some());
    let help = "write the hosts under `hosts` of an inventory, such as `web1: {fabric_host: root@192.0.2.1}`";
    (has("hosts") || has("children")).then_some((key, "an Ansible inventory", help))
}

/// Every key is one of an inventory, and one of them of nothing else.
fn inventory(node: &Node) -> Option<Recognised<'_>> {
    let entries = node.as_mapping()?;
    let is_of_inventory = |key: &Node| key.as_text().is_some_and(|name| INVENTORY_KEYS.contains(&name));
    let has_property = |value: &Node| {
        let mut keys = value.as_mapping().unwrap_or_default().iter().filter_map(|(key, _)| key.as_text());
        keys.any(|key| CONTAINER_KEYS.contains(&key) && !HOST_KEYS.contains(&key))
    };
    let tells = |(key, value): &&(Node, Node)| {
        let is_own = matches!(key.as_text(), Some("maps" | "hosts" | "default_host" | "map_defaults"));
        is_own && !value.is_null() && !has_property(value)
    };
    let (key, _) = entries.iter().find(tells)?;
    let help = "name container maps under `maps`, and give the inventory itself to `dmfab`";
    entries.iter().all(|(key, _)| is_of_inventory(key)).then_some((key, "an inventory", help))
}

fn entry<'n>(node: &'n Node, name: &str) -> Option<(&'n Node, &'n Node)> {
    let entry = node.as_mapping()?.iter().find(|(key, _)| key.as_text() == Some(name))?;
    Some((&entry.0, &entry.1))
}

#[cfg(test)]
mod tests {
    use super::super::testing::document;
    use super::*;

    fn recognised(yaml: &str, wanted: Wanted) -> Option<String> {
        recognise(&document(yaml).good(), wanted).map(|found| found.message)
    }

    #[test]
    fn files_of_other_programs_are_told() {
        for (yaml, what) in [
            ("services: {web: {image: x, ports: ['80:80']}, db: {}}", "a Docker Compose file"),
            ("version: '3'\nservices: {web: {build: .}}\nvolumes: {a: }", "a Docker Compose file"),
            ("apiVersion: v1\nkind: Pod\nspec: {}", "a Kubernetes manifest"),
            ("all: {hosts: {a: , b: }}", "an Ansible inventory"),
            ("all: {children: {webs: {hosts: {a: }}}}", "an Ansible inventory"),
            ("- {hosts: all, tasks: []}", "an Ansible playbook"),
        ] {
            let map = format!("this is {what}, a container map was expected");
            assert_eq!(recognised(yaml, Wanted::Map).as_ref(), Some(&map), "{yaml}");
            let inventory = format!("this is {what}, an inventory was expected");
            assert_eq!(recognised(yaml, Wanted::Inventory).as_ref(), Some(&inventory), "{yaml}");
        }
        for yaml in ["hosts: {a: }\nmaps: {m: m.yaml}", "maps: m.yaml", "hosts: {a: {user: root}}"] {
            let inventory = "this is an inventory, a container map was expected".to_owned();
            assert_eq!(recognised(yaml, Wanted::Map), Some(inventory), "{yaml}");
            assert_eq!(recognised(yaml, Wanted::Inventory), None, "{yaml}");
        }
    }

    #[test]
    fn names_alone_do_not_tell() {
        for yaml in [
            "services: {image: x, binds: {/a: /b}}",
            "services: ",
            "services: {}",
            "apiVersion: {image: x}\nkind: ",
            "all: {image: x}",
            "all: {fabric_host: x}",
            "hosts: {image: x}\nweb: ",
            "hosts: {image: x}",
            "hosts: \nmaps: ",
            "hosts: {data: /data}\nweb: {binds: data}",
            "[a, b]",
            "text",
        ] {
            assert_eq!(recognised(yaml, Wanted::Map), None, "{yaml}");
        }
    }
}

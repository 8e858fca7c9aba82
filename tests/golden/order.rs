//! What a container needs, and who needs it: the same items, in an order that holds.

use std::collections::{BTreeMap, BTreeSet};

use dmfab::model::item::ItemId;
use dmfab::model::spec::HostSpec;
use serde_json::{Map, Value};

use super::scenario::{Step, all_steps};

/// Items that each container needs directly.
struct Needs {
    direct: BTreeMap<String, Vec<String>>,
}

impl Needs {
    fn of(host: &HostSpec) -> Self {
        let needs = |found: &[ItemId]| found.iter().map(written).collect();
        let containers = host.containers.iter();
        Self { direct: containers.map(|spec| (written(&spec.item()), needs(&spec.dependencies))).collect() }
    }

    /// Everything that must be there first.
    fn all(&self, item: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut left: Vec<&String> = self.direct.get(item).into_iter().flatten().collect();
        while let Some(needed) = left.pop() {
            if found.insert(needed.clone()) {
                left.extend(self.direct.get(needed).into_iter().flatten());
            }
        }
        found
    }

    fn needs(&self, item: &str, other: &str) -> bool {
        self.direct.get(item).is_some_and(|needed| needed.iter().any(|name| name == other))
    }
}

fn written(item: &ItemId) -> String {
    format!("{}:{}", item.kind, item.name)
}

/// The recorded items in order: without images, which dmfab pulls before anything, and volumes by the Engine's names.
fn recorded(items: &Value, host: &HostSpec) -> Vec<String> {
    let items = items.as_array().expect("items").iter().filter_map(Value::as_str);
    let items = items.filter(|item| !item.starts_with("image:"));
    items
        .map(|item| item.strip_prefix("volume:").map_or_else(|| item.to_owned(), |name| volume(name, host)))
        .collect()
}

/// `map.parent.alias` is `map.alias` for the Engine, unless the map names volumes by their parents.
fn volume(name: &str, host: &HostSpec) -> String {
    if host.volumes.iter().any(|volume| volume.name == name) {
        return format!("volume:{name}");
    }
    let parts: Vec<&str> = name.split('.').collect();
    format!("volume:{}.{}", parts[0], parts[parts.len() - 1])
}

fn each_container(key: &str, check: impl Fn(&Step, &Needs, &str, &[String])) -> usize {
    let mut checked = 0;
    for step in all_steps() {
        let Some(config) = &step.config else { continue };
        let fleet = step.fleet().unwrap_or_else(|messages| panic!("{step}: {messages:?}"));
        let host = fleet.spec().hosts.values().next().expect("a host");
        let needs = Needs::of(host);
        let containers: &Map<String, Value> = config[key].as_object().expect("containers");
        for (item, items) in containers {
            check(&step, &needs, item, &recorded(items, host));
            checked += 1;
        }
    }
    checked
}

#[test]
fn containers_need_the_same_items_in_an_order_that_holds() {
    let checked = each_container("dependencies", |step, needs, item, recorded| {
        let expected: BTreeSet<String> = recorded.iter().cloned().collect();
        assert_eq!(needs.all(item), expected, "{step}: {item}");
        for (index, later) in recorded.iter().enumerate() {
            let wrong = recorded[index + 1..].iter().find(|other| needs.needs(later, other));
            assert_eq!(wrong, None, "{step}: {item}: `{later}` comes first and needs it");
        }
    });
    assert!(checked > 50, "only {checked} containers were checked");
}

#[test]
fn containers_are_needed_by_the_same_in_an_order_that_holds() {
    let checked = each_container("dependents", |step, needs, item, recorded| {
        let expected: BTreeSet<String> = recorded.iter().cloned().collect();
        let found = needs.direct.keys().filter(|other| needs.all(other).contains(item)).cloned().collect();
        assert_eq!(expected, found, "{step}: {item}");
        for (index, later) in recorded.iter().enumerate() {
            let wrong = recorded[..index].iter().find(|earlier| needs.needs(later, earlier));
            assert_eq!(wrong, None, "{step}: {item}: `{later}` needs it and comes after");
        }
    });
    assert!(checked > 50, "only {checked} containers were checked");
}

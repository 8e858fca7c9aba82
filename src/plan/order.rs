//! Which containers belong together, and in which order they come.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::item::ItemKind;
use crate::model::spec::ContainerSpec;

/// The containers of one host and how they depend on one another.
pub(super) struct Containers<'a> {
    by_name: BTreeMap<&'a str, &'a ContainerSpec>,
    /// Dependencies before dependents, otherwise as in the maps.
    in_order: Vec<&'a ContainerSpec>,
}

impl<'a> Containers<'a> {
    /// Cycles are a mistake in the map and found when it is resolved; here each container is
    /// visited once, so that even then nothing loops.
    pub(super) fn new(specs: &'a [ContainerSpec]) -> Self {
        let by_name = specs.iter().map(|spec| (spec.name.as_str(), spec)).collect();
        let mut containers = Self { by_name, in_order: Vec::with_capacity(specs.len()) };
        let mut visited = BTreeSet::new();
        for spec in specs {
            containers.visit(spec, &mut visited);
        }
        containers
    }

    fn visit(&mut self, spec: &'a ContainerSpec, visited: &mut BTreeSet<&'a str>) {
        if !visited.insert(&spec.name) {
            return;
        }
        for dependency in container_dependencies(spec) {
            if let Some(found) = self.by_name.get(dependency).copied() {
                self.visit(found, visited);
            }
        }
        self.in_order.push(spec);
    }

    pub(super) fn in_order(&self) -> impl DoubleEndedIterator<Item = &'a ContainerSpec> + '_ {
        self.in_order.iter().copied()
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The given containers and all that they need, directly or not.
    pub(super) fn with_dependencies(&self, names: &BTreeSet<String>) -> BTreeSet<&'a str> {
        let mut wanted: BTreeSet<&str> = BTreeSet::new();
        for spec in self.in_order().rev() {
            if names.contains(&spec.name) || wanted.contains(spec.name.as_str()) {
                wanted.insert(&spec.name);
                wanted.extend(container_dependencies(spec).filter(|name| self.contains(name)));
            }
        }
        wanted
    }

    /// The given containers and all that need them, directly or not.
    pub(super) fn with_dependents(&self, names: &BTreeSet<String>) -> BTreeSet<&'a str> {
        let mut wanted: BTreeSet<&str> = BTreeSet::new();
        for spec in self.in_order() {
            let needs_one = container_dependencies(spec).any(|name| wanted.contains(name));
            if names.contains(&spec.name) || needs_one {
                wanted.insert(&spec.name);
            }
        }
        wanted
    }
}

/// Names of the containers that a container needs directly.
pub(super) fn container_dependencies(spec: &ContainerSpec) -> impl Iterator<Item = &str> {
    let containers = spec.dependencies.iter().filter(|item| item.kind == ItemKind::Container);
    containers.map(|item| item.name.as_str())
}

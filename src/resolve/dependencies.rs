//! What a container needs, from its settings as they are in the end: a link is one, whether a
//! property asks for it or an option of `host_config`.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::container::{ContainerSettings, NetworkMode};
use crate::model::item::{ItemId, ItemKind};
use crate::model::network::PRESET_NETWORKS;
use crate::model::spec::ContainerSpec;
use crate::source::diagnostic::Diagnostic;

use super::container::Builder;
use super::context::Context;
use super::map::ResolvedMap;

/// Fields of `HostConfig` that may name a container whose processes or memory are shared.
const NAMESPACES: [&str; 2] = ["PidMode", "IpcMode"];

impl Builder<'_> {
    /// Items that must be there first, in Docker-Map's order: network mode, networks and their
    /// links, used volumes and containers, links, own volumes. Containers and volumes that the
    /// map does not have on this host are nobody's to make.
    pub(super) fn dependencies(&self, settings: &ContainerSettings) -> Vec<ItemId> {
        let neighbours = self.neighbours();
        let mut items = Vec::new();
        if let NetworkMode::Container(name) = &settings.network_mode {
            items.push(ItemId::container(name));
        }
        for endpoint in &settings.endpoints {
            if !PRESET_NETWORKS.contains(&endpoint.network_name.as_str()) {
                items.push(ItemId::network(&endpoint.network_name));
            }
            items.extend(endpoint.links.iter().map(|link| ItemId::container(&link.container_name)));
        }
        for used in &self.raw().uses {
            items.extend(self.used_volume(&used.value.name.value));
        }
        items.extend(settings.volumes_from.keys().map(ItemId::container));
        items.extend(settings.links.iter().map(|link| ItemId::container(&link.container_name)));
        let namespaces = NAMESPACES.iter().filter_map(|field| settings.host_options.get(*field)?.as_str());
        items.extend(namespaces.filter_map(|mode| mode.strip_prefix("container:")).map(ItemId::container));
        items.extend(self.mounted_volumes(settings));
        items.retain(|item| item.kind != ItemKind::Container || neighbours.contains(&item.name));
        let mut unique = Vec::with_capacity(items.len());
        for item in items {
            if !unique.contains(&item) {
                unique.push(item);
            }
        }
        unique
    }

    fn is_here(&self, config_name: &str) -> bool {
        let found = self.map.configurations.get(config_name);
        found.is_some_and(|found| found.host_names.contains(&self.host.spec.name))
    }

    /// The map's containers on this host, by full name.
    fn neighbours(&self) -> BTreeSet<String> {
        let here = self.map.configurations.iter().filter(|(config_name, _)| self.is_here(config_name));
        let names = here.flat_map(|(config_name, configuration)| {
            let instances = configuration.instances();
            instances.into_iter().map(|instance| self.map.container_name(config_name, instance))
        });
        names.collect()
    }

    /// A used volume needs the volume and the containers it belongs to, other than this one's own.
    fn used_volume(&self, name: &str) -> Vec<ItemId> {
        let attachers = self.map.attachers(name);
        if attachers.is_empty() {
            return Vec::new();
        }
        let others = attachers.iter().filter(|config_name| **config_name != self.config_name());
        let owners = others.flat_map(|config_name| self.container_names(config_name));
        let volume = ItemId::volume(self.map.volume_name(name));
        std::iter::once(volume).chain(owners.map(ItemId::container)).collect()
    }

    /// Volumes that are attached, here or by another configuration on this host.
    fn mounted_volumes(&self, settings: &ContainerSettings) -> Vec<ItemId> {
        let attached: BTreeSet<String> = self
            .map
            .attached_names()
            .filter(|key| self.map.attachers(key).iter().any(|config_name| self.is_here(config_name)))
            .map(|key| self.map.volume_name(key))
            .collect();
        let own = self.raw().attaches.iter().map(|attach| {
            let key = self.map.attached_key(self.config_name(), &attach.value.name.value);
            self.map.volume_name(&key)
        });
        let mounted = settings.volume_names().filter(|name| attached.contains(*name)).map(str::to_owned);
        own.chain(mounted).map(ItemId::volume).collect()
    }
}

/// Finds containers of one map and host that need one another in a circle. Those of properties are
/// found for the map as a whole; this is for what options add.
pub(super) fn check_circles(context: &Context<'_>, map: &ResolvedMap<'_>, containers: &[ContainerSpec]) {
    let by_name = containers.iter().map(|container| (container.name.as_str(), container)).collect();
    let mut search = Search { context, map, by_name, finished: BTreeSet::new() };
    for container in containers {
        search.visit(&container.name, &mut Vec::new());
    }
}

struct Search<'a> {
    context: &'a Context<'a>,
    map: &'a ResolvedMap<'a>,
    by_name: BTreeMap<&'a str, &'a ContainerSpec>,
    finished: BTreeSet<&'a str>,
}

impl<'a> Search<'a> {
    fn visit(&mut self, name: &'a str, path: &mut Vec<&'a ContainerSpec>) {
        if self.finished.contains(name) {
            return;
        }
        if let Some(start) = path.iter().position(|visited| visited.name == name) {
            self.report(&path[start..]);
            return;
        }
        let Some(container) = self.by_name.get(name).copied() else { return };
        path.push(container);
        for needed in container.dependencies.iter().filter(|item| item.kind == ItemKind::Container) {
            self.visit(&needed.name, path);
        }
        path.pop();
        self.finished.insert(&container.name);
    }

    fn report(&self, circle: &[&ContainerSpec]) {
        let names: Vec<String> = circle.iter().map(|container| format!("`{}`", container.name)).collect();
        let message = match names.as_slice() {
            [] => return,
            [only] => format!("container {only} depends on itself"),
            [first, ..] => format!("circular dependency: {} -> {first}", names.join(" -> ")),
        };
        let mut diagnostic = Diagnostic::error(message);
        for (index, container) in circle.iter().enumerate() {
            let Some(found) = self.map.configurations.get(container.id.config_name.as_str()) else {
                continue;
            };
            diagnostic = if index == 0 {
                diagnostic.at(found.name.span, "starts here")
            } else {
                diagnostic.also(found.name.span, "by way of")
            };
        }
        self.context.report(diagnostic.help("take out one of the options that name another container"));
    }
}

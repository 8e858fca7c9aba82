//! What a container needs, from its settings as they are in the end: a link is one, whether a
//! property asks for it or an option of `host_config`.

use std::collections::HashMap;

use indexmap::IndexSet;

use crate::model::container::{ContainerSettings, NetworkMode};
use crate::model::item::{ItemId, ItemKind};
use crate::model::network::PRESET_NETWORKS;
use crate::model::spec::ContainerSpec;
use crate::source::diagnostic::Diagnostic;

use super::container::Builder;
use super::context::Context;
use super::map::ResolvedMap;
use super::walk::{Circle, walk};

/// Fields of `HostConfig` that may name a container whose processes or memory are shared.
const NAMESPACES: [&str; 2] = ["PidMode", "IpcMode"];

impl Builder<'_> {
    /// Items that must be there first, in Docker-Map's order: network mode, networks and their
    /// links, used volumes and containers, links, own volumes. Containers and volumes that the
    /// map does not have on this host are nobody's to make.
    pub(super) fn dependencies(&self, settings: &ContainerSettings) -> Vec<ItemId> {
        let mut items = IndexSet::new();
        if let NetworkMode::Container(name) = &settings.network_mode {
            items.insert(ItemId::container(name));
        }
        for endpoint in &settings.endpoints {
            if !PRESET_NETWORKS.contains(&endpoint.network_name.as_str()) {
                items.insert(ItemId::network(&endpoint.network_name));
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
        items.retain(|item| item.kind != ItemKind::Container || self.is_neighbour(&item.name));
        items.into_iter().collect()
    }

    /// Whether this is one of the map's containers on this host, by its full name.
    fn is_neighbour(&self, container_name: &str) -> bool {
        let found = self.map.configuration_of(container_name);
        found.is_some_and(|index| self.map.runs_on(index, self.host.position))
    }

    /// A used volume needs the volume and the containers it belongs to, other than this one's own.
    fn used_volume(&self, name: &str) -> Vec<ItemId> {
        let attacher = self.map.attacher(name).and_then(|index| self.map.configurations.get_index(index));
        let Some((owner_name, owner)) = attacher else { return Vec::new() };
        let volume = ItemId::volume(self.map.volume_name(name));
        if !self.context.spend(owner.instances().len(), self.configuration.name.span) {
            return Vec::new();
        }
        let owners = owner
            .instances()
            .filter(|_| *owner_name != self.config_name())
            .map(|instance| self.map.container_name(owner_name, instance));
        std::iter::once(volume).chain(owners.map(ItemId::container)).collect()
    }

    /// Volumes that are attached, here or by another configuration on this host.
    fn mounted_volumes(&self, settings: &ContainerSettings) -> Vec<ItemId> {
        let own = self.raw().attaches.iter().map(|attach| {
            let key = self.map.attached_key(self.config_name(), &attach.value.name.value);
            self.map.volume_name(&key)
        });
        let is_attached_here = |volume_name: &str| {
            let attacher = self.map.attacher_of_volume(volume_name);
            attacher.is_some_and(|index| self.map.runs_on(index, self.host.position))
        };
        let mounted = settings.volume_names().filter(|name| is_attached_here(name)).map(str::to_owned);
        own.chain(mounted).map(ItemId::volume).collect()
    }
}

/// Finds containers of one map and host that need one another in a circle. Those of properties are
/// found for the map as a whole; this is for what options add.
pub(super) fn check_circles(context: &Context<'_>, map: &ResolvedMap<'_>, containers: &[ContainerSpec]) {
    let numbers: HashMap<&str, usize> =
        containers.iter().enumerate().map(|(number, container)| (container.name.as_str(), number)).collect();
    let needs: Vec<Vec<usize>> = containers
        .iter()
        .map(|container| {
            let needed = container.dependencies.iter().filter(|item| item.kind == ItemKind::Container);
            needed.filter_map(|item| numbers.get(item.name.as_str()).copied()).collect()
        })
        .collect();
    walk(&needs, |circle| report_circle(context, map, containers, &circle), |_| {});
}

fn report_circle(
    context: &Context<'_>,
    map: &ResolvedMap<'_>,
    containers: &[ContainerSpec],
    circle: &Circle,
) {
    let name_of = |member: usize| containers[member].name.as_str();
    let message = match circle.members() {
        [only] => format!("container `{}` depends on itself", name_of(*only)),
        _ => format!("circular dependency: {}", circle.shown(name_of)),
    };
    let mut diagnostic = Diagnostic::error(message);
    for (index, member) in circle.members().iter().enumerate() {
        let Some(found) = map.configurations.get(containers[*member].id.config_name.as_str()) else {
            continue;
        };
        diagnostic = if index == 0 {
            diagnostic.at(found.name.span, "starts here")
        } else {
            diagnostic.also(found.name.span, "by way of")
        };
    }
    context.report(diagnostic.help("take out one of the options that name another container"));
}

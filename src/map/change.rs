//! Looking things up in maps, and laying one map over another.

use super::{Container, ContainerMap, HostPath, Name, Network, ReadError, Setting, Volume, made};
use crate::resolve::{self, merge_container};
use crate::source::combine::{insert_all, lay, replace, replace_list, unite};
use crate::source::diagnostic::Diagnostics;
use crate::source::file::SourceMap;
use crate::source::findings::Findings;

/// What a clean-up of a host leaves alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersistentItem {
    /// A volume that a configuration attaches.
    AttachedVolume {
        /// The configuration.
        config_name: String,
        /// The alias.
        alias: String,
    },
    /// A container of a configuration with `persistent`.
    Container {
        /// The configuration.
        config_name: String,
        /// One of its instances.
        instance_name: Option<String>,
    },
}

impl ContainerMap {
    /// A container configuration, abstract ones included.
    pub fn get(&self, name: &str) -> Option<&Container> {
        find(&self.containers, name)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Container> {
        find_mut(&mut self.containers, name)
    }

    /// A container configuration, to be changed; a new one if there is none of this name.
    pub fn container_or_default(&mut self, name: &str) -> &mut Container {
        find_or_default(&mut self.containers, name)
    }

    /// The settings of a volume alias.
    pub fn get_volume(&self, alias: &str) -> Option<&Volume> {
        find(&self.volumes, alias)
    }

    /// The same, to be changed.
    pub fn get_volume_mut(&mut self, alias: &str) -> Option<&mut Volume> {
        find_mut(&mut self.volumes, alias)
    }

    /// The settings of a volume alias, to be changed; new ones if there are none.
    pub fn volume_or_default(&mut self, alias: &str) -> &mut Volume {
        find_or_default(&mut self.volumes, alias)
    }

    /// A network.
    pub fn get_network(&self, name: &str) -> Option<&Network> {
        find(&self.networks, name)
    }

    /// The same, to be changed.
    pub fn get_network_mut(&mut self, name: &str) -> Option<&mut Network> {
        find_mut(&mut self.networks, name)
    }

    /// A network, to be changed; a new one if there is none of this name.
    pub fn network_or_default(&mut self, name: &str) -> &mut Network {
        find_or_default(&mut self.networks, name)
    }

    /// Paths of a host alias.
    pub fn get_host_path(&self, alias: &str) -> Option<&HostPath> {
        find(&self.host, alias)
    }

    /// The same, to be changed.
    pub fn get_host_path_mut(&mut self, alias: &str) -> Option<&mut HostPath> {
        find_mut(&mut self.host, alias)
    }

    /// Configurations that have containers: without those that are abstract.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Container)> {
        let concrete = self.containers.iter().filter(|(_, container)| !container.is_abstract());
        concrete.map(|(name, container)| (name.value.as_str(), container))
    }

    /// Attached volumes, then containers that are kept when stopped, of configurations that are not
    /// abstract. What is inherited counts only in an [extended](Self::extended) map.
    pub fn persistent_items(&self) -> Vec<PersistentItem> {
        let volumes = self.iter().flat_map(|(name, container)| {
            container.attaches.iter().map(move |attach| PersistentItem::AttachedVolume {
                config_name: name.to_owned(),
                alias: attach.value.name.value.clone(),
            })
        });
        let persistent = self.iter().filter(|(_, container)| container.persistent.value() == Some(&true));
        let containers = persistent.flat_map(|(name, container)| {
            let instances: Vec<Option<String>> = match container.instances.as_slice() {
                [] => vec![None],
                instances => instances.iter().map(|instance| Some(instance.value.clone())).collect(),
            };
            let item =
                |instance_name| PersistentItem::Container { config_name: name.to_owned(), instance_name };
            instances.into_iter().map(item).collect::<Vec<_>>()
        });
        volumes.chain(containers).collect()
    }

    /// The map with all that its configurations inherit, without the abstract ones. An extended map
    /// extends to itself.
    ///
    /// # Errors
    /// Bases that are not there, and circles.
    pub fn extended(&self) -> Result<Self, ReadError> {
        let (extended, diagnostics) = resolve::extend(self);
        if diagnostics.has_errors() {
            let sources = SourceMap::new();
            return Err(ReadError { findings: Findings { diagnostics, sources } });
        }
        Ok(extended)
    }

    /// What does not fit together in the map, whatever host it runs on. Hosts and interfaces are
    /// looked at when a [`Fleet`](crate::Fleet) is built.
    pub fn check(&self) -> Diagnostics {
        resolve::check(self)
    }

    /// Lays another map over this one: a property that it sets replaces this one's. Containers,
    /// volumes and networks are updated property by property, host paths alias by alias.
    pub fn update(&mut self, other: Self) {
        self.replace_settings(&other);
        let Self { name, clients, groups, volumes, host, networks, containers, .. } = other;
        replace(&mut self.name, name);
        replace_list(&mut self.clients, clients);
        replace_list(&mut self.groups, groups);
        lay(&mut self.volumes, volumes, Volume::update);
        insert_all(&mut self.host, host);
        lay(&mut self.networks, networks, Network::update);
        lay(&mut self.containers, containers, Container::update);
    }

    /// Merges another map into this one by the rules of `extends`: single values replace, lists of
    /// configurations and `clients` are united, options merge by key. Groups and host paths are
    /// replaced by name. The name stays.
    pub fn merge(&mut self, other: Self) {
        self.replace_settings(&other);
        let Self { clients, groups, volumes, host, networks, containers, .. } = other;
        unite(&mut self.clients, clients);
        insert_all(&mut self.groups, groups);
        lay(&mut self.volumes, volumes, Volume::merge);
        insert_all(&mut self.host, host);
        lay(&mut self.networks, networks, Network::merge);
        lay(&mut self.containers, containers, Container::merge);
    }

    /// As [`Self::merge`], for lists only: single values, options and groups of what is there stay. Host
    /// paths are replaced by name.
    pub fn merge_lists(&mut self, other: Self) {
        let Self { clients, volumes, host, networks, containers, .. } = other;
        unite(&mut self.clients, clients);
        lay(&mut self.volumes, volumes, |_, _| ());
        insert_all(&mut self.host, host);
        lay(&mut self.networks, networks, |_, _| ());
        lay(&mut self.containers, containers, Container::merge_lists);
    }

    /// Takes from another map what this one does not set: defaults of many maps. Its own values win,
    /// and a list of clients replaces that of the defaults.
    pub fn fill_from(&mut self, defaults: &Self) {
        let mut own = std::mem::replace(self, defaults.clone());
        let clients = std::mem::take(&mut own.clients);
        if !clients.is_empty() {
            self.clients = clients;
        }
        self.name.clone_from(&own.name);
        self.start = own.start.clone();
        let containers = std::mem::take(&mut own.containers);
        self.merge(own);
        lay(&mut self.containers, containers, Container::fill);
    }

    fn replace_settings(&mut self, other: &Self) {
        replace(&mut self.repository, other.repository.clone());
        replace(&mut self.default_tag, other.default_tag.clone());
        replace(&mut self.default_domain, other.default_domain.clone());
        replace(&mut self.host_root, other.host_root.clone());
        replace(&mut self.set_hostname, other.set_hostname.clone());
        replace(&mut self.use_attached_parent_name, other.use_attached_parent_name.clone());
    }
}

impl Container {
    /// Merges another configuration into this one as a heir is merged over its base. `abstract` and
    /// `extends` are never inherited.
    pub fn merge(&mut self, other: Self) {
        merge_container(self, other);
    }

    /// Lays a map's own configuration over a default one: other than a heir it says by itself what it
    /// extends, and whether it is abstract.
    fn fill(&mut self, own: Self) {
        self.is_abstract.clone_from(&own.is_abstract);
        self.extends.clone_from(&own.extends);
        merge_container(self, own);
    }

    /// As [`Self::merge`], for lists only.
    pub fn merge_lists(&mut self, other: Self) {
        let lists = Self {
            image: Setting::Unset,
            user: Setting::Unset,
            permissions: Setting::Unset,
            stop_timeout: Setting::Unset,
            stop_signal: Setting::Unset,
            start_delay: Setting::Unset,
            network_mode: Setting::Unset,
            healthcheck: Setting::Unset,
            persistent: Setting::Unset,
            create_options: Vec::new(),
            host_config: Vec::new(),
            ..other
        };
        merge_container(self, lists);
    }
}

fn find<'m, T>(entries: &'m [(Name, T)], wanted: &str) -> Option<&'m T> {
    entries.iter().find(|(name, _)| name.value == wanted).map(|(_, value)| value)
}

fn find_mut<'m, T>(entries: &'m mut [(Name, T)], wanted: &str) -> Option<&'m mut T> {
    entries.iter_mut().find(|(name, _)| name.value == wanted).map(|(_, value)| value)
}

fn find_or_default<'m, T: Default>(entries: &'m mut Vec<(Name, T)>, wanted: &str) -> &'m mut T {
    let index = entries.iter().position(|(name, _)| name.value == wanted).unwrap_or_else(|| {
        entries.push((made(wanted), T::default()));
        entries.len() - 1
    });
    &mut entries[index].1
}

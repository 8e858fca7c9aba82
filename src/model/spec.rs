//! What is wanted: the fleet, its hosts, and the containers on each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use secrecy::SecretString;
use serde::Serialize;

use super::connection::Connection;
use super::container::{ContainerSettings, ExecCommand};
use super::image::ImageReference;
use super::item::{ContainerId, ItemId};
use super::network::NetworkSpec;
use super::place::Places;
use super::secret::Secrets;
use super::volume::VolumeSpec;

/// Everything that an inventory and its maps ask for.
#[derive(Debug, Default)]
pub struct FleetSpec {
    /// Hosts in the inventory's order.
    pub hosts: IndexMap<String, HostSpec>,
    /// Groups of hosts, members in the inventory's order.
    pub host_groups: IndexMap<String, Vec<String>>,
    /// Container maps in the inventory's order.
    pub maps: Vec<MapSpec>,
}

/// What is known of a map beside its containers: for selecting items.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapSpec {
    /// Map name.
    pub name: String,
    /// Hosts the map's containers are on, in the inventory's order.
    pub host_names: Vec<String>,
    /// Configurations that are not abstract, and their instances.
    pub configurations: IndexMap<String, Vec<String>>,
    /// Groups of containers.
    pub groups: IndexMap<String, Vec<ContainerPattern>>,
}

/// A configuration, or one instance of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContainerPattern {
    /// Container configuration.
    pub config_name: String,
    /// One instance; `None` is all of them.
    pub instance_name: Option<String>,
}

/// One host and what it should run.
#[derive(Debug)]
pub struct HostSpec {
    /// The name in the inventory.
    pub name: String,
    /// How its Engine is reached.
    pub connection: Connection,
    /// Deadlines and limits of its Engine.
    pub engine: EngineSettings,
    /// Addresses by interface alias.
    pub interfaces: Interfaces,
    /// Logins by registry.
    pub registry_logins: BTreeMap<String, RegistryLogin>,
    /// Values from outside the files that may turn up in what is shown of this host.
    pub secrets: Secrets,
    /// Whether a secret that a command prints has not been asked for: the host cannot be changed.
    pub withholds_secrets: bool,
    /// Networks, in the order of their maps.
    pub networks: Vec<NetworkSpec>,
    /// Volumes, in the order of their maps.
    pub volumes: Vec<VolumeSpec>,
    /// Containers, in the order of their maps; dependencies are found through
    /// [`ContainerSpec::dependencies`], not through this order.
    pub containers: Vec<ContainerSpec>,
    /// All maps of the inventory, also those that are on other hosts: what bears the label of one has
    /// been put here by an inventory like this.
    pub map_names: Arc<BTreeSet<String>>,
    /// Where each of the host's own settings stands, by its key.
    pub places: Places,
}

impl HostSpec {
    /// Whether the inventory has a map of this name.
    pub fn has_map(&self, name: &str) -> bool {
        let containers = || self.containers.iter().map(|spec| &spec.id.map_name);
        let networks = || self.networks.iter().map(|network| &network.map_name);
        let volumes = || self.volumes.iter().map(|volume| &volume.map_name);
        self.map_names.contains(name)
            || containers().chain(networks()).chain(volumes()).any(|own| own == name)
    }
}

/// How to speak with an Engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EngineSettings {
    /// API version asked for; `None` negotiates.
    pub api_version: Option<String>,
    /// How long one ordinary call may take.
    pub call_timeout: Option<Duration>,
    /// How long a wait for a container may take.
    pub wait_timeout: Option<Duration>,
}

/// Addresses of a host by interface alias.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Interfaces {
    /// IPv4 addresses.
    pub ipv4: BTreeMap<String, IpAddr>,
    /// IPv6 addresses.
    pub ipv6: BTreeMap<String, IpAddr>,
}

/// A registry's user name and password.
#[derive(Debug, Clone)]
pub struct RegistryLogin {
    /// User name.
    pub username: String,
    /// Password or token.
    pub password: SecretString,
    /// Mail address (older registries).
    pub email: Option<String>,
}

/// The login for the registry of an image: by the registry's name, or by its host alone.
pub fn login_for<'a>(
    logins: &'a BTreeMap<String, RegistryLogin>,
    image: &ImageReference,
) -> Option<&'a RegistryLogin> {
    let registry = image.registry();
    let host = registry.split(':').next().unwrap_or(registry);
    logins.get(registry).or_else(|| logins.get(host))
}

/// One container.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContainerSpec {
    /// Map, configuration and instance.
    pub id: ContainerId,
    /// Full name: `map.config` or `map.config.instance`.
    pub name: String,
    /// Image it is made from.
    pub image: ImageReference,
    /// What the Engine is told.
    pub settings: ContainerSettings,
    /// Commands run in it after a start.
    pub exec_commands: Vec<ExecCommand>,
    /// Wait after a start.
    #[serde(skip)]
    pub start_delay: Duration,
    /// Seconds a stop may take before the container is killed; `None` is the Engine's default.
    pub stop_timeout_seconds: Option<u32>,
    /// Kept when stopped.
    pub persistent: bool,
    /// Items that must be there first, in the order they are asked for.
    pub dependencies: Vec<ItemId>,
    /// Where each setting stands.
    #[serde(skip)]
    pub places: Places,
}

impl ContainerSpec {
    /// The container as an item of a plan.
    pub fn item(&self) -> ItemId {
        ItemId::container(&self.name)
    }
}

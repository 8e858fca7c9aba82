//! What was found on a host.

use std::collections::{BTreeMap, BTreeSet};

use super::container::{ContainerSettings, PublishedPort};
use super::image::{ImageReference, is_platform};
use super::network::Subnet;

/// Everything that was read from one host in one look.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostState {
    /// The Engine itself.
    pub engine: EngineVersion,
    /// What its machine and its daemon are like.
    pub facts: EngineFacts,
    /// Containers by name; those that no item of ours has to do with hold no settings.
    pub containers: BTreeMap<String, ObservedContainer>,
    /// Image id by reference (`repository:tag` and `repository@digest`, short form).
    pub image_ids: BTreeMap<String, String>,
    /// What registries said of references, where they were asked.
    pub registry_answers: BTreeMap<ImageReference, RegistryAnswer>,
    /// Images that were looked at, by id.
    pub images: BTreeMap<String, ObservedImage>,
    /// Volumes by name.
    pub volumes: BTreeMap<String, ObservedVolume>,
    /// Networks by name.
    pub networks: BTreeMap<String, ObservedNetwork>,
    /// What is at paths of the host that were asked for.
    pub paths: BTreeMap<String, PathKind>,
    /// Names of the containers in each network, running or not.
    pub network_members: BTreeMap<String, BTreeSet<String>>,
    /// Ports of the host that containers hold at the moment, by container.
    pub held_ports: BTreeMap<String, BTreeSet<PublishedPort>>,
    /// Processes by container, where they were asked for, or why they are not known.
    pub processes: BTreeMap<String, Result<Vec<ObservedProcess>, String>>,
    /// Whether commands can be run as root on the host.
    pub root_shell: RootShell,
}

impl HostState {
    /// The id of the image that a reference points to on this host.
    pub fn image_id(&self, reference: &ImageReference) -> Option<&str> {
        // Engines list `name:tag` and `name@digest`, never both in one; a digest says more.
        let listed = match &reference.digest {
            Some(digest) => format!("{}@{digest}", reference.repository),
            None => reference.to_string(),
        };
        self.image_ids.get(&listed).map(String::as_str)
    }

    /// The digest that a tag points to in its registry, where the host has another image under it.
    pub fn moved_to(&self, reference: &ImageReference) -> Option<&str> {
        let Some(RegistryAnswer::Digest(digest)) = self.registry_answers.get(reference) else { return None };
        let held = self.image_ids.get(&format!("{}@{digest}", reference.repository)).map(String::as_str);
        (held.is_none() || held != self.image_id(reference)).then_some(digest)
    }

    /// Whether the image that a reference points to is for the machines that it asks for, if it asks.
    pub fn is_for_wanted_platform(&self, reference: &ImageReference, image_id: &str) -> bool {
        let found = self.images.get(image_id).and_then(|image| image.platform.as_deref());
        reference.platform.as_deref().zip(found).is_none_or(|(wanted, found)| is_platform(found, wanted))
    }

    /// Names of the volumes that some container mounts, running or not.
    pub fn mounted_volumes(&self) -> BTreeSet<&str> {
        self.containers
            .values()
            .flat_map(|container| container.volume_names.iter().map(String::as_str))
            .collect()
    }
}

/// Whether commands can be run as root on a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RootShell {
    /// Nobody has tried: no volume has to be prepared.
    #[default]
    NotAsked,
    /// They can.
    Works,
    /// Why not, in a line.
    Fails(String),
}

/// What a registry said of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryAnswer {
    /// The digest that it points to.
    Digest(String),
    /// Why there is no answer, in a line.
    None(String),
}

/// What is at a path of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    /// Anything but a folder.
    File,
    /// A folder, or a link to one.
    Folder,
    /// Nothing.
    Absent,
}

/// Version of an Engine.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct EngineVersion {
    /// Version of the Engine, `20.10.24`.
    pub version: String,
    /// API version that is spoken, `1.41`.
    pub api_version: String,
    /// Operating system.
    pub operating_system: String,
    /// Machine architecture.
    pub architecture: String,
}

/// What a machine and its daemon are like, as far as that decides what is a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFacts {
    /// Limits that the kernel cannot keep, by their API name; the Engine drops them with a warning.
    pub unsupported_limits: BTreeSet<String>,
    /// Where networks get addresses from that nobody chose.
    pub address_pools: Vec<Subnet>,
}

impl Default for EngineFacts {
    /// A machine that can keep all limits, and a daemon that is not configured.
    fn default() -> Self {
        Self { unsupported_limits: BTreeSet::new(), address_pools: Subnet::default_pools() }
    }
}

/// A container that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedContainer {
    /// The Engine's id.
    pub id: String,
    /// Name without the leading slash.
    pub name: String,
    /// Id of the image it was made from.
    pub image_id: String,
    /// Image as it was asked for.
    pub image_name: String,
    /// What it does.
    pub status: ContainerStatus,
    /// When it was last started, in a form whose order as text is that in time; `None` if never,
    /// or where nobody asked.
    pub started_at: Option<String>,
    /// Its first process, as the host counts processes; `None` if it does not run, or where nobody asked.
    pub process_id: Option<i64>,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// Named volumes it mounts.
    pub volume_names: BTreeSet<String>,
    /// Its settings, the image's defaults included; `None` where nobody asked.
    pub settings: Option<ContainerSettings>,
    /// Where it is in networks; `None` where nobody asked.
    pub attachment: Option<Attachment>,
}

/// Where a container is in networks, as the Engine keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attachment {
    /// The network that its mode names, which must be there whenever it starts, whether it is in it or
    /// not; `bridge` where none was asked for.
    pub main_network: String,
    /// Networks it is in, each with the id that it had at the last start; empty before. A stopped
    /// container cannot be started if that id is gone, although a network of the name may be there.
    pub network_ids: BTreeMap<String, String>,
}

/// What a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerStatus {
    /// Created, never started.
    Created,
    /// Its process runs.
    Running {
        /// What its health check says, if it has one.
        health: Option<Health>,
    },
    /// The process is suspended.
    Paused,
    /// The Engine starts it again and again.
    Restarting,
    /// The process ended.
    Exited {
        /// Its exit code.
        exit_code: i64,
    },
    /// Neither running nor removable without force.
    Dead,
}

/// Result of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not yet known.
    Starting,
    /// Good.
    Healthy,
    /// Bad.
    Unhealthy,
}

impl ContainerStatus {
    /// Whether a stop would end a process.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running { .. } | Self::Paused | Self::Restarting)
    }
}

impl std::fmt::Display for ContainerStatus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Created => formatter.write_str("created"),
            Self::Running { health: None } => formatter.write_str("running"),
            Self::Running { health: Some(Health::Starting) } => {
                formatter.write_str("running, health unknown yet")
            }
            Self::Running { health: Some(Health::Healthy) } => formatter.write_str("running, healthy"),
            Self::Running { health: Some(Health::Unhealthy) } => formatter.write_str("running, unhealthy"),
            Self::Paused => formatter.write_str("paused"),
            Self::Restarting => formatter.write_str("restarting"),
            Self::Exited { exit_code } => write!(formatter, "exited with {exit_code}"),
            Self::Dead => formatter.write_str("dead"),
        }
    }
}

/// An image and the defaults it gives its containers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObservedImage {
    /// The Engine's id.
    pub id: String,
    /// Defaults: command, entry point, environment, labels, user, working directory, exposed
    /// ports, anonymous volumes, stop signal, health check.
    pub defaults: ContainerSettings,
    /// `os/architecture[/variant]` of the machines it runs on; `None` where the Engine does not say.
    pub platform: Option<String>,
}

/// A process of a container, as its host sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedProcess {
    /// Number of its user; `None` where the host tells no number.
    pub uid: Option<u32>,
    /// Its command line, the arguments joined with blanks.
    pub command: String,
}

/// A named volume that exists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObservedVolume {
    /// Its name.
    pub name: String,
    /// Volume driver.
    pub driver: String,
    /// Driver options.
    pub driver_options: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Path on the host, as the Engine reports it.
    pub mountpoint: String,
    /// What its root directory is like, where that was looked at.
    pub root: Option<VolumeRoot>,
}

/// The root directory of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeRoot {
    /// It holds nothing and has the owner and mode that Engines give: nobody has prepared or mounted
    /// it.
    pub is_untouched: bool,
}

/// A network that exists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the API has these switches, each by itself")]
pub struct ObservedNetwork {
    /// The Engine's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Network driver.
    pub driver: String,
    /// Driver options.
    pub driver_options: BTreeMap<String, String>,
    /// Without a way to the outside.
    pub internal: bool,
    /// Reachable for containers started by hand.
    pub attachable: bool,
    /// With IPv6 addresses.
    pub enable_ipv6: bool,
    /// Routing mesh of a swarm.
    pub ingress: bool,
    /// Where it exists.
    pub scope: String,
    /// Address pools, as the API's `IPAM` object.
    pub ipam: Option<serde_json::Value>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

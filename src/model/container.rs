//! A container's settings: the same record for what is wanted and what was found.
//!
//! One type for both sides lets the comparison name every field, and a new option that is
//! forgotten on one side fails to compile (see [`crate::plan`]'s `diff`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::secret::SensitiveText;

/// What the Engine is told when a container is created (Engine API `POST /containers/create`).
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ContainerSettings {
    /// `Cmd`; `None` leaves it to the image.
    pub command: Option<Vec<String>>,
    /// `Entrypoint`; `None` leaves it to the image.
    pub entrypoint: Option<Vec<String>>,
    /// `Env`; a variable without value is removed from the image's.
    pub environment: BTreeMap<String, Option<SensitiveText>>,
    /// `Labels`.
    pub labels: BTreeMap<String, String>,
    /// `User`.
    pub user: Option<String>,
    /// `Hostname`.
    pub hostname: Option<String>,
    /// `Domainname`.
    pub domainname: Option<String>,
    /// `WorkingDir`.
    pub working_dir: Option<String>,
    /// `ExposedPorts`.
    pub exposed_ports: BTreeSet<Port>,
    /// `HostConfig.PortBindings`.
    pub published_ports: BTreeSet<PublishedPort>,
    /// `HostConfig.Binds`, by mount path.
    pub mounts: BTreeMap<String, Mount>,
    /// `HostConfig.Mounts`, by mount path.
    pub detailed_mounts: BTreeMap<String, DetailedMount>,
    /// `Volumes`: paths kept in anonymous volumes.
    pub anonymous_volumes: BTreeSet<String>,
    /// `HostConfig.VolumesFrom`: container name, and whether read-only.
    pub volumes_from: BTreeMap<String, bool>,
    /// `HostConfig.Links`.
    pub links: BTreeSet<Link>,
    /// `HostConfig.NetworkMode`.
    pub network_mode: NetworkMode,
    /// Hardware address in the first network, or in the default bridge. What is found is the
    /// address of a running container, whether it was asked for or not.
    pub mac_address: Option<String>,
    /// Networks joined, in order; the first one is joined at creation.
    pub endpoints: Vec<Endpoint>,
    /// `StopSignal`.
    pub stop_signal: Option<String>,
    /// `StopTimeout`, in seconds.
    pub stop_timeout_seconds: Option<u32>,
    /// `Healthcheck`; `None` leaves it to the image.
    pub healthcheck: Option<Healthcheck>,
    /// `Tty`.
    pub tty: bool,
    /// `OpenStdin`.
    pub open_stdin: bool,
    /// Further fields of `HostConfig` by their API name, without those at their default.
    pub host_options: BTreeMap<String, serde_json::Value>,
}

/// A container port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// 1 to 65535.
    pub number: u16,
    /// Transport protocol.
    pub protocol: Protocol,
}

/// Transport protocols Docker publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Port {
    /// Reads `80`, `80/tcp`, `53/udp`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let protocol = match protocol.to_ascii_lowercase().as_str() {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "sctp" => Protocol::Sctp,
            _ => return None,
        };
        let number = number.parse().ok().filter(|number| *number > 0)?;
        Some(Self { number, protocol })
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        };
        write!(formatter, "{}/{protocol}", self.number)
    }
}

impl Serialize for Port {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A container port published on the host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PublishedPort {
    /// Port inside the container.
    pub container_port: Port,
    /// Address on the host; `None` is all of them.
    pub host_address: Option<IpAddr>,
    /// Port on the host; 0 lets the Engine choose.
    pub host_port: u16,
}

impl PublishedPort {
    /// Whether not both can be published at the same time. Where the Engine chooses, it chooses a free
    /// one.
    pub fn clashes_with(&self, other: &Self) -> bool {
        let all = |address: Option<IpAddr>| address.is_none_or(|address| address.is_unspecified());
        let same_family = match (self.host_address, other.host_address) {
            (Some(one), Some(other)) => one.is_ipv4() == other.is_ipv4(),
            _ => true,
        };
        let same_address = self.host_address == other.host_address
            || (same_family && (all(self.host_address) || all(other.host_address)));
        self.host_port != 0
            && self.host_port == other.host_port
            && self.container_port.protocol == other.container_port.protocol
            && same_address
    }
}

impl fmt::Display for PublishedPort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host_address {
            Some(IpAddr::V6(address)) => write!(formatter, "[{address}]:")?,
            Some(IpAddr::V4(address)) => write!(formatter, "{address}:")?,
            None => {}
        }
        write!(formatter, "{}->{}", self.host_port, self.container_port)
    }
}

/// What is mounted at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// Absolute host path, or volume name.
    pub source: MountSource,
    /// Mounted read-only.
    pub read_only: bool,
    /// Further words of the mode: labels (`z`, `Z`), propagation (`rslave`), `nocopy`.
    pub modes: BTreeSet<String>,
}

impl Mount {
    /// A mount of a usual kind.
    pub fn new(source: MountSource, read_only: bool) -> Self {
        Self { source, read_only, modes: BTreeSet::new() }
    }

    /// The mode of a bind: `ro`, `rw,z`.
    pub fn mode(&self) -> String {
        let first = if self.read_only { "ro" } else { "rw" };
        self.modes.iter().fold(first.to_owned(), |mode, word| mode + "," + word)
    }
}

/// A mount in the API's long form, which can say more than a bind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetailedMount {
    /// What is mounted.
    pub kind: MountKind,
    /// Host path, volume name or pipe; `None` for memory, and for a volume without a name.
    pub source: Option<String>,
    /// Mounted read-only.
    pub read_only: bool,
    /// Further fields by their API name (`BindOptions`, `Consistency`), without those that say
    /// nothing.
    pub options: BTreeMap<String, serde_json::Value>,
}

/// What a [`DetailedMount`] mounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MountKind {
    /// A path on the host.
    Bind,
    /// A volume.
    Volume,
    /// Memory.
    Tmpfs,
    /// A named pipe of Windows.
    Npipe,
}

impl MountKind {
    /// All, in the order in which they are named to users.
    pub const ALL: [Self; 4] = [Self::Bind, Self::Volume, Self::Tmpfs, Self::Npipe];

    /// The API's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Volume => "volume",
            Self::Tmpfs => "tmpfs",
            Self::Npipe => "npipe",
        }
    }
}

impl fmt::Display for DetailedMount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, source, read_only, options } = self;
        formatter.write_str(kind.word())?;
        if let Some(source) = source {
            write!(formatter, " {source}")?;
        }
        formatter.write_str(if *read_only { ":ro" } else { ":rw" })?;
        options.iter().try_for_each(|(name, value)| write!(formatter, " {name}={value}"))
    }
}

impl ContainerSettings {
    /// Named volumes that are mounted, in either form.
    pub fn volume_names(&self) -> impl Iterator<Item = &str> {
        let of_binds = self.mounts.values().filter_map(|mount| match &mount.source {
            MountSource::Volume(name) => Some(name.as_str()),
            MountSource::HostPath(_) => None,
        });
        let detailed = self.detailed_mounts.values().filter(|mount| mount.kind == MountKind::Volume);
        of_binds.chain(detailed.filter_map(|mount| mount.source.as_deref()))
    }

    /// Whether something of a known source is mounted at that path.
    pub fn is_mounted(&self, path: &str) -> bool {
        self.mounts.contains_key(path) || self.detailed_mounts.contains_key(path)
    }
}

/// Where a mount comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MountSource {
    /// A path on the host.
    HostPath(String),
    /// A named volume.
    Volume(String),
}

impl MountSource {
    /// The text in front of the first colon of a bind.
    pub fn text(&self) -> &str {
        match self {
            Self::HostPath(text) | Self::Volume(text) => text,
        }
    }
}

impl fmt::Display for Mount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.source.text(), self.mode())
    }
}

/// A legacy link to another container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Link {
    /// Full name of the linked container.
    pub container_name: String,
    /// Its name inside the linking one.
    pub alias: String,
}

impl fmt::Display for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.container_name, self.alias)
    }
}

/// How a container is networked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkMode {
    /// The Engine's default bridge, or the first of the configured networks.
    #[default]
    Default,
    /// No network.
    None,
    /// The host's own network.
    Host,
    /// The network of another container, by full name.
    Container(String),
}

impl fmt::Display for NetworkMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::None => formatter.write_str("none"),
            Self::Host => formatter.write_str("host"),
            Self::Container(name) => write!(formatter, "container:{name}"),
        }
    }
}

/// A container's place in a network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Endpoint {
    /// Full name of the network.
    pub network_name: String,
    /// Further names of the container in this network.
    pub aliases: BTreeSet<String>,
    /// Links within this network.
    pub links: BTreeSet<Link>,
    /// Fixed IPv4 address.
    pub ipv4_address: Option<String>,
    /// Fixed IPv6 address.
    pub ipv6_address: Option<String>,
    /// Link-local addresses.
    pub link_local_addresses: BTreeSet<String>,
    /// Hardware address in a further network; in the first one,
    /// [`ContainerSettings::mac_address`] counts.
    pub mac_address: Option<String>,
    /// Options of the network's driver.
    pub driver_options: BTreeMap<String, String>,
}

/// How the Engine asks a container for its health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Healthcheck {
    /// `["CMD", ..]`, `["CMD-SHELL", line]` or `["NONE"]`; empty inherits the image's test.
    pub test: Vec<String>,
    /// Nanoseconds between two checks; 0 inherits.
    pub interval_nanoseconds: u64,
    /// Nanoseconds one check may take; 0 inherits.
    pub timeout_nanoseconds: u64,
    /// Failures until unhealthy; 0 inherits.
    pub retries: u32,
    /// Nanoseconds before failures count; 0 inherits.
    pub start_period_nanoseconds: u64,
}

/// A command run in a started container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExecCommand {
    /// Program and arguments.
    pub arguments: Vec<String>,
    /// As whom; `None` is the image's user.
    pub user: Option<String>,
    /// Only once, after the creation, instead of after every start.
    pub only_initially: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_clash_on_the_same_address_and_on_all_of_them() {
        let port = |address: &str, host_port, container_port| PublishedPort {
            container_port: Port::parse(container_port).expect("a port"),
            host_address: address.parse().ok(),
            host_port,
        };
        for (one, other, clashes) in [
            (port("", 80, "8080"), port("", 80, "9090"), true),
            (port("", 80, "8080"), port("10.0.0.1", 80, "8080"), true),
            (port("0.0.0.0", 80, "8080"), port("10.0.0.1", 80, "8080"), true),
            (port("10.0.0.1", 80, "8080"), port("10.0.0.1", 80, "8080"), true),
            (port("10.0.0.1", 80, "8080"), port("10.0.0.2", 80, "8080"), false),
            (port("::", 80, "8080"), port("10.0.0.1", 80, "8080"), false),
            (port("::", 80, "8080"), port("", 80, "8080"), true),
            (port("", 80, "8080/udp"), port("", 80, "8080/tcp"), false),
            (port("", 80, "8080"), port("", 81, "8080"), false),
            (port("", 0, "8080"), port("", 0, "8080"), false),
        ] {
            assert_eq!(one.clashes_with(&other), clashes, "{one} and {other}");
            assert_eq!(other.clashes_with(&one), clashes, "{other} and {one}");
        }
    }

    #[test]
    fn ports_are_read_with_and_without_protocol() {
        assert_eq!(Port::parse("80").map(|port| port.to_string()).as_deref(), Some("80/tcp"));
        assert_eq!(Port::parse("53/UDP").map(|port| port.to_string()).as_deref(), Some("53/udp"));
        for wrong in ["", "0", "65536", "x", "80/icmp", "80/"] {
            assert_eq!(Port::parse(wrong), None, "{wrong}");
        }
    }
}

//! What was typed, in one shape per property, before anything is looked up.
//!
//! The readers (`read_map`, `read_inventory`) fold Docker-Map's many input forms into these
//! records. Nothing here is resolved: names may not exist, tags are not expanded, bases are
//! not merged. That a container map went through [`crate::resolve`] shows in its type.

use super::node::Node;
use super::span::{Span, Spanned};
use super::tag::Tag;

/// A name or other text with its place, taken from the scalar's source text.
pub type RawName = Spanned<String>;

/// A scalar whose value may come from outside the file. Equal wherever it stands.
#[derive(Debug, Clone)]
pub struct RawText {
    /// The scalar's source text (unquoted).
    pub text: String,
    /// The tag that says where the value comes from.
    pub tag: Option<Tag>,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for RawText {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.tag == other.tag
    }
}

impl Eq for RawText {}

/// A scalar property in which "not there" and "null" differ. Equal wherever it stands.
#[derive(Debug, Clone, Default)]
pub enum Setting<T> {
    /// The key is absent: inherit.
    #[default]
    Unset,
    /// An explicit null: overrides an inherited value.
    Null(Span),
    /// A value.
    Value(Spanned<T>),
}

impl<T: PartialEq> PartialEq for Setting<T> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unset, Self::Unset) | (Self::Null(_), Self::Null(_)) => true,
            (Self::Value(one), Self::Value(other)) => one == other,
            (Self::Unset | Self::Null(_) | Self::Value(_), _) => false,
        }
    }
}

/// One container map document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawMap {
    /// The map's name: from the inventory's key, else the document's `name`, else the file's stem.
    pub name: Option<RawName>,
    /// Prefix of image names.
    pub repository: Option<RawText>,
    /// Tag of images that name none.
    pub default_tag: Option<RawText>,
    /// Domain name of containers.
    pub default_domain: Option<RawText>,
    /// Root of relative host paths; `host.root` is the same setting.
    pub host_root: Option<RawText>,
    /// Whether containers get a host name made of their own.
    pub set_hostname: Option<Spanned<bool>>,
    /// Whether attached volumes carry their parent's name.
    pub use_attached_parent_name: Option<Spanned<bool>>,
    /// Hosts the map runs on, as selection terms.
    pub clients: Vec<RawName>,
    /// Group name and its items.
    pub groups: Vec<(RawName, Vec<RawName>)>,
    /// Volume alias and its settings.
    pub volumes: Vec<(RawName, RawVolume)>,
    /// Host alias and its path or paths.
    pub host: Vec<(RawName, RawHostPath)>,
    /// Network name and its settings.
    pub networks: Vec<(RawName, RawNetwork)>,
    /// Container configurations, in the document's order, from both places they may stand in.
    pub containers: Vec<(RawName, RawContainer)>,
    /// Where the first key of the document is, to point at the map as a whole.
    pub start: Spanned<()>,
}

/// One entry of `volumes`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawVolume {
    /// Mount path inside containers.
    pub default_path: Option<RawText>,
    /// Volume driver.
    pub driver: Option<RawText>,
    /// Driver options, in order.
    pub driver_options: Vec<(RawName, RawText)>,
    /// Docker-py keywords of volume creation, unread.
    pub create_options: Vec<(RawName, Node)>,
    /// Owner of the volume's files.
    pub user: Setting<RawUser>,
    /// Mode of the volume's files, in `chmod` notation.
    pub permissions: Setting<RawText>,
}

/// A path on the host: one, or one for each instance. Equal wherever it stands.
#[derive(Debug, Clone)]
pub enum RawHostPath {
    /// The same for all.
    One(RawText),
    /// By instance name; `default` is for a container without instances.
    PerInstance(Vec<(RawName, RawText)>, Span),
}

impl PartialEq for RawHostPath {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(one), Self::One(other)) => one == other,
            (Self::PerInstance(one, _), Self::PerInstance(other, _)) => one == other,
            (Self::One(_) | Self::PerInstance(..), _) => false,
        }
    }
}

impl Eq for RawHostPath {}

/// One entry of `networks`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawNetwork {
    /// Network driver.
    pub driver: Option<RawText>,
    /// Driver options, in order.
    pub driver_options: Vec<(RawName, RawText)>,
    /// Without a way to the outside.
    pub internal: Option<Spanned<bool>>,
    /// Docker-py keywords of network creation, unread.
    pub create_options: Vec<(RawName, Node)>,
}

/// One container configuration. List properties are empty when absent or null.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawContainer {
    /// Only a base for others.
    pub is_abstract: Option<Spanned<bool>>,
    /// Base configurations in the order they apply.
    pub extends: Vec<RawName>,
    /// Image name.
    pub image: Setting<RawText>,
    /// Instance names.
    pub instances: Vec<RawName>,
    /// Hosts instead of the map's, as selection terms.
    pub clients: Vec<RawName>,
    /// Container paths kept in anonymous volumes.
    pub shares: Vec<RawText>,
    /// Host paths mounted.
    pub binds: Vec<Spanned<RawBind>>,
    /// Named volumes owned.
    pub attaches: Vec<Spanned<RawAttach>>,
    /// Volumes of others mounted.
    pub uses: Vec<Spanned<RawUse>>,
    /// Links to other containers.
    pub links: Vec<Spanned<RawLink>>,
    /// Exposed and published ports.
    pub exposes: Vec<Spanned<RawPort>>,
    /// User of the process and owner of attached volumes.
    pub user: Setting<RawUser>,
    /// Mode of attached volumes.
    pub permissions: Setting<RawText>,
    /// Seconds to wait before a stopping container is killed.
    pub stop_timeout: Setting<u32>,
    /// Signal that stops the container, as name or number.
    pub stop_signal: Setting<RawText>,
    /// Seconds to wait after a start.
    pub start_delay: Setting<f64>,
    /// How the container is networked.
    pub network_mode: Setting<RawNetworkMode>,
    /// Configured networks to join.
    pub networks: Vec<Spanned<RawEndpoint>>,
    /// Commands to run in the started container.
    pub exec_commands: Vec<Spanned<RawExecCommand>>,
    /// Health check; `Null` disables the image's.
    pub healthcheck: Setting<RawHealthcheck>,
    /// Kept when stopped.
    pub persistent: Setting<bool>,
    /// Docker-py keywords of container creation, unread.
    pub create_options: Vec<(RawName, Node)>,
    /// Docker-py keywords of the host configuration, unread (`start_options` is a synonym).
    pub host_config: Vec<(RawName, Node)>,
}

/// One entry of `binds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawBind {
    /// Alias of `host` and `volumes`.
    Alias {
        /// The alias.
        name: RawName,
        /// Mounted read-only.
        read_only: bool,
    },
    /// Two paths.
    Path {
        /// Inside the container.
        container_path: RawText,
        /// On the host.
        host_path: RawHostPath,
        /// Mounted read-only.
        read_only: bool,
    },
}

/// One entry of `attaches`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAttach {
    /// Volume alias.
    pub name: RawName,
    /// Mount path, where it is not the alias' own.
    pub path: Option<RawText>,
}

/// One entry of `uses`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawUse {
    /// Attached alias, container, or `container.instance`.
    pub name: RawName,
    /// Mount path, where it is not the alias' own.
    pub path: Option<RawText>,
    /// Mounted read-only.
    pub read_only: bool,
}

/// One entry of `links`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLink {
    /// `config` or `config.instance`.
    pub container: RawName,
    /// Name inside the linking container.
    pub alias: Option<RawName>,
}

/// One entry of `exposes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawPort {
    /// `80`, `53/udp`; checked when read.
    pub exposed_port: RawName,
    /// Port on the host (may be tagged); `None` exposes without publishing.
    pub host_port: Option<RawText>,
    /// Interface alias of the host.
    pub interface: Option<RawText>,
    /// Take the interface's IPv6 address.
    pub ipv6: bool,
}

/// The forms of `user`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawUser {
    /// `2000`, `app`, `app:web`: one text, possibly tagged.
    Text(RawText),
    /// `[user, group]`.
    Pair(RawText, RawText),
}

/// The forms of `network_mode`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawNetworkMode {
    /// `bridge`, `host`, `default`.
    Preset(String),
    /// `none`, `disabled` or `false`.
    Disabled,
    /// `container:X` or `/X`: a container that no map manages.
    Foreign(String),
    /// A managed configuration and, where one is named, its instance.
    Container {
        /// Configuration name.
        config: String,
        /// Instance name.
        instance: Option<String>,
    },
}

/// One entry of a container's `networks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEndpoint {
    /// A configured network or a preset name.
    pub network: RawName,
    /// Names of the container in this network.
    pub aliases: Vec<RawText>,
    /// Links within this network.
    pub links: Vec<Spanned<RawLink>>,
    /// Fixed IPv4 address.
    pub ipv4_address: Option<RawText>,
    /// Fixed IPv6 address.
    pub ipv6_address: Option<RawText>,
    /// Link-local addresses.
    pub link_local_ips: Vec<RawText>,
}

/// A command line, as one string or as words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawCommand {
    /// To be split as a shell does.
    Line(RawText),
    /// Already split.
    Words(Vec<RawText>),
}

/// One entry of `exec_commands`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawExecCommand {
    /// What to run.
    pub command: RawCommand,
    /// As whom; the container's user if unset.
    pub user: Option<RawUser>,
    /// When.
    pub policy: RawExecPolicy,
}

/// When an exec command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RawExecPolicy {
    /// After every start.
    #[default]
    Restart,
    /// Once, after the creation.
    Initial,
}

/// A health check, with durations in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawHealthcheck {
    /// `["CMD", ..]`, `["CMD-SHELL", line]` or `["NONE"]`.
    pub test: Spanned<Vec<String>>,
    /// Nanoseconds between two checks.
    pub interval: Option<Spanned<u64>>,
    /// Nanoseconds one check may take.
    pub timeout: Option<Spanned<u64>>,
    /// Failures until unhealthy.
    pub retries: Option<Spanned<u32>>,
    /// Nanoseconds before failures count.
    pub start_period: Option<Spanned<u64>>,
}

/// An inventory: hosts, and the maps that run on them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawInventory {
    /// Maps named or written in the inventory.
    pub maps: Vec<RawMapEntry>,
    /// What every map starts from.
    pub map_defaults: Option<Box<RawMap>>,
    /// Settings every host starts from.
    pub defaults: Option<RawHost>,
    /// Host key (a name or a range) and its settings; null settings are empty ones.
    pub hosts: Vec<(RawName, RawHost)>,
    /// Group name and its selection terms.
    pub groups: Vec<(RawName, Vec<RawName>)>,
    /// The host for maps that name none.
    pub default_host: Option<RawName>,
}

/// One map of an inventory.
#[derive(Debug, Clone, PartialEq)]
pub enum RawMapEntry {
    /// A file, relative to the inventory.
    File {
        /// The map's name, where the inventory gives one.
        name: Option<RawName>,
        /// Path as typed.
        path: RawText,
    },
    /// Written in place.
    Inline(Box<RawMap>),
}

/// Settings of a host: Docker-Map's and Docker-Fabric's client keys, and ours.
/// Values may hold `{name}` and, under a range, `{number}`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawHost {
    /// `base_url`: where the Engine is.
    pub base_url: Option<RawText>,
    /// `fabric_host`: `[user@]host[:port]` to log in to.
    pub fabric_host: Option<RawText>,
    /// `version`: API version, or `auto`.
    pub version: Option<RawText>,
    /// `timeout`: seconds one API call may take.
    pub timeout_seconds: Option<Spanned<u32>>,
    /// `wait_timeout`: seconds a wait for a container may take.
    pub wait_timeout_seconds: Option<Spanned<u32>>,
    /// `stop_timeout`: seconds, for containers that set none.
    pub stop_timeout_seconds: Option<Spanned<u32>>,
    /// `tunnel_remote_port`: Engine port for a TCP `base_url` that names none.
    pub tunnel_remote_port: Option<Spanned<u16>>,
    /// `domainname`: overrides the map's `default_domain`.
    pub domainname: Option<RawText>,
    /// `interfaces`: alias and IPv4 address.
    pub interfaces: Vec<(RawName, RawText)>,
    /// `interfaces_ipv6`: alias and IPv6 address.
    pub interfaces_ipv6: Vec<(RawName, RawText)>,
    /// `auth_configs`: registry and its login.
    pub auth_configs: Vec<(RawName, RawRegistryLogin)>,
    /// `ssh_config`: a file relative to the inventory, or `false` for none.
    pub ssh_config: Option<Spanned<RawSshConfig>>,
    /// `user`: SSH login name.
    pub user: Option<RawText>,
    /// `port`: SSH port.
    pub port: Option<Spanned<u16>>,
    /// `identity_file` or `identity_files`: private keys, relative to the inventory.
    pub identity_files: Vec<RawText>,
    /// `known_hosts`: files of host keys, relative to the inventory.
    pub known_hosts: Vec<RawText>,
    /// `proxy_jump`: hops, nearest first; an empty list forbids `ssh_config`'s.
    pub proxy_jump: Option<Spanned<Vec<RawText>>>,
    /// `docker_socket`: the Engine's socket on the host.
    pub docker_socket: Option<RawText>,
}

/// Value of `ssh_config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawSshConfig {
    /// `true`: the operator's own.
    User,
    /// `false`: none.
    Ignore,
    /// A file.
    File(RawText),
}

/// One entry of `auth_configs`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawRegistryLogin {
    /// User name.
    pub username: Option<RawText>,
    /// Password; a secret.
    pub password: Option<RawText>,
    /// Mail address (older registries).
    pub email: Option<RawText>,
}

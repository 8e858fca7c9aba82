//! Which keys stand where, as far as keys are fixed words: the shape of inventories and maps.

use crate::source::read_container::CONTAINER_KEYS;
use crate::source::read_links::LINK_KEYS;
use crate::source::read_map::MAP_KEYS;
use crate::source::read_mounts::BIND_KEYS;

/// A mapping whose keys are explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// An inventory.
    Inventory,
    /// Settings of a host, and `defaults`.
    Host,
    /// One login of a host's `auth_configs`.
    Login,
    /// A container map.
    Map,
    /// `host` of a map: aliases, and the one word `root`.
    HostPaths,
    /// A volume of a map.
    Volume,
    /// `create_options` of a volume.
    VolumeOptions,
    /// A network of a map.
    Network,
    /// `create_options` of a network.
    NetworkOptions,
    /// A container configuration.
    Container,
    /// An item of `binds`, in words.
    Bind,
    /// An item of `links`, in words.
    Link,
    /// A port of `exposes`, in words.
    Port,
    /// A network that a container joins.
    Endpoint,
    /// An item of `exec_commands`, in words.
    Command,
    /// `healthcheck` of a container.
    Healthcheck,
    /// `create_options` of a container.
    CreateOptions,
    /// `host_config` of a container.
    HostConfig,
    /// Not a mapping: tags before values, wherever a text is wanted.
    Tag,
}

/// What the value of a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    /// Keys of this place, or a list of such mappings.
    Keys(Place),
    /// The user's names, each with keys of this place.
    Names(Place),
}

impl Place {
    /// All places, in the order of the guide.
    pub const ALL: [Self; 19] = [
        Self::Inventory,
        Self::Host,
        Self::Login,
        Self::Map,
        Self::Volume,
        Self::VolumeOptions,
        Self::HostPaths,
        Self::Network,
        Self::NetworkOptions,
        Self::Container,
        Self::Bind,
        Self::Link,
        Self::Port,
        Self::Endpoint,
        Self::Command,
        Self::Healthcheck,
        Self::CreateOptions,
        Self::HostConfig,
        Self::Tag,
    ];

    /// What stands before the key in its full path; nothing for tags.
    pub fn path(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Host => "host",
            Self::Login => "host.auth_configs",
            Self::Map => "map",
            Self::HostPaths => "map.host",
            Self::Volume => "volume",
            Self::VolumeOptions => "volume.create_options",
            Self::Network => "network",
            Self::NetworkOptions => "network.create_options",
            Self::Container => "container",
            Self::Bind => "container.binds",
            Self::Link => "container.links",
            Self::Port => "container.exposes",
            Self::Endpoint => "container.networks",
            Self::Command => "container.exec_commands",
            Self::Healthcheck => "container.healthcheck",
            Self::CreateOptions => "container.create_options",
            Self::HostConfig => "container.host_config",
            Self::Tag => "",
        }
    }

    /// The full path of one of its keys.
    pub fn path_of(self, key: &str) -> String {
        match self {
            Self::Tag => key.to_owned(),
            _ => format!("{}.{key}", self.path()),
        }
    }

    /// The place in words, for headings.
    pub fn title(self) -> &'static str {
        match self {
            Self::Inventory => "An inventory",
            Self::Host => "A host, and `defaults`",
            Self::Login => "A login of `auth_configs`",
            Self::Map => "A container map",
            Self::HostPaths => "`host` of a map, beside aliases",
            Self::Volume => "A volume of a map",
            Self::VolumeOptions => "`create_options` of a volume",
            Self::Network => "A network of a map",
            Self::NetworkOptions => "`create_options` of a network",
            Self::Container => "A container configuration",
            Self::Bind => "An item of `binds`, in words",
            Self::Link => "An item of `links`, in words",
            Self::Port => "A port of `exposes`, in words",
            Self::Endpoint => "A network that a container joins",
            Self::Command => "An item of `exec_commands`, in words",
            Self::Healthcheck => "`healthcheck`, in words",
            Self::CreateOptions => "`create_options` of a container",
            Self::HostConfig => "`host_config` of a container",
            Self::Tag => "Tags before a value",
        }
    }

    /// Whether its keys are one form of a property among others, and share its section of the guide.
    pub(super) fn is_form_in_words(self) -> bool {
        matches!(
            self,
            Self::Bind | Self::Link | Self::Port | Self::Endpoint | Self::Command | Self::Healthcheck
        )
    }

    /// Whether a word is a key here. Where names of the user's own may stand, only fixed words are.
    pub(super) fn has_key(self, word: &str) -> bool {
        match self {
            Self::Map => MAP_KEYS.contains(&word),
            Self::HostPaths => word == "root",
            Self::Bind => BIND_KEYS.contains(&word),
            Self::Link => LINK_KEYS.contains(&word),
            Self::Tag => false,
            _ => true,
        }
    }

    /// Where a key comes among its neighbours; the order of the reference decides between equals.
    pub(super) fn rank(self, key: &str) -> Option<usize> {
        let order: &[&str] = match self {
            Self::Map => &MAP_KEYS,
            Self::Container => &CONTAINER_KEYS,
            _ => &[],
        };
        order.iter().position(|known| *known == key)
    }

    /// What the value of a key or name holds, if that is explained, too.
    pub(super) fn inside(self, word: &str) -> Option<Inside> {
        let inside = match (self, word) {
            (Self::Inventory, "defaults") => Inside::Keys(Self::Host),
            (Self::Inventory, "hosts" | "clients") => Inside::Names(Self::Host),
            (Self::Inventory, "maps") => Inside::Names(Self::Map),
            (Self::Inventory, "map_defaults") => Inside::Keys(Self::Map),
            (Self::Host, "auth_configs") => Inside::Names(Self::Login),
            (Self::Map, "volumes") => Inside::Names(Self::Volume),
            (Self::Map, "networks") => Inside::Names(Self::Network),
            (Self::Map, "containers") => Inside::Names(Self::Container),
            (Self::Map, "host") => Inside::Keys(Self::HostPaths),
            (Self::Map, name) if !self.has_key(name) => Inside::Keys(Self::Container),
            (Self::Volume, "create_options") => Inside::Keys(Self::VolumeOptions),
            (Self::Network, "create_options") => Inside::Keys(Self::NetworkOptions),
            (Self::Container, "binds") => Inside::Keys(Self::Bind),
            (Self::Container, "links") => Inside::Keys(Self::Link),
            (Self::Container, "exposes") => Inside::Names(Self::Port),
            (Self::Container, "networks") => Inside::Names(Self::Endpoint),
            (Self::Container, "exec_commands") => Inside::Keys(Self::Command),
            (Self::Container, "healthcheck") => Inside::Keys(Self::Healthcheck),
            (Self::Container, "create_options") => Inside::Keys(Self::CreateOptions),
            (Self::Container, "host_config") => Inside::Keys(Self::HostConfig),
            _ => return None,
        };
        Some(inside)
    }
}

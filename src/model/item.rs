//! What a plan speaks about: the things an Engine holds, by the names it knows them by.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kinds of things that a plan makes or removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// A network of the Engine.
    Network,
    /// A named volume.
    Volume,
    /// An image in the Engine's store.
    Image,
    /// A container.
    Container,
}

impl fmt::Display for ItemKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Network => "network",
            Self::Volume => "volume",
            Self::Image => "image",
            Self::Container => "container",
        })
    }
}

/// One thing on one host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ItemId {
    /// What it is.
    pub kind: ItemKind,
    /// The Engine's name of it: `map.config.instance`, `map.alias`, `repository:tag`.
    pub name: String,
}

impl ItemId {
    /// A container by its full name.
    pub fn container(name: impl Into<String>) -> Self {
        Self { kind: ItemKind::Container, name: name.into() }
    }

    /// A volume by its full name.
    pub fn volume(name: impl Into<String>) -> Self {
        Self { kind: ItemKind::Volume, name: name.into() }
    }

    /// A network by its full name.
    pub fn network(name: impl Into<String>) -> Self {
        Self { kind: ItemKind::Network, name: name.into() }
    }

    /// An image by its reference.
    pub fn image(name: impl Into<String>) -> Self {
        Self { kind: ItemKind::Image, name: name.into() }
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind, self.name)
    }
}

/// The parts of a container's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ContainerId {
    /// Container map.
    pub map_name: String,
    /// Container configuration.
    pub config_name: String,
    /// Instance, where the configuration has several.
    pub instance_name: Option<String>,
}

impl fmt::Display for ContainerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.map_name, self.config_name)?;
        match &self.instance_name {
            Some(instance_name) => write!(formatter, ".{instance_name}"),
            None => Ok(()),
        }
    }
}

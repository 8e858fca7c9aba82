//! Named volumes that are wanted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::place::Places;

/// The driver of volumes that keep files on the host itself.
pub const LOCAL_DRIVER: &str = "local";

/// A named volume attached to a container configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VolumeSpec {
    /// Full name: `map.alias` or `map.parent.alias`.
    pub name: String,
    /// The map it belongs to.
    pub map_name: String,
    /// The configuration that attaches it.
    pub config_name: String,
    /// Volume driver.
    pub driver: String,
    /// Driver options.
    pub driver_options: BTreeMap<String, String>,
    /// Labels, ours included.
    pub labels: BTreeMap<String, String>,
    /// What its files must be like when it is handed out for the first time.
    pub preparation: Preparation,
    /// Where it is declared.
    #[serde(skip)]
    pub places: Places,
}

impl VolumeSpec {
    /// Whether its files are where the Engine says, also while no container mounts it.
    pub fn is_on_the_host(&self) -> bool {
        self.driver == LOCAL_DRIVER && self.driver_options.is_empty()
    }
}

/// Owner and mode of a volume's files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Preparation {
    /// `user:group` for `chown`.
    pub owner: Option<String>,
    /// Anything `chmod` takes.
    pub mode: Option<String>,
}

impl Preparation {
    /// Whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.owner.is_none() && self.mode.is_none()
    }
}

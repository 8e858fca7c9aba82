//! Networks that are wanted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::place::Places;

/// Networks that every Engine has: never prefixed, never created.
pub const PRESET_NETWORKS: [&str; 3] = ["bridge", "host", "none"];

/// A network of a container map.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the API has these switches, each by itself")]
pub struct NetworkSpec {
    /// Full name: `map.network`.
    pub name: String,
    /// The map it belongs to.
    pub map_name: String,
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
    /// Labels, ours included.
    pub labels: BTreeMap<String, String>,
    /// Routing mesh of a swarm.
    pub ingress: bool,
    /// Where it exists: `local`, `swarm` or `global`; `None` leaves it to the driver.
    pub scope: Option<String>,
    /// Address pools, as the API's `IPAM` object; `None` lets the Engine choose.
    pub ipam: Option<serde_json::Value>,
    /// Where it is declared.
    #[serde(skip)]
    pub places: Places,
}

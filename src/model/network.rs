//! Networks that are wanted.

use std::collections::BTreeMap;
use std::net::IpAddr;

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

/// Addresses with a common beginning, `10.1.0.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet {
    /// The first address.
    pub address: IpAddr,
    /// How many bits all addresses share.
    pub prefix_length: u8,
}

impl Subnet {
    /// Reads `10.1.0.0/24`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let prefix_length = length.parse().ok().filter(|length| *length <= bits(address).1)?;
        Some(Self { address, prefix_length })
    }

    /// Whether an address is one of these.
    pub fn contains(&self, address: IpAddr) -> bool {
        let ((own, width), (other, other_width)) = (bits(self.address), bits(address));
        let rest = u32::from(width.saturating_sub(self.prefix_length));
        let begins_alike = (own ^ other).checked_shr(rest).is_none_or(|difference| difference == 0);
        width == other_width && begins_alike
    }

    /// Where an Engine takes addresses from that is not configured otherwise.
    pub fn default_pools() -> Vec<Self> {
        ["172.16.0.0/12", "192.168.0.0/16"].into_iter().filter_map(Self::parse).collect()
    }
}

/// An address as a number, and its width.
fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(address) => (u32::from(address).into(), 32),
        IpAddr::V6(address) => (address.into(), 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_hold_their_addresses() {
        for (subnet, address, expected) in [
            ("10.1.0.0/24", "10.1.0.77", true),
            ("10.1.0.0/24", "10.1.1.77", false),
            ("172.16.0.0/12", "172.31.255.1", true),
            ("0.0.0.0/0", "10.1.1.77", true),
            ("::/0", "10.1.1.77", false),
            ("fd00::/8", "fd12::1", true),
            ("fd00::1/128", "fd00::2", false),
        ] {
            let subnet = Subnet::parse(subnet).expect("a subnet");
            assert_eq!(
                subnet.contains(address.parse().expect("an address")),
                expected,
                "{subnet:?} {address}"
            );
        }
        assert!(
            ["10.1.0.0", "10.1.0.0/33", "x/8", "10.1.0.0/-1"]
                .iter()
                .all(|text| Subnet::parse(text).is_none())
        );
    }
}

//! Networks and volumes.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use crate::model::network::{NetworkSpec, Subnet};
use crate::model::observed::{ObservedNetwork, ObservedVolume};
use crate::model::volume::VolumeSpec;
use crate::plan::Difference;

use super::{Differences, keys_of_both, shown_json};

/// Options of drivers that nobody asked for: of overlays and of interfaces the Engine makes them up, the
/// MTU may come from the daemon's configuration.
fn is_option_by_engine(name: &str, value: &str) -> bool {
    match name {
        "com.docker.network.driver.overlay.vxlanid_list" | "com.docker.network.driver.mtu" => true,
        "parent" => value.starts_with("dm-") || value.starts_with("di-"),
        _ => false,
    }
}

/// Differences of a network; it is made anew for any of them. `pools` are those that the Engine takes
/// addresses from where nobody says which.
pub(in crate::plan) fn network_differences(
    wanted: &NetworkSpec,
    found: &ObservedNetwork,
    pools: &[Subnet],
) -> Vec<Difference> {
    let NetworkSpec {
        name: _,
        map_name: _,
        driver,
        driver_options,
        internal,
        attachable,
        enable_ipv6,
        labels,
        ingress,
        scope,
        ipam,
        places,
    } = wanted;
    let mut differences = Differences { list: Vec::new(), places };
    differences.value("driver", Some(driver), Some(&found.driver));
    differences.value("internal", Some(internal), Some(&found.internal));
    differences.value("attachable", Some(attachable), Some(&found.attachable));
    differences.value("enable_ipv6", Some(enable_ipv6), Some(&found.enable_ipv6));
    differences.value("ingress", Some(ingress), Some(&found.ingress));
    if scope.is_some() {
        differences.value("scope", scope.as_ref(), Some(&found.scope));
    }
    let has_swarms_pools = found.scope == "swarm" && ipam.is_none();
    if !has_swarms_pools && !is_same_ipam(ipam.as_ref(), found.ipam.as_ref(), pools) {
        let shown = |ipam: &Option<Value>| ipam.as_ref().map(shown_json);
        differences.push("ipam".to_owned(), shown(ipam), shown(&found.ipam));
    }
    for name in keys_of_both(driver_options, &found.driver_options) {
        let (wanted, found) = (driver_options.get(name), found.driver_options.get(name));
        if wanted.is_some() || !found.is_some_and(|value| is_option_by_engine(name, value)) {
            differences.value(&format!("driver_options.{name}"), wanted, found);
        }
    }
    differences.labels(labels, &found.labels);
    differences.list
}

/// Differences of a volume; they cannot be mended without losing its files.
pub(in crate::plan) fn volume_differences(wanted: &VolumeSpec, found: &ObservedVolume) -> Vec<Difference> {
    let VolumeSpec {
        name: _,
        map_name: _,
        config_name: _,
        driver,
        driver_options,
        labels,
        preparation: _,
        places,
    } = wanted;
    let mut differences = Differences { list: Vec::new(), places };
    differences.value("driver", Some(driver), Some(&found.driver));
    differences.map("driver_options", driver_options, &found.driver_options);
    differences.labels(labels, &found.labels);
    differences.list
}

/// Whether an Engine that is told `wanted` reports `found`: it names its driver, adds a gateway to each
/// pool, and chooses a pool of its own for each family that has none.
fn is_same_ipam(wanted: Option<&Value>, found: Option<&Value>, pools: &[Subnet]) -> bool {
    let member = |ipam: Option<&Value>, name: &str| ipam.and_then(|ipam| ipam.get(name)).cloned();
    let driver = |ipam| member(ipam, "Driver").and_then(|name| name.as_str().map(str::to_owned));
    let is_default = |driver: &Option<String>| matches!(driver.as_deref(), None | Some("" | "default"));
    let (wanted_driver, found_driver) = (driver(wanted), driver(found));
    let is_same_driver =
        wanted_driver == found_driver || is_default(&wanted_driver) && is_default(&found_driver);
    let options = |ipam| entries(member(ipam, "Options"));
    is_same_driver
        && options(wanted) == options(found)
        && is_same_config(&configs(wanted), &configs(found), pools)
}

type Config = BTreeMap<String, Value>;

fn is_same_config(wanted: &[Config], found: &[Config], pools: &[Subnet]) -> bool {
    let has_each = wanted.iter().all(|wanted| found.iter().any(|found| is_pool(wanted, found)));
    let is_asked_for = |found: &Config| {
        wanted.iter().any(|wanted| is_pool(wanted, found)) || is_chosen_by_engine(found, wanted, pools)
    };
    has_each && found.iter().all(is_asked_for)
}

fn is_pool(wanted: &Config, found: &Config) -> bool {
    let is_same = |name: &str| wanted.get(name) == found.get(name);
    // Who does not name a gateway gets one, and who does not name a subnet as well.
    let is_given = |name: &str| is_same(name) || !wanted.contains_key(name);
    let mut others = keys_of_both(wanted, found);
    others.retain(|name| !matches!(*name, "Gateway" | "Subnet"));
    is_given("Gateway") && is_given("Subnet") && others.into_iter().all(is_same)
}

/// Whether nobody asked for a pool: it is of a family of which none is wanted, and one that the Engine
/// takes by itself.
fn is_chosen_by_engine(found: &Config, wanted: &[Config], pools: &[Subnet]) -> bool {
    let subnet = |config: &Config| config.get("Subnet").and_then(|text| Subnet::parse(text.as_str()?));
    let Some(found_subnet) = subnet(found) else { return true };
    let is_of_family = |other: &Config| {
        subnet(other).is_some_and(|other| other.address.is_ipv6() == found_subnet.address.is_ipv6())
    };
    let is_plain = found.keys().all(|name| matches!(name.as_str(), "Gateway" | "Subnet"));
    // Local addresses of IPv6 are made up at random.
    let is_local = matches!(found_subnet.address, IpAddr::V6(address) if address.octets()[0] == 0xfd);
    let is_in_pool = is_local || pools.iter().any(|pool| pool.contains(found_subnet.address));
    is_plain && is_in_pool && !wanted.iter().any(is_of_family)
}

fn configs(ipam: Option<&Value>) -> Vec<Config> {
    let configs = ipam.and_then(|ipam| ipam.get("Config")).and_then(Value::as_array);
    configs.into_iter().flatten().map(|config| entries(Some(config.clone()))).collect()
}

/// Members that say something.
fn entries(value: Option<Value>) -> Config {
    let Some(Value::Object(members)) = value else { return Config::new() };
    members.into_iter().filter(|(_, value)| !crate::model::host_options::is_nothing(value)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "for `json!`")]
    fn is_same(wanted: Value, found: Value) -> bool {
        let pools = Subnet::default_pools();
        let given = |value: &Value| (!value.is_null()).then(|| value.clone());
        is_same_ipam(given(&wanted).as_ref(), given(&found).as_ref(), &pools)
    }

    #[expect(clippy::needless_pass_by_value, reason = "for `json!`")]
    fn found(config: Value) -> Value {
        json!({"Driver": "default", "Options": null, "Config": config})
    }

    #[test]
    fn pools_of_the_engine_are_no_difference() {
        let bridge = json!({"Subnet": "172.19.0.0/16", "Gateway": "172.19.0.1"});
        let local = json!({"Subnet": "fdd0:1::/64", "Gateway": "fdd0:1::1"});
        let own = json!({"Subnet": "10.1.0.0/24", "Gateway": "10.1.0.1"});
        assert!(is_same(json!(null), json!(null)));
        assert!(is_same(json!(null), found(json!([bridge]))));
        assert!(is_same(json!(null), found(json!([bridge, local]))));
        assert!(is_same(json!({}), found(json!([bridge]))));
        assert!(is_same(json!({"Config": [{"Subnet": "10.1.0.0/24"}]}), found(json!([own]))));
        assert!(is_same(json!({"Config": [{"Subnet": "10.1.0.0/24"}]}), found(json!([own, local]))));
    }

    #[test]
    fn what_was_asked_for_differs_in_both_directions() {
        let own = |more: Value| {
            let mut own = json!({"Subnet": "10.1.0.0/24", "Gateway": "10.1.0.1"});
            own.as_object_mut().expect("it").extend(more.as_object().expect("it").clone());
            found(json!([own]))
        };
        let wanted = json!({"Config": [{"Subnet": "10.1.0.0/24"}]});
        assert!(!is_same(json!(null), own(json!({}))), "removed");
        assert!(!is_same(json!({"Config": [{"Subnet": "10.2.0.0/24"}]}), own(json!({}))), "changed");
        assert!(!is_same(wanted.clone(), own(json!({"IPRange": "10.1.0.0/25"}))), "a range removed");
        assert!(!is_same(
            json!({"Config": [{"Subnet": "10.1.0.0/24", "Gateway": "10.1.0.9"}]}),
            own(json!({}))
        ));
        assert!(!is_same(wanted, found(json!([]))), "added");
        assert!(!is_same(json!({"Driver": "other"}), found(json!([]))));
        assert!(!is_same(json!({"Options": {"a": "b"}}), found(json!([]))));
    }

    #[test]
    fn options_that_the_engine_makes_up_are_known() {
        assert!(is_option_by_engine("parent", "dm-0123456789ab") && !is_option_by_engine("parent", "eth0"));
    }
}

//! Places of a container in networks.

use std::collections::BTreeMap;

use crate::model::container::{ContainerSettings, Endpoint, NetworkMode};
use crate::model::network::PRESET_NETWORKS;
use crate::model::observed::{HostState, ObservedContainer};
use crate::model::spec::ContainerSpec;
use crate::plan::Difference;

use super::{keys_of_both, shown_endpoint};

/// The network of containers that ask for none.
const DEFAULT_BRIDGE: &str = "bridge";

/// A network that a container is to join, to leave, or to be in differently.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::plan) struct EndpointChange {
    /// Full name of the network.
    pub(in crate::plan) network_name: String,
    /// Its place as it is.
    pub(in crate::plan) found: Option<Endpoint>,
    /// Its place as the Engine is told.
    pub(in crate::plan) wanted: Option<Endpoint>,
    /// The difference as it is shown.
    pub(in crate::plan) difference: Difference,
}

/// Changes of places, by the name of the network; `wanted` is what is effective of the container.
///
/// None where one side has no places of its own: then the network modes differ, or both are in the
/// network of the host, of another container, or in none.
pub(in crate::plan) fn endpoint_changes(
    spec: &ContainerSpec,
    wanted: &ContainerSettings,
    found: &ObservedContainer,
    state: &HostState,
) -> Vec<EndpointChange> {
    let Some(settings) = &found.settings else { return Vec::new() };
    if [wanted, settings].into_iter().any(|settings| settings.network_mode != NetworkMode::Default) {
        return Vec::new();
    }
    let wanted_places = by_name(&wanted.endpoints, true);
    let found_places = by_name(&settings.endpoints, is_in_default_bridge(found));
    let mut changes = Vec::new();
    for name in keys_of_both(&wanted_places, &found_places) {
        let (wanted, found_place) = (wanted_places.get(name), found_places.get(name));
        let is_stale = wanted.is_some() && is_in_one_that_is_gone(found, name, state);
        if wanted == found_place && !is_stale {
            continue;
        }
        let suffix = if is_stale { ", in a network that is gone" } else { "" };
        let field = format!("networks.{name}");
        changes.push(EndpointChange {
            network_name: name.to_owned(),
            found: found_place.cloned(),
            wanted: wanted.map(|wanted| told(spec, wanted)),
            difference: Difference {
                found: found_place.map(|place| shown_endpoint(place) + suffix),
                wanted: wanted.map(shown_endpoint),
                place: spec.places.nearest(&field).cloned(),
                field,
            },
        });
    }
    changes
}

/// Where the default bridge is the only network, the settings do not name it.
fn by_name(endpoints: &[Endpoint], is_in_default_bridge: bool) -> BTreeMap<String, Endpoint> {
    let bridge = Endpoint { network_name: DEFAULT_BRIDGE.to_owned(), ..Endpoint::default() };
    let implied = (endpoints.is_empty() && is_in_default_bridge).then_some(bridge);
    let places = endpoints.iter().cloned().chain(implied);
    places.map(|place| (place.network_name.clone(), place)).collect()
}

/// A container that is in no network at all looks the same otherwise.
fn is_in_default_bridge(found: &ObservedContainer) -> bool {
    found.attachment.as_ref().is_none_or(|networks| networks.network_ids.contains_key(DEFAULT_BRIDGE))
}

/// Whether the network that a container knows is not the one that has the name now. It would not start.
/// The Engine's own networks are made anew with the daemon, and found by their names.
fn is_in_one_that_is_gone(found: &ObservedContainer, network_name: &str, state: &HostState) -> bool {
    if PRESET_NETWORKS.contains(&network_name) {
        return false;
    }
    let known = found.attachment.as_ref().and_then(|networks| networks.network_ids.get(network_name));
    let id = state.networks.get(network_name).map(|network| network.id.as_str());
    known.is_some_and(|known| !known.is_empty() && Some(known.as_str()) != id)
}

/// A place as the Engine is told: as it was typed, and with the container's own links where these
/// belong to the network.
fn told(spec: &ContainerSpec, effective: &Endpoint) -> Endpoint {
    let typed = spec.settings.endpoints.iter().find(|typed| typed.network_name == effective.network_name);
    typed.map_or_else(
        || effective.clone(),
        |typed| Endpoint { links: effective.links.clone(), ..typed.clone() },
    )
}

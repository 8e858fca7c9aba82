//! Where a container of a fake Engine is in networks, and the calls about that.

use std::collections::BTreeMap;

use crate::host::engine_error::EngineError;
use crate::model::container::{ContainerSettings, Endpoint, NetworkMode};
use crate::model::effective::effective_endpoint;
use crate::model::observed::Attachment;

use super::state::FakeState;

/// The network of containers that ask for none.
const DEFAULT_BRIDGE: &str = "bridge";

/// The networks that a container is in.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// The network that its mode names.
    main_network: String,
    endpoints: BTreeMap<String, Endpoint>,
    /// Ids of the networks at the last start.
    ids: BTreeMap<String, String>,
}

impl Places {
    /// Of a container that is created with these effective settings, in at most so many networks.
    pub(super) fn new(settings: &ContainerSettings, count: usize) -> Self {
        let named = |name: &str| Endpoint { network_name: name.to_owned(), ..Endpoint::default() };
        let endpoints = match &settings.network_mode {
            NetworkMode::Default if settings.endpoints.is_empty() => vec![named(DEFAULT_BRIDGE)],
            NetworkMode::Default => settings.endpoints.iter().take(count).cloned().collect(),
            NetworkMode::Host | NetworkMode::None => vec![named(&settings.network_mode.to_string())],
            NetworkMode::Container(_) => Vec::new(),
        };
        let main = endpoints.first().map(|endpoint| endpoint.network_name.clone());
        Self {
            main_network: main.unwrap_or_else(|| settings.network_mode.to_string()),
            endpoints: endpoints.into_iter().map(|place| (place.network_name.clone(), place)).collect(),
            ids: BTreeMap::new(),
        }
    }

    pub(super) fn is_in(&self, network_name: &str) -> bool {
        self.endpoints.contains_key(network_name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.endpoints.keys().map(String::as_str)
    }

    /// As the settings report them: the network of the mode first, and none where it is only the
    /// default bridge.
    pub(super) fn reported(&self, mode: &NetworkMode) -> Vec<Endpoint> {
        if *mode != NetworkMode::Default || self.names().all(|name| name == DEFAULT_BRIDGE) {
            return Vec::new();
        }
        let (main, others): (Vec<_>, Vec<_>) =
            self.endpoints.values().cloned().partition(|place| place.network_name == self.main_network);
        [main, others].concat()
    }

    pub(super) fn attachment(&self) -> Attachment {
        let id = |name: &String| (name.clone(), self.ids.get(name).cloned().unwrap_or_default());
        Attachment {
            main_network: self.main_network.clone(),
            network_ids: self.endpoints.keys().map(id).collect(),
        }
    }
}

impl FakeState {
    /// Joins a further network. A running container that is in it already is refused, unless it
    /// is there with the same settings.
    pub(super) fn connect_network(&mut self, name: &str, endpoint: &Endpoint) -> Result<(), EngineError> {
        let network_name = &endpoint.network_name;
        let call = format!("POST /networks/{network_name}/connect ({name})");
        let network_id = self.network_id(&call, network_name)?;
        let container = self.container_mut(&call, name)?;
        let (is_active, hostname) = (container.status.is_active(), container.settings.hostname.clone());
        let endpoint = effective_endpoint(endpoint, hostname.as_deref());
        let places = &mut container.places;
        match places.endpoints.get(network_name) {
            Some(joined) if *joined == endpoint => return Ok(()),
            Some(_) if is_active => {
                let message = format!("endpoint with name {name} already exists in network {network_name}");
                return Err(EngineError::from_status(call, 403, message));
            }
            _ => {}
        }
        places.ids.insert(network_name.clone(), if is_active { network_id } else { String::new() });
        places.endpoints.insert(network_name.clone(), endpoint);
        Ok(())
    }

    pub(super) fn disconnect_network(&mut self, name: &str, network_name: &str) -> Result<(), EngineError> {
        let call = format!("POST /networks/{network_name}/disconnect ({name})");
        self.network_id(&call, network_name)?;
        let forgets_address = self.joins_several_networks();
        let container = self.container_mut(&call, name)?;
        container.places.endpoints.remove(network_name);
        container.places.ids.remove(network_name);
        if forgets_address && container.places.main_network == network_name {
            container.settings.mac_address = None;
        }
        Ok(())
    }

    /// A start looks for the networks that were there at the last one, and, on newer Engines, for that
    /// of the mode, whether the container is in it or not.
    pub(super) fn join_networks(&mut self, call: &str, name: &str) -> Result<(), EngineError> {
        let places = self.container(call, name)?.places.clone();
        if self.joins_several_networks()
            && self.container(call, name)?.settings.network_mode == NetworkMode::Default
        {
            self.network_id(call, &places.main_network)?;
        }
        let mut ids = BTreeMap::new();
        for network_name in places.names() {
            let id = self.network_id(call, network_name)?;
            if let Some(stale) =
                places.ids.get(network_name).filter(|known| !known.is_empty() && **known != id)
            {
                return Err(EngineError::from_status(call, 404, format!("network {stale} not found")));
            }
            ids.insert(network_name.to_owned(), id);
        }
        self.container_mut(call, name)?.places.ids = ids;
        Ok(())
    }

    fn network_id(&self, call: &str, network_name: &str) -> Result<String, EngineError> {
        let missing = || EngineError::from_status(call, 404, format!("network {network_name} not found"));
        self.networks.get(network_name).map(|network| network.id.clone()).ok_or_else(missing)
    }
}

//! Calls about networks.

use std::collections::{BTreeSet, HashMap};

use bollard::models::{Ipam, NetworkConnectRequest, NetworkCreateRequest, NetworkDisconnectRequest};
use bollard::query_parameters::{InspectNetworkOptions, ListNetworksOptions};

use crate::host::engine_error::EngineError;
use crate::model::container::Endpoint;
use crate::model::effective::effective_endpoint;
use crate::model::network::NetworkSpec;
use crate::model::observed::ObservedNetwork;

use super::{DockerEngine, containers, convert_create, convert_list, if_found, path_part};

/// What the Engine answers when a container is in the network already (and in other cases).
const FORBIDDEN: u16 = 403;
/// What the Engine answers when a container is not in the network (and in other cases).
const INTERNAL_ERROR: u16 = 500;

/// Older Engines drop it without a word.
const MAC_ADDRESS_OF_FURTHER_NETWORK: &str =
    "a hardware address in another network than the first needs API 1.44 (Engine 25)";

pub(super) async fn list(engine: &DockerEngine) -> Result<Vec<ObservedNetwork>, EngineError> {
    let networks = engine.docker.list_networks(None::<ListNetworksOptions>);
    let networks = engine.call("GET /networks", networks).await?;
    Ok(networks.into_iter().map(convert_list::observed_network).collect())
}

pub(super) async fn create(engine: &DockerEngine, spec: &NetworkSpec) -> Result<(), EngineError> {
    let call = format!("POST /networks/create ({})", spec.name);
    let request = create_request(spec).map_err(|reason| EngineError::unsupported(&*call, reason))?;
    // Engines before API 1.44 make a second network of the same name, and then find neither of
    // the two by it.
    if !engine.keeps_network_names_apart().await? && exists(engine, &spec.name).await? {
        let message = format!("network with name {} already exists", spec.name);
        return Err(EngineError::from_status(call, 409, message));
    }
    engine.call(&call, engine.docker.create_network(request)).await.map(drop)
}

async fn exists(engine: &DockerEngine, name: &str) -> Result<bool, EngineError> {
    let call = format!("GET /networks/{name}");
    let part = path_part(&call, name)?;
    let answer = engine.docker.inspect_network(&part, None::<InspectNetworkOptions>);
    if_found(engine.call(&call, answer).await).map(|found| found.is_some())
}

pub(super) async fn remove(engine: &DockerEngine, name: &str) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let call = format!("DELETE /networks/{name}");
    let part = path_part(&call, name)?;
    engine.call(&call, engine.docker.remove_network(&part)).await
}

/// Joins a network. A container that is in it already, with the same settings, is where it
/// should be: newer Engines join all networks when they create it.
pub(super) async fn connect(
    engine: &DockerEngine,
    container_name: &str,
    endpoint: &Endpoint,
) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let call = format!("POST /networks/{}/connect ({container_name})", endpoint.network_name);
    let part = path_part(&call, &endpoint.network_name)?;
    if endpoint.mac_address.is_some() && !engine.joins_several_networks().await? {
        return Err(EngineError::unsupported(call, MAC_ADDRESS_OF_FURTHER_NETWORK));
    }
    let request = connect_request(container_name, endpoint);
    match engine.call(&call, engine.docker.connect_network(&part, request)).await {
        Err(error) if error.status() == Some(FORBIDDEN) => {
            if is_joined(engine, container_name, endpoint).await? { Ok(()) } else { Err(error) }
        }
        answer => answer,
    }
}

async fn is_joined(
    engine: &DockerEngine,
    container_name: &str,
    endpoint: &Endpoint,
) -> Result<bool, EngineError> {
    let container = containers::inspect(engine, container_name).await?;
    let settings = container.and_then(|container| container.settings);
    Ok(settings.is_some_and(|settings| {
        let wanted = effective_endpoint(endpoint, settings.hostname.as_deref());
        settings.endpoints.contains(&wanted)
    }))
}

/// Leaves a network. A container that is not in it is where it should be.
pub(super) async fn disconnect(
    engine: &DockerEngine,
    container_name: &str,
    network_name: &str,
) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let call = format!("POST /networks/{network_name}/disconnect ({container_name})");
    let part = path_part(&call, network_name)?;
    let request = NetworkDisconnectRequest { container: container_name.to_owned(), force: None };
    match engine.call(&call, engine.docker.disconnect_network(&part, request)).await {
        Err(error) if error.status() == Some(INTERNAL_ERROR) => {
            let container = containers::inspect(engine, container_name).await?;
            let attachment = container.and_then(|container| container.attachment);
            let has_left = attachment.is_some_and(|found| !found.network_ids.contains_key(network_name));
            if has_left { Ok(()) } else { Err(error) }
        }
        answer => answer,
    }
}

pub(super) fn connect_request(container_name: &str, endpoint: &Endpoint) -> NetworkConnectRequest {
    NetworkConnectRequest {
        container: container_name.to_owned(),
        endpoint_config: Some(convert_create::endpoint_settings(endpoint, &BTreeSet::new())),
    }
}

pub(super) fn create_request(spec: &NetworkSpec) -> Result<NetworkCreateRequest, String> {
    let NetworkSpec {
        name,
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
        places: _,
    } = spec;
    let pools = ipam.clone().map(serde_json::from_value::<Ipam>).transpose();
    Ok(NetworkCreateRequest {
        name: name.clone(),
        driver: Some(driver.clone()),
        internal: Some(*internal),
        attachable: Some(*attachable),
        enable_ipv6: Some(*enable_ipv6),
        ingress: Some(*ingress),
        scope: scope.clone(),
        options: Some(driver_options.clone().into_iter().collect::<HashMap<_, _>>()),
        labels: Some(labels.clone().into_iter().collect::<HashMap<_, _>>()),
        ipam: pools.map_err(|error| format!("`IPAM` has a wrong value: {error}"))?,
        ..NetworkCreateRequest::default()
    })
}

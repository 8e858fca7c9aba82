//! Bodies of the calls that make and join things, as JSON: what an Engine would be sent, without one.

use serde::Serialize;
use serde_json::Value;

use crate::model::container::Endpoint;
use crate::model::network::NetworkSpec;
use crate::model::spec::ContainerSpec;
use crate::model::volume::VolumeSpec;

use super::{convert_create, networks, volumes};

/// The body of `POST /containers/create`, with the first of the container's networks; Engines since
/// API 1.44 get all of them.
///
/// # Errors
/// A sentence about an option that the API does not know.
pub fn container(spec: &ContainerSpec) -> Result<Value, String> {
    json(&convert_create::create_body(&spec.image, &spec.settings, false)?)
}

/// The body of `POST /networks/create`.
///
/// # Errors
/// A sentence about address pools that the API cannot read.
pub fn network(spec: &NetworkSpec) -> Result<Value, String> {
    json(&networks::create_request(spec)?)
}

/// The body of `POST /networks/NAME/connect`, which joins the others of a container's networks.
///
/// # Errors
/// None that is known.
pub fn connection(container_name: &str, endpoint: &Endpoint) -> Result<Value, String> {
    json(&networks::connect_request(container_name, endpoint))
}

/// The body of `POST /volumes/create`.
///
/// # Errors
/// None that is known.
pub fn volume(spec: &VolumeSpec) -> Result<Value, String> {
    json(&volumes::create_request(spec))
}

fn json(request: &impl Serialize) -> Result<Value, String> {
    serde_json::to_value(request).map_err(|error| error.to_string())
}

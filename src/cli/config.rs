//! `dmfab config`: what files, defaults, ranges and inheritance come to for each host.

use std::collections::BTreeMap;

use dmfab::model::network::NetworkSpec;
use dmfab::model::secret::Secrets;
use dmfab::model::spec::{ContainerSpec, HostSpec, Interfaces};
use dmfab::model::volume::VolumeSpec;
use serde::Serialize;
use serde_json::Value;

use super::args::HostsArguments;
use super::exit::{CommandError, Exit};
use super::{hosts, output, session};

/// The document; secrets show as `[redacted]` by their type.
#[derive(Serialize)]
struct Document<'a> {
    hosts: BTreeMap<&'a str, Host<'a>>,
}

#[derive(Serialize)]
struct Host<'a> {
    engine: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    interfaces: Option<&'a Interfaces>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    registry_logins: Vec<&'a str>,
    networks: &'a [NetworkSpec],
    volumes: &'a [VolumeSpec],
    containers: &'a [ContainerSpec],
}

/// Shows the configuration of the chosen hosts as YAML or JSON.
pub(crate) fn run(arguments: &HostsArguments, colour: bool) -> Result<Exit, CommandError> {
    let fleet = session::load(&arguments.files, colour)?;
    let host_names = fleet.select_hosts(arguments.hosts.as_deref())?;
    let chosen = host_names.iter().filter_map(|name| fleet.spec().hosts.get(name));
    let fields = Document { hosts: chosen.map(|host| (host.name.as_str(), shown(host))).collect() };
    let value = serde_json::to_value(&fields).map_err(|error| CommandError::internal(error.into()))?;
    // The values from outside the files are the same for every host.
    let value = match fleet.spec().hosts.values().next() {
        Some(host) => without_secrets(value, &host.secrets),
        None => value,
    };
    let value = output::document("config", without_nothing(value));
    if arguments.output.json {
        output::json(&value)?;
    } else {
        let text = serde_saphyr::to_string(&value).map_err(|error| CommandError::internal(error.into()))?;
        output::to_stdout(&text);
    }
    Ok(Exit::Done)
}

fn shown(host: &HostSpec) -> Host<'_> {
    Host {
        engine: hosts::engine(&host.connection),
        interfaces: Some(&host.interfaces).filter(|found| !(found.ipv4.is_empty() && found.ipv6.is_empty())),
        registry_logins: host.registry_logins.keys().map(String::as_str).collect(),
        networks: &host.networks,
        volumes: &host.volumes,
        containers: &host.containers,
    }
}

/// Takes values from outside the files out of every text.
fn without_secrets(value: Value, secrets: &Secrets) -> Value {
    match value {
        Value::String(text) => Value::String(secrets.mask(&text)),
        Value::Array(items) => items.into_iter().map(|item| without_secrets(item, secrets)).collect(),
        Value::Object(fields) => Value::Object(
            fields.into_iter().map(|(name, value)| (name, without_secrets(value, secrets))).collect(),
        ),
        other => other,
    }
}

/// Leaves out what is not set, so that what is set can be seen.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().map(|(name, value)| (name, without_nothing(value)));
            Value::Object(kept.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nothing).collect()),
        other => other,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

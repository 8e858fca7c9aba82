//! What a raw record costs wherever it is used again: by maps, heirs, on hosts, in instances.
//!
//! A value is about a hundred bytes of what resolving makes of it. Long texts count as several.

use super::node::{Node, NodeValue};
use super::raw::{RawCommand, RawContainer, RawHost, RawHostPath, RawMap, RawName, RawNetworkMode, Setting};

/// A container without any property.
const CONTAINER: usize = 40;
/// A host without any property.
const HOST: usize = 20;
/// A network or an attached volume, with its labels.
const ITEM: usize = 15;
/// A bind or a port, with its places.
const PLACED: usize = 3;
/// A text counts one more for each.
const BYTES_PER_VALUE: usize = 64;

/// A map, for those who lay it under others.
pub(crate) fn of_map(raw: &RawMap) -> usize {
    let containers: usize = raw.containers.iter().map(|(_, container)| of_configuration(container)).sum();
    let groups: usize = raw.groups.iter().map(|(_, items)| 1 + items.len()).sum();
    let paths: usize = raw.host.iter().map(|(_, path)| of_host_path(path)).sum();
    raw.clients.len() + raw.volumes.len() * ITEM + of_networks(raw) + containers + groups + paths
}

/// A configuration itself.
pub(crate) fn of_configuration(raw: &RawContainer) -> usize {
    of_container(raw) + raw.instances.len() + raw.clients.len()
}

/// One container of a configuration.
pub(crate) fn of_container(raw: &RawContainer) -> usize {
    let lists = raw.shares.len()
        + raw.binds.len() * PLACED
        + raw.attaches.len() * ITEM
        + raw.uses.len()
        + raw.links.len()
        + raw.exposes.len() * PLACED;
    let endpoints: usize = raw
        .networks
        .iter()
        .map(|endpoint| &endpoint.value)
        .map(|raw| ITEM + raw.aliases.len() + raw.links.len() + raw.link_local_ips.len())
        .sum();
    let commands: usize = raw
        .exec_commands
        .iter()
        .map(|command| match &command.value.command {
            RawCommand::Line(_) => 1,
            RawCommand::Words(words) => 1 + words.len(),
        })
        .sum();
    let check = match &raw.healthcheck {
        Setting::Value(check) => check.value.test.iter().map(|word| of_text(word)).sum(),
        Setting::Unset | Setting::Null(_) => 0,
    };
    let network_mode = match &raw.network_mode {
        Setting::Value(mode) => of_network_mode(&mode.value),
        Setting::Unset | Setting::Null(_) => 0,
    };
    let options = of_options(&raw.create_options) + of_options(&raw.host_config);
    CONTAINER + lists + endpoints + commands + check + network_mode + options
}

/// One host with its defaults.
pub(crate) fn of_host(raw: &RawHost) -> usize {
    HOST + raw.interfaces.len()
        + raw.interfaces_ipv6.len()
        + raw.auth_configs.len()
        + raw.identity_files.len()
        + raw.known_hosts.len()
        + raw.proxy_jump.as_ref().map_or(0, |hops| hops.value.len())
}

/// The networks of a map, which every host of the map has.
pub(crate) fn of_networks(raw: &RawMap) -> usize {
    let networks = raw.networks.iter().map(|(_, network)| network);
    networks.map(|network| ITEM + network.driver_options.len() + of_options(&network.create_options)).sum()
}

/// A text.
pub(crate) fn of_text(text: &str) -> usize {
    1 + text.len() / BYTES_PER_VALUE
}

fn of_host_path(path: &RawHostPath) -> usize {
    match path {
        RawHostPath::One(_) => 1,
        RawHostPath::PerInstance(paths, _) => 1 + paths.len(),
    }
}

fn of_network_mode(mode: &RawNetworkMode) -> usize {
    match mode {
        RawNetworkMode::Disabled => 0,
        RawNetworkMode::Preset(name) | RawNetworkMode::Foreign(name) => of_text(name),
        RawNetworkMode::Container { config, instance } => {
            of_text(config) + instance.as_deref().map_or(0, of_text)
        }
    }
}

fn of_options(options: &[(RawName, Node)]) -> usize {
    options.iter().map(|(name, node)| of_text(&name.value) + of_node(node)).sum()
}

/// The depth of nodes is limited when they are read.
fn of_node(node: &Node) -> usize {
    match &node.value {
        NodeValue::Scalar { text, .. } => of_text(text),
        NodeValue::Sequence(items) => 1 + items.iter().map(of_node).sum::<usize>(),
        NodeValue::Mapping(entries) => {
            1 + entries.iter().map(|(key, value)| of_node(key) + of_node(value)).sum::<usize>()
        }
    }
}

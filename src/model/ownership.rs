//! How dmfab knows its own: labels, and the names of containers on their way in and out.

use std::collections::BTreeMap;

use super::item::ContainerId;

/// Label: the container map an item belongs to.
pub const MAP_LABEL: &str = "dmfab.map";
/// Label: the container configuration.
pub const CONFIG_LABEL: &str = "dmfab.config";
/// Label: the instance of the configuration.
pub const INSTANCE_LABEL: &str = "dmfab.instance";
/// Label: a container that is there for one script or command, and goes with it.
pub const SCRIPT_LABEL: &str = "dmfab.script";
/// Label: what a container is for that is no instance of a configuration and goes when it is done.
pub const PURPOSE_LABEL: &str = "dmfab.purpose";
/// Every label of ours begins with this; users may not set such labels.
pub const LABEL_PREFIX: &str = "dmfab.";

/// Added to the name of a container that is made ready to take its predecessor's place.
pub const SUCCESSOR_SUFFIX: &str = ".dmfab-new";
/// Added to the name of a container that is kept until its successor has proved itself.
pub const PREDECESSOR_SUFFIX: &str = ".dmfab-old";

/// The name that a container has, or will have, or had, when no replacement is under way.
pub fn lasting_name(name: &str) -> &str {
    let suffixes = [SUCCESSOR_SUFFIX, PREDECESSOR_SUFFIX];
    suffixes.into_iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

/// The labels of a container.
pub fn container_labels(id: &ContainerId) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        (MAP_LABEL.to_owned(), id.map_name.clone()),
        (CONFIG_LABEL.to_owned(), id.config_name.clone()),
    ]);
    if let Some(instance_name) = &id.instance_name {
        labels.insert(INSTANCE_LABEL.to_owned(), instance_name.clone());
    }
    labels
}

/// The labels of a volume or network of a map.
pub fn map_labels(map_name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(MAP_LABEL.to_owned(), map_name.to_owned())])
}

/// Who made an item, as far as its labels tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// We did, for this map.
    Dmfab,
    /// Nobody says: made by Docker-Map or by hand.
    Unknown,
    /// Another map of ours.
    OtherMap,
}

/// Labels that other tools put on what they make, and what such a tool is called. Images that Compose
/// builds bear its project's label, too, and hand it down: what is asked for is on nothing else.
const OTHER_TOOLS: [(&str, &str); 6] = [
    ("com.docker.compose.container-number", "Docker Compose"),
    ("com.docker.compose.volume", "Docker Compose"),
    ("com.docker.compose.network", "Docker Compose"),
    ("com.docker.swarm.service.name", "Docker Swarm"),
    ("com.docker.stack.namespace", "Docker Swarm"),
    ("io.kubernetes.pod.name", "Kubernetes"),
];

/// Another tool that made an item and looks after it, as far as its labels tell.
pub fn other_tool(labels: &BTreeMap<String, String>) -> Option<&'static str> {
    let is_ours = labels.contains_key(MAP_LABEL);
    OTHER_TOOLS.iter().find(|(label, _)| !is_ours && labels.contains_key(*label)).map(|(_, tool)| *tool)
}

/// Whose an item is that is not to be removed for this map: in words.
pub fn foreign_owner(labels: &BTreeMap<String, String>, map_name: &str) -> Option<String> {
    match labels.get(MAP_LABEL) {
        Some(found) if found != map_name => Some(format!("map `{found}`")),
        Some(_) => None,
        None => other_tool(labels).map(str::to_owned),
    }
}

/// Who made the item that bears these labels, asked for a map.
pub fn owner(labels: &BTreeMap<String, String>, map_name: &str) -> Owner {
    match labels.get(MAP_LABEL) {
        Some(found) if found == map_name => Owner::Dmfab,
        Some(_) => Owner::OtherMap,
        None => Owner::Unknown,
    }
}

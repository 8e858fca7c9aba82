//! What an Engine reports in its lists.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models::{
    ContainerSummary, ContainerSummaryNetworkSettings, ImageSummary, MountPoint, Network, PortSummary, Volume,
};

use crate::host::engine::ListedContainer;
use crate::model::container::{Port, PublishedPort};
use crate::model::image::ImageReference;
use crate::model::observed::{ObservedNetwork, ObservedVolume};

use super::convert_inspect::own_name;

/// A container as the list shows it.
pub(super) fn listed_container(summary: ContainerSummary) -> ListedContainer {
    ListedContainer {
        id: summary.id.unwrap_or_default(),
        name: listed_name(&summary.names.unwrap_or_default()).to_owned(),
        image_name: summary.image.unwrap_or_default(),
        image_id: summary.image_id.unwrap_or_default(),
        command: summary.command.unwrap_or_default(),
        state: summary.state.map(|state| state.to_string()).unwrap_or_default(),
        status: summary.status.unwrap_or_default(),
        created_seconds: summary.created.unwrap_or_default(),
        labels: sorted(summary.labels),
        ports: summary.ports.iter().flatten().map(port).collect(),
        held_ports: summary.ports.iter().flatten().filter_map(held_port).collect(),
        volume_names: volume_names(summary.mounts.unwrap_or_default()).into_iter().collect(),
        network_names: network_names(summary.network_settings),
    }
}

/// Its own name; those that other containers' links give it have one slash more.
fn listed_name(names: &[String]) -> &str {
    names.iter().map(|name| own_name(name)).find(|name| !name.contains('/')).unwrap_or_default()
}

/// `10.0.0.1:80->80/tcp`, or `80/tcp` where it is only exposed.
fn port(port: &PortSummary) -> String {
    let protocol = port.typ.map_or_else(|| "tcp".to_owned(), |protocol| protocol.to_string());
    let private = format!("{}/{protocol}", port.private_port);
    match (port.public_port, port.ip.as_deref()) {
        (None, _) => private,
        (Some(public), None | Some("")) => format!("{public}->{private}"),
        (Some(public), Some(address)) if address.contains(':') => format!("[{address}]:{public}->{private}"),
        (Some(public), Some(address)) => format!("{address}:{public}->{private}"),
    }
}

/// A port of the host; the Engine lists those of running containers only.
fn held_port(port: &PortSummary) -> Option<PublishedPort> {
    let protocol = port.typ.map_or_else(|| "tcp".to_owned(), |protocol| protocol.to_string());
    Some(PublishedPort {
        container_port: Port::parse(&format!("{}/{protocol}", port.private_port))?,
        host_address: port.ip.as_deref().and_then(|text| text.parse().ok()),
        host_port: port.public_port?,
    })
}

/// Names of mounted volumes; anonymous ones have names too.
pub(super) fn volume_names(mounts: Vec<MountPoint>) -> BTreeSet<String> {
    let volumes = mounts.into_iter().filter(|mount| mount.typ.as_deref() == Some("volume"));
    volumes.filter_map(|mount| mount.name).filter(|name| !name.is_empty()).collect()
}

fn network_names(settings: Option<ContainerSummaryNetworkSettings>) -> Vec<String> {
    let mut names: Vec<_> =
        settings.and_then(|settings| settings.networks).unwrap_or_default().into_keys().collect();
    names.sort();
    names
}

/// Image ids by their references in short form, tags and digests.
pub(super) fn image_ids(images: Vec<ImageSummary>) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for image in images {
        // Engines before API 1.43 write `<none>` for no name.
        let references =
            image.repo_tags.iter().chain(&image.repo_digests).filter(|text| !text.contains("<none>"));
        for reference in references {
            ids.insert(ImageReference::parse(reference, "latest").to_string(), image.id.clone());
        }
    }
    ids
}

/// A volume that was found; its root was not looked at.
pub(super) fn observed_volume(volume: Volume) -> ObservedVolume {
    ObservedVolume {
        name: volume.name,
        driver: volume.driver,
        driver_options: volume.options.into_iter().collect(),
        labels: volume.labels.into_iter().collect(),
        mountpoint: volume.mountpoint,
        root: None,
    }
}

/// A network that was found.
pub(super) fn observed_network(network: Network) -> ObservedNetwork {
    ObservedNetwork {
        id: network.id.unwrap_or_default(),
        name: network.name.unwrap_or_default(),
        driver: network.driver.unwrap_or_default(),
        driver_options: sorted(network.options),
        internal: network.internal.unwrap_or_default(),
        attachable: network.attachable.unwrap_or_default(),
        enable_ipv6: network.enable_ipv6.unwrap_or_default(),
        ingress: network.ingress.unwrap_or_default(),
        scope: network.scope.unwrap_or_default(),
        ipam: network.ipam.and_then(|pools| serde_json::to_value(pools).ok()),
        labels: sorted(network.labels),
    }
}

fn sorted(map: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    map.unwrap_or_default().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_made_by_links_are_left_out() {
        let names = ["/m.web/db".to_owned(), "/m.db".to_owned()];
        assert_eq!(listed_name(&names), "m.db");
    }

    #[test]
    fn ports_are_shown_as_the_command_line_shows_them() {
        let shown = |ip: Option<&str>, public_port| {
            port(&PortSummary { ip: ip.map(str::to_owned), private_port: 80, public_port, typ: None })
        };
        assert_eq!(shown(None, None), "80/tcp");
        assert_eq!(shown(Some("10.0.0.1"), Some(8080)), "10.0.0.1:8080->80/tcp");
        assert_eq!(shown(Some("::"), Some(8080)), "[::]:8080->80/tcp");
    }

    #[test]
    fn only_published_ports_are_held() {
        let held = |ip: &str, public_port| {
            let port = PortSummary { ip: Some(ip.to_owned()), private_port: 80, public_port, typ: None };
            held_port(&port).map(|port| port.to_string())
        };
        assert_eq!(held("", None), None);
        assert_eq!(held("0.0.0.0", Some(8080)).as_deref(), Some("0.0.0.0:8080->80/tcp"));
        assert_eq!(held("", Some(8080)).as_deref(), Some("8080->80/tcp"));
    }
}

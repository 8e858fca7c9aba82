//! What a step's action is told, for programs: all of it but secrets.
//!
//! Options of drivers are given by name only, since one of a volume may be a password. The settings of
//! a container are those of `dmfab config`, under the same name.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::model::container::{Endpoint, ExecCommand};
use crate::model::network::NetworkSpec;
use crate::model::volume::{Preparation, VolumeSpec};
use crate::plan::{Action, Preparer};

pub(super) fn parameters(action: &Action) -> Value {
    match action {
        Action::PullImage { reference } => {
            json!({"image": reference.to_string(), "platform": reference.platform})
        }
        Action::CreateNetwork { network } => network_parameters(network),
        Action::RemoveNetwork { network_name } => json!({"network_name": network_name}),
        Action::CreateVolume { volume } => volume_parameters(volume),
        Action::PrepareVolume {
            volume_name,
            preparation: Preparation { owner, mode },
            only_if_empty,
            by,
        } => {
            let image = match by {
                Preparer::HostShell => None,
                Preparer::Container { image, map_name: _ } => Some(image.to_string()),
            };
            json!({
                "volume_name": volume_name,
                "owner": owner,
                "mode": mode,
                "only_if_empty": only_if_empty,
                "container_image": image,
            })
        }
        Action::RemoveVolume { volume_name } => json!({"volume_name": volume_name}),
        Action::CreateContainer { container_name, spec } => json!({
            "container_name": container_name,
            "configuration": spec.name,
            "image": spec.image.to_string(),
            "platform": spec.image.platform,
        }),
        Action::ConnectNetwork { container_name, endpoint } => endpoint_parameters(container_name, endpoint),
        Action::DisconnectNetwork { container_name, network_name } => {
            json!({"container_name": container_name, "network_name": network_name})
        }
        Action::UpdateContainer { container_name, update } => {
            json!({"container_name": container_name, "host_config": update})
        }
        Action::StartContainer { container_name, delay } => {
            json!({"container_name": container_name, "delay_seconds": seconds(*delay)})
        }
        Action::VerifyContainer { container_name, health_deadline, settle } => json!({
            "container_name": container_name,
            "health_deadline_seconds": seconds(*health_deadline),
            "settle_seconds": seconds(*settle),
        }),
        Action::RunCommand { container_name, command, shown } => {
            let ExecCommand { arguments: _, user, only_initially } = command;
            json!({
                "container_name": container_name,
                "command": shown,
                "user": user,
                "only_initially": only_initially,
            })
        }
        Action::StopContainer { container_name, timeout_seconds } => {
            json!({"container_name": container_name, "timeout_seconds": timeout_seconds})
        }
        Action::SignalContainer { container_name, signal } => {
            json!({"container_name": container_name, "signal": signal})
        }
        Action::RenameContainer { container_name, new_name } => {
            json!({"container_name": container_name, "new_name": new_name})
        }
        Action::RemoveContainer { container_name } => json!({"container_name": container_name}),
        Action::UploadFiles { container_name, folder, path, owner: (user_id, group_id), sets_mode } => {
            json!({
                "container_name": container_name,
                "folder": folder,
                "path": path.as_ref().map(|path| path.display().to_string()),
                "user_id": user_id,
                "group_id": group_id,
                "sets_mode": sets_mode,
            })
        }
        Action::RunScript { container_name, shown, deadline, timestamps, tail, is_kept_on_timeout } => {
            json!({
                "container_name": container_name,
                "command": shown,
                "deadline_seconds": seconds(*deadline),
                "timestamps": timestamps,
                "tail": tail,
                "is_kept_on_timeout": is_kept_on_timeout,
            })
        }
        Action::DownloadFiles { container_name, folder, into } => {
            json!({"container_name": container_name, "folder": folder, "into": into.display().to_string()})
        }
        Action::TakeAwayContainer { container_name, timeout_seconds } => {
            json!({"container_name": container_name, "timeout_seconds": timeout_seconds})
        }
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn names(options: &BTreeMap<String, String>) -> Vec<&String> {
    options.keys().collect()
}

fn network_parameters(network: &NetworkSpec) -> Value {
    let NetworkSpec {
        name,
        map_name: _,
        driver,
        driver_options,
        internal,
        attachable,
        enable_ipv6,
        labels: _,
        ingress,
        scope,
        ipam,
        places: _,
    } = network;
    json!({
        "network_name": name,
        "driver": driver,
        "driver_options": names(driver_options),
        "internal": internal,
        "attachable": attachable,
        "enable_ipv6": enable_ipv6,
        "ingress": ingress,
        "scope": scope,
        "ipam": ipam,
    })
}

fn volume_parameters(volume: &VolumeSpec) -> Value {
    let VolumeSpec {
        name,
        map_name: _,
        config_name: _,
        driver,
        driver_options,
        labels: _,
        preparation: _,
        places: _,
    } = volume;
    json!({"volume_name": name, "driver": driver, "driver_options": names(driver_options)})
}

fn endpoint_parameters(container_name: &str, endpoint: &Endpoint) -> Value {
    let Endpoint {
        network_name,
        aliases,
        links,
        ipv4_address,
        ipv6_address,
        link_local_addresses,
        mac_address,
        driver_options,
    } = endpoint;
    json!({
        "container_name": container_name,
        "network_name": network_name,
        "aliases": aliases,
        "links": links.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "ipv4_address": ipv4_address,
        "ipv6_address": ipv6_address,
        "link_local_addresses": link_local_addresses,
        "mac_address": mac_address,
        "driver_options": names(driver_options),
    })
}

//! Maps of Docker-Map, and what Docker-Map made of them: dmfab makes the same. What the data are is told in `golden/README.md`.
//!
//! Bodies of calls are compared as they would be sent, after [`normal`] took out what two clients may write differently and the Engine takes for the same.

mod normal;
mod on_the_lab;
mod order;
mod protocol;
mod scenario;
mod written;

use std::collections::BTreeSet;

use dmfab::host::docker::requests;
use dmfab::model::spec::HostSpec;
use dmfab::model::volume::Preparation;
use serde_json::{Value, json};

use scenario::{all_steps, scenarios};

/// Maps that Docker-Map takes and dmfab refuses: scenario, step, what is said, why.
const REFUSED: &[(&str, u64, &str, &str)] =
    &[("upd_path", 0, "key `b` is defined twice", "only one of the two could count, without a word")];

/// Settings that dmfab wants otherwise: container, field of its body, why.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("co.c", "HostConfig.Links", "links are merged by alias: a container may be linked to by several"),
    (
        "hc.f",
        "Healthcheck",
        "null turns the image's check off, as the manual says; a null test would keep it",
    ),
    ("all.tmpv", "owner", NOT_ON_THE_HOST),
    ("all.tmpv", "mode", NOT_ON_THE_HOST),
    ("leg.app", "HostConfig.Binds", VOLUME_CONTAINERS),
    ("leg.app", "HostConfig.VolumesFrom", VOLUME_CONTAINERS),
    ("leg.web", "HostConfig.Binds", VOLUME_CONTAINERS),
    ("leg.web", "HostConfig.VolumesFrom", VOLUME_CONTAINERS),
];
const VOLUME_CONTAINERS: &str =
    "volumes are named volumes; containers that hold volumes are of Engines without them";
const NOT_ON_THE_HOST: &str = "files of a volume with driver options are not prepared, which is told";

/// Containers that Docker-Map makes and dmfab does not: name, why.
const NOT_MADE: &[(&str, &str)] = &[
    ("ins.app.four", "the map has no instance of this name"),
    ("leg.sock", VOLUME_CONTAINERS),
    ("leg.data", VOLUME_CONTAINERS),
];

#[test]
fn maps_are_accepted_or_refused_as_recorded() {
    let mut wrong = Vec::new();
    let mut refusals = BTreeSet::new();
    for scenario in scenarios() {
        for step in scenario.steps() {
            let ours: Vec<String> = step.fleet().err().into_iter().flatten().collect();
            let listed =
                REFUSED.iter().find(|(name, number, _, _)| *name == step.scenario && *number == step.number);
            match listed {
                Some((_, number, message, _)) => {
                    refusals.insert((step.scenario.clone(), *number));
                    if !ours.iter().any(|found| found == message) {
                        wrong.push(format!("{step}: expected {message:?}, found {ours:?}"));
                    }
                }
                None if ours.is_empty() == step.error.is_none() => {}
                None => wrong.push(format!("{step}: recorded {:?}, found {ours:?}", step.error)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(refusals.len(), REFUSED.len(), "a refusal is listed for a step that is not there");
}

#[test]
fn what_is_made_is_the_same() {
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    let mut compared = 0;
    for scenario in scenarios() {
        for step in scenario.steps().filter(|step| !step.made.is_empty()) {
            let Ok(fleet) = step.fleet() else { continue };
            for made in &step.made {
                let name = made["name"].as_str().expect("a name");
                let client = made["client"].as_str().expect("a client");
                if NOT_MADE.iter().any(|(not_made, _)| *not_made == name) {
                    used.insert(name.to_owned());
                    continue;
                }
                let Some(ours) = body(&fleet.spec().hosts[client], made) else {
                    wrong.push(format!("{step}: `{name}` is not there"));
                    continue;
                };
                compared += 1;
                for (field, recorded, ours) in normal::differences(&made["body"], &ours) {
                    if DIFFERENT.iter().any(|(item, other, _)| *item == name && *other == field) {
                        used.insert(format!("{name} {field}"));
                    } else {
                        wrong.push(format!("{step}: `{name}`: {field}: recorded {recorded}, found {ours}"));
                    }
                }
            }
        }
    }
    let listed = DIFFERENT.iter().map(|(item, field, _)| format!("{item} {field}"));
    let listed: BTreeSet<String> =
        listed.chain(NOT_MADE.iter().map(|(name, _)| (*name).to_owned())).collect();
    wrong.extend(
        listed.difference(&used).map(|entry| format!("listed as different, but is the same: {entry}")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 300, "only {compared} bodies were compared");
}

/// What dmfab would send for the same thing.
fn body(host: &HostSpec, made: &Value) -> Option<Value> {
    let name = made["name"].as_str().expect("a name");
    let container = |name: &str| host.containers.iter().find(|spec| spec.name == name);
    let volume = || host.volumes.iter().find(|spec| spec.name == name);
    let request = match made["kind"].as_str().expect("a kind") {
        "container" => requests::container(container(name)?),
        "connection" => {
            let (container_name, network_name) = name.split_once(" in ").expect("a container and a network");
            let endpoints = &container(container_name)?.settings.endpoints;
            let endpoint = endpoints.iter().find(|found| found.network_name == network_name)?;
            requests::connection(container_name, endpoint)
        }
        "network" => requests::network(host.networks.iter().find(|spec| spec.name == name)?),
        "volume" => requests::volume(volume()?),
        "preparation" => {
            let Preparation { owner, mode } = &volume()?.preparation;
            Ok(json!({"owner": owner, "mode": mode}))
        }
        "command" => {
            let mut commands = container(name)?.exec_commands.iter();
            let command = commands.find(|command| json!(command.arguments) == made["body"]["Cmd"])?;
            Ok(json!({"User": command.user, "Cmd": command.arguments}))
        }
        other => panic!("{name}: {other}"),
    };
    Some(request.unwrap_or_else(|error| panic!("{name}: {error}")))
}

#[test]
fn images_are_the_same() {
    let mut compared = 0;
    for step in all_steps() {
        let Some(config) = &step.config else { continue };
        let fleet = step.fleet().unwrap_or_else(|messages| panic!("{step}: {messages:?}"));
        for (config_name, image) in config["images"].as_object().expect("images") {
            let containers = fleet.spec().hosts.values().flat_map(|host| &host.containers);
            let found = containers
                .map(|container| (&container.id, container.image.to_string()))
                .find(|(id, _)| id.config_name == *config_name && config["map"] == id.map_name.as_str());
            assert_eq!(found.map(|(_, image)| image).as_deref(), image.as_str(), "{step}: {config_name}");
            compared += 1;
        }
    }
    assert!(compared > 50, "only {compared} images were compared");
}

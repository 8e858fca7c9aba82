//! Maps of Docker-Map, and what Docker-Map made of them: dmfab makes the same. What the data are is told in `golden/README.md`.
//!
//! Bodies of calls are compared as they would be sent, after [`normal`] took out what two clients may write differently and the Engine takes for the same.

mod listed;
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

use listed::{entries, text};
use scenario::all_steps;

#[test]
fn maps_are_accepted_or_refused_as_recorded() {
    let listed = entries("refused");
    let mut wrong = Vec::new();
    let mut refusals = BTreeSet::new();
    for step in all_steps() {
        let ours: Vec<String> = step.fleet().err().into_iter().flatten().collect();
        let entry =
            listed.iter().find(|entry| entry["scenario"] == step.scenario && entry["step"] == step.number);
        match entry {
            Some(entry) => {
                refusals.insert((step.scenario.clone(), step.number));
                if !ours.iter().any(|found| found == text(entry, "says")) {
                    wrong.push(format!("{step}: expected {entry}, found {ours:?}"));
                }
            }
            None if ours.is_empty() == step.error.is_none() => {}
            None => wrong.push(format!("{step}: recorded {:?}, found {ours:?}", step.error)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(refusals.len(), listed.len(), "a refusal is listed for a step that is not there");
}

#[test]
fn what_is_made_is_the_same() {
    let (mut not_made, mut different) = (Listed::of("not_made"), Listed::of("bodies"));
    let mut wrong = Vec::new();
    let mut compared = 0;
    for step in all_steps().filter(|step| !step.made.is_empty()) {
        let Ok(fleet) = step.fleet() else { continue };
        for made in &step.made {
            let name = text(made, "name");
            if not_made.has(name, None) {
                continue;
            }
            let Some(ours) = body(&fleet.spec().hosts[text(made, "client")], made) else {
                wrong.push(format!("{step}: `{name}` is not there"));
                continue;
            };
            compared += 1;
            for (field, recorded, ours) in normal::differences(&made["body"], &ours) {
                if !different.has(name, Some(&field)) {
                    wrong.push(format!("{step}: `{name}`: {field}: recorded {recorded}, found {ours}"));
                }
            }
        }
    }
    wrong.extend(not_made.unused().chain(different.unused()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 300, "only {compared} bodies were compared");
}

/// A part of the list, and which of its entries were needed.
struct Listed {
    entries: Vec<Value>,
    used: BTreeSet<usize>,
}

impl Listed {
    fn of(part: &str) -> Self {
        Self { entries: entries(part), used: BTreeSet::new() }
    }

    fn has(&mut self, name: &str, field: Option<&str>) -> bool {
        let is_it = |entry: &Value| entry["name"] == name && entry["field"].as_str() == field;
        let found = self.entries.iter().position(is_it);
        self.used.extend(found);
        found.is_some()
    }

    fn unused(&self) -> impl Iterator<Item = String> {
        let entries = self.entries.iter().enumerate().filter(|(index, _)| !self.used.contains(index));
        entries.map(|(_, entry)| format!("listed as different, but is the same: {entry}"))
    }
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

//! Maps as Docker-Map writes them out, with and without what is inherited: they come to the same containers.

use std::collections::BTreeMap;

use dmfab::Fleet;
use dmfab::map::ContainerMap;
use serde_json::{Value, json};

use super::scenario::all_steps;

/// The containers, networks and volumes of a map by name.
fn items(fleet: &Fleet, map_name: &str) -> BTreeMap<String, Value> {
    let host = fleet.spec().hosts.values().next().expect("a host");
    let containers = host.containers.iter().map(|spec| (&spec.id.map_name, &spec.name, json!(spec)));
    let networks = host.networks.iter().map(|spec| (&spec.map_name, &spec.name, json!(spec)));
    let volumes = host.volumes.iter().map(|spec| (&spec.map_name, &spec.name, json!(spec)));
    let all = containers.chain(networks).chain(volumes).filter(|(of_map, _, _)| *of_map == map_name);
    all.map(|(_, name, spec)| (name.clone(), spec)).collect()
}

#[test]
fn written_maps_come_to_the_same_containers() {
    let mut compared = 0;
    for step in all_steps() {
        let Some(config) = &step.config else { continue };
        let map_name = config["map"].as_str().expect("a name");
        let own = step.fleet().unwrap_or_else(|messages| panic!("{step}: {messages:?}"));
        let own = items(&own, map_name);
        assert!(!own.is_empty(), "{step}");
        for form in ["as_dict", "extended"] {
            let written = step.fleet_with(map_name, &config[form]);
            let written = written.unwrap_or_else(|messages| panic!("{step}: {form}: {messages:?}"));
            assert_eq!(items(&written, map_name), own, "{step}: {form}");
            compared += 1;
        }
    }
    assert!(compared >= 20, "only {compared} maps were compared");
}

#[test]
fn maps_that_dmfab_writes_read_as_the_same() {
    let mut compared = 0;
    for step in all_steps() {
        for map in step.map_texts().filter_map(|text| ContainerMap::from_yaml(&text).ok()) {
            let written = map.to_yaml().expect("no functions");
            let read = ContainerMap::from_yaml(&written).unwrap_or_else(|error| panic!("{step}: {error}"));
            assert_eq!(read, map, "{step}: {written}");
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} maps were compared");
}

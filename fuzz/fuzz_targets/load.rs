//! Loads, checks and resolves whatever comes, shows what is wrong with it and chooses from it.
//!
//! Input is an inventory, a map and variables (`NAME=value`, one in each part), with NUL bytes between
//! them: no text file holds one. Nothing is read, run or looked up outside this process.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dmfab::map::ContainerMap;
use dmfab::model::spec::FleetSpec;
use dmfab::model::variables::{Outside, Variables};
use dmfab::resolve::selection::{HostNames, select_items};
use dmfab::resolve::{Commands, Limits, resolve_within};
use dmfab::source::load::load;
use dmfab::source::render::{RenderOptions, records, render};
use libfuzzer_sys::fuzz_target;

/// Small enough for the whole process to stay below 200 MB.
const LIMITS: Limits = Limits { values: 200_000, compared_names: 100_000 };

/// Files and programs that exist only here.
struct Imagined;

impl Outside for Imagined {
    fn read_file(&self, path: &Path) -> Result<String, String> {
        if path.ends_with("missing") { Err("does not exist".to_owned()) } else { Ok("content\n".to_owned()) }
    }

    fn run_command(&self, words: &[String]) -> Result<String, String> {
        words.first().map(|word| format!("{word} says so\n")).ok_or_else(|| "has no name".to_owned())
    }
}

fuzz_target!(|input: &[u8]| {
    let mut parts = input.split(|byte| *byte == 0);
    let inventory = parts.next().unwrap_or_default();
    let map = parts.next().unwrap_or_default();
    let texts: Vec<String> = parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    let fleet = resolved(inventory, map, &texts);
    choose(&fleet, &texts);
    write_and_read_again(map);
});

fn resolved(inventory: &[u8], map: &[u8], texts: &[String]) -> FleetSpec {
    let values = texts.iter().filter_map(|text| text.split_once('='));
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let variables = Variables::new(values, Some("/home/me".to_owned())).with_outside(Arc::new(Imagined));
    let root = Path::new("fleet/inventory.yaml");
    let mut read = |path: &Path| Ok(if path == root { inventory.to_vec() } else { map.to_vec() });
    let extra_maps: &[PathBuf] = if map.is_empty() { &[] } else { &[PathBuf::from("map.yaml")] };
    let mut loaded = load(root, extra_maps, &variables, &mut read);
    if let Some(defaults) = loaded.inventory.as_ref().and_then(|inventory| inventory.map_defaults.as_ref()) {
        loaded.maps.iter_mut().for_each(|map| map.fill_from(defaults));
    }
    let mut fleet = FleetSpec::default();
    if let Some(raw) = &loaded.inventory {
        let folder = Path::new("fleet");
        let (resolved, found) =
            resolve_within(raw, &loaded.maps, &loaded.sources, &variables, folder, Commands::Run, LIMITS);
        fleet = resolved;
        loaded.diagnostics.extend(found);
        loaded.diagnostics.sort();
    } else {
        assert!(loaded.diagnostics.has_errors(), "nothing was read and nothing was said");
    }
    for options in [RenderOptions::default(), RenderOptions { width: 20, colour: true }] {
        let screen = render(&loaded.diagnostics, &loaded.sources, options);
        assert_eq!(screen.is_empty(), loaded.diagnostics.is_empty());
    }
    let records = records(&loaded.diagnostics, &loaded.sources);
    assert_eq!(records.len(), loaded.diagnostics.iter().count());
    serde_json::to_string(&records).expect("plain data");
    for host in fleet.hosts.values() {
        serde_json::to_string(&host.containers).expect("plain data");
        serde_json::to_string(&(&host.networks, &host.volumes)).expect("plain data");
    }
    fleet
}

/// What would be typed for `--hosts` and for items.
fn choose(fleet: &FleetSpec, texts: &[String]) {
    let host_names = HostNames::of(fleet);
    for text in texts {
        match host_names.select(text) {
            Ok(chosen) => assert!(chosen.iter().all(|name| fleet.hosts.contains_key(name))),
            Err(error) => assert!(!error.message.is_empty()),
        }
        let _ = select_items(&fleet.maps, std::slice::from_ref(text));
    }
    let _ = select_items(&fleet.maps, texts);
}

/// A map without mistakes is the same after it has been written.
fn write_and_read_again(map: &[u8]) {
    let Some(map) = std::str::from_utf8(map).ok().and_then(|text| ContainerMap::from_yaml(text).ok()) else {
        return;
    };
    for written in [map.to_yaml(), map.to_json()] {
        let written = written.expect("values that files can hold");
        let read = ContainerMap::from_yaml(&written);
        assert!(read.is_ok_and(|read| read == map), "another map is read from\n{written}");
    }
}

//! One scenario: its steps in their order, and what is different after each.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::protocol;
use super::compare::{Compared, Difference};
use super::engine::Engine;
use super::mutate::mutate;
use super::registry::Held;
use super::stage::{Stage, held, list, text};
use super::state::Dumper;
use super::{Scenario, say};

/// How long containers have to end before a state is looked at; the same as when it was recorded.
const SETTLE_SECONDS: f64 = 0.35;

/// What takes longer hangs, also on a machine that has much to do. Scenarios with a limit of their own get twice that.
const LIMIT_SECONDS: u64 = 70;

/// A scenario on its way.
pub(super) struct Performance<'a> {
    scenario: &'a Scenario,
    stages: Vec<(&'a str, &'a Stage)>,
    dumpers: BTreeMap<&'a str, Dumper>,
    maps: Map<String, Value>,
    clients: Map<String, Value>,
    registries: Held,
    folder: tempfile::TempDir,
}

impl<'a> Performance<'a> {
    /// Sets the stages. They are named `A` and `B`.
    pub(super) fn new(scenario: &'a Scenario, stages: Vec<(&'a str, &'a Stage)>) -> Self {
        for (_, stage) in &stages {
            stage.reset(&scenario.text);
        }
        let mut performance = Self {
            scenario,
            dumpers: stages.iter().map(|(name, _)| (*name, Dumper::default())).collect(),
            maps: scenario.text["maps"].as_object().cloned().unwrap_or_default(),
            clients: Map::new(),
            registries: held(&scenario.text),
            folder: tempfile::tempdir_in(stages[0].1.outside("/srv")).expect("a folder"),
            stages,
        };
        performance.clients = performance.first_clients();
        performance
    }

    /// Clients with the sockets of their Engines.
    fn first_clients(&self) -> Map<String, Value> {
        let default = json!({"__default__": {}});
        let given = self.scenario.text.get("clients").unwrap_or(&default);
        let given = given.as_object().into_iter().flatten();
        given.map(|(name, settings)| (name.clone(), self.client(settings))).collect()
    }

    fn client(&self, settings: &Value) -> Value {
        let mut client = json!({});
        if settings["bare"] != true {
            client = json!({
                "version": "1.41",
                "interfaces": {"private": "10.66.0.11", "public": "203.0.113.11"},
                "interfaces_ipv6": {"private": "fd00:66::11", "public": "fd00:77::11"},
            });
        }
        for (key, value) in settings.as_object().into_iter().flatten() {
            if !["engine", "bare"].contains(&key.as_str()) {
                client[key] = value.clone();
            }
        }
        let engine = self.engine(settings["engine"].as_str().unwrap_or("A"));
        client["base_url"] = json!(format!("unix://{}", engine.socket.display()));
        client
    }

    fn stage(&self, name: &str) -> &'a Stage {
        self.stages.iter().find(|(found, _)| *found == name).expect("an Engine of the scenario").1
    }

    fn engine(&self, name: &str) -> &'a Engine {
        &self.stage(name).engine
    }

    /// Does all steps.
    pub(super) fn run(mut self) -> Vec<Difference> {
        for operation in list(&self.scenario.text["setup"]) {
            self.mutate(operation);
        }
        self.dump();
        let mut differences = Vec::new();
        let steps: Vec<&Value> = list(&self.scenario.text["steps"]).collect();
        for (number, step) in steps.into_iter().enumerate() {
            let found = self.done(step);
            let recorded = &self.scenario.recorded["steps"][number];
            let compared = Compared { scenario: &self.scenario.name, step: number, recorded, found: &found };
            differences.extend(compared.differences());
        }
        differences
    }

    /// dmfab: on the one host, whose files are then at hand; else outside.
    fn program(&self) -> PathBuf {
        match &self.stages[..] {
            [(_, stage)] => stage.program(),
            _ => env!("CARGO_BIN_EXE_dmfab").into(),
        }
    }

    fn mutate(&mut self, operation: &Value) {
        let stage = self.stage(operation["engine"].as_str().unwrap_or("A"));
        // What is refused shows in the state.
        if let Err(refused) = mutate(stage, operation, &mut self.registries) {
            say(&format!("{}: {operation}: {refused}", self.scenario.name));
        }
    }

    /// One step, in the form of `result.json`.
    fn done(&mut self, step: &Value) -> Value {
        self.change_files(step);
        for operation in list(&step["mutate"]) {
            self.mutate(operation);
        }
        let mut found = json!({"do": step});
        let is_asked = ["action", "util", "dump_config"].iter().any(|key| step.get(key).is_some());
        if is_asked {
            let answer = protocol::answer(&self.request(step), &self.program());
            found["error"] = answer["error"].clone();
            found["outputs"] = answer["outputs"].clone();
        }
        if step.get("action").is_some() || step.get("mutate").is_some() {
            thread::sleep(Duration::from_secs_f64(step["settle"].as_f64().unwrap_or(SETTLE_SECONDS)));
        }
        found["state"] = self.dump();
        found["probes"] = list(&step["probe"]).map(|probe| self.probed(probe)).collect();
        found
    }

    fn change_files(&mut self, step: &Value) {
        for (name, map) in step["set_map"].as_object().into_iter().flatten() {
            match map {
                Value::Null => drop(self.maps.remove(name)),
                map => drop(self.maps.insert(name.clone(), map.clone())),
            }
        }
        for (name, settings) in step["set_clients"].as_object().into_iter().flatten() {
            for (key, value) in settings.as_object().into_iter().flatten() {
                self.clients[name][key] = value.clone();
            }
        }
    }

    /// A step with the time that it may take.
    fn limited(&self, step: &Value) -> Value {
        let mut step = step.clone();
        let seconds = step["timeout"].as_u64().or_else(|| self.scenario.text["timeout"].as_u64());
        step["timeout"] = json!(seconds.map_or(LIMIT_SECONDS, |seconds| 2 * seconds));
        step
    }

    /// What the adapter is given.
    fn request(&self, step: &Value) -> Value {
        let folder = self.folder.path();
        let write = |(name, map): (&String, &Value)| {
            let path = folder.join(format!("{name}.yaml"));
            let map = map.as_str().map_or_else(|| map.to_string(), str::to_owned);
            fs::write(&path, map).expect("a map");
            (name.clone(), json!(path))
        };
        let mut request = json!({
            "maps": self.maps.iter().map(write).collect::<Map<_, _>>(),
            "clients": self.clients,
            "step": self.limited(step),
            "environ": {},
            "workdir": folder,
        });
        for key in ["environ", "default_map", "map_defaults", "option_defaults"] {
            if let Some(value) = self.scenario.text.get(key) {
                request[key] = value.clone();
            }
        }
        // What is started and fails, fails within this time.
        request["environ"]["DMFAB_SETTLE"] = json!("1");
        request
    }

    fn dump(&mut self) -> Value {
        let mut states: Map<String, Value> = Map::new();
        for (name, stage) in &self.stages {
            let dumper = self.dumpers.get_mut(name).expect("a dumper");
            states.insert((*name).to_owned(), dumper.dump(stage));
        }
        if states.len() == 1 { states.remove("A").unwrap_or_default() } else { states.into() }
    }

    /// What a command in a container writes, or what a file of the host holds.
    fn probed(&self, probe: &Value) -> Value {
        let stage = self.stage(probe["engine"].as_str().unwrap_or("A"));
        let result = match probe["host"].as_str() {
            Some(path) => match fs::read_to_string(stage.outside(path)) {
                Ok(text) => json!(text.lines().collect::<Vec<_>>()),
                Err(_) => json!("FileNotFoundError"),
            },
            None => run_in_container(&stage.engine, probe),
        };
        json!({"probe": probe, "result": result})
    }
}

fn run_in_container(engine: &Engine, probe: &Value) -> Value {
    let command = probe.get("cmd").cloned().unwrap_or_else(|| json!(["cat", probe["file"]]));
    let user = probe["user"].as_str().map_or_else(String::new, str::to_owned);
    match engine.run(text(probe, "container"), &command, &user) {
        Ok(mut lines) => {
            if probe["sort"] == true {
                lines.sort();
            }
            json!(lines)
        }
        Err(refused) => json!(format!("error {}", refused.status)),
    }
}

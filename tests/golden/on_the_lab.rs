//! Every scenario, step by step, on Engines of the lab: the adapter does each step through the dmfab binary, and the state afterwards is the recorded one.
//!
//! `DMFAB_GOLDEN=NAME,NAME` runs some scenarios only, and shows every difference, also allowed ones.

mod archive;
mod compare;
mod container;
mod engine;
mod exceptions;
mod images;
mod mutate;
mod performance;
mod registry;
mod stage;
mod state;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use serde_json::Value;

use compare::{Difference, is_allowed};
use exceptions::Exceptions;
use performance::Performance;
use stage::Stage;

/// Hosts that each take one scenario after another, and one that stands by for scenarios with two Engines.
const HOSTS: [&str; 4] = ["golden1", "golden2", "golden3", "golden4"];
const SECOND_HOST: &str = "golden-b";

/// A scenario and what was recorded.
struct Scenario {
    name: String,
    text: Value,
    recorded: Value,
}

impl Scenario {
    fn read(folder: &Path) -> Self {
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).expect("a file of the scenario");
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let text = serde_saphyr::from_str(&read("scenario.yaml"));
        let recorded = serde_json::from_str(&read("result.json"));
        Self {
            text: text.unwrap_or_else(|error| panic!("{name}: {error}")),
            recorded: recorded.unwrap_or_else(|error| panic!("{name}: {error}")),
            name,
        }
    }

    /// How long it took when it was recorded.
    fn seconds(&self) -> f64 {
        stage::list(&self.recorded["steps"]).filter_map(|step| step["seconds"].as_f64()).sum()
    }

    fn needs_two_engines(&self) -> bool {
        self.text["engines"].as_array().is_some_and(|engines| engines.len() > 1)
    }
}

/// Those that are asked for, long ones first.
fn scenarios(wanted: Option<&str>) -> Vec<Scenario> {
    let wanted: Option<BTreeSet<&str>> = wanted.map(|names| names.split(',').collect());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let folders = std::fs::read_dir(root).expect("the data").map(|entry| entry.expect("an entry").path());
    let is_wanted = |folder: &PathBuf| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        wanted.as_ref().is_none_or(|wanted| wanted.contains(name.as_str()))
    };
    let folders = folders.filter(|folder| folder.join("scenario.yaml").exists()).filter(is_wanted);
    let mut found: Vec<Scenario> = folders.map(|folder| Scenario::read(&folder)).collect();
    found.sort_by(|one, other| one.seconds().total_cmp(&other.seconds()));
    found
}

#[test]
fn every_scenario_ends_as_recorded() {
    let wanted = std::env::var("DMFAB_GOLDEN").ok();
    let scenarios = scenarios(wanted.as_deref());
    let names: BTreeSet<String> = scenarios.iter().map(|scenario| scenario.name.clone()).collect();
    assert!(wanted.is_some() || names.len() > 60, "only {} scenarios were found", names.len());
    assert!(!names.is_empty(), "there is no scenario of this name");
    let second = Mutex::new(None);
    let left = Mutex::new(scenarios);
    let judge = Mutex::new(Judge { exceptions: Exceptions::read(), wrong: Vec::new() });
    thread::scope(|scope| {
        for host in HOSTS.iter().take(names.len()) {
            scope.spawn(|| {
                let stage = Stage::set(host, 11);
                while let Some(scenario) = { left.lock().expect("no panic").pop() } {
                    let started = Instant::now();
                    let found = performed(&scenario, &stage, &second);
                    say(&format!("{:<28} {:>5.1} s", scenario.name, started.elapsed().as_secs_f64()));
                    judge.lock().expect("no panic").hear(&found);
                }
            });
        }
    });
    let Judge { exceptions, mut wrong } = judge.into_inner().expect("no panic");
    wrong.extend(exceptions.unused(&names.iter().map(String::as_str).collect()));
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// Tells listed differences from others.
struct Judge {
    exceptions: Exceptions,
    wrong: Vec<String>,
}

impl Judge {
    fn hear(&mut self, differences: &[Difference]) {
        for difference in differences {
            let is_listed = self.exceptions.cover(difference);
            say(&format!("    {}{difference}", if is_listed { "(listed) " } else { "" }));
            if !is_listed {
                self.wrong.push(difference.to_string());
            }
        }
    }
}

/// What is going on, for `--nocapture`.
#[expect(clippy::print_stderr, reason = "the harness keeps what is printed, until somebody asks for it")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// A scenario on one host, or on this one and the one that stands by.
fn performed(scenario: &Scenario, stage: &Stage, second: &Mutex<Option<Stage>>) -> Vec<Difference> {
    let differences = if scenario.needs_two_engines() {
        let mut second = second.lock().expect("no panic");
        let second = second.get_or_insert_with(|| Stage::set(SECOND_HOST, 12));
        Performance::new(scenario, vec![("A", stage), ("B", second)]).run()
    } else {
        Performance::new(scenario, vec![("A", stage)]).run()
    };
    differences.into_iter().filter(|found| !is_allowed(&scenario.text["lenient"], found)).collect()
}

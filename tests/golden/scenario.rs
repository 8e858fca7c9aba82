//! The recorded scenarios, and the maps and clients as they are at each step.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use dmfab::Fleet;
use dmfab::model::variables::Variables;
use dmfab::source::diagnostic::Severity;
use serde_json::{Map, Value, json};

/// One folder.
pub(super) struct Scenario {
    name: String,
    folder: PathBuf,
    recorded: Value,
}

/// A step, with what its maps and clients are by then.
pub(super) struct Step {
    pub(super) scenario: String,
    pub(super) number: u64,
    /// What was recorded where maps or clients are refused.
    pub(super) error: Option<Value>,
    /// One map as Docker-Map sees it.
    pub(super) config: Option<Value>,
    /// Calls that make something.
    pub(super) made: Vec<Value>,
    maps: BTreeMap<String, PathBuf>,
    clients: Value,
    map_defaults: Value,
    environ: Vec<(String, String)>,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} step {}", self.scenario, self.number)
    }
}

/// All scenarios by name.
fn scenarios() -> Vec<Scenario> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let entries = fs::read_dir(&root).expect("the data").map(|entry| entry.expect("an entry").path());
    let mut scenarios: Vec<Scenario> =
        entries.filter(|path| path.join("recorded.json").exists()).map(Scenario::read).collect();
    scenarios.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(scenarios.len() > 60, "only {} scenarios were found", scenarios.len());
    scenarios
}

/// The steps of all scenarios.
pub(super) fn all_steps() -> impl Iterator<Item = Step> {
    scenarios().into_iter().flat_map(|scenario| scenario.steps().collect::<Vec<_>>())
}

impl Scenario {
    fn read(folder: PathBuf) -> Self {
        let text = fs::read_to_string(folder.join("recorded.json")).expect("what was recorded");
        let recorded =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        Self { name, folder, recorded }
    }

    /// Its steps in their order.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> {
        let mut maps = BTreeMap::new();
        let mut clients = Value::Null;
        let steps = self.recorded["steps"].as_array().expect("steps").iter();
        steps.map(move |step| {
            for (name, file) in step["maps"].as_object().into_iter().flatten() {
                maps.insert(name.clone(), self.folder.join(file.as_str().expect("a file")));
            }
            if let Some(changed) = step.get("clients") {
                clients = changed.clone();
            }
            Step {
                scenario: self.name.clone(),
                number: step["step"].as_u64().expect("a number"),
                error: step.get("error").cloned(),
                config: step.get("config").cloned(),
                made: step["made"].as_array().cloned().unwrap_or_default(),
                maps: maps.clone(),
                clients: clients.clone(),
                map_defaults: self.recorded["map_defaults"].clone(),
                environ: self.environ(),
            }
        })
    }

    fn environ(&self) -> Vec<(String, String)> {
        let entries = self.recorded["environ"].as_object().into_iter().flatten();
        entries.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned())).collect()
    }
}

impl Step {
    /// An inventory of these clients and maps, resolved; or the messages of what is wrong.
    pub(super) fn fleet(&self) -> Result<Fleet, Vec<String>> {
        self.resolved(&self.map_paths())
    }

    /// The same with another map in the place of the one by this name.
    pub(super) fn fleet_with(&self, map_name: &str, map: &Value) -> Result<Fleet, Vec<String>> {
        self.resolved(&json!({map_name: map}))
    }

    fn resolved(&self, maps: &Value) -> Result<Fleet, Vec<String>> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("inventory.yaml");
        let inventory = json!({"maps": maps, "hosts": self.clients, "map_defaults": self.map_defaults});
        // JSON is YAML.
        fs::write(&file, inventory.to_string()).expect("a file");
        let variables = Variables::new(self.environ.clone(), None);
        Fleet::load(&file, &[], &variables).map_err(|error| {
            let found = error.findings.diagnostics.iter().filter(|found| found.severity == Severity::Error);
            found.map(|found| found.message.clone()).collect()
        })
    }

    /// The maps as they are written.
    pub(super) fn map_texts(&self) -> impl Iterator<Item = String> {
        self.maps.values().map(|path| fs::read_to_string(path).expect("a map"))
    }

    fn map_paths(&self) -> Value {
        let path = |file: &PathBuf| json!(file.to_str().expect("a path"));
        let is_named_inside = self.maps.keys().any(|name| name.starts_with('_'));
        if is_named_inside {
            Value::Array(self.maps.values().map(path).collect())
        } else {
            Value::Object(
                self.maps.iter().map(|(name, file)| (name.clone(), path(file))).collect::<Map<_, _>>(),
            )
        }
    }
}

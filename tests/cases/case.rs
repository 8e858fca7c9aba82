//! One case: its files, what `dmfab` makes of them, and what was expected.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use dmfab::Fleet;
use dmfab::host::docker::requests;
use dmfab::model::variables::Variables;
use dmfab::resolve::selection::{SelectedContainer, SelectionError};
use serde_json::{Map, Value, json};

use super::compare::{by_name, differences};
use super::document;
use crate::support::dmfab::{Dmfab, Ended, dmfab};

const KEYS: [&str; 13] = [
    "features",
    "shows",
    "inventory",
    "map",
    "files",
    "environ",
    "gives",
    "sends",
    "finds",
    "screen",
    "at",
    "forms",
    "chooses",
];
const INVENTORY: &str = "hosts: {h: }\nmaps: {m: map.yaml}\n";

/// A case of a file.
pub(super) struct Case {
    /// Below `cases`.
    file: String,
    number: usize,
    fields: Map<String, Value>,
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} case {}: {}", self.file, self.number, self.text("shows").unwrap_or_default())
    }
}

/// All cases, by file.
pub(super) fn all() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "yaml" => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    assert!(files.len() > 10, "the cases are not where they should be");
    files.iter().flat_map(|file| read(&root, file)).collect()
}

fn read(root: &Path, path: &Path) -> Vec<Case> {
    let file = path.strip_prefix(root).expect("below").display().to_string();
    let cases = match document::read(path) {
        Value::Array(cases) => cases,
        case => vec![case],
    };
    let case = |(index, case): (usize, Value)| {
        let Value::Object(fields) = case else { panic!("{file}: a case is a mapping") };
        let unknown: Vec<&String> = fields.keys().filter(|key| !KEYS.contains(&key.as_str())).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
        let case = Case { file: file.clone(), number: index + 1, fields };
        assert!(
            case.text("shows").is_some() && !case.features().is_empty(),
            "{case}: says not what it is for"
        );
        case
    };
    cases.into_iter().enumerate().map(case).collect()
}

impl Case {
    pub(super) fn features(&self) -> Vec<String> {
        let ids = self.fields.get("features").and_then(Value::as_array).into_iter().flatten();
        ids.map(|id| id.as_str().expect("an id").to_owned()).collect()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str)
    }

    /// The files of each of its forms in which nothing may be wrong, with a name for messages.
    pub(super) fn right_files(&self) -> Vec<(String, String, String)> {
        let forms: Vec<(Option<&str>, Map<String, Value>)> = match self.fields.get("forms") {
            Some(Value::Object(forms)) => forms
                .iter()
                .map(|(form, expected)| (Some(form.as_str()), self.expected_of_form(expected)))
                .collect(),
            _ => vec![(None, self.fields.clone())],
        };
        let is_error = |line: &Value| line.as_str().is_some_and(|line| !line.starts_with("warning: "));
        let is_right = |expected: &Map<String, Value>| {
            let finds = expected.get("finds").and_then(Value::as_array);
            !expected.contains_key("screen") && !finds.is_some_and(|lines| lines.iter().any(is_error))
        };
        let right = forms.into_iter().filter(|(_, expected)| is_right(expected));
        right.flat_map(|(form, _)| self.files(form)).collect()
    }

    fn files(&self, form: Option<&str>) -> Vec<(String, String, String)> {
        let folder = tempfile::tempdir().expect("a folder");
        self.write(folder.path(), form);
        let files = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry"));
        let read = |entry: fs::DirEntry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let text = fs::read_to_string(entry.path()).ok()?;
            Some((format!("{self} {}", form.unwrap_or_default()), name, text))
        };
        files.filter_map(read).collect()
    }

    /// What is not as expected.
    pub(super) fn run(&self) -> Vec<String> {
        let Some(Value::Object(forms)) = self.fields.get("forms") else {
            return self.run_with(None, &self.fields);
        };
        let mut wrong = Vec::new();
        for (form, expected) in forms {
            let found = self.run_with(Some(form), &self.expected_of_form(expected));
            wrong.extend(found.into_iter().map(|found| format!("{form}: {found}")));
        }
        wrong
    }

    /// `{finds: ..}`, or the value at the place that the case is about.
    fn expected_of_form(&self, expected: &Value) -> Map<String, Value> {
        if let Value::Object(fields) = expected
            && fields.keys().all(|key| ["finds", "gives", "sends"].contains(&key.as_str()))
            && !fields.is_empty()
        {
            return fields.clone();
        }
        let path = self.fields.get("at").and_then(Value::as_array).into_iter().flatten();
        let whole = json!({"exactly": expected});
        let fields = path.rev().fold(whole, |inner, name| json!({name.as_str().expect("a name"): inner}));
        fields.as_object().cloned().unwrap_or_default()
    }

    fn run_with(&self, form: Option<&str>, expected: &Map<String, Value>) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        self.write(folder.path(), form);
        let run = |arguments: &[&str]| self.dmfab(arguments).in_folder(folder.path()).run();
        let check = run(&["check", "inventory.yaml", "--json"]);
        let mut wrong = match expected.get("screen").and_then(Value::as_str) {
            Some(screen) => wrong_screen(screen, &run(&["check", "inventory.yaml"])),
            None => wrong_findings(expected.get("finds"), &check),
        };
        let asks_more = ["gives", "sends", "chooses"].iter().any(|key| expected.contains_key(*key));
        if check.exit != 0 && asks_more {
            wrong.push("there is nothing more to compare".to_owned());
            return wrong;
        }
        if let Some(gives) = expected.get("gives") {
            let config = run(&["config", "inventory.yaml", "--json"]).exits_with(0);
            wrong.extend(given(gives, &config.json()));
        }
        if let Some(Value::Object(sends)) = expected.get("sends") {
            wrong.extend(sent(sends, &self.fleet(folder.path())));
        }
        if let Some(Value::Object(chooses)) = expected.get("chooses") {
            wrong.extend(chosen(chooses, &self.fleet(folder.path())));
        }
        wrong
    }

    fn write(&self, folder: &Path, form: Option<&str>) {
        let put = |name: &str, text: &str| {
            let text = form.map_or_else(|| text.to_owned(), |form| text.replace("FORM", form));
            fs::write(folder.join(name), text).expect("a file");
        };
        put("inventory.yaml", self.text("inventory").unwrap_or(INVENTORY));
        if let Some(map) = self.text("map") {
            put("map.yaml", map);
        }
        for (name, text) in self.fields.get("files").and_then(Value::as_object).into_iter().flatten() {
            put(name, text.as_str().expect("text"));
        }
    }

    fn environ(&self) -> impl Iterator<Item = (String, String)> {
        let entries = self.fields.get("environ").and_then(Value::as_object).into_iter().flatten();
        entries.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
    }

    fn dmfab(&self, arguments: &[&str]) -> Dmfab {
        self.environ().fold(dmfab(arguments), |dmfab, (name, value)| dmfab.env(&name, &value))
    }

    fn fleet(&self, folder: &Path) -> Fleet {
        let home = self.environ().find(|(name, _)| name == "HOME").map(|(_, home)| home);
        let variables = Variables::new(self.environ(), home);
        Fleet::load(&folder.join("inventory.yaml"), &[], &variables).expect("what `check` accepts")
    }
}

fn wrong_screen(expected: &str, check: &Ended) -> Vec<String> {
    let is_same = check.stderr == expected;
    let both = || format!("expected\n{expected}\nfound\n{}", check.stderr);
    if is_same { Vec::new() } else { vec![both()] }
}

fn wrong_findings(expected: Option<&Value>, check: &Ended) -> Vec<String> {
    let expected: Vec<String> = expected
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|line| line.as_str().expect("text").to_owned())
        .collect();
    let found = findings(check);
    let lines = |list: &[String]| {
        let list: Vec<String> = list.iter().map(|line| format!("\n      {line:?}")).collect();
        list.concat()
    };
    let both = || format!("expected to find{}\n    found{}", lines(&expected), lines(&found));
    if found == expected { Vec::new() } else { vec![both()] }
}

/// Items as they are typed, and the containers they mean.
fn chosen(chooses: &Map<String, Value>, fleet: &Fleet) -> Vec<String> {
    let mut wrong = Vec::new();
    for (typed, expected) in chooses {
        let items: Vec<String> = typed.split_whitespace().map(str::to_owned).collect();
        let found = match fleet.select(None, &items) {
            Ok(selection) => selection.containers.iter().map(full_name).collect(),
            Err(SelectionError { message, help: None }) => json!(message),
            Err(SelectionError { message, help: Some(help) }) => json!(format!("{message} | {help}")),
        };
        if found != *expected {
            wrong.push(format!("{typed}: expected {expected}, found {found}"));
        }
    }
    wrong
}

/// Containers, networks and volumes, and what an Engine is sent to make them.
fn sent(sends: &Map<String, Value>, fleet: &Fleet) -> Vec<String> {
    let hosts = || fleet.spec().hosts.values();
    let body = |name: &str| {
        let container =
            hosts().flat_map(|host| &host.containers).find(|spec| spec.name == name).map(requests::container);
        let network =
            || hosts().flat_map(|host| &host.networks).find(|spec| spec.name == name).map(requests::network);
        let volume =
            || hosts().flat_map(|host| &host.volumes).find(|spec| spec.name == name).map(requests::volume);
        container
            .or_else(network)
            .or_else(volume)
            .map_or(Value::Null, |body| body.map_or_else(Value::from, without_nothing))
    };
    sends
        .iter()
        .flat_map(|(name, expected)| differences(&json!({name: expected}), &json!({name: body(name)})))
        .collect()
}

/// Without members that say nothing.
fn without_nothing(body: Value) -> Value {
    let Value::Object(fields) = body else { return body };
    let kept = fields.into_iter().map(|(name, value)| match name.as_str() {
        "HostConfig" | "IPAM" => (name, without_nothing(value)),
        _ => (name, value),
    });
    kept.filter(|(_, value)| !says_nothing(value)).collect::<Map<_, _>>().into()
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
    }
}

fn full_name(container: &SelectedContainer) -> Value {
    let instance = container.instance_name.as_ref().map(|name| format!(".{name}")).unwrap_or_default();
    json!(format!("{}.{}{instance}", container.map_name, container.config_name))
}

/// What is not given as expected.
fn given(gives: &Value, config: &Value) -> Vec<String> {
    match gives.get("hosts").and_then(Value::as_object) {
        Some(hosts) => hosts
            .iter()
            .flat_map(|(name, host)| differences(host, &by_name(&config["hosts"][name.as_str()])))
            .collect(),
        None => differences(gives, &by_name(&config["hosts"]["h"])),
    }
}

/// All that was found, a line each: `LINE: message | help`.
fn findings(check: &Ended) -> Vec<String> {
    let document = check.json();
    let findings = document["diagnostics"].as_array().expect("findings").iter().map(finding).collect();
    let errors = document["errors"].as_u64().expect("a number");
    assert_eq!(check.exit, if errors > 0 { 2 } else { 0 }, "{check}");
    findings
}

fn finding(record: &Value) -> String {
    let severity = match record["severity"].as_str() {
        Some("error") => "",
        _ => "warning: ",
    };
    let place = match (record["file"].as_str(), &record["line"]) {
        (None, _) => String::new(),
        (Some("map.yaml"), line) => format!("{line}: "),
        (Some(file), line) => format!("{file}:{line}: "),
    };
    let help = record["help"].as_str().map(|help| format!(" | {help}")).unwrap_or_default();
    format!("{severity}{place}{}{help}", record["message"].as_str().expect("a message"))
}

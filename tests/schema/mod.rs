//! `dmfab schema`: takes what the program takes, refuses what the program refuses, as far as a
//! schema can see it. Needs no host and no network.

mod forms;
mod typed;
mod wrong;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use dmfab::reference::{Place, Reference};
use jsonschema::Validator;
use serde_json::Value;

use crate::cases::right_files;
use crate::docs::complete_blocks;
use crate::support::dmfab::dmfab;
use typed::{Typing, typed};

/// The two schemas as the program prints them.
static INVENTORY: LazyLock<Schema> = LazyLock::new(|| Schema::printed("inventory"));
static MAP: LazyLock<Schema> = LazyLock::new(|| Schema::printed("map"));

struct Schema {
    value: Value,
    validator: Validator,
}

impl Schema {
    fn printed(document: &str) -> Self {
        let shown = dmfab(["schema", document]).run().exits_with(0).stdout;
        let value: Value = serde_json::from_str(&shown).expect("JSON");
        let validator = jsonschema::draft202012::new(&value).expect("a schema");
        Self { value, validator }
    }

    /// What a validator finds in a text, however it types the scalars.
    fn findings(&self, text: &str) -> Vec<String> {
        let found = [Typing::Core, Typing::Old].map(|typing| {
            let document = typed(text, typing);
            let errors = self.validator.iter_errors(&document);
            errors.map(|error| format!("{typing:?} {}: {error}", error.instance_path())).collect::<Vec<_>>()
        });
        found.concat()
    }

    /// Whether editors refuse a text.
    fn refuses(&self, text: &str) -> bool {
        !self.validator.is_valid(&typed(text, Typing::Core))
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder with an extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_schemas_are_valid_themselves() {
    for schema in [&*INVENTORY, &*MAP] {
        assert_eq!(schema.value["$schema"], "https://json-schema.org/draft/2020-12/schema");
        jsonschema::meta::validate(&schema.value).expect("a valid schema");
        assert!(
            dangling(&schema.value, &schema.value).is_empty(),
            "{:?}",
            dangling(&schema.value, &schema.value)
        );
    }
}

/// References that lead nowhere; a validator looks them up only when it gets there.
fn dangling(schema: &Value, root: &Value) -> Vec<String> {
    match schema {
        Value::Object(fields) => {
            let target = fields.get("$ref").and_then(Value::as_str);
            let own = target.filter(|target| root.pointer(target.trim_start_matches('#')).is_none());
            let inner = fields.values().flat_map(|field| dangling(field, root));
            own.map(str::to_owned).into_iter().chain(inner).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| dangling(item, root)).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn shipped_files_are_accepted() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (folder, schema) in [("inventories", &*INVENTORY), ("examples", &*MAP)] {
        for path in files(&repository().join(folder), "yaml") {
            count += 1;
            wrong.extend(
                schema.findings(&read(&path)).iter().map(|found| format!("{}: {found}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 4, "only {count} files were found");
}

#[test]
fn files_in_the_documents_are_accepted() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (place, name, text) in complete_blocks() {
        let schema = if name == "map.yaml" { &*MAP } else { &*INVENTORY };
        count += 1;
        wrong.extend(schema.findings(&text).iter().map(|found| format!("{place}: {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 30, "only {count} files were found");
}

#[test]
fn files_of_cases_are_accepted() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (case, name, text) in right_files() {
        let schema = match name.as_str() {
            "inventory.yaml" => &*INVENTORY,
            _ if Path::new(&name).extension().is_some_and(|extension| extension == "yaml") => &*MAP,
            _ => continue,
        };
        count += 1;
        wrong.extend(schema.findings(&text).iter().map(|found| format!("{case}, {name}: {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 500, "only {count} files were found");
}

/// Maps of Docker-Map that this program takes, too, and the clients they ran on.
#[test]
fn files_of_docker_map_are_accepted() {
    let mut wrong = Vec::new();
    let is_map = |path: &PathBuf| !path.ends_with("scenario.yaml") && !path.ends_with("exceptions.yaml");
    for path in files(&repository().join("tests/golden"), "yaml").into_iter().filter(is_map) {
        let map = read(&path);
        let found = MAP.findings(&map);
        // What the program does not take, the schema need not take.
        let is_refused = || wrong::mistakes("map.yaml", &map).iter().any(|said| is_about_form(said));
        if !found.is_empty() && !is_refused() {
            wrong.extend(found.iter().map(|found| format!("{}: {found}", path.display())));
        }
    }
    for path in files(&repository().join("tests/golden"), "json") {
        let recorded: Value = serde_json::from_str(&read(&path)).expect("JSON");
        let steps = recorded["steps"].as_array().into_iter().flatten();
        for clients in steps.filter_map(|step| step.get("clients")) {
            let found = INVENTORY.validator.iter_errors(clients);
            wrong.extend(found.map(|error| format!("{}: {error}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_about_form(mistake: &str) -> bool {
    ["is not supported yet", "unknown key", " needs "].iter().any(|words| mistake.contains(words))
}

#[test]
fn what_is_said_of_keys_is_the_references() {
    let image = INVENTORY.value.pointer("/$defs/container/properties/image").expect("a property");
    assert_eq!(image["title"], "container.image");
    assert!(image["description"].as_str().is_some_and(|text| text.contains("dmfab explain container.image")));
    assert_eq!(image["examples"], serde_json::json!(["app"]));
    let features = INVENTORY.value.pointer("/$defs/host/properties/features").expect("a property");
    assert_eq!(features["deprecated"], true);
}

/// Titles of all properties, wherever they are.
fn titles(schema: &Value) -> Vec<&str> {
    match schema {
        Value::Object(fields) => {
            let own = fields.get("title").and_then(Value::as_str);
            own.into_iter().chain(fields.values().flat_map(titles)).collect()
        }
        Value::Array(items) => items.iter().flat_map(titles).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_key_of_the_reference_is_a_property() {
    let titles: BTreeSet<&str> = titles(&INVENTORY.value).into_iter().collect();
    let reference = Reference::embedded();
    let keys = reference.entries().iter().filter(|entry| entry.place != Place::Tag);
    let missing: Vec<&str> =
        keys.map(|entry| entry.path.as_str()).filter(|path| !titles.contains(path)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Each property with an example takes it.
#[test]
fn examples_are_accepted_by_their_own_property() {
    let definitions = INVENTORY.value["$defs"].as_object().expect("definitions");
    let mut count = 0;
    for (name, definition) in definitions {
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            for example in property["examples"].as_array().into_iter().flatten() {
                let mut schema = property.clone();
                schema["$defs"] = INVENTORY.value["$defs"].clone();
                let validator = jsonschema::draft202012::new(&schema).expect("a schema");
                assert!(validator.is_valid(example), "{name}.{key}: {example}");
                count += 1;
            }
        }
    }
    assert!(count > 100, "only {count} examples were found");
}

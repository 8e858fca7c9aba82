//! Bodies of calls in one form, so that only what an Engine sees as different is left.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Fields of the two bodies that mean something different: field, recorded, ours.
pub(super) fn differences(recorded: &Value, ours: &Value) -> Vec<(String, Value, Value)> {
    let recorded = fields(&normal(recorded));
    let ours = fields(&normal(ours));
    let names: BTreeSet<&String> = recorded.keys().chain(ours.keys()).collect();
    let value = |fields: &BTreeMap<String, Value>, name: &str| fields.get(name).cloned().unwrap_or_default();
    let pairs = names.into_iter().map(|name| (name.clone(), value(&recorded, name), value(&ours, name)));
    pairs.filter(|(_, recorded, ours)| recorded != ours).collect()
}

/// The fields of a body; those of `HostConfig` by their path.
fn fields(body: &Value) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("HostConfig", Value::Object(options)) => {
                fields.extend(
                    options.iter().map(|(option, value)| (format!("HostConfig.{option}"), value.clone())),
                );
            }
            _ => drop(fields.insert(name.clone(), value.clone())),
        }
    }
    fields
}

fn normal(body: &Value) -> Value {
    let mut body = body.clone();
    volumes_that_are_not_mounted(&mut body);
    links_where_the_engine_looks(&mut body);
    without_our_labels(&mut body);
    without_defaults(&mut body);
    without_nothing(plain(body, ""))
}

/// `Volumes` repeats the paths of all mounts; only the others make anonymous volumes.
fn volumes_that_are_not_mounted(body: &mut Value) {
    let binds = body["HostConfig"]["Binds"].as_array().cloned().unwrap_or_default();
    let mounted: Vec<String> =
        binds.iter().filter_map(|bind| Some(bind.as_str()?.split(':').nth(1)?.to_owned())).collect();
    let volumes = match body.get_mut("Volumes") {
        Some(Value::Object(volumes)) => volumes.keys().cloned().collect(),
        Some(Value::Array(volumes)) => {
            volumes.iter().filter_map(|path| path.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    let anonymous: Vec<Value> =
        volumes.into_iter().filter(|path| !mounted.contains(path)).map(Value::from).collect();
    if let Some(fields) = body.as_object_mut() {
        fields.insert("Volumes".to_owned(), Value::Array(anonymous));
    }
}

/// In another network than the default bridge the Engine looks at the endpoint's links only, and
/// the mode is the first network's name.
fn links_where_the_engine_looks(body: &mut Value) {
    let endpoints = body["NetworkingConfig"]["EndpointsConfig"].as_object().cloned().unwrap_or_default();
    let Some(first) = endpoints.keys().next() else { return };
    if body["HostConfig"]["NetworkMode"] == "default" {
        body["HostConfig"]["NetworkMode"] = json!(first);
    }
    let outer = body["HostConfig"]["Links"].as_array().cloned().unwrap_or_default();
    if first != "bridge" && !outer.is_empty() {
        body["HostConfig"]["Links"] = json!([]);
        let endpoint = &mut body["NetworkingConfig"]["EndpointsConfig"][first.as_str()];
        let mut links = endpoint["Links"].as_array().cloned().unwrap_or_default();
        links.extend(outer);
        endpoint["Links"] = Value::Array(links);
    }
}

fn without_our_labels(body: &mut Value) {
    if let Some(Value::Object(labels)) = body.get_mut("Labels") {
        labels.retain(|name, _| !name.starts_with("dmfab."));
    }
}

/// What the Engine takes where nothing is said.
fn without_defaults(body: &mut Value) {
    if body["Driver"] == "local" {
        body["Driver"] = Value::Null;
    }
    if body["HostConfig"]["NetworkMode"] == "bridge" {
        body["HostConfig"]["NetworkMode"] = json!("default");
    }
}

/// Lists that are sets are sorted; mappings that are sets are lists of their keys.
fn plain(value: Value, name: &str) -> Value {
    match (name, value) {
        ("ExposedPorts", Value::Object(ports)) => ports.keys().cloned().map(Value::from).collect(),
        // A network that is joined without settings is joined.
        ("EndpointsConfig", Value::Object(networks)) => {
            let entries =
                networks.into_iter().map(|(name, value)| json!([name, without_nothing(plain(value, ""))]));
            entries.collect()
        }
        ("VolumesFrom", Value::Array(items)) => {
            let texts =
                items.iter().filter_map(|item| item.as_str().map(|text| text.trim_end_matches(":rw")));
            sorted(texts.map(Value::from).collect())
        }
        ("ExposedPorts" | "Env" | "Volumes" | "Binds" | "Links" | "Aliases", Value::Array(items)) => {
            sorted(items)
        }
        ("PortBindings", Value::Object(ports)) => {
            let sort = |value| match plain(value, "") {
                Value::Array(bindings) => sorted(bindings.into_iter().map(without_nothing).collect()),
                other => other,
            };
            ports.into_iter().map(|(port, bindings)| (port, sort(bindings))).collect::<Map<_, _>>().into()
        }
        (_, Value::Object(fields)) => {
            let entries = fields.into_iter().map(|(name, value)| {
                let value = plain(value, &name);
                (name, value)
            });
            entries.collect::<Map<_, _>>().into()
        }
        (_, other) => other,
    }
}

fn sorted(mut items: Vec<Value>) -> Value {
    items.sort_by_key(Value::to_string);
    Value::Array(items)
}

/// Without members that say nothing: null, false, zero, the empty text, list and mapping.
fn without_nothing(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let kept = fields.into_iter().map(|(name, value)| (name, without_nothing(value)));
    kept.filter(|(_, value)| !says_nothing(value)).collect::<Map<_, _>>().into()
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

//! What was recorded beside what was found, one field at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::stage::{list, text};

/// One field of one thing after one step.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) scenario: String,
    pub(super) step: usize,
    /// `container shop.web`, `B:volume shop.data`, `step`, `outputs`, `probe`.
    pub(super) item: String,
    /// `.networks.shop.net.aliases`; empty for the whole thing.
    pub(super) field: String,
    pub(super) recorded: Value,
    pub(super) found: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, step, item, field, recorded, found } = self;
        // What went wrong is at the end of what a program says.
        let shown = |value: &Value| {
            let text = value.to_string();
            text.chars().skip(text.chars().count().saturating_sub(400)).collect::<String>()
        };
        write!(
            formatter,
            "{scenario} step {step}: {item}{field}: recorded {}, found {}",
            shown(recorded),
            shown(found)
        )
    }
}

/// What one program gave at one step: `error`, `outputs`, `probes`, `state`, as in `result.json`.
pub(super) struct Compared<'a> {
    pub(super) scenario: &'a str,
    pub(super) step: usize,
    pub(super) recorded: &'a Value,
    pub(super) found: &'a Value,
}

impl Compared<'_> {
    /// Everything that is not the same.
    pub(super) fn differences(&self) -> Vec<Difference> {
        let mut differences = Vec::new();
        let (recorded, found) = (self.recorded, self.found);
        if recorded["error"].is_null() != found["error"].is_null() && found.get("error").is_some() {
            differences.push(self.difference(
                "step",
                ".error",
                &recorded["error"]["message"],
                &found["error"]["message"],
            ));
        }
        let (mut before, mut now) = (items(&recorded["state"]), items(&found["state"]));
        let names: BTreeSet<String> = before.keys().chain(now.keys()).cloned().collect();
        for name in names {
            match (before.remove(&name), now.remove(&name)) {
                (Some(_), None) => {
                    differences.push(self.difference(&name, "", &json!("present"), &json!("missing")));
                }
                (None, Some(_)) => {
                    differences.push(self.difference(&name, "", &json!("absent"), &json!("present")));
                }
                (before, now) => self.fields(
                    &name,
                    "",
                    &before.unwrap_or_default(),
                    &now.unwrap_or_default(),
                    &mut differences,
                ),
            }
        }
        if let (Some(before), Some(now)) = (outputs(recorded), outputs(found)) {
            self.fields("outputs", "", &before, &now, &mut differences);
        }
        for (before, now) in list(&recorded["probes"]).zip(list(&found["probes"])) {
            if before["result"] != now["result"] {
                differences.push(self.difference(
                    "probe",
                    &before["probe"].to_string(),
                    &before["result"],
                    &now["result"],
                ));
            }
        }
        differences
    }

    fn difference(&self, item: &str, field: &str, recorded: &Value, found: &Value) -> Difference {
        Difference {
            scenario: self.scenario.to_owned(),
            step: self.step,
            item: item.to_owned(),
            field: field.to_owned(),
            recorded: recorded.clone(),
            found: found.clone(),
        }
    }

    /// Fields of mappings are compared one by one; other values as a whole.
    fn fields(
        &self,
        item: &str,
        field: &str,
        recorded: &Value,
        found: &Value,
        differences: &mut Vec<Difference>,
    ) {
        match (recorded, found) {
            (Value::Object(before), Value::Object(now)) => {
                let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
                for name in names {
                    let of = |fields: &Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
                    self.fields(item, &format!("{field}.{name}"), &of(before), &of(now), differences);
                }
            }
            (before, now) if before == now => {}
            (before, now) => differences.push(self.difference(item, field, before, now)),
        }
    }
}

/// Whether the scenario itself allows a difference.
pub(super) fn is_allowed(rules: &Value, difference: &Difference) -> bool {
    let matches = |rule: &Value, key: &str, found: &str| match rule[key].as_str() {
        Some(pattern) => Regex::new(pattern).expect("a pattern").is_match(found),
        None => true,
    };
    list(rules).any(|rule| {
        if rule["step"].as_u64().is_some_and(|step| step != difference.step as u64) {
            return false;
        }
        let is_container = rule["container"]
            .as_str()
            .is_some_and(|name| difference.item.ends_with(&format!("container {name}")));
        let is_error = rule["error"] == true && difference.field == ".error";
        let is_item = rule["item"].is_string()
            && matches(rule, "item", &difference.item)
            && matches(rule, "path", &difference.field);
        is_container || is_error || is_item
    })
}

/// Everything in a state by its kind and name, on each Engine. Anonymous volumes have no names to compare.
fn items(state: &Value) -> BTreeMap<String, Value> {
    if state.get("containers").is_some() {
        return items_of("", state).collect();
    }
    let engines = state.as_object().into_iter().flatten();
    engines.flat_map(|(engine, state)| items_of(&format!("{engine}:"), state).collect::<Vec<_>>()).collect()
}

fn items_of(prefix: &str, state: &Value) -> impl Iterator<Item = (String, Value)> {
    let kinds = [
        ("containers", "container"),
        ("volumes", "volume"),
        ("networks", "network"),
        ("images", "image"),
        ("host_paths", "host"),
    ];
    kinds.into_iter().flat_map(move |(key, kind)| {
        let things =
            state[key].as_object().into_iter().flatten().filter(|(name, _)| !name.starts_with("<anonymous"));
        things.map(move |(name, thing)| {
            let thing = if kind == "container" { container(thing) } else { thing.clone() };
            (format!("{prefix}{kind} {name}"), thing)
        })
    })
}

/// A container without what is the client's own affair.
fn container(container: &Value) -> Value {
    let mut container = container.clone();
    let networks = container["networks"].as_object().cloned().unwrap_or_default();
    let mode = text(&container, "network_mode");
    if ["default", "bridge"].contains(&mode) || networks.contains_key(mode) {
        container["network_mode"] = json!("<its networks>");
    }
    let Value::Object(fields) = &mut container else { return container };
    for detail in ["config_volumes", "mac_address_set", "logs", "network_disabled"] {
        fields.remove(detail);
    }
    for (name, value) in fields.iter_mut() {
        match name.as_str() {
            "binds" => *value = texts(value, |bind| Some(bind.strip_suffix(":rw").unwrap_or(bind))),
            "env" | "links" | "volumes_from" | "processes" => *value = sorted(value),
            "port_bindings" | "published" => each(value, sorted),
            "networks" => each(value, endpoint),
            _ => {}
        }
    }
    container
}

fn endpoint(endpoint: &Value) -> Value {
    let mut endpoint = endpoint.clone();
    endpoint["aliases"] =
        texts(&endpoint["aliases"], |alias| Some(alias).filter(|alias| *alias != "<short-id>"));
    endpoint["links"] = sorted(&endpoint["links"]);
    endpoint
}

fn each(value: &mut Value, change: impl Fn(&Value) -> Value) {
    for (_, member) in value.as_object_mut().into_iter().flatten() {
        *member = change(member);
    }
}

/// Texts as a set; nothing stays nothing.
fn texts(values: &Value, keep: impl Fn(&str) -> Option<&str>) -> Value {
    let Value::Array(values) = values else { return values.clone() };
    let mut texts: Vec<&str> = values.iter().filter_map(|value| keep(value.as_str()?)).collect();
    texts.sort_unstable();
    json!(texts)
}

fn sorted(values: &Value) -> Value {
    texts(values, |text| Some(text))
}

/// What a user sees of scripts; `None` where nothing can be compared.
fn outputs(result: &Value) -> Option<Value> {
    if result["do"]["action"] != "run_script" || !result["error"].is_null() {
        return None;
    }
    let outputs = result["outputs"].as_array().filter(|outputs| !outputs.is_empty())?;
    let scripts =
        outputs.iter().filter(|output| output["action"] == "script" && output["result"].is_object());
    let scripts = scripts.map(|output| {
        let name = format!("{} {}", text(output, "client"), text(output, "item"));
        let result = &output["result"];
        let is_error = result["error"].is_string();
        (name, json!({"log": result["log"], "exit_code": result["exit_code"], "error": is_error}))
    });
    Some(scripts.collect::<Map<_, _>>().into())
}

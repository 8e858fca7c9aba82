//! A part that is expected, and the whole that is found.

use serde_json::{Map, Value};

/// Differences, each with its path. Mappings are parts, unless they say `exactly`; all else is compared as a whole.
pub(super) fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    compare("", expected, found, &mut differences);
    differences
}

fn compare(path: &str, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    let whole = expected.as_object().and_then(|fields| fields.get("exactly"));
    match (whole.unwrap_or(expected), found) {
        (Value::Object(expected), Value::Object(found)) if whole.is_none() => {
            for (name, expected) in expected {
                let path = if path.is_empty() { name.clone() } else { format!("{path} / {name}") };
                compare(&path, expected, found.get(name).unwrap_or(&Value::Null), differences);
            }
        }
        (expected, found) if expected == found => {}
        (expected, found) => differences.push(format!("{path}: expected {expected}, found {found}")),
    }
}

/// A host of `dmfab config`: containers, volumes and networks by their names, and their names alone.
pub(super) fn by_name(host: &Value) -> Value {
    let mut host = host.as_object().cloned().unwrap_or_default();
    for kind in ["container", "volume", "network"] {
        let items = host.remove(&format!("{kind}s")).unwrap_or_default();
        let items = items.as_array().into_iter().flatten();
        let named: Map<String, Value> =
            items.map(|item| (item["name"].as_str().expect("a name").to_owned(), item.clone())).collect();
        host.insert(format!("{kind}_names"), named.keys().cloned().map(Value::from).collect());
        host.insert(format!("{kind}s"), named.into());
    }
    host.into()
}

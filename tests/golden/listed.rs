//! The one list of what dmfab does differently, `exceptions.yaml`.

use std::path::Path;

use serde_json::Value;

/// Entries of a part of the list. Each has its reason.
pub(super) fn entries(part: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/exceptions.yaml");
    let text = std::fs::read_to_string(path).expect("the list");
    let document: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
    let entries = document[part].as_array().unwrap_or_else(|| panic!("`{part}` is no list")).clone();
    for entry in &entries {
        assert!(entry["why"].as_str().is_some_and(|why| !why.is_empty()), "without a reason: {entry}");
    }
    entries
}

/// A text of an entry.
pub(super) fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or_else(|| panic!("`{key}` is no text: {entry}"))
}

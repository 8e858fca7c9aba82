//! `binds`, `attaches` and `uses`: one grammar, as in the reader of the same name.

use serde_json::{Value, json};

use super::forms::{add, any_of, defined, list, matching, null, one_entry, or_null, tuple};
use super::{Builder, forms};
use crate::reference::Place;

/// The forms of modes, by name.
pub(super) fn definitions() -> [(&'static str, Value); 3] {
    let mode = any_of([json!({ "enum": ["ro", "rw"] }), defined("switch")]);
    let by_position = any_of([defined("mode"), json!({ "enum": [0, 1, "true"] })]);
    [("mode", mode), ("mode_by_position", by_position), ("path_on_host", path_on_host())]
}

/// `ro`, `rw`, a switch; null is `rw`.
fn mode() -> Value {
    defined("mode")
}

/// A mode where nothing else can stand.
fn mode_by_position() -> Value {
    defined("mode_by_position")
}

/// A path on the host, or one for each instance. Two texts in a list are a path and a mode.
fn path_on_host() -> Value {
    let per_instance =
        json!({ "type": "object", "minProperties": 1, "additionalProperties": defined("text") });
    let with_default = tuple([matching("^[A-Za-z_][A-Za-z0-9_]*$"), matching("/")], 2);
    any_of([json!({ "type": "string", "minLength": 1 }), per_instance, with_default])
}

/// `rw`, or a switch that is off.
fn writable() -> Value {
    any_of([json!({ "enum": ["rw", 0] }), forms::switched_off()])
}

/// What stands behind a name: a mode, a path, or both in a list.
fn behind(path: &Value) -> Value {
    let one = any_of([mode(), path.clone()]);
    any_of([one.clone(), tuple([one], 1), tuple([or_null(path.clone()), mode_by_position()], 2)])
}

/// All forms: one item, a list of items, or a mapping of names with what stands behind them.
fn mounts(item: Value, mapping: Value) -> Value {
    any_of([null(), defined("name"), list(item), mapping])
}

/// Paths of the host, by alias or by the path inside the container.
pub(super) fn binds(builder: &Builder<'_>) -> Value {
    let container_path = || any_of([matching("^/"), defined("outside_text")]);
    let host_path = defined("path_on_host");
    let by_alias = || any_of([mode(), tuple([mode()], 1)]);
    let mapping = json!({
        "type": "object",
        "patternProperties": { "^/": behind(&host_path), "^[^/]": by_alias() },
        "additionalProperties": false,
    });
    let words = builder.properties(
        Place::Bind,
        [
            ("name", defined("name")),
            ("path", container_path()),
            ("host_path", host_path.clone()),
            ("readonly", mode_by_position()),
        ],
    );
    let item = any_of([
        defined("name"),
        tuple([defined("name")], 1),
        tuple([defined("name"), by_alias()], 2),
        tuple([container_path(), behind(&host_path)], 2),
        tuple([container_path(), host_path, mode_by_position()], 3),
        tuple([defined("name"), null(), mode_by_position()], 3),
        in_words(&words, &["name", "readonly"], &["name"]),
        in_words(&words, &["path", "host_path", "readonly"], &["path", "host_path"]),
        one_entry(mapping.clone()),
    ]);
    mounts(item, mapping)
}

/// A mapping with some of the words that a place has.
fn in_words(words: &serde_json::Map<String, Value>, keys: &[&str], required: &[&str]) -> Value {
    let chosen = words.iter().filter(|(key, _)| keys.contains(&key.as_str()));
    let properties: serde_json::Map<_, _> = chosen.map(|(key, form)| (key.clone(), form.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// Named volumes that a container owns. They are never read-only.
pub(super) fn attaches() -> Value {
    let path = || any_of([forms::switched_off(), json!({ "const": "rw" }), defined("absolute_path")]);
    let behind =
        any_of([path(), tuple([path()], 1), tuple([or_null(defined("absolute_path")), writable()], 2)]);
    let mapping = forms::names_to(behind.clone());
    let item = any_of([
        defined("name"),
        tuple([defined("name"), behind], 1),
        tuple([defined("name"), or_null(defined("absolute_path")), writable()], 3),
        volume_in_words(writable()),
        one_entry(mapping.clone()),
    ]);
    mounts(item, mapping)
}

/// Volumes of others, by name.
pub(super) fn uses() -> Value {
    let behind = behind(&defined("absolute_path"));
    let mapping = forms::names_to(behind.clone());
    let item = any_of([
        defined("name"),
        tuple([defined("name"), behind], 1),
        tuple([defined("name"), or_null(defined("absolute_path")), mode_by_position()], 3),
        volume_in_words(mode_by_position()),
        one_entry(mapping.clone()),
    ]);
    mounts(item, mapping)
}

fn volume_in_words(readonly: Value) -> Value {
    let path = or_null(defined("absolute_path"));
    let mut record =
        forms::record([("name", defined("name")), ("path", path), ("readonly", readonly)], &["name"]);
    add(&mut record, json!({ "description": "A volume, in words" }));
    record
}

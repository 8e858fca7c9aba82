//! The forms that many properties share, and how forms are put together.

#![expect(clippy::needless_pass_by_value, reason = "forms become part of forms; `json!` only looks at them")]

use serde_json::{Value, json};

use super::Definitions;

/// Digits without leading zeros.
pub(super) const WHOLE: &str = "^(0|[1-9][0-9]*)$";
/// A port from 1 to 65535.
pub(super) const PORT: &str =
    "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
const PROTOCOL: &str = "(/([tT][cC][pP]|[uU][dD][pP]|[sS][cC][tT][pP]))?";
/// Names of configurations and instances.
pub(super) const NAME_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9_-]*$";
const YES: &str = "[yY]es|YES|[oO]n|ON";
const NO: &str = "[nN]o|NO|[oO]ff|OFF";

/// Texts with templates are filled in later, and names of variables are no addresses.
const IPV4: &str = r"^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}|[^.:]*|.*:-.*)$|[{$~]";
const IPV6: &str = r"^([0-9A-Fa-f]*:[0-9A-Fa-f:.]*|[^.:]*|.*:-.*)$|[{$~]";

/// A form defined under `$defs`.
pub(super) fn defined(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// The keywords of a form beside those that are there.
pub(super) fn add(schema: &mut Value, form: Value) {
    if let (Some(schema), Value::Object(form)) = (schema.as_object_mut(), form) {
        schema.extend(form);
    }
}

/// For editors: take it, and do not propose it. Validators ignore the word.
pub(super) fn not_offered() -> Value {
    json!({ "doNotSuggest": true })
}

/// Any of several forms. Forms that are such a choice themselves become part of it.
pub(super) fn any_of(forms: impl IntoIterator<Item = Value>) -> Value {
    let mut choice = Vec::new();
    for form in forms {
        match form.get("anyOf") {
            Some(Value::Array(inner)) if form.as_object().is_some_and(|form| form.len() == 1) => {
                choice.extend(inner.iter().cloned());
            }
            _ => choice.push(form),
        }
    }
    json!({ "anyOf": choice })
}

pub(super) fn null() -> Value {
    json!({ "type": "null" })
}

pub(super) fn or_null(form: Value) -> Value {
    any_of([form, null()])
}

pub(super) fn matching(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

/// A list whose items are all alike.
pub(super) fn list(item: Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// One or a list of several; null is none.
pub(super) fn list_or_one(item: Value) -> Value {
    any_of([item.clone(), list(item), null()])
}

/// A list whose items are told apart by their position.
pub(super) fn tuple<const N: usize>(parts: [Value; N], fewest: usize) -> Value {
    json!({ "type": "array", "prefixItems": parts.to_vec(), "minItems": fewest, "maxItems": N })
}

/// A mapping with some of these keys.
pub(super) fn record<const N: usize>(parts: [(&str, Value); N], required: &[&str]) -> Value {
    let properties: Definitions = parts.into_iter().map(|(key, form)| (key.to_owned(), form)).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A mapping whose keys are the user's names.
pub(super) fn names_to(value: Value) -> Value {
    json!({ "type": "object", "propertyNames": { "minLength": 1 }, "additionalProperties": value })
}

/// The same with a single entry: an item of a list.
pub(super) fn one_entry(mut mapping: Value) -> Value {
    add(&mut mapping, json!({ "minProperties": 1, "maxProperties": 1 }));
    mapping
}

/// A mapping whose keys match a pattern.
pub(super) fn keys_matching(pattern: &str, value: Value) -> Value {
    json!({ "type": "object", "patternProperties": { pattern: value }, "additionalProperties": false })
}

/// A number as such or as text, within bounds that both keep.
pub(super) fn number(smallest: i64, largest: i64, pattern: &str) -> Value {
    any_of([json!({ "type": "integer", "minimum": smallest, "maximum": largest }), matching(pattern)])
}

/// A port with its protocol, by default TCP.
pub(super) fn port_pattern() -> String {
    format!("^{PORT}{PROTOCOL}$")
}

/// A port or a range of ports, with the protocol.
pub(super) fn ports_pattern() -> String {
    format!("^{PORT}(-{PORT})?{PROTOCOL}$")
}

/// The forms that have names.
pub(super) fn definitions() -> Definitions {
    let forms = [
        ("text", "A text; numbers and switches are taken as they are typed", text(0)),
        ("nonempty_text", "A text that is not empty", text(1)),
        ("texts", "A text, or a list of texts", list_or_one(defined("text"))),
        ("name", "A name as it stands", name()),
        ("names", "A name, or a list of names", list_or_one(defined("name"))),
        ("switch", "`true` or `false`", switch()),
        ("seconds", "A whole number of seconds", or_null(number(0, i64::from(u32::MAX), WHOLE))),
        ("port", "A port from 1 to 65535", or_null(number(1, 65535, &format!("^{PORT}$")))),
        ("absolute_path", "A path that begins with `/`", absolute_path()),
        ("ipv4", "An IPv4 address", address(IPV4)),
        ("ipv6", "An IPv6 address", address(IPV6)),
        ("user", "A user, `user:group`, or a list of both", user()),
        ("from_outside", "A value from outside the file", from_outside()),
        ("outside_text", "A text behind a tag, where not any text will do", outside_text()),
    ];
    let described = |(name, description, form): (&str, &str, Value)| {
        let mut described = json!({ "description": description });
        add(&mut described, form);
        (name.to_owned(), described)
    };
    forms.into_iter().map(described).collect()
}

fn text(shortest: u32) -> Value {
    let scalar = json!({ "type": ["string", "number", "boolean"], "minLength": shortest });
    any_of([scalar, defined("from_outside")])
}

fn name() -> Value {
    json!({ "type": ["string", "number", "boolean"], "minLength": 1 })
}

/// Without quotes only; a validator of YAML 1.2 sees `yes` as text.
fn switch() -> Value {
    any_of([json!({ "type": ["boolean", "null"] }), matching(&format!("^({YES}|{NO})$"))])
}

/// A switch that is off.
pub(super) fn switched_off() -> Value {
    any_of([json!({ "enum": [false, null] }), matching(&format!("^({NO})$"))])
}

fn absolute_path() -> Value {
    any_of([matching("^/"), defined("outside_text")])
}

fn address(pattern: &str) -> Value {
    any_of([matching(pattern), defined("from_outside")])
}

/// A variable in capitals, with a default or without, or a path with variables. What looks otherwise
/// can be written with the tag as its key: `{"!env": name}`.
fn outside_text() -> Value {
    any_of([matching("^[A-Z_][A-Z0-9_]*(:-.*)?$|[$~]"), defined("from_outside")])
}

fn user() -> Value {
    let part = || defined("text");
    any_of([defined("text"), tuple([part(), or_null(part())], 1)])
}

/// What a tag and its value come to where the tag is not known to the validator, and the forms
/// that JSON has for them.
fn from_outside() -> Value {
    let variable = || matching("^[A-Za-z_][A-Za-z0-9_]*$");
    let scalar = || json!({ "type": ["string", "number", "boolean"] });
    let with_default = || {
        any_of([
            tuple([variable(), scalar()], 2),
            record([("name", variable()), ("default", scalar())], &["name"]),
        ])
    };
    let text = || json!({ "type": "string", "minLength": 1 });
    let words = || any_of([text(), json!({ "type": "array", "items": scalar(), "minItems": 1 })]);
    let secret = || one_entry(record([("env", text()), ("file", text()), ("command", words())], &[]));
    let tagged = record(
        [
            ("!env", any_of([text(), with_default()])),
            ("!env_lazy", any_of([text(), with_default()])),
            ("!path", scalar()),
            ("!path_lazy", scalar()),
            ("!file", text()),
            ("!secret", any_of([text(), secret()])),
        ],
        &[],
    );
    any_of([one_entry(tagged), secret(), with_default()])
}

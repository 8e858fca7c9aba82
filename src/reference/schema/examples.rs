//! The examples of the reference as values.

use std::path::Path;

use serde_json::{Map, Number, Value};

use crate::reference::Entry;
use crate::source::diagnostic::Diagnostics;
use crate::source::document::read_document;
use crate::source::file::SourceMap;
use crate::source::node::{Node, NodeValue};
use crate::source::scalar::{decimal_number, whole_number};

/// The value in an example; `None` if a part of it is left out, or comes from outside the file.
pub(super) fn value(entry: &Entry) -> Option<Value> {
    if entry.is_example_cut {
        return None;
    }
    let text = entry.example.join("\n");
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let root = read_document(Path::new("example"), text.into_bytes(), &mut sources, &mut diagnostics)?;
    json(root.get(&entry.key)?)
}

/// A value as YAML 1.2 types it.
fn json(node: &Node) -> Option<Value> {
    if node.tag.is_some() {
        return None;
    }
    Some(match &node.value {
        _ if node.is_null() => Value::Null,
        NodeValue::Scalar { text, plain: true } => plain(text),
        NodeValue::Scalar { text, plain: false } => Value::String(text.clone()),
        NodeValue::Sequence(items) => Value::Array(items.iter().map(json).collect::<Option<_>>()?),
        NodeValue::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| Some((key.as_text()?.to_owned(), json(value)?)));
            Value::Object(entries.collect::<Option<Map<_, _>>>()?)
        }
    })
}

fn plain(text: &str) -> Value {
    match (text, whole_number(text), decimal_number(text).and_then(Number::from_f64)) {
        ("true", ..) => Value::Bool(true),
        ("false", ..) => Value::Bool(false),
        (_, Some(number), _) => Value::from(number),
        (_, None, Some(number)) => Value::Number(number),
        _ => Value::String(text.to_owned()),
    }
}

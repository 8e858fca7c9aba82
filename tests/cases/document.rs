//! YAML as plain values, as JSON has them.

use std::path::Path;

use dmfab::source::diagnostic::Diagnostics;
use dmfab::source::document::read_document;
use dmfab::source::file::SourceMap;
use dmfab::source::node::{Node, NodeValue};
use serde_json::{Map, Value};

/// The document of a file, which must be right.
pub(super) fn read(path: &Path) -> Value {
    let bytes = std::fs::read(path).expect("a case");
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let node = read_document(path, bytes, &mut sources, &mut diagnostics);
    let found: Vec<&str> = diagnostics.iter().map(|found| found.message.as_str()).collect();
    assert!(found.is_empty(), "{}: {found:?}", path.display());
    value(&node.expect("a document"))
}

fn value(node: &Node) -> Value {
    match &node.value {
        NodeValue::Sequence(items) => items.iter().map(value).collect(),
        NodeValue::Mapping(entries) => {
            let text = |key: &Node| key.as_text().expect("keys are texts").to_owned();
            let entries = entries.iter().map(|(key, entry)| (text(key), value(entry)));
            entries.collect::<Map<_, _>>().into()
        }
        NodeValue::Scalar { text, plain: true } => plain(text),
        NodeValue::Scalar { text, plain: false } => Value::from(text.as_str()),
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "null" | "~" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
    }
}
